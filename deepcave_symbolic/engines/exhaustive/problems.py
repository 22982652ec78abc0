"""Skeletons to fit, and where their atoms and parameters stand in the flat arrays of a fit (see `fitting`)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from deepcave_symbolic.engines.exhaustive.atoms import Points
from deepcave_symbolic.engines.exhaustive.grammar import Grammar, Term, columns_of
from deepcave_symbolic.numeric.arrays import Array, Index, Mask

__all__ = ["Layout", "Problem", "Shape"]

#: Of so many points or fewer a call of NumPy takes longer than what it computes.
_FEW_POINTS = 60


@dataclass(frozen=True)
class Problem:
    """A skeleton with the parameters of its factors, in order, shape (p,).

    Args:
        terms: The terms.
        theta: The parameters.
        fixed: Which of them are not changed.
        saved: The nodes that each of those saves.
    """

    terms: tuple[Term, ...]
    theta: Array
    fixed: tuple[int, ...] = ()
    saved: tuple[int, ...] = ()


@dataclass(frozen=True)
class Shape:
    """The problems with m columns and p parameters, as indices into the flat arrays.

    Args:
        members: Positions of the problems, shape (B,).
        left: First atom of every column, shape (B, m).
        right: Its second atom or the row of ones, shape (B, m).
        theta: Rows of dA, shape (B, p).
        column: The up to two columns that a parameter acts on, shape (B, p, 2); -1 where there is none.
        other: The atom that stands beside it in that column, shape (B, p, 2).
        free: Whether a parameter may change, shape (B, p).
        products: Whether any column is a product.
        sizes: Columns of every problem; the others up to m are zeros, as what its p parameters have in excess.
    """

    members: Index
    left: Index
    right: Index
    theta: Index
    column: Index
    other: Index
    free: Mask
    products: bool
    sizes: list[int]

    def of(self, which: Index) -> Shape:
        """Returns the shape of some of its problems."""
        return Shape(
            self.members[which], self.left[which], self.right[which], self.theta[which], self.column[which],
            self.other[which], self.free[which], self.products, [self.sizes[k] for k in which],
        )  # fmt: skip


class Layout:
    """Where every atom and parameter of a list of problems stands in the flat arrays."""

    def __init__(self, problems: list[Problem], table: Grammar, points: Points) -> None:
        self.table, self.n_points = table, points.u.shape[1]
        uses: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for number, problem in enumerate(problems):
            flat = [index for term in problem.terms for index in term.factors]
            for position, index in enumerate(flat):
                uses[index].append((number, position))
        self.families: list[tuple[int, int, int, int, int]] = []
        atom_of: dict[tuple[int, int], int] = {}
        rows_of: dict[tuple[int, int], list[int]] = {}
        n_atoms = n_rows = 0
        for index, where in uses.items():
            p, count = table.factors[index].n_params, len(where)
            for k, place in enumerate(where):
                atom_of[place] = n_atoms + k
                rows_of[place] = [n_rows + q * count + k for q in range(p)]
            self.families.append((index, n_atoms, n_atoms + count, n_rows, n_rows + p * count))
            n_atoms, n_rows = n_atoms + count, n_rows + p * count
        self.n_atoms, self.n_rows = n_atoms, n_rows
        self.shapes = self._shapes(problems, atom_of, rows_of)
        self.low, self.high = np.zeros(n_rows + 1), np.zeros(n_rows + 1)
        for index, start, stop, first, last in self.families:
            for bounds, limits in zip((self.low, self.high), table.factors[index].limits(points.box), strict=True):
                bounds[first:last] = np.repeat(limits, stop - start)

    def confine(self, theta: Array) -> None:
        """Moves parameters in place to where they may be."""
        np.clip(theta, self.low, self.high, out=theta)

    def _shapes(
        self, problems: list[Problem], atom_of: dict[tuple[int, int], int], rows_of: dict[tuple[int, int], list[int]]
    ) -> list[Shape]:
        ones = self.n_atoms
        groups: dict[tuple[int, int], list[tuple[int, list[list[int]], list[list[int]]]]] = defaultdict(list)
        for number, problem in enumerate(problems):
            columns: list[list[int]] = []
            base = 0
            for term in problem.terms:
                for column in columns_of(term):
                    atoms = [atom_of[number, base + position] for position in column]
                    columns.append(atoms if len(atoms) == 2 else [*atoms, ones])
                base += len(term.factors)
            parameters: list[list[int]] = []
            for position in range(base):
                rows = rows_of[number, position]
                if not rows:
                    continue
                atom = atom_of[number, position]
                acts = [(j, c[1] if c[0] == atom else c[0]) for j, c in enumerate(columns) if atom in c]
                acts += [(-1, ones)] * (2 - len(acts))
                parameters += [[row, acts[0][0], acts[1][0], acts[0][1], acts[1][1]] for row in rows]
            groups[self._group(len(columns), len(parameters))].append((number, columns, parameters))
        return [self._shape(problems, rows) for _, rows in sorted(groups.items())]

    def _group(self, m: int, p: int) -> tuple[int, int]:
        """Returns which problems are computed together: those with as many columns and parameters.

        Of few points all that have parameters are, since calls then take longer than what they compute.
        """
        return (m, p) if self.n_points > _FEW_POINTS else (0, min(p, 1))

    def _shape(self, problems: list[Problem], rows: list[tuple[int, list[list[int]], list[list[int]]]]) -> Shape:
        ones = self.n_atoms
        m, p = max(len(row[1]) for row in rows), max(len(row[2]) for row in rows)
        members = np.array([row[0] for row in rows], dtype=np.intp)
        # What is missing is a column of zeros, and a parameter that nothing depends on.
        columns = np.full((len(rows), m, 2), (ones + 1, ones), dtype=np.intp)
        parameters = np.full((len(rows), p, 5), (self.n_rows, -1, -1, ones, ones), dtype=np.intp)
        free = np.ones((len(rows), p), dtype=bool)
        for k, (number, own_columns, own_parameters) in enumerate(rows):
            columns[k, : len(own_columns)] = own_columns
            parameters[k, : len(own_parameters)] = np.reshape(own_parameters, (-1, 5))
            free[k, list(problems[number].fixed)] = False
        return Shape(
            members, columns[..., 0], columns[..., 1], parameters[..., 0], parameters[..., 1:3], parameters[..., 3:5],
            free, bool(np.any(columns[..., 1] != ones)), [len(row[1]) for row in rows],
        )  # fmt: skip
