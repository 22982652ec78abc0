"""Draws two hyperparameters: surrogate, formula and their difference as maps side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from deepcave_symbolic.findings.optimum import Optimum
from deepcave_symbolic.formulas.expression import evaluate
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.projection import Projection
from deepcave_symbolic.show import palette
from deepcave_symbolic.show.figures.parts import axis_layout, escape, points

__all__ = ["contour", "plot_maps"]


def plot_maps(projection: Projection, formula: Formula, optimum: Optimum | None) -> go.Figure:
    """Returns three maps with the trials on them; the first two share their colours.

    Args:
        projection: The projection.
        formula: A formula of it.
        optimum: Where the formula is best; None for a constant.
    """
    first, second = projection.axes
    x = projection.grid[:: projection.shape[1], 0]
    y = projection.grid[: projection.shape[1], 1]
    values = evaluate(formula.tree, [np.ascontiguousarray(c) for c in projection.grid.T])
    # The forbidden part of the domain stays blank.
    values = np.where(projection.valid, values, np.nan).reshape(projection.shape).T
    surrogate = projection.mean.reshape(projection.shape).T
    difference = values - surrogate
    figure = make_subplots(
        rows=1,
        cols=3,
        subplot_titles=("Surrogate", "Formula", "Formula − surrogate"),
        shared_yaxes=True,
        horizontal_spacing=0.06,
    )
    marked = [] if optimum is None else [(optimum.values, palette.OPTIMUM_MARKER, "formula's optimum")]
    if projection.incumbent is not None and projection.incumbent.values is not None:
        marked.append((projection.incumbent.values, palette.INCUMBENT_MARKER, "incumbent"))
    trials = projection.trials
    for column, z in enumerate((surrogate, values, difference), 1):
        place = {"row": 1, "col": column}
        figure.add_trace(contour(x, y, z, "coloraxis2" if column == 3 else "coloraxis"), **place)
        shown: dict[str, Any] = {"showlegend": column == 1}
        dots = points(
            trials.values[:, 0],
            trials.values[:, 1],
            "evaluated trials",
            marker={"color": "rgba(255, 255, 255, 0.8)", "size": 5, "line": {"color": "black", "width": 0.7}},
            text=[f"{c:.4g}" for c in trials.costs],
            hovertemplate="%{x:.4g}, %{y:.4g}: %{text}<extra></extra>",
            **shown,
        )
        figure.add_trace(dots, **place)
        for (x0, y0), marker, name in marked:
            figure.add_trace(points([x0], [y0], name, marker=marker, **shown), **place)
        figure.update_xaxes(**axis_layout(first), **place)
        figure.update_yaxes(**axis_layout(second, titled=column == 1), **place)
    bar = {"thickness": 12, "len": 0.9, "y": 0.5}
    low, high = float(np.nanmin([surrogate, values])), float(np.nanmax([surrogate, values]))
    largest = float(np.nanmax(np.abs(difference))) or 1e-12
    return figure.update_layout(
        coloraxis={
            "colorscale": "Viridis",
            "cmin": low,
            "cmax": high,
            "colorbar": {**bar, "x": 1.01, "title": {"text": escape(formula.objective)}},
        },
        coloraxis2={
            "colorscale": "RdBu_r",
            "cmin": -largest,
            "cmax": largest,
            "colorbar": {**bar, "x": 1.1, "title": {"text": "difference"}},
        },
    )


def contour(x: Array, y: Array, z: Array, coloraxis: str) -> go.Contour:
    """Returns a map of z, shape (len(y), len(x))."""
    return go.Contour(x=x, y=y, z=z, coloraxis=coloraxis, contours={"coloring": "heatmap"}, line={"width": 0.5})
