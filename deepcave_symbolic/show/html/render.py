"""Renders the page's blocks with Jinja2, which is where every text is escaped, and reads the files beside it."""

from __future__ import annotations

import functools
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from importlib import resources
from typing import Any

import jinja2

from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.findings.trust import VERDICTS
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.words.names import shown_name, visible

__all__ = ["Badge", "anchor", "asset", "badge_of", "blocks", "render_page", "title_of", "typeset"]

_CLASSES = dict(zip(VERDICTS, ("good", "care", "bad"), strict=True))
#: A formula of more ems cannot be read in print.
_WIDEST_IN_PRINT = 105
#: Width of a letter, digit or sign, in em; fonts differ, and too wide a guess only makes a formula a little smaller.
_LETTER, _SIGN = 0.55, 0.95
_SCRIPT = 0.75


def asset(name: str) -> str:
    """Returns the text of a file of this folder."""
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


@functools.cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader(__package__),
        autoescape=True,
        # Made markup stays as it is; in everything else hidden characters are written out, then markup is escaped.
        finalize=lambda value: value if hasattr(value, "__html__") else visible(str(value)),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@functools.cache
def blocks() -> Any:
    """Returns the macros of `templates/blocks.html.j2`: `blocks().note("a < b")` is markup."""
    return _environment().get_template("blocks.html.j2").module


def render_page(**values: object) -> str:
    """Returns the page, `templates/page.html.j2` with these values."""
    return _environment().get_template("page.html.j2").render(values)


@dataclass(frozen=True)
class Badge:
    """A verdict's words and the class that colours them."""

    text: str
    kind: str


def badge_of(explanation: Explanation) -> Badge:
    """Returns what is said of the explanation's trust."""
    if not explanation.formulas:
        return Badge("no formula", "none")
    return Badge(explanation.verdict, _CLASSES.get(explanation.verdict, "none"))


def title_of(explanation: Explanation) -> str:
    """Returns what a section is about."""
    return " and ".join(explanation.hyperparameters)


def anchor(explanation: Explanation) -> str:
    """Returns the section's id: letters and digits, whatever the names are."""
    return "e-" + "-".join(name.encode("utf-8", "backslashreplace").hex() for name in explanation.hyperparameters)


def typeset(formula: Formula, *, whole: bool = False) -> str:
    """Returns a formula as MathML in its box.

    Args:
        formula: The formula.
        whole: Whether the objective stands before it.
    """
    lead = f"{shown_name(formula.objective)} ≈ " if whole else ""
    math = formula.mathml()
    ems = _width(ET.fromstring(math)) + _LETTER * len(visible(lead))
    markup: str = blocks().formula(math, lead, ems, formula.text() if ems > _WIDEST_IN_PRINT else "")
    return markup


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
