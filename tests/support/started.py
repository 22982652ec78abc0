"""The dashboard in a process of its own, as a person starts it, and a browser's requests to it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from http.client import HTTPResponse
from pathlib import Path
from typing import Any, TypeVar

import psutil

from waiting import LIMIT, wait_until

READY = "Ctrl-C stops"

S = TypeVar("S", bound="Started")


def command_of(process: psutil.Process) -> list[str]:
    """Returns a process's command, empty once it has ended, as a job's does."""
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


class Visitor:
    """A browser's requests to a dashboard.

    Args:
        entrance: The printed address, with the token.
    """

    def __init__(self, entrance: str) -> None:
        self._entrance = entrance
        cookies = urllib.request.HTTPCookieProcessor()
        self._browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)
        self._visited = False

    @property
    def entrance(self) -> str:
        """The printed address, with the token."""
        return self._entrance

    @property
    def url(self) -> str:
        return self.entrance.partition("?")[0]

    @property
    def token(self) -> str:
        return self.entrance.partition("token=")[2]

    def open(self, page: str = "", data: bytes | None = None, headers: Mapping[str, str] | None = None) -> HTTPResponse:
        """Returns the answer to a browser that went through the printed address before."""
        if not self._visited:
            self._browser.open(self.entrance, timeout=LIMIT).close()
            self._visited = True
        request = urllib.request.Request(self.url + page, data, dict(headers or {}))
        answer: HTTPResponse = self._browser.open(request, timeout=LIMIT)
        return answer

    def get(self, page: str = "") -> tuple[int, str]:
        with self.open(page) as answer:
            return answer.status, answer.read().decode()

    def get_json(self, page: str) -> Any:
        return json.loads(self.get(page)[1])

    def post(self, page: str, value: Any, headers: Mapping[str, str] | None = None) -> Any:
        sent = json.dumps(value).encode()
        with self.open(page, sent, {"Content-Type": "application/json", **(headers or {})}) as answer:
            return json.loads(answer.read() or "null")


class Started(Visitor):
    """`deepcave-symbolic dashboard ...` in a process of its own."""

    def __init__(self, cache: Path, *arguments: str, browser: Path | None = None) -> None:
        super().__init__("")
        self.output = cache / f"output-{time.monotonic_ns()}"
        command = [sys.executable, "-m", "deepcave_symbolic", "dashboard", *arguments]
        with self.output.open("wb") as file:
            self.process = subprocess.Popen(
                command if browser else [*command, "--no-browser"],
                stdout=file,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "XDG_CACHE_HOME": str(cache), "BROWSER": str(browser or "false")},
            )
        self.seen: list[psutil.Process] = []

    @property
    def text(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def ready(self: S) -> S:
        wait_until(lambda: READY in self.text or self.process.poll() is not None, lambda: self.text)
        assert self.process.poll() is None, self.text
        self.look()
        return self

    def look(self) -> list[psutil.Process]:
        self.seen = list({*self.seen, *psutil.Process(self.process.pid).children(recursive=True)})
        return self.seen

    def child(self, word: str) -> psutil.Process:
        found = [p for p in self.look() if any(word in part for part in command_of(p))]
        assert len(found) == 1, found
        return found[0]

    @property
    def entrance(self) -> str:
        """The printed address, with the token."""
        return next(word for word in self.text.split() if word.startswith("http://"))

    @property
    def environment(self) -> dict[str, str]:
        scripts = [p for p in self.look() if any(part.endswith(("worker.py", "server.py")) for part in command_of(p))]
        return scripts[0].environ()

    @property
    def folder(self) -> Path:
        return Path(self.environment["DEEPCAVE_SYMBOLIC_CACHE_DIR"])

    def end(self, number: signal.Signals | None = None) -> int:
        """Returns the exit code, after checking that nothing that ran still runs."""
        if self.process.poll() is None:
            self.look()
            if number is not None:
                self.process.send_signal(number)
        code = self.process.wait(LIMIT)
        assert not running(self.seen), self.text
        return code

    def abandon(self) -> None:
        """Leaves nothing behind where a test failed."""
        with contextlib.suppress(psutil.Error):
            self.look()
        self.process.kill()
        self.process.wait()
        for process in self.seen:
            with contextlib.suppress(psutil.Error):
                process.kill()


def running(processes: list[psutil.Process], limit: float = 5.0) -> list[psutil.Process]:
    return [process for process in psutil.wait_procs(processes, timeout=limit)[1] if not ended(process)]


def ended(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)  # an orphan for whom nobody has asked yet
    except psutil.NoSuchProcess:
        return True
