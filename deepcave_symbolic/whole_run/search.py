"""Searches formulas part by part: forward selection with all constants fitted together, exchange, elimination.

From every formula that is better than all shorter ones, candidates are added, each term is made larger, and each is
left out or exchanged; what comes out competes by length. The result is a front of accuracy against length, and one more
of sums inside a saturation where free curves say that this is worth a search: of parts that are added one by one, since
most of what products and exchanges say is in the saturation.

Notation: see the package.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from deepcave_symbolic.formulas.limits import LARGEST_TERM
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.process.isolation import one_blas_thread
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.whole_run.dictionary import Dictionary
from deepcave_symbolic.whole_run.fitting import Fitted, fit
from deepcave_symbolic.whole_run.free_curves import FARTHEST, saturation_of
from deepcave_symbolic.whole_run.saturation import AROUND, Saturation
from deepcave_symbolic.whole_run.solving import Solved, with_best_ends
from deepcave_symbolic.whole_run.terms import Coordinates, Term, by_indices
from deepcave_symbolic.whole_run.writing import length_of

__all__ = ["Found", "search"]

_ALONE_STEPS, _JOINT_STEPS, _LAST_STEPS = 6, 6, 30
#: The last steps go on until one lowers the sum of squares by less, relative to it.
_ENOUGH = 1e-4
#: The search looks at so many configurations.
_ROWS = 700
#: A part whose covariance with the targets is below this share of their variance works against the others.
_AGAINST = -0.01
#: Terms are exchanged in spaces of up to so many hyperparameters; in larger ones that takes too long.
_MOST_EXCHANGED = 8
#: How many of its standard deviations the mean of a term may be.
_MOST_IDLE = 15.0
#: What a longer formula must leave at most of a shorter one's sum of squares.
_BETTER = 0.995
#: How often the ends of a saturation and what is inside are fitted in turns.
_ENDS = 3


@dataclass(frozen=True)
class Found:
    """A formula of the search.

    Args:
        parts: Its parts.
        nodes: Its length.
        rss: Its sum of squares, targets of variance one.
        saturation: What the parts add up inside; None for nothing.
    """

    parts: tuple[Fitted, ...]
    nodes: int
    rss: float
    saturation: Saturation | None = None

    @property
    def n_constants(self) -> int:
        """How many constants are fitted, the level included."""
        ends = 0 if self.saturation is None else 2
        return 1 + ends + sum(part.term.n_constants + part.term.n_coefficients for part in self.parts)


def search(axes: Sequence[Axis], columns: Sequence[Array], y: Array, max_complexity: int) -> list[Found]:
    """Returns formulas of every length, plain ones first, the shortest (a level) first, each with all constants fitted.

    Args:
        axes: The hyperparameters.
        columns: Natural values of each, shape (n,).
        y: Targets, shape (n,).
        max_complexity: Longest formula, in nodes.
    """
    with one_blas_thread():
        dictionary = Dictionary(axes, Coordinates([column[:_ROWS] for column in columns]))
        found = _polished(_Search(dictionary, y[:_ROWS], max_complexity).run(), columns, y)
        if max_complexity <= AROUND or np.ptp(y[:_ROWS]) == 0.0:
            return found
        saturation = saturation_of(axes, dictionary.coordinates.columns, y[:_ROWS])
        if saturation is None:
            return found
        return found + _polished(_Search(dictionary, y[:_ROWS], max_complexity, saturation).run(), columns, y)


class _Search:
    def __init__(
        self, dictionary: Dictionary, y: Array, max_complexity: int, saturation: Saturation | None = None
    ) -> None:
        self._dictionary, self._most, self._outside = dictionary, max_complexity, saturation
        self._axes, self._coordinates = dictionary.axes, dictionary.coordinates
        self._y, self._saturation = _standardized(y, saturation)
        self._best: dict[int, Found] = {}
        self._expanded: set[frozenset[Term]] = set()

    def run(self) -> list[Found]:
        _, level = self._fit((), steps=0)
        self._offer((), level)
        (start,) = self._best.values()
        if start.rss <= 1e-12 * len(self._y):
            return [start]
        done: dict[int, Found] = {}  # kept, for the id of what is gone may be given again
        while True:
            # A formula may have become better since: it is looked at again.
            waiting = [f for f in self._front() if id(f) not in done and f.nodes < self._most]
            if not waiting:
                return self._front()
            found = waiting[0]
            done[id(found)] = found
            self._expand(found)

    def _front(self) -> list[Found]:
        front: list[Found] = []
        for nodes in sorted(self._best):
            found = self._best[nodes]
            if not front or found.rss < _BETTER * front[-1].rss:
                front.append(found)
        return front

    def _expand(self, found: Found) -> None:
        parts = found.parts
        self._add(parts)
        if self._saturation is not None:
            return
        for i in range(len(parts)):
            self._grow(parts, i)
        for i in range(len(parts) if len(parts) > 1 else 0):
            rest, solved = self._fit(parts[:i] + parts[i + 1 :], steps=_JOINT_STEPS)
            self._offer(tuple(rest), solved)
            if len(self._axes) <= _MOST_EXCHANGED:
                self._add(tuple(rest))

    def _add(self, parts: tuple[Fitted, ...]) -> None:
        forms = frozenset(part.term for part in parts)
        if forms in self._expanded:
            return
        self._expanded.add(forms)
        _, solved = self._fit(parts, steps=0)
        longest = self._most - self._length(parts)
        present = by_indices([part.term for part in parts])
        for candidate in self._dictionary.candidates(solved, present, longest):
            self._try([*parts, candidate.part], len(parts))

    def _grow(self, parts: tuple[Fitted, ...], i: int) -> None:
        """Tries larger forms of one of the parts."""
        rest = [*parts[:i], *parts[i + 1 :]]
        _, others = self._fit(rest, steps=0)
        longest = self._most - self._length(rest)
        present = by_indices([part.term for part in rest])
        for candidate in self._dictionary.grown(parts[i], others, present, longest):
            self._try([*rest, candidate.part], len(rest))

    def _try(self, parts: list[Fitted], new: int) -> None:
        """Fits the constants of a new part, then all."""
        parts, _ = self._fit(parts, steps=_ALONE_STEPS, free=[new])
        parts, solved = self._fit(parts, steps=_JOINT_STEPS)
        self._offer(tuple(parts), solved)

    def _fit(
        self, parts: Sequence[Fitted], *, steps: int, free: Sequence[int] | None = None
    ) -> tuple[list[Fitted], Solved]:
        return fit(parts, self._coordinates, self._y, steps=steps, free=free, saturation=self._saturation)

    def _length(self, parts: Sequence[Fitted]) -> int:
        return length_of(parts, self._axes) + (0 if self._saturation is None else AROUND)

    def _hardly_moves(self, part: Fitted) -> bool:
        """Returns whether a term is a large number less nearly the same, of which few digits are about anything."""
        if part.term.is_centred:
            return False
        # Of a term by choice the product itself, which is 0 for other choices.
        values = replace(part.term, groups=None).raw(part.theta, self._coordinates)
        return bool(np.abs(np.nanmean(values)) > _MOST_IDLE * np.nanstd(values))

    def _offer(self, parts: tuple[Fitted, ...], solved: Solved) -> None:
        nodes = self._length(parts)
        known = self._best.get(nodes)
        if nodes > self._most or (known is not None and solved.rss >= (1.0 - 1e-6) * known.rss):
            return
        if not _is_readable(parts, solved, self._y) or any(self._hardly_moves(part) for part in parts):
            return
        self._best[nodes] = Found(parts, nodes, solved.rss, self._outside)


def _polished(front: Sequence[Found], columns: Sequence[Array], y: Array) -> list[Found]:
    """Returns the formulas with constants fitted to all configurations, the ends of saturations among them."""
    coordinates, result = Coordinates(columns), []
    for found in front:
        parts, saturation = found.parts, found.saturation
        target, inside = _standardized(y, saturation)
        for _ in range(1 if inside is None else _ENDS):
            fitted, solved = fit(parts, coordinates, target, steps=_LAST_STEPS, enough=_ENOUGH, saturation=inside)
            parts = tuple(fitted)
            if inside is not None:
                inside = with_best_ends(solved, target, FARTHEST * float(np.ptp(target)))
        saturation = None if inside is None else inside.in_units(float(np.mean(y)), float(np.std(y)) or 1.0)
        result.append(Found(parts, found.nodes, solved.rss, saturation))
    return result


def _standardized(y: Array, saturation: Saturation | None) -> tuple[Array, Saturation | None]:
    """Returns targets of mean zero and variance one, and a saturation in their units."""
    mean, scale = float(np.mean(y)), float(np.std(y)) or 1.0
    return (y - mean) / scale, None if saturation is None else saturation.standardized(mean, scale)


def _is_readable(parts: Sequence[Fitted], solved: Solved, y: Array) -> bool:
    """Returns whether every part says something on its own: none makes up for what another one does too much."""
    effects = solved.columns * solved.coefficients
    if np.max(effects.std(axis=0), initial=0.0) > LARGEST_TERM:
        return False
    shares = (effects.T @ y) / (y @ y)
    owners = [part.term.indices for part in parts for _ in range(part.term.n_coefficients)]
    together: dict[tuple[int, ...], float] = {}
    for owner, share in zip(owners, shares.tolist(), strict=True):
        together[owner] = together.get(owner, 0.0) + share
    return min(together.values(), default=0.0) >= _AGAINST
