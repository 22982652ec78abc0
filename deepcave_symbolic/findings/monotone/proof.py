"""Proves that a formula moves in one direction only: bounds of its slope, on boxes that are halved where they are open.

A hyperparameter of which only some values exist moves from one value to the next; between them the formula may do what
it likes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Literal, get_args

import numpy as np

from deepcave_symbolic.findings.intervals import enclose
from deepcave_symbolic.formulas.by_choice import categorical_of
from deepcave_symbolic.formulas.expression import (
    Node,
    constant,
    evaluate,
    resolve_cases,
    substitute,
    variable,
    variables,
)
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.numeric.grids import product_columns, product_of
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.space.values import discrete_values, ends_of

__all__ = ["TRENDS", "Trend", "keeps", "rounding_of"]

Trend = Literal["falling", "rising"]
TRENDS: tuple[Trend, ...] = get_args(Trend)

#: Over the whole domain a formula may move against its trend by this share of its size, which is rounding.
_ROUNDING = 1e-10
#: Points per axis at which the size is taken.
_SIZE_POINTS = 17
#: Beside another hyperparameter at most so many values are gone through one by one.
_FEW = 32
#: Boxes per axis at first, by their dimension; how often they are halved, and how many may be open.
_CELLS, _HALVINGS, _MOST_OPEN = {1: 64, 2: 16}, 8, 8192

#: Lower and upper bounds, shape (2, b), of something over boxes, whose corners are search coordinates, shape (b, k).
_Bounds = Callable[[Array, Array], Array]


def keeps(tree: Node, axes: Sequence[Axis], monotone: Mapping[str, Trend]) -> bool:
    """Returns whether an expression is proven to have every trend on the whole domain, but for rounding.

    Args:
        tree: The expression in natural units.
        axes: Its hyperparameters.
        monotone: The trends; see the package's notation.
    """
    trends = [(i, monotone[axis.name]) for i, axis in enumerate(axes) if axis.name in monotone]
    return all(_is_monotone(tree, axes, i, trend) for i, trend in trends)


def rounding_of(tree: Node, axes: Sequence[Axis]) -> float:
    """Returns what counts as a rounding error of an expression, objective units; not finite where it has a pole."""
    points = product_columns([axis.check_grid(_SIZE_POINTS) for axis in axes])
    return _ROUNDING * float(np.max(np.abs(evaluate(tree, points))))


def _is_monotone(tree: Node, axes: Sequence[Axis], i: int, trend: Trend) -> bool:
    """Returns whether an expression has a trend along axis i, whatever the other one is."""
    if i not in variables(tree):
        return True
    selector = categorical_of(axes)
    if selector is not None:
        branches = {resolve_cases(tree, selector, j) for j in range(len(axes[selector].values or ()))}
        return all(_is_monotone(substitute(b, {i: variable(0)}), (axes[i],), 0, trend) for b in branches)
    with np.errstate(all="ignore"):
        rounding = rounding_of(tree, axes)
    if not math.isfinite(rounding):
        return False
    rising = tree if trend == "rising" else Node("neg", (tree,))
    if len(axes) == 1:
        values = discrete_values(axes[0])
        if values is not None:
            return bool(np.all(np.diff(evaluate(rising, [values])) >= -rounding))
        return _rises(rising, axes, i, rounding)
    values = discrete_values(axes[i], _FEW)
    if values is None:
        return _rises(rising, axes, i, rounding)
    return all(_steps_up(rising, axes, i, step, rounding) for step in pairwise(values))


def _rises(tree: Node, axes: Sequence[Axis], i: int, rounding: float) -> bool:
    """Returns whether the slope along a continuous axis is proven to be nowhere negative."""
    low, high = ends_of(axes[i])
    log = tuple(axis.log for axis in axes)
    return _is_at_least(-rounding / (high - low), lambda a, b: enclose(tree, a, b, log=log).gradient[i], axes)


def _steps_up(tree: Node, axes: Sequence[Axis], i: int, step: tuple[float, float], rounding: float) -> bool:
    """Returns whether no move from one value of axis i to another is negative, for every value of the other one."""
    other = axes[1 - i]
    before, after = (substitute(tree, {i: constant(float(x)), 1 - i: variable(0)}) for x in step)
    move = Node("-", (after, before))
    return _is_at_least(-rounding, lambda a, b: enclose(move, a, b, log=(other.log,)).value, (other,))


def _is_at_least(limit: float, bounds: _Bounds, axes: Sequence[Axis]) -> bool:
    """Returns whether something is proven to be nowhere below a limit."""
    starts = [_intervals(axis, _CELLS[len(axes)]) for axis in axes]
    lower, upper = (product_of([start[side] for start in starts]) for side in range(2))
    for _ in range(_HALVINGS + 1):
        low, high = bounds(lower, upper)
        if np.any(high < limit):
            return False
        open_ = ~(low >= limit)
        if not np.any(open_):
            return True
        lower, upper = _halved(lower[open_], upper[open_])
        if len(lower) > _MOST_OPEN:
            break
    return False


def _intervals(axis: Axis, n: int) -> tuple[Array, Array]:
    """Returns lower and upper ends of what covers an axis, search coordinates: n cells, or its values if they are few.

    Those of more values are treated as continuous.
    """
    values = discrete_values(axis, _FEW)
    if values is not None:
        u = axis.to_coordinate(values)
        return u, u
    edges: Array = np.linspace(*ends_of(axis), n + 1, dtype=np.float64)
    return edges[:-1], edges[1:]


def _halved(lower: Array, upper: Array) -> tuple[Array, Array]:
    """Returns the boxes halved along every side that has a length."""
    for i in range(lower.shape[1]):
        long = lower[:, i] < upper[:, i]
        middle = lower[:, i] + 0.5 * (upper[:, i] - lower[:, i])
        first, second = upper.copy(), lower[long].copy()
        first[long, i], second[:, i] = middle[long], middle[long]
        lower, upper = np.vstack([lower, second]), np.vstack([first, upper[long]])
    return lower, upper
