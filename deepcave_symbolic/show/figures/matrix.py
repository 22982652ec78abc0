"""Draws pairs of hyperparameters as a matrix of small maps: the surrogate below the diagonal, formulas above it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from deepcave_symbolic.findings.explained import Explained, Unexplained
from deepcave_symbolic.formulas.expression import evaluate
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.show import palette
from deepcave_symbolic.show.figures.pairs import cells_of, ordered, short_name
from deepcave_symbolic.show.figures.parts import axis_layout, curve, escape, points, ready
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.words.numbers import counted

__all__ = ["plot_matrix"]

#: Hyperparameters of a matrix; pixels of a cell, of the names beside the cells and of what stands above them.
_MOST, _CELL, _NAMES, _TOP = 8, 130, 120, 60


def plot_matrix(explanations: Sequence[Explained | Unexplained], formulas: Sequence[Formula] = ()) -> go.Figure:
    """Returns a matrix of maps, all on one scale: of every pair the surrogate, and mirrored its recommended formula.

    Single hyperparameters, where they are among the explanations, fill the diagonal with their curves. Pairs that are
    not there, or have no formula, are blank.

    Args:
        explanations: Those of one run, such as `explain_all(run, pairs=True)` and `explain_all(run)` together.
        formulas: The formula of each; the recommended ones by default.

    Raises:
        InvalidArgumentError: If there is no pair, or one twice, as when several runs are mixed.
    """
    cells = cells_of(explanations)
    chosen = dict(zip(map(id, explanations), formulas, strict=False))
    names = [name for name in ordered(cells) if any(name in pair for pair in cells if len(pair) == 2)]
    drawn = names[:_MOST]
    n = len(drawn)
    figure = make_subplots(n, n, horizontal_spacing=0.12 / n, vertical_spacing=0.12 / n)
    shown = [e for pair, e in cells.items() if set(pair) <= set(drawn) and isinstance(e, Explained)]
    axes = _axes(shown)
    for explanation in shown:
        at = [drawn.index(name) for name in explanation.hyperparameters]
        formula = chosen.get(id(explanation), explanation.best)
        if len(at) == 1:
            figure.add_traces(_curves(explanation, formula), at[0] + 1, at[0] + 1)
        else:
            for row, column, map_ in _maps(explanation, formula, at, axes):
                figure.add_trace(map_, row + 1, column + 1)
    values = np.concatenate([e.projection.mean for e in shown])
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    _name_axes(figure, drawn, axes, [low, high])
    bar = {"thickness": 12, "title": {"text": escape(explanations[0].objective)}}
    scale = {"colorscale": "Viridis", "cmin": low, "cmax": high, "colorbar": bar}
    size = n * _CELL + _NAMES
    return ready(
        figure.update_layout(
            template="plotly_white",
            title={
                "text": _title(explanations, names),
                "font": {"size": 15},
                "y": 1.0,
                "yanchor": "top",
                "pad": {"t": 12},
            },
            width=size + 90,
            height=size + _TOP,
            margin={"l": _NAMES, "r": 90, "t": _TOP, "b": _NAMES},
            coloraxis=scale,
            showlegend=False,
        )
    )


def _curves(explanation: Explained, shown: Formula) -> list[go.Scatter]:
    """Returns surrogate and formula of one hyperparameter."""
    projection, style = explanation.projection, {"hoverinfo": "skip"}
    x = projection.grid[:, 0]
    values = evaluate(shown.tree, [x])
    if projection.axes[0].categorical:
        marker = {"symbol": "line-ew", "size": 14, "line": {"color": palette.FORMULA, "width": 2}}
        dots = points(x, projection.mean, "surrogate", marker={"color": palette.SURROGATE}, **style)
        return [dots, points(x, values, "formula", marker=marker, **style)]
    return [
        curve(x, projection.mean, palette.SURROGATE, "surrogate", **style),
        curve(x, values, palette.FORMULA, "formula", dash="dash", **style),
    ]


def _axes(explanations: Sequence[Explained]) -> dict[str, Axis]:
    """Returns the axes by name; a pair may leave choices out with which the other hyperparameter is never active."""
    axes: dict[str, Axis] = {}
    for axis in (axis for e in explanations for axis in e.projection.axes):
        known = axes.setdefault(axis.name, axis)
        if len(axis.labels or ()) > len(known.labels or ()):
            axes[axis.name] = axis
    return axes


def _maps(
    explanation: Explained, shown: Formula, at: Sequence[int], axes: dict[str, Axis]
) -> list[tuple[int, int, go.Heatmap]]:
    """Returns row, column and map of the surrogate and of the formula."""
    projection = explanation.projection
    columns = [np.ascontiguousarray(column) for column in projection.grid.T]
    formula = np.where(projection.valid, evaluate(shown.tree, columns), np.nan)
    places = [_places(axis, axes[axis.name]) for axis in projection.axes]
    edges = [_edges(axes[axis.name], values) for axis, values in zip(projection.axes, columns, strict=True)]
    low, high = sorted(at)
    found = []
    for row, column, values, name in ((high, low, projection.mean, "surrogate"), (low, high, formula, "formula")):
        z = values.reshape(projection.shape)
        for i, place in enumerate(places):
            if place is not None:
                z = _with_blanks(z, i, place, len(edges[i]) - 1)
        x = at.index(column)  # along x the hyperparameter of the column, along y that of the row
        hover = f"%{{x:.4g}}, %{{y:.4g}}: %{{z:.4g}}<extra>{name}</extra>"
        drawn = go.Heatmap(
            x=edges[x], y=edges[1 - x], z=z.T if x == 0 else z, coloraxis="coloraxis", hovertemplate=hover
        )
        found.append((row, column, drawn))
    return found


def _places(axis: Axis, whole: Axis) -> list[int] | None:
    """Returns where the choices of a pair's axis stand among all of them; None where there are no choices."""
    return [(whole.labels or ()).index(label) for label in axis.labels or ()] if axis.categorical else None


