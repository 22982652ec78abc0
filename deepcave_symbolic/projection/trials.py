"""The evaluated trials as the explained hyperparameters see them: their values, the incumbent, where one is near.

Notation: see the package.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from deepcave_symbolic.numeric.arrays import Array, Mask
from deepcave_symbolic.projection.average import to_natural
from deepcave_symbolic.projection.projection import Incumbent, TrialPoints
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.space.part import inside, inside_space

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

    from deepcave_symbolic.surrogates.base import FittedSurrogate

__all__ = ["NEAR", "best_configuration", "incumbent_of", "near_trials", "trial_points"]

#: A point farther than this from every trial, as a share of the range in search coordinates, is extrapolation.
NEAR = 0.1


def trial_points(
    surrogate: FittedSurrogate, configspace: ConfigurationSpace, axes: Sequence[Axis], columns: Sequence[int]
) -> TrialPoints:
    """Returns the trials within the space's parts in which all of the explained hyperparameters are active."""
    active = ~np.isnan(surrogate.X[:, columns]).any(axis=1) & inside_space(configspace, surrogate.X)
    values = [to_natural(configspace, axis, surrogate.X[active, c]) for axis, c in zip(axes, columns, strict=True)]
    table = np.column_stack(values).reshape(-1, len(axes))
    known = ~np.isnan(table).any(axis=1)
    return TrialPoints(table[known], surrogate.y[active][known])


def incumbent_of(
    surrogate: FittedSurrogate,
    configspace: ConfigurationSpace,
    axes: Sequence[Axis],
    columns: Sequence[int],
    maximize: bool,
) -> Incumbent | None:
    """Returns the configuration with the best mean cost over its trials, see `best_configuration`."""
    found = best_configuration(surrogate, maximize)
    if found is None:
        return None
    row, cost = found[0][columns], found[1]
    held = [inside(configspace[axis.name], row[i : i + 1])[0] for i, axis in enumerate(axes)]
    if np.isnan(row).any() or not all(held):
        return Incumbent(None, cost)
    values = [to_natural(configspace, axis, row[i : i + 1])[0] for i, axis in enumerate(axes)]
    if np.isnan(values).any():  # a choice without the explained hyperparameter
        return Incumbent(None, cost)
    return Incumbent(tuple(float(v) for v in values), cost)


def best_configuration(surrogate: FittedSurrogate, maximize: bool) -> tuple[Array, float] | None:
    """Returns the vector (d,) with the best mean cost over its trials, and that cost; None without trials.

    One with less than half as many trials as another (seeds, instances) was given up early and does not count, nor does
    one of which a trial had no finite cost or broke the run's constraints, as long as there are others.
    """
    if len(surrogate.y) == 0:
        return None
    _, first, group = np.unique(np.nan_to_num(surrogate.X, nan=-1.0), axis=0, return_index=True, return_inverse=True)
    group = group.reshape(-1)
    counts = np.bincount(group)
    costs = np.bincount(group, weights=surrogate.y) / counts
    eligible = 2 * counts >= counts.max()
    whole = np.bincount(group, weights=surrogate.failed) == 0 if surrogate.failed is not None else eligible
    if np.any(eligible & whole):
        eligible = eligible & whole
    usable = np.where(eligible, -costs if not maximize else costs, -np.inf)
    best = int(np.argmax(usable))
    return surrogate.X[first[best]], float(costs[best])


def near_trials(axes: Sequence[Axis], grid: Array, trials: Array) -> Mask:
    """Returns which points have a trial within a tenth of the range in every search coordinate."""
    if len(trials) == 0:
        return np.zeros(len(grid), dtype=bool)
    within = np.ones((len(grid), len(trials)), dtype=bool)
    for i, axis in enumerate(axes):
        low, high = axis.coordinate_bounds
        a, b = axis.to_coordinate(grid[:, i]), axis.to_coordinate(trials[:, i])
        if axis.categorical:
            within &= a[:, None] == b[None, :]
            continue
        within &= np.abs(a[:, None] - b[None, :]) <= NEAR * (high - low)
    return np.asarray(within.any(axis=1), dtype=bool)
