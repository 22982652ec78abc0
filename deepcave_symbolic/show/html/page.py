"""Puts the blocks of a run's explanations on one page, below its size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.findings.explained import Explained, Unexplained
from deepcave_symbolic.show.blocks import (
    Block,
    Code,
    Details,
    Facts,
    Figure,
    FormulaBlock,
    Heading,
    Note,
    Picture,
    Table,
    Warnings,
)
from deepcave_symbolic.show.cards import how_made, run_card, run_of, surrogate_card
from deepcave_symbolic.show.document import document, formula_block
from deepcave_symbolic.show.html.figures import Drawings, RemainingBytes, packed_plotly, script_hash
from deepcave_symbolic.show.html.render import asset, render, render_page
from deepcave_symbolic.show.latex import table_latex
from deepcave_symbolic.show.overview import common_warnings, overview, picture, summary
from deepcave_symbolic.show.whole_run import whole_run_document
from deepcave_symbolic.whole_run import ExplainedRun

__all__ = ["GENERATOR", "MAX_BYTES", "explanation_page", "report_page"]

#: The page stays below, so that it goes through a mail.
MAX_BYTES = 5_000_000
#: Bytes for the page's frame and, per section, for its heading and the words that say what is left out.
_FRAME, _HEADING = 60_000, 1_500
#: By this a page is known as one of ours.
GENERATOR = '<meta name="generator" content="deepcave-symbolic">'
#: Facts that stand elsewhere on the page.
_ELSEWHERE = ("Verdict", "Objective", "Surrogate")
#: What must be there is placed first, then the figures, then what one has to open.
_PLACED = ((Heading, FormulaBlock, Warnings, Facts, Note), (Figure,), (Table, Details))
#: What a block without a title is called where it is left out.
_NAMES = {
    FormulaBlock: "the formula",
    Warnings: "the warnings",
    Facts: "the facts",
    Figure: "the figure",
    Note: "a note",
}
_WHOLE, _EVERY, _PAIRS = "The whole run", "Every hyperparameter", "The strongest pairs"
_AS_LATEX = "as LaTeX (booktabs, amsmath)"


def explanation_page(explanation: Explained | Unexplained, command: str | None = None) -> str:
    """Returns one explanation as a page that opens without internet.

    Args:
        explanation: The record.
        command: The command that made it, as typed.
    """
    title = f"{' and '.join(explanation.hyperparameters)} in {_run_name([explanation])}"
    return _Page([explanation], 2, Warnings(())).html(explanation.view.titled(title), {}, command)


def report_page(
    singles: Sequence[Explained | Unexplained],
    pairs: Sequence[Explained | Unexplained] = (),
    *,
    whole: ExplainedRun | None = None,
    title: str | None = None,
    command: str | None = None,
    pairs_note: str = "",
) -> str:
    """Returns a run's explanations as one page that opens without internet.

    Args:
        singles: One per hyperparameter, the strongest first.
        pairs: Of two hyperparameters each.
        whole: The formula of the whole run; None where there is none.
        title: Heading; the run's name by default.
        command: The command that made it, as typed.
        pairs_note: What is said of the pairs: how they were chosen, or why there are none.
    """
    every = [*singles, *pairs]
    page = _Page(every, 3, common_warnings(every))
    about_run = () if whole is None else whole_run_document(whole)
    tables = {_WHOLE: page.whole_run(about_run)} if about_run else {}
    tables[_EVERY] = page.table(singles)
    if pairs or pairs_note:
        tables[_PAIRS] = page.table(pairs, pairs_note) if pairs else [render(Note(pairs_note))]
    title = title or f"Symbolic report of {_run_name(singles)}"
    pictures: dict[str, Sequence[Picture]] = {
        _WHOLE: [block for block in about_run if isinstance(block, Picture)],
        _EVERY: _picture(singles),
        _PAIRS: _picture(every) if pairs else (),
    }
    title = singles[0].view.titled(title) if singles else title
    return page.html(title, tables, command, pictures, summary(singles) if singles else "")


def _picture(explanations: Sequence[Explained | Unexplained]) -> tuple[Figure, ...]:
    """Returns the figure of all explanations; none where nothing is explained."""
    return picture(explanations, [e.best if isinstance(e, Explained) else None for e in explanations])


@dataclass
class _Section:
    """The blocks on one explanation, the markup of those that fit, and the names of those that do not."""

    explanation: Explained | Unexplained
    blocks: Sequence[Block]
    fitting: dict[int, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        return _anchor(self.explanation)

    @property
    def parts(self) -> list[str]:
        return [self.fitting[i] for i in sorted(self.fitting)]


class _Page:
    """A page with one section per explanation.

    What does not fit is left out: first what one has to open, then figures, each time of the hyperparameters that move
    the objective least.

    Args:
        explanations: The records.
        level: Of the sections' headings.
        common: Warnings that the page shows once.
    """

    def __init__(self, explanations: Sequence[Explained | Unexplained], level: int, common: Warnings) -> None:
        self._explanations = explanations
        self._level = level
        self._common = common
        self._told: set[str] = set()
        self._style, self._script = asset("report.css"), asset("report.js")
        frame = _FRAME + _HEADING * len(explanations) + len(self._style) + len(self._script)
        self._remaining = RemainingBytes(MAX_BYTES - frame)

    def table(self, explanations: Sequence[Explained | Unexplained], note: str = "") -> list[str]:
        """Returns the table with one row per explanation, a note with what its columns mean, and its LaTeX."""
        table = next(block for block in overview(explanations, interaction="rmse") if isinstance(block, Table))
        below = []
        for e in explanations:
            # What cannot be explained says why.
            markup = render(formula_block(e.best), whole=False) if e.formulas else render(Note(" ".join(e.warnings)))
            below.append(markup if self._remaining.reserve(markup) else render(Note("Too long for this page.")))
        meanings = {title: words for title, words in table.legend if title not in self._told}
        self._told |= meanings.keys()
        sentences = (f"{title[:1].upper()}{title[1:]}: {words}." for title, words in meanings.items())
        latex = render(Details(f"This table {_AS_LATEX}", (Code("", table_latex(table)),)))
        return [
            render(table, links=[_anchor(e) for e in explanations], below=below, kind="overview"),
            render(Note(" ".join([note, *sentences]).strip())),
            latex if self._remaining.reserve(latex) else render(Note("Its LaTeX is too long for this page.")),
        ]

    def whole_run(self, blocks: Sequence[Block]) -> list[str]:
        """Returns the formula of the run, its parts, and what one has to open; its figures are placed later."""
        found = []
        for block in blocks:
            if isinstance(block, Warnings):
                block = block.without(self._common)
            if isinstance(block, Heading | Picture) or (isinstance(block, Warnings) and not block.rows):
                continue
            markup = render(block)
            found.append(markup if self._remaining.reserve(markup) else render(Note("Too long for this page.")))
        return found

    def html(
        self,
        title: str,
        tables: Mapping[str, Sequence[str]],
        command: str | None,
        pictures: Mapping[str, Sequence[Picture]] | None = None,
        said_first: str = "",
    ) -> str:
        """Returns the page.

        Args:
            title: Heading.
            tables: What stands before the sections, by its heading.
            command: The command that made it.
            pictures: What stands below a table, by its heading.
            said_first: A summary.

        Raises:
            InvalidArgumentError: If names are so long that even what must be there does not fit.
        """
        made = [render(block) for block in how_made(self._explanations, command)]
        self._remaining.reserve(*made)
        plotly, plotly_hash = packed_plotly()
        drawings = Drawings(self._remaining if self._remaining.reserve(plotly) else RemainingBytes(0))
        no_room = render(Note("The picture does not fit on this page."))
        drawn = {
            name: [drawings.add(block) or no_room for block in blocks] for name, blocks in (pictures or {}).items()
        }
        sections = self._sections(drawings)
        shown = [e for e in self._explanations if e.surrogate is not None] or self._explanations
        cards = [blocks for e in shown[:1] for blocks in ((run_card(e),), surrogate_card(e)) if blocks]
        page = render_page(
            generator=GENERATOR,
            title=title,
            written=f"{date.today():%-d %B %Y}",
            said_first=said_first,
            style=self._style,
            cards=[[render(block) for block in card] for card in cards],
            common=render(self._common),
            tables={heading: [*parts, *drawn.get(heading, ())] for heading, parts in tables.items()},
            sections=sections,
            incomplete=sum(bool(section.left_out) for section in sections),
            megabytes=f"{MAX_BYTES / 1e6:g}",
            made=made,
            script_hashes=[script_hash(self._script), plotly_hash] if len(drawings) else [],
            figures=drawings.json(),
            plotly=plotly,
            script=self._script,
        )
        if len(page.encode()) > MAX_BYTES:
            raise InvalidArgumentError(
                f"The page would have {len(page.encode()) / 1e6:.1f} MB, for its names alone; expected at most "
                f"{MAX_BYTES / 1e6:g} MB. Shorten the title or the names, or explain fewer hyperparameters."
            )
        return page

    def _sections(self, drawings: Drawings) -> list[_Section]:
        """Returns the sections, with as many of their blocks as fit."""
        sections = [_Section(e, list(self._shown(e))) for e in self._explanations]
        # What moves the objective most is placed first.
        order = sorted(sections, key=lambda section: -section.explanation.range)
        for kinds in _PLACED:
            for section in order:
                for i, block in enumerate(section.blocks):
                    if isinstance(block, kinds):
                        if markup := self._fitting(block, drawings):
                            section.fitting[i] = markup
                        else:
                            section.left_out.append(_name(block))
        return sections

    def _fitting(self, block: Block, drawings: Drawings) -> str:
        """Returns a block's markup, or nothing where it does not fit."""
        if isinstance(block, Heading):  # the page's frame has room for it
            return render(block, level=self._level)
        if isinstance(block, Figure):
            return drawings.add(block)
        markup = render(block)
        return markup if self._remaining.reserve(markup) else ""

    def _shown(self, explanation: Explained | Unexplained) -> Iterator[Block]:
        """Yields the blocks of the document that do not stand elsewhere on the page."""
        for block in document(explanation):
            if isinstance(block, (Warnings, Facts)):
                block = block.without(self._common) if isinstance(block, Warnings) else block.without(*_ELSEWHERE)
                if block.rows:
                    yield block
            elif not isinstance(block, Figure) or block.kind == "explanation":  # the tables have the others' numbers
                yield block
            if isinstance(block, Table) and block.answers:
                yield Details(f"{block.title} {_AS_LATEX}", (Code("", table_latex(block)),))


def _name(block: Block) -> str:
    return f"“{block.title}”" if isinstance(block, (Table, Details)) else _NAMES[type(block)]


def _anchor(explanation: Explained | Unexplained) -> str:
    """Returns the section's id: letters and digits, whatever the names are."""
    return "e-" + "-".join(name.encode("utf-8", "backslashreplace").hex() for name in explanation.hyperparameters)


def _run_name(explanations: Sequence[Explained | Unexplained]) -> str:
    return (run_of(explanations[0]) if explanations else "") or "a run"
