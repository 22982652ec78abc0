"""Parts that all figures share: names without markup, axes in natural units, the range of costs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.projection import Projection
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.words.names import visible

__all__ = ["axis_layout", "cost_range", "escape"]


def escape(text: str) -> str:
    """Returns text in which plotly finds no markup and the reader no hidden character."""
    return visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def axis_layout(update: Callable[..., Any], axis: Axis) -> None:
    """Sets scale and ticks of a figure's axis.

    Args:
        update: Sets properties of the axis, such as `figure.update_xaxes`.
        axis: The hyperparameter.
    """
    if axis.log:
        ticks = _log_ticks(axis)
        update(type="log", tickvals=ticks, ticktext=[f"{v:g}" for v in ticks])
    elif axis.labels is not None:
        update(type="linear", tickvals=list(axis.values or ()), ticktext=[escape(label) for label in axis.labels])


def _log_ticks(axis: Axis) -> list[float]:
    """Returns powers of ten in the domain, with 2 and 5 between them where it spans less than two decades."""
    low, high = math.log10(axis.lower), math.log10(axis.upper)
    step = max(1, math.ceil((high - low) / 8))
    leading = (1, 2, 5) if high - low < 2 else (1,)
    decades = range(math.floor(low), math.ceil(high) + 1, step)
    values = [float(f"{m}e{d}") for d in decades for m in leading]
    return [v for v in values if axis.lower * 0.999 <= v <= axis.upper * 1.001]


def cost_range(projection: Projection, curves: Sequence[Array] = ()) -> list[float]:
    """Returns a range with curves, band, incumbent and most trials; single crashes do not flatten the curves.

    Args:
        projection: The projection.
        curves: Values of the formula, objective units.
    """
    shown = np.concatenate([projection.mean - projection.std, projection.mean + projection.std, *curves])
    low, high = float(np.nanmin(shown)), float(np.nanmax(shown))
    if len(projection.trials.costs):
        low = min(low, float(np.min(projection.trials.costs)))
        high = max(high, float(np.quantile(projection.trials.costs, 0.9)))
    if projection.incumbent is not None and projection.incumbent.values is not None:
        low, high = min(low, projection.incumbent.cost), max(high, projection.incumbent.cost)
    margin = 0.05 * (high - low) or 0.5 * abs(high) or 1.0
    return [low - margin, high + margin]
