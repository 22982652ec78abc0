"""Two hyperparameters that act together: with which sign a formula moves along each, whatever the other is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from deepcave_symbolic.findings.behaviour.terms import FALLS, NEGLIGIBLE, RISES, range_of
from deepcave_symbolic.findings.intervals import enclose
from deepcave_symbolic.formulas.expression import CASES, Node, evaluate, variables
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.numeric.arrays import Array, Mask
from deepcave_symbolic.numeric.grids import product_columns
from deepcave_symbolic.space.values import discrete_values, ends_of, natural_values

_RASTER, _RASTER_LEVELS, _MAX_OPEN = 32, 2, 4096
#: Two thresholds this close are one.
_ONE_THRESHOLD = 0.1


@dataclass(frozen=True)
class Course:
    """How a formula moves with one of two hyperparameters: the simplest statement that is proven.

    Args:
        kind: What holds: it moves by less than 2 % of its range ("negligible"); it moves in one direction
            ("throughout"); in one direction up to a threshold of the other hyperparameter and in the opposite one above
            ("switch"); in one direction up to a value of this hyperparameter and in the opposite one after it, whatever
            the other is ("turn"); in a direction that depends on the other ("depends"); in both ("both"); or nothing
            ("unsettled").
        first: The direction that holds throughout or first, where there is one.
        at: Of a turn, the value of this hyperparameter; of a switch, the threshold of the other one, which is the last
            value below for an ordinal, or between which two it lies where that is all that is known. Natural units.
    """

    kind: Literal["negligible", "throughout", "switch", "turn", "depends", "both", "unsettled"]
    first: str = ""
    at: tuple[float, ...] = ()


@dataclass(frozen=True)
class _Moves:
    """What is proven of the moves along one axis, on a raster of its cells (rows) by those of the other axis.

    Args:
        rise: At most so much the formula rises within a cell, objective units.
        fall: At most so much it falls.
        rises: Whether it is proven to rise.
        falls: Whether it is proven to fall.
        own: Edges of the rows as natural values, one more than rows.
        other: Edges of the columns, or the other axis's values where all exist.
        exact: Whether the columns are values.
    """

    rise: Array
    fall: Array
    rises: Mask
    falls: Mask
    own: Array
    other: Array
    exact: bool


def is_additive(tree: Node) -> bool:
    """Returns whether a formula of two variables is visibly a sum of formulas of one."""
    if len(variables(tree)) < 2:
        return True
    if tree.op in ("+", "-", "neg", CASES):
        return all(map(is_additive, tree.args))
    if tree.op == "*":
        return any(not variables(arg) for arg in tree.args) and all(map(is_additive, tree.args))
    return tree.op == "/" and not variables(tree.args[1]) and is_additive(tree.args[0])


def courses(formula: Formula) -> list[Course]:
    """Returns how a formula of two hyperparameters moves with the first and with the second."""
    # Beside a pole values overflow; such cells count as unproven.
    with np.errstate(all="ignore"):
        moves = _moves(formula)
        columns = [axis.check_grid(33) for axis in formula.axes]
        f = evaluate(formula.tree, product_columns(columns))
        return [_course(formula, i, moves[i], NEGLIGIBLE * range_of(f)) for i in range(2)]


def _course(formula: Formula, i: int, move: _Moves, tolerance: float) -> Course:
    rise, fall = move.rise.sum(axis=0), move.fall.sum(axis=0)
    if max(rise.max(), fall.max()) <= tolerance:
        return Course("negligible")
    if rise.max() <= tolerance:
        return Course("throughout", FALLS)
    if fall.max() <= tolerance:
        return Course("throughout", RISES)
    for first, before, after in ((FALLS, rise, fall), (RISES, fall, rise)):
        switch = _switch(before <= tolerance, after <= tolerance, move)
        if switch is not None:
            return Course("switch", first, _threshold(formula, i, *switch))
    for first, before, after in ((FALLS, move.rise, move.fall), (RISES, move.fall, move.rise)):
        turn = _turn(before, after, tolerance)
        if turn is not None:
            return Course("turn", first, (float(move.own[turn]),))
    if np.any(move.rises.any(axis=1) & move.falls.any(axis=1)):
        return Course("depends")
    return Course("both" if move.rises.any() and move.falls.any() else "unsettled")


def _moves(formula: Formula) -> list[_Moves]:
    values = [discrete_values(axis, 256) for axis in formula.axes]
    if values[0] is not None and values[1] is not None:
        return _moves_between_values(formula.tree, (values[0], values[1]))
    return _moves_in_cells(formula)


def _moves_between_values(tree: Node, values: tuple[Array, Array]) -> list[_Moves]:
    f = evaluate(tree, product_columns(values)).reshape(len(values[0]), -1)
    found = []
    for own, other, table in ((values[0], values[1], f), (values[1], values[0], f.T)):
        with np.errstate(all="ignore"):
            step = np.diff(table, axis=0)
        size = np.where(np.isnan(step), np.inf, np.abs(step))
        unknown = np.isnan(step)
        rise, fall = np.where((step > 0) | unknown, size, 0.0), np.where((step < 0) | unknown, size, 0.0)
        found.append(_Moves(rise, fall, step > 0, step < 0, own, other, exact=True))
    return found


def _moves_in_cells(formula: Formula) -> list[_Moves]:
    """Bounds the slopes on a raster that is refined where a sign is open; integers are treated as continuous."""
    spans = [ends_of(axis) for axis in formula.axes]
    log = tuple(axis.log for axis in formula.axes)
    n = _RASTER
    slopes: Array = np.empty((2, 2, n, n))
    open_: Mask = np.ones((n, n), dtype=bool)
    for level in range(_RASTER_LEVELS + 1):
        where = np.argwhere(open_)
        width = np.array([(high - low) / n for low, high in spans])
        lower = np.array([low for low, _ in spans]) + where * width
        slopes[:, :, open_] = enclose(formula.tree, lower, lower + width, log=log).gradient
        if level == _RASTER_LEVELS:
            break
        unproven = ~((slopes[:, 0] >= 0) | (slopes[:, 1] <= 0)).all(axis=0)
        if not unproven.any() or 4 * unproven.sum() > _MAX_OPEN:
            break
        slopes, open_, n = slopes.repeat(2, axis=2).repeat(2, axis=3), unproven.repeat(2, 0).repeat(2, 1), 2 * n
    edges = [natural_values(axis, np.arange(n + 1) / n) for axis in formula.axes]
    found = []
    for i in range(2):
        low, high = slopes[i] if i == 0 else slopes[i].transpose(0, 2, 1)
        step = (spans[i][1] - spans[i][0]) / n
        rise, fall = np.maximum(high, 0.0) * step, np.maximum(-low, 0.0) * step
        found.append(_Moves(rise, fall, low > 0, high < 0, edges[i], edges[1 - i], exact=False))
    return found


def _switch(before: Mask, after: Mask, move: _Moves) -> tuple[float, float] | None:
    """Finds the one threshold of the other axis at which a direction turns into the opposite one.

    Returns:
        Up to where the first direction is proven and from where the second is, natural units; None without threshold.
    """
    n = len(before)
    # The first direction is proven for the columns below `c`, the second from `d` on. Where they overlap, the formula
    # moves too little to matter; where they leave a gap, it does both.
    c, d = (n if before.all() else int(np.argmin(before))), (0 if after.all() else n - int(np.argmin(after[::-1])))
    if c == 0 or d == n or d - c > _ONE_THRESHOLD * n:
        return None
    return float(move.other[min(c, d) - move.exact]), float(move.other[max(c, d)])


def _threshold(formula: Formula, i: int, below: float, above: float) -> tuple[float, ...]:
    """Locates the threshold of the other axis between two values on which the directions are proven; see `Course`."""
    axis = formula.axes[1 - i]
    if axis.values is not None:
        values = np.asarray(axis.values)
        return (float(values[values <= below + 1e-9].max(initial=axis.lower)),)
    # Both directions are proven outside; inside, the move over the whole of the own axis changes its sign somewhere.
    low, high = ends_of(axis)
    start, end = (axis.to_coordinate(np.array([below, above])) - low) / (high - low)
    inside = natural_values(axis, np.linspace(start, end, 257))
    own = [np.full(len(inside), end_) for end_ in (formula.axes[i].lower, formula.axes[i].upper)]
    first, last = (evaluate(formula.tree, [x, inside] if i == 0 else [inside, x]) for x in own)
    turned = np.flatnonzero(np.sign(last - first)[1:] != np.sign(last - first)[0])
    if len(turned) == 0 and end - start > _ONE_THRESHOLD:
        return below, above
    return (float(inside[turned[0] if len(turned) else len(inside) // 2]),)


def _turn(before: Array, after: Array, tolerance: float) -> int | None:
    """Finds the edge of the own axis at which every column turns: no move against the first direction before it."""
    against = np.vstack([np.zeros((1, before.shape[1])), np.cumsum(before, axis=0)]).max(axis=1)
    later = np.vstack([np.cumsum(after[::-1], axis=0)[::-1], np.zeros((1, after.shape[1]))]).max(axis=1)
    possible = np.flatnonzero((against <= tolerance) & (later <= tolerance) & np.isfinite(against + later))
    return int(possible[len(possible) // 2]) if len(possible) and not math.isnan(tolerance) else None
