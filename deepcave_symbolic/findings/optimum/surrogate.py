"""What the projected surrogate expects at any point of the domain."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.projection import Projection
from deepcave_symbolic.words.numbers import number_text, round_significant

#: A function of points in natural units, shape (n, k), that returns shape (n,).
At = Callable[[Array], Array]


@dataclass(frozen=True)
class Expected:
    """Mean and standard deviation of the projected surrogate at a point, objective units."""

    mean: float
    std: float

    @classmethod
    def at(cls, point: Sequence[float], mean_at: At, std_at: At) -> Expected:
        """Returns what is expected at a point in natural units, length k."""
        row = np.asarray(point, dtype=np.float64)[None]
        return cls(float(mean_at(row)[0]), float(std_at(row)[0]))

    def __str__(self) -> str:
        if not math.isfinite(self.mean):
            return "nothing"
        if not (math.isfinite(self.std) and self.std > 0):
            return number_text(round_significant(self.mean, 3))
        std = round_significant(self.std, 1)
        # The mean to the decimal that is uncertain.
        decimals = -math.floor(math.log10(std))
        return f"{number_text(float(round(self.mean, decimals)))} ± {number_text(std)}"


def interpolators(projection: Projection) -> tuple[At, At]:
    """Returns the projection's mean and standard deviation as functions of points in natural units, shape (n, k).

    Linear between the grid's points in search coordinates; a grid point without a valid configuration takes the nearest
    one's value.
    """
    from scipy.interpolate import RegularGridInterpolator

    table = projection.coordinates(projection.grid)
    axes = [np.unique(table[:, i]) for i in range(table.shape[1])]
    low, high = table.min(axis=0), table.max(axis=0)
    width = np.where(high > low, high - low, 1.0)

    def interpolator(values: Array) -> At:
        known = np.flatnonzero(np.isfinite(values))
        filled = values.copy()
        for row in np.flatnonzero(~np.isfinite(values)):
            filled[row] = values[known[np.argmin(np.sum(((table[known] - table[row]) / width) ** 2, axis=1))]]
        inner = RegularGridInterpolator(axes, filled.reshape(projection.shape))

        def at(points: Array) -> Array:
            u = np.clip(projection.coordinates(np.asarray(points, dtype=np.float64)), low, high)
            return np.asarray(inner(u), dtype=np.float64)

        return at

    return interpolator(projection.mean), interpolator(projection.std)
