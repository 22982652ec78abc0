"""What formula, surrogate and trials say at every place that sliders can choose: a page that shows one asks nobody.

A slider stops at the fitting points of the record, where the surrogate was asked; the formula is evaluated there.

Notation:
    stop: one of the values of a hyperparameter; place: a stop of each hyperparameter. Places run over the last
    hyperparameter first, as the rows of `Projection.grid`: n of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from deepcave_symbolic.findings.explained import Explained
from deepcave_symbolic.formulas.expression import CASES, Node, evaluate, resolve_cases, walk
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.formulas.printing import to_text
from deepcave_symbolic.formulas.tidy import join_sum, split_sum
from deepcave_symbolic.numeric.arrays import Array, columns_of
from deepcave_symbolic.projection import Projection
from deepcave_symbolic.show.document import measured
from deepcave_symbolic.space.values import stop_text
from deepcave_symbolic.words.names import shown_name
from deepcave_symbolic.words.numbers import counted, rounded_text

__all__ = ["Places", "signed_sum", "values_at"]

#: Trials so near to one another, as shares of the ranges, are at the same place.
_SAME = 1e-9
#: A term that is below this share of the largest one adds nothing.
_NOTHING = 1e-4
_NOWHERE = "-"
_EVERYWHERE = slice(None)
_NOT_ALLOWED = "no configuration is allowed here"


def signed_sum(start: float | None, terms: Sequence[tuple[float, str]]) -> list[str]:
    """Returns a sum whose terms are named, such as 57 + 0.31 (4.2·log10(C/106)²), piece by piece.

    Args:
        start: A number before the terms; None for none.
        terms: Each one's value and name.
    """
    pieces = [] if start is None else [rounded_text(start)]
    largest = max([abs(start or 0.0), *(abs(value) for value, _ in terms)])
    for value, name in terms:
        size = 0.0 if abs(value) < _NOTHING * largest else abs(value)
        sign = "-" if value < 0.0 and size != 0.0 else "+" if pieces else ""
        pieces += [f"{f' {sign} ' if pieces else sign}{rounded_text(size)}", f" ({name})"]
    return pieces


@dataclass(frozen=True)
class Places:
    """The places of a record, and what is known of each whatever the formula.

    Args:
        explanation: The record.
    """

    explanation: Explained

    @property
    def _projection(self) -> Projection:
        return self.explanation.projection

    @cached_property
    def stops(self) -> tuple[Array, ...]:
        """The stops of every hyperparameter, natural units."""
        grid, shape = self._projection.grid, self._projection.shape
        if len(shape) == 1:
            return (grid[:, 0],)
        return grid[:: shape[1], 0], grid[: shape[1], 1]

    @property
    def texts(self) -> tuple[tuple[str, ...], ...]:
        """The stops as texts."""
        pairs = zip(self._projection.axes, self.stops, strict=True)
        return tuple(tuple(stop_text(axis, float(x)) for x in stops) for axis, stops in pairs)

    @cached_property
    def start(self) -> tuple[int, ...]:
        """The stops at the incumbent, or where the surrogate is best without one."""
        incumbent, projection = self._projection.incumbent, self._projection
        if not self.is_from_incumbent or incumbent is None or incumbent.values is None:
            better = -projection.mean if self.explanation.direction == "maximize" else projection.mean
            return tuple(map(int, np.unravel_index(int(np.nanargmin(better)), projection.shape)))
        found = []
        for axis, stops, value in zip(projection.axes, self.stops, incumbent.values, strict=True):
            apart = np.abs(axis.to_coordinate(stops) - axis.to_coordinate(np.array([value])))
            found.append(int(np.argmin(apart)))
        return tuple(found)

    @property
    def is_from_incumbent(self) -> bool:
        """Whether there is an incumbent to start from."""
        incumbent = self._projection.incumbent
        return incumbent is not None and incumbent.values is not None

    @property
    def first(self) -> int:
        """Number of the place to start from."""
        return int(np.ravel_multi_index(self.start, self._projection.shape))

    def surrogate(self, rows: slice = _EVERYWHERE) -> list[str]:
        """Returns what the surrogate says at every place, or at some."""
        objective = self.explanation.objective
        means, stds = self._projection.mean[rows].tolist(), self._projection.std[rows].tolist()
        return [
            f"{measured(mean, objective)} ± {rounded_text(std, 2)}" if np.isfinite(mean) else _NOT_ALLOWED
            for mean, std in zip(means, stds, strict=True)
        ]

    def nearest_trial(self, rows: slice = _EVERYWHERE) -> list[str]:
        """Returns the cost and the place of the trial that is nearest to every place, or to some."""
        projection, objective = self._projection, self.explanation.objective
        trials, grid = projection.trials, projection.grid[rows]
        if len(trials.costs) == 0:
            return ["no trial"] * len(grid)
        apart = np.zeros((len(grid), len(trials.costs)))
        for i, axis in enumerate(projection.axes):
            here, there = axis.to_coordinate(grid[:, i]), axis.to_coordinate(trials.values[:, i])
            low, high = axis.coordinate_bounds
            shares = np.abs(here[:, None] - there[None, :]) / (high - low)
            apart += (shares > 0.0 if axis.categorical else shares) ** 2
        nearest = np.argmin(apart, axis=1)
        known: dict[int, str] = {}
        found = []
        for row, near in zip(nearest.tolist(), projection.near_trials[rows].tolist(), strict=True):
            if row not in known:
                same = np.all(np.abs(trials.values - trials.values[row]) <= _SAME * np.abs(trials.values[row]), axis=1)
                costs = np.unique(trials.costs[same])
                cost = measured(float(costs[0]), objective)
                if len(costs) > 1:
                    cost = f"{cost} to {measured(float(costs[-1]), objective)} ({counted(int(same.sum()), 'trial')})"
                known[row] = f"{cost} at {self._named(trials.values[row])}"
            found.append(known[row] if near else f"no trial nearby; the nearest has {known[row]}")
        return found

    def _named(self, values: Array) -> str:
        named = zip(self._projection.axes, values.tolist(), strict=True)
        return ", ".join(f"{shown_name(axis.name)} = {stop_text(axis, x)}" for axis, x in named)

    def values(self, formula: Formula) -> Array:
        """Returns a formula's values at every place, NaN where nothing is allowed, shape (n,)."""
        values = evaluate(formula.tree, columns_of(self._projection.grid))
        return np.where(self._projection.valid, values, np.nan)

    def formula(self, formula: Formula) -> list[str]:
        """Returns what a formula says at every place."""
        return [
            measured(value, self.explanation.objective) if np.isfinite(value) else _NOWHERE
            for value in self.values(formula).tolist()
        ]

    def parts(self, formula: Formula) -> list[list[str]] | None:
        """Returns what the terms of a formula add at every place, as pieces of texts; None where it is no sum.

        One list has one piece of every place: few places have pieces of their own.
        """
        found = [[_NOWHERE]] * len(self._projection.grid)
        several = False
        for rows, tree in self._by_choice(formula.tree, np.flatnonzero(self._projection.valid)):
            offset, terms = split_sum(tree)
            several = several or len(terms) + (offset is not None) > 1
            columns = columns_of(self._projection.grid[rows])
            nodes = [join_sum(None, [term]) for term in terms]
            names = [to_text(n, formula.hyperparameters, formula.choices, is_part=True) for n in nodes]
            table = [evaluate(node, columns) for node in nodes]
            for i, row in enumerate(rows.tolist()):
                added = [(float(values[i]), name) for values, name in zip(table, names, strict=True)]
                found[row] = signed_sum(offset, added)
        return list(map(list, itertools.zip_longest(*found, fillvalue=""))) if several else None

    def _by_choice(
        self, tree: Node, rows: npt.NDArray[np.intp], i: int = 0
    ) -> Iterator[tuple[npt.NDArray[np.intp], Node]]:
        """Yields places and what a formula is there, without cases."""
        if i == len(self._projection.axes):
            yield rows, tree
            return
        choices = self._projection.grid[rows, i]
        if not any(node.op == CASES and int(node.args[0].value) == i for node in walk(tree)):
            yield from self._by_choice(tree, rows, i + 1)
            return
        for choice in np.unique(choices):
            yield from self._by_choice(resolve_cases(tree, i, int(choice)), rows[choices == choice], i + 1)


def values_at(texts: Sequence[str]) -> str | dict[str, list[str] | list[int]]:
    """Returns one text per place in little room: every text once, and which of them each place has; one for all."""
    known = {text: i for i, text in enumerate(dict.fromkeys(texts))}
    if len(known) == 1:
        return texts[0]
    return {"texts": list(known), "at": [known[text] for text in texts]}
