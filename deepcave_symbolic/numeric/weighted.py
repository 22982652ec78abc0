"""Weighted sums of squares: R², variance.

Notation:
    y: values, shape (n,); weights: how much every value counts, shape (n,), None for all alike.
"""

from __future__ import annotations

import math

import numpy as np

from deepcave_symbolic.numeric.arrays import Array

__all__ = ["weighted_r2", "weighted_variance"]


def weighted_r2(y: Array, prediction: Array, weights: Array | None) -> float:
    """Returns 1 - Σ w (y - p)² / Σ w (y - ȳ)²; 1 or 0 for constant y (fitted or not), -inf where p is not finite."""
    if not np.all(np.isfinite(prediction)):
        return -math.inf
    w = np.ones_like(y) if weights is None else weights
    scale = float(np.max(np.abs(y))) or 1.0
    y, prediction = y / scale, prediction / scale
    mean = np.sum(w * y) / np.sum(w)
    total = float(np.sum(w * (y - mean) ** 2))
    residual = float(np.sum(w * (y - prediction) ** 2))
    if total <= 1e-30 * float(np.sum(w)):
        return 1.0 if residual <= 1e-20 * float(np.sum(w)) else 0.0
    return 1.0 - residual / total


def weighted_variance(values: Array, weights: Array) -> float:
    """Returns the weighted variance of values of shape (..., n), NaN left out."""
    w = np.where(np.isfinite(values), weights, 0.0)
    v = np.where(np.isfinite(values), values, 0.0)
    mean = np.sum(w * v) / np.sum(w)
    return float(np.sum(w * (v - mean) ** 2) / np.sum(w))
