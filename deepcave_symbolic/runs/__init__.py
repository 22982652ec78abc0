"""Runs: records and readers."""

from __future__ import annotations

from deepcave_symbolic.runs.records import Run, Status, Trial
from deepcave_symbolic.runs.smac import load_run

__all__ = ["Run", "Status", "Trial", "load_run"]
