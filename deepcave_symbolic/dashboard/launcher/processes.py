"""Child processes that cannot outlive their launcher."""

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
from types import TracebackType

from deepcave_symbolic.exceptions import DeepcaveSymbolicError

__all__ = ["Child", "ChildError", "Children", "die_with_parent"]

#: Seconds that a child has between SIGTERM and SIGKILL.
GRACE = 5.0
_SHOWN_LINES = 15
_SHOWN_BYTES = 8192
_PR_SET_PDEATHSIG = 1


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
    """

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def alive(self) -> bool:
        """Tells whether the process still runs."""
        return self.process.poll() is None

    def end(self) -> str:
        """Returns how it ended, in words."""
        code = self.process.poll()
        if code is None:
            return "still runs"
        if code < 0:
            return f"was ended by {signal.Signals(-code).name}"
        return f"ended with exit code {code}"

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

    def signal_group(self, number: signal.Signals) -> None:
        """Sends a signal to the process and what it started in its group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)


class Children:
    """Starts processes and, as a context manager, stops all of them at the end.

    Args:
        logs: Folder for a log a process; must exist.
    """

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._children: list[Child] = []

    def __enter__(self) -> Children:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        stdin: bytes | None = None,
        pass_fds: Sequence[int] = (),
    ) -> Child:
        """Starts a process in a session of its own, so that the terminal's Ctrl-C reaches the launcher alone.

        Args:
            name: Name for people; also names the log.
            command: Program and arguments.
            environment: Its whole environment.
            stdin: What it reads; a secret goes here, because `ps` shows the command.
            pass_fds: File descriptors that it inherits.
        """
        log = self._logs / f"{name.replace(' ', '-')}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                pass_fds=pass_fds,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
        child = Child(name, process, log)
        self._children.append(child)
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError), process.stdin as pipe:  # a child that died is noticed later
                pipe.write(stdin or b"")
        return child

    def forget(self, child: Child) -> None:
        """Stops watching a process that has ended."""
        self._children.remove(child)

    def dead(self) -> Child | None:
        """Returns a process that has ended, the first one started if there are several."""
        return next((child for child in self._children if not child.alive()), None)

    def check(self) -> None:
        """Raises ChildError if a process has ended."""
        child = self.dead()
        if child is not None:
            raise ChildError(f"The {child.name} {child.end()}; everything else was stopped.", child=child)

    def stop(self) -> None:
        """Ends every process, with SIGKILL where SIGTERM is not enough, and waits for them.

        The first one started goes last: the others say goodbye to Redis, and wait for it if it is gone.
        """
        _stop(self._children[:0:-1])
        _stop(self._children[:1])
        self._children.clear()


def _stop(children: Sequence[Child]) -> None:
    for child in children:
        child.signal_group(signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    while any(child.alive() for child in children) and time.monotonic() < deadline:
        time.sleep(0.02)
    for child in children:
        child.signal_group(signal.SIGKILL)  # also what a leader that has ended left in its group
        child.process.wait()
