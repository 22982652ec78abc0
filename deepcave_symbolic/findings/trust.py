"""Says how far an explanation can be trusted, in numbers and in words.

Three things can go wrong: the surrogate may not know the run's landscape, the projection may leave out most of what the
surrogate knows, and the formula may not describe the projection. The first and the last decide the verdict: a
projection that tells a part of the story tells that part truly. Where it is known how likely the formula is close to
the truth (see `closeness`), the words follow from that, but for what it does not see; else from cross-validation.

Notation:
    y, ŷ: costs of the trials and their cross-validated predictions, shape (n,).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from deepcave_symbolic.findings.band import Band
from deepcave_symbolic.findings.certainty import Samples
from deepcave_symbolic.findings.closeness import closeness_of
from deepcave_symbolic.findings.evidence import Evidence
from deepcave_symbolic.findings.reasons import on_averages, on_closeness, on_surrogate
from deepcave_symbolic.formulas.expression import variables
from deepcave_symbolic.formulas.formula import OWN, Formula
from deepcave_symbolic.formulas.limits import LOG_ODDS, NO_FORMULA_R2, ROUGH_FORMULA_R2
from deepcave_symbolic.numeric.weighted import weighted_rms
from deepcave_symbolic.projection import Projection
from deepcave_symbolic.records import Record
from deepcave_symbolic.surrogates.base import FittedSurrogate, SurrogateRecord
from deepcave_symbolic.words.names import shown_name
from deepcave_symbolic.words.numbers import counted, percent

__all__ = ["VERDICTS", "Trust", "Verdict", "error_of_mean", "judge", "noise_of"]

Verdict = Literal["trust", "with care", "no visible effect", "do not trust"]
#: From best to worst.
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

# Chosen on the landscapes of benchmarks/data/tuning, which no figure is taken from; see docs/faithfulness.md.
#: Share of the domain without a trial nearby that is worth a warning.
_MUCH_EXTRAPOLATION = 0.25
#: Share of the domain outside the surrogate's band from which on a formula is not simply trusted.
_MOSTLY_OUTSIDE = 0.5


@dataclass(frozen=True, eq=False)
class Trust(Record):
    """How far one formula can be trusted.

    Args:
        verdict: One of `VERDICTS`; "no visible effect" is a finding: the trials cannot tell any.
        reasons: Why, in sentences.
        cv_r2: How well the surrogate predicts held-out trials; None where it was not cross-validated.
        cv_rank_correlation: The same as Spearman's rank correlation.
        cv_domain_r2: The same with every trial weighted by the share of the space nearest to it.
        r2: How well the formula follows the projection.
        variance_share: How much of the surrogate's variance over the configuration space (or its region) the projection
            has; None where it is no average.
        variance_explained: How much of it the formula has: variance_share times r2 (0 where r2 is negative); None
            likewise.
        severities: The verdict that each reason alone makes, in their order; "trust" for a remark.
        probability: How likely the formula has R² above 0.9 to the truth, in [0, 1]; None where that is not known: it
            takes draws of the surrogate, a second surrogate of the same trials, and an average over the space.
        probability_fair: The same for R² above 0.5.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    cv_r2: float | None
    cv_rank_correlation: float | None
    cv_domain_r2: float | None
    r2: float
    variance_share: float | None
    variance_explained: float | None
    severities: tuple[Verdict, ...] = ()
    probability: float | None = None
    probability_fair: float | None = None

    @property
    def rated_reasons(self) -> tuple[tuple[Verdict, str], ...]:
        """The reasons behind their severities; records of earlier versions know only the verdict of all."""
        return tuple(zip(self.severities or (self.verdict,) * len(self.reasons), self.reasons, strict=True))