def _with_blanks(z: Array, i: int, places: Sequence[int], n: int) -> Array:
    """Returns values with blanks along dimension i for the choices that are not there."""
    whole = np.full([n if j == i else size for j, size in enumerate(z.shape)], np.nan)
    whole[tuple(places if j == i else slice(None) for j in range(z.ndim))] = z
    return whole


def _edges(axis: Axis, values: Array) -> Array:
    """Returns where the cells round values begin and end, natural units."""
    if axis.categorical:
        return np.arange(len(axis.labels or ()) + 1, dtype=np.float64) - 0.5
    u = axis.to_coordinate(np.unique(values))
    edges = np.concatenate([u[:1], (u[:-1] + u[1:]) / 2, u[-1:]])
    return np.asarray(10.0**edges) if axis.log else edges


def _name_axes(figure: go.Figure, names: Sequence[str], axes: dict[str, Axis], scale: list[float]) -> None:
    """Writes names and numbers at the left and at the bottom; the curves' scale is that of the colours."""
    n = len(names)
    hidden: dict[str, Any] = {"showticklabels": False, "ticks": ""}
    for i, name in enumerate(names):
        layout = {
            **axis_layout(axes[name]),
            "range": _range(axes[name]),
            "title_text": escape(short_name(name)),
            "title_font_size": 11,
        }
        without = {key: value for key, value in layout.items() if not key.startswith("title")}
        for j in range(n):
            below = {} if j == n - 1 else hidden
            figure.update_xaxes(row=j + 1, col=i + 1, **(layout if j == n - 1 else without), **below)
            if i != j:  # axes without anything on them would not be drawn
                corner = [axes[each].lower for each in (name, names[j])]
                figure.add_trace(points(corner[:1], corner[1:], "", opacity=0, hoverinfo="skip"), j + 1, i + 1)
            if i == j:
                figure.update_yaxes(row=i + 1, col=j + 1, range=scale, **hidden)
                if j == 0:
                    figure.update_yaxes(row=1, col=1, title_text=layout["title_text"], title_font_size=11)
            else:
                beside = {} if j == 0 else hidden
                figure.update_yaxes(row=i + 1, col=j + 1, **(layout if j == 0 else without), **beside)
    figure.update_xaxes(tickangle=-45, tickfont_size=9, showgrid=False, zeroline=False)
    figure.update_yaxes(tickfont_size=9, showgrid=False, zeroline=False)


def _range(axis: Axis) -> list[float]:
    if axis.categorical:
        return [axis.lower - 0.5, axis.upper + 0.5]
    return [float(u) for u in axis.to_coordinate(np.array([axis.lower, axis.upper]))]


def _title(explanations: Sequence[Explained | Unexplained], names: Sequence[str]) -> str:
    text = "Pairs: the surrogate below the diagonal, the formulas above it"
    if len(names) > _MOST:
        text += f" (the {_MOST} of {counted(len(names), 'hyperparameter')} that move most)"
    return escape(explanations[0].view.titled(text))
