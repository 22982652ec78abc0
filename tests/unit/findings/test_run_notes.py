"""Sentences about a whole run: where trials fail, and spaces of which averages show the worse half only."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float, Integer

from deepcave_symbolic.explainer import Explainer
from deepcave_symbolic.findings.run_notes import notes_on_run
from deepcave_symbolic.projection import USUAL, Subject, View
from deepcave_symbolic.runs.run import Run, Status, Trial
from deepcave_symbolic.space.region import Region
from deepcave_symbolic.surrogates.base import FittedSurrogate, SurrogateRecord
from known_surrogates import OfVectors
from places import EXAMPLE_RUNS


def space() -> ConfigurationSpace:
    cs = ConfigurationSpace()
    x, n, kind, y = (
        Float("x", (0.0, 1.0)),
        Integer("n", (1, 100)),
        Categorical("kind", ["p", "q", "r"]),
        Float("y", (0, 1)),
    )
    cs.add(x, n, kind, y, EqualsCondition(y, kind, "q"))
    return cs


def flat(
    cs: ConfigurationSpace, mean: Any = lambda X: np.zeros(len(X)), maximize: bool = False, view: View = USUAL
) -> Subject:
    X = np.empty((0, len(cs)))
    surrogate = FittedSurrogate(OfVectors(mean), SurrogateRecord("Model", True, 0), None, X, np.empty(0))
    return Subject(surrogate, cs, view, maximize=maximize)


def notes(fails: Any, n: int = 60, *, seeds: int = 1, status: Status = Status.CRASHED) -> tuple[str, ...]:
    """The notes on a run in which the configurations fail of whose values `fails` is true."""
    cs = space()
    cs.seed(3)
    trials, configurations = [], {}
    for i, configuration in enumerate(cs.sample_configuration(n)):
        configurations[i] = np.asarray(configuration.get_array())
        ended = status if fails(dict(configuration)) else Status.SUCCESS
        trials += [Trial(i, (1.0,), ended, seed=seed) for seed in range(seeds)]
    run = Run("run", cs, ("cost",), tuple(trials), configurations)
    return notes_on_run(run, flat(cs), "cost", None)


@pytest.mark.parametrize("status", [Status.CRASHED, Status.TIMEOUT, Status.MEMORYOUT])
def test_where_trials_fail_is_said(status: Status) -> None:
    (above,) = notes(lambda c: c["x"] > 0.8, status=status)
    assert above.startswith("All ") and above.endswith(" failed trials have x above 0.8.")
    assert notes(lambda c: c["n"] < 20)[0].endswith("failed trials have n below 20.")
    assert notes(lambda c: c["kind"] == "r")[0].endswith("failed trials have kind = r.")


def test_others_on_the_same_side_are_counted_and_seeds_are_no_configurations() -> None:
    (text,) = notes(lambda c: c["x"] > 0.75 and c["n"] % 4 > 0)
    assert "failed trials have x above 0.7" in text and ", as do " in text and "other configurations." in text
    counts = [int(notes(lambda c: c["x"] > 0.8, seeds=s)[0].split()[1]) for s in (1, 3)]
    assert counts[1] == 3 * counts[0]


def test_chance_is_no_reason() -> None:
    assert notes(lambda c: False) == notes(lambda c: True) == ()
    # A sixth of the trials, picked by the digits of a number that decides nothing.
    for digit in range(6):
        assert notes(lambda c, digit=digit: int(1e6 * c["x"]) % 6 == digit) == ()
    # Two failures, wherever they lie.
    assert notes(lambda c: c["x"] > 0.97, n=40) == ()
    # Of an inactive hyperparameter nothing can be above.
    assert not any(" y " in text for text in notes(lambda c: c["kind"] != "q"))


@pytest.mark.parametrize("crashes", [0.45, 0.55, 0.8])
@pytest.mark.parametrize("maximize", [False, True])
def test_a_space_whose_worse_half_makes_the_averages_is_said(maximize: bool, crashes: float) -> None:
    sign = -1.0 if maximize else 1.0
    cs = space()
    run = Run("run", cs, ("cost",), (), {})

    def cost(X: Any) -> Any:
        return sign * np.where(X[:, list(cs).index("x")] < crashes, 50.0, X[:, list(cs).index("n")])

    (text,) = notes_on_run(run, flat(cs, cost, maximize), "cost", None)
    beyond = "below -" if maximize else "above "
    assert text.startswith(f"In half of the space cost is {beyond}") and "which makes over 99 % of its varia" in text
    assert 'region="best 10%" (--region "best 10%"; panel: Region)' in text
    for view in (View(Region(best=10.0)), View(statistic="best")):
        assert notes_on_run(run, flat(cs, cost, maximize, view), "cost", None) == ()


def test_ordinary_spaces_have_no_note() -> None:
    run = Run("run", space(), ("cost",), (), {})
    rng = np.random.default_rng(0)
    for mean in (
        lambda X: np.nansum(X**2, axis=1),
        lambda X: rng.standard_normal(len(X)),
        lambda X: np.zeros(len(X)),
        lambda X: np.full(len(X), 1e300),
        lambda X: rng.exponential(size=len(X)),
        lambda X: np.where(X[:, list(space()).index("x")] > 0.05, 1.0, 0.0),  # as good as constant
        lambda X: np.maximum(X[:, list(space()).index("x")], 0.5),
    ):
        assert notes_on_run(run, flat(space(), mean), "cost", None) == ()


@pytest.mark.parametrize("name", ["svm_bbo", "mlp_hpo", "mlp_deep", "boosting_mf"])
def test_the_example_runs_have_no_note(name: str) -> None:
    assert Explainer(EXAMPLE_RUNS / name).run_notes == ()
