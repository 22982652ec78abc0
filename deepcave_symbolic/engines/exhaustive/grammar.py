"""The grammar: which atoms there are, how they form terms, and which terms stand in one sum.

A formula is `y = a + sum of terms`. A term is one factor, b*f, or a product of two: b*f*g ("plain"), b*(f + d)*g
("half") or b*(f + d)*(g + e) ("full"). The last two are linear in the columns {f*g, g} and {f*g, f, g}, so that only
the factors' own parameters are nonlinear.

Notation: see `atoms`. The cost of a formula is its number of operators in natural units: a coordinate that is log10(x)
costs 1, and exp(k * log10(x)) = x^p costs 1. That makes powers of both coordinates cheap, x0^p*x1^q and what is a ridge
on log-scaled axes: 1/(x0^p*x1^q + c), log(x0^p*x1^q + c), 1/(x0^p + c*x1^q). The first is a factor of products, so that
a term may be x0^p*x1^q*f.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from deepcave_symbolic.engines.exhaustive import inners as i
from deepcave_symbolic.engines.exhaustive import outers as o
from deepcave_symbolic.engines.exhaustive.atoms import BOTH, MARGIN, Factor, Inner, Outer
from deepcave_symbolic.formulas.limits import EXPONENTS

__all__ = ["Form", "Grammar", "Term", "columns_of", "grammar", "skeleton"]

Form = Literal["plain", "half", "full"]

#: Distances of a pole or branch point from the box, in its widths.
DISTANCES = (0.02, 0.08, 0.3, 1.0, 3.0)
LOG_MARGIN, LOG_FAR = float(np.log(MARGIN)), float(np.log(12.0))
INSIDE = tuple(np.linspace(0.04, 0.96, 13))
AROUND = tuple(np.linspace(-0.25, 1.25, 9))
RATES = (-24.0, -12.0, -7.0, -4.0, -2.2, -1.2, -0.6, 0.6, 1.2, 2.2, 4.0, 7.0, 12.0, 24.0)
SLOPES = (2.0, 5.0, 12.0, 32.0)
POWERS = (-3.0, -1.8, -1.0, -0.5, 0.3, 0.6, 1.5, 2.5, 3.5)
ANGLES = tuple(np.radians([-76, -60, -45, -30, -14, 14, 30, 45, 60, 76]))
STEEP = 1.53
STEEPEST = (-EXPONENTS[1], EXPONENTS[1])


@dataclass(frozen=True)
class Term:
    """A term of the sum: indices of its one or two factors in the grammar's table, and its form."""

    factors: tuple[int, ...]
    form: Form = "plain"


def columns_of(term: Term) -> tuple[tuple[int, ...], ...]:
    """Returns the linear columns of a term, each a tuple of positions in `term.factors`."""
    if len(term.factors) == 1:
        return ((0,),)
    return {"plain": ((0, 1),), "half": ((0, 1), (1,)), "full": ((0, 1), (0,), (1,))}[term.form]


