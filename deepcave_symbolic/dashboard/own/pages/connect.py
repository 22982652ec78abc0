"""What happens on the pages when something is chosen or clicked: as on the formula's page, with other questions."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Sequence
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, no_update
from dash.exceptions import PreventUpdate

from deepcave_symbolic.dashboard.own.growth import Growth
from deepcave_symbolic.dashboard.own.jobs import Jobs, answer
from deepcave_symbolic.dashboard.own.opened_runs import OpenedRuns
from deepcave_symbolic.dashboard.own.pages.layout import law_options
from deepcave_symbolic.dashboard.own.pages.page import COMPARE, FIRST, FORMULA, HELP, LAWS, NAMED, PAGES, Page, Values
from deepcave_symbolic.dashboard.own.results import GONE, Results
from deepcave_symbolic.dashboard.own.run_state import digest, state_of
from deepcave_symbolic.dashboard.own.waiting import answered, while_it_runs
from deepcave_symbolic.dashboard.own.wiring import POLL, callback, in_browser
from deepcave_symbolic.dashboard.panel.choices import AUTOMATIC, NONE, choice_of, choices
from deepcave_symbolic.dashboard.panel.recorded_run import RecordedRun
from deepcave_symbolic.dashboard.panel.wider_outputs import wider_page
from deepcave_symbolic.exceptions import DeepcaveSymbolicError
from deepcave_symbolic.space.explainable import explainable
from deepcave_symbolic.words.run_names import run_names

__all__ = ["connect_pages"]

#: Runs of which it is looked what they share before anybody ticks one; reading many takes long.
_MOST_TICKED = 8


def connect_pages(app: Dash, runs: OpenedRuns, results: Results, jobs: Jobs, growth: Growth) -> None:
    """Connects all pages.

    Args:
        app: The app.
        runs: The runs that the page offers.
        results: Where results are kept.
        jobs: What runs the jobs.
        growth: What knows whether runs have grown.
    """
    _connect_address(app)
    for page in PAGES:
        _connect_question(app, page, runs, results, growth)
        _connect_results(app, page, results, jobs, runs)
    _connect_growth(app, runs, growth)
    _connect_laws(app, runs)
    _connect_comparison(app, runs)


def _connect_address(app: Dash) -> None:
    names = [FORMULA[0], *(page.name for page in PAGES), HELP[0]]
    app.clientside_callback(
        ClientsideFunction("symbolic", "turn"),
        Output("page", "data"),
        *(Output(f"to-{name}", "aria-current") for name in names),
        Input("address", "data"),
    )


def _inputs(page: Page, kind: type[Input] | type[State]) -> dict[str, Any]:
    """Returns run, shared and own inputs of a page."""
    return {
        "place": kind("run", "value"),
        "shared": {name: kind(f"symbolic_formulas-{name}-input", "value") for name in page.shared},
        "own": {name: kind(page.id(name), "value") for name in page.own},
    }


def _keys(page: Page, places: Sequence[str], shared: Values, own: Values) -> tuple[str, str]:
    """Returns what stands for a question, and the name under which its answer is found while the runs stay the same."""
    question = [page.name, list(places), page.asked(shared, own)]
    return digest(question), Results.key_of(question, [state_of(place) for place in places])


def _answered(question: str, name: str, runs: Sequence[RecordedRun], growth: Growth) -> dict[str, Any]:
    now: list[Any] = []
    with contextlib.suppress(DeepcaveSymbolicError):  # the result says what is wrong
        now = [growth.now(run) for run in runs]
    return {"key": question, "name": name, "runs": now}


def _connect_question(app: Dash, page: Page, runs: OpenedRuns, results: Results, growth: Growth) -> None:
    """A stored result follows the inputs; Process starts a job, Cancel ends it."""
    server = os.getpid()

    @callback(
        app,
        output=[Output(page.id("asked"), "data"), Output(page.id("result"), "data", allow_duplicate=True)],
        inputs=_inputs(page, Input),
        prevent_initial_call="initial_duplicate",
    )
    def look_up(place: Any, shared: Values, own: Values) -> tuple[Any, Any]:
        places = page.places(place, own)
        if not places and not page.several:
            raise PreventUpdate
        question, key = _keys(page, places, shared, own)
        if not results.knows(key):
            return question, no_update
        return question, _answered(question, key, list(map(runs.run, places)), growth)

    inputs = _inputs(page, Input)
    in_browser(app, "asking", Output(page.id("dimmed"), "data"), *inputs["shared"].values(), *inputs["own"].values())

    @callback(
        app,
        output=Output(page.id("result"), "data"),
        inputs={"clicks": [Input(page.id(part), "n_clicks") for part in ("process", "retry")]},
        state={**_inputs(page, State), "tab": State("tab", "data")},
        background=True,
        interval=POLL,
        running=[
            (Output(page.id("process"), "disabled"), True, False),
            *while_it_runs(page.id("")),
            (Output(page.id("cancel"), "style"), {}, {"display": "none"}),
        ],
        cancel=[Input(page.id("cancel"), "n_clicks")],
        prevent_initial_call=True,
    )
    def process(clicks: Any, place: Any, shared: Values, own: Values, tab: Any) -> Any:
        places = page.places(place, own)
        if not places and not page.several:
            raise PreventUpdate
        asked = list(map(runs.run, places))
        question, key = _keys(page, places, shared, own)
        if results.knows(key) and ctx.triggered_id != page.id("retry"):
            return _answered(question, key, asked, growth)
        record = answer(lambda: page.answer(asked, shared, own), server)
        return _answered(question, results.write(key, record), asked, growth)


def _connect_results(app: Dash, page: Page, results: Results, jobs: Jobs, runs: OpenedRuns) -> None:
    """A result is drawn; what answers other inputs is dimmed."""

    @callback(
        app,
        Output(page.id("body"), "children"),
        Output(page.id("retry"), "style"),
        Output(page.id("hint"), "hidden"),
        Output(page.id("drawn"), "data"),
        Input(page.id("result"), "data"),
        prevent_initial_call=True,
    )
    def draw(result: Any) -> tuple[Any, dict[str, str], bool, dict[str, Any]]:
        if not result or result["name"] == GONE:
            raise PreventUpdate
        jobs.wait()
        shown, failed = wider_page(results.read(str(result["name"])), page.what, page.name, runs.name)
        return shown, {} if failed else {"display": "none"}, True, {"name": result["name"]}

    asked, result = (Input(page.id(part), "data") for part in ("asked", "result"))
    in_browser(app, "mark_stale", Output(page.id("stale"), "hidden"), asked, result)
    in_browser(app, "replaced", Output(page.id("placed"), "data"), Input(page.id("drawn"), "data"))
    in_browser(app, "answered", *answered(page.id("")))


def _connect_growth(app: Dash, runs: OpenedRuns, growth: Growth) -> None:
    """Every page says how much its runs have grown since its results."""

    def words(result: Any) -> str:
        then = (result or {}).get("runs", [])
        names = run_names([each["place"] for each in then])
        found = []
        for each, name in zip(then, names, strict=True):
            with contextlib.suppress(DeepcaveSymbolicError):  # half written, perhaps; the next look will tell
                if said := growth.since(each, runs.run(each["place"])):
                    found.append(f"{name}: {said}" if len(then) > 1 else said)
        return " ".join([*found, "Press Process."]) if found else ""

    @callback(
        app,
        output=[[Output(page.id("grown"), prop) for page in PAGES] for prop in ("children", "hidden")],
        inputs={
            "times": Input("watch", "n_intervals"),
            "answered": [Input(page.id("result"), "data") for page in PAGES],
        },
        prevent_initial_call=True,
    )
    def look(times: Any, answered: Sequence[Any]) -> tuple[list[str], list[bool]]:
        if not any(answered):
            raise PreventUpdate
        said = list(map(words, answered))
        return said, [not each for each in said]


def _connect_laws(app: Dash, runs: OpenedRuns) -> None:
    """The choice of a law's hyperparameter follows the run."""

    @callback(
        app,
        Output(LAWS.id("choice"), "options"),
        Output(LAWS.id("choice"), "value"),
        Input("run", "value"),
        State(LAWS.id("choice"), "value"),
        prevent_initial_call=True,
    )
    def offer(place: Any, chosen: Any) -> tuple[Any, Any]:
        options = law_options(runs, place)
        known = {option["value"] for option in options}
        return options, chosen if chosen in known else AUTOMATIC


