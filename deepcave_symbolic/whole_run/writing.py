"""Writes fitted terms in natural units: rounded, centred over the space, with coefficients for what is rounded already.

Terms of the same hyperparameters make one part, which has one mean: where a cost falls and then rises, both are one
effect. Notation: see the package.
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
from deepcave_symbolic.whole_run.fitting import Fitted
from deepcave_symbolic.whole_run.sample import Sample
from deepcave_symbolic.whole_run.saturation import Saturation
from deepcave_symbolic.whole_run.shapes import Shape, line_from, shape_of_term
from deepcave_symbolic.whole_run.solving import Solved, solve
from deepcave_symbolic.whole_run.terms import Coordinates, Term, by_indices, centred
from deepcave_symbolic.words.numbers import round_significant

__all__ = ["Written", "length_of", "nodes_of", "value_of", "write"]

#: A part's mean may be this share of its standard deviation: so much is lost to rounding.
_NEARLY_ZERO = 0.01
#: Nodes of the constant that makes a mean zero.
_CENTRING = 2


@dataclass(frozen=True)
class Written:
    """A level and the trees of the parts, variables numbered as the axes, and what they add up inside."""

    level: float
    trees: tuple[Node, ...]
    saturation: Saturation | None = None


def write(terms: Sequence[Fitted], sample: Sample, saturation: Saturation | None = None) -> Written:
    """Returns the parts with constants of two to four significant digits.

    Args:
        terms: The fitted terms.
        sample: What they are fitted to.
        saturation: What they add up inside; None for nothing.
    """
    coordinates = Coordinates(sample.columns)
    blocks = [term.term.columns(term.theta, coordinates) for term in terms]
    exact = weighted_r2(sample.y, sample.y - _solved(blocks, sample.y, saturation).residual, None)
    written = Written(float(np.mean(sample.y)), ())
    for digits in DIGITS:
        written = _with_digits(terms, sample, digits, None if saturation is None else saturation.rounded(digits))
        start = np.full_like(sample.y, written.level)
        predicted = sum((value_of(tree, sample.columns) for tree in written.trees), start=start)
        if written.saturation is not None:
            predicted = written.saturation.values(predicted)
        if exact - weighted_r2(sample.y, predicted, None) <= allowed_loss(exact):
            break
    return written


def _solved(blocks: Sequence[Array], y: Array, saturation: Saturation | None) -> Solved:
    columns = np.column_stack(blocks) if blocks else np.empty((len(y), 0))
    return solve(columns, y - float(np.mean(y)) if saturation is None else y, saturation)


def value_of(tree: Node, columns: Sequence[Array]) -> Array:
    """Returns a part's values, 0 where one of its hyperparameters is inactive (NaN)."""
    values = evaluate(tree, columns)
    inactive = np.any([np.isnan(columns[i]) for i in tree.variables], axis=0)
    return np.where(inactive, 0.0, values)


@dataclass(frozen=True)
class _Draft:
    """A term that is written but for its coefficients.

    Args:
        term: Its form.
        shape: Its product of factors.
        raw: The shape's values for every group, shape (n, coefficients), NaN where inactive.
        measured: The same over the space.
    """

    term: Term
    shape: Shape
    raw: Array
    measured: Array

    def times(self, coefficients: Array, axes: Sequence[Axis], digits: int) -> tuple[float, Node, Array]:
        """Returns a sign, the term without it, and its values over the space."""
        groups = self.term.groups
        if groups is None:
            size = round_significant(abs(float(coefficients[0])), digits)
            sign = math.copysign(1.0, coefficients[0])
            return sign, self.shape.times(constant(size)), sign * size * self.measured[:, 0]
        if not self.term.factors:
            coefficients = coefficients - float(np.nanmean(self.measured @ coefficients))
        largest = float(np.max(np.abs(coefficients)))
        decimals = digits - 1 - (math.floor(math.log10(largest)) if largest > 0.0 else 0)
        values = [round(float(c), decimals) for c in coefficients]
        of = {member: value for members, value in zip(groups.members, values, strict=True) for member in members}
        node = cases(groups.index, [constant(of.get(j, 0.0)) for j in range(len(axes[groups.index].labels or ()))])
        return 1.0, self.shape.times(node), np.asarray(self.measured @ np.array(values))


