"""The jobs behind Process: Dash's own background callbacks, each in a process of its own that Cancel ends.

So many of them run at once, the others wait in their order. A job whose process was ended from outside is started once
more.

Dash hands a job's result from process to process in a small database, here as JSON. Its file stands in the user's cache
folder, and nothing but JSON is read from it. Where processes are forked, as on Linux, jobs themselves are handed over
as memory; where they are spawned, as on macOS, `multiprocess` pickles the call through a pipe that nobody else has.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import queue
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import diskcache
from dash import DiskcacheManager
from multiprocess import Process

from deepcave_symbolic.dashboard.job_libraries import import_job_libraries
from deepcave_symbolic.dashboard.own.waiting import told

__all__ = ["Jobs", "answer", "end_with"]

#: Seconds between two looks at whether the server is still there.
_LOOK = 0.5
#: Seconds for which an answer is held back while a job runs: it comes when the job ends, and pages ask less often. A
#: browser asks a server six things at once, so no tab may wait long.
_HOLD = 0.25
#: Jobs that are remembered; what a page that was closed did not ask for is forgotten with them.
_MOST = 500


@dataclass(eq=False)
class _Job:
    """A job, from the click on.

    Args:
        key: The name of its result, which Dash asks for.
        place: The id of what the result is written to.
        call: The function that the process calls, and its arguments; nothing once the job is over.
        process: The process, while it runs.
        again: Whether that is the second one.
        over: Whether nothing more comes than what is there.
        unwanted: Whether nobody waits for it any more: it was cancelled, or its result was read.
        ended: Set when it is over.
    """

    key: str
    place: str
    call: tuple[Any, ...]
    process: Any = None
    again: bool = False
    over: bool = False
    unwanted: bool = False
    ended: threading.Event = field(default_factory=threading.Event)


class Jobs(DiskcacheManager):  # type: ignore[misc]  # dash 2, which DeepCAVE pins, has no types
    """Starts jobs as soon as what all of them need is imported, so that each has it from the start.

    Args:
        folder: Where results pass from a job to the server; made for this user alone.
        workers: How many run at once.
        ended: The result of a job that was ended from outside twice; Dash itself would say nothing.
        gone: The result of a job of a server that was here before.
    """

    def __init__(self, folder: Path, *, workers: int, ended: Any, gone: Any) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        super().__init__(diskcache.Cache(str(folder), disk=diskcache.JSONDisk))
        self._ended, self._gone = ended, gone
        self.handle.clear()  # of a dashboard that was here before
        self.handle.close()
        self._importing_to_read, self._importing = threading.Lock(), threading.Lock()
        self._imported = False
        # Held while a process is forked and while the database is open: SQLite's own locks would be inherited, and the
        # process would wait for ever for a thread that it has not.
        self._lock = threading.RLock()
        #: By what Dash and the page call them, in the order of the clicks.
        self._jobs: dict[str, _Job] = {}
        self._turns: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        # No ThreadPoolExecutor: its threads wait for each other at the end of every process that they fork.
        for _ in range(workers):
            threading.Thread(target=self._take_turns, daemon=True).start()

    def wait_to_read(self) -> None:
        """Returns when runs can be read."""
        if not self._imported:  # no process inherits a lock that it would wait for
            with self._importing_to_read:
                importlib.import_module("ConfigSpace")

    def prepare(self) -> None:
        """Begins to import what jobs need, while the page is being read."""
        if not self._imported:
            threading.Thread(target=self.wait, daemon=True).start()

    def wait(self) -> None:
        """Returns when all is imported: plotly takes a module that another thread has half imported for a whole one."""
        with self._importing:
            if self._imported:
                return
            self.wait_to_read()
            import_job_libraries()
            # What stays for good: no job, a fork of this process, looks for garbage in it, and copies its memory.
            gc.freeze()
            self._imported = True

    def call_job_fn(self, key: str, job_fn: Any, args: Any, context: Any) -> str:
        """Takes a job, and returns what it is called. No other server calls one so."""
        place, id = context["outputs_list"]["id"], secrets.token_hex(8)
        job = _Job(key, place, (job_fn, key, self._make_progress_key(key), args, context))
        with self._lock:
            self._forget_the_oldest()
            self._jobs[id] = job
        self._turns.put(job)
        return id

    def _take_turns(self) -> None:
        while True:
            with contextlib.suppress(OSError):  # no process can be started; the job has ended, as the page will say
                self._work(self._turns.get())

    def _work(self, job: _Job) -> None:
        """Has a process do a job whose turn it is, and once more where it was ended from outside."""
        self.wait()  # not while modules are being imported, whose locks a fork would inherit
        try:
            for again in (False, True):
                with self._lock:
                    if job.over:
                        return
                    job.again = again
                    function, *arguments = job.call
                    process = job.process = Process(target=function, args=arguments)
                    process.start()
                # Of two threads that ask only one is told at once.
                while process.exitcode is None:
                    process.join()
                if process.exitcode == 0:
                    return
        finally:
            with self._lock:
                job.over, job.call, job.process = True, (), None  # which holds open files
            job.ended.set()

    def start(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Returns a process that has been started and is no job, with everything imported."""
        self.wait()
        with self._lock:
            process = Process(target=function, args=arguments, daemon=True)
            process.start()
        return process

    def job_running(self, id: Any) -> bool:
        """Tells whether a job waits or runs."""
        job = self._jobs.get(str(id))
        return job is not None and not job.over

    def get_result(self, key: str, id: Any) -> Any:
        """Returns a job's result, `UNDEFINED` while it waits or runs."""
        job = self._jobs.get(str(id))
        if job is None:
            return self._gone
        if not job.over:
            job.ended.wait(_HOLD)
        # Asked first: what has ended by then has left its result.
        over = job.over
        if not over:
            return self.UNDEFINED
        with self._lock:
            result = super().get_result(key, id)
            self.handle.close()
        if result is self.UNDEFINED:
            return self._ended if over and not job.unwanted else result
        return {**result, "again": True} if job.again and "name" in result else result

    def get_updated_props(self, key: str) -> dict[str, Any]:
        """Returns what the page says while it waits for a job."""
        with self._lock:
            open = [job for job in self._jobs.values() if not job.over]
        before = next((i for i, job in enumerate(open) if job.key == key), None)
        if before is None:
            return {}
        job = open[before]
        return told(job.place, before if job.process is None else 0, again=job.again)

    def terminate_job(self, id: Any) -> None:
        """Ends a job."""
        job = self._jobs.get(str(id))
        if job is None:
            return
        with self._lock:
            job.over = job.unwanted = True
            process = job.process
        job.ended.set()
        if process is not None:
            process.kill()

    def terminate_unhealthy_job(self, id: Any) -> bool:
        """Ends nothing: whether a job's process still runs is known here."""
        return False

    def _forget_the_oldest(self) -> None:
        over = [id for id, job in self._jobs.items() if job.over]
        for id in over[: max(0, len(self._jobs) - _MOST)]:
            self.handle.delete(self._jobs.pop(id).key)
            self.handle.close()


def answer(job: Callable[[], dict[str, Any]], server: int) -> dict[str, Any]:
    """Returns what a job returns, in a process that ends with the server.

    Args:
        job: The job.
        server: Number of the server's process.
    """
    end_with(server)
    return job()


def end_with(server: int) -> None:
    """Has this process end with the server.

    Args:
        server: Number of the server's process.
    """
    threading.Thread(target=_end_with, args=(server, os._exit), daemon=True).start()


def _end_with(parent: int, end: Callable[[int], Any]) -> None:
    # The kernel's own word (PR_SET_PDEATHSIG) is Linux's alone.
    while os.getppid() == parent:
        time.sleep(_LOOK)
    end(1)
