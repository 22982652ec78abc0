"""Writes the command line reference from the parser, so that no option can be missing or described differently."""

from __future__ import annotations

import argparse
import html
from collections.abc import Iterator

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

MARKER = "<!-- generated: command line -->"
_WIDTH = 90


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Puts the reference in the marker's place."""
    if MARKER not in markdown:
        return markdown
    from deepcave_symbolic.cli import build_parser

    return markdown.replace(MARKER, "\n\n".join(_sections(build_parser(), [])))


def _sections(parser: argparse.ArgumentParser, command: list[str]) -> Iterator[str]:
    """Yields the Markdown of a parser and then of its subcommands.

    Args:
        parser: A parser; argparse shows what it has only in attributes with an underscore.
        command: The subcommands that lead to it.
    """
    formatter = argparse.HelpFormatter(parser.prog, width=_WIDTH)
    anchor = "-".join(command) or "deepcave-symbolic"
    yield f"{'#' * (2 + max(0, len(command) - 1))} `{parser.prog}` {{ #{anchor} }}"
    yield html.escape(parser.description or "")
    formatter.add_usage(parser.usage, parser._actions, parser._mutually_exclusive_groups, prefix="")
    yield f"```text\n{formatter.format_help().strip()}\n```"
    commands = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    shown = [a for a in parser._actions if a not in commands and a.help is not argparse.SUPPRESS]
    for title, actions in (
        ("Arguments", [a for a in shown if not a.option_strings]),
        ("Options", [a for a in shown if a.option_strings]),
    ):
        if actions:
            yield f"**{title}**"
            yield "\n".join(['<dl class="options">', *(_entry(a, formatter, anchor) for a in actions), "</dl>"])
    if parser.epilog:
        yield f"```text\n{parser.epilog.strip()}\n```"
    for action in commands:
        for name, child in action.choices.items():
            yield from _sections(child, [*command, name])


def _entry(action: argparse.Action, formatter: argparse.HelpFormatter, anchor: str) -> str:
    name = action.option_strings[-1].lstrip("-") if action.option_strings else action.dest
    shown = formatter._format_action_invocation(action)
    if not action.option_strings and action.nargs in ("+", "*"):
        shown += " …"
    text = formatter._expand_help(action) if action.help else ""
    return f'<dt id="{anchor}-{html.escape(name)}"><code>{html.escape(shown)}</code></dt><dd>{html.escape(text)}</dd>'
