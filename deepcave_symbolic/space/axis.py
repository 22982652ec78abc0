"""Axes of a projection: a hyperparameter's domain in natural units, its search coordinate and its grids.

Notation:
    x: natural units, what the user writes in a configuration (an ordinal without numbers: its rank, from 0).
    u: search coordinate, log10(x) for a log-scaled hyperparameter and x otherwise.
    v: ConfigSpace's vector value of the hyperparameter (unit cube, index of an ordinal).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcave_symbolic.exceptions import HyperparameterNotExplainableError, UnknownNameError
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.records import Record

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["Axis", "axis_of", "coordinates_of", "distinct_labels", "labels_of_vector", "vector_of_labels"]


@dataclass(frozen=True, eq=False)
class Axis(Record):
    """Domain of one explained hyperparameter.

    Args:
        name: Name of the hyperparameter.
        lower: Smallest value, natural units.
        upper: Largest value, natural units.
        log: Whether it is searched on a log scale.
        integer: Whether only whole numbers are valid.
        values: The valid values of an ordinal in natural units; None for a range.
        labels: What the user calls the values of an ordinal that are no numbers, or of a categorical; None otherwise.
        categorical: Whether the values are choices without an order; natural units are then the choices themselves,
            and numbers stand for their positions in `labels`.
    """

    name: str
    lower: float
    upper: float
    log: bool = False
    integer: bool = False
    values: tuple[float, ...] | None = None
    labels: tuple[str, ...] | None = None
    categorical: bool = False

    def to_coordinate(self, x: Array) -> Array:
        """Returns the search coordinates u of natural values x, same shape."""
        x = np.asarray(x, dtype=np.float64)
        if not self.log:
            return x
        with np.errstate(all="ignore"):
            return np.log10(x)

    @property
    def coordinate_bounds(self) -> Array:
        """Search coordinates of the bounds, shape (2,)."""
        return self.to_coordinate(np.array([self.lower, self.upper]))

    def contains(self, x: Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Returns which natural values lie in the domain (bounds included, with a tolerance for rounding)."""
        x = np.asarray(x, dtype=np.float64)
        slack = 1e-9 * max(abs(self.lower), abs(self.upper), self.upper - self.lower)
        inside = (x >= self.lower - (0 if self.log and self.lower <= slack else slack)) & (x <= self.upper + slack)
        if self.integer:
            inside &= np.abs(x - np.round(x)) <= 1e-9 * np.maximum(1.0, np.abs(x))
        if self.values is not None:
            inside &= np.isin(x, np.asarray(self.values))
        return inside

    def fit_grid(self, n: int) -> Array:
        """Returns up to n values over the domain, bounds included, evenly spaced in u; natural units, shape (≤ n,)."""
        if self.values is not None:
            return np.asarray(self.values)
        return self._from_unit(np.linspace(0.0, 1.0, n))

    def held_out_grid(self, n: int, fitted: Array) -> Array:
        """Returns up to n values that stand for the whole domain, between the fitted ones where possible.

        The smallest integers of a log scale have nothing between them and a large share of the domain, so they are
        there although they were fitted; of few integers or an ordinal, all values are.
        """
        if self.values is not None:
            return np.asarray(self.values)
        centres = self._from_unit((np.arange(n) + 0.5) / n)
        new = ~np.isin(centres, fitted)
        if self.integer and self.log:
            crowded = np.isin(centres - 1, fitted) | np.isin(centres + 1, fitted)
            return centres[new | crowded] if np.sum(new) >= 3 else self.check_grid(n)
        return centres[new] if np.sum(new) >= 3 else self.check_grid(n)

    def cell_widths(self, x: Array) -> Array:
        """Returns how much of the domain every value of a grid stands for, relative to the mean, shape (n,).

        An even grid weighs evenly. An integer k of a log-scaled hyperparameter stands for what rounds to it in the unit
        cube, log(k + 1/2) - log(k - 1/2) within the bounds; beside omitted integers also for its half of those.

        Args:
            x: Ascending values, natural units, shape (n,).
        """
        if not self.integer or self.values is not None or len(x) < 2:
            return np.ones(len(x))
        outer = 0.0 if self.log else 0.5
        edges = np.concatenate([[self.lower - outer], (x[1:] + x[:-1]) / 2, [self.upper + outer]])
        widths = np.diff(self.to_coordinate(edges))
        return np.asarray(widths / widths.mean())

    def check_grid(self, n: int) -> Array:
        """Returns a dense grid with the bounds and (up to 4 n) every integer, on which a formula must be finite."""
        if self.values is not None:
            return np.asarray(self.values)
        if self.integer and self.upper - self.lower < 4 * n:
            return np.arange(self.lower, self.upper + 1, dtype=np.float64)
        return self._from_unit(np.linspace(0.0, 1.0, n))

    def _from_unit(self, t: np.ndarray[Any, np.dtype[np.floating[Any]]]) -> Array:
        """Returns natural values at the fractions t of the range of u."""
        if self.log:
            low, high = math.log10(self.lower), math.log10(self.upper)
            x = 10.0 ** (low + t * (high - low))
        else:
            x = self.lower + t * (self.upper - self.lower)
        x = np.clip(x, self.lower, self.upper)
        # Between bounds of a few units in the last place there are fewer floats than fractions.
        return np.asarray(np.unique(np.round(x) if self.integer else x), dtype=np.float64)

    def describe(self) -> str:
        """Returns the domain in words, such as "learning_rate in [0.0001, 1], log scale"."""
        if self.categorical and self.labels is not None:
            return f"{self.name} in {{{', '.join(self.labels)}}}"
        if self.labels is not None:
            ranks = zip(self.values or (), self.labels, strict=True)
            inner = "ranks " + ", ".join(f"{int(v)} = {label}" for v, label in ranks)
            return f"{self.name}: {inner}"
        if self.values is not None:
            return f"{self.name} in {{{', '.join(f'{v:g}' for v in self.values)}}}"
        kind = [word for word, is_so in (("integer", self.integer), ("log scale", self.log)) if is_so]
        bounds = ", ".join(self.shown(v, 6) for v in (self.lower, self.upper))
        return f"{self.name} in [{bounds}]" + (f", {', '.join(kind)}" if kind else "")

    def shown(self, value: float, digits: int) -> str:
        """Returns a value with so many significant digits, or with more where the domain is too narrow for them."""
        size = max(abs(self.lower), abs(self.upper))
        width = self.upper - self.lower
        if 0 < width < size * 10.0 ** (1 - digits):
            # 17 digits tell any two floats apart.
            digits = min(17, digits + math.ceil(math.log10(size) - math.log10(width)))
        return f"{value:.{digits}g}"


