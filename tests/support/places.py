"""Where the tests find runs, and which of them a clone does not have."""

from __future__ import annotations

from pathlib import Path

__all__ = ["EXAMPLE_RUNS", "ROOT", "SHARED_RUNS", "TEST_RUNS"]

ROOT = Path(__file__).parents[2]
EXAMPLE_RUNS = ROOT / "examples" / "runs"
TEST_RUNS = ROOT / "tests" / "data" / "runs"
#: Recorded runs that must not be committed; they lie beside the checkout, or nowhere.
SHARED_RUNS = ROOT.parent / "shared" / "runs"
