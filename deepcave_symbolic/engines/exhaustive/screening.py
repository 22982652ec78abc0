"""Screening: every skeleton on a grid of its parameters, by inner products alone.

All atoms at all their starts form a dictionary of columns. How much of the target a sum of two columns explains follows
from the dictionary's Gram matrix, so that every pair of starts is tried at the price of a matrix product, and only the
best are fitted. Longer sums extend the best shorter ones by every column.

Notation: see `dictionary`. group: the columns of one term, for its different starts; they are neighbours in the pool.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from deepcave_symbolic.engines.exhaustive.atoms import Points
from deepcave_symbolic.engines.exhaustive.dictionary import (
    Dictionary,
    Screening,
    Seed,
    best_per_cost,
    gain_of_two,
    two_best,
)
from deepcave_symbolic.engines.exhaustive.fitting import Target
from deepcave_symbolic.engines.exhaustive.grammar import Grammar, Term, skeleton
from deepcave_symbolic.engines.exhaustive.problems import Problem
from deepcave_symbolic.engines.exhaustive.products import scan_products

__all__ = ["screen"]

_NEAR = 1e-3  # least 1 - correlation^2 of a pair in the scan in single precision
_ROWS = 96  # columns in a block of the pair scan, so that it stays in the cache


class _Pool:
    """The columns that sums are made of: single factors, then the chosen products, in groups.

    Args:
        dictionary: The factors' columns.
        products: Chosen products with their rows and cost.
    """

    def __init__(self, dictionary: Dictionary, products: list[Seed]) -> None:
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


def _singles(pool: _Pool, screening: Screening) -> list[Seed]:
    seeds = []
    for group in range(pool.n_single):
        if pool.cost[group] > screening.max_cost:
            continue
        start, stop = pool.bounds[group : group + 2]
        gains = pool.gain[start:stop] ** 2
        for k in np.argsort(-gains, kind="stable")[:4]:
            seeds.append(Seed((pool.terms[group],), (pool.rows[start + k],), int(pool.cost[group]), float(gains[k])))
    return seeds


def _pairs(pool: _Pool, screening: Screening) -> list[Seed]:
    """Returns the best sums of two columns, of which at least one is a single factor."""
    gains = np.zeros((len(pool.terms), pool.n_single))
    cost = pool.cost[:, None] + pool.cost[None, : pool.n_single]
    columns, overlaps = pool.columns.astype(np.float32), pool.gain.astype(np.float32)
    for first, last in _blocks(pool, screening.max_cost - int(pool.cost.min())):
        # Factors are sorted by cost, so the partners that fit are the first ones; pairs of factors are scanned once.
        partners = min(int(np.sum(cost[first:last].min(axis=0) <= screening.max_cost)), last)
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
    gains *= pool.compatible[:, : pool.n_single]
    gains[: pool.n_single] *= np.tri(pool.n_single)
    chosen = best_per_cost(gains, cost, screening.max_cost, screening.keep)
    return [seed for a, b in chosen for seed in _pair_starts(pool, a, b)]


def _blocks(pool: _Pool, room: int) -> list[tuple[int, int]]:
    """Returns runs of neighbouring groups of at most cost `room`, each of about `_ROWS` columns."""
    blocks: list[tuple[int, int]] = []
    for group in np.flatnonzero(pool.cost <= room).tolist():
        if blocks and blocks[-1][1] == group and pool.bounds[group + 1] - pool.bounds[blocks[-1][0]] <= _ROWS:
            blocks[-1] = (blocks[-1][0], group + 1)
        else:
            blocks.append((group, group + 1))
    return blocks


def _pair_starts(pool: _Pool, a: int, b: int) -> Iterator[Seed]:
    """Yields the best starts of a sum of two groups."""
    (first, last), (start, stop) = pool.bounds[a : a + 2], pool.bounds[b : b + 2]
    overlap = pool.columns[first:last] @ pool.columns[start:stop].T
    block = gain_of_two(overlap, pool.gain[first:last, None], pool.gain[None, start:stop])
    for k, j, gain in two_best(block):
        rows = (pool.rows[first + k], pool.rows[start + j])
        yield Seed((pool.terms[a], pool.terms[b]), rows, int(pool.cost[a] + pool.cost[b]), gain)


def _extend(seeds: list[Seed], pool: _Pool, dictionary: Dictionary, screening: Screening) -> list[Seed]:
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
    rest = np.array([1.0 - inner[k : k + width].sum(axis=0) for k, width in zip(starts[:-1], widths, strict=True)])
    gain = inner[starts[1:] - 1] / np.maximum(rest, _NEAR)
    best = np.maximum.reduceat(gain, pool.bounds[:-1], axis=1)
    cost = np.array([seed.cost for seed in seeds])[:, None] + pool.cost
    index = {term: number for number, term in enumerate(pool.terms)}
    for s, seed in enumerate(seeds):
        for term in seed.terms:
            known = term in index
            best[s] *= pool.compatible[index[term]] if known else dictionary.table.compatible_with(term, pool.terms)
        best[s] += seed.gain * (best[s] > 0.0)
    result: dict[tuple[Term, ...], Seed] = {}
    for s, group in best_per_cost(best, cost, screening.max_cost, 3 * screening.keep):
        seed = seeds[s]
        terms = (*seed.terms, pool.terms[group])
        first, last = pool.bounds[group : group + 2]
        rows = (*seed.rows, pool.rows[first + int(np.argmax(gain[s, first:last]))])
        key = skeleton(terms)
        new = Seed(terms, rows, int(cost[s, group]), float(best[s, group]))
        if key not in result or result[key].gain < new.gain:
            result[key] = new
    return list(result.values())


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
    dictionary = Dictionary(table, points, target)
    products = scan_products(dictionary, screening, points.u.shape[0])
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
    return [dictionary.problem(seed) for seed in _kept(seeds, screening)]


def _top(seeds: list[Seed], count: int) -> list[Seed]:
    return sorted(seeds, key=lambda seed: (-round(seed.gain, 7), seed.cost))[:count]


def _kept(seeds: list[Seed], screening: Screening) -> Iterator[Seed]:
    """Yields the seeds of the best skeletons of every cost, at most `starts` of each."""
    levels: dict[int, list[Seed]] = defaultdict(list)
    for seed in _top(seeds, len(seeds)):
        levels[seed.cost].append(seed)
    for level in sorted(levels):
        counts: dict[tuple[Term, ...], int] = {}
        for seed in levels[level]:
            key = skeleton(seed.terms)
            count = counts.get(key, 0)
            # A single factor with several parameters suffers most from a coarse grid, so every one is kept.
            single = len(seed.terms) == 1 and len(seed.terms[0].factors) == 1
            if count < screening.starts and (count or single or len(counts) < screening.keep):
                counts[key] = count + 1
                yield seed
