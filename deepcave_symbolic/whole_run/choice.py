"""Chooses how long the formula of a run is: as far as the run's trials can tell.

Notation:
    σ²: mean squared cross-validated error of the surrogate on n configurations; V: the surrogate's variance over the
    space; q: fitted constants of a formula.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepcave_symbolic.formulas.limits import LOG_ODDS, SLACK, TOLERANCE
from deepcave_symbolic.numeric.weighted import weighted_rms
from deepcave_symbolic.surrogates.base import FittedSurrogate, mean_by_configuration
from deepcave_symbolic.whole_run.link import Link, on_scale

__all__ = ["Noise", "choose", "noise_of_run"]

#: What a constant costs, in σ²/n. C_p's 2 is for constants that are fitted to the trials; these are fitted to the
#: surrogate's mean, which the trials' noise moves less. Chosen on the tuning part of `benchmarks/whole_run.py`: with 2
#: the RMSE to the true cost is 0.8 % larger in the mean, with 1/2 formulas are six nodes longer.
_PER_CONSTANT = 1.0


@dataclass(frozen=True)
class Noise:
    """What trials leave open.

    Args:
        sigma: σ, objective units; 0 where nothing is known of it.
        n: Number of configurations.
    """

    sigma: float
    n: int

    @property
    def rmse(self) -> float:
        """The difference between two formulas that the trials cannot see, as an RMSE; see `trust.noise_of`."""
        return self.sigma * math.sqrt(2.0 * LOG_ODDS / self.n) if self.n else 0.0

    def penalty(self, constants: int) -> float:
        """Returns what fitting so many constants costs in mean squares (Mallows 1973, C_p, but for the factor)."""
        return _PER_CONSTANT * constants * self.sigma**2 / self.n if self.n else 0.0


def noise_of_run(surrogate: FittedSurrogate, link: Link = "identity") -> Noise:
    """Returns the noise of the trials as cross-validation found it, on the link's scale."""
    if link == "identity" or surrogate.held_out is None:
        residuals = surrogate.residuals
    else:
        errors = on_scale(link, surrogate.y) - on_scale(link, surrogate.held_out)
        residuals = mean_by_configuration(surrogate.X, errors)
    if residuals is None:
        return Noise(0.0, 0)
    finite = residuals[np.isfinite(residuals)]
    return Noise(weighted_rms(finite), len(finite))


def choose(losses: Sequence[float], constants: Sequence[int], noise: Noise, spread: float) -> int:
    """Returns the shortest formula that is about as good as the one with the least penalised loss.

    Args:
        losses: 1 - R² of the front, the shortest first.
        constants: Of each the number of fitted constants.
        noise: What the trials leave open.
        spread: The root of V.
    """
    if spread <= 0.0:
        return 0
    penalised = [loss + noise.penalty(q) / spread**2 for loss, q in zip(losses, constants, strict=True)]
    limit = TOLERANCE * min(penalised) + SLACK
    return next(i for i, value in enumerate(penalised) if value <= limit)
