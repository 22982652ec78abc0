"""Takes a formula's constants from the trials, where these lie on a curve of its form.

A smooth surrogate rounds the tip of a kink, and draws a curve towards its mean where no trial is. Where the explained
hyperparameters are all that there are, the trials are values of the curve itself. If they lie on the form but for a
thousandth of their variance, they know its constants better than the surrogate does.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from deepcave_symbolic.findings.certainty.refits import refit
from deepcave_symbolic.formulas.choice import Choice
from deepcave_symbolic.formulas.expression import evaluate
from deepcave_symbolic.formulas.front import Target, check_points, is_regular, score_one
from deepcave_symbolic.formulas.limits import LOG_ODDS
from deepcave_symbolic.formulas.meaning.positions import fitted
from deepcave_symbolic.formulas.meaning.readable import is_readable
from deepcave_symbolic.formulas.points import Points
from deepcave_symbolic.formulas.rounding import round_formula
from deepcave_symbolic.numeric.arrays import columns_of
from deepcave_symbolic.numeric.weighted import weighted_r2
from deepcave_symbolic.projection.projection import TrialPoints

__all__ = ["with_constants_of_trials"]

#: The least R² of the form to the trials, and how many of these there are for each of its constants.
_ON_THE_FORM, _TRIALS_A_CONSTANT = 0.999, 5
#: A form with a smaller 1 - R² to the trials goes through them but for rounding errors.
_EXACT = 1e-9


def with_constants_of_trials(choice: Choice, target: Target, trials: TrialPoints) -> Choice:
    """Returns the choice with the recommended formula's constants fitted to the trials, where they lie on its form.

    Args:
        choice: The front and its recommended formula.
        target: What was fitted and scored: the surrogate's curve.
        trials: Values of that curve which were observed; nothing is averaged out.
    """
    best, y = choice.front[choice.recommended], trials.costs
    found = fitted(best.tree)
    if not found or best.choices or len(y) < _TRIALS_A_CONSTANT * len(found):
        return choice
    columns = columns_of(trials.values)
    refits = refit(best.tree, found, columns, y[None, :], np.ones(len(y)))
    tree = round_formula(refits.tree_of(0, len(columns)), Points(columns, y))
    before, after = (1.0 - weighted_r2(y, evaluate(each, columns), None) for each in (best.tree, tree))
    odds = 0.5 * len(y) * math.log((before + _EXACT) / (after + _EXACT)) if after <= 1.0 - _ON_THE_FORM else 0.0
    if odds < LOG_ODDS:
        return choice
    scored = score_one(tree, best.engine, target)
    moved = replace(best, tree=tree, r2=scored.r2, rmse=scored.rmse)
    keeps_its_place = moved.complexity == best.complexity and all(
        other.r2 < moved.r2 for other in choice.front[: choice.recommended]
    )
    readable = is_readable(tree, target.axes, target.y) and is_regular(tree, check_points(target.axes), target.y)
    if not (keeps_its_place and readable):
        return choice
    front = list(choice.front)
    front[choice.recommended] = moved
    return replace(choice, front=tuple(front))
