"""Bounds of a function's value and of its first and second derivative over the bounds of its argument.

The second derivative is asked for over the boxes only, not at their centres; see `boxes`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from deepcave_symbolic.findings.intervals.bounds import (
    absolute,
    contains_zero,
    left_open,
    minus,
    of_boxes,
    outward,
    power,
    scaled,
    sine,
    times,
)
from deepcave_symbolic.numeric.arrays import Array

#: Bounds of value, first and second derivative; None is exactly zero.
Three = tuple[Array, "Array | None", "Array | None"]

_LN10 = math.log(10.0)


def of_power(a: Array, p: float) -> Three:
    """Returns what is known of a^p."""
    first = scaled(power(a, p - 1, of_slope=0 < p < 1), p)
    second = None if p in (0.0, 1.0) else scaled(power(of_boxes(a), p - 2, of_slope=0 < p < 2), p * (p - 1))
    return power(a, p), None if p == 0 else first, second


def _exp(a: Array) -> Three:
    value = outward(np.exp(a))
    return value, value, of_boxes(value)


def _log(a: Array) -> Three:
    outside = a[0] <= 0
    inverse = left_open(power(a, -1.0), outside)
    return left_open(outward(np.log(a)), outside), inverse, minus(power(of_boxes(inverse), 2.0))


def _log10(a: Array) -> Three:
    value, first, second = _log(a)
    assert first is not None and second is not None
    return scaled(value, 1 / _LN10), scaled(first, 1 / _LN10), scaled(second, 1 / _LN10)


def _abs(a: Array) -> Three:
    zero = contains_zero(a)
    # At the kink every slope between the two sides: the mean value theorem holds with it (Clarke's derivative).
    sign = np.where(zero, np.array([[-1.0], [1.0]]), np.sign(a))
    return outward(absolute(a)), outward(sign), of_boxes(left_open(np.zeros_like(a), zero))


def _tanh(a: Array) -> Three:
    value = outward(np.tanh(a))
    first = outward(np.power(np.cosh(absolute(a)[::-1]), -2.0))
    return value, first, scaled(times(of_boxes(value), of_boxes(first)), -2.0)


def _sin(a: Array) -> Three:
    value = sine(a)
    return value, sine(outward(a + math.pi / 2)), minus(of_boxes(value))


def _cos(a: Array) -> Three:
    value = sine(outward(a + math.pi / 2))
    return value, minus(sine(a)), minus(of_boxes(value))


FUNCTIONS: dict[str, Callable[[Array], Three]] = {
    "sqrt": lambda a: of_power(a, 0.5),
    "exp": _exp,
    "log": _log,
    "log10": _log10,
    "abs": _abs,
    "tanh": _tanh,
    "sin": _sin,
    "cos": _cos,
}
