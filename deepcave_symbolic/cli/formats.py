"""The formats in which explanations and comparisons are written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deepcave_symbolic.show.blocks import Block

__all__ = ["add_format_options", "formatted"]


FORMATS = ("text", "json", "latex", "markdown")


def add_format_options(add: Any, formats: Sequence[str] = FORMATS) -> None:
    """Adds the options that say how and where to write.

    Args:
        add: Adds an argument to the parser.
        formats: Those that there are.
    """
    add("--format", choices=formats, default="text", help="output (default: text)")
    add("-o", "--output", metavar="FILE", help="write to a file instead of the terminal")


def formatted(blocks: Sequence[Block], format: str) -> str:
    """Returns a page as text, LaTeX or Markdown."""
    from deepcave_symbolic.show.latex import write_latex
    from deepcave_symbolic.show.markdown import write_markdown
    from deepcave_symbolic.show.text import write_text

    return {"text": write_text, "latex": write_latex, "markdown": write_markdown}[format](blocks)
