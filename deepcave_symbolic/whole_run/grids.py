"""Factors with their constants on a grid, from which the search for a part starts.

Notation: see the package.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import permutations

import numpy as np

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.whole_run.fitting import Fitted
from deepcave_symbolic.whole_run.terms import Coordinates, Factor, Groups, Scale, Term, scales_of

__all__ = ["by_choice", "factors_of_products", "multiplied", "ridged", "ridges", "shapes"]

_PLACES = np.linspace(0.05, 0.95, 7)
#: Steepness of a step over the whole domain: a gentle one to a jump.
_STEEP = (5.0, 12.0, 35.0)
_GROWTH = (-4.0, -2.0, 2.0, 4.0)
#: Directions of a ridge: the weight of the second hyperparameter relative to the first, which matters more.
_RATIOS = (-1.0, -0.6, -0.3, 0.3, 0.6, 1.0)
#: The same for a hyperparameter that joins a part.
_GROWN = (-0.6, -0.2, 0.2, 0.6)
#: Ridges are tried for the pairs of so many hyperparameters.
_MOST_RIDGED = 8
#: A part has no more factors, and a ridge no more hyperparameters.
_MOST_FACTORS, _MOST_ALONG = 3, 3

Start = tuple[Factor, Array]


def shapes(index: int, axis: Axis) -> Iterator[Start]:
    """Yields what a part of one hyperparameter can be."""
    for number, scale in enumerate(scales_of(index, axis)):
        yield Factor("line", (scale,)), np.array([0.5])
        for place in np.linspace(-0.1, 1.1, 9):
            yield Factor("square", (scale,)), np.array([place])
        for place in _PLACES:
            yield Factor("kink", (scale,)), np.array([place])
        if number:
            continue
        for growth in _GROWTH:
            if scale.log or axis.values is None:
                yield Factor("power", (scale,)), np.array([growth])
        for place in _PLACES:
            if not scale.log:
                for steepness in _STEEP:
                    yield Factor("tanh", (scale,)), np.array([place, steepness / 2.0])
                continue
            for exponent in (1.0, 2.0):
                yield Factor("step", (scale,), exponent), np.array([place])
                yield Factor("decay", (scale,), exponent), np.array([place])
            for steepness in _STEEP:
                yield Factor("step", (scale,)), np.array([place, steepness])


def factors_of_products(index: int, axis: Axis, coordinates: Coordinates) -> Iterator[Start]:
    """Yields what a product can be made of."""
    scale = scales_of(index, axis)[0]
    yield Factor("line", (scale,)), np.array([float(np.nanmean(coordinates.of(scale)))])
    for place in (0.0, 0.3, 0.7, 1.0):
        yield Factor("square", (scale,)), np.array([place])
    for place in (0.2, 0.5, 0.8):
        if not scale.log:
            yield Factor("tanh", (scale,)), np.array([place, 6.0])
            continue
        for exponent in (1.0, 2.0, -1.0, -2.0):
            yield Factor("step", (scale,), exponent), np.array([place])
        yield Factor("decay", (scale,), 1.0), np.array([place])


def ridges(axes: Sequence[Axis]) -> Iterator[Start]:
    """Yields functions of two hyperparameters along x·y^w, log10(x) + w·y or x + w·y."""
    scales = [_for_ridges(i, axis) for i, axis in enumerate(axes) if not axis.categorical][:_MOST_RIDGED]
    for one, other in permutations(scales, 2):
        if other.log and not one.log:
            continue
        pair, both = (one, other), other.log
        # Both orders where both are of a kind, the first one being what matters more.
        ratios = _RATIOS if one.log == other.log else (*_RATIOS, -2.0, 2.0)
        for weight in ratios:
            low, high = min(0.0, weight), 1.0 + max(0.0, weight)
            for place in low + (high - low) * np.linspace(0.1, 0.9, 5):
                yield Factor("square", pair), np.array([place, weight])
                for exponent in (1.0, 2.0) if both else ():
                    yield Factor("step", pair, exponent), np.array([place, weight])
                    yield Factor("decay", pair, exponent), np.array([place, weight])
                yield Factor("step" if both else "tanh", pair), np.array([place, 20.0 if both else 5.0, weight])


def _for_ridges(index: int, axis: Axis) -> Scale:
    """Returns how a hyperparameter enters a ridge: through log10 where it can."""
    return scales_of(index, axis)[-1]


def multiplied(part: Fitted, factors: Sequence[Start | Groups]) -> dict[int, Fitted]:
    """Returns a part with one more factor, by the position of that.

    Args:
        part: The part.
        factors: What a product can be made of.
    """
    term = part.term
    if not 1 <= len(term.factors) < _MOST_FACTORS:
        return {}
    constants = _constants(part)
    return {
        k: Fitted(Term((*term.factors, start[0]), term.groups), np.concatenate([*constants, start[1]]))
        for k, start in enumerate(factors)
        if not isinstance(start, Groups) and start[0].scales[0].index not in term.indices
    }


def ridged(part: Fitted, axes: Sequence[Axis]) -> Iterator[Fitted]:
    """Yields a part with one more hyperparameter along a ridge."""
    term, constants = part.term, _constants(part)
    for k, factor in enumerate(term.factors):
        if term.is_line or factor.outer == "power" or len(factor.scales) >= _MOST_ALONG:
            continue
        for i, axis in enumerate(axes):
            if axis.categorical or i in term.indices:
                continue
            scale = _for_ridges(i, axis)
            if (not scale.log and factor.outer in ("step", "decay")) or (scale.log and not factor.scales[0].log):
                continue
            for weight in _GROWN:
                longer = replace(factor, scales=(*factor.scales, scale))
                end = len(constants[k]) - int(factor.shifted)
                own = np.insert(constants[k], end, weight)
                own[0] += 0.5 * weight
                yield Fitted(
                    Term((*term.factors[:k], longer, *term.factors[k + 1 :]), term.groups),
                    np.concatenate([*constants[:k], own, *constants[k + 1 :]]),
                )


def by_choice(part: Fitted, axes: Sequence[Axis]) -> Iterator[Fitted]:
    """Yields a part with coefficients of their own for one choice of a categorical and for the others."""
    term = part.term
    if term.groups is not None or not term.factors:
        return
    for i, axis in enumerate(axes):
        if not axis.categorical or i in term.indices:
            continue
        n = len(axis.labels or ())
        for j in range(n if n > 2 else 1):
            rest = tuple(k for k in range(n) if k != j)
            yield Fitted(Term(term.factors, Groups(i, ((j,), rest))), np.concatenate(_constants(part)))


def _constants(part: Fitted) -> list[Array]:
    """Returns the constants of each factor; a straight part starts in the middle."""
    return [np.array([0.5])] if part.term.is_line else part.term.split(part.theta)
