"""Draws a stored result: the page's parts and figures. Nothing here asks the run anything."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import dash_bootstrap_components as dbc
import plotly.graph_objects as go
from dash import dcc, html

from deepcave_symbolic.comparing import Compared
from deepcave_symbolic.dashboard.panel.choices import choice_of
from deepcave_symbolic.dashboard.panel.components import (
    COPIES,
    components,
    copyable,
    downloads,
    error_card,
    sparklines,
    table,
)
from deepcave_symbolic.dashboard.panel.ended import again_note, lost_note
from deepcave_symbolic.dashboard.panel.filters import Filters
from deepcave_symbolic.dashboard.panel.leave_out import leave_out_buttons
from deepcave_symbolic.dashboard.panel.stored_result import PanelError, PanelRecord
from deepcave_symbolic.dashboard.panel.what_if import mark, sliders, told
from deepcave_symbolic.dashboard.panel.what_if_run import run_what_if
from deepcave_symbolic.exceptions import DeepcaveSymbolicError, FormulaError
from deepcave_symbolic.findings.explained import Explained
from deepcave_symbolic.findings.own_formula import FittedFormula
from deepcave_symbolic.findings.trust import VERDICTS
from deepcave_symbolic.show.advice import next_trials_csv, next_trials_document, space_csv, space_document
from deepcave_symbolic.show.blocks import (
    Block,
    Facts,
    Figure,
    FormulaBlock,
    Heading,
    Note,
    Picture,
    SideBySide,
    Table,
    Warnings,
    Waterfall,
)
from deepcave_symbolic.show.cards import asked_text, run_card, surrogate_card
from deepcave_symbolic.show.document import LIKELY, document
from deepcave_symbolic.show.figures import draw as draw_figure
from deepcave_symbolic.show.figures.parts import escape
from deepcave_symbolic.show.overview import common_warnings, overview
from deepcave_symbolic.show.own_formula import own_formula_document
from deepcave_symbolic.show.whole_run import beside_cards, whole_run_document
from deepcave_symbolic.words.run_names import run_name

__all__ = ["JSONText", "Parts", "draw", "has_failed", "output_layout", "own_part_of", "parts_of", "pictured"]

_HINT = "Select a run and press Process. A job that takes too long can be cancelled in the sidebar."


class JSONText(dict[str, Any]):
    """A dictionary whose text is JSON, because DeepCAVE's "Raw Data" shows `str()` of the stored results."""

    def __str__(self) -> str:
        return json.dumps(self, allow_nan=False, indent=1, default=str)


def output_layout(register: Callable[..., str], *, attempt_id: str) -> list[Any]:
    """Returns the output block; `draw` returns what belongs into it, in the order of registration."""
    figure, front = register("figure", "figure"), register("front", "figure")
    answer, details = register("answer", "children"), register("details", "children")
    figure_box, front_box = register("figure_box", "hidden"), register("front_box", "hidden")
    retry = register("retry", "hidden")
    return [
        html.Div(html.P(_HINT, className="text-muted"), id=answer),
        html.Div(
            [dbc.Button("Try again", id=attempt_id, color="primary", className="mb-3")],
            id=retry,
            hidden=True,
        ),
        html.Div(dcc.Graph(id=figure, style={"height": "500px"}), id=figure_box, hidden=True),
        html.Div(
            [html.H5("Accuracy against length", className="mt-3"), dcc.Graph(id=front, style={"height": "340px"})],
            id=front_box,
            hidden=True,
        ),
        html.Div(id=details),
        # What the page has drawn, and that the server knows it.
        dcc.Store(id="symbolic_formulas-drawn"),
        dcc.Store(id="symbolic_formulas-noted"),
        dcc.Store(id="symbolic_formulas-disabled"),
        dcc.Store(id="symbolic_formulas-enabled"),
        # Where the callbacks of "Try again", of names and of functions write nothing.
        dcc.Store(id="symbolic_formulas-pressed"),
        dcc.Store(id="symbolic_formulas-opened"),
        dcc.Store(id="symbolic_formulas-left_out"),
        lost_note("symbolic_formulas-lost"),
        dcc.Store(id="symbolic_formulas-watched"),
    ]


