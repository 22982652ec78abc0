"""How likely a formula is close to the truth, as far as what is known without the truth can say.

The question is whether another surrogate of the same trials, the run's rival, would say the same: what two models of
different kinds agree on is mostly true, and what only one of them says is mostly its own. A logistic regression makes a
probability of how closely the formula follows the rival's projection (R², and the correlation, which forgives another
level or height) and of the projection's share of the variance: what hardly matters is hardly known. R² and correlation
count by their number of nines, 0.9 has one and 0.99 two, the share by its logarithm.

The coefficients were fitted by `benchmarks/calibrate.py` on the tuning part of the recorded runs whose truth is known;
see docs/faithfulness.md. They are of averages over the space, by the run's own surrogate, with the consensus as its
rival. How many draws of the surrogate the formula is close to, how closely it follows the surrogate itself,
cross-validation and the number of trials were tried and say nothing more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from deepcave_symbolic.findings.certainty import Samples
from deepcave_symbolic.formulas.expression import variables
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.projection import Projection

__all__ = ["CLOSE", "FAIR", "FEATURES", "Closeness", "closeness_of", "features_of"]

#: A formula with this R² to the truth is close to it, or fairly close.
CLOSE, FAIR = 0.9, 0.5
#: What the probabilities are computed from; the more of each, the likelier.
FEATURES = ("rival", "shape", "share")


@dataclass(frozen=True)
class _Logistic:
    """The logarithm of the odds of being close: a constant and a weight for every feature."""

    constant: float
    weights: Mapping[str, float]

    def __call__(self, features: Mapping[str, float]) -> float:
        odds = self.constant + sum(weight * features[name] for name, weight in self.weights.items())
        return 1.0 / (1.0 + math.exp(-odds))


#: Printed by `benchmarks/calibrate.py`.
_MODELS = {
    CLOSE: _Logistic(-8.57, {"rival": 2.72, "shape": 3.12, "share": 1.18}),
    FAIR: _Logistic(-1.57, {"rival": 2.78, "shape": 0.48, "share": 1.57}),
}


@dataclass(frozen=True)
class Closeness:
    """How likely the R² of a formula to the truth is above 0.9 and above 0.5."""

    close: float
    fair: float


def closeness_of(formula: Formula, projection: Projection, draws: Samples | None) -> Closeness | None:
    """Returns how likely a formula is close to the truth; None where that is not known.

    Args:
        formula: A formula of the projection.
        projection: What it describes.
        draws: What else the projection may be, with the rival's.
    """
    features = features_of(formula, projection, draws)
    if features is None:
        return None
    if not variables(formula.tree):
        return Closeness(0.0, 0.0)  # a constant has no R² above 0
    return Closeness(*(_MODELS[limit](features) for limit in (CLOSE, FAIR)))


def features_of(formula: Formula, projection: Projection, draws: Samples | None) -> dict[str, float] | None:
    """Returns what the probabilities are computed from, by name as in `FEATURES`; None where that is not known."""
    r2 = None if draws is None else draws.rival_r2_of(formula)
    correlation = None if draws is None else draws.rival_correlation_of(formula)
    if r2 is None or correlation is None or projection.variance_share is None:
        return None
    return {"rival": _nines(r2), "shape": _nines(correlation), "share": math.log10(0.01 + projection.variance_share)}


def _nines(value: float) -> float:
    """Returns how many nines a number below 1 has; below -1 all are as bad."""
    return -math.log10(1.01 - max(-1.0, min(value, 1.0)))
