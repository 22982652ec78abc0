"""Which trials would teach most: where models differ and no trial is near, valid and readable."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from ConfigSpace import (
    Categorical,
    ConfigurationSpace,
    EqualsCondition,
    Float,
    ForbiddenAndConjunction,
    ForbiddenEqualsClause,
    Integer,
    OrdinalHyperparameter,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from deepcave_symbolic.advice import AdvisedTrials, advised_trials, checked_count
from deepcave_symbolic.advice.distance import Distances
from deepcave_symbolic.exceptions import HyperparameterNotExplainableError, InvalidArgumentError
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.axis import axis_of
from deepcave_symbolic.space.configurations import deactivate, sample_all
from deepcave_symbolic.suggestions import NextTrials
from deepcave_symbolic.surrogates.base import FittedSurrogate, SurrogateRecord
from records import explanation


class Spread:
    """A model whose mean is 1 and whose standard deviation is known."""

    def __init__(self, std: float | None = 0.1) -> None:
        self.std = std

    def predict(self, X: Array) -> tuple[Array, Array]:
        std = 0.1 * (1.0 + 9.0 * (X[:, 0] > 0.5)) if self.std is None else np.full(len(X), self.std)
        return np.ones(len(X)), std


def numbers() -> ConfigurationSpace:
    cs = ConfigurationSpace()
    cs.add([Float("lr", (1e-4, 1.0), log=True), Integer("width", (1, 256), log=True)])
    return cs


def mixed() -> ConfigurationSpace:
    cs = ConfigurationSpace()
    kernel, degree = Categorical("kernel", ["rbf", "poly"]), Integer("degree", (1, 5))
    cs.add([kernel, degree, Float("C", (0.1, 10.0), log=True), OrdinalHyperparameter("size", [1, 2, 4, 8])])
    cs.add(EqualsCondition(degree, kernel, "poly"))
    cs.add(ForbiddenAndConjunction(ForbiddenEqualsClause(kernel, "rbf"), ForbiddenEqualsClause(cs["size"], 8)))
    return cs


def advise(cs: ConfigurationSpace, X: Array, *names: str, n: int = 5, std: float | None = 0.1) -> NextTrials:
    fitted = FittedSurrogate(Spread(std), SurrogateRecord("Spread", False, len(X)), None, X, np.ones(len(X)))
    axes = [axis_of(cs, name) for name in names]
    return advised_trials(NextTrials, fitted, cs, axes, n, objective="error", run="run")


def test_equal_spread_fills_the_gaps() -> None:
    """Trials at both ends of lr and in its middle: the widest gaps are a quarter and three quarters of the way."""
    X = np.array([[x, 0.5] for x in (0.0, 0.02, 0.5, 0.98, 1.0)])
    cs = ConfigurationSpace()
    cs.add([Float("lr", (1e-4, 1.0), log=True), Float("z", (0.0, 1.0))])
    found = advise(cs, X, "lr", n=2)
    places = sorted(np.log10(trial.configuration["lr"]) for trial in found.trials)
    assert places == pytest.approx([-3.0, -1.0], abs=0.35)
    assert all(trial.reason.startswith("no trial between ") for trial in found.trials)
    assert {trial.spread for trial in found.trials} == {0.1}


def test_where_models_differ_more_more_is_asked() -> None:
    """Ten times the spread in the upper half of the first hyperparameter takes all of the first trials."""
    X = np.random.RandomState(0).uniform(size=(5, 2))
    found = advise(numbers(), X, "lr", "width", n=4, std=None)
    assert all(np.log10(trial.configuration["lr"]) > -2.0 for trial in found.trials)
    assert "the models differ by 1 in error" in found.trials[0].reason


def test_models_that_agree_leave_the_distance_to_decide() -> None:
    found = advise(numbers(), np.array([[0.1, 0.1]]), "lr", n=1, std=0.0)
    assert found.trials[0].reason == "no trial above 0.000251"
    assert found.trials[0].distance > 0.7


def test_without_any_trial() -> None:
    found = advise(numbers(), np.empty((0, 2)), "lr", n=2)
    assert found.trials[0].reason == "no trial has lr; the models differ by 0.1 in error"


def test_conditions_and_clauses_hold() -> None:
    cs = mixed()
    X = deactivate(cs, sample_all(cs, 10, np.random.RandomState(0)))
    found = advise(cs, X, "degree", n=20)
    configurations = found.configurations()
    assert all(configuration["kernel"] == "poly" for configuration in configurations)
    for configuration in advise(cs, X, "C", n=50).configurations():
        configuration.check_valid_configuration()
        assert ("degree" in configuration) == (configuration["kernel"] == "poly")
    assert len({tuple(sorted(t.configuration.items())) for t in found.trials}) == len(found.trials)


def test_values_are_readable_and_their_own_type() -> None:
    for trial in advise(mixed(), np.empty((0, 4)), "C", n=20).trials:
        values = trial.configuration
        assert float(f"{values['C']:.2e}") == values["C"]
        assert type(values["size"]) is int and type(values["kernel"]) is str
        assert type(values.get("degree", 1)) is int


def test_a_clause_that_forbids_everything() -> None:
    cs = ConfigurationSpace()
    cs.add([Categorical("a", ["x", "y"], default="y"), Float("lr", (0.0, 1.0))])
    cs.add([ForbiddenEqualsClause(cs["a"], "x")])
    never = Float("never", (0.0, 1.0))
    cs.add([never, EqualsCondition(never, cs["a"], "x")])
    with pytest.raises(HyperparameterNotExplainableError, match="No valid configuration was found in which 'never'"):
        advise(cs, np.empty((0, 3)), "never")


def test_the_record_comes_back_from_json_and_needs_its_space_then() -> None:
    cs = mixed()
    found = advise(cs, np.empty((0, 4)), "C", n=3)
    back = NextTrials.from_dict(json.loads(json.dumps(found.to_dict())))
    assert back == found and hash(back) == hash(found) and str(back) == str(found)
    assert back.configurations(cs) == found.configurations()
    with pytest.raises(InvalidArgumentError, match="read from a file; expected the run's configuration space"):
        back.configurations()
    with pytest.raises(InvalidArgumentError, match="is not the run's: "):
        back.configurations(numbers())


def test_the_text_and_the_table_have_every_configuration() -> None:
    found = advise(mixed(), np.empty((0, 4)), "C", n=3)
    text = str(found)
    assert text.startswith("Next trials for C\n\n3 configurations whose evaluation would teach most about C")
    assert text.count("no trial has C") == 3
    assert "<table" in found._repr_html_()


@pytest.mark.parametrize("n", [0, -1, 101, 2.5, True, "3", None])
def test_how_many_is_a_whole_number(n: object) -> None:
    with pytest.raises(InvalidArgumentError, match="expected a whole number of trials from 1 to 100"):
        checked_count(n)


def test_an_explanation_from_a_file_says_how_to_ask() -> None:
    record = explanation()
    with pytest.raises(InvalidArgumentError, match=r"use next_trials\('.*', 'lr'\)"):
        record.next_trials()


def test_an_explanation_leaves_its_explainer_behind_when_it_is_sent() -> None:
    record = explanation()
    object.__setattr__(record, "advisor", lambda n: n)
    assert record.next_trials(4) == 4
    copied = pickle.loads(pickle.dumps(record))
    assert copied == record and copied.advisor is None


def test_distances_by_hand() -> None:
    """Half of the range, another choice, three of three steps, and inactive on one side: 0.25, 1, 1 and 1 squared."""
    cs = mixed()
    order = list(cs)
    a = np.array([{"C": 0.25, "degree": np.nan, "kernel": 0.0, "size": 0.0}[name] for name in order])
    b = np.array([{"C": 0.75, "degree": 0.5, "kernel": 1.0, "size": 3.0}[name] for name in order])
    assert Distances(cs).between(a[None], b[None])[0, 0] == pytest.approx(np.sqrt((0.25 + 3.0) / 4.0))
    assert Distances(cs, [order.index("C")]).between(a[None], b[None])[0, 0] == pytest.approx(0.5)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 30))
def test_distances_are_symmetric_and_the_trials_are_the_same_each_time(seed: int, n: int) -> None:
    cs = mixed()
    X = deactivate(cs, sample_all(cs, n, np.random.RandomState(seed)))
    between = Distances(cs).between(X, X)
    assert np.allclose(between, between.T) and np.all(np.diag(between) == 0.0) and between.max() <= 1.0
    first: AdvisedTrials = advise(cs, X, "C", n=2)
    assert first == advise(cs, X, "C", n=2)
