"""What a part can be: a product of factors of one hyperparameter or along a ridge, alone or by the choices of another.

Notation: see the package; besides
    θ: the non-linear constants of a part, those of its factors one after the other.
    z: an argument t_1 + w·t_2 - a of a factor, shape (n,).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np

from deepcave_symbolic.formulas.limits import EXPONENTS, STEEPEST_STEP
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.axis import Axis

__all__ = ["Bounds", "Coordinates", "Factor", "Groups", "Outer", "Scale", "Term", "by_indices", "centred", "scales_of"]

#: What a factor does with its argument: z, z², |z|, 1/(1 + e^(s·z)), exp(-e^(s·z)), tanh(s·z), e^(s·z).
Outer = Literal["line", "square", "kink", "step", "decay", "tanh", "power"]
Bounds: TypeAlias = list[tuple[float, float]]

#: A linear domain above zero that spans this much also has a logarithm.
_WIDE = 8.0
#: Places may lie this far outside of the domain, as a share of it.
_OUTSIDE = 0.3
#: Largest weight of a ridge's further hyperparameters relative to the first.
_HEAVIEST = 3.0
#: Largest constant that is added to a factor.
_LARGEST_SHIFT = 3.0
_LN10 = math.log(10.0)
#: Largest exponent of a power, in natural units, and largest growth over the domain.
_HIGHEST, _FASTEST = 3.0, 4.0


@dataclass(frozen=True)
class Scale:
    """How a hyperparameter enters: its search coordinate from 0 to 1, or the logarithm of a linear one.

    Args:
        index: Which of the axes.
        log: Whether through log10.
        low: Coordinate at the lower bound.
        span: Width of the domain in the coordinate.
    """

    index: int
    log: bool
    low: float
    span: float

    def at(self, x: Array) -> Array:
        """Returns t of natural values, same shape."""
        with np.errstate(all="ignore"):
            return ((np.log10(x) if self.log else x) - self.low) / self.span

    def natural(self, t: float) -> float:
        """Returns the coordinate log10(x) or x of a t."""
        return self.low + self.span * t


def scales_of(index: int, axis: Axis) -> tuple[Scale, ...]:
    """Returns how a hyperparameter can enter a formula, the usual way first; none for a categorical."""
    if axis.categorical:
        return ()
    low, high = axis.coordinate_bounds
    own = Scale(index, axis.log, float(low), float(high - low))
    if axis.log or axis.lower <= 0.0 or axis.upper < _WIDE * axis.lower:
        return (own,)
    low, high = math.log10(axis.lower), math.log10(axis.upper)
    return own, Scale(index, True, low, high - low)


class Coordinates:
    """The coordinates of configurations, computed once.

    Args:
        columns: Natural values, one array of shape (n,) an axis.
    """

    def __init__(self, columns: Sequence[Array]) -> None:
        self.columns = columns
        self.n = len(columns[0])
        self._known: dict[Scale, Array] = {}
        self.active = [~np.isnan(column) for column in columns]

    def of(self, scale: Scale) -> Array:
        """Returns the t of a scale, shape (n,), NaN where inactive."""
        if scale not in self._known:
            self._known[scale] = scale.at(self.columns[scale.index])
        return self._known[scale]


@dataclass(frozen=True)
class Factor:
    """A function of one hyperparameter, or of several along a ridge.

    Args:
        outer: What it does with its argument.
        scales: Of one hyperparameter, or of several, all through log10.
        exponent: Of a step or a decay in log10 the exponent in natural units where that is fixed; None for a fitted.
        shifted: Whether a constant is added to it, its last one: other factors count a little where it is zero, too.
    """

    outer: Outer
    scales: tuple[Scale, ...]
    exponent: float | None = None
    shifted: bool = False

    @property
    def has_place(self) -> bool:
        """Whether its first constant is a place."""
        return self.outer != "power"

    @property
    def has_steepness(self) -> bool:
        """Whether a constant says how steep it is."""
        return self.outer in ("step", "decay", "tanh", "power") and self.exponent is None

    @cached_property
    def n_constants(self) -> int:
        """How many non-linear constants it has."""
        return int(self.has_place) + int(self.has_steepness) + len(self.scales) - 1 + int(self.shifted)

    def split(self, theta: Array) -> tuple[float, float, list[float]]:
        """Returns place, steepness and weights."""
        numbers = theta.tolist()
        if self.shifted:
            numbers.pop()
        place = numbers.pop(0) if self.has_place else 0.0
        if self.has_steepness:
            steepness = numbers.pop(0)
        else:
            steepness = 0.0 if self.exponent is None else self.exponent * _LN10 * self.scales[0].span
        return place, steepness, numbers

    def values(self, theta: Array, coordinates: Coordinates) -> Array:
        """Returns the factor, shape (n,), NaN where a hyperparameter is inactive."""
        if self.shifted:
            return self._plain(theta, coordinates) + float(theta[-1])
        return self._plain(theta, coordinates)

    def _plain(self, theta: Array, coordinates: Coordinates) -> Array:
        place, steepness, weights = self.split(theta)
        z = coordinates.of(self.scales[0]) - place
        for scale, weight in zip(self.scales[1:], weights, strict=True):
            z = z + weight * coordinates.of(scale)
        if self.outer == "line":
            return np.asarray(z)
        if self.outer == "square":
            return np.asarray(z * z)
        if self.outer == "kink":
            return np.abs(z)
        if self.outer == "step":
            from scipy.special import expit

            return np.asarray(expit(-steepness * z))
        if self.outer == "tanh":
            return np.asarray(np.tanh(steepness * z))
        if self.outer == "decay":
            return np.asarray(np.exp(-np.exp(np.clip(steepness * z, -50.0, 50.0))))
        return np.asarray(np.exp(steepness * z))

    @property
    def _steepest(self) -> float:
        if not self.scales[0].log:
            return _FASTEST if self.outer == "power" else STEEPEST_STEP
        return (_HIGHEST if self.outer == "power" else STEEPEST_STEP) * _LN10 * self.scales[0].span

    @cached_property
    def bounds(self) -> Bounds:
        """Smallest and largest value of each constant."""
        found: Bounds = [(-_OUTSIDE, 1.0 + _OUTSIDE)] if self.has_place else []
        if len(self.scales) > 1:
            found = [(-_HEAVIEST, _HEAVIEST + 1.0)]
        if self.has_steepness:
            found.append((-self._steepest, self._steepest))
        found += [self._weights(scale) for scale in self.scales[1:]]
        return [*found, (-_LARGEST_SHIFT, _LARGEST_SHIFT)] if self.shifted else found

    def _weights(self, scale: Scale) -> tuple[float, float]:
        """Returns the smallest and the largest weight, between logarithms that of a readable exponent."""
        readable = EXPONENTS[1] * scale.span / self.scales[0].span
        largest = min(_HEAVIEST, readable) if scale.log and self.scales[0].log else _HEAVIEST
        return -largest, largest


@dataclass(frozen=True)
class Groups:
    """Choices of a categorical that have constants of their own.

    Args:
        index: Which of the axes.
        members: The positions of the choices of each group; choices in none have no effect.
    """

    index: int
    members: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Term:
    """The form of a part: what is fitted are its θ and its coefficients, one, or one for each group.

    Args:
        factors: What is multiplied; none for offsets of choices.
        groups: Choices with coefficients of their own; None without.
    """

    factors: tuple[Factor, ...]
    groups: Groups | None = None

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.factors, self.groups))

    @cached_property
    def indices(self) -> tuple[int, ...]:
        """The axes in it, ascending."""
        found = {scale.index for factor in self.factors for scale in factor.scales}
        return tuple(sorted(found | ({self.groups.index} if self.groups is not None else set())))

    @cached_property
    def is_line(self) -> bool:
        """Whether it is straight in one hyperparameter: its place makes its mean zero, or joins another constant."""
        return self.groups is None and len(self.factors) == 1 and self.factors[0].outer == "line"

    @property
    def is_centred(self) -> bool:
        """Whether it needs no constant to have mean zero: a straight part and offsets of choices."""
        return self.is_line or not self.factors

    @cached_property
    def n_constants(self) -> int:
        """How many non-linear constants are fitted; the place of a straight part is not."""
        return 0 if self.is_line else sum(factor.n_constants for factor in self.factors)

    @cached_property
    def n_coefficients(self) -> int:
        """How many linear constants."""
        return 1 if self.groups is None else len(self.groups.members)

    @cached_property
    def bounds(self) -> Bounds:
        """Smallest and largest value of each non-linear constant."""
        return [bound for factor in self.factors for bound in factor.bounds] if self.n_constants else []

    def split(self, theta: Array) -> list[Array]:
        """Returns the constants of each factor."""
        if self.is_line:
            return [np.zeros(1)]
        return [theta[own] for own in self._slices]

    @cached_property
    def _slices(self) -> list[slice]:
        ends = np.cumsum([0, *(factor.n_constants for factor in self.factors)]).tolist()
        return [slice(a, b) for a, b in pairwise(ends)]

    def raw(self, theta: Array, coordinates: Coordinates) -> Array:
        """Returns the product for every group, shape (n, coefficients), NaN where it is inactive."""
        value: Array | None = None
        for factor, own in zip(self.factors, self.split(theta), strict=True):
            values = factor.values(own, coordinates)
            value = values if value is None else value * values
        if value is None:
            value = np.ones(coordinates.n)
        return self.by_group(value, coordinates.columns)

    def by_group(self, values: Array, columns: Sequence[Array]) -> Array:
        """Returns values (n,) for every group, 0 for the choices of others, shape (n, coefficients)."""
        if self.groups is None:
            return values[:, None]
        chosen = columns[self.groups.index]
        values = np.where(np.isnan(chosen), np.nan, values)
        return np.column_stack([np.where(np.isin(chosen, m), values, values * 0.0) for m in self.groups.members])

    def columns(self, theta: Array, coordinates: Coordinates) -> Array:
        """Returns the same with mean zero where it is active, and 0 where it is not."""
        return centred(self.raw(theta, coordinates))


def by_indices(terms: Sequence[Term]) -> dict[tuple[int, ...], list[int]]:
    """Returns the positions of the terms of the same hyperparameters, by their axes."""
    together: dict[tuple[int, ...], list[int]] = {}
    for k, term in enumerate(terms):
        together.setdefault(term.indices, []).append(k)
    return together


def centred(raw: Array) -> Array:
    """Returns columns less their mean over what is not NaN, 0 elsewhere."""
    inactive = np.isnan(raw)
    if not inactive.any():
        return np.asarray(raw - raw.mean(axis=0))
    counts = np.maximum(1, (~inactive).sum(axis=0))
    filled = np.where(inactive, 0.0, raw)
    return np.where(inactive, 0.0, filled - filled.sum(axis=0) / counts)
