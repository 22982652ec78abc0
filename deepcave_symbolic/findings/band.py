"""Where a formula leaves the surrogate's uncertainty band.

Notation:
    outside: |f(x) - mean(x)| > std(x), with mean and std of the projection (Moosbauer et al. 2021).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepcave_symbolic.formulas.expression import evaluate
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.numeric.arrays import Array, Mask, columns_of
from deepcave_symbolic.projection import Projection
from deepcave_symbolic.records import Record
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.words.names import either, shown_name

__all__ = ["Band", "band_of"]

#: Stretches named in a sentence; more would not be read.
_STRETCHES_NAMED = 3


@dataclass(frozen=True, eq=False)
class Band(Record):
    """Where the formula differs from the projection by more than one standard deviation of the surrogate.

    Args:
        outside: Share of the domain, in [0, 1].
        stretches: For one hyperparameter the stretches from and to in natural units; for two the rectangle (from and to
            of the first, from and to of the second) that holds all such points; empty where there are none.
        worst: Where the difference is largest in standard deviations, natural units.
        sentence: The same in words.
    """

    outside: float
    stretches: tuple[tuple[float, ...], ...]
    worst: tuple[float, ...]
    sentence: str


def band_of(formula: Formula, projection: Projection) -> Band:
    """Returns where a formula leaves the band, on the fitting points of the projection.

    Args:
        formula: The formula shown.
        projection: What it describes.
    """
    columns = columns_of(projection.grid)
    difference = np.abs(evaluate(formula.tree, columns) - projection.mean)
    # A surrogate that is certain (a training point of a Gaussian process) is met up to the printed digits.
    height = float(np.nanmax(np.abs(projection.mean)))
    allowed = np.maximum(projection.std, 1e-3 * projection.range) + 1e-12 * height
    valid = projection.valid
    out = valid & (difference > allowed)
    ratio = np.where(valid, difference / np.where(allowed > 0, allowed, 1.0), -1.0)
    worst = tuple(float(v) for v in projection.grid[int(np.argmax(ratio))])
    stretches = _runs(projection.grid[:, 0], out) if len(projection.axes) == 1 else _rectangle(projection.grid, out)
    share = float(projection.weights[out].sum() / projection.weights[valid].sum())
    sentence = _sentence(projection.axes, share, stretches, worst, _choices(projection, out))
    return Band(share, stretches, worst, sentence)


def _sentence(
    axes: tuple[Axis, ...],
    outside: float,
    stretches: tuple[tuple[float, ...], ...],
    worst: tuple[float, ...],
    choices: tuple[str, ...],
) -> str:
    if not stretches:
        return "inside the surrogate's ±1 std band on the whole domain"
    text = f"outside the surrogate's ±1 std band on {max(1.0, 100 * outside):.0f} % of the domain"
    if choices:
        return f"{text}: {', '.join(choices)}"
    if len(axes) == 1:
        (axis,) = axes
        ends = [(axis.shown(low, 3), axis.shown(high, 3)) for low, high in sorted(stretches[:_STRETCHES_NAMED])]
        named = [low if low == high else f"{low} to {high}" for low, high in ends]
        more = " and elsewhere" if len(stretches) > _STRETCHES_NAMED else ""
        return f"{text}: {shown_name(axis.name)} {', '.join(named)}{more}"
    at = ", ".join(f"{shown_name(a.name)} ≈ {a.shown(value, 3)}" for a, value in zip(axes, worst, strict=True))
    return f"{text}, farthest at {at}"


def _choices(projection: Projection, out: Mask) -> tuple[str, ...]:
    """Returns the choices of the categorical axes that have a marked point."""
    found = []
    for i, axis in enumerate(projection.axes):
        if axis.categorical and axis.labels is not None:
            marked = [axis.labels[int(value)] for value in np.unique(projection.grid[out, i])]
            found += [f"{shown_name(axis.name)} = {either(list(map(shown_name, marked)))}"] if marked else []
    return tuple(found)


def _runs(x: Array, out: Mask) -> tuple[tuple[float, ...], ...]:
    """Returns first and last point of every run of marked points, the longest first."""
    edges = np.diff(np.concatenate([[0], out.astype(int), [0]]))
    runs = sorted(
        zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1, strict=True), key=lambda r: r[0] - r[1]
    )
    return tuple((float(x[first]), float(x[last])) for first, last in runs)


def _rectangle(grid: Array, out: Mask) -> tuple[tuple[float, ...], ...]:
    if not np.any(out):
        return ()
    low, high = grid[out].min(axis=0), grid[out].max(axis=0)
    return ((float(low[0]), float(high[0]), float(low[1]), float(high[1])),)
