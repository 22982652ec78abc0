"""A comparison of several runs as a page: what is compared first, then every run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from deepcave_symbolic.comparing import Compared, ComparedLaws, ComparedRuns
from deepcave_symbolic.findings.explained import Explained
from deepcave_symbolic.show.blocks import Block, Code, Details, Facts, Heading, Picture, Table, Warnings
from deepcave_symbolic.show.brief import warned_first
from deepcave_symbolic.show.cards import how_made, runs_table
from deepcave_symbolic.show.html.page import Page, Section
from deepcave_symbolic.show.html.report import AS_LATEX, SOURCES, section_blocks
from deepcave_symbolic.show.latex import table_latex
from deepcave_symbolic.show.laws import law_document
from deepcave_symbolic.show.several import Comparisons, compared_document, compared_summary
from deepcave_symbolic.show.whole_run import whole_run_document
from deepcave_symbolic.whole_run import ExplainedRun

__all__ = ["comparison_page"]

_FIRST, _RUNS = "Side by side", "The runs"
#: The command and the function that have what does not fit into the section on a run.
_WHOLE_RUN = ("deepcave-symbolic whole-run RUN", "explain_run(...)")
_LAW = ("deepcave-symbolic law RUN -p NAME", "law(...)")


def comparison_page(compared: Comparisons, command: str | None = None) -> str:
    """Returns a comparison as a page that opens without internet.

    Args:
        compared: The record.
        command: The command that made it, as typed.
    """
    heading, *blocks = warned_first(compared_document(compared))
    assert isinstance(heading, Heading)
    sections, sources = _sections(compared)
    page = Page(sections, 3, sources)
    tables, pictures = _grouped(blocks, page, [section.id for section in sections])
    records = _records(compared)
    if records:
        tables[_RUNS] = [page.fitted(runs_table(compared.runs, records))]
    made = how_made([e for e in records if isinstance(e, Explained | ExplainedRun)], command)
    return page.html(
        heading.text,
        tables=tables,
        pictures=pictures,
        said_first=compared_summary(compared),
        made=made,
    )


def _records(compared: Comparisons) -> Sequence[Explained | ExplainedRun]:
    """Returns the records of the runs that know surrogate and trials; none where there are none."""
    if isinstance(compared, Compared):
        return compared.explanations
    return compared.explained if isinstance(compared, ComparedRuns) else ()


def _sections(compared: Comparisons) -> tuple[list[Section], tuple[str, str]]:
    """Returns a section per run, and what has what does not fit into it."""
    documents: list[Sequence[Block]] = []
    sources = SOURCES
    if isinstance(compared, Compared):
        documents = [list(section_blocks(e, Warnings(()))) for e in compared.explanations]
    elif isinstance(compared, ComparedRuns):
        documents, sources = [whole_run_document(e) for e in compared.explained], _WHOLE_RUN
    elif isinstance(compared, ComparedLaws):
        documents, sources = [law_document(law) for law in compared.laws], _LAW
    sections = []
    for i, (run, blocks) in enumerate(zip(compared.runs, documents, strict=False)):
        (first, *others) = blocks
        assert isinstance(first, Heading)
        # The earlier run keeps more where not all fits: the first ones are those that the figure tells apart best.
        shown = [block.without("Verdict") if isinstance(block, Facts) else block for block in others]
        sections.append(Section(f"run-{i + 1}", [Heading(run, first.verdict), *shown], weight=-i))
    return sections, sources


def _grouped(
    blocks: Sequence[Block], page: Page, links: Sequence[str]
) -> tuple[dict[str, list[str]], Mapping[str, list[Picture]]]:
    """Returns the markup of the blocks by the heading that they stand below, and its figures.

    Args:
        blocks: The blocks; a table's title is such a heading.
        page: Where they have to fit.
        links: Where the names of the runs lead.
    """
    found: dict[str, list[str]] = {_FIRST: []}
    pictures: dict[str, list[Picture]] = {_FIRST: []}
    for block in blocks:
        if isinstance(block, Picture):
            pictures[_FIRST].append(block)
            continue
        heading = block.title if isinstance(block, Table) and block.title else next(reversed(found))
        markup = found.setdefault(heading, [])
        if isinstance(block, Table) and block.columns[0].title == "run":
            markup.append(page.fitted(replace(block, title=""), links=links))
            latex = Details(f"This table {AS_LATEX}", (Code("", table_latex(block)),))
            markup.append(page.fitted(latex, instead="Its LaTeX is too long for this page."))
        else:
            markup.append(page.fitted(replace(block, title="") if isinstance(block, Table) else block))
    return found, pictures
