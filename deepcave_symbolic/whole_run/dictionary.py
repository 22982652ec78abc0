"""Candidates for the next part: shapes of one hyperparameter, products of two, ridges, and choices.

All are scored exactly: how much the sum of squares falls when the candidate's column joins the columns that are there
(orthogonal least squares, Chen, Billings & Luo 1989). For products f·g of any two factors that needs no column of
their own: the sums over f·g times a vector v are the entries of F'·diag(v)·F.

Notation: see the package; besides
    F: columns of all factors of products, shape (n, M); q: orthonormal columns that span the parts and the constant.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from deepcave_symbolic.numeric.arrays import Array, Index
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.whole_run.fitting import Fitted
from deepcave_symbolic.whole_run.grids import Start, by_choice, factors_of_products, multiplied, ridged, ridges, shapes
from deepcave_symbolic.whole_run.solving import Solved
from deepcave_symbolic.whole_run.terms import Coordinates, Groups, Term
from deepcave_symbolic.whole_run.writing import nodes_of

__all__ = ["Candidate", "Dictionary"]

#: What a column must keep when what the parts explain is taken away, relative to it.
_NEW = 0.02
#: What a longer candidate must gain relative to a shorter one.
_MORE = 1.005
#: So many products are tried with a constant added to their last factor.
_MOST_SHIFTED = 12
#: A categorical's choices are told apart one by one up to so many.
_MOST_CHOICES = 12

#: The hyperparameters of each part that is there, by their axes.
Present = Collection[tuple[int, ...]]


@dataclass(frozen=True)
class Candidate:
    """A part to try.

    Args:
        part: Its form with constants to start from.
        gain: By how much the sum of squares falls.
        nodes: By how much the formula gets longer.
    """

    part: Fitted
    gain: float
    nodes: int


@dataclass
class _Forms:
    """The forms that are there, each with its number."""

    terms: list[Term] = field(default_factory=list)
    known: dict[Term, int] = field(default_factory=dict)

    def number(self, term: Term) -> int:
        if term not in self.known:
            self.known[term] = len(self.terms)
            self.terms.append(term)
        return self.known[term]


class Dictionary:
    """The candidates of a space.

    Args:
        axes: The hyperparameters.
        coordinates: The configurations.
    """

    def __init__(self, axes: Sequence[Axis], coordinates: Coordinates) -> None:
        self.axes, self.coordinates = tuple(axes), coordinates
        self._nodes: dict[tuple[Term, bool], int] = {}
        starts = [start for i, axis in enumerate(axes) for start in shapes(i, axis)]
        self._single = [Fitted(*_alone(start)) for start in (*starts, *ridges(axes))]
        self._single_forms = _Forms()
        self._single_of = np.array([self._single_forms.number(part.term) for part in self._single], dtype=np.intp)
        columns = [part.term.columns(part.theta, coordinates)[:, 0] for part in self._single]
        self._columns = np.column_stack(columns) if columns else np.empty((coordinates.n, 0))
        self._sizes = np.einsum("ij,ij->j", self._columns, self._columns)
        self._pairs = _Pairs(self.axes, coordinates)

    def candidates(self, solved: Solved, present: Present, longest: int) -> list[Candidate]:
        """Returns candidates of which each gains more than all shorter ones, the shortest first.

        Inside a saturation none of them is a product.

        Args:
            solved: The parts that are there.
            present: Their hyperparameters.
            longest: By how much the formula may get longer, in nodes.
        """
        q = solved.spanned()
        pairs = self._pairs.candidates(solved, q) if solved.inside is None else ()
        found = [*self._of_single(solved, q), *pairs, *self._of_choices(solved, q, present)]
        return self._front(found, present, longest)

    def grown(self, part: Fitted, others: Solved, present: Present, longest: int) -> list[Candidate]:
        """Returns larger forms of a part in its place: one more factor, one more hyperparameter, constants by choice.

        Args:
            part: The part.
            others: The other parts alone.
            present: Their hyperparameters.
            longest: How long the part may be, in nodes.
        """
        q = others.spanned()
        own = part.term.columns(part.theta, self.coordinates)
        known = _projected(own - q @ (q.T @ own), others.residual)
        along, times = list(ridged(part, self.axes)), multiplied(part, self._pairs.factors)
        found: list[tuple[Fitted, float]] = []
        if (along or times) and part.term.groups is None:
            columns = [each.term.columns(each.theta, self.coordinates)[:, 0] for each in along]
            middle = 0.5 if part.term.is_line else 0.0
            products = self._pairs.times(part.term.raw(part.theta, self.coordinates)[:, 0] - middle, list(times))
            block = np.column_stack([*columns, products])
            sizes, left = (np.einsum("ij,ij->j", b, b) for b in (block, block - q @ (q.T @ block)))
            gains = _gains(others.residual @ block, left, sizes) - known
            found = list(zip((*along, *times.values()), gains.tolist(), strict=True))
            basis, _ = np.linalg.qr(np.column_stack([q, own]))
            found += _shifted(list(times.values()), products, own[:, 0], basis, others.residual)
        for each in by_choice(part, self.axes):
            block = each.term.columns(each.theta, self.coordinates)
            found.append((each, _projected(block - q @ (q.T @ block), others.residual) - known))
        return self._front(found, present, longest)

    def _front(self, found: Sequence[tuple[Fitted, float]], present: Present, longest: int) -> list[Candidate]:
        """Returns the candidates of which each gains more than all shorter ones, the shortest first."""
        measured = [
            Candidate(part, gain, self._length(part.term, alone=part.term.indices not in present))
            for part, gain in found
        ]
        front: list[Candidate] = []
        for each in sorted(measured, key=lambda each: (each.nodes, -each.gain)):
            if each.nodes <= longest and each.gain > (_MORE * front[-1].gain if front else 0.0):
                front.append(each)
        return front

    def _length(self, term: Term, *, alone: bool) -> int:
        if (term, alone) not in self._nodes:
            self._nodes[term, alone] = nodes_of(term, self.axes, alone=alone)
        return self._nodes[term, alone]

    def _of_single(self, solved: Solved, q: Array) -> Iterator[tuple[Fitted, float]]:
        columns, sizes = self._columns, self._sizes
        if solved.inside is not None:
            columns = solved.sloped(columns)
            sizes = np.einsum("ij,ij->j", columns, columns)
        left = sizes - ((q.T @ columns) ** 2).sum(axis=0)
        gains = _gains(solved.residual @ columns, left, sizes)
        for j in _best_of_each(gains, self._single_of, len(self._single_forms.terms)):
            yield self._single[j], float(gains[j])

    def _of_choices(self, solved: Solved, q: Array, present: Present) -> Iterator[tuple[Fitted, float]]:
        for i, axis in enumerate(self.axes):
            if not axis.categorical or (i,) in present:
                continue
            n = len(axis.labels or ())
            order = [int(j) for j in np.argsort(self._means(i, n, solved.residual))]
            splits: list[tuple[tuple[int, ...], ...]] = [tuple((j,) for j in range(n))] if n > 2 else []
            splits += [(tuple(sorted(order[:k])), tuple(sorted(order[k:]))) for k in range(1, n)]
            for members in splits:
                part = Fitted(Term((), Groups(i, members)), np.empty(0))
                block = solved.sloped(part.term.columns(part.theta, self.coordinates)[:, 1:])
                yield part, _projected(block - q @ (q.T @ block), solved.residual)

    def _means(self, index: int, n: int, residual: Array) -> Array:
        chosen = self.coordinates.columns[index]
        active = ~np.isnan(chosen)
        positions = chosen[active].astype(int)
        counts = np.bincount(positions, minlength=n)
        return np.asarray(np.bincount(positions, weights=residual[active], minlength=n) / np.maximum(1, counts))


class _Pairs:
    """Products of two factors of different hyperparameters, a choice of a categorical among them."""

    def __init__(self, axes: Sequence[Axis], coordinates: Coordinates) -> None:
        self._axes = axes
        self.factors: list[Start | Groups] = []
        for i, axis in enumerate(axes):
            if axis.categorical:
                members = range(min(len(axis.labels or ()), _MOST_CHOICES))
                self.factors += [Groups(i, ((j,),)) for j in members]
            else:
                self.factors += list(factors_of_products(i, axis, coordinates))
        raw = [_values(factor, coordinates) for factor in self.factors]
        self._columns = np.column_stack(raw) if raw else np.empty((coordinates.n, 0))
        owner = [f.index if isinstance(f, Groups) else f[0].scales[0].index for f in self.factors]
        choice = [isinstance(f, Groups) for f in self.factors]
        pairs = [
            (i, j)
            for i in range(len(raw))
            for j in range(i + 1, len(raw))
            if owner[i] != owner[j] and not (choice[i] and choice[j])
        ]
        self._first, self._second = (np.array([pair[k] for pair in pairs], dtype=np.intp) for k in (0, 1))
        self._forms = _Forms()
        self._form_of = np.array([self._forms.number(self._part(i, j).term) for i, j in pairs], dtype=np.intp)
        squares = self._columns**2
        self._sizes = (squares.T @ squares)[self._first, self._second]

    def candidates(self, solved: Solved, q: Array) -> Iterator[tuple[Fitted, float]]:
        """Yields the best candidate of every form and its gain; see `Dictionary.candidates`."""
        if len(self._form_of) == 0:
            return
        left = self._sizes.copy()
        for column in q.T:
            left -= self._sums(column) ** 2
        gains = _gains(self._sums(solved.residual), left, self._sizes)
        for number, k in enumerate(_best_of_each(gains, self._form_of, len(self._forms.terms))):
            part = self._part(int(self._first[k]), int(self._second[k]))
            yield Fitted(self._forms.terms[number], part.theta), float(gains[k])

    def times(self, values: Array, numbers: Sequence[int]) -> Array:
        """Returns values (n,) times some of the factors, mean zero, shape (n, numbers); inactive ones (NaN) count 0."""
        products = np.nan_to_num(values)[:, None] * self._columns[:, numbers]
        return np.asarray(products - products.mean(axis=0))

    def _sums(self, v: Array) -> Array:
        """Returns the sums of all products times v."""
        weighted: Array = self._columns.T @ (v[:, None] * self._columns)
        return weighted[self._first, self._second]

    def _part(self, i: int, j: int) -> Fitted:
        one, other = self.factors[i], self.factors[j]
        if isinstance(one, Groups):
            one, other = other, one
        assert not isinstance(one, Groups)
        if isinstance(other, Groups):
            # The other choices get a coefficient, too, which makes it no longer.
            (chosen,) = other.members
            rest = tuple(k for k in range(len(self._axes[other.index].labels or ())) if k not in chosen)
            return Fitted(Term((one[0],), Groups(other.index, (chosen, rest))), one[1])
        return Fitted(Term((one[0], other[0])), np.concatenate([one[1], other[1]]))


def _alone(start: Start) -> tuple[Term, Array]:
    """Returns a part of one factor; a straight one has no constants."""
    term = Term((start[0],))
    return term, start[1] if term.n_constants else np.empty(0)


def _values(factor: Start | Groups, coordinates: Coordinates) -> Array:
    if isinstance(factor, Groups):
        return np.nan_to_num(Term((), factor).raw(np.empty(0), coordinates)[:, 0])
    return np.nan_to_num(factor[0].values(factor[1], coordinates))


def _gains(sums: Array, left: Array, sizes: Array) -> Array:
    """Returns by how much the sum of squares falls, 0 where next to nothing of a column is new."""
    return np.asarray(np.where(left > _NEW * sizes, sums**2 / np.maximum(left, 1e-300), 0.0))


def _best_of_each(gains: Array, form_of: Index, n: int) -> Index:
    """Returns of every form which column gains most."""
    best = np.zeros(n, dtype=np.intp)
    order = np.argsort(gains, kind="stable")
    best[form_of[order]] = order  # the last one stays
    return best


def _shifted(
    larger: Sequence[Fitted], products: Array, own: Array, basis: Array, residual: Array
) -> list[tuple[Fitted, float]]:
    """Returns products f·g as f·(g + b), where f alone counts as well, and what they gain over f.

    Args:
        larger: The products, g their last factor.
        products: Their columns.
        own: That of f.
        basis: Orthonormal columns that span the other parts, the constant and f.
        residual: What the other parts leave.
    """
    left = residual - basis @ (basis.T @ residual)
    free = products - basis @ (basis.T @ products)
    sizes = np.einsum("ij,ij->j", products, products)
    gains = _gains(left @ products, np.einsum("ij,ij->j", free, free), sizes)
    found = []
    for k in np.argsort(-gains)[:_MOST_SHIFTED]:
        part, last = larger[k], larger[k].term.factors[-1]
        if last.outer in ("line", "power"):  # a place does as much
            continue
        pair = np.column_stack([products[:, k], own])
        pair = pair - basis[:, :-1] @ (basis[:, :-1].T @ pair)
        first, second = np.linalg.lstsq(pair, residual, rcond=1e-9)[0]
        shift = float(np.clip(second / first, -2.0, 2.0)) if first != 0.0 else 0.0
        factors = (*part.term.factors[:-1], replace(last, shifted=True))
        found.append((Fitted(Term(factors, part.term.groups), np.append(part.theta, shift)), float(gains[k])))
    return found


def _projected(block: Array, residual: Array) -> float:
    sizes = np.sqrt(np.einsum("ij,ij->j", block, block))
    if np.min(sizes, initial=np.inf) < 1e-9 * math.sqrt(len(residual)):
        return 0.0
    solution = np.linalg.lstsq(block / sizes, residual, rcond=1e-6)[0]
    return float(residual @ (block / sizes @ solution))
