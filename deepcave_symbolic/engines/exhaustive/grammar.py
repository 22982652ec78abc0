"""The grammar: which atoms there are, how they form terms, and which terms stand in one sum.

A formula is `y = a + sum of terms`. A term is one factor, b*f, or a product of two: b*f*g ("plain"), b*(f + d)*g
("half") or b*(f + d)*(g + e) ("full"). The last two are linear in the columns {f*g, g} and {f*g, f, g}, so that only
the factors' own parameters are nonlinear.

Notation: see `atoms`. The cost of a formula is the number of nodes of its normal form in natural units (see
`formulas.normal_form`), and only what has one is here: exp(k * log10(x)) is x^p with cost 3, log10(x) - c is
log10(x/x0), 1/(x^p + c) is 1/(1 + (x/x0)^p), which is a tanh of log10(x), too. What is a ridge on log-scaled axes is
1/(x0^p*x1^q + c), log(x0^p*x1^q + c) or 1/(x0^p + c*x1^q), and a corner is 1/(c*x0^p + d*x1^q + 1). x0^p*x1^q is a
factor of products, so that a term may be x0^p*x1^q*f.
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

__all__ = ["FAR", "Form", "Grammar", "Term", "columns_of", "grammar", "skeleton"]

Form = Literal["plain", "half", "full"]

#: Distances of a pole or branch point from the box, in its widths.
DISTANCES = (0.02, 0.08, 0.3, 1.0, 3.0)
LOG_MARGIN, LOG_FAR = float(np.log(MARGIN)), float(np.log(12.0))
INSIDE = tuple(np.linspace(0.04, 0.96, 13))
WITHIN = (0.15, 0.5, 0.85)
AROUND = tuple(np.linspace(-0.25, 1.25, 9))
RATES = (-24.0, -12.0, -7.0, -4.0, -2.2, -1.2, -0.6, 0.6, 1.2, 2.2, 4.0, 7.0, 12.0, 24.0)
SLOPES = (2.0, 5.0, 12.0, 32.0)
POWERS = (-3.0, -1.8, -1.0, -0.5, 0.3, 0.6, 1.5, 2.5, 3.5)
ANGLES = tuple(np.radians([-76, -60, -45, -30, -14, 14, 30, 45, 60, 76]))
#: Functions of 1 + x/x0 or 1 - x/x0 and their costs.
ROOTS = ((o.SQRT, 5), (o.LOG, 5), (o.RECIPROCAL, 4))
#: See `grammar`.
FAR = -2
#: The cost of what has no normal form.
BEYOND = 1_000
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
        """Returns the nodes a term adds to a sum: its sign, its coefficient, one product or division a factor, factors.

        A term without a normal form is beyond every limit.
        """
        factors = [self.factors[index] for index in term.factors]
        cost = 2 + sum(1 + factor.cost for factor in factors)
        for factor in factors[: {"plain": 0, "half": 1, "full": 2}[term.form]]:
            cost += BEYOND if factor.offset_cost is None else factor.offset_cost
        if len(factors) == 2 and any(f.outer.name == "log" and f.inner.name != "raw" for f in factors):
            # log10(x + c) is log10(c) + log10(1 + x/c): the number beside the logarithm would stay in the product.
            cost += BEYOND
        joined = term.form == "plain" and len(factors) == 2 and all(f.outer.name in ("exp", "gauss") for f in factors)
        # exp(p) * exp(q) is written exp(p + q), powers of log-scaled hyperparameters excepted.
        powers = [f.outer.name == "exp" and self.log_scaled[f.var] for f in factors]
        return cost - 1 if joined and not any(powers) else cost

    def compatible(self, first: Term, second: Term) -> bool:
        """Returns whether two terms may stand in one sum without being redundant or cancelling each other."""
        if len(first.factors) == 1 and len(second.factors) == 1:
            a, b = self.factors[first.factors[0]], self.factors[second.factors[0]]
            if a.var != b.var:
                return True
            kinds = {_kind(a), _kind(b)}
            if len(kinds) == 2:
                return True
            # Two kinks side by side are a step, which has a form of its own.
            same = a.key == b.key and a.outer is not o.ABS
            return kinds == {"local"} and (same or (a.key != b.key and "quad" not in a.key + b.key))
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
        signs: 1 for a coordinate above zero on the whole box, 0 where it touches zero, `FAR` where zero is so far off
            that powers and logarithms are about straight, -1 otherwise.
        levels: How many values every coordinate takes; what has more constants than that is left out.
    """
    factors: list[Factor] = []
    for var, (log, sign) in enumerate(zip(log_scaled, signs, strict=True)):
        atoms = _atoms(var, log, sign, functions)
        # Intercept, coefficient and parameters; through two levels the line is the only curve.
        factors += [f for f in atoms if max(2 + (f.key != "identity.raw"), f.n_params + 2) <= levels[var]]
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
    offset_cost: int | None = None,
) -> Factor:
    n_inner = len(grids) - (outer.name in ("tanh", "exp", "gauss", "pow", "sin", "cos"))
    combinations = list(itertools.product(*grids))
    starts = np.array(combinations, dtype=np.float64).reshape(len(combinations), len(grids))
    low, high = (np.array([bound[side] for bound in bounds], dtype=np.float64) for side in (0, 1))
    return Factor(outer, inner, var, starts, low, high, n_inner, cost, offset_cost)


