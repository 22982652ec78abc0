"""Draws plotly figures from an explanation's record; nothing here asks a run or a surrogate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from deepcave_symbolic.exceptions import SearchFailedError
from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.findings.optimum import Optimum
from deepcave_symbolic.formulas.expression import evaluate, variables
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.projection import Projection
from deepcave_symbolic.show.figures.choices import plot_choices
from deepcave_symbolic.show.figures.parts import axis_layout, cost_range, escape

__all__ = ["plot_explanation", "plot_front"]

_SURROGATE = "#1f77b4"
_BAND = "rgba(31, 119, 180, 0.15)"
_ICE = "rgba(31, 119, 180, 0.12)"
_FORMULA = "#d62728"
_TRIALS = "rgba(60, 60, 60, 0.55)"
_INCUMBENT = {"color": "#ff9800", "size": 12, "symbol": "star", "line": {"color": "black", "width": 0.7}}
_OPTIMUM = {"color": _FORMULA, "size": 11, "symbol": "diamond", "line": {"color": "white", "width": 1.5}}
_FAR = "rgba(120, 120, 120, 0.2)"
_OUTSIDE = "#7b3fa0"
_CURVE_POINTS = 400


def plot_explanation(explanation: Explanation, formula: Formula | None = None) -> go.Figure:
    """Returns a figure of surrogate, formula and trials, on natural axes.

    Args:
        explanation: The record.
        formula: A formula of its front; the recommended one by default.

    Raises:
        SearchFailedError: If the record holds no formula.
    """
    formula = formula or explanation.best
    if explanation.projection is None:
        raise SearchFailedError("The record holds no projection to plot.")
    if any(axis.categorical for axis in explanation.projection.axes):
        figure = plot_choices(explanation.projection, formula)
        return _styled(figure, yaxis_title=escape(explanation.objective), **_titled(formula))
    if len(explanation.projection.axes) == 1:
        return _plot_line(explanation, explanation.projection, formula)
    return _plot_maps(explanation, explanation.projection, formula)


def plot_front(explanation: Explanation, formula: Formula | None = None) -> go.Figure:
    """Returns a figure of the Pareto front: R² on held-out points against the number of operators."""
    formula = formula or explanation.best
    front = explanation.formulas
    figure = go.Figure(
        go.Scatter(
            x=[f.complexity for f in front],
            y=[f.r2 for f in front],
            mode="lines+markers",
            line={"color": _SURROGATE, "shape": "hv"},
            text=[escape(str(f)) for f in front],
            hovertemplate="%{text}<br>%{x} operators, R² %{y:.4f}<extra></extra>",
            name="Pareto front",
        )
    )
    figure.add_trace(
        go.Scatter(
            x=[formula.complexity],
            y=[formula.r2],
            mode="markers",
            marker={"color": _FORMULA, "size": 13, "symbol": "star"},
            name="shown formula",
        )
    )
    return _styled(figure, xaxis_title="Complexity (operators)", yaxis_title="R² on held-out points")


# --- one hyperparameter -------------------------------------------------------------------------------------------


def _plot_line(explanation: Explanation, projection: Projection, formula: Formula) -> go.Figure:
    axis = projection.axes[0]
    x = projection.grid[:, 0]
    figure = go.Figure()
    for i, single in enumerate(projection.ice):
        figure.add_trace(
            go.Scatter(
                x=x,
                y=single,
                mode="lines",
                line={"color": _ICE, "width": 1},
                name="single configurations (ICE)",
                legendgroup="ice",
                showlegend=i == 0,
                hoverinfo="skip",
            )
        )
    low, high = projection.mean - projection.std, projection.mean + projection.std
    valid = projection.valid
    figure.add_trace(
        go.Scatter(
            x=np.concatenate([x[valid], x[valid][::-1]]),
            y=np.concatenate([high[valid], low[valid][::-1]]),
            fill="toself",
            fillcolor=_BAND,
            line={"width": 0},
            name="± 1 standard deviation band",
            hoverinfo="skip",
        )
    )
    figure.add_trace(_line(x, projection.mean, _SURROGATE, "surrogate"))
    curve_x = axis.check_grid(_CURVE_POINTS)
    curve = evaluate(formula.tree, [curve_x])
    figure.add_trace(_line(curve_x, curve, _FORMULA, "formula", dash="dash"))
    trials = projection.trials
    figure.add_trace(
        go.Scatter(
            x=trials.values[:, 0],
            y=trials.costs,
            mode="markers",
            marker={"color": _TRIALS, "size": 6},
            name="evaluated trials",
        )
    )
    optimum = _optimum(explanation, formula)
    if optimum is not None:
        figure.add_trace(_point(optimum.values[0], optimum.value, _OPTIMUM, "formula's optimum"))
    incumbent = projection.incumbent
    if incumbent is not None and incumbent.values is not None:
        figure.add_trace(_point(incumbent.values[0], incumbent.cost, _INCUMBENT, "incumbent"))
    _shade_far(figure, projection)
    _mark_outside(figure, explanation, projection, formula)
    axis_layout(figure.update_xaxes, axis)
    figure.update_yaxes(range=cost_range(projection, [curve]))
    return _styled(
        figure,
        xaxis_title=escape(axis.name),
        yaxis_title=escape(explanation.objective),
        **_titled(formula),
    )


def _optimum(explanation: Explanation, formula: Formula) -> Optimum | None:
    """Returns where the formula is best, None for a constant, which is best nowhere."""
    return explanation.optimum(formula) if variables(formula.tree) else None


def _point(x: float, y: float, marker: dict[str, Any], name: str, **kwargs: Any) -> go.Scatter:
    # At the edge of the domain half of it would be cut off.
    return go.Scatter(x=[x], y=[y], mode="markers", marker=marker, name=name, cliponaxis=False, **kwargs)


def _line(x: Array, y: Array, color: str, name: str, dash: str = "solid") -> go.Scatter:
    return go.Scatter(x=x, y=y, mode="lines", line={"color": color, "width": 3, "dash": dash}, name=name)


def _shade_far(figure: go.Figure, projection: Projection) -> None:
    """Shades the stretches of the axis without a trial nearby."""
    x, far = projection.grid[:, 0], ~projection.near_trials
    if not np.any(far):
        return
    start = None
    for i in range(len(x) + 1):
        inside = i < len(x) and bool(far[i])
        if inside and start is None:
            start = x[i]
        elif not inside and start is not None:
            figure.add_vrect(x0=start, x1=x[min(i, len(x) - 1)], fillcolor=_FAR, line_width=0)
            start = None
    figure.add_trace(_legend_of_shape("no trial nearby", {"color": _FAR, "size": 14, "symbol": "square"}))


def _mark_outside(figure: go.Figure, explanation: Explanation, projection: Projection, formula: Formula) -> None:
    """Marks at the bottom where the formula leaves the surrogate's uncertainty band."""
    stretches = explanation.trust(formula).band.stretches
    if not stretches:
        return
    axis = projection.axes[0]
    u = axis.to_coordinate(projection.grid[:, 0])
    # From the middle between two points to the next, so that a single point is seen as well.
    edges = np.concatenate([u[:1], (u[:-1] + u[1:]) / 2, u[-1:]])
    for stretch in stretches:
        first, last = np.searchsorted(u, axis.to_coordinate(np.array(stretch)))
        x0, x1 = (10.0**edge if axis.log else edge for edge in edges[[first, last + 1]])
        box = {"x0": x0, "x1": x1, "y0": 0, "y1": 0.018}
        figure.add_shape(type="rect", xref="x", yref="paper", fillcolor=_OUTSIDE, line_width=0, **box)
    marker = {"color": _OUTSIDE, "size": 14, "symbol": "line-ew", "line": {"color": _OUTSIDE, "width": 4}}
    figure.add_trace(_legend_of_shape("formula outside the band", marker))


