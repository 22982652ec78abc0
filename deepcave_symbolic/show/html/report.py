"""A run's explanations, or one of them, as a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deepcave_symbolic.findings.explained import Explained, Unexplained
from deepcave_symbolic.show.blocks import Block, Code, Details, Facts, Figure, Heading, Note, Picture, Table, Warnings
from deepcave_symbolic.show.cards import how_made, run_card, run_of, surrogate_card
from deepcave_symbolic.show.document import document, formula_block
from deepcave_symbolic.show.html.page import Page, Section
from deepcave_symbolic.show.html.render import render
from deepcave_symbolic.show.latex import table_latex
from deepcave_symbolic.show.overview import common_warnings, overview, picture, summary
from deepcave_symbolic.show.whole_run import whole_run_document
from deepcave_symbolic.whole_run import ExplainedRun

__all__ = ["AS_LATEX", "SOURCES", "explanation_page", "report_page", "section_blocks"]

#: Facts that stand elsewhere on the page.
_ELSEWHERE = ("Verdict", "Objective", "Surrogate")
_WHOLE, _EVERY, _PAIRS = "The whole run", "Every hyperparameter", "The strongest pairs"
AS_LATEX = "as LaTeX (booktabs, amsmath)"
#: The command and the function that have what does not fit into a section on an explanation.
SOURCES = ("deepcave-symbolic explain RUN -p NAME", "explain(...)")


def explanation_page(explanation: Explained | Unexplained, command: str | None = None) -> str:
    """Returns one explanation as a page that opens without internet.

    Args:
        explanation: The record.
        command: The command that made it, as typed.
    """
    title = f"{' and '.join(explanation.hyperparameters)} in {_run_name([explanation])}"
    page = Page([_section(explanation, Warnings(()))], 2, SOURCES)
    return page.html(explanation.view.titled(title), cards=_cards([explanation]), made=how_made([explanation], command))


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
    common = common_warnings(every)
    page, tables = Page([_section(e, common) for e in every], 3, SOURCES), _Overviews()
    about_run = () if whole is None else whole_run_document(whole)
    parts = {_WHOLE: _whole_run(about_run, common, page)} if about_run else {}
    parts[_EVERY] = tables.of(singles, page)
    if pairs or pairs_note:
        parts[_PAIRS] = tables.of(pairs, page, pairs_note) if pairs else [render(Note(pairs_note))]
    title = title or f"Symbolic report of {_run_name(singles)}"
    pictures: dict[str, Sequence[Picture]] = {
        _WHOLE: [block for block in about_run if isinstance(block, Picture)],
        _EVERY: _picture(singles),
        _PAIRS: _picture(every) if pairs else (),
    }
    return page.html(
        singles[0].view.titled(title) if singles else title,
        cards=_cards(every),
        made=how_made(every, command),
        common=common,
        tables=parts,
        pictures=pictures,
        said_first=summary(singles) if singles else "",
    )


def section_blocks(explanation: Explained | Unexplained, common: Warnings) -> Iterator[Block]:
    """Yields the blocks of the document that do not stand elsewhere on a page.

    Args:
        explanation: The record.
        common: Warnings that the page shows once.
    """
    for block in document(explanation):
        if isinstance(block, (Warnings, Facts)):
            block = block.without(common) if isinstance(block, Warnings) else block.without(*_ELSEWHERE)
            if block.rows:
                yield block
        elif not isinstance(block, Figure) or block.kind == "explanation":  # the tables have the others' numbers
            yield block
        if isinstance(block, Table) and block.answers:
            yield Details(f"{block.title} {AS_LATEX}", (Code("", table_latex(block)),))


def _section(explanation: Explained | Unexplained, common: Warnings) -> Section:
    blocks = list(section_blocks(explanation, common))
    return Section(_anchor(explanation), blocks, weight=explanation.range, unjudged="no formula")


class _Overviews:
    """The tables of a page, which say what a column means in the first of them that has it."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def of(self, explanations: Sequence[Explained | Unexplained], page: Page, note: str = "") -> list[str]:
        """Returns the table with one row per explanation, a note with what its columns mean, and its LaTeX."""
        table = next(block for block in overview(explanations, interaction="rmse") if isinstance(block, Table))
        below = []
        for e in explanations:
            # What cannot be explained says why.
            below.append(
                page.fitted(formula_block(e.best), whole=False) if e.formulas else render(Note(" ".join(e.warnings)))
            )
        meanings = {title: words for title, words in table.legend if title not in self._told}
        self._told |= meanings.keys()
        sentences = (f"{title[:1].upper()}{title[1:]}: {words}." for title, words in meanings.items())
        latex = Details(f"This table {AS_LATEX}", (Code("", table_latex(table)),))
        return [
            render(table, links=[_anchor(e) for e in explanations], below=below, kind="overview"),
            render(Note(" ".join([note, *sentences]).strip())),
            page.fitted(latex, instead="Its LaTeX is too long for this page."),
        ]


def _whole_run(blocks: Sequence[Block], common: Warnings, page: Page) -> list[str]:
    """Returns the formula of the run, its parts, and what one has to open; its figures are placed later."""
    found = []
    for block in blocks:
        if isinstance(block, Warnings):
            block = block.without(common)
        if isinstance(block, Heading | Picture) or (isinstance(block, Warnings) and not block.rows):
            continue
        found.append(page.fitted(block))
    return found


def _cards(explanations: Sequence[Explained | Unexplained]) -> list[Sequence[Block]]:
    """Returns what is said once: which run, which surrogate."""
    shown = [e for e in explanations if e.surrogate is not None] or explanations
    return [blocks for e in shown[:1] for blocks in ((run_card(e),), surrogate_card(e)) if blocks]


def _picture(explanations: Sequence[Explained | Unexplained]) -> tuple[Figure, ...]:
    """Returns the figure of all explanations; none where nothing is explained."""
    return picture(explanations, [e.best if isinstance(e, Explained) else None for e in explanations])


def _anchor(explanation: Explained | Unexplained) -> str:
    """Returns the section's id: letters and digits, whatever the names are."""
    return "e-" + "-".join(name.encode("utf-8", "backslashreplace").hex() for name in explanation.hyperparameters)


def _run_name(explanations: Sequence[Explained | Unexplained]) -> str:
    return (run_of(explanations[0]) if explanations else "") or "a run"
