"""Writes the formula and the table of a page for a paper (needs booktabs and amsmath)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.show.blocks import Block, Cell, Column, FormulaBlock, Heading, Note, Table
from deepcave_symbolic.words.names import latex_name, visible

__all__ = ["table_latex", "write_latex"]

_NUMBERS = str.maketrans({"%": "\\%", "±": "$\\pm$", "<": "$<$"})


def write_latex(blocks: Sequence[Block]) -> str:
    """Returns the page's table of formulas, else its first, below the formula of a run or a law.

    Comments before it name the form whose constants it has, and what is looked at where that is no average of all.
    """
    views = [block.view for block in blocks if isinstance(block, Heading) and block.view]
    formulas = [block for block in blocks if isinstance(block, FormulaBlock) and not isinstance(block.formula, Formula)]
    # What the constants of one formula say is no table of formulas.
    tables = sorted((block for block in blocks if isinstance(block, Table)), key=lambda table: table.is_text)
    listed = [table for table in tables if not table.is_text]
    displayed = [block for block in formulas if block.formula is not None or (block.left and not listed)]
    forms = [block.text for block in formulas if block not in displayed]
    shown = listed if displayed else tables[:1]
    # Why there is no formula.
    reasons = [] if shown or displayed else [block.text for block in blocks if isinstance(block, Note)]
    comments = "".join(f"% {visible(text)}\n" for text in (*views, *forms, *reasons))
    return comments + "\n".join([*(f"\\[ {block.latex} \\]\n" for block in displayed), *map(table_latex, shown)])


def table_latex(table: Table) -> str:
    """Returns a table as LaTeX."""
    columns = table.columns
    lines = [
        f"\\begin{{tabular}}{{{''.join('r' if column.kind == 'number' else 'l' for column in columns)}}}",
        "\\toprule",
        _line(map(_head, columns)),
        "\\midrule",
    ]
    for i, row in enumerate(table.rows):
        first, *others = map(_cell, row, columns)
        lines.append(_line([first + "$^{*}$" * (i == table.recommended), *others]))
    if table.foot:
        lines.append("\\midrule")
    lines += [_line(map(_cell, row, columns)) for row in table.foot]
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", ""])


def _line(cells: Sequence[str] | map[str]) -> str:
    return " & ".join(cells) + " \\\\"


def _head(column: Column) -> str:
    if column.kind == "formula" and column.unit:
        return f"${latex_name(column.unit)}$"
    title = column.title.replace("R²", "$R^2$")
    return title[:1].upper() + title[1:] if title.isalpha() and not column.literal else title


def _cell(cell: Cell, column: Column) -> str:
    if not isinstance(cell, str):
        return f"$\\displaystyle {cell.latex_body()}$"
    if column.kind == "name":
        return f"${latex_name(cell)}$" if cell else ""
    if cell == "-" or column.kind == "formula":  # a word where there is no formula
        return "--"
    # A hyphen is no minus.
    return re.sub("^-", "$-$", cell.replace(" %", "\\,%").translate(_NUMBERS))
