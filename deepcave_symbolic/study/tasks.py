"""What is computed for a study, in this process or in another one; an error is brought back, never raised."""

from __future__ import annotations

import sys

from deepcave_symbolic.exceptions import DeepcaveSymbolicError, WorkerError
from deepcave_symbolic.explainer import Explainer
from deepcave_symbolic.explanation import Explanation, Unexplained
from deepcave_symbolic.question import Question
from deepcave_symbolic.runs.run import Run
from deepcave_symbolic.surrogates.cost import watching

__all__ = ["explained", "trained", "trained_elsewhere"]


def trained(run: Run, question: Question) -> Explainer | DeepcaveSymbolicError:
    """Returns the explainer of a run, its surrogate trained, or why there is none."""
    try:
        return Explainer(run, question)
    except DeepcaveSymbolicError as error:
        return error
    except Exception as error:
        return _internal(error)


def trained_elsewhere(run: Run, question: Question) -> Explainer | DeepcaveSymbolicError:
    """Returns what `trained` does, and says on this worker's stderr what a long training will cost."""

    def say(sentence: str, done: int, expected: int) -> None:
        if done == 0:
            print(f"deepcave-symbolic: {sentence}", file=sys.stderr, flush=True)

    with watching(say):
        return trained(run, question)


def explained(explainer: Explainer, names: tuple[str, ...]) -> Explanation | Unexplained | DeepcaveSymbolicError:
    """Returns an explanation, or why there is none, or what failed."""
    try:
        return explainer.explain_or_reason(*names)
    except Exception as error:
        return _internal(error)


def _internal(error: Exception) -> WorkerError:
    return WorkerError(f"Internal error: {type(error).__name__}: {error}", internal=True)
