"""Sliders that move a point on the figure, and what is said there: all of it in the browser, in either host.

The places of a result and what does not depend on the formula are on the page once, beside the sliders (`sliders`);
what depends on it comes with the formula (`told`).
"""

from __future__ import annotations

import json
from typing import Any

import dash_bootstrap_components as dbc
import numpy as np
import plotly.graph_objects as go
from dash import dcc, html
from dash.dependencies import ALL, Input, Output, State

from deepcave_symbolic.findings.explained import Explained
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.show.figures.choices import group_places
from deepcave_symbolic.show.palette import WHAT_IF_MARKER
from deepcave_symbolic.show.what_if import Places, values_at
from deepcave_symbolic.words.names import shown_name, visible
from deepcave_symbolic.words.numbers import round_significant

__all__ = ["connect_what_if", "mark", "slider_row", "sliders", "told"]

_PREFIX = "symbolic_formulas-what_if"
#: Types of what the browser reads and writes: a slider, its value in words, what is said, the button, the places and
#: what depends on the formula.
_SLIDER, _STOP, _SAID, _RESET, _PLACES, _TOLD = (
    f"{_PREFIX}_{name}" for name in ("slider", "stop", "said", "reset", "places", "told")
)
#: What marks the traces of the point.
_META = "what_if"
#: Digits of the point's coordinates.
_DIGITS = 6


def sliders(explanation: Explained) -> list[Any]:
    """Returns a slider for every explained hyperparameter, at the incumbent.

    Args:
        explanation: The record.
    """
    places = Places(explanation)
    rows = [
        slider_row(name, len(texts), start, texts[start], {"axis": i, "type": _SLIDER}, {"type": _STOP, "axis": i})
        for i, (name, texts, start) in enumerate(
            zip(explanation.hyperparameters, places.texts, places.start, strict=True)
        )
    ]
    best = "the incumbent" if places.is_from_incumbent else "the surrogate's best"
    x, y = _coordinates(explanation, places)
    data = {
        "shape": explanation.projection.shape,
        "start": places.start,
        "stops": places.texts,
        "rows": [[values_at(places.surrogate())], [values_at(places.nearest_trial())]],
        "x": _short(x),
        "y": _short(y),
    }
    return [
        html.H5(f"What if? {visible(shown_name(explanation.objective))} at a place of your choice"),
        *rows,
        dbc.Button(
            f"Back to {best}",
            id={"type": _RESET, "of": 0},
            n_clicks=0,
            color="secondary",
            outline=True,
            size="sm",
            className="mt-3",
        ),
        dcc.Store(id={"type": _PLACES, "of": 0}, data=data),
    ]


def slider_row(name: str, n: int, start: int, text: str, id: dict[str, Any], stop: dict[str, Any]) -> Any:
    """Returns a slider with its name and the text of its value.

    Args:
        name: The hyperparameter.
        n: How many stops there are.
        start: Where it stands.
        text: What the value is there.
        id: Of the slider.
        stop: Of the text.
    """
    # As Dash writes an id that has parts.
    label = dbc.Label(visible(name), html_for=json.dumps(id, sort_keys=True, separators=(",", ":")), className="mb-0")
    label.style = {"flex": "0 1 9rem", "overflowWrap": "anywhere"}
    field = dbc.Input(
        id=id,
        type="range",
        min=0,
        max=n - 1,
        step=1,
        value=start,
        class_name="form-range symbolic-what-if-slider",
        # Bootstrap draws it as a field to type in besides.
        style={"flex": "1 1 8rem", "minWidth": 0, "height": "1.75rem", "border": 0, "padding": 0, "background": "none"},
    )
    value = html.Span(visible(text), id=stop, style={"flex": "0 0 5rem", "textAlign": "right"})
    style = {"display": "flex", "alignItems": "center", "gap": "1rem", "maxWidth": "40rem"}
    return html.Div([label, field, value], style=style)


def told(explanation: Explained, formula: Formula) -> list[Any]:
    """Returns what is said of the place, for one formula.

    Args:
        explanation: The record.
        formula: The formula that is shown.
    """
    places = Places(explanation)
    parts = places.parts(formula)
    own = [("Formula", [places.formula(formula)]), *([] if parts is None else [("Its parts", parts)])]
    start = slice(places.first, places.first + 1)
    rows = [
        *((label, "".join(piece[places.first] for piece in pieces)) for label, pieces in own),
        ("Surrogate", *places.surrogate(start)),
        ("Nearest trial", *places.nearest_trial(start)),
    ]
    cells = [
        html.Tr([html.Th(label, scope="row"), html.Td(text, id={"type": _SAID, "row": i})])
        for i, (label, text) in enumerate(rows)
    ]
    table = dbc.Table(html.Tbody(cells), size="sm", borderless=True, className="mb-0")
    y = None if _is_map(explanation) else _short(places.values(formula))
    data = {"cells": len(rows), "rows": [list(map(values_at, pieces)) for _, pieces in own], "y": y}
    live = {"aria-live": "polite"}
    return [
        html.Div(table, className="symbolic-what-if-told", **live),
        dcc.Store(id={"type": _TOLD, "of": 0}, data=data),
    ]


