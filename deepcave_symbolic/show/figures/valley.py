"""Draws a law: the surrogate over the hyperparameter and another one, and the law's line along the valley."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from deepcave_symbolic.formulas.expression import evaluate
from deepcave_symbolic.projection import Projection
from deepcave_symbolic.show import palette
from deepcave_symbolic.show.figures.maps import contour
from deepcave_symbolic.show.figures.parts import CURVE_POINTS, axis_layout, curve, escape, points, ready, titled
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.words.numbers import number_text, round_significant

if TYPE_CHECKING:
    from deepcave_symbolic.laws import FoundLaw

__all__ = ["plot_law"]

_HEIGHT = 480


def plot_law(law: FoundLaw, projection: Projection) -> go.Figure:
    """Returns a map of the surrogate with the trials, and the best value as the law has it.

    Args:
        law: The law.
        projection: Of the surrogate onto one of the law's other hyperparameters and onto its own, in this order.
    """
    other, target = projection.axes
    x, y = projection.grid[:: projection.shape[1], 0], projection.grid[: projection.shape[1], 1]
    figure = go.Figure(contour(x, y, projection.mean.reshape(projection.shape).T, "coloraxis"))
    trials = projection.trials
    marker = {"color": "rgba(255, 255, 255, 0.8)", "size": 5, "line": {"color": "black", "width": 0.7}}
    figure.add_trace(points(trials.values[:, 0], trials.values[:, 1], "evaluated trials", marker=marker))
    dense = other.check_grid(CURVE_POINTS)
    # The map averages over the rest, and so the line is for the middle of it.
    places = {axis.name: _middle(axis) for axis in law.formula.axes}
    columns = [
        dense if axis.name == other.name else np.full(len(dense), places[axis.name]) for axis in law.formula.axes
    ]
    best = evaluate(law.formula.tree, columns)
    best = np.where((best >= target.lower) & (best <= target.upper), best, np.nan)
    held = [f"{axis.name} {number_text(places[axis.name])}" for axis in law.formula.axes if axis.name != other.name]
    name = f"best {target.name}" + (f" at {', '.join(held)}" if held else "")
    figure.add_trace(curve(dense, best, palette.FORMULA, escape(name)))
    if projection.incumbent is not None and projection.incumbent.values is not None:
        x0, y0 = projection.incumbent.values
        figure.add_trace(points([x0], [y0], "incumbent", marker=palette.INCUMBENT_MARKER))
    figure.update_xaxes(**axis_layout(other))
    figure.update_yaxes(**axis_layout(target))
    bar = {"thickness": 12, "title": {"text": escape(law.objective)}}
    figure.update_layout(coloraxis={"colorscale": "Viridis", "colorbar": bar}, height=_HEIGHT)
    return ready(titled(figure, str(law.formula), projection.view.words))


def _middle(axis: Axis) -> float:
    """Returns a round value in the middle of a domain with positive bounds."""
    middle = math.sqrt(axis.lower * axis.upper)
    return float(round(middle)) if axis.integer else round_significant(middle, 2)
