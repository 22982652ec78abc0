"""Draws runs side by side: one plot of their curves, a map per run for two hyperparameters, exponents, shares of parts.

A run has a colour, a dash and a symbol, so that it is found without its colour, too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.formulas.expression import evaluate
from deepcave_symbolic.laws import FoundLaw
from deepcave_symbolic.numeric.grids import product_columns
from deepcave_symbolic.show import palette
from deepcave_symbolic.show.figures.maps import contour
from deepcave_symbolic.show.figures.parts import CURVE_POINTS, axis_layout, band, curve, escape, points, titled

if TYPE_CHECKING:
    from deepcave_symbolic.comparing import Compared, ComparedLaws, ComparedRuns

__all__ = ["plot_comparison", "plot_exponents", "plot_shares"]

_MAP_POINTS, _LONGEST_NAME = 41, 34
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "star", "triangle-down", "pentagon")
#: Symbols on a curve, and runs whose bands can be told apart.
_MARKS, _MOST_BANDS = 9, 4
#: Of the distance between two choices or rows, how much the runs take together.
_GROUP = 0.6
#: Pixels of a figure, of a row and of what stands around all rows.
_HEIGHT, _ROW, _AROUND = 480, 34, 150


def plot_comparison(comparison: Compared) -> go.Figure:
    """Returns a figure of the surrogate and the common form in every run, or a map of the form per run."""
    figure = _maps(comparison) if len(comparison.hyperparameters) == 2 else _curves(comparison)
    view = comparison.explanations[0].view.words
    return titled(figure, f"{comparison.objective} ≈ {comparison.form_text()}", view)


def _curves(comparison: Compared) -> go.Figure:
    """Draws the form of every run thick, with the run's dash and symbol, and its surrogate thin, in its band."""
    axis = comparison.formulas[0].axes[0]
    figure = go.Figure()
    dense, n = axis.check_grid(CURVE_POINTS), len(comparison.runs)
    for i, (run, explanation, formula) in enumerate(
        zip(comparison.runs, comparison.explanations, comparison.formulas, strict=True)
    ):
        color, name = palette.choice_colors(n)[i], escape(_short(run))
        group: dict[str, Any] = {"legendgroup": f"run {i}"}
        projection, y = explanation.projection, evaluate(formula.tree, [dense])
        marker = {"color": color, "size": 9, "symbol": _SYMBOLS[i % len(_SYMBOLS)]}
        x, mean, hidden = projection.grid[:, 0], projection.mean, {"showlegend": False, **group}
        if axis.categorical:
            place = _place(i, n)
            errors = {"type": "data", "array": projection.std, "thickness": 1, "width": 0}
            figure.add_trace(points(x + place, mean, name, marker=marker, error_y=errors, **group))
            dashes = {"color": color, "symbol": "line-ew", "size": 18, "line": {"color": color, "width": 3}}
            figure.add_trace(points(dense + place, y, f"{name}: common form", marker=dashes, **hidden))
        else:
            if n <= _MOST_BANDS:
                figure.add_trace(band(projection, color, **hidden))
            figure.add_trace(curve(x, mean, color, f"{name}: surrogate", **hidden).update(line_width=1))
            marked = {"mode": "lines+markers", "marker": {**marker, "maxdisplayed": _MARKS}, **group}
            figure.add_trace(curve(dense, y, color, name, dash=_DASHES[i % len(_DASHES)], **marked))
    for words, style in _key(categorical=axis.categorical, banded=n <= _MOST_BANDS):
        figure.add_trace(go.Scatter(x=[None], y=[None], name=words, hoverinfo="skip", **style))
    figure.update_xaxes(**axis_layout(axis))
    return figure.update_yaxes(title_text=escape(comparison.objective)).update_layout(height=_HEIGHT)


def _key(*, categorical: bool, banded: bool) -> list[tuple[str, dict[str, Any]]]:
    """Returns what the legend says beside the runs' names: how the form and the surrogate are drawn."""
    grey, within = "#565e64", " ± 1 standard deviation" if banded else ""
    if categorical:
        dash = {"color": grey, "symbol": "line-ew", "size": 18, "line": {"color": grey, "width": 3}}
        return [
            ("symbol: surrogate ± 1 standard deviation", {"mode": "markers", "marker": {"color": grey, "size": 9}}),
            ("dash: common form", {"mode": "markers", "marker": dash}),
        ]
    return [
        ("thick: common form", {"mode": "lines", "line": {"color": grey, "width": 2.5}}),
        (f"thin: surrogate{within}", {"mode": "lines", "line": {"color": grey, "width": 1}}),
    ]