def judge(
    surrogate: SurrogateRecord,
    evidence: Evidence,
    formula: Formula,
    band: Band,
    draws: Samples | None = None,
    optimum: Sequence[float] | None = None,
    front: Sequence[Formula] = (),
) -> Trust:
    """Returns how far a formula can be trusted.

    Args:
        surrogate: The model that spoke.
        evidence: The projection that the formula describes, its trials and their noise.
        formula: The formula shown.
        band: Where it leaves the surrogate's uncertainty band.
        draws: What else the surrogate's curve may be; None where it does not know.
        optimum: Where the formula is best, natural units; None where nothing is said of that.
        front: The formulas that were found beside it, the shortest first.
    """
    levels: list[int] = []
    reasons: list[str] = []
    projection = evidence.projection
    view = projection.view
    closeness = closeness_of(formula, projection, surrogate, draws)

    def note(severity: int, sentence: str) -> None:
        levels.append(severity)
        reasons.append(sentence)

    for severity, sentence in on_surrogate(surrogate):
        # How good the surrogate is in part is said by the probability, too.
        note(0 if severity == 1 and closeness is not None else severity, sentence)
    names = " and ".join(shown_name(name) for name in formula.hyperparameters)
    seen, effect = len(projection.trials.costs), evidence.effect()
    # Of a model that nobody has tested, or without trials at two values, "no effect" is no finding.
    untested = surrogate.cv_r2 is None and surrogate.trials_r2 is None
    never_moved = any(len(values) < 2 for values in evidence.tried)
    no_effect = 3 if untested or never_moved else 2
    if evidence.is_unseen:
        count = f"{f'only {seen}' if seen else 'none'} of {counted(surrogate.n_trials, 'trial')}"
        region = " within the region" if view.region.is_part else ""
        note(3, f"{names} had a value{region} in {count}, so that next to nothing is known of it.")
    elif effect == "none":
        constant = "The projection is constant: the surrogate sees no effect of this choice of hyperparameters"
        note(no_effect, f"{view.titled(constant)}.")
    elif effect == "untold":
        # The same words for every hyperparameter: a page on many of them says them once.
        trials = counted(surrogate.n_trials, "trial")
        if view.region.is_part:
            trials = f"{counted(seen, 'trial')} within the region"
        note(no_effect, f"{trials} cannot tell from noise how the surrogate's {view.curve} moves here.")
    elif not variables(formula.tree) and formula.engine != OWN:
        moves = f"The surrogate's {view.curve} moves here"
        note(3, f"{moves} in a way that no short formula describes beyond the trials' noise.")
    elif formula.r2 < NO_FORMULA_R2:
        own = formula.engine == OWN
        other = None if own else next((each for each in front if each.r2 >= NO_FORMULA_R2), None)
        # Of one that the user wrote down nothing follows for others.
        none = "The formula does not explain" if own or other else "No short formula explains"
        more = "" if other is None else f"; one with {counted(other.complexity, 'node')} does (R² {other.r2:.2f})"
        note(3, f"{none} this projection: R² {round(formula.r2, 2) + 0.0:.2f}{more}.")
    elif formula.r2 < ROUGH_FORMULA_R2:
        note(1, f"The formula follows the projection only roughly (R² {formula.r2:.2f}); look at the plot.")
    elif band.outside > _MOSTLY_OUTSIDE:
        note(1, f"The formula is outside the surrogate's ±1 std band on {percent(band.outside)} of the domain.")
    for severity, sentence in on_averages(projection):
        note(severity, sentence)
    share = projection.variance_share
    far = 1.0 - float(np.average(projection.near_trials, weights=projection.weights))
    if far > _MUCH_EXTRAPOLATION and surrogate.n_trials > 0:
        note(0, f"{percent(far)} of the domain has no trial nearby; there the surrogate extrapolates.")
    if optimum is not None and variables(formula.tree) and (gaps := evidence.gaps_at(optimum, formula)):
        note(1, f"No trial is near the formula's optimum: {' and '.join(gaps)}.")
    if draws is not None and max(levels, default=0) < 2:
        for severity, sentence in on_closeness(formula, projection, draws, closeness):
            note(severity, sentence)
    return Trust(
        verdict=VERDICTS[max(levels, default=0)],
        reasons=tuple(reasons),
        cv_r2=surrogate.cv_r2,
        cv_rank_correlation=surrogate.cv_rank_correlation,
        cv_domain_r2=surrogate.cv_domain_r2,
        r2=formula.r2,
        variance_share=share,
        variance_explained=None if share is None else share * max(0.0, formula.r2),
        severities=tuple(VERDICTS[level] for level in levels),
        probability=None if closeness is None else closeness.close,
        probability_fair=None if closeness is None else closeness.fair,
    )


def noise_of(surrogate: FittedSurrogate, projection: Projection) -> float:
    """Returns the difference between two formulas that the run's trials cannot see, as an RMSE in objective units.

    Were the surrogate the truth and its cross-validated error σ the noise of a configuration's mean cost, n
    configurations would favour the formula with the smaller mean squared error by odds of exp(n·ΔMSE / 2σ²). Below odds
    of 20 to 1 the choice is not settled.

    Args:
        surrogate: The surrogate with its trials.
        projection: Its uncertainty stands in for σ where it was not cross-validated.

    Returns:
        The RMSE; 0 without a trial, since then nothing is known of what trials could see.
    """
    if len(surrogate.y) == 0:
        return 0.0
    residuals = surrogate.residuals
    values = projection.std if residuals is None else residuals
    n = len(surrogate.y) if residuals is None else len(residuals)
    return weighted_rms(values[np.isfinite(values)]) * math.sqrt(2.0 * LOG_ODDS / n)


def error_of_mean(noise: float) -> float:
    """Returns σ/√n, objective units: the standard error of a mean over the trials behind `noise_of`."""
    return noise / math.sqrt(2.0 * LOG_ODDS)
