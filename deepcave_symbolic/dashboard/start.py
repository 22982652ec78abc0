"""Starts DeepCAVE with everything it needs, and stops all of it together.

A dashboard is one Redis, one or more workers and DeepCAVE's server. They live exactly as long as the launcher: Ctrl-C,
SIGTERM, a closed terminal or the end of any of them ends them all.
A second machine can lend its processors, see `deepcave-symbolic dashboard --help`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deepcave_symbolic.dashboard import ENVIRONMENT
from deepcave_symbolic.dashboard.launcher.door import cookie, entrance, new_token
from deepcave_symbolic.dashboard.launcher.processes import Child, ChildError, Children, Stopped
from deepcave_symbolic.dashboard.launcher.redis_server import (
    RedisAddress,
    find_redis_server,
    parse_address,
    socket_folder,
    start_redis,
)
from deepcave_symbolic.dashboard.launcher.runs import readable, run_folders, what_is_wrong
from deepcave_symbolic.dashboard.launcher.session import Session
from deepcave_symbolic.dashboard.launcher.web import Listener, is_loopback, listen, open_browser, wait_for_page
from deepcave_symbolic.exceptions import InvalidArgumentError, MissingDependencyError, RunFormatError
from deepcave_symbolic.process.optional import INSTALL_COMMANDS
from deepcave_symbolic.words.names import visible, visible_text
from deepcave_symbolic.words.numbers import counted

__all__ = ["DashboardOptions", "run_dashboard"]

#: Seconds for server and workers to get ready, also on a busy machine, and for the server to open a run.
START_LIMIT, RUN_LIMIT = 180.0, 5.0
_POLL = 0.1
#: What DeepCAVE's server ends with when somebody clicks on Exit.
_EXIT_CLICKED = 130
_LAUNCHER = Path(__file__).parent / "launcher"
# DeepCAVE imports <folder>.<file> and reads nothing at the path; a relative one adds no folder of ours to sys.path.
_CONFIG = "deepcave_symbolic/config.py"
_USER_CONFIG = "deepcave_symbolic/user_config.py"


@dataclass(frozen=True)
class DashboardOptions:
    """What to start.

    Args:
        runs: Run folders that are selected at the start, or folders above them.
        roots: Folders below which the page may open more runs; the current one where neither they nor runs are given.
        host: Where the server listens.
        port: The server's port, or None for a free one.
        workers: Worker processes here.
        redis: URL of a Redis to share, or None to start one.
        user_config: File with the user's own DeepCAVE Config.
        browser: Whether to open the browser.
        worker_only: Whether to start workers only, for a dashboard elsewhere on the same Redis.
    """

    runs: Sequence[str] = ()
    roots: Sequence[str] = ()
    host: str = "127.0.0.1"
    port: int | None = None
    workers: int = 1
    redis: str | None = None
    user_config: str | None = None
    browser: bool = True
    worker_only: bool = False


def run_dashboard(options: DashboardOptions) -> int:
    """Runs a dashboard until it is stopped, and returns the exit code: 0, or 1 if one of its processes failed.

    Raises:
        InvalidArgumentError: If an option is wrong, the port is in use or the given Redis cannot be used.
        MissingDependencyError: If DeepCAVE or a Redis is not installed.
        RunFormatError: If none of the runs can be opened.
        RunNotFoundError: If a run folder is missing.
    """
    _validate(options)
    runs = _readable([folder for run in options.runs for folder in run_folders(run)])
    roots = [_root(root) for root in options.roots]
    user_config = "" if options.user_config is None else _config_file(options.user_config)
    program, redis = "", None
    if options.redis is None:
        program = find_redis_server()
    else:
        redis = parse_address(options.redis)
        if problem := redis.problem():
            raise InvalidArgumentError(problem)
        if warning := redis.warning():
            _warn(warning)
    token = new_token()
    with Session() as session, contextlib.ExitStack() as folders, Children(session.logs) as children:
        try:
            listener = None if options.worker_only else listen(options.host, options.port)
            if redis is None:
                redis = start_redis(program, children, folder=Path(folders.enter_context(socket_folder())))
            settings = {
                "REDIS_ADDRESS": redis.address,
                "REDIS_PORT": str(redis.port),
                "CACHE_DIR": str(session.folder),
                "RUNS": os.pathsep.join(map(str, runs)),
                "ROOTS": os.pathsep.join(roots),
                "USER_CONFIG": user_config,
                "DASH_ADDRESS": "" if listener is None else listener.host,
                "DASH_PORT": "" if listener is None else str(listener.port),
            }
            _start_processes(options, redis, settings, listener, children, token=token)
            if listener is not None:
                _check_runs(runs, session)
            _announce(options, redis, listener, session, token=token)
            return _watch(children)
        except Stopped:
            _say("Stopping.")
            return 0
        except ChildError as error:
            children.stop()  # before the report, which says that nothing runs any more
            with contextlib.suppress(OSError):
                print(f"deepcave-symbolic: {visible_text(str(error))}", file=sys.stderr)
            return 1


def _start_processes(
    options: DashboardOptions,
    redis: RedisAddress,
    settings: Mapping[str, str],
    listener: Listener | None,
    children: Children,
    *,
    token: str,
) -> None:
    """Starts the server and the workers, and waits until they can be used."""
    config = _USER_CONFIG if settings["USER_CONFIG"] else _CONFIG
    # Settings of an outer dashboard are not for this one: an empty one counts as none.
    environment = {**os.environ, **{ENVIRONMENT + k: v for k, v in settings.items()}, "PYTHONUNBUFFERED": "1"}

    def start(name: str, script: str, *arguments: str, stdin: bytes = b"", pass_fds: Sequence[int] = ()) -> Child:
        command = [sys.executable, str(_LAUNCHER / script), "--config", config, *arguments]
        return children.start(name, command, environment=environment, stdin=stdin, pass_fds=pass_fds)

    server = None
    if listener is not None:
        fd = listener.socket.fileno()
        arguments = ("--fd", str(fd), "--host", listener.host)
        server = start("server", "server.py", *arguments, stdin=token.encode(), pass_fds=(fd,))
        # Only the server keeps the port, so that nobody waits for an answer after its end.
        listener.socket.close()
    keys = [f"deepcave-symbolic-{uuid.uuid4().hex}" for _ in range(options.workers)]
    workers = [start(f"worker {n}", "worker.py", "--name", key) for n, key in enumerate(keys, start=1)]
    if listener is not None and server is not None:
        n_runs = len(settings["RUNS"].split(os.pathsep))
        limit = START_LIMIT + RUN_LIMIT * n_runs
        wait_for_page(listener, server, children, cookie=cookie(listener.port, token), limit=limit)
    if workers:
        children.wait_until(
            lambda: redis.has_workers(keys), limit=START_LIMIT, child=workers[0], what="The workers were not ready"
        )


def _readable(found: Sequence[Path]) -> list[Path]:
    """Returns the runs without those that cannot be read, of which it warns; raises RunFormatError if none is left."""
    runs, refused = readable(dict.fromkeys(found))
    if refused and not runs:
        raise RunFormatError(" ".join(refused), path=found[0])
    for sentence in refused:
        _warn(sentence)
    return runs


def _check_runs(runs: Sequence[Path], session: Session) -> None:
    """Warns of runs that DeepCAVE could not open; raises RunFormatError if it opened none."""
    opened = set(session.selected_runs())
    failed = [run for run in runs if str(run) not in opened]
    if not failed:
        return
    reason = " ".join(filter(None, map(what_is_wrong, failed)))
    message = (
        f"DeepCAVE cannot open {', '.join(map(str, failed))}; {session.logs / 'server.log'} "
        f"says what each of its readers expected. {reason}"
    ).rstrip()
    if len(failed) == len(runs):
        raise RunFormatError(message, path=failed[0])
    _warn(message)


def _announce(
    options: DashboardOptions, redis: RedisAddress, listener: Listener | None, session: Session, *, token: str
) -> None:
    """Says where the dashboard is, and opens it."""
    count = counted(options.workers, "worker")
    if listener is None:
        _say(f"{count} at {redis.shown}. Logs: {session.logs}. Ctrl-C stops.")
        return
    if not is_loopback(listener.host):
        _warn(
            f"The dashboard listens on {listener.host} without TLS: who can read that network can read its token, and "
            "with it use the dashboard and read your runs. An ssh tunnel to 127.0.0.1 is safer."
        )
    url = entrance(listener.url, token)
    _say(f"DeepCAVE: {url}")
    _say(f"{count}. Logs: {session.logs}. Ctrl-C stops everything.")
    if options.browser:
        open_browser(url, session.folder)


def _watch(children: Children) -> int:
    """Returns once somebody clicks on Exit in the dashboard; raises if a process ends or a signal comes."""
    while True:
        child = children.dead()
        if child is not None and child.name == "server" and child.process.returncode == _EXIT_CLICKED:
            _say("Exit was clicked in the dashboard. Stopping.")
            return 0
        children.check()
        time.sleep(_POLL)


def _validate(options: DashboardOptions) -> None:
    if os.name != "posix":
        raise InvalidArgumentError("The dashboard needs Linux or macOS: rq, which runs its jobs, forks processes.")
    if importlib.util.find_spec("deepcave") is None:
        raise MissingDependencyError(
            "The dashboard needs the package 'deepcave', which is not installed. "
            f"Install: {INSTALL_COMMANDS['deepcave']}"
        )
    if options.workers < 0 or (options.workers == 0 and (options.redis is None or options.worker_only)):
        raise InvalidArgumentError(
            f"--workers {options.workers} leaves nobody to compute; "
            "0 is for a dashboard whose --redis has workers elsewhere."
        )
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


def _config_file(path: str) -> str:
    file = Path(path).expanduser()
    if not file.is_file():
        raise InvalidArgumentError(f"--user-config {path} is no file.")
    file = Path(os.path.abspath(file))
    if file.suffix != ".py" or "." in file.stem or "." in file.parent.name:
        raise InvalidArgumentError(
            f"--user-config {path} is imported as <folder>.<file>: "
            "both need names without a dot, and the file ends in .py."
        )
    return str(file)


def _say(message: str) -> None:
    with contextlib.suppress(OSError):  # the terminal was closed, or `head` has seen enough
        print(visible(message), flush=True)


def _warn(message: str) -> None:
    with contextlib.suppress(OSError):
        print(f"deepcave-symbolic: warning: {visible(message)}", file=sys.stderr, flush=True)