def has_failed(stored: Any) -> bool:
    """Returns whether a stored result is an error or cannot be read."""
    try:
        return PanelRecord.from_dict(stored).error is not None
    except FormulaError:
        return True


@dataclass(frozen=True)
class Parts:
    """A page, part by part: lists of components, which each host places as it likes.

    Args:
        own: The page on a formula of the user's own.
        heading: What it is about, with the verdict; empty in an overview.
        reason: The sentence that explains the verdict.
        warnings: What else to beware of.
        formula: The formula.
        shown: Which formula of the front that is, and what to search again without.
        facts: What it tells, and what its constants say.
        body: An overview, or an error: a page that is not parted.
        what_if: Sliders that choose a place.
        told: What is said of that place.
        figure: Surrogate, formula and trials.
        front: Accuracy against length.
        below: The front's formulas, others that are as good, what to copy.
        cards: Run and surrogate.
        lengths: Nodes of the front's formulas, the shortest first.
        failed: Whether there is no result, so that it may be tried again.
    """

    own: list[Any] = field(default_factory=list)
    heading: list[Any] = field(default_factory=list)
    reason: list[Any] = field(default_factory=list)
    warnings: list[Any] = field(default_factory=list)
    formula: list[Any] = field(default_factory=list)
    shown: list[Any] = field(default_factory=list)
    facts: list[Any] = field(default_factory=list)
    body: list[Any] = field(default_factory=list)
    what_if: list[Any] = field(default_factory=list)
    told: list[Any] = field(default_factory=list)
    figure: go.Figure | None = None
    front: go.Figure | None = None
    below: list[Any] = field(default_factory=list)
    cards: list[Any] = field(default_factory=list)
    lengths: tuple[int, ...] = ()
    failed: bool = False


def parts_of(
    stored: Any,
    filters: Filters,
    *,
    words: bool = True,
    drawn: bool = True,
    call: Callable[[str], str] = run_name,
) -> Parts:
    """Returns the page on a stored result.

    Args:
        stored: What `compute` returned, or whatever else was found in its place.
        filters: Which formula is drawn.
        words: Whether an overview is there.
        drawn: Whether `figure` and `front` are drawn, and not empty, and there are the sliders of `what_if`. That takes
            longer than all else.
        call: Returns what headings call the run at a place.
    """
    try:
        record = PanelRecord.from_dict(stored)
    except FormulaError as error:
        record = PanelRecord((), error=PanelError("FormulaError", str(error), "Press Try again to compute it anew."))
    if record.error is not None:
        return Parts(body=[error_card(record.error, "No formula")], failed=True)
    explanation = record.explanations[0]
    code = copyable("Python that reproduces this", record.code, id="symbolic_formulas-code")
    cards = components([run_card(explanation), *surrogate_card(explanation)])
    cards.append(html.Details([html.Summary("In code"), code], className="mb-3"))
    if record.overview:
        page = _overview(record, filters, call) if words else Parts()
    else:
        page = _document(record, filters, call, drawn=drawn)
    return replace(page, below=[*_advice(record), *page.below], cards=cards)


def own_part_of(stored: Any, form: str) -> list[Any] | None:
    """Returns `Parts.own` alone; None where more of the page depends on a formula of the user's own.

    Args:
        stored: As in `parts_of`.
        form: The formula as text; empty for none.
    """
    if has_failed(stored):
        return None
    record = PanelRecord.from_dict(stored)
    explanation = record.explanations[0]
    if record.overview or not isinstance(explanation, Explained):
        return None
    return [_own_formula(explanation, form)] if form else []


def draw(stored: Any, filters: Filters) -> list[Any]:
    """Returns figure, front, answer, details, and whether figure, front and "Try again" are hidden.

    Args:
        stored: What `compute` returned, or whatever else was found in its place.
        filters: Which formula is drawn.
    """
    page = parts_of(stored, filters)
    # What to beware of stands above the formula.
    above = [
        *again_note(stored),
        *page.own,
        *page.heading,
        *page.reason,
        *page.warnings,
        *page.formula,
        *page.shown,
        *page.facts,
    ]
    if page.what_if:
        above.append(html.Div([html.Div(page.what_if), html.Div(page.told)], className="mt-3"))
    shown = [go.Figure() if each is None else each for each in (page.figure, page.front)]
    hidden = [page.figure is None, page.front is None, not page.failed]
    return [*shown, [*above, *page.body], [*page.below, *page.cards], *hidden]


