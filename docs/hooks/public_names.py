"""Writes what the API reference lists from `__all__`, so that no public name can be forgotten."""

from __future__ import annotations

import inspect
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Puts the lists in the markers' places."""
    if "<!-- generated: " not in markdown:
        return markdown
    import deepcave_symbolic
    from deepcave_symbolic import exceptions

    public = {name: getattr(deepcave_symbolic, name) for name in deepcave_symbolic.__all__}
    ours = {name: value for name, value in public.items() if not _is_error(value)}
    lists = {
        "table of names": _table(ours),
        "functions": _entries("deepcave_symbolic", [n for n, v in ours.items() if not inspect.isclass(v)]),
        "classes": _entries("deepcave_symbolic", [n for n, v in ours.items() if inspect.isclass(v)]),
        "errors": _entries("deepcave_symbolic.exceptions", exceptions.__all__),
    }
    for name, text in lists.items():
        markdown = markdown.replace(f"<!-- generated: {name} -->", text)
    return markdown


def _is_error(value: Any) -> bool:
    return inspect.isclass(value) and issubclass(value, BaseException)


def _entries(module: str, names: list[str]) -> str:
    return "\n\n".join(f"::: {module}.{name}" for name in names)


def _table(public: dict[str, Any]) -> str:
    rows = [
        f"| [`{name}`][deepcave_symbolic.{name}] | {(inspect.getdoc(value) or '').splitlines()[0]} |"
        for name, value in public.items()
    ]
    return "\n".join(["| name | what you get |", "| --- | --- |", *rows])
