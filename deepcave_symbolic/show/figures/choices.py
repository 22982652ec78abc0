"""Draws projections with a categorical hyperparameter: a curve per choice, or a column where both are categorical."""

from __future__ import annotations

from typing import Any

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

__all__ = ["column_traces", "group_places", "plot_choices"]

#: Of the distance between two choices, how much the columns of a group take, and what that is in a wide figure.
_GROUP, _GROUP_PIXELS = 0.8, 500
#: Choices that are drawn as curves; of more nobody finds one.
_MOST_CURVES = 16


def plot_choices(projection: Projection, formula: Formula) -> go.Figure:
    """Returns a figure of surrogate, formula and trials for one or two hyperparameters of which one is categorical.

    Args:
        projection: The projection.
        formula: A formula of it.
    """
    axes = projection.axes
    if len(axes) == 1:
        figure = _columns(projection, formula)
    elif all(axis.categorical for axis in axes):
        figure = _groups_of_columns(projection, formula)
    else:
        figure = _curves(projection, formula, 0 if axes[0].categorical else 1)
    return figure.update_yaxes(title_text=escape(formula.objective))


def _columns(projection: Projection, formula: Formula) -> go.Figure:
    """Draws a column per choice: trials, the surrogate with its standard deviation, the formula."""
    x = projection.grid[:, 0]
    figure = go.Figure([*column_traces(projection, formula), *incumbent(projection)])
    figure.update_yaxes(range=cost_range(projection, [evaluate(formula.tree, [x])]))
    return figure.update_xaxes(range=[-0.5, len(x) - 0.5], **axis_layout(projection.axes[0]))


def column_traces(projection: Projection, formula: Formula, dash: float = 46) -> list[go.Scatter]:
    """Returns trials, surrogate with standard deviation and formula over the choices of one hyperparameter.

    Args:
        projection: The projection.
        formula: A formula of it.
        dash: Length of what shows the formula's value, pixels.
    """
    x, trials = projection.grid[:, 0], projection.trials
    return [
        points(_spread(trials.values[:, 0]), trials.costs, "evaluated trials", marker=palette.TRIAL_MARKER),
        _means(projection, x, palette.choice_colors(1)[0], "surrogate ± 1 standard deviation"),
        _dashes(x, evaluate(formula.tree, [x]), palette.FORMULA, "formula", dash),
    ]


def group_places(n: int) -> Array:
    """Returns how far the columns of a group of n stand from its middle, shape (n,)."""
    return np.asarray(_GROUP * ((np.arange(n) + 0.5) / n - 0.5))


def _groups_of_columns(projection: Projection, formula: Formula) -> go.Figure:
    """Draws as many columns beside one another per choice of the second hyperparameter as the first has choices."""
    first, second = projection.axes
    labels, n = first.labels or (), len(second.labels or ())
    places = group_places(len(labels))
    figure, best, formulas = go.Figure(), projection.incumbent, []
    colors = palette.choice_colors(len(labels))
    for j, (label, place, color) in enumerate(zip(labels, places, colors, strict=True)):
        part = projection.at_choice(0, j)
        x, name, group = part.grid[:, 0], escape(label), {"legendgroup": f"choice {j}"}
        trials = _spread(part.trials.values[:, 0] + place, _GROUP / len(labels) / 2)
        dash = max(8.0, _GROUP_PIXELS / (n * len(labels)))
        formulas.append(evaluate(formula.tree, [np.full(len(x), float(j)), x]))
        figure.add_traces(
            [
                points(trials, part.trials.costs, f"{name}: trial", marker=_dots(color), showlegend=False, **group),
                _means(part, x + place, color, f"{name}: surrogate", **group),
                _dashes(x + place, formulas[-1], color, f"{name}: formula", dash, **group),
            ]
        )
    if best is not None and best.values is not None:
        x0 = best.values[1] + places[int(best.values[0])]
        figure.add_trace(points([x0], [best.cost], "incumbent", marker=palette.INCUMBENT_MARKER))
    figure.update_xaxes(range=[-0.5, n - 0.5], **axis_layout(second))
    figure.update_yaxes(range=cost_range(projection, formulas))
    return figure.update_layout(legend_title_text=escape(first.name))


def _curves(projection: Projection, formula: Formula, s: int) -> go.Figure:
    """Draws a colour per choice: the surrogate solid in its band, the formula dashed, the trials as points."""
    selector, axis = projection.axes[s], projection.axes[1 - s]
    figure, formulas = go.Figure(), []
    dense = axis.check_grid(CURVE_POINTS)
    labels = selector.labels or ()
    n_trials = np.bincount(projection.trials.values[:, s].astype(int), minlength=len(labels))
    drawn = np.sort(np.argsort(-n_trials, kind="stable")[:_MOST_CURVES])
    for j, color in zip(drawn.tolist(), palette.choice_colors(len(drawn)), strict=True):
        part, label = projection.at_choice(s, j), labels[j]
        name, group = escape(label), f"choice {j}"
        columns = [dense, dense]
        columns[s] = np.full(len(dense), float(j))
        formulas.append(evaluate(formula.tree, columns))
        figure.add_traces(
            [
                band(part, color, legendgroup=group, showlegend=False),
                curve(part.grid[:, 0], part.mean, color, f"{name}: surrogate", legendgroup=group),
                curve(dense, formulas[-1], color, f"{name}: formula", dash="dash", legendgroup=group),
                points(
                    part.trials.values[:, 0],
                    part.trials.costs,
                    f"{name}: trial",
                    marker=_dots(color),
                    legendgroup=group,
                    showlegend=False,
                ),
            ]
        )
    figure.add_traces(incumbent(projection, 1 - s))
    figure.update_xaxes(**axis_layout(axis))
    figure.update_yaxes(range=cost_range(projection, formulas))
    title = escape(selector.name)
    if len(drawn) < len(labels):
        title += f"<br>({len(drawn)} of {len(labels)}, with most trials)"
    return figure.update_layout(legend_title_text=title)


def _means(projection: Projection, x: Array, color: str, name: str, **style: Any) -> go.Scatter:
    """Returns the surrogate's mean at every choice with its standard deviation."""
    deviation = {"type": "data", "array": projection.std, "color": color, "thickness": 2}
    return points(x, projection.mean, name, error_y=deviation, marker={"color": color, "size": 11}, **style)


def _dashes(x: Array, y: Array, color: str, name: str, size: float, **style: Any) -> go.Scatter:
    """Returns the formula's value at every choice."""
    marker = {"symbol": "line-ew", "size": size, "line": {"color": color, "width": 3}}
    return points(x, y, name, marker=marker, **style)


def _dots(color: str) -> dict[str, Any]:
    return {"color": color, "size": 5, "opacity": 0.6}


def _spread(positions: Array, width: float = 0.24) -> Array:
    """Moves points of one choice beside one another, the same way every time."""
    n = len(positions)
    return np.asarray(positions + width * (np.modf(np.arange(n) * 0.618034)[0] - 0.5))
