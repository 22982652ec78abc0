"""Terms that the statements on one and on two hyperparameters share."""

from __future__ import annotations

import numpy as np

from deepcave_symbolic.numeric.arrays import Array

RISES, FALLS, FLAT, UNSETTLED = "rises", "falls", "is flat", "changes direction"
#: A move below this share of the formula's range is of no consequence.
NEGLIGIBLE = 0.02


def range_of(values: Array) -> float:
    """Returns how far the finite ones of the values of a formula spread."""
    finite = values[np.isfinite(values)]
    return float(np.ptp(finite)) if len(finite) else 0.0
