"""Puts the page together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import PurePath

from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.html_report.assets import BIBTEX, SCRIPT, STYLE
from deepcave_symbolic.html_report.figures import Drawings, packed_plotly, script_hash
from deepcave_symbolic.html_report.parts import code, folded, overview_table, run_card, section, surrogate_card, tx
from deepcave_symbolic.report import overview_latex

__all__ = ["MAX_BYTES", "explanation_page", "report_page"]

#: The page stays below, so that it goes through a mail; what does not fit are the weakest hyperparameters' figures.
MAX_BYTES = 5_000_000
#: For all that is neither plotly.js nor a figure; about 15 kB an explanation.
_FOR_TEXT = 900_000

_SHARE = (
    "Range: how much of the objective the formula's hyperparameter moves. Share: of the surrogate's variance that it "
    "accounts for on its own, where it is active. R²: how well the formula follows the surrogate's average."
)


def explanation_page(explanation: Explanation, command: str | None = None) -> str:
    """Returns one explanation as a page that opens without internet.

    Args:
        explanation: The record.
        command: The command that made it, as typed.
    """
    title = f"{' and '.join(explanation.hyperparameters)} in {_run_name([explanation])}"
    return _page(title, [explanation], [], command, overview=False)


def report_page(
    overview: Sequence[Explanation],
    pairs: Sequence[Explanation] = (),
    *,
    title: str | None = None,
    command: str | None = None,
) -> str:
    """Returns a run's explanations as one page that opens without internet.

    Args:
        overview: One a hyperparameter, the strongest first.
        pairs: Of two hyperparameters each.
        title: Heading; the run's name by default.
        command: The command that made it, as typed.
    """
    return _page(title or f"Symbolic report of {_run_name(overview)}", overview, pairs, command, overview=True)


def _page(
    title: str, singles: Sequence[Explanation], pairs: Sequence[Explanation], command: str | None, overview: bool
) -> str:
    every = [*singles, *pairs]
    plotly, plotly_hash = packed_plotly()
    drawings = Drawings(MAX_BYTES - _FOR_TEXT - len(plotly))
    common = _common(every) if overview else []
    body = [f"<h1>{tx(title)}</h1>"]
    if shown := [e for e in every if e.surrogate is not None] or every:
        body.append(f'<div class="cards">{run_card(shown[0])}{surrogate_card(shown[0])}</div>')
    body += [f'<p class="warning">{tx(warning)}</p>' for warning in common]
    if overview:
        body += ["<h2>Every hyperparameter</h2>", overview_table(singles), f'<p class="note">{_SHARE}</p>']
        body.append(folded("LaTeX of this table (booktabs, amsmath)", code(overview_latex(singles))))
        if pairs:
            body += ["<h2>The strongest pairs</h2>", overview_table(pairs)]
        body.append("<h2>One by one</h2>")
    # The strongest of both kinds come first into the page's room for figures.
    body += [section(e, drawings, common) for e in every]
    body += ["<h2>How this was made</h2>", _made(every, command)]
    scripts = ""
    policy = "script-src 'none'"
    if len(drawings):
        policy = f"script-src {script_hash(SCRIPT)} {plotly_hash}"
        scripts = (
            f'<script type="application/json" id="figures">{drawings.json()}</script>\n'
            f'<script type="text/plain" id="plotly">{plotly}</script>\n<script>{SCRIPT}</script>\n'
        )
    # plotly.js sets styles on its elements and turns a figure into a picture to be saved.
    allowed = f"default-src 'none'; {policy}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{allowed}; form-action \'none\'">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{tx(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n" + "\n".join(body) + f"\n{scripts}"
        "</body>\n</html>\n"
    )


def _run_name(explanations: Sequence[Explanation]) -> str:
    run = str(explanations[0].provenance.get("run", "")) if explanations else ""
    return PurePath(run).name or "a run"


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
