"""The engine: every short formula of a readable grammar, screened, fitted and sorted by length.

In one or two variables short formulas can be enumerated (Bartlett, Desmond & Ferreira, "Exhaustive Symbolic
Regression", 2022). Every skeleton is tried on a grid of its parameters; the constants of the best are local fits from
there, so that a formula is very good but not provably the best. Nothing is random.

Notation:
    X: search coordinates, shape (n, d) with d of 1 or 2; y: targets, shape (n,); w: weights that sum to one, (n,).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from deepcave_symbolic.engines.base import DEFAULT_FUNCTIONS
from deepcave_symbolic.engines.exhaustive.atoms import Box, Points
from deepcave_symbolic.engines.exhaustive.candidates import natural_cost, to_node, valid
from deepcave_symbolic.engines.exhaustive.fitting import Fit, Problem, Target, fit
from deepcave_symbolic.engines.exhaustive.grammar import Grammar, columns_of, grammar
from deepcave_symbolic.engines.exhaustive.screening import Screening, screen
from deepcave_symbolic.expression import Array, Node, complexity, constant

__all__ = ["ExhaustiveEngine"]

#: Screening uses about this many points; more do not change the order of skeletons.
_SCREENING_POINTS = 130
#: Fitting starts on at most about this many points and ends on all.
_FITTING_POINTS = 500
#: R^2 that a readable exponent may cost.
_SNAP_LOSS = 1e-4


@dataclass(frozen=True)
class _Data:
    """Checked and scaled training data.

    Args:
        points: The training points.
        target: Weights, and (y - offset) / scale.
        offset: Weighted mean of y.
        scale: Weighted standard deviation of y.
        low: Smallest y.
        high: Largest y.
        margin: How far beyond the box candidates must be finite, in its widths.
    """

    points: Points
    target: Target
    offset: float
    scale: float
    low: float
    high: float
    margin: float


class ExhaustiveEngine:
    """Searches every short formula; deterministic, NumPy only.

    Args:
        max_cost: Longest formula that is searched, in operators.
        log_scaled: Which coordinates are log10 of a hyperparameter. With it costs count in natural units; without it a
            search coordinate counts nothing.
        bounds: Lowest and highest value of every search coordinate, where the training points do not reach them.
        per_cost: Candidates returned a cost.
    """

    name = "exhaustive"

    def __init__(
        self,
        *,
        max_cost: int = 12,
        log_scaled: tuple[bool, ...] | None = None,
        bounds: Sequence[tuple[float, float]] | None = None,
        per_cost: int = 8,
    ) -> None:
        self.max_cost = max_cost
        self.log_scaled = log_scaled
        self.bounds = bounds
        self.per_cost = per_cost

    def search(
        self,
        X: Array,
        y: Array,
        *,
        weights: Array | None = None,
        max_complexity: int = 15,
        functions: Sequence[str] = DEFAULT_FUNCTIONS,
        seed: int = 0,
    ) -> list[Node]:
        """Returns candidate expressions in the search coordinates, shortest first; see the protocol.

        Args:
            X: Training points, shape (n, 1) or (n, 2).
            y: Targets, shape (n,).
            weights: Non-negative weights of the squared errors, shape (n,).
            max_complexity: Longest expression of interest.
            functions: The allowed ones of `KNOWN_FUNCTIONS`.
            seed: Not used; nothing is random.
        """
        rows = _usable(X, y, weights)
        if not rows.any():
            return []
        X, y = np.asarray(X, dtype=np.float64)[rows], np.asarray(y, dtype=np.float64)[rows]
        raw = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=np.float64)[rows]
        w = raw / raw.max()
        w = w / w.sum()
        log_scaled = self.log_scaled or (False,) * X.shape[1]
        # Coordinates with one value say nothing; they would only divide by zero.
        varying = [k for k in range(X.shape[1]) if np.ptp(X[:, k]) > 1e-12 * np.max(np.abs(X[:, k]))]
        data = _prepare(X, y, w, self.bounds, log_scaled) if len(varying) == X.shape[1] else None
        if not varying or (data is None and len(varying) == X.shape[1]):
            return [constant(_mean(y, w))]
        if data is None:
            return self._search_one(X, y, raw, varying[0], max_complexity, functions, seed)
        mean = constant(_mean(y, w))
        max_cost = min(self.max_cost, max_complexity)
        if max_cost < 2 or len(y) < 3:
            return [mean]
        # One BLAS thread: the matrices are small, and the number of threads must not change a rounding error.
        with np.errstate(all="ignore"), threadpool_limits(limits=1, user_api="blas"):
            found = _candidates(data, max_cost, frozenset(functions), self.log_scaled is not None, self.per_cost)
        return [mean, *found]

    def _search_one(
        self, X: Array, y: Array, weights: Array, var: int, max_complexity: int, functions: Sequence[str], seed: int
    ) -> list[Node]:
        """Searches the only coordinate that varies and names it by its own index again."""
        from deepcave_symbolic.expression import substitute, variable

        engine = ExhaustiveEngine(
            max_cost=self.max_cost,
            log_scaled=None if self.log_scaled is None else (self.log_scaled[var],),
            bounds=None if self.bounds is None else (self.bounds[var],),
            per_cost=self.per_cost,
        )
        found = engine.search(
            X[:, [var]], y, weights=weights, max_complexity=max_complexity, functions=functions, seed=seed
        )
        return [substitute(node, {0: variable(var)}) for node in found]


def _usable(X: Array, y: Array, weights: Array | None) -> np.typing.NDArray[np.bool_]:
    rows = np.isfinite(np.asarray(X, dtype=np.float64)).all(axis=1) & np.isfinite(np.asarray(y, dtype=np.float64))
    if weights is not None:
        rows &= np.isfinite(weights) & (np.asarray(weights) > 0)
    return np.asarray(rows)


def _mean(y: Array, w: Array) -> float:
    largest = float(np.max(np.abs(y)))
    return largest * float((y / largest) @ w) if largest > 0 else 0.0


def _prepare(
    X: Array, y: Array, w: Array, bounds: Sequence[tuple[float, float]] | None, log_scaled: tuple[bool, ...]
) -> _Data | None:
    """Returns the data scaled for the search, or None for a constant target."""
    low, high = X.min(axis=0), X.max(axis=0)
    if bounds is not None:
        edges = np.asarray(bounds, dtype=np.float64)
        low, high = np.minimum(low, edges[:, 0]), np.maximum(high, edges[:, 1])
    box = Box(low, high - low, log_scaled)
    # Divided by the largest first, so that squares of huge and tiny targets stay numbers.
    largest = float(np.max(np.abs(y)))
    if largest == 0.0:
        return None
    unit = y / largest
    mean = float(unit @ w)
    length = float(np.sqrt(((unit - mean) ** 2) @ w))
    if length < 1e-12:
        return None
    points = Points(np.ascontiguousarray(X.T), np.ascontiguousarray((X.T - low[:, None]) / box.span[:, None]), box)
    target = Target(w, (unit - mean) / length)
    return _Data(
        points,
        target,
        mean * largest,
        length * largest,
        float(y.min()),
        float(y.max()),
        0.004 if bounds is None else 0.0,
    )


def _thinned(points: Points, target: Target, limit: int) -> tuple[Points, Target]:
    """Returns about `limit` points: every k-th line of a grid, else every k-th point."""
    d, n = points.t.shape
    if n <= 1.5 * limit:
        return points, target
    levels = [np.unique(row) for row in points.t]
    if d == 2 and np.prod([len(level) for level in levels]) <= 1.2 * n:
        keep = np.ones(n, dtype=bool)
        step = max(2, round((n / limit) ** 0.5))
        for row, level in zip(points.t, levels, strict=True):
            lines = np.unique(np.round(np.linspace(0, len(level) - 1, -(-len(level) // step))).astype(int))
            keep &= np.isin(row, level[lines])
    else:
        order = np.lexsort(points.t)
        keep = np.zeros(n, dtype=bool)
        keep[order[np.round(np.linspace(0, n - 1, limit)).astype(int)]] = True
    w, y = target.weights[keep] / target.weights[keep].sum(), target.y[keep]
    y = y - y @ w
    length = np.sqrt((y * y) @ w)
    if not length > 1e-9:
        return points, target
    return Points(points.u[:, keep], points.t[:, keep], points.box), Target(w, y / length)


def _dense(box: Box, margin: float) -> tuple[Array, Array]:
    """Returns points that cover the box with its edges and points on a slightly wider box's edges, shapes (d, k).

    Args:
        box: The domain.
        margin: How much wider, in widths of the box; a positive coordinate stays positive.
    """
    d = len(box.low)
    t = np.array(np.meshgrid(*[np.linspace(0.0, 1.0, 401 if d == 1 else 33)] * d, indexing="ij")).reshape(d, -1)
    dense = box.low[:, None] + box.span[:, None] * t
    low = np.where(box.low >= 0.0, np.maximum(box.low - margin * box.span, 0.5 * box.low), box.low - margin * box.span)
    high = box.low + (1.0 + margin) * box.span
    sides = [np.concatenate([[a], np.linspace(a, b, 9), [b]]) for a, b in zip(low, high, strict=True)]
    wide = np.array(np.meshgrid(*sides, indexing="ij")).reshape(d, -1)
    return dense, np.asarray(wide)


def _candidates(data: _Data, max_cost: int, functions: frozenset[str], natural: bool, per_cost: int) -> list[Node]:
    """Screens, fits and selects; the stages keep ever fewer skeletons and use ever more points and steps."""
    box = data.points.box
    signs = tuple(int(np.sign(low)) if low >= 0 else -1 for low in box.low)
    levels = tuple(min(len(np.unique(row)), 9) for row in data.points.u)
    table = grammar(functions, box.log_scaled, signs, levels, natural)
    if not table.factors:
        return []
    points, target = _thinned(data.points, data.target, _SCREENING_POINTS)
    distinct = len(np.unique(data.points.u, axis=1).T)
    found = screen(table, points, target, Screening(max_cost))
    problems = [problem for problem in found if _constants(problem) <= distinct]
    fits = fit(problems, table, points, target, 6)
    fits = fit([item.problem for item in _best(fits, table, 22, 2)], table, points, target, 8)
    points, target = _thinned(data.points, data.target, _FITTING_POINTS)
    fits = fit([item.problem for item in _best(fits, table, 14, 1)], table, points, target, 20)
    if points is not data.points:
        fits = fit([item.problem for item in fits], table, data.points, data.target, 3)
    fits = _snapped(fits, table, data, functions)
    return _selected(fits, table, data, max_cost, natural, per_cost)


def _constants(problem: Problem) -> int:
    return 1 + sum(len(columns_of(term)) for term in problem.terms) + len(problem.theta)


def _cost(problem: Problem, table: Grammar) -> int:
    return sum(table.term_cost(term) for term in problem.terms)


def _best(fits: list[Fit], table: Grammar, keep: int, starts: int) -> list[Fit]:
    """Returns the best `keep` skeletons of every cost, with at most `starts` fits each."""
    levels: dict[int, list[Fit]] = defaultdict(list)
    for item in fits:
        levels[_cost(item.problem, table)].append(item)
    result = []
    for level in sorted(levels):
        seen: dict[frozenset[object], int] = {}
        # Rounded, so that rounding errors cannot change the order.
        for item in sorted(levels[level], key=_rank):
            key = frozenset(item.problem.terms)
            if (key in seen or len(seen) < keep) and seen.get(key, 0) < starts:
                seen[key] = seen.get(key, 0) + 1
                result.append(item)
    return result


def _rank(item: Fit) -> float:
    return float(f"{item.sse:.6e}") if item.sse > 1e-13 else 0.0


def _snapped(fits: list[Fit], table: Grammar, data: _Data, functions: frozenset[str]) -> list[Fit]:
    """Replaces exponents by readable ones where that costs next to nothing, and adds them where it costs little."""
    problems, sources = [], []
    for number, item in enumerate(fits):
        theta, position, fixed = item.problem.theta.copy(), 0, []
        for term in item.problem.terms:
            for index in term.factors:
                factor = table.factors[index]
                snaps = factor.snaps(data.points.box)
                if snaps is not None and len(snaps[1]):
                    where = position + snaps[0]
                    nearest = snaps[1][np.argmin(np.abs(snaps[1] - theta[where]))]
                    if abs(nearest - theta[where]) < 0.3 * abs(nearest):
                        theta[where] = nearest
                        fixed.append(where)
                position += factor.n_params
        if fixed:
            problems.append(replace(item.problem, theta=theta, fixed=tuple(fixed)))
            sources.append(number)
    result: list[Fit | None] = list(fits)
    extra = []
    for number, item in (
        zip(sources, fit(problems, table, data.points, data.target, 8), strict=True) if problems else ()
    ):
        loss = item.sse - fits[number].sse
        if loss < _SNAP_LOSS:
            extra.append(item)
            if loss < 0.25 * fits[number].sse + 1e-7:
                result[number] = None
    return [item for item in result if item is not None] + extra


def _selected(fits: list[Fit], table: Grammar, data: _Data, max_cost: int, natural: bool, per_cost: int) -> list[Node]:
    box = data.points.box
    dense, beyond = _dense(box, data.margin)
    levels: dict[int, list[Node]] = defaultdict(list)
    seen: set[tuple[int, str]] = set()
    for item in sorted(fits, key=_rank):
        if not np.isfinite(item.sse):
            continue
        node = to_node(item, table, box, data.offset, data.scale)
        if node is None:
            continue
        cost = natural_cost(node, box.log_scaled) if natural else complexity(node)
        # Two skeletons of one length with the same error are the same function; exact fits may differ.
        same = (cost, f"{item.sse:.5e}")
        if cost > max_cost or len(levels[cost]) >= per_cost or (item.sse > 1e-9 and same in seen):
            continue
        if valid(node, dense, beyond, data.low, data.high):
            levels[cost].append(node)
            seen.add(same)
    return [node for cost in sorted(levels) for node in levels[cost]]
