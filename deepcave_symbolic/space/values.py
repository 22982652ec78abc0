"""Values of an axis: all of a discrete one, those at shares of its width, and one of them in a sentence.

Notation:
    u: search coordinate; t: u as a share of the domain, from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.words.names import shown_name
from deepcave_symbolic.words.numbers import number_text

__all__ = ["discrete_values", "ends_of", "natural_of", "natural_values", "shown_value", "stop_text"]

#: Values that are gone through one by one; a longer range of integers is treated as continuous.
MAX_VALUES = 4096


def discrete_values(axis: Axis, most: int = MAX_VALUES) -> Array | None:
    """Returns all values of an axis in natural units; None for a continuous one or one of more values than `most`."""
    if axis.values is not None:
        return np.asarray(axis.values) if len(axis.values) <= most else None
    if axis.integer and axis.upper - axis.lower < most:
        return np.arange(axis.lower, axis.upper + 1.0, dtype=np.float64)
    return None


def ends_of(axis: Axis) -> tuple[float, float]:
    """Returns the search coordinates of the two ends of an axis."""
    low, high = axis.coordinate_bounds
    return float(low), float(high)


def natural_values(axis: Axis, t: Array) -> Array:
    """Returns the natural values at t, same shape; on an axis of discrete values also what lies in between."""
    low, high = ends_of(axis)
    t = np.asarray(t)
    u = low + t * (high - low)
    x = np.clip(10.0**u if axis.log else u, axis.lower, axis.upper)
    return np.asarray(np.where(t == 0.0, axis.lower, np.where(t == 1.0, axis.upper, x)))


def natural_of(axis: Axis) -> Callable[[float], float]:
    """Returns the function from a t to the natural value there; on an axis of discrete values, to the nearest one."""
    values = discrete_values(axis)

    def natural(t: float) -> float:
        x = float(natural_values(axis, np.asarray(t)))
        return x if values is None else float(values[np.argmin(np.abs(values - x))])

    return natural


def stop_text(axis: Axis, value: float) -> str:
    """Returns a value as a slider says it: a label, or a number of three digits."""
    if axis.labels is not None and axis.values is not None:
        return shown_name(axis.labels[int(np.argmin(np.abs(np.asarray(axis.values) - value)))])
    return axis.shown(value, 3)


def shown_value(axis: Axis, x: float, *, exact: bool = False) -> str:
    """Returns a value for a sentence, such as "≈ 0.0021" or, for the values of an ordinal, "= medium".

    Args:
        axis: The axis.
        x: Natural units.
        exact: Whether an integer is shown digit for digit, since it is meant to be used.
    """
    if axis.labels is not None and axis.values is not None:
        return f"= {shown_name(axis.labels[int(np.argmin(np.abs(np.asarray(axis.values) - x)))])}"
    if axis.values is not None:
        return f"= {number_text(x)}"
    if axis.integer and (exact or abs(x) < 100):
        return f"{'=' if exact else '≈'} {round(x)}"
    return f"≈ {axis.shown(x, 2)}"
