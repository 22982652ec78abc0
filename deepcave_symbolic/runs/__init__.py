"""Runs: records and readers."""

from __future__ import annotations

from deepcave_symbolic.runs.load import load_run
from deepcave_symbolic.runs.run import Run, Status, Trial

__all__ = ["Run", "Status", "Trial", "load_run"]
