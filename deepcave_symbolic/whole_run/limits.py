"""What no formula of a length holds: how much of the surrogate's variance is left, and which hyperparameters hold it.

What is left is looked at in cells of one or two hyperparameters: the share of its variance that lies between the cells,
less what chance puts there (ω², Hays 1963, "Statistics for Psychologists").
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.whole_run.evidence import total_of
from deepcave_symbolic.whole_run.formula import RunFormula
from deepcave_symbolic.whole_run.sample import Sample
from deepcave_symbolic.whole_run.saturation import saturated
from deepcave_symbolic.words.names import shown_name
from deepcave_symbolic.words.numbers import counted, percent

__all__ = ["limits_of"]

#: Less of the variance is nothing that a user misses, and no single hyperparameter or pair with less is named.
_MUCH, _NAMED, _MOST_NAMED = 0.1, 0.03, 3
#: Cells along a hyperparameter.
_CELLS = 6

_Cells = npt.NDArray[np.intp]


def limits_of(longest: RunFormula, sample: Sample, most: int) -> tuple[str, ...]:
    """Returns a sentence on what even the longest formula leaves of the surrogate's variance, where that is much.

    Args:
        longest: The longest formula of the front.
        sample: The configurations, targets on the link's scale.
        most: The longest formula that was looked for, in nodes.
    """
    if np.ptp(sample.y) == 0.0 or longest.r2 >= 1.0 - _MUCH:
        return ()
    table = {axis.name: column for axis, column in zip(sample.axes, sample.columns, strict=True)}
    total = total_of(longest.level, longest.parts, table, len(sample.y))
    left = sample.y - saturated(total, longest.saturation)
    shares = _shares(sample, left / float(np.std(sample.y)))
    named = ", ".join(f"{names} {percent(share)}" for names, share in shares[:_MOST_NAMED] if share >= _NAMED)
    where = f": of {named}" if named else ", in small pieces"
    return (
        f"No formula of {counted(most, 'node')} that was found holds more than {percent(max(0.0, longest.r2))} of the "
        f"surrogate's variance over the space. The rest is mostly interactions{where}.",
    )


def _shares(sample: Sample, left: Array) -> list[tuple[str, float]]:
    """Returns how much of the variance of y each pair of hyperparameters holds in what is left, the largest first.

    Args:
        sample: The configurations.
        left: What is left, in standard deviations of y, shape (n,).
    """
    cells = [_cells(axis, column) for axis, column in zip(sample.axes, sample.columns, strict=True)]
    found = []
    for i, j in combinations(range(len(cells)), 2):
        names = " and ".join(shown_name(sample.axes[k].name) for k in (i, j))
        found.append((names, _between(cells[i] * (cells[j].max() + 1) + cells[j], left)))
    return sorted(found, key=lambda each: -each[1])


def _cells(axis: Axis, column: Array) -> _Cells:
    """Returns the number of the cell of each value, shape (n,); what is inactive has one of its own."""
    active = ~np.isnan(column)
    if axis.categorical:
        return np.where(active, np.nan_to_num(column), -1.0).astype(np.intp) + 1
    edges = np.unique(np.quantile(column[active], np.linspace(0.0, 1.0, _CELLS + 1)[1:-1])) if active.any() else []
    return np.where(active, np.searchsorted(edges, column), -1).astype(np.intp) + 1


def _between(cells: _Cells, left: Array) -> float:
    """Returns the mean square that lies between cells, less what chance puts there."""
    _, cells = np.unique(cells, return_inverse=True)
    cells = cells.reshape(-1)
    counts = np.bincount(cells)
    means = np.bincount(cells, weights=left) / counts
    n, k = len(left), len(counts)
    if n <= k:
        return 0.0
    within = float(np.sum((left - means[cells]) ** 2)) / (n - k)
    between = float(np.sum(counts * (means - left.mean()) ** 2))
    return max(0.0, (between - (k - 1) * within) / n)
