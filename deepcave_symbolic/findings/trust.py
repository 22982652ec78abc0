"""Says how far an explanation can be trusted, in numbers and in words.

Three things can go wrong: the surrogate may not know the run's landscape (only cross-validation shows it), the
projection may leave out most of what the surrogate knows, and the formula may not describe the projection. The first
and the last decide the verdict: a projection that tells a part of the story tells that part truly.

Notation:
    y, ŷ: costs of the trials and their cross-validated predictions, shape (n,).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from deepcave_symbolic.findings.band import Band
from deepcave_symbolic.findings.certainty import Samples
from deepcave_symbolic.findings.evidence import Evidence
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
#: Below this cross-validated R² a surrogate is hardly better than the mean of the costs.
_USELESS_CV_R2 = 0.2
#: Below this domain-weighted R² it is much worse than the mean away from the crowd of the trials.
_USELESS_DOMAIN_R2 = -1.0
#: What "trust" takes: both R² and no single configuration that they are all about.
_GOOD_CV_R2, _GOOD_DOMAIN_R2, _DOMINANT = 0.7, 0.75, 0.25
#: Share of the domain without a trial nearby that is worth a warning.
_MUCH_EXTRAPOLATION = 0.25
#: Share of the domain outside the surrogate's band from which on a formula is not simply trusted.
_MOSTLY_OUTSIDE = 0.5
#: "trust" takes this share of the draws of the surrogate to which the formula is close, with at least this R².
_CLOSE_R2, _OFTEN_CLOSE = 0.9, 0.3
#: Trials crowd at the lower end of a linear range if so many of so many lie in this share of it.
_CROWD, _MANY, _LOW_END = 0.5, 10, 0.01


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

    @property
    def rated_reasons(self) -> tuple[tuple[Verdict, str], ...]:
        """The reasons behind their severities; records of earlier versions know only the verdict of all."""
        return tuple(zip(self.severities or (self.verdict,) * len(self.reasons), self.reasons, strict=True))


def judge(
    surrogate: SurrogateRecord, evidence: Evidence, formula: Formula, band: Band, draws: Samples | None = None
) -> Trust:
    """Returns how far a formula can be trusted.

    Args:
        surrogate: The model that spoke.
        evidence: The projection that the formula describes, its trials and their noise.
        formula: The formula shown.
        band: Where it leaves the surrogate's uncertainty band.
        draws: What else the surrogate's curve may be; None where it does not know.
    """
    levels: list[int] = []
    reasons: list[str] = []
    projection = evidence.projection
    view = projection.view

    def note(severity: int, sentence: str) -> None:
        levels.append(severity)
        reasons.append(sentence)

    for severity, sentence in _on_surrogate(surrogate):
        note(severity, sentence)
    names = " and ".join(shown_name(name) for name in formula.hyperparameters)
    seen, effect = len(projection.trials.costs), evidence.effect()
    # Of a model that nobody has tested, or without trials at two values, "no effect" is no finding.
    untested = surrogate.cv_r2 is None and surrogate.trials_r2 is None
    never_moved = any(len(np.unique(column)) < 2 for column in projection.trials.values.T)
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
        # Of one that the user wrote down nothing follows for others.
        none = "The formula does not explain" if formula.engine == OWN else "No short formula explains"
        note(3, f"{none} this projection: R² {round(formula.r2, 2) + 0.0:.2f}.")
    elif formula.r2 < ROUGH_FORMULA_R2:
        note(1, f"The formula follows the projection only roughly (R² {formula.r2:.2f}); look at the plot.")
    elif band.outside > _MOSTLY_OUTSIDE:
        note(1, f"The formula is outside the surrogate's ±1 std band on {percent(band.outside)} of the domain.")
    for severity, sentence in _on_averages(projection):
        note(severity, sentence)
    share = projection.variance_share
    far = 1.0 - float(np.average(projection.near_trials, weights=projection.weights))
    if far > _MUCH_EXTRAPOLATION and surrogate.n_trials > 0:
        note(0, f"{percent(far)} of the domain has no trial nearby; there the surrogate extrapolates.")
    if draws is not None and max(levels, default=0) == 0:
        close = draws.close_to(formula, _CLOSE_R2)
        if close < _OFTEN_CLOSE:
            note(1, _on_draws(close, draws))
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
    )


def _on_draws(close: float, draws: Samples) -> str:
    """Returns why a formula is not simply trusted to which most of what the surrogate's curve may be is not close."""
    n = len(draws.values)
    return (
        f"The trials leave room for other curves: the formula is close (R² above {_CLOSE_R2:g}) to {round(close * n)} "
        f"of {counted(n, 'draw')} of the surrogate."
    )


