"""A worker: imports what jobs need, then runs DeepCAVE's jobs, each in a fork of this process.

Run as a file, `python .../launcher/worker.py --config FILE --name NAME`: DeepCAVE sets up its queue at import, only in
a program called worker.py or server.py, from the file after `--config`.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import logging
import pkgutil
import signal
import sys
from importlib.metadata import entry_points
from types import FrameType
from typing import Any

from deepcave_symbolic.dashboard import AGAIN_KEY


def preload() -> None:
    """Imports what jobs need, so that the forks have it. Imports only: threads started here would be missing there."""
    import deepcave.plugins

    from deepcave_symbolic.dashboard import PLUGIN_GROUP
    from deepcave_symbolic.dashboard.job_libraries import import_job_libraries

    builtin = (module.name for module in pkgutil.walk_packages(deepcave.plugins.__path__, "deepcave.plugins."))
    ours_and_others = (entry.module for entry in entry_points(group=PLUGIN_GROUP))
    # Panels without jobs need what only the server has; a broken one fails in the job, where somebody sees it.
    with contextlib.suppress(Exception, SystemExit):
        import_job_libraries()
    for name in (*ours_and_others, *builtin):
        with contextlib.suppress(Exception, SystemExit):
            importlib.import_module(name)


def once_more(job: Any) -> None:
    """Lets a job whose process was ended from outside be done a second time, but no third time."""
    if not job.meta.get(AGAIN_KEY):
        job.meta[AGAIN_KEY], job.retries_left = True, 1


def bury(name: str, queue: Any) -> None:
    """Has the job done once more that a worker was at when it ended.

    Args:
        name: The name of the worker.
        queue: The queue that it worked for.
    """
    from rq import Worker  # type: ignore[import-untyped]

    dead = Worker.find_by_key(f"{Worker.redis_worker_namespace_prefix}{name}", connection=queue.connection)
    if dead is None:
        return
    job = dead.get_current_job()
    if job is not None and job in queue.started_job_registry:
        once_more(job)
        dead.handle_job_failure(job, queue, exc_string="The worker ended.")
    dead.register_death()


def main() -> None:
    """Works until a signal comes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", required=True)
    parser.add_argument("--in-place-of", help="name of a worker that has ended")
    arguments, _ = parser.parse_known_args()
    preload()

    from deepcave import queue
    from rq import Connection, Worker

    from deepcave_symbolic.dashboard.launcher.processes import die_with_parent

    class DashboardWorker(Worker):  # type: ignore[misc]
        """Ends at once when told to, and takes its running job along, even when killed itself."""

        #: Whether the job's process was ended on demand.
        cancelled = False

        def request_stop(self, signum: int, frame: FrameType | None) -> None:
            # rq would first wait for the running job, which nobody is there to look at any more.
            self.request_force_stop(signum, frame)

        def fork_work_horse(self, job: Any, *args: object) -> None:
            self.die_with_me, self.cancelled = die_with_parent(signal.SIGKILL), False
            # rq notes what it is at in the fork only: until then nobody would know of a job whose worker ends.
            self.prepare_job_execution(job)
            super().fork_work_horse(job, *args)

        def main_work_horse(self, *args: object) -> None:
            self.die_with_me()
            super().main_work_horse(*args)

        def kill_horse(self, *args: Any) -> None:
            self.cancelled = True
            super().kill_horse(*args)

        def handle_job_failure(self, job: Any, *args: Any, **options: Any) -> None:
            # A job that raised says so in its own process.
            if not self.is_horse and not self.cancelled:
                once_more(job)
            super().handle_job_failure(job, *args, **options)

    # DeepCAVE's own set-up of logging silences it, and with it the traceback of a failed job.
    logging.getLogger("rq.worker").disabled = False
    with Connection(queue._connection):
        if arguments.in_place_of is not None:
            bury(arguments.in_place_of, queue._queue)
        DashboardWorker([queue._queue], name=arguments.name).work(logging_level="INFO")


if __name__ == "__main__":
    del sys.path[0]  # this folder, whose modules are no top-level ones
    main()
