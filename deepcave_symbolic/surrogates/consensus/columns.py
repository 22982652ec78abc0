"""Vectors of a configuration space as points of a Gaussian process: choices apart from each other, activity told.

Notation:
    rows: vectors with instance features appended, inactive hyperparameters at -1, shape (n, d + f).
    points: what a kernel measures distances of, shape (n, p).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.surrogates.data import conditional

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["Columns"]

#: Where an inactive number is put: as far from both ends. That it is inactive, another column says.
_NOWHERE = 0.5


@dataclass(frozen=True, eq=False)
class Columns:
    """From rows to points.

    Args:
        levels: Number of choices of a categorical hyperparameter, 0 for others, shape (d + f,).
        offset: Subtracted from a number, shape (d + f,).
        scale: Divides it then; 0 for a constant, which is left out, shape (d + f,).
        optional: Which columns can be inactive, shape (d + f,).
    """

    levels: npt.NDArray[np.intp]
    offset: Array
    scale: Array
    optional: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, configspace: ConfigurationSpace, features: Array) -> Columns:
        """Returns the columns of a space.

        Args:
            configspace: The space.
            features: Instance features, shape (k, f), which are scaled to a standard deviation of a quarter.
        """
        from ConfigSpace import CategoricalHyperparameter, Constant, OrdinalHyperparameter

        levels, scale = [], []
        for hyperparameter in configspace.values():
            categorical = isinstance(hyperparameter, CategoricalHyperparameter)
            levels.append(len(hyperparameter.choices) if isinstance(hyperparameter, CategoricalHyperparameter) else 0)
            if isinstance(hyperparameter, OrdinalHyperparameter):
                scale.append(float(len(hyperparameter.sequence) - 1))
            else:
                scale.append(0.0 if categorical or isinstance(hyperparameter, Constant) else 1.0)
        d, f = len(levels), features.shape[1]
        return cls(
            levels=np.array(levels + [0] * f, dtype=np.intp),
            offset=np.concatenate([np.zeros(d), features.mean(axis=0) if f else np.empty(0)]),
            scale=np.concatenate([scale, 4.0 * features.std(axis=0) if f else np.empty(0)]),
            optional=np.concatenate([conditional(configspace), np.zeros(f, dtype=bool)]),
        )

    @property
    def groups(self) -> npt.NDArray[np.intp]:
        """Which columns of the points share a length scale: those of a hyperparameter, and all on activity, (p,)."""
        numbers: list[int] = []
        for j, n in enumerate(self.levels):
            numbers += [j] * int(n or self.scale[j] > 0)
        numbers += [len(self.levels)] * int(self.optional.sum())
        return np.unique(np.array(numbers, dtype=np.intp), return_inverse=True)[1].reshape(-1).astype(np.intp)

    def points(self, rows: Array) -> Array:
        """Returns the points of rows."""
        columns: list[Array] = []
        for j, n in enumerate(self.levels):
            column = rows[:, j]
            # Two choices are at distance 1.
            columns += [(column == k) / np.sqrt(2.0) for k in range(n)]
            if self.scale[j] > 0:
                scaled = (column - self.offset[j]) / self.scale[j]
                columns.append(np.where(column < 0, _NOWHERE, scaled) if self.optional[j] else scaled)
        columns += [(rows[:, j] < 0).astype(np.float64) for j in np.flatnonzero(self.optional)]
        return np.column_stack(columns) if columns else np.zeros((len(rows), 1))
