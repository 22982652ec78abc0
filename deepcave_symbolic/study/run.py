"""Carries a plan out: finds what is finished, has the rest computed, stores every explanation as it comes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from deepcave_symbolic.exceptions import DeepcaveSymbolicError, InvalidArgumentError
from deepcave_symbolic.process.interrupts import stopping_others
from deepcave_symbolic.study.cluster import Cluster
from deepcave_symbolic.study.plan import PlannedRun
from deepcave_symbolic.study.processes import Processes, n_workers
from deepcave_symbolic.study.schedule import Computed, Result, Stored, computed, computed_here
from deepcave_symbolic.study.store import Store
from deepcave_symbolic.study.study import Failure, Study, StudyRecord

__all__ = ["Workers", "run_study"]


@dataclass(frozen=True)
class Workers:
    """Who computes.

    Args:
        n_jobs: Processes on this machine; None for this one alone, -1 for one a core.
        scheduler: Address of a Dask scheduler whose workers do it instead.
    """

    n_jobs: int | None = None
    scheduler: str | None = None

    def __post_init__(self) -> None:
        """Refuses both at once."""
        if self.scheduler is not None and self.n_jobs is not None:
            raise InvalidArgumentError(
                "Give n_jobs for processes of this machine or scheduler for a cluster, not both."
            )
        n_workers(self.n_jobs)

    @property
    def count(self) -> int:
        """How many processes of this machine."""
        return n_workers(self.n_jobs)


def run_study(
    planned: Sequence[PlannedRun],
    workers: Workers,
    *,
    folder: str | os.PathLike[str] | None = None,
    progress: Callable[[Sequence[Any]], Any] | None = None,
    found: Callable[[int, int], None] | None = None,
) -> Study:
    """Returns the explanations of all planned runs; failures are in the record and stop nothing else.

    Args:
        planned: What to explain.
        workers: Who does it.
        folder: Where finished explanations are kept, which are not computed again.
        progress: Wraps the list of what is to be computed, such as `tqdm.tqdm`; advances when one is finished.
        found: Told how many explanations of how many the output folder has.

    Raises:
        InvalidArgumentError: If the output folder cannot be used.
        SchedulerError: If the scheduler cannot be used.
    """
    record = _Record(planned, None if folder is None else Store(folder, [run.run for run in planned]))
    missing = record.missing()
    n_found = len(record.places) - sum(len(run.names) for run in missing)
    if found is not None and folder is not None:
        found(n_found, len(record.places))
    names = [names for run in missing for names in run.names]
    ticks = iter(progress(names) if progress is not None else names)
    next(ticks, None)  # a bar counts an item when the next one is asked for
    with contextlib.closing(_computed(missing, workers, record.has_now)) as results:
        for run, of, result in results:
            record.add(run, of, result)
            next(ticks, None)
    return record.study(n_found)


def _computed(runs: Sequence[PlannedRun], workers: Workers, stored: Stored) -> Generator[Computed, None, None]:
    """Yields what there is to say of every run, as it comes; the workers have ended when it is closed."""
    count = min(workers.count, sum(len(run.names) for run in runs))
    if workers.scheduler is None and count <= 1:
        yield from computed_here(runs, stored)
    elif runs:
        pool = Processes(count) if workers.scheduler is None else Cluster(workers.scheduler)
        with stopping_others(), contextlib.closing(pool):
            yield from computed(runs, pool, stored)


class _Record:
    """What a study has so far."""

    def __init__(self, planned: Sequence[PlannedRun], store: Store | None) -> None:
        self._planned = planned
        self._store = store
        self.places = [(run.label, names) for run in planned for names in run.names]
        self._records: dict[tuple[str, tuple[str, ...]], StudyRecord] = {}
        self._failures: dict[tuple[str, tuple[str, ...]], Failure] = {}

    def has_now(self, run: PlannedRun, names: tuple[str, ...]) -> bool:
        """Tells whether the output folder has an explanation, of this command or of another one that runs beside it."""
        explanation = None if self._store is None else self._store.find(run, names)
        if explanation is not None:
            self._records[run.label, names] = StudyRecord(run.label, explanation, found=True)
        return explanation is not None

    def missing(self) -> list[PlannedRun]:
        """Returns the runs that have explanations to be computed, with those alone."""
        left = [replace(run, names=tuple(n for n in run.names if not self.has_now(run, n))) for run in self._planned]
        return [run for run in left if run.names]

    def add(self, run: PlannedRun, names: tuple[str, ...] | None, result: Result) -> None:
        """Keeps an explanation, and stores it at once; or what failed, with None as names that of the whole run."""
        if isinstance(result, DeepcaveSymbolicError):
            failure = Failure(run.label, names or (), result)
            self._failures[failure.run, failure.hyperparameters] = failure
        else:
            assert names is not None
            if self._store is not None:
                self._store.write(run, names, result)
            self._records[run.label, names] = StudyRecord(run.label, result)

    def study(self, n_found: int) -> Study:
        """Returns the record of it all, in an order that does not depend on who was faster."""
        order = {run.label: i for i, run in enumerate(self._planned)}
        records = [self._records[place] for place in self.places if place in self._records]
        records.sort(key=lambda record: (order[record.run], -record.explanation.range))
        places = [place for run in self._planned for place in ((run.label, ()), *((run.label, n) for n in run.names))]
        failures = [self._failures[place] for place in places if place in self._failures]
        return Study(tuple(records), tuple(failures), n_found)