def skeleton(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """Returns the terms in a fixed order, which makes sums of the same terms equal."""
    return tuple(sorted(terms, key=lambda term: (term.factors, term.form)))


@dataclass(frozen=True, eq=False)
class Grammar:
    """The factors of a search, cheapest first.

    Args:
        factors: The table that `Term.factors` points into.
        log_scaled: Which coordinates are log10 of a hyperparameter.
    """

    factors: tuple[Factor, ...]
    log_scaled: tuple[bool, ...]

    def term_cost(self, term: Term) -> int:
        """Returns the operators a term adds to a sum: its plus, one product or division per factor, and the factors."""
        factors = [self.factors[index] for index in term.factors]
        cost = 1 + sum(1 + factor.cost for factor in factors)
        offsets = factors[: {"plain": 0, "half": 1, "full": 2}[term.form]]
        cost += sum(1 + factor.outer.divides for factor in offsets)
        joined = term.form == "plain" and len(factors) == 2 and all(f.outer.name in ("exp", "gauss") for f in factors)
        # exp(p) * exp(q) is written exp(p + q), powers of log-scaled hyperparameters excepted.
        powers = [f.outer.name == "exp" and self.log_scaled[f.var] for f in factors]
        return cost - 1 if joined and not any(powers) else cost

    def is_alone(self, term: Term) -> bool:
        """Returns whether one factor alone makes the term span orders of magnitude, for its coefficient to balance."""
        return sum(self._steep[index] for index in term.factors) == 1

    @cached_property
    def _steep(self) -> tuple[bool, ...]:
        return tuple(factor.is_steep for factor in self.factors)

    def compatible(self, first: Term, second: Term) -> bool:
        """Returns whether two terms may stand in one sum without being redundant or cancelling each other."""
        if len(first.factors) == 1 and len(second.factors) == 1:
            a, b = self.factors[first.factors[0]], self.factors[second.factors[0]]
            if a.var != b.var:
                return True
            kinds = {_kind(a), _kind(b)}
            if len(kinds) == 2:
                return True
            return kinds == {"local"} and (a.key == b.key or "quad" not in a.key + b.key)
        if len(first.factors) == 2 and len(second.factors) == 2:
            return False
        single, product = sorted((first, second), key=lambda term: len(term.factors))
        return product.form == "plain" or single.factors[0] not in product.factors

    @cached_property
    def compatible_factors(self) -> npt.NDArray[np.bool_]:
        """Which pairs of single factors may stand in one sum, shape (F, F)."""
        terms = [Term((index,)) for index in range(len(self.factors))]
        return np.array([self.compatible_with(term, terms) for term in terms])

    def compatible_with(self, term: Term, others: Sequence[Term]) -> npt.NDArray[np.bool_]:
        """Returns which of some terms may stand in one sum with a term."""
        return np.array([self.compatible(term, other) for other in others])

    @lru_cache(maxsize=64)  # noqa: B019 - grammars are cached themselves and few
    def product_terms(
        self, first: tuple[int, ...], second: tuple[int, ...], form: Form, swapped: bool
    ) -> tuple[list[list[Term]], npt.NDArray[np.int_]]:
        """Returns the products of two sets of factors in one form, with their costs; `swapped` puts g before f."""
        terms = [[Term((g, f) if swapped else (f, g), form) for g in second] for f in first]
        return terms, np.array([[self.term_cost(term) for term in line] for line in terms])


def _kind(factor: Factor) -> str:
    """Returns the class of a factor; of every class but "local" a sum holds one per coordinate."""
    if factor.var == BOTH:
        return "both"
    if factor.outer.name == "identity" or (factor.outer.name == "square" and factor.inner.name in ("raw", "shift")):
        return "polynomial"
    if factor.outer.name in ("abs", "tanh", "gauss", "sin", "cos") or factor.inner.name == "quad":
        return "local"
    return "monotone"


@lru_cache(maxsize=64)
def grammar(
    functions: frozenset[str],
    log_scaled: tuple[bool, ...],
    signs: tuple[int, ...],
    levels: tuple[int, ...],
) -> Grammar:
    """Returns the table of factors for a search.

    Args:
        functions: The allowed ones of `KNOWN_FUNCTIONS`.
        log_scaled: Which coordinates are log10 of a hyperparameter.
        signs: 1 for a coordinate above zero on the whole box, 0 where it touches zero, -1 otherwise.
        levels: How many values every coordinate takes; what has more constants than that is left out.
    """
    factors: list[Factor] = []
    for var, (log, sign) in enumerate(zip(log_scaled, signs, strict=True)):
        atoms = _atoms(var, log, sign, functions)
        # Intercept, coefficient and parameters; an unshifted atom is a line through two levels at least.
        factors += [factor for factor in atoms if factor.n_params + (factor.key != "identity.raw") + 2 <= levels[var]]
    if len(log_scaled) == 2 and min(levels) >= 4:
        factors += _pairs(sum(log_scaled), functions)
        if all(log or sign > 0 for log, sign in zip(log_scaled, signs, strict=True)):
            factors += _powers(functions)
    factors.sort(key=lambda factor: factor.cost)
    return Grammar(tuple(factors), log_scaled)


def _factor(
    outer: Outer,
    inner: Inner,
    var: int,
    cost: int,
    grids: Sequence[Sequence[float]],
    bounds: Sequence[tuple[float, float]],
) -> Factor:
    n_inner = len(grids) - (outer.name in ("tanh", "exp", "gauss", "pow", "sin", "cos"))
    combinations = list(itertools.product(*grids))
    starts = np.array(combinations, dtype=np.float64).reshape(len(combinations), len(grids))
    low, high = (np.array([bound[side] for bound in bounds], dtype=np.float64) for side in (0, 1))
    return Factor(outer, inner, var, starts, low, high, n_inner, cost)


Grids = list[tuple[float, ...]]
Bounds = list[tuple[float, float]]


def _atoms(var: int, log: bool, sign: int, functions: frozenset[str]) -> list[Factor]:
    """Returns the factors of one coordinate."""
    distance: Grids = [tuple(np.log(DISTANCES))]
    near: Bounds = [(LOG_MARGIN, LOG_FAR)]
    shift: Bounds = [(-0.5, 1.5)]
    depth: Grids = [AROUND, tuple(np.log([0.006, 0.05, 0.4]))]
    deep: Bounds = [(-0.5, 1.5), (float(np.log(1.5e-3)), float(np.log(4.0)))]
    rows: list[tuple[Outer, Inner, Grids, Bounds]] = [
        (o.IDENTITY, i.RAW, [], []),
        (o.SQUARE, i.RAW, [], []),
        (o.SQUARE, i.SHIFT, [tuple(np.linspace(-1.0, 2.0, 13))], [(-2.0, 3.0)]),
        (o.ABS, i.SHIFT, [INSIDE], [(0.01, 0.99)]),
        (o.TANH, i.SHIFT, [INSIDE, SLOPES], [(-0.3, 1.3), (0.5, 60.0)]),
        (o.EXP, i.UNIT, [RATES], [(-40.0, 40.0)]),
        (o.GAUSS, i.SHIFT, [AROUND, tuple(np.log([2.0, 9.0, 50.0]))], [*shift, (-1.0, float(np.log(600.0)))]),
        (o.SIN, i.SHIFT, [tuple(np.linspace(0.0, 1.0, 9)), (4.0, 8.0, 16.0)], [(-1.0, 2.0), (1.0, 60.0)]),
        (o.COS, i.SHIFT, [tuple(np.linspace(0.0, 1.0, 9)), (4.0, 8.0, 16.0)], [(-1.0, 2.0), (1.0, 60.0)]),
        (o.SQRT, i.QUAD, depth, deep),
        (o.LOG, i.QUAD, depth, deep),
        (o.RECIPROCAL, i.QUAD, depth, deep),
    ]
    for inner in (i.LEFT, i.RIGHT):
        rows += [(outer, inner, distance, near) for outer in (o.SQRT, o.LOG, o.RECIPROCAL)]
        rows.append((o.POW, inner, [*distance, POWERS], [*near, STEEPEST]))
    if sign >= 0:
        rows.append((o.SQRT, i.RAW, [], []))
    if sign > 0:
        rows += [(o.LOG, i.RAW, [], []), (o.RECIPROCAL, i.RAW, [], [])]
        rows.append((o.POW, i.RAW, [POWERS], [STEEPEST]))
    if log:
        # In natural units 1 / (d + x^p) and log(d + x^p); for a linear coordinate the first is a tanh.
        steps: Grids = [(1.5, 4.0, 12.0), AROUND]
        level: Bounds = [(0.3, 40.0), (-0.6, 1.6)]
        rows.append((o.RECIPROCAL, i.MONO, steps, level))
        rows.append((o.LOG, i.MONO, [(-12.0, -4.0, -1.5, *steps[0]), AROUND], [(-40.0, 40.0), level[1]]))
    return [
        _factor(outer, inner, var, _cost(outer, inner, log), grids, bounds)
        for outer, inner, grids, bounds in rows
        if _allowed(outer, inner, functions, log)
    ]


def _allowed(outer: Outer, inner: Inner, functions: frozenset[str], log: bool) -> bool:
    needs = set(outer.needs)
    if log and (outer is o.EXP or inner is i.MONO):
        # Shown as x^p; the rest of the atom keeps its own needs.
        needs = needs - {"exp"} | {"pow"}
    if inner in (i.QUAD, i.CONE, i.ELLIPSE):
        needs |= {"square"}
    return needs <= functions


def _cost(outer: Outer, inner: Inner, log: bool) -> int:
    if log and outer is o.EXP:
        return 1
    if log and inner is i.MONO:
        return 2 + outer.cost
    return outer.cost + inner.cost + log


def _pairs(logs: int, functions: frozenset[str]) -> list[Factor]:
    """Returns the factors of both coordinates: ridges f(u0 + k*u1 - c) and functions of an ellipse."""
    angle: Bounds = [(-STEEP, STEEP)]
    across: Grids = [ANGLES, tuple(np.linspace(-0.7, 1.2, 14))]
    crossing: Bounds = [*angle, (-1.5, 2.0)]
    outside: Grids = [ANGLES, tuple(np.log([0.02, 0.1, 0.4, 1.5]))]
    beyond: Bounds = [*angle, (LOG_MARGIN, LOG_FAR)]
    centre: Grids = [(0.0, 0.33, 0.67, 1.0), (0.0, 0.33, 0.67, 1.0), tuple(np.log([0.3, 1.0, 3.0]))]
    around: Bounds = [(-0.5, 1.5), (-0.5, 1.5), (float(np.log(0.02)), float(np.log(50.0)))]
    depth: Grids = [*centre, tuple(np.log([0.02, 0.3]))]
    deep: Bounds = [*around, (float(np.log(1.5e-3)), float(np.log(4.0)))]
    rows: list[tuple[Outer, Inner, Grids, Bounds]] = [
        (o.SQUARE, i.RIDGE, [ANGLES, tuple(np.linspace(-0.9, 1.6, 10))], [*angle, (-3.0, 4.0)]),
        (o.ABS, i.RIDGE, across, crossing),
        (o.TANH, i.RIDGE, [ANGLES, tuple(np.linspace(-0.7, 1.2, 9)), (2.0, 6.0, 20.0)], [*crossing, (0.5, 60.0)]),
        (o.SQRT, i.CONE, centre, around),
        (o.SQRT, i.ELLIPSE, depth, deep),
        (o.LOG, i.ELLIPSE, depth, deep),
        (o.RECIPROCAL, i.ELLIPSE, depth, deep),
    ]
    for inner in (i.RIDGE_LEFT, i.RIDGE_RIGHT):
        rows += [(outer, inner, outside, beyond) for outer in (o.SQRT, o.LOG, o.RECIPROCAL)]
        rows.append((o.POW, inner, [*outside, (-2.0, 0.6, 1.6, 3.0)], [*beyond, STEEPEST]))
    return [
        _factor(outer, inner, BOTH, outer.cost + inner.cost + logs, grids, bounds)
        for outer, inner, grids, bounds in rows
        if _allowed(outer, inner, functions, False)
    ]


def _powers(functions: frozenset[str]) -> list[Factor]:
    """Returns the factors of x0^p and x1^q in natural units: ridges and steps across log-scaled axes at a low price."""
    falling, rising = (-10.0, -4.0, -1.5), (1.5, 4.0, 10.0)
    rate, share, weight = (-40.0, 40.0), (-0.5, 1.5), (-30.0, 30.0)
    either = (*falling, *rising)
    few = (-8.0, -3.0, -1.0, 1.0, 3.0, 8.0)
    rows: list[tuple[Outer, Inner, Grids, Bounds]] = [
        (o.IDENTITY, i.POWERS, [few, few], [rate, rate]),
        # With all exponents negated it is the same function.
        (o.RECIPROCAL, i.LEVELLED, [rising, either, AROUND], [(0.3, 40.0), rate, share]),
        (o.LOG, i.LEVELLED, [either, either, AROUND], [rate, rate, share]),
        (o.RECIPROCAL, i.BLEND, [either, either, (-4.0, -1.0, 1.0, 4.0)], [rate, rate, weight]),
    ]
    return [
        _factor(outer, inner, BOTH, outer.cost + inner.cost, grids, bounds)
        for outer, inner, grids, bounds in rows
        if {*outer.needs, "pow"} <= functions
    ]
