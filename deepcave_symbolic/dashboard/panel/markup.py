"""Pieces of the page: typeset formulas, text to copy, sparklines. Every name in them is escaped."""

from __future__ import annotations

import base64
import html as escaping
from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
import numpy as np
from dash import dcc, html

from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.formulas.expression import evaluate
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.words.names import shown_name, visible

__all__ = ["copyable", "facts_table", "sparkline", "typeset"]

_WIDTH, _HEIGHT, _MARGIN = 140, 36, 3
#: Characters of a line in a field to copy from, on a page of common width.
_FIELD_WIDTH = 100
_SURROGATE, _FORMULA = "#1f77b4", "#d62728"


def typeset(formula: Formula, *, with_objective: bool, size: str = "1.0rem") -> Any:
    """Returns the formula as MathML in a box that scrolls sideways where it is longer than the page is wide."""
    text = formula.mathml()
    if with_objective:
        name = escaping.escape(shown_name(formula.objective))
        text = text.replace("<mrow>", f'<mrow><mi mathvariant="normal">{name}</mi><mo>≈</mo>', 1)
    # A block element on one line, so that Markdown leaves its text alone; dash reads it as JSX, where a brace opens an
    # expression.
    text = text.replace("{", "&#123;").replace("}", "&#125;").replace("\n", " ")
    return html.Div(
        dcc.Markdown(f"<div>{text}</div>", dangerously_allow_html=True, dedent=False),
        className="symbolic-formula",
        style={
            "overflowX": "auto",
            "overflowY": "hidden",
            "fontSize": size,
            # Some fonts (Latin Modern Math) draw below what they say is their height.
            "padding": "0.4rem 0 0.7rem",
            # In a table no wider than the formula, so that it stands at the left, under its heading.
            "display": "block" if with_objective else "inline-block",
            "maxWidth": "100%",
        },
    )


def copyable(label: str, text: str, *, id: str) -> Any:
    """Returns a read-only field with a button that copies it."""
    lines = sum(1 + len(line) // _FIELD_WIDTH for line in text.rstrip("\n").split("\n"))
    return html.Div(
        [
            html.Div(
                [
                    html.Span(label, className="me-2"),
                    dcc.Clipboard(target_id=id, title=f"Copy {label}", style={"display": "inline-block"}),
                ]
            ),
            dbc.Textarea(
                id=id,
                value=text,
                readonly=True,
                rows=lines,
                style={"fontFamily": "monospace", "fontSize": "0.85rem", "whiteSpace": "pre-wrap"},
            ),
        ],
        className="mb-2",
    )


def facts_table(facts: Sequence[tuple[str, str]]) -> Any:
    """Returns pairs of label and text as a table."""
    left = {"whiteSpace": "nowrap", "paddingRight": "1.5rem"}
    rows = [
        html.Tr([html.Th(label, style=left), html.Td(visible(text), style={"overflowWrap": "anywhere"})])
        for label, text in facts
    ]
    return dbc.Table(html.Tbody(rows), size="sm", borderless=True, className="mb-2")


def sparkline(explanation: Explanation, formula: Formula) -> Any:
    """Returns a small picture of surrogate (solid) and formula (dashed) along one hyperparameter."""
    projection = explanation.projection
    if projection is None:
        return ""
    axis = projection.axes[0]
    grid = projection.grid[projection.valid, 0]
    curves = [projection.mean[projection.valid], evaluate(formula.tree, [grid])]
    u = axis.to_coordinate(grid)
    low, high = min(map(np.min, curves)), max(map(np.max, curves))
    x = _MARGIN + (u - u.min()) / (np.ptp(u) or 1.0) * (_WIDTH - 2 * _MARGIN)
    lines = []
    for curve, color, dashes in ((curves[0], _SURROGATE, ""), (curves[1], _FORMULA, ' stroke-dasharray="4 2"')):
        y = _HEIGHT - _MARGIN - (curve - low) / ((high - low) or 1.0) * (_HEIGHT - 2 * _MARGIN)
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
        lines.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.5"{dashes}/>')
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}">{"".join(lines)}</svg>'
    )
    data = base64.b64encode(svg.encode()).decode()
    return html.Img(src=f"data:image/svg+xml;base64,{data}", alt="surrogate and formula", width=_WIDTH, height=_HEIGHT)
