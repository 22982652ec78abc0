"""What a search is given under a constraint on directions: the targets that come nearest to its own and keep it.

The best formula that falls is no best formula that happens to fall: beside a valley a search would propose valleys
only. The falling function that is nearest to the points (isotonic regression; Barlow et al. 1972, "Statistical
Inference under Order Restrictions") is what falling formulas can follow, and what is near to it is near to the points.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from deepcave_symbolic.findings.monotone.proof import Trend
from deepcave_symbolic.formulas.front import Target
from deepcave_symbolic.numeric.arrays import Array

__all__ = ["nearest"]

#: Passes over two constrained hyperparameters, each of which leaves less against the other's trend.
_PASSES = 10


def nearest(target: Target, monotone: Mapping[str, Trend]) -> Target:
    """Returns the target with training values that have the trends, on every line of points along a hyperparameter.

    Args:
        target: What is to be fitted. Its scoring points stay.
        monotone: The trends; see the package's notation.
    """
    trends = [(i, monotone[axis.name]) for i, axis in enumerate(target.axes) if axis.name in monotone]
    y = target.y
    for _ in range(_PASSES if len(trends) > 1 else 1):
        for i, trend in trends:
            y = _along(target, y, i, trend)
    return replace(target, y=y)


def _along(target: Target, y: Array, i: int, trend: Trend) -> Array:
    from scipy.optimize import isotonic_regression

    y = y.copy()
    others = np.delete(target.x, i, axis=1)
    _, line = np.unique(others, axis=0, return_inverse=True)
    for number in range(int(line.max()) + 1):
        rows = np.flatnonzero(line.ravel() == number)
        rows = rows[np.argsort(target.x[rows, i], kind="stable")]
        weights = None if target.weights is None else target.weights[rows]
        y[rows] = isotonic_regression(y[rows], weights=weights, increasing=trend == "rising").x
    return y
