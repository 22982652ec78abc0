"""Blocks of a page as dash components: how they look in the panel. What they say stands in `show/document.py`.

Dash shows text as text. Only typeset formulas are markup, in which every name is escaped.
"""

from __future__ import annotations

import base64
import html as escaping
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import dash_bootstrap_components as dbc
import numpy as np
from dash import dcc, html

from deepcave_symbolic.dashboard.panel.stored_result import PanelError
from deepcave_symbolic.findings.explained import Explained
from deepcave_symbolic.formulas.expression import evaluate
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.show.blocks import (
    Block,
    Cell,
    Code,
    Column,
    Details,
    Facts,
    FormulaBlock,
    Heading,
    Note,
    Picture,
    Table,
    Warnings,
)
from deepcave_symbolic.show.palette import FORMULA, SURROGATE, VERDICT_COLORS
from deepcave_symbolic.words.names import visible

__all__ = ["COPIES", "OPENER", "components", "copyable", "downloads", "error_card", "sparklines", "table"]

#: What the ids of fields to copy from begin with.
COPIES = "symbolic_formulas-copy"
#: Type of the buttons that open the page on a hyperparameter.
OPENER = "symbolic_formulas-opener"
_WIDTH, _HEIGHT, _MARGIN = 140, 36, 3
#: Of files to download, by ending.
_MIME_TYPES = {"csv": "text/csv", "json": "application/json"}
#: Of the letters of a page's formula: its terms fit in the width of a phone.
_LARGE = "clamp(1.05rem, 4.2vw, 1.5rem)"
_NO_FILE_NAME = re.compile(r"[^\w.-]+")
#: Characters of a line in a field to copy from, on a page of common width.
_FIELD_WIDTH = 100


def components(blocks: Iterable[Block], run: str = "", copies: str = COPIES) -> list[Any]:
    """Returns the blocks in order; figures have places of their own on the page.

    Args:
        blocks: The blocks.
        run: Stands in headings, because results stay on the page while something else is being chosen.
        copies: What the ids of fields to copy from begin with, another one for each result on a page.
    """
    return [_component(block, run, copies) for block in blocks if not isinstance(block, Picture)]


def _component(block: Block, run: str, copies: str) -> Any:
    match block:
        case Heading():
            return _heading(block, run)
        case FormulaBlock(formula=formula) if formula is not None:
            return _typeset(formula.mathml(breakable=True), size=_LARGE, left=formula.left)
        case FormulaBlock(left=left, mathml=mathml) if mathml:
            return _typeset(mathml, size=_LARGE, left=left)
        case FormulaBlock(text=text) | Note(text=text):
            return html.P(visible(text), className="symbolic-note")
        case Warnings(rows=rows):
            return html.Div([_warning(severity, sentence) for severity, sentence in rows])
        case Facts():
            return _facts(block)
        case Table():
            return table(block)
        case Code(title=title, text=text):
            return copyable(title, text, id=f"{copies}-{title.lower()}")
        case Details(title=title, blocks=inner):
            return html.Details([html.Summary(visible(title)), *components(inner, copies=copies)], className="mb-3")
    raise TypeError(f"the panel does not show a {type(block).__name__}")


def _heading(block: Heading, run: str) -> Any:
    parts: list[Any] = [visible(block.text)]
    if run:
        parts.append(html.Small(f" in {visible(run)}", className="text-muted"))
    if block.verdict is not None:
        parts.append(_badge(block.verdict, "ms-3"))
    return html.H4(parts, style={"overflowWrap": "anywhere"})


def _badge(verdict: str, space: str = "") -> Any:
    style = {"backgroundColor": VERDICT_COLORS[verdict], "color": "white"}
    return html.Span(verdict, className=f"badge symbolic-verdict {space}".rstrip(), style=style)


def _warning(severity: str, sentence: str) -> Any:
    style = {"borderLeft": f"0.3rem solid {VERDICT_COLORS[severity]}", "backgroundColor": "#f8f9fa"}
    return html.Div(visible(sentence), className="symbolic-warning px-3 py-2 mb-2", style=style)


def _facts(block: Facts) -> Any:
    left = {"whiteSpace": "nowrap", "paddingRight": "1.5rem", "width": "1%"}  # no wider than its text
    rows = [
        html.Tr([html.Th(label, style=left), html.Td(visible(text), style={"overflowWrap": "anywhere"})])
        for label, text in block.rows
    ]
    facts = dbc.Table(html.Tbody(rows), size="sm", borderless=True, className="mb-2")
    if not block.title:
        return facts
    return dbc.Card([dbc.CardHeader(block.title), dbc.CardBody(facts)], className="mb-3")


