"""Constants of many formulas at once: variable projection and Levenberg-Marquardt, batched.

The coefficients are linear; for given parameters theta they follow by least squares, so that only theta is searched
(Golub & Pereyra, 1973, with Kaufman's (1975) simplification of the Jacobian).

Notation:
    B: problems of one shape in a batch; m: columns of a problem; p: parameters of a problem; n: points.
    A: values of all atoms of all problems, shape (N + 2, n), the last rows ones and zeros; dA: their derivatives, shape
        (P + 1, n), the last row zeros.
    Q: orthonormal basis of the weighted, centred columns, shape (B, m, n).
    r: weighted residual, shape (B, n), where the weighted, centred target has unit length; sse = |r|^2 = 1 - R^2.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np

from deepcave_symbolic.engines.exhaustive.atoms import Points
from deepcave_symbolic.engines.exhaustive.grammar import Grammar, Term, columns_of
from deepcave_symbolic.numeric.arrays import Array, Index, Mask

__all__ = ["Fit", "Problem", "Target", "fit"]

#: Of so many points or fewer a call of NumPy takes longer than what it computes.
_FEW_POINTS = 60
_DEPENDENT = 1e-9  # a column this close to the span of the others, relative to its own size, is left out


@dataclass(frozen=True)
class Target:
    """What is fitted: weights of shape (n,) that sum to one, and the target centred and of unit weighted length."""

    weights: Array
    y: Array


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
class Fit:
    """A fitted problem: intercept, coefficients of shape (m,) and sse = 1 - R^2."""

    problem: Problem
    intercept: float
    coefficients: Array
    sse: float


@dataclass(frozen=True)
class _Shape:
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


class _Layout:
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
    ) -> list[_Shape]:
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

    def _shape(self, problems: list[Problem], rows: list[tuple[int, list[list[int]], list[list[int]]]]) -> _Shape:
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
        return _Shape(
            members, columns[..., 0], columns[..., 1], parameters[..., 0], parameters[..., 1:3], parameters[..., 3:5],
            free, bool(np.any(columns[..., 1] != ones)), [len(row[1]) for row in rows],
        )  # fmt: skip


@dataclass
class _State:
    """One evaluation of a shape: normal equations of the step and what the fit is, one row per problem."""

    hessian: Array
    gradient: Array
    coefficients: Array
    sse: Array

    def take(self, other: _State, where: Mask) -> None:
        for name in ("hessian", "gradient", "coefficients", "sse"):
            getattr(self, name)[where] = getattr(other, name)[where]


def _atoms(layout: _Layout, points: Points, theta: Array) -> tuple[Array, Array]:
    n = points.u.shape[1]
    values, slopes = np.ones((layout.n_atoms + 2, n)), np.zeros((layout.n_rows + 1, n))
    values[-1] = 0.0
    for index, start, stop, first, last in layout.families:
        factor, count = layout.table.factors[index], stop - start
        value, derivatives = factor.evaluate(points, theta[first:last].reshape(factor.n_params, count))
        values[start:stop] = value
        for q, derivative in enumerate(derivatives):
            slopes[first + q * count : first + (q + 1) * count] = derivative
    return values, slopes


def _basis(columns: Array) -> tuple[Array, Array]:
    """Orthonormalises columns in place by modified Gram-Schmidt and returns them with the triangle R, (B, m, m)."""
    B, m, _ = columns.shape
    triangle = np.zeros((B, m, m))
    sizes = np.sqrt(np.einsum("bmn,bmn->bm", columns, columns))
    for j in range(m):
        for k in range(j):
            overlap = np.einsum("bn,bn->b", columns[:, k], columns[:, j])
            triangle[:, k, j] = overlap
            columns[:, j] -= overlap[:, None] * columns[:, k]
        length = np.sqrt(np.einsum("bn,bn->b", columns[:, j], columns[:, j]))
        keep = length > _DEPENDENT * sizes[:, j] + 1e-300
        columns[:, j] *= np.where(keep, 1.0 / np.where(keep, length, 1.0), 0.0)[:, None]
        triangle[:, j, j] = np.where(keep, length, np.inf)
    return columns, triangle


def _back_substitute(triangle: Array, right: Array) -> Array:
    m = right.shape[1]
    solution = np.zeros_like(right)
    for j in range(m - 1, -1, -1):
        rest = right[:, j] - np.einsum("bk,bk->b", triangle[:, j, j + 1 :], solution[:, j + 1 :])
        solution[:, j] = rest / triangle[:, j, j]
    return solution


def _evaluate(shape: _Shape, values: Array, slopes: Array, target: Target, root: Array) -> _State:
    columns = values[shape.left]
    if shape.products:
        columns *= values[shape.right]
    columns -= (columns @ target.weights)[..., None]
    columns *= root
    basis, triangle = _basis(columns)
    overlap = basis @ (target.y * root)
    residual = target.y * root - np.einsum("bm,bmn->bn", overlap, basis)
    sse = np.einsum("bn,bn->b", residual, residual)
    sse = np.where(np.isfinite(sse), sse, np.inf)
    coefficients = _back_substitute(triangle, overlap)
    B, p = shape.theta.shape
    if p == 0:
        return _State(np.zeros((B, 0, 0)), np.zeros((B, 0)), coefficients, sse)
    padded = np.concatenate([coefficients, np.zeros((B, 1))], axis=1)
    rows = np.arange(B)[:, None]
    jacobian = slopes[shape.theta]
    if shape.products:
        factor = padded[rows, shape.column[..., 0]][..., None] * values[shape.other[..., 0]]
        factor += padded[rows, shape.column[..., 1]][..., None] * values[shape.other[..., 1]]
        jacobian *= factor
    else:
        jacobian *= padded[rows, shape.column[..., 0]][..., None]
    jacobian -= (jacobian @ target.weights)[..., None]
    jacobian *= root
    jacobian -= (jacobian @ basis.transpose(0, 2, 1)) @ basis
    gradient = np.where(shape.free, np.einsum("bpn,bn->bp", jacobian, residual), 0.0)
    hessian = (jacobian @ jacobian.transpose(0, 2, 1)) * (shape.free[:, :, None] & shape.free[:, None, :])
    return _State(hessian, gradient, coefficients, sse)


def _step(state: _State, damping: Array) -> Array:
    """Returns the damped Gauss-Newton step of every problem, shape (B, p)."""
    p = state.gradient.shape[1]
    diagonal = np.einsum("bpp->bp", state.hessian)
    scale = np.sqrt(np.where(diagonal > 1e-30, diagonal, 1.0))
    scaled = state.hessian / (scale[:, :, None] * scale[:, None, :])
    scaled[:, np.arange(p), np.arange(p)] += damping[:, None] + 1e-10
    right = state.gradient / scale
    bad = ~(np.isfinite(scaled).all(axis=(1, 2)) & np.isfinite(right).all(axis=1))
    scaled[bad], right[bad] = np.eye(p), 0.0
    step: Array = np.linalg.solve(scaled, right[..., None])[..., 0] / scale
    return step


def fit(problems: list[Problem], table: Grammar, points: Points, target: Target, steps: int) -> list[Fit]:
    """Fits every problem from its own start.

    Args:
        problems: What to fit.
        table: The grammar that their terms point into.
        points: The n points.
        target: Weights and target of shape (n,).
        steps: Levenberg-Marquardt steps.

    Returns:
        One fit per problem, in order; sse is infinite where a problem could not be evaluated.
    """
    layout = _Layout(problems, table, points)
    theta = np.zeros(layout.n_rows + 1)
    for shape in layout.shapes:
        for k, member in enumerate(shape.members):
            own = problems[member].theta
            theta[shape.theta[k, : len(own)]] = own
    layout.confine(theta)
    root = np.sqrt(target.weights)
    with np.errstate(all="ignore"):
        values, slopes = _atoms(layout, points, theta)
        states = [_evaluate(shape, values, slopes, target, root) for shape in layout.shapes]
        damping = [np.full(len(shape.members), 1e-2) for shape in layout.shapes]
        for _ in range(steps):
            trial = theta.copy()
            for shape, state, lam in zip(layout.shapes, states, damping, strict=True):
                if shape.theta.shape[1]:
                    trial[shape.theta] += _step(state, lam)
            layout.confine(trial)
            values, slopes = _atoms(layout, points, trial)
            for shape, state, lam in zip(layout.shapes, states, damping, strict=True):
                if not shape.theta.shape[1]:
                    continue
                new = _evaluate(shape, values, slopes, target, root)
                better = new.sse < state.sse
                state.take(new, better)
                theta[shape.theta[better]] = trial[shape.theta[better]]
                lam *= np.where(better, 0.25, 6.0)
                np.clip(lam, 1e-9, 1e9, out=lam)
        values, _ = _atoms(layout, points, theta)
        return _results(problems, layout, states, values, theta, target)


def _results(
    problems: list[Problem], layout: _Layout, states: list[_State], values: Array, theta: Array, target: Target
) -> list[Fit]:
    fits: dict[int, Fit] = {}
    for shape, state in zip(layout.shapes, states, strict=True):
        means = (values[shape.left] * values[shape.right]) @ target.weights
        intercepts = -np.einsum("bm,bm->b", means, state.coefficients)
        for k, member in enumerate(shape.members):
            problem = problems[member]
            problem = replace(problem, theta=theta[shape.theta[k, : len(problem.theta)]])
            coefficients = state.coefficients[k, : shape.sizes[k]]
            fits[int(member)] = Fit(problem, float(intercepts[k]), coefficients, float(state.sse[k]))
    return [fits[number] for number in range(len(problems))]
