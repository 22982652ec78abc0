"""Types of the arrays that all numeric modules share, and a table's columns."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Array", "Index", "Mask", "columns_of"]

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]


def columns_of(table: Array) -> list[Array]:
    """Returns the columns of a table of shape (n, k), each in one piece of memory, shape (n,)."""
    return [np.ascontiguousarray(column) for column in table.T]
