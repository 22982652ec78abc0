"""Factors with their constants on a grid, from which the search for a part starts.

Notation: see the package.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations

import numpy as np

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.whole_run.terms import Coordinates, Factor, scales_of

__all__ = ["factors_of_products", "ridges", "shapes"]

_PLACES = np.linspace(0.05, 0.95, 7)
#: Steepness of a step over the whole domain: a gentle one to a jump.
_STEEP = (5.0, 12.0, 35.0)
_GROWTH = (-6.0, -3.0, 3.0, 6.0)
#: Directions of a ridge: the weight of the second hyperparameter relative to the first, which matters more.
_RATIOS = (-1.0, -0.6, -0.3, 0.3, 0.6, 1.0)
#: Ridges are tried for the pairs of so many hyperparameters.
_MOST_RIDGED = 8

Start = tuple[Factor, Array]


def shapes(index: int, axis: Axis) -> Iterator[Start]:
    """Yields what a part of one hyperparameter can be."""
    for number, scale in enumerate(scales_of(index, axis)):
        yield Factor("line", (scale,)), np.array([0.5])
        for place in np.linspace(-0.1, 1.1, 9):
            yield Factor("square", (scale,)), np.array([place])
        for place in _PLACES:
            yield Factor("kink", (scale,)), np.array([place])
        if number:
            continue
        for growth in _GROWTH:
            if scale.log or axis.values is None:
                yield Factor("power", (scale,)), np.array([growth])
        for place in _PLACES:
            if not scale.log:
                for steepness in _STEEP:
                    yield Factor("tanh", (scale,)), np.array([place, steepness / 2.0])
                continue
            for exponent in (1.0, 2.0):
                yield Factor("step", (scale,), exponent), np.array([place])
                yield Factor("decay", (scale,), exponent), np.array([place])
            for steepness in _STEEP:
                yield Factor("step", (scale,)), np.array([place, steepness])


def factors_of_products(index: int, axis: Axis, coordinates: Coordinates) -> Iterator[Start]:
    """Yields what a product can be made of."""
    scale = scales_of(index, axis)[0]
    yield Factor("line", (scale,)), np.array([float(np.nanmean(coordinates.of(scale)))])
    for place in (0.3, 0.7):
        yield Factor("square", (scale,)), np.array([place])
    for place in (0.2, 0.5, 0.8):
        if not scale.log:
            yield Factor("tanh", (scale,)), np.array([place, 6.0])
            continue
        for exponent in (1.0, 2.0, -1.0, -2.0):
            yield Factor("step", (scale,), exponent), np.array([place])
        yield Factor("decay", (scale,), 1.0), np.array([place])


def ridges(axes: Sequence[Axis]) -> Iterator[Start]:
    """Yields functions of two hyperparameters along a power law x·y^w."""
    logs = [s for i, axis in enumerate(axes) for s in scales_of(i, axis)[-1:] if s.log][:_MOST_RIDGED]
    for scales in permutations(logs, 2):
        for weight in _RATIOS:
            low, high = min(0.0, weight), 1.0 + max(0.0, weight)
            for place in low + (high - low) * np.linspace(0.1, 0.9, 5):
                yield Factor("square", scales), np.array([place, weight])
                for exponent in (1.0, 2.0):
                    yield Factor("step", scales, exponent), np.array([place, weight])
                    yield Factor("decay", scales, exponent), np.array([place, weight])
                yield Factor("step", scales), np.array([place, 20.0, weight])
