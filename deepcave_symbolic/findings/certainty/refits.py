"""Fits the constants of a formula to many draws of the curve at once.

Levenberg-Marquardt (Marquardt 1963) from the formula's own constants, the same few steps for all draws side by side.

Notation:
    n: draws; r: points; p: fitted constants.
    θ: positive places, exponents and widths as log(value / start), every other constant in units of its own size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from deepcave_symbolic.formulas.expression import (
    CASES,
    OPERATORS,
    Node,
    constant,
    evaluate,
    evaluate_every_node,
    substitute,
    variable,
    variables,
)
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

    def residuals(values: Array, root: Array, draws: Array) -> Array:
        off = values / scale * root - draws
        return np.clip(np.where(np.isnan(off), _FAR, off), -_FAR, _FAR)

    n, m = len(draws), len(start)
    theta: Array = np.zeros((n, m))
    damping: Array = np.full(n, 1e-3)
    curves = _Curves(tree, columns, constants(theta))
    errors = residuals(curves.values, root, draws)
    losses: Array = np.mean(errors**2, axis=1)
    are_of_theta = True
    for _ in range(_STEPS if m else 0):
        if not are_of_theta:
            curves = _Curves(tree, columns, constants(theta))
        beside = constants(theta + _STEP)
        jacobian = np.empty((n, m, draws.shape[1]))
        for j in range(m):
            jacobian[:, j] = curves.with_constant(j, beside[:, j])
        np.divide(residuals(jacobian, root[:, None], draws[:, None]) - errors[:, None], _STEP, out=jacobian)
        gram = jacobian @ jacobian.transpose(0, 2, 1)
        slope = (jacobian @ errors[:, :, None])[:, :, 0]
        size = np.einsum("njj->nj", gram)
        floor = 1e-12 * np.max(size, axis=1, keepdims=True) + np.finfo(float).tiny
        damped = gram + np.eye(m) * (damping[:, None] * size + floor)[:, None, :]
        tried = theta - np.linalg.solve(damped, slope[:, :, None])[:, :, 0]
        tried_curves = _Curves(tree, columns, constants(tried))
        new_errors = residuals(tried_curves.values, root, draws)
        new_losses = np.mean(new_errors**2, axis=1)
        better = new_losses < losses
        theta = np.where(better[:, None], tried, theta)
        errors = np.where(better[:, None], new_errors, errors)
        losses = np.where(better, new_losses, losses)
        damping = np.where(better, damping / 10.0, damping * 10.0)
        curves, are_of_theta = tried_curves, bool(better.all())
    far = np.mean(np.abs(theta) >= _REACH, axis=0) > _RARELY
    return Refits(tree, start, constants(theta), losses, ratio & far)


def largest(draws: Array) -> float:
    """Returns the size of the largest value, 1 where all are zero."""
    return float(np.max(np.abs(draws), initial=0.0)) or 1.0


def _values(tree: Node, columns: Sequence[Array], constants: Array) -> Array:
    return evaluate(tree, _with_constants(columns, constants))


def _with_constants(columns: Sequence[Array], constants: Array) -> list[Array]:
    shape = (len(constants), len(columns[0]))
    return [*(np.broadcast_to(c, shape) for c in columns), *constants.T[:, :, None]]


class _Curves:
    """What an expression is with each draw's constants, and what every part of it is.

    Args:
        tree: The expression; its constants are the variables behind the k hyperparameters.
        columns: As in `refit`.
        constants: The constants, shape (n, p).
    """

    def __init__(self, tree: Node, columns: Sequence[Array], constants: Array) -> None:
        self._tree, self._k = tree, len(columns)
        self._columns = _with_constants(columns, constants)
        self._parts = evaluate_every_node(tree, self._columns)
        self.values = np.broadcast_to(self._parts[id(tree)], self._columns[0].shape)

    def with_constant(self, j: int, values: Array) -> Array:
        """Returns the curves with other values of constant j, shape (n,); only what contains it is computed anew."""
        columns = list(self._columns)
        columns[self._k + j] = values[:, None]
        with np.errstate(all="ignore"):
            return np.asarray(self._with(self._tree, self._k + j, columns))

    def _with(self, node: Node, changed: int, columns: Sequence[Array]) -> Any:
        if changed not in variables(node):
            return self._parts[id(node)]
        if node.is_variable:
            return columns[changed]
        if node.op == CASES:
            return evaluate(node, columns)
        return OPERATORS[node.op].evaluate(*(self._with(arg, changed, columns) for arg in node.args))


def _replaced(node: Node, path: Sequence[int], new: Node) -> Node:
    if not path:
        return new
    args = list(node.args)
    args[path[0]] = _replaced(args[path[0]], path[1:], new)
    return Node(node.op, tuple(args), node.value)
