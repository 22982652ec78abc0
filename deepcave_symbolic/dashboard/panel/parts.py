"""Parts of the page that one explanation and the overview share."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dash_bootstrap_components as dbc
import plotly.graph_objects as go
from dash import html

from deepcave_symbolic.dashboard.panel.markup import copyable, facts_table
from deepcave_symbolic.dashboard.panel.stored_result import PanelRecord
from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.findings.trust import VERDICTS
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.show.cards import run_of
from deepcave_symbolic.show.figures.parts import escape
from deepcave_symbolic.words.names import visible

__all__ = [
    "VERDICT_COLORS",
    "Judgement",
    "alert",
    "badge",
    "choose",
    "heading",
    "in_code",
    "judged",
    "operators",
    "surrogate_card",
    "table",
    "words",
]

#: Bootstrap's colour of a verdict, the best first.
VERDICT_COLORS = dict(zip(VERDICTS, ("success", "warning", "danger"), strict=True))


def choose(explanation: Explanation, at_most: int) -> Formula:
    """Returns the recommended formula, or the most accurate one with at most so many operators."""
    if at_most <= 0:
        return explanation.best
    short = [f for f in explanation.formulas if f.complexity <= at_most]
    return short[-1] if short else explanation.formulas[0]


def heading(text: str, explanation: Explanation, verdict: str | None = None) -> Any:
    """Returns a heading with the run's name, because results stay on the page while another run is being selected.

    Args:
        text: What is explained.
        explanation: The record.
        verdict: Stands beside it as a badge.
    """
    parts = [visible(text), html.Small(visible(f" in {run_of(explanation)}"), className="text-muted")]
    if verdict is not None:
        parts.append(badge(verdict, className="ms-3"))
    return html.H4(parts, style={"overflowWrap": "anywhere"})


def badge(verdict: str, className: str = "") -> Any:
    """Returns a verdict on its colour."""
    # White on Bootstrap's yellow cannot be read.
    dark = " text-dark" if VERDICT_COLORS[verdict] == "warning" else ""
    return dbc.Badge(verdict, color=VERDICT_COLORS[verdict], className=f"symbolic-verdict {className}{dark}".strip())


@dataclass(frozen=True)
class Judgement:
    """What the page says of the formula shown; the record's own verdict and warnings are about the recommended one.

    Args:
        verdict: One of `trust.VERDICTS`.
        reasons: Why, in sentences.
        warnings: The other warnings.
    """

    verdict: str
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]


def judged(explanation: Explanation, formula: Formula) -> Judgement:
    """Returns the verdict on the formula shown, with the warnings that hold for it."""
    recommended = explanation.trust().reasons
    others = tuple(w for w in explanation.warnings if w not in recommended)
    trust = explanation.trust(formula)
    if formula == explanation.best:
        return Judgement(trust.verdict, trust.reasons, others)
    # A reason that only a formula of the user's own choice has is that it is too short: surrogate and projection are
    # the same.
    reasons = [reason for reason in trust.reasons if reason in recommended]
    if formula.complexity >= explanation.best.complexity:
        return Judgement(trust.verdict, trust.reasons, others)
    if len(reasons) < len(trust.reasons):
        r2 = round(formula.r2, 2) + 0.0  # no -0.00
        reasons.insert(0, f"The formula shown follows the surrogate only with R² {r2:.2f}; allow more operators.")
    return Judgement(trust.verdict, tuple(reasons), others)


def words(text: str) -> go.Figure:
    """Returns a figure that says why it is empty, for those who draw it outside the page."""
    figure = go.Figure()
    figure.add_annotation(text=escape(text), showarrow=False)
    return figure.update_layout(template="plotly_white", xaxis={"visible": False}, yaxis={"visible": False})


def operators(n: int) -> str:
    """Returns the count in words."""
    return f"{n} operator" if n == 1 else f"{n} operators"


def alert(text: Any, verdict: str = "with care") -> Any:
    """Returns a warning in the verdict's colour; beside a verdict that is good, it is a remark."""
    color = "info" if verdict == VERDICTS[0] else VERDICT_COLORS[verdict]
    shown = visible(text) if isinstance(text, str) else text
    return dbc.Alert(shown, color=color, className="symbolic-warning")


def table(head: Sequence[str], rows: Sequence[Any]) -> Any:
    """Returns a table that scrolls sideways where it is wider than the page."""
    for row in rows:
        for cell in row.children[:-1]:
            # Numbers of two columns would read as one.
            cell.style = {**(getattr(cell, "style", None) or {}), "paddingRight": "0.75rem"}
    return html.Div(
        dbc.Table(
            [html.Thead(html.Tr([html.Th(visible(h)) for h in head])), html.Tbody(list(rows))], size="sm", hover=True
        ),
        style={"overflowX": "auto"},
    )


def surrogate_card(explanation: Explanation) -> Any:
    """Returns the card that says which model spoke and how well it predicts."""
    record = explanation.surrogate
    if record is None:
        return None
    origin = "the run's own, exactly" if record.exact else "; ".join(record.differences) or "not the run's own"
    quality = "not known" if record.cv_r2 is None else f"R² {record.cv_r2:.3f}"
    if record.cv_rank_correlation is not None:
        quality += f", rank correlation {record.cv_rank_correlation:.3f}"
    if record.cv_domain_r2 is not None:
        quality += f"; R² {record.cv_domain_r2:.3f} with every trial weighted by the share of the space nearest to it"
    provenance = explanation.provenance
    facts = [
        ("Model", record.name),
        ("Origin", origin),
        ("Run", f"{provenance.get('run', '')} ({provenance.get('optimizer', '')})"),
        ("Trials", str(record.n_trials)),
        ("On unseen trials", f"{quality} (cross-validated)"),
        ("Versions", ", ".join(f"{k} {v}" for k, v in record.versions.items())),
    ]
    options = json.dumps(dict(record.options), indent=1, default=str)
    return dbc.Card(
        [
            dbc.CardHeader("Surrogate"),
            dbc.CardBody(
                [
                    facts_table(facts),
                    html.Details(
                        [html.Summary("Options"), html.Pre(options, style={"overflowX": "auto", "maxHeight": "20rem"})]
                    ),
                ]
            ),
        ],
        className="mb-3",
    )


def in_code(record: PanelRecord) -> Any:
    """Returns the call that reproduces what is shown."""
    return html.Details(
        [
            html.Summary("In code"),
            copyable("Python that reproduces this", record.code, id="symbolic_formulas-code"),
        ],
        className="mb-3",
    )
