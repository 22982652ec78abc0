"""Jets of an expression: bounds of its value, slopes and curvatures over boxes, operation by operation."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepcave_symbolic.findings.intervals.bounds import (
    minus,
    of_boxes,
    outward,
    plus,
    product,
    scaled,
    square,
    times,
)
from deepcave_symbolic.findings.intervals.boxes import OVER_BOXES, Boxes
from deepcave_symbolic.findings.intervals.functions import FUNCTIONS, Three, of_power
from deepcave_symbolic.formulas.expression import CASES, OPERATORS, Node, variables
from deepcave_symbolic.numeric.arrays import Array, Index

_LN10 = math.log(10.0)


@dataclass(frozen=True, eq=False)
class Jet:
    """Bounds of an expression and its derivatives over boxes; None is exactly zero.

    Args:
        value: Bounds of the value.
        first: Of the first derivatives.
        second: Of the second derivatives, without the centres, row by row of the upper triangle: uu, uv, vv.
        over: The axis over whose cells they are; -1 over the boxes, None for what is the same everywhere.
        number: The number, where no variable occurs.
    """

    value: Array
    first: tuple[Array | None, ...]
    second: tuple[Array | None, ...]
    over: int | None
    number: float | None = None


def jet_of(node: Node, boxes: Boxes, log: Sequence[bool]) -> Jet:
    """Returns the jet of an expression over boxes.

    Args:
        node: The expression in natural units.
        boxes: The boxes.
        log: Which axes are logarithmic, length k.
    """
    return _over_boxes(_jet_of(node, boxes, log), boxes)


def _jet_of(node: Node, boxes: Boxes, log: Sequence[bool]) -> Jet:
    """Returns the jet over the cells of an axis, where no other one occurs."""
    if boxes.at is None or len(variables(node)) != 1:
        return _computed(node, boxes, log)
    # By its identity, since expressions are compared node by node.
    known: Jet | None = boxes.known.get(id(node))
    if known is None:
        known = _computed(node, boxes, log)
        if known.over != OVER_BOXES:
            boxes.known[id(node)] = known
    return known


def _computed(node: Node, boxes: Boxes, log: Sequence[bool]) -> Jet:
    k = boxes.k
    if node.op == "const":
        return _number(node.value, k)
    if node.op == "var":
        i = int(node.value)
        return _exponential(boxes, 1.0, i) if log[i] else _variable(boxes, 1.0, i)
    if node.op == CASES:
        selector = _over_boxes(_variable(boxes, 1.0, int(node.args[0].value)), boxes)
        return _of_cases([_over_boxes(_jet_of(arg, boxes, log), boxes) for arg in node.args[1:]], selector.value)
    on_log = _on_log_axis(node, boxes, log)
    if on_log is not None:
        return on_log
    args = [_jet_of(arg, boxes, log) for arg in node.args]
    numbers = [arg.number for arg in args if arg.number is not None]
    if len(numbers) == len(args):
        return _number(float(OPERATORS[node.op].evaluate(*(np.float64(number) for number in numbers))), k)
    if node.op in FUNCTIONS:
        return _composed(args[0], FUNCTIONS[node.op](args[0].value))
    if node.op == "neg":
        return _negative(args[0])
    if node.op == "*" and node.args[0] == node.args[1]:
        return _composed(args[0], of_power(args[0].value, 2.0))
    if node.op == "/":
        inverse = _on_log_axis(Node("^", (node.args[1], Node("const", (), -1.0))), boxes, log)
        if inverse is None:
            inverse = _composed(args[1], of_power(args[1].value, -1.0))
        return _multiplied(*_together(args[0], inverse, boxes))
    one, other = _together(args[0], args[1], boxes)
    if node.op in ("+", "-"):
        return _sum(one, other if node.op == "+" else _negative(other))
    return _multiplied(one, other) if node.op == "*" else _raised(one, other)


def _together(a: Jet, b: Jet, boxes: Boxes) -> tuple[Jet, Jet]:
    """Returns two jets over the same cells or boxes."""
    if a.over == b.over or a.over is None or b.over is None:
        return a, b
    return _over_boxes(a, boxes), _over_boxes(b, boxes)


def _over_boxes(jet: Jet, boxes: Boxes) -> Jet:
    if jet.over is None or jet.over == OVER_BOXES or boxes.at is None:
        return jet
    both, alone = boxes.columns(jet.over)
    return Jet(
        _taken(jet.value, both),
        tuple(None if part is None else _taken(part, both) for part in jet.first),
        tuple(None if part is None else _taken(part, alone) for part in jet.second),
        OVER_BOXES,
    )


def _taken(bounds: Array, at: Index) -> Array:
    return bounds if bounds.shape[1] == 1 else bounds.take(at, axis=1)


def _number(value: float, k: int) -> Jet:
    ends = (-np.inf, np.inf) if math.isnan(value) else (value, value)
    return Jet(np.array(ends).reshape(2, 1), (None,) * k, (None,) * (k * (k + 1) // 2), None, value)


def _variable(boxes: Boxes, scale: float, i: int) -> Jet:
    """Returns the jet of scale·u."""
    k, u = boxes.k, boxes.bounds(i)
    first = tuple(np.full((2, 1), scale) if j == i else None for j in range(k))
    return Jet(u if scale == 1.0 else scaled(u, scale), first, (None,) * (k * (k + 1) // 2), boxes.over(i))


def _exponential(boxes: Boxes, p: float, i: int) -> Jet:
    """Returns the jet of x^p = 10^(p·u): its derivatives are multiples of itself."""
    k = boxes.k
    value = outward(np.power(10.0, scaled(boxes.bounds(i), p)))
    first: list[Array | None] = [None] * k
    second: list[Array | None] = [None] * (k * (k + 1) // 2)
    first[i], second[pair(i, i, k)] = scaled(value, p * _LN10), scaled(of_boxes(value), (p * _LN10) ** 2)
    return Jet(value, tuple(first), tuple(second), boxes.over(i))


def _on_log_axis(node: Node, boxes: Boxes, log: Sequence[bool]) -> Jet | None:
    """Returns the jet of log10(x), log(x), sqrt(x) and x^p on a log axis, where they are simple; else None."""
    base = node.args[0]
    if not base.is_variable or not log[int(base.value)]:
        return None
    i = int(base.value)
    if node.op in ("log10", "log"):
        return _variable(boxes, 1.0 if node.op == "log10" else _LN10, i)
    if node.op == "sqrt":
        return _exponential(boxes, 0.5, i)
    if node.op == "^" and node.args[1].is_constant and node.args[1].value != 0:
        return _exponential(boxes, node.args[1].value, i)
    return None


def _of_cases(branches: Sequence[Jet], selector: Array) -> Jet:
    """Returns in every box the jet of its choice; a box over several choices may be anything."""

    def chosen(parts: Sequence[Array | None], selector: Array) -> Array | None:
        if all(part is None for part in parts):
            return None
        result = np.broadcast_to(np.array([[-np.inf], [np.inf]]), selector.shape)
        for j, part in enumerate(parts):
            here = (selector[0] == j) & (selector[1] == j)
            result = np.where(here, np.zeros((2, 1)) if part is None else part, result)
        return np.asarray(result, dtype=np.float64)

    value = chosen([branch.value for branch in branches], selector)
    assert value is not None
    first = tuple(chosen(parts, selector) for parts in zip(*(b.first for b in branches), strict=True))
    alone = of_boxes(selector)
    second = tuple(chosen(parts, alone) for parts in zip(*(b.second for b in branches), strict=True))
    return Jet(value, first, second, OVER_BOXES)


def _negative(a: Jet) -> Jet:
    return Jet(-a.value[::-1], tuple(map(minus, a.first)), tuple(map(minus, a.second)), a.over)


def _sum(a: Jet, b: Jet) -> Jet:
    value = outward(a.value + b.value)
    return Jet(value, tuple(map(plus, a.first, b.first)), tuple(map(plus, a.second, b.second)), _over(a, b))


def _multiplied(a: Jet, b: Jet) -> Jet:
    first = tuple(plus(product(da, b.value), product(a.value, db)) for da, db in zip(a.first, b.first, strict=True))
    (a_value, a_first), (b_value, b_first) = _of_boxes(a), _of_boxes(b)
    second = []
    for (i, j), aa, bb in zip(_pairs(len(a.first)), a.second, b.second, strict=True):
        one = product(a_first[i], b_first[j])
        crossed = plus(one, one if i == j else product(a_first[j], b_first[i]))
        second.append(plus(crossed, plus(product(aa, b_value), product(a_value, bb))))
    return Jet(times(a.value, b.value), first, tuple(second), _over(a, b))


def _composed(a: Jet, outer: Three) -> Jet:
    """The chain rule."""
    value, slope, bend = outer
    first = tuple(product(slope, da) for da in a.first)
    slope, (_, inner) = None if slope is None else of_boxes(slope), _of_boxes(a)
    second = [
        plus(product(bend, square(inner[i]) if i == j else product(inner[i], inner[j])), product(slope, aa))
        for (i, j), aa in zip(_pairs(len(a.first)), a.second, strict=True)
    ]
    return Jet(value, first, tuple(second), a.over)


def _over(a: Jet, b: Jet) -> int | None:
    return b.over if a.over is None else a.over


def _of_boxes(a: Jet) -> tuple[Array, list[Array | None]]:
    """Returns value and first derivatives without the centres."""
    return of_boxes(a.value), [None if part is None else of_boxes(part) for part in a.first]


def _raised(a: Jet, b: Jet) -> Jet:
    if b.number is not None and math.isfinite(b.number):
        return _composed(a, of_power(a.value, b.number))
    exponent = _multiplied(b, _composed(a, FUNCTIONS["log"](a.value)))
    return _composed(exponent, FUNCTIONS["exp"](exponent.value))


@functools.cache
def _pairs(k: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(k) for j in range(i, k)]


def pair(i: int, j: int, k: int) -> int:
    """Returns where the second derivative by i and j stands in a jet."""
    low, high = min(i, j), max(i, j)
    return low * k - low * (low - 1) // 2 + high - low
