"""Fits a ridge beside main effects by variable projection: of what is searched, only the slopes are not linear.

For given slopes all other coefficients are a least-squares problem; the slopes follow by damped Gauss-Newton steps on
what that leaves (Golub & Pereyra 2003, "Separable nonlinear least squares: the variable projection method and its
applications", with Kaufman's simplification). The modulation is linear once φ is known, so both are found in turns.

Notation: see the package; besides
    A: main effects, the constant included, shape (n, p); Q: orthonormal columns of the same span.
    B: the spline's columns at s, shape (n, k); K: its knots.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from deepcave_symbolic.numeric.arrays import Array

__all__ = ["Data", "Profile", "Ridge", "fit_ridge", "fit_unmoved", "refit_ridge"]

#: Knots of the profile, and how far they go beyond the target's domain, as a share of it.
_KNOTS, _MARGIN = 6, 0.1
#: By how much of the target's domain the valley is taken to move over that of another one, as a standard deviation.
_MOVED = 0.3
_STEPS, _HALVINGS, _DAMPING = 25, 6, 1e-3
#: Relative gain of the sum of squares below which a step is the last.
_ENOUGH = 1e-5
#: Smallest singular value that counts, relative to the largest.
_SINGULAR = 1e-8
#: Turns in which φ and the modulation are found.
_TURNS = 3
#: No valley moves by more than this many decades a decade; where a search starts.
_STEEPEST = 3.0


@dataclass(frozen=True)
class Data:
    """What a ridge is fitted to.

    Args:
        target: u_t, shape (n,).
        others: u_j, one column each, shape (n, q).
        main: A, in whose span are the constant and the u_j, shape (n, p).
        z: Costs on a scale.
        domain: Ends of the target's domain, in u.
    """

    target: Array
    others: Array
    main: Array
    z: Array
    domain: tuple[float, float]

    def rows(self, index: npt.NDArray[np.intp]) -> Data:
        """Returns some of the rows, which may repeat."""
        kept = (self.target[index], self.others[index], self.main[index], self.z[index])
        return Data(*kept, self.domain)

    def s(self, slopes: Array) -> Array:
        """Returns s for slopes."""
        return np.asarray(self.target + self.others @ slopes)

    @cached_property
    def knots(self) -> Array:
        """K, evenly over the target's domain and a little more: the spline is straight beyond its ends."""
        (low, high), margin = self.domain, _MARGIN * (self.domain[1] - self.domain[0])
        return np.asarray(np.linspace(low - margin, high + margin, _KNOTS), dtype=np.float64)

    @cached_property
    def stiffness(self) -> Array:
        """What keeps slopes small, as a square each, shape (q,): a prior for valleys that stay within the domain."""
        widths = np.ptp(self.others, axis=0) / (self.domain[1] - self.domain[0])
        return np.asarray(_solved(self, np.zeros(len(widths)), None).rss / len(self.z) * (widths / _MOVED) ** 2)

    @cached_property
    def _basis(self) -> Array:
        left, sizes, _ = np.linalg.svd(self.main, full_matrices=False)
        return np.asarray(left[:, sizes > _SINGULAR * sizes[0]])

    @property
    def coefficients(self) -> int:
        """How many coefficients a fit has, the slopes included."""
        return self._basis.shape[1] + _KNOTS - 1 + 2 * self.others.shape[1]

    def cleared(self, columns: Array) -> Array:
        """Returns columns, shape (n, k), or values, shape (n,), less what main effects explain of them."""
        return np.asarray(columns - self._basis @ (self._basis.T @ columns))

    @cached_property
    def cleared_z(self) -> Array:
        """Costs less what main effects explain of them."""
        return self.cleared(self.z)


@dataclass(frozen=True)
class Profile:
    """φ, up to a constant.

    Args:
        knots: K.
        coefficients: One for every column of B.
    """

    knots: Array
    coefficients: Array

    def __call__(self, s: Array) -> Array:
        """Returns φ(s)."""
        return np.asarray(_spline(s, self.knots)[0] @ self.coefficients)


@dataclass(frozen=True)
class Ridge:
    """A fitted ridge.

    Args:
        slopes: w.
        profile: φ.
        modulation: m, shape (q,); zeros in the first turn.
        known: What the modulation multiplies, φ of the turn before.
        rss: Sum of the squares that it leaves.
    """

    slopes: Array
    profile: Profile
    modulation: Array
    known: Profile
    rss: float

    def fitted(self, data: Data, other: Data | None = None) -> tuple[Array, Array]:
        """Returns what the valley and what the main effects make of the costs of data, or of other data: (n,) each."""
        main, *_ = np.linalg.lstsq(data.main, data.z - self._valley(data), rcond=None)
        other = data if other is None else other
        return self._valley(other), np.asarray(other.main @ main)

    def _valley(self, data: Data) -> Array:
        s = data.s(self.slopes)
        return np.asarray(self.profile(s) + (data.others @ self.modulation) * self.known(s))


