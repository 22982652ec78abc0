"""One hyperparameter: the stretches of the domain on which a formula rises, falls or is flat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from deepcave_symbolic.findings.behaviour.terms import FALLS, FLAT, NEGLIGIBLE, RISES, UNSETTLED, range_of
from deepcave_symbolic.findings.intervals import enclose, signs
from deepcave_symbolic.formulas.expression import Node, evaluate, variables
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.numeric.arrays import Array, Index, Mask
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.space.values import discrete_values, ends_of, natural_of, natural_values

FLAT_CHANGE = 0.05
FLAT_END, FLAT_MIDDLE = 0.15, 0.40
_CELLS, _SPLIT, _LEVELS, _MAX_OPEN = 256, 4, 4, 2048


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
    unsettled: Mask


def pieces(formula: Formula) -> list[Piece]:
    """Returns the stretches of the domain on which a formula of one hyperparameter rises, falls or is flat.

    The stretches cover the domain in order; neighbours differ in direction. Turns are located to about 0.1 % of the
    domain's width.

    Args:
        formula: A formula of one hyperparameter.
    """
    (axis,) = formula.axes
    return pieces_of(formula.tree, axis)


def pieces_of(tree: Node, axis: Axis) -> list[Piece]:
    """Returns the pieces of an expression of one variable over its axis; see `pieces`."""
    if not variables(tree):
        return [Piece(axis.lower, axis.upper, FLAT, 0.0)]
    natural = natural_of(axis)
    found = []
    # Beside a pole values overflow; such stretches are unsettled.
    with np.errstate(all="ignore"):
        table = _table(tree, axis)
        for low, high, direction in _cut(table):
            change = float(table.values[high] - table.values[low])
            found.append(Piece(natural(table.t[low]), natural(table.t[high]), direction, change))
    return found


def _table(tree: Node, axis: Axis) -> _Table:
    values = discrete_values(axis)
    if values is not None:
        low, high = ends_of(axis)
        f = evaluate(tree, [values])
        bad = ~np.isfinite(f)
        return _Table((axis.to_coordinate(values) - low) / (high - low), f, bad[1:] | bad[:-1])
    edges, sign, value = _cells(tree, axis)
    # Between the edges of a cell of one sign the formula is monotone, so further points there prove nothing new but
    # locate the end of a flat stretch.
    t = np.union1d(edges, np.linspace(0.0, 1.0, 1025))
    f = evaluate(tree, [natural_values(axis, t)])
    cell = np.clip(np.searchsorted(edges, 0.5 * (t[1:] + t[:-1])) - 1, 0, len(sign) - 1)
    open_ = np.isnan(sign)
    scale = range_of(f)
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
    low, high = ends_of(axis)
    # Powers of two, so that neighbours meet exactly.
    start, width = np.arange(_CELLS) / _CELLS, 1.0 / _CELLS
    done: list[tuple[Array, Array, Array]] = []
    for level in range(_LEVELS):
        lower, upper = low + start * (high - low), low + (start + width) * (high - low)
        box = enclose(tree, lower[:, None], upper[:, None], log=(axis.log,))
        sign = signs(box.gradient[0])
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


def _cut(table: _Table) -> list[tuple[int, int, str]]:
    """Cuts the table into stretches: rows from, to, and the direction."""
    last = len(table.t) - 1
    scale = range_of(table.values)
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
    first = _first_of_stretch(table, limit)
    width = table.t - table.t[first]
    at_an_end = (first == 0) | (np.arange(last + 1) == last)
    long = np.flatnonzero(width >= np.where(at_an_end, FLAT_END, FLAT_MIDDLE))
    found = [(float(width[high]), int(first[high]), int(high)) for high in long]
    chosen: list[tuple[int, int]] = []
    for _, low, high in sorted(found, key=lambda s: (-s[0], s[1])):
        if all(high <= a or low >= b for a, b in chosen):
            chosen.append((low, high))
    return sorted(chosen)


def _first_of_stretch(table: _Table, limit: float) -> Index:
    """Returns the first row of the longest stretch up to each row on which the formula moves by at most the limit."""
    n = len(table.t)
    first: Index = np.arange(n)
    largest, smallest = table.values, table.values
    # No stretch passes an unsettled place.
    earliest = np.maximum.accumulate(np.where(np.r_[True, table.unsettled], np.arange(n), 0))
    highest, lowest = [largest], [smallest]  # of 1, 2, 4, ... rows from each row on
    while 2 ** len(highest) <= n:
        step = 2 ** (len(highest) - 1)
        highest.append(np.maximum(highest[-1][:-step], highest[-1][step:]))
        lowest.append(np.minimum(lowest[-1][:-step], lowest[-1][step:]))
    for power in reversed(range(len(highest))):
        before = first - 2**power
        at = np.maximum(before, 0)
        high, low = np.maximum(largest, highest[power][at]), np.minimum(smallest, lowest[power][at])
        fits = (before >= earliest) & (high - low <= limit)
        first, largest, smallest = (
            np.where(fits, new, old) for new, old in ((before, first), (high, largest), (low, smallest))
        )
    return first


def _sections(table: _Table, low: int, high: int, scale: float) -> list[tuple[int, int, str]]:
    """Cuts what is not flat at the unsettled regions and turns."""
    found: list[tuple[int, int, str]] = []
    unsettled = table.unsettled[low:high]
    ends = [low, *(low + 1 + np.flatnonzero(unsettled[1:] != unsettled[:-1])).tolist(), high]
    for at, to in pairwise(ends):
        if table.unsettled[at]:
            found.append((at, to, UNSETTLED))
        else:
            found += _monotone(table, at, to, NEGLIGIBLE * scale)
    return found


def _monotone(table: _Table, low: int, high: int, tolerance: float) -> list[tuple[int, int, str]]:
    """Cuts at the turns, ignoring those of no consequence."""
    f = table.values
    steps = np.diff(f[low : high + 1])
    inner = low + 1 + np.flatnonzero(steps[1:] * steps[:-1] <= 0)
    turns = [low, *inner.tolist(), high]
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
