"""Whether a cost looks like a sum inside a saturation, by sums of free curves without and with one.

A free curve is a broken line with a ridge penalty on its slopes, a choice a constant.

Notation: see the package; besides
    D: columns of all free curves, mean zero and size one, shape (n, k).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.whole_run.saturation import Saturation

__all__ = ["FARTHEST", "saturation_of"]

#: The half of a saturation, in ranges of the targets: beyond, an end would say nothing.
FARTHEST = 1.0
#: What a sum inside a saturation leaves at most of what a plain sum of free curves leaves.
_CLEARLY = 0.85
#: Places where a free curve may change its slope.
_KNOTS = np.linspace(0.0, 0.9, 7)
_RIDGE = 1.0
_MOST_STEPS = 25


def saturation_of(axes: Sequence[Axis], columns: Sequence[Array], y: Array) -> Saturation | None:
    """Returns the saturation inside which a sum of free curves is clearly better than a plain one; None without one.

    Args:
        axes: The hyperparameters.
        columns: Natural values of each, shape (n,).
        y: Targets, shape (n,), not all the same.
    """
    from scipy.optimize import least_squares

    mean, scale = float(np.mean(y)), float(np.std(y))
    target, D = (y - mean) / scale, _curves(axes, columns)
    n, k = D.shape
    penalty = np.sqrt(_RIDGE) * np.eye(k)
    plain = np.linalg.lstsq(np.vstack([D, penalty]), np.concatenate([target, np.zeros(k)]), rcond=None)[0]

    def residuals(p: Array) -> Array:
        inside = p[0] + p[1] * np.tanh(p[2] + D @ p[3:])
        return np.concatenate([inside - target, penalty @ p[3:]])

    def jacobian(p: Array) -> Array:
        step = np.tanh(p[2] + D @ p[3:])
        slopes = p[1] * (1.0 - step**2)
        top = np.column_stack([np.ones(n), step, slopes, slopes[:, None] * D])
        return np.vstack([top, np.column_stack([np.zeros((k, 3)), penalty])])

    start = np.concatenate([[0.0, 2.0, 0.0], plain / 2.0])
    found = least_squares(residuals, start, jac=jacobian, max_nfev=_MOST_STEPS).x
    left = residuals(found)[:n]
    if left @ left > _CLEARLY * float(np.sum((target - D @ plain) ** 2)) or found[1] == 0.0:
        return None
    half = min(abs(float(found[1])), FARTHEST * float(np.ptp(target)))
    low, high = found[0] - abs(found[1]), found[0] + abs(found[1])
    # The end that the targets come near stays.
    near_low = abs(low - target.min()) < abs(high - target.max())
    middle = float(low + half if near_low else high - half)
    return Saturation(middle, half).in_units(mean, scale)


def _curves(axes: Sequence[Axis], columns: Sequence[Array]) -> Array:
    """Returns D; what is inactive is at the mean."""
    found: list[Array] = []
    for axis, column in zip(axes, columns, strict=True):
        inactive = np.isnan(column)
        if inactive.all():
            continue
        if axis.categorical:
            found += [np.where(inactive, np.nan, column == choice) for choice in range(1, len(axis.labels or ()))]
            continue
        t = axis.to_coordinate(column)
        found += [np.maximum(0.0, t - knot) for knot in np.unique(np.nanquantile(t, _KNOTS))]
    block = np.column_stack(found)
    block = block - np.nanmean(block, axis=0)
    return np.where(np.isnan(block), 0.0, block / (np.nanstd(block, axis=0) + 1e-9))