def _on_averages(projection: Projection) -> Iterator[tuple[int, str]]:
    """Yields what makes the average, or a share of it, mean something else than it seems to, with its severity."""
    names = " and ".join(shown_name(axis.name) for axis in projection.axes)
    if projection.tied:
        yield _on_clauses(projection, names, " and ".join(map(shown_name, projection.tied)))
    for name in map(shown_name, projection.own_distributions):
        yield (
            0,
            (
                f"{name} has a distribution of its own in the configuration space: shares of the variance follow it, "
                "R² takes all of its values as equally likely."
            ),
        )
    for i, axis in enumerate(projection.axes):
        values = projection.trials.values[:, i]
        if axis.log or axis.lower < 0.0 or axis.values is not None or len(values) < _MANY:
            continue
        low = axis.lower + _LOW_END * (axis.upper - axis.lower)
        # A range of few integers has no lowest percent.
        if np.mean(values <= low) >= _CROWD and not (axis.integer and axis.upper - axis.lower < 1.0 / _LOW_END):
            yield (
                0,
                (
                    f"At least half of the trials lie in the lowest {percent(_LOW_END)} of the range of "
                    f"{shown_name(axis.name)}: a log scale (log=True in the configuration space) would show what "
                    "happens there, in this explanation and in the next search."
                ),
            )


def _on_clauses(projection: Projection, names: str, others: str) -> tuple[int, str]:
    """Returns what clauses that tie the explained hyperparameters to averaged ones do, with its severity."""
    if projection.method == "partial dependence":
        return 1, (
            f"Forbidden clauses tie {names} to {others}: at other values of {names} the average is over other "
            f"values of {others}, so that the formula shows their effect, too; even its direction may be wrong."
        )
    text = (
        f"Forbidden clauses tie {names} to {others}: shown are accumulated local effects, differences of the same "
        "configurations,"
    )
    if projection.methods_disagree:
        return 1, (
            f"{text} which move in the opposite direction to partial dependence, as that has the effect of {others}, "
            "too. Look at both in the figure."
        )
    return 0, f"{text} and not averages."


def _on_surrogate(surrogate: SurrogateRecord) -> Iterator[tuple[int, str]]:
    """Yields what is wrong with the surrogate, with its severity."""
    r2, domain_r2, dominance = surrogate.cv_r2, surrogate.cv_domain_r2, surrogate.cv_dominance
    if surrogate.n_trials == 0:
        yield 1, "No trial stands beside the given model; how well it knows the landscape is unknown."
        return
    if surrogate.trials_r2 is not None:
        yield _on_given_model(surrogate.trials_r2, surrogate.n_trials)
        return
    if r2 is None:
        yield 1, "The surrogate could not be cross-validated; how well it knows the landscape is unknown."
        return
    if r2 < _USELESS_CV_R2:
        yield (
            3,
            (
                f"The surrogate predicts {'no' if r2 <= 0.0 else 'hardly'} better than the mean of the costs "
                f"(cross-validated R² {r2:.2f}), so do not trust this formula."
            ),
        )
        return
    if domain_r2 is not None and domain_r2 < _USELESS_DOMAIN_R2:
        yield (
            3,
            (
                "Away from where the optimizer looked most, the surrogate predicts worse than the mean of the costs "
                f"(cross-validated R² {domain_r2:.2f} over the space), so do not trust this formula."
            ),
        )
        return
    if r2 < _GOOD_CV_R2:
        yield 1, f"The surrogate predicts unseen trials only in part (cross-validated R² {r2:.2f})."
    elif domain_r2 is not None and domain_r2 < _GOOD_DOMAIN_R2:
        yield 1, f"The surrogate predicts the space as a whole only in part (cross-validated R² {domain_r2:.2f})."
    if dominance is not None and dominance > _DOMINANT:
        yield (
            1,
            (
                f"Over the space, {percent(dominance)} of the variance of the costs is a single configuration's; "
                "how well the surrogate predicts others, cross-validation hardly shows."
            ),
        )


def _on_given_model(r2: float, n_trials: int) -> tuple[int, str]:
    """Returns what a given model's R² on the run's trials says, with its severity: it may have learned from them."""
    if r2 < _USELESS_CV_R2:
        return 3, (
            f"The given model predicts {'no' if r2 <= 0.0 else 'hardly'} better than the mean of the run's "
            f"{counted(n_trials, 'trial')} (R² {r2:.2f}), so do not trust this formula."
        )
    return 1, (
        f"On the run's {counted(n_trials, 'trial')} the given model has R² {r2:.2f}. It may have been trained on them: "
        "it was not cross-validated, so that how well it predicts others is unknown."
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
