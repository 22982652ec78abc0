"""Parts of the page that one explanation and the overview share."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

import dash_bootstrap_components as dbc
import plotly.graph_objects as go
from dash import html

from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.formula import Formula
from deepcave_symbolic.panel.markup import copyable, facts_table
from deepcave_symbolic.panel.record import PanelRecord
from deepcave_symbolic.trust import judge
from deepcave_symbolic.visualization import escape

__all__ = [
    "VERDICT_COLORS",
    "alerts",
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
VERDICT_COLORS = {"trust": "success", "caution": "warning", "do not trust": "danger"}


def choose(explanation: Explanation, at_most: int) -> Formula:
    """Returns the recommended formula, or the most accurate one with at most so many operators."""
    if at_most <= 0:
        return explanation.best
    short = [f for f in explanation.formulas if f.complexity <= at_most]
    return short[-1] if short else explanation.formulas[0]


def heading(text: str, explanation: Explanation) -> Any:
    """Returns a heading with the run's name, because results stay on the page while another run is being selected."""
    run = PurePath(str(explanation.provenance.get("run", ""))).name
    return html.H4([text, html.Small(f" in {run}", className="text-muted")], style={"overflowWrap": "anywhere"})


def judged(explanation: Explanation, formula: Formula) -> tuple[str, list[str]]:
    """Returns the verdict on the formula shown and the warnings; the record's own are about the recommended one."""
    if formula == explanation.best or explanation.surrogate is None or explanation.projection is None:
        return explanation.verdict, explanation.warnings
    verdict, _ = judge(explanation.surrogate, explanation.projection, formula)
    levels = list(VERDICT_COLORS)
    if levels.index(verdict) <= levels.index(explanation.verdict):
        return verdict, explanation.warnings
    note = f"The formula shown follows the surrogate only with R² {formula.r2:.2f}; allow more operators."
    return verdict, [note, *explanation.warnings]


def words(text: str) -> go.Figure:
    """Returns a figure that says why it is empty, for those who draw it outside the page."""
    figure = go.Figure()
    figure.add_annotation(text=escape(text), showarrow=False)
    return figure.update_layout(template="plotly_white", xaxis={"visible": False}, yaxis={"visible": False})


def operators(n: int) -> str:
    """Returns the count in words."""
    return f"{n} operator" if n == 1 else f"{n} operators"


def alerts(warnings: Sequence[str], verdict: str) -> list[Any]:
    """Returns a card a warning, in the verdict's colour."""
    return [
        dbc.Alert(text, color=VERDICT_COLORS.get(verdict, "warning"), className="symbolic-warning") for text in warnings
    ]


def table(head: Sequence[str], rows: Sequence[Any]) -> Any:
    """Returns a table that scrolls sideways where it is wider than the page."""
    return html.Div(
        dbc.Table([html.Thead(html.Tr([html.Th(h) for h in head])), html.Tbody(list(rows))], size="sm", hover=True),
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
