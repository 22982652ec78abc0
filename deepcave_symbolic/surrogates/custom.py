"""A surrogate given by the caller, with the run's trials beside it."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepcave_symbolic.exceptions import InvalidArgumentError, SurrogateError
from deepcave_symbolic.expression import Array
from deepcave_symbolic.runs.records import Run
from deepcave_symbolic.runs.selection import MIN_ROWS, resolve_budget, trial_rules
from deepcave_symbolic.surrogates.base import FittedSurrogate, Surrogate, SurrogateRecord
from deepcave_symbolic.surrogates.data import collect

__all__ = ["wrap_surrogate"]


class _Checked:
    """Refuses predictions of the wrong shape or without a value, which would otherwise become a wrong formula."""

    def __init__(self, surrogate: Surrogate) -> None:
        self._surrogate = surrogate

    def predict(self, X: Array) -> tuple[Array, Array]:
        result: Any = self._surrogate.predict(X)
        name = type(self._surrogate).__name__
        if not isinstance(result, tuple) or len(result) != 2:
            raise SurrogateError(
                f"{name}.predict returned {type(result).__name__}; expected (mean, std), each of shape (n,)."
            )
        mean, std = (np.asarray(part, dtype=np.float64).reshape(-1) for part in result)
        if mean.shape != (len(X),) or std.shape != (len(X),):
            raise SurrogateError(
                f"{name}.predict returned {mean.size} means and {std.size} deviations for {len(X)} points."
            )
        if not (np.all(np.isfinite(mean)) and np.all(np.isfinite(std))):
            raise SurrogateError(f"{name}.predict returned NaN or infinity; expected finite numbers.")
        return mean, std


def wrap_surrogate(surrogate: Surrogate, run: Run, *, objective: int, budget: float | None) -> FittedSurrogate:
    """Returns a given surrogate as a fitted one; it is neither trained nor cross-validated.

    Args:
        surrogate: Anything with a `predict` as in `Surrogate`.
        run: The run, for the trials and the configuration space.
        objective: Index of the objective.
        budget: Budget whose trials are shown; None for the highest with enough trials.

    Raises:
        InvalidArgumentError: If it has no `predict`.
    """
    if isinstance(surrogate, type) or not isinstance(surrogate, Surrogate):
        raise InvalidArgumentError(
            f"Found {surrogate!r:.80} as the surrogate; expected 'run', 'forest', 'best' "
            "or an object with predict(X) -> (mean, std)."
        )
    chosen = resolve_budget(run, budget, max(trial_rules(run).min_trials, MIN_ROWS))
    data = collect(run, objective=objective, budget=chosen, encoder_name="RunHistoryEncoder")
    record = SurrogateRecord(
        name=type(surrogate).__name__,
        exact=False,
        n_trials=len(data.y),
        differences=("given by the caller",),
    )
    return FittedSurrogate(
        model=_Checked(surrogate), record=record, budget=chosen, X=data.X, y=data.y, failed=data.failed
    )
