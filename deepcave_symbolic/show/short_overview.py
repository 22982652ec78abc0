"""The overview of a run in few lines: what moves the objective, and one line each for all the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from deepcave_symbolic.findings.trust import VERDICTS, Verdict
from deepcave_symbolic.show.blocks import Block, Cell, Facts, FormulaBlock, Heading, Note, Table, Warnings
from deepcave_symbolic.show.laws import NO_LAW
from deepcave_symbolic.words.names import all_of
from deepcave_symbolic.words.numbers import counted

__all__ = ["short_overview"]

_Row: TypeAlias = tuple[Cell, ...]

_NO_EFFECT: Verdict = "no visible effect"
#: Rows that are shown, those where nothing can be told from noise, and names that a line lists.
_ROWS, _ROWS_OF_NOISE, _NAMES = 10, 3, 8
_AND_MORE = re.compile(r" and \d+ more$")


def short_overview(page: Sequence[Block], more: str) -> tuple[Block, ...]:
    """Returns the page with the formula of the run, the rows that tell something, and what holds for all of them.

    What cannot be told from noise is one line, what cannot be explained (constants) another.

    Args:
        page: The overview, with or without the formula of the run above it.
        more: What shows the rest.
    """
    table = [block for block in page if isinstance(block, Table) and not block.title][-1]
    above, below = page[: page.index(table)], page[page.index(table) + 1 :]
    noise = [row for row in table.rows if _NO_EFFECT in row]
    silent = [row for row in table.rows if isinstance(row[-1], str)]
    telling = [row for row in table.rows if row not in noise and row not in silent]
    rows = telling[:_ROWS] or noise[:_ROWS_OF_NOISE]
    warnings = [row for block in page if isinstance(block, Warnings) for row in block.rows]
    facts = [
        *([("Less", f"{_listed(telling[_ROWS:])} move it less.")] if len(telling) > _ROWS else []),
        *_folded("No visible effect", noise if telling else noise[_ROWS_OF_NOISE:], noise, warnings),
        *_folded("Not explained", silent, silent, warnings),
        *(row for block in below if isinstance(block, Facts) for row in block.rows if row[0] == "Objective"),
    ]
    every, folded = _names(table.rows), _names([*noise, *silent])
    # What is said of one hyperparameter alone is in its verdict.
    said = tuple(row for row in warnings if row[0] == VERDICTS[-1] or not _about(row[1]) & every)
    said = tuple(row for row in said if not _about(row[1]) & folded)
    unsaid = sum(row not in said and not _about(row[1]) & folded for row in warnings)
    lawless = ["why there is no law"] if any(isinstance(block, Table) and block.title for block in above) else []
    rest = ["every row", "what the columns mean", *lawless, "how good the surrogate is"]
    rest += [f"{counted(unsaid, 'more remark')}"] if unsaid else []
    return (
        *(kept for block in above for kept in _above(block)),
        replace(table, rows=tuple(rows), legend=(), brief=None),
        Facts(tuple(facts)),
        Note(f"{more} shows {all_of(rest)}."),
        *([Warnings(said)] if said else []),
    )


def _above(block: Block) -> tuple[Block, ...]:
    """Returns what is shown of a block of the formula of the run: of its laws those that hold."""
    if isinstance(block, Table) and block.title:
        rows = tuple(row for row in block.rows if not str(row[-1]).startswith(NO_LAW))
        return (replace(block, rows=rows),) if rows else ()
    return (block,) if isinstance(block, Heading | FormulaBlock | Facts | Table) else ()


def _folded(
    label: str, rows: Sequence[_Row], alike: Sequence[_Row], warnings: Sequence[tuple[Verdict, str]]
) -> list[tuple[str, str]]:
    """Returns a line on rows that say nothing, with the reason where all that are alike have the same."""
    if not rows:
        return []
    names = _names(alike)
    reasons = [text.partition(": ")[2] for _, text in warnings if _about(text) and _about(text) <= names]
    return [(label, f"{_listed(rows)}: {reasons[0]}" if len(reasons) == 1 else f"{_listed(rows)}.")]


def _names(rows: Sequence[_Row]) -> set[str]:
    return {name for row in rows for name in str(row[0]).split(", ")}


def _about(warning: str) -> set[str]:
    """Returns the names before a warning's colon; where it holds for all there may be other words."""
    before, colon, _ = warning.partition(": ")
    return set(_AND_MORE.sub("", before).split(", ")) if colon else set()


def _listed(rows: Sequence[_Row]) -> str:
    names = [str(row[0]).replace(", ", " × ") for row in rows]  # of pairs
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return ", ".join(names[:_NAMES]) + more
