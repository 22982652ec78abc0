"""Screening: every skeleton on a grid of its parameters, by inner products alone.

All atoms at all their starts form a dictionary of columns. How much of the target a sum of two columns explains follows
from the dictionary's Gram matrix; a product f*g of atoms needs only a few matrix products, because its inner products
are sums over f * (...) * g. So every pair of starts is tried at the price of a matrix product, and only the best are
fitted. Longer sums extend the best shorter ones by every column.

Notation:
    M: columns of the dictionary; n: points; V: values, shape (M, n); C: centred, weighted, of unit length, (M, n).
    group: the columns of one term, for its different starts; they are neighbours in the dictionary.
    gain: the share of the target's variance that is explained, R^2.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from deepcave_symbolic.engines.exhaustive.atoms import Points
from deepcave_symbolic.engines.exhaustive.fitting import Problem, Target
from deepcave_symbolic.engines.exhaustive.grammar import Grammar, Term
from deepcave_symbolic.expression import Array

__all__ = ["Screening", "screen"]

Index = npt.NDArray[np.intp]

#: Factors that multiply another one of the same coordinate, and factors that multiply none.
_LIGHT = ("identity.raw", "log.raw", "sqrt.raw", "exp.unit")
_BULKY = ("sqrt.quad", "log.quad")
_CLOSE = 1e-7  # 1 - correlation^2 below which two columns count as one
_NEAR = 1e-3  # least 1 - correlation^2 of a pair in the scan in single precision
_ROWS = 96  # columns a block of the pair scan, so that it stays in the cache


@dataclass(frozen=True)
class Screening:
    """How much is kept.

    Args:
        max_cost: Longest formula, in operators.
        keep: Skeletons kept a cost.
        starts: Starts kept a skeleton.
        products: Products that take part in sums.
        extended: Sums that are extended by every term, a length.
    """

    max_cost: int
    keep: int = 40
    starts: int = 3
    products: int = 100
    extended: int = 40


@dataclass(frozen=True)
class _Seed:
    terms: tuple[Term, ...]
    rows: tuple[tuple[int, ...], ...]
    cost: int
    gain: float


class _Dictionary:
    """The columns of every factor at all its starts; see the module's notation."""

    def __init__(self, table: Grammar, points: Points, target: Target) -> None:
        self.table, self.target = table, target
        values, self.theta, bounds = [], [], [0]
        with np.errstate(all="ignore"):
            for factor in table.factors:
                value, _ = factor.evaluate(points, factor.starts.T)
                values.append(np.broadcast_to(value, (len(factor.starts), points.u.shape[1])))
                self.theta += list(factor.starts)
                bounds.append(bounds[-1] + len(factor.starts))
        self.bounds = np.array(bounds, dtype=np.intp)
        self.values = np.concatenate(values)
        largest = np.max(np.abs(self.values), axis=1, keepdims=True)
        # Products only need directions; numbers of order one keep their moments accurate.
        self.values = np.where(np.isfinite(largest) & (largest > 0), self.values / largest, 0.0)
        self.y = target.y * np.sqrt(target.weights)
        self.columns = self.normalised(self.values)

    def normalised(self, values: Array) -> Array:
        """Returns columns centred, weighted and of unit length; constant ones become zero."""
        weights = self.target.weights
        columns = (values - (values @ weights)[:, None]) * np.sqrt(weights)
        length = np.sqrt(np.einsum("mn,mn->m", columns, columns))
        fine = length > 1e-7 * np.maximum(np.max(np.abs(values), axis=1), 1e-300)
        return np.asarray(columns * np.where(fine, 1.0 / np.where(fine, length, 1.0), 0.0)[:, None])

    def column(self, term: Term, rows: tuple[int, ...]) -> Array:
        """Returns the values of a plain term, shape (n,)."""
        return np.asarray(np.prod(self.values[list(rows)], axis=0))

    def basis(self, seed: _Seed) -> Array:
        """Returns the normalised columns of a seed, shape (m, n)."""
        values = []
        for term, rows in zip(seed.terms, seed.rows, strict=True):
            values.append(self.column(term, rows))
            if term.form != "plain":
                values += [self.values[row] for row in (rows if term.form == "full" else rows[1:])]
        return self.normalised(np.array(values))


