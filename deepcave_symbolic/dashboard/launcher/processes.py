"""Child processes that cannot outlive their launcher, and the signals that end it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from deepcave_symbolic.exceptions import DeepcaveSymbolicError

__all__ = ["Child", "ChildError", "Children", "Stopped", "die_with_parent"]

#: Seconds that a child has between SIGTERM and SIGKILL.
GRACE = 5.0
_POLL = 0.05
_SHOWN_LINES = 15
_SHOWN_BYTES = 8192
_PR_SET_PDEATHSIG = 1


class Stopped(Exception):  # noqa: N818 - no error: the user asked for it
    """Somebody asked the dashboard to end: Ctrl-C, SIGTERM or a closed terminal."""


class ChildError(DeepcaveSymbolicError):
    """A process of the dashboard died or did not get ready; the message ends with its log's last lines."""

    def __init__(self, message: str, *, child: Child) -> None:
        super().__init__(f"{message} {child.last_words()}")
        self.child = child


def die_with_parent(signal_number: int) -> Callable[[], None]:
    """Returns a function that makes the process calling it get a signal when its parent ends, however that ends.

    Linux only; elsewhere the function does nothing, and a launcher killed with SIGKILL leaves its children.
    """
    if not sys.platform.startswith("linux"):
        return lambda: None
    # Looked up here: after a fork only what needs no lock is safe.
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def arm() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0)
        if os.getppid() != parent:  # it ended before prctl took effect
            os._exit(1)

    return arm


@dataclass(frozen=True)
class Child:
    """A process that was started.

    Args:
        name: Name for people, such as "worker 1".
        process: The process, leader of its own session and process group.
        log: File that has its output.
        again: Whether it was started in the place of one that had ended; nothing is started a third time.
    """

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    again: bool = False

    def tell(self, stdin: bytes) -> None:
        """Has the process read this, and that no more comes."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError), self.process.stdin as pipe:  # a child that died is noticed later
            pipe.write(stdin)

    def alive(self) -> bool:
        """Tells whether the process still runs."""
        return self.process.poll() is None

    @property
    def end(self) -> str:
        """How it ended, in words."""
        code = self.process.returncode
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def last_words(self) -> str:
        """Returns the last lines of the log, introduced by its path."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - _SHOWN_BYTES))
                lines = file.read().decode(errors="replace").splitlines()[-_SHOWN_LINES:]
        except OSError as error:
            return f"Its log cannot be read: {error}."
        if not lines:
            return f"Its log {self.log} is empty."
        return "\n".join([f"Last lines of {self.log}:", *(f"  {line}" for line in lines)])


class Children:
    """Starts processes and, as a context manager, stops all of them at the end.

    While it is active, signals only set a flag, which `check` reads: an exception out of their handlers could come
    between a process's start and its registration.

    Args:
        logs: Folder for one log per process; must exist.
    """

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._children: list[Child] = []
        self._stopped = False
        self._handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Children:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # What is ignored stays so: nohup is meant to outlive the terminal.
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                self._handlers[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._stopped = True

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        stdin: bytes | None = b"",
        pass_fds: Sequence[int] = (),
        again: bool = False,
    ) -> Child:
        """Starts a process in a session of its own, so that the terminal's Ctrl-C reaches the launcher alone.

        Args:
            name: Name for people; also names the log.
            command: Program and arguments.
            environment: Its whole environment.
            stdin: What it reads; a secret goes here, because `ps` shows the command. None where that is told later.
            pass_fds: File descriptors that it inherits.
            again: Whether it takes the place of one that has ended, whose log stays.
        """
        log = self._logs / f"{name.replace(' ', '-')}{'-again' if again else ''}.log"
        log.unlink(missing_ok=True)
        with log.open("xb") as output:  # a new file: no link is followed
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                pass_fds=pass_fds,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
        child = Child(name, process, log, again)
        self._children.append(child)
        if stdin is not None:
            child.tell(stdin)
        return child

    def dead(self) -> Child | None:
        """Returns a process that has ended, the first one started if there are several."""
        return next((child for child in self._children if not child.alive()), None)

    def drop(self, child: Child) -> None:
        """Ends what a process that has ended left in its group, and looks after it no longer."""
        _signal_group(child, signal.SIGKILL)
        self._children.remove(child)

    def check(self) -> None:
        """Raises Stopped if somebody asked to end, ChildError if a process has ended."""
        if self._stopped:
            raise Stopped
        child = self.dead()
        if child is not None:
            raise ChildError(f"The {child.name} {child.end}; everything else was stopped.", child=child)

    def wait_until(self, holds: Callable[[], bool], *, limit: float, child: Child, what: str) -> None:
        """Waits until something holds, and checks meanwhile.

        Args:
            holds: Asked many times a second.
            limit: Seconds to wait.
            child: Whose log says more where the time is up.
            what: What did not happen then, as in "The server did not answer".

        Raises:
            ChildError: If a process ends or the time is up.
            Stopped: If somebody asked to end.
        """
        deadline = time.monotonic() + limit
        while not holds():
            self.check()
            if time.monotonic() > deadline:
                raise ChildError(f"{what} within {limit:.0f} s.", child=child)
            time.sleep(_POLL)

    def stop(self) -> None:
        """Ends every process, with SIGKILL where SIGTERM is not enough, and waits for them.

        The first one started goes last: the others say goodbye to Redis, and wait for it if it is gone.
        """
        _stop(self._children[:0:-1])
        _stop(self._children[:1])
        self._children.clear()


def _stop(children: Sequence[Child]) -> None:
    for child in children:
        _signal_group(child, signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    while any(child.alive() for child in children) and time.monotonic() < deadline:
        time.sleep(0.02)
    for child in children:
        _signal_group(child, signal.SIGKILL)  # also what a leader that has ended left in its group
        child.process.wait()


def _signal_group(child: Child, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.process.pid, number)
