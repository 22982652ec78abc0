"""Grids of points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from deepcave_symbolic.numeric.arrays import Array

__all__ = ["product_columns", "product_of"]


def product_of(values: Sequence[npt.NDArray[Any]]) -> Array:
    """Returns every combination of the values of the axes, shape (n, k), the last axis first."""
    return np.column_stack(product_columns(values))


def product_columns(values: Sequence[npt.NDArray[Any]]) -> list[Array]:
    """Returns the columns of `product_of`, each in one piece of memory, shape (n,)."""
    return [mesh.ravel() for mesh in np.meshgrid(*values, indexing="ij")]
