"""What a page says of a law, or of why there is none, and in which words."""

from __future__ import annotations

from deepcave_symbolic.laws import FoundLaw, NoLaw
from deepcave_symbolic.show.blocks import Block, Column, Facts, FormulaBlock, Heading, Note, Table, Warnings
from deepcave_symbolic.words.names import either, shown_name
from deepcave_symbolic.words.numbers import interval_text, number_text, percent, rounded_text

__all__ = ["law_document"]


def law_document(law: FoundLaw | NoLaw) -> tuple[Block, ...]:
    """Returns the page on a law, or the one that says why there is none."""
    heading = f"How the best {law.hyperparameter} moves"
    if isinstance(law, NoLaw):
        return Heading(heading), Note(f"No law. {law.reason}")
    name, objective = shown_name(law.hyperparameter), shown_name(law.objective)
    places = [f"{shown_name(n)} {number_text(r)}" for n, r in zip(law.exponents, law.references, strict=True)]
    of = "configurations that were evaluated" if law.source == "trials" else "predictions of the model"
    moved = either(list(map(shown_name, law.exponents)), ", ")
    return (
        Heading(f"{heading}, {law.region}" if law.region else heading),
        FormulaBlock(str(law.formula), law.formula.latex()),
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
                ("Decides", f"{percent(law.share)} of the variance of {objective}: {name} together with {moved}"),
                ("Fit", f"R² {law.r2:.2f} on {law.n} {of}, with main effects of all hyperparameters"),
                ("Moves by chance", f"p = {rounded_text(law.p_value, 2)}"),
            )
        ),
        *([Warnings(tuple(("trust", sentence) for sentence in law.warnings))] if law.warnings else []),
    )
