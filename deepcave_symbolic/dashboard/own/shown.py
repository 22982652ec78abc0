"""What is on the page of what was found: drawn by the server once, by the browser whenever it can."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, no_update
from dash.exceptions import PreventUpdate

from deepcave_symbolic.dashboard.own.front import AT_ONCE, formulas_of
from deepcave_symbolic.dashboard.own.page import LENGTH, REST, WORDS, Registered, rest_placed, words_placed
from deepcave_symbolic.dashboard.own.results import GONE
from deepcave_symbolic.dashboard.own.waiting import answered
from deepcave_symbolic.dashboard.own.wiring import callback, in_browser
from deepcave_symbolic.dashboard.panel.components import OPENER
from deepcave_symbolic.dashboard.panel.filters import Filters
from deepcave_symbolic.dashboard.panel.leave_out import LEAVE_OUT
from deepcave_symbolic.dashboard.panel.outputs import own_part_of, parts_of
from deepcave_symbolic.dashboard.panel.what_if import connect_what_if
from deepcave_symbolic.words.run_names import run_name

__all__ = ["connect_front", "connect_in_the_page", "connect_results"]


def connect_results(
    app: Dash,
    registered: Registered,
    read: Callable[[str], Any],
    ready: Callable[[], None],
    call: Callable[[str], str] = run_name,
) -> None:
    """A result's words are drawn, then the rest; then the browser gets the pages on the other formulas of its front.

    Args:
        app: The app.
        registered: Its inputs.
        read: Returns a result by its name, None where it is not there.
        ready: Returns as soon as one may be drawn.
        call: Returns what a run at a place is called.
    """
    choice = {name: State(registered.id(name), "value") for name in ("pick", "longest")}

    @callback(
        app,
        output=[[Output(id, prop) for id, prop in WORDS], Output("drawn", "data")],
        inputs={
            "result": Input("result", "data"),
            "form": Input(registered.id("form"), "value"),
            # What the browser does not have.
            "wanted": Input("wanted", "data"),
            "filters": choice,
        },
        prevent_initial_call=True,
    )
    def draw(result: Any, form: Any, wanted: Any, filters: Mapping[str, Any]) -> tuple[list[Any], Any]:
        if not result or result["name"] == GONE:
            raise PreventUpdate
        ready()
        name, filtered = str(result["name"]), Filters.read({**filters, "form": form})
        if list(ctx.triggered_prop_ids) == [f"{registered.id('form')}.value"]:
            own = own_part_of(read(name), filtered.form)
            if own is not None:
                # It is the first of the places; sliders and figures stay as they are.
                return [own, *[no_update] * (len(WORDS) - 1)], no_update
        drawn = {"name": name, "choice": filtered.choice, "first": "result.data" in ctx.triggered_prop_ids}
        return words_placed(parts_of(read(name), filtered, drawn=False, call=call)), drawn

    @callback(
        app,
        output=[[Output(id, prop) for id, prop in REST], Output("whole", "data")],
        inputs={"drawn": Input("painted", "data"), "filters": choice},
        prevent_initial_call=True,
    )
    def draw_rest(drawn: Any, filters: Mapping[str, Any]) -> tuple[list[Any], Any]:
        page = parts_of(read(str(drawn["name"])), Filters.read(filters), words=False, call=call)
        return rest_placed(page), drawn

    @callback(
        app,
        Output("formulas", "data"),
        Output(registered.id("longest"), "updatemode"),
        Input("whole", "data"),
        prevent_initial_call=True,
    )
    def keep(drawn: Any) -> tuple[dict[str, Any], str]:
        if not drawn["first"]:
            raise PreventUpdate
        found = formulas_of(read(str(drawn["name"])), call)
        return {"name": drawn["name"], **found}, "drag" if found["choices"] else "mouseup"

    in_browser(app, "replaced", Output("placed", "data"), Input("whole", "data"))


def connect_front(app: Dash, registered: Registered) -> None:
    """The browser goes from formula to formula by itself; the functions are in assets/own.js."""
    pick, longest = registered.id("pick"), registered.id("longest")
    in_browser(
        app,
        "step",
        *(Output(id, prop, allow_duplicate=True) for id, prop in AT_ONCE),
        Input(pick, "value"),
        Input(longest, "value"),
        Input("drawn", "data"),
        State("result", "data"),
    )
    in_browser(app, "paint", Output("painted", "data"), Input("drawn", "data"))
    # Not an input of what shows them: Dash would have all that follows from the figure wait until they are there.
    in_browser(app, "keep", Output("kept", "data"), Input("formulas", "data"))
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
        "pick_of_front",
        Output(pick, "value", allow_duplicate=True),
        Output(longest, "value", allow_duplicate=True),
        Input("front", "clickData"),
    )
    connect_what_if(app, "figure", at_once=True)


def connect_in_the_page(app: Dash, registered: Registered) -> None:
    """What else the browser does by itself."""
    in_browser(
        app,
        "mark_stale",
        Output("stale", "hidden"),
        Input("asked", "data"),
        Input("result", "data"),
    )
    in_browser(app, "asking_all", Output("dimmed", "data", allow_duplicate=True), Input("run", "value"))
    in_browser(app, "answered", *answered())
    in_browser(
        app,
        "open",
        Output(registered.id("hyperparameter_name_1"), "value", allow_duplicate=True),
        Output("opened", "data"),
        Input({"type": OPENER, "choice": ALL}, "n_clicks"),
        State("opened", "data"),
    )
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
