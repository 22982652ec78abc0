"""A surrogate whose predictions count only as far as they are good: all that is worse counts as one cost.

What matters among good configurations is hidden in averages over all of them, most of which are crashes or nearly so.
Functional ANOVA with a cutoff does the same (Hutter et al. 2014, "An Efficient Approach for Assessing Hyperparameter
Importance", section 5.3).

Notation: see `base`; besides
    c: the cap, objective units; predictions μ become min(μ, c), or max(μ, c) where more is better.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields

import numpy as np

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.surrogates.base import FittedSurrogate, Surrogate, mean_by_configuration

__all__ = ["capped_at"]


@dataclass(frozen=True)
class _Cap:
    """The worst that counts.

    Args:
        at: c.
        maximize: Whether more is better.
    """

    at: float
    maximize: bool

    def __call__(self, costs: Array) -> Array:
        return np.maximum(costs, self.at) if self.maximize else np.minimum(costs, self.at)

    def std(self, mean: Array, std: Array) -> Array:
        """Returns the standard deviation of a normally distributed cost that is capped."""
        from scipy.special import ndtr

        sign = -1.0 if self.maximize else 1.0
        with np.errstate(divide="ignore", invalid="ignore"):
            z = np.clip(np.nan_to_num(sign * (self.at - mean) / std), -30.0, 30.0)
        above, density = ndtr(-z), np.exp(-(z**2) / 2.0) / math.sqrt(2.0 * math.pi)
        first = z * above - density
        variance = ndtr(z) - z * density + z**2 * above - first**2
        return np.asarray(np.where(std > 0.0, std * np.sqrt(np.clip(variance, 0.0, 1.0)), 0.0))


@dataclass(frozen=True)
class _CappedModel:
    """A model's predictions, capped."""

    whole: FittedSurrogate
    cap: _Cap

    @property
    def row_seconds(self) -> float:
        return self.whole.row_seconds

    def predict(self, X: Array) -> tuple[Array, Array]:
        mean, std = self.whole.model.predict(X)
        return self.cap(mean), self.cap.std(mean, std)

    def deviations(self, X: Array, n: int, rng: np.random.Generator) -> Array | None:
        """Returns how far other functions that fit the trials, capped, are from the capped mean; not of mean zero."""
        moved = self.whole.deviations(X, n, rng)
        if moved is None:
            return None
        mean, _ = self.whole.model.predict(X)
        return np.asarray(self.cap(mean + moved) - self.cap(mean))


@dataclass(frozen=True)
class _CappedSurrogate(FittedSurrogate):
    """A fitted surrogate with a cap; its trials have the costs that they had."""

    cap: _Cap = field(kw_only=True)

    @property
    def counted(self) -> Array:
        """Capped costs: a crash is no worse than the worst that counts."""
        return self.cap(self.y)

    @property
    def residuals(self) -> Array | None:
        """Capped costs minus capped held-out predictions: what is no error among good configurations is none here."""
        if self.held_out is None:
            return None
        return mean_by_configuration(self.X, self.counted - self.cap(self.held_out))


def capped_at(surrogate: FittedSurrogate, at: float, *, maximize: bool) -> FittedSurrogate:
    """Returns the surrogate with every prediction that is worse than a cost replaced by that cost.

    Args:
        surrogate: The fitted surrogate.
        at: The cost, objective units.
        maximize: Whether more is better.
    """
    cap = _Cap(at, maximize)
    kept = {f.name: getattr(surrogate, f.name) for f in fields(FittedSurrogate)}
    model: Surrogate = _CappedModel(surrogate, cap)
    return _CappedSurrogate(**{**kept, "model": model}, cap=cap)
