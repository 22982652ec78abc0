"""Draws a comparison: a colour per run in one plot of curves, or a map per run for two hyperparameters."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from deepcave_symbolic.formulas.expression import evaluate
from deepcave_symbolic.numeric.grids import product_columns
from deepcave_symbolic.show import palette
from deepcave_symbolic.show.figures.maps import contour
from deepcave_symbolic.show.figures.parts import CURVE_POINTS, axis_layout, band, curve, escape, titled

if TYPE_CHECKING:
    from deepcave_symbolic.comparing import Compared

__all__ = ["plot_comparison"]

_MAP_POINTS, _LONGEST_NAME = 41, 34


def plot_comparison(comparison: Compared) -> go.Figure:
    """Returns a figure of the common form in every run: dashed beside the surrogate (solid), or a map per run."""
    figure = _maps(comparison) if len(comparison.hyperparameters) == 2 else _curves(comparison)
    view = comparison.explanations[0].view.words
    return titled(figure, f"{comparison.objective} ≈ {comparison.form_text()}", view)


def _curves(comparison: Compared) -> go.Figure:
    figure = go.Figure()
    axis = comparison.formulas[0].axes[0]
    mode = "markers" if axis.categorical else "lines"
    dense = axis.check_grid(CURVE_POINTS)
    colors = palette.choice_colors(len(comparison.runs))
    for i, (run, explanation, formula) in enumerate(
        zip(comparison.runs, comparison.explanations, comparison.formulas, strict=True)
    ):
        color, group, name = colors[i], f"run {i}", escape(_short(run))
        projection = explanation.projection
        assert projection is not None
        if not axis.categorical:
            figure.add_trace(band(projection, color, legendgroup=group, showlegend=False))
        style: dict[str, Any] = {"mode": mode, "legendgroup": group, "marker": {"color": color, "size": 11}}
        figure.add_trace(curve(projection.grid[:, 0], projection.mean, color, f"{name}: surrogate", **style))
        style["marker"] = {"color": color, "size": 11, "symbol": "x-open"}
        y = evaluate(formula.tree, [dense])
        figure.add_trace(curve(dense, y, color, f"{name}: common form", dash="dash", **style))
    figure.update_xaxes(**axis_layout(axis))
    return figure.update_yaxes(title_text=escape(comparison.objective))


def _maps(comparison: Compared) -> go.Figure:
    first, second = comparison.formulas[0].axes
    columns = min(3, len(comparison.runs))
    rows = math.ceil(len(comparison.runs) / columns)
    titles = [escape(_short(run)) for run in comparison.runs]
    figure = make_subplots(rows=rows, cols=columns, subplot_titles=titles, shared_yaxes=True, horizontal_spacing=0.05)
    x, y = first.check_grid(_MAP_POINTS), second.check_grid(_MAP_POINTS)
    grid = product_columns([x, y])
    for i, formula in enumerate(comparison.formulas):
        place = {"row": i // columns + 1, "col": i % columns + 1}
        z = evaluate(formula.tree, grid).reshape(len(x), len(y)).T
        figure.add_trace(contour(x, y, z, "coloraxis"), **place)
        figure.update_xaxes(**axis_layout(first), **place)
        figure.update_yaxes(**axis_layout(second, titled=place["col"] == 1), **place)
    bar = {"title": {"text": escape(comparison.objective)}, "thickness": 14}
    return figure.update_layout(coloraxis={"colorscale": "Viridis", "colorbar": bar}, height=120 + 330 * rows)


def _short(name: str) -> str:
    """Returns a run's name without its beginning, where it is long: the end tells runs apart."""
    return name if len(name) <= _LONGEST_NAME else f"…{name[-_LONGEST_NAME + 1 :]}"
