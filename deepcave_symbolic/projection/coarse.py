"""A projection in a tenth of the time or less, enough to compare pairs of hyperparameters with one another.

Notation: see the package.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.numeric.grids import product_of
from deepcave_symbolic.projection.average import draw_others, means_over, to_vector
from deepcave_symbolic.projection.measure import measure_of, own_draws
from deepcave_symbolic.projection.others import as_in_incumbent, with_good_trials
from deepcave_symbolic.projection.profile import best_of
from deepcave_symbolic.projection.view import View
from deepcave_symbolic.space.axis import Axis

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

    from deepcave_symbolic.surrogates.base import FittedSurrogate

__all__ = ["COARSE_ROWS", "coarse_projection"]

#: Values per axis and configurations averaged over. On recorded runs the order of the pairs is nearly that of whole
#: projections (docs/features/report.md).
_VALUES, _AVERAGED = 8, 64
#: Predictions that one projection onto two hyperparameters takes at most.
COARSE_ROWS = _VALUES**2 * _AVERAGED


def coarse_projection(
    surrogate: FittedSurrogate, configspace: ConfigurationSpace, axes: Sequence[Axis], view: View, *, maximize: bool
) -> tuple[Array, Array, Array]:
    """Returns points in natural units (n, k), the surrogate's projection (n,) and the measure (n,) of a few points.

    It is NaN where the hyperparameters cannot be set. Of a categorical with many choices some are looked at. The best
    that the others can make of a point is that of the drawn configurations and good trials, without a search.

    Args:
        surrogate: The fitted surrogate.
        configspace: The configuration space of the run.
        axes: The hyperparameters, k of them.
        view: What becomes of the others.
        maximize: Whether more is better.
    """
    draws = [own_draws(configspace, axis) for axis in axes]
    values = [_few(axis, drawn) for axis, drawn in zip(axes, draws, strict=True)]
    points = product_of(values)
    columns = [list(configspace.keys()).index(axis.name) for axis in axes]
    vectors = np.column_stack([to_vector(configspace, axis, points[:, i]) for i, axis in enumerate(axes)])
    if view.statistic == "incumbent":
        others = as_in_incumbent(configspace, columns, surrogate, maximize)
    else:
        others = draw_others(configspace, columns, vectors, _AVERAGED, surrogate.X)
    if view.statistic == "best":
        others = with_good_trials(configspace, others, surrogate, maximize)
    mean, single = means_over(surrogate, configspace, columns, vectors, others)
    if view.statistic == "best":
        mean = best_of(single, maximize=maximize)
    return points, mean, measure_of(axes, values, draws)


def _few(axis: Axis, draws: Array | None) -> Array:
    values = axis.fit_grid(_VALUES)
    if draws is not None and axis.values is None:
        values = np.unique(np.quantile(draws, np.linspace(0.0, 1.0, _VALUES), method="nearest"))
    return np.asarray(values[np.unique(np.linspace(0, len(values) - 1, min(len(values), _VALUES)).astype(int))])
