"""Writes a page as HTML for a notebook, readable on its light page and on its dark one."""

from __future__ import annotations

import html
from collections.abc import Sequence

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
    Table,
    Warnings,
)
from deepcave_symbolic.show.palette import VERDICT_COLORS
from deepcave_symbolic.words.names import visible, visible_text

__all__ = ["write_notebook"]

_LEFT = " style='text-align:left'"
_LABEL = "style='text-align:left;white-space:nowrap'"


def write_notebook(blocks: Sequence[Block]) -> str:
    """Returns the page as HTML without a script; the figure is `plot()`'s."""
    return f"<div>{''.join(map(_html, blocks))}</div>"


def _html(block: Block) -> str:
    match block:
        case Heading():
            return f"<p><b>{_tx(block.text)}</b> {_badge(block.verdict)}</p>"
        case FormulaBlock():
            # The text is to copy, and for viewers that leave MathML out.
            typeset = "" if block.formula is None else block.formula._repr_html_()
            return f"{typeset}<p><code>{_tx(block.text)}</code></p>"
        case Facts():
            rows = block.without("Verdict").rows  # stands in the heading
            cells = (f"<tr><th {_LABEL}>{_tx(k)}</th><td{_LEFT}>{_tx(v)}</td></tr>" for k, v in rows)
            return f"<table>{''.join(cells)}</table>"
        case Warnings():
            return f"<ul>{''.join(f'<li>{_tx(text)}</li>' for _, text in block.rows)}</ul>"
        case Note():
            return f"<p>{_tx(block.text)}</p>"
        case Table():
            title = f"<p>{_tx(block.title)}</p>" if block.title else ""
            return _folded(block.title, _table(block)) if block.folded else title + _table(block)
        case Code():
            return f"<p>{_tx(block.title)}</p><pre>{html.escape(visible_text(block.text))}</pre>"
        case Details():
            return _folded(block.title, "".join(map(_html, block.blocks)))
        case _:  # a figure
            return ""


def _tx(text: str) -> str:
    return html.escape(visible(text))


def _folded(title: str, body: str) -> str:
    return f"<details><summary>{_tx(title)}</summary>{body}</details>"


def _badge(verdict: str | None) -> str:
    if verdict not in VERDICT_COLORS:
        return _tx(verdict or "")
    style = f"background:{VERDICT_COLORS[verdict]};color:#fff;border-radius:0.3em;padding:0.1em 0.5em"
    return f"<span style='{style};white-space:nowrap'>{_tx(verdict)}</span>"


def _table(table: Table) -> str:
    sides = ["" if column.kind == "number" else _LEFT for column in table.columns]
    head = "".join(map("<th{}>{}</th>".format, sides, (_tx(column.title) for column in table.columns)))
    body = []
    for i, row in enumerate((*table.rows, *table.foot)):
        cells = "".join(map("<td{}>{}</td>".format, sides, map(_cell, row, table.columns)))
        mark = f"<td>{_tx(table.answer(i))}</td>" if table.answers else ""
        body.append(f"<tr>{mark}{cells}</tr>")
    first = "<th></th>" if table.answers else ""
    legend = "".join(f"<br>{_tx(f'{title}: {meaning}')}" for title, meaning in table.legend).removeprefix("<br>")
    return (
        f"<table><thead><tr>{first}{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
        f"{f'<p>{legend}</p>' if legend else ''}"
    )


def _cell(cell: Cell, column: Column) -> str:
    if not isinstance(cell, str):
        return f"<code>{_tx(cell.text())}</code>"  # some viewers leave MathML out
    return _badge(cell) if column.kind == "verdict" else _tx(cell)
