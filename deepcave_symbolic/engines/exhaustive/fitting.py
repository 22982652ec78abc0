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

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from deepcave_symbolic.engines.exhaustive.atoms import Points
from deepcave_symbolic.engines.exhaustive.grammar import Grammar
from deepcave_symbolic.engines.exhaustive.problems import Layout, Problem, Shape
from deepcave_symbolic.numeric.arrays import Array, Index, Mask

__all__ = ["Fit", "Target", "fit"]

#: A parameter search ends with a step that takes less than this part of what is left of the error.
_CONVERGED = 1e-6
_DEPENDENT = 1e-9  # a column this close to the span of the others, relative to its own size, is left out


@dataclass(frozen=True)
class Target:
    """What is fitted: weights of shape (n,) that sum to one, and the target centred and of unit weighted length."""

    weights: Array
    y: Array


@dataclass(frozen=True)
class Fit:
    """A fitted problem: intercept, coefficients of shape (m,) and sse = 1 - R^2."""

    problem: Problem
    intercept: float
    coefficients: Array
    sse: float


@dataclass
class _State:
    """One evaluation of a shape: normal equations of the step and what the fit is, one row per problem."""

    hessian: Array
    gradient: Array
    intercept: Array
    coefficients: Array
    sse: Array

    def put(self, other: _State, where: Index, better: Mask) -> None:
        for name in ("hessian", "gradient", "intercept", "coefficients", "sse"):
            getattr(self, name)[where[better]] = getattr(other, name)[better]


@dataclass
class _Batch:
    """The search for the parameters of the problems of one shape.

    Args:
        shape: The shape.
        state: Where the search is.
        damping: Of the next step, shape (B,).
        moving: Positions of the problems that are still searched, shape (b,).
        moved: Their shape.
    """

    shape: Shape
    state: _State
    damping: Array
    moving: Index
    moved: Shape

    @classmethod
    def start(cls, shape: Shape, state: _State) -> _Batch:
        n, p = shape.theta.shape
        moving = np.arange(n if p else 0)
        return cls(shape, state, np.full(n, 1e-2), moving, shape.of(moving))

    def propose(self, trial: Array) -> None:
        """Adds a step to the parameters."""
        hessian, gradient = self.state.hessian[self.moving], self.state.gradient[self.moving]
        trial[self.moved.theta] += _step(hessian, gradient, self.damping[self.moving])

    def judge(self, new: _State, theta: Array, trial: Array) -> None:
        """Takes the steps that are better than where the search was, and leaves what has converged."""
        old = self.state.sse[self.moving]
        better = new.sse < old
        converged = better & (old - new.sse < _CONVERGED * old)
        self.state.put(new, self.moving, better)
        theta[self.moved.theta[better]] = trial[self.moved.theta[better]]
        damping = self.damping[self.moving] * np.where(better, 0.25, 6.0)
        self.damping[self.moving] = np.clip(damping, 1e-9, 1e9)
        if np.any(converged):
            left = np.flatnonzero(~converged)
            self.moving, self.moved = self.moving[left], self.moved.of(left)


@dataclass(frozen=True)
class _Atoms:
    """The arrays A and dA, which every step writes anew where it reads them."""

    layout: Layout
    points: Points
    values: Array
    slopes: Array

    @classmethod
    def of(cls, layout: Layout, points: Points) -> _Atoms:
        n = points.u.shape[1]
        values, slopes = np.ones((layout.n_atoms + 2, n)), np.zeros((layout.n_rows + 1, n))
        values[-1] = 0.0
        return cls(layout, points, values, slopes)

    def evaluate(self, theta: Array, shapes: Iterable[Shape]) -> None:
        """Evaluates the atoms of some problems."""
        needed = np.zeros(len(self.values), dtype=bool)
        for shape in shapes:
            needed[shape.left] = True
            needed[shape.right] = True
        for index, start, stop, first, last in self.layout.families:
            factor, count = self.layout.table.factors[index], stop - start
            some = np.flatnonzero(needed[start:stop])
            if not len(some):
                continue
            parameters = theta[first:last].reshape(factor.n_params, count)
            value, derivatives = factor.evaluate(self.points, parameters[:, some])
            self.values[start + some] = value
            for q, derivative in enumerate(derivatives):
                self.slopes[first + q * count + some] = derivative


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


def _evaluate(shape: Shape, atoms: _Atoms, target: Target, root: Array) -> _State:
    values, slopes = atoms.values, atoms.slopes
    columns = values[shape.left]
    if shape.products:
        columns *= values[shape.right]
    means = columns @ target.weights
    columns -= means[..., None]
    columns *= root
    basis, triangle = _basis(columns)
    overlap = basis @ (target.y * root)
    residual = target.y * root - np.einsum("bm,bmn->bn", overlap, basis)
    sse = np.einsum("bn,bn->b", residual, residual)
    sse = np.where(np.isfinite(sse), sse, np.inf)
    coefficients = _back_substitute(triangle, overlap)
    intercept = -np.einsum("bm,bm->b", means, coefficients)
    B, p = shape.theta.shape
    if p == 0:
        return _State(np.zeros((B, 0, 0)), np.zeros((B, 0)), intercept, coefficients, sse)
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
    return _State(hessian, gradient, intercept, coefficients, sse)


def _step(hessian: Array, gradient: Array, damping: Array) -> Array:
    """Returns the damped Gauss-Newton step of every problem, shape (B, p)."""
    p = gradient.shape[1]
    diagonal = np.einsum("bpp->bp", hessian)
    scale = np.sqrt(np.where(diagonal > 1e-30, diagonal, 1.0))
    scaled = hessian / (scale[:, :, None] * scale[:, None, :])
    scaled[:, np.arange(p), np.arange(p)] += damping[:, None] + 1e-10
    right = gradient / scale
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
    layout = Layout(problems, table, points)
    theta = np.zeros(layout.n_rows + 1)
    for shape in layout.shapes:
        for k, member in enumerate(shape.members):
            own = problems[member].theta
            theta[shape.theta[k, : len(own)]] = own
    layout.confine(theta)
    root = np.sqrt(target.weights)
    with np.errstate(all="ignore"):
        atoms = _Atoms.of(layout, points)
        atoms.evaluate(theta, layout.shapes)
        batches = [_Batch.start(each, _evaluate(each, atoms, target, root)) for each in layout.shapes]
        for _ in range(steps):
            searched = [batch for batch in batches if len(batch.moving)]
            if not searched:
                break
            trial = theta.copy()
            for batch in searched:
                batch.propose(trial)
            layout.confine(trial)
            atoms.evaluate(trial, (batch.moved for batch in searched))
            for batch in searched:
                batch.judge(_evaluate(batch.moved, atoms, target, root), theta, trial)
    return _results(problems, batches, theta)


def _results(problems: list[Problem], batches: list[_Batch], theta: Array) -> list[Fit]:
    fits: dict[int, Fit] = {}
    for batch in batches:
        shape, state = batch.shape, batch.state
        for k, member in enumerate(shape.members):
            problem = problems[member]
            problem = replace(problem, theta=theta[shape.theta[k, : len(problem.theta)]])
            coefficients = state.coefficients[k, : shape.sizes[k]]
            fits[int(member)] = Fit(problem, float(state.intercept[k]), coefficients, float(state.sse[k]))
    return [fits[number] for number in range(len(problems))]
