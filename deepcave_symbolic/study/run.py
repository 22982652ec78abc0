"""Carries a plan out: finds what is finished, has the rest computed, stores every explanation as it comes."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

from deepcave_symbolic.exceptions import InvalidArgumentError, WorkerError
from deepcave_symbolic.explanation import Explanation, Unexplained
from deepcave_symbolic.process.interrupts import stopping_others
from deepcave_symbolic.study.cluster import Cluster
from deepcave_symbolic.study.plan import PlannedRun
from deepcave_symbolic.study.processes import Processes, n_workers
from deepcave_symbolic.study.schedule import completed, completed_here
from deepcave_symbolic.study.store import Store
from deepcave_symbolic.study.study import Failure, Study, StudyRecord
from deepcave_symbolic.study.tasks import Outcome, Task

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
    job = _Job(planned, None if folder is None else Store(folder, [run.source.run for run in planned]))
    n_found = len(job.records)
    if found is not None and folder is not None:
        found(n_found, job.total)
    tasks = [task for task in job.tasks if task.index not in job.records]
    ticks = iter(progress([task.names for task in tasks]) if progress is not None else tasks)
    next(ticks, None)  # a bar counts an item when the next one is asked for
    with contextlib.closing(_computed(tasks, workers, job.stored)) as outcomes:
        for task, outcome in outcomes:
            job.finish(task, outcome)
            next(ticks, None)
    return job.study(n_found)


def _computed(
    tasks: Sequence[Task], workers: Workers, stored: Callable[[Task], Outcome | None]
) -> Generator[tuple[Task, Outcome], None, None]:
    if not tasks:
        return
    if workers.scheduler is not None:
        with stopping_others(), contextlib.closing(Cluster(workers.scheduler)) as cluster:
            yield from completed(tasks, cluster, stored)
        return
    count = min(n_workers(workers.n_jobs), len(tasks))
    if count == 1:
        yield from completed_here(tasks, stored)
        return
    with stopping_others(), contextlib.closing(Processes(count)) as processes:
        yield from completed(tasks, processes, stored)


class _Job:
    """The state of a study that is being carried out."""

    def __init__(self, planned: Sequence[PlannedRun], store: Store | None) -> None:
        self._store = store
        places = [(run, names) for run in planned for names in run.names]
        self._places = places
        self.total = len(places)
        # Workers of a cluster outlive this command: what they keep is nobody else's.
        mine = secrets.token_hex(8)
        keys = {id(run): f"{mine}-{i}" for i, run in enumerate(planned)}
        self.tasks = [Task(i, keys[id(run)], names, run.source) for i, (run, names) in enumerate(places)]
        self.records: dict[int, StudyRecord] = {}
        self._failures: dict[int, Failure] = {}
        for task in self.tasks:
            outcome = self.stored(task)
            if outcome is not None and outcome.explanation is not None:
                self._add(task, outcome.explanation, found=True)

    def stored(self, task: Task) -> Outcome | None:
        """Returns what the output folder has of a task, by this command or by another one that runs beside it."""
        run, names = self._places[task.index]
        explanation = None if self._store is None else self._store.find(run.source, run.label, names)
        return None if explanation is None else Outcome(explanation)

    def finish(self, task: Task, outcome: Outcome) -> None:
        """Keeps an outcome, and stores an explanation at once."""
        run, names = self._places[task.index]
        if outcome.explanation is not None:
            if self._store is not None:
                self._store.write(run.source, run.label, names, outcome.explanation)
            self._add(task, outcome.explanation, found=False)
            return
        error = outcome.error or WorkerError("A worker brought nothing back.", internal=True)
        self._failures[task.index] = Failure(run.label, () if outcome.whole_run else names, error)

    def _add(self, task: Task, explanation: Explanation | Unexplained, *, found: bool) -> None:
        self.records[task.index] = StudyRecord(self._places[task.index][0].label, explanation, found)

    def study(self, n_found: int) -> Study:
        """Returns the record of it all, in an order that does not depend on who was faster."""
        order = {run.label: i for i, (run, _) in reversed(list(enumerate(self._places)))}

        def place(i: int) -> tuple[int, float, int]:
            return order[self.records[i].run], -self.records[i].explanation.range, i

        indices = sorted(self.records, key=place)
        # The error of a whole run came back for each of its tasks.
        failures = {(f.run, f.hyperparameters): f for _, f in sorted(self._failures.items())}
        return Study(tuple(self.records[i] for i in indices), tuple(failures.values()), n_found)