def _advice(record: PanelRecord) -> list[Any]:
    """Returns what to try next, where that was asked, as tables and as files."""
    trials, space = record.next_trials, record.space
    if trials is not None:
        configurations = [dict(trial.configuration) for trial in trials.trials]
        files = {"csv": next_trials_csv(trials), "json": json.dumps(configurations, indent=1)}
        name = f"next-trials-{'-'.join(trials.hyperparameters)}"
        return [*components(next_trials_document(trials)), downloads(name, files)]
    if space is not None:
        files = {"csv": space_csv(space), "json": record.configspace}
        return [*components(space_document(space)), downloads("configspace", files)]
    return []


def _document(record: PanelRecord, filters: Filters, call: Callable[[str], str], *, drawn: bool) -> Parts:
    explanation = record.explanations[0]
    page = document(explanation, filters.formula_of(explanation) if isinstance(explanation, Explained) else None)
    figures = _figures(page) if drawn else {block.kind: go.Figure() for block in page if isinstance(block, Figure)}
    if "front" in figures:
        figures["front"].update_layout(margin={"t": 48 if explanation.view.words else 20})  # mostly without a title
    run = asked_text(explanation, call)
    heading = next(block for block in page if isinstance(block, Heading))
    warnings = Warnings(tuple(row for block in page if isinstance(block, Warnings) for row in block.rows))
    # Beside a verdict without one stands how likely it is right.
    reason, told = warnings.reason_of(heading.verdict), ["Verdict", "Surrogate"]
    likely = [text for block in page if isinstance(block, Facts) for label, text in block.rows if label == LIKELY]
    if not reason.rows and likely:
        reason, told = Warnings(((VERDICTS[0], f"{LIKELY}: {likely[0]}."),)), [*told, LIKELY]
    shown_above = Heading | Warnings | FormulaBlock | Facts
    parts = Parts(
        heading=components([heading], run=run),
        reason=components([reason] if reason.rows else []),
        warnings=components(block for block in (warnings.without(reason), *_notes(record)) if block.rows),
        formula=components(block for block in page if isinstance(block, FormulaBlock)),
        facts=components(
            [
                # The heading has the verdict, a card the surrogate.
                *(block.without(*told) for block in page if isinstance(block, Facts)),
                *(block for block in page if _is_text_table(block)),
            ]
        ),
        figure=figures.get("explanation"),
        front=figures.get("front"),
        below=components(block for block in page if not isinstance(block, shown_above) and not _is_text_table(block)),
    )
    return _chosen(parts, explanation, filters, drawn=drawn) if isinstance(explanation, Explained) else parts


def _chosen(parts: Parts, explanation: Explained, filters: Filters, *, drawn: bool) -> Parts:
    """Returns the page with what lets its reader choose: another formula, another search, a place on the figure."""
    formula = filters.formula_of(explanation)
    if parts.figure is not None and drawn:
        mark(parts.figure, explanation, formula)
    return replace(
        parts,
        own=[_own_formula(explanation, filters.form)] if filters.form else [],
        shown=[*components([Note(filters.sentence(explanation))]), *leave_out_buttons(explanation, formula)],
        what_if=sliders(explanation) if drawn else [],
        told=told(explanation, formula),
        lengths=tuple(each.complexity for each in explanation.formulas),
    )


def _own_formula(explanation: Explained, form: str) -> Any:
    """Returns the page on a formula of the user's own, fitted to the record, or why it cannot be fitted."""
    try:
        own = FittedFormula.fitted(explanation, form)
    except DeepcaveSymbolicError as error:
        problem = PanelError(type(error).__name__, str(error), "Change your formula, or empty its field.")
        return error_card(problem, "Your formula cannot be fitted")
    title = f"Surrogate, your formula and trials of {' and '.join(explanation.hyperparameters)}"
    (figure,) = _figures([Figure("explanation", (explanation,), (own.formula,), title)]).values()
    # As below: warnings above the formula, the verdict in the heading alone.
    page = sorted(own_formula_document(own), key=lambda block: not isinstance(block, Heading | Warnings))
    parts = components(block.without("Verdict") if isinstance(block, Facts) else block for block in page)
    return dbc.Card(dbc.CardBody([*parts, dcc.Graph(figure=figure, style={"height": "500px"})]), className="mb-4")


