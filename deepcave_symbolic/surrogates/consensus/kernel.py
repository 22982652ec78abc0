"""A Matérn kernel with fitted noise, found in milliseconds: the gradient of all length scales is one matrix product.

The hyperparameters maximise the marginal likelihood times their priors (Rasmussen & Williams 2006, chapter 5).

Notation:
    points: what distances are measured of, shape (n, p); see `columns`.
    z: costs on a scale, of mean 0 and standard deviation 1 here, shape (n,).
    θ: logarithms of the length scales, the signal's variance and the noise's variance, shape (g + 2,).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.surrogates.consensus.columns import Columns

__all__ = ["NoisyMatern", "fit_kernel", "left_out_density"]

#: Normal priors of θ, mean and standard deviation: length scales of the size of the space, a noise that is small but
#: may be all there is. Chosen on the landscapes of benchmarks/data/tuning; see docs/faithfulness.md.
_LENGTH_PRIOR, _SIGNAL_PRIOR, _NOISE_PRIOR = (0.0, 0.7), (0.0, 2.0), (-4.0, 2.0)
_LENGTHS, _SIGNALS, _NOISES = (0.02, 50.0), (0.01, 100.0), (1e-6, 2.0)
_START_NOISE = 0.05
_ITERATIONS = 40
_JITTER = 1e-8
#: Rows up to which LAPACK's inverse of a triangle is the fastest.
_SMALL = 64


@dataclass(frozen=True, eq=False)
class NoisyMatern:
    """A Matérn kernel of smoothness 3/2 with a length scale a hyperparameter, and noise.

    It is called as SMAC's kernels are: one set of rows has the noise on its diagonal, two have none.

    Args:
        columns: From rows to points.
        lengths: Length scale of every column of the points, shape (p,).
        signal: Variance of the function.
        noise: Variance of the noise.
    """

    columns: Columns
    lengths: Array
    signal: float
    noise: float

    def __call__(self, rows: Array, others: Array | None = None) -> Array:
        """Returns the covariance of rows, or between rows and others."""
        points = self.columns.points(rows) / self.lengths
        if others is not None:
            K = _matern(points, self.columns.points(others) / self.lengths)[0]
            K *= self.signal
            return K
        K = _matern(points, points)[0] * self.signal
        K[np.diag_indices_from(K)] = self.signal + self.noise + _JITTER
        return K

    def diag(self, rows: Array) -> Array:
        """Returns the variance of the function at every row, without noise."""
        return np.full(len(rows), self.signal)


def _matern(A: Array, B: Array) -> tuple[Array, Array]:
    """Returns the correlation k and e, with ∂k/∂log ℓ = 3·e·(a - b)²/ℓ² for scaled points, each of shape (n, m)."""
    # In place: new arrays of this size take longer than what is computed in them.
    r: Array = A @ (-6.0 * B.T)
    r += 3.0 * (A * A).sum(axis=1)[:, None]
    r += 3.0 * (B * B).sum(axis=1)
    np.maximum(r, 0.0, out=r)
    np.sqrt(r, out=r)
    e = np.negative(r)
    np.exp(e, out=e)
    r += 1.0
    r *= e
    return r, e


def fit_kernel(columns: Columns, rows: Array, z: Array) -> NoisyMatern:
    """Returns the kernel with the most likely hyperparameters.

    Args:
        columns: From rows to points.
        rows: Training rows.
        z: Their costs on a scale, whatever their mean and standard deviation.
    """
    from scipy.optimize import minimize

    points, target = columns.points(rows), _standardised(z)
    groups = columns.groups if len(columns.groups) else np.zeros(1, dtype=np.intp)
    g = int(groups.max()) + 1
    # Distances grow with the number of columns.
    length_prior = (_LENGTH_PRIOR[0] + 0.5 * np.log(max(1.0, g / 2)), _LENGTH_PRIOR[1])
    priors = np.array([length_prior] * g + [_SIGNAL_PRIOR, _NOISE_PRIOR])
    found = minimize(
        lambda theta: _loss(theta, points, target, groups, priors),
        np.concatenate([priors[: g + 1, 0], [np.log(_START_NOISE)]]),
        jac=True,
        method="L-BFGS-B",
        bounds=np.log([_LENGTHS] * g + [_SIGNALS, _NOISES]),
        options={"maxiter": _ITERATIONS},
    )
    # To three digits: what a search leaves behind them is the rounding of BLAS, which differs between threads.
    values = np.array([float(f"{value:.3g}") for value in np.exp(found.x)])
    return NoisyMatern(columns, values[:g][groups], float(values[g]), float(values[g + 1]))


def _standardised(z: Array) -> Array:
    return np.asarray((z - z.mean()) / (float(z.std()) or 1.0))


def _loss(theta: Array, points: Array, z: Array, groups: npt.NDArray[np.intp], priors: Array) -> tuple[float, Array]:
    """Returns the negative logarithm of likelihood times priors, and its gradient."""
    from scipy.linalg.blas import dsyr
    from scipy.linalg.lapack import dlauum, dpotrf, dpotrs

    g = len(theta) - 2
    signal, noise = np.exp(theta[g:])
    scaled = points / np.exp(theta[:g])[groups]
    k, e = _matern(scaled, scaled)
    np.fill_diagonal(k, 1.0)
    K = signal * k
    np.fill_diagonal(K, signal + (noise + _JITTER))
    # Symmetric, so that its transpose is what LAPACK takes without a copy.
    L, failed = dpotrf(K.T, lower=1, overwrite_a=1)
    if failed:
        return np.inf, np.zeros_like(theta)
    log_determinant = np.log(np.diag(L)).sum()
    alpha = dpotrs(L, z, lower=1)[0]
    from_prior = (theta - priors[:, 0]) / priors[:, 1]
    loss = 0.5 * z @ alpha + log_determinant + 0.5 * from_prior @ from_prior
    # The lower half of K⁻¹ - ααᵀ; the upper one is L's, zero. Its transpose lies in memory as k and e do.
    M = dsyr(-1.0, alpha, lower=1, a=dlauum(_inverse(L), lower=1, overwrite_c=1)[0], overwrite_a=1).T
    of_noise = np.trace(M)
    # Σ W (a - b)² over all pairs, a column at a time: Σ w a² - 2·aᵀWa with w the sums of W's rows and columns.
    W = e
    W *= M
    by_column = (W.sum(axis=0) + W.sum(axis=1)) @ (scaled * scaled) - 2.0 * np.einsum("ij,ij->j", scaled, W @ scaled)
    M *= k
    of_signal = M.sum() - 0.5 * of_noise
    gradient = np.concatenate(
        [
            3.0 * signal * np.bincount(groups, weights=by_column, minlength=g),
            [signal * of_signal, 0.5 * noise * of_noise],
        ]
    )
    return float(loss), gradient + from_prior / priors[:, 1]


def _inverse(L: Array) -> Array:
    """Returns the inverse of a lower triangular matrix, whose place it takes.

    By halves: LAPACK's routine has most of a large one done by slow solves instead of by matrix products.
    """
    from scipy.linalg.lapack import dtrtri

    n = len(L)
    if n <= _SMALL:
        return np.asarray(dtrtri(L, lower=1, overwrite_c=1)[0])
    h = n // 2
    L[:h, :h], L[h:, h:] = _inverse(L[:h, :h]), _inverse(L[h:, h:])
    L[h:, :h] = L[h:, h:] @ (-L[h:, :h] @ L[:h, :h])
    return L


def left_out_density(kernel: NoisyMatern, rows: Array, z: Array) -> float:
    """Returns how likely every cost is to who knows all others, as a mean logarithm, in the unit of z.

    In closed form (Rasmussen & Williams 2006, section 5.4.2).
    """
    from scipy.linalg.lapack import dpotrf, dpotrs

    target, unit = _standardised(z), float(z.std()) or 1.0
    L, failed = dpotrf(kernel(rows).T, lower=1, overwrite_a=1)
    if failed:
        return -np.inf
    alpha = dpotrs(L, target, lower=1)[0]
    L = _inverse(L)
    variance = 1.0 / np.einsum("ij,ij->j", L, L)
    errors = alpha * variance
    return float(-0.5 * np.mean(np.log(2.0 * np.pi * variance) + errors**2 / variance) - np.log(unit))
