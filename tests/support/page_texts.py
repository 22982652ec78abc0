"""The texts of a page of dash components."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def texts(component: Any) -> Iterator[str]:
    """Yields every text on the page below a component."""
    if isinstance(component, (list, tuple)):
        for child in component:
            yield from texts(child)
    elif isinstance(component, (str, int, float)):
        yield str(component)
    elif component is not None:
        for name in ("children", "value", "src"):
            yield from texts(getattr(component, name, None))


def text(*components: Any) -> str:
    return "\n".join(t for c in components for t in texts(c))
