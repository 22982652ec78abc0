"""Draws a stored record: the page's parts and figures. Nothing here asks the run anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html

from deepcave_symbolic.dashboard.panel.markup import copyable, facts_table, typeset
from deepcave_symbolic.dashboard.panel.overview import draw_overview
from deepcave_symbolic.dashboard.panel.parts import (
    Judgement,
    alert,
    choose,
    heading,
    in_code,
    judged,
    operators,
    surrogate_card,
    table,
    words,
)
from deepcave_symbolic.dashboard.panel.stored_result import PanelError, PanelRecord
from deepcave_symbolic.exceptions import FormulaError
from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.findings.trust import VERDICTS
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.show.facts import band_fact, findings, groups_title, settled
from deepcave_symbolic.show.figures.explanation import plot_explanation, plot_front
from deepcave_symbolic.words.names import visible

__all__ = ["JSONText", "draw", "has_failed", "output_layout"]


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
        # Where the callback of "Try again" writes nothing.
        dcc.Store(id="symbolic_formulas-pressed"),
    ]


def has_failed(stored: Any) -> bool:
    """Returns whether a stored result is an error or cannot be read."""
    try:
        return PanelRecord.from_dict(stored).error is not None
    except FormulaError:
        return True


def draw(stored: Any, *, at_most: int) -> list[Any]:
    """Returns figure, front, answer, details, and whether figure, front and "Try again" are hidden.

    Args:
        stored: What `compute` returned, or whatever else was found in its place.
        at_most: Largest number of operators of the formula drawn; 0 for the recommended one.
    """
    try:
        record = PanelRecord.from_dict(stored)
    except FormulaError as error:
        return _draw_error(PanelError("FormulaError", str(error), "Press Try again to compute it anew."))
    if record.error is not None:
        return _draw_error(record.error)
    if record.overview:
        return draw_overview(record, at_most)
    return _draw_explanation(record, record.explanations[0], at_most)


# --- errors -------------------------------------------------------------------------------------------------------


def _draw_error(error: PanelError) -> list[Any]:
    card = dbc.Alert(
        [
            html.H4("No formula", className="alert-heading"),
            html.P(error.message, style={"overflowWrap": "anywhere"}),
            html.P([html.Strong("What to do: "), error.advice]),
            html.Small(error.type, className="text-muted"),
        ],
        color="danger",
        className="symbolic-error",
    )
    return [words(error.message), words(error.message), [card], [], True, True, False]


# --- one explanation ----------------------------------------------------------------------------------------------


def _draw_explanation(record: PanelRecord, explanation: Explanation, at_most: int) -> list[Any]:
    formula = choose(explanation, at_most)
    figure = plot_explanation(explanation, formula)
    # The formula stands typeset above. The legend goes below the axis title, which it would cover in a figure of this
    # height.
    figure.update_layout(title_text="", margin={"t": 40}, legend={"y": -0.27})
    # It has no title that needs room.
    front = plot_front(explanation, formula).update_layout(margin={"t": 20})
    return [
        figure,
        front,
        _answer(record, explanation, formula, at_most),
        _details(record, explanation, formula),
        False,
        False,
        True,
    ]


def _answer(record: PanelRecord, explanation: Explanation, formula: Formula, at_most: int) -> list[Any]:
    judgement = judged(explanation, formula)
    interaction = explanation.interaction(formula)
    return [
        heading(" and ".join(explanation.hyperparameters), explanation, judgement.verdict),
        *_verdict_alert(judgement),
        typeset(formula, with_objective=True, size="1.5rem"),
        *([] if interaction is None else [_interaction(interaction.sentence)]),
        html.P(_shown(formula, at_most), className="text-muted symbolic-shown"),
        *_optimum_alert(explanation, formula),
        facts_table(_facts(explanation, formula)),
        *(alert(text, VERDICTS[0]) for text in judgement.reasons if judgement.verdict == VERDICTS[0]),
        *(alert(text) for text in judgement.warnings),
        *(dbc.Alert(note, color="info") for note in record.notes),
        *_as_good(explanation, formula),
        html.Details(
            [
                html.Summary("Copy the formula"),
                copyable("LaTeX", formula.latex(), id="symbolic_formulas-copy-latex"),
                copyable("Python", formula.python(), id="symbolic_formulas-copy-python"),
                copyable("text", str(formula), id="symbolic_formulas-copy-text"),
            ],
            className="mb-3",
        ),
    ]


def _verdict_alert(judgement: Judgement) -> list[Any]:
    """Returns why the formula is to be read with care or not at all; the remarks beside a good verdict stand below."""
    advice = {VERDICTS[1]: "Read this formula with care. ", VERDICTS[2]: "Do not trust this formula. "}
    if judgement.verdict not in advice:
        return []
    return [alert([html.Strong(advice[judgement.verdict]), " ".join(judgement.reasons)], judgement.verdict)]


def _interaction(sentence: str) -> Any:
    return html.P([html.Strong("Interaction: "), sentence], className="mb-1 symbolic-interaction")


def _optimum_alert(explanation: Explanation, formula: Formula) -> list[Any]:
    if not explanation.optimum(formula).disagrees:
        return []
    text = (
        "Formula, surrogate and incumbent disagree about the best setting by more than the surrogate's uncertainty: "
        "do not use the formula's optimum untested (see Optimum)."
    )
    return [alert(text)]


def _as_good(explanation: Explanation, formula: Formula) -> list[Any]:
    """Returns the formulas that are as good, folded, or a sentence that there is none."""
    others = explanation.alternatives(formula)
    if not others:
        sentence = settled(explanation, formula)
        return [html.P(sentence, className="symbolic-settled")] if sentence else []
    rows = [
        html.Tr([html.Td(f"{f.r2:.4f}"), html.Td(f"{f.rmse:.3g}"), html.Td(typeset(f, with_objective=False))])
        for f in others
    ]
    return [
        html.Details(
            [
                html.Summary(f"Formulas as long that the trials cannot tell from this one ({len(others)})"),
                table(["R²", f"RMSE ({explanation.objective})", "Formula"], rows),
            ],
            className="mb-3 symbolic-alternatives",
        )
    ]


def _shown(formula: Formula, at_most: int) -> str:
    kind = "the recommended formula" if at_most <= 0 else f"the best formula with at most {operators(at_most)}"
    return f"Shown: {kind} ({operators(formula.complexity)}, R² {formula.r2:.4f})."


def _facts(explanation: Explanation, formula: Formula) -> list[tuple[str, str]]:
    maximized = explanation.provenance.get("direction") == "maximize"
    direction = "larger is better" if maximized else "smaller is better"
    budget = "" if explanation.budget is None else f", at budget {explanation.budget:g}"
    fit = f"R² {formula.r2:.4f} against the {_described(explanation)}, RMSE {formula.rmse:.3g} {explanation.objective}"
    facts = [
        # The interaction stands with the formula.
        *(fact for fact in findings(explanation, formula) if fact[0] != "Interaction"),
        ("Fit", fit if formula.trials_r2 is None else f"{fit}; R² {formula.trials_r2:.4f} on the trials"),
        *band_fact(explanation, formula),
        ("Objective", f"{explanation.objective} ({direction}){budget}"),
        ("Domain", "; ".join(axis.describe() for axis in formula.axes)),
    ]
    if explanation.conditions:
        facts.append(("Only where", " and ".join(explanation.conditions)))
    facts.append(("Range", f"the surrogate's mean moves by {explanation.range:.3g} {explanation.objective}"))
    return facts


def _described(explanation: Explanation) -> str:
    projection = explanation.projection
    if projection is None or projection.n_averaged == 0:
        return "surrogate"
    return f"surrogate's mean over {projection.n_averaged} configurations"


def _details(record: PanelRecord, explanation: Explanation, formula: Formula) -> list[Any]:
    return [
        html.H5("Formulas of the front", className="mt-3"),
        _front_table(explanation, formula),
        *_groups(explanation),
        surrogate_card(explanation),
        in_code(record),
    ]


def _groups(explanation: Explanation) -> list[Any]:
    """Returns the formulas that every choice of a categorical has by itself."""
    if not explanation.groups:
        return []
    rows = [
        html.Tr(
            [
                html.Td(visible(choice), style={"overflowWrap": "anywhere"}),
                html.Td(f"{group.best.r2:.4f}"),
                html.Td(typeset(group.best, with_objective=False)),
            ]
        )
        for choice, group in explanation.groups.items()
    ]
    return [
        html.H5(groups_title(explanation), className="mt-3", style={"overflowWrap": "anywhere"}),
        html.Div(table(["Choice", "R²", "Formula"], rows), className="symbolic-groups"),
    ]


def _front_table(explanation: Explanation, shown: Formula) -> Any:
    best = explanation.best
    rows = []
    for f in explanation.formulas:
        marks = [text for text, holds in (("shown", f == shown), ("recommended", f == best)) if holds]
        cells = [str(f.complexity), f"{f.r2:.4f}", f"{f.rmse:.3g}", typeset(f, with_objective=False), ", ".join(marks)]
        rows.append(html.Tr([html.Td(c) for c in cells], className="table-primary" if f == shown else ""))
    return table(["Operators", "R²", f"RMSE ({explanation.objective})", "Formula", ""], rows)
