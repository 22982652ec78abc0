"""What a worker is asked to do and what it answers. A task travels as a record: the run as read, never a fitted model.

The run itself goes along only the first time (`Task.source`); a worker keeps what it built of it, under the source's
key, and asks again (`Outcome.unknown_source`) where it has it no more.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from dataclasses import dataclass, replace

from deepcave_symbolic.exceptions import DeepcaveSymbolicError, WorkerError
from deepcave_symbolic.explainer import Explainer
from deepcave_symbolic.explanation import Explanation, Unexplained
from deepcave_symbolic.question import Question
from deepcave_symbolic.runs.run import Run
from deepcave_symbolic.surrogates.cost import watching

__all__ = ["Explainers", "Outcome", "Source", "Task", "explain_task"]

#: Surrogates that a worker keeps; it finishes one run before it takes the next.
_KEPT = 2


@dataclass(frozen=True)
class Source:
    """A run and how to explain it.

    Args:
        content: Hash of the run's content, see `store.content_of`.
        run: The run as read.
        question: What is asked.
    """

    content: str
    run: Run
    question: Question


@dataclass(frozen=True)
class Task:
    """One explanation to compute.

    Args:
        index: Its place among all tasks.
        key: Tells sources apart, those of other commands among them.
        names: The hyperparameters.
        source: The source; None where the worker is believed to have it.
    """

    index: int
    key: str
    names: tuple[str, ...]
    source: Source | None


@dataclass(frozen=True)
class Outcome:
    """What came of a task: an explanation or an error.

    Args:
        explanation: The explanation; None with an error.
        error: What went wrong.
        whole_run: Whether the error is the run's, so that no other task of it can succeed.
        unknown_source: Whether the worker needs the source to be sent.
    """

    explanation: Explanation | Unexplained | None = None
    error: DeepcaveSymbolicError | None = None
    whole_run: bool = False
    unknown_source: bool = False


class Explainers:
    """Explainers of the last few runs, so that a run's surrogate is trained once."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Explainer] = OrderedDict()

    def carry_out(self, task: Task) -> Outcome:
        """Returns the outcome of a task; every error is part of it."""
        try:
            if task.key not in self._kept:
                if task.source is None:
                    return Outcome(unknown_source=True)
                self._kept[task.key] = Explainer(task.source.run, task.source.question)
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(task.key)
        except DeepcaveSymbolicError as error:
            return Outcome(error=error, whole_run=True)
        except Exception as error:
            return Outcome(error=_internal(error), whole_run=True)
        try:
            return Outcome(self._kept[task.key].explain_or_reason(*task.names))
        except Exception as error:
            return Outcome(error=_internal(error))


def _internal(error: Exception) -> WorkerError:
    return WorkerError(f"Internal error: {type(error).__name__}: {error}", internal=True)


_of_this_process = Explainers()


def explain_task(task: Task) -> Outcome:
    """Returns the outcome of a task; what a worker process runs."""

    def say(sentence: str, done: int, expected: int) -> None:
        if done == 0:
            print(f"deepcave-symbolic: {sentence}", file=sys.stderr, flush=True)

    with watching(say):
        return _of_this_process.carry_out(task)


def without_source(task: Task) -> Task:
    """Returns the task for a worker that has its source."""
    return replace(task, source=None)
