"""The three answers of an explanation, and the words for them."""

from __future__ import annotations

from deepcave_symbolic.findings.explained import Explained
from deepcave_symbolic.formulas.formula import Formula

__all__ = ["ANSWERS", "RECOMMENDED", "answers_of"]

RECOMMENDED = "recommended"
#: Words for each answer by its name in `Explained.pick`; where a formula is several, the first says most.
ANSWERS = {"best": RECOMMENDED, "simplest": "simplest", "most_accurate": "most accurate"}


def answers_of(explanation: Explained, formula: Formula) -> tuple[str, ...]:
    """Returns which of the three answers a formula is, in words, the recommended one first."""
    return tuple(words for name, words in ANSWERS.items() if explanation.pick(name) == formula)