Grids = list[tuple[float, ...]]
Bounds = list[tuple[float, float]]
Row = tuple[Outer, Inner, int, int | None, Grids, Bounds]


def _atoms(var: int, log: bool, sign: int, functions: frozenset[str]) -> list[Factor]:
    """Returns the factors of one coordinate."""
    shift: Bounds = [(-0.5, 1.5)]
    steepness: Bounds = [(-1.0, float(np.log(600.0)))]
    depth: Grids = [AROUND, tuple(np.log([0.006, 0.05, 0.4]))]
    deep: Bounds = [(-0.5, 1.5), (float(np.log(1.5e-3)), float(np.log(4.0)))]
    waves: tuple[Grids, Bounds] = ([tuple(np.linspace(0.0, 1.0, 9)), (4.0, 8.0, 16.0)], [(-1.0, 2.0), (1.0, 60.0)])
    u, place, power = (2, 1, 3) if log else (1, 2, 3)
    rows: list[Row] = [
        (o.IDENTITY, i.RAW, u, place, [], []),
        (o.SQUARE, i.SHIFT, 4, 4, [tuple(np.linspace(-1.0, 2.0, 13))], [(-2.0, 3.0)]),
        (o.ABS, i.SHIFT, 4, None, [INSIDE], [(0.01, 0.99)]),
        (o.EXP, i.UNIT, power, 3 if log else 5, [RATES], [(-40.0, 40.0)]),
        (o.GAUSS, i.SHIFT, 7, None, [AROUND, tuple(np.log([2.0, 9.0, 50.0]))], [*shift, *steepness]),
        (o.SIN, i.SHIFT, 6, None, *waves),
        (o.COS, i.SHIFT, 6, None, *waves),
        (o.RECIPROCAL, i.QUAD, 8, None, depth, deep),
    ]
    if sign != FAR:
        rows.insert(1, (o.SQUARE, i.RAW, u + 1, 4 if log else 3, [], []))
    if log or sign > 0:
        # 1 / (1 + (x/x0)^p) and log10(1 + (x/x0)^p)
        steps: Grids = [(1.5, 4.0, 12.0, 30.0), AROUND]
        level: Bounds = [(0.3, 100.0), (-0.6, 1.6)]
        rows.append((o.RECIPROCAL, i.MONO, 6, None, steps, level))
        rows.append((o.LOG, i.MONO, 7, None, [(-12.0, -4.0, -1.5, 1.5, 4.0, 12.0), AROUND], [(-40.0, 40.0), level[1]]))
    if not log:
        rows.append((o.TANH, i.SHIFT, 6, None, [INSIDE, SLOPES], [(-0.3, 1.3), (0.5, 60.0)]))
        distance: Grids = [tuple(np.log(DISTANCES))]
        near: Bounds = [(LOG_MARGIN, LOG_FAR)]
        for inner in (i.LEFT, i.RIGHT):
            rows += [(outer, inner, cost, None, distance, near) for outer, cost in ROOTS]
            rows.append((o.POW, inner, 6, None, [*distance, POWERS], [*near, STEEPEST]))
        if sign >= 0:
            rows.append((o.SQRT, i.RAW, 2, 3, [], []))
        if sign > 0:
            rows += [(o.LOG, i.RAW, 2, 1, [], []), (o.RECIPROCAL, i.RAW, 1, 4, [], [])]
            rows.append((o.POW, i.RAW, 3, 3, [POWERS], [STEEPEST]))
    return [
        _factor(outer, inner, var, cost, grids, bounds, offset)
        for outer, inner, cost, offset, grids, bounds in rows
        if _allowed(outer, inner, functions, log)
    ]


