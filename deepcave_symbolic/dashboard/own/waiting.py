"""What a page says of its job: that it waits, that it is computed, that it was started once more."""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc
from dash import Input, Output, html

from deepcave_symbolic.dashboard.panel.ended import AGAIN
from deepcave_symbolic.words.numbers import counted

__all__ = ["again_notes", "answered", "busy_words", "told", "while_it_runs"]

_ASKED_AGAIN = "The dashboard's server ended and was started once more; the question was asked again."
#: How the id of a page's result ends; those of its other parts begin as that does.
_RESULT = "result"


def busy_words(words: str, page: str = "") -> list[Any]:
    """Returns what is shown while a job waits or runs.

    Args:
        words: What it does.
        page: How the ids of the page begin.
    """
    queue = html.Span(id=f"{page}queue", className="ms-2")
    return [dbc.Spinner(size="sm"), queue, html.Span(words, id=f"{page}computing", className="ms-2")]


def again_notes(page: str = "") -> list[Any]:
    """Returns what stands above a result whose process was started once more, or whose server was."""
    notes = {"again": AGAIN, "asked-again": _ASKED_AGAIN}
    return [
        html.P(words, id=f"{page}{id}", hidden=True, role="status", className="symbolic-grown")
        for id, words in notes.items()
    ]


def answered(page: str = "") -> tuple[Any, ...]:
    """Returns what `answered` in assets/own.js writes, and what it reads."""
    notes = (Output(f"{page}{id}", "hidden") for id in ("again", "asked-again"))
    return Output(f"{page}answered", "data"), *notes, Input(f"{page}{_RESULT}", "data")


def while_it_runs(page: str = "") -> list[tuple[Output, Any, Any]]:
    """Returns what is on the page while a job waits or runs, and else, before `told` says more."""
    return [
        (Output(f"{page}busy", "hidden"), False, True),
        (Output(f"{page}queue", "children"), "", ""),
        (Output(f"{page}computing", "hidden"), False, False),
    ]


def told(result: str, before: int, *, again: bool) -> dict[str, dict[str, Any]]:
    """Returns what is said of a job, by id and property.

    Args:
        result: The id of its result.
        before: How many jobs have to end before it is started.
        again: Whether it was started once more.
    """
    page = result.removesuffix(_RESULT)
    words = f"Waiting: {counted(before, 'question')} before yours ..." if before else AGAIN if again else ""
    return {f"{page}queue": {"children": words}, f"{page}computing": {"hidden": before > 0}}
