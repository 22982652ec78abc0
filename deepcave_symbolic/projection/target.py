"""What formulas of a projection are fitted to and scored on."""

from __future__ import annotations

from typing import Literal

import numpy as np

from deepcave_symbolic.exceptions import NoTrialsError
from deepcave_symbolic.formulas.front import Target
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.projection.projection import Projection
from deepcave_symbolic.words.numbers import counted

__all__ = ["target_of"]

_MIN_TRIALS_FITTED = 5


def target_of(
    projection: Projection, objective: str, *, source: Literal["surrogate", "trials"] = "surrogate"
) -> Target:
    """Returns what formulas are fitted to, the projection or the trials, and the points on which they are scored.

    Raises:
        NoTrialsError: If there are too few trials to fit them.
    """
    if source == "trials":
        x, y, weights = projection.trials.values, projection.trials.costs, None
        if len(y) < _MIN_TRIALS_FITTED:
            region = " within the region" if projection.view.region.is_part else ""
            raise NoTrialsError(
                f"Only {counted(len(y), 'trial')}{region} with {' and '.join(a.name for a in projection.axes)} active; "
                f"source='trials' needs at least {_MIN_TRIALS_FITTED}. Use source='surrogate'."
            )
    else:
        x, y = projection.grid[projection.valid], projection.mean[projection.valid]
        weights = _unless_even(projection.weights[projection.valid])
    held_out = projection.held_out
    return Target(
        axes=projection.axes,
        objective=objective,
        x=x,
        y=y,
        held_out_x=held_out.grid,
        held_out_y=held_out.mean,
        weights=weights,
        held_out_weights=_unless_even(held_out.weights),
        trials_scored=source == "trials",
    )


def _unless_even(weights: Array) -> Array | None:
    """Returns the weights, or None where all are equal: some engines are slower with weights."""
    return None if np.all(weights == weights[0]) else weights
