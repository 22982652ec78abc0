"""The app: what happens when something is chosen, typed or clicked."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from dash import Dash, Input, Output, State, ctx, no_update
from dash.exceptions import PreventUpdate

from deepcave_symbolic.dashboard.own.asker import Asker
from deepcave_symbolic.dashboard.own.fresh import fresh_page, inputs_on
from deepcave_symbolic.dashboard.own.growth import Growth, connect_growth
from deepcave_symbolic.dashboard.own.history import History, connect_history
from deepcave_symbolic.dashboard.own.jobs import Jobs, answer
from deepcave_symbolic.dashboard.own.opened_runs import OpenedRuns
from deepcave_symbolic.dashboard.own.page import NAME, Registered, layout
from deepcave_symbolic.dashboard.own.pages.connect import connect_pages
from deepcave_symbolic.dashboard.own.pages.layout import style
from deepcave_symbolic.dashboard.own.results import NOT_ASKED, Results, question_of
from deepcave_symbolic.dashboard.own.shown import connect_front, connect_in_the_page, connect_results
from deepcave_symbolic.dashboard.own.waiting import while_it_runs
from deepcave_symbolic.dashboard.own.wiring import POLL, callback, in_browser
from deepcave_symbolic.dashboard.panel.compute import compute
from deepcave_symbolic.dashboard.panel.inputs import form_example
from deepcave_symbolic.dashboard.panel.what_if_run import connect_run_what_if
from deepcave_symbolic.exceptions import DeepcaveSymbolicError
from deepcave_symbolic.words.names import visible

__all__ = ["answered", "make_app"]


def make_app(runs: OpenedRuns, results: Results, jobs: Jobs, *, base_path: str = "/") -> Dash:
    """Returns the app.

    Args:
        runs: The runs that the page offers.
        results: Where results are kept.
        jobs: What runs the jobs.
        base_path: What the address begins with where a proxy in front cuts that off.
    """
    app = Dash(
        __name__,
        title=NAME,
        update_title=None,
        background_callback_manager=jobs,
        requests_pathname_prefix=base_path,
        routes_pathname_prefix="/",
        # Names of an overview come and go.
        suppress_callback_exceptions=True,
    )
    app.index_string = app.index_string.replace("<html>", '<html lang="en">')
    app.index_string = app.index_string.replace("</head>", f"<style>{style()}</style></head>")
    registered = Registered()
    layout(registered, [], "")

    app.layout = lambda: fresh_page(runs, secrets.token_hex(8))
    growth = Growth()
    _connect_inputs(app, registered, runs, results, growth, jobs)
    _connect_process(app, registered, runs, results, growth)
    connect_growth(app, runs, growth)
    connect_history(app, History(), results.read)
    connect_results(app, registered, results.read, jobs.wait, runs.name)
    connect_front(app, registered)
    connect_in_the_page(app, registered)
    connect_pages(app, runs, results, jobs, growth)
    connect_run_what_if(app, Asker(runs, jobs).answer)
    return app


def _states(registered: Registered, kind: type[Input] | type[State] = State) -> dict[str, Any]:
    """Returns the value of every input of a question and of every filter, by name."""
    return {
        name: kind(registered.id(name), "value")
        for name, properties in registered.properties.items()
        if properties[0] == "value" and name != "version"
    }


def _connect_inputs(
    app: Dash, registered: Registered, runs: OpenedRuns, results: Results, growth: Growth, jobs: Jobs
) -> None:
    """The choices of the inputs follow the run, a stored result follows the inputs, a run can be added."""
    places = [(name, prop) for name, properties in registered.properties.items() for prop in properties]

    @callback(
        app,
        output=[Output(registered.id(name), prop) for name, prop in places],
        inputs={"place": Input("run", "value"), "values": _states(registered)},
        prevent_initial_call=True,
    )
    def fill(place: Any, values: Mapping[str, Any]) -> Sequence[Any]:
        found = inputs_on(runs, place, {name: {"value": value} for name, value in values.items()})
        return [found.get(name, {}).get(prop, no_update) for name, prop in places]

    asked = {name: kind for name, kind in _states(registered, Input).items() if name not in NOT_ASKED}

    @callback(
        app,
        output=[Output("asked", "data"), Output("result", "data", allow_duplicate=True)],
        inputs={"place": Input("run", "value"), "values": asked},
        prevent_initial_call="initial_duplicate",
    )
    def look_up(place: Any, values: Mapping[str, Any]) -> tuple[Any, Any]:
        jobs.prepare()  # not sooner: it would hold up what makes the page usable
        if place is None or values["objective_id"] is None:
            raise PreventUpdate
        run, question, key = runs.run(place), question_of(place, values), results.key(place, values)
        return question, answered(question, key, growth.now(run)) if results.knows(key) else no_update

    in_browser(app, "asking", Output("dimmed", "data"), *asked.values())

    @callback(
        app,
        Output(registered.id("form"), "placeholder", allow_duplicate=True),
        Input(registered.id("hyperparameter_name_1"), "value"),
        prevent_initial_call=True,
    )
    def give_example(choice: Any) -> str:
        return form_example(choice)

    @callback(
        app,
        Output("addable", "options"),
        Output("addable", "value"),
        Output("roots", "children"),
        Input("adding", "n_clicks"),
        prevent_initial_call=bool(runs.places),  # without a run the list stands open
    )
    def offer_runs(clicks: Any) -> tuple[Any, Any, str]:
        return runs.addable(), None, said_roots(runs.roots)

    @callback(
        app,
        Output("run", "options"),
        Output("run", "value"),
        Output("added", "children"),
        Input("add", "n_clicks"),
        Input("path", "n_submit"),
        Input("addable", "value"),
        State("path", "value"),
        prevent_initial_call=True,
    )
    def add(clicks: Any, submitted: Any, chosen: Any, path: Any) -> tuple[Any, Any, str]:
        if ctx.triggered_id == "addable":
            path = chosen
            if not chosen:  # the list was made anew
                raise PreventUpdate
        if not path:
            return no_update, no_update, "Choose a run, or type the path of its folder."
        try:
            place = runs.add(str(path))
        except DeepcaveSymbolicError as error:
            return no_update, no_update, visible(str(error))
        return runs.options(), place, "Added."


def said_roots(roots: Sequence[str]) -> str:
    """Returns where runs can be added from."""
    if not roots:
        return "This dashboard was started without --root FOLDER: it opens the runs of its command line alone."
    return f"Below {', '.join(map(visible, roots))}"


def answered(question: str, name: str, now: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Returns what the page knows of a result.

    Args:
        question: What it answers.
        name: The name by which it is read.
        now: What `Growth.now` says of the run.
    """
    return {"key": question, "name": name, **(now or {})}


