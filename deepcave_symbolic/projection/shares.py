"""How much of the surrogate's variance a projection has, under the space's own distribution; see `measure`.

Notation: see the package; besides
    single: predictions of configuration j at point x, shape (m, n), NaN where they are forbidden together.
    joint: how often the space draws each of them, shape (m, n), 0 where they are forbidden together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.numeric.weighted import weighted_variance
from deepcave_symbolic.space.axis import Axis

__all__ = ["choice_shares", "variance_share"]


def variance_share(mean: Array, single: Array, joint: Array) -> float:
    """Returns how much of the variance of the predictions their average over the drawn configurations keeps.

    0 where the predictions do not vary: there is nothing to account for.

    Args:
        mean: The projection, shape (n,).
        single: See the module.
        joint: See the module.
    """
    m, n = single.shape
    middle = float(np.nanmean(mean))
    scale = float(np.nanmax(np.abs(single - middle)))
    if scale <= 1e-12 * abs(middle):
        return 0.0
    if m == 1 or n == 1 or not np.isfinite(scale):
        return 1.0
    # Relative to the largest, so that squares of huge and tiny costs stay numbers.
    centred, average = (single - middle) / scale, (mean - middle) / scale
    total = weighted_variance(centred, joint)
    # The m configurations are a sample: what they interact with the explained hyperparameters moves the average, too.
    rest = centred - average
    with np.errstate(invalid="ignore"):  # a configuration that is forbidden everywhere
        usable = np.isfinite(rest)
        levels = np.sum(np.where(usable, rest * joint, 0.0), axis=1) / np.sum(usable * joint, axis=1)
    interaction = weighted_variance(rest - levels[:, None], joint) / (m - 1)
    kept = weighted_variance(average, joint.sum(axis=0))
    return float(np.clip((kept - interaction) / total, 0.0, 1.0)) if total > 0 else 1.0


def choice_shares(axes: Sequence[Axis], grid: Array, mean: Array, single: Array, joint: Array) -> tuple[float, ...]:
    """Returns the share of variance for every choice of the first categorical; empty without a second axis."""
    if len(axes) < 2 or not any(axis.categorical for axis in axes):
        return ()
    i = next(i for i, axis in enumerate(axes) if axis.categorical)
    shares = []
    for value in axes[i].values or ():
        rows = (grid[:, i] == value) & np.isfinite(mean)
        usable = np.isfinite(single[:, rows]).any(axis=1)
        there = single[usable][:, rows], joint[usable][:, rows]
        shares.append(variance_share(mean[rows], *there) if np.any(rows) else 0.0)
    return tuple(shares)
