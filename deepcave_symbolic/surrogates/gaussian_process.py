"""Gaussian processes of SMAC: fast posterior predictions in objective units.

Notation:
    rows: imputed vectors (-1 where inactive) with transformed instance features appended, shape (n, d + f).
    X: vectors alone, shape (n, d); predictions for them average over the instances.
    z: training costs in encoder units, shape (m,).
    L: lower Cholesky factor of the training covariance; alpha: its solution for the normalised z.

The mean and variance are those of `GaussianProcess._predict` and `MCMCGaussianProcess._predict` of SMAC 2.4.1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepcave_symbolic.exceptions import SurrogateError
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.process.isolation import one_blas_thread
from deepcave_symbolic.surrogates.data import chunks, impute
from deepcave_symbolic.surrogates.encoders import Encoder

__all__ = ["GaussianProcessPredictor", "Posterior", "cross_covariance"]

# Entries of the covariance matrix at a time: 8 MB, large enough for BLAS and small enough for the processor's cache.
CHUNK_ENTRIES = 1_000_000
VERY_SMALL_NUMBER = 1e-10
JITTERS = (0.0, 1e-10, 1e-8, 1e-6, 1e-4)
#: Of a covariance whose draws are shown to two digits.
_DRAW_JITTERS = (1e-8, 1e-6, 1e-4)
#: How much farther from the mean the truth is than the posterior says; see `projection.projector`.
_WIDER = 2.5


def cross_covariance(kernel: Any, X: Array, Y: Array) -> Array:
    """Returns the covariance between the rows of X and those of Y, shape (n, m).

    The same numbers as SMAC's kernels give, without their temporary arrays of shape (n, m, d).
    """
    name = type(kernel).__name__
    if name == "SumKernel":
        if type(kernel.k2).__name__ == "WhiteKernel":  # noise does not correlate different points
            return cross_covariance(kernel.k1, X, Y)
        return cross_covariance(kernel.k1, X, Y) + cross_covariance(kernel.k2, X, Y)
    if name == "ProductKernel":
        if type(kernel.k1).__name__ == "ConstantKernel":
            scaled = cross_covariance(kernel.k2, X, Y)
            scaled *= kernel.k1.constant_value
            return scaled
        product = cross_covariance(kernel.k1, X, Y)
        product *= cross_covariance(kernel.k2, X, Y)
        return product
    if name == "MaternKernel" and kernel.nu == 2.5:
        return _where_alike(kernel, X, Y, _matern_52)
    if name == "HammingKernel":
        return _where_alike(kernel, X, Y, _hamming)
    return np.asarray(kernel(X, Y), dtype=np.float64)


def _where_alike(kernel: Any, X: Array, Y: Array, covariance: Callable[[Any, Array, Array], Array]) -> Array:
    """Applies a kernel to its columns; zero between rows with other inactive hyperparameters (Lévesque et al. 2017)."""
    if kernel.operate_on is not None:
        X, Y = X[:, kernel.operate_on], Y[:, kernel.operate_on]
    K = covariance(kernel, X, Y)
    if kernel.has_conditions:
        patterns: dict[bytes, int] = {}
        codes = [np.array([patterns.setdefault(row.tobytes(), len(patterns)) for row in Z <= -1]) for Z in (X, Y)]
        if len(patterns) > 1:
            K *= codes[0][:, None] == codes[1][None, :]
    return K


def _matern_52(kernel: Any, X: Array, Y: Array) -> Array:
    from scipy.spatial.distance import cdist

    K: Array = cdist(X / kernel.length_scale, Y / kernel.length_scale)
    K *= math.sqrt(5)
    polynomial = K / 3.0
    polynomial += 1.0
    polynomial *= K
    polynomial += 1.0
    np.negative(K, out=K)
    np.exp(K, out=K)
    K *= polynomial
    return K


def _hamming(kernel: Any, X: Array, Y: Array) -> Array:
    scales = np.broadcast_to(np.asarray(kernel.length_scale, dtype=np.float64), (X.shape[1],))
    K = np.zeros((len(X), len(Y)))
    for column, scale in enumerate(scales):
        K -= (X[:, column, None] != Y[None, :, column]) * (1 / (2 * scale**2))
    return np.asarray(np.exp(K, out=K), dtype=np.float64)


def _root(covariance: Array) -> Array:
    """Returns a matrix S with S·Sᵀ the covariance, but for a jitter where rounding left it not positive definite."""
    from scipy.linalg import cholesky

    size = float(np.max(np.diag(covariance))) or 1.0
    for jitter in _DRAW_JITTERS:
        try:
            return np.asarray(cholesky(covariance + jitter * size * np.eye(len(covariance)), lower=True))
        except np.linalg.LinAlgError:
            continue
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


@dataclass(frozen=True)
class Posterior:
    """A Gaussian process with fixed hyperparameters, conditioned on training rows.

    Args:
        kernel: SMAC's kernel with its hyperparameters.
        rows: Training rows, shape (m, d + f).
        L: Cholesky factor, shape (m, m).
        alpha: Shape (m,).
        z_mean: Subtracted from z before training.
        z_std: Divides z before training.
    """

    kernel: Any
    rows: Array
    L: Array
    alpha: Array
    z_mean: float
    z_std: float

    @classmethod
    def fit(cls, kernel: Any, rows: Array, z: Array, *, normalize: bool) -> Posterior:
        """Conditions a kernel with its hyperparameters as they are on rows and z (normalised as SMAC does).

        Raises:
            SurrogateError: If the covariance matrix is not positive definite.
        """
        from scipy.linalg import cho_solve, cholesky

        z_mean, z_std = (float(np.mean(z)), float(np.std(z)) or 1.0) if normalize else (0.0, 1.0)
        K = np.asarray(kernel(rows), dtype=np.float64)
        for jitter in JITTERS:
            try:
                L = cholesky(K + jitter * np.eye(len(K)), lower=True)
            except np.linalg.LinAlgError:
                continue
            return cls(kernel, rows, L, cho_solve((L, True), (z - z_mean) / z_std), z_mean, z_std)
        raise SurrogateError(
            'The covariance matrix of the run\'s Gaussian process is not positive definite. Use surrogate="forest".'
        )

    def predict_mean(self, rows: Array) -> Array:
        """Returns the mean in encoder units, shape (n,), without the triangular solve that the variance needs."""
        mean: Array = np.empty(len(rows))
        with one_blas_thread():
            for part in chunks(len(rows), max(1, CHUNK_ENTRIES // len(self.rows))):
                mean[part] = cross_covariance(self.kernel, rows[part], self.rows) @ self.alpha
        return mean * self.z_std + self.z_mean

    def predict(self, rows: Array) -> tuple[Array, Array]:
        """Returns mean and variance in encoder units, each of shape (n,)."""
        from scipy.linalg import solve_triangular

        L = np.asfortranarray(self.L)  # what LAPACK takes without one copy per chunk
        mean: Array = np.empty(len(rows))
        var: Array = np.empty(len(rows))
        # Matrices of this size are two to three times faster on one thread than on several that wait for one another.
        with one_blas_thread():
            for part in chunks(len(rows), max(1, CHUNK_ENTRIES // len(self.rows))):
                K = cross_covariance(self.kernel, rows[part], self.rows)
                mean[part] = K @ self.alpha
                V = solve_triangular(L, K.T, lower=True, check_finite=False, overwrite_b=True)
                var[part] = self.kernel.diag(rows[part]) - np.einsum("ij,ij->j", V, V)
        np.maximum(var, VERY_SMALL_NUMBER, out=var)
        return mean * self.z_std + self.z_mean, var * self.z_std**2

    def draw(self, rows: Array, n: int, rng: np.random.Generator) -> Array:
        """Returns draws of the function without its noise at all rows together, encoder units, shape (n, r).

        Every draw has its mirror image, so that their mean is the process's own.
        """
        from scipy.linalg import solve_triangular

        with one_blas_thread():
            K = cross_covariance(self.kernel, rows, self.rows)
            V = solve_triangular(np.asfortranarray(self.L), K.T, lower=True, check_finite=False)
            covariance = cross_covariance(self.kernel, rows, rows) - V.T @ V
            moved = rng.standard_normal((-(-n // 2), len(rows))) @ _root(covariance).T
        mean = K @ self.alpha
        return np.asarray(np.vstack([mean + moved, mean - moved])[:n] * self.z_std + self.z_mean)


class GaussianProcessPredictor:
    """A trained Gaussian process as a surrogate; a mixture of several for the MCMC variant.

    Args:
        posteriors: One process a hyperparameter sample.
        encoder: The encoder of the training costs.
        inactive: -1 for hyperparameters that can be inactive, NaN for the others, shape (d,).
        transform: Instance features to the columns the process saw, (k, f) to (k, f').
        instances: Features of every instance, shape (k, f); None without features.
    """

    def __init__(
        self,
        posteriors: Sequence[Posterior],
        *,
        encoder: Encoder,
        inactive: Array,
        transform: Callable[[Array], Array],
        instances: Array | None = None,
    ) -> None:
        self._posteriors = list(posteriors)
        self._encoder = encoder
        self._inactive = inactive
        self._transform = transform
        self._instances = None if instances is None else transform(instances)

    @property
    def row_seconds(self) -> float:
        """Roughly how long one prediction takes, the triangular solve of m² above all; see `projection.project`."""
        one = 8e-11 * len(self._posteriors[0].rows) ** 2 + 1e-6
        return one * len(self._posteriors) * (1 if self._instances is None else len(self._instances))

    def predict(self, X: Array) -> tuple[Array, Array]:
        """Returns mean and standard deviation in objective units, each of shape (n,)."""
        filled = impute(X, self._inactive)
        if self._instances is None and len(self._posteriors) == 1:  # nothing to add up, whose squares may overflow
            return self._encoder.decode_moments(*self._posteriors[0].predict(filled))
        mean, var = self._over_instances(filled, self._moments)
        return mean, np.sqrt(var)

    def predict_mean(self, X: Array) -> Array:
        """Returns the mean in objective units, shape (n,)."""
        if self._instances is not None or len(self._posteriors) > 1:
            return self.predict(X)[0]
        return self._mean_of(self._posteriors[0], impute(X, self._inactive))

    def predict_encoded(self, X: Array) -> tuple[Array, Array]:
        """Returns mean and variance in encoder units, each of shape (n,): what SMAC's own model predicts."""
        return self._over_instances(impute(X, self._inactive), self._encoded_moments)

    def deviations(self, X: Array, n: int, rng: np.random.Generator) -> Array:
        """Returns joint posterior draws less their mean, objective units, shape (n, r); of a mixture in turn."""
        filled = impute(X, self._inactive)
        instances = np.empty((1, 0)) if self._instances is None else self._instances
        total = np.zeros((n, len(X)))
        for features in instances:
            rows = np.hstack([filled, np.tile(features, (len(filled), 1))])
            drawn = [
                self._encoder.decode(posterior.draw(rows, len(range(i, n, len(self._posteriors))), rng))
                for i, posterior in enumerate(self._posteriors[:n])
            ]
            total += np.vstack(drawn)
        return np.asarray(_WIDER * (total - total.mean(axis=0)) / len(instances))

    def predict_rows(self, X: Array, features: Array) -> Array:
        """Returns the mean in objective units for vectors on given instances, shape (n,)."""
        rows = np.hstack([impute(X, self._inactive), self._transform(features)])
        return np.asarray(np.mean([self._mean_of(posterior, rows) for posterior in self._posteriors], axis=0))

    def _mean_of(self, posterior: Posterior, rows: Array) -> Array:
        if self._encoder.decodes_means:
            return self._encoder.decode(posterior.predict_mean(rows))
        return self._encoder.decode_moments(*posterior.predict(rows))[0]

    def _over_instances(self, filled: Array, moments: Callable[[Array], tuple[Array, Array]]) -> tuple[Array, Array]:
        if self._instances is None:
            return moments(filled)
        mean, var = np.zeros(len(filled)), np.zeros(len(filled))
        for features in self._instances:
            part = moments(np.hstack([filled, np.tile(features, (len(filled), 1))]))
            mean += part[0]
            var += part[1]
        # As AbstractModel.predict_marginalized: the instances are taken as independent.
        return mean / len(self._instances), var / len(self._instances) ** 2

    def _moments(self, rows: Array) -> tuple[Array, Array]:
        parts = [self._encoder.decode_moments(*posterior.predict(rows)) for posterior in self._posteriors]
        return _mixture([(mean, std**2) for mean, std in parts])

    def _encoded_moments(self, rows: Array) -> tuple[Array, Array]:
        return _mixture([posterior.predict(rows) for posterior in self._posteriors])


def _mixture(parts: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Mean and variance of the equally weighted mixture (law of total variance)."""
    if len(parts) == 1:
        return parts[0]
    means = np.array([mean for mean, _ in parts])
    variances = np.array([var for _, var in parts])
    return means.mean(axis=0), means.var(axis=0) + variances.mean(axis=0)
