"""How a formula moves over its domain, in words: where it rises, falls and is flat.

Every statement rests on interval bounds of the slope over cells that cover the whole domain (`intervals`), refined
where the sign is open; a hyperparameter of which only some values exist is gone through value by value. Points are
sampled only for the numbers that are shown.

`line.py` finds what holds for one hyperparameter, `plane.py` for two that act together, `words.py` says it.

Definitions, as shares of the formula's range and of the domain's width in search coordinates:
    turn of no consequence: the formula moves by less than 2 % of its range before it turns again; ignored.
    flat at an end: a stretch up to the end of the domain, at least 15 % wide, over which the formula moves by less than
        5 % of its range (saturation).
    flat in between: the same over at least 40 %; around the vertex of a parabola the formula stays within 5 % over up
        to 36 % of the domain, and a parabola is not flat.
    unsettled: no sign of the slope could be proven and the formula may move by more than 2 %; "changes direction".

Notation:
    u: search coordinate; t: u as a share of the domain, from 0 to 1.
"""

from __future__ import annotations

from deepcave_symbolic.findings.behaviour.line import Piece, pieces
from deepcave_symbolic.findings.behaviour.words import in_words

__all__ = ["Piece", "in_words", "pieces"]