class _Pool:
    """The columns that sums are made of: single factors, then the chosen products, in groups.

    Args:
        dictionary: The factors' columns.
        products: Chosen products with their rows and cost.
    """

    def __init__(self, dictionary: _Dictionary, products: list[_Seed]) -> None:
        table = dictionary.table
        self.terms = [Term((index,)) for index in range(len(table.factors))] + [seed.terms[0] for seed in products]
        self.cost = np.array([table.term_cost(term) for term in self.terms])
        n_single = len(dictionary.values)
        self.bounds = np.concatenate([dictionary.bounds, n_single + 1 + np.arange(len(products))])
        self.rows: list[tuple[int, ...]] = [(row,) for row in range(n_single)] + [seed.rows[0] for seed in products]
        extra = np.array([dictionary.column(seed.terms[0], seed.rows[0]) for seed in products])
        self.columns = dictionary.columns
        if products:
            self.columns = np.concatenate([self.columns, dictionary.normalised(extra)])
        self.n_single = len(table.factors)
        self.gain = self.columns @ dictionary.y
        # A product goes with every single factor and with no other product, see `Grammar.compatible`.
        self.compatible = np.zeros((len(self.terms), len(self.terms)), dtype=bool)
        self.compatible[: self.n_single] = self.compatible[:, : self.n_single] = True
        self.compatible[: self.n_single, : self.n_single] = table.compatible_factors


def _best(gain: Array, cost: npt.NDArray[np.int_], screening: Screening, keep: int) -> list[tuple[int, ...]]:
    """Returns the indices of the best `keep` entries of every cost; entries without gain are left out."""
    # Rounded, so that rounding errors of the target's scale cannot change the order.
    flat, costs = np.round(gain.ravel(), 7), cost.ravel()
    result: list[tuple[int, ...]] = []
    for level in range(1, screening.max_cost + 1):
        where = np.flatnonzero((costs == level) & (flat > 0.0))
        if len(where) > keep:
            least = np.partition(flat[where], len(where) - keep)[len(where) - keep]
            where = where[flat[where] >= least]
            where = where[np.argsort(-flat[where], kind="stable")[:keep]]
        result += zip(*(axis.tolist() for axis in np.unravel_index(where, gain.shape)), strict=True)
    return result


def _singles(pool: _Pool, screening: Screening) -> list[_Seed]:
    seeds = []
    for group in range(pool.n_single):
        if pool.cost[group] > screening.max_cost:
            continue
        start, stop = pool.bounds[group : group + 2]
        gains = pool.gain[start:stop] ** 2
        for k in np.argsort(-gains, kind="stable")[:4]:
            seeds.append(_Seed((pool.terms[group],), (pool.rows[start + k],), int(pool.cost[group]), float(gains[k])))
    return seeds


def _two(overlap: Array, first: Array, second: Array) -> Array:
    """Returns the gain of two unit columns together, from their overlap with each other and with the target."""
    rest = 1.0 - overlap * overlap
    gain = first * first + second * second - 2.0 * overlap * first * second
    fine = rest > _CLOSE
    return np.where(fine, gain / np.where(fine, rest, 1.0), 0.0)


