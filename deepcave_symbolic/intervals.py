"""Encloses a formula's values and slopes over whole boxes of its domain, so that statements about it are proofs.

Interval arithmetic with forward-mode derivatives (Moore, Kearfott & Cloud 2009, "Introduction to Interval Analysis"),
vectorised over boxes. The result of every operation is widened outwards by a relative 1e-12; NumPy's functions err by
a few 1e-16, so the enclosures hold in exact arithmetic too, except below about 1e-300, where numbers vanish.

Notation:
    k: number of hyperparameters; b: number of boxes.
    u: search coordinates of a box, log10(x) on a log axis, so that log10(x) is u itself and x^p is 10^(p·u).
    bounds: array (2, b), lower bounds first; [-inf, inf] where a pole, domain violation or overflow leaves it open.
    jet: bounds of a value with bounds of its first and second derivatives with respect to u; None is exactly zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from deepcave_symbolic.expression import OPERATORS, Array, Node

__all__ = ["Enclosure", "enclose", "is_additive"]

_WIDEN = np.array([[-1e-12], [1e-12]])
_LN10 = math.log(10.0)
#: Beyond this argument a period is no longer resolved to the widening's precision.
_MAX_ANGLE = 1e3


@dataclass(frozen=True)
class Enclosure:
    """What holds in each box wherever the formula is defined; finite slopes prove that it is.

    Args:
        value: Bounds of the formula, shape (2, b).
        gradient: Bounds of its partial derivatives with respect to the search coordinates, shape (k, 2, b).
    """

    value: Array
    gradient: Array


@dataclass(frozen=True)
class _Jet:
    value: Array
    first: tuple[Array | None, ...]
    #: Row by row of the upper triangle: uu, uv, vv.
    second: tuple[Array | None, ...]
    #: The number, where no variable occurs.
    number: float | None = None


def enclose(tree: Node, lower: Array, upper: Array, *, log: Sequence[bool]) -> Enclosure:
    """Returns enclosures of value and partial derivatives over boxes.

    Natural interval extension, intersected with the mean value form around each box's centre, which makes the excess
    width shrink with the square of the box's width.

    Args:
        tree: The expression in natural units.
        lower: Lower corners in search coordinates, shape (b, k).
        upper: Upper corners, shape (b, k).
        log: Which axes are logarithmic, length k.
    """
    b, k = lower.shape
    centre = lower + 0.5 * (upper - lower)
    with np.errstate(all="ignore"):
        bounds = [np.array([np.r_[lower[:, i], centre[:, i]], np.r_[upper[:, i], centre[:, i]]]) for i in range(k)]
        jet = _jet(tree, bounds, log)
        value, first, second = (_filled(jet.value, b), _all_filled(jet.first, b), _all_filled(jet.second, b))
        step = [_outward(np.array([lower[:, i] - centre[:, i], upper[:, i] - centre[:, i]])) for i in range(k)]
        gradient = [
            _intersect(
                first[i][:, :b],
                _mean_value(first[i][:, b:], [second[_pair(i, j, k)][:, :b] for j in range(k)], step),
            )
            for i in range(k)
        ]
        value = _intersect(value[:, :b], _mean_value(value[:, b:], gradient, step))
    return Enclosure(value, np.array(gradient).reshape(k, 2, b))


def is_additive(tree: Node) -> bool:
    """Returns whether a formula of two variables is visibly a sum of formulas of one."""
    with np.errstate(all="ignore"):
        jet = _jet(tree, [np.array([[1.0], [1.0]])] * 2, (False, False))
    return jet.second[1] is None


def _mean_value(at_centre: Array, slopes: Sequence[Array], step: Sequence[Array]) -> Array:
    total = at_centre
    for slope, d in zip(slopes, step, strict=True):
        total = _outward(total + _times(slope, d))
    return total


def _intersect(a: Array, b: Array) -> Array:
    both = np.array([np.maximum(a[0], b[0]), np.minimum(a[1], b[1])])
    # Both enclose the same thing: an empty intersection can only be rounding.
    return np.asarray(np.where(both[0] <= both[1], both, a))


def _filled(bounds: Array | None, b: int) -> Array:
    return np.zeros((2, 2 * b)) if bounds is None else np.broadcast_to(bounds, (2, 2 * b))


def _all_filled(many: Sequence[Array | None], b: int) -> list[Array]:
    return [_filled(bounds, b) for bounds in many]


def _pair(i: int, j: int, k: int) -> int:
    """Returns where the second derivative by i and j stands in a jet."""
    low, high = min(i, j), max(i, j)
    return low * k - low * (low - 1) // 2 + high - low


# --- arithmetic on bounds -----------------------------------------------------------------------------------------


def _outward(bounds: Array) -> Array:
    """Widens bounds for rounding; what is not a number may be anything."""
    wide: Array = bounds + _WIDEN * np.abs(bounds)
    unknown = np.isnan(wide)
    if unknown.any():
        wide = _open(wide, unknown[0] | unknown[1])
    return wide


def _open(bounds: Array, where: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Array:
    """Returns the bounds with [-inf, inf] in some boxes."""
    return np.asarray(np.where(where, np.array([[-np.inf], [np.inf]]), bounds))


def _plus(a: Array | None, b: Array | None) -> Array | None:
    if a is None or b is None:
        return b if a is None else a
    return _outward(a + b)


def _minus(a: Array | None) -> Array | None:
    return None if a is None else -a[::-1]


def _times(a: Array, b: Array) -> Array:
    for number, other in ((a, b), (b, a)):
        if number.shape[1] == 1 and number[0, 0] == number[1, 0]:
            c = number[0, 0]
            return _outward(other * c if c >= 0 else other[::-1] * c)
    products = a[:, None] * b[None]
    return _outward(np.array([products.min(axis=(0, 1)), products.max(axis=(0, 1))]))


def _product(a: Array | None, b: Array | None) -> Array | None:
    if a is None or b is None:
        return None
    return _power(a, 2.0) if a is b else _times(a, b)


def _contains_zero(a: Array) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return np.asarray((a[0] <= 0) & (a[1] >= 0))


def _power(a: Array, p: float, *, of_slope: bool = False) -> Array:
    """Returns the bounds of a^p.

    Args:
        a: Bounds of the base.
        p: The exponent.
        of_slope: Whether the power is the slope of another one, which at the base 0 is a limit: infinite, no pole.
    """
    if p == 0:
        return np.ones((2, 1))
    if p != round(p):
        ends = np.power(a if p > 0 else a[::-1], p)
        return _open(_outward(ends), a[0] < 0 if p > 0 or of_slope else a[0] <= 0)
    zero = _contains_zero(a)
    if p % 2 == 0:
        size = np.sort(np.abs(a), axis=0)
        size[0] = np.where(zero, 0.0, size[0])
        ends = _outward(np.power(size if p > 0 else size[::-1], p))
    else:
        ends = _outward(np.power(a if p > 0 else a[::-1], p))
    return ends if p > 0 else _open(ends, zero)


def _sine(a: Array) -> Array:
    """Returns the bounds of sin."""
    ends = _outward(np.sort(np.sin(a), axis=0))
    # A crest lies inside where the numbers of periods passed at the two ends differ.
    for side, phase in ((1, math.pi / 2), (0, -math.pi / 2)):
        turns = _outward((a - phase) / (2 * math.pi))
        passed = ~(np.floor(turns[1]) == np.floor(turns[0])) | (turns[0] == np.floor(turns[0]))
        far = ~(np.abs(a).max(axis=0) <= _MAX_ANGLE)
        ends[side] = np.where(passed | far, 1.0 if side else -1.0, ends[side])
    return ends


# --- functions: bounds of value, first and second derivative ------------------------------------------------------

_Three = tuple[Array, "Array | None", "Array | None"]


def _of_power(a: Array, p: float) -> _Three:
    first = _scaled(_power(a, p - 1, of_slope=0 < p < 1), p)
    second = None if p in (0.0, 1.0) else _scaled(_power(a, p - 2, of_slope=0 < p < 2), p * (p - 1))
    return _power(a, p), None if p == 0 else first, second


def _scaled(a: Array, factor: float) -> Array:
    return _outward(a * factor if factor >= 0 else a[::-1] * factor)


def _exp(a: Array) -> _Three:
    value = _outward(np.exp(a))
    return value, value, value


def _log(a: Array) -> _Three:
    outside = a[0] <= 0
    inverse = _open(_power(a, -1.0), outside)
    return _open(_outward(np.log(a)), outside), inverse, _minus(_power(inverse, 2.0))


def _log10(a: Array) -> _Three:
    value, first, second = _log(a)
    assert first is not None and second is not None
    return _scaled(value, 1 / _LN10), _scaled(first, 1 / _LN10), _scaled(second, 1 / _LN10)


def _abs(a: Array) -> _Three:
    zero = _contains_zero(a)
    value = np.sort(np.abs(a), axis=0)
    value[0] = np.where(zero, 0.0, value[0])
    # At the kink every slope between the two sides: the mean value theorem holds with it (Clarke's derivative).
    sign = np.where(zero, np.array([[-1.0], [1.0]]), np.sign(a))
    return _outward(value), _outward(sign), _open(np.zeros_like(a), zero)


def _tanh(a: Array) -> _Three:
    value = _outward(np.tanh(a))
    size = np.sort(np.abs(a), axis=0)
    size[0] = np.where(_contains_zero(a), 0.0, size[0])
    first = _outward(np.power(np.cosh(size[::-1]), -2.0))
    return value, first, _scaled(_times(value, first), -2.0)


def _sin(a: Array) -> _Three:
    value = _sine(a)
    return value, _sine(_outward(a + math.pi / 2)), _minus(value)


def _cos(a: Array) -> _Three:
    value = _sine(_outward(a + math.pi / 2))
    return value, _minus(_sine(a)), _minus(value)


_FUNCTIONS: dict[str, Callable[[Array], _Three]] = {
    "sqrt": lambda a: _of_power(a, 0.5),
    "exp": _exp,
    "log": _log,
    "log10": _log10,
    "abs": _abs,
    "tanh": _tanh,
    "sin": _sin,
    "cos": _cos,
}


# --- jets ---------------------------------------------------------------------------------------------------------


def _jet(node: Node, box: Sequence[Array], log: Sequence[bool]) -> _Jet:
    k = len(box)
    if node.op == "const":
        return _number(node.value, k)
    if node.op == "var":
        i = int(node.value)
        return _exponential(box[i], 1.0, i, k) if log[i] else _variable(box[i], 1.0, i, k)
    on_log = _on_log_axis(node, box, log)
    if on_log is not None:
        return on_log
    args = [_jet(arg, box, log) for arg in node.args]
    numbers = [arg.number for arg in args if arg.number is not None]
    if len(numbers) == len(args):
        return _number(float(OPERATORS[node.op].evaluate(*(np.float64(number) for number in numbers))), k)
    if node.op in _FUNCTIONS:
        return _composed(args[0], _FUNCTIONS[node.op](args[0].value))
    if node.op == "neg":
        return _negative(args[0])
    if node.op in ("+", "-"):
        return _sum(args[0], args[1] if node.op == "+" else _negative(args[1]))
    if node.op == "*":
        if node.args[0] == node.args[1]:
            return _composed(args[0], _of_power(args[0].value, 2.0))
        return _multiplied(args[0], args[1])
    if node.op == "/":
        inverse = _on_log_axis(Node("^", (node.args[1], Node("const", (), -1.0))), box, log)
        if inverse is None:
            inverse = _composed(args[1], _of_power(args[1].value, -1.0))
        return _multiplied(args[0], inverse)
    return _raised(args[0], args[1])


def _number(value: float, k: int) -> _Jet:
    ends = (-np.inf, np.inf) if math.isnan(value) else (value, value)
    return _Jet(np.array(ends).reshape(2, 1), (None,) * k, (None,) * (k * (k + 1) // 2), value)


def _variable(u: Array, scale: float, i: int, k: int) -> _Jet:
    """Returns the jet of scale·u."""
    first = tuple(np.full((2, 1), scale) if j == i else None for j in range(k))
    return _Jet(u if scale == 1.0 else _scaled(u, scale), first, (None,) * (k * (k + 1) // 2))


def _exponential(u: Array, p: float, i: int, k: int) -> _Jet:
    """Returns the jet of x^p = 10^(p·u): its derivatives are multiples of itself."""
    value = _outward(np.power(10.0, _scaled(u, p)))
    first: list[Array | None] = [None] * k
    second: list[Array | None] = [None] * (k * (k + 1) // 2)
    first[i], second[_pair(i, i, k)] = _scaled(value, p * _LN10), _scaled(value, (p * _LN10) ** 2)
    return _Jet(value, tuple(first), tuple(second))


def _on_log_axis(node: Node, box: Sequence[Array], log: Sequence[bool]) -> _Jet | None:
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


def _negative(a: _Jet) -> _Jet:
    return _Jet(-a.value[::-1], tuple(map(_minus, a.first)), tuple(map(_minus, a.second)))


def _sum(a: _Jet, b: _Jet) -> _Jet:
    value = _outward(a.value + b.value)
    return _Jet(value, tuple(map(_plus, a.first, b.first)), tuple(map(_plus, a.second, b.second)))


def _multiplied(a: _Jet, b: _Jet) -> _Jet:
    first = tuple(_plus(_product(da, b.value), _product(a.value, db)) for da, db in zip(a.first, b.first, strict=True))
    second = []
    for (i, j), aa, bb in zip(_pairs(len(a.first)), a.second, b.second, strict=True):
        crossed = _plus(_product(a.first[i], b.first[j]), _product(a.first[j], b.first[i]))
        second.append(_plus(crossed, _plus(_product(aa, b.value), _product(a.value, bb))))
    return _Jet(_times(a.value, b.value), first, tuple(second))


def _composed(a: _Jet, outer: _Three) -> _Jet:
    """The chain rule."""
    value, slope, bend = outer
    second = [
        _plus(_product(bend, _product(a.first[i], a.first[j])), _product(slope, aa))
        for (i, j), aa in zip(_pairs(len(a.first)), a.second, strict=True)
    ]
    return _Jet(value, tuple(_product(slope, da) for da in a.first), tuple(second))


def _raised(a: _Jet, b: _Jet) -> _Jet:
    if b.number is not None and math.isfinite(b.number):
        return _composed(a, _of_power(a.value, b.number))
    exponent = _multiplied(b, _composed(a, _log(a.value)))
    return _composed(exponent, _exp(exponent.value))


def _pairs(k: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(k) for j in range(i, k)]
