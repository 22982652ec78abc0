"""Axes of a projection: a hyperparameter's domain in natural units, its search coordinate and its grids.

Notation:
    x: natural units, what the user writes in a configuration (an ordinal without numbers: its rank, from 0).
    u: search coordinate, log10(x) for a log-scaled hyperparameter and x otherwise.
    v: ConfigSpace's vector value of the hyperparameter (unit cube, index of an ordinal).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcave_symbolic.exceptions import HyperparameterNotExplainableError, UnknownNameError
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.records import Record
from deepcave_symbolic.space.choices import choices_of, names_of
from deepcave_symbolic.space.part import choices_in_part, part_of
from deepcave_symbolic.space.ranges import values_on_steps
from deepcave_symbolic.words.names import either
from deepcave_symbolic.words.numbers import number_text, round_within

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["Axis", "axis_of", "coordinates_of", "is_far_from_zero", "positions_of_vector", "vector_of_positions"]

#: Squares and sums of larger numbers are beyond a float.
_LARGEST_BOUND = 1e295
#: A number in the text is off by at most this share of the domain.
_SHOWN_ERROR = 0.025
#: The effect of one unit is told where the domain is at least this wide.
_UNIT = 0.5
#: Zero is far from a domain at so many of its widths.
_FAR = 3.0


def is_far_from_zero(lower: float, upper: float) -> bool:
    """Returns whether an interval lies farther from zero than three times its width."""
    return min(abs(lower), abs(upper)) > _FAR * (upper - lower) and lower * upper > 0.0


@dataclass(frozen=True, eq=False)
class Axis(Record):
    """Domain of one explained hyperparameter.

    Args:
        name: Name of the hyperparameter.
        lower: Smallest value, natural units.
        upper: Largest value, natural units.
        log: Whether it is searched on a log scale.
        integer: Whether only whole numbers are valid.
        values: The valid values of an ordinal, or of a range with few steps, in natural units; None for a range.
        labels: The names of the values of an ordinal that are no numbers, or of a categorical; None otherwise.
        categorical: Whether the values are choices without an order; natural units are then the choices themselves,
            and numbers stand for their positions in `labels`.
        choices: What is called by `labels`; by default the labels themselves. See `space.choices`.
    """

    name: str
    lower: float
    upper: float
    log: bool = False
    integer: bool = False
    values: tuple[float, ...] | None = None
    labels: tuple[str, ...] | None = None
    categorical: bool = False
    choices: tuple[Any, ...] | None = None

    def __post_init__(self) -> None:
        """Takes labels for the choices where no others are given."""
        if self.choices is None:
            object.__setattr__(self, "choices", self.labels)

    @property
    def is_far_from_zero(self) -> bool:
        """Whether zero is so far from a linear domain that x^p and log(x) are about straight there.

        Then a level "at x = 0", and a ratio to a place, say nothing: differences from a place do.
        """
        return not self.log and not self.categorical and is_far_from_zero(self.lower, self.upper)

    @property
    def step(self) -> float:
        """Over how much of it effects are told: one unit, in a narrow linear domain a power of ten of its width."""
        width = self.upper - self.lower
        return 1.0 if self.log or width >= _UNIT else float(10.0 ** math.floor(math.log10(width)))

    def restricted(self, present: Array) -> Axis:
        """Returns a categorical axis with the choices at these positions only; every other axis as it is."""
        if not self.categorical or self.labels is None or self.choices is None or self.values is None:
            return self
        kept = [i for i, value in enumerate(self.values) if value in present]
        return replace(
            self,
            upper=float(len(kept) - 1),
            values=tuple(float(i) for i in range(len(kept))),
            labels=tuple(self.labels[i] for i in kept),
            choices=tuple(self.choices[i] for i in kept),
        )

    def to_coordinate(self, x: Array) -> Array:
        """Returns the search coordinates u of natural values x, same shape."""
        x = np.asarray(x, dtype=np.float64)
        if not self.log:
            return x
        with np.errstate(all="ignore"):
            return np.log10(x)

    @cached_property
    def coordinate_bounds(self) -> Array:
        """Search coordinates of the bounds, shape (2,)."""
        bounds = self.to_coordinate(np.array([self.lower, self.upper]))
        bounds.setflags(write=False)
        return bounds

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

        An even grid weighs evenly; otherwise a value stands for what is nearest to it. An integer k of a log-scaled
        hyperparameter stands for what rounds to it in the unit cube, log(k + 1/2) - log(k - 1/2) within the bounds;
        beside omitted integers also for its half of those.

        Args:
            x: Ascending values, natural units, shape (n,).
        """
        if self.values is not None or len(x) < 2:
            return np.ones(len(x))
        if self.integer:
            outer = 0.0 if self.log else 0.5
            edges = self.to_coordinate(
                np.concatenate([[self.lower - outer], (x[1:] + x[:-1]) / 2, [self.upper + outer]])
            )
        else:
            u = self.to_coordinate(x)
            gaps = np.diff(u)
            # Between bounds that are next to equal, values may have one and the same logarithm.
            if np.allclose(gaps, gaps[0], rtol=1e-6, atol=0.0) or not np.all(gaps > 0.0):
                return np.ones(len(x))
            edges = np.concatenate([[u[0] - gaps[0] / 2], (u[1:] + u[:-1]) / 2, [u[-1] + gaps[-1] / 2]])
        widths = np.diff(edges)
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
            return f"{self.name} in {{{either(self.labels, ', ')}}}"
        if self.labels is not None:
            ranks = zip(self.values or (), self.labels, strict=True)
            return f"{self.name}: ranks {either([f'{int(v)} = {label}' for v, label in ranks], ', ')}"
        if self.values is not None:
            return f"{self.name} in {{{either(list(map(number_text, self.values)), ', ')}}}"
        kind = [word for word, is_so in (("integer", self.integer), ("log scale", self.log)) if is_so]
        bounds = ", ".join(self.shown(v, 6) for v in (self.lower, self.upper))
        return f"{self.name} in [{bounds}]" + (f", {', '.join(kind)}" if kind else "")

    def shown(self, value: float, digits: int) -> str:
        """Returns a value with so many significant digits, see `rounded`."""
        rounded = self.rounded(value, digits)
        # An integer that needs all of its digits is written out.
        return str(int(rounded)) if self.integer and rounded == round(value) else number_text(rounded)

    def rounded(self, value: float, digits: int) -> float:
        """Returns a value of the domain with so many significant digits.

        It has more of them where the domain is too narrow for so few, and never leaves the domain: the upper bound
        0.999 is not shown as 1.
        """
        value = float(round(value)) if self.integer else value
        low, high = self.coordinate_bounds
        # 17 digits tell any two floats apart.
        for enough in range(digits, 17):
            rounded = round_within(value, enough, self.lower, self.upper)
            off = np.diff(self.to_coordinate(np.array([value, rounded])))[0]
            if abs(off) <= _SHOWN_ERROR * (high - low):
                return rounded
        return value


