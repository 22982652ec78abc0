"""The dictionary of screening: every atom at all its starts as a column of numbers, and what columns explain.

Notation:
    M: columns of the dictionary; n: points; values: shape (M, n); columns: the same centred, weighted, of unit length.
    row: index of a column; bounds: where the rows of every factor start, shape (F + 1,).
    gain: the share of the target's variance that is explained, R^2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from deepcave_symbolic.engines.exhaustive.atoms import Points
from deepcave_symbolic.engines.exhaustive.fitting import Target
from deepcave_symbolic.engines.exhaustive.grammar import Grammar, Term
from deepcave_symbolic.engines.exhaustive.problems import Problem
from deepcave_symbolic.numeric.arrays import Array

__all__ = ["CLOSE", "Dictionary", "Screening", "Seed", "best_per_cost", "gain_of_two", "two_best"]


#: 1 - correlation^2 below which two columns count as one.
CLOSE = 1e-7


@dataclass(frozen=True)
class Screening:
    """How much is kept.

    Args:
        max_cost: Longest sum of terms, in nodes.
        keep: Skeletons kept per cost.
        starts: Starts kept per skeleton.
        products: Products that take part in sums.
        extended: Sums that are extended by every term, per length.
    """

    max_cost: int
    keep: int = 45
    starts: int = 3
    products: int = 100
    extended: int = 40


@dataclass(frozen=True)
class Seed:
    """A skeleton with one start.

    Args:
        terms: Its terms.
        rows: For every term the dictionary's rows of its factors.
        cost: Its nodes.
        gain: How much it explains at that start, R^2.
    """

    terms: tuple[Term, ...]
    rows: tuple[tuple[int, ...], ...]
    cost: int
    gain: float


class Dictionary:
    """The columns of every factor at all its starts; see the module's notation.

    Args:
        table: The grammar.
        points: The n points.
        target: Weights and target.
    """

    def __init__(self, table: Grammar, points: Points, target: Target) -> None:
        self.table, self.target = table, target
        values, self.theta, bounds = [], [], [0]
        with np.errstate(all="ignore"):
            for factor in table.factors:
                value, _ = factor.evaluate(points, factor.starts.T)
                values.append(np.broadcast_to(value, (len(factor.starts), points.u.shape[1])))
                self.theta += list(factor.starts)
                bounds.append(bounds[-1] + len(factor.starts))
        self.bounds = np.array(bounds, dtype=np.intp)
        self.values = np.concatenate(values)
        largest = np.max(np.abs(self.values), axis=1, keepdims=True)
        # Products only need directions; numbers of order one keep their moments accurate.
        self.values = np.where(np.isfinite(largest) & (largest > 0), self.values / largest, 0.0)
        self.y = target.y * np.sqrt(target.weights)
        self.columns = self.normalised(self.values)

    def normalised(self, values: Array) -> Array:
        """Returns columns centred, weighted and of unit length; constant ones become zero."""
        weights = self.target.weights
        columns = (values - (values @ weights)[:, None]) * np.sqrt(weights)
        length = np.sqrt(np.einsum("mn,mn->m", columns, columns))
        fine = length > 1e-7 * np.maximum(np.max(np.abs(values), axis=1), 1e-300)
        return np.asarray(columns * np.where(fine, 1.0 / np.where(fine, length, 1.0), 0.0)[:, None])

    def column(self, term: Term, rows: tuple[int, ...]) -> Array:
        """Returns the values of a plain term, shape (n,)."""
        return np.asarray(np.prod(self.values[list(rows)], axis=0))

    def basis(self, seed: Seed) -> Array:
        """Returns the normalised columns of a seed, shape (m, n)."""
        values = []
        for term, rows in zip(seed.terms, seed.rows, strict=True):
            values.append(self.column(term, rows))
            if term.form != "plain":
                values += [self.values[row] for row in (rows if term.form == "full" else rows[1:])]
        return self.normalised(np.array(values))

    def problem(self, seed: Seed) -> Problem:
        """Returns a seed as a problem to fit."""
        theta = [self.theta[row] for rows in seed.rows for row in rows]
        return Problem(seed.terms, np.concatenate(theta) if theta else np.zeros(0))


def gain_of_two(overlap: Array, first: Array, second: Array) -> Array:
    """Returns the gain of two unit columns together, from their overlap with each other and with the target."""
    rest = 1.0 - overlap * overlap
    gain = first * first + second * second - 2.0 * overlap * first * second
    fine = rest > CLOSE
    return np.where(fine, gain / np.where(fine, rest, 1.0), 0.0)


def best_per_cost(gain: Array, cost: npt.NDArray[np.int_], max_cost: int, keep: int) -> list[tuple[int, ...]]:
    """Returns the indices of the best `keep` entries of every cost; entries without gain are left out."""
    # Rounded, so that rounding errors of the target's scale cannot change the order.
    flat, costs = np.round(gain.ravel(), 7), cost.ravel()
    result: list[tuple[int, ...]] = []
    for level in range(1, max_cost + 1):
        where = np.flatnonzero((costs == level) & (flat > 0.0))
        if len(where) > keep:
            least = np.partition(flat[where], len(where) - keep)[len(where) - keep]
            where = where[flat[where] >= least]
            where = where[np.argsort(-flat[where], kind="stable")[:keep]]
        result += zip(*(axis.tolist() for axis in np.unravel_index(where, gain.shape)), strict=True)
    return result


def two_best(block: Array) -> Iterator[tuple[int, int, float]]:
    """Yields row, column and gain of the best pair of starts, and of the best one that shares no start with it."""
    block = block.copy()
    for _ in range(2):
        k, j = (int(index) for index in np.unravel_index(int(np.argmax(block)), block.shape))
        if block[k, j] <= 0.0:
            return
        yield k, j, float(block[k, j])
        block[k, :], block[:, j] = 0.0, 0.0
