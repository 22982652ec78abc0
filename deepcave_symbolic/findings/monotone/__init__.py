"""Constraints on the direction of a formula: "falling in learning_rate", proven on the whole domain or not.

`proof.py` proves that a formula keeps one, `nearest.py` gives a search what comes nearest to its points and keeps it,
`words.py` says what is proven.

Notation:
    trend: "falling" or "rising", neither of them strictly: a constant is both.
    monotone: the trends asked for, by hyperparameter; one that an explanation does not have is of no consequence there.
"""

from __future__ import annotations

from deepcave_symbolic.findings.monotone.nearest import nearest
from deepcave_symbolic.findings.monotone.proof import TRENDS, Trend, keeps
from deepcave_symbolic.findings.monotone.words import kept_in_words

__all__ = ["TRENDS", "Trend", "keeps", "kept_in_words", "nearest"]
