"""DeepCAVE with the panel: its server, workers, and the Redis between them.

A second machine can lend its processors, see `deepcave-symbolic dashboard --help`.
"""

from __future__ import annotations

import importlib.util
import os
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path

from deepcave_symbolic.dashboard.launcher.host import START_LIMIT, Host, Starting, warn
from deepcave_symbolic.dashboard.launcher.options import DashboardOptions
from deepcave_symbolic.dashboard.launcher.processes import Child
from deepcave_symbolic.dashboard.launcher.redis_server import (
    RedisAddress,
    find_redis_server,
    parse_address,
    socket_folder,
    start_redis,
)
from deepcave_symbolic.dashboard.launcher.runs import unreadable, what_is_wrong
from deepcave_symbolic.dashboard.launcher.session import Session
from deepcave_symbolic.dashboard.launcher.web import Listener
from deepcave_symbolic.exceptions import InvalidArgumentError, MissingDependencyError, RunFormatError
from deepcave_symbolic.process.optional import INSTALL_COMMANDS
from deepcave_symbolic.words.numbers import counted

__all__ = ["DeepCAVEHost"]

_HERE = Path(__file__).parent
# DeepCAVE imports <folder>.<file> and reads nothing at the path; a relative one adds no folder of ours to sys.path.
_CONFIG = "deepcave_symbolic/config.py"
_USER_CONFIG = "deepcave_symbolic/user_config.py"


class DeepCAVEHost(Host):
    """DeepCAVE.

    Args:
        options: What is asked for.

    Raises:
        InvalidArgumentError: If an option is wrong or the given Redis cannot be used.
        MissingDependencyError: If DeepCAVE or a Redis is not installed.
    """

    name = "DeepCAVE"

    def __init__(self, options: DashboardOptions) -> None:
        super().__init__(options)
        if importlib.util.find_spec("deepcave") is None:
            raise MissingDependencyError(
                "The dashboard in DeepCAVE needs the package 'deepcave', which is not installed. "
                f"Install: {INSTALL_COMMANDS['deepcave']}"
            )
        if options.base_path is not None:
            raise InvalidArgumentError(
                "--base-path is for the dashboard without DeepCAVE, which stands at / only. Use --host-app own."
            )
        self._n_workers = 1 if options.workers is None else options.workers
        if self._n_workers < 0 or (self._n_workers == 0 and (options.redis is None or options.worker_only)):
            raise InvalidArgumentError(
                f"--workers {options.workers} leaves nobody to compute; "
                "0 is for a dashboard whose --redis has workers elsewhere."
            )
        self._user_config = "" if options.user_config is None else _config_file(options.user_config)
        self._config = ("--config", _USER_CONFIG if self._user_config else _CONFIG)
        #: What Redis knows the workers by.
        self._keys: dict[str, str] = {}
        self._program = ""
        self._redis: RedisAddress | None = None
        if options.redis is None:
            self._program = find_redis_server()
            return
        self._redis = parse_address(options.redis)
        if problem := self._redis.problem():
            raise InvalidArgumentError(problem)
        if warning := self._redis.warning():
            warn(warning)

    def refused(self, runs: Iterable[Path]) -> dict[Path, str]:
        """Returns what is wrong with each SMAC 2 run that cannot be read; all others DeepCAVE may try."""
        return unreadable(runs)

    @property
    def summary(self) -> str:
        """The number of workers, and where they are alone."""
        at = f" at {self._redis.shown}" if self.options.worker_only and self._redis is not None else ""
        return f"{counted(self._n_workers, 'worker')}{at}. "

    def start(self, starting: Starting) -> None:
        """Starts Redis, the server and the workers, and waits until they can be used."""
        if self._redis is None:
            folder = Path(starting.stack.enter_context(socket_folder()))
            self._redis = start_redis(self._program, starting.children, folder=folder)
        redis, listener = self._redis, starting.listener
        server = None if listener is None else self._start_server(starting, listener)
        workers = [self._start_worker(starting, f"worker {n}") for n in range(1, self._n_workers + 1)]
        if listener is not None and server is not None:
            starting.wait_for(listener, server)
        if workers:
            keys, what = self._keys.values(), "The workers were not ready"
            starting.children.wait_until(
                lambda: redis.has_workers(keys), limit=START_LIMIT, child=workers[0], what=what
            )
        if listener is not None:
            _check_runs(starting.runs, starting.session)

    def start_again(self, dead: Child, starting: Starting) -> bool:
        """Starts the server or a worker once more, which does the job again that the other one was at.

        With the Redis that was started here all that pages and workers wait for is lost.
        """
        if dead.name == "redis":
            return False
        starting.children.drop(dead)
        # Nobody waits here: whoever asks the server does, and jobs do, in Redis.
        if dead.name in self._keys:
            self._start_worker(starting, dead.name, "--in-place-of", self._keys[dead.name], again=True)
        elif starting.listener is not None:
            self._start_server(starting, starting.listener, again=True)
        return True

    def _start_server(self, starting: Starting, listener: Listener, *, again: bool = False) -> Child:
        script, settings = _HERE / "server.py", self._settings
        return starting.server(listener, script, *self._config, settings=settings, again=again)

    def _start_worker(self, starting: Starting, name: str, *arguments: str, again: bool = False) -> Child:
        key = self._keys[name] = f"deepcave-symbolic-{uuid.uuid4().hex}"
        given = (*self._config, *arguments, "--name", key)
        return starting.process(name, _HERE / "worker.py", *given, settings=self._settings, again=again)

    @property
    def _settings(self) -> dict[str, str]:
        assert self._redis is not None
        return {
            "REDIS_ADDRESS": self._redis.address,
            "REDIS_PORT": str(self._redis.port),
            "USER_CONFIG": self._user_config,
        }


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
    warn(message)


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
