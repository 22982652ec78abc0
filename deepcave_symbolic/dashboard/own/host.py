"""The app of our own, for whoever starts it: one process that serves, and jobs that it starts itself."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import re
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from deepcave_symbolic.dashboard.launcher.host import Host, Starting
from deepcave_symbolic.dashboard.launcher.options import DashboardOptions
from deepcave_symbolic.dashboard.launcher.processes import Child
from deepcave_symbolic.exceptions import DeepcaveSymbolicError, InvalidArgumentError, MissingDependencyError
from deepcave_symbolic.process.optional import INSTALL_COMMANDS
from deepcave_symbolic.process.partial_import import names_when_used

if TYPE_CHECKING:
    from deepcave_symbolic.dashboard.own.offer import Offer

__all__ = ["OwnHost", "missing"]

_SERVER = Path(__file__).parent / "server.py"
#: The first major versions that it runs on, by distribution.
_NEEDED = {"dash": 3, "dash-bootstrap-components": 2}
#: What Dash's background callbacks need.
_MODULES = ("diskcache", "multiprocess", "psutil")
#: Questions that are computed at once, where nothing is said and there are not more processors.
_LEAST = 2
_BASE_PATH = re.compile(r"/(?:[\w.~@%+-]+/)*", re.ASCII)


class OwnHost(Host):
    """The app of our own.

    Args:
        options: What is asked for.

    Raises:
        InvalidArgumentError: If an option is DeepCAVE's.
        MissingDependencyError: If Dash is missing or too old.
    """

    name = "Symbolic Formulas"
    opens_storages = True

    def __init__(self, options: DashboardOptions) -> None:
        super().__init__(options)
        self._offers: list[Offer] = []
        given = {
            "--redis": options.redis is not None,
            "--worker-only": options.worker_only,
            "--user-config": options.user_config is not None,
        }
        if names := [name for name, is_given in given.items() if is_given]:
            raise InvalidArgumentError(
                f"{names[0]} is for the dashboard in DeepCAVE; this one starts a process for every question by "
                "itself. Leave it out, or use --host-app deepcave, on Python 3.10."
            )
        self._workers = max(_LEAST, _processors()) if options.workers is None else options.workers
        if self._workers < 1:
            raise InvalidArgumentError(f"--workers {options.workers} leaves nobody to compute; expected 1 or more.")
        self._base_path = "/" if options.base_path is None else _base_path(options.base_path)
        if lack := missing():
            raise MissingDependencyError(
                f"The dashboard without DeepCAVE needs {lack}. Install: {INSTALL_COMMANDS['dash']}"
            )

    def refused(self, runs: Iterable[Path]) -> dict[Path, str]:
        """Returns what is wrong with each run that our own reader does not read, and notes what the others offer."""
        # With all that it needs: after the server is started. Most of that would be scipy.stats, which ConfigSpace has
        # for distributions that nobody asks here.
        with names_when_used("scipy.stats", "scipy.stats._distn_infrastructure"):
            importlib.import_module("ConfigSpace")
        from deepcave_symbolic.dashboard.own.offer import Offer

        reasons = {}
        for run in runs:
            try:
                self._offers.append(Offer.of(str(run)))
            except DeepcaveSymbolicError as error:
                reasons[run] = str(error)
        return reasons

    @property
    def summary(self) -> str:
        """Where the page is behind a proxy; there are no workers to count."""
        if self._base_path == "/":
            return ""
        return f"Behind the proxy the path begins with {self._base_path}, the rest is as above. "

    def start(self, starting: Starting) -> None:
        """Starts the server, and waits until it answers."""
        self._start_server(starting)

    def start_again(self, dead: Child, starting: Starting) -> bool:
        """Starts the server once more where the pages expect it; whoever asks meanwhile waits."""
        starting.children.drop(dead)
        self._start_server(starting, again=True)
        return True

    def _start_server(self, starting: Starting, *, again: bool = False) -> None:
        listener = starting.listener
        assert listener is not None
        arguments = ("--base-path", self._base_path, "--workers", str(self._workers), *(["--again"] if again else []))
        server = starting.server(listener, _SERVER, *arguments, settings={}, again=again, later=True)
        # While it imports, the runs are read.
        runs = list(map(str, starting.runs))
        offers = [offer.to_dict() for offer in self._offers]
        server.tell(json.dumps({"token": starting.token, "runs": runs, "offers": offers}).encode())
        starting.wait_for(listener, server)


def _processors() -> int:
    """Returns how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _base_path(path: str) -> str:
    if not _BASE_PATH.fullmatch(path):
        raise InvalidArgumentError(
            f"--base-path is {path!r}; expected what a proxy cuts off, with / at both ends, such as "
            "/user/me/proxy/8050/."
        )
    return path


def missing() -> str:
    """Returns what is missing or too old, in words; empty where nothing is."""
    for name, needed in _NEEDED.items():
        try:
            found = version(name)
        except PackageNotFoundError:
            return f"the package {name!r}, which is not installed"
        major = re.match(r"\d+", found)
        if major is None or int(major[0]) < needed:
            return f"{name} {needed} or later; {found} is installed, perhaps for DeepCAVE, which needs an old one"
    for name in _MODULES:
        if importlib.util.find_spec(name) is None:
            return f"the package {name!r}, which is not installed"
    return ""
