"""The server of the app, on a socket that the launcher opened.

Run as a module, `python -m deepcave_symbolic.dashboard.own.server --fd N --host HOST`; the token that it asks for comes
by stdin, the rest in the environment variables that DeepCAVE's server reads, too.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from werkzeug.serving import make_server

from deepcave_symbolic.dashboard import ENVIRONMENT
from deepcave_symbolic.dashboard.allowed_runs import AllowedRuns
from deepcave_symbolic.dashboard.launcher.door import Door
from deepcave_symbolic.dashboard.own.app import make_app
from deepcave_symbolic.dashboard.own.jobs import Jobs
from deepcave_symbolic.dashboard.own.opened_runs import OpenedRuns
from deepcave_symbolic.dashboard.own.page import NAME
from deepcave_symbolic.dashboard.own.results import Results

__all__: list[str] = []


def main() -> None:
    """Serves until a signal comes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--base-path", default="/")
    arguments = parser.parse_args()
    token = sys.stdin.read()
    folder = Path(os.environ[f"{ENVIRONMENT}CACHE_DIR"]) / "own"
    runs = OpenedRuns(AllowedRuns.from_environment())
    app = make_app(runs, Results(folder / "results"), Jobs(folder / "jobs"), base_path=arguments.base_path)
    door = Door(app.server.wsgi_app, token=token, host=arguments.host, name=NAME)
    app.server.wsgi_app = door
    make_server(arguments.host, 0, app.server, threaded=True, fd=arguments.fd).serve_forever()


if __name__ == "__main__":
    main()