def _pairs(pool: _Pool, screening: Screening) -> list[_Seed]:
    """Scans all sums of two columns of which at least one is a single factor."""
    size, room = len(pool.terms), screening.max_cost - int(pool.cost.min())
    gains = np.zeros((size, pool.n_single))
    blocks: list[tuple[int, int]] = []
    for group in range(size):
        if pool.cost[group] > room:
            continue
        if blocks and blocks[-1][1] == group and pool.bounds[group + 1] - pool.bounds[blocks[-1][0]] <= _ROWS:
            blocks[-1] = (blocks[-1][0], group + 1)
        else:
            blocks.append((group, group + 1))
    columns, overlaps = pool.columns.astype(np.float32), pool.gain.astype(np.float32)
    for first, last in blocks:
        # Factors are sorted by cost, so the partners that fit are the first ones; pairs of factors are scanned once.
        fits = int(np.sum(pool.cost[: pool.n_single] + pool.cost[first:last].min() <= screening.max_cost))
        partners = min(fits, last)
        if partners == 0:
            continue
        rows, width = slice(pool.bounds[first], pool.bounds[last]), pool.bounds[partners]
        # gain = f^2 + (g - f*o)^2 / (1 - o^2), for overlaps f and g with the target and o with each other.
        rest = columns[rows] @ columns[:width].T
        block = rest * overlaps[rows, None]
        np.subtract(overlaps[None, :width], block, out=block)
        block *= block
        rest *= rest
        np.subtract(np.float32(1.0), rest, out=rest)
        np.maximum(rest, np.float32(_NEAR), out=rest)
        block /= rest
        block = np.maximum.reduceat(block, pool.bounds[:partners], axis=1) + overlaps[rows, None] ** 2
        gains[first:last, :partners] = np.maximum.reduceat(block, pool.bounds[first:last] - pool.bounds[first], axis=0)
    cost = pool.cost[:, None] + pool.cost[None, : pool.n_single]
    gains *= pool.compatible[:, : pool.n_single]
    gains[: pool.n_single] *= np.tri(pool.n_single)
    chosen = _best(gains, cost, screening, screening.keep)
    return [seed for a, b in chosen for seed in _pair_starts(pool, a, b)]


def _pair_starts(pool: _Pool, a: int, b: int) -> Iterator[_Seed]:
    """Yields the best start of a pair of groups, and the best one that shares no column with it."""
    (first, last), (start, stop) = pool.bounds[a : a + 2], pool.bounds[b : b + 2]
    overlap = pool.columns[first:last] @ pool.columns[start:stop].T
    block = _two(overlap, pool.gain[first:last, None], pool.gain[None, start:stop])
    for _ in range(2):
        k, j = np.unravel_index(int(np.argmax(block)), block.shape)
        if block[k, j] <= 0.0:
            return
        rows = (pool.rows[first + k], pool.rows[start + j])
        yield _Seed((pool.terms[a], pool.terms[b]), rows, int(pool.cost[a] + pool.cost[b]), float(block[k, j]))
        block[k, :], block[:, j] = 0.0, 0.0


def _extend(seeds: list[_Seed], pool: _Pool, dictionary: _Dictionary, screening: Screening) -> list[_Seed]:
    """Adds every term to each of the seeds."""
    seeds = [seed for seed in seeds if seed.cost + pool.cost.min() <= screening.max_cost]
    if not seeds:
        return []
    bases = [np.linalg.qr(dictionary.basis(seed).T)[0] for seed in seeds]
    residuals = [dictionary.y - basis @ (basis.T @ dictionary.y) for basis in bases]
    sides = np.column_stack([part for pair in zip(bases, residuals, strict=True) for part in pair])
    inner = (sides.T @ pool.columns.T).astype(np.float32)
    inner *= inner
    widths = [basis.shape[1] for basis in bases]
    starts = np.concatenate([[0], np.cumsum([width + 1 for width in widths])])
    rest = np.array([1.0 - inner[k : k + width].sum(axis=0) for k, width in zip(starts, widths, strict=False)])
    gain = inner[starts[1:] - 1] / np.maximum(rest, _NEAR)
    best = np.maximum.reduceat(gain, pool.bounds[:-1], axis=1)
    cost = np.array([seed.cost for seed in seeds])[:, None] + pool.cost
    index = {term: number for number, term in enumerate(pool.terms)}
    for s, seed in enumerate(seeds):
        for term in seed.terms:
            known = term in index
            best[s] *= pool.compatible[index[term]] if known else dictionary.table.compatible_with(term, pool.terms)
        best[s] += seed.gain * (best[s] > 0.0)
    result: dict[tuple[Term, ...], _Seed] = {}
    for s, group in _best(best, cost, screening, 3 * screening.keep):
        seed = seeds[s]
        terms = (*seed.terms, pool.terms[group])
        first, last = pool.bounds[group : group + 2]
        rows = (*seed.rows, pool.rows[first + int(np.argmax(gain[s, first:last]))])
        key = tuple(sorted(terms, key=lambda term: (term.factors, term.form)))
        new = _Seed(terms, rows, int(cost[s, group]), float(best[s, group]))
        if key not in result or result[key].gain < new.gain:
            result[key] = new
    return list(result.values())