def _legend_of_shape(name: str, marker: dict[str, Any]) -> go.Scatter:
    # Shapes have no legend in plotly 5, and their annotations stand in the wrong place on a log axis.
    return go.Scatter(x=[None], y=[None], mode="markers", marker=marker, name=name)


# --- two hyperparameters ------------------------------------------------------------------------------------------


def _plot_maps(explanation: Explanation, projection: Projection, formula: Formula) -> go.Figure:
    first, second = projection.axes
    x = projection.grid[:: projection.shape[1], 0]
    y = projection.grid[: projection.shape[1], 1]
    surrogate = projection.mean.reshape(projection.shape).T
    values = evaluate(formula.tree, [np.ascontiguousarray(c) for c in projection.grid.T])
    # The forbidden part of the domain stays blank.
    values = np.where(projection.valid, values, np.nan).reshape(projection.shape).T
    low, high = float(np.nanmin([surrogate, values])), float(np.nanmax([surrogate, values]))
    largest = float(np.nanmax(np.abs(values - surrogate))) or 1e-12
    figure = make_subplots(
        rows=1,
        cols=3,
        subplot_titles=("Surrogate", "Formula", "Formula − surrogate"),
        shared_yaxes=True,
        horizontal_spacing=0.06,
    )
    shared = {"coloraxis": "coloraxis", "contours": {"coloring": "heatmap"}, "line": {"width": 0.5}}
    figure.add_trace(go.Contour(x=x, y=y, z=surrogate, **shared), row=1, col=1)
    figure.add_trace(go.Contour(x=x, y=y, z=values, **shared), row=1, col=2)
    difference = {"coloraxis": "coloraxis2", "contours": {"coloring": "heatmap"}, "line": {"width": 0.5}}
    figure.add_trace(go.Contour(x=x, y=y, z=values - surrogate, **difference), row=1, col=3)
    trials, incumbent, optimum = projection.trials, projection.incumbent, _optimum(explanation, formula)
    places = [] if optimum is None else [(optimum.values, _OPTIMUM, "formula's optimum")]
    if incumbent is not None and incumbent.values is not None:
        places.append((incumbent.values, _INCUMBENT, "incumbent"))
    for column in (1, 2, 3):
        figure.add_trace(
            go.Scatter(
                x=trials.values[:, 0],
                y=trials.values[:, 1],
                mode="markers",
                marker={"color": "rgba(255, 255, 255, 0.8)", "size": 5, "line": {"color": "black", "width": 0.7}},
                name="evaluated trials",
                showlegend=column == 1,
                text=[f"{c:.4g}" for c in trials.costs],
                hovertemplate="%{x:.4g}, %{y:.4g}: %{text}<extra></extra>",
            ),
            row=1,
            col=column,
        )
        for (x0, y0), marker, name in places:
            figure.add_trace(_point(x0, y0, marker, name, showlegend=column == 1), row=1, col=column)
        axis_layout(lambda column=column, **k: figure.update_xaxes(row=1, col=column, **k), first)
        axis_layout(lambda column=column, **k: figure.update_yaxes(row=1, col=column, **k), second)
        figure.update_xaxes(title_text=escape(first.name), row=1, col=column)
    figure.update_yaxes(title_text=escape(second.name), row=1, col=1)
    bar = {"thickness": 12, "len": 0.9, "y": 0.5}
    return _styled(
        figure,
        coloraxis={
            "colorscale": "Viridis",
            "cmin": low,
            "cmax": high,
            "colorbar": {**bar, "x": 1.01, "title": {"text": escape(explanation.objective)}},
        },
        coloraxis2={
            "colorscale": "RdBu_r",
            "cmin": -largest,
            "cmax": largest,
            "colorbar": {**bar, "x": 1.1, "title": {"text": "difference"}},
        },
        legend={"orientation": "h", "y": -0.3},
        **_titled(formula),
    )


