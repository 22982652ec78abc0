"""Grids of points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deepcave_symbolic.numeric.arrays import Array

__all__ = ["product_of"]


def product_of(values: Sequence[Array]) -> Array:
    """Returns every combination of the values of the axes, shape (n, k), the last axis first."""
    return np.column_stack([m.ravel() for m in np.meshgrid(*values, indexing="ij")])
