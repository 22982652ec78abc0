"""Ctrl-C, SIGTERM and a closed terminal during a command: one line, the shell's exit code, at once.

The handler itself ends the process: no library can swallow that, or turn it into an error of its own. Where other
processes are to be stopped first (`stopping_others`), it raises KeyboardInterrupt instead.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType

__all__ = ["ends_by_itself", "handle_signals", "ignore_signals", "stopping_others", "unfinished_files"]

_WORDS = {"SIGINT": "interrupted", "SIGTERM": "terminated", "SIGHUP": "terminal closed"}
#: Seconds that other processes have to end.
_PATIENCE = 6

#: Paths of files that are being written; the end of the process removes them.
unfinished_files: set[str] = set()


class _State:
    stopping_others = False
    heard: int | None = None


def _numbers() -> list[signal.Signals]:
    return [getattr(signal, name) for name in _WORDS if hasattr(signal, name)]


def handle_signals() -> None:
    """Lets signals end this process; what it was started to ignore (nohup) stays ignored."""
    for number in _numbers():
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)


def ignore_signals() -> None:
    """Lets no signal disturb the end of a process whose work is done: its exit code stays what it is."""
    for number in _numbers():
        signal.signal(number, signal.SIG_IGN)


def _end(number: int, frame: FrameType | None) -> None:
    ignore_signals()  # the first one counts; a second must not disturb the cleaning up
    if not _State.stopping_others:
        _leave(number)
    _State.heard = number
    if hasattr(signal, "alarm"):  # where what was to be stopped does not end, or the exception was swallowed
        signal.signal(signal.SIGALRM, lambda *_: _leave(number))
        signal.alarm(_PATIENCE)
    raise KeyboardInterrupt


def _leave(number: int) -> None:
    # At once: Python's own end would wait for threads that still compute.
    for path in list(unfinished_files):
        with contextlib.suppress(OSError):
            os.unlink(path)
    line = f"deepcave-symbolic: {_WORDS[signal.Signals(number).name]}\n"
    with contextlib.suppress(OSError):  # nobody may be there to read it
        os.write(2, ("\r\x1b[K" * os.isatty(2) + line).encode())  # in the place of a progress bar
    os._exit(128 + number)


@contextlib.contextmanager
def stopping_others() -> Iterator[None]:
    """Lets a signal raise KeyboardInterrupt inside, which stops other processes, and end this one after the block.

    The end of other processes, cut off, leaves semaphores and prints warnings.
    """
    _State.stopping_others = True
    try:
        yield
    finally:
        _State.stopping_others = False
        if _State.heard is not None:
            _leave(_State.heard)


@contextlib.contextmanager
def ends_by_itself() -> Iterator[None]:
    """Lets a signal end the process by itself and without a word inside, where Python cannot react in time.

    For computations that start no process and write nothing; the shell's exit code is the same. Handlers of a program
    that this package is part of are left alone, and so is everything outside of the main thread.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    ours = [number for number in _numbers() if in_main_thread and signal.getsignal(number) is _end]
    for number in ours:
        signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, _end)
