"""The record of what draws of the surrogate agree on, and how it is computed.

Notation:
    n: draws; r: points; k: hyperparameters.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from deepcave_symbolic.findings.certainty.directions import Stretch, settled_stretches
from deepcave_symbolic.findings.certainty.refits import ENDS, Interval, Refits, largest, refit
from deepcave_symbolic.findings.certainty.words import sentence
from deepcave_symbolic.formulas.expression import evaluate, longest_case, variables
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.formulas.limits import LONGEST_RECOMMENDED, MOST_CONSTANTS, largest_loss
from deepcave_symbolic.formulas.meaning.positions import fitted
from deepcave_symbolic.numeric.arrays import Array, columns_of
from deepcave_symbolic.numeric.grids import product_columns
from deepcave_symbolic.numeric.weighted import weighted_correlation, weighted_r2, weighted_r2s, weighted_rms
from deepcave_symbolic.records import Record
from deepcave_symbolic.space.axis import Axis

__all__ = ["N_DRAWS", "Certainty", "Samples", "certainty_of"]

N_DRAWS = 64
#: Digits of the spread of the draws that are kept.
_DIGITS = 4
#: Forms that compete: the most accurate ones, and the best of each shape.
_MOST_ACCURATE, _MOST_FORMS = 3, 7
_GRID = {1: 200, 2: 30}
#: A level has a loss of 1, but for this.
_ROUNDING = 1e-9
#: Steps along the axis in which the draws' directions are compared.
_STEPS = 60


@dataclass(frozen=True, eq=False)
class Samples(Record):
    """What else the curve may be.

    Args:
        x: Points, natural units, shape (r, k).
        values: One curve per row, objective units, shape (n, r).
        weights: How much every point counts, shape (r,), or one row per curve.
        rival: The curve of another surrogate of the same trials, shape (r,); empty where there is none.
    """

    x: Array
    values: Array
    weights: Array
    rival: Array = field(default_factory=lambda: np.empty(0))

    def r2_of(self, formula: Formula) -> Array:
        """Returns the R² of a formula to each of the curves, shape (n,)."""
        return weighted_r2s(self.values, self._shown(formula), self.weights)

    def rival_r2_of(self, formula: Formula) -> float | None:
        """Returns the R² of a formula to the rival's curve; None where there is none."""
        return weighted_r2(self.rival, self._shown(formula), self.weights) if len(self.rival) else None

    def rival_correlation_of(self, formula: Formula) -> float | None:
        """Returns the correlation of a formula with the rival's curve, 0 with one that is level; None likewise."""
        return weighted_correlation(self.rival, self._shown(formula), self.weights) if len(self.rival) else None

    def _shown(self, formula: Formula) -> Array:
        return evaluate(formula.tree, columns_of(self.x))

    @property
    def spread(self) -> float:
        """How far the curves are from their mean but for their level: root mean square, objective units."""
        moved = self.values - self.values.mean(axis=0)
        weights = np.broadcast_to(self.weights, moved.shape)
        moved = moved - np.average(moved, axis=1, weights=weights)[:, None]
        return weighted_rms(moved, weights)

    def rounded(self) -> Samples:
        """Returns the curves with the digits that a file needs: a ten-thousandth of how far they spread."""
        spread = float(np.ptp(self.values)) or 1.0
        digits = max(0, _DIGITS - math.floor(math.log10(spread)))
        return replace(self, values=np.round(self.values, digits), rival=np.round(self.rival, digits))

    def where(self, index: int, value: float) -> Samples:
        """Returns the curves of the other hyperparameter where one has a value."""
        rows = self.x[:, index] == value
        rival = self.rival[rows] if len(self.rival) else self.rival
        return Samples(np.delete(self.x[rows], index, axis=1), self.values[:, rows], self.weights[..., rows], rival)


