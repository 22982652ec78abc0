"""Fits the constants of all parts together by variable projection.

The linear constants are solved for at every step (see `solving`), so that only the non-linear ones are searched (Golub
& Pereyra 1973, "The Differentiation of Pseudo-Inverses and Nonlinear Least Squares Problems Whose Variables Separate"),
by Levenberg-Marquardt steps with Kaufman's approximation of the Jacobian (1975).

Notation: see the package.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.whole_run.saturation import Saturation
from deepcave_symbolic.whole_run.solving import Solved, solve, solve_near
from deepcave_symbolic.whole_run.terms import Coordinates, Term

__all__ = ["Fitted", "fit"]

_STEP = 1e-5
_DAMPING, _LARGEST_DAMPING = 1e-2, 1e6


@dataclass(frozen=True)
class Fitted:
    """A part with its non-linear constants."""

    term: Term
    theta: Array


def fit(
    parts: Sequence[Fitted],
    coordinates: Coordinates,
    y: Array,
    *,
    steps: int,
    free: Sequence[int] | None = None,
    enough: float = 2e-3,
    saturation: Saturation | None = None,
) -> tuple[list[Fitted], Solved]:
    """Returns the parts with the non-linear constants that fit best, and the coefficients.

    Args:
        parts: The parts with constants to start from.
        coordinates: The configurations.
        y: Targets, mean zero without a saturation.
        steps: At most so many steps.
        free: Which parts' constants may move; None for all.
        enough: A step that lowers the sum of squares by less, relative to it, is the last.
        saturation: What the parts add up inside; None for nothing.
    """
    thetas = [part.theta for part in parts]
    blocks = [part.term.columns(part.theta, coordinates) for part in parts]
    moved = [(p, k) for p in (range(len(parts)) if free is None else free) for k in range(parts[p].term.n_constants)]
    solved = solve(_joined(blocks, len(y)), y, saturation)
    damping = _DAMPING
    ends = np.cumsum([0, *(block.shape[1] for block in blocks)])
    for _ in range(steps if moved else 0):
        slopes = np.empty((len(y), len(moved)))
        for j, (p, k) in enumerate(moved):
            ahead = thetas[p].copy()
            ahead[k] += _STEP
            change = (parts[p].term.columns(ahead, coordinates) - blocks[p]) / _STEP
            slopes[:, j] = change @ solved.coefficients[ends[p] : ends[p + 1]]
        jacobian = solved.orthogonal(slopes)
        hessian, gradient = jacobian.T @ jacobian, jacobian.T @ solved.residual
        better = None
        while better is None and damping < _LARGEST_DAMPING:
            damped = hessian + damping * np.diag(np.diag(hessian) + 1e-12 * (1.0 + np.trace(hessian)))
            step = np.asarray(np.linalg.lstsq(damped, gradient, rcond=None)[0], dtype=np.float64)
            tried = _moved(parts, thetas, moved, step)
            changed = {p for p, _ in moved}
            new = [parts[p].term.columns(tried[p], coordinates) if p in changed else b for p, b in enumerate(blocks)]
            candidate = solve_near(_joined(new, len(y)), y, solved)
            if candidate.rss < solved.rss:
                better = candidate
                damping = max(damping / 5.0, 1e-8)
            else:
                damping *= 8.0
        if better is None:
            break
        thetas, blocks, before, solved = tried, new, solved.rss, better
        if before - solved.rss < enough * before:
            break
    return [Fitted(part.term, theta) for part, theta in zip(parts, thetas, strict=True)], solved


def _joined(blocks: Sequence[Array], n: int) -> Array:
    return np.column_stack(blocks) if blocks else np.empty((n, 0))


def _moved(
    parts: Sequence[Fitted], thetas: Sequence[Array], moved: Sequence[tuple[int, int]], step: Array
) -> list[Array]:
    tried = [theta.copy() for theta in thetas]
    for (p, k), change in zip(moved, step, strict=True):
        low, high = parts[p].term.bounds[k]
        tried[p][k] = min(high, max(low, tried[p][k] + change))
    return tried
