"""Ctrl-C, SIGTERM and a closed terminal during a command: one line, the shell's exit code, and soon."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NoReturn

__all__ = [
    "Interrupted",
    "cleaning_up",
    "end_now",
    "ends_by_itself",
    "exit_soon",
    "ignored_from_now_on",
    "interruptible",
]

#: Seconds from a signal to the end of the process, where Python code cannot react: inside a long matrix operation.
GRACE = 1.0
#: Seconds more for `cleaning_up` that is under way by then.
PATIENCE = 5.0
#: Handlers of `interruptible` that are active, with what they have heard.
_ours: dict[Any, list[Interrupted]] = {}
_cleaning = threading.Event()
_WORDS = {"SIGINT": "interrupted", "SIGTERM": "terminated", "SIGHUP": "terminal closed"}


class Interrupted(KeyboardInterrupt):
    """A signal asked the command to end."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(_words(number))


def _numbers() -> list[signal.Signals]:
    return [getattr(signal, name) for name in _WORDS if hasattr(signal, name)]


def _words(number: int) -> str:
    return _WORDS.get(signal.Signals(number).name, "interrupted")


@contextlib.contextmanager
def interruptible() -> Iterator[list[Interrupted]]:
    """Turns signals into `Interrupted`; what the process was started to ignore (nohup) stays ignored.

    Yields a list that has the interrupt as soon as one came: C code may turn it into an error of its own, as the import
    of NumPy does.
    """
    heard: list[Interrupted] = []
    previous: dict[signal.Signals, Any] = {}
    hook = sys.unraisablehook

    def unraisable(found: Any) -> None:
        # Raised inside a destructor or a callback of C code, Python would print it and go on; `exit_soon` ends that.
        if not isinstance(found.exc_value, Interrupted):
            hook(found)

    def ring(number: int, frame: FrameType | None) -> None:
        for other in previous:  # the first one counts; a second must not disturb the cleaning up
            signal.signal(other, signal.SIG_IGN)
        heard.append(Interrupted(number))
        raise heard[0]

    _ours[ring] = heard
    for number in _numbers():
        if signal.getsignal(number) is not signal.SIG_IGN:
            previous[number] = signal.signal(number, ring)
    sys.unraisablehook = unraisable
    try:
        yield heard
    finally:
        sys.unraisablehook = hook
        del _ours[ring]
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def ends_by_itself() -> Iterator[None]:
    """Lets a signal end the process at once and without a word inside the block, where Python cannot react in time.

    For computations that start no process and write nothing; the shell's exit code is the same. Handlers of a program
    that this package is part of are left alone, and so is everything outside of the main thread.

    Raises:
        Interrupted: If a signal came before and a library has swallowed it.
    """
    for heard in _ours.values():
        if heard:
            raise heard[0]
    changed: dict[signal.Signals, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in _numbers():
            if signal.getsignal(number) in _ours:
                changed[number] = signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in changed.items():
            signal.signal(number, handler)


def ignored_from_now_on() -> None:
    """Lets no signal disturb the end of a process whose work is done: its exit code stays what it is."""

    def ignore() -> None:
        for number in _numbers():
            signal.signal(number, signal.SIG_IGN)

    atexit.register(ignore)  # the last one registered comes first


def end_now(stop: Interrupted) -> NoReturn:
    """Ends the process with one line and the shell's exit code.

    At once, because threads may still compute: Python's own end would wait for some of them and stumble over others.
    """
    _leave(stop.number)


def _leave(number: int) -> NoReturn:
    with contextlib.suppress(OSError):  # nobody may be there to read it
        os.write(2, f"deepcave-symbolic: {_words(number)}\n".encode())
    os._exit(128 + number)


@contextlib.contextmanager
def cleaning_up() -> Iterator[None]:
    """Lets `exit_soon` wait for the block: the end of other processes, cut off, leaves semaphores and prints warnings.

    For the main thread of a command.
    """
    _cleaning.set()
    try:
        yield
    finally:
        _cleaning.clear()


@contextlib.contextmanager
def exit_soon(cleanup: Callable[[], None]) -> Iterator[None]:
    """Ends the process a second after a signal, where `Interrupted` has not ended the block by then.

    Python handles a signal between two steps of its own: not inside a long matrix operation, and a library may swallow
    the exception. A thread hears of every signal at once and waits.

    Args:
        cleanup: Called before such an end; removes what is half written.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    ours = {int(number) for number in _numbers() if signal.getsignal(number) is not signal.SIG_IGN}
    left = threading.Event()

    def watch() -> None:
        while True:
            heard = os.read(reading, 1)
            if not heard or left.is_set():
                break
            ended = left.wait(GRACE) or (_cleaning.is_set() and left.wait(PATIENCE))
            if heard[0] in ours and not ended:
                cleanup()
                _leave(heard[0])
        os.close(reading)

    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        left.set()
        signal.set_wakeup_fd(before)
        os.close(writing)
