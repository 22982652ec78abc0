"""Training data as the search uses it: checked, scaled, thinned, and the points candidates are checked on.

Notation:
    X: search coordinates, shape (n, d) with d of 1 or 2; y: targets, shape (n,); w: weights that sum to one, (n,).
    u, t: coordinates and coordinates on the unit box, shape (d, n), see `atoms`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepcave_symbolic.engines.exhaustive.atoms import Box, Points
from deepcave_symbolic.engines.exhaustive.fitting import Target
from deepcave_symbolic.numeric.arrays import Array

__all__ = ["Data", "dense_points", "prepare", "thinned"]

#: Spread below which a column or the target is one number, relative to its largest value.
_CONSTANT = 1e-12
#: How far beyond the training points candidates must be finite where the true bounds are unknown, in box widths.
_MARGIN = 0.004


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
        margin: How far beyond the box candidates must be finite, in its widths.
    """

    points: Points
    target: Target
    offset: float
    scale: float
    low: float
    high: float
    levels: tuple[int, ...]
    margin: float


def prepare(
    X: Array,
    y: Array,
    weights: Array | None,
    bounds: Sequence[tuple[float, float]] | None,
    log_scaled: tuple[bool, ...],
) -> Data | None:
    """Returns the data scaled for the search, or None without a usable row.

    Args:
        X: Training points, shape (n, d).
        y: Targets, shape (n,).
        weights: Weights of shape (n,); rows without a positive weight or with a value that is not finite are left out.
        bounds: Lowest and highest value of every coordinate; they widen the box that all finite points span.
        log_scaled: Which coordinates are log10 of a hyperparameter.
    """
    X, y = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=np.float64)
    inside = np.isfinite(X).all(axis=1)
    rows = inside & np.isfinite(y) & np.isfinite(w) & (w > 0)
    if not rows.any():
        return None
    box = _box(X[inside], bounds, log_scaled)
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
        margin=_MARGIN if bounds is None else 0.0,
    )


def _box(X: Array, bounds: Sequence[tuple[float, float]] | None, log_scaled: tuple[bool, ...]) -> Box:
    low, high = X.min(axis=0), X.max(axis=0)
    if bounds is not None:
        edges = np.asarray(bounds, dtype=np.float64)
        low, high = np.minimum(low, edges[:, 0]), np.maximum(high, edges[:, 1])
    # A coordinate that does not vary takes no part in the search; its width only must not be zero.
    span = np.where(high - low > _CONSTANT * np.maximum(np.abs(low), np.abs(high)), high - low, 1.0)
    return Box(low, span, log_scaled)


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


def dense_points(box: Box, margin: float) -> tuple[Array, Array]:
    """Returns points that cover the box with its edges, and points of a slightly wider one, shapes (d, k).

    Args:
        box: The domain.
        margin: How much wider, in widths of the box; a positive coordinate stays positive.
    """
    d = len(box.low)
    t = np.array(np.meshgrid(*[np.linspace(0.0, 1.0, 401 if d == 1 else 33)] * d, indexing="ij")).reshape(d, -1)
    dense = box.low[:, None] + box.span[:, None] * t
    low, high = box.low - margin * box.span, box.low + (1.0 + margin) * box.span
    low = np.where(box.low >= 0.0, np.maximum(low, 0.5 * box.low), low)
    wide = np.meshgrid(*[np.linspace(a, b, 9) for a, b in zip(low, high, strict=True)], indexing="ij")
    return dense, np.array(wide).reshape(d, -1)
