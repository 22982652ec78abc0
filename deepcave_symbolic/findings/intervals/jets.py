"""Jets of an expression: bounds of its value, slopes and curvatures over boxes, operation by operation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepcave_symbolic.findings.intervals.bounds import minus, outward, plus, product, scaled, times
from deepcave_symbolic.findings.intervals.functions import FUNCTIONS, Three, of_power
from deepcave_symbolic.formulas.expression import CASES, OPERATORS, Node
from deepcave_symbolic.numeric.arrays import Array

_LN10 = math.log(10.0)


@dataclass(frozen=True)
class Jet:
    """Bounds of an expression and its derivatives over boxes; None is exactly zero.

    Args:
        value: Bounds of the value.
        first: Of the first derivatives.
        second: Of the second derivatives, row by row of the upper triangle: uu, uv, vv.
        number: The number, where no variable occurs.
    """

    value: Array
    first: tuple[Array | None, ...]
    second: tuple[Array | None, ...]
    number: float | None = None


def jet_of(node: Node, box: Sequence[Array], log: Sequence[bool]) -> Jet:
    """Returns the jet of an expression over boxes.

    Args:
        node: The expression in natural units.
        box: Bounds of the search coordinates, one of shape (2, b) per variable.
        log: Which axes are logarithmic, length k.
    """
    k = len(box)
    if node.op == "const":
        return _number(node.value, k)
    if node.op == "var":
        i = int(node.value)
        return _exponential(box[i], 1.0, i, k) if log[i] else _variable(box[i], 1.0, i, k)
    if node.op == CASES:
        return _of_cases([jet_of(arg, box, log) for arg in node.args[1:]], box[int(node.args[0].value)])
    on_log = _on_log_axis(node, box, log)
    if on_log is not None:
        return on_log
    args = [jet_of(arg, box, log) for arg in node.args]
    numbers = [arg.number for arg in args if arg.number is not None]
    if len(numbers) == len(args):
        return _number(float(OPERATORS[node.op].evaluate(*(np.float64(number) for number in numbers))), k)
    if node.op in FUNCTIONS:
        return _composed(args[0], FUNCTIONS[node.op](args[0].value))
    if node.op == "neg":
        return _negative(args[0])
    if node.op in ("+", "-"):
        return _sum(args[0], args[1] if node.op == "+" else _negative(args[1]))
    if node.op == "*":
        if node.args[0] == node.args[1]:
            return _composed(args[0], of_power(args[0].value, 2.0))
        return _multiplied(args[0], args[1])
    if node.op == "/":
        inverse = _on_log_axis(Node("^", (node.args[1], Node("const", (), -1.0))), box, log)
        if inverse is None:
            inverse = _composed(args[1], of_power(args[1].value, -1.0))
        return _multiplied(args[0], inverse)
    return _raised(args[0], args[1])


def _number(value: float, k: int) -> Jet:
    ends = (-np.inf, np.inf) if math.isnan(value) else (value, value)
    return Jet(np.array(ends).reshape(2, 1), (None,) * k, (None,) * (k * (k + 1) // 2), value)


def _variable(u: Array, scale: float, i: int, k: int) -> Jet:
    """Returns the jet of scale·u."""
    first = tuple(np.full((2, 1), scale) if j == i else None for j in range(k))
    return Jet(u if scale == 1.0 else scaled(u, scale), first, (None,) * (k * (k + 1) // 2))


def _exponential(u: Array, p: float, i: int, k: int) -> Jet:
    """Returns the jet of x^p = 10^(p·u): its derivatives are multiples of itself."""
    value = outward(np.power(10.0, scaled(u, p)))
    first: list[Array | None] = [None] * k
    second: list[Array | None] = [None] * (k * (k + 1) // 2)
    first[i], second[pair(i, i, k)] = scaled(value, p * _LN10), scaled(value, (p * _LN10) ** 2)
    return Jet(value, tuple(first), tuple(second))


def _on_log_axis(node: Node, box: Sequence[Array], log: Sequence[bool]) -> Jet | None:
    """Returns the jet of log10(x), log(x), sqrt(x) and x^p on a log axis, where they are simple; else None."""
    base = node.args[0]
    if not base.is_variable or not log[int(base.value)]:
        return None
    i, k = int(base.value), len(box)
    if node.op in ("log10", "log"):
        return _variable(box[i], 1.0 if node.op == "log10" else _LN10, i, k)
    if node.op == "sqrt":
        return _exponential(box[i], 0.5, i, k)
    if node.op == "^" and node.args[1].is_constant and node.args[1].value != 0:
        return _exponential(box[i], node.args[1].value, i, k)
    return None


def _of_cases(branches: Sequence[Jet], selector: Array) -> Jet:
    """Returns in every box the jet of its choice; a box over several choices may be anything."""

    def chosen(parts: Sequence[Array | None]) -> Array | None:
        if all(part is None for part in parts):
            return None
        shape = selector.shape
        result = np.broadcast_to(np.array([[-np.inf], [np.inf]]), shape)
        for j, part in enumerate(parts):
            here = (selector[0] == j) & (selector[1] == j)
            result = np.where(here, np.zeros((2, 1)) if part is None else part, result)
        return np.asarray(result, dtype=np.float64)

    value = chosen([branch.value for branch in branches])
    assert value is not None
    first = tuple(chosen(parts) for parts in zip(*(b.first for b in branches), strict=True))
    second = tuple(chosen(parts) for parts in zip(*(b.second for b in branches), strict=True))
    return Jet(value, first, second)


def _negative(a: Jet) -> Jet:
    return Jet(-a.value[::-1], tuple(map(minus, a.first)), tuple(map(minus, a.second)))


def _sum(a: Jet, b: Jet) -> Jet:
    value = outward(a.value + b.value)
    return Jet(value, tuple(map(plus, a.first, b.first)), tuple(map(plus, a.second, b.second)))


def _multiplied(a: Jet, b: Jet) -> Jet:
    first = tuple(plus(product(da, b.value), product(a.value, db)) for da, db in zip(a.first, b.first, strict=True))
    second = []
    for (i, j), aa, bb in zip(_pairs(len(a.first)), a.second, b.second, strict=True):
        crossed = plus(product(a.first[i], b.first[j]), product(a.first[j], b.first[i]))
        second.append(plus(crossed, plus(product(aa, b.value), product(a.value, bb))))
    return Jet(times(a.value, b.value), first, tuple(second))


def _composed(a: Jet, outer: Three) -> Jet:
    """The chain rule."""
    value, slope, bend = outer
    second = [
        plus(product(bend, product(a.first[i], a.first[j])), product(slope, aa))
        for (i, j), aa in zip(_pairs(len(a.first)), a.second, strict=True)
    ]
    return Jet(value, tuple(product(slope, da) for da in a.first), tuple(second))


def _raised(a: Jet, b: Jet) -> Jet:
    if b.number is not None and math.isfinite(b.number):
        return _composed(a, of_power(a.value, b.number))
    exponent = _multiplied(b, _composed(a, FUNCTIONS["log"](a.value)))
    return _composed(exponent, FUNCTIONS["exp"](exponent.value))


def _pairs(k: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(k) for j in range(i, k)]


def pair(i: int, j: int, k: int) -> int:
    """Returns where the second derivative by i and j stands in a jet."""
    low, high = min(i, j), max(i, j)
    return low * k - low * (low - 1) // 2 + high - low
