"""Solves for the linear constants of all parts, as a sum or as a sum inside a saturation.

Inside a saturation they are those of the model that is tangent at the sum before: a step of Gauss-Newton, or of
Fisher's scoring (McCullagh & Nelder 1989, "Generalized Linear Models", section 2.5).

Notation: see the package; besides
    B: columns of all parts, mean zero, shape (n, m); c: their coefficients, shape (m,).
    z = z_0 + B·c: the sum; g: the saturation, z itself without one; r = y - g(z).
    w = g'(z): its slopes, shape (n,), 1 without one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.whole_run.saturation import Saturation

__all__ = ["Inside", "Solved", "solve", "solve_near", "with_best_ends"]

#: Added to the diagonal of the columns' Gram matrix, relative to it: choices' columns sum to zero.
_RIDGE = 1e-8
#: Tangents are followed until one lowers the sum of squares by less, relative to it, or for so many.
_SETTLED, _TANGENTS = 1e-3, 8
#: Of the way to the best of a tangent, the least that is tried.
_SHORTEST = 0.01


@dataclass(frozen=True)
class Inside:
    """A sum inside a saturation.

    Args:
        saturation: g.
        z: The sum.
    """

    saturation: Saturation
    z: Array

    @cached_property
    def values(self) -> Array:
        """The values g(z)."""
        return self.saturation.values(self.z)

    @cached_property
    def slopes(self) -> Array:
        """The slopes w."""
        return self.saturation.slopes(self.z)

    def mean(self, values: Array) -> Array:
        """Returns the change of z_0 that gives most of values (n,) or (n, k)."""
        return np.asarray((self.slopes @ values) / max(float(self.slopes @ self.slopes), 1e-300))

    def orthogonal(self, values: Array) -> Array:
        """Returns what of values (n, k) no change of z_0 gives."""
        return np.asarray(values - self.slopes[:, None] * self.mean(values))


@dataclass(frozen=True)
class Solved:
    """The best coefficients for given columns.

    Args:
        own: B.
        coefficients: c.
        residual: r.
        rss: The sum of its squares.
        inside: The saturation with z; None without one.
    """

    own: Array
    coefficients: Array
    residual: Array
    rss: float
    inside: Inside | None = None

    @cached_property
    def columns(self) -> Array:
        """How the coefficients change what the formula gives, without what a change of the level gives."""
        return self.own if self.inside is None else self.inside.orthogonal(self.sloped(self.own))

    @cached_property
    def _inverse(self) -> Array:
        """The inverse of the Gram matrix of the columns."""
        return _inverse(self.columns)

    def sloped(self, columns: Array) -> Array:
        """Returns how columns (n,) or (n, k) of the sum change what the formula gives, w·columns."""
        if self.inside is None:
            return columns
        return np.asarray((self.inside.slopes * columns.T).T)

    def spanned(self) -> Array:
        """Returns orthonormal columns that span what level and coefficients change."""
        level = np.ones(len(self.residual)) if self.inside is None else self.inside.slopes
        return np.linalg.qr(np.column_stack([level, self.columns]))[0]

    def orthogonal(self, columns: Array) -> Array:
        """Returns what of columns (n, k) of the sum no change of level and coefficients gives."""
        if self.inside is not None:
            columns = self.inside.orthogonal(self.sloped(columns))
        return np.asarray(columns - self.columns @ (self._inverse @ (self.columns.T @ columns)))


def solve(columns: Array, y: Array, saturation: Saturation | None = None) -> Solved:
    """Returns the coefficients that make the sum of squares least.

    Args:
        columns: B, mean zero.
        y: Targets, mean zero without a saturation.
        saturation: g; None without one.
    """
    if saturation is None:
        return _plain(columns, y)
    level = saturation.inverse(float(np.mean(y)))
    solved = _at(columns, y, Inside(saturation, np.full(len(y), level)), np.zeros(columns.shape[1]))
    for _ in range(_TANGENTS):
        before, solved = solved, _toward_tangent(columns, y, solved)
        if solved.rss >= (1.0 - _SETTLED) * before.rss:
            break
    return solved


def solve_near(columns: Array, y: Array, before: Solved) -> Solved:
    """Returns the best coefficients for columns that differ little from those before; one tangent inside a saturation.

    Args:
        columns: B, mean zero.
        y: Targets, as before.
        before: The coefficients before.
    """
    return _plain(columns, y) if before.inside is None else _tangent(columns, y, before.inside)


def with_best_ends(solved: Solved, y: Array, farthest: float) -> Saturation:
    """Returns the ends that are best together with level and coefficients, by steps of Gauss-Newton.

    Args:
        solved: Level and coefficients inside a saturation.
        y: Targets.
        farthest: Largest half.
    """
    assert solved.inside is not None
    best, rss = solved.inside, solved.rss
    for _ in range(_TANGENTS):
        step = np.tanh(best.z)
        design = np.column_stack([np.ones(len(y)), step, best.slopes, best.slopes[:, None] * solved.own])
        moved = np.linalg.lstsq(design, y - best.values, rcond=1e-9)[0]
        half = best.saturation.half + float(moved[1])
        if not 0.0 < half <= farthest:
            break
        ends = Saturation(best.saturation.middle + float(moved[0]), half)
        tried = Inside(ends, best.z + moved[2] + solved.own @ moved[3:])
        before, rss = rss, min(rss, float(np.sum((y - tried.values) ** 2)))
        if rss == before:
            break
        best = tried
        if rss >= (1.0 - _SETTLED) * before:
            break
    return best.saturation


def _plain(columns: Array, y: Array) -> Solved:
    coefficients = _least_squares(columns, y)
    residual = y - columns @ coefficients
    return Solved(columns, coefficients, residual, float(residual @ residual))


def _least_squares(columns: Array, y: Array) -> Array:
    if columns.shape[1] == 0:
        return np.empty(0)
    return np.asarray(_inverse(columns) @ (columns.T @ y))


def _inverse(columns: Array) -> Array:
    """Returns the inverse of the Gram matrix."""
    gram = columns.T @ columns
    sizes = np.sqrt(np.maximum(np.diag(gram), 1e-300))
    scaled = gram / np.outer(sizes, sizes)
    scaled[np.diag_indices_from(scaled)] += _RIDGE
    return np.asarray(np.linalg.inv(scaled) / np.outer(sizes, sizes))


def _tangent(columns: Array, y: Array, inside: Inside) -> Solved:
    """Returns the coefficients that are best for the tangent of the saturation at a sum."""
    aim = inside.slopes * inside.z + y - inside.values
    sloped = inside.orthogonal(inside.slopes[:, None] * columns)
    coefficients = _least_squares(sloped, aim - inside.slopes * inside.mean(aim))
    change = columns @ coefficients
    z = change + float(inside.mean(aim - inside.slopes * change))
    return _at(columns, y, Inside(inside.saturation, z), coefficients)


def _at(columns: Array, y: Array, inside: Inside, coefficients: Array) -> Solved:
    residual = y - inside.values
    return Solved(columns, coefficients, residual, float(residual @ residual), inside)


def _toward_tangent(columns: Array, y: Array, solved: Solved) -> Solved:
    """Returns the best of the tangent at a solution, or as far toward it as lowers the sum of squares."""
    assert solved.inside is not None
    best = _tangent(columns, y, solved.inside)
    assert best.inside is not None
    share, tried = 1.0, best
    while tried.rss >= solved.rss and share > _SHORTEST:
        share *= 0.3
        z = solved.inside.z + share * (best.inside.z - solved.inside.z)
        coefficients = solved.coefficients + share * (best.coefficients - solved.coefficients)
        tried = _at(columns, y, Inside(best.inside.saturation, z), coefficients)
    return tried if tried.rss < solved.rss else solved
