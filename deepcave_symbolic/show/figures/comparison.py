"""Draws a comparison: a colour a run in one plot of curves, or a map a run for two hyperparameters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from deepcave_symbolic.comparing.comparison import Comparison
from deepcave_symbolic.formulas.expression import evaluate
from deepcave_symbolic.show.figures.parts import axis_layout, escape

__all__ = ["plot_comparison"]

#: Colours that are told apart by colour-blind readers, too (Okabe & Ito 2008).
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7f7f7f", "#000000")
_CURVE_POINTS, _MAP_POINTS = 300, 41
_LONGEST = 34


def plot_comparison(comparison: Comparison) -> go.Figure:
    """Returns a figure of the common form in every run: dashed beside the surrogate (solid), or a map a run."""
    axes = comparison.formulas[0].axes
    figure = _maps(comparison) if len(axes) == 2 else _curves(comparison)
    title = escape(f"{comparison.objective} ≈ {comparison.form_text()}")
    figure.update_layout(template="plotly_white", title={"text": title, "font": {"size": 14}}, margin={"t": 90})
    return figure


def _curves(comparison: Comparison) -> go.Figure:
    figure = go.Figure()
    axis = comparison.formulas[0].axes[0]
    for i, (run, explanation, formula) in enumerate(
        zip(comparison.runs, comparison.explanations, comparison.formulas, strict=True)
    ):
        color, group = _COLORS[i % len(_COLORS)], f"run {i}"
        name = escape(_short(run))
        projection = explanation.projection
        assert projection is not None
        valid = projection.valid
        x, low, high = projection.grid[valid, 0], projection.mean - projection.std, projection.mean + projection.std
        mode = "markers" if axis.categorical else "lines"
        band: dict[str, Any] = {"fill": "toself", "fillcolor": color, "opacity": 0.12, "hoverinfo": "skip"}
        if not axis.categorical:
            figure.add_trace(
                go.Scatter(
                    x=np.concatenate([x, x[::-1]]),
                    y=np.concatenate([high[valid], low[valid][::-1]]),
                    mode="lines",
                    line={"width": 0},
                    legendgroup=group,
                    showlegend=False,
                    **band,
                )
            )
        style = {"legendgroup": group, "mode": mode}
        solid, dashed = ({"color": color, "width": 2.5, "dash": dash} for dash in ("solid", "dash"))
        points = {"color": color, "size": 11}
        figure.add_trace(
            go.Scatter(x=x, y=projection.mean[valid], name=f"{name}: surrogate", line=solid, marker=points, **style)
        )
        curve = axis.check_grid(_CURVE_POINTS)
        cross = {**points, "symbol": "x-open"}
        y = evaluate(formula.tree, [curve])
        figure.add_trace(go.Scatter(x=curve, y=y, name=f"{name}: common form", line=dashed, marker=cross, **style))
    axis_layout(figure.update_xaxes, axis)
    figure.update_xaxes(title_text=escape(axis.name))
    figure.update_yaxes(title_text=escape(comparison.objective))
    return figure


def _maps(comparison: Comparison) -> go.Figure:
    first, second = comparison.formulas[0].axes
    columns = min(3, len(comparison.runs))
    rows = math.ceil(len(comparison.runs) / columns)
    titles = [escape(_short(run)) for run in comparison.runs]
    figure = make_subplots(rows=rows, cols=columns, subplot_titles=titles, shared_yaxes=True, horizontal_spacing=0.05)
    x, y = first.check_grid(_MAP_POINTS), second.check_grid(_MAP_POINTS)
    grid = [m.ravel() for m in np.meshgrid(x, y, indexing="ij")]
    for i, formula in enumerate(comparison.formulas):
        place = {"row": i // columns + 1, "col": i % columns + 1}
        z = evaluate(formula.tree, grid).reshape(len(x), len(y)).T
        trace = go.Contour(x=x, y=y, z=z, coloraxis="coloraxis", contours={"coloring": "heatmap"}, line={"width": 0.5})
        figure.add_trace(trace, **place)
        axis_layout(lambda place=place, **k: figure.update_xaxes(**place, **k), first)
        axis_layout(lambda place=place, **k: figure.update_yaxes(**place, **k), second)
        figure.update_xaxes(title_text=escape(first.name), **place)
        if place["col"] == 1:
            figure.update_yaxes(title_text=escape(second.name), **place)
    bar = {"title": {"text": escape(comparison.objective)}, "thickness": 14}
    figure.update_layout(coloraxis={"colorscale": "Viridis", "colorbar": bar}, height=120 + 330 * rows)
    return figure


def _short(name: str) -> str:
    """Returns a run's name without its middle, where it is long: the end tells runs apart."""
    return name if len(name) <= _LONGEST else f"…{name[-_LONGEST + 1 :]}"
