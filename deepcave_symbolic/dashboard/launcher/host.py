"""What the apps that show the panel have in common for whoever starts them."""

from __future__ import annotations

import abc
import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from deepcave_symbolic.dashboard import ENVIRONMENT
from deepcave_symbolic.dashboard.launcher.door import cookie
from deepcave_symbolic.dashboard.launcher.options import DashboardOptions
from deepcave_symbolic.dashboard.launcher.processes import Child, Children
from deepcave_symbolic.dashboard.launcher.session import Session
from deepcave_symbolic.dashboard.launcher.web import Listener, wait_for_page
from deepcave_symbolic.words.names import visible

__all__ = ["START_LIMIT", "Host", "Starting", "say", "warn"]

#: Seconds for the processes to get ready, also on a busy machine, and for the server to open a run.
START_LIMIT, _RUN_LIMIT = 180.0, 5.0
_POLL = 0.05


@dataclass(frozen=True)
class Starting:
    """What a dashboard starts with.

    Args:
        read: Reads the runs that it is for.
        roots: Absolute paths of folders below which the page may open more.
        session: Its cache folder.
        children: Its processes.
        listener: Where its server will answer; None for workers alone.
        token: What lets a browser in.
        stack: Is left after the processes have ended.
    """

    read: Callable[[], Sequence[Path]]
    roots: Sequence[str]
    session: Session
    children: Children
    listener: Listener | None
    token: str
    stack: contextlib.ExitStack

    @cached_property
    def runs(self) -> Sequence[Path]:
        """The runs that it is for, read at the first use; its processes are checked meanwhile.

        Raises:
            DeepcaveSymbolicError: If one is not there, or none can be read.
            ChildError: If a process ends.
            Stopped: If somebody asked to end.
        """
        found: Future[Sequence[Path]] = Future()

        def read() -> None:
            try:
                found.set_result(self.read())
            except BaseException as error:
                found.set_exception(error)

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        while thread.is_alive():
            self.children.check()
            thread.join(_POLL)
        return found.result()

    def process(
        self,
        name: str,
        script: Path,
        *arguments: str,
        settings: Mapping[str, str],
        stdin: bytes | None = b"",
        pass_fds: Sequence[int] = (),
        again: bool = False,
    ) -> Child:
        """Starts a script of ours, with the settings of this dashboard and those of its app.

        Without `stdin` it is told the runs later.
        """
        common = {
            "CACHE_DIR": str(self.session.folder),
            "RUNS": "" if stdin is None else os.pathsep.join(map(str, self.runs)),
            "ROOTS": os.pathsep.join(self.roots),
            "DASH_ADDRESS": "" if self.listener is None else self.listener.host,
            "DASH_PORT": "" if self.listener is None else str(self.listener.port),
        }
        # Settings of an outer dashboard are not for this one: an empty one counts as none.
        mine = {ENVIRONMENT + key: value for key, value in {**common, **settings}.items()}
        environment = {**os.environ, **mine, "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, str(script), *arguments]
        return self.children.start(name, command, environment=environment, stdin=stdin, pass_fds=pass_fds, again=again)

    def server(
        self,
        listener: Listener,
        script: Path,
        *arguments: str,
        settings: Mapping[str, str],
        again: bool = False,
        later: bool = False,
    ) -> Child:
        """Starts the server, which has the port from now on, too; it is told the token, or that and the runs later."""
        fd = listener.socket.fileno()
        given = (*arguments, "--fd", str(fd), "--host", listener.host)
        stdin = None if later else self.token.encode()
        return self.process("server", script, *given, settings=settings, stdin=stdin, pass_fds=(fd,), again=again)

    def wait_for(self, listener: Listener, server: Child) -> None:
        """Waits until the server answers."""
        limit = START_LIMIT + _RUN_LIMIT * len(self.runs)
        wait_for_page(listener, server, self.children, cookie=cookie(listener.port, self.token), limit=limit)


class Host(abc.ABC):
    """An app that shows the panel. What it needs and is not there, its constructor says.

    Args:
        options: What is asked for.
    """

    #: What people call it; the printed address has it before it.
    name: str
    #: Whether it opens the files that Optuna stores studies in.
    opens_storages = False

    def __init__(self, options: DashboardOptions) -> None:
        self.options = options

    @abc.abstractmethod
    def refused(self, runs: Iterable[Path]) -> dict[Path, str]:
        """Returns what is wrong with each of the runs that it cannot open."""

    @abc.abstractmethod
    def start(self, starting: Starting) -> None:
        """Starts its processes, and waits until they can be used."""

    def start_again(self, dead: Child, starting: Starting) -> bool:
        """Starts a process once more that has ended for the first time; tells whether it did."""
        return False

    @property
    @abc.abstractmethod
    def summary(self) -> str:
        """What is said of it before where its logs are; it ends with a space where it is not empty."""


def say(message: str) -> None:
    """Prints a line to a terminal that may have been closed."""
    with contextlib.suppress(OSError):  # or `head` has seen enough
        print(visible(message), flush=True)


def warn(message: str) -> None:
    """Prints a warning likewise, to stderr."""
    with contextlib.suppress(OSError):
        print(f"deepcave-symbolic: warning: {visible(message)}", file=sys.stderr, flush=True)
