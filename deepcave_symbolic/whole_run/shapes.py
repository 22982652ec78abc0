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
from deepcave_symbolic.formulas.normal_form.arguments import ONE, Arguments, over_width
from deepcave_symbolic.formulas.normal_form.references import References, over
from deepcave_symbolic.formulas.rounding import round_offset
from deepcave_symbolic.formulas.tidy import multiply, raise_to
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.whole_run.terms import Factor, Term
from deepcave_symbolic.words.numbers import round_significant

__all__ = ["Shape", "shape_at", "shape_of_term"]

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


def shape_at(term: Term, at: float, axes: Sequence[Axis], digits: int) -> Shape:
    """Returns the shape of a straight part that is zero at a coordinate log10(x) or x."""
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
        place, steepness, weights = factor.split(theta)
        first = factor.scales[0]
        if factor.outer == "power":
            return self.power(factor, steepness)
        if not first.log:
            return self.linear(factor, place, steepness)
        ratio = self.ratio(factor, place, weights)
        if factor.outer == "step":
            return Node("/", (ONE, Node("+", (ONE, self.raised(ratio, steepness / (_LN10 * first.span))))))
        if factor.outer == "decay":
            raised = self.raised(ratio, steepness / (_LN10 * first.span))
            return function("exp", Node("neg", (raised,)))
        return self.outer(factor, function("log10", ratio))

    def outer(self, factor: Factor, inner: Node) -> Node:
        if factor.outer == "square":
            return power(inner, 2.0)
        return function("abs", inner) if factor.outer == "kink" else inner

    def linear(self, factor: Factor, place: float, steepness: float) -> Node:
        """Returns a factor of a hyperparameter that enters as it is."""
        scale = factor.scales[0]
        at = round_offset(scale.natural(place), self.digits, scale.span)
        node = variable(scale.index)
        if at != 0.0:
            node = Node("-" if at > 0.0 else "+", (node, constant(abs(at))))
        if factor.outer == "tanh":
            width = scale.span / max(abs(steepness), 1e-9)
            return function("tanh", over_width(node, round_significant(width, self.digits)))
        return self.outer(factor, node)

    def power(self, factor: Factor, steepness: float) -> Node:
        scale = factor.scales[0]
        if scale.log:
            exponent = self.rounded_exponent(steepness / (_LN10 * scale.span))
            at = self.references.own_place(scale.index)
            return raise_to(variable(scale.index) if at == 1.0 else over(scale.index, at), exponent)
        width = round_significant(scale.span / max(abs(steepness), 1e-9), self.digits)
        argument = Node("*", (constant(math.copysign(1.0 / width, steepness)), variable(scale.index)))
        _, node = Arguments(self.references).exponential(argument)
        return node

    def ratio(self, factor: Factor, place: float, weights: Sequence[float]) -> Node:
        """Returns x/x0·(y/y0)^w·…, which is one where the argument is zero."""
        first, *others = factor.scales
        at = first.natural(place)
        nodes: list[Node] = []
        for scale, weight in zip(others, weights, strict=True):
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