def _connect_comparison(app: Dash, runs: OpenedRuns) -> None:
    """What is offered to be compared follows the runs that are ticked."""

    @functools.lru_cache(maxsize=64)
    def read(place: str, state: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        run = runs.run(place)
        return tuple(explainable(run.configspace)), tuple(run.get_objective_names())

    def known(place: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Returns hyperparameters and objectives of a run; none where it cannot be read."""
        try:
            return read(place, state_of(place))
        except DeepcaveSymbolicError:
            return (), ()

    def alike(place: Any) -> list[str]:
        """Returns a run and others that share a hyperparameter with it, a few where there are many."""
        if place is None:
            return []
        names = set(known(str(place))[0])
        others = [each for each in runs.places if each != place][: _MOST_TICKED - 1]
        ticked = {str(place), *(each for each in others if names & set(known(each)[0]))}
        return [each for each in runs.places if each in ticked]

    ids = [COMPARE.id(part) for part in ("runs", "first", "second", "objective")]

    @callback(
        app,
        Output(ids[0], "options"),
        Output(ids[0], "value"),
        Input("page", "data"),
        Input("run", "options"),
        State("run", "value"),
        State(ids[0], "options"),
        State(ids[0], "value"),
    )
    def offer_runs(page: Any, options: Any, place: Any, before: Any, ticked: Any) -> tuple[Any, Any]:
        if page != COMPARE.name:
            raise PreventUpdate
        if ticked is None:
            return options, alike(place)
        seen = {each["value"] for each in before or ()}
        return options, [*ticked, *(each["value"] for each in options if each["value"] not in seen)]

    @callback(
        app,
        output=[Output(id, prop) for id in ids[1:] for prop in ("options", "value")],
        inputs={"ticked": Input(ids[0], "value"), "chosen": [State(id, "value") for id in ids[1:]]},
    )
    def offer_shared(ticked: Any, chosen: Sequence[Any]) -> list[Any]:
        if not ticked:
            raise PreventUpdate
        (names, objectives), *others = map(known, ticked)
        names = tuple(name for name in names if all(name in other for other, _ in others))
        objectives = tuple(name for name in objectives if all(name in other for _, other in others))
        values = list(map(choice_of, names))
        offered = [
            (choices(names, values), values[0] if values else None),
            (choices(["None", *names], [NONE, *values]), NONE),
            (choices(["Each run's first one", *objectives], [FIRST, *map(NAMED.format, objectives)]), FIRST),
        ]
        found: list[Any] = []
        for (options, default), value in zip(offered, chosen, strict=True):
            found += [options, value if value in {option["value"] for option in options} else default]
        return found

    in_browser(
        app,
        "of_side",
        *(Output(COMPARE.id(f"{part}-box"), "hidden") for part in ("first", "second", "longest")),
        Input(COMPARE.id("side"), "value"),
    )