def _maps(comparison: Compared) -> go.Figure:
    first, second = comparison.formulas[0].axes
    columns = min(3, len(comparison.runs))
    rows = math.ceil(len(comparison.runs) / columns)
    titles = [escape(_short(run)) for run in comparison.runs]
    figure = make_subplots(rows=rows, cols=columns, subplot_titles=titles, shared_yaxes=True, horizontal_spacing=0.08)
    x, y = first.check_grid(_MAP_POINTS), second.check_grid(_MAP_POINTS)
    apart = {"ticks": "outside", "ticklen": 5}
    grid = product_columns([x, y])
    for i, formula in enumerate(comparison.formulas):
        place = {"row": i // columns + 1, "col": i % columns + 1}
        z = evaluate(formula.tree, grid).reshape(len(x), len(y)).T
        figure.add_trace(contour(x, y, z, "coloraxis"), **place)
        # The numbers of the two axes do not meet in the corner.
        figure.update_xaxes(**axis_layout(first), **apart, **place)
        figure.update_yaxes(**axis_layout(second, titled=place["col"] == 1), **apart, **place)
    bar = {"title": {"text": escape(comparison.objective)}, "thickness": 14}
    return figure.update_layout(coloraxis={"colorscale": "Viridis", "colorbar": bar}, height=120 + 330 * rows)


def plot_exponents(compared: ComparedLaws) -> go.Figure:
    """Returns a figure of the exponents of every run's law with their 90 % intervals, a row per hyperparameter.

    Raises:
        InvalidArgumentError: If no run has a law.
    """
    names = [c.name for c in compared.exponents]
    if not names:
        raise InvalidArgumentError("No run has a law, and there is nothing to draw; print the comparison for reasons.")
    nothing = (math.nan, math.nan)
    values = [
        [(law.exponents.get(n, math.nan) if isinstance(law, FoundLaw) else math.nan) for n in names]
        for law in compared.laws
    ]
    ends = [
        [(law.intervals.get(n, nothing) if isinstance(law, FoundLaw) else nothing) for n in names]
        for law in compared.laws
    ]
    figure = _rows(names, compared.runs, np.array(values), np.array(ends))
    figure.update_xaxes(title_text="exponent, with its 90 % interval")
    figure.add_vline(0.0, line={"color": "#565e64", "width": 1, "dash": "dot"})
    return _below(titled(figure, f"How the best {compared.hyperparameter} moves: exponents"))


def plot_shares(compared: ComparedRuns) -> go.Figure:
    """Returns a figure of what each part of the whole-run formulas accounts for in every run, a row per part.

    Raises:
        InvalidArgumentError: If no formula has parts.
    """
    if not compared.parts:
        raise InvalidArgumentError("No run's formula has parts, and there is nothing to draw.")
    names = [", ".join(part.hyperparameters) for part in compared.parts]
    shares = [
        [share if shape else math.nan for share, shape in zip(part.shares, part.shapes, strict=True)]
        for part in compared.parts
    ]
    figure = _rows(names, compared.runs, np.array(shares).T)
    figure.update_xaxes(title_text="accounts for", tickformat=".0%", rangemode="tozero")
    return _below(titled(figure, "What each part accounts for in each run"))


def _rows(names: Sequence[str], runs: Sequence[str], values: Any, ends: Any = None) -> go.Figure:
    """Returns a figure of a number per name and run, the first name on top.

    Args:
        names: Of the rows.
        runs: The runs' names.
        values: Shape (runs, names).
        ends: Of the intervals, shape (runs, names, 2); None without any.
    """
    figure, n = go.Figure(), len(runs)
    for i, (run, color) in enumerate(zip(runs, palette.choice_colors(n), strict=True)):
        style: dict[str, Any] = {"marker": {"color": color, "size": 10, "symbol": _SYMBOLS[i % len(_SYMBOLS)]}}
        if ends is not None:
            up, down = ends[i, :, 1] - values[i], values[i] - ends[i, :, 0]
            style["error_x"] = {"type": "data", "symmetric": False, "array": up, "arrayminus": down, "thickness": 1.5}
        figure.add_trace(
            points(values[i], np.arange(len(names), dtype=float) + _place(i, n), escape(_short(run)), **style)
        )
    shown = [escape(_short(name)) for name in names]
    figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=shown, range=[len(names) - 0.5, -0.5], zeroline=False
    )
    figure.update_yaxes(automargin=True)
    height = _AROUND + max(_ROW, round(14 * n / _GROUP)) * len(names)
    return figure.update_layout(height=max(height, 260), showlegend=True)


def _below(figure: go.Figure) -> go.Figure:
    """Returns the figure of rows with its legend below the axis' title, however high the rows are."""
    margin = figure.layout.margin.update(b=100)
    rows = figure.layout.height - margin.t - margin.b
    return figure.update_layout(margin=margin, legend={"y": -56 / rows, "yanchor": "top"})


def _place(i: int, n: int) -> float:
    """Returns how far from the middle of a choice or a row the i-th of n runs stands."""
    return _GROUP * ((i + 0.5) / n - 0.5)


def _short(name: str) -> str:
    """Returns a run's name without its beginning, where it is long: the end tells runs apart."""
    return name if len(name) <= _LONGEST_NAME else f"…{name[-_LONGEST_NAME + 1 :]}"
