"""Candidates: fitted problems as expression trees, and what makes one unfit to be shown.

Notation: see `atoms` and `fitting`. beta: coefficient of a term in objective units.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from deepcave_symbolic.engines.exhaustive.atoms import Box, Built, monic, multiple
from deepcave_symbolic.engines.exhaustive.fitting import Fit
from deepcave_symbolic.engines.exhaustive.grammar import Grammar, Term, columns_of
from deepcave_symbolic.formulas.expression import Node, constant, constants, evaluate, function
from deepcave_symbolic.formulas.limits import LARGEST_TERM, OVERSHOOT
from deepcave_symbolic.numeric.arrays import Array

__all__ = ["to_node", "valid"]

#: Largest swing of a term, in ranges of the target: beyond, terms cancel each other.
MAX_SWING = 12.0
#: Smallest swing of a term in ranges of the target: below, the shorter formula says the same.
MIN_SWING = 2e-4
#: Smallest swing of a factor, relative to its largest value: below, it is a constant in disguise.
MIN_VARIATION = 5e-3
#: Smallest constant beside a factor, (f + d), relative to f: below, the plain product says the same.
MIN_OFFSET = 1e-4


def to_node(fit: Fit, table: Grammar, box: Box, offset: float, scale: float) -> Node | None:
    """Returns the formula of a fit, or None where its constants leave the range of numbers.

    Args:
        fit: The fitted problem.
        table: The grammar.
        box: The domain.
        offset: Added to the fit for objective units.
        scale: Multiplies the fit for objective units.
    """
    intercept = offset + scale * fit.intercept
    theta, coefficients = fit.problem.theta.tolist(), [float(b) * scale for b in fit.coefficients]
    nodes: list[Node] = []
    try:
        for term in fit.problem.terms:
            built: list[Built] = []
            for index in term.factors:
                factor = table.factors[index]
                built.append(factor.build(box, theta[: factor.n_params]))
                theta = theta[factor.n_params :]
            count = len(columns_of(term))
            node, extra = _term(term, built, coefficients[:count], box)
            coefficients, intercept = coefficients[count:], intercept + extra
            nodes.append(node)
    except (OverflowError, ZeroDivisionError, ValueError):
        return None
    result = nodes[0] if intercept == 0.0 else Node("+", (constant(intercept), nodes[0]))
    for node in nodes[1:]:
        result = Node("+", (result, node))
    return result if all(math.isfinite(value) for value in constants(result)) else None


def _term(term: Term, built: list[Built], b: list[float], box: Box) -> tuple[Node, float]:
    """Returns a term and what it adds to the intercept."""
    scale = math.prod(part.scale for part in built)
    if len(built) == 1:
        return _product(b[0] * scale, built, box), b[0] * built[0].offset
    f, g = built
    if term.form == "plain":
        return _product(b[0] * scale, built, box), 0.0
    # b0*f*g + b1*g = b0*(f + b1/b0)*g; the full form also takes b1*f + b2*g = ... - b1*b2/b0.
    if term.form == "half":
        shifted = _offset(f, b[1] / b[0] / f.scale)
        return _product(b[0] * scale, [shifted, g], box), 0.0
    shifted, other = _offset(f, b[2] / b[0] / f.scale), _offset(g, b[1] / b[0] / g.scale)
    return _product(b[0] * scale, [shifted, other], box), -b[1] * b[2] / b[0]


def _offset(part: Built, shift: float) -> Built:
    node = Node("/", (constant(1.0), part.node)) if part.divides else part.node
    if node.is_variable:
        return Built(monic(node, -shift), 1.0)
    return Built(Node("+", (node, constant(shift))), 1.0)


def _product(beta: float, built: list[Built], box: Box) -> Node:
    factors = [part.node for part in built if not part.divides]
    if len(factors) == 2 and all(node.op == "exp" and not _is_power_of(node, box.log_scaled) for node in factors):
        factors = [function("exp", Node("+", (factors[0].args[0], factors[1].args[0])))]
    result = constant(beta)
    for k, node in enumerate(factors):
        result = multiple(beta, node) if k == 0 else Node("*", (result, node))
    for part in built:
        if part.divides:
            result = Node("/", (result, part.node))
    return result


def _is_power_of(node: Node, log_scaled: Sequence[bool]) -> bool:
    """Returns whether an exponential is x^p for a hyperparameter x."""
    argument = node.args[0]
    return argument.op == "*" and argument.args[1].is_variable and log_scaled[int(argument.args[1].value)]


def valid(node: Node, dense: Array, low: float, high: float) -> bool:
    """Returns whether a candidate is finite, real and not degenerate on the box.

    Args:
        node: The candidate, a sum of terms.
        dense: Points that cover the box with its edges, shape (d, n).
        low: Smallest target.
        high: Largest target.
    """
    columns = list(dense)
    width = high - low
    values, excess = evaluate(node, columns), OVERSHOOT * width
    if not np.all(np.isfinite(values)) or values.min() < low - excess or values.max() > high + excess:
        return False
    size = max(width, abs(low), abs(high))
    return all(_fine(term, columns, width, size) for term in _summands(node) if not term.is_constant)


def _fine(term: Node, columns: list[Array], width: float, size: float) -> bool:
    """Returns whether a term and its factors matter and do not rely on cancellation."""
    part = evaluate(term, columns)
    if not MIN_SWING * width <= float(part.max() - part.min()) <= MAX_SWING * width:
        return False
    factors = _factors(term)
    if len(factors) > 1 and not all(_matters(factor, columns) for factor in factors):
        return False
    # b * u may be large far from zero; it cancels nothing but the intercept.
    line = len(factors) == 1 and factors[0].is_variable
    return line or float(np.max(np.abs(part))) <= LARGEST_TERM * size


def _matters(factor: Node, columns: list[Array]) -> bool:
    """Returns whether a factor of a product varies, and so does its part without a constant."""
    values = evaluate(factor, columns)
    largest = float(np.max(np.abs(values)))
    if float(values.max() - values.min()) < MIN_VARIATION * largest:
        return False
    if factor.op not in ("+", "-") or not factor.args[1].is_constant:
        return True
    return abs(factor.args[1].value) >= MIN_OFFSET * float(np.max(np.abs(evaluate(factor.args[0], columns))))


def _factors(term: Node) -> list[Node]:
    """Returns the factors and divisors of a term that are no numbers."""
    if term.op in ("*", "/"):
        return [factor for arg in term.args for factor in _factors(arg)]
    return [] if term.is_constant else [term]


def _summands(node: Node) -> list[Node]:
    return [*_summands(node.args[0]), node.args[1]] if node.op == "+" else [node]
