"""Writes fitted parts in natural units: rounded, centred over the space, with coefficients for what is rounded already.

Notation: see the package.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepcave_symbolic.formulas.expression import Node, cases, complexity, constant, evaluate
from deepcave_symbolic.formulas.rounding import DIGITS, allowed_loss, round_offset
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.numeric.weighted import weighted_r2
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.whole_run.fitting import Fitted, solve
from deepcave_symbolic.whole_run.sample import Sample
from deepcave_symbolic.whole_run.shapes import Shape, shape_at, shape_of_term
from deepcave_symbolic.whole_run.terms import Coordinates, Groups, Term, centred
from deepcave_symbolic.words.numbers import round_significant

__all__ = ["Written", "nodes_of", "value_of", "write"]

#: A part's mean may be this share of its standard deviation: so much is lost to rounding.
_NEARLY_ZERO = 0.01
#: Nodes of the constant that makes a mean zero.
CENTRING = 2


@dataclass(frozen=True)
class Written:
    """A level and the trees of the parts, variables numbered as the axes."""

    level: float
    trees: tuple[Node, ...]


def write(parts: Sequence[Fitted], sample: Sample) -> Written:
    """Returns the parts with constants of two to four significant digits.

    Args:
        parts: The fitted parts.
        sample: What they are fitted to.
    """
    blocks = [part.term.columns(part.theta, Coordinates(sample.columns)) for part in parts]
    mean = float(np.mean(sample.y))
    solved = solve(np.column_stack(blocks) if blocks else np.empty((len(sample.y), 0)), sample.y - mean)
    exact = weighted_r2(sample.y, sample.y - solved.residual, None)
    written = Written(mean, ())
    for digits in DIGITS:
        written = _with_digits(parts, sample, digits)
        predicted = sum(
            (value_of(tree, sample.columns) for tree in written.trees), start=np.full_like(sample.y, written.level)
        )
        if exact - weighted_r2(sample.y, predicted, None) <= allowed_loss(exact):
            break
    return written


def value_of(tree: Node, columns: Sequence[Array]) -> Array:
    """Returns a part's values, 0 where one of its hyperparameters is inactive (NaN)."""
    values = evaluate(tree, columns)
    inactive = np.any([np.isnan(columns[i]) for i in tree.variables], axis=0)
    return np.where(inactive, 0.0, values)


def _with_digits(parts: Sequence[Fitted], sample: Sample, digits: int) -> Written:
    shapes = [_shape(part, sample, digits) for part in parts]
    raw = [_raw(s, part.term, sample.columns) for s, part in zip(shapes, parts, strict=True)]
    measured = [_raw(s, part.term, sample.measure) for s, part in zip(shapes, parts, strict=True)]
    blocks = [centred(values) for values in raw]
    mean = float(np.mean(sample.y))
    columns = np.column_stack(blocks) if blocks else np.empty((len(sample.y), 0))
    coefficients = solve(columns, sample.y - mean).coefficients
    ends = np.cumsum([0, *(block.shape[1] for block in blocks)])
    trees: list[Node] = []
    for p, (part, shape) in enumerate(zip(parts, shapes, strict=True)):
        own = coefficients[ends[p] : ends[p + 1]]
        groups = part.term.groups
        if groups is None:
            trees.append(_plain(shape, float(own[0]), measured[p][:, 0], digits, straight=part.term.is_line))
        else:
            trees.append(_by_choice(shape, part.term, groups, own, measured[p], sample, digits))
    rest = sample.y - sum((value_of(tree, sample.columns) for tree in trees), start=np.zeros_like(sample.y))
    return Written(round_offset(float(np.mean(rest)), digits, float(np.ptp(sample.y))), tuple(trees))


def _shape(part: Fitted, sample: Sample, digits: int) -> Shape:
    """Returns the shape; a straight part's place is where its mean over the space is zero."""
    if not part.term.is_line or part.term.groups is not None:
        return shape_of_term(part.term, part.theta, sample.axes, digits)
    scale = part.term.factors[0].scales[0]
    t = scale.at(sample.measure[scale.index])
    mean, spread = float(np.nanmean(t)), float(np.nanstd(t))
    for enough in range(digits, 17):
        shape = shape_at(part.term, scale.natural(mean), sample.axes, enough)
        off = evaluate(shape.node, sample.measure)
        if abs(np.nanmean(off)) <= _NEARLY_ZERO * spread * scale.span:
            break
    return shape


def _raw(shape: Shape, term: Term, columns: Sequence[Array]) -> Array:
    """Returns the shape's values for every group, shape (n, coefficients), NaN where inactive."""
    values = evaluate(shape.node, columns) if shape != Shape(None, None) else np.ones(len(columns[0]))
    if term.groups is None:
        return values[:, None]
    chosen = columns[term.groups.index]
    values = np.where(np.isnan(chosen), np.nan, values)
    return np.column_stack([np.where(np.isin(chosen, m), values, values * 0.0) for m in term.groups.members])


def _plain(shape: Shape, coefficient: float, measured: Array, digits: int, *, straight: bool) -> Node:
    size = round_significant(abs(coefficient), digits)
    node = shape.times(constant(size))
    if not straight:
        node = _less(node, size * float(np.nanmean(measured)), size * float(np.nanstd(measured)), digits)
    return Node("neg", (node,)) if coefficient < 0.0 else node


def _less(node: Node, mean: float, spread: float, digits: int) -> Node:
    """Returns a node less its mean, rounded."""
    rounded = mean
    for enough in range(1, 17):
        rounded = round_significant(mean, enough)
        if abs(rounded - mean) <= _NEARLY_ZERO * spread:
            break
    if rounded == 0.0:
        return node
    return Node("-" if rounded > 0.0 else "+", (node, constant(abs(rounded))))


def _by_choice(
    shape: Shape, term: Term, groups: Groups, coefficients: Array, measured: Array, sample: Sample, digits: int
) -> Node:
    labels = sample.axes[groups.index].labels or ()
    largest = float(np.max(np.abs(coefficients)))
    if not term.factors:
        coefficients = coefficients - float(np.nanmean(measured @ coefficients))
        largest = float(np.max(np.abs(coefficients)))
    decimals = digits - 1 - (math.floor(math.log10(largest)) if largest > 0.0 else 0)
    values = [round(float(c), decimals) for c in coefficients]
    of = {member: value for members, value in zip(groups.members, values, strict=True) for member in members}
    node = cases(groups.index, [constant(of.get(j, 0.0)) for j in range(len(labels))])
    if not term.factors:
        return node
    parts = measured @ np.array(values)
    return _less(shape.times(node), float(np.nanmean(parts)), float(np.nanstd(parts)), digits)


def nodes_of(term: Term, axes: Sequence[Axis]) -> int:
    """Returns how many nodes a part adds to a formula, the sign between them included."""
    generic = np.array([0.37 + 0.01 * k for k in range(term.n_constants)])
    if term.n_constants == 0 and term.factors:
        shape = shape_at(term, 0.123, axes, 3)
    else:
        shape = shape_of_term(term, generic, axes, 3)
    if term.groups is None:
        node = shape.times(constant(1.5))
    else:
        labels = axes[term.groups.index].labels or ()
        of = {member: float(g + 1) for g, members in enumerate(term.groups.members) for member in members}
        node = shape.times(cases(term.groups.index, [constant(of.get(j, 0.0)) for j in range(len(labels))]))
        if not term.factors:
            return 1 + complexity(node)
    return 1 + complexity(node) + (0 if term.is_line and term.groups is None else CENTRING)
