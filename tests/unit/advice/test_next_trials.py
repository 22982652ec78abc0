"""Which trials would teach most: where models differ and trials are far or few, valid and readable."""

from __future__ import annotations

import json
import pickle
from typing import Any

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

from deepcave_symbolic import next_trials
from deepcave_symbolic.advice import AdvisedTrials, advised_trials, checked_count
from deepcave_symbolic.advice.distance import Distances
from deepcave_symbolic.exceptions import HyperparameterNotExplainableError, InvalidArgumentError
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.projection import Subject, View
from deepcave_symbolic.space.axis import axis_of
from deepcave_symbolic.space.configurations import deactivate, sample_all
from deepcave_symbolic.space.region import WHOLE, Region
from deepcave_symbolic.suggestions import NextTrials
from deepcave_symbolic.surrogates.base import FittedSurrogate, SurrogateRecord
from known_surrogates import OfVectors
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
    return ask(cs, X, *names, n=n, model=Spread(std))


def ask(
    cs: ConfigurationSpace,
    X: Array,
    *names: str,
    n: int = 5,
    model: Any,
    region: Region = WHOLE,
    maximize: bool = False,
) -> NextTrials:
    fitted = FittedSurrogate(model, SurrogateRecord("Spread", False, len(X)), None, X, np.ones(len(X)))
    subject = Subject(fitted, cs, View(region), maximize=maximize)
    axes = [axis_of(subject.configspace, name) for name in names]
    return advised_trials(NextTrials, subject, axes, n, objective="error", run="run")


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


@pytest.mark.parametrize(
    ("hyperparameter", "entries", "shown"),
    [
        (Categorical("h", ["a", "b", "c"]), (0.0, 1.0, 2.0), "h c"),
        (Categorical("h", [True, False, None]), (0.0, 1.0, 2.0), "h None"),
        (OrdinalHyperparameter("h", [16, 32, 64]), (0.0, 1.0, 2.0), "h 64"),
        (Integer("h", (1, 3)), tuple(map(float, Integer("h", (1, 3)).to_vector(np.array([1, 2, 3])))), "h 3"),
    ],
)
def test_where_all_values_were_tried_those_with_few_trials_come_first(
    hyperparameter: Any, entries: tuple[float, ...], shown: str
) -> None:
    """With 60, 12 and 3 trials of three values the first goes to the third, and most do; none is the lowest corner."""
    cs = ConfigurationSpace()
    cs.add([hyperparameter, Float("x", (0.0, 1.0)), Float("z", (0.0, 1.0))])
    rng = np.random.RandomState(0)
    X = np.column_stack([np.repeat(entries, [60, 12, 3]), rng.uniform(size=75), rng.uniform(size=75)])
    found = advise(cs, X, "h", n=10)
    assert found.trials[0].reason == f"3 of 75 trials have {shown}; the models differ by 0.1 in error"
    taken = [float(row[0]) for row in (c.get_array() for c in found.configurations())]
    counts = [sum(abs(v - entry) < 1e-9 for v in taken) for entry in entries]
    assert counts[2] > counts[1] and counts[0] == 0 and sum(counts) == 10
    assert np.ptp([trial.configuration["x"] for trial in found.trials]) > 0.5


def test_a_space_of_which_everything_was_tried() -> None:
    cs = ConfigurationSpace({"a": ["x", "y"], "b": ["x", "y"]})
    X = np.array([[0, 0], [0, 0], [0, 1], [0, 1], [1, 0], [1, 0], [1, 1]], dtype=float)
    found = advise(cs, X, "a", "b", n=5)
    assert found.trials[0].reason == "1 of 7 trials has a y and b y; the models differ by 0.1 in error"
    assert len(found.trials) == 4


def test_near_in_one_and_far_in_the_others() -> None:
    """Trials at a hundred values of lr, all with z = 0: any lr has trials near, and none of these has z = 1."""
    cs = ConfigurationSpace()
    cs.add([Float("lr", (0.0, 1.0)), Float("z", (0.0, 1.0))])
    X = np.column_stack([np.linspace(0.0, 1.0, 101), np.zeros(101)])
    found = advise(cs, X, "lr", n=1)
    assert found.trials[0].reason == "the trials near in lr differ in the others; the models differ by 0.1 in error"
    alone = ConfigurationSpace({"lr": (0.0, 1.0)})
    assert advise(alone, X[:, :1], "lr", n=1).trials[0].reason.startswith("no trial between ")


@pytest.mark.parametrize("maximize", [False, True])
def test_among_the_best_only_what_is_expected_to_be_good(maximize: bool) -> None:
    """The best fifth of a cost that is x itself lies below 0.2, of a score above 0.8."""
    cs = ConfigurationSpace()
    cs.add([Float("x", (0.0, 1.0)), Float("z", (0.0, 1.0))])
    model = OfVectors(lambda X: X[:, 0])
    found = ask(cs, np.array([[0.5, 0.5]]), "z", n=20, model=model, region=Region(best=20.0), maximize=maximize)
    x = np.array([trial.expected for trial in found.trials])
    assert len(x) == 20 and np.all((x > 0.77) if maximize else (x < 0.23))
    assert "Next trials for z, among the best 20 %" in str(found)
    assert "They are not meant to be better than others there." in " ".join(str(found).split())
    assert NextTrials.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_within_a_part_of_a_domain() -> None:
    part = Region(ranges={"lr": (1e-3, 1e-2)})
    found = ask(numbers(), np.array([[0.1, 0.1]]), "width", n=20, model=Spread(), region=part)
    assert all(1e-3 <= trial.configuration["lr"] <= 1e-2 for trial in found.trials)
    assert "Next trials for width, for lr from 0.001 to 0.01" in str(found)


def test_a_best_part_in_which_a_hyperparameter_is_never_active() -> None:
    model = OfVectors(lambda X: np.where(np.isnan(X[:, list(mixed()).index("degree")]), 0.0, 1.0))
    with pytest.raises(HyperparameterNotExplainableError, match="No valid configuration among the best 10 %"):
        ask(mixed(), np.empty((0, 4)), "degree", model=model, region=Region(best=10.0))


def test_the_heading_says_what_is_chosen() -> None:
    text = " ".join(str(advise(mixed(), np.empty((0, 4)), "C", n=3)).split())
    assert "chosen where models of the trials differ most and trials are far or few, in C and in all" in text
    assert "no trial is near" not in text


def test_no_configuration_comes_twice_where_one_is_inactive() -> None:
    cs = ConfigurationSpace()
    kernel, degree = Categorical("kernel", ["rbf", "poly"]), Float("degree", (1.0, 5.0))
    cs.add([kernel, degree, Integer("k", (1, 2)), EqualsCondition(degree, kernel, "poly")])
    taken = [tuple(sorted(t.configuration.items())) for t in advise(cs, np.empty((0, 3)), "kernel", n=100).trials]
    assert len(set(taken)) == len(taken)


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


def test_how_many_is_checked_before_the_run_is_read() -> None:
    with pytest.raises(InvalidArgumentError, match="expected a whole number of trials from 1 to 100"):
        next_trials("no such folder", "C", n=0)


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
