"""Rounds a formula's constants to as few significant digits as its accuracy allows, before it is scored.

Rounding every constant at once can cost much accuracy: an offset and a slope that were fitted together no longer match.
So the constants inside the terms are rounded first, the linear ones are solved again for the rounded terms and then
rounded one after the other, the constant offset last.

Notation:
    y ≈ c0 + Σ c_i·t_i(x), terms t_i with nonlinear constants; n points.
"""

from __future__ import annotations

import math

import numpy as np

from deepcave_symbolic.formulas.expression import Node, constant, evaluate, function, map_constants
from deepcave_symbolic.formulas.limits import NICE_EXPONENTS, SNAP_LOSS
from deepcave_symbolic.formulas.points import Points
from deepcave_symbolic.formulas.tidy import join_sum, split_sum
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.numeric.weighted import weighted_least_squares
from deepcave_symbolic.words.numbers import round_significant

__all__ = ["DIGITS", "allowed_loss", "round_formula", "round_offset", "snap_exponents"]

#: Significant digits, tried in this order.
DIGITS = (2, 3, 4)
#: Loss of R² that rounding may cost: a share of what the formula leaves unexplained, plus a little.
_RELATIVE_LOSS = 0.02
_ABSOLUTE_LOSS = 2e-5
#: How far from an exponent a nice one is tried, relative to it. Less than in the exhaustive engine, which fits all
#: constants again: here only the linear ones follow.
_SNAP_WITHIN = 0.1


def round_formula(node: Node, points: Points) -> Node:
    """Returns the formula with its constants rounded to two to four significant digits.

    Only the constant offset may keep more digits, where the formula's values differ by less than its fourth digit: a
    cost between 1000.1 and 1000.9 needs an offset such as 1000.13.

    Args:
        node: A tidy expression in natural units.
        points: Where it is compared with what it should give.
    """
    exact = points.r2_of(node)
    result = node
    for digits in DIGITS:
        result = _round_to(node, digits, points)
        if exact - points.r2_of(result) <= allowed_loss(exact):
            break
    return result


def allowed_loss(r2: float) -> float:
    """Returns the loss of R² that rounding may cost a formula of this R²."""
    return _ABSOLUTE_LOSS + _RELATIVE_LOSS * max(0.0, 1.0 - r2)


def _round_to(node: Node, digits: int, points: Points) -> Node:
    columns, y, weights = points.columns, points.y, points.weights
    offset, terms = split_sum(node)
    rounded = [(c, _plain_powers(map_constants(t, lambda v: round_significant(v, digits)))) for c, t in terms]
    free = [i for i, (c, _) in enumerate(rounded) if abs(c) != 1.0]
    values = [evaluate(t, columns) for _, t in rounded]
    if not all(np.all(np.isfinite(v)) for v in values):
        return join_sum(offset if offset is None else round_significant(offset, digits), rounded)
    fixed = sum((c * v for (c, _), v in zip(rounded, values, strict=True) if abs(c) == 1.0), start=np.zeros_like(y))
    coefficients = {i: rounded[i][0] for i in free}
    pending = list(free)
    while pending:
        # Solve for what is still free given what is rounded already, then round the first of them.
        known = fixed + sum((coefficients[i] * values[i] for i in free if i not in pending), start=np.zeros_like(y))
        solved = _solve([values[i] for i in pending], y - known, offset is not None, weights)
        if solved is None:
            break
        coefficients[pending[0]] = round_significant(solved[0], digits)
        pending.pop(0)
    result = [(coefficients.get(i, c), t) for i, (c, t) in enumerate(rounded)]
    if offset is not None:
        known = sum((c * v for (c, _), v in zip(result, values, strict=True)), start=np.zeros_like(y))
        offset = round_offset(float(np.average(y - known, weights=weights)), digits, float(np.max(y) - np.min(y)))
    return join_sum(offset, result)


def _plain_powers(node: Node) -> Node:
    """Returns the tree with x^1 written x and x^0.5 written sqrt(x): what rounding can make of an exponent."""
    if not node.args:
        return node
    args = tuple(_plain_powers(arg) for arg in node.args)
    if node.op == "^" and args[1].is_constant and args[1].value in (0.5, 1.0):
        return args[0] if args[1].value == 1.0 else function("sqrt", args[0])
    return Node(node.op, args, node.value)


def round_offset(offset: float, digits: int, span: float) -> float:
    """Rounds the offset to the digits, or to that many digits of the span of the values where that is finer."""
    if span <= 0.0 or offset == 0.0:
        return round_significant(offset, max(digits, DIGITS[-1]))
    extra = max(0, math.floor(math.log10(abs(offset))) - math.floor(math.log10(span)))
    return round_significant(offset, min(digits + extra, 15))


def _solve(values: list[Array], target: Array, with_offset: bool, weights: Array | None) -> list[float] | None:
    """Returns the coefficients of the terms, then the offset; None where terms depend on one another."""
    design = np.column_stack([*values, np.ones_like(target)] if with_offset else values)
    solved = weighted_least_squares(design, target, weights, unique=True)
    return None if solved is None else solved.tolist()


def snap_exponents(node: Node, points: Points) -> Node:
    """Returns the formula with exponents near -2, -1, -1/2, 1/2, 1, 2 or 3 replaced by those.

    Only where that costs less than 1e-4 of R². The linear constants are solved again for the new exponents.
    """

    def snap(item: Node) -> Node:
        args = tuple(snap(arg) for arg in item.args)
        if item.op == "^" and args[1].is_constant:
            nearest = min(NICE_EXPONENTS, key=lambda nice: abs(nice - args[1].value))
            if abs(nearest - args[1].value) <= _SNAP_WITHIN * abs(nearest):
                args = (args[0], constant(nearest))
        return Node(item.op, args, item.value)

    snapped = snap(node)
    if snapped == node:
        return node
    offset, terms = split_sum(snapped)
    values = [evaluate(t, points.columns) for _, t in terms]
    finite = all(np.all(np.isfinite(v)) for v in values)
    solved = _solve(values, points.y, offset is not None, points.weights) if finite else None
    if solved is None:
        return node
    refitted = [(c, t) for c, (_, t) in zip(solved, terms)]  # noqa: B905 - the offset is behind the terms
    result = join_sum(solved[-1] if offset is not None else None, refitted)
    return result if points.r2_of(node) - points.r2_of(result) < SNAP_LOSS else node
