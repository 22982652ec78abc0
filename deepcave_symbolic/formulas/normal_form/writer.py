"""Writes a formula part by part.

Notation: see the package.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from deepcave_symbolic.formulas.expression import CASES, Node, agree, function, is_inverse_place, power
from deepcave_symbolic.formulas.normal_form.arguments import ONE, Arguments, over_width
from deepcave_symbolic.formulas.normal_form.reading import (
    NoNormalFormError,
    affine_of,
    decades,
    factors_of,
    square_of,
)
from deepcave_symbolic.formulas.normal_form.references import References
from deepcave_symbolic.formulas.tidy import join_sum, multiply, raise_to, split_sum
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.axis import Axis

__all__ = ["normal_form"]

_SAME = 1e-7


def normal_form(node: Node, axes: Sequence[Axis], columns: Sequence[Array]) -> Node | None:
    """Returns an equal expression in normal form; None where it has none.

    Args:
        node: A tidy expression in natural units.
        axes: The hyperparameters.
        columns: Points, one array of shape (n,) per variable, at which both must agree.
    """
    try:
        result = _Writer(Arguments(References(tuple(axes)))).whole(node)
    except (NoNormalFormError, OverflowError, ZeroDivisionError, ValueError):
        return None
    return result if agree(node, result, columns, _SAME) else None


@dataclass(frozen=True)
class _Writer:
    """Writes the parts of a formula; `NoNormalFormError` is raised where one has no normal form."""

    arguments: Arguments

    def whole(self, node: Node) -> Node:
        """Returns a sum in normal form."""
        level, terms = split_sum(node)
        level, terms = _with_whole_squares(level, terms)
        parts: list[tuple[float, Node]] = []
        for coefficient, core in terms:
            extra, coefficient, core = self.term(coefficient, core)
            if extra != 0.0:
                level = (level or 0.0) + extra
            parts.append((coefficient, core))
        return join_sum(level, parts)

    def term(self, coefficient: float, core: Node) -> tuple[float, float, Node]:
        """Returns what a term adds to the level, its coefficient and the rest of it."""
        if core.op == CASES:
            branches = (self.whole(branch) for branch in core.args[1:])
            return 0.0, coefficient, Node(CASES, (core.args[0], *branches))
        factors = factors_of(core)
        if len(factors) == 1:
            ((base, p),) = factors
            if p == 1.0 and base.is_variable and abs(coefficient) != 1.0:
                at, line = self.arguments.references.line(int(base.value))
                if at != 0.0:
                    return coefficient * at, coefficient, line
            if p == 1.0 and base.op == "tanh":
                step = self.arguments.step(base)
                if step is not None:
                    return coefficient, -2.0 * coefficient, step
            if p == 1.0 and base.op in ("log", "log10") and not base.args[0].is_variable:
                scale, argument = self.arguments.inside(base.args[0])
                coefficient *= decades(base)
                return coefficient * math.log10(scale), coefficient, function("log10", argument)
        done: list[tuple[Node, float]] = []
        plain: dict[int, float] = {}
        for base, p in factors:
            if base.is_variable:
                plain[int(base.value)] = p
                continue
            scale, node, p = self.factor(base, p)
            coefficient *= scale
            done.append((node, p))
        powers = []
        for index, p in plain.items():
            scale, node = self.arguments.references.reference(index, p, coefficient)
            coefficient *= scale
            powers.append((node, p))
        return self.turned(coefficient, powers + done)

    def turned(self, coefficient: float, factors: list[tuple[Node, float]]) -> tuple[float, float, Node]:
        """Returns a product as `term` does; a rise b/(1 + (x/x0)^-p) is written as a fall, with its level."""
        if len(factors) == 1:
            node, p = factors[0]
            rising = _inverse(node.args[1]) if p == -1.0 and node.op == "+" and node.args[0] == ONE else None
            if rising is not None:
                return coefficient, -coefficient, Node("/", (ONE, Node("+", (ONE, rising))))
        below = [(node, p) for node, p in factors if p < 0 and (p == round(p) or p == -0.5)]
        top = multiply([raise_to(node, p) for node, p in factors if (node, p) not in below])
        bottom = multiply([raise_to(node, -p) for node, p in below])
        if bottom is not None:
            return 0.0, coefficient, Node("/", (top or ONE, bottom))
        if top is None:
            raise NoNormalFormError
        return 0.0, coefficient, top

    def factor(self, base: Node, p: float) -> tuple[float, Node, float]:
        """Returns (s, node, q) with base^p = s·node^q."""
        if base.op in ("log", "log10"):
            if not base.args[0].is_variable or p not in (1.0, 2.0):
                # A number beside the logarithm would have no meaning.
                raise NoNormalFormError
            return decades(base) ** p, function("log10", base.args[0]), p
        if base.op == "exp":
            scale, node = self.arguments.exponential(base.args[0])
            return scale**p, node, p
        if base.op == "abs":
            scale, node = self.arguments.place(affine_of(base.args[0]))
            return abs(scale) ** p, function("abs", node), p
        if base.op in ("tanh", "sin", "cos"):
            scale, node = self.arguments.place(affine_of(base.args[0]))
            sign = 1.0 if base.op == "cos" else math.copysign(1.0, scale)
            return sign ** round(p), function(base.op, over_width(node, 1.0 / abs(scale))), p
        if base.op in ("+", "-"):
            scale, node = self.arguments.sum(base, p)
            if p == 2.0:
                stepped, node = self.arguments.stepped(node)
                scale *= stepped
            if scale < 0.0 and p != round(p):
                raise NoNormalFormError
            return (abs(scale) ** p) * (math.copysign(1.0, scale) ** p if p == round(p) else 1.0), node, p
        raise NoNormalFormError


def _with_whole_squares(
    level: float | None, terms: list[tuple[float, Node]]
) -> tuple[float | None, list[tuple[float, Node]]]:
    """Joins b·u and c·(u + s)² to c·(u + s + b/2c)², whose place is seen, for u = x or log10(x)."""
    for i, (b, line) in enumerate(terms):
        if not (line.is_variable or (line.op == "log10" and line.args[0].is_variable)):
            continue
        for j, (c, core) in enumerate(terms):
            affine = square_of(core)
            if (
                affine is None
                or len(affine.slopes) != 1
                or affine.slopes[0][:2] != (min(line.variables), line.op == "log10")
            ):
                continue
            ((_, _, k),) = affine.slopes
            s = affine.offset / k
            shift = s + b / (2.0 * c * k * k)
            square = power(join_sum(shift, [(1.0, line)], inner=True), 2.0)
            rest = [term for n, term in enumerate(terms) if n not in (i, j)]
            joined = [*rest[:i], (c * k * k, square), *rest[i:]]
            return _with_whole_squares((level or 0.0) + c * k * k * (s * s - shift * shift), joined)
    return level, terms


def _inverse(node: Node) -> Node | None:
    """Returns one over a falling power of x/x0; None for anything else."""
    if is_inverse_place(node):
        return Node("/", node.args[::-1])
    if node.op == "^" and node.args[1].is_constant and node.args[1].value < 0.0:
        return raise_to(node.args[0], -node.args[1].value)
    return None
