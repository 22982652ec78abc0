"""Draws the stored result of a page beside the formula of one or two: a whole run, laws, several runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from dash import html

from deepcave_symbolic.dashboard.panel.components import components, copyable, error_card
from deepcave_symbolic.dashboard.panel.outputs import pictured
from deepcave_symbolic.dashboard.panel.stored_result import PanelError, PanelRecord
from deepcave_symbolic.exceptions import FormulaError
from deepcave_symbolic.findings.trust import VERDICTS
from deepcave_symbolic.show.blocks import Warnings
from deepcave_symbolic.show.brief import warned_first
from deepcave_symbolic.show.cards import asked_text, objective_text, run_card, run_of, surrogate_card
from deepcave_symbolic.show.laws import law_document
from deepcave_symbolic.show.several import compared_document
from deepcave_symbolic.show.whole_run import beside_cards, whole_run_document
from deepcave_symbolic.words.run_names import run_name

__all__ = ["wider_page"]


def wider_page(stored: Any, what: str, ids: str, call: Callable[[str], str] = run_name) -> tuple[list[Any], bool]:
    """Returns the page on a stored result, and whether there is none, so that it may be tried again.

    Args:
        stored: What a job of `wider.py` returned, or whatever else was found in its place.
        what: What there would be, for the title of an error.
        ids: What ids on the page begin with.
        call: Returns what headings call the run at a place.
    """
    try:
        record = PanelRecord.from_dict(stored)
    except FormulaError as error:
        record = PanelRecord((), error=PanelError("FormulaError", str(error), "Press Try again to compute it anew."))
    if record.error is not None:
        return [error_card(record.error, f"No {what}")], True
    notes = components([Warnings(tuple((VERDICTS[0], note) for note in record.notes))])
    code = copyable("Python that reproduces this", record.code, id=f"{ids}-code")
    in_code = html.Details([html.Summary("In code"), code], className="mb-3")
    return [*notes, *_body(record, f"{ids}-copy", call), in_code], False


def _body(record: PanelRecord, copies: str, call: Callable[[str], str]) -> Iterator[Any]:
    whole, compared = record.whole_run, record.compared
    if whole is not None:
        yield from pictured(
            warned_first(beside_cards(whole_run_document(whole))), asked_text(whole, call), copies, record
        )
        yield html.Div(components([run_card(whole), *surrogate_card(whole)], copies=copies), className="symbolic-cards")
    for law in record.laws:
        run = ", ".join(filter(None, (run_of(law, call), objective_text(law))))
        yield html.Div(pictured(law_document(law), run, copies), className="mb-4")
    if compared is not None:
        yield from pictured(warned_first(compared_document(compared)), copies=copies)
