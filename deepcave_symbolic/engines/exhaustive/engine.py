"""The engine: every short formula of a readable grammar, screened, fitted and sorted by length.

In one or two variables short formulas can be enumerated (Bartlett, Desmond & Ferreira, "Exhaustive Symbolic
Regression", 2022). Every skeleton is tried on a grid of its parameters; the constants of the best are local fits from
there, so that a formula is very good but not provably the best. Nothing is random.

Notation:
    sse: 1 - R^2 of a fit. cost: nodes of a formula, see `grammar`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np

from deepcave_symbolic.engines.exhaustive.candidates import to_node, valid
from deepcave_symbolic.engines.exhaustive.data import Data, dense_points, prepare, thinned
from deepcave_symbolic.engines.exhaustive.dictionary import Screening
from deepcave_symbolic.engines.exhaustive.fitting import Fit, fit
from deepcave_symbolic.engines.exhaustive.grammar import FAR, Grammar, Term, columns_of, grammar, skeleton
from deepcave_symbolic.engines.exhaustive.inners import CORNER
from deepcave_symbolic.engines.exhaustive.problems import Problem
from deepcave_symbolic.engines.exhaustive.screening import screen
from deepcave_symbolic.engines.protocol import SearchProblem
from deepcave_symbolic.formulas.expression import Node, constant
from deepcave_symbolic.formulas.limits import SNAP_LOSS
from deepcave_symbolic.process.isolation import one_blas_thread
from deepcave_symbolic.space.axis import is_far_from_zero

__all__ = ["ExhaustiveEngine"]

#: Screening uses about this many points; more do not change the order of skeletons.
_SCREENING_POINTS = 130
#: Fitting starts on at most about this many points and ends on all.
_FITTING_POINTS = 500
#: How far from an exponent a nice one is tried, relative to it; all other constants are fitted again.
_SNAP_REACH = 0.6
#: Nodes that these exponents take less than others: x for x^p, x² and a root, which are functions.
_SAVED = {1.0: 2, 2.0: 1, 0.5: 1}
#: The same where a power stands in a sum: x0/x, which no fraction bar takes in, and nothing for other falling powers.
_SAVED_IN_SUM = {1.0: 2, 2.0: 1, 0.5: 1, -1.0: 1}


@dataclass(frozen=True, kw_only=True)
class ExhaustiveEngine:
    """Searches every short formula; deterministic, NumPy only.

    Args:
        max_cost: Longest formula that is searched, in nodes.
        per_cost: Candidates returned for every number of nodes.
    """

    max_cost: int = 22
    per_cost: int = 6
    name: str = "exhaustive"

    def search(self, problem: SearchProblem) -> list[Node]:
        """Returns candidate expressions, shortest first; see `SymbolicRegressionEngine.search`. Needs no seed."""
        with np.errstate(all="ignore"):
            data = prepare(problem)
        if data is None:
            return []
        mean = constant(data.offset)
        max_cost = min(self.max_cost, problem.max_complexity)
        if data.scale == 0.0 or max_cost < 4 or data.points.u.shape[1] < 2:
            return [mean]
        # One BLAS thread: the matrices are small, and the number of threads must not change a rounding error.
        with np.errstate(all="ignore"), one_blas_thread():
            found = _candidates(data, max_cost, frozenset(problem.functions), self.per_cost)
        return [mean, *found]


def _candidates(data: Data, max_cost: int, functions: frozenset[str], per_cost: int) -> list[Node]:
    """Screens, fits and selects; the stages keep ever fewer skeletons and use ever more points and steps."""
    box = data.points.box
    signs = tuple(map(_sign, box.low.tolist(), box.span.tolist(), box.log_scaled))
    table = grammar(functions, box.log_scaled, signs, data.levels)
    if not table.factors:
        return []
    points, target = thinned(data.points, data.target, _SCREENING_POINTS)
    distinct = len(np.unique(data.points.u, axis=1).T)
    found = screen(table, points, target, Screening(max_cost - 1))
    problems = [problem for problem in found if _constants(problem) <= distinct]
    fits = fit(problems, table, points, target, 6)
    fits = fit([item.problem for item in _best(fits, table, 22, 2)], table, points, target, 8)
    points, target = thinned(data.points, data.target, _FITTING_POINTS)
    fits = fit([item.problem for item in _best(fits, table, 14, 1)], table, points, target, 20)
    if points is not data.points:
        fits = fit([item.problem for item in fits], table, data.points, data.target, 3)
    fits = _snapped(fits, table, data, functions)
    return _selected(fits, table, data, max_cost, per_cost)


def _sign(low: float, span: float, log: bool) -> int:
    """Returns where a coordinate lies; see `grammar`."""
    if not log and is_far_from_zero(low, low + span):
        return FAR
    return int(np.sign(low)) if low >= 0 else -1


def _constants(problem: Problem) -> int:
    return 1 + sum(len(columns_of(term)) for term in problem.terms) + len(problem.theta)


def _cost(problem: Problem, table: Grammar) -> int:
    """Returns the nodes of a formula with its level; a square, a root and an x without exponent are shorter."""
    return 1 + sum(table.term_cost(term) for term in problem.terms) - sum(problem.saved)


def _best(fits: list[Fit], table: Grammar, keep: int, starts: int) -> list[Fit]:
    """Returns the best `keep` skeletons of every cost, with at most `starts` fits each."""
    levels: dict[int, list[Fit]] = defaultdict(list)
    for item in fits:
        levels[_cost(item.problem, table)].append(item)
    result = []
    for level in sorted(levels):
        seen: dict[tuple[Term, ...], int] = {}
        # Rounded, so that rounding errors cannot change the order.
        for item in sorted(levels[level], key=_rank):
            key = skeleton(item.problem.terms)
            if (key in seen or len(seen) < keep) and seen.get(key, 0) < starts:
                seen[key] = seen.get(key, 0) + 1
                result.append(item)
    return result


def _rank(item: Fit) -> float:
    return float(f"{item.sse:.6e}") if item.sse > 1e-13 else 0.0


def _snapped(fits: list[Fit], table: Grammar, data: Data, functions: frozenset[str]) -> list[Fit]:
    """Replaces exponents by readable ones where that costs nothing, and adds those that make formulas shorter."""
    pairs = [(item, _with_snaps(item.problem, table, data, functions)) for item in fits]
    changed = [(item, problem) for item, problem in pairs if problem.fixed]
    straight = [(item, _with_snaps(item.problem, table, data, functions, straight=True)) for item in fits]
    changed += [(item, problem) for item, problem in straight if problem.fixed]
    if not changed:
        return fits
    kept = [item for item, problem in pairs if not problem.fixed]
    refitted = fit([problem for _, problem in changed], table, data.points, data.target, 8)
    for (item, _), snapped in zip(changed, refitted, strict=True):
        loss = snapped.sse - item.sse
        nothing = loss < SNAP_LOSS and loss < 0.25 * item.sse + 1e-7
        if nothing or any(snapped.problem.saved):
            kept.append(snapped)
        if not nothing:
            kept.append(item)
    return kept


def _with_snaps(
    problem: Problem, table: Grammar, data: Data, functions: frozenset[str], *, straight: bool = False
) -> Problem:
    """Returns the problem with the exponents that are close to a readable one fixed there.

    Args:
        problem: The problem.
        table: The grammar.
        data: The points.
        functions: The allowed functions.
        straight: Whether only those of corners are fixed, at 1 or -1, the shortest, however far that is.
    """
    theta, fixed, saved, position = problem.theta.copy(), [], [], 0
    for factor in (table.factors[index] for term in problem.terms for index in term.factors):
        in_sum = factor.inner is CORNER
        snaps = factor.snaps(data.points.box, functions) if in_sum or not straight else {}
        for k, (exponents, values) in snaps.items():
            where = position + k
            if straight:
                exponents, values = (each[exponents == np.sign(theta[where])] for each in (exponents, values))
            if not len(values):
                continue
            nearest = int(np.argmin(np.abs(values - theta[where])))
            if straight or abs(values[nearest] - theta[where]) < _SNAP_REACH * abs(values[nearest]):
                theta[where] = values[nearest]
                fixed.append(where)
                exponent = float(exponents[nearest])
                saved.append(_SAVED_IN_SUM.get(exponent, 0) if in_sum else _SAVED.get(abs(exponent), 0))
        position += factor.n_params
    return replace(problem, theta=theta, fixed=tuple(fixed), saved=tuple(saved))


def _selected(fits: list[Fit], table: Grammar, data: Data, max_cost: int, per_cost: int) -> list[Node]:
    box = data.points.box
    dense = dense_points(box)
    levels: dict[int, list[Node]] = defaultdict(list)
    seen: set[tuple[int, str]] = set()
    for item in sorted(fits, key=_rank):
        if not np.isfinite(item.sse):
            continue
        cost = _cost(item.problem, table)
        # Two skeletons of one length with the same error are the same function; exact fits may differ.
        same = (cost, f"{item.sse:.5e}")
        if cost > max_cost or len(levels[cost]) >= per_cost or (item.sse > 1e-9 and same in seen):
            continue
        node = to_node(item, table, box, data.offset, data.scale)
        if node is not None and valid(node, dense, data.low, data.high):
            levels[cost].append(node)
            seen.add(same)
    return [node for cost in sorted(levels) for node in levels[cost]]
