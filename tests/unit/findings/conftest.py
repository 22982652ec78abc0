"""How much work interval arithmetic had."""

from __future__ import annotations

from typing import Any

import pytest

from deepcave_symbolic.findings.intervals import enclosure


@pytest.fixture
def boxes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many boxes were enclosed, a number for each call."""
    found: list[int] = []
    original = enclosure.jet_of

    def counted(tree: Any, bounds: Any, log: Any) -> Any:
        found.append(len(bounds))
        return original(tree, bounds, log)

    monkeypatch.setattr(enclosure, "jet_of", counted)
    return found