def _allowed(outer: Outer, inner: Inner, functions: frozenset[str], log: bool) -> bool:
    needs = set(outer.needs)
    if inner is i.MONO or (log and outer is o.EXP):
        # Shown as x^p; the rest of the atom keeps its own needs.
        needs = needs - {"exp"} | {"pow"}
    if inner in (i.QUAD, i.CONE, i.ELLIPSE):
        needs |= {"square"}
    return needs <= functions


def _pairs(logs: int, functions: frozenset[str]) -> list[Factor]:
    """Returns the factors of both coordinates: ridges f(u0 + k*u1 - c) and functions of an ellipse."""
    angle: Bounds = [(-STEEP, STEEP)]
    across: Grids = [ANGLES, tuple(np.linspace(-0.7, 1.2, 14))]
    crossing: Bounds = [*angle, (-1.5, 2.0)]
    centre: Grids = [(0.0, 0.33, 0.67, 1.0), (0.0, 0.33, 0.67, 1.0), tuple(np.log([0.3, 1.0, 3.0]))]
    around: Bounds = [(-0.5, 1.5), (-0.5, 1.5), (float(np.log(0.02)), float(np.log(50.0)))]
    depth: Grids = [*centre, tuple(np.log([0.02, 0.3]))]
    deep: Bounds = [*around, (float(np.log(1.5e-3)), float(np.log(4.0)))]
    # log10(x/x0*y^q), log10(x/x0) + y/w, x - x0 + y/w
    ridge = 7 if logs == 2 else 6
    rows: list[Row] = [
        (o.SQUARE, i.RIDGE, 1 + ridge, None, [ANGLES, tuple(np.linspace(-0.9, 1.6, 10))], [*angle, (-3.0, 4.0)]),
        (o.ABS, i.RIDGE, 1 + ridge, None, across, crossing),
        (o.SQRT, i.CONE, 12, None, centre, around),
        (o.RECIPROCAL, i.ELLIPSE, 15, None, depth, deep),
    ]
    if logs < 2:
        # On two log-scaled axes it is 1 / (1 + (x/x0)^p*y^q).
        steps: Grids = [ANGLES, tuple(np.linspace(-0.7, 1.2, 9)), (2.0, 6.0, 20.0)]
        rows.append((o.TANH, i.RIDGE, 3 + ridge, None, steps, [*crossing, (0.5, 60.0)]))
    return [
        _factor(outer, inner, BOTH, cost, grids, bounds)
        for outer, inner, cost, _, grids, bounds in rows
        if _allowed(outer, inner, functions, False)
    ]


def _powers(functions: frozenset[str]) -> list[Factor]:
    """Returns the factors of x0^p and x1^q in natural units: ridges and steps across log-scaled axes at a low price."""
    falling, rising = (-10.0, -4.0, -1.5), (1.5, 4.0, 10.0)
    rate, steep, share, weight = (-40.0, 40.0), (-100.0, 100.0), (-0.5, 1.5), (-30.0, 30.0)
    either = (*falling, *rising)
    few = (-8.0, -3.0, -1.0, 1.0, 3.0, 8.0)
    rows: list[Row] = [
        (o.IDENTITY, i.POWERS, 7, None, [few, few], [rate, rate]),
        # With all exponents negated it is the same function.
        (o.RECIPROCAL, i.LEVELLED, 10, None, [rising, either, AROUND], [(0.3, 40.0), rate, share]),
        (o.LOG, i.LEVELLED, 11, None, [either, either, AROUND], [rate, rate, share]),
        (o.RECIPROCAL, i.BLEND, 9, None, [either, either, (-4.0, -1.0, 1.0, 4.0)], [rate, rate, weight]),
        (o.RECIPROCAL, i.CORNER, 11, None, [few, few, WITHIN, WITHIN], [steep, steep, share, share]),
    ]
    return [
        _factor(outer, inner, BOTH, cost, grids, bounds)
        for outer, inner, cost, _, grids, bounds in rows
        if {*outer.needs, "pow"} <= functions
    ]
