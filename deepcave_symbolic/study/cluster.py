"""Workers of a Dask cluster that runs already (`scheduler="tcp://HOST:PORT"`), one explanation per worker at a time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from deepcave_symbolic.exceptions import DeepcaveSymbolicError, InvalidArgumentError, SchedulerError, WorkerError
from deepcave_symbolic.process.optional import import_optional
from deepcave_symbolic.study.content import versions

__all__ = ["Cluster", "check_address"]

#: Seconds to reach the scheduler, and for it to have a worker.
_REACH, _WORKERS = 8.0, 10.0
# Two classes until Python 3.11; dask raises either.
_TIMEOUTS = (TimeoutError, asyncio.TimeoutError)


def check_address(scheduler: str) -> str:
    """Returns the address of a scheduler.

    Raises:
        InvalidArgumentError: If it is none.
    """
    if not isinstance(scheduler, str) or not re.fullmatch(r"(tcp|tls)://(\[[^\]\s/]+\]|[^\s/:]+):\d{1,5}", scheduler):
        raise InvalidArgumentError(
            f"The scheduler is {scheduler!r}; expected an address such as tcp://HOST:8786 (or tls://), as `dask "
            "scheduler` prints it."
        )
    return scheduler


class Cluster:
    """A pool of the workers that a Dask scheduler has.

    Args:
        scheduler: Its address.

    Raises:
        MissingDependencyError: If dask's package `distributed` is not installed.
        SchedulerError: If it is not reached, has no workers, or one of them does not fit.
    """

    def __init__(self, scheduler: str) -> None:
        self.scheduler = check_address(scheduler)
        distributed = import_optional("distributed", purpose="A Dask scheduler")
        self._loud = _silence()
        try:
            self._client = distributed.Client(scheduler, timeout=_REACH, set_as_default=False)
        except (OSError, *_TIMEOUTS, TypeError, ValueError) as error:
            self._unsilence()
            raise SchedulerError(
                f"No Dask scheduler answered at {scheduler} within {_REACH:g} seconds ({_reason(error)}). Start "
                "one with `dask scheduler`, or check the address and the firewall.",
                scheduler=scheduler,
            ) from error
        self._executor = self._client.get_executor(pure=False)
        try:
            self._wait_for_workers()
            self._check_workers()
        except BaseException:
            self.close()
            raise

    def n_workers(self) -> int:
        """Returns how many worker processes there are now, at least one: some may come."""
        with contextlib.suppress(OSError, *_TIMEOUTS):
            if self._client.status == "running":
                return max(1, len(self._client.nthreads()))
        return 1

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        """Has a worker call a function; another one does where it goes away."""
        future: Future[Any] = self._executor.submit(_one_at_a_time, function, *arguments)
        return future

    def failed(self, error: BaseException) -> DeepcaveSymbolicError:
        """Returns what to tell about something that was not brought back.

        Raises:
            SchedulerError: If the scheduler is gone.
        """
        if self._client.status != "running":
            raise SchedulerError(
                f"The Dask scheduler at {self.scheduler} does not answer any more. Start the command again; with an "
                "output folder it goes on where it was.",
                scheduler=self.scheduler,
            ) from error
        if type(error).__name__ == "KilledWorker":
            return WorkerError("The Dask workers that computed this ended: they were killed, or memory was short.")
        return WorkerError(f"A Dask worker did not bring this back: {_reason(error)}")

    def close(self) -> None:
        """Takes back what is not finished, and leaves the cluster."""
        with contextlib.suppress(Exception):
            if self._client.status == "running":
                self._executor.shutdown(wait=False)
            self._client.close(timeout=2)
        self._unsilence()

    def _unsilence(self) -> None:
        for name, level in self._loud.items():
            logging.getLogger(name).setLevel(level)

    def _wait_for_workers(self) -> None:
        try:
            self._client.wait_for_workers(1, timeout=_WORKERS)
        except _TIMEOUTS as error:
            raise SchedulerError(
                f"The Dask scheduler at {self.scheduler} has no workers. Start some with `dask worker {self.scheduler} "
                "--nthreads 1 --nworkers -1`.",
                scheduler=self.scheduler,
            ) from error

    def _check_workers(self) -> None:
        """Refuses workers without this package or with other versions: their formulas could differ."""
        ours = _installed()
        for worker, theirs in self._client.run(_installed, on_error="return").items():
            if isinstance(theirs, BaseException):
                raise SchedulerError(
                    f"The Dask worker {worker} cannot run deepcave-symbolic ({_reason(theirs)}). Install it there: pip "
                    f"install deepcave-symbolic=={ours['deepcave-symbolic']}",
                    scheduler=self.scheduler,
                )
            for package, version in ours.items():
                if theirs.get(package) != version:
                    raise SchedulerError(
                        f"The Dask worker {worker} has {package} {theirs.get(package)}, this machine has {version}; "
                        "results could differ. Install the same version on both.",
                        scheduler=self.scheduler,
                    )


_alone = threading.Lock()


def _one_at_a_time(function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls a function while no other thread of a worker does."""
    with _alone:
        return function(*arguments)


def _installed() -> dict[str, str]:
    """Returns the versions of what decides a result, Python's among them."""
    return {**versions(), "Python": ".".join(map(str, sys.version_info[:2]))}


def _reason(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


def _silence() -> dict[str, int]:
    """Keeps dask's log off the terminal: what matters is said in an error. Returns the levels before."""
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "distributed"]
    before = {name: logging.getLogger(name).level for name in ("distributed", *names)}
    for name in before:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    return before
