"""Comparing runs: one form for all of them, its constants in each, and which of those agree."""

from __future__ import annotations

from deepcave_symbolic.comparing.comparison import AGREEMENTS, Compared, Constant
from deepcave_symbolic.comparing.compute import compare_explanations

__all__ = ["AGREEMENTS", "Compared", "Constant", "compare_explanations"]