def _with_digits(terms: Sequence[Fitted], sample: Sample, digits: int, saturation: Saturation | None) -> Written:
    together = by_indices([fitted.term for fitted in terms])
    drafts: list[_Draft] = []
    for fitted in terms:
        alone = len(together[fitted.term.indices]) == 1
        shape = _line(fitted.term, sample, digits, alone=alone) if fitted.term.is_line else None
        shape = shape or shape_of_term(fitted.term, fitted.theta, sample.axes, digits)
        raw, measured = (_raw(shape, fitted.term, columns) for columns in (sample.columns, sample.measure))
        drafts.append(_Draft(fitted.term, shape, raw, measured))
    blocks = [centred(draft.raw) for draft in drafts]
    solved = _solved(blocks, sample.y, saturation)
    own = np.split(solved.coefficients, np.cumsum([block.shape[1] for block in blocks])[:-1]) if blocks else []
    trees = [
        _part([drafts[k] for k in numbers], [own[k] for k in numbers], sample.axes, digits)
        for numbers in together.values()
    ]
    total = sum((value_of(tree, sample.columns) for tree in trees), start=np.zeros_like(sample.y))
    if solved.inside is None:
        level, spread = float(np.mean(sample.y - total)), float(np.ptp(sample.y))
    else:
        level, spread = float(solved.inside.mean(solved.inside.slopes * (solved.inside.z - total))), 1.0
    return Written(round_offset(level, digits, spread), tuple(trees), saturation)


def _line(term: Term, sample: Sample, digits: int, *, alone: bool) -> Shape:
    """Returns a straight shape, alone with its place where its mean over the space is zero."""
    if not alone:
        return line_from(term, 0.0, sample.axes, digits)
    scale = term.factors[0].scales[0]
    t = scale.at(sample.measure[scale.index])
    mean, spread = float(np.nanmean(t)), float(np.nanstd(t))
    for enough in range(digits, 17):
        shape = line_from(term, scale.natural(mean), sample.axes, enough)
        off = evaluate(shape.node, sample.measure)
        if abs(np.nanmean(off)) <= _NEARLY_ZERO * spread * scale.span:
            break
    return shape


def _raw(shape: Shape, term: Term, columns: Sequence[Array]) -> Array:
    values = evaluate(shape.node, columns) if term.factors else np.ones(len(columns[0]))
    return term.by_group(values, columns)


def _part(drafts: Sequence[_Draft], coefficients: Sequence[Array], axes: Sequence[Axis], digits: int) -> Node:
    """Returns the terms of the same hyperparameters as one part."""
    written = [draft.times(own, axes, digits) for draft, own in zip(drafts, coefficients, strict=True)]
    terms = [(sign, node) for sign, node, _ in written]
    if len(drafts) > 1 or not drafts[0].term.is_centred:
        values = np.sum([measured for _, _, measured in written], axis=0)
        mean = _rounded_mean(float(np.nanmean(values)), float(np.nanstd(values)))
        if mean != 0.0:
            terms.append((-mean, constant(abs(mean))))
    return _sum_of(terms)


def _sum_of(terms: Sequence[tuple[float, Node]]) -> Node:
    """Returns terms with their signs added up, those with a plus first, so that no sign stands before a bracket."""
    (first, total), *others = sorted(terms, key=lambda term: term[0] < 0.0)
    if first < 0.0:
        total = Node("neg", (total,))
    for sign, term in others:
        total = Node("-" if sign < 0.0 else "+", (total, term))
    return total


def _rounded_mean(mean: float, spread: float) -> float:
    """Returns a part's mean with no more digits than it takes for what is left of it not to matter."""
    for enough in range(1, 17):
        rounded = round_significant(mean, enough)
        if abs(rounded - mean) <= _NEARLY_ZERO * spread:
            return rounded
    return mean


def length_of(terms: Sequence[Fitted], axes: Sequence[Axis]) -> int:
    """Returns the number of nodes of a formula of these terms."""
    together = by_indices([fitted.term for fitted in terms])
    lengths = (
        nodes_of(terms[numbers[0]].term, axes, terms[numbers[0]].theta)
        if len(numbers) == 1
        else _CENTRING + sum(nodes_of(terms[k].term, axes, terms[k].theta, alone=False) for k in numbers)
        for numbers in together.values()
    )
    return 1 + sum(lengths)


def nodes_of(term: Term, axes: Sequence[Axis], theta: Array | None = None, *, alone: bool = True) -> int:
    """Returns how many nodes a term adds to a formula, the sign before it included.

    Args:
        term: Its form.
        axes: The hyperparameters.
        theta: Its constants, which tell nice exponents; None for any.
        alone: Whether it is a part of its own; otherwise it shares the constant that makes its mean zero.
    """
    if term.is_line:
        shape = line_from(term, 0.123 if alone else 0.0, axes, 3)
    else:
        shape = shape_of_term(term, _generic(term) if theta is None else theta, axes, 2)
    factor = constant(1.5)
    if term.groups is not None:
        of = {member: float(g + 1) for g, members in enumerate(term.groups.members) for member in members}
        choices = range(len(axes[term.groups.index].labels or ()))
        factor = cases(term.groups.index, [constant(of.get(j, 0.0)) for j in choices])
    return 1 + complexity(shape.times(factor)) + (_CENTRING if alone and not term.is_centred else 0)


def _generic(term: Term) -> Array:
    return np.array([0.43 + 0.02 * k for k in range(term.n_constants)])
