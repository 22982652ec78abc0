"""A surrogate given by the caller, with the run's trials beside it, or without a run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcave_symbolic.exceptions import InvalidArgumentError, SurrogateError
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.numeric.weighted import weighted_r2
from deepcave_symbolic.runs.run import Run
from deepcave_symbolic.runs.trial_selection import resolve_budget
from deepcave_symbolic.surrogates.base import (
    FittedSurrogate,
    JointSurrogate,
    Surrogate,
    SurrogateRecord,
    TimedSurrogate,
)
from deepcave_symbolic.surrogates.data import collect
from deepcave_symbolic.surrogates.model import ModelSurrogate, is_fitted_model

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["run_of_model", "wrap_surrogate"]

_NO_SPREAD = "The model tells no uncertainty of its own; its standard deviation counts as 0."


class _Checked:
    """Refuses predictions of the wrong shape or without a value, which would otherwise become a wrong formula."""

    def __init__(self, surrogate: Surrogate) -> None:
        self._surrogate = surrogate
        if isinstance(surrogate, TimedSurrogate):
            self.row_seconds = surrogate.row_seconds

    def predict(self, X: Array) -> tuple[Array, Array]:
        result: Any = self._surrogate.predict(X)
        name = type(self._surrogate).__name__
        if not isinstance(result, tuple) or len(result) != 2:
            raise SurrogateError(
                f"{name}.predict returned {type(result).__name__}; expected (mean, std), each of shape (n,). A fitted "
                "model that returns one array is given as ModelSurrogate(model, configspace)."
            )
        mean, std = (np.asarray(part, dtype=np.float64).reshape(-1) for part in result)
        if mean.shape != (len(X),) or std.shape != (len(X),):
            raise SurrogateError(
                f"{name}.predict returned {mean.size} means and {std.size} deviations for {len(X)} points."
            )
        if not (np.all(np.isfinite(mean)) and np.all(np.isfinite(std))):
            raise SurrogateError(f"{name}.predict returned NaN or infinity; expected finite numbers.")
        return mean, std

    def deviations(self, X: Array, n: int, rng: np.random.Generator) -> Array | None:
        if not isinstance(self._surrogate, JointSurrogate):
            return None
        drawn = self._surrogate.deviations(X, n, rng)
        if drawn is None:
            return None
        values = np.asarray(drawn, dtype=np.float64)
        if values.shape != (n, len(X)) or not np.all(np.isfinite(values)):
            raise SurrogateError(
                f"{type(self._surrogate).__name__}.deviations returned an array of shape {values.shape}, or NaN or "
                f"infinity; expected {n} draws of {len(X)} finite numbers."
            )
        return values


def run_of_model(surrogate: Any, configspace: ConfigurationSpace | None, objective: str | None) -> Run:
    """Returns a run without trials for a surrogate that is explained alone.

    Args:
        surrogate: A surrogate, or a fitted model.
        configspace: The space; None for that of a `ModelSurrogate`.
        objective: Name of what it predicts; None for that of a `ModelSurrogate`, else "prediction".

    Raises:
        InvalidArgumentError: If there is no surrogate or no space.
    """
    given = surrogate if isinstance(surrogate, ModelSurrogate) else None
    if isinstance(surrogate, str):
        raise InvalidArgumentError(
            f"Found no run and the surrogate {surrogate!r}; without a run, a fitted model is needed: "
            "explain(None, ..., surrogate=model, configspace=space)."
        )
    if given is not None and configspace is None:
        configspace = given.configspace
    if configspace is None:
        raise InvalidArgumentError(
            "Found no run and no configuration space; without a run, give the space: "
            "explain(None, ..., surrogate=model, configspace=space)."
        )
    name = objective or (given.objective if given is not None else "prediction")
    return Run(
        name=f"no run, the given {_name(surrogate)}",
        configspace=configspace,
        objectives=(name,),
        trials=(),
        configurations={},
        optimizer="none",
        maximized=frozenset({name} if given is not None and given.maximize else ()),
    )


def wrap_surrogate(surrogate: Any, run: Run, *, objective: int, budget: float | None) -> FittedSurrogate:
    """Returns a given surrogate as a fitted one; it is neither trained nor cross-validated.

    On the run's trials, where there are any, the record tells its R². The model may have been trained on them, so that
    a low one says more than a high one.

    Args:
        surrogate: Anything with a `predict` as in `Surrogate`, or a fitted model that follows scikit-learn's
            conventions, which becomes a `ModelSurrogate` with its defaults.
        run: The run, for the trials and the configuration space.
        objective: Index of the objective.
        budget: Budget whose trials are shown; None for the one of `resolve_budget`.

    Raises:
        InvalidArgumentError: If it has no `predict`, or is a model of another configuration space.
    """
    if is_fitted_model(surrogate) and not isinstance(surrogate, type):
        surrogate = ModelSurrogate(surrogate, run.configspace)
    if isinstance(surrogate, type) or not isinstance(surrogate, Surrogate):
        raise InvalidArgumentError(
            f"Found {surrogate!r:.80} as the surrogate; expected 'run', 'forest', 'best', a fitted model, "
            "or an object with predict(X) -> (mean, std)."
        )
    warnings: tuple[str, ...] = ()
    if isinstance(surrogate, ModelSurrogate):
        _check_same_space(surrogate.configspace, run.configspace)
        warnings = (*surrogate.warnings, *((_NO_SPREAD,) if surrogate.spread == "none" else ()))
    model = _Checked(surrogate)
    record = SurrogateRecord(
        name=_name(surrogate), exact=False, n_trials=0, differences=("given by the caller",), warnings=warnings
    )
    if not run.trials:
        d = len(run.configspace)
        return FittedSurrogate(model=model, record=record, budget=None, X=np.empty((0, d)), y=np.empty(0))
    chosen = resolve_budget(run, budget, objective)
    data = collect(run, objective=objective, budget=chosen, encoder_name="RunHistoryEncoder")
    predicted, _ = model.predict(data.X)
    record = replace(record, n_trials=len(data.y), trials_r2=weighted_r2(data.y, predicted, None))
    return FittedSurrogate(model=model, record=record, budget=chosen, X=data.X, y=data.y, failed=data.failed)


def _check_same_space(given: ConfigurationSpace, own: ConfigurationSpace) -> None:
    """Refuses a model's space whose vectors mean other values than those of the run's."""
    theirs, ours = _domains(given), _domains(own)
    different = [name for name in dict.fromkeys([*theirs, *ours]) if theirs.get(name) != ours.get(name)]
    if different:
        raise InvalidArgumentError(
            f"The ModelSurrogate's configuration space and the run's differ in {', '.join(map(repr, different))}; make "
            "it with the run's own space (load_run(...).configspace)."
        )


def _domains(space: ConfigurationSpace) -> dict[str, tuple[Any, ...]]:
    """Returns what decides the vector of each hyperparameter."""
    attributes = ("lower", "upper", "log", "choices", "sequence", "value")
    return {name: tuple(getattr(hp, attribute, None) for attribute in attributes) for name, hp in space.items()}


def _name(surrogate: Any) -> str:
    return surrogate.name if isinstance(surrogate, ModelSurrogate) else type(surrogate).__name__
