"""Arithmetic on bounds, widened outwards for rounding."""

from __future__ import annotations

import math

import numpy as np

from deepcave_symbolic.numeric.arrays import Array, Mask

_WIDEN = np.array([[-1e-12], [1e-12]])
_ANYTHING = np.array([[-np.inf], [np.inf]])
#: Beyond this argument a period is no longer resolved to the widening's precision.
_MAX_ANGLE = 1e3


def outward(bounds: Array) -> Array:
    """Widens bounds for rounding; what is not a number may be anything."""
    wide: Array = np.abs(bounds)
    wide *= _WIDEN
    wide += bounds
    return _known(wide)


def _known(bounds: Array) -> Array:
    """Returns bounds that are left open where they are not numbers."""
    unknown = np.isnan(bounds)
    return left_open(bounds, unknown[0] | unknown[1]) if np.count_nonzero(unknown) else bounds


def left_open(bounds: Array, where: Mask) -> Array:
    """Returns the bounds with [-inf, inf] in some boxes."""
    return np.where(where, _ANYTHING, bounds) if np.count_nonzero(where) else bounds


def of_boxes(bounds: Array) -> Array:
    """Returns bounds over boxes and their centres without the centres; those of a constant as they are."""
    return bounds if bounds.shape[1] == 1 else bounds[:, : bounds.shape[1] // 2]


def of_centres(bounds: Array) -> Array:
    """Returns bounds over boxes and their centres for the centres; those of a constant as they are."""
    return bounds if bounds.shape[1] == 1 else bounds[:, bounds.shape[1] // 2 :]


def plus(a: Array | None, b: Array | None) -> Array | None:
    """Returns the bounds of a + b; None is exactly zero."""
    if a is None or b is None:
        return b if a is None else a
    return outward(a + b)


def minus(a: Array | None) -> Array | None:
    """Returns the bounds of -a; None is exactly zero."""
    return None if a is None else -a[::-1]


def _sign(a: Array) -> int:
    """Returns the sign of everything within the bounds of all boxes, 0 where there is no such."""
    n = a.shape[1]
    if np.count_nonzero(a[0] > 0) == n:
        return 1
    return -1 if np.count_nonzero(a[1] < 0) == n else 0


def times(a: Array, b: Array) -> Array:
    """Returns the bounds of a·b."""
    for number, other in ((a, b), (b, a)):
        if number.shape[1] == 1 and number[0, 0] == number[1, 0]:
            c = number[0, 0]
            return outward(other * c if c >= 0 else other[::-1] * c)
    of_a, of_b = _sign(a), _sign(b)
    if of_a and of_b:
        ends = (a if of_b > 0 else a[::-1]) * (b if of_a > 0 else b[::-1])
        # As `outward`, of which the absolute values are known.
        wide = ends * (_WIDEN if of_a == of_b else -_WIDEN)
        wide += ends
        return _known(wide)
    one, other = a[:, None] * b
    low, high = np.minimum(one, other), np.maximum(one, other)
    np.minimum(low[0], low[1], out=low[0])
    np.maximum(high[0], high[1], out=low[1])
    return outward(low)


def product(a: Array | None, b: Array | None) -> Array | None:
    """Returns the bounds of a·b; None is exactly zero."""
    return None if a is None or b is None else times(a, b)


def square(a: Array | None) -> Array | None:
    """Returns the bounds of a²; None is exactly zero."""
    return None if a is None else power(a, 2.0)


def _raised(a: Array, p: float) -> Array:
    """Returns a^p; of a square the same numbers for every layout of the memory, which NumPy's power does not give."""
    return np.square(a) if p == 2 else np.power(a, p)


def in_order(a: Array) -> Array:
    """Returns two rows with the smaller value first; faster than sorting."""
    return np.array([np.minimum(a[0], a[1]), np.maximum(a[0], a[1])])


def contains_zero(a: Array) -> Mask:
    """Returns which boxes' bounds contain zero, shape (b,)."""
    return np.asarray((a[0] <= 0) & (a[1] >= 0))


def absolute(a: Array) -> Array:
    """Returns the bounds of |a|, which need no widening."""
    size = in_order(np.abs(a))
    size[0] = np.where(contains_zero(a), 0.0, size[0])
    return size


def power(a: Array, p: float, *, of_slope: bool = False) -> Array:
    """Returns the bounds of a^p.

    Args:
        a: Bounds of the base.
        p: The exponent.
        of_slope: Whether the power is the slope of another one, which at the base 0 is a limit: infinite, no pole.
    """
    if p == 0:
        return np.ones((2, 1))
    if np.count_nonzero(a[0] > 0) == a.shape[1] or p != round(p):
        ends = _raised(a if p > 0 else a[::-1], p)
        return left_open(outward(ends), a[0] < 0 if p > 0 or of_slope else a[0] <= 0)
    zero = contains_zero(a)
    if p % 2 == 0:
        size = absolute(a)
        ends = outward(_raised(size if p > 0 else size[::-1], p))
    else:
        ends = outward(_raised(a if p > 0 else a[::-1], p))
    return ends if p > 0 else left_open(ends, zero)


def sine(a: Array) -> Array:
    """Returns the bounds of sin."""
    ends = outward(in_order(np.sin(a)))
    # A crest lies inside where the numbers of periods passed at the two ends differ.
    for side, phase in ((1, math.pi / 2), (0, -math.pi / 2)):
        turns = outward((a - phase) / (2 * math.pi))
        passed = ~(np.floor(turns[1]) == np.floor(turns[0])) | (turns[0] == np.floor(turns[0]))
        far = ~(np.abs(a).max(axis=0) <= _MAX_ANGLE)
        ends[side] = np.where(passed | far, 1.0 if side else -1.0, ends[side])
    return ends


def scaled(a: Array, factor: float) -> Array:
    """Returns the bounds of a multiple."""
    return outward(a * factor if factor >= 0 else a[::-1] * factor)


def intersect(a: Array, b: Array) -> Array:
    """Returns what two bounds of the same thing have in common."""
    both = np.array([np.maximum(a[0], b[0]), np.minimum(a[1], b[1])])
    # An empty intersection can only be rounding.
    some = both[0] <= both[1]
    return both if np.count_nonzero(some) == len(some) else np.where(some, both, a)
