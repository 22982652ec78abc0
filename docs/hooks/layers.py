"""Writes the layers of the package from the test that holds them."""

from __future__ import annotations

import ast
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

MARKER = "<!-- generated: layers -->"


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Puts the list of layers in the marker's place."""
    if MARKER not in markdown:
        return markdown
    test = Path(config.docs_dir).parent / "tests" / "unit" / "test_architecture.py"
    return markdown.replace(MARKER, _listed(_layers(test)))


def _layers(test: Path) -> list[list[str]]:
    for node in ast.parse(test.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == "LAYERS":
            layers: list[list[str]] = ast.literal_eval(node.value)
            return layers
    raise LookupError(f"{test} has no list LAYERS.")


def _listed(layers: list[list[str]]) -> str:
    return "\n".join(f"{i}. " + ", ".join(f"`{name}`" for name in names) for i, names in enumerate(layers, start=1))