def _product_sets(table: Grammar, n_vars: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Returns which factors are multiplied with which: across coordinates all but the bulky ones, within one few."""
    own: list[tuple[int, ...]] = []
    for var in range(n_vars):
        mine = [k for k, factor in enumerate(table.factors) if factor.var == var]
        own.append(tuple(k for k in mine if table.factors[k].key not in _BULKY))
    sets = [(own[0], own[1])] if n_vars == 2 else []
    for indices in own:
        light = tuple(k for k in indices if table.factors[k].key in _LIGHT)
        heavy = tuple(k for k in indices if table.factors[k].outer.name not in ("identity", "square"))
        sets.append((light, heavy))
    return [pair for pair in sets if pair[0] and pair[1]]


@dataclass(frozen=True)
class _Moments:
    """Correlations of all products z = f*g of two sets of columns: with y, f and g, and of f with g; (M_f, M_g)."""

    zy: Array
    zf: Array
    zg: Array
    fg: Array


def _moments(dictionary: _Dictionary, rows: Index, others: Index) -> _Moments:
    weights, y = dictionary.target.weights, dictionary.target.y
    F, G = dictionary.values[rows], dictionary.values[others]
    mf, mg = F @ weights, G @ weights
    F_w = F * weights
    mean = F_w @ G.T
    square = (F_w * F) @ (G * G).T
    size = square - mean * mean
    fine = size > 1e-9 * square + 1e-300
    z = np.where(fine, 1.0 / np.sqrt(np.where(fine, size, 1.0)), 0.0)
    sf = np.sqrt(np.maximum((F * F) @ weights - mf * mf, 0.0))
    sg = np.sqrt(np.maximum((G * G) @ weights - mg * mg, 0.0))
    inv_f, inv_g = (np.where(s > 1e-7, 1.0 / np.where(s > 1e-7, s, 1.0), 0.0) for s in (sf, sg))
    zy = ((F_w * y) @ G.T) * z
    zf = ((F_w * F) @ G.T - mean * mf[:, None]) * z * inv_f[:, None]
    zg = (F_w @ (G * G).T - mean * mg[None, :]) * z * inv_g[None, :]
    fg = (mean - mf[:, None] * mg[None, :]) * inv_f[:, None] * inv_g[None, :]
    return _Moments(zy, zf, zg, fg)


def _product_gains(moments: _Moments, fy: Array, gy: Array) -> dict[tuple[str, bool], Array]:
    """Returns gains of f*g, (f + d)*g, (g + d)*f and (f + d)*(g + e); the flag says that g comes first."""
    zy, zf, zg, fg = moments.zy, moments.zf, moments.zg, moments.fg
    f, g = fy[:, None], gy[None, :]
    both = _two(fg, f, g)
    rest = 1.0 - fg * fg
    fine = rest > _CLOSE
    inverse = np.where(fine, 1.0 / np.where(fine, rest, 1.0), 0.0)
    # What is left of z, and of z's overlap with y, outside the span of f and g.
    size = 1.0 - (zf * zf + zg * zg - 2.0 * fg * zf * zg) * inverse
    part = zy - ((zf - fg * zg) * f + (zg - fg * zf) * g) * inverse
    clear = (size > 1e-5) & fine
    full = np.where(clear, both + part * part / np.where(clear, size, 1.0), 0.0)
    return {
        ("plain", False): zy * zy,
        ("half", False): _two(zg, zy, np.broadcast_to(g, zy.shape)),
        ("half", True): _two(zf, zy, np.broadcast_to(f, zy.shape)),
        ("full", False): full,
    }


def _products(dictionary: _Dictionary, screening: Screening, n_vars: int) -> list[_Seed]:
    """Scans all products of two factors in every form."""
    table = dictionary.table
    overlap = dictionary.columns @ dictionary.y
    seeds: list[_Seed] = []
    for first, second in _product_sets(table, n_vars):
        rows, bounds = _gather(dictionary, first)
        others, edges = _gather(dictionary, second)
        gains = _product_gains(_moments(dictionary, rows, others), overlap[rows], overlap[others])
        for (form, swapped), gain in gains.items():
            best = np.maximum.reduceat(np.maximum.reduceat(gain, bounds[:-1], axis=0), edges[:-1], axis=1)
            terms, cost = table.product_terms(first, second, form, swapped)
            keep = screening.keep if form != "plain" else 2 * screening.keep
            for a, b in _best(best * _sensible(table, first, second), cost, screening, keep):
                block = gain[bounds[a] : bounds[a + 1], edges[b] : edges[b + 1]].copy()
                for _ in range(2):
                    k, j = np.unravel_index(int(np.argmax(block)), block.shape)
                    if block[k, j] <= 0.0:
                        break
                    pair = (int(rows[bounds[a] + k]), int(others[edges[b] + j]))
                    where = pair[::-1] if swapped else pair
                    seeds.append(_Seed((terms[a][b],), (where,), int(cost[a, b]), float(block[k, j])))
                    block[k, :], block[:, j] = 0.0, 0.0
    return seeds


def _sensible(table: Grammar, first: tuple[int, ...], second: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Returns which products are not another atom in disguise, such as exp(k*u) * exp(l*u)."""
    names = [[(table.factors[k].var, table.factors[k].outer.name) for k in side] for side in (first, second)]
    return np.array([[f != g for g in names[1]] for f in names[0]])


def _gather(dictionary: _Dictionary, factors: tuple[int, ...]) -> tuple[Index, Index]:
    """Returns the dictionary's rows of some factors and where each factor's rows start among them."""
    parts = [np.arange(dictionary.bounds[k], dictionary.bounds[k + 1]) for k in factors]
    return np.concatenate(parts), np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.intp)


