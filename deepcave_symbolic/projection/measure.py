"""How the configuration space draws: the measure behind shares of variance and the strength of interactions.

A share compares what the explained hyperparameters do with what all others do, which are averaged as the space draws
them; so both are weighted alike, or the shares of independent hyperparameters would not sum to one. A formula in turn
is read and drawn over the whole domain, so fits, R² and bands weigh the domain evenly (`Axis.cell_widths`).

Notation: see the package.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.numeric.grids import product_of
from deepcave_symbolic.projection.average import to_natural
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.space.configurations import draw_values, has_own_distribution

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["measure_of", "own_draws"]

#: Draws of a distribution, whose shares of cells are then off by a few thousandths at most.
_DRAWS = 2**16
_SEED = 0
_ALMOST_NONE = 1e-9


def own_draws(configspace: ConfigurationSpace, axis: Axis) -> Array | None:
    """Returns many draws of a hyperparameter, ascending, natural units; None where the space draws it evenly."""
    hyperparameter = configspace[axis.name]
    if not has_own_distribution(hyperparameter):
        return None
    drawn = to_natural(configspace, axis, draw_values(hyperparameter, _DRAWS, np.random.RandomState(_SEED)))
    return np.sort(drawn[np.isfinite(drawn)])  # without choices that the axis lacks


def measure_of(axes: Sequence[Axis], values: Sequence[Array], draws: Sequence[Array | None]) -> Array:
    """Returns how often the space draws what is nearest to every grid point, relative to the mean, shape (n,).

    Args:
        axes: The hyperparameters.
        values: Ascending grid values of each, natural units.
        draws: Of each, see `own_draws`.
    """
    cells = [_cells(*each) for each in zip(axes, values, draws, strict=True)]
    measure = product_of(cells).prod(axis=1)
    return np.asarray(measure / measure.mean())


def _cells(axis: Axis, values: Array, draws: Array | None) -> Array:
    u = axis.to_coordinate(values)
    edges = (u[1:] + u[:-1]) / 2
    if draws is not None and len(draws):
        # What is never drawn may be all that is valid, so nothing weighs nothing.
        counts = np.bincount(np.searchsorted(edges, axis.to_coordinate(draws)), minlength=len(u))
        return np.asarray(counts + _ALMOST_NONE, dtype=np.float64)
    # Between bounds that are next to equal there may be one value, or several of one and the same logarithm.
    if axis.values is not None or axis.integer or len(u) == 1 or not np.all(np.diff(u) > 0.0):
        return axis.cell_widths(values)
    # The outer values stand for half a cell: nothing lies beyond the bounds.
    return np.diff(np.concatenate([u[:1], edges, u[-1:]]))