def axis_of(configspace: ConfigurationSpace, name: str) -> Axis:
    """Returns the axis of a hyperparameter.

    Raises:
        UnknownNameError: If the configuration space has no hyperparameter of that name.
        HyperparameterNotExplainableError: If it is a constant, has a single value or no finite range.
    """
    from ConfigSpace.hyperparameters import (
        CategoricalHyperparameter,
        Constant,
        IntegerHyperparameter,
        OrdinalHyperparameter,
    )

    if name not in configspace:
        raise UnknownNameError("hyperparameter", name, list(configspace.keys()))
    hyperparameter: Any = configspace[name]
    if isinstance(hyperparameter, OrdinalHyperparameter):
        return _ordinal_axis(name, tuple(hyperparameter.sequence))
    if isinstance(hyperparameter, Constant):
        raise HyperparameterNotExplainableError(
            f"Hyperparameter {name!r} is constant ({hyperparameter.value!r}); there is nothing to explain.",
            hyperparameter=name,
        )
    if isinstance(hyperparameter, CategoricalHyperparameter):
        return _categorical_axis(name, tuple(hyperparameter.choices))
    lower, upper = float(hyperparameter.lower), float(hyperparameter.upper)
    log = bool(getattr(hyperparameter, "log", False))
    if not (math.isfinite(lower) and math.isfinite(upper) and lower < upper) or (log and lower <= 0):
        raise HyperparameterNotExplainableError(
            f"Hyperparameter {name!r} has the range [{lower:g}, {upper:g}]; expected a finite, non-empty one.",
            hyperparameter=name,
        )
    return Axis(name, lower, upper, log=log, integer=isinstance(hyperparameter, IntegerHyperparameter))


def coordinates_of(axes: Sequence[Axis], x: Array) -> Array:
    """Returns the search coordinates of points in natural units, both of shape (n, k)."""
    return np.column_stack([axis.to_coordinate(column) for axis, column in zip(axes, x.T, strict=True)])


def vector_of_labels(hyperparameter: Any, axis: Axis, positions: Array) -> Array:
    """Returns the entries of a ConfigSpace vector for positions among an axis's labels, shape (n,)."""
    index = {label: float(i) for i, label in enumerate(_labels(hyperparameter))}
    return np.array([index[(axis.labels or ())[int(p)]] for p in positions], dtype=np.float64)


def labels_of_vector(hyperparameter: Any, axis: Axis, vector: Array) -> Array:
    """Returns the positions among an axis's labels of a vector's entries, NaN for what the axis lacks, shape (n,)."""
    position = {label: float(i) for i, label in enumerate(axis.labels or ())}
    labels = _labels(hyperparameter)
    return np.array([np.nan if np.isnan(v) else position.get(labels[int(v)], np.nan) for v in vector])


def _labels(hyperparameter: Any) -> list[str]:
    """Returns the values of an ordinal or categorical in the order of its vector entries, as text."""
    values = hyperparameter.sequence if hasattr(hyperparameter, "sequence") else hyperparameter.choices
    return list(distinct_labels(values))


def distinct_labels(values: Sequence[Any]) -> tuple[str, ...]:
    """Returns values as text; in quotes where two of them, such as 1 and "1", would read the same."""
    labels = tuple(str(value) for value in values)
    return labels if len(set(labels)) == len(labels) else tuple(repr(value) for value in values)


def _categorical_axis(name: str, choices: tuple[Any, ...]) -> Axis:
    if len(choices) < 2:
        raise HyperparameterNotExplainableError(
            f"Hyperparameter {name!r} has a single choice ({choices[0]!r}); there is nothing to explain.",
            hyperparameter=name,
        )
    positions = tuple(float(i) for i in range(len(choices)))
    labels = distinct_labels(choices)
    return Axis(name, 0.0, positions[-1], integer=True, values=positions, labels=labels, categorical=True)


def _ordinal_axis(name: str, sequence: tuple[Any, ...]) -> Axis:
    if len(sequence) < 2:
        raise HyperparameterNotExplainableError(
            f"Hyperparameter {name!r} has a single value ({sequence[0]!r}); there is nothing to explain.",
            hyperparameter=name,
        )
    numeric = all(isinstance(v, (int, float, np.number)) and not isinstance(v, bool) for v in sequence)
    if numeric:
        values = tuple(sorted(float(v) for v in sequence))
        return Axis(name, values[0], values[-1], values=values)
    ranks = tuple(float(i) for i in range(len(sequence)))
    return Axis(name, 0.0, ranks[-1], integer=True, values=ranks, labels=distinct_labels(sequence))
