"""When formula, surrogate and incumbent disagree about the best setting.

Optimum and incumbent disagree where the projected surrogate's means at the two places differ by more than the root mean
square of its standard deviations there. That is the standard deviation of a difference of two predictions with
correlation 1/2: predictions of one model, averaged over the same configurations, err together, so that independence
would hide real differences. Formula and surrogate also disagree where the formula at its optimum is off the surrogate's
mean by more than the surrogate's standard deviation: then the optimum is a place the formula made up.

Neither difference counts up to 1 % of the formula's range: where the surrogate is certain (of a deterministic
objective, or between many trials) its standard deviation is next to nothing, but the constants of a formula are
rounded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from deepcave_symbolic.findings.optimum.branch_and_bound import Best
from deepcave_symbolic.words.numbers import number_text, round_significant

__all__ = ["FLOOR", "Expectation", "Expected"]

#: A difference up to this share of the formula's range is no disagreement, however certain the surrogate is.
FLOOR = 0.01
#: Of a mean no more than six digits are shown, and no standard deviation below this share of what counts.
_DIGITS, _NEXT_TO_NOTHING = 1e-5, 0.01


@dataclass(frozen=True)
class Expected:
    """Mean and standard deviation of the projected surrogate at a point, objective units."""

    mean: float
    std: float

    def shown(self, resolution: float) -> str:
        """Returns the mean to the decimal that is uncertain, and the standard deviation where it counts.

        Args:
            resolution: Differences that do not count, objective units; nothing finer is shown of a certain surrogate.
        """
        if not math.isfinite(self.mean):
            return "nothing"
        resolution = max(resolution, _DIGITS * abs(self.mean))
        is_uncertain = math.isfinite(self.std) and self.std > _NEXT_TO_NOTHING * resolution
        unit = self.std if is_uncertain else resolution
        if not unit > 0.0:
            return "0"
        # Of a standard deviation such as 140 one digit would be too rough.
        digits = 2 if is_uncertain and f"{unit:e}".startswith("1") else 1
        unit = round_significant(unit, digits)
        mean = number_text(float(round(self.mean, digits - 1 - math.floor(math.log10(unit)))))
        return f"{mean} ± {number_text(unit)}" if is_uncertain else mean


@dataclass(frozen=True)
class Expectation:
    """The formula's optimum and the incumbent as the projected surrogate sees them.

    Args:
        best: The formula's optimum.
        incumbent: The incumbent's values in natural units; None without one.
        here: What the surrogate expects at the optimum; None where it was not asked.
        there: What it expects at the incumbent; None likewise, and without an incumbent.
        floor: The largest difference that never counts, objective units.
    """

    best: Best
    incumbent: tuple[float, ...] | None
    here: Expected | None
    there: Expected | None
    floor: float

    @property
    def is_off(self) -> bool:
        """Whether the surrogate does not expect at the optimum what the formula says."""
        return self.here is not None and self._counts(abs(self.best.value - self.here.mean), self.here.std)

    @property
    def are_apart(self) -> bool:
        """Whether the surrogate tells the two places apart."""
        return self._counts(*self._difference)

    @property
    def is_within_uncertainty(self) -> bool:
        """Whether the surrogate would not tell the two places apart even without the floor."""
        gap, uncertainty = self._difference
        return not gap > uncertainty

    @property
    def _difference(self) -> tuple[float, float]:
        """How far the means at the two places are apart, and the standard deviation of that."""
        if self.here is None or self.there is None:
            return 0.0, 0.0
        return abs(self.there.mean - self.here.mean), math.hypot(self.there.std, self.here.std) / math.sqrt(2)

    def _counts(self, difference: float, std: float) -> bool:
        return difference > std and difference > self.floor
