"""Puts the page together, below its size."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.show.cards import BIBTEX, run_of
from deepcave_symbolic.show.document import overview as overview_blocks
from deepcave_symbolic.show.html.figures import Drawings, RemainingBytes, packed_plotly, script_hash
from deepcave_symbolic.show.html.parts import core, extras, heading, run_card, surrogate_card
from deepcave_symbolic.show.html.render import anchor, asset, blocks, render_page
from deepcave_symbolic.show.html.tables import overview_table
from deepcave_symbolic.show.latex import write_latex

__all__ = ["GENERATOR", "MAX_BYTES", "explanation_page", "report_page"]

#: The page stays below, so that it goes through a mail.
MAX_BYTES = 5_000_000
#: Bytes for the page's frame and, per section, for its heading and the words that say what is left out.
_FRAME, _HEADING = 60_000, 1_500
#: By this a page is known as one of ours.
GENERATOR = '<meta name="generator" content="deepcave-symbolic">'

_COLUMNS = (
    "Range: how much of the objective the hyperparameter moves. Share: of the surrogate's variance that it accounts "
    "for on its own, where it is active. R²: how well the formula follows the surrogate's average."
)


def explanation_page(explanation: Explanation, command: str | None = None) -> str:
    """Returns one explanation as a page that opens without internet.

    Args:
        explanation: The record.
        command: The command that made it, as typed.
    """
    title = f"{' and '.join(explanation.hyperparameters)} in {_run_name([explanation])}"
    return _Page([explanation], 2, []).html(title, [], command)


def report_page(
    overview: Sequence[Explanation],
    pairs: Sequence[Explanation] = (),
    *,
    title: str | None = None,
    command: str | None = None,
    pairs_note: str = "",
) -> str:
    """Returns a run's explanations as one page that opens without internet.

    Args:
        overview: One per hyperparameter, the strongest first.
        pairs: Of two hyperparameters each.
        title: Heading; the run's name by default.
        command: The command that made it, as typed.
        pairs_note: What is said of the pairs: how they were chosen, or why there are none.
    """
    page = _Page([*overview, *pairs], 3, _common([*overview, *pairs]))
    shown = [page.heading("Every hyperparameter"), overview_table(overview, page.remaining.reserve)]
    shown += [blocks().note(_COLUMNS), page.latex_of(overview)]
    if pairs or pairs_note:
        shown.append(page.heading("The strongest pairs"))
    if pairs:
        shown.append(overview_table(pairs, page.remaining.reserve, pairs=True))
    if pairs_note:
        shown.append(blocks().note(pairs_note))
    if pairs:
        shown.append(page.latex_of(pairs))
    shown.append(page.heading("One by one"))
    return page.html(title or f"Symbolic report of {_run_name(overview)}", shown, command)


@dataclass
class _Section:
    """What the page says of one explanation, and what was left out to keep the page below its size."""

    explanation: Explanation
    parts: list[str]
    left_out: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        return anchor(self.explanation)


class _Page:
    """A page with one section per explanation.

    What does not fit is left out: first code and fronts, then figures, those of the hyperparameters that move the
    objective least first.
    """

    def __init__(self, explanations: Sequence[Explanation], level: int, common: Sequence[str]) -> None:
        self._explanations = explanations
        self._level = level
        self._common = common
        self._style, self._script = asset("report.css"), asset("report.js")
        frame = _FRAME + _HEADING * len(explanations) + len(self._style) + len(self._script)
        self.remaining = RemainingBytes(MAX_BYTES - frame)

    def heading(self, text: str) -> str:
        """Returns a heading above the sections."""
        made: str = blocks().title(text)
        return made

    def latex_of(self, explanations: Sequence[Explanation]) -> str:
        """Returns a table's LaTeX where it fits, else a sentence."""
        code = blocks().code(write_latex(overview_blocks(explanations)))
        made: str = blocks().folded("LaTeX of this table (booktabs, amsmath)", code)
        return made if self.remaining.reserve(made) else blocks().note("Its LaTeX is too long for this page.")

    def html(self, title: str, overview: Sequence[str], command: str | None) -> str:
        """Returns the page.

        Args:
            title: Heading.
            overview: What stands before the sections.
            command: The command that made it.

        Raises:
            InvalidArgumentError: If names are so long that even what must be there does not fit.
        """
        made = blocks().made(command, _shared_provenance(self._explanations), BIBTEX)
        self.remaining.reserve(made)
        plotly, plotly_hash = packed_plotly()
        drawings = Drawings(self.remaining if self.remaining.reserve(plotly) else RemainingBytes(0))
        sections = self._sections(drawings)
        shown = [e for e in self._explanations if e.surrogate is not None] or self._explanations
        page = render_page(
            generator=GENERATOR,
            title=title,
            style=self._style,
            cards=[card for e in shown[:1] for card in (run_card(e), surrogate_card(e))],
            common=self._common,
            overview=overview,
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
        """Returns the sections, with as many figures and extras as fit."""
        sections = [_Section(e, core(e, self._level, self._common)) for e in self._explanations]
        for section in sections:
            if not self.remaining.reserve(*section.parts):
                section.parts = [heading(section.explanation, self._level)]
                section.left_out.append("the formula and its facts")
        # What moves the objective most is placed first.
        order = sorted(sections, key=lambda section: -section.explanation.range)
        for section in order:
            if section.explanation.formulas:
                if figure := drawings.add(section.explanation):
                    section.parts.append(figure)
                else:
                    section.left_out.append("the figure")
        for section in order:
            for name, markup in extras(section.explanation):
                if self.remaining.reserve(markup):
                    section.parts.append(markup)
                else:
                    section.left_out.append(name)
        return sections


def _run_name(explanations: Sequence[Explanation]) -> str:
    return (run_of(explanations[0]) if explanations else "") or "a run"


def _common(explanations: Sequence[Explanation]) -> list[str]:
    """Returns the warnings that hold for every formula."""
    explained = [e for e in explanations if e.formulas]
    return [w for w in explained[0].warnings if all(w in e.warnings for e in explained)] if len(explained) > 1 else []


def _shared_provenance(explanations: Sequence[Explanation]) -> str:
    """Returns as JSON what is the same for every explanation; what differs stands in their sections."""
    provenances = [e.provenance for e in explanations if e.formulas] or [e.provenance for e in explanations[:1]]
    shared = {k: v for p in provenances[:1] for k, v in p.items() if all(q.get(k) == v for q in provenances)}
    return json.dumps(shared, indent=1, default=str) if shared else ""
