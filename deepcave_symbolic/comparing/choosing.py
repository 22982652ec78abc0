"""Chooses the form that serves all runs.

Every formula of up to 17 nodes on a run's front is a candidate. Its form is fitted to every run's projection on
the domain that the runs share. Chosen is the shortest that is as accurate in every run as the best for that run, within
the noise of the run's trials: the rule of `front.recommend`, for all runs at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from deepcave_symbolic.comparing.agreement import constants_of
from deepcave_symbolic.comparing.domain import check_points
from deepcave_symbolic.comparing.forms import Data, Fit, Form, form_of, refit
from deepcave_symbolic.exceptions import InvalidArgumentError, SearchFailedError
from deepcave_symbolic.findings.explained import Explained
from deepcave_symbolic.formulas.expression import longest_case
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.formulas.front import is_defined, is_regular
from deepcave_symbolic.formulas.limits import LONGEST_RECOMMENDED, ROUGH_FORMULA_R2, largest_loss
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.numeric.weighted import weighted_variance
from deepcave_symbolic.space.axis import Axis

__all__ = ["Fitted", "choose", "given_form", "weigh"]

#: What a form may explain less of every run than the closest one, if the trials determine its constants.
_CONCEDED_R2 = 0.1
#: Forms of equal length that are fitted fully, and values of θ that each is fitted from.
_FULLY_FITTED, _STARTS = 3, 3


@dataclass(frozen=True)
class Fitted:
    """A form with the constants that fit each run.

    Args:
        form: The form.
        fits: One fit per run.
    """

    form: Form
    fits: tuple[Fit, ...]

    @property
    def loss(self) -> float:
        """Mean of 1 - R² over the runs."""
        return float(np.mean([1.0 - fit.r2 for fit in self.fits]))

    @property
    def settled(self) -> bool:
        """Whether every run tells its constants apart; constants that can stand for each other compare nothing."""
        return all(np.all(np.isfinite(fit.errors)) for fit in self.fits)


def given_form(formula: Formula, runs: Iterable[str], data: Sequence[Data], axes: Sequence[Axis]) -> Fitted:
    """Returns the form of the user's choice, fitted to every run, whatever sizes its constants have there."""
    if len(formula.axes) != len(axes):
        raise InvalidArgumentError(f"The form has {len(formula.axes)} hyperparameters; {len(axes)} are compared.")
    form, theta = form_of(formula.tree, len(axes))
    check = check_points(axes)
    fits, without = [], []
    for run, d in zip(runs, data, strict=True):
        fit = refit(form, d, [theta])
        if fit is None or not is_defined(form.with_constants(fit.p), check, d.y):
            without.append(run)
        else:
            fits.append(fit)
    if without:
        raise SearchFailedError(
            f"With the constants that fit {', '.join(without)} best, the form of {formula} has no finite value "
            "everywhere, or values far from the surrogate's; choose another one."
        )
    return Fitted(form, tuple(fits))


def weigh(explanations: Sequence[Explained], data: Sequence[Data], axes: Sequence[Axis]) -> list[Fitted]:
    """Returns the forms that come into question, fitted to every run, the shortest first."""
    fitted = _fitted(_candidates(explanations, len(axes)), data, axes)
    return sorted(fitted, key=lambda f: (f.form.complexity, f.loss))


def _candidates(explanations: Sequence[Explained], k: int) -> dict[Form, list[Array]]:
    """Returns the forms with the values of θ that were found for them.

    None is longer than the longest formula that a run recommends: its trials do not settle more constants than that.
    """
    found: dict[Form, list[Array]] = defaultdict(list)
    longest = min(LONGEST_RECOMMENDED, max(longest_case(e.best.tree) for e in explanations))
    for formula in (f for e in explanations for f in e.formulas):
        if longest_case(formula.tree) <= longest:
            form, theta = form_of(formula.tree, k)
            found[form].append(theta)
    return found


