"""A page in a few lines: the formula, how far to trust it, and the reason that weighs most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from deepcave_symbolic.findings.trust import VERDICTS
from deepcave_symbolic.show.blocks import Block, Facts, FormulaBlock, Heading, Table, Warnings

__all__ = ["brief"]


def brief(page: Sequence[Block]) -> tuple[Block, ...]:
    """Returns the page without what explains it.

    Of one explanation: formula, verdict with its gravest reason or, without any, how the formula moves. Of several:
    the formula of the run and a row for each.

    Args:
        page: The page on an explanation or the overview of a run, with or without the formula of the run above it.
    """
    facts = dict(row for block in page if isinstance(block, Facts) for row in block.rows)
    verdict = facts.get("Verdict")
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
