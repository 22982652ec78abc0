"""Which one or two columns of a table a formula may contain, chosen by cross-validation.

A search for formulas over every pair of 30 columns would take minutes. What is compared here is a smooth stand-in for
them: a ridge regression on piecewise linear functions of a column's ranks, which follows any smooth shape, whatever the
column's scale, and takes a millisecond per pair. Nothing is random, and nothing depends on the order of the rows.

Notation:
    X: the table, shape (n, d); y: targets, shape (n,); w: weights, shape (n,).
    rows: the distinct rows of X, with the weighted mean of their targets.
    hat: a piecewise linear function of the rank that is 1 at one knot and 0 at all others.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.process.isolation import one_blas_thread

__all__ = ["choose_columns", "distinct_rows"]

N_FOLDS = 5
#: Distinct rows that are looked at, and columns of which every pair is: the best ones alone.
_MOST_ROWS, _MOST_COLUMNS = 1000, 30
#: Knots of a column by the number of rows: the first that has enough.
_KNOTS = ((200, 5), (50, 4), (0, 3))
#: How strongly coefficients are drawn to zero, in rows, and products of hats, which are many, relative to hats.
_RIDGE, _PRODUCTS = 0.3, 0.5
#: A second column has to lower the squared errors by this many standard errors.
_STANDARD_ERRORS = 2.0
_SEED = 0


@dataclass(frozen=True)
class _Table:
    """Distinct rows, ready for cross-validation.

    Args:
        hats: The hats of every column, each of shape (m, knots).
        y: Targets, shape (m,).
        weights: Weights of mean 1, shape (m,).
        folds: Number of the fold of every row, shape (m,).
    """

    hats: Sequence[Array]
    y: Array
    weights: Array
    folds: npt.NDArray[np.intp]


def distinct_rows(X: Array, y: Array, weights: Array) -> tuple[Array, Array, Array]:
    """Returns the distinct rows of X in their order, the weighted mean of their targets and their total weights.

    Args:
        X: The table, shape (n, d).
        y: Targets, shape (n,).
        weights: Positive weights, shape (n,).
    """
    rows, group = np.unique(X, axis=0, return_inverse=True)
    group = group.reshape(-1)
    total: Array = np.bincount(group, weights=weights).astype(np.float64)
    return rows, np.bincount(group, weights=weights * y) / total, total


def choose_columns(X: Array, y: Array, weights: Array) -> tuple[int, ...]:
    """Returns the one or two columns that predict held-out rows best, in ascending order.

    Every column is cross-validated alone, then every pair of them (of the 30 best where there are more). The best pair
    is chosen over the best single column where its squared errors are smaller by two standard errors.

    Args:
        X: The table, shape (n, d).
        y: Targets, shape (n,).
        weights: Positive weights, shape (n,).
    """
    rows, targets, totals = distinct_rows(X, y, weights)
    varying = [j for j in range(X.shape[1]) if np.ptp(rows[:, j]) > 0] or [0]
    if len(varying) == 1:
        return (varying[0],)
    # The matrices are small; several BLAS threads would wait for one another.
    with one_blas_thread():
        return tuple(varying[j] for j in _best_columns(_table(rows[:, varying], targets, totals)))


def _best_columns(table: _Table) -> tuple[int, ...]:
    columns = range(len(table.hats))
    alone = {(j,): _squared_errors(table, (j,)) for j in columns}
    ranked = sorted(columns, key=lambda j: _loss(table, alone[(j,)], (j,)))
    best = (ranked[0],)
    pairs = itertools.combinations(sorted(ranked[:_MOST_COLUMNS]), 2)
    together = {pair: _squared_errors(table, pair) for pair in pairs}
    pair = min(together, key=lambda p: _loss(table, together[p], p))
    gain = table.weights * (alone[best] - together[pair])
    return pair if gain.mean() > _STANDARD_ERRORS * gain.std() / np.sqrt(len(gain)) else best


def _table(rows: Array, y: Array, weights: Array) -> _Table:
    rng = np.random.default_rng(_SEED)
    if len(rows) > _MOST_ROWS:
        kept = np.sort(rng.choice(len(rows), size=_MOST_ROWS, replace=False))
        rows, y, weights = rows[kept], y[kept], weights[kept]
    # Relative to the largest, so that squares of huge and tiny targets stay numbers.
    y = y - np.average(y, weights=weights)
    folds = np.empty(len(rows), dtype=np.intp)
    folds[rng.permutation(len(rows))] = np.arange(len(rows)) % N_FOLDS
    return _Table(
        hats=[_hats(column) for column in rows.T],
        y=y / (float(np.max(np.abs(y))) or 1.0),
        weights=weights / weights.mean(),
        folds=folds,
    )


def _hats(column: Array) -> Array:
    """Returns the hats of a column at its rows, shape (m, knots)."""
    values, position = np.unique(column, return_inverse=True)
    knots = min(next(k for least, k in _KNOTS if len(column) >= least), len(values))
    rank = position.reshape(-1) / max(1, len(values) - 1)
    return np.asarray(np.clip(1.0 - np.abs(rank[:, None] * (knots - 1) - np.arange(knots)), 0.0, 1.0))


def _squared_errors(table: _Table, columns: tuple[int, ...]) -> Array:
    """Returns the squared error of every row, predicted by a ridge regression that has not seen it, shape (m,)."""
    hats = [table.hats[j] for j in columns]
    if len(hats) == 2:
        products = hats[0][:, :, None] * hats[1][:, None, :]
        hats.append(_PRODUCTS * products.reshape(len(products), -1))
    Z = np.hstack(hats)
    weighted = Z * table.weights[:, None]
    gram, target = weighted.T @ Z, weighted.T @ table.y
    predicted = np.empty_like(table.y)
    for fold in range(N_FOLDS):
        held_out = table.folds == fold
        rest = gram - weighted[held_out].T @ Z[held_out] + _RIDGE * np.eye(Z.shape[1])
        coefficients = np.linalg.solve(rest, target - weighted[held_out].T @ table.y[held_out])
        predicted[held_out] = Z[held_out] @ coefficients
    return np.asarray((table.y - predicted) ** 2)


def _loss(table: _Table, squared_errors: Array, columns: tuple[int, ...]) -> tuple[float, tuple[int, ...]]:
    """Returns what is smallest for the best columns; rounded, so that a rounding error does not decide."""
    return float(f"{np.average(squared_errors, weights=table.weights):.6e}"), columns