def _is_text_table(block: Block) -> bool:
    return isinstance(block, Table) and block.is_text


def _overview(record: PanelRecord, filters: Filters, call: Callable[[str], str]) -> Parts:
    explanations = record.explanations
    page = overview(explanations, choose=filters.formula_of)
    pictured = "The pictures show surrogate (blue) and formula (red) on one scale of the objective; "
    pictured += "click on a name to see it alone."
    sentence = f"{filters.sentence_of_all(explanations)} {pictured}"
    if filters.form:
        sentence += " Choose one or two hyperparameters to see your formula."
    view = explanations[0].view
    title = Heading(view.titled("All hyperparameters, those that move the objective most first"), view=view.words)
    pictures = sparklines([(e, filters.formula_of(e)) if isinstance(e, Explained) else None for e in explanations])
    choices = [choice_of(e.hyperparameters[0]) if isinstance(e, Explained) else None for e in explanations]
    run = asked_text(explanations[0], call)
    common = common_warnings(explanations)
    warnings = [block for block in page if isinstance(block, Warnings)]
    everywhere = [Warnings(tuple(row for row in block.rows if row in common.rows)) for block in warnings]
    body = [
        # What to beware of stands above every formula.
        *components(everywhere),
        *_whole_run(record, common, run),
        *components([title, Note(sentence), *_notes(record)], run=run),
        *(table(block, pictures, choices) for block in page if isinstance(block, Table)),
        # Below the table, which may be wider than the page: sentences have to wrap.
        *components(block.without(common) for block in warnings),
    ]
    body += map(_high_figure, _figures(page).values())
    return Parts(body=body)


def _whole_run(record: PanelRecord, common: Warnings, run: str) -> list[Any]:
    """Returns the formula of the whole run and its parts, without the warnings that stand below."""
    if record.whole_run is None:
        return []
    page = beside_cards(whole_run_document(record.whole_run))
    shown = [block.without(common) if isinstance(block, Warnings) else block for block in page]
    return [html.Div(pictured(shown, run, record=record), className="mb-4")]


def pictured(
    blocks: Iterable[Block], run: str = "", copies: str = COPIES, record: PanelRecord | None = None
) -> list[Any]:
    """Returns blocks in order, with their figures among them.

    Args:
        blocks: The blocks.
        run: As in `components`.
        copies: As in `components`; it tells pages apart.
        record: Has the places of a run's formula, whose figure then has sliders; None for none.
    """
    parts: list[Any] = []
    for block in blocks:
        if isinstance(block, Waterfall) and record is not None and record.places is not None and record.whole_run:
            parts.append(html.Div(run_what_if(record.whole_run, record.places, copies, record.asked), className="mb-4"))
            continue
        parts += [_high_figure(_untitled(block))] if isinstance(block, Picture) else components([block], run, copies)
    return parts


def _untitled(block: Picture) -> go.Figure:
    """Returns a figure without the title that stands above it as a heading or as a formula."""
    figure = draw_figure(block)
    if isinstance(block, SideBySide):
        view = escape(block.compared.explanations[0].view.words) if isinstance(block.compared, Compared) else ""
        figure.update_layout(title_text=view, margin={"t": 64 if view else 30})
    return figure


def _high_figure(figure: go.Figure) -> Any:
    """Returns a figure that says itself how high it is."""
    return dcc.Graph(figure=figure, style={"height": f"{figure.layout.height}px"})


def _figures(page: Sequence[Block]) -> dict[str, go.Figure]:
    figures: dict[str, go.Figure] = {block.kind: draw_figure(block) for block in page if isinstance(block, Figure)}
    if "explanation" in figures:
        # The formula stands typeset above. The legend goes below the axis title, which it would cover in a figure of
        # this height.
        (explanation,) = next(block.explanations for block in page if isinstance(block, Figure))
        view = escape(explanation.view.words)
        figures["explanation"].update_layout(title_text=view, margin={"t": 64 if view else 40}, legend={"y": -0.27})
    return figures


def _notes(record: PanelRecord) -> list[Warnings]:
    return [Warnings(tuple((VERDICTS[0], note) for note in record.notes))]
