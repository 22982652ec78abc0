"""The server of the app, on a socket that the launcher opened.

Run as a file, `python .../own/server.py --fd N --host HOST`, so that no module is searched for in the current
folder. The token that it asks for, the runs and what is known of them come by stdin, as JSON, the rest in
the environment variables that DeepCAVE's server reads, too.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

__all__: list[str] = []


def main() -> None:
    """Serves until a signal comes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--base-path", default="/")
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--again", action="store_true", help="pages are waiting already")
    arguments = parser.parse_args()

    from werkzeug.serving import WSGIRequestHandler, make_server

    from deepcave_symbolic.dashboard import ENVIRONMENT
    from deepcave_symbolic.dashboard.allowed_runs import AllowedRuns
    from deepcave_symbolic.dashboard.launcher.door import Door
    from deepcave_symbolic.dashboard.own.app import answered, make_app
    from deepcave_symbolic.dashboard.own.jobs import Jobs
    from deepcave_symbolic.dashboard.own.offer import Offer
    from deepcave_symbolic.dashboard.own.opened_runs import OpenedRuns
    from deepcave_symbolic.dashboard.own.page import NAME
    from deepcave_symbolic.dashboard.own.results import ENDED, GONE, Results

    # What comes is waited for after what takes long.
    given = json.load(sys.stdin)
    token = given["token"]
    folder = Path(os.environ[f"{ENVIRONMENT}CACHE_DIR"])
    ended, gone = answered("", ENDED), answered("", GONE)
    jobs = Jobs(folder / "own-jobs", workers=arguments.workers, ended=ended, gone=gone)
    runs = OpenedRuns(
        replace(AllowedRuns.from_environment(), runs=tuple(given["runs"])),
        [Offer(**each) for each in given["offers"]],
        ready=jobs.wait_to_read,
    )
    if arguments.again:
        # Pages ask at once: a job that is forked while a thread imports would wait for ever for what that imports.
        jobs.wait()
    app = make_app(runs, Results(folder / "own-results"), jobs, base_path=arguments.base_path)
    # Of the pages of a server that was here before, whose jobs are asked for.
    app.server.secret_key = token
    door = Door(app.server.wsgi_app, token=token, host=arguments.host, name=NAME)
    app.server.wsgi_app = door

    class Quiet(WSGIRequestHandler):
        """Logs what went wrong, not the page's many questions whether a job is done."""

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            if not str(code).startswith(("2", "3")):
                super().log_request(code, size)

    make_server(arguments.host, 0, app.server, threaded=True, request_handler=Quiet, fd=arguments.fd).serve_forever()


if __name__ == "__main__":
    del sys.path[0]  # this folder, whose modules are no top-level ones
    main()
