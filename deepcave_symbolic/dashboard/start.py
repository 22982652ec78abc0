"""Starts DeepCAVE with everything it needs, and stops all of it together.

A dashboard is one Redis, one or more workers and DeepCAVE's server. They live exactly as long as the launcher: Ctrl-C,
SIGTERM, a closed terminal or the end of any of them ends them all.

A second machine lends its processors like this (the runs must lie under the same paths on both, for example on a
network file system, and the versions of the packages must be the same)::

    first$  deepcave-symbolic dashboard RUN --redis rediss://:PASSWORD@redis.example.org
    second$ deepcave-symbolic dashboard --worker-only --redis rediss://:PASSWORD@redis.example.org

The Redis is one that somebody runs for the two; `--workers 0` on the first leaves the computing to the others. One
dashboard a Redis: two would take each other's results.
"""

from __future__ import annotations

import contextlib
import http
import importlib.util
import os
import sys
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deepcave_symbolic.dashboard.launcher.processes import Child, ChildError, Children
from deepcave_symbolic.dashboard.launcher.redis_server import (
    RedisAddress,
    find_redis_server,
    parse_address,
    start_redis,
)
from deepcave_symbolic.dashboard.launcher.runs import run_folder, what_is_wrong
from deepcave_symbolic.dashboard.launcher.session import Session
from deepcave_symbolic.dashboard.launcher.stopping import Signals, Stopped
from deepcave_symbolic.dashboard.launcher.web import Listener, is_loopback, listen, open_browser, wait_for_answer
from deepcave_symbolic.exceptions import InvalidArgumentError, MissingDependencyError, RunFormatError

__all__ = ["DashboardOptions", "run_dashboard"]

#: Seconds for server and workers to get ready.
START_LIMIT = 60.0
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
        runs: Run folders that are selected at the start.
        host: Where the server listens.
        port: The server's port, or None for a free one.
        workers: Worker processes here.
        redis: URL of a Redis to share, or None to start one.
        user_config: File with the user's own DeepCAVE Config.
        browser: Whether to open the browser.
        worker_only: Whether to start workers only, for a dashboard elsewhere on the same Redis.
    """

    runs: Sequence[str] = ()
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
        RunFormatError: If DeepCAVE can open none of the runs.
        RunNotFoundError: If a run folder is missing.
    """
    _validate(options)
    runs = list(dict.fromkeys(run_folder(run) for run in options.runs))
    user_config = None if options.user_config is None else _config_file(options.user_config)
    shared = None if options.redis is None else parse_address(options.redis)
    program = find_redis_server() if shared is None else None
    if shared is not None:
        shared.check()
        warning = shared.warning()
        if warning:
            _warn(warning)
    # The signals come first and go last: nothing may end this process while its children run.
    with Signals() as signals, Session() as session, Children(session.logs) as children:
        try:
            listener = None if options.worker_only else listen(options.host, options.port)
            if program is not None:
                shared = start_redis(program, children, folder=session.folder, check=signals.check)
            assert shared is not None  # one of both is there
            environment = _environment(shared, session, runs, user_config, listener)
            dashboard = _Dashboard(options, shared, environment, session, children, signals)
            dashboard.start(listener)
            dashboard.announce(listener, runs)
            return dashboard.watch()
        except Stopped:
            _say("Stopping.")
            return 0
        except ChildError as error:
            children.stop()  # before the report, which says that nothing runs any more
            with contextlib.suppress(OSError):
                print(f"deepcave-symbolic: {error}", file=sys.stderr)
            return 1


