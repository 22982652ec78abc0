"""Kernels of SMAC on rows that stay the same: the same numbers, bit by bit, without what is found anew every time.

While a Gaussian process's hyperparameters are searched for, its kernel is evaluated hundreds of times on the same rows.
Half of that goes to the rows' differences, to which of them are active and to names and bounds of hyperparameters.

Notation:
    X: the rows, shape (n, d).
    theta: logarithms of the hyperparameters that are not fixed, shape (p,).
    K: the covariance, shape (n, n); a single number where it is the same everywhere.
    G: its gradient by theta, shape (n, n, p).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from deepcave_symbolic.numeric.arrays import Array

__all__ = ["QuickKernel"]

#: Fills G for theta and returns K.
_Part = Callable[[Array, Array], Array]

#: Of more rows what it keeps would take a third more memory, and what it saves is a smaller part of the time.
_MOST_ROWS = 200


class QuickKernel:
    """Evaluates a kernel and its gradient as scikit-learn's likelihood does: after `theta` is set, on its own rows.

    Args:
        part: The kernel.
        G: An array for the gradient, which lies in memory as the kernel's own does: sums over it are rounded alike.
    """

    theta: Array

    def __init__(self, part: _Part, G: Array) -> None:
        self._part, self._G = part, G

    @classmethod
    def of(cls, kernel: Any, X: Array, theta: Array) -> QuickKernel | None:
        """Returns the kernel on rows; None where they are many, it is not known, or a single bit differs for theta.

        Args:
            kernel: SMAC's kernel, whose hyperparameters are set to theta.
            X: The rows.
            theta: Where it is tried.
        """
        known = _of(kernel, X) if len(X) <= _MOST_ROWS else None
        if known is None or known[0] != len(theta):
            return None
        kernel.theta = theta
        K, G = kernel(X, eval_gradient=True)
        quick = cls(known[1], np.empty_like(G))
        quick.theta = theta
        same = all(np.array_equal(a, b) for a, b in zip(quick(X, eval_gradient=True), (K, G), strict=True))
        return quick if same else None

    def __call__(self, X: Array, *, eval_gradient: bool) -> tuple[Array, Array]:
        """Returns K and G; the next call overwrites G."""
        return self._part(self.theta, self._G), self._G


def _of(kernel: Any, X: Array) -> tuple[int, _Part] | None:
    """Returns p and how the kernel is evaluated, None where it is none of those known."""
    name = type(kernel).__name__
    if name in _OPERATORS:
        first, second = _of(kernel.k1, X), _of(kernel.k2, X)
        if first is None or second is None:
            return None
        return first[0] + second[0], functools.partial(_OPERATORS[name], first[0], first[1], second[1])
    if name not in _LEAVES or len(kernel.hyperparameters) != 1:
        return None
    if kernel.operate_on is not None:
        X = X[:, kernel.operate_on]
    evaluate = _LEAVES[name](kernel, X, _alike(X) if kernel.has_conditions else None)
    if evaluate is None:
        return None
    (hyperparameter,) = kernel.hyperparameters
    if hyperparameter.fixed:
        fixed = getattr(kernel, hyperparameter.name)
        return 0, lambda theta, G: evaluate(fixed, G)
    if hyperparameter.n_elements > 1:
        return hyperparameter.n_elements, lambda theta, G: evaluate(np.exp(theta), G)
    return 1, lambda theta, G: evaluate(np.exp(theta[0]), G)


def _sum(p: int, first: _Part, second: _Part, theta: Array, G: Array) -> Array:
    return first(theta[:p], G[..., :p]) + second(theta[p:], G[..., p:])


def _product(p: int, first: _Part, second: _Part, theta: Array, G: Array) -> Array:
    left, right = G[..., :p], G[..., p:]
    K1, K2 = first(theta[:p], left), second(theta[p:], right)
    left *= K2[..., np.newaxis]
    right *= K1[..., np.newaxis]
    return K1 * K2


def _alike(X: Array) -> Array:
    """Returns which rows have the same inactive hyperparameters, shape (n, n)."""
    inactive = X <= -1
    return np.asarray(~(inactive[:, np.newaxis] != inactive).any(axis=2))


def _constant(kernel: Any, X: Array, alike: Array | None) -> _Part:
    def evaluate(value: Array, G: Array) -> Array:
        G[...] = value
        return np.asarray(value)

    return evaluate


def _white(kernel: Any, X: Array, alike: Array | None) -> _Part:
    ones = np.eye(len(X))

    def evaluate(noise: Array, G: Array) -> Array:
        K: Array = noise * ones
        G[...] = K[..., np.newaxis]
        return K

    return evaluate


def _matern(kernel: Any, X: Array, alike: Array | None) -> _Part | None:
    if kernel.nu != 2.5:
        return None
    from scipy.spatial.distance import pdist, squareform  # here: whoever trains no such kernel starts without it

    n = len(X)
    squares = (X[:, np.newaxis, :] - X[np.newaxis, :, :]) ** 2
    # The covariances of the pairs, and the 1 of every row with itself; where they belong.
    pairs = np.ones(n * (n - 1) // 2 + 1)
    places = np.full((n, n), len(pairs) - 1)
    above = np.triu_indices(n, 1)
    places[above] = places.T[above] = np.arange(len(pairs) - 1)

    def evaluate(scale: Array, G: Array) -> Array:
        distances = pdist(X / scale)
        r = distances * math.sqrt(5)
        np.multiply(1.0 + r + r**2 / 3.0, np.exp(-r), out=pairs[:-1])
        K: Array = pairs[places]
        if alike is not None:
            K *= alike
        if G.shape[-1]:
            D = squares / (scale**2) if np.ndim(scale) else squareform(distances**2)[:, :, np.newaxis]
            root = np.sqrt(5 * D.sum(-1))
            D *= 5.0 / 3.0
            D *= (root + 1)[..., np.newaxis]
            np.multiply(D, np.exp(-root)[..., np.newaxis], out=G)
        return K

    return evaluate


def _hamming(kernel: Any, X: Array, alike: Array | None) -> _Part:
    differ = X[:, np.newaxis] != X
    counts = differ.astype(np.float64)

    def evaluate(scale: Array, G: Array) -> Array:
        K: Array = np.exp((-1 / (2 * scale**2) * differ).sum(axis=2))
        if alike is not None:
            K *= alike
        if G.shape[-1]:
            several = counts if np.ndim(scale) else counts.sum(axis=2, keepdims=True)
            np.multiply(K[..., np.newaxis] * several, 1 / scale**3, out=G)
        return K

    return evaluate


_OPERATORS = {"SumKernel": _sum, "ProductKernel": _product}
_LEAVES: dict[str, Callable[[Any, Array, Array | None], _Part | None]] = {
    "ConstantKernel": _constant,
    "WhiteKernel": _white,
    "MaternKernel": _matern,
    "HammingKernel": _hamming,
}
