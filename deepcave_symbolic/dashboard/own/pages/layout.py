"""What is on the pages: the list of them, the inputs that only one of them has, its buttons and its results."""

from __future__ import annotations

import contextlib
from importlib import resources
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html

from deepcave_symbolic.dashboard.own.opened_runs import OpenedRuns
from deepcave_symbolic.dashboard.own.pages.page import FIRST, FORMULA, HELP, PAGES, Page
from deepcave_symbolic.dashboard.own.waiting import again_notes, busy_words
from deepcave_symbolic.dashboard.panel.choices import AUTOMATIC, NONE, choices
from deepcave_symbolic.dashboard.panel.fields import field
from deepcave_symbolic.dashboard.panel.wider import SIDES
from deepcave_symbolic.exceptions import DeepcaveSymbolicError

__all__ = ["actions", "fields", "help_page", "law_options", "navigation", "only_on", "results", "stores", "style"]

_STALE = "These results answer earlier inputs. Press Process for those on the left."
_SIDES = ["Formulas", "Laws", "Parts of the whole run"]
_LONGEST = (
    "Longest formula",
    "The largest number of nodes (numbers, hyperparameters, operators, functions) of the formula of a whole run. Left "
    "empty, it is as long as the trials can tell what it says.",
)


def only_on(*names: str) -> str:
    """Returns the class of what stands on some pages only."""
    return " ".join(("symbolic-only", *(f"symbolic-on-{name}" for name in names)))


def style() -> str:
    """Returns the style sheet that shows of everything what belongs to the page in the address.

    assets/own.js writes the page's name into the root element.
    """
    rules = []
    for name in (FORMULA[0], *(page.name for page in PAGES), HELP[0]):
        rules.append(f'[data-page="{name}"] .symbolic-only:not(.symbolic-on-{name})')
    for page in PAGES:
        counting = ", ".join(f"#symbolic_formulas-{name}-input" for name in page.shared)
        rules.append(f'[data-page="{page.name}"] .symbolic-shared .row > :not(:has({counting}))')
    return f"{', '.join(rules)} {{ display: none !important; }}"


def navigation() -> Any:
    """Returns the list of pages, as links that the address keeps."""
    pages = [FORMULA, *((page.name, page.label) for page in PAGES), HELP]
    return html.Nav(
        [html.A(label, href=f"#{name}", id=f"to-{name}") for name, label in pages],
        className="symbolic-pages",
        **{"aria-label": "Pages"},
    )


def fields(page: Page) -> Any:
    """Returns the inputs that only this page has."""
    made = {"whole-run": _of_whole_run, "laws": _of_laws, "compare": _of_comparison}[page.name](page)
    return html.Div(made, className=f"symbolic-own {only_on(page.name)}")


def _of_whole_run(page: Page) -> list[Any]:
    return [html.Div(field(*_LONGEST, _number(page)))]


def _number(page: Page) -> Any:
    return dbc.Input(id=page.id("longest"), type="number", min=1, step=1, placeholder="as the trials can tell")


def _of_laws(page: Page) -> list[Any]:
    help = (
        "Whose best value is told as a power law of others: one with positive bounds, such as a learning rate. The "
        "three that account for most are those of the formula of the whole run."
    )
    return [html.Div(field("Hyperparameter", help, dbc.Select(id=page.id("choice"), value=AUTOMATIC)))]


def law_options(runs: OpenedRuns, place: Any) -> list[dict[str, Any]]:
    """Returns the choices of a law's hyperparameter.

    Args:
        runs: The runs.
        place: The one that is chosen, if any.
    """
    options = choices(["The three most important"], [AUTOMATIC])
    if place is not None:
        with contextlib.suppress(DeepcaveSymbolicError):  # Process says what is wrong
            # Not the automatic choice and all of them.
            options += runs.offer(place).options["hyperparameter_name_1"][2:]
    return options


def _of_comparison(page: Page) -> list[Any]:
    return [
        html.Div(
            [html.Div("Runs", className="form-label", id=page.id("runs-label")), dbc.Checklist(id=page.id("runs"))],
            role="group",
            **{"aria-labelledby": page.id("runs-label")},
        ),
        html.Div(
            field(
                "What is compared",
                "Formulas: one form for all runs, and which of its constants agree. Laws: how the best value of a "
                "hyperparameter moves in each run, and which exponents agree. Parts: the formula of each whole run, "
                "and what each part accounts for.",
                dbc.Select(id=page.id("side"), options=choices(_SIDES, SIDES), value=SIDES[0]),
            )
        ),
        html.Div(
            field(
                "Hyperparameter 1",
                "Those that all ticked runs have are offered.",
                dbc.Select(id=page.id("first"), placeholder="None is in all of these runs"),
            ),
            id=page.id("first-box"),
        ),
        html.Div(
            field(
                "Hyperparameter 2 (optional)",
                "With a second one the formulas describe how both act together.",
                dbc.Select(id=page.id("second"), value=NONE),
            ),
            id=page.id("second-box"),
        ),
        html.Div(
            field(
                "Objective of the runs",
                "Those that all ticked runs have are offered; without a choice each run's first one counts.",
                dbc.Select(id=page.id("objective"), value=FIRST),
            )
        ),
        html.Div(field(*_LONGEST, _number(page)), id=page.id("longest-box"), hidden=True),
    ]


def actions(page: Page) -> Any:
    """Returns the buttons of a page, and what says that it is busy."""
    return html.Div(
        [
            dbc.Button("Process", id=page.id("process"), color="primary"),
            dbc.Button(
                "Cancel",
                id=page.id("cancel"),
                color="secondary",
                outline=True,
                className="symbolic-cancel",
                style={"display": "none"},
            ),
            html.Span(
                busy_words(page.busy, page.id("")),
                id=page.id("busy"),
                hidden=True,
                role="status",
                className="symbolic-busy",
            ),
        ],
        className=f"symbolic-actions {only_on(page.name)}",
    )


def results(page: Page) -> Any:
    """Returns where a page's results stand."""
    return html.Section(
        [
            html.P(_STALE, id=page.id("stale"), hidden=True, role="status", className="symbolic-stale"),
            *again_notes(page.id("")),
            html.P(id=page.id("grown"), hidden=True, role="status", className="symbolic-grown"),
            html.P(page.hint, id=page.id("hint"), className="text-muted"),
            html.Div(
                [
                    html.Div(id=page.id("body"), className="symbolic-body"),
                    dbc.Button("Try again", id=page.id("retry"), color="primary", style={"display": "none"}),
                ],
                id=page.id("results"),
            ),
        ],
        className=f"symbolic-results {only_on(page.name)}",
        **{"aria-label": f"Results: {page.label}"},
    )


def help_page() -> Any:
    """Returns how to read the pages, as docs/dashboard.md has it; the file is part of the package."""
    text = resources.files("deepcave_symbolic.dashboard.own").joinpath("help.md").read_text(encoding="utf-8")
    return html.Section(
        [html.H2("How to read the page"), dcc.Markdown(text)],
        className=f"symbolic-help-page {only_on(HELP[0])}",
        **{"aria-label": HELP[1]},
    )


def stores() -> list[Any]:
    """Returns what the browser keeps: the address, its page, and of each page what is asked and what was answered."""
    parts = ("asked", "result", "answered", "drawn", "placed", "dimmed")
    kept = [dcc.Store(id=page.id(part)) for page in PAGES for part in parts]
    return [dcc.Store(id="address"), dcc.Store(id="page"), *kept]
