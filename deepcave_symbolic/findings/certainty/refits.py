"""Fits the constants of a formula to many draws of the curve at once.

Levenberg-Marquardt (Marquardt 1963) from the formula's own constants, the same few steps for all draws side by side.

Notation:
    n: draws; r: points; p: fitted constants.
    θ: positive places, exponents and widths as log(value / start), every other constant in units of its own size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from deepcave_symbolic.formulas.expression import Node, constant, evaluate, substitute, variable
from deepcave_symbolic.formulas.meaning.positions import Position
from deepcave_symbolic.numeric.arrays import Array

__all__ = ["ENDS", "Interval", "Refits", "largest", "refit", "refit_constants"]

#: Quantiles of the draws at which an interval ends: 90 % lie inside.
ENDS = (0.05, 0.95)

Interval = tuple[float, float] | None

#: The largest error, and that where the expression is not defined, in sizes of the largest value drawn.
_FAR = 1e6
_STEPS = 6
_STEP = 1e-5
#: How far a place, an exponent or a width may go: a factor of twenty either way.
_REACH = np.log(20.0)
#: The share of the draws that may reach that without saying anything about the others.
_RARELY = 0.05
_RATIOS = ("place", "exponent", "width")


@dataclass(frozen=True, eq=False)
class Refits:
    """A formula with other constants.

    Args:
        tree: The expression; its fitted constants are the variables behind the k hyperparameters.
        start: The constants as they stand in the formula, shape (p,).
        constants: Their values in every draw, as they stand in the expression, shape (n, p).
        losses: Weighted mean of the squared errors, relative to the square of the largest value drawn, shape (n,).
        unsettled: Which constants went as far as they may in more than 5 % of them, shape (p,).
    """

    tree: Node
    start: Array
    constants: Array
    losses: Array
    unsettled: npt.NDArray[np.bool_]

    @property
    def intervals(self) -> tuple[Interval, ...]:
        """Where 90 % of the draws have each constant, its start within; None where they do not settle it."""
        found: list[Interval] = []
        for j, value in enumerate(self.start):
            low, high = np.quantile(self.constants[:, j], ENDS)
            found.append(None if self.unsettled[j] else (float(min(low, value)), float(max(high, value))))
        return tuple(found)

    def tree_of(self, draw: int, k: int) -> Node:
        """Returns the expression with the constants of one draw.

        Args:
            draw: Its number.
            k: The number of hyperparameters.
        """
        values = self.constants[draw].tolist()
        return substitute(self.tree, {k + j: constant(value) for j, value in enumerate(values)})

    def at(self, columns: Sequence[Array]) -> Array:
        """Returns every draw's values at points, shape (n, r).

        Args:
            columns: Natural units, one array of shape (r,) a hyperparameter.
        """
        return _values(self.tree, columns, self.constants)


def refit(tree: Node, positions: Sequence[Position], columns: Sequence[Array], draws: Array, weights: Array) -> Refits:
    """Returns a formula with the constants that fit each draw best, near those that it has.

    Args:
        tree: The formula, in natural units.
        positions: Its fitted constants.
        columns: The points, natural units, one array of shape (r,) a hyperparameter.
        draws: What to fit, objective units, shape (n, r).
        weights: How much every point counts, shape (r,) or one row a draw.
    """
    opened = tree
    for j, position in enumerate(positions):
        opened = _replaced(opened, position.path, variable(len(columns) + j))
    start = np.array([position.node(tree).value for position in positions])
    ratios = np.array([position.kind in _RATIOS for position in positions], dtype=bool)
    return refit_constants(opened, start, ratios, columns, draws, weights)


def refit_constants(
    tree: Node,
    start: Array,
    ratios: npt.NDArray[np.bool_],
    columns: Sequence[Array],
    draws: Array,
    weights: Array,
) -> Refits:
    """Returns an expression with the constants that fit each draw best, near those that it has.

    Args:
        tree: The expression; its constants are the variables behind the k hyperparameters.
        start: Their values, shape (p,).
        ratios: Which of them are searched on a log scale where they are positive, shape (p,).
        columns: As in `refit`.
        draws: Likewise.
        weights: Likewise.
    """
    ratio = ratios & (start > 0.0)
    # Relative to the largest, so that squares of huge and tiny costs stay numbers.
    scale = largest(draws)
    spread = float(np.std(draws / scale)) or 1.0
    unit = np.where(start != 0.0, np.abs(start), spread * scale)
    root = np.sqrt(np.broadcast_to(weights / np.mean(weights), draws.shape))
    draws = draws / scale * root

    def constants(theta: Array) -> Array:
        limited = np.clip(theta, -_REACH, _REACH)
        return np.where(ratio, start * np.exp(np.where(ratio, limited, 0.0)), start + theta * unit)

    def residuals(theta: Array) -> Array:
        values = _values(tree, columns, constants(theta)) / scale * root - draws
        return np.clip(np.where(np.isnan(values), _FAR, values), -_FAR, _FAR)

    n, m = len(draws), len(start)
    theta: Array = np.zeros((n, m))
    damping: Array = np.full(n, 1e-3)
    errors = residuals(theta)
    losses: Array = np.mean(errors**2, axis=1)
    for _ in range(_STEPS if m else 0):
        jacobian = np.empty((n, m, draws.shape[1]))
        for j in range(m):
            moved = theta.copy()
            moved[:, j] += _STEP
            jacobian[:, j] = (residuals(moved) - errors) / _STEP
        gram = jacobian @ jacobian.transpose(0, 2, 1)
        slope = (jacobian @ errors[:, :, None])[:, :, 0]
        size = np.einsum("njj->nj", gram)
        floor = 1e-12 * np.max(size, axis=1, keepdims=True) + np.finfo(float).tiny
        damped = gram + np.eye(m) * (damping[:, None] * size + floor)[:, None, :]
        tried = theta - np.linalg.solve(damped, slope[:, :, None])[:, :, 0]
        new_errors = residuals(tried)
        new_losses = np.mean(new_errors**2, axis=1)
        better = new_losses < losses
        theta = np.where(better[:, None], tried, theta)
        errors = np.where(better[:, None], new_errors, errors)
        losses = np.where(better, new_losses, losses)
        damping = np.where(better, damping / 10.0, damping * 10.0)
    far = np.mean(np.abs(theta) >= _REACH, axis=0) > _RARELY
    return Refits(tree, start, constants(theta), losses, ratio & far)


def largest(draws: Array) -> float:
    """Returns the size of the largest value, 1 where all are zero."""
    return float(np.max(np.abs(draws), initial=0.0)) or 1.0


def _values(tree: Node, columns: Sequence[Array], constants: Array) -> Array:
    shape = (len(constants), len(columns[0]))
    return evaluate(tree, [*(np.broadcast_to(c, shape) for c in columns), *constants.T[:, :, None]])


def _replaced(node: Node, path: Sequence[int], new: Node) -> Node:
    if not path:
        return new
    args = list(node.args)
    args[path[0]] = _replaced(args[path[0]], path[1:], new)
    return Node(node.op, tuple(args), node.value)