# --- shared -------------------------------------------------------------------------------------------------------


def _styled(figure: go.Figure, **layout: Any) -> go.Figure:
    defaults = {"margin": {"l": 70, "r": 30, "t": 40, "b": 60}, "legend": {"orientation": "h", "y": -0.2}}
    figure.update_layout(template="plotly_white", **{**defaults, **layout})
    return figure


def _titled(formula: Formula) -> dict[str, Any]:
    """Returns the layout of a title with the formula, with a margin for all of its lines."""
    text = _wrapped(str(formula))
    top = 70 + 20 * text.count("<br>")
    return {
        "title": {"text": text, "font": {"size": 15}, "y": 1.0, "yanchor": "top", "pad": {"t": 12}},
        "margin": {"l": 70, "r": 30, "t": top, "b": 60},
    }


def _wrapped(text: str, width: int = 90) -> str:
    """Breaks a long formula at its signs into lines, so that the figure's edge cuts nothing off."""
    lines: list[str] = [""]
    for part in _split_at_signs(text):
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return "<br>".join(escape(line) for line in lines)


def _split_at_signs(text: str) -> Sequence[str]:
    parts, start = [], 0
    for i in range(1, len(text) - 1):
        if text[i] in "+-≈" and text[i - 1] == text[i + 1] == " ":
            parts.append(text[start:i])
            start = i
    return [*parts, text[start:]]
