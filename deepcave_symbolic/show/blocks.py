"""The blocks that a page is made of: what is shown and in which words, but not how.

`document.py` makes them, a walker (text, Markdown, LaTeX, notebook, HTML report, panel) sets them in its own way. All
texts are plain: names in them are free text, and every walker escapes them itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from deepcave_symbolic.findings.trust import VERDICTS, Verdict
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.show.answers import RECOMMENDED

if TYPE_CHECKING:
    from deepcave_symbolic.comparing import Compared, ComparedLaws, ComparedRuns
    from deepcave_symbolic.findings.explained import Explained
    from deepcave_symbolic.laws import FoundLaw
    from deepcave_symbolic.projection import Projection
    from deepcave_symbolic.whole_run import Contributions, RunFormula

__all__ = [
    "Block",
    "Cell",
    "Code",
    "Column",
    "Details",
    "Facts",
    "Figure",
    "FormulaBlock",
    "Heading",
    "Note",
    "Picture",
    "SideBySide",
    "Table",
    "Typeset",
    "Valley",
    "Warnings",
    "Waterfall",
]


class Typeset(Protocol):
    """What every walker writes in its own language: a formula of any kind, or a part of one."""

    def text(self) -> str:
        """Returns it as one line of text."""

    def latex_body(self) -> str:
        """Returns it in LaTeX for math mode, names escaped."""

    def mathml(self) -> str:
        """Returns it as a MathML <math> element, names escaped."""


#: Text, or something typeset.
Cell: TypeAlias = str | Typeset


@dataclass(frozen=True)
class Heading:
    """What the page is about.

    Args:
        text: The hyperparameters, and what is looked at where that is not the average over the whole space.
        verdict: How far the formula below can be trusted; None where there is no formula or no verdict on it.
        view: What is looked at, for pages that leave the hyperparameters out; empty where that is the average.
    """

    text: str
    verdict: Verdict | None = None
    view: str = ""


@dataclass(frozen=True)
class FormulaBlock:
    """A formula, large.

    Args:
        text: "objective ≈ formula" as one line.
        latex: The same for LaTeX's math mode, names escaped.
        formula: The formula; None for a law, and for a form whose constants stand in a table.
        left: What stands before the ≈ where there is no formula to ask.
        mathml: What stands behind it there.
    """

    text: str
    latex: str
    formula: Formula | RunFormula | None = None
    left: str = ""
    mathml: str = ""


@dataclass(frozen=True)
class Facts:
    """Pairs of label and text, what matters most first.

    Args:
        rows: The pairs.
        title: What they are about, for a card; empty where they belong to what stands above.
    """

    rows: tuple[tuple[str, str], ...]
    title: str = ""

    def without(self, *labels: str) -> Facts:
        """Returns the facts without those labels, for pages that show them elsewhere."""
        return Facts(tuple(row for row in self.rows if row[0] not in labels), self.title)


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Args:
        title: Its heading, such as "nodes"; some walkers begin it with a capital.
        kind: What its cells are.
        short: A heading for narrow pages.
        unit: The objective, where its numbers or formulas are in the objective's unit.
        literal: Whether the heading is a name, which stays as it is.
    """

    title: str
    kind: Literal["name", "number", "text", "verdict", "formula"]
    short: str = ""
    unit: str = ""
    literal: bool = False


