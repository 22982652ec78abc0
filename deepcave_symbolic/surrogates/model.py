"""Any fitted model with `predict` as a surrogate: its columns, its units and its spread.

A model knows columns of numbers; a configuration space knows hyperparameters, some of them choices, some of them
inactive. `ModelSurrogate` says how the one becomes the other, and refuses what cannot be right.

Notation:
    X: ConfigSpace vectors in the space's order, shape (n, d); NaN marks an inactive hyperparameter.
    table: what the model is given, shape (n, c): one column per hyperparameter, in the model's order.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcave_symbolic.exceptions import InvalidArgumentError, SurrogateError, UnknownNameError
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.choices import choices_of
from deepcave_symbolic.space.configurations import deactivate, sample_all
from deepcave_symbolic.surrogates.base import deviations_of_members
from deepcave_symbolic.surrogates.model_range import misplaced_columns

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["INPUTS", "ModelSurrogate", "is_fitted_model"]

#: What a model's columns hold: what a user writes into a configuration, or ConfigSpace's vectors.
INPUTS = ("natural", "unit")
#: The mean of an ensemble's members is its prediction up to this, tried on so many configurations.
_SAME, _PROBES = 1e-6, 32


class ModelSurrogate:
    """A fitted model as a surrogate of a configuration space.

    Args:
        model: Anything with predict(table) -> (n,), such as a scikit-learn estimator or pipeline.
        configspace: The space whose hyperparameters are the model's columns.
        inputs: "natural": values as a configuration has them, choices as they are; "unit": ConfigSpace's vectors,
            numbers scaled to [0, 1] (on the log scale where the hyperparameter has one), choices as their positions.
        columns: Names of the hyperparameters in the order of the model's columns. None for the names that the model
            was fitted with (`feature_names_in_`), or with inputs="unit" for the order of ConfigSpace's vectors. Natural
            values without names need it: ConfigSpace sorts hyperparameters, whatever order they were added in.
        inactive: What the model was given for a hyperparameter that is inactive.
        objective: Name of what the model predicts; without a run nothing else tells.
        maximize: Whether more of it is better; a run given beside the model knows by itself.

    Raises:
        InvalidArgumentError: If the model has no `predict`, another number of columns, unnamed columns in an unknown
            order, or has seen no value of a hyperparameter that the space has.
        UnknownNameError: If a column is no hyperparameter of the space.
    """

    def __init__(
        self,
        model: Any,
        configspace: ConfigurationSpace,
        *,
        inputs: str = "natural",
        columns: Sequence[str] | None = None,
        inactive: Any = math.nan,
        objective: str = "prediction",
        maximize: bool = False,
    ) -> None:
        if inputs not in INPUTS:
            raise UnknownNameError("kind of inputs", inputs, INPUTS)
        if isinstance(model, type) or not callable(getattr(model, "predict", None)):
            raise InvalidArgumentError(f"Found {model!r:.80} as the model; expected a fitted one with predict(X).")
        self.model = model
        self.configspace = configspace
        self.inputs = inputs
        self.inactive = inactive
        self.objective = objective
        self.maximize = maximize
        self._fitted_names = _names_of(model)
        self.columns = self._columns(columns)
        self._order = [list(configspace).index(name) for name in self.columns]
        self._numbers = inputs == "unit" or all(_is_number(configspace[name]) for name in self.columns)
        self.warnings = misplaced_columns(model, self._bounds(), self._advice())

    @property
    def name(self) -> str:
        """Class of the model; of a pipeline its last step's, too."""
        last = _last_step(self.model)
        kind = type(self.model).__name__
        return kind if last is self.model else f"{kind} with {type(last).__name__}"

    @functools.cached_property
    def spread(self) -> str:
        """Where the standard deviation comes from: "model", "members" of an ensemble, or "none" (it is 0).

        Members of an ensemble count where their mean is its prediction, which is tried on some configurations: in a
        random forest it is, in boosting or stacking it is not.

        Raises:
            SurrogateError: If the model fails on them.
        """
        last = _last_step(self.model)
        if "return_std" in inspect.signature(last.predict).parameters:
            return "model"
        X = sample_all(self.configspace, _PROBES, np.random.RandomState(0))
        table = self.table(deactivate(self.configspace, X))
        mean = self._checked(self._asked(lambda: self.model.predict(table)), _PROBES)
        if not self._numbers or not _members(last):
            return "none"
        each = self._asked(lambda: self._by_member(table))
        return "members" if np.allclose(each.mean(axis=0), mean, rtol=_SAME, atol=0.0) else "none"

    def predict(self, X: Array) -> tuple[Array, Array]:
        """Returns the model's mean and standard deviation (0 where it tells none), each of shape (n,).

        Raises:
            SurrogateError: If the model fails or returns anything but n finite numbers.
        """
        table = self.table(X)
        if self.spread == "model":
            mean, std = self._asked(lambda: self.model.predict(table, return_std=True))
            return self._checked(mean, len(X)), self._checked(std, len(X))
        mean = self._checked(self._asked(lambda: self.model.predict(table)), len(X))
        if self.spread == "none":
            return mean, np.zeros_like(mean)
        return mean, self._checked(self._asked(lambda: self._by_member(table)).std(axis=0), len(X))

    def deviations(self, X: Array, n: int, rng: np.random.Generator) -> Array | None:
        """Returns draws with the covariance of an ensemble's members, shape (n, r); None of a model without members."""
        if self.spread != "members":
            return None
        table = self.table(X)
        return deviations_of_members(self._asked(lambda: self._by_member(table)).T, n, rng)

    def table(self, X: Array) -> Any:
        """Returns what the model is given for vectors X: a DataFrame where it was fitted with names, else an array."""
        X = np.asarray(X, dtype=np.float64)
        columns = [self._column(X[:, i], name) for i, name in zip(self._order, self.columns, strict=True)]
        if self._fitted_names is not None:
            import pandas as pd

            return pd.DataFrame(dict(zip(self.columns, columns, strict=True)))
        if self._numbers:
            return np.column_stack(columns)
        table = np.empty((len(X), len(columns)), dtype=object)
        for i, column in enumerate(columns):
            table[:, i] = column
        return table

    def _column(self, vector: Array, name: str) -> Any:
        """Returns the model's values of one hyperparameter."""
        if self.inputs == "unit":
            return np.where(np.isnan(vector), self.inactive, vector)
        hyperparameter: Any = self.configspace[name]
        active = ~np.isnan(vector)
        number = _is_number(hyperparameter)
        column = np.full(len(vector), self.inactive, dtype=np.float64 if number else object)
        if not np.any(active):
            return column
        if hasattr(hyperparameter, "lower") or hasattr(hyperparameter, "value"):
            column[active] = hyperparameter.to_value(vector[active])
            return column
        choices = choices_of(hyperparameter)
        for i in np.flatnonzero(active):  # one by one: an array would take a tuple for several values
            column[i] = choices[int(vector[i])]
        return column

    def _columns(self, columns: Sequence[str] | None) -> tuple[str, ...]:
        known = list(self.configspace)
        if columns is None and self._fitted_names is None and self.inputs == "natural" and len(known) > 1:
            raise InvalidArgumentError(
                f"{self.name} does not name its columns. Say which hyperparameters they are, in its order: "
                f"ModelSurrogate(model, configspace, columns={known!r:.200}), for instance."
            )
        chosen = list(self._fitted_names or known) if columns is None else list(columns)
        for name in chosen:
            if name not in known:
                kind = "hyperparameter among the model's columns" if columns is None else "hyperparameter in columns"
                raise UnknownNameError(kind, name, known)
        if len(set(chosen)) < len(chosen):
            raise InvalidArgumentError(f"The columns name a hyperparameter twice: {', '.join(map(repr, chosen))}.")
        if self._fitted_names is not None and chosen != self._fitted_names:
            raise InvalidArgumentError(
                f"The model was fitted with the columns {', '.join(map(repr, self._fitted_names))}; found the order "
                f"{', '.join(map(repr, chosen))}. Leave columns out."
            )
        expected = getattr(self.model, "n_features_in_", None)
        if isinstance(expected, int | np.integer) and int(expected) != len(chosen):
            raise InvalidArgumentError(
                f"The model was fitted on {int(expected)} columns, but {len(chosen)} hyperparameters are given to it "
                f"({', '.join(map(repr, chosen))}). Say which are its columns, in order: columns=[...]."
            )
        return tuple(chosen)

    def _bounds(self) -> list[tuple[str, float, float]]:
        """Returns the lowest and highest number that each column gets, NaN where it holds no numbers."""
        bounds = []
        for name in self.columns:
            hyperparameter: Any = self.configspace[name]
            ends = (math.nan, math.nan)
            if hasattr(hyperparameter, "lower"):
                ends = (0.0, 1.0) if self.inputs == "unit" else (hyperparameter.lower, hyperparameter.upper)
            bounds.append((name, float(ends[0]), float(ends[1])))
        return bounds

    def _advice(self) -> str:
        other = "unit" if self.inputs == "natural" else "natural"
        return f'Check the order of the columns (columns=[...]) and their units (inputs="{other}").'

    def _asked(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except Exception as error:  # whatever a foreign model raises
            raise SurrogateError(self._failure(error)) from error

    def _by_member(self, table: Any) -> Array:
        """Returns what the members of an ensemble predict, shape (members, n)."""
        if self.model is not _last_step(self.model):
            table = self.model[:-1].transform(table)
        table = np.asarray(table, dtype=np.float64)
        members = _members(_last_step(self.model))
        return np.array([np.reshape(member.predict(table), -1) for member in members], dtype=np.float64)

    def _checked(self, values: Any, n: int) -> Array:
        try:
            array = np.asarray(values, dtype=np.float64)
        except (TypeError, ValueError):
            raise SurrogateError(
                f"{self.name}.predict returned no numbers ({values!r:.60}); expected a regressor."
            ) from None
        if array.shape not in ((n,), (n, 1)):
            raise SurrogateError(
                f"{self.name}.predict returned an array of shape {array.shape} for {n} rows; expected ({n},). A model "
                "that returns (mean, std) is no fitted model but a surrogate: give it without ModelSurrogate."
            )
        if not np.isfinite(array).all():
            raise SurrogateError(f"{self.name}.predict returned NaN or infinity; expected finite numbers.")
        return array.reshape(-1)

    def _failure(self, error: Exception) -> str:
        reason = " ".join(str(error).split())[:200]
        text = f"{self.name}.predict failed on values of the configuration space ({type(error).__name__}: {reason})."
        if not self._numbers:
            return (
                f'{text} Choices are given to it as they are: put an encoder before it (a Pipeline), or inputs="unit".'
            )
        if any(self.configspace.parents_of[name] for name in self.columns):
            return f"{text} An inactive hyperparameter is given to it as {self.inactive}: see the argument inactive."
        return text


def is_fitted_model(candidate: Any) -> bool:
    """Returns whether an object follows scikit-learn's conventions, so that its `predict` returns one array."""
    return all(callable(getattr(candidate, name, None)) for name in ("predict", "fit", "get_params"))


def _names_of(model: Any) -> list[str] | None:
    names = getattr(model, "feature_names_in_", None)
    return None if names is None else [str(name) for name in names]


def _last_step(model: Any) -> Any:
    """Returns the last step of a pipeline, any other model as it is."""
    steps = getattr(model, "steps", None)
    return steps[-1][1] if isinstance(steps, list) and steps else model


def _members(model: Any) -> list[Any]:
    """Returns the members of an ensemble that take all of its columns as an array, an empty list where they do not."""
    members = getattr(model, "estimators_", None)
    if not isinstance(members, list) or not all(hasattr(member, "predict") for member in members):
        return []
    if any(hasattr(member, "feature_names_in_") for member in members):  # a vote of different models
        return []
    columns = getattr(model, "n_features_in_", None)
    return members if all(getattr(member, "n_features_in_", None) == columns for member in members) else []


def _is_number(hyperparameter: Any) -> bool:
    if hasattr(hyperparameter, "lower"):
        return True
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in choices_of(hyperparameter))
