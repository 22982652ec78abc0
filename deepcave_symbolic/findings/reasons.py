"""What speaks against a formula: sentences, each with the place in `VERDICTS` of the verdict that it makes alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from deepcave_symbolic.findings.certainty import Samples
from deepcave_symbolic.findings.closeness import CLOSE, Closeness
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.projection import Projection
from deepcave_symbolic.surrogates.base import SurrogateRecord
from deepcave_symbolic.words.names import shown_name
from deepcave_symbolic.words.numbers import counted, percent

__all__ = ["on_averages", "on_closeness", "on_surrogate"]

# Chosen on the landscapes of benchmarks/data/tuning, which no figure is taken from; see docs/faithfulness.md.
#: Below this cross-validated R² a surrogate is hardly better than the mean of the costs.
_USELESS_CV_R2 = 0.2
#: Below this domain-weighted R² it is much worse than the mean away from the crowd of the trials.
_USELESS_DOMAIN_R2 = -1.0
#: What "trust" takes: both R² and no single configuration that they are all about.
_GOOD_CV_R2, _GOOD_DOMAIN_R2, _DOMINANT = 0.7, 0.75, 0.25
#: How likely the formula is at least fairly close to the truth if not for "do not trust".
_LIKELY_FAIR = 0.3
#: Where that is not known, "trust" takes this share of the draws of the surrogate to which the formula is close.
_OFTEN_CLOSE = 0.3
#: Trials crowd at the lower end of a linear range if so many of so many lie in this share of it.
_CROWD, _MANY, _LOW_END = 0.5, 10, 0.01


def on_closeness(
    formula: Formula, projection: Projection, draws: Samples, closeness: Closeness | None
) -> Iterator[tuple[int, str]]:
    """Yields why a formula is not simply trusted that is not likely enough to be close to the truth.

    Args:
        formula: The formula.
        projection: What it describes.
        draws: What else that may be.
        closeness: How likely the formula is close to the truth; None where only the draws can tell.
    """
    if closeness is None:
        close = draws.r2_of(formula) > CLOSE
        if close.mean() < _OFTEN_CLOSE:
            yield (
                1,
                (
                    f"The trials leave room for other curves: the formula is close (R² above {CLOSE:g}) to "
                    f"{close.sum()} of {counted(len(close), 'draw')} of the surrogate."
                ),
            )
        return
    if not closeness.is_enough:
        far = closeness.fair < _LIKELY_FAIR
        what = (
            "The formula is probably not even fairly close to the truth"
            if far
            else "How close the formula is to the truth is not sure enough"
        )
        rival = draws.rival_r2_of(formula)
        if rival is None:
            beside = f"R² {np.median(draws.r2_of(formula)):.2f} to the median of the draws of the surrogate"
        else:
            beside = f"R² {round(rival, 2) + 0.0:.2f} to the mean of another surrogate of the same trials"
        share = percent(projection.variance_share or 0.0)
        text = f"{what}: it has {beside}, and what it describes has {share} of the variance."
        yield 3 if far else 1, text


def on_averages(projection: Projection) -> Iterator[tuple[int, str]]:
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


def on_surrogate(surrogate: SurrogateRecord, so: str = "do not trust this formula") -> Iterator[tuple[int, str]]:
    """Yields what is wrong with the surrogate, with its severity.

    Args:
        surrogate: The model that spoke.
        so: What follows where it knows next to nothing, as a clause.
    """
    r2, domain_r2, dominance = surrogate.cv_r2, surrogate.cv_domain_r2, surrogate.cv_dominance
    if surrogate.n_trials == 0:
        yield 1, "No trial stands beside the given model; how well it knows the landscape is unknown."
        return
    if surrogate.trials_r2 is not None:
        yield _on_given_model(surrogate.trials_r2, surrogate.n_trials, so)
        return
    if r2 is None:
        yield 1, "The surrogate could not be cross-validated; how well it knows the landscape is unknown."
        return
    if r2 < _USELESS_CV_R2:
        yield (
            3,
            (
                f"The surrogate predicts {'no' if r2 <= 0.0 else 'hardly'} better than the mean of the costs "
                f"(cross-validated R² {r2:.2f}), so {so}."
            ),
        )
        return
    if domain_r2 is not None and domain_r2 < _USELESS_DOMAIN_R2:
        yield (
            3,
            (
                "Away from where the optimizer looked most, the surrogate predicts worse than the mean of the costs "
                f"(cross-validated R² {domain_r2:.2f} over the space), so {so}."
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


def _on_given_model(r2: float, n_trials: int, so: str) -> tuple[int, str]:
    """Returns what a given model's R² on the run's trials says, with its severity: it may have learned from them."""
    if r2 < _USELESS_CV_R2:
        return 3, (
            f"The given model predicts {'no' if r2 <= 0.0 else 'hardly'} better than the mean of the run's "
            f"{counted(n_trials, 'trial')} (R² {r2:.2f}), so {so}."
        )
    return 1, (
        f"On the run's {counted(n_trials, 'trial')} the given model has R² {r2:.2f}. It may have been trained on them: "
        "it was not cross-validated, so that how well it predicts others is unknown."
    )
