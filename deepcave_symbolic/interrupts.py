"""Ctrl-C, SIGTERM and a closed terminal during a command: one line, the shell's exit code, and soon."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

__all__ = ["Interrupted", "exit_soon", "interruptible"]

#: Seconds from a signal to the end of the process, where Python code cannot react: inside a long matrix operation.
GRACE = 1.0
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
def interruptible() -> Iterator[None]:
    """Turns signals into `Interrupted`; what the process was started to ignore (nohup) stays ignored."""
    previous: dict[signal.Signals, Any] = {}

    def ring(number: int, frame: FrameType | None) -> None:
        for other in previous:  # the first one counts; a second must not disturb the cleaning up
            signal.signal(other, signal.SIG_IGN)
        raise Interrupted(number)

    for number in _numbers():
        if signal.getsignal(number) is not signal.SIG_IGN:
            previous[number] = signal.signal(number, ring)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


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
            if heard[0] in ours and not left.wait(GRACE):
                cleanup()
                os.write(2, f"deepcave-symbolic: {_words(heard[0])}\n".encode())
                os._exit(128 + heard[0])
        os.close(reading)

    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        left.set()
        signal.set_wakeup_fd(before)
        os.close(writing)