def _spline(s: Array, knots: Array) -> tuple[Array, Array]:
    """Returns the columns of a natural cubic spline without its constant, and their derivatives, each of shape (n, k).

    Hastie, Tibshirani & Friedman 2009, "The Elements of Statistical Learning", section 5.2.1; beyond the knots it is
    straight. Distances are in units of all knots together.
    """
    unit = knots[-1] - knots[0]
    x, at = (s - knots[0]) / unit, (knots - knots[0]) / unit
    beyond = np.maximum(x[:, None] - at, 0.0)
    gaps = at[-1] - at[:-1]
    squares = beyond**2
    cubes = squares * beyond
    bends = (cubes[:, :-1] - cubes[:, -1:]) / gaps
    slopes = 3.0 * (squares[:, :-1] - squares[:, -1:]) / gaps
    columns = np.column_stack([x, bends[:, :-1] - bends[:, -1:]])
    return columns, np.column_stack([np.ones_like(x), slopes[:, :-1] - slopes[:, -1:]]) / unit


@dataclass(frozen=True)
class _Point:
    """The best linear coefficients for given slopes, what they leave, and how that follows the slopes."""

    slopes: Array
    coefficients: Array
    residuals: Array
    jacobian: Array

    @cached_property
    def rss(self) -> float:
        return float(self.residuals @ self.residuals)


def _solved(data: Data, slopes: Array, known: Profile | None) -> _Point:
    """Returns the point at the slopes; with a profile known, the modulation is fitted, too."""
    columns, steepness = _spline(data.s(slopes), data.knots)
    if known is not None:
        # What u_j·φ(s*) would subtract is among the main effects.
        columns = np.column_stack([columns, data.others * (columns @ known.coefficients)[:, None]])
        steepness = np.column_stack([steepness, data.others * (steepness @ known.coefficients)[:, None]])
    left, sizes, right = np.linalg.svd(data.cleared(columns), full_matrices=False)
    kept = sizes > _SINGULAR * sizes[0]
    left, sizes, right = left[:, kept], sizes[kept], right[kept]
    along = left.T @ data.cleared_z
    found = right.T @ (along / sizes)
    moved = data.cleared((steepness @ found)[:, None] * data.others)
    return _Point(slopes, found, data.cleared_z - left @ along, moved - left @ (left.T @ moved))


def _descended(data: Data, start: Array, known: Profile | None) -> _Point:
    """Returns the point that Gauss-Newton steps reach from the start."""
    at, damping = _solved(data, start, known), _DAMPING
    for _ in range(_STEPS if len(start) else 0):
        normal = at.jacobian.T @ at.jacobian + np.diag(data.stiffness)
        pull = at.jacobian.T @ at.residuals - data.stiffness * at.slopes
        size = float(np.max(np.diag(normal)))
        if size <= 0.0:
            return at
        for _ in range(_HALVINGS):
            diagonal = np.diag(damping * np.diag(normal) + _SINGULAR * size)
            new = _solved(data, at.slopes + np.linalg.solve(normal + diagonal, pull), known)
            gain = _loss(data, at) - _loss(data, new)
            if gain > 0.0:
                break
            damping *= 8.0
        else:
            return at
        at, damping = new, damping / 4.0
        if gain <= _ENOUGH * _loss(data, at):
            break
    return at


def _loss(data: Data, at: _Point) -> float:
    return at.rss + float(data.stiffness @ at.slopes**2)


def fit_ridge(data: Data) -> Ridge:
    """Returns the ridge that leaves the smallest sum of squares."""
    q = data.others.shape[1]
    starts = [np.zeros(q), _of_a_parabola(data)] if q else [np.empty(0)]
    at = min((_descended(data, start, None) for start in starts), key=lambda point: _loss(data, point))
    found = _ridge(data, at, None)
    for _ in range(_TURNS if q else 0):
        found = refit_ridge(data, found)
    return found


def refit_ridge(data: Data, near: Ridge) -> Ridge:
    """Returns the ridge of other data that a descent from a similar one reaches, modulated by that one's profile."""
    return _ridge(data, _descended(data, near.slopes, near.profile), near.profile)


def fit_unmoved(data: Data) -> Ridge:
    """Returns the ridge whose valley does not move, but may be deeper where others are larger."""
    still = np.zeros(data.others.shape[1])
    found = _ridge(data, _solved(data, still, None), None)
    for _ in range(_TURNS):
        found = _ridge(data, _solved(data, still, found.profile), found.profile)
    return found


def _ridge(data: Data, at: _Point, known: Profile | None) -> Ridge:
    k = len(data.knots) - 1
    profile = Profile(data.knots, at.coefficients[:k])
    modulation = np.zeros(len(at.slopes)) if known is None else at.coefficients[k:]
    return Ridge(at.slopes, profile, modulation, profile if known is None else known, at.rss)


def _of_a_parabola(data: Data) -> Array:
    """Returns the slopes of a parabola's valley, which need no search: of a·u_t² + Σ b_j·u_j·u_t they are b_j / 2a."""
    u = data.target - float(np.mean(data.target))
    columns = data.cleared(np.column_stack([u**2, u[:, None] * data.others, u]))
    found = np.linalg.lstsq(columns, data.cleared_z, rcond=_SINGULAR)[0]
    bend = 2.0 * found[0] or 1.0
    return np.asarray(np.clip(found[1:-1] / bend, -_STEEPEST, _STEEPEST))
