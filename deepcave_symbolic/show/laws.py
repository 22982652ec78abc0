"""What a page says of a law, or of why there is none, and in which words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from deepcave_symbolic.laws import FoundLaw, NoLaw
from deepcave_symbolic.show.blocks import Block, Column, Facts, FormulaBlock, Heading, Note, Table, Valley, Warnings
from deepcave_symbolic.words.names import either, shown_name
from deepcave_symbolic.words.numbers import interval_text, number_text, percent, rounded_text

if TYPE_CHECKING:
    from deepcave_symbolic.whole_run import ExplainedRun

__all__ = ["NO_LAW", "law_document", "laws_of_run"]

#: What is said before why there is none.
NO_LAW = "No law."


def law_document(law: FoundLaw | NoLaw) -> tuple[Block, ...]:
    """Returns the page on a law, or the one that says why there is none."""
    heading = f"How the best {law.hyperparameter} moves"
    if isinstance(law, NoLaw):
        return Heading(heading), Note(_none(law))
    places = [f"{shown_name(n)} {number_text(r)}" for n, r in zip(law.exponents, law.references, strict=True)]
    of = "configurations that were evaluated" if law.source == "trials" else "predictions of the model"
    return (
        Heading(f"{heading}, {law.region}" if law.region else heading),
        FormulaBlock(
            str(law.formula), law.formula.latex(), left=law.formula.left, mathml=law.formula.mathml(breakable=True)
        ),
        Table(
            columns=(
                Column("with", "name"),
                Column("exponent", "number"),
                Column("90 % interval", "number"),
                Column("so", "text"),
            ),
            rows=tuple(
                (other, number_text(law.exponents[other]), interval_text(law.intervals[other]), sentence)
                for other, sentence in zip(law.exponents, law.sentences, strict=True)
            ),
        ),
        Facts(
            (
                ("Level", f"{rounded_text(law.level)} ({interval_text(law.level_interval)}) at {', '.join(places)}"),
                ("Decides", _decides(law)),
                ("Fit", f"R² {law.r2:.2f} on {law.n} {of}, with main effects of all hyperparameters"),
                ("Moves by chance", f"p = {rounded_text(law.p_value, 2)}"),
            )
        ),
        *([Warnings(tuple(("trust", sentence) for sentence in law.warnings))] if law.warnings else []),
        *_valley(law),
    )


def laws_of_run(explained: ExplainedRun) -> Iterator[Block]:
    """Yields what a page on a whole run says of its laws: a row each, and the picture of each that holds."""
    if explained.laws:
        rows = tuple((law.hyperparameter, _in_a_row(law)) for law in explained.laws)
        columns = (Column("hyperparameter", "name"), Column("law, or why there is none", "text"))
        yield Table(columns, rows, title="Laws: how the best values move")
    for law in explained.laws:
        if isinstance(law, FoundLaw):
            yield from _valley(law)
    if explained.unasked:
        yield Note(explained.unasked)


def _valley(law: FoundLaw) -> Iterator[Valley]:
    if law.valley is not None:
        yield Valley(law, law.valley, f"How the best {law.hyperparameter} moves with {law.strongest}")


def _in_a_row(law: FoundLaw | NoLaw) -> str:
    """Returns a law and what follows from it, or why there is none."""
    if isinstance(law, NoLaw):
        return _none(law)
    return " ".join((f"{law.formula}.", *law.sentences, f"Decides {_decides(law)}.", *law.warnings))


def _none(law: NoLaw) -> str:
    return f"{NO_LAW} {law.reason}"


def _decides(law: FoundLaw) -> str:
    moved = either(list(map(shown_name, law.exponents)), ", ")
    name, objective = shown_name(law.hyperparameter), shown_name(law.objective)
    return f"{percent(law.share)} of the variance of {objective}: {name} together with {moved}"
