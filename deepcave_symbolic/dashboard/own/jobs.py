"""The jobs behind Process: Dash's own background callbacks, each in a process of its own that Cancel ends.

Dash hands a job's result from process to process in a small database, here as JSON. Its file stands in the user's cache
folder, and nothing but JSON is read from it. Where processes are forked, as on Linux, jobs themselves are handed over
as memory; where they are spawned, as on macOS, `multiprocess` pickles the call through a pipe that nobody else has.
"""

from __future__ import annotations

import importlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diskcache
from dash import DiskcacheManager

from deepcave_symbolic.dashboard import JOB_LIBRARIES

__all__ = ["Jobs", "answer"]

#: Seconds between two looks at whether the server is still there.
_LOOK = 0.5


class Jobs(DiskcacheManager):  # type: ignore[misc]  # dash 2, which DeepCAVE pins, has no types
    """Starts jobs as soon as what all of them need is imported, so that each has it from the start.

    Args:
        folder: Where results pass from a job to the server; made for this user alone.
        ended: The result of a job that was ended from outside; Dash itself would say nothing.
    """

    def __init__(self, folder: Path, *, ended: Any) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        super().__init__(diskcache.Cache(str(folder), disk=diskcache.JSONDisk))
        self._ended = ended
        #: Numbers of the processes that Cancel has ended, or Dash after their results were read.
        self._terminated: set[int] = set()
        self.handle.clear()  # of a dashboard that was here before
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Begins to import, while the page is being read."""
        threading.Thread(target=self.wait, daemon=True).start()

    def wait(self) -> None:
        """Returns when all is imported: plotly takes a module that another thread has half imported for a whole one."""
        with self._lock:
            for name in JOB_LIBRARIES:
                importlib.import_module(name)

    def get_result(self, key: str, job: Any) -> Any:
        """Returns a job's result, `UNDEFINED` while it runs."""
        # Asked first: what has ended by then has left its result.
        lost = bool(job) and not self.job_running(job) and int(job) not in self._terminated
        result = super().get_result(key, job)
        return self._ended if lost and result is self.UNDEFINED else result

    def terminate_job(self, job: Any) -> None:
        """Ends a job."""
        if job is not None:
            self._terminated.add(int(job))
        super().terminate_job(job)

    def call_job_fn(self, *arguments: Any, **options: Any) -> Any:
        """Starts a job; not while modules are being imported, whose locks a fork would inherit."""
        self.wait()
        job = super().call_job_fn(*arguments, **options)
        self._terminated.discard(int(job))
        return job


def answer(job: Callable[[], dict[str, Any]], server: int) -> dict[str, Any]:
    """Returns what a job returns, in a process that ends with the server.

    Args:
        job: The job.
        server: Number of the server's process.
    """
    threading.Thread(target=_end_with, args=(server, os._exit), daemon=True).start()
    return job()


def _end_with(parent: int, end: Callable[[int], Any]) -> None:
    # The kernel's own word (PR_SET_PDEATHSIG) is about the thread that forked, which ends with its request.
    while os.getppid() == parent:
        time.sleep(_LOOK)
    end(1)
