"""The formats in which explanations, comparisons and other records are written."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deepcave_symbolic.records import Record
    from deepcave_symbolic.show.blocks import Block

__all__ = ["FORMATS", "RECORD_FORMATS", "add_format_options", "formatted", "record_page"]

#: Letters of a line on a terminal: more are hard to read, in fewer a table does not fit.
_NARROWEST, _WIDEST = 60, 120
FORMATS = ("text", "json", "latex", "markdown")
#: Those of records without a formula of their own.
RECORD_FORMATS = ("text", "json", "markdown")


def add_format_options(add: Any, formats: Sequence[str] = FORMATS) -> None:
    """Adds the options that say how and where to write.

    Args:
        add: Adds an argument to the parser.
        formats: Those that there are.
    """
    add("--format", choices=formats, default="text", help="output (default: text)")
    add("-o", "--output", metavar="FILE", help="write to a file instead of the terminal")


def formatted(blocks: Sequence[Block], format: str, output: str | None = None) -> str:
    """Returns a page as text, LaTeX or Markdown.

    Args:
        blocks: The page.
        format: The format.
        output: The file that it is for; None for standard output, where text fits a terminal.
    """
    from deepcave_symbolic.show.latex import write_latex
    from deepcave_symbolic.show.markdown import write_markdown
    from deepcave_symbolic.show.text import WIDTH, write_text

    if format != "text":
        return {"latex": write_latex, "markdown": write_markdown}[format](blocks)
    on_terminal = output is None and sys.stdout is not None and sys.stdout.isatty()
    columns = shutil.get_terminal_size().columns if on_terminal else WIDTH
    return write_text(blocks, min(max(columns, _NARROWEST), _WIDEST))


def record_page(record: Record, blocks: Sequence[Block], format: str, output: str | None) -> str:
    """Returns a record in one of `FORMATS`.

    Args:
        record: What JSON has.
        blocks: What people read.
        format: The format.
        output: The file that it is for; None for standard output.
    """
    if format == "json":
        return json.dumps(record.to_dict(), indent=2, allow_nan=False) + "\n"
    return formatted(blocks, format, output).rstrip("\n") + "\n"
