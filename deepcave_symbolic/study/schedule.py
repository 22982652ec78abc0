"""Who does what next: workers keep to the run whose surrogate they have, and help with another when it is done."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Protocol

from deepcave_symbolic.exceptions import DeepcaveSymbolicError, WorkerError
from deepcave_symbolic.study.tasks import Explainers, Outcome, Task, explain_task, without_source

__all__ = ["Pool", "completed", "completed_here"]

#: Seconds after which the pool is asked again which workers it has, and a signal noticed.
_POLL = 0.5
#: How often a task is sent again to a worker that does not know its run.
_MOST_SENT = 3

Skip = Callable[[Task], Outcome | None]


class Pool(Protocol):
    """Workers by name, each of which does one task at a time."""

    def workers(self) -> Sequence[str]:
        """Returns the workers there are at the moment.

        Raises:
            DeepcaveSymbolicError: If there will be none any more.
        """
        ...

    def submit(self, worker: str, function: Callable[[Task], Outcome], task: Task) -> Future[Outcome]:
        """Has a worker carry out a task."""
        ...

    def failed(self, worker: str, error: BaseException) -> DeepcaveSymbolicError:
        """Returns what to tell about a task that a worker did not bring back; a worker that ended is replaced."""
        ...


def completed_here(tasks: Sequence[Task], skip: Skip) -> Iterator[tuple[Task, Outcome]]:
    """Yields every task with its outcome, computed in this process, in order; arguments as in `completed`."""
    explainers, broken = Explainers(), dict[str, Outcome]()
    for task in tasks:
        outcome = broken.get(task.key) or skip(task) or explainers.carry_out(task)
        if outcome.whole_run:
            broken[task.key] = outcome
        yield task, outcome


def completed(tasks: Sequence[Task], pool: Pool, skip: Skip) -> Iterator[tuple[Task, Outcome]]:
    """Yields every task with its outcome, as they come.

    Args:
        tasks: What to do, with their sources.
        pool: Who does it.
        skip: Asked right before a task is handed out; an outcome makes that unnecessary.
    """
    waiting: dict[str, deque[Task]] = {}
    for task in tasks:
        waiting.setdefault(task.key, deque()).append(task)
    running: dict[Future[Outcome], tuple[str, Task, int]] = {}
    known: dict[str, str] = {}  # the source that a worker is believed to have
    while waiting or running:
        busy = {worker for worker, _, _ in running.values()}
        idle = [worker for worker in pool.workers() if worker not in busy]
        while idle and waiting:
            worker = idle.pop(0)
            task = _next(waiting, known.get(worker), Counter(task.key for _, task, _ in running.values()))
            outcome = skip(task)
            if outcome is not None:
                idle.insert(0, worker)
                yield task, outcome
                continue
            sent = without_source(task) if known.get(worker) == task.key else task
            known[worker] = task.key
            running[pool.submit(worker, explain_task, sent)] = worker, task, 1
        done, _ = wait(running, timeout=_POLL, return_when=FIRST_COMPLETED)
        for future in done:
            worker, task, times = running.pop(future)
            outcome = _outcome(future, worker, pool)
            if outcome.unknown_source and times < _MOST_SENT:
                running[pool.submit(worker, explain_task, task)] = worker, task, times + 1
                continue
            if outcome.error is not None:
                known.pop(worker, None)
            yield task, outcome
            if outcome.whole_run:
                for other in waiting.pop(task.key, ()):
                    yield other, outcome


def _next(waiting: dict[str, deque[Task]], own: str | None, taken: Counter[str]) -> Task:
    """Takes the next task for a worker: of the run that it has, else of the run that fewest others work on."""
    key = own if own in waiting else min(waiting, key=lambda k: taken[k])
    assert key is not None
    task = waiting[key].popleft()
    if not waiting[key]:
        del waiting[key]
    return task


def _outcome(future: Future[Outcome], worker: str, pool: Pool) -> Outcome:
    error = None if future.cancelled() else future.exception()
    if error is None and not future.cancelled():
        return future.result()
    return Outcome(error=pool.failed(worker, error or WorkerError("The task was cancelled.")))
