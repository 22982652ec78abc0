"""Settings of the whole process, changed for as long as any thread needs it, and as before afterwards.

`warnings.catch_warnings` and `threadpoolctl.threadpool_limits` save such a setting and restore it later. Two threads
that do so at once restore what the other one had set: warnings vanish for good, or a program is left with one BLAS
thread. Programs may call `explain` from several threads, so that here the last one to leave restores what the first
one found.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

__all__ = ["one_blas_thread", "quiet"]


class _Users:
    """How many threads need a setting, and what restores it."""

    def __init__(self) -> None:
        self.count = 0
        self.lock = threading.Lock()
        self.restore = contextlib.ExitStack()

    def left(self) -> None:
        self.count -= 1
        if self.count == 0:
            self.restore.close()


_quiet, _blas = _Users(), _Users()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps warnings of libraries off the user's screen; meanwhile those of other threads are not shown either."""
    with _quiet.lock:
        if _quiet.count == 0:
            _quiet.restore.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
        _quiet.count += 1
    try:
        yield
    finally:
        with _quiet.lock:
            _quiet.left()


@functools.lru_cache(maxsize=1)
def _controller(modules: int) -> ThreadpoolController:
    """Returns what controls the libraries that are loaded: looked for anew where modules were imported since."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Runs BLAS on one thread inside.

    The matrices here are small, so that several BLAS threads wait for one another; and a sum's rounding error, which
    depends on the number of threads, must not depend on what else the program does. Some builds of OpenBLAS keep the
    number by thread, others for the whole process: each user sets it and sets it back as well.
    """
    with _blas.lock:
        limits = _controller(len(sys.modules)).limit(limits=1, user_api="blas")
        if _blas.count == 0:
            _blas.restore.callback(limits.restore_original_limits)
        _blas.count += 1
    try:
        yield
    finally:
        with _blas.lock:
            limits.restore_original_limits()
            _blas.left()