def mark(figure: go.Figure, explanation: Explained, formula: Formula) -> None:
    """Adds the point to the figure of an explanation: on formula and surrogate, or on each of the maps.

    Args:
        figure: What `show.figures` draws.
        explanation: The record.
        formula: The formula that is drawn.
    """
    places = Places(explanation)
    at = places.first
    x, y = _coordinates(explanation, places)
    style: dict[str, Any] = {"name": "what if", "meta": _META, "marker": WHAT_IF_MARKER, "cliponaxis": False}
    if _is_map(explanation):
        for i in range(3):
            axes = {"xaxis": f"x{i + 1}" if i else "x", "yaxis": f"y{i + 1}" if i else "y"}
            figure.add_trace(
                go.Scatter(x=[x[at]], y=[y[at]], mode="markers", showlegend=i == 0, legendgroup=_META, **axes, **style)
            )
        return
    values = [places.values(formula)[at], explanation.projection.mean[at]]
    line = {"color": WHAT_IF_MARKER["color"], "width": 1.5, "dash": "dot"}
    figure.add_trace(go.Scatter(x=[x[at]] * 2, y=values, mode="markers+lines", line=line, **style))


def _is_map(explanation: Explained) -> bool:
    axes = explanation.projection.axes
    return len(axes) == 2 and not any(axis.categorical for axis in axes)


def _coordinates(explanation: Explained, places: Places) -> tuple[Array, Array]:
    """Returns where each place is on the figure: x, and y on a map, else the surrogate's."""
    projection = explanation.projection
    grid, axes = projection.grid, projection.axes
    if _is_map(explanation):
        return grid[:, 0], grid[:, 1]
    if len(axes) == 1:
        return grid[:, 0], projection.mean
    if all(axis.categorical for axis in axes):
        columns = group_places(len(places.stops[0]))
        return grid[:, 1] + columns[grid[:, 0].astype(int)], projection.mean
    return grid[:, 1 if axes[0].categorical else 0], projection.mean


def _short(values: Array) -> list[float | None]:
    return [round_significant(v, _DIGITS) if np.isfinite(v) else None for v in values.tolist()]


#: Says what is so at the sliders' place, and moves the point there, also on a figure that is drawn later.
_TELL = """
function(...given) {
    const none = window.dash_clientside.no_update;
    // Of what Dash gives, inputs before states, the figure is the only one that is no list.
    const [values, all, own] = given.filter(Array.isArray);
    const [places, told] = [all[0], own[0]];
    if (!places || !told || values.length !== places.shape.length) {
        return [Array(told ? told.cells : 0).fill(none), values.map(() => none)];
    }
    const stops = values.map(Number);
    const at = stops.reduce((row, stop, i) => row * places.shape[i] + stop, 0);
    const here = (piece) => typeof piece === "string" ? piece : piece.texts[piece.at[at]];
    const said = [...told.rows, ...places.rows].map(pieces => pieces.map(here).join(""));
    const words = stops.map((stop, i) => places.stops[i][stop]);
    words.forEach((text, axis) => {
        const slider = document.getElementById(JSON.stringify({ axis, type: "SLIDER" }));
        if (slider) { slider.setAttribute("aria-valuetext", text); }
    });
    const y = [...(told.y ? [told.y] : []), places.y].map(each => each[at]);
    const x = y.map(() => places.x[at]);
    const graph = document.querySelector("#FIGURE .js-plotly-plot");
    const move = () => {
        const points = graph.data.flatMap((trace, i) => trace.meta === "what_if" ? [i] : []);
        if (points.some(i => String([graph.data[i].x, graph.data[i].y]) !== String([x, y]))) {
            window.Plotly.restyle(graph, { x: points.map(() => x), y: points.map(() => y) }, points);
        }
    };
    if (graph && graph.on && graph.data) {
        if (graph.symbolicMove) { graph.removeListener("plotly_afterplot", graph.symbolicMove); }
        graph.symbolicMove = move;
        graph.on("plotly_afterplot", move);
        move();
    }
    return [said, words];
}
"""
_BACK = """
function(clicks, all) {
    const none = window.dash_clientside.no_update;
    const start = all[0] ? all[0].start : [];
    return clicks.some(Boolean) ? start : start.map(() => none);
}
"""


def connect_what_if(app: Any, figure: str, *, at_once: bool = False) -> None:
    """Has the browser answer the sliders and their button.

    Args:
        app: Dash's app, of either host.
        figure: Id of the explanation's figure.
        at_once: Whether sliders are answered while the server is asked what a figure may follow from, which Dash would
            have wait. Needs a Dash of today.
    """
    tell = _TELL.replace("FIGURE", figure).replace("SLIDER", _SLIDER)
    said, words = {"type": _SAID, "row": ALL}, {"type": _STOP, "axis": ALL}
    moved, drawn = ({"type": _SLIDER, "axis": ALL}, "value"), (figure, "figure")
    data = [State({"type": type, "of": ALL}, "data") for type in (_PLACES, _TOLD)]
    outputs = [Output(said, "children"), Output(words, "children")]
    if at_once:
        app.clientside_callback(tell, *outputs, Input(*moved), *data, prevent_initial_call=True)
        again = [Output(id, "children", allow_duplicate=True) for id in (said, words)]
        app.clientside_callback(tell, *again, Input(*drawn), State(*moved), *data, prevent_initial_call=True)
    else:
        app.clientside_callback(tell, *outputs, Input(*moved), *data, Input(*drawn), prevent_initial_call=True)
    app.clientside_callback(
        _BACK,
        Output({"type": _SLIDER, "axis": ALL}, "value"),
        Input({"type": _RESET, "of": ALL}, "n_clicks"),
        State({"type": _PLACES, "of": ALL}, "data"),
        prevent_initial_call=True,
    )
