"""The rules that keep formulas honest: what a formula may show, and when one is as good as another.

One table for the engines, rounding, the front, the verdicts and `compare`: a rule is changed here, for all of them.
"""

from __future__ import annotations

import math

__all__ = [
    "BIAS",
    "COEFFICIENTS",
    "DEFAULT_MAX_COMPLEXITY",
    "EXPONENTS",
    "FARTHEST_PLACE",
    "FAR_BETTER",
    "LARGEST_TERM",
    "LEAST_GAIN",
    "LOG_ODDS",
    "LONGEST_RECOMMENDED",
    "MOST_CONSTANTS",
    "NICE_EXPONENTS",
    "NO_FORMULA_R2",
    "OVERSHOOT",
    "ROUGH_FORMULA_R2",
    "SAME_R2",
    "SLACK",
    "SNAP_LOSS",
    "STEEPEST_STEP",
    "gains",
    "largest_loss",
]

# --- lengths, in nodes ---------------------------------------------------------------------------------------------

#: The longest formula of the default front; asking for more brings operon in, where it is installed.
DEFAULT_MAX_COMPLEXITY = 25
#: The longest formula that is recommended, and the longest form that is compared between runs.
LONGEST_RECOMMENDED = 17
#: The most fitted constants of a recommended formula.
MOST_CONSTANTS = 6

# --- what a formula in natural units may show ----------------------------------------------------------------------

#: Smallest coefficient of a formula of costs around one or more, of smaller costs in proportion; largest coefficient in
#: sizes of the targets.
COEFFICIENTS = (1e-3, 10.0)
#: Smallest and largest exponent, whatever its sign.
EXPONENTS = (0.1, 4.0)
#: Largest exponent of a step 1/(1 + (x/x0)^p), where it says how steep the step is.
STEEPEST_STEP = 12.0
#: How far outside the domain a place may lie, in its widths.
FARTHEST_PLACE = 0.5
#: Exponents that read better than their neighbours, and the R² that one of them may cost.
NICE_EXPONENTS, SNAP_LOSS = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0, 3.0), 1e-4
#: Terms this much larger than the targets (their range or size) cancel each other: 3.5 - 4.9·x^0.06 stands for a
#: logarithm.
LARGEST_TERM = 4.0
#: Formulas whose R² differ by less, a unit of the last digit that is shown, are as accurate to the eye; below it a
#: longer one is on the front only where it leaves at most half of 1 - R², and adds the other.
SAME_R2, LEAST_GAIN = 1e-4, 1e-6
#: A formula without a normal form is offered where its 1 - R² times this is below that of every shorter one.
FAR_BETTER = 2.0
#: A formula may leave the range of the targets by this share of it.
OVERSHOOT = 0.5


# --- accuracy ------------------------------------------------------------------------------------------------------
# Chosen on the landscapes of benchmarks/data/tuning, which no figure is taken from; see docs/faithfulness.md.

TOLERANCE, SLACK = 1.1, 3e-4
#: A formula below this R² does not explain the projection; below the other it misses details.
NO_FORMULA_R2, ROUGH_FORMULA_R2 = 0.5, 0.8
#: Two formulas count as told apart from odds of 20 to 1 on.
LOG_ODDS = math.log(20.0)
#: How much of a forest's own error, as its draws spread, a formula need not follow, by number of hyperparameters; of
#: two only where the trials are no farther from it than from the longer one, but for a standard error.
BIAS = {1: 0.35, 2: 0.16}


def gains(r2: float, before: float) -> bool:
    """Returns whether a longer formula with the one R² shows something that the shorter one with the other does not."""
    gain = r2 - before
    return gain > SAME_R2 or (gain > LEAST_GAIN and 1.0 - r2 <= 0.5 * (1.0 - before))


def largest_loss(best: float, unseen: float = 0.0) -> float:
    """Returns up to which 1 - R² a formula is as accurate as the most accurate one.

    Args:
        best: The smallest 1 - R².
        unseen: The difference of R² that the trials cannot see.
    """
    # Without noise, too, not every detail is asked for.
    return max(best + unseen, TOLERANCE * best + SLACK)
