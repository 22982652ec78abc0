"""Checks the syntax of every tracked style sheet and script, with tinycss2 and with the Node that Playwright brings."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import tinycss2
from playwright._impl._driver import compute_driver_executable

ROOT = Path(__file__).parents[1]


def css_errors(nodes: list[tinycss2.ast.Node]) -> Iterator[str]:
    """Yields what is wrong in rules, declarations and values, each with its line and column."""
    for node in nodes:
        if node.type == "error":
            yield f"{node.source_line}:{node.source_column}: {node.message}"
        elif node.type == "declaration":
            yield from css_errors(node.value)
        elif node.type in ("qualified-rule", "at-rule"):
            content = tinycss2.parse_blocks_contents(node.content or [], skip_comments=True, skip_whitespace=True)
            yield from css_errors(content)
        elif node.type.endswith("block") or node.type == "function":
            yield from css_errors(node.arguments if node.type == "function" else node.content)


def main() -> int:
    """Prints what is wrong and returns whether something is."""
    command = ["git", "ls-files", "*.css", "*.js"]
    files = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    node, wrong = compute_driver_executable()[0], 0
    for name in files:
        if name.endswith(".css"):
            sheet = tinycss2.parse_stylesheet((ROOT / name).read_text(encoding="utf-8"), True, True)
            found = list(css_errors(sheet))
            print("".join(f"{name}:{error}\n" for error in found), end="", file=sys.stderr)
            wrong += bool(found)
        else:
            wrong += subprocess.run([node, "--check", ROOT / name], check=False).returncode != 0
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