def table(block: Table, pictures: Sequence[Any] = (), choices: Sequence[str | None] = ()) -> Any:
    """Returns the table, which scrolls sideways where it is wider than the page.

    Args:
        block: The table.
        pictures: What stands below the name in each row.
        choices: Of each row the choice that a click on the name makes of the first hyperparameter; None for no click.
    """
    rows = []
    for i, cells in enumerate((*block.rows, *block.foot)):
        row = [_cell(cell, column) for cell, column in zip(cells, block.columns, strict=True)]
        if choices and (choice := choices[i]) is not None:
            style = {"textAlign": "left", "overflowWrap": "anywhere"}
            name, place = visible(str(cells[0])), {"type": OPENER, "choice": choice}
            row[0] = html.Button(name, id=place, n_clicks=0, className="btn btn-link p-0", style=style)
        if pictures:
            row[0] = [html.Div(row[0]), pictures[i]]
        if block.answers:
            row.append(", ".join(filter(None, ("shown" * (i == block.shown), block.answer(i)))))
        rows.append(html.Tr(_apart(html.Td, row), className="table-primary" if i == block.shown else ""))
    titles = [*map(_head, block.columns), *([""] if block.answers else [])]
    body = [html.Thead(html.Tr(_apart(html.Th, titles))), html.Tbody(rows)]
    # What scrolls can be reached by Tab.
    made = html.Div(dbc.Table(body, size="sm", hover=True), style={"overflowX": "auto"}, tabIndex="0")
    legend = "; ".join(f"{_capital(title)}: {meaning}" for title, meaning in block.legend)
    below = [html.P(f"{visible(legend)}.", className="text-muted")] if legend else []
    if block.folded:
        # The front is what the panel is for.
        front = block.shown is not None
        return html.Details([html.Summary(visible(block.title)), made, *below], className="mb-3", open=front)
    return html.Div([*([html.H5(visible(block.title))] if block.title else []), made, *below])


def _apart(kind: Any, cells: Sequence[Any]) -> list[Any]:
    """Returns the cells of a row with a gap between them, without which numbers of two columns would read as one."""
    return [*(kind(cell, style={"paddingRight": "0.75rem"}) for cell in cells[:-1]), kind(cells[-1])]


def _head(column: Column) -> str:
    unit = f" ({column.unit})" if column.unit and column.kind == "number" else ""
    return visible((column.title if column.literal else _capital(column.title)) + unit)


def _capital(title: str) -> str:
    return title[:1].upper() + title[1:]


def _cell(cell: Cell, column: Column) -> Any:
    if not isinstance(cell, str):
        return _typeset(cell.mathml())
    if cell in VERDICT_COLORS and column.kind == "verdict":
        return _badge(cell)
    style = {"overflowWrap": "anywhere"} if column.kind in ("name", "text") else {"whiteSpace": "nowrap"}
    return html.Span(visible(cell), style=style)


def _typeset(mathml: str, *, size: str = "0.95rem", left: str = "") -> Any:
    """Returns the formula as MathML in a box that scrolls sideways where it, or a term of it, is wider than the page.

    Args:
        mathml: The formula, one element or several between which a line may end.
        size: Of its letters.
        left: What stands before the ≈; nothing for a cell of a table.
    """
    text = mathml
    if left:
        name = escaping.escape(left)
        text = text.replace("<mrow>", f'<mrow><mi mathvariant="normal">{name}</mi><mo>≈</mo>', 1)
    # A block element on one line, so that Markdown leaves its text alone; dash reads it as JSX, where a brace opens an
    # expression.
    text = text.replace("{", "&#123;").replace("}", "&#125;").replace("\n", " ")
    return html.Div(
        dcc.Markdown(f"<div>{text}</div>", dangerously_allow_html=True, dedent=False),
        className="symbolic-formula",
        # As above; in tables, the rows would be too many.
        **({"tabIndex": "0"} if left else {}),
        style={
            "overflowX": "auto",
            "overflowY": "hidden",
            "fontSize": size,
            # Some fonts (Latin Modern Math) draw below what they say is their height.
            "padding": "0.4rem 0 0.7rem",
            # In a table no wider than the formula, so that it stands at the left, under its heading.
            "display": "block" if left else "inline-block",
            # What does not fit goes on in the next line, a little to the right.
            **({"paddingLeft": "1.5em", "textIndent": "-1.5em", "lineHeight": "1.6"} if left else {}),
            "maxWidth": "100%",
        },
    )


