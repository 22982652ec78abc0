"""Sliders of all hyperparameters of a run's formula: what each part adds, summed up in the browser, in either host."""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.dependencies import ALL, MATCH, Input, Output, State

from deepcave_symbolic.dashboard.panel.what_if import slider_row
from deepcave_symbolic.show.figures.waterfall import plot_contributions
from deepcave_symbolic.whole_run import ExplainedRun, RunPlaces
from deepcave_symbolic.words.names import all_of, shown_name, visible
from deepcave_symbolic.words.numbers import round_significant

__all__ = ["connect_run_what_if", "run_what_if"]

_PREFIX = "symbolic_formulas-run_what_if"
#: Types of what the browser reads and writes, as in `what_if`; `of` in their ids tells pages apart.
_SLIDER, _STOP, _SAID, _RESET, _PLACES = (f"{_PREFIX}_{name}" for name in ("slider", "stop", "said", "reset", "places"))
_DIGITS = 8
#: Pixels above the bars, whose title stands above the sliders.
_TOP = 10


def run_what_if(explained: ExplainedRun, places: RunPlaces, of: str) -> list[Any]:
    """Returns a slider for every hyperparameter, at the incumbent, and the formula part by part.

    Args:
        explained: The formula of the run, with an incumbent.
        places: Its places.
        of: What tells the page apart from others.
    """
    formula, start = explained.formula, explained.incumbent
    assert start is not None  # there are no places without one
    saturation = formula.saturation
    data = {
        "of": of,
        "stops": places.stops,
        "start": places.start,
        "parts": [{"axes": part.axes, "values": _short(part.values)} for part in places.parts],
        "activity": [{"axes": each.axes, "active": each.active.astype(int).tolist()} for each in places.activity],
        "names": [all_of(list(map(shown_name, part.hyperparameters))) for part in formula.parts],
        "objective": shown_name(formula.objective),
        "level": formula.level,
        "step": None if saturation is None else [saturation.middle, saturation.half],
        "log": formula.link == "log10",
    }
    rows = []
    for i, (name, texts, at) in enumerate(zip(places.names, places.stops, places.start, strict=True)):
        ids = {kind: {"axis": i, "of": of, "type": kind} for kind in (_SLIDER, _STOP)}
        text = texts[at] if name in start.configuration else "not active"
        rows.append(slider_row(name, len(texts), at, text, ids[_SLIDER], ids[_STOP]))
    figure = plot_contributions(start, "")
    figure.update_layout(title_text="", margin_t=_TOP, height=figure.layout.height - figure.layout.margin.t + _TOP)
    button = dbc.Button(
        "Back to the incumbent",
        id={"type": _RESET, "of": of},
        n_clicks=0,
        color="secondary",
        outline=True,
        size="sm",
        className="mt-3",
    )
    said = html.P(visible(f"{shown_name(formula.objective)} ≈ {start}"), id={"type": _SAID, "of": of}, className="mt-2")
    return [
        html.H5("What if? Another configuration, part by part"),
        html.Div([*rows, button]),
        html.Div(said, **{"aria-live": "polite"}),
        html.Div(
            dcc.Graph(figure=figure, style={"height": f"{figure.layout.height}px"}),
            className="symbolic-run-what-if",
            **{"data-of": of},
        ),
        dcc.Store(id={"type": _PLACES, "of": of}, data=data),
    ]


def _short(values: Any) -> list[float]:
    return [round_significant(float(v), _DIGITS) for v in values]


#: Adds up level and parts; inside a step each part has the share of the change that `saturation.attributed` gives it.
_TELL = """
function(values, places) {
    const none = window.dash_clientside.no_update;
    if (!places || values.length !== places.stops.length) { return [none, values.map(() => none)]; }
    const stops = values.map(Number);
    const at = (axes) => axes.reduce((row, i) => row * places.stops[i].length + stops[i], 0);
    const active = places.activity.map(({ axes, active }) => Boolean(active[at(axes)]));
    const inside = places.parts.map(({ axes, values }) => axes.every(i => active[i]) ? values[at(axes)] : 0);
    const total = inside.reduce((sum, each) => sum + each, 0);
    let [level, added] = [places.level, inside];
    if (places.step) {
        const [middle, half] = places.step;
        const value = (z) => middle + half * Math.tanh(z);
        const slope = half * (1 - Math.tanh(level + total / 2) ** 2);
        const share = Math.abs(total) < 1e-6 ? slope : (value(level + total) - value(level)) / total;
        [level, added] = [value(level), inside.map(each => share * each)];
    }
    const sum = added.reduce((all, each) => all + each, level);
    const text = (x) => {
        const rounded = Number(x.toPrecision(3));
        const size = Math.abs(rounded);
        const plain = size === 0 || (size >= 1e-4 && size < 1e6);
        return plain ? String(rounded) : rounded.toExponential().replace("e+", "e");
    };
    const terms = [text(level), ...added.map((each, i) =>
        `${each < 0 ? "-" : "+"} ${text(Math.abs(each))} (${places.names[i]})`)].join(" ");
    const start = stops.every((stop, i) => stop === places.start[i]);
    const result = places.log ? `${text(10 ** sum)} = 10^(${terms})` : `${text(sum)} = ${terms}`;
    const words = stops.map((stop, i) => active[i] ? places.stops[i][stop] : "not active");
    const boxes = [...document.querySelectorAll(".symbolic-run-what-if")];
    const box = boxes.find(each => each.dataset.of === places.of);
    if (box) {
        box.parentElement.querySelectorAll("input[type=range]").forEach((slider, i) =>
            slider.setAttribute("aria-valuetext", words[i]));
        const graph = box.querySelector(".js-plotly-plot");
        if (graph && graph.data) {
            const reached = [level];
            added.forEach(each => reached.push(reached[reached.length - 1] + each));
            const [low, high] = [Math.min(...reached), Math.max(...reached)];
            const margin = 0.12 * (high - low) || 0.5 * Math.abs(high) || 1;
            const signed = added.map(each => `${each < 0 ? "\\u2212" : "+"}${text(Math.abs(each))}`);
            // What surrogate and trial say is about the incumbent.
            const shown = graph.data.map((_, i) => i === 0 || start);
            if (!graph.symbolicRange) { graph.symbolicRange = [...graph.layout.xaxis.range]; }
            const range = start ? graph.symbolicRange : [low - margin, high + margin];
            window.Plotly.restyle(graph, { visible: shown });
            window.Plotly.update(graph, { x: [[level, ...added, sum]], text: [[text(level), ...signed, text(sum)]] },
                { "xaxis.range": range }, [0]);
        }
    }
    return [`${places.objective} \\u2248 ${result}`, words];
}
"""
_BACK = """
function(clicks, places) {
    return clicks ? places.start : places.start.map(() => window.dash_clientside.no_update);
}
"""


def connect_run_what_if(app: Any) -> None:
    """Has the browser answer the sliders and their button.

    Args:
        app: Dash's app, of either host.
    """
    slider = {"type": _SLIDER, "of": MATCH, "axis": ALL}
    places = State({"type": _PLACES, "of": MATCH}, "data")
    app.clientside_callback(
        _TELL,
        Output({"type": _SAID, "of": MATCH}, "children"),
        Output({"type": _STOP, "of": MATCH, "axis": ALL}, "children"),
        Input(slider, "value"),
        places,
        prevent_initial_call=True,
    )
    app.clientside_callback(
        _BACK,
        Output(slider, "value"),
        Input({"type": _RESET, "of": MATCH}, "n_clicks"),
        places,
        prevent_initial_call=True,
    )
