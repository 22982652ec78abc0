"""Draws plotly figures from an explanation's record; nothing here asks a run or a surrogate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from deepcave_symbolic.formulas.expression import evaluate, variables
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.projection import Projection
from deepcave_symbolic.show import palette
from deepcave_symbolic.show.figures.choices import plot_choices
from deepcave_symbolic.show.figures.maps import plot_maps
from deepcave_symbolic.show.figures.parts import (
    CURVE_POINTS,
    axis_layout,
    band,
    between,
    cost_range,
    curve,
    escape,
    incumbent,
    points,
    titled,
)

if TYPE_CHECKING:
    from deepcave_symbolic.findings.explained import Explained

__all__ = ["line_traces", "plot_explanation", "plot_front"]

#: R² that are written at the axis of the front, and the smallest 1 - R² that is drawn.
_TICKS, _LEAST_MISSING = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9999, 0.99999), 1e-6
_MOST_TICKS = 7
#: Formulas that are as good and are drawn, and points of each.
_MOST_AS_GOOD, _POINTS_AS_GOOD = 6, 120


def plot_explanation(explanation: Explained, formula: Formula | None = None) -> go.Figure:
    """Returns a figure of surrogate, formula and trials, on natural axes.

    Args:
        explanation: The record.
        formula: A formula of its front; the recommended one by default.
    """
    formula = formula or explanation.best
    projection = explanation.projection
    found = explanation.findings(formula)
    best = found.optimum if variables(formula.tree) else None  # a constant is best nowhere
    if any(axis.categorical for axis in projection.axes):
        figure = plot_choices(projection, formula)
    elif len(projection.axes) == 2:
        return titled(plot_maps(projection, formula, best), str(formula), explanation.view.words, legend_y=-0.3)
    else:
        figure = _line(explanation, formula)
        if best is not None:
            figure.add_trace(points([best.values[0]], [best.value], "formula's optimum", marker=palette.OPTIMUM_MARKER))
        figure.add_traces(incumbent(projection))
        _shade_untried(figure, projection)
        _mark_outside_band(figure, projection, found.band.stretches)
    return titled(figure, str(formula), explanation.view.words)


def plot_front(explanation: Explained, formula: Formula | None = None) -> go.Figure:
    """Returns a figure of the Pareto front: R² on held-out points, by the logarithm of 1 - R², against the nodes."""
    formula = formula or explanation.best
    front = explanation.formulas
    figure = go.Figure(
        go.Scatter(
            x=[f.complexity for f in front],
            y=[_missing(f) for f in front],
            customdata=[f.r2 for f in front],
            mode="lines+markers",
            line={"color": palette.SURROGATE, "shape": "hv"},
            text=[escape(str(f)) for f in front],
            hovertemplate="%{text}<br>%{x} nodes, R² %{customdata:.4f}<extra></extra>",
            name="Pareto front",
        )
    )
    star = {"color": palette.FORMULA, "size": 13, "symbol": "star"}
    shown = points([formula.complexity], [_missing(formula)], "shown formula", marker=star)
    figure.add_trace(shown.update(hoverinfo="skip"))
    ticks = _ticks([_missing(f) for f in front])
    figure.update_yaxes(
        type="log",
        autorange="reversed",
        tickvals=[1.0 - r2 for r2 in ticks],
        ticktext=[f"{r2:g}" for r2 in ticks],
    )
    return figure.update_layout(
        template="plotly_white",
        title={"text": escape(explanation.view.words), "font": {"size": 15}} if explanation.view.words else None,
        margin={"l": 80, "r": 30, "t": 40, "b": 60},
        legend={"orientation": "h", "y": -0.2},
        xaxis_title="Complexity (nodes)",
        # The figure is often lower than one line of it is long.
        yaxis_title="R² on held-out points<br>(as log of 1 − R²)",
    )


def _missing(formula: Formula) -> float:
    """Returns what a formula lacks to R² 1, not below what a logarithmic axis shows."""
    return max(1.0 - formula.r2, _LEAST_MISSING)


def _ticks(missing: Sequence[float]) -> list[float]:
    """Returns the R² that are written at an axis of 1 - R², which its height has room for."""
    apart = math.log10(max(missing) / min(missing)) / _MOST_TICKS
    chosen = [_TICKS[0]]
    for r2 in _TICKS[1:]:
        if math.log10((1.0 - chosen[-1]) / (1.0 - r2)) >= apart:
            chosen.append(r2)
    return chosen


def _line(explanation: Explained, formula: Formula) -> go.Figure:
    """Draws one hyperparameter: single configurations, surrogate and formula in their bands, the trials."""
    projection, certainty = explanation.projection, explanation.certainty
    axis = projection.axes[0]
    x = projection.grid[:, 0]
    figure = go.Figure()
    for i, single in enumerate(projection.ice):
        figure.add_trace(
            go.Scatter(
                x=x,
                y=single,
                mode="lines",
                line={"color": palette.SURROGATE, "width": 1},
                opacity=0.12,
                name="single configurations (ICE)",
                legendgroup="ice",
                showlegend=i == 0,
                hoverinfo="skip",
            )
        )
    curves = line_traces(projection, formula)
    if len(projection.partial_dependence):
        other = curve(x, projection.partial_dependence, palette.SURROGATE, "surrogate's partial dependence", dash="dot")
        curves.insert(2, other)
    if certainty is not None and formula is explanation.best and len(certainty.lower):
        name = "where 90 % of the refits lie"
        curves.insert(-2, between(projection, certainty.lower, certainty.upper, palette.FORMULA, name=name))
    curves[-2:-2] = _as_good(explanation, formula)
    figure.add_traces(curves)
    figure.update_xaxes(**axis_layout(axis))
    values = evaluate(formula.tree, [axis.check_grid(CURVE_POINTS)])
    return figure.update_yaxes(
        range=cost_range(projection, [values, projection.partial_dependence]),
        title_text=escape(_what(projection, formula.objective)),
    )


def _as_good(explanation: Explained, formula: Formula) -> list[go.Scatter]:
    """Returns formulas that the trials cannot tell from the most accurate one, drawn faintly."""
    dense = explanation.projection.axes[0].check_grid(_POINTS_AS_GOOD)
    traces = []
    for i, other in enumerate(explanation.near_equal(formula)[:_MOST_AS_GOOD]):
        trace = curve(dense, evaluate(other.tree, [dense]), palette.FORMULA, "others as good to the trials", dash="dot")
        traces.append(trace.update(line_width=1, opacity=0.5, legendgroup="as good", showlegend=i == 0))
    return traces


def line_traces(projection: Projection, formula: Formula, n: int = CURVE_POINTS) -> list[go.Scatter]:
    """Returns the surrogate in its band, the formula and the trials along one hyperparameter that is no choice.

    Args:
        projection: The projection.
        formula: A formula of it.
        n: Points of the formula's curve.
    """
    dense = projection.axes[0].check_grid(n)
    trials = projection.trials
    return [
        band(projection, palette.SURROGATE, name="± 1 standard deviation band"),
        curve(projection.grid[:, 0], projection.mean, palette.SURROGATE, "surrogate"),
        curve(dense, evaluate(formula.tree, [dense]), palette.FORMULA, "formula", dash="dash"),
        points(trials.values[:, 0], trials.costs, "evaluated trials", marker=palette.TRIAL_MARKER),
    ]


def _what(projection: Projection, objective: str) -> str:
    """Returns what the curve has along its axis: the method is named where it is not the usual average."""
    return objective if projection.method == "partial dependence" else f"{objective} ({projection.method})"


def _shade_untried(figure: go.Figure, projection: Projection) -> None:
    """Shades the stretches of the axis without a trial nearby."""
    x, far = projection.grid[:, 0], ~projection.near_trials
    edges = np.diff(np.concatenate([[0], far.astype(int), [0]]))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    for start, end in zip(starts, ends, strict=True):
        figure.add_vrect(x0=x[start], x1=x[min(end, len(x) - 1)], fillcolor=palette.UNTRIED, line_width=0)
    if len(starts):
        _legend_of_shape(figure, "no trial nearby", {"color": palette.UNTRIED, "size": 14, "symbol": "square"})


def _mark_outside_band(figure: go.Figure, projection: Projection, stretches: tuple[tuple[float, ...], ...]) -> None:
    """Marks at the bottom where the formula leaves the surrogate's uncertainty band."""
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
        figure.add_shape(type="rect", xref="x", yref="paper", fillcolor=palette.OUTSIDE_BAND, line_width=0, **box)
    line = {"color": palette.OUTSIDE_BAND, "width": 4}
    marker = {"color": palette.OUTSIDE_BAND, "size": 14, "symbol": "line-ew", "line": line}
    _legend_of_shape(figure, "formula outside the band", marker)


def _legend_of_shape(figure: go.Figure, name: str, marker: dict[str, object]) -> None:
    # Shapes have no legend in plotly 5, and their annotations stand in the wrong place on a log axis.
    figure.add_trace(go.Scatter(x=[None], y=[None], mode="markers", marker=marker, name=name))
