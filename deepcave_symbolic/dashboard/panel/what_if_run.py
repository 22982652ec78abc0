"""Sliders of all hyperparameters of a run's formula: what each part adds, summed up in the browser, in either host.

What surrogate and trials say at a place nobody can know beforehand, there are too many: the server is asked once the
sliders rest. Nothing else waits for its answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.dependencies import ALL, MATCH, Input, Output, State

from deepcave_symbolic.dashboard.panel.asking import nearest_words, surrogate_words
from deepcave_symbolic.dashboard.panel.what_if import slider_row
from deepcave_symbolic.records import encode
from deepcave_symbolic.show.figures.waterfall import plot_contributions
from deepcave_symbolic.whole_run import Contributions, ExplainedRun, RunPlaces
from deepcave_symbolic.words.names import all_of, shown_name, visible
from deepcave_symbolic.words.numbers import round_significant, rounded_text

__all__ = ["connect_run_what_if", "run_what_if"]

_PREFIX = "symbolic_formulas-run_what_if"
#: Types of what the browser reads and writes, as in `what_if`; `of` in their ids tells pages apart.
_SLIDER, _STOP, _SAID, _RESET, _PLACES = (f"{_PREFIX}_{name}" for name in ("slider", "stop", "said", "reset", "places"))
#: A button that the browser clicks when the sliders rest, what the server answers, and where that is shown.
_ASK, _ANSWER, _BESIDE = (f"{_PREFIX}_{name}" for name in ("ask", "answer", "beside"))
#: Milliseconds that the sliders rest before the server is asked.
_REST = 200
#: Of a distance.
_MEASURE = (
    "A distance is the root mean square of the differences in all hyperparameters, each as a share of its range: 1 is "
    "the other end of every one."
)
_DIGITS = 8
#: Pixels above the bars, whose title stands above the sliders.
_TOP = 10


def run_what_if(explained: ExplainedRun, places: RunPlaces, of: str, asked: Mapping[str, Any]) -> list[Any]:
    """Returns a slider for every hyperparameter, at the incumbent, and the formula part by part.

    Args:
        explained: The formula of the run, with an incumbent.
        places: Its places.
        of: What tells the page apart from others.
        asked: `PanelRecord.asked`.
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
        "asked": {**encode(asked), "trials": explained.surrogate.n_trials},
        "entries": [entries.tolist() for entries in places.entries],
        "vector": places.vector.tolist(),
        "columns": places.columns,
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
    alone = replace(start, surrogate=None, nearest=None)
    said = html.P(visible(f"{shown_name(formula.objective)} ≈ {alone}"), id={"type": _SAID, "of": of}, className="mt-2")
    return [
        html.H5("What if? Another configuration, part by part"),
        html.Div([*rows, button]),
        html.Div([said, _beside(start, of, _held(start, places))], **{"aria-live": "polite"}),
        html.Div(
            dcc.Graph(figure=figure, style={"height": f"{figure.layout.height}px"}),
            className="symbolic-run-what-if",
            **{"data-of": of},
        ),
        dcc.Store(id={"type": _PLACES, "of": of}, data=data),
        html.Button(id={"type": _ASK, "of": of}, n_clicks=0, hidden=True, className="symbolic-run-ask"),
        dcc.Store(id={"type": _ANSWER, "of": of}),
    ]


def _held(start: Contributions, places: RunPlaces) -> str:
    """Returns what is said of the hyperparameters that have no slider; nothing where all have one."""
    names = [shown_name(name) for name in start.configuration if name not in places.names]
    if not names:
        return ""
    stay = "stays as the incumbent has it" if len(names) == 1 else "stay as the incumbent has them"
    return f"{all_of(names)} {stay}. "


