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


def preload() -> None:
    """Imports what jobs need, so that the forks have it. Imports only: threads started here would be missing there."""
    import deepcave.plugins

    from deepcave_symbolic.dashboard import JOB_LIBRARIES, PLUGIN_GROUP

    builtin = (module.name for module in pkgutil.walk_packages(deepcave.plugins.__path__, "deepcave.plugins."))
    ours_and_others = (entry.module for entry in entry_points(group=PLUGIN_GROUP))
    for name in (*JOB_LIBRARIES, *ours_and_others, *builtin):
        # Panels without jobs need what only the server has; a broken one fails in the job, where somebody sees it.
        with contextlib.suppress(Exception, SystemExit):
            importlib.import_module(name)


def main() -> None:
    """Works until a signal comes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", required=True)
    arguments, _ = parser.parse_known_args()
    preload()

    from deepcave import queue
    from rq import Connection, Worker  # type: ignore[import-untyped]

    from deepcave_symbolic.dashboard.launcher.processes import die_with_parent

    class DashboardWorker(Worker):  # type: ignore[misc]
        """Ends at once when told to, and takes its running job along, even when killed itself."""

        def request_stop(self, signum: int, frame: FrameType | None) -> None:
            # rq would first wait for the running job, which nobody is there to look at any more.
            self.request_force_stop(signum, frame)

        def fork_work_horse(self, *args: object) -> None:
            self.die_with_me = die_with_parent(signal.SIGKILL)
            super().fork_work_horse(*args)

        def main_work_horse(self, *args: object) -> None:
            self.die_with_me()
            super().main_work_horse(*args)

    # DeepCAVE's own set-up of logging silences it, and with it the traceback of a failed job.
    logging.getLogger("rq.worker").disabled = False
    with Connection(queue._connection):
        DashboardWorker([queue._queue], name=arguments.name).work(logging_level="INFO")


if __name__ == "__main__":
    del sys.path[0]  # this folder, whose modules are no top-level ones
    main()
