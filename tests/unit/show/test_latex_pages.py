"""LaTeX of pages: the formula of a law is displayed, the form of a comparison stays a comment above its table."""

from __future__ import annotations

from deepcave_symbolic.show.blocks import Column, FormulaBlock, Heading, Note, Table
from deepcave_symbolic.show.latex import write_latex

SENTENCES = Table((Column("with", "name"), Column("so", "text")), (("batch_size", "Double batch_size."),))
NUMBERS = Table((Column("run", "name"), Column("R²", "number")), (("a", "0.9"),))
FORMULA = FormulaBlock("lr* ≈ 0.015·b", "lr^* \\approx 0.015 b", left="lr*", mathml="<math/>")


def test_the_formula_of_a_law_is_displayed() -> None:
    assert write_latex((Heading("How the best lr moves"), FORMULA, SENTENCES)) == "\\[ lr^* \\approx 0.015 b \\]\n"


def test_the_form_of_a_comparison_is_a_comment_above_its_table() -> None:
    written = write_latex((FORMULA, SENTENCES, NUMBERS))
    assert written.startswith("% lr* ≈ 0.015·b\n\\begin{tabular}{lr}\n") and written.count("tabular") == 2


def test_why_there_is_no_law_is_a_comment() -> None:
    assert write_latex((Heading("How the best lr moves"), Note("No law. Too few."))) == "% No law. Too few.\n"
