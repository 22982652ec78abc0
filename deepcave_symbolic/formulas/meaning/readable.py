"""Whether the constants of a formula in normal form have sizes that a person can make sense of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deepcave_symbolic.formulas.expression import Node
from deepcave_symbolic.formulas.limits import COEFFICIENTS, EXPONENTS, FARTHEST_PLACE, STEEPEST_STEP
from deepcave_symbolic.formulas.meaning.positions import Position, positions
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.axis import Axis

__all__ = ["has_readable_sizes", "is_near", "is_readable"]


def is_readable(node: Node, axes: Sequence[Axis], y: Array) -> bool:
    """Returns whether every constant has a meaning and a size that is read without counting zeros.

    Args:
        node: An expression in natural units.
        axes: The hyperparameters.
        y: The targets, objective units, shape (n,).
    """
    span, height = float(np.ptp(y)), float(np.max(np.abs(y)))
    smallest, largest = COEFFICIENTS[0] * min(1.0, span), COEFFICIENTS[1] * height
    return all(_is_readable(position, axes, smallest, largest) for position in positions(node))


def has_readable_sizes(node: Node, y: Array) -> bool:
    """Returns whether no coefficient dwarfs the targets and no exponent is so flat or steep that it says nothing.

    Args:
        node: An expression in natural units, such as a part of a formula; its places and numbers may be any.
        y: The targets, objective units, shape (n,).
    """
    largest = COEFFICIENTS[1] * float(np.max(np.abs(y)))
    limits = {"effect": (0.0, largest), "exponent": (EXPONENTS[0], STEEPEST_STEP * (1.0 + 1e-9))}
    sizes = ((abs(each.value), limits[each.kind]) for each in positions(node) if each.kind in limits)
    return all(low <= size <= high for size, (low, high) in sizes)


def _is_readable(position: Position, axes: Sequence[Axis], smallest: float, largest: float) -> bool:
    size = abs(position.value)
    if position.kind == "effect":
        return smallest <= size <= largest
    if position.kind == "exponent":
        # An exponent on its bound may be off by a rounding error.
        return EXPONENTS[0] <= size <= (STEEPEST_STEP if position.in_step else EXPONENTS[1]) * (1.0 + 1e-9)
    if position.kind == "place" and len(position.variables) == 1:
        return is_near(position.value, axes[position.variables[0]])
    return position.kind != "number"


def is_near(place: float, axis: Axis) -> bool:
    """Returns whether a place is in the domain or not far from it."""
    if axis.log and place <= 0.0:
        return False
    low, high = axis.coordinate_bounds
    reach = FARTHEST_PLACE * (high - low)
    u = float(axis.to_coordinate(np.array([place]))[0])
    return bool(low - reach <= u <= high + reach)
