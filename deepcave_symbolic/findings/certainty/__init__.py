"""How sure the constants and the form of a formula are: refits to what else the surrogate's curve may be.

A surrogate knows by how much its curve may be off, and how its errors at several points go together. Draws of such
curves are fitted by the same forms, each with constants of its own, and the rule that chose the recommended formula
chooses among them again. What the draws have in common is sure, what differs is not.

`refits.py` fits one form to all draws, `certainty.py` makes the record of many, `words.py` says it.
"""

from __future__ import annotations

from deepcave_symbolic.findings.certainty.certainty import N_DRAWS, Certainty, Samples, certainty_of, signed
from deepcave_symbolic.findings.certainty.directions import Stretch
from deepcave_symbolic.findings.certainty.refits import Interval, refit_constants
from deepcave_symbolic.findings.certainty.words import is_settled

__all__ = [
    "N_DRAWS",
    "Certainty",
    "Interval",
    "Samples",
    "Stretch",
    "certainty_of",
    "is_settled",
    "refit_constants",
    "signed",
]
