"""Parts that figures share: names without markup, axes in natural units, bands and curves, the range of costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import plotly.io

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.process.isolation import quiet
from deepcave_symbolic.projection import Projection
from deepcave_symbolic.show import palette
from deepcave_symbolic.show.formula_lines import broken
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.words.names import visible

__all__ = [
    "CURVE_POINTS",
    "axis_layout",
    "band",
    "between",
    "cost_range",
    "curve",
    "escape",
    "import_all",
    "incumbent",
    "points",
    "ready",
    "titled",
]

#: Points of a formula's curve.
CURVE_POINTS = 400


def import_all() -> None:
    """Has plotly import what figures consist of, as it does at their first use, which takes longer than a figure."""
    go.Figure([go.Scatter(marker={"line": {}}), go.Heatmap(), go.Contour()], {"template": "plotly_white"})


def escape(text: str) -> str:
    """Returns text in which plotly finds no markup and the reader no hidden character."""
    return visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def titled(figure: go.Figure, formula: str, view: str = "", *, legend_y: float = -0.2) -> go.Figure:
    """Returns the figure with a formula as its title, in so many lines that the figure's edge cuts nothing off.

    Args:
        figure: The figure.
        formula: "objective ≈ formula".
        view: What is looked at, below the formula; empty where that is the average over the whole space.
        legend_y: Where the legend begins, below the axes.
    """
    lines = [*broken(formula, 90), *([view] if view else [])]
    return figure.update_layout(
        template="plotly_white",
        title={
            "text": "<br>".join(map(escape, lines)),
            "font": {"size": 15},
            "y": 1.0,
            "yanchor": "top",
            "pad": {"t": 12},
        },
        margin={"l": 70, "r": 30, "t": 50 + 20 * len(lines), "b": 60},
        legend={"orientation": "h", "y": legend_y},
    )


def ready(figure: go.Figure) -> go.Figure:
    """Returns a figure that a notebook shows without a word.

    Plotly imports Kaleido when it shows its first figure, and the Kaleido that pip chooses for the plotly of DeepCAVE's
    warns in twelve lines that both cannot write pictures together.
    """
    with quiet():
        _ = plotly.io.renderers
    return figure


def axis_layout(axis: Axis, *, titled: bool = True) -> dict[str, Any]:
    """Returns scale, ticks and title of a figure's axis.

    Args:
        axis: The hyperparameter.
        titled: Whether its name stands there.
    """
    layout: dict[str, Any] = {"title_text": escape(axis.name)} if titled else {}
    if axis.log:
        ticks = _log_ticks(axis)
        return {**layout, "type": "log", "tickvals": ticks, "ticktext": [f"{v:g}" for v in ticks]}
    if axis.labels is not None:
        return {
            **layout,
            "type": "linear",
            "tickvals": list(axis.values or ()),
            "ticktext": list(map(escape, axis.labels)),
        }
    return layout


def _log_ticks(axis: Axis) -> list[float]:
    """Returns powers of ten in the domain, with 2 and 5 between them where it spans less than two decades."""
    low, high = math.log10(axis.lower), math.log10(axis.upper)
    step = max(1, math.ceil((high - low) / 8))
    leading = (1, 2, 5) if high - low < 2 else (1,)
    decades = range(math.floor(low), math.ceil(high) + 1, step)
    values = [float(f"{m}e{d}") for d in decades for m in leading]
    return [v for v in values if axis.lower * 0.999 <= v <= axis.upper * 1.001]


def curve(x: Array, y: Array, color: str, name: str, *, dash: str = "solid", **style: Any) -> go.Scatter:
    """Returns a thick line."""
    return go.Scatter(
        x=x, y=y, name=name, line={"color": color, "width": 2.5, "dash": dash}, **{"mode": "lines", **style}
    )


def band(projection: Projection, color: str, **style: Any) -> go.Scatter:
    """Returns the area within one standard deviation of a projection onto one hyperparameter."""
    mean, std = projection.mean, projection.std
    return between(projection, mean - std, mean + std, color, **style)


def between(projection: Projection, lower: Array, upper: Array, color: str, **style: Any) -> go.Scatter:
    """Returns the area between two curves over the fitting points of one hyperparameter, shape (n,) each."""
    valid = projection.valid
    x = projection.grid[valid, 0]
    return go.Scatter(
        x=np.concatenate([x, x[::-1]]),
        y=np.concatenate([upper[valid], lower[valid][::-1]]),
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=color,
        opacity=0.15,
        hoverinfo="skip",
        **style,
    )


def points(x: Sequence[float] | Array, y: Sequence[float | str] | Array, name: str, **style: Any) -> go.Scatter:
    """Returns single points, whole also at the edge of the domain."""
    return go.Scatter(x=x, y=y, name=name, mode="markers", **{"cliponaxis": False, **style})


def incumbent(projection: Projection, i: int = 0) -> list[go.Scatter]:
    """Returns the incumbent's cost over hyperparameter i; nothing where it has no value there."""
    best = projection.incumbent
    if best is None or best.values is None:
        return []
    return [points([best.values[i]], [best.cost], "incumbent", marker=palette.INCUMBENT_MARKER)]


def cost_range(projection: Projection, curves: Sequence[Array] = ()) -> list[float]:
    """Returns a range with curves, band, incumbent and most trials; single crashes do not flatten the curves.

    Among the best of the space no trial does that is worse than what counts there.

    Args:
        projection: The projection.
        curves: Values of the formula, objective units.
    """
    shown = np.concatenate([projection.mean - projection.std, projection.mean + projection.std, *curves])
    low, high = float(np.nanmin(shown)), float(np.nanmax(shown))
    if len(projection.trials.costs):
        low = min(low, float(np.min(projection.trials.costs)))
        if projection.view.region.best is None:
            high = max(high, float(np.quantile(projection.trials.costs, 0.9)))
    if projection.incumbent is not None and projection.incumbent.values is not None:
        low, high = min(low, projection.incumbent.cost), max(high, projection.incumbent.cost)
    margin = 0.05 * (high - low) or 0.5 * abs(high) or 1.0
    return [low - margin, high + margin]