@dataclass(frozen=True)
class _Dashboard:
    """Workers and server of one dashboard; Redis runs already.

    Args:
        options: What to start.
        redis: The Redis they share.
        environment: Environment of every process.
        session: The cache folder.
        children: Starts and stops them.
        signals: Knows whether to go on.
    """

    options: DashboardOptions
    redis: RedisAddress
    environment: dict[str, str]
    session: Session
    children: Children
    signals: Signals

    def start(self, listener: Listener | None) -> None:
        """Starts the server and the workers, and waits until they can be used."""
        server = None if listener is None else self._start_server(listener)
        workers = {
            f"deepcave-symbolic-{uuid.uuid4().hex}": f"worker {number}" for number in range(1, self.options.workers + 1)
        }
        started = [self._start(name, "worker.py", "--name", key) for key, name in workers.items()]
        deadline = time.monotonic() + START_LIMIT
        if listener is not None and server is not None:
            status = wait_for_answer(listener, limit=START_LIMIT, check=self.check)
            if status != http.HTTPStatus.OK:
                found = (
                    f"answered with HTTP status {status}" if status else f"did not answer within {START_LIMIT:.0f} s"
                )
                raise ChildError(f"The server {found}.", child=server)
        while not self._registered(workers):
            self.check()
            if time.monotonic() > deadline:
                raise ChildError(f"The workers were not ready within {START_LIMIT:.0f} s.", child=started[0])
            time.sleep(_POLL)

    def announce(self, listener: Listener | None, runs: Sequence[Path]) -> None:
        """Says where the dashboard is, and opens it."""
        count = f"{self.options.workers} worker{'s' * (self.options.workers != 1)}"
        if listener is None:
            _say(f"{count} at {self.redis.shown}. Logs: {self.session.logs}. Ctrl-C stops.")
            return
        self._check_runs(runs)
        if not is_loopback(listener.host):
            _warn(
                f"The dashboard listens on {listener.host} and asks for no password: "
                "who can reach this machine's port can use it and read your runs."
            )
        _say(f"DeepCAVE: {listener.url}")
        _say(f"{count}. Logs: {self.session.logs}. Ctrl-C stops everything.")
        if self.options.browser:
            open_browser(listener.url)

    def watch(self) -> int:
        """Returns once somebody clicks on Exit in the dashboard; raises if a process ends or a signal comes."""
        while True:
            self.signals.check()
            child = self.children.dead()
            if child is not None and child.name == "server" and child.process.returncode == _EXIT_CLICKED:
                _say("Exit was clicked in the dashboard. Stopping.")
                return 0
            self.children.check()
            time.sleep(_POLL)

    def check(self) -> None:
        """Raises if somebody asked to end, or a process has ended."""
        self.signals.check()
        self.children.check()

    def _start_server(self, listener: Listener) -> Child:
        fd = listener.socket.fileno()
        server = self._start("server", "server.py", "--fd", str(fd), "--host", listener.host, pass_fds=(fd,))
        # Only the server keeps the port, so that nobody waits for an answer after its end.
        listener.socket.close()
        return server

    def _start(self, name: str, script: str, *arguments: str, pass_fds: Sequence[int] = ()) -> Child:
        config = _CONFIG if self.options.user_config is None else _USER_CONFIG
        command = [sys.executable, str(_LAUNCHER / script), "--config", config, *arguments]
        return self.children.start(name, command, environment=self.environment, pass_fds=pass_fds)

    def _registered(self, workers: Iterable[str]) -> bool:
        import redis

        # rq's own set of workers; importing rq for its name would cost half a second.
        try:
            with self.redis.connect() as connection:
                known = connection.smembers("rq:workers")
        except (redis.RedisError, OSError):
            return False  # a Redis of ours that has ended is noticed as such
        return {f"rq:worker:{key}".encode() for key in workers} <= set(known)

    def _check_runs(self, runs: Sequence[Path]) -> None:
        opened = set(self.session.selected_runs())
        failed = [run for run in runs if str(run) not in opened]
        if not failed:
            return
        reason = " ".join(filter(None, map(what_is_wrong, failed)))
        message = (
            f"DeepCAVE cannot open {', '.join(map(str, failed))}; {self.session.logs / 'server.log'} "
            f"says what each of its readers expected. {reason}"
        ).rstrip()
        if len(failed) == len(runs):
            raise RunFormatError(message, path=failed[0])
        _warn(message)


def _validate(options: DashboardOptions) -> None:
    if os.name != "posix":
        raise InvalidArgumentError("The dashboard needs Linux or macOS: rq, which runs its jobs, forks processes.")
    if importlib.util.find_spec("deepcave") is None:
        hint = (
            "pip install deepcave==1.4.1"
            if sys.version_info < (3, 11)
            else f"DeepCAVE 1.4.1 runs on Python 3.9 and 3.10 only, this is {sys.version_info[0]}.{sys.version_info[1]}"
        )
        raise MissingDependencyError(f"The dashboard needs the package 'deepcave', which is not installed: {hint}.")
    if options.workers < 0 or (options.workers == 0 and (options.redis is None or options.worker_only)):
        raise InvalidArgumentError(
            f"--workers {options.workers} leaves nobody to compute; "
            "0 is for a dashboard whose --redis has workers elsewhere."
        )
    if options.worker_only and options.redis is None:
        raise InvalidArgumentError("--worker-only needs the --redis of the dashboard that it works for.")
    if options.worker_only and (options.runs or options.port is not None):
        raise InvalidArgumentError("--worker-only starts no server: leave out RUN and --port.")


def _config_file(path: str) -> Path:
    file = Path(path).expanduser()
    if not file.is_file():
        raise InvalidArgumentError(f"--user-config {path} is no file.")
    file = Path(os.path.abspath(file))
    if file.suffix != ".py" or "." in file.stem or "." in file.parent.name:
        raise InvalidArgumentError(
            f"--user-config {path} is imported as <folder>.<file>: "
            "both need names without a dot, and the file ends in .py."
        )
    return file


def _environment(
    redis: RedisAddress, session: Session, runs: Sequence[Path], user_config: Path | None, listener: Listener | None
) -> dict[str, str]:
    settings = {
        "REDIS_ADDRESS": redis.address,
        "REDIS_PORT": str(redis.port),
        "CACHE_DIR": str(session.folder),
        "RUNS": os.pathsep.join(map(str, runs)),
        "USER_CONFIG": "" if user_config is None else str(user_config),
        "DASH_ADDRESS": "" if listener is None else listener.host,
        "DASH_PORT": "" if listener is None else str(listener.port),
    }
    prefix = "DEEPCAVE_SYMBOLIC_"
    # Settings of an outer dashboard are not for this one.
    environment = {name: value for name, value in os.environ.items() if name not in {prefix + s for s in settings}}
    given = {prefix + name: value for name, value in settings.items() if value}
    return {**environment, **given, "PYTHONUNBUFFERED": "1"}


def _say(message: str) -> None:
    with contextlib.suppress(OSError):  # the terminal was closed, or `head` has seen enough
        print(message, flush=True)


def _warn(message: str) -> None:
    with contextlib.suppress(OSError):
        print(f"deepcave-symbolic: warning: {message}", file=sys.stderr, flush=True)
