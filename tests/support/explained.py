"""Explanations of the bundled runs that more than one test looks at, each made once in a process."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from deepcave_symbolic import Explainer, Explanation


@cache
def explainer(run: Path, **question: Any) -> Explainer:
    """Returns what answers a question about a run, with its surrogate trained."""
    return Explainer(run, **question)


@cache
def explained(run: Path, *hyperparameters: str, **question: Any) -> Explanation:
    """Returns what `explain` does."""
    return explainer(run, **question).explain(*hyperparameters)
