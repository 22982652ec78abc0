"""Writes factors in natural units, in the project's normal form, with rounded constants.

Notation: see the package.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepcave_symbolic.formulas.expression import Node, constant, function, power, variable
from deepcave_symbolic.formulas.limits import NICE_EXPONENTS
from deepcave_symbolic.formulas.normal_form.arguments import ONE, over_width
from deepcave_symbolic.formulas.normal_form.references import References, over
from deepcave_symbolic.formulas.rounding import round_offset
from deepcave_symbolic.formulas.tidy import multiply, raise_to
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.whole_run.terms import Factor, Term
from deepcave_symbolic.words.numbers import round_significant

__all__ = ["Shape", "line_from", "shape_of_term"]

_LN10 = math.log(10.0)
#: An exponent this near to a nicer one, relative to it, takes its place.
_SNAP = 0.08


@dataclass(frozen=True)
class Shape:
    """The product of a part's factors without its coefficient: a numerator over a denominator, either may lack."""

    above: Node | None
    below: Node | None

    @property
    def node(self) -> Node:
        """The shape as an expression."""
        return self.times(ONE)

    def times(self, coefficient: Node) -> Node:
        """Returns the shape times a coefficient."""
        if self.above is None:
            top = coefficient
        else:
            top = self.above if coefficient == ONE else Node("*", (coefficient, self.above))
        return top if self.below is None else Node("/", (top, self.below))


def shape_of_term(term: Term, theta: Array, axes: Sequence[Axis], digits: int) -> Shape:
    """Returns the shape of a term with its constants rounded to so many significant digits."""
    writer = _Writer(tuple(axes), digits)
    above: list[Node] = []
    below: list[Node] = []
    for factor, own in zip(term.factors, term.split(theta), strict=True):
        node = writer.factor(factor, own)
        if node.op == "/" and node.args[0] == ONE:
            below.append(node.args[1])
        else:
            above.append(node)
    return Shape(multiply(above), multiply(below))


def line_from(term: Term, at: float, axes: Sequence[Axis], digits: int) -> Shape:
    """Returns a straight shape that is zero at a coordinate log10(x) or x."""
    scale = term.factors[0].scales[0]
    theta = np.array([(at - scale.low) / scale.span])
    return Shape(_Writer(tuple(axes), digits).factor(term.factors[0], theta), None)


@dataclass(frozen=True)
class _Writer:
    axes: tuple[Axis, ...]
    digits: int

    @property
    def references(self) -> References:
        return References(self.axes)

    def factor(self, factor: Factor, theta: Array) -> Node:
        """Returns a factor, but for a coefficient."""
        node = self.plain(factor, theta)
        if not factor.shifted:
            return node
        # A square or a kink is written in units of its hyperparameter.
        unit = {"square": factor.scales[0].span ** 2, "kink": factor.scales[0].span}.get(factor.outer, 1.0)
        shift = round_significant(unit * float(theta[-1]), self.digits)
        return Node("+" if shift >= 0.0 else "-", (node, constant(abs(shift))))

    def plain(self, factor: Factor, theta: Array) -> Node:
        """Returns a factor without the constant that is added to it."""
        place, steepness, weights = factor.split(theta)
        first = factor.scales[0]
        if factor.outer == "power":
            return self.power(factor, steepness)
        if factor.outer in ("step", "decay"):
            raised = self.raised(self.ratio(factor, place, weights), steepness / (_LN10 * first.span))
            if factor.outer == "decay":
                return function("exp", Node("neg", (raised,)))
            return Node("/", (ONE, Node("+", (ONE, raised))))
        argument = self.argument(factor, place, weights)
        if factor.outer == "square":
            return power(argument, 2.0)
        if factor.outer == "kink":
            return function("abs", argument)
        if factor.outer == "tanh":
            width = first.span / max(abs(steepness), 1e-9)
            return function("tanh", over_width(argument, round_significant(width, self.digits)))
        return argument

    def argument(self, factor: Factor, place: float, weights: Sequence[float]) -> Node:
        """Returns log10(x/x0·(y/y0)^w) or x - x0, and for hyperparameters that enter as they are ± y/w besides."""
        first, *others = factor.scales
        beside: list[tuple[float, int]] = []
        shift = 0.0
        for scale, weight in zip(others, weights, strict=True):
            if scale.log:
                continue
            exact = weight * first.span / scale.span
            width = round_significant(1.0 / exact, self.digits) if exact != 0.0 else math.inf
            shift += exact * scale.low + (1.0 / width - exact) * scale.natural(0.5)
            beside.append((width, scale.index))
        if first.log:
            node = function("log10", self.ratio(factor, place, weights, shift))
        else:
            node = self.minus(first.index, round_offset(first.natural(place) + shift, self.digits, first.span))
        for width, index in beside:
            node = Node("+" if width > 0.0 else "-", (node, over_width(variable(index), abs(width))))
        return node

    def power(self, factor: Factor, steepness: float) -> Node:
        scale = factor.scales[0]
        if scale.log:
            exponent = self.rounded_exponent(steepness / (_LN10 * scale.span))
            at = self.references.own_place(scale.index)
            return raise_to(variable(scale.index) if at == 1.0 else over(scale.index, at), exponent)
        width = round_significant(scale.span / max(abs(steepness), 1e-9), self.digits)
        axis = self.axes[scale.index]
        near = min(abs(axis.lower), abs(axis.upper)) < width
        node = self.minus(scale.index, 0.0 if near else self.references.zero_or_round(scale.index))
        argument = over_width(node, width)
        return function("exp", Node("neg", (argument,)) if steepness < 0.0 else argument)

    def minus(self, index: int, at: float) -> Node:
        """Returns x - x0."""
        node = variable(index)
        return node if at == 0.0 else Node("-" if at > 0.0 else "+", (node, constant(abs(at))))

    def ratio(self, factor: Factor, place: float, weights: Sequence[float], shift: float = 0.0) -> Node:
        """Returns x/x0·(y/y0)^w·…, which is one where the argument is the shift."""
        first, *others = factor.scales
        at = first.natural(place) + shift
        nodes: list[Node] = []
        for scale, weight in zip(others, weights, strict=True):
            if not scale.log:
                continue
            exact = weight * first.span / scale.span
            rounded = self.rounded_exponent(exact)
            at += exact * scale.low + (rounded - exact) * scale.natural(0.5)
            reference = self.references.own_place(scale.index)
            at -= rounded * math.log10(reference)
            base = variable(scale.index) if reference == 1.0 else over(scale.index, reference)
            nodes.append(raise_to(base, rounded))
        start = round_significant(10.0**at, self.digits)
        node = variable(first.index) if start == 1.0 and not nodes else over(first.index, start)
        for other in nodes:
            node = Node("*", (node, other))
        return node

    def raised(self, ratio: Node, exponent: float) -> Node:
        return raise_to(ratio, self.rounded_exponent(exponent))

    def rounded_exponent(self, exponent: float) -> float:
        """Returns a nice exponent where one is near, else that many digits."""
        nearest = min(NICE_EXPONENTS, key=lambda nice: abs(nice - exponent))
        if abs(nearest - exponent) <= _SNAP * abs(nearest):
            return nearest
        return round_significant(exponent, min(self.digits, 2)) or 0.01