@dataclass(frozen=True, eq=False)
class Certainty(Record):
    """What the draws of the surrogate agree on.

    Args:
        n_draws: How many curves were drawn.
        shapes: Which shape the rule of the recommended formula chooses in which share of the draws, the most frequent
            first; "other" stands for all without a name.
        optimum: From where to where the optimum of 90 % of the draws lies, one pair a hyperparameter, natural units;
            empty where the formula has none.
        lower: Where 5 % of the draws lie below at the fitting points of one hyperparameter, objective units, shape
            (n,); empty for two.
        upper: Where 5 % lie above.
        sentence: Shapes and optimum in words.
        samples: The draws, for formulas that are written down later.
        directions: Where 90 % of the draws move in which direction; None where that is not known, as of two
            hyperparameters.
    """

    n_draws: int
    shapes: tuple[tuple[str, float], ...]
    optimum: tuple[tuple[float, float], ...]
    lower: Array
    upper: Array
    sentence: str
    samples: Samples
    directions: tuple[Stretch, ...] | None = None


def certainty_of(
    front: Sequence[Formula],
    recommended: int,
    scored: Sequence[Formula],
    samples: Samples,
    grid: Array,
    *,
    noise: float,
    maximize: bool,
    source: str,
) -> tuple[tuple[Formula, ...], Certainty]:
    """Returns the front, with intervals of the constants of the formulas that were refitted, and the rest.

    Args:
        front: The Pareto front.
        recommended: Which of it is recommended.
        scored: All scored formulas.
        samples: The draws.
        grid: Points of the band, natural units, shape (m, k).
        noise: What the trials cannot see, as an RMSE in objective units; see `trust.noise_of`.
        maximize: Whether more is better.
        source: What is drawn, "surrogate" or "trials".
    """
    best, samples = front[recommended], samples.rounded()
    forms = _forms(front, recommended, scored)
    columns = columns_of(samples.x)
    refits = [refit(f.tree, fitted(f.tree), columns, samples.values, samples.weights) for f in forms]
    winners = _winners(forms, refits, samples, noise)
    alone = len(best.axes) == 1 and not best.choices
    lower: Array = np.empty(0)
    upper, stretches = lower, None
    if alone:
        lower, upper = _band(best, refits, winners, grid)
        x = best.axes[0].check_grid(_STEPS + 1)
        stretches = settled_stretches(x, _of_winners(refits, winners, [x]))
    counts = Counter(forms[w].shape for w in winners)
    shapes = tuple((name, count / len(winners)) for name, count in counts.most_common())
    optimum = () if best.choices or not variables(best.tree) else _optimum(best, refits, winners, maximize)
    n = len(samples.values)
    words = "" if best.choices else sentence(best, shapes, optimum, stretches, n, source)
    found = {
        id(form): signed([position.value for position in fitted(form.tree)], each)
        for form, each in zip(forms, refits, strict=True)
    }
    shown = tuple(replace(f, intervals=found[id(f)]) if id(f) in found else f for f in front)
    return shown, Certainty(n, shapes, optimum, lower, upper, words, samples, stretches)


def _forms(front: Sequence[Formula], recommended: int, scored: Sequence[Formula]) -> list[Formula]:
    """Returns the formulas that compete: the recommended one, the most accurate ones and the best of each shape."""
    best = front[recommended]
    others = [
        f
        for f in scored
        if f.tree != best.tree
        and f.normal_form
        and (f.choices or len(fitted(f.tree)) <= MOST_CONSTANTS)
        and longest_case(f.tree) <= LONGEST_RECOMMENDED
    ]
    others.sort(key=lambda f: (-f.r2, f.complexity, str(f)))
    first: dict[str, Formula] = {best.shape: best}
    for other in others:
        first.setdefault(other.shape, other)
    chosen = {id(f): f for f in (best, *others[:_MOST_ACCURATE], *first.values())}
    # Those of the front are the objects of the front, so that they are found there again.
    known = {f.tree: f for f in front}
    return [known.get(f.tree, f) for f in chosen.values()][:_MOST_FORMS]


