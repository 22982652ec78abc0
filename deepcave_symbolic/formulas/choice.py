"""Chooses the formula that a person would: short, of a shape with a name, and without a claim of its own.

Notation:
    near-equal: as accurate as the most accurate formula for all that the run's trials can tell; see `largest_loss`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from deepcave_symbolic.formulas.expression import evaluate, longest_case, variables
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.formulas.front import front_of
from deepcave_symbolic.formulas.limits import (
    LONGEST_RECOMMENDED,
    MOST_CONSTANTS,
    NO_FORMULA_R2,
    ROUGH_FORMULA_R2,
    SAME_R2,
    gains,
    largest_loss,
)
from deepcave_symbolic.formulas.meaning.positions import fitted, positions
from deepcave_symbolic.formulas.meaning.shapes import OTHER
from deepcave_symbolic.numeric.arrays import Array, columns_of

__all__ = ["Choice", "Doubt", "Shown", "choose", "most_accurate", "simplest", "unseen_loss"]

#: A stretch over which a formula moves by less than this share of its range is flat to the eye.
_FLAT = 0.02
#: Powers with a smaller exponent are about logarithms: over two decades x^0.2 bends by a ninth of what it moves.
_FLATTEST = 0.2
#: The surrogate shows a rise or fall of the formula where it moves by at least this share of it.
_FOLLOWED = 0.25


@dataclass(frozen=True, eq=False)
class Shown:
    """What the surrogate shows, for formulas that claim more than that.

    Args:
        x: Points, natural units, shape (n, k).
        mean: Its mean there, objective units, shape (n,).
        std: Its uncertainty, shape (n,).
        maximize: Whether more is better.
    """

    x: Array
    mean: Array
    std: Array
    maximize: bool = False


@dataclass(frozen=True, eq=False)
class Doubt:
    """How far a forest may be from the landscape, and what the trials themselves say.

    Its steps, and its flat ends, are followed best by long formulas, which say nothing about the landscape.

    Args:
        error: The difference between two formulas that the forest cannot see, as an RMSE in objective units.
        x: Values of the trials that must allow a shorter formula, natural units, shape (t, k); None where the error
            alone decides.
        costs: Their costs less what the forest says of the other hyperparameters, objective units, shape (t,).
    """

    error: float
    x: Array | None = None
    costs: Array | None = None

    def unseen(self, noise: float) -> float:
        """Returns the difference between two formulas that neither trials nor forest can see, as an RMSE."""
        return math.hypot(noise, self.error)

    def allows(self, formula: Formula, other: Formula) -> bool:
        """Returns whether the trials are no farther from a formula than from the other, but for a standard error."""
        if self.x is None or self.costs is None:
            return True
        columns = columns_of(self.x)
        first, second = ((evaluate(f.tree, columns) - self.costs) ** 2 for f in (formula, other))
        return bool(np.mean(first - second) <= np.std(first - second) / math.sqrt(len(self.costs)))


@dataclass(frozen=True)
class Choice:
    """The front and the formula of it that is recommended, by its index."""

    front: tuple[Formula, ...]
    recommended: int


def choose(
    formulas: Sequence[Formula], noise: float = 0.0, shown: Shown | None = None, doubt: Doubt | None = None
) -> Choice:
    """Returns the Pareto front with the recommended formula in the place of its length.

    Among the near-equal formulas of at most 17 nodes and six fitted constants the fewest nodes win, then a shape with a
    name, which a power so flat that it stands for a logarithm has not, then accuracy. One with a turning point or an
    optimum that the surrogate does not show is passed over where another has none. One that varies but explains less
    than half of the variance gives way to what would be near-equal without noise. A shorter one that is near-equal but
    for a forest's own error takes its place.

    Args:
        formulas: All scored formulas; the first is the constant.
        noise: The difference between two formulas that the trials cannot see, as an RMSE; see `trust.noise_of`.
        shown: What the surrogate shows; None where there is none to ask.
        doubt: How far the forest behind them may be off; None for other surrogates.
    """
    front = front_of(formulas)
    eligible = [f for f in formulas if _is_short(f)] or list(front[:1])
    best = min(1.0 - f.r2 for f in eligible)
    eligible.sort(key=lambda f: (f.complexity, f.shape == OTHER or _is_flat_power(f), -f.r2, str(f)))

    def near_equal(noise: float) -> list[Formula]:
        limit = largest_loss(best, unseen_loss(front[0], noise))
        return [f for f in eligible if 1.0 - f.r2 <= limit] or eligible

    def is_honest(formula: Formula) -> bool:
        return shown is None or not _claims_more(formula, shown, noise)

    near = near_equal(noise)
    chosen = next(filter(is_honest, near), near[0])
    if variables(chosen.tree) and chosen.r2 < NO_FORMULA_R2:
        # Where there is something to tell, a formula that does not tell it is no answer, however large the noise.
        chosen = next((f for f in near_equal(0.0) if f.r2 >= NO_FORMULA_R2 and is_honest(f)), chosen)
    if doubt is not None:
        # What does not explain the projection at all is no answer, however unsure the forest is.
        # A shape without a name, such as a parabola that turns outside, has no better claim than the steps.
        explains = [f for f in near_equal(doubt.unseen(noise)) if f.r2 >= NO_FORMULA_R2 and f.shape != OTHER]
        allowed = (f for f in explains if f.complexity < chosen.complexity and doubt.allows(f, chosen))
        chosen = next(filter(is_honest, allowed), chosen)
    others = [f for f in front if f.complexity != chosen.complexity]
    shorter = [f for f in others if f.complexity < chosen.complexity and f.r2 < chosen.r2]
    longer = [f for f in others if f.complexity > chosen.complexity and gains(f.r2, chosen.r2)]
    return Choice((*shorter, chosen, *longer), len(shorter))


def unseen_loss(level: Formula, noise: float) -> float:
    """Returns the noise in units of R²: all of R² where the noise is larger than what the projection moves.

    Args:
        level: The constant, which tells how much that is.
        noise: As in `choose`.
    """
    spread = level.rmse / math.sqrt(max(1.0, 1.0 - level.r2))
    return min(1.0, noise / spread) ** 2 if spread > 0.0 else 0.0


def simplest(choice: Choice) -> Formula:
    """Returns the shortest formula in normal form that is no worse than rough, at most the recommended one."""
    shorter = (f for f in choice.front[: choice.recommended] if f.normal_form and f.r2 >= ROUGH_FORMULA_R2)
    return next(shorter, choice.front[choice.recommended])


def most_accurate(choice: Choice) -> Formula:
    """Returns the shortest formula in normal form whose R² is the highest of those but for 1e-4."""
    fine = [f for f in choice.front if f.normal_form] or list(choice.front)
    best = max(f.r2 for f in fine)
    return next(f for f in fine if f.r2 >= best - SAME_R2)


def _is_short(formula: Formula) -> bool:
    few = bool(formula.choices) or len(fitted(formula.tree)) <= MOST_CONSTANTS
    return few and formula.normal_form and longest_case(formula.tree) <= LONGEST_RECOMMENDED


def _is_flat_power(formula: Formula) -> bool:
    """Returns whether a formula has a power that is about a logarithm, which is easier to read."""
    exponents = (p for p in positions(formula.tree) if p.kind == "exponent" and not p.in_step)
    return any(abs(p.value) < _FLATTEST for p in exponents)


def _claims_more(formula: Formula, shown: Shown, noise: float) -> bool:
    """Returns whether a formula turns where the surrogate does not, or is best where the surrogate is not."""
    if not variables(formula.tree) or formula.choices:
        return False
    values = evaluate(formula.tree, columns_of(shown.x))
    sign = -1.0 if shown.maximize else 1.0
    at, costs = int(np.argmin(sign * values)), sign * shown.mean
    if costs[at] - np.min(costs) > max(noise, float(np.nan_to_num(shown.std[at]))):
        return True
    return any(_turns_alone(*_profile(shown.x[:, i], values, shown.mean)) for i in range(shown.x.shape[1]))


def _profile(x: Array, values: Array, mean: Array) -> tuple[Array, Array]:
    """Returns both averaged over the other hyperparameter, in the order of x."""
    _, inverse = np.unique(x, return_inverse=True)
    counts = np.bincount(inverse)
    return np.bincount(inverse, values) / counts, np.bincount(inverse, mean) / counts


def _turns_alone(values: Array, mean: Array) -> bool:
    """Returns whether the formula, which turns, rises or falls somewhere without the surrogate."""
    steps = np.sign(np.diff(values))
    turns = [0, *(np.flatnonzero(steps[1:] * steps[:-1] < 0) + 1), len(values) - 1]
    if len(turns) < 3:
        return False
    least = _FLAT * float(np.ptp(values))
    for a, b in pairwise(turns):
        moved, followed = values[b] - values[a], mean[b] - mean[a]
        if abs(moved) > least and followed * np.sign(moved) < _FOLLOWED * abs(moved):
            return True
    return False
