"""Draws all hyperparameters of a run beside one another, on one scale of the objective."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.findings.explained import Explained
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.show import palette
from deepcave_symbolic.show.figures.choices import column_traces
from deepcave_symbolic.show.figures.explanation import line_traces
from deepcave_symbolic.show.figures.parts import axis_layout, cost_range, escape, incumbent, ready
from deepcave_symbolic.show.formula_lines import broken
from deepcave_symbolic.words.numbers import counted, rounded_text

__all__ = ["plot_curves"]

#: Pictures in a row and on a page, trials and points of a curve in a picture, characters of a line above it.
_COLUMNS, _MOST, _MOST_TRIALS, _POINTS, _WIDTH = 3, 24, 250, 120, 46
#: Pixels of a picture, of a line above it, of the names below it, and of what stands above and below all of them.
_HEIGHT, _LINE, _NAMES, _TOP, _BOTTOM = 170, 15, 44, 66, 70
_DASH = 22


def plot_curves(explanations: Sequence[Explained], formulas: Sequence[Formula] | None = None) -> go.Figure:
    """Returns a picture per hyperparameter with curve, band, formula, trials and incumbent, all on one scale.

    Args:
        explanations: Of one hyperparameter each, those that move the objective most first.
        formulas: The formula of each; the recommended ones by default.

    Raises:
        InvalidArgumentError: If there is none.
    """
    if not explanations:
        raise InvalidArgumentError(
            "There is no explanation of a single hyperparameter to draw; give those of explain_all(run)."
        )
    shown = list(zip(explanations, formulas or [e.best for e in explanations], strict=True))[:_MOST]
    columns = min(_COLUMNS, len(shown))
    rows = math.ceil(len(shown) / columns)
    titles = [_title(rank, *each) for rank, each in enumerate(shown, start=1)]
    lines = max(len(title) for title in titles)
    gap = _NAMES + _LINE * lines
    height = rows * _HEIGHT + (rows - 1) * gap
    figure = make_subplots(
        rows, columns, shared_yaxes="all", vertical_spacing=gap / height if rows > 1 else 0.0, horizontal_spacing=0.035
    )
    ranges = [cost_range(e.projection) for e, _ in shown]
    known: set[str | None] = set()
    for i, ((explanation, formula), title) in enumerate(zip(shown, titles, strict=True)):
        row, column = i // columns + 1, i % columns + 1
        for trace in _traces(explanation, formula):
            trace.update(legendgroup=trace.name, showlegend=trace.name not in known)
            known.add(trace.name)
            figure.add_trace(trace, row, column)
        (axis,) = explanation.projection.axes
        figure.update_xaxes(row=row, col=column, **axis_layout(axis, titled=False))
        place = {"x": 0.0, "y": 1.0, "xanchor": "left", "yanchor": "bottom", "align": "left", "showarrow": False}
        number = "" if i == 0 else str(i + 1)
        text, font = "<br>".join(title), {"size": 12}
        figure.add_annotation(text=text, font=font, xref=f"x{number} domain", yref=f"y{number} domain", **place)
    figure.update_yaxes(range=[min(low for low, _ in ranges), max(high for _, high in ranges)])
    figure.update_yaxes(title_text=escape(explanations[0].objective), col=1)
    top = _TOP + _LINE * lines
    return ready(
        figure.update_layout(
            template="plotly_white",
            title={
                "text": escape(_heading(explanations)),
                "font": {"size": 15},
                "y": 1.0,
                "yanchor": "top",
                "pad": {"t": 12},
            },
            height=height + top + _BOTTOM,
            # A narrow page puts fewer in a row (dashboard/own/assets/own.js).
            meta={"pictures": {"n": len(shown), "columns": columns, "height": _HEIGHT, "gap": gap}},
            margin={"l": 70, "r": 20, "t": top, "b": _BOTTOM},
            legend={"orientation": "h", "y": -40 / height, "yanchor": "top"},
        )
    )


def _traces(explanation: Explained, formula: Formula) -> list[go.Scatter]:
    """Returns what one picture shows; of many trials so many, evenly over the run, as a page draws quickly."""
    projection = explanation.projection
    projection = replace(projection, trials=projection.trials.thinned(_MOST_TRIALS))
    if projection.axes[0].categorical:
        drawn = [*column_traces(projection, formula, dash=_DASH), *incumbent(projection)]
    else:
        drawn = [*line_traces(projection, formula, _POINTS), *incumbent(projection)]
    for trace in drawn:
        if trace.name == "evaluated trials":
            trace.update(marker={**palette.TRIAL_MARKER, "size": 3})
    return drawn


def _title(rank: int, explanation: Explained, formula: Formula) -> list[str]:
    """Returns the lines above a picture: rank, name and range, and the formula."""
    name = broken(explanation.hyperparameters[0], _WIDTH - 18)
    first = f"<b>{rank}. {escape(name[0])}</b> · range {rounded_text(explanation.range)}"
    return [
        first,
        *(f'<span style="color:{palette.FORMULA}">{escape(line)}</span>' for line in broken(formula.text(), _WIDTH)),
    ]


def _heading(explanations: Sequence[Explained]) -> str:
    text = f"What {explanations[0].objective} does along each hyperparameter"
    if len(explanations) > _MOST:
        text += f" (the {_MOST} of {counted(len(explanations), 'hyperparameter')} that move it most)"
    return explanations[0].view.titled(text)
