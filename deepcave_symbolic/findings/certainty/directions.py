"""Where most draws of a curve of one hyperparameter move in the same direction."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from deepcave_symbolic.numeric.arrays import Array

__all__ = ["SETTLED", "Stretch", "settled_stretches"]

#: The share of the draws that must agree.
SETTLED = 0.9
#: A step that moves less than this share of a draw's range, for each share of the domain, is flat.
_FLAT = 0.1
#: A stretch shorter than this share of the domain is no statement.
_SHORT = 0.05

#: What most draws do between two values, natural units: "falls", "rises" or "is flat".
Stretch = tuple[str, float, float]


def settled_stretches(x: Array, values: Array) -> tuple[Stretch, ...]:
    """Returns the stretches on which 90 % of the draws move in the same direction, in the order of x.

    Args:
        x: Natural units, evenly apart on the axis, shape (m,).
        values: One draw per row, shape (n, m).
    """
    if len(x) < 2:
        return ()
    steps = np.diff(values, axis=1)
    least = _FLAT * np.ptp(values, axis=1, keepdims=True) / (len(x) - 1)
    shares = {
        "falls": np.mean(steps < -least, axis=0),
        "rises": np.mean(steps > least, axis=0),
        "is flat": np.mean(np.abs(steps) <= least, axis=0),
    }
    words: list[str] = [
        next((word for word, share in shares.items() if share[i] >= SETTLED), "") for i in range(len(x) - 1)
    ]
    return tuple(_merged(x, words))


def _merged(x: Array, words: Sequence[str]) -> list[Stretch]:
    found, start = [], 0
    for word, group in groupby(words):
        end = start + len(list(group))
        if word and (end - start) >= _SHORT * len(words):
            found.append((word, float(x[start]), float(x[end])))
        start = end
    return found
