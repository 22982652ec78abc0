"""Training data as the search uses it: checked, scaled, thinned, and the points candidates are checked on.

Notation:
    w: weights that sum to one, shape (n,).
    u, t: coordinates and coordinates on the unit box, shape (d, n), see `atoms`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepcave_symbolic.engines.exhaustive.atoms import Box, Points
from deepcave_symbolic.engines.exhaustive.fitting import Target
from deepcave_symbolic.engines.protocol import SearchProblem
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.numeric.grids import product_columns

__all__ = ["Data", "dense_points", "prepare", "thinned"]

#: Spread below which a column or the target is one number, relative to its largest value.
_CONSTANT = 1e-12


@dataclass(frozen=True)
class Data:
    """Checked and scaled training data.

    Args:
        points: The training points.
        target: Weights, and (y - offset) / scale.
        offset: Weighted mean of y.
        scale: Weighted standard deviation of y; zero for a constant target.
        low: Smallest y, whatever its weight.
        high: Largest y, whatever its weight.
        levels: How many values every coordinate takes, at most 9.
    """

    points: Points
    target: Target
    offset: float
    scale: float
    low: float
    high: float
    levels: tuple[int, ...]


def prepare(problem: SearchProblem) -> Data | None:
    """Returns the data scaled for the search, or None without a usable row.

    Rows without a positive weight or with a value that is not finite are left out.
    """
    X, y = problem.coordinates, problem.y
    w = np.ones(len(y)) if problem.weights is None else problem.weights
    inside = np.isfinite(X).all(axis=1)
    rows = inside & np.isfinite(y) & np.isfinite(w) & (w > 0)
    if not rows.any():
        return None
    box = _box(X[inside], problem)
    seen = y[inside & np.isfinite(y)]
    u, y, w = np.ascontiguousarray(X[rows].T), y[rows], w[rows] / w[rows].max()
    w = w / w.sum()
    # Divided by the largest first, so that squares of huge and tiny targets stay numbers.
    largest = float(np.max(np.abs(y))) or 1.0
    unit = y / largest
    mean = float(unit @ w)
    length = float(np.sqrt(((unit - mean) ** 2) @ w))
    if length < _CONSTANT:
        length = 0.0
    points = Points(u, (u - box.low[:, None]) / box.span[:, None], box)
    return Data(
        points=points,
        target=Target(w, (unit - mean) / (length or 1.0)),
        offset=mean * largest,
        scale=length * largest,
        low=float(seen.min()),
        high=float(seen.max()),
        levels=tuple(_levels(row) for row in u),
    )


def _box(X: Array, problem: SearchProblem) -> Box:
    """Returns the domain, widened where training points lie outside."""
    edges = problem.bounds
    low, high = np.minimum(X.min(axis=0), edges[:, 0]), np.maximum(X.max(axis=0), edges[:, 1])
    # A coordinate that does not vary takes no part in the search; its width only must not be zero.
    span = np.where(high - low > _CONSTANT * np.maximum(np.abs(low), np.abs(high)), high - low, 1.0)
    return Box(low, span, problem.log_scaled)


def _levels(row: Array) -> int:
    varies = float(np.ptp(row)) > _CONSTANT * float(np.max(np.abs(row)))
    return min(len(np.unique(row)), 9) if varies else 1


def thinned(points: Points, target: Target, limit: int) -> tuple[Points, Target]:
    """Returns about `limit` points: every k-th line of a grid, else every k-th point."""
    d, n = points.t.shape
    if n <= 1.5 * limit:
        return points, target
    levels = [np.unique(row) for row in points.t]
    keep = np.zeros(n, dtype=bool)
    if d == 2 and len(levels[0]) * len(levels[1]) <= 1.2 * n:
        step = max(2, round((n / limit) ** 0.5))
        lines = [level[_spread(len(level), -(-len(level) // step))] for level in levels]
        keep |= np.isin(points.t[0], lines[0]) & np.isin(points.t[1], lines[1])
    else:
        keep[np.lexsort(points.t)[_spread(n, limit)]] = True
    w = target.weights[keep] / target.weights[keep].sum()
    y = target.y[keep] - target.y[keep] @ w
    length = float(np.sqrt((y * y) @ w))
    if not length > 1e-9:
        # What varies lies between the lines.
        return points, target
    return Points(points.u[:, keep], points.t[:, keep], points.box), Target(w, y / length)


def _spread(n: int, count: int) -> np.typing.NDArray[np.intp]:
    return np.unique(np.round(np.linspace(0, n - 1, count)).astype(np.intp))


def dense_points(box: Box) -> Array:
    """Returns points that cover the box with its edges, shape (d, k)."""
    d = len(box.low)
    t = np.array(product_columns([np.linspace(0.0, 1.0, 401 if d == 1 else 33)] * d))
    return np.asarray(box.low[:, None] + box.span[:, None] * t)
