"""Enclosures of a formula over boxes: the mean value form on top of the jets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepcave_symbolic.findings.intervals.bounds import intersect, of_boxes, of_centres, outward, times
from deepcave_symbolic.findings.intervals.boxes import Boxes
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
    value, gradient = np.empty((2, b)), np.empty((k, 2, b))
    with np.errstate(all="ignore"):
        for part, boxes in Boxes.of(lower, upper).parts():
            value[:, part], slopes = _enclosed(tree, boxes, log)
            for i, slope in enumerate(slopes):
                gradient[i, :, part] = 0.0 if slope is None else slope
    return Enclosure(value, gradient)


def _enclosed(tree: Node, boxes: Boxes, log: Sequence[bool]) -> tuple[Array, list[Array | None]]:
    """Returns bounds of the value and of its slopes; None is exactly zero."""
    k = boxes.k
    jet = jet_of(tree, boxes, log)
    steps = [boxes.steps(i) for i in range(k)]
    gradient: list[Array | None] = []
    for i, slope in enumerate(jet.first):
        bends = [jet.second[pair(i, j, k)] for j in range(k)]
        gradient.append(
            None if slope is None else intersect(of_boxes(slope), _mean_value(of_centres(slope), bends, steps))
        )
    value = intersect(of_boxes(jet.value), _mean_value(of_centres(jet.value), gradient, steps))
    return value, gradient


def signs(bounds: Array) -> Array:
    """Returns the sign that bounds prove: 1, -1, 0, or NaN where they leave it open, shape (b,)."""
    up, down = bounds[0] >= 0, bounds[1] <= 0
    return np.where(up & down, 0.0, np.where(up, 1.0, np.where(down, -1.0, np.nan)))


def _mean_value(at_centre: Array, slopes: Sequence[Array | None], steps: Sequence[Array]) -> Array:
    total = at_centre
    for slope, step in zip(slopes, steps, strict=True):
        total = outward(total if slope is None else total + times(slope, step))
    return total
