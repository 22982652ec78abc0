"""A page for less reading: in few lines, with its warnings first, or whole after all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from deepcave_symbolic.findings.trust import VERDICTS
from deepcave_symbolic.show.blocks import Block, Facts, FormulaBlock, Heading, Note, Table, Warnings

__all__ = ["brief", "short", "unfolded", "warned_first"]

#: Facts that are looked up rather than read.
_LOOKED_UP = (
    "How sure",
    "Accounts for",
    "Shape",
    "Fit",
    "On the trials",
    "Band",
    "Domain",
    "Surrogate",
    "Compared with",
)


def brief(page: Sequence[Block]) -> tuple[Block, ...]:
    """Returns the page without what explains it.

    Of one explanation: formula, verdict with its gravest reason or, without any, how the formula moves. Of several:
    the formula of the run and a row for each.

    Args:
        page: The page on an explanation or the overview of a run, with or without the formula of the run above it.
    """
    facts = dict(row for block in page if isinstance(block, Facts) for row in block.rows)
    # An overview has one, too, of the whole run.
    verdict = facts.get("Verdict") if "Behaves" in facts else None
    tables = [block for block in page if isinstance(block, Table) and not block.title]
    kept: list[Block] = []
    for block in page:
        if isinstance(block, Heading | FormulaBlock):
            kept.append(block)
        elif verdict is None and block is tables[-1]:
            kept.append(replace(tables[-1], legend=()))
    if verdict is not None:
        reasons = [row for block in page if isinstance(block, Warnings) for row in block.rows]
        reasons.sort(key=lambda row: -VERDICTS.index(row[0]))
        reason = reasons[0][1] if reasons and verdict != VERDICTS[0] else facts["Behaves"]
        kept.append(Facts(((f"{verdict}:", reason),)))
    return tuple(kept)


def short(page: Sequence[Block], more: str) -> tuple[Block, ...]:
    """Returns the page on an explanation with what matters most: formula, facts, the three answers, warnings.

    Args:
        page: The page.
        more: What shows the rest.
    """
    kept: list[Block] = []
    for block in page:
        if isinstance(block, Facts):
            kept.append(Facts(tuple(row for row in block.rows if row[0] not in _LOOKED_UP)))
        elif isinstance(block, Table) and any(block.answers):
            answers = [i for i, names in enumerate(block.answers) if names]
            title = "The three answers" if len(answers) == 3 else "Answers"
            rows, names = tuple(block.rows[i] for i in answers), tuple(block.answers[i] for i in answers)
            kept.append(replace(block, title=title, rows=rows, answers=names, shown=None))
        elif isinstance(block, Heading | FormulaBlock | Warnings):
            kept.append(block)
    return (*kept, Note(f"{more} shows how sure this is, what its constants say, and the other formulas."))


def unfolded(page: Sequence[Block]) -> tuple[Block, ...]:
    """Returns the page with all rows of its tables."""
    return tuple(replace(block, brief=None) if isinstance(block, Table) else block for block in page)


def warned_first(page: Sequence[Block]) -> tuple[Block, ...]:
    """Returns the page with what to beware of right below heading and formula."""

    def place(block: Block) -> int:
        return 0 if isinstance(block, Heading | FormulaBlock) else 1 if isinstance(block, Warnings) else 2

    return tuple(sorted(page, key=place))
