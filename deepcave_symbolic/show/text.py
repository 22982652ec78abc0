"""Writes a page as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from deepcave_symbolic.show.blocks import Block, Cell, Facts, FormulaBlock, Heading, Note, Table, Warnings
from deepcave_symbolic.show.formula_lines import broken
from deepcave_symbolic.words.names import visible

__all__ = ["WIDTH", "write_text"]

#: Letters of a line, where nothing is known of what shows it.
WIDTH = 100
#: In a column of at least this share of the width a long formula is broken; else all formulas stand below their rows.
_FORMULA_SHARE = 0.6
#: Lines of a formula in a table; longer ones have dozens of choices.
_MOST_LINES = 8
#: What stands before the row of an answer, which may be several; the first counts.
_SIGNS = {"recommended": "*", "simplest": "-", "most accurate": "+"}


def write_text(blocks: Sequence[Block], width: int = WIDTH) -> str:
    """Returns the page as lines of at most so many letters, but for names and numbers without a blank in them."""
    # What is last is what a terminal shows.
    ordered = sorted(blocks, key=lambda block: isinstance(block, Warnings))
    return "\n\n".join("\n".join(lines) for lines in (_lines(block, width) for block in ordered) if lines)


def _lines(block: Block, width: int) -> list[str]:
    match block:
        case Heading():
            return [visible(block.text)]
        case FormulaBlock():
            first, *others = broken(block.text, width - 6)
            return [f"    {first}", *(f"      {line}" for line in others)]
        case Facts():
            labels = max(len(label) for label, _ in block.rows) + 2
            return [line for label, text in block.rows for line in _hanging(f"{label:<{labels}}", text, width)]
        case Warnings():
            return [line for _, text in block.rows for line in _hanging("! ", text, width)]
        case Note():
            return _hanging("", block.text, width)
        case Table():
            return _table(block, width)
        case _:  # figures, and what a click would open
            return []


def _hanging(start: str, text: str, width: int) -> list[str]:
    # A number stays with its percent sign.
    lines = textwrap.wrap(
        visible(text).replace(" %", "\0%"),
        width,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_on_hyphens=False,
    )
    return [line.replace("\0", " ") for line in lines]


def _table(table: Table, width: int) -> list[str]:
    shown = table.rows[: table.brief]
    head = tuple(column.short or column.title for column in table.columns)
    rows = [[_cell(cell) for cell in row] for row in (head, *shown, *table.foot)]
    marks = [""] * len(rows)
    if table.title:  # stands out to the left
        signs = (_SIGNS.get(table.answer(i).partition(",")[0], " ") for i in range(len(rows) - 1))
        marks = ["  ", *(f"{sign} " for sign in signs)]
    last = len(head) - (table.columns[-1].kind in ("formula", "text"))
    widths = [max(len(row[i]) for row in rows) for i in range(last)]
    starts = []
    for mark, row in zip(marks, rows, strict=True):
        cells = zip(row, widths, table.columns, strict=False)
        starts.append(mark + "  ".join(f"{c:{'>' if column.kind == 'number' else '<'}{w}}" for c, w, column in cells))
    legend = ", ".join(f"{_SIGNS[names[0]]} {' and '.join(names)}" for names in filter(None, table.answers))
    lines = [visible(table.title) + (f" ({legend})" if legend else "")] if table.title else []
    if table.is_text:
        texts = (_cell(row[-1]) for row in (head, *shown, *table.foot))
        lines += [
            line for start, text in zip(starts, texts, strict=True) for line in _hanging(f"{start}  ", text, width)
        ]
    elif last < len(head):
        lines += _with_last(starts, [row[-1] for row in (head, *shown, *table.foot)], width)
    else:
        lines += [start.rstrip() for start in starts]
    if len(shown) < len(table.rows):
        lines.append(f"  and {len(table.rows) - len(shown)} more")
    if table.legend:
        lines += ["", *(line for title, meaning in table.legend for line in _hanging("", f"{title}: {meaning}", width))]
    return lines


def _cell(cell: Cell) -> str:
    return visible(cell if isinstance(cell, str) else cell.text())


def _with_last(starts: Sequence[str], cells: Sequence[Cell], width: int) -> list[str]:
    """Returns rows with formulas as last cells: in a column where that is wide enough, else all below their rows."""
    room, least = width - len(starts[0]) - 2, round(_FORMULA_SHARE * width)
    below = max(len(_cell(cell)) for cell in cells) > room < least
    lines = [] if not below else [starts[0].rstrip()]
    for start, cell in zip(starts[below:], cells[below:], strict=True):
        if below and not isinstance(cell, str):
            lines += [start.rstrip(), *(f"    {line}" for line in _cut(broken(_cell(cell), width - 4)))]
            continue
        for i, line in enumerate(_cut(broken(_cell(cell), max(room, least)))):
            lines.append(f"{start if i == 0 else ' ' * len(start)}  {line}")
    return lines


def _cut(lines: list[str]) -> list[str]:
    return lines if len(lines) <= _MOST_LINES else [*lines[:_MOST_LINES], "…"]
