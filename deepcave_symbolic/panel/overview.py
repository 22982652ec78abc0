"""Draws the overview of all hyperparameters: a row each, those that move the objective most first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
import plotly.graph_objects as go
from dash import html

from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.formula import Formula
from deepcave_symbolic.panel.markup import sparkline, typeset
from deepcave_symbolic.panel.parts import (
    VERDICT_COLORS,
    alerts,
    choose,
    heading,
    in_code,
    judged,
    operators,
    surrogate_card,
    table,
    words,
)
from deepcave_symbolic.panel.record import PanelRecord
from deepcave_symbolic.visualization import escape

__all__ = ["draw_overview"]


def draw_overview(record: PanelRecord, at_most: int) -> list[Any]:
    """Returns what `outputs.draw` does, for a record of all hyperparameters."""
    explained = [e for e in record.explanations if e.formulas]
    rows = [_overview_row(e, choose(e, at_most)) for e in explained]
    others = [e for e in record.explanations if not e.formulas]
    rows += [html.Tr([html.Td(", ".join(e.hyperparameters)), html.Td(" ".join(e.warnings), colSpan=5)]) for e in others]
    common = [w for w in (explained[0].warnings if explained else []) if all(w in e.warnings for e in explained)]
    worst = max((e.verdict for e in explained), key=list(VERDICT_COLORS).index, default="caution")
    objective = record.explanations[0].objective if record.explanations else ""
    head = ["Hyperparameter", f"Range ({objective})", "R²", "Operators", "Verdict", "Formula"]
    kind = "the recommended formulas" if at_most <= 0 else f"the best formulas with at most {operators(at_most)}"
    answer = [
        *(heading("All hyperparameters, those that move the objective most first", e) for e in record.explanations[:1]),
        html.P(
            f"Shown: {kind}. The pictures show surrogate (solid) and formula (dashed).",
            className="text-muted symbolic-shown",
        ),
        *alerts(common, worst),
        *(dbc.Alert(note, color="info") for note in record.notes),
        table(head, rows),
        *_own_warnings(explained, common),
    ]
    details = [*(surrogate_card(e) for e in explained[:1]), in_code(record)]
    figure = _plot_ranges(explained, objective)
    return [figure, words("The overview has no front."), answer, details, False, True, True]


def _own_warnings(explained: Sequence[Explanation], common: Sequence[str]) -> list[Any]:
    return [
        dbc.Alert(f"{', '.join(e.hyperparameters)}: {text}", color=VERDICT_COLORS.get(e.verdict, "warning"))
        for e in explained
        for text in e.warnings
        if text not in common
    ]


def _overview_row(explanation: Explanation, formula: Formula) -> Any:
    verdict, _ = judged(explanation, formula)
    cells = [
        [html.Div(", ".join(explanation.hyperparameters)), sparkline(explanation, formula)],
        f"{explanation.range:.3g}",
        f"{formula.r2:.3f}",
        str(formula.complexity),
        verdict,
        typeset(formula, with_objective=False),
    ]
    return html.Tr([html.Td(cell) for cell in cells])


def _plot_ranges(explained: Sequence[Explanation], objective: str) -> go.Figure:
    if not explained:
        return words("No hyperparameter could be explained.")
    names = [escape(", ".join(e.hyperparameters)) for e in explained][::-1]
    figure = go.Figure(go.Bar(x=[e.range for e in explained][::-1], y=names, orientation="h"))
    return figure.update_layout(
        template="plotly_white",
        margin={"l": 20, "r": 30, "t": 50, "b": 60},
        title=f"How much of {escape(objective)} each hyperparameter moves",
        xaxis_title=f"range of the surrogate's mean ({escape(objective)})",
        yaxis={"automargin": True, "type": "category"},
    )