def screen(table: Grammar, points: Points, target: Target, screening: Screening) -> list[Problem]:
    """Returns the most promising skeletons of every cost with starts for their parameters.

    Args:
        table: The grammar.
        points: The points, not too many of them.
        target: Weights and target at the points.
        screening: How much is kept.

    Returns:
        Problems, at most `screening.starts` a skeleton.
    """
    dictionary = _Dictionary(table, points, target)
    products = _products(dictionary, screening, points.u.shape[0])
    plain = [seed for seed in products if seed.terms[0].form == "plain"]
    # A cheap product such as u0 * u1 may matter beside a term that hides it; the others are taken by their own gain.
    cheap = min((seed.cost for seed in plain), default=0) + 2
    plain.sort(key=lambda seed: (seed.cost > cheap, -round(seed.gain, 7), seed.terms[0].factors))
    few = sum(seed.cost <= cheap for seed in plain)
    pool = _Pool(dictionary, plain[: few + screening.products])
    pairs = _pairs(pool, screening)
    seeds = _singles(pool, screening) + products + pairs
    formed = [seed for seed in products if seed.terms[0].form != "plain"]
    longer = _extend(
        _top(pairs, screening.extended) + _top(formed, screening.extended // 2), pool, dictionary, screening
    )
    seeds += longer
    seeds += _extend(_top(longer, screening.extended // 2), pool, dictionary, screening)
    return [_problem(dictionary, seed) for seed in _kept(seeds, screening)]


def _top(seeds: list[_Seed], count: int) -> list[_Seed]:
    return sorted(seeds, key=lambda seed: (-round(seed.gain, 7), seed.cost))[:count]


def _kept(seeds: list[_Seed], screening: Screening) -> Iterator[_Seed]:
    """Yields the seeds of the best skeletons of every cost, at most `starts` of each."""
    levels: dict[int, list[_Seed]] = defaultdict(list)
    for seed in _top(seeds, len(seeds)):
        levels[seed.cost].append(seed)
    for level in sorted(levels):
        counts: dict[frozenset[Term], int] = {}
        for seed in levels[level]:
            key = frozenset(seed.terms)
            count = counts.get(key, 0)
            # A single factor with several parameters suffers most from a coarse grid, so every one is kept.
            single = len(seed.terms) == 1 and len(seed.terms[0].factors) == 1
            if count < screening.starts and (count or single or len(counts) < screening.keep):
                counts[key] = count + 1
                yield seed


def _problem(dictionary: _Dictionary, seed: _Seed) -> Problem:
    theta = [dictionary.theta[row] for rows in seed.rows for row in rows]
    return Problem(seed.terms, np.concatenate(theta) if theta else np.zeros(0))
