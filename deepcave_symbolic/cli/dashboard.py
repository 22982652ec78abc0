"""The command `dashboard`: the panel in the browser, in DeepCAVE or in an app of our own."""

from __future__ import annotations

import argparse
from dataclasses import fields
from typing import Any

from deepcave_symbolic.dashboard.launcher.options import HOST_APPS

__all__ = ["add_command"]


def add_command(commands: Any) -> None:
    """Adds the command to the parser's subcommands."""
    parser = commands.add_parser(
        "dashboard",
        help="show the panel of formulas in the browser, in DeepCAVE where that is installed",
        description="Starts DeepCAVE with Redis and workers, or an app of our own where DeepCAVE is not installed, and "
        "stops all of it on Ctrl-C.",
        epilog="""\
computing on a second machine for DeepCAVE, with a Redis that both reach (runs under the same paths, same versions):
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
        help="run folders, or a folder with runs below; in DeepCAVE of any optimizer that it reads",
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
    add("--no-browser", dest="browser", action="store_false", help="do not open the browser")
    add(
        "--host-app",
        choices=HOST_APPS,
        help="the app around the panel: DeepCAVE (Python 3.10), or our own (default: DeepCAVE where it is installed)",
    )
    add("--base-path", metavar="PATH", help="our own: what a proxy in front cuts off, such as /user/me/proxy/8050/")
    add(
        "--workers",
        type=int,
        metavar="N",
        help="processes that compute (default: in DeepCAVE 1; our own: one per processor, at least 2)",
    )
    add(
        "--redis", metavar="URL", help="DeepCAVE: Redis to use, redis[s]://[:PASSWORD@]HOST[:PORT] (default: start one)"
    )
    add("--worker-only", action="store_true", help="start workers for a DeepCAVE elsewhere on the same --redis")
    add("--user-config", metavar="FILE", help="Python file with a DeepCAVE class Config of your own")
    add("--debug", action="store_true", help="show the traceback of an error")
    parser.set_defaults(run_command=_run)


def _run(args: argparse.Namespace) -> int:
    from deepcave_symbolic.dashboard.start import DashboardOptions, run_dashboard

    return run_dashboard(DashboardOptions(**{each.name: getattr(args, each.name) for each in fields(DashboardOptions)}))
