"""Puts the page together, below its size."""

from __future__ import annotations

import json
from collections.abc import Sequence

from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.show.cards import BIBTEX, run_of
from deepcave_symbolic.show.html.assets import SCRIPT, STYLE
from deepcave_symbolic.show.html.figures import Drawings, packed_plotly, script_hash
from deepcave_symbolic.show.html.markup import anchor, code, folded, tx
from deepcave_symbolic.show.html.parts import core, extras, heading, run_card, surrogate_card
from deepcave_symbolic.show.html.room import Room
from deepcave_symbolic.show.html.tables import overview_table
from deepcave_symbolic.show.text import overview_latex

__all__ = ["GENERATOR", "MAX_BYTES", "explanation_page", "report_page"]

#: The page stays below, so that it goes through a mail.
MAX_BYTES = 5_000_000
#: Kept for the page's frame and, a section, for its heading and the words that say what is left out.
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
        overview: One a hyperparameter, the strongest first.
        pairs: Of two hyperparameters each.
        title: Heading; the run's name by default.
        command: The command that made it, as typed.
        pairs_note: What is said of the pairs: how they were chosen, or why there are none.
    """
    page = _Page([*overview, *pairs], 3, _common([*overview, *pairs]))
    body = ["<h2>Every hyperparameter</h2>", overview_table(overview, page.room.take)]
    body.append(f'<p class="note">{_COLUMNS}</p>')
    body.append(page.optional(folded("LaTeX of this table (booktabs, amsmath)", code(overview_latex(overview)))))
    if pairs or pairs_note:
        body.append("<h2>The strongest pairs</h2>")
    if pairs:
        body.append(overview_table(pairs, page.room.take, pairs=True))
    if pairs_note:
        body.append(f'<p class="note">{tx(pairs_note)}</p>')
    if pairs:
        body.append(page.optional(folded("LaTeX of this table (booktabs, amsmath)", code(overview_latex(pairs)))))
    body.append("<h2>One by one</h2>")
    return page.html(title or f"Symbolic report of {_run_name(overview)}", body, command)


class _Page:
    """A page with a section an explanation.

    What does not fit is left out: first code and fronts, then figures, those of the hyperparameters that move the
    objective least first.
    """

    def __init__(self, explanations: Sequence[Explanation], level: int, common: Sequence[str]) -> None:
        self._explanations = explanations
        self._level = level
        self._common = common
        self._incomplete = 0
        self.room = Room(MAX_BYTES - _FRAME - _HEADING * len(explanations) - len(STYLE) - len(SCRIPT))

    def optional(self, markup: str) -> str:
        """Returns the markup where it fits, else a sentence."""
        return markup if self.room.take(markup) else '<p class="note">Its LaTeX is too long for this page.</p>'

    def html(self, title: str, overview: Sequence[str], command: str | None) -> str:
        """Returns the page.

        Args:
            title: Heading.
            overview: What stands before the sections.
            command: The command that made it.

        Raises:
            InvalidArgumentError: If names are so long that even what must be there does not fit.
        """
        made = _made(self._explanations, command)
        self.room.take(made)
        sections, scripts, policy = self._sections()
        every = self._explanations
        body = [f"<h1>{tx(title)}</h1>"]
        if shown := [e for e in every if e.surrogate is not None] or every:
            body.append(f'<div class="cards">{run_card(shown[0])}{surrogate_card(shown[0])}</div>')
        body += [f'<p class="warning">{tx(warning)}</p>' for warning in self._common]
        if scripts:
            body.append('<noscript><p class="warning">The figures need JavaScript.</p></noscript>')
        if self._incomplete:
            body.append(
                f'<p class="warning">To stay below {MAX_BYTES / 1e6:g} MB, {self._incomplete} of {len(every)} sections '
                "below leave something out and say what.</p>"
            )
        body += [*overview, *sections, f"<section><h2>How this was made</h2>{made}</section>"]
        # plotly.js sets styles on its elements and turns a figure into a picture to be saved.
        allowed = f"default-src 'none'; {policy}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'"
        page = (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{allowed}; form-action \'none\'">\n{GENERATOR}\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{tx(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n" + "\n".join(body) + f"\n{scripts}"
            "</body>\n</html>\n"
        )
        if len(page.encode()) > MAX_BYTES:
            raise InvalidArgumentError(
                f"The page would have {len(page.encode()) / 1e6:.1f} MB, for its names alone; expected at most "
                f"{MAX_BYTES / 1e6:g} MB. Shorten the title or the names, or explain fewer hyperparameters."
            )
        return page

    def _sections(self) -> tuple[list[str], str, str]:
        """Returns the sections, the scripts that draw their figures, and what the page's policy says of scripts."""
        every = self._explanations
        texts = [core(e, self._level, self._common) for e in every]
        left_out: list[list[str]] = [[] for _ in every]
        for i, e in enumerate(every):
            if not self.room.take(texts[i]):
                texts[i] = heading(e, self._level)
                left_out[i].append("the formula and its facts")
        # What moves the objective most comes first into the room.
        order = sorted(range(len(every)), key=lambda i: -every[i].range)
        scripts, policy = "", "script-src 'none'"
        plotly, plotly_hash = packed_plotly()
        drawings = Drawings(self.room if self.room.take(plotly) else Room(0))
        for i in order:
            if every[i].formulas:
                figure = drawings.add(every[i])
                texts[i] += figure
                left_out[i] += [] if figure else ["the figure"]
        if len(drawings):
            policy = f"script-src {script_hash(SCRIPT)} {plotly_hash}"
            scripts = (
                f'<script type="application/json" id="figures">{drawings.json()}</script>\n'
                f'<script type="text/plain" id="plotly">{plotly}</script>\n<script>{SCRIPT}</script>\n'
            )
        for i in order:
            for name, markup in extras(every[i]):
                if self.room.take(markup):
                    texts[i] += markup
                else:
                    left_out[i].append(name)
        self._incomplete = sum(map(bool, left_out))
        sections = [
            f'<section class="item" id="{anchor(e)}">{text}{_left_out(names)}</section>'
            for e, text, names in zip(every, texts, left_out, strict=True)
        ]
        return sections, scripts, policy


def _left_out(names: Sequence[str]) -> str:
    if not names:
        return ""
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return (
        f'<p class="left-out">Left out, for the page would have more than {MAX_BYTES / 1e6:g} MB: {tx(listed)}. '
        "<code>deepcave-symbolic explain RUN -p NAME</code> and, in Python, <code>explain(...)</code> have it.</p>"
    )


def _run_name(explanations: Sequence[Explanation]) -> str:
    return (run_of(explanations[0]) if explanations else "") or "a run"


def _common(explanations: Sequence[Explanation]) -> list[str]:
    """Returns the warnings that hold for every formula."""
    explained = [e for e in explanations if e.formulas]
    return [w for w in explained[0].warnings if all(w in e.warnings for e in explained)] if len(explained) > 1 else []


def _made(explanations: Sequence[Explanation], command: str | None) -> str:
    parts = [] if command is None else ["<p>Command:</p>", code(command)]
    if explanations:
        # What differs between hyperparameters stands in their sections.
        provenances = [e.provenance for e in explanations if e.formulas] or [explanations[0].provenance]
        shared = {k: v for k, v in provenances[0].items() if all(p.get(k) == v for p in provenances)}
        parts.append(folded("Provenance", code(json.dumps(shared, indent=1, default=str))))
    parts.append("<p>The method is that of this paper; please cite it where you use the formulas:</p>")
    return "".join([*parts, code(BIBTEX)])
