"""A time limit for a computation in the worker."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

__all__ = ["TimeUp", "within"]

Result = TypeVar("Result")


class TimeUp(BaseException):
    """The time limit has passed; no `Exception`, so that no handler on the way swallows it."""


def within(seconds: float, function: Callable[[], Result]) -> Result:
    """Returns the function's result.

    In the main thread (an rq worker's job) an alarm interrupts it. Elsewhere, where Python delivers no signals, it runs
    in a helper thread that is left behind when its time is up.

    Raises:
        TimeUp: If it takes longer.
    """
    if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
        with _alarm(seconds):
            return function()
    return _in_thread(seconds, function)


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def ring(signum: int, frame: Any) -> None:
        raise TimeUp

    # The worker may have an alarm of its own.
    before = signal.signal(signal.SIGALRM, ring)
    remaining, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if remaining:
            signal.setitimer(signal.ITIMER_REAL, remaining)


def _in_thread(seconds: float, function: Callable[[], Result]) -> Result:
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(function())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise TimeUp
    return results[0]
