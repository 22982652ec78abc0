"""The smallest pieces of the page. Every text is escaped here, and only here."""

from __future__ import annotations

import html
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.findings.trust import VERDICTS
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.words.names import shown_name, visible, visible_text

__all__ = ["anchor", "badge", "code", "facts_list", "folded", "title_of", "tx", "typeset", "verdict_class"]

_CLASSES = dict(zip(VERDICTS, ("good", "care", "bad"), strict=True))
#: A formula of more ems cannot be read in print, where nobody can scroll; there it stands as text, which wraps.
_WIDEST_IN_PRINT = 105
#: Width of a letter, digit or sign, in em; fonts differ, and too wide a guess only makes a formula a little smaller.
_LETTER, _SIGN = 0.55, 0.95
_SCRIPT = 0.75


def tx(text: object) -> str:
    """Returns text for HTML: markup escaped, hidden characters written out."""
    return html.escape(visible(str(text)))


def code(text: str) -> str:
    """Returns lines of code that one click selects."""
    return f"<pre>{html.escape(visible_text(text.rstrip()))}</pre>"


def folded(summary: str, body: str) -> str:
    """Returns something that opens at a click."""
    return f"<details><summary>{tx(summary)}</summary>{body}</details>"


def title_of(explanation: Explanation) -> str:
    """Returns what a section is about, escaped."""
    return tx(" and ".join(explanation.hyperparameters))


def anchor(explanation: Explanation) -> str:
    """Returns the section's id: letters and digits, whatever the names are."""
    return "e-" + "-".join(name.encode("utf-8", "backslashreplace").hex() for name in explanation.hyperparameters)


def verdict_class(explanation: Explanation) -> str:
    """Returns the class that colours the verdict; the verdict's words stand beside it wherever it is used."""
    return _CLASSES.get(explanation.verdict, "none") if explanation.formulas else "none"


def badge(explanation: Explanation) -> str:
    """Returns the verdict on its colour."""
    text = explanation.verdict if explanation.formulas else "no formula"
    return f'<span class="badge {verdict_class(explanation)}">{tx(text)}</span>'


def facts_list(facts: Sequence[tuple[str, str]]) -> str:
    """Returns pairs of label and text, those without a text left out."""
    return f"<dl>{''.join(f'<dt>{tx(k)}</dt><dd>{tx(v)}</dd>' for k, v in facts if v)}</dl>"


def typeset(formula: Formula, *, whole: bool = False) -> str:
    """Returns a formula as MathML, which the style sheet makes as small as its line needs.

    Args:
        formula: The formula.
        whole: Whether the objective stands before it.
    """
    lead = f"{tx(shown_name(formula.objective))} ≈ " if whole else ""
    math = formula.mathml()
    ems = _width(ET.fromstring(math)) + _LETTER * len(visible(lead))  # our own MathML, made a line above
    line = f'<span class="line">{lead}{math}</span>'
    if ems > _WIDEST_IN_PRINT:
        line = f'<span class="screen">{line}</span><span class="paper">{lead}{tx(formula.text())}</span>'
    return f'<div class="formula" style="--em:{ems:.1f}">{line}</div>'


def _width(node: ET.Element) -> float:
    """Returns about how wide MathML is, in em of its font."""
    tag = node.tag.rpartition("}")[2]
    widths: list[float] = [_width(child) for child in node]
    if tag == "mfrac":
        return max(widths) + 0.3
    if tag in ("msup", "msub"):
        return widths[0] + _SCRIPT * widths[1] + 0.1
    if tag == "msqrt":
        return sum(widths) + 1.0
    if tag == "mtable":
        columns: list[tuple[float, ...]] = list(zip(*([_width(cell) for cell in row] for row in node), strict=True))
        return sum(max(column) for column in columns) + 1.5
    letters = (node.text or "").replace("\u2061", "")  # without the sign of "applied to", which is invisible
    return sum(widths) + (_SIGN if tag == "mo" else _LETTER) * len(letters)
