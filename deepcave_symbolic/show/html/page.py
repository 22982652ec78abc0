"""Puts blocks on one page, below its size: what is shown first, and a section for each of what it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.show.blocks import (
    Block,
    Details,
    Facts,
    FormulaBlock,
    Heading,
    Note,
    Picture,
    Table,
    Warnings,
)
from deepcave_symbolic.show.html.figures import Drawings, RemainingBytes, packed_plotly, script_hash
from deepcave_symbolic.show.html.render import asset, render, render_page

__all__ = ["GENERATOR", "MAX_BYTES", "Page", "Section"]

#: The page stays below, so that it goes through a mail.
MAX_BYTES = 5_000_000
#: Bytes for the page's frame and, per section, for its heading and the words that say what is left out.
_FRAME, _HEADING = 60_000, 1_500
#: By this a page is known as one of ours.
GENERATOR = '<meta name="generator" content="deepcave-symbolic">'
#: What must be there is placed first, then the figures, then what one has to open.
_PLACED = ((Heading, FormulaBlock, Warnings, Facts, Note), Picture, (Table, Details))
_NO_WARNINGS = Warnings(())
#: What a block without a title is called where it is left out.
_NAMES = {FormulaBlock: "the formula", Warnings: "the warnings", Facts: "the facts", Note: "a note"}


@dataclass
class Section:
    """What a page says of one of what it is about.

    Args:
        id: Where links to it lead; letters, digits and hyphens.
        blocks: What is to be shown, a heading first.
        weight: Sections of more weight keep more of their blocks where not all fit.
        unjudged: What stands in the heading where there is no verdict.

    Attributes:
        fitting: The markup of the blocks that fit, by their places.
        left_out: The names of those that do not.
    """

    id: str
    blocks: Sequence[Block]
    weight: float = 0.0
    unjudged: str = ""
    fitting: dict[int, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    @property
    def parts(self) -> list[str]:
        """The markup of what fits, in order."""
        return [self.fitting[i] for i in sorted(self.fitting)]


class Page:
    """A page of sections.

    What does not fit is left out: first what one has to open, then figures, each time of the sections of least weight.

    Args:
        sections: The sections, in order.
        level: Of their headings.
        sources: The command and the function that have what is left out.
    """

    def __init__(self, sections: Sequence[Section], level: int, sources: tuple[str, str]) -> None:
        self._sections = sections
        self._level = level
        self._sources = sources
        self._style, self._script = asset("report.css"), asset("report.js")
        frame = _FRAME + _HEADING * len(sections) + len(self._style) + len(self._script)
        self._remaining = RemainingBytes(MAX_BYTES - frame)

    def fitted(self, block: Block, instead: str = "Too long for this page.", **options: object) -> str:
        """Returns a block's markup, or a note in its place where it does not fit.

        Args:
            block: The block, which is no figure.
            instead: The note.
            options: See `render`.
        """
        markup = render(block, **options)
        return markup if self._remaining.reserve(markup) else render(Note(instead))

    def html(
        self,
        title: str,
        *,
        made: Sequence[Block],
        cards: Sequence[Sequence[Block]] = (),
        common: Warnings = _NO_WARNINGS,
        tables: Mapping[str, Sequence[str]] | None = None,
        pictures: Mapping[str, Sequence[Picture]] | None = None,
        said_first: str = "",
    ) -> str:
        """Returns the page.

        Args:
            title: Heading.
            made: How it was made.
            cards: What is said once.
            common: Warnings that are shown once.
            tables: The markup of what stands before the sections, by its heading.
            pictures: What stands below that, by its heading.
            said_first: A summary.

        Raises:
            InvalidArgumentError: If names are so long that even what must be there does not fit.
        """
        how = [render(block) for block in made]
        self._remaining.reserve(*how)
        plotly, plotly_hash = packed_plotly()
        drawings = Drawings(self._remaining if self._remaining.reserve(plotly) else RemainingBytes(0))
        no_room = render(Note("The picture does not fit on this page."))
        drawn = {
            name: [drawings.add(block) or no_room for block in blocks] for name, blocks in (pictures or {}).items()
        }
        self._place(drawings)
        page = render_page(
            generator=GENERATOR,
            title=title,
            written=f"{date.today():%-d %B %Y}",
            said_first=said_first,
            style=self._style,
            cards=[[render(block) for block in card] for card in cards],
            common=render(common),
            tables={heading: [*parts, *drawn.get(heading, ())] for heading, parts in (tables or {}).items()},
            sections=self._sections,
            sources=self._sources,
            incomplete=sum(bool(section.left_out) for section in self._sections),
            megabytes=f"{MAX_BYTES / 1e6:g}",
            made=how,
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

    def _place(self, drawings: Drawings) -> None:
        """Gives the sections as many of their blocks as fit."""
        order = sorted(self._sections, key=lambda section: -section.weight)
        for kinds in _PLACED:
            for section in order:
                for i, block in enumerate(section.blocks):
                    if isinstance(block, kinds):
                        if markup := self._markup(block, section, drawings):
                            section.fitting[i] = markup
                        else:
                            section.left_out.append(_name(block))

    def _markup(self, block: Block, section: Section, drawings: Drawings) -> str:
        """Returns a block's markup, or nothing where it does not fit."""
        if isinstance(block, Heading):  # the page's frame has room for it
            return render(block, level=self._level, judged=block.verdict or section.unjudged)
        if isinstance(block, Picture):
            return drawings.add(block)
        markup = render(block)
        return markup if self._remaining.reserve(markup) else ""


def _name(block: Block) -> str:
    if isinstance(block, Picture):
        return "the figure"
    if isinstance(block, Table | Details):
        # Without a title a table is about what stands above it.
        return f"“{block.title}”" if block.title else "the table"
    return _NAMES[type(block)]
