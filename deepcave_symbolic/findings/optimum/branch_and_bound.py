"""Where a formula is best over its domain, by branch and bound; see the package."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from deepcave_symbolic.findings.intervals import enclose
from deepcave_symbolic.formulas.expression import Node, evaluate
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.numeric.arrays import Array, columns_of
from deepcave_symbolic.numeric.grids import product_columns, product_of
from deepcave_symbolic.space.axis import coordinates_of
from deepcave_symbolic.space.values import discrete_values

#: The gap to the proven bound, as a share of the formula's range, below which an optimum counts as certified.
GAP = 1e-3
#: Points this close to the optimum, as a share of the range, are as good; a plateau if they spread this far.
_AS_GOOD, _PLATEAU = 1e-4, 0.1
_GRID = {1: 2001, 2: 101}
_CELLS = {1: 64, 2: 16}
_MAX_VALUES, _MAX_TABLE = 2048, 200_000
_MAX_BOXES, _MAX_ROUNDS = 16_384, 40


class Best(NamedTuple):
    """Where a formula is best.

    Args:
        values: The point in natural units, in the order of the axes.
        value: The formula there, objective units; NaN where it has no value anywhere.
        certified: Whether no point of the domain is better by more than 0.1 % of the formula's range, proven.
        plateau: From where to where an axis the formula is as good, natural units; empty where that is one place.
        range: The formula's largest minus smallest value on the allowed points of a dense grid, objective units.
    """

    values: tuple[float, ...]
    value: float
    certified: bool
    plateau: tuple[tuple[float, float], ...] = ()
    range: float = 0.0


def find_optimum(formula: Formula, *, maximize: bool, near: tuple[float, ...] | None = None) -> Best:
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
    allowed = search.allowed(points)
    usable = allowed & np.isfinite(values)
    if not usable.any():
        return Best(tuple(points[len(points) // 2].tolist()), math.nan, False)
    scale = float(np.ptp(values[usable]))
    best = points[np.argmin(np.where(usable, values, np.inf))]
    if search.is_complete:
        certified = bool(np.all(np.isfinite(values[allowed])))
    else:
        free, certified = search.branch_and_bound(points[np.argmin(values)], scale)
        if search.allowed(free[None])[0]:
            best = free
        else:
            certified = False
    candidates, values = points[usable], values[usable]
    if near is not None:
        other = search.valid(near)
        candidates, values = np.vstack([candidates, other]), np.concatenate([values, search.at(other)])
    plateau = search.plateau(best, candidates, values, scale)
    if near is not None:
        best = search.nearest(best, plateau, near)
    value = float(search.at(best[None])[0])
    ends = zip(plateau.min(axis=0).tolist(), plateau.max(axis=0).tolist(), strict=True) if len(plateau) else ()
    return Best(tuple(best.tolist()), -value if maximize else value, certified, tuple(ends), scale)


class _Search:
    """The search for the minimum of one formula."""

    def __init__(self, formula: Formula, maximize: bool) -> None:
        self.formula, self.axes = formula, formula.axes
        self.tree = Node("neg", (formula.tree,)) if maximize else formula.tree
        self.values = [discrete_values(axis, _MAX_VALUES) for axis in self.axes]
        ends = [axis.coordinate_bounds for axis in self.axes]
        self.low, self.high = np.array(ends).T
        sizes = [0 if v is None else len(v) for v in self.values]
        self.is_complete = 0 < math.prod(sizes) <= _MAX_TABLE

    def at(self, points: Array) -> Array:
        """Returns f at points in natural units, shape (n,); infinite where it is undefined, which is never best."""
        return self.at_columns(columns_of(points))

    def at_columns(self, columns: Sequence[Array]) -> Array:
        """Returns the same at points whose values are given axis by axis."""
        values = evaluate(self.tree, columns)
        return np.where(np.isfinite(values), values, np.inf)

    def allowed(self, points: Array) -> Any:
        """Returns which points no forbidden clause excludes, shape (n,)."""
        inside = np.ones(len(points), dtype=bool)
        return (
            inside if self.formula.forbidden_space is None else ~self.formula.forbidden_at(columns_of(points), inside)
        )

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
        return product_of(columns)

    def coordinates(self, points: Array) -> Array:
        return coordinates_of(self.axes, points)

    def natural(self, u: Sequence[Array]) -> list[Array]:
        """Returns the valid points nearest to search coordinates, both axis by axis; natural units, shape (n,) each."""
        columns = []
        for at, axis, values, low, high in zip(u, self.axes, self.values, self.low, self.high, strict=True):
            x = (10.0**at if axis.log else at).clip(axis.lower, axis.upper)
            x = np.where(at <= low, axis.lower, np.where(at >= high, axis.upper, x))
            if values is not None:
                above = np.searchsorted(values, x).clip(1, len(values) - 1)
                x = np.where(x - values[above - 1] <= values[above] - x, values[above - 1], values[above])
            elif axis.integer:
                x = np.round(x)
            columns.append(x)
        return columns

    def polish(self, point: Array) -> Array:
        """Improves a point by grids around it that become finer."""
        n = 33 if len(self.axes) == 1 else 9
        width = (self.high - self.low) / 50
        pattern = product_columns([np.linspace(-1.0, 1.0, n)] * len(self.axes))
        centre = self.coordinates(point[None])[0]
        for _ in range(14):
            u = [
                (c + offsets * w).clip(low, high)
                for c, offsets, w, low, high in zip(centre, pattern, width, self.low, self.high, strict=True)
            ]
            columns = [np.concatenate([[x], other]) for x, other in zip(point, self.natural(u), strict=True)]
            at = np.argmin(self.at_columns(columns))
            if at > 0:
                point = np.array([column[at] for column in columns])
                centre = self.coordinates(point[None])[0]
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
            centres = self.natural(columns_of(0.5 * (lower + upper)))
            at_centres = self.at_columns(centres)
            if np.min(at_centres) < value:
                best = self.polish(np.array([column[np.argmin(at_centres)] for column in centres]))
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
        lower, upper = zip(*sides, strict=True)
        return product_of(lower), product_of(upper)

    def valid(self, near: Sequence[float]) -> Array:
        """Returns the point as a candidate, shape (1, k), or none of it, shape (0, k), where it is not allowed."""
        point = np.asarray(near, dtype=np.float64)[None]
        inside = all(bool(axis.contains(point[:, i])[0]) for i, axis in enumerate(self.axes))
        return point if inside and self.allowed(point)[0] else point[:0]

    def plateau(self, best: Array, points: Array, values: Array, scale: float) -> Array:
        """Returns the points around the optimum that are as good, shape (n, k); none where they are one place.

        Args:
            best: The optimum, natural units, shape (k,).
            points: Points, natural units.
            values: The formula there.
            scale: The formula's range, objective units.
        """
        good = values <= float(self.at(best[None])[0]) + _AS_GOOD * scale
        if len(self.axes) == 1:
            # Another optimum elsewhere that is as good does not make a plateau of what lies between.
            order = np.argsort(points[:, 0], kind="stable")
            points, good = points[order], good[order]
            at = int(np.argmin(np.abs(self.coordinates(points) - self.coordinates(best[None])).sum(axis=1)))
            gaps = np.flatnonzero(~good)
            good[: int(np.max(gaps[gaps < at], initial=-1)) + 1] = False
            good[int(np.min(gaps[gaps > at], initial=len(good))) :] = False
        found = points[good]
        width = self.high - self.low
        width = np.where(width > 0, width, 1.0)  # bounds may have one and the same logarithm
        if len(found) == 0 or np.max(np.ptp(self.coordinates(found), axis=0) / width) < _PLATEAU:
            return found[:0]
        return found

    def nearest(self, best: Array, plateau: Array, near: Sequence[float]) -> Array:
        """Returns the point of the plateau that is nearest to another one; the optimum without a plateau."""
        if len(plateau) == 0:
            return best
        width = self.high - self.low
        target = self.coordinates(np.asarray(near, dtype=np.float64)[None])
        distance = np.linalg.norm((self.coordinates(plateau) - target) / np.where(width > 0, width, 1.0), axis=1)
        return best if np.isnan(distance).any() else np.asarray(plateau[np.argmin(distance)])


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
