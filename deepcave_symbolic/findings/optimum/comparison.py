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
from deepcave_symbolic.findings.optimum.surrogate import Expected

#: A difference up to this share of the formula's range is no disagreement, however certain the surrogate is.
FLOOR = 0.01


@dataclass(frozen=True)
class Comparison:
    """The formula's optimum and the incumbent as the projected surrogate sees them.

    Args:
        best: The formula's optimum.
        incumbent: The incumbent's values in natural units; None without one.
        here: What the surrogate expects at the optimum.
        there: What it expects at the incumbent; None without one.
        floor: The largest difference that never counts, objective units.
    """

    best: Best
    incumbent: tuple[float, ...] | None
    here: Expected
    there: Expected | None
    floor: float

    @property
    def is_off(self) -> bool:
        """Whether the surrogate does not expect at the optimum what the formula says."""
        return self._counts(abs(self.best.value - self.here.mean), self.here.std)

    @property
    def are_apart(self) -> bool:
        """Whether the surrogate tells the two places apart."""
        return self._counts(self._gap, self._uncertainty)

    @property
    def is_within_uncertainty(self) -> bool:
        """Whether the surrogate would not tell the two places apart even without the floor."""
        return not self._gap > self._uncertainty

    @property
    def _gap(self) -> float:
        return 0.0 if self.there is None else abs(self.there.mean - self.here.mean)

    @property
    def _uncertainty(self) -> float:
        return 0.0 if self.there is None else math.hypot(self.there.std, self.here.std) / math.sqrt(2)

    def _counts(self, difference: float, std: float) -> bool:
        return difference > std and difference > self.floor
