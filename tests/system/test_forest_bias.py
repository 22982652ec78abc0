"""The steps of a forest are not the landscape: on straight landscapes without noise the straight line wins."""

from __future__ import annotations

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace, Float

from deepcave_symbolic import Explainer, Explanation, Formula
from deepcave_symbolic.runs.run import Run, Status, Trial


def straight_run(seed: int) -> Run:
    """60 trials of x + 0.5·y, half of them near the optimum, as an optimizer leaves them."""
    space = ConfigurationSpace(seed=seed)
    space.add(Float("x", (0.0, 1.0)), Float("y", (0.0, 1.0)))
    values = np.random.default_rng(seed).random((60, 2))
    values[30:] **= 3
    return Run(
        path=None,
        name="straight",
        optimizer="sampling",
        version=None,
        configspace=space,
        objectives=("cost",),
        configurations=dict(enumerate(values)),
        trials=tuple(Trial(i, (float(x + 0.5 * y),), Status.SUCCESS) for i, (x, y) in enumerate(values)),
        scenario={},
    )


@pytest.fixture(scope="module")
def alone() -> list[Explanation]:
    """Each of the hyperparameters in six runs."""
    explainers = [Explainer(straight_run(seed), surrogate="forest") for seed in range(6)]
    return [explainer.explain(name) for explainer in explainers for name in ("x", "y")]


def error_of(formula: Formula, explanation: Explanation) -> float:
    """Returns the RMSE to the truth of one hyperparameter, the other averaged out."""
    x = np.linspace(0.0, 1.0, 21)
    (name,) = explanation.hyperparameters
    truth = x + 0.25 if name == "x" else 0.5 + 0.5 * x
    return float(np.sqrt(np.mean((formula.predict({name: x}) - truth) ** 2)))


def test_straight_lines_win(alone: list[Explanation]) -> None:
    assert sum(explanation.best.shape == "straight line" for explanation in alone) >= 11


def test_they_are_closer_to_the_truth_than_the_most_accurate_formulas(alone: list[Explanation]) -> None:
    best, most = ([error_of(getattr(e, which), e) for e in alone] for which in ("best", "most_accurate"))
    assert np.mean(best) < 0.8 * np.mean(most)
    assert max(best) < 0.08


def test_a_plane_is_a_plane() -> None:
    best = [Explainer(straight_run(seed), surrogate="forest").explain("x", "y").best for seed in (0, 4)]
    assert all(formula.shape == "sum" and formula.complexity <= 9 for formula in best)
