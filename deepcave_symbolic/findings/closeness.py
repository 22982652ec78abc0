"""How likely a formula is close to the truth, as far as what is known without the truth can say.

Of the run's own surrogate the question is whether another one of the same trials, the consensus, would say the same:
what models of different kinds agree on is mostly true, and what only one of them says is mostly its own. A logistic
regression makes a probability of how closely the formula follows the other one's projection: R², and the correlation,
which forgives another level or height. One that predicts unseen trials clearly worse is no judge, so that nothing is
known; of the 103 tuning runs none has such a one. The consensus has no better judge than itself: there it is how
closely the formula follows its projection, and what else that may be (the median R² to its draws). Of both it is the
projection's share of the variance, too: what hardly matters is hardly known. R² and correlation count by their number
of nines, 0.9 has one and 0.99 two, the share by its logarithm.

The coefficients were fitted by `benchmarks/calibrate.py` on the tuning part of the recorded runs whose truth is known,
which are averages over the space; see docs/faithfulness.md. Cross-validation, the number of trials and how much of the
domain is far from all of them were tried and say nothing more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from deepcave_symbolic.findings.certainty import Samples
from deepcave_symbolic.formulas.expression import variables
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.projection import Projection
from deepcave_symbolic.surrogates.base import SurrogateRecord
from deepcave_symbolic.surrogates.consensus import CONSENSUS_NAME

__all__ = ["CLOSE", "FAIR", "Closeness", "closeness_of", "features_of"]

#: A formula with this R² to the truth is close to it, or fairly close.
CLOSE, FAIR = 0.9, 0.5


@dataclass(frozen=True)
class Logistic:
    """The logarithm of the odds: a constant and a weight for every feature, of which more is never worse."""

    constant: float
    weights: Mapping[str, float]

    def __call__(self, features: Mapping[str, float]) -> float:
        """Returns the probability."""
        odds = self.constant + sum(weight * features[name] for name, weight in self.weights.items())
        return 1.0 / (1.0 + math.exp(-odds))


@dataclass(frozen=True)
class Calibration:
    """What is known of the formulas of one kind of surrogate.

    Args:
        close: How likely R² to the truth is above 0.9.
        fair: How likely it is above 0.5.
        enough: How likely the first must be for "trust".
    """

    close: Logistic
    fair: Logistic
    enough: float


#: Coefficients as `benchmarks/calibrate.py` prints them.
CALIBRATIONS = {
    # Surrogates with the consensus as their rival.
    "rival": Calibration(
        close=Logistic(-8.16, {"rival": 2.35, "shape": 3.14, "share": 0.95}),
        fair=Logistic(-1.62, {"rival": 1.85, "shape": 1.24, "share": 1.45}),
        enough=0.8,
    ),
    "consensus": Calibration(
        close=Logistic(-4.96, {"draws": 1.95, "fit": 2.72, "share": 0.86}),
        fair=Logistic(-0.31, {"draws": 0.0, "fit": 1.75, "share": 1.78}),
        enough=0.85,
    ),
}


@dataclass(frozen=True)
class Closeness:
    """How likely the R² of a formula to the truth is above 0.9 and above 0.5.

    Args:
        close: The first.
        fair: The second.
        is_enough: Whether the first is enough for "trust".
    """

    close: float
    fair: float
    is_enough: bool


def closeness_of(
    formula: Formula, projection: Projection, surrogate: SurrogateRecord, draws: Samples | None
) -> Closeness | None:
    """Returns how likely a formula is close to the truth; None where that is not known.

    Args:
        formula: A formula of the projection.
        projection: What it describes.
        surrogate: What is projected.
        draws: What else the projection may be, with the rival's; None where that is not known.
    """
    features = features_of(formula, projection, surrogate, draws)
    if features is None:
        return None
    if not variables(formula.tree):
        return Closeness(0.0, 0.0, False)  # a constant has no R² above 0
    known = CALIBRATIONS["rival" if "rival" in features else "consensus"]
    close = known.close(features)
    # Fitted apart, the two may cross where both are likely; what is close is fairly close, too.
    return Closeness(close, max(close, known.fair(features)), close >= known.enough)


def features_of(
    formula: Formula, projection: Projection, surrogate: SurrogateRecord, draws: Samples | None
) -> dict[str, float] | None:
    """Returns what the probabilities are computed from, by name; arguments as of `closeness_of`."""
    if draws is None or projection.variance_share is None or projection.view.region.best is not None:
        return None
    share = {"share": math.log10(0.01 + projection.variance_share)}
    r2, correlation = draws.rival_r2_of(formula), draws.rival_correlation_of(formula)
    rival = surrogate.rival
    if rival is not None and rival.kind == "consensus":
        if r2 is None or correlation is None or rival.clearly_worse:
            return None
        return {"rival": _nines(r2), "shape": _nines(correlation), **share}
    if surrogate.name == CONSENSUS_NAME:
        median = float(np.median(draws.r2_of(formula)))
        return {"draws": _nines(median), "fit": _nines(formula.r2), **share}
    return None


def _nines(value: float) -> float:
    """Returns how many nines a number below 1 has; below -1 all are as bad."""
    return -math.log10(1.01 - max(-1.0, min(value, 1.0)))
