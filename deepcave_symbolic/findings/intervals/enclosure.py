"""Enclosures of a formula over boxes: the mean value form on top of the jets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepcave_symbolic.findings.intervals.bounds import intersect, outward, times
from deepcave_symbolic.findings.intervals.jets import jet_of, pair
from deepcave_symbolic.formulas.expression import Node
from deepcave_symbolic.numeric.arrays import Array


@dataclass(frozen=True)
class Enclosure:
    """What holds in each box wherever the formula is defined; finite slopes prove that it is.

    Args:
        value: Bounds of the formula, shape (2, b).
        gradient: Bounds of its partial derivatives with respect to the search coordinates, shape (k, 2, b).
    """

    value: Array
    gradient: Array


def enclose(tree: Node, lower: Array, upper: Array, *, log: Sequence[bool]) -> Enclosure:
    """Returns enclosures of value and partial derivatives over boxes.

    Natural interval extension, intersected with the mean value form around each box's centre, which makes the excess
    width shrink with the square of the box's width.

    Args:
        tree: The expression in natural units.
        lower: Lower corners in search coordinates, shape (b, k).
        upper: Upper corners, shape (b, k).
        log: Which axes are logarithmic, length k.
    """
    b, k = lower.shape
    centre = lower + 0.5 * (upper - lower)
    with np.errstate(all="ignore"):
        bounds = [np.array([np.r_[lower[:, i], centre[:, i]], np.r_[upper[:, i], centre[:, i]]]) for i in range(k)]
        jet = jet_of(tree, bounds, log)
        value, first, second = (_filled(jet.value, b), _all_filled(jet.first, b), _all_filled(jet.second, b))
        step = [outward(np.array([lower[:, i] - centre[:, i], upper[:, i] - centre[:, i]])) for i in range(k)]
        gradient = [
            intersect(
                first[i][:, :b],
                _mean_value(first[i][:, b:], [second[pair(i, j, k)][:, :b] for j in range(k)], step),
            )
            for i in range(k)
        ]
        value = intersect(value[:, :b], _mean_value(value[:, b:], gradient, step))
    return Enclosure(value, np.array(gradient).reshape(k, 2, b))


def is_additive(tree: Node) -> bool:
    """Returns whether a formula of two variables is visibly a sum of formulas of one."""
    with np.errstate(all="ignore"):
        jet = jet_of(tree, [np.array([[1.0], [1.0]])] * 2, (False, False))
    return jet.second[1] is None


def signs(bounds: Array) -> Array:
    """Returns the sign that bounds prove: 1, -1, 0, or NaN where they leave it open, shape (b,)."""
    up, down = bounds[0] >= 0, bounds[1] <= 0
    return np.where(up & down, 0.0, np.where(up, 1.0, np.where(down, -1.0, np.nan)))


def _mean_value(at_centre: Array, slopes: Sequence[Array], step: Sequence[Array]) -> Array:
    total = at_centre
    for slope, d in zip(slopes, step, strict=True):
        total = outward(total + times(slope, d))
    return total


def _filled(bounds: Array | None, b: int) -> Array:
    return np.zeros((2, 2 * b)) if bounds is None else np.broadcast_to(bounds, (2, 2 * b))


def _all_filled(many: Sequence[Array | None], b: int) -> list[Array]:
    return [_filled(bounds, b) for bounds in many]