def _connect_process(app: Dash, registered: Registered, runs: OpenedRuns, results: Results, growth: Growth) -> None:
    """Process, "Try again" and names in an overview start a job, Cancel ends it."""
    server = os.getpid()

    @callback(
        app,
        output=Output("result", "data"),
        inputs={
            "clicks": [Input(id, "n_clicks") for id in ("process", "retry", "update")],
            "without": [Input(id, "data") for id in ("opened", "followed")],
            "place": State("run", "value"),
            "values": _states(registered),
            # Of two tabs that ask the same, each waits for a result of its own.
            "tab": State("tab", "data"),
        },
        background=True,
        interval=POLL,
        running=[
            (Output("process", "disabled"), True, False),
            *while_it_runs(),
            (Output("cancel", "style"), {}, {"display": "none"}),
        ],
        cancel=[Input("cancel", "n_clicks")],
        prevent_initial_call=True,
    )
    def process(clicks: Any, without: Any, place: Any, values: dict[str, Any], tab: Any) -> Any:
        if place is None:
            raise PreventUpdate
        run, question, key = runs.run(place), question_of(place, values), results.key(place, values)
        now: dict[str, Any] = {}
        with contextlib.suppress(DeepcaveSymbolicError):  # the result says what is wrong
            now = growth.now(run)
        if results.knows(key) and ctx.triggered_id != "retry":
            return answered(question, key, now)
        return answered(question, results.write(key, answer(lambda: compute(run, values), server)), now)
