"""The command `dashboard`: DeepCAVE in the browser."""

from __future__ import annotations

import argparse
from typing import Any

__all__ = ["add_command"]


def add_command(commands: Any) -> None:
    """Adds the command to the parser's subcommands."""
    parser = commands.add_parser(
        "dashboard",
        help="start DeepCAVE with the panel of formulas",
        description="Starts DeepCAVE with Redis and workers, and stops all of it on Ctrl-C.",
        epilog="""\
computing on a second machine, with a Redis that both reach (the runs under the same paths, the same versions):
  first$  deepcave-symbolic dashboard RUN --redis rediss://:PASSWORD@HOST
  second$ deepcave-symbolic dashboard --worker-only --redis rediss://:PASSWORD@HOST
Jobs are pickles: whoever can write to that Redis runs code as you, so it needs a password and TLS. The password may
stand in DEEPCAVE_SYMBOLIC_REDIS_PASSWORD, which ps does not show. One dashboard per Redis.""",
    )
    add = parser.add_argument
    add(
        "runs",
        nargs="*",
        metavar="RUN",
        help="run folders of any optimizer that DeepCAVE reads, or a folder with SMAC runs below",
    )
    add(
        "--root",
        dest="roots",
        action="append",
        default=[],
        metavar="FOLDER",
        help="folder below which the page may open more runs, repeatable (default: the current one if no RUN is given)",
    )
    add("--host", default="127.0.0.1", help="where to listen (default: 127.0.0.1, this machine only)")
    add("--port", type=int, metavar="N", help="port to listen on (default: 8050, or a free one)")
    add("--workers", type=int, default=1, metavar="N", help="processes that compute (default: 1)")
    add("--redis", metavar="URL", help="Redis to use, redis[s]://[:PASSWORD@]HOST[:PORT] (default: start one)")
    add("--worker-only", action="store_true", help="start workers for a dashboard elsewhere on the same --redis")
    add("--user-config", metavar="FILE", help="Python file with a DeepCAVE class Config of your own")
    add("--no-browser", dest="browser", action="store_false", help="do not open the browser")
    add("--debug", action="store_true", help="show the traceback of an error")
    parser.set_defaults(run_command=_run)


def _run(args: argparse.Namespace) -> int:
    from deepcave_symbolic.dashboard.start import DashboardOptions, run_dashboard

    names = ("runs", "roots", "host", "port", "workers", "redis", "user_config", "browser", "worker_only")
    return run_dashboard(DashboardOptions(**{name: getattr(args, name) for name in names}))
