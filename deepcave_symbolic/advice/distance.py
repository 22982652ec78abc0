"""How far configurations are from one another.

Notation: see the package; entries of numbers are shares of the range in search coordinates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.choices import choices_of

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["Distances"]


class Distances:
    """Distances in some hyperparameters of a space: Euclidean, 1 in each where choices differ or one is inactive.

    Args:
        configspace: The configuration space.
        columns: Which hyperparameters count; all by default.
    """

    def __init__(self, configspace: ConfigurationSpace, columns: Sequence[int] | None = None) -> None:
        hyperparameters: list[Any] = list(configspace.values())
        self._columns = list(range(len(hyperparameters)) if columns is None else columns)
        # An ordinal's entry is the position of its value.
        self._sizes = [
            1.0 if hasattr(h, "lower") else float(max(1, len(choices_of(h)) - 1)) if hasattr(h, "sequence") else None
            for h in (hyperparameters[c] for c in self._columns)
        ]

    def between(self, X: Array, others: Array) -> Array:
        """Returns the distances of n vectors to m others over the root of how many hyperparameters count: (n, m)."""
        total = np.zeros((len(X), len(others)))
        for column, size in zip(self._columns, self._sizes, strict=True):
            a, b = X[:, column, None], others[None, :, column]
            apart = (a != b).astype(np.float64) if size is None else np.abs(a - b) / size
            one, both = np.isnan(a) != np.isnan(b), np.isnan(a) & np.isnan(b)
            total += np.where(both, 0.0, np.where(one, 1.0, apart)) ** 2
        return np.asarray(np.sqrt(total / max(1, len(self._columns))))
