"""Constants that the trials know better than the surrogate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deepcave_symbolic.findings.trials_constants import with_constants_of_trials
from deepcave_symbolic.formulas.choice import Choice
from deepcave_symbolic.formulas.expression import Node, constant, evaluate, function
from deepcave_symbolic.formulas.front import Target, score_one
from deepcave_symbolic.numeric.arrays import Array, columns_of
from deepcave_symbolic.projection import TrialPoints
from small_formulas import LR, X, log10

pytestmark = pytest.mark.smoke

#: The truth, and what a smooth surrogate makes of it.
KINK = 0.2 + 0.05 * function("abs", log10(X / 0.003))
ROUNDED = 0.215 + 0.043 * function("abs", log10(X / 0.0031))


def choice_of(tree: Node) -> tuple[Choice, Target]:
    x = LR.fit_grid(40)[:, None]
    u = np.log10(x[:, 0] / 0.003)
    y = 0.19 + 0.05 * np.sqrt(u**2 + 0.1)
    target = Target((LR,), "cost", x, y, x, y)
    level = score_one(constant(float(y.mean())), "constant", target)
    return Choice((level, score_one(tree, "exhaustive", target)), 1), target


def trials(n: int = 30, noise: float = 0.0) -> TrialPoints:
    rng = np.random.default_rng(0)
    x = 10 ** rng.uniform(-4, 0, (n, 1))
    costs: Array = evaluate(KINK, columns_of(x)) + noise * rng.standard_normal(n)
    return TrialPoints(x, costs)


def test_trials_on_a_kink_give_it_its_tip() -> None:
    choice, target = choice_of(ROUNDED)
    found = with_constants_of_trials(choice, target, trials())
    assert str(found.front[1]) == "cost ≈ 0.2 + 0.05·|log10(learning_rate/0.003)|"
    assert found.front[0] is choice.front[0]
    assert found.front[1].r2 == score_one(KINK, "exhaustive", target).r2


@pytest.mark.parametrize(
    ("tree", "seen"),
    [
        # Noise of a tenth of their spread, next to no trials, none; constants that are theirs already.
        (ROUNDED, trials(noise=0.005)),
        (ROUNDED, trials(n=14)),
        (ROUNDED, TrialPoints(np.empty((0, 1)), np.empty(0))),
        (KINK, trials()),
        # Another form.
        (0.4 - 0.1 * log10(X), trials()),
    ],
)
def test_other_formulas_keep_their_constants(tree: Node, seen: TrialPoints) -> None:
    choice, target = choice_of(tree)
    assert with_constants_of_trials(choice, target, seen) is choice


def test_a_shorter_formula_stays_behind() -> None:
    choice, target = choice_of(ROUNDED)
    as_good = replace(choice.front[0], r2=0.999)
    assert with_constants_of_trials(Choice((as_good, choice.front[1]), 1), target, trials()).front[0] is as_good
    assert with_constants_of_trials(Choice((as_good, choice.front[1]), 1), target, trials()).front[1] is choice.front[1]
