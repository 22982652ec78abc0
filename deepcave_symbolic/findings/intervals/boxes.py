"""Boxes of which many share a side, so that what depends on one hyperparameter is computed once for each of its cells.

Notation, besides that of the package:
    c: number of an axis's cells.
    columns: bounds over cells or boxes have a column for each and then, but for second derivatives, one for each of
        their centres; bounds of what is the same everywhere have a single one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from deepcave_symbolic.findings.intervals.bounds import outward
from deepcave_symbolic.numeric.arrays import Array, Index

#: What bounds over boxes have in the place of the axis over whose cells they are.
OVER_BOXES = -1
#: Fewer boxes are their own cells: looking for what they share takes longer than it saves.
_FEW = 48
#: Boxes computed together: the arrays of one operation on more of them do not stay in the processor's cache.
_TOGETHER = 1024


@dataclass(frozen=True, eq=False)
class Boxes:
    """Boxes, each of one cell of every axis.

    Args:
        lower: Lower ends of every axis's cells in search coordinates, shape (c,).
        upper: Upper ends.
        at: The cell of every box, an array of shape (b,) for each axis; None where cell j of every axis is box j's.
        known: What has been computed over cells, for other boxes of the same cells.
    """

    lower: tuple[Array, ...]
    upper: tuple[Array, ...]
    at: tuple[Index, ...] | None = None
    known: dict[int, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, lower: Array, upper: Array) -> Boxes:
        """Returns boxes by their corners, each of shape (b, k)."""
        b, k = lower.shape
        lows, highs = tuple(np.ascontiguousarray(lower.T)), tuple(np.ascontiguousarray(upper.T))
        if k == 1 or b < _FEW:
            return cls(lows, highs)
        cells, ends, at = [], [], []
        for low, high in zip(lows, highs, strict=True):
            found, first, number = np.unique(low, return_index=True, return_inverse=True)
            end = high[first]
            if 2 * len(found) > b or np.any(end[number] != high):
                return cls(lows, highs)
            cells.append(found)
            ends.append(end)
            at.append(number)
        return cls(tuple(cells), tuple(ends), tuple(at))

    def __len__(self) -> int:
        return len(self.lower[0] if self.at is None else self.at[0])

    @property
    def k(self) -> int:
        """The number of hyperparameters."""
        return len(self.lower)

    def parts(self) -> Iterator[tuple[slice, Boxes]]:
        """Yields the boxes in parts, each with its place among all."""
        b = len(self)
        for start in range(0, b, _TOGETHER):
            part = slice(start, start + _TOGETHER)
            if b <= _TOGETHER:
                yield part, self
            elif self.at is None:
                yield part, Boxes(tuple(x[part] for x in self.lower), tuple(x[part] for x in self.upper))
            else:
                yield part, Boxes(self.lower, self.upper, tuple(x[part] for x in self.at), self.known)

    def over(self, i: int) -> int:
        """Returns the axis over whose cells the bounds of its coordinate are; `OVER_BOXES` where cells are boxes."""
        return OVER_BOXES if self.at is None else i

    def bounds(self, i: int) -> Array:
        """Returns bounds of a search coordinate over the cells of its axis and their centres, shape (2, 2c)."""
        centre = self._centre(i)
        return np.array([np.concatenate([self.lower[i], centre]), np.concatenate([self.upper[i], centre])])

    def steps(self, i: int) -> Array:
        """Returns bounds of how far a point of each box lies from its centre along an axis, shape (2, b)."""
        centre = self._centre(i)
        steps = outward(np.array([self.lower[i] - centre, self.upper[i] - centre]))
        return steps if self.at is None else steps.take(self.at[i], axis=1)

    def columns(self, i: int) -> tuple[Index, Index]:
        """Returns which columns of bounds over an axis's cells are those of the boxes: with and without centres."""
        assert self.at is not None
        return np.concatenate([self.at[i], self.at[i] + len(self.lower[i])]), self.at[i]

    def _centre(self, i: int) -> Array:
        return self.lower[i] + 0.5 * (self.upper[i] - self.lower[i])
