"""Configurations near given ones, as vectors.

Notation:
    X: ConfigSpace vectors in the space's order, conditions ignored, shape (n, d), no NaN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.configurations import sample_all
from deepcave_symbolic.space.part import inside, vector_ends
from deepcave_symbolic.space.ranges import values_on_steps

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["neighbours_of"]

#: Of the hyperparameters that change, so many are drawn anew instead of moved.
_ANEW = 0.1


def neighbours_of(
    configspace: ConfigurationSpace, X: Array, step: float, share: float, rng: np.random.RandomState
) -> Array:
    """Returns a neighbour of every configuration, within the parts of the space, same shape.

    Numbers move by normally distributed steps; a categorical or an ordinal is drawn anew.

    Args:
        configspace: The configuration space.
        X: The configurations.
        step: Standard deviation of a step, as a share of a hyperparameter's range.
        share: How many of the hyperparameters of a configuration change.
        rng: Decides all that.
    """
    found = sample_all(configspace, len(X), rng)
    anew = rng.uniform(size=X.shape) < _ANEW
    for i, hyperparameter in enumerate(configspace.values()):
        if hasattr(hyperparameter, "lower"):
            low, high = vector_ends(hyperparameter)
            moved = np.clip(X[:, i] + step * (high - low) * rng.standard_normal(len(X)), low, high)
            found[:, i] = np.where(anew[:, i], found[:, i], _nearest_valid(hyperparameter, moved))
    return np.where(rng.uniform(size=X.shape) < share, found, X)


def _nearest_valid(hyperparameter: Any, vector: Array) -> Array:
    """Returns the entries of a vector that stand for values of a hyperparameter with numbers."""
    steps = values_on_steps(hyperparameter)
    if steps is None:
        return np.asarray(hyperparameter.to_vector(hyperparameter.to_value(vector)), dtype=np.float64)
    valid = np.asarray(hyperparameter.to_vector(steps), dtype=np.float64)
    valid = valid[inside(hyperparameter, valid)]
    return np.asarray(valid[np.argmin(np.abs(vector[:, None] - valid), axis=1)])