def copyable(label: str, text: str, *, id: str) -> Any:
    """Returns a read-only field with a button that copies it."""
    lines = sum(1 + len(line) // _FIELD_WIDTH for line in text.rstrip("\n").split("\n"))
    button = dcc.Clipboard(target_id=id, title=f"Copy {label}", style={"display": "inline-block"})
    style = {"fontFamily": "monospace", "fontSize": "0.85rem", "whiteSpace": "pre-wrap", "maxHeight": "20rem"}
    field = dbc.Textarea(id=id, value=text, readonly=True, rows=lines, style=style)
    return html.Div([html.Span(label, className="me-2"), button, field], className="mb-2")


def downloads(name: str, files: Mapping[str, str]) -> Any:
    """Returns links that save texts as files, without the server, and a button that copies the first of them.

    Args:
        name: Of the files, without an ending.
        files: Their texts by ending, such as "csv".
    """
    stem = _NO_FILE_NAME.sub("_", name)
    links = [
        html.A(
            f"Download {ending.upper()}",
            href=f"data:{_MIME_TYPES[ending]};charset=utf-8,{quote(text)}",
            download=f"{stem}.{ending}",
            className="me-3",
        )
        for ending, text in files.items()
    ]
    first = next(iter(files))
    label = f"Copy {first.upper()}"
    copy = dcc.Clipboard(content=files[first], title=label, style={"display": "inline-block"})
    return html.Div([*links, html.Span(label, className="me-1"), copy], className="symbolic-downloads mb-3")


def error_card(error: PanelError, title: str) -> Any:
    """Returns what went wrong under a title, and what to do."""
    return dbc.Alert(
        [
            html.H4(title, className="alert-heading"),
            html.P(error.message, style={"overflowWrap": "anywhere"}),
            html.P([html.Strong("What to do: "), error.advice]),
        ],
        color="danger",
        className="symbolic-error",
    )


def sparklines(shown: Sequence[tuple[Explained, Formula] | None]) -> list[Any]:
    """Returns small pictures of surrogate and formula along each hyperparameter, all on one scale of the objective.

    Args:
        shown: Explanations of one hyperparameter each with the formula to draw; None for no picture.
    """
    means = [explanation.projection.mean for explanation, _ in filter(None, shown)]
    scale = (min(map(np.nanmin, means)), max(map(np.nanmax, means))) if means else (0.0, 1.0)
    return ["" if each is None else _sparkline(*each, scale) for each in shown]


def _sparkline(explanation: Explained, formula: Formula, scale: tuple[float, float]) -> Any:
    """Returns the surrogate as a line and the formula dashed; dots and dashes where the choices have no order."""
    projection = explanation.projection
    axis = projection.axes[0]
    grid = projection.grid[projection.valid, 0]
    curves = [projection.mean[projection.valid], evaluate(formula.tree, [grid])]
    u = axis.to_coordinate(grid)
    low, high = scale
    margin = _MARGIN + (5 if axis.categorical else 0)  # a dash has its middle at its choice
    x = margin + (u - u.min()) / (np.ptp(u) or 1.0) * (_WIDTH - 2 * margin)
    lines = []
    for curve, color, dashed in ((curves[0], SURROGATE, False), (curves[1], FORMULA, True)):
        y = _HEIGHT - _MARGIN - (curve - low) / ((high - low) or 1.0) * (_HEIGHT - 2 * _MARGIN)
        places = [(f"{a:.1f}", f"{b:.1f}") for a, b in zip(x, y, strict=True)]
        style = f'fill="none" stroke="{color}" stroke-width="1.5"'
        if not axis.categorical:
            dashes = ' stroke-dasharray="4 2"' if dashed else ""
            lines.append(f'<polyline points="{" ".join(map(",".join, places))}" {style}{dashes}/>')
        elif dashed:
            lines += [f'<path d="M{a} {b}m-5 0h10" {style}/>' for a, b in places]
        else:
            lines += [f'<circle cx="{a}" cy="{b}" r="2.5" fill="{color}"/>' for a, b in places]
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}">{"".join(lines)}</svg>'
    )
    data = base64.b64encode(svg.encode()).decode()
    return html.Img(src=f"data:image/svg+xml;base64,{data}", alt="surrogate and formula", width=_WIDTH, height=_HEIGHT)
