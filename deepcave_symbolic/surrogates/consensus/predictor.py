"""A Gaussian process and trees as one surrogate: their weighted mean, their spread and their disagreement."""

from __future__ import annotations

import numpy as np

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.surrogates.forest import ForestPredictor
from deepcave_symbolic.surrogates.gaussian_process import GaussianProcessPredictor

__all__ = ["ConsensusPredictor"]


class ConsensusPredictor:
    """A mixture of two surrogates.

    Args:
        process: The Gaussian process.
        trees: The trees.
        weight: That of the process, in [0, 1].
    """

    def __init__(self, process: GaussianProcessPredictor, trees: ForestPredictor, weight: float) -> None:
        self._process, self._trees, self._weight = process, trees, weight

    @property
    def row_seconds(self) -> float:
        """Roughly how long one prediction takes; see `projection.project`."""
        return self._process.row_seconds + self._trees.row_seconds

    def predict(self, X: Array) -> tuple[Array, Array]:
        """Returns mean and standard deviation of the mixture in objective units, each of shape (n,)."""
        (mean, std), (other_mean, other_std), w = self._process.predict(X), self._trees.predict(X), self._weight
        parts = np.array([std, other_std, mean - other_mean])
        # Relative to the largest, so that squares of huge and tiny costs stay numbers.
        size = float(np.max(np.abs(parts), initial=0.0)) or 1.0
        weights = np.array([w, 1.0 - w, w * (1.0 - w)])
        return w * mean + (1.0 - w) * other_mean, np.sqrt(weights @ (parts / size) ** 2) * size

    def predict_mean(self, X: Array) -> Array:
        """Returns the mean of the mixture in objective units, shape (n,)."""
        return self._weight * self._process.predict_mean(X) + (1.0 - self._weight) * self._trees.predict_mean(X)

    def deviations(self, X: Array, n: int, rng: np.random.Generator) -> Array:
        """Returns draws from the process or from trees in proportion to their weights, less the mean, shape (n, r)."""
        gap = self._process.predict_mean(X) - self._trees.predict_mean(X)
        drawn = np.vstack(
            [
                self._process.deviations(X, n, rng) + (1.0 - self._weight) * gap,
                self._trees.deviations(X, n, rng) - self._weight * gap,
            ]
        )
        of_trees = rng.permutation(n) >= round(self._weight * n)
        chosen = drawn[np.arange(n) + n * of_trees]
        return np.asarray(chosen - chosen.mean(axis=0))

    def predict_rows(self, X: Array, features: Array) -> Array:
        """Returns what process and trees predict for vectors on given instances, objective units, shape (n, 2)."""
        return np.column_stack([self._process.predict_rows(X, features), self._trees.predict_rows(X, features)])
