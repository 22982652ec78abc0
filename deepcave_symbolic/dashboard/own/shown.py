"""What is on the page of what was found: drawn by the server once, by the browser whenever it can."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx
from dash.exceptions import PreventUpdate

from deepcave_symbolic.dashboard.own.front import AT_ONCE, SWITCHED, formulas_of
from deepcave_symbolic.dashboard.own.jobs import Jobs
from deepcave_symbolic.dashboard.own.page import LENGTH, PLACES, Registered, placed
from deepcave_symbolic.dashboard.own.results import Results
from deepcave_symbolic.dashboard.own.wiring import callback, in_browser
from deepcave_symbolic.dashboard.panel.components import OPENER
from deepcave_symbolic.dashboard.panel.filters import Filters
from deepcave_symbolic.dashboard.panel.leave_out import LEAVE_OUT
from deepcave_symbolic.dashboard.panel.outputs import parts_of
from deepcave_symbolic.dashboard.panel.what_if import connect_what_if

__all__ = ["connect_in_the_page", "connect_results"]


def connect_results(app: Dash, registered: Registered, results: Results, jobs: Jobs) -> None:
    """A result is drawn; then the browser gets the pages on the other formulas of its front."""

    @callback(
        app,
        output=[[Output(id, prop) for id, prop in PLACES], Output("drawn", "data")],
        inputs={
            "result": Input("result", "data"),
            "form": Input(registered.id("form"), "value"),
            # What the browser does not have.
            "wanted": Input("wanted", "data"),
            "filters": {name: State(registered.id(name), "value") for name in ("pick", "longest")},
        },
        prevent_initial_call=True,
    )
    def draw(result: Any, form: Any, wanted: Any, filters: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        if not result:
            raise PreventUpdate
        jobs.wait()
        name, read = str(result["name"]), Filters.read({**filters, "form": form})
        drawn = {"name": name, "choice": read.choice, "first": "result.data" in ctx.triggered_prop_ids}
        return placed(parts_of(results.read(name), read)), drawn

    @callback(
        app,
        Output("formulas", "data"),
        Output(registered.id("longest"), "updatemode"),
        Input("drawn", "data"),
        prevent_initial_call=True,
    )
    def keep(drawn: Any) -> tuple[dict[str, Any], str]:
        if not drawn["first"]:
            raise PreventUpdate
        found = formulas_of(results.read(str(drawn["name"])))
        return {"name": drawn["name"], **found}, "drag" if found["choices"] else "mouseup"


def connect_in_the_page(app: Dash, registered: Registered) -> None:
    """What the browser does by itself; the functions are in assets/own.js."""
    pick, longest = registered.id("pick"), registered.id("longest")
    in_browser(
        app,
        "step",
        *(Output(id, prop, allow_duplicate=True) for id, prop in AT_ONCE),
        Output("stepped", "data"),
        Output("wanted", "data"),
        Input(pick, "value"),
        Input(longest, "value"),
        Input("drawn", "data"),
        State("result", "data"),
    )
    # Not an input of what shows them: Dash would have all that follows from the figure wait until they are there.
    in_browser(app, "keep", Output("kept", "data"), Input("formulas", "data"))
    in_browser(
        app,
        "follow",
        *(Output(id, prop, allow_duplicate=True) for id, prop in SWITCHED[len(AT_ONCE) :]),
        Input("stepped", "data"),
    )
    in_browser(
        app,
        "by_length",
        Output(LENGTH, "hidden"),
        Output(longest, "value", allow_duplicate=True),
        Input(pick, "value"),
        Input(longest, "marks"),
        State(longest, "step"),
        State(longest, "value"),
    )
    in_browser(
        app,
        "mark_stale",
        Output("stale", "hidden"),
        Output("results", "className"),
        Input("asked", "data"),
        Input("result", "data"),
    )
    in_browser(app, "to_the_top", Output("answered", "data"), Input("result", "data"))
    in_browser(
        app,
        "open",
        Output(registered.id("hyperparameter_name_1"), "value", allow_duplicate=True),
        Output("opened", "data"),
        Input({"type": OPENER, "choice": ALL}, "n_clicks"),
        State("opened", "data"),
    )
    connect_what_if(app, "figure", at_once=True)
    functions = registered.id("functions")
    in_browser(
        app,
        "leave_out",
        Output(functions, "value", allow_duplicate=True),
        Output("opened", "data", allow_duplicate=True),
        Input({"type": LEAVE_OUT, "function": ALL}, "n_clicks"),
        State(functions, "value"),
        State("opened", "data"),
    )
    in_browser(
        app,
        "pick_of_front",
        Output(pick, "value", allow_duplicate=True),
        Output(longest, "value", allow_duplicate=True),
        Input("front", "clickData"),
    )
