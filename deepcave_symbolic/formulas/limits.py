"""The rules that keep formulas honest: what a formula may show, and when one is as good as another.

One table for the engines, rounding, the front, the verdicts and `compare`: a rule is changed here, for all of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

__all__ = [
    "COEFFICIENTS",
    "CONSTANTS",
    "DEFAULT_MAX_COMPLEXITY",
    "EXPONENTS",
    "LARGEST_TERM",
    "LOG_ODDS",
    "LONGEST_RECOMMENDED",
    "NICE_EXPONENTS",
    "NO_FORMULA_R2",
    "OVERSHOOT",
    "ROUGH_FORMULA_R2",
    "SNAP_LOSS",
    "are_readable",
    "largest_loss",
]

# --- lengths, in operators -----------------------------------------------------------------------------------------

#: The longest formula of the default front; asking for more brings operon in, where it is installed.
DEFAULT_MAX_COMPLEXITY = 15
#: The longest formula that is recommended, and the longest form that is compared between runs.
LONGEST_RECOMMENDED = 10

# --- what a formula in natural units may show ----------------------------------------------------------------------

#: Smallest and largest constant inside a term, the largest in units of the largest value of a hyperparameter if that is
#: above 1, and coefficient, in ranges of the targets: beyond these a formula like 1.5e-12/(x^3.8 + 2.9e-11) is a
#: degenerate fit that nobody can read.
CONSTANTS, COEFFICIENTS = (1e-6, 1e6), (1e-7, 1e7)
#: Smallest and largest exponent, whatever its sign.
EXPONENTS = (0.1, 4.0)
#: Exponents that read better than their neighbours, and the R² that one of them may cost.
NICE_EXPONENTS, SNAP_LOSS = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0, 3.0), 1e-4
#: Terms this much larger than the targets (their range or size) cancel each other: 3.5 - 4.9·x^0.06 stands for a
#: logarithm.
LARGEST_TERM = 4.0
#: A formula may leave the range of the targets by this share of it.
OVERSHOOT = 0.5


def are_readable(coefficient: float, numbers: Iterable[float], exponents: Iterable[float], reach: float) -> bool:
    """Returns whether the numbers of a term have sizes that a person can make sense of.

    Args:
        coefficient: Its coefficient, in ranges of the targets.
        numbers: Its constants; a zero is always readable.
        exponents: Its exponents.
        reach: Largest value of a hyperparameter, whatever its sign.
    """
    return (
        COEFFICIENTS[0] <= abs(coefficient) <= COEFFICIENTS[1]
        and all(CONSTANTS[0] <= abs(c) <= CONSTANTS[1] * max(1.0, reach) for c in numbers if c != 0.0)
        # An exponent on its bound may be off by a rounding error.
        and all(EXPONENTS[0] <= abs(p) <= EXPONENTS[1] * (1.0 + 1e-9) for p in exponents)
    )


# --- accuracy ------------------------------------------------------------------------------------------------------
# Chosen on the landscapes of benchmarks/data/tuning, which no figure is taken from; see docs/faithfulness.md.

TOLERANCE, SLACK = 1.1, 3e-4
#: A formula below this R² does not explain the projection; below the other it misses details.
NO_FORMULA_R2, ROUGH_FORMULA_R2 = 0.5, 0.8
#: Two formulas count as told apart from odds of 20 to 1 on.
LOG_ODDS = math.log(20.0)


def largest_loss(best: float, unseen: float = 0.0) -> float:
    """Returns up to which 1 - R² a formula is as accurate as the most accurate one.

    Args:
        best: The smallest 1 - R².
        unseen: The difference of R² that the trials cannot see.
    """
    # Without noise, too, not every detail is asked for.
    return max(best + unseen, TOLERANCE * best + SLACK)
