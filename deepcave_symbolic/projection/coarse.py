"""A projection in a tenth of the time or less, enough to compare pairs of hyperparameters with one another.

Notation: see the package.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.numeric.grids import product_of
from deepcave_symbolic.projection.average import average_over, draw_others, to_vector
from deepcave_symbolic.projection.measure import measure_of, own_draws
from deepcave_symbolic.space.axis import Axis

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

    from deepcave_symbolic.surrogates.base import FittedSurrogate

__all__ = ["COARSE_ROWS", "coarse_mean"]

#: Values an axis and configurations averaged over. On recorded runs the order of the pairs is nearly that of whole
#: projections (docs/features/report.md).
_VALUES, _AVERAGED = 8, 64
#: Predictions that one projection onto two hyperparameters takes at most.
COARSE_ROWS = _VALUES**2 * _AVERAGED


def coarse_mean(
    surrogate: FittedSurrogate, configspace: ConfigurationSpace, axes: Sequence[Axis]
) -> tuple[Array, Array, Array]:
    """Returns points in natural units (n, k), the surrogate's mean (n,) and the measure (n,) of a few points.

    The mean is NaN where the hyperparameters cannot be set. Of a categorical with many choices some are looked at.

    Args:
        surrogate: The fitted surrogate.
        configspace: The configuration space of the run.
        axes: The hyperparameters, k of them.
    """
    draws = [own_draws(configspace, axis) for axis in axes]
    values = [_few(axis, drawn) for axis, drawn in zip(axes, draws, strict=True)]
    points = product_of(values)
    columns = [list(configspace.keys()).index(axis.name) for axis in axes]
    vectors = np.column_stack([to_vector(configspace, axis, points[:, i]) for i, axis in enumerate(axes)])
    others = draw_others(configspace, columns, vectors, _AVERAGED, surrogate.X)
    mean = average_over(surrogate, configspace, columns, vectors, others)[0]
    return points, mean, measure_of(axes, values, draws)


def _few(axis: Axis, draws: Array | None) -> Array:
    values = axis.fit_grid(_VALUES)
    if draws is not None and axis.values is None:
        values = np.unique(np.quantile(draws, np.linspace(0.0, 1.0, _VALUES), method="nearest"))
    return np.asarray(values[np.unique(np.linspace(0, len(values) - 1, min(len(values), _VALUES)).astype(int))])
