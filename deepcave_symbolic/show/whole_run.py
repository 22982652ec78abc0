"""What a page says of the formula of a whole run, and in which words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from deepcave_symbolic.findings.trust import VERDICTS, Verdict
from deepcave_symbolic.show.blocks import (
    Block,
    Code,
    Column,
    Details,
    Facts,
    FormulaBlock,
    Heading,
    Table,
    Warnings,
    Waterfall,
)
from deepcave_symbolic.show.cards import surrogate_text
from deepcave_symbolic.show.document import NODES, R2
from deepcave_symbolic.show.laws import laws_of_run
from deepcave_symbolic.whole_run.doubts import worst_of
from deepcave_symbolic.words.names import either, shown_name
from deepcave_symbolic.words.numbers import counted, number_text, percent, rounded_text

if TYPE_CHECKING:
    from deepcave_symbolic.whole_run import ExplainedRun, RunFormula

__all__ = ["INCUMBENT", "above_overview", "beside_cards", "whole_run_document"]

#: What stands above the figure of the incumbent.
INCUMBENT = "The incumbent, part by part"


def whole_run_document(explained: ExplainedRun, formula: RunFormula | None = None) -> tuple[Block, ...]:
    """Returns the page on the formula of a run.

    Args:
        explained: The record.
        formula: A formula of its front; the recommended one by default.
    """
    formula = formula or explained.formula
    incumbent, doubts = explained.incumbent, explained.doubts(formula)
    blocks: list[Block] = [
        Heading(explained.view.titled("The whole run"), worst_of(doubts), explained.view.words),
        FormulaBlock(str(formula), formula.latex(), formula),
        Facts(_facts(explained, formula)),
    ]
    if formula.parts:
        blocks.append(
            Table(
                (
                    Column("hyperparameters", "name"),
                    Column("accounts for", "number"),
                    Column("shape", "name"),
                    Column("part", "formula", unit=formula.parts[0].objective),
                ),
                tuple((", ".join(p.hyperparameters), percent(p.share), p.shape, p) for p in formula.parts),
            )
        )
    if incumbent is not None and formula == explained.formula and formula.parts:
        blocks.append(Waterfall(incumbent, INCUMBENT))
    blocks += laws_of_run(explained)
    if len(explained.front) > 1:
        rows = tuple((f"{f.r2:.3f}", str(f.complexity), f) for f in explained.front)
        shown = explained.front.index(formula) if formula in explained.front else None
        columns = (R2, NODES, Column("formula", "formula", unit=formula.left))
        blocks.append(Details("Shorter and longer formulas", (Table(columns, rows, shown=shown),)))
    copies = (Code("LaTeX", formula.latex()), Code("Python", formula.python()), Code("text", str(formula)))
    blocks.append(Details("Copy the formula of the whole run", copies))
    remarks: tuple[tuple[Verdict, str], ...] = tuple((VERDICTS[0], text) for text in explained.warnings)
    if doubts or remarks:
        blocks.append(Warnings((*doubts, *remarks)))
    return tuple(blocks)


def beside_cards(page: Sequence[Block]) -> tuple[Block, ...]:
    """Returns the page without what a heading with a verdict and the surrogate's card say."""
    return tuple(b.without("Verdict", "Surrogate") if isinstance(b, Facts) else b for b in page)


def above_overview(explained: ExplainedRun, page: Sequence[Block]) -> tuple[Block, ...]:
    """Returns the formula of a run above the overview of its hyperparameters, every warning once.

    Args:
        explained: The record.
        page: The overview.
    """
    below = Warnings(tuple(row for block in page if isinstance(block, Warnings) for row in block.rows))
    above = []
    for block in whole_run_document(explained):
        if isinstance(block, Warnings):
            block = block.without(below)
        elif isinstance(block, Facts):
            block = block.without("Surrogate")
        if not isinstance(block, Warnings) or block.rows:
            above.append(block)
    return (*above, Heading("Hyperparameter by hyperparameter"), *page)


def _facts(explained: ExplainedRun, formula: RunFormula) -> tuple[tuple[str, str], ...]:
    """Returns what the formula is and how far it goes."""
    rows = [] if (verdict := worst_of(explained.doubts(formula))) is None else [("Verdict", str(verdict))]
    surrogate = ("Surrogate", surrogate_text(explained))
    if not formula.parts:
        return (*rows, ("Level", f"{number_text(formula.level)}, the mean over the space"), surrogate)
    fit = f"R² {formula.r2:.2f} to the surrogate on configurations that it was not fitted to"
    if formula.trials_r2 is not None:
        fit += f", {formula.trials_r2:.2f} to the trials (level and coefficients cross-validated)"
    if formula.saturation is None:
        level = f"{number_text(formula.level)}, the mean over the space; every part is 0 on average"
    else:
        level = f"{rounded_text(formula.center)}, where every part is at its mean, 0"
    rows += [
        ("Level", level),
        ("Fit", f"{fit}, {counted(formula.complexity, 'node')}"),
        surrogate,
    ]
    if formula.link == "log10":
        name = shown_name(formula.objective)
        rows.append(("Scale", f"log10({name}): a part of 0.1 multiplies {name} by {10**0.1:.2f}"))
    if formula.saturation is not None:
        rows.append(("Step", formula.saturation.in_words(formula.left)))
    for part in formula.parts:
        if part.conditions:
            names = either([shown_name(name) for name in part.hyperparameters], " and ")
            rows.append(("Counts where", f"{names}: {either(list(part.conditions), ' and ')}; 0 elsewhere"))
    if explained.incumbent is not None and formula == explained.formula:
        rows.append(("Incumbent", str(explained.incumbent)))
    return tuple(rows)
