"""What belongs to the whole process, changed for one thread only, or together for all threads that want it.

`contextlib.redirect_stdout`, `warnings.catch_warnings` and `threadpoolctl.threadpool_limits` save a setting of the
process and restore it later. Two threads that do so at once restore what the other one had set: prints vanish for good,
or a program is left with one BLAS thread. Programs may call `explain` from several threads, so all three are made safe
for that here.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

__all__ = ["one_blas_thread", "quiet"]

_lock = threading.Lock()


class _Quiet(threading.local):
    depth = 0


_this_thread = _Quiet()


class _Stdout:
    """Standard output for every thread that is not quiet."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.users = 0

    def write(self, text: str) -> int:
        return len(text) if _this_thread.depth else int(self.stream.write(text) or 0)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class _InQuietThreads:
    """Stands where a warning filter has its pattern of modules: matches whatever a quiet thread warns about."""

    #: For code that builds the filters anew from their texts, as scikit-learn 1.9 does in its threads: matches nothing.
    pattern = "(?!)"

    def match(self, module: str) -> bool:
        return _this_thread.depth > 0


_FILTER = ("ignore", None, Warning, _InQuietThreads(), 0)


class _QuietThreads:
    users = 0


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps what this thread prints or warns about off the user's screen; other threads print and warn as ever."""
    with _lock:
        proxy = _quietable_stdout()
        filters: Any = warnings.filters
        _QuietThreads.users += 1
        # First, and once: other code may restore a list of filters from before or with it. It matches quiet threads
        # only, so that it does no harm where it stays.
        if not filters or filters[0] is not _FILTER:
            filters[:] = [_FILTER, *(f for f in filters if f is not _FILTER)]
    _this_thread.depth += 1
    try:
        yield
    finally:
        _this_thread.depth -= 1
        with _lock:
            _release(proxy)
            _QuietThreads.users -= 1
            if _QuietThreads.users == 0:
                left: Any = warnings.filters
                left[:] = [f for f in left if not _is_ours(f)]


def _is_ours(candidate: tuple[Any, ...]) -> bool:
    """Returns whether a filter is ours, or was built anew from ours: scikit-learn 1.9 leaves such ones behind."""
    return candidate is _FILTER or getattr(candidate[3], "pattern", None) == _InQuietThreads.pattern


def _quietable_stdout() -> _Stdout | None:
    """Returns the stream that knows quiet threads, which now stands for `sys.stdout`."""
    stream: Any = sys.stdout
    if stream is None:  # a program without a console
        return None
    proxy = stream if isinstance(stream, _Stdout) else _Stdout(stream)
    proxy.users += 1
    sys.stdout = proxy
    return proxy


def _release(proxy: _Stdout | None) -> None:
    if proxy is None:
        return
    proxy.users -= 1
    # Where somebody has redirected it meanwhile, the proxy stays under that and passes on what is printed.
    if proxy.users == 0 and sys.stdout is proxy:
        sys.stdout = proxy.stream


class _BlasThreads:
    users = 0
    first: Any = None


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Runs BLAS on one thread inside, and on as many as before when the last one has left.

    The matrices here are small, so that several BLAS threads wait for one another; and a sum's rounding error, which
    depends on the number of threads, must not depend on what else the program does. Some builds of OpenBLAS keep the
    number by thread, others for the whole process: each user sets it and sets it back, and the last one sets back what
    the first one found, because it may itself have found the limit of another.
    """
    from threadpoolctl import threadpool_limits

    with _lock:
        limits = threadpool_limits(limits=1, user_api="blas")
        if _BlasThreads.users == 0:
            _BlasThreads.first = limits
        _BlasThreads.users += 1
    try:
        yield
    finally:
        with _lock:
            _BlasThreads.users -= 1
            limits.restore_original_limits()
            if _BlasThreads.users == 0:
                _BlasThreads.first.restore_original_limits()
                _BlasThreads.first = None
