"""Draws the overview of all hyperparameters: a row each, those that move the objective most first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
import plotly.graph_objects as go
from dash import html

from deepcave_symbolic.dashboard.panel.markup import sparkline, typeset
from deepcave_symbolic.dashboard.panel.parts import (
    alert,
    badge,
    choose,
    heading,
    in_code,
    judged,
    operators,
    surrogate_card,
    table,
    words,
)
from deepcave_symbolic.dashboard.panel.stored_result import PanelRecord
from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.findings.trust import VERDICTS
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.show.facts import share_text
from deepcave_symbolic.show.figures.parts import escape

__all__ = ["draw_overview"]


def draw_overview(record: PanelRecord, at_most: int) -> list[Any]:
    """Returns what `outputs.draw` does, for a record of all hyperparameters."""
    explained = [e for e in record.explanations if e.formulas]
    rows = [_overview_row(e, choose(e, at_most)) for e in explained]
    objective = record.explanations[0].objective if record.explanations else ""
    head = ["Hyperparameter", f"Range ({objective})", "Share", "R²", "Operators", "Verdict", "Formula"]
    kind = "the recommended formulas" if at_most <= 0 else f"the best formulas with at most {operators(at_most)}"
    common, own = _warnings([(e, choose(e, at_most)) for e in explained])
    answer = [
        *(heading("All hyperparameters, those that move the objective most first", e) for e in record.explanations[:1]),
        html.P(
            f"Shown: {kind}. The pictures show surrogate (solid) and formula (dashed). Share: how much of the "
            "surrogate's variance the hyperparameter accounts for on its own.",
            className="text-muted symbolic-shown",
        ),
        *common,
        *(dbc.Alert(note, color="info") for note in record.notes),
        table(head, rows),
        # Below the table, which may be wider than the page: sentences have to wrap.
        *(_unexplained(e) for e in record.explanations if not e.formulas),
        *own,
    ]
    details = [*(surrogate_card(e) for e in explained[:1]), in_code(record)]
    figure = _plot_ranges(explained, objective)
    return [figure, words("The overview has no front."), answer, details, False, True, True]


def _warnings(shown: Sequence[tuple[Explanation, Formula]]) -> tuple[list[Any], list[Any]]:
    """Returns the warnings on every formula and the others, behind their hyperparameters; the worst first."""
    judgements = [(", ".join(e.hyperparameters), judged(e, formula)) for e, formula in shown]
    # A reason has the verdict's colour; whatever else is to be known is a warning.
    found = [(name, text, j.verdict) for name, j in judgements for text in j.reasons]
    found += [(name, text, "with care") for name, j in judgements for text in j.warnings]
    found.sort(key=lambda f: -VERDICTS.index(f[2]))
    everywhere = {text for _, text, _ in found if all(text in (*j.reasons, *j.warnings) for _, j in judgements)}
    common = {text: verdict for _, text, verdict in reversed(found) if text in everywhere}
    own = [alert(f"{name}: {text}", verdict) for name, text, verdict in found if text not in everywhere]
    return [alert(text, verdict) for text, verdict in reversed(common.items())], own


def _unexplained(explanation: Explanation) -> Any:
    return html.P([html.Strong(f"{', '.join(explanation.hyperparameters)}: "), " ".join(explanation.warnings)])


def _overview_row(explanation: Explanation, formula: Formula) -> Any:
    cells = [
        [html.Div(", ".join(explanation.hyperparameters)), sparkline(explanation, formula)],
        f"{explanation.range:.3g}",
        html.Span(share_text(explanation), style={"whiteSpace": "nowrap"}),
        f"{formula.r2:.3f}",
        str(formula.complexity),
        badge(judged(explanation, formula).verdict),
        typeset(formula, with_objective=False, size="0.95rem"),
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
