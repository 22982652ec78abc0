"""Renders the blocks of a page with Jinja2, which is where every text is escaped, and reads the files beside it."""

from __future__ import annotations

import functools
import xml.etree.ElementTree as ET
from importlib import resources

import jinja2

from deepcave_symbolic.show.blocks import Block
from deepcave_symbolic.show.palette import NO_VERDICT_COLOR, VERDICT_COLORS
from deepcave_symbolic.words.names import shown_name, visible

__all__ = ["asset", "render", "render_page"]

#: A formula of more ems cannot be read in print, where nobody can scroll; there it stands as text, which wraps.
_WIDEST_IN_PRINT = 105
#: Width of a letter, digit or sign, in em; fonts differ, and too wide a guess only makes a formula a little smaller.
_LETTER, _SIGN = 0.55, 0.95
_SCRIPT = 0.75


def render(block: Block, **options: object) -> str:
    """Returns a block's markup, which the macro of its name in `templates/blocks.html.j2` makes.

    Args:
        block: The block.
        options: Further arguments of that macro.
    """
    macros = _environment().get_template("blocks.html.j2").module
    markup: str = getattr(macros, type(block).__name__)(block, **options)
    return markup


def render_page(**values: object) -> str:
    """Returns `templates/page.html.j2` with these values."""
    return _environment().get_template("page.html.j2").render(values)


def asset(name: str) -> str:
    """Returns the text of a file of this folder."""
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__),
        autoescape=True,
        # What macros made stays as it is; in all else hidden characters are written out before markup is escaped.
        finalize=lambda value: value if hasattr(value, "__html__") else visible(str(value)),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"shown_name": shown_name, "ems": _ems}
    colors = {**VERDICT_COLORS, "no verdict": NO_VERDICT_COLOR}
    environment.globals |= {"render": render, "verdict_colors": colors, "widest_in_print": _WIDEST_IN_PRINT}
    return environment


def _ems(mathml: str, lead: str) -> float:
    """Returns about how wide the widest line of a formula is at least, in em of its font.

    Args:
        mathml: The formula, one element or several between which a line may end.
        lead: The text before it.
    """
    first, *others = (_width(piece) for piece in ET.fromstring(f"<span>{mathml}</span>"))
    return max(first + _LETTER * len(visible(lead)), *others, 0.0)


def _width(node: ET.Element) -> float:
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
