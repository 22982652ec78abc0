"""Worker processes on this machine: joblib's loky.

Threads would share Python's lock: they are slower than one of them alone (`benchmarks/studies.py`). The processes are
new ones (not forked, no `if __name__ == "__main__"` needed) and end with this one, however it ends.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future
from typing import Any

from deepcave_symbolic.exceptions import DeepcaveSymbolicError, InvalidArgumentError, WorkerError

__all__ = ["Processes", "n_workers"]

_WATCH = 0.5
_PATIENCE = 2.0


def n_workers(n_jobs: int | None) -> int:
    """Returns how many workers `n_jobs` means: None for one, -1 for all cores, -2 for all but one, as in joblib."""
    from joblib import effective_n_jobs

    if n_jobs is not None and (isinstance(n_jobs, bool) or not isinstance(n_jobs, int) or n_jobs == 0):
        raise InvalidArgumentError(f"n_jobs is {n_jobs!r}; expected a whole number of processes, or -1 for all cores.")
    return int(effective_n_jobs(1 if n_jobs is None else n_jobs))


class Processes:
    """A pool of worker processes, started when they are first needed.

    Args:
        count: How many.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._executor = _executor(count)

    def n_workers(self) -> int:
        """Returns how many there are."""
        return self._count

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        """Has a process call a function."""
        with _interrupts_held():
            future: Future[Any] = self._executor.submit(function, *arguments)
        return future

    def failed(self, error: BaseException) -> DeepcaveSymbolicError:
        """Returns what to tell about something that was not brought back; processes of which one ended are replaced."""
        if not isinstance(error, BrokenExecutor):
            return WorkerError(f"Not computed in another process: {error}. Use one process (n_jobs=None, no --jobs).")
        self._executor.shutdown(wait=False, kill_workers=True)
        self._executor = _executor(self._count)
        return WorkerError("A worker process ended while it computed this: it was killed, or memory was short.")

    def close(self) -> None:
        """Ends all processes, whatever they do."""
        # The one thread that `shutdown` does not wait for; it would let go of semaphores while this process ends.
        feeder = getattr(getattr(self._executor, "_call_queue", None), "_thread", None)
        self._executor.shutdown(wait=True, kill_workers=True)
        if feeder is not None:
            feeder.join(_PATIENCE)
        # Their semaphores end with the last reference; a process that ends at a signal runs nothing at its exit.
        del self._executor
        gc.collect()


def _executor(count: int) -> Any:
    from joblib.externals.loky import ProcessPoolExecutor

    return ProcessPoolExecutor(max_workers=count, initializer=_end_with, initargs=(os.getpid(),))


def _end_with(parent: int) -> None:
    """Ends this process soon after its parent, which may be killed without a chance to say so."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH)
        os._exit(1)

    if os.name == "posix":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGHUP})
        threading.Thread(target=watch, daemon=True).start()


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Holds signals back while a process is started, which else might be left behind.

    The process inherits that, and keeps it for Ctrl-C: it is the parent's to answer and to end it.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
