"""Starts the app that shows the panel with everything it needs, and stops all of it together.

A dashboard is one or more processes. They live exactly as long as the launcher: Ctrl-C, SIGTERM or a closed terminal
ends them all, and so does the end of one that cannot be started once more, or that was.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import time
from pathlib import Path

from deepcave_symbolic.dashboard.launcher.door import entrance, new_token
from deepcave_symbolic.dashboard.launcher.host import Host, Starting, say, warn
from deepcave_symbolic.dashboard.launcher.options import HOST_APPS, DashboardOptions
from deepcave_symbolic.dashboard.launcher.processes import ChildError, Children, Stopped
from deepcave_symbolic.dashboard.launcher.session import Session
from deepcave_symbolic.dashboard.launcher.web import is_loopback, listen, open_browser
from deepcave_symbolic.exceptions import DeepcaveSymbolicError, InvalidArgumentError, RunFormatError
from deepcave_symbolic.words.names import visible_text

__all__ = ["DashboardOptions", "run_dashboard"]

_POLL = 0.1
#: What DeepCAVE's server ends with when somebody clicks on Exit.
_EXIT_CLICKED = 130


def run_dashboard(options: DashboardOptions) -> int:
    """Runs a dashboard until it is stopped, and returns the exit code: 0, or 1 if one of its processes failed.

    Raises:
        InvalidArgumentError: If an option is wrong, the port is in use or the given Redis cannot be used.
        MissingDependencyError: If what the app needs is not installed.
        RunFormatError: If none of several runs can be opened; of a single one what is wrong with it.
    """
    _validate(options)
    host = _host(options)
    roots = [_root(root) for root in options.roots]
    token = new_token()
    with Session() as session, contextlib.ExitStack() as stack, Children(session.logs) as children:
        try:
            listener = None if options.worker_only else listen(options.host, options.port)
            if listener is not None:
                stack.callback(listener.socket.close)  # open until then, for a server that takes over
            starting = Starting(lambda: _readable(host), roots, session, children, listener, token, stack)
            host.start(starting)
            _announce(host, starting)
            return _watch(children, host, starting)
        except Stopped:
            say("Stopping.")
            return 0
        except ChildError as error:
            children.stop()  # before the report, which says that nothing runs any more
            with contextlib.suppress(OSError):
                print(f"deepcave-symbolic: {visible_text(str(error))}", file=sys.stderr)
            return 1


def _host(options: DashboardOptions) -> Host:
    """Returns the app that is asked for: where nothing is said DeepCAVE, if it is installed."""
    deepcave, own = HOST_APPS
    name = options.host_app or (own if importlib.util.find_spec("deepcave") is None else deepcave)
    # Each is imported when it is asked for: whoever starts a server at once does not wait for what the other one needs.
    if name == deepcave:
        from deepcave_symbolic.dashboard.launcher.deepcave_host import DeepCAVEHost

        return DeepCAVEHost(options)
    from deepcave_symbolic.dashboard.own.host import OwnHost

    return OwnHost(options)


def _readable(host: Host) -> list[Path]:
    """Returns the runs that are asked for without those that cannot be read, of which it warns.

    Raises:
        DeepcaveSymbolicError: If none is left: the only reason that there is, or one that lists them.
    """
    from deepcave_symbolic.dashboard.launcher.runs import run_places

    found: list[Path] = []
    failed: dict[str, DeepcaveSymbolicError] = {}
    for run in host.options.runs:
        try:
            found += run_places(run, storages=host.opens_storages)
        except DeepcaveSymbolicError as error:
            failed[run] = error
    runs = dict.fromkeys(found)
    refused = host.refused(runs)
    left = [run for run in runs if run not in refused]
    if not left and len(failed) == 1 and not refused:
        raise next(iter(failed.values()))
    sentences = [f"{run} is not opened: {reason}" for run, reason in [*failed.items(), *refused.items()]]
    if sentences and not left:
        raise RunFormatError(" ".join(sentences), path=[*map(Path, failed), *refused][0])
    for sentence in sentences:
        warn(sentence)
    return left


def _announce(host: Host, starting: Starting) -> None:
    """Says where the dashboard is, and opens it."""
    listener, session, options = starting.listener, starting.session, host.options
    if listener is None:
        say(f"{host.summary}Logs: {session.logs}. Ctrl-C stops.")
        return
    if not is_loopback(listener.host):
        warn(
            f"The dashboard listens on {listener.host} without TLS: who can read that network can read its token, and "
            "with it use the dashboard and read your runs. An ssh tunnel to 127.0.0.1 is safer."
        )
    url = entrance(listener.url, starting.token)
    say(f"{host.name}: {url}")
    say(f"{host.summary}Logs: {session.logs}. Ctrl-C stops everything.")
    if options.browser:
        open_browser(url, session.folder)


def _watch(children: Children, host: Host, starting: Starting) -> int:
    """Returns once somebody clicks on Exit in the dashboard; raises if a process ends for good or a signal comes."""
    while True:
        child = children.dead()
        if child is not None and child.name == "server" and child.process.returncode == _EXIT_CLICKED:
            say("Exit was clicked in the dashboard. Stopping.")
            return 0
        try:
            children.check()
        except ChildError as error:
            if error.child.again or not host.start_again(error.child, starting):
                raise
            warn(f"The {error.child.name} {error.child.end} and was started once more. Its log: {error.child.log}")
        time.sleep(_POLL)


def _validate(options: DashboardOptions) -> None:
    if os.name != "posix":
        raise InvalidArgumentError("The dashboard needs Linux or macOS: it keeps its processes together by signals.")
    if options.worker_only and options.redis is None:
        raise InvalidArgumentError("--worker-only needs the --redis of the dashboard that it works for.")
    if options.worker_only and (options.runs or options.roots or options.port is not None):
        raise InvalidArgumentError("--worker-only starts no server: leave out RUN, --root and --port.")


def _root(path: str) -> str:
    folder = os.path.abspath(os.path.expanduser(path))
    if not os.path.isdir(folder):
        raise InvalidArgumentError(f"--root {path} is no folder. Name one below which runs may be opened in the page.")
    if os.pathsep in folder:
        raise InvalidArgumentError(f"{folder} contains {os.pathsep!r}, which separates folders here. Rename it.")
    return folder
