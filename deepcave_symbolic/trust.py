"""Says in words how far an explanation can be trusted.

Two things can go wrong: the surrogate may not know the run's landscape (only cross-validation shows it), and the
formula may not describe the surrogate.
"""

from __future__ import annotations

from deepcave_symbolic.formula import Formula
from deepcave_symbolic.projection import Projection
from deepcave_symbolic.surrogates.base import SurrogateRecord

__all__ = ["judge"]

#: Below this cross-validated R² a surrogate is no better than the mean of the costs.
_USELESS_CV_R2 = 0.05
_WEAK_CV_R2 = 0.3
#: A formula below this R² does not explain the projection; below the other it misses details.
_NO_FORMULA_R2 = 0.5
_ROUGH_FORMULA_R2 = 0.8
#: Share of the domain without a trial nearby that is worth a warning.
_MUCH_EXTRAPOLATION = 0.25


def judge(surrogate: SurrogateRecord, projection: Projection, best: Formula) -> tuple[str, list[str]]:
    """Returns the verdict ("trust", "caution" or "do not trust") and the sentences that give the reasons."""
    level = 0
    reasons: list[str] = []

    def note(severity: int, sentence: str) -> None:
        nonlocal level
        level = max(level, severity)
        reasons.append(sentence)

    if surrogate.cv_r2 is None:
        note(1, "The surrogate could not be cross-validated; how well it knows the landscape is unknown.")
    elif surrogate.cv_r2 < _USELESS_CV_R2:
        note(
            2,
            "The surrogate predicts no better than the mean of the costs "
            f"(cross-validated R² {surrogate.cv_r2:.2f}), so do not trust this formula.",
        )
    elif surrogate.cv_r2 < _WEAK_CV_R2:
        note(1, f"The surrogate predicts unseen trials weakly (cross-validated R² {surrogate.cv_r2:.2f}).")
    if projection.range == 0.0:
        note(2, "The projection is constant: the surrogate sees no effect of this choice of hyperparameters.")
    elif best.r2 < _NO_FORMULA_R2:
        note(2, f"No short formula explains this projection: R² {best.r2:.2f}.")
    elif best.r2 < _ROUGH_FORMULA_R2:
        note(1, f"The formula follows the projection only roughly (R² {best.r2:.2f}); look at the plot.")
    far = 1.0 - float(projection.near_trials.mean())
    if far > _MUCH_EXTRAPOLATION:
        note(0, f"{far:.0%} of the domain has no trial nearby; there the surrogate extrapolates.")
    return ("trust", "caution", "do not trust")[level], reasons
