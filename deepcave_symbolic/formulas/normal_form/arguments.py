"""Writes what stands in a function: places, widths, and sums in which a number becomes one of them.

Notation: see the package.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from deepcave_symbolic.formulas.expression import Node, constant, function, power, variable
from deepcave_symbolic.formulas.normal_form.reading import (
    LN10,
    Affine,
    NoNormalFormError,
    affine_of,
    monomial_of,
    square_of,
)
from deepcave_symbolic.formulas.normal_form.references import References, minus, over
from deepcave_symbolic.formulas.tidy import join_sum, multiply, raise_to, split_sum

__all__ = ["ONE", "Arguments", "over_width"]

ONE = constant(1.0)


@dataclass(frozen=True)
class Arguments:
    """Writes arguments with the references of the hyperparameters."""

    references: References

    def place(self, affine: Affine | None) -> tuple[float, Node]:
        """Returns (s, node) with affine = s·node, where node is zero at a place."""
        if affine is None:
            raise NoNormalFormError
        (index, log, k), *rest = affine.slopes
        if not rest:
            at = -affine.offset / k
            if log:
                return k, function("log10", variable(index) if at == 0.0 else over(index, 10.0**at))
            return k, minus(index, at)
        ((other, other_log, m),) = rest
        if other_log and not log:
            return self.place(Affine(affine.slopes[::-1], affine.offset))
        at, ratio = -affine.offset / k, m / k
        if log and other_log:
            reference = self.references.own_place(other)
            first = over(index, 10.0**at / reference**ratio)
            second = variable(other) if reference == 1.0 else over(other, reference)
            joined = Node("/" if ratio == -1.0 else "*", (first, raise_to(second, 1.0 if ratio == -1.0 else ratio)))
            return k, function("log10", joined)
        reference = self.references.zero_or_round(other)
        at -= ratio * reference
        first = function("log10", over(index, 10.0**at)) if log else minus(index, at)
        second = minus(other, reference)
        return k, Node("+" if ratio > 0 else "-", (first, _divided(second, 1.0 / abs(ratio))))

    def stepped(self, node: Node) -> tuple[float, Node]:
        """Returns (w, node/w) for a difference x - x0 of a narrow domain, (1, node) for anything else."""
        if node.op not in ("+", "-") or not (node.args[0].is_variable and node.args[1].is_constant):
            return 1.0, node
        width = self.references.axes[int(node.args[0].value)].step
        return width, over_width(node, width)

    def inside(self, argument: Node) -> tuple[float, Node]:
        """Returns (s, node) with argument = s·node, s > 0, for the argument of a logarithm."""
        scale, node = self.sum(argument, 0.5) if argument.op in ("+", "-") else (1.0, None)
        if node is None or scale <= 0.0:
            raise NoNormalFormError
        return scale, node

    def sum(self, base: Node, p: float) -> tuple[float, Node]:
        """Returns (s, node) with base = s·node."""
        affine = affine_of(base)
        if affine is not None and (p in (1.0, 2.0) or len(affine.slopes) == 2 or affine.slopes[0][1]):
            if p not in (1.0, 2.0):
                # A pole or a root of a logarithm has no place that one could see.
                raise NoNormalFormError
            return self.place(affine)
        offset, terms = split_sum(base)
        if offset:
            parts = [self.absorbed(coefficient / offset, core) for coefficient, core in terms]
            result = ONE
            for sign, node in parts:
                result = Node("+" if sign > 0 else "-", (result, node))
            if offset < 0 and len(parts) == 1 and parts[0][0] < 0:
                return -offset, Node("-", (parts[0][1], ONE))
            return offset, result
        if len(terms) == 2:
            return self.two(terms)
        raise NoNormalFormError

    def two(self, terms: list[tuple[float, Node]]) -> tuple[float, Node]:
        """Returns (s, node) for a sum of two squares or of two powers."""
        (c, first), (d, second) = terms
        squares = square_of(first), square_of(second)
        if squares[0] is not None and squares[1] is not None:
            (s, one), (r, other) = self.place(squares[0]), self.place(squares[1])
            scale = c * s * s
            if d * r * r / scale <= 0.0:
                raise NoNormalFormError
            width = math.sqrt(scale / (d * r * r))
            return scale, Node("+", (power(one, 2.0), power(over_width(other, width), 2.0)))
        powers = monomial_of(first)
        if powers is None or len(powers) != 1:
            raise NoNormalFormError
        ((index, p),) = powers.items()
        at = self.references.round_place(index)
        scale = c * at**p
        sign, node = self.absorbed(d / scale, second)
        base = variable(index) if at == 1.0 else over(index, at)
        return scale, Node("+" if sign > 0 else "-", (raise_to(base, p), node))

    def absorbed(self, c: float, core: Node) -> tuple[float, Node]:
        """Returns (sign, node) with c·core = sign·node: the number becomes a place or a width."""
        sign, size = math.copysign(1.0, c), abs(c)
        powers = monomial_of(core)
        if powers is not None:
            (index, p), *rest = powers.items()
            if sign < 0.0 and (rest or p != 1.0):
                # Of (x/x0)^p - 1 one sees neither the one nor where it goes.
                raise NoNormalFormError
            others = []
            for other, q in rest:
                scale, node = self.references.reference(other, q, None)
                size *= scale
                others.append(raise_to(node, q))
            place = over(index, size ** (-1.0 / p))
            return sign, multiply([raise_to(place, p) if others else _to_power(place, p), *others]) or ONE
        affine = square_of(core)
        if affine is not None:
            scale, node = self.place(affine)
            return sign, power(over_width(node, 1.0 / math.sqrt(size * scale * scale)), 2.0)
        if core.op == "exp":
            affine = affine_of(core.args[0])
            if affine is not None and len(affine.slopes) == 1 and not affine.slopes[0][1] and affine.offset == 0.0:
                ((index, _, k),) = affine.slopes
                return sign, _exp_over(minus(index, -math.log(size) / k), 1.0 / k)
        raise NoNormalFormError

    def step(self, tanh: Node) -> Node | None:
        """Returns the saturating step s with tanh(z) = 1 - 2·s, for an argument of logarithms; else None."""
        affine = affine_of(tanh.args[0])
        if affine is None or not all(log for _, log, _ in affine.slopes):
            return None
        scale, node = self.place(affine)
        # exp(2·k·log10(r)) = r^(2k/ln 10)
        return Node("/", (ONE, Node("+", (ONE, raise_to(node.args[0], 2.0 * scale / LN10)))))

    def exponential(self, argument: Node) -> tuple[float, Node]:
        """Returns (s, node) with exp(argument) = s·node."""
        offset, terms = split_sum(argument)
        shift, parts = offset or 0.0, []
        lines = [(k, core) for k, core in terms if square_of(core) is None]
        if lines:
            affine = affine_of(join_sum(None, lines))
            if affine is None or any(log for _, log, _ in affine.slopes):
                raise NoNormalFormError
            shift += affine.offset
            for index, _, k in affine.slopes:
                axis = self.references.axes[index]
                # Where zero is near, the value there is as good as any.
                near = abs(k) * min(abs(axis.lower), abs(axis.upper)) < 1.0
                at = 0.0 if near else self.references.zero_or_round(index)
                shift += k * at
                parts.append((k, _divided(minus(index, at), 1.0 / abs(k))))
        for k, core in terms:
            affine = square_of(core)
            if affine is not None:
                scale, node = self.place(affine)
                parts.append((k, power(over_width(node, 1.0 / math.sqrt(abs(k) * scale * scale)), 2.0)))
        (k, result), *others = parts
        result = Node("neg", (result,)) if k < 0 else result
        for k, part in others:
            result = Node("+" if k > 0 else "-", (result, part))
        return math.exp(shift), function("exp", result)


def _to_power(place: Node, p: float) -> Node:
    """Returns (x/x0)^p; x0/x for an exponent of -1."""
    return Node("/", place.args[::-1]) if p == -1.0 else raise_to(place, p)


def _divided(node: Node, width: float) -> Node:
    return Node("/", (node, constant(width)))


def over_width(node: Node, width: float) -> Node:
    """Returns node/width, or the node alone where the width is one."""
    return node if abs(width - 1.0) < 1e-9 else _divided(node, width)


def _exp_over(node: Node, width: float) -> Node:
    inside = _divided(node, abs(width))
    return function("exp", Node("neg", (inside,)) if width < 0 else inside)