@dataclass(frozen=True)
class Table:
    """A table; the last column may be a formula, which is long.

    Args:
        columns: The columns.
        rows: A cell per column; "-" where there is nothing to show.
        title: Its heading.
        folded: Whether a page that can fold it does.
        answers: Which of the three answers each row is (see `answers.ANSWERS`); empty in tables of other formulas.
        shown: Index of the row of the formula that the page is about.
        foot: Rows about all rows above them.
        legend: What the columns mean, as pairs of a column's title and words.
        brief: Rows that a page shows which cannot fold; all by default.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""
    folded: bool = False
    answers: tuple[tuple[str, ...], ...] = ()
    shown: int | None = None
    foot: tuple[tuple[Cell, ...], ...] = ()
    legend: tuple[tuple[str, str], ...] = ()
    brief: int | None = None

    @property
    def recommended(self) -> int | None:
        """Index of the row of the recommended formula."""
        return next((i for i, names in enumerate(self.answers) if RECOMMENDED in names), None)

    def answer(self, row: int) -> str:
        """Returns which answers a row is, for a cell of their own."""
        return ", ".join(self.answers[row]) if row < len(self.answers) else ""

    @property
    def is_text(self) -> bool:
        """Whether it says what something means, instead of listing formulas."""
        return self.columns[-1].kind == "text"


@dataclass(frozen=True)
class Warnings:
    """What to know before the formula is believed.

    Args:
        rows: Pairs of severity and sentence. The severity is a verdict: what it makes of the formula; "trust" for a
            remark.
    """

    rows: tuple[tuple[Verdict, str], ...]

    def without(self, shown: Warnings) -> Warnings:
        """Returns the others, for pages that show these elsewhere."""
        sentences = {sentence for _, sentence in shown.rows}
        return Warnings(tuple(row for row in self.rows if row[1] not in sentences))

    def reason_of(self, verdict: Verdict | None) -> Warnings:
        """Returns the one that a verdict comes from, for pages that show it beside the verdict; none for "trust"."""
        return Warnings(tuple(row for row in self.rows if row[0] == verdict and verdict != VERDICTS[0])[:1])


@dataclass(frozen=True)
class Note:
    """A sentence or two."""

    text: str


@dataclass(frozen=True)
class Figure:
    """Asks for a figure, which `show.figures.draw` draws from the records.

    Args:
        kind: "explanation" (surrogate, formula and trials), "front" (accuracy against length) "curves" (all
            hyperparameters on one scale) or "matrix" (pairs, and what there is of one hyperparameter).
        explanations: What it shows; a single one but for the last two.
        formulas: The formula that it shows of each.
        title: What is seen, for a heading and for those who cannot see it.
    """

    kind: Literal["explanation", "front", "curves", "matrix"]
    explanations: tuple[Explained, ...]
    formulas: tuple[Formula, ...]
    title: str


@dataclass(frozen=True)
class Waterfall:
    """Asks for a figure of one configuration, part by part.

    Args:
        contributions: The configuration taken apart.
        title: What is seen, for a heading and for those who cannot see it.
    """

    contributions: Contributions
    title: str


@dataclass(frozen=True)
class Valley:
    """Asks for a figure of a law: the surrogate, and the best value along the valley.

    Args:
        law: The law.
        projection: Of the surrogate onto one of the law's other hyperparameters and onto its own, in this order.
        title: What is seen, for a heading and for those who cannot see it.
    """

    law: FoundLaw
    projection: Projection
    title: str


@dataclass(frozen=True)
class SideBySide:
    """Asks for a figure of several runs: their curves, the exponents of their laws, or the shares of their parts.

    Args:
        compared: The comparison.
        title: What is seen, for a heading and for those who cannot see it.
    """

    compared: Compared | ComparedLaws | ComparedRuns
    title: str


#: What asks for a figure.
Picture: TypeAlias = Figure | Waterfall | Valley | SideBySide


@dataclass(frozen=True)
class Code:
    """Lines to copy.

    Args:
        title: What they are, such as "Python".
        text: The lines.
    """

    title: str
    text: str


@dataclass(frozen=True)
class Details:
    """Blocks below a title that a click opens; pages on which nobody clicks leave them out.

    Args:
        title: What is in it.
        blocks: The blocks.
    """

    title: str
    blocks: tuple[Block, ...]


Block: TypeAlias = Heading | FormulaBlock | Facts | Table | Warnings | Note | Picture | Code | Details
