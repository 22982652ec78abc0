"""How a formula moves over its domain, in words: where it rises, falls and is flat.

Every statement rests on interval bounds of the slope over cells that cover the whole domain (`intervals`), refined
where the sign is open; a hyperparameter of which only some values exist is gone through value by value. Points are
sampled only for the numbers that are shown.

Definitions, as shares of the formula's range and of the domain's width in search coordinates:
    turn of no consequence: the formula moves by less than 2 % of its range before it turns again; ignored.
    flat at an end: a stretch up to the end of the domain, at least 15 % wide, over which the formula moves by less than
        5 % of its range (saturation).
    flat in between: the same over at least 40 %; around the vertex of a parabola the formula stays within 5 % over up
        to 36 % of the domain, and a parabola is not flat.
    unsettled: no sign of the slope could be proven and the formula may move by more than 2 %; "changes direction".

Notation:
    u: search coordinate; t: u as a share of the domain, from 0 to 1.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from deepcave_symbolic.expression import Array, Node, constant, evaluate, substitute, variable, variables
from deepcave_symbolic.formula import Formula
from deepcave_symbolic.intervals import enclose, is_additive
from deepcave_symbolic.printing import number_text, shown_name
from deepcave_symbolic.rounding import round_significant
from deepcave_symbolic.space import Axis

__all__ = ["Piece", "discrete_values", "in_words", "pieces", "shown_value"]

NEGLIGIBLE = 0.02
FLAT_CHANGE = 0.05
FLAT_END, FLAT_MIDDLE = 0.15, 0.40
#: Values that are gone through one by one; a longer range of integers is treated as continuous.
MAX_VALUES = 4096
_CELLS, _SPLIT, _LEVELS, _MAX_OPEN = 256, 4, 4, 2048
_RASTER, _RASTER_LEVELS, _MAX_OPEN_2D = 32, 2, 4096
#: Two thresholds this close are one.
_ONE_THRESHOLD = 0.1
#: A number in the text is off by at most this share of the domain.
_SHOWN_ERROR = 0.025

RISES, FALLS, FLAT, UNSETTLED = "rises", "falls", "is flat", "changes direction"
_Mask = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Piece:
    """A stretch of the domain on which a formula moves in one direction.

    Args:
        start: Where it begins, natural units.
        end: Where it ends.
        direction: "rises", "falls", "is flat" or, where no direction could be proven, "changes direction".
        change: The formula at the end minus at the start, objective units; NaN or infinite where it is undefined.
    """

    start: float
    end: float
    direction: str
    change: float


@dataclass(frozen=True)
class _Table:
    """The formula at increasing t, monotone in between except where marked.

    Args:
        t: Shape (n,).
        values: The formula there.
        unsettled: Between which neighbours no direction is proven, shape (n - 1,).
    """

    t: Array
    values: Array
    unsettled: _Mask


def pieces(formula: Formula) -> list[Piece]:
    """Returns the stretches of the domain on which a formula of one hyperparameter rises, falls or is flat.

    The stretches cover the domain in order; neighbours differ in direction. Turns are located to about 0.1 % of the
    domain's width.

    Args:
        formula: A formula of one hyperparameter.
    """
    (axis,) = formula.axes
    return _pieces(formula.tree, axis)


def _pieces(tree: Node, axis: Axis) -> list[Piece]:
    if not variables(tree):
        return [Piece(axis.lower, axis.upper, FLAT, 0.0)]
    natural = _natural_of(axis)
    found = []
    # Beside a pole values overflow; such stretches are unsettled.
    with np.errstate(all="ignore"):
        table = _table(tree, axis)
        for low, high, direction in _cut(table):
            change = float(table.values[high] - table.values[low])
            found.append(Piece(natural(table.t[low]), natural(table.t[high]), direction, change))
    return found


def in_words(formula: Formula) -> list[str]:
    """Returns a sentence a hyperparameter, such as "cost falls until n_units ≈ 120, then is flat." (without quotes).

    Numbers are rounded; `pieces` has the exact ones.
    """
    objective = shown_name(formula.objective)
    if len(formula.axes) == 1:
        return [_line_in_words(formula.tree, formula.axes[0], objective)]
    used = variables(formula.tree)
    if len(used) < 2 or is_additive(formula.tree):
        return [_slice_in_words(formula, i, objective) for i in range(2)]
    with np.errstate(all="ignore"):
        moves = _moves(formula)
        return [_plane_in_words(formula, i, moves, objective) for i in range(2)]


# --- values of an axis --------------------------------------------------------------------------------------------


def discrete_values(axis: Axis, most: int = MAX_VALUES) -> Array | None:
    """Returns all values of an axis in natural units; None for a continuous one or one of more values than `most`."""
    if axis.values is not None:
        return np.asarray(axis.values) if len(axis.values) <= most else None
    if axis.integer and axis.upper - axis.lower < most:
        return np.arange(axis.lower, axis.upper + 1.0, dtype=np.float64)
    return None


def _ends(axis: Axis) -> tuple[float, float]:
    low, high = axis.to_coordinate(np.array([axis.lower, axis.upper]))
    return float(low), float(high)


def _natural(axis: Axis, t: Array) -> Array:
    low, high = _ends(axis)
    t = np.asarray(t)
    u = low + t * (high - low)
    x = np.clip(10.0**u if axis.log else u, axis.lower, axis.upper)
    return np.asarray(np.where(t == 0.0, axis.lower, np.where(t == 1.0, axis.upper, x)))


def _natural_of(axis: Axis) -> Callable[[float], float]:
    values = discrete_values(axis)

    def natural(t: float) -> float:
        x = float(_natural(axis, np.asarray(t)))
        return x if values is None else float(values[np.argmin(np.abs(values - x))])

    return natural


def shown_value(axis: Axis, x: float, *, exact: bool = False) -> str:
    """Returns a value for a sentence, such as "≈ 0.0021" or, for the values of an ordinal, "= medium".

    Args:
        axis: The axis.
        x: Natural units.
        exact: Whether an integer is shown digit for digit, since it is meant to be used.
    """
    if axis.labels is not None and axis.values is not None:
        return f"= {shown_name(axis.labels[int(np.argmin(np.abs(np.asarray(axis.values) - x)))])}"
    if axis.values is not None:
        return f"= {number_text(x)}"
    if axis.integer and (exact or abs(x) < 100):
        return f"{'=' if exact else '≈'} {round(x)}"
    low, high = _ends(axis)
    for digits in range(2, 8):
        rounded = round_significant(float(round(x)) if axis.integer else x, digits)
        with np.errstate(all="ignore"):
            off = abs(float(np.diff(axis.to_coordinate(np.array([x, rounded])))[0]))
        if off <= _SHOWN_ERROR * (high - low):
            break
    return f"≈ {number_text(rounded)}"


# --- one hyperparameter -------------------------------------------------------------------------------------------


def _table(tree: Node, axis: Axis) -> _Table:
    values = discrete_values(axis)
    if values is not None:
        low, high = _ends(axis)
        f = evaluate(tree, [values])
        bad = ~np.isfinite(f)
        return _Table((axis.to_coordinate(values) - low) / (high - low), f, bad[1:] | bad[:-1])
    edges, sign, value = _cells(tree, axis)
    # Between the edges of a cell of one sign the formula is monotone, so further points there prove nothing new but
    # locate the end of a flat stretch.
    t = np.union1d(edges, np.linspace(0.0, 1.0, 1025))
    f = evaluate(tree, [_natural(axis, t)])
    cell = np.clip(np.searchsorted(edges, 0.5 * (t[1:] + t[:-1])) - 1, 0, len(sign) - 1)
    open_ = np.isnan(sign)
    scale = _range(f)
    noise = 1e-9 * float(np.max(np.abs(f)))
    # Open cells side by side are one region; it matters if the formula may move in it.
    region = np.cumsum(np.r_[True, open_[1:] != open_[:-1]])
    matters = np.zeros(len(sign), dtype=bool)
    for number in np.unique(region[open_]):
        here = region == number
        moved = float(value[1, here].max() - value[0, here].min())
        matters[here] = not moved <= max(NEGLIGIBLE * scale, noise)
    bad = ~np.isfinite(f)
    return _Table(t, f, matters[cell] | bad[1:] | bad[:-1])


def _cells(tree: Node, axis: Axis) -> tuple[Array, Array, Array]:
    """Covers the domain by cells with a proven sign of the slope.

    Returns:
        The edges of the cells as t, shape (c + 1,); the signs 1, -1, 0, or NaN if unproven, shape (c,); bounds of the
        formula in the cells, shape (2, c).
    """
    low, high = _ends(axis)
    # Powers of two, so that neighbours meet exactly.
    start, width = np.arange(_CELLS) / _CELLS, 1.0 / _CELLS
    done: list[tuple[Array, Array, Array]] = []
    for level in range(_LEVELS):
        lower, upper = low + start * (high - low), low + (start + width) * (high - low)
        box = enclose(tree, lower[:, None], upper[:, None], log=(axis.log,))
        sign = _sign(box.gradient[0])
        again = np.isnan(sign)
        if level == _LEVELS - 1 or again.sum() > _MAX_OPEN:
            again[:] = False
        done.append((start[~again], sign[~again], box.value[:, ~again]))
        width /= _SPLIT
        start = (start[again, None] + width * np.arange(_SPLIT)).ravel()
        if len(start) == 0:
            break
    starts = np.concatenate([d[0] for d in done])
    order = np.argsort(starts)
    sign, value = np.concatenate([d[1] for d in done])[order], np.concatenate([d[2] for d in done], axis=1)[:, order]
    return np.r_[starts[order], 1.0], sign, value


def _sign(slope: Array) -> Array:
    """Returns 1, -1, 0, or NaN where the bounds leave it open, shape (b,)."""
    up, down = slope[0] >= 0, slope[1] <= 0
    return np.where(up & down, 0.0, np.where(up, 1.0, np.where(down, -1.0, np.nan)))


def _range(values: Array) -> float:
    finite = values[np.isfinite(values)]
    return float(np.ptp(finite)) if len(finite) else 0.0


def _cut(table: _Table) -> list[tuple[int, int, str]]:
    """Cuts the table into stretches: rows from, to, and the direction."""
    last = len(table.t) - 1
    scale = _range(table.values)
    if not table.unsettled.any() and scale <= 1e-9 * float(np.max(np.abs(table.values))):
        return [(0, last, FLAT)]
    flat = _flat_stretches(table, scale)
    found: list[tuple[int, int, str]] = []
    at = 0
    for low, high in [*flat, (last, last)]:
        if low > at:
            found += _sections(table, at, low, scale)
        if high > low:
            found.append((low, high, FLAT))
        at = high
    return _joined(found)


def _joined(found: Sequence[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    joined: list[tuple[int, int, str]] = []
    for low, high, direction in found:
        if joined and joined[-1][2] == direction:
            low = joined.pop()[0]
        joined.append((low, high, direction))
    return joined


def _flat_stretches(table: _Table, scale: float) -> list[tuple[int, int]]:
    """Returns the flat stretches in order, as rows from and to."""
    limit, last = FLAT_CHANGE * scale, len(table.t) - 1
    if last < 2:
        return []
    t: list[float] = list(map(float, table.t))
    values: list[float] = list(map(float, table.values))
    unsettled: list[bool] = list(map(bool, table.unsettled))
    found: list[tuple[float, int, int]] = []
    # The longest stretch up to each row; the queues hold the candidates for its largest and smallest value.
    low, largest, smallest = 0, deque[int](), deque[int]()
    for high in range(last + 1):
        if high > 0 and unsettled[high - 1]:
            low, largest, smallest = high, deque(), deque()
        while largest and not values[largest[-1]] > values[high]:
            largest.pop()
        while smallest and not values[smallest[-1]] < values[high]:
            smallest.pop()
        largest.append(high)
        smallest.append(high)
        while values[largest[0]] - values[smallest[0]] > limit:
            low += 1
            for queue in (largest, smallest):
                if queue[0] < low:
                    queue.popleft()
        if t[high] - t[low] >= (FLAT_END if low == 0 or high == last else FLAT_MIDDLE):
            found.append((t[high] - t[low], low, high))
    chosen: list[tuple[int, int]] = []
    for _, low, high in sorted(found, key=lambda s: (-s[0], s[1])):
        if all(high <= a or low >= b for a, b in chosen):
            chosen.append((low, high))
    return sorted(chosen)


def _sections(table: _Table, low: int, high: int, scale: float) -> list[tuple[int, int, str]]:
    """Cuts what is not flat at the unsettled regions and turns."""
    found: list[tuple[int, int, str]] = []
    at = low
    while at < high:
        state = bool(table.unsettled[at])
        to = at + 1
        while to < high and bool(table.unsettled[to]) == state:
            to += 1
        if state:
            found.append((at, to, UNSETTLED))
        else:
            found += _monotone(table, at, to, NEGLIGIBLE * scale)
        at = to
    return found


def _monotone(table: _Table, low: int, high: int, tolerance: float) -> list[tuple[int, int, str]]:
    """Cuts at the turns, ignoring those of no consequence."""
    f = table.values
    inner = [i for i in range(low + 1, high) if (f[i] - f[i - 1]) * (f[i + 1] - f[i]) <= 0]
    turns = [low, *inner, high]
    # The smallest move between two turns disappears first, with both of them, or with one at the end.
    while len(turns) > 2:
        moves = [abs(f[b] - f[a]) for a, b in pairwise(turns)]
        i = int(np.argmin(moves))
        if moves[i] >= tolerance:
            break
        if i == 0:
            del turns[1]
        elif i == len(moves) - 1:
            del turns[-2]
        else:
            del turns[i : i + 2]
            if len(turns) < 2:
                turns = [low, high]
    return _joined([(a, b, RISES if f[b] > f[a] else FALLS) for a, b in pairwise(turns)])


def _line_in_words(tree: Node, axis: Axis, objective: str, *, along: bool = False) -> str:
    name = shown_name(axis.name)
    found = _pieces(tree, axis)
    if len(found) == 1 and found[0].direction == FLAT:
        return f"{objective} does not depend on {name}."
    # With two hyperparameters the sentence must say which one moves.
    with_name = f" with {name}" if along else ""
    if len(found) == 1:
        if found[0].direction == UNSETTLED:
            return f"How {objective} moves with {name} could not be settled."
        return f"{objective} {found[0].direction}{with_name} throughout."
    clauses = []
    for i, piece in enumerate(found):
        until = shown_value(axis, piece.end)
        where = f" until {name} {until}" if i == 0 and not along else f" until {until.removeprefix('= ')}"
        clauses.append(f"{piece.direction}{with_name if i == 0 else ''}{where if i < len(found) - 1 else ''}")
    return f"{objective} {', then '.join(clauses)}."


# --- two hyperparameters ------------------------------------------------------------------------------------------


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
    rises: _Mask
    falls: _Mask
    own: Array
    other: Array
    exact: bool


def _slice_in_words(formula: Formula, i: int, objective: str) -> str:
    """Describes one hyperparameter of a sum: the other one shifts the formula and changes no direction."""
    if i not in variables(formula.tree):
        return f"{objective} does not depend on {shown_name(formula.axes[i].name)}."
    other = formula.axes[1 - i]
    middle = constant(float(_natural_of(other)(0.5)))
    tree = substitute(formula.tree, {1 - i: middle, i: variable(0)})
    return _line_in_words(tree, formula.axes[i], objective, along=True)


def _moves(formula: Formula) -> list[_Moves]:
    values = [discrete_values(axis, 256) for axis in formula.axes]
    if values[0] is not None and values[1] is not None:
        return _moves_between_values(formula.tree, (values[0], values[1]))
    return _moves_in_cells(formula)


def _moves_between_values(tree: Node, values: tuple[Array, Array]) -> list[_Moves]:
    f = evaluate(tree, [m.ravel() for m in np.meshgrid(*values, indexing="ij")]).reshape(len(values[0]), -1)
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
    ends = [_ends(axis) for axis in formula.axes]
    log = tuple(axis.log for axis in formula.axes)
    n = _RASTER
    slopes: Array = np.empty((2, 2, n, n))
    open_: _Mask = np.ones((n, n), dtype=bool)
    for level in range(_RASTER_LEVELS + 1):
        where = np.argwhere(open_)
        width = np.array([(high - low) / n for low, high in ends])
        lower = np.array([low for low, _ in ends]) + where * width
        slopes[:, :, open_] = enclose(formula.tree, lower, lower + width, log=log).gradient
        unproven = np.isnan(np.stack([_sign(slope.reshape(2, -1)) for slope in slopes])).any(axis=0).reshape(n, n)
        if level == _RASTER_LEVELS or not unproven.any() or 4 * unproven.sum() > _MAX_OPEN_2D:
            break
        slopes, open_, n = slopes.repeat(2, axis=2).repeat(2, axis=3), unproven.repeat(2, 0).repeat(2, 1), 2 * n
    edges = [_natural(axis, np.arange(n + 1) / n) for axis in formula.axes]
    found = []
    for i in range(2):
        low, high = slopes[i] if i == 0 else slopes[i].transpose(0, 2, 1)
        step = (ends[i][1] - ends[i][0]) / n
        rise, fall = np.maximum(high, 0.0) * step, np.maximum(-low, 0.0) * step
        found.append(_Moves(rise, fall, low > 0, high < 0, edges[i], edges[1 - i], exact=False))
    return found


def _plane_in_words(formula: Formula, i: int, moves: Sequence[_Moves], objective: str) -> str:
    """Describes one hyperparameter where both act together, by the simplest statement that is proven."""
    own = formula.axes[i]
    name, other_name = shown_name(own.name), shown_name(formula.axes[1 - i].name)
    move = moves[i]
    columns = [axis.check_grid(33) for axis in formula.axes]
    f = evaluate(formula.tree, [m.ravel() for m in np.meshgrid(*columns, indexing="ij")])
    tolerance = NEGLIGIBLE * _range(f)
    rise, fall = move.rise.sum(axis=0), move.fall.sum(axis=0)
    if max(rise.max(), fall.max()) <= tolerance:
        return f"{objective} hardly depends on {name}."
    if rise.max() <= tolerance:
        return f"{objective} falls with {name} throughout."
    if fall.max() <= tolerance:
        return f"{objective} rises with {name} throughout."
    for first, then, before, after in ((FALLS, RISES, rise, fall), (RISES, FALLS, fall, rise)):
        switch = _switch(before <= tolerance, after <= tolerance, move)
        if switch is not None:
            return f"{objective} {first} with {name} where {_threshold(formula, i, *switch, then)}."
    for first, then, before, after in ((FALLS, RISES, move.rise, move.fall), (RISES, FALLS, move.fall, move.rise)):
        turn = _turn(before, after, tolerance)
        if turn is not None:
            at = shown_value(own, float(move.own[turn]))
            return f"{objective} {first} with {name} until {at}, then {then}, whatever {other_name} is."
    if np.any(move.rises.any(axis=1) & move.falls.any(axis=1)):
        return f"Whether {objective} rises or falls with {name} depends on {other_name}."
    if move.rises.any() and move.falls.any():
        return f"{objective} rises and falls with {name}."
    return f"How {objective} moves with {name} could not be settled."


def _switch(before: _Mask, after: _Mask, move: _Moves) -> tuple[float, float] | None:
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


def _threshold(formula: Formula, i: int, below: float, above: float, then: str) -> str:
    """Returns the threshold of the other axis in words, where the first direction holds first."""
    axis = formula.axes[1 - i]
    name = shown_name(axis.name)
    if axis.values is not None:
        values = np.asarray(axis.values)
        up_to = float(values[values <= below + 1e-9].max(initial=axis.lower))
        return f"{name} is at most {shown_value(axis, up_to).removeprefix('= ')} and {then} above"
    # Both directions are proven outside; inside, the move over the whole of the own axis changes its sign somewhere.
    low, high = _ends(axis)
    start, end = (axis.to_coordinate(np.array([below, above])) - low) / (high - low)
    inside = _natural(axis, np.linspace(start, end, 257))
    own = [np.full(len(inside), end_) for end_ in (formula.axes[i].lower, formula.axes[i].upper)]
    first, last = (evaluate(formula.tree, [x, inside] if i == 0 else [inside, x]) for x in own)
    turned = np.flatnonzero(np.sign(last - first)[1:] != np.sign(last - first)[0])
    if len(turned) == 0 and end - start > _ONE_THRESHOLD:
        return f"{name} is below {shown_value(axis, below)} and {then} above {shown_value(axis, above)}"
    at = float(inside[turned[0] if len(turned) else len(inside) // 2])
    return f"{name} is below {shown_value(axis, at)} and {then} above"


def _turn(before: Array, after: Array, tolerance: float) -> int | None:
    """Finds the edge of the own axis at which every column turns: no move against the first direction before it."""
    against = np.vstack([np.zeros((1, before.shape[1])), np.cumsum(before, axis=0)]).max(axis=1)
    later = np.vstack([np.cumsum(after[::-1], axis=0)[::-1], np.zeros((1, after.shape[1]))]).max(axis=1)
    possible = np.flatnonzero((against <= tolerance) & (later <= tolerance) & np.isfinite(against + later))
    return int(possible[len(possible) // 2]) if len(possible) and not math.isnan(tolerance) else None
