"""A ridge with refits to other draws of the configurations, which say how sure its slopes and its bottom are.

Notation: see the package; besides
    s*: where φ is lowest. What is told is the median of the refits, which is nearer to the truth than the fit itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from deepcave_symbolic.laws.ridge import Data, Profile, Ridge, fit_unmoved, refit_ridge
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.axis import Axis

__all__ = ["Refitted", "interval_of", "moves_by_chance", "places_in"]

_REFITS = 100
_SEED = 0
_LEVEL = 0.9
#: How much farther from the truth the refits' median is than they are from one another: no ridge is the whole truth,
#: and another run of an optimizer has other trials, not the same in other numbers. See `benchmarks/laws.py`.
_WIDER = 1.2
_GRID = 401


@dataclass(frozen=True)
class Refitted:
    """A ridge over the hyperparameters that the best value may move with, and its refits.

    Args:
        data: What it was fitted to.
        axes: The hyperparameters, one for every column of the others.
        ridge: The fit.
        refits: Fits to as many configurations, drawn with replacement (a bootstrap).
    """

    data: Data
    axes: tuple[Axis, ...]
    ridge: Ridge
    refits: tuple[Ridge, ...] = field(repr=False)

    @classmethod
    def of(cls, data: Data, axes: Sequence[Axis], ridge: Ridge) -> Refitted:
        """Returns a fit with its refits."""
        rng, n = np.random.default_rng(_SEED), len(data.z)
        refits = [refit_ridge(data.rows(rng.integers(n, size=n)), ridge) for _ in range(_REFITS)]
        return cls(data, tuple(axes), ridge, tuple(refits))

    @property
    def exponents(self) -> Array:
        """-w of every refit, shape (refits, q)."""
        return np.array([-refit.slopes for refit in self.refits])

    @property
    def sure(self) -> list[int]:
        """Which of the hyperparameters the best value is sure to move with: those whose interval is without 0."""
        ends = [interval_of(exponents) for exponents in self.exponents.T]
        return [i for i, (low, high) in enumerate(ends) if low > 0.0 or high < 0.0]

    def best_at(self, others: Array) -> Array:
        """Returns u of the best value at one place of the others, shape (q,), of every refit, shape (refits,)."""
        return np.array([self._bottom(refit.profile) - others @ refit.slopes for refit in self.refits])

    @property
    def settled(self) -> float:
        """Share of the refits whose profile is lowest between the ends of the target's domain."""
        low, high = self.data.domain
        bottoms = np.array([self._bottom(refit.profile) for refit in self.refits])
        return float(np.mean((bottoms > low) & (bottoms < high)))

    def _bottom(self, profile: Profile) -> float:
        places = places_in(self.data)
        return float(places[np.argmin(profile(places))])


def places_in(data: Data) -> Array:
    """Returns places evenly over the target's domain, in u, shape (g,)."""
    return np.asarray(np.linspace(*data.domain, _GRID), dtype=np.float64)


def interval_of(values: Array) -> tuple[float, float]:
    """Returns the 90 % interval around the median that the values of the refits, shape (refits,), stand for."""
    middle = np.median(values)
    low, high = np.quantile(values, [(1.0 - _LEVEL) / 2.0, (1.0 + _LEVEL) / 2.0])
    return float(middle - _WIDER * (middle - low)), float(middle + _WIDER * (high - middle))


def moves_by_chance(data: Data, moved: Ridge) -> float:
    """Returns the p-value of the slopes: an F-test of a ridge against one whose valley stays where it is."""
    from scipy.special import fdtrc

    q = data.others.shape[1]
    left = len(data.z) - data.coefficients
    gained = max(0.0, fit_unmoved(data).rss - moved.rss)
    if moved.rss <= 0.0:
        return 0.0 if gained > 0.0 else 1.0
    return float(fdtrc(q, left, gained / q / (moved.rss / left)))
