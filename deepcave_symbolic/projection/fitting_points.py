"""Where a projection is fitted: evenly over the domain, and more closely where the optimizer looked.

Notation:
    u: search coordinate; t: number of trials.
"""

from __future__ import annotations

import numpy as np

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.axis import Axis

__all__ = ["fit_values"]

#: Trials crowd in an interval that holds this many times its share of them, and at least so many.
_CROWDED, _FEW = 3.0, 5
#: A point closer than this to another, as a share of the even grid's step, would tell nothing new.
_APART = 0.01


def fit_values(
    axis: Axis, n: int, trials: Array, incumbent: float | None, quantiles: int, draws: Array | None = None
) -> Array:
    """Returns the values of one axis at which the surrogate is asked: ascending, natural units, shape (m,).

    An even grid of a linear axis may have no point in a narrow optimum, however many trials lie there. So the
    incumbent is one of the points, and where trials crowd between two of them, quantiles of the trials are. Likewise
    for a narrow distribution of the space's own, beside which nothing else happens in the run.

    Args:
        axis: The axis.
        n: Points of the even grid.
        trials: The trials' values, natural units, shape (t,).
        incumbent: The incumbent's value, natural units; None without one.
        quantiles: How many quantiles of the trials, and of the draws, may be added.
        draws: Of the space's distribution, natural units; None where it is even.
    """
    even = axis.fit_grid(n)
    if axis.values is not None or len(even) < 2:  # every value is there
        return even
    added = [] if incumbent is None else [incumbent]
    for values in (trials,) if draws is None else (trials, draws):
        added += _in_crowds(even, values, quantiles)
    low, high = axis.coordinate_bounds
    least = _APART * (high - low) / (n - 1)
    values = even
    for x in added:
        if np.min(np.abs(axis.to_coordinate(values) - axis.to_coordinate(np.array([x])))) > least:
            values = np.sort(np.append(values, x))
    return values


def _in_crowds(even: Array, values: Array, quantiles: int) -> list[float]:
    """Returns those quantiles of values that lie where they crowd between two points of an even grid."""
    cells = np.searchsorted(even, values, side="right")
    crowded = np.bincount(cells, minlength=len(even) + 1) >= max(_FEW, _CROWDED * len(values) / (len(even) - 1))
    if not np.any(crowded):
        return []
    shares = np.arange(1, quantiles + 1) / (quantiles + 1)
    found = np.quantile(values, shares, method="nearest")
    return [float(x) for x in found if crowded[np.searchsorted(even, x, side="right")]]
