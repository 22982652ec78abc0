"""Scales on which models of our own learn costs: as they are, or compressed where a few costs dwarf the others.

Diverged trainings cost hundreds of times what others do. On the costs as they are such a trial decides every square, so
that a model and its R² are about a few accidents; on a compressed scale they are about all trials.

Notation as in `encoding`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.surrogates.encoding import Encoder

__all__ = ["CostScale", "compressed", "heavy_tailed", "log_density", "plain", "scale_notes"]

ScaleName = Literal["cost", "log cost", "asinh cost"]
#: Of the largest value that is read back: so far below the largest float that sums of millions stay numbers.
_LARGEST_LOG = math.log(np.finfo(np.float64).max) - 20.0
#: Costs are heavy-tailed where the farthest of so large a share have so much of all squared distances to the median,
#: and the farthest one is so many times the typical size away from it.
_FARTHEST, _MOST, _TIMES = 0.05, 0.8, 10.0
#: How far below the lowest cost a prediction may be, as a factor, before it counts as equally wrong.
_BELOW = 10.0
#: The least scale of "asinh cost", as a share of the largest distance: beyond, all digits would go into the exponent.
_FLATTEST = 1e-9


@dataclass(frozen=True)
class CostScale(Encoder):
    """A monotone scale of the costs; what a model predicts on it is read back as the typical cost, the median.

    A mean would be infinite or decided by what is least known: a lognormal one grows with the exponent of the variance.

    Args:
        name: What is scaled: "cost" (linearly), "log cost", or "asinh cost" (logarithmic far from the median on both
            sides, for costs of which some are not positive).
        offset: Subtracted from the costs, objective units; 0 of "log cost".
        scale: Divides them then, objective units; of "log cost" the lowest cost that it tells from lower ones.
    """

    name: ScaleName
    offset: float = 0.0
    scale: float = 1.0

    def encode(self, y: Array) -> Array:
        """Returns scaled costs."""
        if self.name == "log cost":
            # Not the logarithm of the quotient, which may be beyond a float.
            return np.asarray(np.log(np.maximum(y, self.scale)) - math.log(self.scale), dtype=np.float64)
        v = (y - self.offset) / self.scale
        return np.asarray(v if self.name == "cost" else np.arcsinh(v), dtype=np.float64)

    def decode(self, z: Array) -> Array:
        """Returns costs for scaled values, at most what a float holds."""
        if self.name == "log cost":
            return np.asarray(np.exp(np.minimum(z + math.log(self.scale), _LARGEST_LOG)), dtype=np.float64)
        if self.name == "asinh cost":
            largest = _LARGEST_LOG - max(0.0, math.log(self.scale))
            z = np.sinh(np.clip(z, -largest, largest))
        return np.asarray(self.offset + self.scale * z, dtype=np.float64)

    @property
    def decodes_means(self) -> bool:
        """See `Encoder`."""
        return True

    def decode_moments(self, mean: Array, var: Array) -> tuple[Array, Array]:
        """Returns the median and half the central 68 % interval of a normal variable, objective units."""
        deviation = np.sqrt(var)
        return self.decode(mean), self.decode(mean + deviation) / 2 - self.decode(mean - deviation) / 2

    def n_clipped(self, y: Array) -> int:
        """Returns 0: every cost has a value."""
        return 0

    def slope(self, y: Array) -> Array:
        """Returns how much the cost changes per unit of the scale, at costs y."""
        if self.name == "log cost":
            return y
        return np.full_like(y, self.scale) if self.name == "cost" else np.hypot(self.scale, y - self.offset)


def plain(y: Array) -> CostScale:
    """Returns the scale that is linear: mean 0 and largest deviation 1, so that the costs' unit does not matter."""
    offset = float(np.mean(y))
    return CostScale("cost", offset, float(np.max(np.abs(y - offset))) or 1.0)


def compressed(y: Array) -> CostScale:
    """Returns the scale for costs that range over orders of magnitude."""
    lowest = float(np.min(y))
    if lowest > 0.0:
        return CostScale("log cost", scale=max(lowest / _BELOW, float(np.finfo(np.float64).tiny)))
    return CostScale("asinh cost", float(np.median(y)), max(_typical_distance(y), _FLATTEST * plain(y).scale))


def heavy_tailed(y: Array) -> bool:
    """Returns whether a few costs lie so far from the others that squares are about them alone."""
    distances = np.sort(np.abs(y - np.median(y)))
    typical = float(np.median(y)) if np.min(y) > 0.0 else _TIMES * _typical_distance(y)
    if typical <= 0.0 or distances[-1] <= _TIMES * typical:
        return False
    squares = (distances / distances[-1]) ** 2
    farthest = max(1, round(_FARTHEST * len(y)))
    return bool(squares[-farthest:].sum() > _MOST * squares.sum())


def log_density(scale: CostScale, y: Array, predicted: Array) -> float:
    """Returns how likely costs are under normal errors of predictions on a scale, as a logarithm per cost.

    The errors' variance is the predictions' own mean square, and the density that of the costs themselves: scales can
    be compared by it.

    Args:
        scale: The scale.
        y: Costs, objective units, shape (n,).
        predicted: Held-out predictions, objective units, shape (n,).
    """
    errors = scale.encode(y) - scale.encode(predicted)
    size = float(np.max(np.abs(errors)))
    if size == 0.0:
        return math.inf
    rms = size * math.sqrt(float(np.mean((errors / size) ** 2)))
    return -math.log(rms) - float(np.mean(np.log(scale.slope(y))))


def scale_notes(scale: CostScale) -> tuple[str, ...]:
    """Returns what a user must know about a compressed scale, as sentences."""
    if scale.name == "cost":
        return ()
    how = "their logarithm" if scale.name == "log cost" else "a scale that is logarithmic far from their median"
    return (
        f"A few costs dwarf all others, so that the surrogate learned {how}: what it predicts is the typical cost (the "
        "median), not the mean, and its R² are of that scale.",
    )


def _typical_distance(y: Array) -> float:
    return float(np.median(np.abs(y - np.median(y))))
