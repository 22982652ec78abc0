"""What is computed when: a run's surrogate first, then its explanations, on whatever executor there is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from dataclasses import dataclass
from typing import Any, Protocol

from deepcave_symbolic.exceptions import DeepcaveSymbolicError
from deepcave_symbolic.explainer import Explainer
from deepcave_symbolic.explanation import Explanation, Unexplained
from deepcave_symbolic.study.plan import PlannedRun
from deepcave_symbolic.study.tasks import explained, trained, trained_elsewhere

__all__ = ["Computed", "Pool", "computed", "computed_here"]

Result = Explanation | Unexplained | DeepcaveSymbolicError
#: A run, the hyperparameters (None where the error is the run's), and what came of it.
Computed = tuple[PlannedRun, tuple[str, ...] | None, Result]
#: Tells whether an explanation has been stored meanwhile, by another command.
Stored = Callable[[PlannedRun, tuple[str, ...]], bool]


class Pool(Protocol):
    """Processes that compute."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        """Has a worker call a function."""
        ...

    def n_workers(self) -> int:
        """Returns how many there are now."""
        ...

    def failed(self, error: BaseException) -> DeepcaveSymbolicError:
        """Returns what to tell about something that was not brought back, after mending what is broken.

        Raises:
            DeepcaveSymbolicError: If nothing will be brought back any more.
        """
        ...


@dataclass(frozen=True)
class _Call:
    run: PlannedRun
    names: tuple[str, ...] | None
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


def computed_here(runs: Sequence[PlannedRun], stored: Stored) -> Generator[Computed, None, None]:
    """Yields what there is to say of every run, computed in this process, in order; arguments as in `computed`."""
    for run in runs:
        explainer = trained(run.run, run.question)
        if isinstance(explainer, DeepcaveSymbolicError):
            yield run, None, explainer
            continue
        for names in run.names:
            if not stored(run, names):
                yield run, names, explained(explainer, names)


def computed(runs: Sequence[PlannedRun], pool: Pool, stored: Stored) -> Generator[Computed, None, None]:
    """Yields what there is to say of every run, as it comes.

    Args:
        runs: What to explain.
        pool: Who computes. An explainer comes back from the worker that trained it and goes to those that use it.
        stored: Asked right before an explanation is handed out.
    """
    waiting = deque(_Call(run, None, trained_elsewhere, (run.run, run.question)) for run in runs)
    running: dict[Future[Any], _Call] = {}
    while waiting or running:
        # A few more than there are workers, so that none of them waits for us.
        while waiting and len(running) < 2 * pool.n_workers():
            call = waiting.popleft()
            if call.names is None or not stored(call.run, call.names):
                running[_submitted(pool, call)] = call
        for call, result in _finished(running, pool):
            if isinstance(result, Explainer):  # used at once, so that few are kept
                calls = [_Call(call.run, names, explained, (result, names)) for names in call.run.names]
                waiting.extendleft(reversed(calls))
            else:
                yield call.run, call.names, result


def _finished(running: dict[Future[Any], _Call], pool: Pool) -> Iterator[tuple[_Call, Any]]:
    """Yields calls that are finished, at least one where any is running, with what came of them."""
    for future in wait(running, return_when=FIRST_COMPLETED).done:
        call, error = running.pop(future), _error(future)
        if isinstance(error, BrokenExecutor):
            # Nobody knows whose process it was that ended: every call is made again, alone.
            lost = [call, *running.values()]
            running.clear()
            pool.failed(error)
            for call in lost:
                again = _submitted(pool, call)
                error = _error(again)
                yield call, again.result() if error is None else pool.failed(error)
            return
        yield call, future.result() if error is None else pool.failed(error)


def _submitted(pool: Pool, call: _Call) -> Future[Any]:
    try:
        return pool.submit(call.function, *call.arguments)
    except Exception as error:  # the pool may have broken just now
        future: Future[Any] = Future()
        future.set_exception(error)
        return future


def _error(future: Future[Any]) -> BaseException | None:
    """Waits for a future and returns what it failed with."""
    try:
        return future.exception()
    except CancelledError as error:
        return error