def _beside(start: Contributions, of: str, held: str) -> Any:
    """Returns what surrogate and nearest trial say of a configuration, in the places where answers are written."""
    nearest, objective = start.nearest, start.objective
    rows = {
        "Surrogate": ""
        if start.surrogate is None or start.surrogate_std is None
        else surrogate_words(start.surrogate, start.surrogate_std, objective),
        "Nearest trial": "no trial" if nearest is None else nearest_words(nearest.cost, nearest.distance, objective),
    }
    cells = [
        html.Tr([html.Th(label, scope="row"), html.Td(text, id={"type": _BESIDE, "of": of, "row": i})])
        for i, (label, text) in enumerate(rows.items())
    ]
    return html.Div(
        [
            dbc.Table(html.Tbody(cells), size="sm", borderless=True, className="mb-0 w-auto"),
            html.P(visible(held) + _MEASURE, className="small text-muted mb-1"),
        ],
        className="symbolic-run-beside",
    )


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
            // What surrogate and trial say follows with the answer.
            window.Plotly.restyle(graph, { visible: graph.data.map((_, i) => i === 0) });
            window.Plotly.update(graph, { x: [[level, ...added, sum]], text: [[text(level), ...signed, text(sum)]] },
                { "xaxis.range": [low - margin, high + margin] }, [0]);
        }
        const beside = box.parentElement.querySelector(".symbolic-run-beside");
        beside.querySelectorAll("td").forEach(cell => { cell.style.opacity = 0.4; });
        clearTimeout(box.symbolicRest);
        box.symbolicRest = setTimeout(() => box.parentElement.querySelector(".symbolic-run-ask").click(), REST);
    }
    return [`${places.objective} \\u2248 ${result}`, words];
}
"""
#: Shows an answer, where the sliders are still where they were.
_SHOW = """
function(answer, values, places) {
    const none = window.dash_clientside.no_update;
    if (!answer || String(answer.stops) !== String(values.map(Number))) { return [none, none]; }
    const box = [...document.querySelectorAll(".symbolic-run-what-if")].find(each => each.dataset.of === places.of);
    if (box) {
        box.parentElement.querySelectorAll(".symbolic-run-beside td").forEach(cell => { cell.style.opacity = 1; });
        const graph = box.querySelector(".js-plotly-plot");
        const at = (answer.values || []).map(value => value !== null && places.log ? Math.log10(value) : value);
        const known = at.map(x => Number.isFinite(x));
        if (graph && graph.data && graph.data.length === 3 && known.length === 2) {
            const names = ["surrogate", "nearest trial"].map((name, i) => `${name}: ${answer.shown[i]}`);
            const [low, high] = graph.layout.xaxis.range;
            const reached = at.filter((_, i) => known[i]);
            const margin = 0.06 * (high - low);
            const lowest = Math.min(low, ...reached.map(x => x - margin));
            const range = [lowest, Math.max(high, ...reached.map(x => x + margin))];
            window.Plotly.update(graph, { x: at.map(x => [x]), name: names, visible: known },
                { "xaxis.range": range }, [1, 2]);
        }
    }
    return answer.words;
}
"""
_BACK = """
function(clicks, places) {
    return clicks ? places.start : places.start.map(() => window.dash_clientside.no_update);
}
"""


def connect_run_what_if(app: Any, ask: Callable[[Mapping[str, Any], Sequence[float]], dict[str, Any]]) -> None:
    """Has the browser answer the sliders and their button, and the server what the browser cannot know.

    Args:
        app: Dash's app, of either host.
        ask: What `Surrogates.answer` does.
    """
    slider = {"type": _SLIDER, "of": MATCH, "axis": ALL}
    places = State({"type": _PLACES, "of": MATCH}, "data")
    app.clientside_callback(
        _TELL.replace("REST", str(_REST)),
        Output({"type": _SAID, "of": MATCH}, "children"),
        Output({"type": _STOP, "of": MATCH, "axis": ALL}, "children"),
        Input(slider, "value"),
        places,
        prevent_initial_call=True,
    )

    @app.callback(  # type: ignore[untyped-decorator, unused-ignore]
        Output({"type": _ANSWER, "of": MATCH}, "data"),
        Input({"type": _ASK, "of": MATCH}, "n_clicks"),
        State(slider, "value"),
        places,
        prevent_initial_call=True,
    )
    def answer(clicks: Any, values: Any, places: Any) -> dict[str, Any]:
        return answered(ask, list(map(int, values)), places)

    app.clientside_callback(
        _SHOW,
        Output({"type": _BESIDE, "of": MATCH, "row": ALL}, "children"),
        Input({"type": _ANSWER, "of": MATCH}, "data"),
        State(slider, "value"),
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


def answered(
    ask: Callable[[Mapping[str, Any], Sequence[float]], dict[str, Any]], stops: Sequence[int], places: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns what the browser shows of a place.

    Args:
        ask: As in `connect_run_what_if`.
        stops: Where every slider stands.
        places: What the page has of the places.
    """
    vector = list(places["vector"])
    for column, entries, stop in zip(places["columns"], places["entries"], stops, strict=True):
        vector[column] = entries[stop]
    found = ask(places["asked"], vector)
    if "error" in found:
        return {"stops": list(stops), "words": [found["error"], ""], "values": []}
    shown = [None if value is None else rounded_text(value) for value in found["values"]]
    return {"stops": list(stops), **found, "shown": shown}
