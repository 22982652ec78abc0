"""Draws projections with a categorical hyperparameter: a colour per choice, or a column per choice."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from deepcave_symbolic.formulas.expression import evaluate
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.projection import Projection
from deepcave_symbolic.show import palette
from deepcave_symbolic.show.figures.parts import (
    CURVE_POINTS,
    axis_layout,
    band,
    cost_range,
    curve,
    escape,
    incumbent,
    points,
)

__all__ = ["plot_choices"]


def plot_choices(projection: Projection, formula: Formula) -> go.Figure:
    """Returns a figure of surrogate, formula and trials for one or two hyperparameters of which one is categorical.

    Args:
        projection: The projection.
        formula: A formula of it.
    """
    # Two categoricals: the first has the colours.
    s = next(i for i, axis in enumerate(projection.axes) if axis.categorical)
    figure = _columns(projection, formula) if len(projection.axes) == 1 else _curves(projection, formula, s)
    return figure.update_yaxes(title_text=escape(formula.objective))


def _columns(projection: Projection, formula: Formula) -> go.Figure:
    """Draws a column per choice: trials, the surrogate with its standard deviation, the formula."""
    x, trials = projection.grid[:, 0], projection.trials
    color = palette.CHOICES[0]
    deviation = {"type": "data", "array": projection.std, "color": color, "thickness": 2}
    dash = {"symbol": "line-ew", "size": 46, "line": {"color": palette.FORMULA, "width": 3}}
    figure = go.Figure(
        [
            points(_spread(trials.values[:, 0]), trials.costs, "evaluated trials", marker=palette.TRIAL_MARKER),
            points(
                x,
                projection.mean,
                "surrogate ± 1 standard deviation",
                error_y=deviation,
                marker={"color": color, "size": 11},
            ),
            points(x, evaluate(formula.tree, [x]), "formula", marker=dash),
            *incumbent(projection),
        ]
    )
    return figure.update_xaxes(range=[-0.5, len(x) - 0.5], **axis_layout(projection.axes[0]))


def _curves(projection: Projection, formula: Formula, s: int) -> go.Figure:
    """Draws a colour per choice: the surrogate solid in its band, the formula dashed, the trials as points."""
    selector, axis = projection.axes[s], projection.axes[1 - s]
    figure, formulas = go.Figure(), []
    mode = "lines+markers" if axis.categorical else "lines"
    dense = axis.check_grid(CURVE_POINTS)
    for j, label in enumerate(selector.labels or ()):
        part, color = projection.at_choice(s, j), palette.CHOICES[j % len(palette.CHOICES)]
        name, group = escape(label), f"choice {j}"
        columns = [dense, dense]
        columns[s] = np.full(len(dense), float(j))
        formulas.append(evaluate(formula.tree, columns))
        x = part.trials.values[:, 0]
        figure.add_traces(
            [
                band(part, color, legendgroup=group, showlegend=False),
                curve(part.grid[:, 0], part.mean, color, f"{name}: surrogate", mode=mode, legendgroup=group),
                curve(dense, formulas[-1], color, f"{name}: formula", dash="dash", mode=mode, legendgroup=group),
                points(
                    _spread(x) if axis.categorical else x,
                    part.trials.costs,
                    f"{name}: trial",
                    marker={"color": color, "size": 5, "opacity": 0.6},
                    legendgroup=group,
                    showlegend=False,
                ),
            ]
        )
    figure.add_traces(incumbent(projection, 1 - s))
    figure.update_xaxes(**axis_layout(axis))
    figure.update_yaxes(range=cost_range(projection, formulas))
    return figure.update_layout(legend_title_text=escape(selector.name))


def _spread(positions: Array) -> Array:
    """Moves points of one choice beside one another, the same way every time."""
    n = len(positions)
    return np.asarray(positions + 0.24 * (np.modf(np.arange(n) * 0.618034)[0] - 0.5))
