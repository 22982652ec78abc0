"""Lists the pages that match a pattern in the navigation, so that a new page there needs no entry in mkdocs.yml."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Replaces a section's pattern, such as features/*.md, by its pages; a section without pages is left out."""
    config.nav = [entry for item in config.nav or [] if (entry := _expanded(item, Path(config.docs_dir)))]
    return config


def _expanded(item: Any, docs: Path) -> Any:
    if not isinstance(item, dict):
        return item
    ((title, value),) = item.items()
    if not isinstance(value, str) or "*" not in value:
        return item
    pages = sorted((_heading(path), path.relative_to(docs).as_posix()) for path in docs.glob(value))
    return {title: [{heading: path} for heading, path in pages]} if pages else None


def _heading(path: Path) -> str:
    """Returns the text of a page's first heading, or its file's name."""
    found = re.search(r"^#+ +(.+?)(?: *\{.*\})? *$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return found[1].replace("`", "") if found else path.stem
