"""Draws projections with a categorical hyperparameter: a colour a choice, or a column a choice."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from deepcave_symbolic.formulas.expression import evaluate
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.projection import Projection
from deepcave_symbolic.show.figures.parts import axis_layout, cost_range, escape

__all__ = ["plot_choices"]

#: Colours that are told apart by colour-blind readers, too (Okabe & Ito 2008).
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7f7f7f", "#000000")
_FORMULA = "#d62728"
_CURVE_POINTS = 300
_INCUMBENT = {"color": "#ff9800", "size": 13, "symbol": "star", "line": {"color": "black", "width": 0.7}}


def plot_choices(projection: Projection, formula: Formula) -> go.Figure:
    """Returns a figure of surrogate, formula and trials for one or two hyperparameters of which one is categorical.

    Args:
        projection: The projection.
        formula: A formula of it.
    """
    if len(projection.axes) == 1:
        return _columns(projection, formula)
    # Two categoricals: the first has the colours.
    s = next(i for i, axis in enumerate(projection.axes) if axis.categorical)
    return _curves(projection, formula, s)


def _columns(projection: Projection, formula: Formula) -> go.Figure:
    """Draws a column a choice: trials, the surrogate with its standard deviation, the formula."""
    axis = projection.axes[0]
    x = projection.grid[:, 0]
    figure = go.Figure()
    trials = projection.trials
    _add(
        figure,
        x=_spread(trials.values[:, 0]),
        y=trials.costs,
        marker={"color": "rgba(60, 60, 60, 0.4)", "size": 5},
        name="evaluated trials",
    )
    _add(
        figure,
        x=x,
        y=projection.mean,
        error_y={"type": "data", "array": projection.std, "color": _COLORS[0], "thickness": 2},
        marker={"color": _COLORS[0], "size": 11},
        name="surrogate ± 1 standard deviation",
    )
    dash = {"symbol": "line-ew", "size": 46, "line": {"color": _FORMULA, "width": 3}}
    _add(figure, x=x, y=evaluate(formula.tree, [x]), marker=dash, name="formula")
    _add_incumbent(figure, projection, 0)
    axis_layout(figure.update_xaxes, axis)
    figure.update_xaxes(range=[-0.5, len(x) - 0.5], title_text=escape(axis.name))
    return figure


def _curves(projection: Projection, formula: Formula, s: int) -> go.Figure:
    """Draws a colour a choice: the surrogate solid in its band, the formula dashed, the trials as points."""
    selector, axis = projection.axes[s], projection.axes[1 - s]
    figure, formulas = go.Figure(), []
    for j, label in enumerate(selector.labels or ()):
        part, color = projection.at_choice(s, j), _COLORS[j % len(_COLORS)]
        name, shared = escape(label), {"legendgroup": f"choice {j}", "line": {"color": color, "width": 2.5}}
        x, valid = part.grid[:, 0], part.valid
        low, high = part.mean - part.std, part.mean + part.std
        band = {"line": {"width": 0}, "fill": "toself", "fillcolor": color, "opacity": 0.12, "hoverinfo": "skip"}
        figure.add_trace(
            go.Scatter(
                x=np.concatenate([x[valid], x[valid][::-1]]),
                y=np.concatenate([high[valid], low[valid][::-1]]),
                legendgroup=shared["legendgroup"],
                showlegend=False,
                mode="lines",
                **band,
            )
        )
        mode = "lines+markers" if axis.categorical else "lines"
        figure.add_trace(go.Scatter(x=x, y=part.mean, mode=mode, name=f"{name}: surrogate", **shared))
        curve = axis.check_grid(_CURVE_POINTS)
        columns = [curve, curve]
        columns[s] = np.full(len(curve), float(j))
        shared["line"] = {"color": color, "width": 2.5, "dash": "dash"}
        y = evaluate(formula.tree, columns)
        formulas.append(y)
        figure.add_trace(go.Scatter(x=curve, y=y, mode=mode, name=f"{name}: formula", **shared))
        figure.add_trace(
            go.Scatter(
                x=_spread(part.trials.values[:, 0]) if axis.categorical else part.trials.values[:, 0],
                y=part.trials.costs,
                mode="markers",
                marker={"color": color, "size": 5, "opacity": 0.6},
                legendgroup=shared["legendgroup"],
                showlegend=False,
                name=f"{name}: trial",
            )
        )
    _add_incumbent(figure, projection, 1 - s)
    axis_layout(figure.update_xaxes, axis)
    figure.update_xaxes(title_text=escape(axis.name))
    figure.update_yaxes(range=cost_range(projection, formulas))
    figure.update_layout(legend_title_text=escape(selector.name))
    return figure


def _add(figure: go.Figure, **trace: Any) -> None:
    figure.add_trace(go.Scatter(mode="markers", **trace))


def _add_incumbent(figure: go.Figure, projection: Projection, i: int) -> None:
    incumbent = projection.incumbent
    if incumbent is not None and incumbent.values is not None:
        _add(figure, x=[incumbent.values[i]], y=[incumbent.cost], marker=_INCUMBENT, name="incumbent")


def _spread(positions: Array) -> Array:
    """Moves points of one choice beside one another, the same way every time."""
    n = len(positions)
    return np.asarray(positions + 0.24 * (np.modf(np.arange(n) * 0.618034)[0] - 0.5))
