"""Where everything stands on the page: inputs on the left, what was found beside them, what matters most first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html

from deepcave_symbolic.dashboard.own.pages.layout import (
    actions,
    fields,
    help_page,
    navigation,
    only_on,
    results,
    stores,
)
from deepcave_symbolic.dashboard.own.pages.page import FORMULA, PAGES
from deepcave_symbolic.dashboard.own.waiting import again_notes, busy_words
from deepcave_symbolic.dashboard.panel.ended import LOST
from deepcave_symbolic.dashboard.panel.filters import form_layout, pick_layout, slider
from deepcave_symbolic.dashboard.panel.input_layout import input_layout
from deepcave_symbolic.dashboard.panel.outputs import Parts

__all__ = [
    "DRAWN",
    "LENGTH",
    "NAME",
    "PLACES",
    "REST",
    "WORDS",
    "Registered",
    "layout",
    "placed",
    "rest_placed",
    "results_layout",
    "words_placed",
]

NAME = "Symbolic Formulas"
#: Id of the slider's box.
LENGTH = "symbolic_formulas-length"
_HINT = "Press Process. Left as it is, the hyperparameter that moves the objective most is explained."
_STALE = "These results answer earlier inputs. Press Process for those on the left."
_FOLLOW = "Update by itself while the run grows"
#: Milliseconds between two looks at the files of the run.
_WATCH = 5000
_BUSY = "Searching formulas ..."
_GRAPH = {"displaylogo": False, "responsive": True}
#: Ids of what is noted of the page of a result: by result and choice the one of which the server has drawn the words,
#: all, and that is on the screen, and that the browser has not; then the pages on all formulas of the front, on their
#: way and there.
DRAWN = ("drawn", "painted", "whole", "placed", "wanted", "formulas", "kept")


@dataclass
class Registered:
    """The components of a layout whose properties the app reads or writes.

    Args:
        properties: The properties of each by the name of the input.
    """

    properties: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __call__(self, name: str, attributes: str | Sequence[str] = "value", *, type: Any = None) -> str:
        """Notes a component and returns its id. The values' types are the question's business."""
        self.properties[name] = (attributes,) if isinstance(attributes, str) else tuple(attributes)
        return self.id(name)

    @staticmethod
    def id(name: str) -> str:
        """Returns the id of an input, the one that it has in DeepCAVE."""
        return f"symbolic_formulas-{name}-input"


def layout(registered: Callable[..., str], runs: Sequence[dict[str, Any]], tab: str) -> Any:
    """Returns the page before anything was found.

    Args:
        registered: Notes the inputs.
        runs: The choices of a run; the first one is chosen.
        tab: What no other tab is called.
    """
    return html.Div(
        [
            # assets/own.js shows it.
            html.P(LOST, id="lost", hidden=True, role="alert"),
            html.Header([html.H1(NAME), navigation(), _run_choice(runs)], className="symbolic-top"),
            html.Main(
                [
                    html.Section(
                        _inputs(registered),
                        className=f"symbolic-inputs {only_on(FORMULA[0], *(page.name for page in PAGES))}",
                        **{"aria-label": "Inputs"},
                    ),
                    html.Section(
                        results_layout(registered, _HINT),
                        className=f"symbolic-results {only_on(FORMULA[0])}",
                        **{"aria-label": "Results"},
                    ),
                    *map(results, PAGES),
                    help_page(),
                ],
                className="symbolic-main",
            ),
            dcc.Store(id="tab", data=tab),
            # The key of the question that the inputs ask, and of the one that is answered.
            dcc.Store(id="asked"),
            dcc.Store(id="result"),
            *(dcc.Store(id=id) for id in DRAWN),
            # Says how much the run has grown; counts the updates that nobody had to ask for.
            dcc.Interval(id="watch", interval=_WATCH),
            dcc.Store(id="new_trials"),
            dcc.Store(id="followed"),
            # Counts the names that were clicked in an overview, and the functions that were left out.
            dcc.Store(id="opened"),
            # Where what the browser does with an answer, and with a question, writes nothing.
            dcc.Store(id="answered"),
            dcc.Store(id="dimmed"),
            *stores(),
        ],
        className="symbolic-page",
    )


def _run_choice(runs: Sequence[dict[str, Any]]) -> Any:
    first = runs[0]["value"] if runs else None
    chosen_on = only_on(FORMULA[0], *(page.name for page in PAGES if not page.several))
    return html.Div(
        [
            dbc.Label("Run", html_for="run", className=f"mb-0 {chosen_on}"),
            dbc.Select(id="run", options=list(runs), value=first, placeholder="Add a run ...", className=chosen_on),
            html.Details(
                [
                    html.Summary("Add a run"),
                    html.Div(
                        [
                            dbc.Label("Runs below the roots of this dashboard", html_for="addable"),
                            dbc.Select(id="addable", options=[], placeholder="Choose one"),
                            html.Div(id="roots", className="small text-muted mb-2"),
                            dbc.Label("Or the path of its folder", html_for="path"),
                            html.Div(
                                [
                                    dbc.Input(id="path", type="text"),
                                    dbc.Button("Add", id="add", color="primary", outline=True),
                                ],
                                className="symbolic-add",
                            ),
                            html.Div(id="added", role="status", className="mt-2"),
                        ],
                        className="symbolic-menu",
                    ),
                ],
                id="adding",
                open=not runs,
            ),
        ],
        className="symbolic-runs",
    )


def _inputs(registered: Callable[..., str]) -> list[Any]:
    return [
        html.Div(
            [*map(fields, PAGES), html.Div(input_layout(registered), className="symbolic-shared")],
            className="symbolic-fields",
        ),
        *map(actions, PAGES),
        html.Div(
            [
                dbc.Button("Process", id="process", color="primary"),
                dbc.Button("Cancel", id="cancel", color="secondary", outline=True, style={"display": "none"}),
                html.Span(
                    busy_words(_BUSY),
                    id="busy",
                    hidden=True,
                    role="status",
                ),
                dbc.Checkbox(id="follow", label=_FOLLOW, value=False),
            ],
            className=f"symbolic-actions {only_on(FORMULA[0])}",
        ),
    ]


def results_layout(registered: Callable[..., str], hint: str) -> list[Any]:
    """Returns where results stand.

    Args:
        registered: As in `layout`.
        hint: What is said before there is one.
    """
    return [
        html.P(_STALE, id="stale", hidden=True, role="status"),
        *again_notes(),
        html.Div(
            [
                html.Span(id="grown_text", className="me-3"),
                dbc.Button("Update", id="update", size="sm", color="primary", outline=True),
            ],
            id="grown",
            hidden=True,
            role="status",
        ),
        html.P(hint, id="hint", className="text-muted"),
        html.Div(
            [
                html.Div([html.Div(id="heading"), html.Div(id="formula"), html.Div(id="reason")], id="answer"),
                html.Div(
                    [
                        html.Div(pick_layout(registered, length_id=LENGTH), className="symbolic-pick"),
                        html.Div(id="shown"),
                    ],
                    id="choice",
                    hidden=True,
                ),
                html.Div(id="body"),
                dbc.Button("Try again", id="retry", color="primary", style={"display": "none"}),
                html.Div(dcc.Graph(id="figure", config=_GRAPH), id="figure_box", hidden=True),
                html.Div([html.Div(id="what_if"), html.Div(id="told")], className="symbolic-what-if"),
                html.Div(
                    [
                        html.Div(id="facts"),
                        html.Div(
                            [
                                html.Div(id="warnings"),
                                html.Div(
                                    [
                                        html.H5("Accuracy against length"),
                                        html.Div(dcc.Graph(id="front", config=_GRAPH), className="symbolic-front"),
                                    ],
                                    id="front_box",
                                    hidden=True,
                                ),
                            ]
                        ),
                    ],
                    className="symbolic-more",
                ),
                html.Div(id="history"),
                html.Div(form_layout(registered), id="form", hidden=True),
                html.Div(id="own"),
                html.Div(id="below"),
                html.Div(id="cards"),
            ],
            id="results",
        ),
    ]


#: Id and property of what a result fills in: the words of the first screen at once, the rest, which takes longer to
#: draw, after them; and all of it, in the order of `placed`.
WORDS = (
    ("own", "children"),
    ("heading", "children"),
    ("formula", "children"),
    ("reason", "children"),
    ("body", "children"),
    ("shown", "children"),
    ("told", "children"),
    ("hint", "hidden"),
    ("choice", "hidden"),
    ("figure_box", "hidden"),
    ("front_box", "hidden"),
    ("form", "hidden"),
    ("retry", "style"),
    *((Registered.id("longest"), prop) for prop in slider()),
)
REST = (
    ("what_if", "children"),
    ("figure", "figure"),
    ("warnings", "children"),
    ("facts", "children"),
    ("below", "children"),
    ("front", "figure"),
    ("cards", "children"),
)
PLACES = (*WORDS, *REST)


def words_placed(page: Parts) -> list[Any]:
    """Returns what belongs into each of `WORDS`."""
    return [
        page.own,
        page.heading,
        page.formula,
        page.reason,
        page.body,
        page.shown,
        page.told,
        True,
        page.failed,
        page.figure is None,
        page.front is None,
        # An overview draws no formula of one's own.
        not page.heading,
        {} if page.failed else {"display": "none"},
        *slider(page.lengths).values(),
    ]


def rest_placed(page: Parts) -> list[Any]:
    """Returns what belongs into each of `REST`."""
    return [page.what_if, page.figure or {}, page.warnings, page.facts, page.below, page.front or {}, page.cards]


def placed(page: Parts) -> list[Any]:
    """Returns what belongs into each of `PLACES`."""
    return [*words_placed(page), *rest_placed(page)]
