"""Finds where a formula is best and whether the run's incumbent agrees.

The minimum is searched by branch and bound on interval enclosures (`intervals`; Moore, Kearfott & Cloud 2009): boxes
whose bounds cannot beat the best point found are dropped, the others are halved. A point that is left is the global
optimum up to a stated gap, not merely the best of a grid.

Notation:
    u: search coordinates; k: number of hyperparameters; b: number of boxes.
    f: the formula, negated to maximise, so that less is better.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepcave_symbolic.behaviour import discrete_values, shown_value
from deepcave_symbolic.expression import Array, Node, evaluate, variables
from deepcave_symbolic.formula import Formula
from deepcave_symbolic.intervals import enclose
from deepcave_symbolic.printing import number_text, shown_name
from deepcave_symbolic.projection import Projection
from deepcave_symbolic.rounding import round_significant
from deepcave_symbolic.space import Axis

__all__ = ["Optimum", "compare_with_incumbent", "find_optimum", "interpolators"]

#: The gap to the proven bound, as a share of the formula's range, below which an optimum counts as certified.
GAP = 1e-3
#: Points this close to the optimum, as a share of the range, are as good; a plateau if they spread this far.
_AS_GOOD, _PLATEAU = 1e-4, 0.1
_GRID = {1: 2001, 2: 101}
_CELLS = {1: 64, 2: 16}
_MAX_VALUES, _MAX_TABLE = 2048, 200_000
_MAX_BOXES, _MAX_ROUNDS = 16_384, 40

_At = Callable[[Array], Array]


@dataclass(frozen=True)
class Optimum:
    """Where a formula is best, beside the run's incumbent.

    Args:
        values: The formula's optimum in natural units, in the order of its axes.
        value: The formula there, objective units.
        certified: Whether no point of the domain is better by more than 0.1 % of the formula's range, proven.
        incumbent: The incumbent's values of the same hyperparameters; None without one.
        incumbent_cost: The objective of the incumbent's whole configuration; the formula averages over the other
            hyperparameters, so the two are not comparable.
        value_at_incumbent: The formula at the incumbent's values.
        disagrees: Whether formula and surrogate differ by more than the surrogate's uncertainty; None where there is
            nothing to compare.
        sentence: The same in words.
    """

    values: tuple[float, ...]
    value: float
    certified: bool
    incumbent: tuple[float, ...] | None
    incumbent_cost: float | None
    value_at_incumbent: float | None
    disagrees: bool | None
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Returns the record as JSON values; what is not finite becomes None."""
        return {
            "values": list(self.values),
            "value": _finite_or_none(self.value),
            "certified": self.certified,
            "incumbent": None if self.incumbent is None else list(self.incumbent),
            "incumbent_cost": _finite_or_none(self.incumbent_cost),
            "value_at_incumbent": _finite_or_none(self.value_at_incumbent),
            "disagrees": self.disagrees,
            "sentence": self.sentence,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Optimum:
        """Reads what `to_dict` wrote.

        Raises:
            KeyError: If a field is missing.
            TypeError: If a field has another type.
            ValueError: If a number is none.
        """
        if not isinstance(data["sentence"], str) or not isinstance(data["certified"], bool):
            raise TypeError("not the dictionary of an optimum")
        if data["disagrees"] is not None and not isinstance(data["disagrees"], bool):
            raise TypeError("not the dictionary of an optimum")
        return cls(
            values=tuple(float(v) for v in data["values"]),
            value=math.nan if data["value"] is None else float(data["value"]),
            certified=data["certified"],
            incumbent=None if data["incumbent"] is None else tuple(float(v) for v in data["incumbent"]),
            incumbent_cost=_float_or_none(data["incumbent_cost"]),
            value_at_incumbent=_float_or_none(data["value_at_incumbent"]),
            disagrees=data["disagrees"],
            sentence=data["sentence"],
        )


def _finite_or_none(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _float_or_none(value: Any) -> float | None:
    return None if value is None else float(value)


# --- the optimum --------------------------------------------------------------------------------------------------


def find_optimum(
    formula: Formula, *, maximize: bool, near: tuple[float, ...] | None = None
) -> tuple[tuple[float, ...], float, bool]:
    """Returns where a formula is best over its domain, its value there, and whether that is proven.

    Integers and ordinals only take their values. Forbidden points are no candidates: where the optimum is forbidden,
    the best allowed point of a dense grid is returned, unproven.

    Args:
        formula: The formula.
        maximize: Whether more is better.
        near: Where on a plateau of equally good points (within 0.01 % of the range, spread over at least a tenth of an
            axis) to look: the nearest one is returned. Natural units.
    """
    search = _Search(formula, maximize)
    points = search.grid()
    values = search.at(points)
    allowed = _allowed(formula, points)
    usable = allowed & np.isfinite(values)
    if not usable.any():
        return tuple(points[len(points) // 2].tolist()), math.nan, False
    scale = float(np.ptp(values[usable]))
    best = points[np.argmin(np.where(usable, values, np.inf))]
    if search.is_complete:
        certified = bool(np.all(np.isfinite(values[allowed])))
    else:
        free, certified = search.branch_and_bound(points[np.argmin(values)], scale)
        if _allowed(formula, free[None])[0]:
            best = free
        else:
            certified = False
    if near is not None:
        best = search.nearest(best, np.vstack([points[usable], search.valid(near, formula)]), scale, near)
    value = float(search.at(best[None])[0])
    return tuple(best.tolist()), -value if maximize else value, certified


def _allowed(formula: Formula, points: Array) -> Any:
    """Returns which points no forbidden clause excludes, shape (n,)."""
    columns = [np.ascontiguousarray(column) for column in points.T]
    return ~formula.forbidden_at(columns, np.ones(len(points), dtype=bool))


class _Search:
    """The search for the minimum of one formula."""

    def __init__(self, formula: Formula, maximize: bool) -> None:
        self.axes = formula.axes
        self.tree = Node("neg", (formula.tree,)) if maximize else formula.tree
        self.values = [discrete_values(axis, _MAX_VALUES) for axis in self.axes]
        ends = [axis.to_coordinate(np.array([axis.lower, axis.upper])) for axis in self.axes]
        self.low, self.high = np.array(ends).T
        sizes = [0 if v is None else len(v) for v in self.values]
        self.is_complete = 0 < math.prod(sizes) <= _MAX_TABLE

    def at(self, points: Array) -> Array:
        """Returns f at points in natural units, shape (n,); infinite where it is undefined, which is never best."""
        values = evaluate(self.tree, [np.ascontiguousarray(column) for column in points.T])
        return np.where(np.isfinite(values), values, np.inf)

    def grid(self) -> Array:
        """Returns all points of the domain or, where it is continuous, a dense grid; natural units, shape (n, k)."""
        n = _GRID[len(self.axes)]
        columns = [
            v if v is not None and (self.is_complete or len(v) <= n) else axis.check_grid(n)
            for axis, v in zip(self.axes, self.values, strict=True)
        ]
        for axis, column in zip(self.axes, columns, strict=True):
            # On a log axis the ends of a grid are the bounds only nearly.
            column[0], column[-1] = axis.lower, axis.upper
        return np.column_stack([m.ravel() for m in np.meshgrid(*columns, indexing="ij")])

    def coordinates(self, points: Array) -> Array:
        return np.column_stack([axis.to_coordinate(points[:, i]) for i, axis in enumerate(self.axes)])

    def natural(self, u: Array) -> Array:
        """Returns the valid points nearest to search coordinates; natural units, shape (n, k)."""
        columns = []
        for i, (axis, values) in enumerate(zip(self.axes, self.values, strict=True)):
            x = np.clip(10.0 ** u[:, i] if axis.log else u[:, i], axis.lower, axis.upper)
            x = np.where(u[:, i] <= self.low[i], axis.lower, np.where(u[:, i] >= self.high[i], axis.upper, x))
            if values is not None:
                at = np.clip(np.searchsorted(values, x), 1, len(values) - 1)
                x = np.where(x - values[at - 1] <= values[at] - x, values[at - 1], values[at])
            elif axis.integer:
                x = np.round(x)
            columns.append(x)
        return np.column_stack(columns)

    def polish(self, point: Array) -> Array:
        """Improves a point by grids around it that become finer."""
        n = 33 if len(self.axes) == 1 else 9
        width = (self.high - self.low) / 50
        offsets = np.linspace(-1.0, 1.0, n)
        pattern = np.column_stack([m.ravel() for m in np.meshgrid(*[offsets] * len(self.axes), indexing="ij")])
        for _ in range(14):
            u = np.clip(self.coordinates(point[None]) + pattern * width, self.low, self.high)
            candidates = np.vstack([point[None], self.natural(u)])
            values = self.at(candidates)
            point = candidates[np.argmin(values)]
            width = width * 0.25
        return point

    def branch_and_bound(self, start: Array, scale: float) -> tuple[Array, bool]:
        """Returns the best point and whether no other one is better by more than the gap.

        Args:
            start: A good point, natural units, shape (k,).
            scale: The formula's range, objective units.
        """
        best = self.polish(start)
        value = float(self.at(best[None])[0])
        gap = max(GAP * scale, 1e-9 * abs(value), 1e-300)
        lower, upper = self._first_boxes()
        log = [axis.log for axis in self.axes]
        for _ in range(_MAX_ROUNDS):
            only_points = bool(np.all(lower == upper))
            box = enclose(self.tree, lower, upper, log=log)
            centres = self.natural(0.5 * (lower + upper))
            at_centres = self.at(centres)
            if np.min(at_centres) < value:
                best = self.polish(centres[np.argmin(at_centres)])
                value = float(self.at(best[None])[0])
            keep = ~(box.value[0] >= value - gap)
            for i in range(len(self.axes)):
                wide = upper[:, i] > lower[:, i]
                rising, falling = wide & (box.gradient[i, 0] > 0), wide & (box.gradient[i, 1] < 0)
                # A box that slopes has its minimum on a face: its neighbour's, or at the end of the domain its own.
                keep &= ~(rising & (lower[:, i] > self.low[i])) & ~(falling & (upper[:, i] < self.high[i]))
                upper[:, i] = np.where(rising, lower[:, i], upper[:, i])
                lower[:, i] = np.where(falling, upper[:, i], lower[:, i])
            lower, upper = lower[keep], upper[keep]
            if len(lower) == 0:
                return best, True
            if only_points or len(lower) << len(self.axes) > _MAX_BOXES:
                return best, False
            lower, upper = _halved(lower, upper)
        return best, False

    def _first_boxes(self) -> tuple[Array, Array]:
        sides = []
        for axis, values, low, high in zip(self.axes, self.values, self.low, self.high, strict=True):
            edges = low + (high - low) * np.arange(_CELLS[len(self.axes)] + 1) / _CELLS[len(self.axes)]
            edges[-1] = high
            u = None if values is None else axis.to_coordinate(values)
            sides.append((edges[:-1], edges[1:]) if u is None else (u, u))
        lower, upper = (
            np.column_stack([m.ravel() for m in np.meshgrid(*corner, indexing="ij")])
            for corner in zip(*sides, strict=True)
        )
        return lower, upper

    def valid(self, near: Sequence[float], formula: Formula) -> Array:
        """Returns the point as a candidate, shape (1, k), or none of it, shape (0, k), where it is not allowed."""
        point = np.asarray(near, dtype=np.float64)[None]
        inside = all(bool(axis.contains(point[:, i])[0]) for i, axis in enumerate(self.axes))
        return point if inside and _allowed(formula, point)[0] else point[:0]

    def nearest(self, best: Array, points: Array, scale: float, near: Sequence[float]) -> Array:
        """Returns the point of the plateau around the optimum that is nearest to another; the optimum without one."""
        value = float(self.at(best[None])[0])
        good = points[self.at(points) <= value + _AS_GOOD * scale]
        width = self.high - self.low
        if len(good) == 0 or np.max(np.ptp(self.coordinates(good), axis=0) / width) < _PLATEAU:
            return best
        target = self.coordinates(np.asarray(near, dtype=np.float64)[None])
        distance = np.linalg.norm((self.coordinates(good) - target) / width, axis=1)
        return best if np.isnan(distance).any() else np.asarray(good[np.argmin(distance)])


def _halved(lower: Array, upper: Array) -> tuple[Array, Array]:
    """Halves boxes along every axis along which they are not a single value."""
    for i in range(lower.shape[1]):
        wide = upper[:, i] > lower[:, i]
        middle = 0.5 * (lower[wide, i] + upper[wide, i])
        second, to = lower[wide].copy(), upper[wide].copy()
        second[:, i] = middle
        upper[wide, i] = middle
        lower, upper = np.vstack([lower, second]), np.vstack([upper, to])
    return lower, upper


# --- beside the incumbent -----------------------------------------------------------------------------------------


def compare_with_incumbent(
    formula: Formula,
    *,
    maximize: bool,
    incumbent: tuple[float, ...] | None,
    incumbent_cost: float | None,
    mean_at: _At,
    std_at: _At,
) -> Optimum:
    """Returns the formula's optimum beside the incumbent.

    They disagree where the projected surrogate's means at the two places differ by more than the root mean square of
    its standard deviations there. That is the standard deviation of a difference of two predictions with correlation
    1/2: predictions of one model, averaged over the same configurations, err together, so that independence would hide
    real differences. Formula and surrogate also disagree where the formula at its optimum is off the surrogate's mean
    by more than the surrogate's standard deviation: then the optimum is a place the formula made up. A constant formula
    has no optimum to compare.

    Args:
        formula: The formula.
        maximize: Whether more is better.
        incumbent: The incumbent's values in natural units, in the order of the axes.
        incumbent_cost: The objective of the incumbent's whole configuration; shown, not compared.
        mean_at: The projection's mean at points of shape (n, k), natural units.
        std_at: Its standard deviation there.
    """
    values, value, certified = find_optimum(formula, maximize=maximize, near=incumbent)
    at_incumbent = None
    if incumbent is not None:
        at_incumbent = float(evaluate(formula.tree, [np.array([v]) for v in incumbent])[0])
    here = _Expected.at(values, mean_at, std_at)
    there = None if incumbent is None else _Expected.at(incumbent, mean_at, std_at)
    is_constant = not variables(formula.tree)
    off = abs(value - here.mean) > here.std
    apart = there is not None and abs(there.mean - here.mean) > math.sqrt((there.std**2 + here.std**2) / 2)
    unknown = is_constant or not math.isfinite(value) or (there is None and not off)
    return Optimum(
        values=values,
        value=value,
        certified=certified,
        incumbent=incumbent,
        incumbent_cost=incumbent_cost,
        value_at_incumbent=at_incumbent,
        disagrees=None if unknown else off or apart,
        sentence=_sentence(formula, maximize, values, value, certified, incumbent, here, there, off, apart),
    )


@dataclass(frozen=True)
class _Expected:
    """What the projected surrogate expects at a point."""

    mean: float
    std: float

    @classmethod
    def at(cls, point: Sequence[float], mean_at: _At, std_at: _At) -> _Expected:
        row = np.asarray(point, dtype=np.float64)[None]
        return cls(float(mean_at(row)[0]), float(std_at(row)[0]))

    def __str__(self) -> str:
        if not math.isfinite(self.mean):
            return "nothing"
        if not (math.isfinite(self.std) and self.std > 0):
            return number_text(round_significant(self.mean, 3))
        std = round_significant(self.std, 1)
        # The mean to the decimal that is uncertain.
        decimals = -math.floor(math.log10(std))
        return f"{number_text(float(round(self.mean, decimals)))} ± {number_text(std)}"


def _sentence(
    formula: Formula,
    maximize: bool,
    values: Sequence[float],
    value: float,
    certified: bool,
    incumbent: Sequence[float] | None,
    here: _Expected,
    there: _Expected | None,
    off: bool,
    apart: bool,
) -> str:
    if not math.isfinite(value):
        return "The formula has no value anywhere on a dense grid of its domain."
    objective = f"{shown_name(formula.objective)} ≈ {number_text(round_significant(value, 3))}"
    if not variables(formula.tree):
        return f"The formula is the same everywhere ({objective}) and prefers no value."
    where = " and ".join(_assigned(formula.axes, values))
    best = "highest" if maximize else "lowest"
    text = f"The formula is {best}{'' if certified else ', as far as was searched,'} at {where} ({objective})"
    if off:
        text += f", where the surrogate expects {here}"
    if incumbent is None or there is None:
        return f"{text}{': formula and surrogate disagree' if off else ''}."
    has = _named(formula.axes, incumbent)
    if apart:
        surrogate = "it" if off else "the surrogate"
        beside = "" if off else f", against {here} at the formula's optimum"
        return f"{text}; the incumbent has {has}, where {surrogate} expects {there}{beside}: they disagree."
    if off:
        return f"{text}: formula and surrogate disagree; the incumbent has {has}."
    same = all(
        shown_value(axis, a, exact=True) == shown_value(axis, b, exact=True)
        for axis, a, b in zip(formula.axes, values, incumbent, strict=True)
    )
    if same:
        return f"{text}, which is where the incumbent is."
    return f"{text}; the incumbent has {has}, as good within the surrogate's uncertainty."


def _assigned(axes: Sequence[Axis], values: Sequence[float]) -> list[str]:
    return [f"{shown_name(a.name)} {shown_value(a, v, exact=True)}" for a, v in zip(axes, values, strict=True)]


def _named(axes: Sequence[Axis], values: Sequence[float]) -> str:
    """Returns the incumbent's values, with names where there are two."""
    shown = [shown_value(a, v, exact=True).lstrip("=≈ ") for a, v in zip(axes, values, strict=True)]
    if len(axes) == 1:
        return shown[0]
    return " and ".join(f"{shown_name(a.name)} {text}" for a, text in zip(axes, shown, strict=True))


def interpolators(projection: Projection) -> tuple[_At, _At]:
    """Returns the projection's mean and standard deviation as functions of points in natural units, shape (n, k).

    Linear between the grid's points in search coordinates; a grid point without a valid configuration takes the nearest
    one's value.
    """
    from scipy.interpolate import RegularGridInterpolator

    table = projection.coordinates(projection.grid)
    axes = [np.unique(table[:, i]) for i in range(table.shape[1])]
    low, high = table.min(axis=0), table.max(axis=0)
    width = np.where(high > low, high - low, 1.0)

    def interpolator(values: Array) -> _At:
        known = np.flatnonzero(np.isfinite(values))
        filled = values.copy()
        for row in np.flatnonzero(~np.isfinite(values)):
            filled[row] = values[known[np.argmin(np.sum(((table[known] - table[row]) / width) ** 2, axis=1))]]
        inner = RegularGridInterpolator(axes, filled.reshape(projection.shape))

        def at(points: Array) -> Array:
            u = np.clip(projection.coordinates(np.asarray(points, dtype=np.float64)), low, high)
            return np.asarray(inner(u), dtype=np.float64)

        return at

    return interpolator(projection.mean), interpolator(projection.std)
