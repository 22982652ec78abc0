"""Chooses references: round values of a hyperparameter at which a power is one, or over which a line is told.

Notation: see the package.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from deepcave_symbolic.formulas.expression import Node, constant, variable
from deepcave_symbolic.formulas.normal_form.reading import NoNormalFormError
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.words.numbers import round_significant

__all__ = ["References", "minus", "over"]

#: Coefficients that are read without counting zeros.
_READABLE = (1e-3, 1e4)


@dataclass(frozen=True)
class References:
    """The references of the hyperparameters with these axes."""

    axes: tuple[Axis, ...]

    def reference(self, index: int, p: float, coefficient: float | None) -> tuple[float, Node]:
        """Returns (s, node) with x^p = s·node^p: x itself, or x over a round value at which the power is one.

        Args:
            index: The variable.
            p: The exponent.
            coefficient: What the power is multiplied with; None where any is as good.
        """
        axis = self.axes[index]
        if coefficient is None:
            at = self.own_place(index)
        elif p == 1.0 and not axis.log:
            # A straight line: its effect is that of one unit, or of a round number of them.
            readable = abs(coefficient) >= _READABLE[0] and axis.step == 1.0
            at = 1.0 if readable else _round_step(abs(coefficient), axis)
        elif axis.lower <= 1.0 <= axis.upper and _READABLE[0] <= abs(coefficient) <= _READABLE[1]:
            at = 1.0
        else:
            at = self.round_place(index)
        return at**p, variable(index) if at == 1.0 else over(index, at)

    def line(self, index: int) -> tuple[float, Node]:
        """Returns (d, node) with x = d + node: x itself, or its difference from a round value where zero is far off."""
        at = self.round_place(index) if self.axes[index].is_far_from_zero else 0.0
        return at, minus(index, at)

    def own_place(self, index: int) -> float:
        """Returns 1 where the domain has it, else a round value of the domain."""
        axis = self.axes[index]
        return 1.0 if axis.lower <= 1.0 <= axis.upper else self.round_place(index)

    def round_place(self, index: int) -> float:
        """Returns a round value in the middle of the domain."""
        axis = self.axes[index]
        if axis.is_far_from_zero and axis.upper < 0.0:
            return -References((replace(axis, lower=-axis.upper, upper=-axis.lower),)).round_place(0)
        if axis.lower <= 0.0:
            middle = (axis.lower + axis.upper) / 2
            if axis.lower < 0.0 or middle <= 0.0:
                raise NoNormalFormError
        else:
            middle = math.sqrt(axis.lower * axis.upper) if axis.log else (axis.lower + axis.upper) / 2
        ten = 10.0 ** round(math.log10(middle))
        for digits, value in ((1, ten), (1, middle), (2, middle), (3, middle), (6, middle)):
            rounded = round_significant(value, digits)
            if axis.lower <= rounded <= axis.upper and (not axis.integer or rounded == round(rounded)):
                return rounded
        return middle

    def zero_or_round(self, index: int) -> float:
        """Returns 0 where the domain has it, else a round value of the domain."""
        axis = self.axes[index]
        return 0.0 if axis.lower <= 0.0 <= axis.upper else self.round_place(index)


def minus(index: int, at: float) -> Node:
    """Returns x - x0, or x alone where x0 is zero."""
    if at == 0.0:
        return variable(index)
    return Node("-" if at > 0.0 else "+", (variable(index), constant(abs(at))))


def over(index: int, at: float) -> Node:
    """Returns x/x0; only a finite number above zero is a place that one could see."""
    if not (math.isfinite(at) and at > 0.0):
        raise NoNormalFormError
    return Node("/", (variable(index), constant(at)))


def _round_step(slope: float, axis: Axis) -> float:
    """Returns a power of ten, at most about the width of the domain, over which a line changes readably."""
    largest = math.floor(math.log10(axis.upper - axis.lower))
    return float(10.0 ** min(max(0, math.ceil(math.log10(_READABLE[0] / slope))), largest))
