"""The profile of a surrogate: at every point the best that the other hyperparameters can make of it.

The minimum over a few drawn configurations lies too high, the more so the more hyperparameters are drawn. So every
point starts from the best of the configurations that were drawn and evaluated, and searches on: in every round it tries
neighbours of the best that it has and of the best that another point has, in ever smaller steps. In the end all points
try the same settings, some of the best of all, so that the profile is an envelope of few smooth curves where it would
have the jumps of a search that goes better here than there.

Notation: see the package; besides
    sign: 1 where less is better, -1 where more is; z_i: the other hyperparameters at point i.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from deepcave_symbolic.numeric.arrays import Array, Mask
from deepcave_symbolic.projection.average import means_over
from deepcave_symbolic.space.configurations import deactivate, forbidden
from deepcave_symbolic.space.neighbours import neighbours_of

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

    from deepcave_symbolic.surrogates.base import FittedSurrogate

__all__ = ["Profile", "best_of"]

#: Rounds of the search: on known functions more of them bring next to nothing (tests/unit/projection/test_view.py).
_ROUNDS = 24
#: Steps of the first round and of the last, as a share of a hyperparameter's range.
_STEPS = (0.25, 0.005)
#: Neighbours that a point tries in a round: a share of the drawn configurations, so that the search takes about as long
#: as their predictions do.
_TRIED, _FEWEST_TRIED = 1 / 20, 4
#: Settings that all points try in the end.
_SHARED = 48
_SEED = 0


class Profile:
    """The best that the other hyperparameters can make of every point.

    Args:
        surrogate: The fitted surrogate.
        configspace: The configuration space, with its parts.
        columns: Which of its hyperparameters are explained.
        others: Configurations to begin with, inactive values filled, shape (m, d).
        maximize: Whether more is better.
    """

    def __init__(
        self,
        surrogate: FittedSurrogate,
        configspace: ConfigurationSpace,
        columns: Sequence[int],
        others: Array,
        *,
        maximize: bool,
    ) -> None:
        self._surrogate, self._configspace, self._columns = surrogate, configspace, list(columns)
        self._others = others
        self._sign = -1.0 if maximize else 1.0
        self._tried = max(_FEWEST_TRIED, int(_TRIED * len(others)))
        #: The best settings of the first points that were asked for; where later ones begin, too.
        self._shared: Array = np.empty((0, others.shape[1]))

    def at(self, vectors: Array) -> tuple[Array, Array, Array]:
        """Returns the profile (n,), the surrogate's standard deviation there (n,), and the first predictions (m, n).

        Args:
            vectors: The explained hyperparameters' entries of vectors, shape (n, k).
        """
        first = self._together(vectors, self._others)
        known = first if len(self._shared) == 0 else np.vstack([first, self._together(vectors, self._shared)])
        z, best = self._best_of(known, np.vstack([self._others, self._shared]))
        rng = np.random.RandomState(_SEED)
        for step in np.geomspace(*_STEPS, _ROUNDS):
            self._search(vectors, z, best, float(step), rng)
        chosen = np.unique(np.linspace(0, len(z) - 1, min(len(z), _SHARED)).astype(int))
        shared = np.unique(z[chosen], axis=0)
        _keep_better(z, best, *self._best_of(self._together(vectors, shared), shared))
        if len(self._shared) == 0:
            self._shared = shared
        mean, std, usable = self._beside(vectors, z)
        return np.where(usable, mean, np.nan), np.where(usable, std, np.nan), first

    def preferred(self, vectors: Array, most: int) -> Array:
        """Returns settings of which other functions may have their best, at most so many, shape (m, d).

        Half of them are those of the shared ones that are best at most points, the others the best that were evaluated.
        """
        settings = self._shared if len(self._shared) else self._others
        single = self._together(vectors, settings)
        signed = np.where(np.isfinite(single), self._sign * single, np.inf)
        counts = np.bincount(np.argmin(signed, axis=0), minlength=len(settings))
        best = settings[np.sort(np.argsort(-counts, kind="stable")[: max(1, most // 2)])]
        return np.vstack([best, self._others[::-1][: most - len(best)]])

    def _search(self, vectors: Array, z: Array, best: Array, step: float, rng: np.random.RandomState) -> None:
        """Tries neighbours of what every point has, and keeps those that are better."""
        n, free = len(z), max(1, z.shape[1] - len(self._columns))
        for i in range(self._tried):
            # Every other time a point begins where another one is: what is good there may be good here.
            parents = z if i % 2 == 0 else z[rng.randint(n, size=n)]
            # Single hyperparameters, as the steps of a forest need it, or half of them at once.
            share = 1.0 / free if i % 4 < 2 else max(0.5, 1.0 / free)
            tried = neighbours_of(self._configspace, parents, step, share, rng)
            mean, _, usable = self._beside(vectors, tried)
            _keep_better(z, best, tried, np.where(usable, self._sign * mean, np.inf))

    def _together(self, vectors: Array, others: Array) -> Array:
        """Returns the predictions of every point beside every configuration, shape (m, n)."""
        return means_over(self._surrogate, self._configspace, self._columns, vectors, others)[1]

    def _best_of(self, single: Array, others: Array) -> tuple[Array, Array]:
        """Returns the best configuration of every point (n, d) and its signed cost (n,), infinite without one."""
        signed = np.where(np.isfinite(single), self._sign * single, np.inf)
        chosen = np.argmin(signed, axis=0)
        return others[chosen], signed[chosen, np.arange(len(chosen))]

    def _beside(self, vectors: Array, others: Array) -> tuple[Array, Array, Mask]:
        """Returns mean, standard deviation and which are valid, of every point beside its own configuration: (n,)."""
        X = others.copy()
        X[:, self._columns] = vectors
        X = deactivate(self._configspace, X)
        usable: Mask = ~np.isnan(X[:, self._columns]).any(axis=1) & ~forbidden(self._configspace, X)
        mean, std = np.full(len(X), np.nan), np.full(len(X), np.nan)
        if np.any(usable):
            mean[usable], std[usable] = self._surrogate.model.predict(X[usable])
        return mean, std, usable


def best_of(single: Array, *, maximize: bool) -> Array:
    """Returns the best of predictions of several configurations, shape (..., m, n) to (..., n); NaN without any."""
    sign = -1.0 if maximize else 1.0
    values = np.where(np.isfinite(single), sign * single, np.inf).min(axis=-2)
    return np.where(np.isfinite(values), sign * values, np.nan)


def _keep_better(z: Array, best: Array, tried: Array, signed: Array) -> None:
    better = signed < best
    z[better], best[better] = tried[better], signed[better]