def _winners(
    forms: Sequence[Formula], refits: Sequence[Refits], samples: Samples, noise: float
) -> npt.NDArray[np.intp]:
    """Returns which form the rule of `choice.choose` takes in every draw, shape (n,)."""
    weights = np.broadcast_to(samples.weights / np.mean(samples.weights), samples.values.shape)
    scale = largest(samples.values)
    values = samples.values / scale
    mean = np.mean(weights * values, axis=1, keepdims=True) / np.mean(weights, axis=1, keepdims=True)
    total = np.mean(weights * (values - mean) ** 2, axis=1)
    # A draw that does not vary beyond rounding errors is fitted by all, so that the shortest wins.
    total = np.where(total > 1e-24 * mean[:, 0] ** 2, total, np.inf)
    losses = np.array([each.losses for each in refits]) / total
    unseen = np.minimum((noise / scale) ** 2 / total, 1.0)
    limits = np.array([largest_loss(*each) for each in zip(losses.min(axis=0).tolist(), unseen.tolist(), strict=True)])
    order = sorted(range(len(forms)), key=lambda i: (forms[i].complexity, -forms[i].r2, str(forms[i])))
    fits = (losses <= limits + _ROUNDING)[order]
    return np.asarray(np.array(order)[np.argmax(fits, axis=0)])


def _band(best: Formula, refits: Sequence[Refits], winners: npt.NDArray[np.intp], grid: Array) -> tuple[Array, Array]:
    columns = columns_of(grid)
    values = _of_winners(refits, winners, columns)
    lower, upper = np.nanquantile(values, ENDS, axis=0)
    own = evaluate(best.tree, columns)
    return np.fmin(lower, own), np.fmax(upper, own)


def _of_winners(refits: Sequence[Refits], winners: npt.NDArray[np.intp], columns: Sequence[Array]) -> Array:
    """Returns the values of the form that won in every draw, shape (n, m)."""
    values = np.empty((len(winners), len(columns[0])))
    for w in np.unique(winners):
        values[winners == w] = replace(refits[w], constants=refits[w].constants[winners == w]).at(columns)
    return values


def _optimum(
    best: Formula,
    refits: Sequence[Refits],
    winners: npt.NDArray[np.intp],
    maximize: bool,
) -> tuple[tuple[float, float], ...]:
    """Returns the intervals of the optimum, its place in the recommended formula within."""
    axes = best.axes
    columns = product_columns([axis.check_grid(_GRID[len(axes)]) for axis in axes])
    allowed = ~np.asarray(best.forbidden_at(columns, np.ones(len(columns[0]), dtype=bool)))
    if not np.any(allowed):
        return ()
    columns = [column[allowed] for column in columns]
    sign = -1.0 if maximize else 1.0
    # Where a draw is flat there is no optimum to move, so it stays where the formula has its own.
    own = sign * evaluate(best.tree, columns)
    values = sign * _of_winners(refits, winners, columns)
    values, own = (np.where(np.isfinite(v), v, np.inf) for v in (values, own))
    at = np.argmin(values, axis=1)
    flat = np.ptp(np.where(np.isfinite(values), values, 0.0), axis=1) <= 0.0
    at = np.where(flat, np.argmin(own), at)
    return tuple(_ends(axis, column[[*at, np.argmin(own)]]) for axis, column in zip(axes, columns, strict=True))


def _ends(axis: Axis, values: Array) -> tuple[float, float]:
    """Returns the ends of an interval that holds 90 % of the values, and the last one."""
    low, high = np.quantile(values[:-1], ENDS, method="inverted_cdf")
    return float(min(low, values[-1])), float(max(high, values[-1]))


def signed(values: Sequence[float], found: Refits) -> tuple[Interval, ...]:
    """Returns the intervals of constants as they are read: of x + 2 the place is -2.

    Args:
        values: The constants with the sign before them, in the order of the refits.
        found: The refits.
    """
    pairs = zip(values, found.start, found.intervals, strict=True)
    return tuple(ends if ends is None or value == raw else (-ends[1], -ends[0]) for value, raw, ends in pairs)
