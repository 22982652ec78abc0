"""Writes a page as Markdown with formulas in LaTeX, as GitHub, GitLab, Jupyter and pandoc show them."""

from __future__ import annotations

from collections.abc import Sequence

from deepcave_symbolic.show.blocks import Block, Cell, Facts, FormulaBlock, Heading, Note, Table, Warnings
from deepcave_symbolic.words.names import visible

__all__ = ["literal", "write_markdown"]


def write_markdown(blocks: Sequence[Block]) -> str:
    """Returns the page as Markdown in which names are literal."""
    ordered = sorted(blocks, key=lambda block: isinstance(block, Warnings))
    return "\n\n".join(text for text in map(_text, ordered) if text) + "\n"


def _text(block: Block) -> str:
    match block:
        case Heading():
            return f"## {literal(block.text)}"
        case FormulaBlock():
            return f"$${block.latex}$$"
        case Facts():
            return "\n".join(["| | |", "| --- | --- |", *(_line(map(literal, row)) for row in block.rows)])
        case Warnings():
            return "\n\n".join(f"> {literal(text)}" for _, text in block.rows)
        case Note():
            return literal(block.text)
        case Table():
            return _table(block)
        case _:  # figures, and what a click would open
            return ""


def _table(table: Table) -> str:
    shown = table.rows[: table.brief]
    head = [literal(column.title) for column in table.columns]
    rules = ["---:" if column.kind == "number" else "---" for column in table.columns]
    rows = [[_cell(cell) for cell in row] for row in (*shown, *table.foot)]
    if table.answers:
        head, rules = ["", *head], ["---", *rules]
        rows = [[table.answer(i), *row] for i, row in enumerate(rows)]
    parts = [f"{literal(table.title)}:"] if table.title else []
    parts.append("\n".join(map(_line, (head, rules, *rows))))
    if len(shown) < len(table.rows):
        parts.append(f"and {len(table.rows) - len(shown)} more")
    if table.legend:
        parts.append("  \n".join(literal(f"{title}: {meaning}") for title, meaning in table.legend))
    return "\n\n".join(parts)


def _cell(cell: Cell) -> str:
    return literal(cell) if isinstance(cell, str) else f"${cell.latex_body()}$".replace("|", "\\vert ")


def _line(cells: Sequence[str] | map[str]) -> str:
    return f"| {' | '.join(cells)} |"


def literal(text: str) -> str:
    """Returns text for a cell of a table or a line of its own, without any mark-up in it."""
    text = visible(text)
    for c in "\\|`*_<>[]$&#~":
        text = text.replace(c, "\\" + c)
    return text
