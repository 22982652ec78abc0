"""The formats in which explanations, comparisons and other records are written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deepcave_symbolic.records import Record
    from deepcave_symbolic.show.blocks import Block

__all__ = ["RECORD_FORMATS", "add_format_options", "formatted", "record_page"]


FORMATS = ("text", "json", "latex", "markdown")
#: Those of records beside explanations, of which LaTeX would have the formulas alone.
RECORD_FORMATS = ("text", "json", "markdown")


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


def record_page(record: Record, blocks: Sequence[Block], format: str) -> str:
    """Returns a record in one of `RECORD_FORMATS`.

    Args:
        record: What JSON has.
        blocks: What people read.
        format: The format.
    """
    if format == "json":
        return json.dumps(record.to_dict(), indent=2, allow_nan=False) + "\n"
    return formatted(blocks, format).rstrip("\n") + "\n"
