"""Accumulated local effects, for a hyperparameter that forbidden clauses tie to averaged ones.

At other values of such a hyperparameter other configurations are valid, so the difference of two averages also has
what those others do. Here only paired differences are averaged, over the configurations that are valid at both ends of
an interval, and added up along the axis (Apley & Zhu 2020, "Visualizing the effects of predictor variables in black
box supervised learning models"). The level is that of the mean over the valid configurations of the space. Clauses
leave the distribution of the others as it is but for what they forbid, so that every configuration that is valid in an
interval may speak of it, not only the few that were drawn there.

Notation: see the package; besides
    single: predictions of configuration j at point x, shape (..., m, n), NaN where they are forbidden together.
    joint: how often the space draws each of them, shape (m, n), 0 where they are forbidden together.
"""

from __future__ import annotations

import numpy as np

from deepcave_symbolic.numeric.arrays import Array

__all__ = ["LocalEffects", "accumulated"]


def accumulated(single: Array, joint: Array) -> Array | None:
    """Returns the effects at ascending points, shape (..., n), NaN where nothing is valid.

    Args:
        single: See the module.
        joint: See the module.

    Returns:
        None where no configuration is valid on both sides of an interval: what lies beyond it cannot be compared.
    """
    points = np.flatnonzero(np.any(joint > 0.0, axis=0))
    values, weights = np.where(joint > 0.0, single, 0.0)[..., points], joint[:, points]
    pairs = np.where(weights[:, :-1] > 0.0, weights[:, 1:], 0.0)
    counts = pairs.sum(axis=0)
    if not np.all(counts > 0.0):
        return None
    steps = np.sum(pairs * np.diff(values, axis=-1), axis=-2) / counts
    curve = np.concatenate([np.zeros((*steps.shape[:-1], 1)), np.cumsum(steps, axis=-1)], axis=-1)
    total = weights.sum()
    level = np.sum(weights * values, axis=(-2, -1)) / total
    middle = np.sum(weights.sum(axis=0) * curve, axis=-1) / total
    found = np.full((*curve.shape[:-1], joint.shape[1]), np.nan)
    found[..., points] = curve + (level - middle)[..., None]
    return found


class LocalEffects:
    """The effects at known points, from which they are continued to any others.

    Args:
        u: Search coordinates of the known points, ascending, shape (n,).
        single: Predictions there, shape (m, n).
        joint: How often the space draws them, shape (m, n).
        values: The effects, see `accumulated`.
    """

    def __init__(self, u: Array, single: Array, joint: Array, values: Array) -> None:
        self._u, self._single, self._joint, self.values = u, single, joint, values

    def at(self, u: Array, single: Array) -> Array:
        """Returns the effects at other points, those of the nearest known one and the step from it, shape (r,).

        Args:
            u: Search coordinates of the points, shape (r,).
            single: Predictions of the same configurations there, shape (m, r).
        """
        found = np.full(len(u), np.nan)
        for i in range(len(u)):
            for k in np.argsort(np.abs(self._u - u[i]), kind="stable"):
                both = np.isfinite(single[:, i]) & (self._joint[:, k] > 0.0)
                if np.any(both):
                    step = np.average(single[both, i] - self._single[both, k], weights=self._joint[both, k])
                    found[i] = self.values[k] + step
                    break
        return found
