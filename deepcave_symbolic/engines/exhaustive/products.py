"""Screening of products: all f*g, (f + d)*g and (f + d)*(g + e) of two atoms, without forming a product.

A product's inner products with the target, with its factors and with itself are sums over f * (...) * g, so that
matrix products of the factors' columns give them for all starts of all pairs of atoms at once.

Notation: see `dictionary`. F, G: values of the two sets of factors, shapes (M_f, n) and (M_g, n); z = f*g.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from deepcave_symbolic.engines.exhaustive.dictionary import (
    CLOSE,
    Dictionary,
    Screening,
    Seed,
    best_per_cost,
    gain_of_two,
    two_best,
)
from deepcave_symbolic.engines.exhaustive.grammar import Form, Grammar
from deepcave_symbolic.numeric.arrays import Array, Index

__all__ = ["scan_products"]

#: Factors that multiply another one of the same coordinate, and factors that multiply none.
_LIGHT = ("identity.raw", "log.raw", "sqrt.raw", "exp.unit")
_BULKY = ("sqrt.quad", "log.quad")
#: Factors that a product of powers absorbs.
_POWERS = ("exp.unit", "pow.raw", "identity.raw", "reciprocal.raw")


def scan_products(dictionary: Dictionary, screening: Screening, n_vars: int) -> list[Seed]:
    """Returns the best products of two factors, in every form and of every cost."""
    table = dictionary.table
    overlap = dictionary.columns @ dictionary.y
    seeds: list[Seed] = []
    for first, second in _product_sets(table, n_vars):
        rows, bounds = _gather(dictionary, first)
        others, edges = _gather(dictionary, second)
        gains = _gains(_moments(dictionary, rows, others), overlap[rows], overlap[others])
        for (form, swapped), gain in gains.items():
            best = np.maximum.reduceat(np.maximum.reduceat(gain, bounds[:-1], axis=0), edges[:-1], axis=1)
            terms, cost = table.product_terms(first, second, form, swapped)
            # Plain products are also what sums are made of.
            keep = screening.keep if form == "plain" else screening.keep // 2
            for a, b in best_per_cost(best * _sensible(table, first, second), cost, screening.max_cost, keep):
                block = gain[bounds[a] : bounds[a + 1], edges[b] : edges[b + 1]]
                for k, j, value in two_best(block):
                    pair = (int(rows[bounds[a] + k]), int(others[edges[b] + j]))
                    seeds.append(Seed((terms[a][b],), (pair[::-1] if swapped else pair,), int(cost[a, b]), value))
    return seeds


def _product_sets(table: Grammar, n_vars: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Returns which factors are multiplied with which.

    Across coordinates all but the bulky ones, within one few; and x0^p * x1^q with the factors of one coordinate.
    """
    own: list[tuple[int, ...]] = []
    for var in range(n_vars):
        mine = [k for k, factor in enumerate(table.factors) if factor.var == var]
        own.append(tuple(k for k in mine if table.factors[k].key not in _BULKY))
    sets = [(own[0], own[1])] if n_vars == 2 else []
    powers = tuple(k for k, factor in enumerate(table.factors) if factor.key == "identity.powers")
    sets.append((powers, tuple(k for indices in own for k in indices if table.factors[k].key not in _POWERS)))
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


def _moments(dictionary: Dictionary, rows: Index, others: Index) -> _Moments:
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


def _gains(moments: _Moments, fy: Array, gy: Array) -> dict[tuple[Form, bool], Array]:
    """Returns gains of f*g, (f + d)*g, (g + d)*f and (f + d)*(g + e); the flag says that g comes first."""
    zy, zf, zg, fg = moments.zy, moments.zf, moments.zg, moments.fg
    f, g = fy[:, None], gy[None, :]
    both = gain_of_two(fg, f, g)
    rest = 1.0 - fg * fg
    fine = rest > CLOSE
    inverse = np.where(fine, 1.0 / np.where(fine, rest, 1.0), 0.0)
    # What is left of z, and of z's overlap with y, outside the span of f and g.
    size = 1.0 - (zf * zf + zg * zg - 2.0 * fg * zf * zg) * inverse
    part = zy - ((zf - fg * zg) * f + (zg - fg * zf) * g) * inverse
    clear = (size > 1e-5) & fine
    full = np.where(clear, both + part * part / np.where(clear, size, 1.0), 0.0)
    return {
        ("plain", False): zy * zy,
        ("half", False): gain_of_two(zg, zy, np.broadcast_to(g, zy.shape)),
        ("half", True): gain_of_two(zf, zy, np.broadcast_to(f, zy.shape)),
        ("full", False): full,
    }


def _sensible(table: Grammar, first: tuple[int, ...], second: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Returns which products are not another atom in disguise, such as exp(k*u) * exp(l*u)."""
    names = [[(table.factors[k].var, table.factors[k].outer.name) for k in side] for side in (first, second)]
    return np.array([[f != g for g in names[1]] for f in names[0]])


def _gather(dictionary: Dictionary, factors: tuple[int, ...]) -> tuple[Index, Index]:
    """Returns the dictionary's rows of some factors and where each factor's rows start among them."""
    parts = [np.arange(dictionary.bounds[k], dictionary.bounds[k + 1]) for k in factors]
    return np.concatenate(parts), np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.intp)