def axis_of(configspace: ConfigurationSpace, name: str) -> Axis:
    """Returns the axis of a hyperparameter, of its part where the space notes one.

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
        return _ordinal_axis(name, choices_in_part(hyperparameter))
    if isinstance(hyperparameter, Constant):
        raise HyperparameterNotExplainableError(
            f"Hyperparameter {name!r} is constant ({hyperparameter.value!r}); there is nothing to explain.",
            hyperparameter=name,
        )
    if isinstance(hyperparameter, CategoricalHyperparameter):
        return _categorical_axis(name, choices_in_part(hyperparameter))
    lower, upper = float(hyperparameter.lower), float(hyperparameter.upper)
    log = bool(getattr(hyperparameter, "log", False))
    if not (math.isfinite(lower) and math.isfinite(upper) and lower < upper) or (log and lower <= 0):
        raise HyperparameterNotExplainableError(
            f"Hyperparameter {name!r} has the range [{lower:g}, {upper:g}]; expected a finite, non-empty one.",
            hyperparameter=name,
        )
    if max(-lower, upper) > _LARGEST_BOUND:
        raise HyperparameterNotExplainableError(
            f"Hyperparameter {name!r} goes from {lower:g} to {upper:g}, as good as without a bound: no formula can "
            "compute with such numbers. Explain the others.",
            hyperparameter=name,
        )
    integer = isinstance(hyperparameter, IntegerHyperparameter)
    steps = values_on_steps(hyperparameter)
    values = None if steps is None else tuple(map(float, steps))
    part = part_of(hyperparameter)
    if part is not None:
        lower, upper = part
        values = None if values is None else tuple(v for v in values if lower <= v <= upper)
        if lower == upper or (values is not None and len(values) < 2):
            raise HyperparameterNotExplainableError(
                f"Hyperparameter {name!r} has a single value in the region; there is nothing to explain.",
                hyperparameter=name,
            )
    return Axis(name, lower, upper, log, integer, values)


def coordinates_of(axes: Sequence[Axis], x: Array) -> Array:
    """Returns the search coordinates of points in natural units, both of shape (n, k)."""
    return np.column_stack([axis.to_coordinate(column) for axis, column in zip(axes, x.T, strict=True)])


def vector_of_positions(hyperparameter: Any, axis: Axis, positions: Array) -> Array:
    """Returns the entries of a ConfigSpace vector for positions among an axis's choices, shape (n,)."""
    return _at(axis.choices or (), choices_of(hyperparameter), positions)


def positions_of_vector(hyperparameter: Any, axis: Axis, vector: Array) -> Array:
    """Returns the positions among an axis's choices of a vector's entries, NaN for what the axis lacks, shape (n,)."""
    return _at(choices_of(hyperparameter), axis.choices or (), vector)


def _at(choices: Sequence[Any], others: Sequence[Any], positions: Array) -> Array:
    """Returns the positions among other choices of those at positions among these, NaN for none, shape (n,)."""
    known = {repr(choice): float(i) for i, choice in enumerate(others)}
    moved = np.array([known.get(repr(choice), np.nan) for choice in choices])
    found = np.full(len(positions), np.nan)
    given = ~np.isnan(positions)
    found[given] = moved[positions[given].astype(int)]
    return found


def _categorical_axis(name: str, choices: tuple[Any, ...]) -> Axis:
    if len(choices) < 2:
        raise HyperparameterNotExplainableError(
            f"Hyperparameter {name!r} has a single choice ({choices[0]!r}); there is nothing to explain.",
            hyperparameter=name,
        )
    return _axis_of_choices(name, choices, categorical=True)


def _ordinal_axis(name: str, sequence: tuple[Any, ...]) -> Axis:
    if len(sequence) < 2:
        raise HyperparameterNotExplainableError(
            f"Hyperparameter {name!r} has a single value ({sequence[0]!r}); there is nothing to explain.",
            hyperparameter=name,
        )
    if all(isinstance(v, int | float) and not isinstance(v, bool) for v in sequence):
        values = tuple(sorted(float(v) for v in sequence))
        return Axis(name, values[0], values[-1], values=values)
    return _axis_of_choices(name, sequence, categorical=False)


def _axis_of_choices(name: str, choices: tuple[Any, ...], *, categorical: bool) -> Axis:
    positions = tuple(float(i) for i in range(len(choices)))
    return Axis(
        name,
        0.0,
        positions[-1],
        integer=True,
        values=positions,
        labels=names_of(choices),
        categorical=categorical,
        choices=choices,
    )