def _fitted(candidates: Mapping[Form, list[Array]], data: Sequence[Data], axes: Sequence[Axis]) -> list[Fitted]:
    """Returns the most promising forms of every length, fitted to every run; those without a value are left out."""
    by_length: dict[int, list[tuple[float, str, Form]]] = defaultdict(list)
    for form, starts in candidates.items():
        rough = [refit(form, d, starts, search=False) for d in data]
        loss = float(np.mean([1.0 if fit is None else 1.0 - fit.r2 for fit in rough]))
        by_length[form.complexity].append((loss, str(form.template), form))
    check = check_points(axes)
    weighed = []
    for _, group in sorted(by_length.items()):
        for _, _, form in sorted(group)[:_FULLY_FITTED]:
            fits = [refit(form, d, candidates[form][:_STARTS]) for d in data]
            known = [fit for fit in fits if fit is not None]
            if len(known) == len(data) and all(
                is_regular(form.with_constants(fit.p), check, d.y) for fit, d in zip(known, data, strict=True)
            ):
                weighed.append(Fitted(form, tuple(known)))
    return weighed


def choose(
    weighed: Sequence[Fitted], explanations: Sequence[Explained], data: Sequence[Data], level: float
) -> tuple[Fitted, Fitted]:
    """Returns the form to compare, and the one that follows the runs; mostly they are the same.

    Args:
        weighed: The forms, the shortest first.
        explanations: One per run.
        data: What the forms were fitted to, one per run.
        level: Below this p-value a constant's differences are more than its uncertainty.
    """
    settled = [fitted for fitted in weighed if fitted.settled] or weighed
    closest = settled[_choice(settled, [_unseen(e, d) for e, d in zip(explanations, data, strict=True)])]
    return _determined(closest, settled, level), closest


def _unseen(explanation: Explained, data: Data) -> float:
    """Returns what the run's trials cannot see of 1 - R²."""
    variance = weighted_variance(data.y, data.weights)
    return min(1.0, explanation.noise**2 / variance) if variance > 0.0 else 0.0


def _choice(weighed: Sequence[Fitted], unseen: Sequence[float]) -> int:
    """Returns the index of the shortest form that serves every run as well as any form, within that run's noise.

    Where none serves all, the one that misses least; a run that knows little asks for little.
    """
    losses = np.array([[1.0 - fit.r2 for fit in fitted.fits] for fitted in weighed])
    limits = [largest_loss(best, noise) for best, noise in zip(losses.min(axis=0), unseen, strict=True)]
    missed = np.maximum(0.0, losses - limits).sum(axis=1)
    good = [i for i in range(len(weighed)) if missed[i] <= largest_loss(missed.min())]
    shortest = weighed[good[0]].form.complexity
    return min((i for i in good if weighed[i].form.complexity == shortest), key=lambda i: weighed[i].loss)


def _determined(closest: Fitted, weighed: Sequence[Fitted], level: float) -> Fitted:
    """Returns a form that can be compared: the closest one, or one whose constants the trials determine.

    Constants that make up for each other have errors as large as themselves and answer nothing. Where most of the
    closest form's are so, the form that follows the runs best of those with determined constants takes its place, if
    it follows every run nearly as well, and none only roughly.
    """
    if (
        sum(c.agreement == "undetermined" for c in constants_of(closest.form, closest.fits, level))
        <= len(closest.form.roles) / 2
    ):
        return closest
    least = [max(ROUGH_FORMULA_R2, fit.r2 - _CONCEDED_R2) for fit in closest.fits]
    determined = [
        fitted
        for fitted in weighed
        if fitted.form.terms
        and all(fit.r2 >= r2 for fit, r2 in zip(fitted.fits, least, strict=True))
        and all(c.agreement != "undetermined" for c in constants_of(fitted.form, fitted.fits, level))
    ]
    return min(determined, key=lambda fitted: fitted.loss, default=closest)
