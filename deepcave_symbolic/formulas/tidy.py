"""Tidies an expression: folded constants, merged terms, arguments with leading coefficient 1, powers shown as powers.

General simplifiers (sympy's) can take seconds or hang, and rewrite what should stay readable. These are the few
rewrites that the grammar needs; each is exact, and `tidy` checks the values nevertheless.

Notation:
    sum: c0 + Σ c_i·t_i with numbers c and terms t that carry no leading number.
    product: c·Π f_i^{p_i} with a number c and factors f that are neither products nor powers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from deepcave_symbolic.formulas.expression import (
    CASES,
    Node,
    agree,
    constant,
    evaluate,
    function,
    is_place,
    operators,
    power,
    variables,
)
from deepcave_symbolic.numeric.arrays import Array

__all__ = ["join_sum", "multiply", "raise_to", "split_sum", "tidy"]

_SAME = 1e-9
_WHOLE_RECIPROCALS = (-2.0, -3.0, -4.0)


def tidy(node: Node, columns: Sequence[Array]) -> Node:
    """Returns an equal expression that reads better and is no longer.

    Args:
        node: The expression.
        columns: Points, one array of shape (n,) per variable, at which both must agree; otherwise the original is kept.
    """
    try:
        result = _tidy(node, inner=False)
    except (OverflowError, ZeroDivisionError, ValueError):
        return node
    if result == node:
        return node
    shorter = operators(result) <= operators(node)
    return result if shorter and agree(node, result, columns, _SAME) else node


def _tidy(node: Node, inner: bool) -> Node:
    """Tidies from the leaves up; `inner` says that a constant goes behind the terms of a sum, as in (x + 2)."""
    if node.op in ("const", "var"):
        return node
    if node.op in ("+", "-"):
        return _tidy_sum(node, inner)
    if node.op == CASES:
        return Node(CASES, (node.args[0], *(_tidy(branch, inner=False) for branch in node.args[1:])))
    return _tidy_product(node)


# --- sums ---------------------------------------------------------------------------------------------------------


def split_sum(node: Node) -> tuple[float | None, list[tuple[float, Node]]]:
    """Splits c0 + Σ c_i·t_i.

    Returns:
        The constant c0 (None where there is none) and the pairs (c_i, t_i).
    """
    offset: float | None = None
    terms: list[tuple[float, Node]] = []

    def collect(item: Node, sign: float) -> None:
        nonlocal offset
        if item.op in ("+", "-"):
            collect(item.args[0], sign)
            collect(item.args[1], sign if item.op == "+" else -sign)
        elif item.op == "neg":
            collect(item.args[0], -sign)
        else:
            coefficient, core = _split_coefficient(item)
            if core is None:
                offset = (offset or 0.0) + sign * coefficient
            else:
                terms.append((sign * coefficient, core))

    collect(node, 1.0)
    return offset, terms


def join_sum(offset: float | None, terms: Sequence[tuple[float, Node]], inner: bool = False) -> Node:
    """Builds c0 + Σ c_i·t_i; with `inner` the constant comes last, unless every term is negative."""
    parts = [_scale(c, t) for c, t in terms]
    if offset is not None and (offset != 0.0 or not parts):
        last = inner and any(c > 0 for c, _ in terms)
        parts = [*parts, constant(offset)] if last else [constant(offset), *parts]
    if inner and len(parts) > 1 and parts[0].op != "const":
        # (a - b) reads better than (-b + a).
        parts.sort(key=lambda p: p.op != "const" and _leading(p) < 0)
    result = parts[0]
    for part in parts[1:]:
        result = Node("+", (result, part))
    return result


def _leading(node: Node) -> float:
    return _split_coefficient(node)[0]


def _tidy_sum(node: Node, inner: bool) -> Node:
    offset, raw = split_sum(node)
    merged: dict[Node, float] = {}
    for coefficient, core in raw:
        extra, parts = split_sum(_tidy_term(core, inner))
        if extra is not None:
            offset = (offset or 0.0) + coefficient * extra
        for c, t in parts:
            shift, t = _completed_square(t) if offset is not None else (0.0, t)
            offset = offset + coefficient * c * shift if offset is not None else None
            merged[t] = merged.get(t, 0.0) + coefficient * c
    terms = [(c, t) for t, c in merged.items() if c != 0.0]
    return join_sum(offset if offset is not None or terms else 0.0, terms, inner)


def _tidy_term(term: Node, inner: bool) -> Node:
    """Tidies a term of a sum; log(k·t) becomes log(t) + log(k), whose number joins the constant."""
    if term.op in ("log", "log10"):
        argument = _tidy(term.args[0], inner=True)
        scale, core = _scaled(argument)
        if scale > 0 and not argument.is_constant:
            shift = math.log(scale) if term.op == "log" else math.log10(scale)
            return join_sum(shift, [(1.0, function(term.op, core))])
    return _tidy(term, inner)


def _completed_square(term: Node) -> tuple[float, Node]:
    """Returns (shift, square) for (t + a)·(t + b) = (t + (a + b)/2)² - ((a - b)/2)²: the vertex can be read off it."""
    if term.op != "*":
        return 0.0, term
    (a, left), (b, right) = (split_sum(factor) for factor in term.args)
    if len(left) != 1 or left != right or left[0][0] != 1.0:
        return 0.0, term
    a, b = a or 0.0, b or 0.0
    return -(((a - b) / 2) ** 2), power(join_sum((a + b) / 2, left, inner=True), 2.0)


# --- products -----------------------------------------------------------------------------------------------------


def _split_coefficient(node: Node) -> tuple[float, Node | None]:
    """Splits c·t; t is None for a plain number."""
    if node.is_constant:
        return node.value, None
    if node.op == "neg":
        coefficient, core = _split_coefficient(node.args[0])
        return -coefficient, core
    if node.op in ("*", "/") and not is_place(node):
        (c1, t1), (c2, t2) = (_split_coefficient(arg) for arg in node.args)
        if node.op == "*":
            core = t2 if t1 is None else t1 if t2 is None else Node("*", (t1, t2))
            return c1 * c2, core
        if c2 == 0.0:
            return 1.0, node
        if t2 is None:
            return c1 / c2, t1
        return c1 / c2, Node("/", (constant(1.0) if t1 is None else t1, t2))
    return 1.0, node


def _scale(coefficient: float, core: Node) -> Node:
    """Builds c·t: c/d for a reciprocal, -t for c = -1."""
    if core.op == "/" and core.args[0].is_constant:
        return Node("/", (constant(coefficient * core.args[0].value), core.args[1]))
    if coefficient == 1.0:
        return core
    if coefficient == -1.0:
        return Node("neg", (core,))
    if core.op == "/" and not is_place(core):
        return Node("/", (_scale(coefficient, core.args[0]), core.args[1]))
    if core.op == "^" and core.args[1].is_constant and core.args[1].value in _WHOLE_RECIPROCALS:
        # 3/(x - 2)² reads better than 3·(x - 2)⁻², and is as long.
        return Node("/", (constant(coefficient), power(core.args[0], -core.args[1].value)))
    return Node("*", (constant(coefficient), core))


def _tidy_product(node: Node) -> Node:
    coefficient, powers = _factors(node)
    if coefficient == 0.0:
        return constant(0.0)
    numerator = [raise_to(base, p) for base, p in powers.items() if p > 0]
    denominator = [raise_to(base, -p) for base, p in powers.items() if p < 0]
    # x^-0.7 is one operator, 1/x^0.7 two.
    if len(denominator) == 1 and denominator[0].op in ("^", "sqrt"):
        ((base, p),) = [(b, p) for b, p in powers.items() if p < 0]
        if p != -0.5 and not (p == round(p) and numerator):
            numerator, denominator = [*numerator, raise_to(base, p)], []
    top = multiply(numerator)
    if denominator:
        core = Node("/", (top or constant(1.0), multiply(denominator) or constant(1.0)))
        return _scale(coefficient, core)
    return constant(coefficient) if top is None else _scale(coefficient, top)


def multiply(factors: Sequence[Node]) -> Node | None:
    """Returns the product of the factors; None without any."""
    result: Node | None = None
    for factor in factors:
        result = factor if result is None else Node("*", (result, factor))
    return result


def raise_to(base: Node, exponent: float) -> Node:
    """Returns base^exponent as it is written: the base itself, a root or a power."""
    if exponent == 1.0:
        return base
    if exponent == 0.5:
        return function("sqrt", base)
    return power(base, exponent)


def _factors(node: Node) -> tuple[float, dict[Node, float]]:
    """Returns the number and the bases with their exponents of a product, everything below tidied."""
    if node.is_constant:
        return node.value, {}
    if node.op == "neg":
        coefficient, powers = _factors(node.args[0])
        return -coefficient, powers
    if node.op in ("*", "/"):
        c1, p1 = _factors(node.args[0])
        c2, p2 = _factors(node.args[1])
        sign = 1.0 if node.op == "*" else -1.0
        merged = dict(p1)
        for base, p in p2.items():
            merged[base] = merged.get(base, 0.0) + sign * p
        return c1 * c2**sign, {base: p for base, p in merged.items() if p != 0.0}
    if node.op == "^" and node.args[1].is_constant:
        return _power_factors(node.args[0], node.args[1].value)
    if node.op == "sqrt":
        return _power_factors(node.args[0], 0.5)
    if node.op in ("+", "-"):
        tidied = _tidy(node, inner=True)
        if tidied.op not in ("+", "-"):
            return _factors(tidied)
        scale, monic = _monic(tidied)
        return (scale, {monic: 1.0}) if not monic.is_constant else (scale * monic.value, {})
    return _function_factors(node)


def _power_factors(base: Node, exponent: float) -> tuple[float, dict[Node, float]]:
    coefficient, powers = _factors(base)
    whole = exponent == round(exponent)
    if not whole and not powers and coefficient < 0:
        raise ValueError("not a real constant")
    if whole or len(powers) == 0:
        return coefficient**exponent, {b: p * exponent for b, p in powers.items()}
    if len(powers) == 1:
        ((inner, p),) = powers.items()
        # (c·f)^q = |c|^q·(±f)^q; an inner power merges only where f must be positive anyway.
        if p != 1.0 and (p == round(p) and int(p) % 2 == 0):
            return abs(coefficient) ** exponent, {_signed(coefficient, power(inner, p)): exponent}
        if coefficient > 0:
            return coefficient**exponent, {inner: p * exponent}
        if p == 1.0:
            return abs(coefficient) ** exponent, {_signed(coefficient, inner): exponent}
    return 1.0, {_tidy_product(base): exponent}


def _signed(coefficient: float, core: Node) -> Node:
    if coefficient > 0:
        return core
    offset, terms = split_sum(core)
    return join_sum(None if offset is None else -offset, [(-c, t) for c, t in terms], inner=True)


def _monic(node: Node) -> tuple[float, Node]:
    """Splits k·(t + ...) off a sum so that its first term has the coefficient 1."""
    offset, terms = split_sum(node)
    if not terms or node.op not in ("+", "-"):
        return 1.0, node
    lead = next((c for c, t in terms if t.is_variable or t.op == "log10"), terms[0][0])
    return lead, join_sum(None if offset is None else offset / lead, [(c / lead, t) for c, t in terms], inner=True)


# --- functions ----------------------------------------------------------------------------------------------------


def _function_factors(node: Node) -> tuple[float, dict[Node, float]]:
    if node.op in ("const", "var", "^"):
        return 1.0, {node: 1.0}
    if node.op == CASES:
        return 1.0, {_tidy(node, inner=False): 1.0}
    argument = _tidy(node.args[0], inner=True)
    if argument.is_constant:
        value = float(evaluate(function(node.op, argument), [np.zeros(1)])[0])
        if not math.isfinite(value):
            raise ValueError("not a finite constant")
        return value, {}
    if node.op == "exp":
        return _exponential(argument)
    if node.op in ("log", "log10"):
        return 1.0, {function(node.op, argument): 1.0}
    scale, core = _scaled(argument)
    if node.op == "abs":
        return abs(scale), {function("abs", core): 1.0}
    if node.op == "tanh":
        inside = core if abs(scale) == 1.0 else Node("*", (constant(abs(scale)), core))
        return math.copysign(1.0, scale), {function("tanh", inside): 1.0}
    return 1.0, {function(node.op, argument): 1.0}


def _scaled(argument: Node) -> tuple[float, Node]:
    """Splits the leading number off an argument, sum or product."""
    if argument.op in ("+", "-"):
        return _monic(argument)
    coefficient, core = _split_coefficient(argument)
    return (coefficient, core) if core is not None else (1.0, argument)


def _exponential(argument: Node) -> tuple[float, dict[Node, float]]:
    """exp(c0 + k·log10(x) + ...) = e^c0·x^(k/ln 10)·exp(...): powers are shown as powers."""
    offset, terms = split_sum(argument)
    coefficient = math.exp(offset or 0.0)
    powers: dict[Node, float] = {}
    rest: list[tuple[float, Node]] = []
    for k, term in terms:
        if term.op in ("log10", "log") and variables(term):
            base = term.args[0]
            powers[base] = powers.get(base, 0.0) + (k / math.log(10.0) if term.op == "log10" else k)
        else:
            rest.append((k, term))
    if rest:
        powers[function("exp", join_sum(None, rest, inner=True))] = 1.0
    return coefficient, {base: p for base, p in powers.items() if p != 0.0}
