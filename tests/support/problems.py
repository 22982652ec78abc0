"""Search problems given by search coordinates, in which the truths of the engines' tests are written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from deepcave_symbolic.engines import SearchProblem
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.axis import Axis


def problem_of(
    u: Array,
    y: Array,
    *,
    log: Sequence[bool] | None = None,
    bounds: Sequence[tuple[float, float]] | None = None,
    **limits: Any,
) -> SearchProblem:
    """Returns the problem whose coordinates are u, shape (n, k).

    Args:
        u: Search coordinates of the training points.
        y: Targets.
        log: Which coordinates are log10 of a hyperparameter; None for none.
        bounds: Lowest and highest coordinate; None for those of the points.
        limits: Other fields of the problem.
    """
    log = log or (False,) * u.shape[1]
    bounds = bounds or [(column.min(), column.max()) if len(column) else (0.0, 1.0) for column in u.T]
    axes, columns = [], []
    for i, ((low, high), is_log) in enumerate(zip(bounds, log, strict=True)):
        columns.append(10.0 ** u[:, i] if is_log else u[:, i])
        axes.append(Axis(f"x{i}", *((10.0**low, 10.0**high) if is_log else (low, high)), log=is_log))
    return SearchProblem(tuple(axes), np.column_stack(columns), y, **limits)
