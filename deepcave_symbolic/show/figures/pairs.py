"""Heat map of pairs: range, interaction or R² of every two hyperparameters of a run, drawn from their records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import plotly.graph_objects as go

from deepcave_symbolic.exceptions import InvalidArgumentError, UnknownNameError
from deepcave_symbolic.findings.explained import Explained, Unexplained
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.show.cards import objective_text
from deepcave_symbolic.show.figures.parts import escape, ready
from deepcave_symbolic.show.pairs import interaction_share
from deepcave_symbolic.words.numbers import percent, rounded_text

__all__ = ["VALUES", "cells_of", "ordered", "plot_pairs", "short_name"]

#: Explanations by their hyperparameters.
Cells: TypeAlias = dict[tuple[str, ...], Explained | Unexplained]

#: What a cell can show, with its title; the button's order.
VALUES = {
    "range": "range: how much of the objective the pair moves",
    "interaction": "interaction: share that no additive formula explains",
    "r2": "R² of the recommended formula",
}
_FORMATS: dict[str, Callable[[float], str]] = {
    "range": rounded_text,
    "interaction": percent,
    "r2": "{:.2f}".format,
}
_TICKS = {"range": "", "interaction": ".0%", "r2": ".1f"}
_SCALES = {"range": "Viridis", "interaction": "Magma", "r2": "Cividis"}
_CELL, _MARGIN, _LETTER, _LONGEST_LABEL = 62, 190, 6.6, 30


def plot_pairs(explanations: Sequence[Explained | Unexplained], value: str = "range") -> go.Figure:
    """Returns a heat map with a cell a pair and buttons for range, interaction share and R².

    Single hyperparameters, where they are among the explanations, fill the diagonal. What has no value is blank.

    Args:
        explanations: Those of one run, usually `explain_all(run, pairs=True)`.
        value: What is shown first: "range", "interaction" or "r2".

    Raises:
        UnknownNameError: If there is no such value.
        InvalidArgumentError: If there is no pair, or one twice, as when several runs are mixed.
    """
    if value not in VALUES:
        raise UnknownNameError("value", value, list(VALUES))
    cells = cells_of(explanations)
    names = ordered(cells)
    figure = go.Figure()
    for key in VALUES:
        figure.add_trace(_map(cells, names, key, shown=key == value))
    labels = [escape(short_name(name)) for name in names]
    side = max(300, _CELL * len(names))
    room = int(30 + _LETTER * max(len(short_name(name)) for name in names))
    ticks = {
        "tickvals": list(range(len(names))),
        "ticktext": labels,
        "showgrid": False,
        "zeroline": False,
        "ticks": "outside",
    }
    figure.update_layout(
        template="plotly_white",
        title={"text": _title(explanations, value), "font": {"size": 14}, "x": 0.0, "xref": "paper", "y": 0.98},
        width=side + room + _MARGIN,
        height=side + room + 110,
        margin={"l": room, "r": _MARGIN, "t": 100, "b": room},
        xaxis={**ticks, "tickangle": -45, "range": [-0.5, len(names) - 0.5]},
        yaxis={**ticks, "range": [len(names) - 0.5, -0.5]},
        updatemenus=[_buttons(explanations, value)],
    )
    return ready(figure)


def cells_of(explanations: Sequence[Explained | Unexplained]) -> Cells:
    """Returns the explanations of one run by their hyperparameters, which are in alphabetical order.

    Raises:
        InvalidArgumentError: If there is no pair, or one twice.
    """
    cells: Cells = {}
    for explanation in explanations:
        names = tuple(sorted(explanation.hyperparameters))
        if names in cells:
            raise InvalidArgumentError(
                f"{' and '.join(map(repr, names))} is there twice; give the explanations of one run, such as "
                "study.by_run()[run]."
            )
        cells[names] = explanation
    if not any(len(names) == 2 for names in cells):
        raise InvalidArgumentError("There is no pair to show; give explain_all(run, pairs=True).")
    return cells


def ordered(cells: Cells) -> list[str]:
    """Returns the hyperparameters, those that move the objective most first."""
    largest: dict[str, float] = {}
    for names, explanation in cells.items():
        for name in names:
            largest[name] = max(largest.get(name, 0.0), explanation.range)
    by_sum = {name: sum(e.range for names, e in cells.items() if name in names) for name in largest}
    return sorted(largest, key=lambda name: (-by_sum[name], name))


def _value(explanation: Explained | Unexplained, key: str) -> float | None:
    if isinstance(explanation, Unexplained):
        return None
    if key == "range":
        return explanation.range
    return interaction_share(explanation) if key == "interaction" else explanation.best.r2


def _map(cells: Cells, names: Sequence[str], key: str, *, shown: bool) -> go.Heatmap:
    z: Array = np.full((len(names), len(names)), np.nan)
    text, hover = (np.full(z.shape, "", dtype=object) for _ in range(2))
    at = {name: i for i, name in enumerate(names)}
    for pair, explanation in cells.items():
        value = _value(explanation, key)
        for i, j in {(at[pair[0]], at[pair[-1]]), (at[pair[-1]], at[pair[0]])}:
            hover[i, j] = _hover(explanation)
            if value is not None:
                z[i, j] = value
                text[i, j] = _FORMATS[key](value)
    largest = float(np.nanmax(z, initial=0.0))
    # Small interactions are not blown up to bright colours.
    highest = {"range": largest or 1.0, "interaction": max(0.1, largest), "r2": 1.0}[key]
    return go.Heatmap(
        z=z,
        text=text,
        texttemplate="%{text}",
        customdata=hover,
        hovertemplate="%{customdata}<extra></extra>",
        hoverongaps=False,
        colorscale=_SCALES[key],
        colorbar={"title": {"text": "R²" if key == "r2" else key}, "thickness": 14, "tickformat": _TICKS[key]},
        xgap=2,
        ygap=2,
        visible=shown,
        name=key,
        zmin=0.0,
        zmax=highest,
    )


def _hover(explanation: Explained | Unexplained) -> str:
    names = escape(" and ".join(explanation.hyperparameters))
    if isinstance(explanation, Unexplained):
        return f"{names}<br>{escape(' '.join(explanation.warnings))}"
    share = interaction_share(explanation)
    interaction = "" if share is None else f", interaction {percent(share)}"
    facts = f"range {rounded_text(explanation.range)}{interaction}, R² {explanation.best.r2:.3f}, {explanation.verdict}"
    return f"{names}<br>{facts}<br>{escape(str(explanation.best))}"


def _title(explanations: Sequence[Explained | Unexplained], value: str) -> str:
    first = explanations[0]
    return escape(f"{objective_text(first)} · {first.view.titled(VALUES[value])}")


def _buttons(explanations: Sequence[Explained | Unexplained], value: str) -> dict[str, Any]:
    keys = list(VALUES)
    return {
        "type": "buttons",
        "direction": "right",
        "x": 0.0,
        "xanchor": "left",
        "y": 1.0,
        "yanchor": "bottom",
        "pad": {"b": 8},
        "showactive": True,
        "active": keys.index(value),
        "buttons": [
            {
                "label": "R²" if key == "r2" else key,
                "method": "update",
                "args": [{"visible": [k == key for k in keys]}, {"title.text": _title(explanations, key)}],
            }
            for key in keys
        ],
    }


def short_name(name: str) -> str:
    """Returns a name that stands beside a cell."""
    return name if len(name) <= _LONGEST_LABEL else f"{name[: _LONGEST_LABEL - 1]}…"
