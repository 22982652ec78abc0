"""Weighted sums of squares: R², correlation, variance, root mean square, least squares.

Notation:
    y: values, shape (n,); weights: how much every value counts, shape (n,), None for all alike.
"""

from __future__ import annotations

import math

import numpy as np

from deepcave_symbolic.numeric.arrays import Array

__all__ = [
    "R2To",
    "weighted_correlation",
    "weighted_least_squares",
    "weighted_r2",
    "weighted_r2s",
    "weighted_rms",
    "weighted_variance",
]

#: Smallest singular value that counts, relative to the largest: below, columns depend on one another.
_SINGULAR = 1e-12


def weighted_r2(y: Array, prediction: Array, weights: Array | None) -> float:
    """Returns 1 - Σ w (y - p)² / Σ w (y - ȳ)²; 1 or 0 for constant y (fitted or not), -inf where p is not finite."""
    return float(weighted_r2s(y, prediction, weights))


def weighted_r2s(y: Array, prediction: Array, weights: Array | None) -> Array:
    """Returns the R² of a prediction of shape (n,) to each of several y of shape (..., n); see `weighted_r2`."""
    return R2To(y, weights).of(prediction)


class R2To:
    """The R² of many predictions to the same values; see `weighted_r2`.

    Args:
        y: The values, shape (n,), or several of shape (..., n).
        weights: How much every value counts, shape (n,), None for all alike.
    """

    def __init__(self, y: Array, weights: Array | None) -> None:
        self._weights = w = np.ones_like(y) if weights is None else weights
        self._scale = np.max(np.abs(y), axis=-1, keepdims=True)
        self._scale[self._scale == 0.0] = 1.0
        self._y = y = y / self._scale
        sum_w = np.sum(w, axis=-1, keepdims=True)
        mean = np.sum(w * y, axis=-1, keepdims=True) / sum_w
        self._total = np.sum(w * (y - mean) ** 2, axis=-1)
        self._sum_w = sum_w[..., 0]

    def of(self, prediction: Array) -> Array:
        """Returns the R² of a prediction of shape (n,) to every y."""
        if not np.all(np.isfinite(prediction)):
            return np.full(self._y.shape[:-1], -math.inf)
        with np.errstate(all="ignore"):  # a prediction that is far away, and y that are constant
            residual = np.sum(self._weights * (self._y - prediction / self._scale) ** 2, axis=-1)
            r2 = 1.0 - residual / self._total
        return np.where(self._total <= 1e-30 * self._sum_w, residual <= 1e-20 * self._sum_w, r2)


def weighted_correlation(y: Array, prediction: Array, weights: Array | None) -> float:
    """Returns the correlation of two columns, 0 where one of them is level or not finite."""
    if not np.all(np.isfinite(prediction)):
        return 0.0
    w = np.ones_like(y) if weights is None else weights
    columns = []
    for column in (y, np.broadcast_to(prediction, y.shape)):
        moved = column - np.average(column, weights=w)
        size = weighted_rms(moved, w)
        if not size > 1e-12 * float(np.max(np.abs(column))):
            return 0.0
        columns.append(moved / size)
    return float(np.average(columns[0] * columns[1], weights=w))


def weighted_rms(values: Array, weights: Array | None = None) -> float:
    """Returns the root of the weighted mean square of values of shape (n,), 0 without any."""
    # Relative to the largest, so that squares of huge and tiny values stay numbers.
    scale = float(np.max(np.abs(values), initial=0.0))
    return scale * float(np.sqrt(np.average((values / scale) ** 2, weights=weights))) if scale > 0.0 else 0.0


def weighted_variance(values: Array, weights: Array) -> float:
    """Returns the weighted variance of values of shape (..., n), NaN left out."""
    w = np.where(np.isfinite(values), weights, 0.0)
    v = np.where(np.isfinite(values), values, 0.0)
    mean = np.sum(w * v) / np.sum(w)
    return float(np.sum(w * (v - mean) ** 2) / np.sum(w))


def weighted_least_squares(design: Array, y: Array, weights: Array | None, *, unique: bool = False) -> Array | None:
    """Returns the coefficients b that make Σ w (y - X·b)² least, shape (m,) or (m, t); None where there are none.

    Columns and targets are divided by their largest value first, so that huge and tiny ones weigh alike.

    Args:
        design: X, shape (n, m).
        y: Targets, shape (n,), or several, each a column of shape (n, t).
        weights: Weights of the rows, shape (n,).
        unique: Whether to return None where several coefficients are as good, instead of the smallest of them.
    """
    scale = np.max(np.abs(design), axis=0)
    if np.any(scale == 0.0) or not np.all(np.isfinite(scale)):
        return None
    height = np.max(np.abs(y), axis=0)
    height = np.where(height == 0.0, 1.0, height)
    root = np.ones(len(y)) if weights is None else np.sqrt(weights)
    found, _, rank, _ = np.linalg.lstsq(design / scale * root[:, None], ((y / height).T * root).T, rcond=_SINGULAR)
    return None if unique and rank < design.shape[1] else np.asarray((found.T / scale).T * height)
