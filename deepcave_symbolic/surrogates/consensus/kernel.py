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
    e = np.exp(-r)
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
    from scipy.linalg.lapack import dpotrf, dpotri

    g = len(theta) - 2
    signal, noise = np.exp(theta[g:])
    scaled = points / np.exp(theta[:g])[groups]
    k, e = _matern(scaled, scaled)
    k[np.diag_indices_from(k)] = 1.0
    K = signal * k
    K[np.diag_indices_from(K)] += noise + _JITTER
    # Symmetric, so that its transpose is what LAPACK takes without a copy.
    L, failed = dpotrf(K.T, lower=1, overwrite_a=1)
    if failed:
        return np.inf, np.zeros_like(theta)
    log_determinant = np.log(np.diag(L)).sum()
    inverse = dpotri(L, lower=1, overwrite_c=1)[0]  # its upper half is L's: zero
    inverse += inverse.T
    inverse[np.diag_indices_from(inverse)] *= 0.5
    alpha = inverse @ z
    from_prior = (theta - priors[:, 0]) / priors[:, 1]
    loss = 0.5 * z @ alpha + log_determinant + 0.5 * from_prior @ from_prior
    M = inverse.T
    M -= np.outer(alpha, alpha)
    of_noise = np.trace(M)
    # Σ W (a - b)² over all pairs, a column at a time: 2·Σ w a² - 2·aᵀWa with w the sums of W's rows.
    W = e
    W *= 3.0 * signal
    W *= M
    by_column = W.sum(axis=1) @ (scaled * scaled) - np.einsum("ij,ij->j", scaled, W @ scaled)
    M *= k
    gradient = np.concatenate(
        [np.bincount(groups, weights=by_column, minlength=g), [0.5 * signal * M.sum(), 0.5 * noise * of_noise]]
    )
    return float(loss), gradient + from_prior / priors[:, 1]


def left_out_density(kernel: NoisyMatern, rows: Array, z: Array) -> float:
    """Returns how likely every cost is to who knows all others, as a mean logarithm, in the unit of z.

    In closed form (Rasmussen & Williams 2006, section 5.4.2).
    """
    target, unit = _standardised(z), float(z.std()) or 1.0
    inverse = np.linalg.inv(kernel(rows))
    variance = 1.0 / np.diag(inverse)
    errors = (inverse @ target) * variance
    return float(-0.5 * np.mean(np.log(2.0 * np.pi * variance) + errors**2 / variance) - np.log(unit))
