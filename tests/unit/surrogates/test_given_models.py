"""A fitted model as the surrogate: with a configuration space alone, and beside a run's trials."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float, Integer
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingRegressor,
)
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder

from deepcave_symbolic import Explanation, ModelSurrogate, explain, explain_all, load_run
from deepcave_symbolic.exceptions import InvalidArgumentError, NoTrialsError, SurrogateError, UnknownNameError
from places import SVM


def truth(table: pd.DataFrame) -> Any:
    """0.2 + 0.1·(log10(C) - 0.5)² + 0.01·n, a little more with the kernel poly."""
    extra = np.where(table["kernel"] == "poly", 0.1, 0.0) if "kernel" in table else 0.0
    return 0.2 + 0.1 * (np.log10(table["C"]) - 0.5) ** 2 + 0.01 * table["n"] + extra


class Known:
    """A model that is a known function of its columns n, C and kernel, in this order."""

    def predict(self, X: Any) -> Any:
        return truth(pd.DataFrame({"n": X[:, 0].astype(float), "C": X[:, 1].astype(float), "kernel": X[:, 2]}))


@pytest.fixture(scope="module")
def space() -> ConfigurationSpace:
    space = ConfigurationSpace(seed=0)
    space.add(Integer("n", (2, 64)), Float("C", (0.01, 100.0), log=True), Categorical("kernel", ["rbf", "poly"]))
    return space


@pytest.fixture(scope="module")
def numbers() -> ConfigurationSpace:
    space = ConfigurationSpace(seed=0)
    space.add(Integer("n", (2, 64)), Float("C", (0.01, 100.0), log=True))
    return space


def sample(space: ConfigurationSpace, n: int = 60) -> pd.DataFrame:
    return pd.DataFrame([dict(c) for c in space.sample_configuration(n)])


def known(space: ConfigurationSpace, **options: Any) -> ModelSurrogate:
    return ModelSurrogate(Known(), space, columns=["n", "C", "kernel"], **options)


def test_a_known_function_comes_back_exactly(numbers: ConfigurationSpace) -> None:
    class OfTwo:
        def predict(self, X: Any) -> Any:
            return truth(pd.DataFrame(X, columns=["n", "C"]))

    best = explain(
        None, "C", "n", surrogate=ModelSurrogate(OfTwo(), numbers, columns=["n", "C"]), max_complexity=12
    ).best
    # Lowest at 10^0.5, to the digits that matter.
    assert best.text().startswith("0.2 + ") and "0.1·log10(C/3.16" in best.text() and "0.01·n" in best.text()
    assert best.r2 == pytest.approx(1.0, abs=1e-5)


def test_a_slow_surrogate_that_says_so_is_averaged_over_fewer_configurations(space: ConfigurationSpace) -> None:
    class Plain:
        def predict(self, X: Any) -> Any:
            return X[:, 0], np.zeros(len(X))

    class Slow(Plain):
        row_seconds = 1.0

    averaged = [
        explain(None, "C", surrogate=model, configspace=space, max_complexity=1).provenance["n_averaged"]
        for model in (Plain(), Slow())
    ]
    assert averaged == [145, 48]


@pytest.mark.slow
def test_a_known_function_of_which_a_part_is_averaged_out(space: ConfigurationSpace) -> None:
    model = known(space, objective="loss")
    explanation = explain(None, "C", "n", surrogate=model, max_complexity=12)
    # The kernels are averaged out, evenly up to the sample of configurations.
    assert explanation.best.complexity == 12 and explanation.best.r2 == pytest.approx(1.0, abs=1e-5)
    points = {"C": np.array([0.1, 3.0, 50.0]), "n": np.array([4, 20, 60])}
    shift = explanation.best.predict(points) - truth(pd.DataFrame(points))
    np.testing.assert_allclose(shift, shift[0], atol=1e-3)
    assert 0.03 < shift[0] < 0.07
    both = explain(None, "C", "kernel", surrogate=model, max_complexity=12)
    curve = both.best.predict({"C": [1.0, 1.0], "kernel": ["rbf", "poly"]})
    assert curve[1] - curve[0] == pytest.approx(0.1, abs=1e-6)
    assert both.objective == "loss" and both.run == "no run, the given Known"
    assert explain(None, "C", surrogate=model, objective="error", max_complexity=1).objective == "error"


@pytest.mark.slow
def test_nothing_is_known_of_a_model_alone(space: ConfigurationSpace) -> None:
    explanation = explain(None, "C", surrogate=known(space))
    assert explanation.verdict == "with care"
    assert explanation.warnings == (
        "No trial stands beside the given model; how well it knows the landscape is unknown.",
        "The model tells no uncertainty of its own; its standard deviation counts as 0.",
    )
    text = str(explanation)
    assert "Known, not cross-validated (given by the caller)" in text and "0 trials" not in text
    again = Explanation.from_dict(json.loads(json.dumps(explanation.to_dict(), allow_nan=False)))
    assert str(again) == text
    assert explanation.plot() is not None and "<html" in explanation.to_html()
    assert "highest" in explain(None, "C", surrogate=known(space, maximize=True), max_complexity=8).optimum().sentence
    with pytest.raises(NoTrialsError, match="source='surrogate'"):
        explain(None, "C", surrogate=known(space), source="trials")


def test_a_fitted_model_is_given_as_it_is(numbers: ConfigurationSpace) -> None:
    # The space sorts its hyperparameters (C, n); the model's own names decide.
    table = sample(numbers)[["n", "C"]]
    forest = RandomForestRegressor(n_estimators=20, random_state=0).fit(table, truth(table))
    surrogate = ModelSurrogate(forest, numbers)
    X = np.array([c.get_array() for c in numbers.sample_configuration(30)])
    assert list(surrogate.table(X).columns) == ["n", "C"]
    mean, std = surrogate.predict(X)
    np.testing.assert_allclose(mean, forest.predict(surrogate.table(X)))
    trees = np.array([tree.predict(surrogate.table(X).to_numpy()) for tree in forest.estimators_])
    np.testing.assert_allclose(std, trees.std(axis=0))
    assert surrogate.spread == "members"
    best = explain(None, "n", surrogate=forest, configspace=numbers, max_complexity=8)
    assert best.surrogate is not None and best.surrogate.name == "RandomForestRegressor"
    assert best.verdict == "with care"
    both = explain_all(None, surrogate=forest, configspace=numbers, max_complexity=6)
    assert {e.hyperparameters for e in both} == {("n",), ("C",)} and both[0].range >= both[1].range


def test_where_the_spread_comes_from(numbers: ConfigurationSpace) -> None:
    table = sample(numbers, 30)
    y = truth(table)
    X = np.array([c.get_array() for c in numbers.sample_configuration(10)])
    process = make_pipeline(MinMaxScaler(), GaussianProcessRegressor(alpha=1e-6)).fit(table, y)
    assert ModelSurrogate(process, numbers).spread == "model"
    assert ModelSurrogate(process, numbers).name == "Pipeline with GaussianProcessRegressor"
    expected = process.predict(ModelSurrogate(process, numbers).table(X), return_std=True)
    np.testing.assert_allclose(ModelSurrogate(process, numbers).predict(X), expected)
    stacked = StackingRegressor([("a", LinearRegression()), ("b", LinearRegression())]).fit(table, y)
    assert stacked.estimators_ and ModelSurrogate(stacked, numbers).spread == "none"
    # The stages of boosting are no members whose spread would mean something.
    boosting = ModelSurrogate(GradientBoostingRegressor(n_estimators=5).fit(table, y), numbers)
    assert boosting.spread == "none" and not boosting.predict(X)[1].any()
    assert ModelSurrogate(LinearRegression().fit(table, y), numbers).spread == "none"


def test_choices_reach_the_model_as_they_are(space: ConfigurationSpace) -> None:
    table = sample(space)[["kernel", "C", "n"]]
    encoder = make_column_transformer((OneHotEncoder(), ["kernel"]), remainder="passthrough")
    model = make_pipeline(encoder, LinearRegression()).fit(table, truth(table))
    groups = explain(None, "kernel", surrogate=model, configspace=space).best
    poly, rbf = groups.predict({"kernel": ["poly", "rbf"]})
    own = model.predict(pd.DataFrame({"kernel": ["poly", "rbf"], "C": [1.0, 1.0], "n": [8, 8]}))
    assert poly - rbf == pytest.approx(own[0] - own[1], rel=1e-2)
    without = LinearRegression().fit(np.zeros((4, 3)), np.zeros(4))
    with pytest.raises(SurrogateError, match="put an encoder before"):
        explain(None, "C", surrogate=ModelSurrogate(without, space, columns=["C", "n", "kernel"]))


def test_vectors_and_inactive_hyperparameters() -> None:
    space = ConfigurationSpace(seed=0)
    space.add(Categorical("kernel", ["rbf", "poly"]), Float("degree", (1.0, 5.0)))
    space.add(EqualsCondition(space["degree"], space["kernel"], "poly"))
    X = np.array([c.get_array() for c in space.sample_configuration(60)])
    degree = list(space).index("degree")
    y = np.nan_to_num(X[:, degree], nan=-1.0) ** 2
    model = KNeighborsRegressor(1).fit(np.nan_to_num(X, nan=-1.0), y)
    surrogate = ModelSurrogate(model, space, inputs="unit", inactive=-1.0)
    np.testing.assert_allclose(surrogate.predict(X)[0], y)
    with pytest.raises(SurrogateError, match="see the argument inactive"):
        ModelSurrogate(model, space, inputs="unit").predict(X)


def test_wrong_columns_and_units_are_refused(numbers: ConfigurationSpace) -> None:
    table = sample(numbers)[["C", "n"]]
    y = truth(table)
    X = np.array([c.get_array() for c in numbers.sample_configuration(60)])
    names = ["C", "n"]
    with pytest.raises(InvalidArgumentError, match=r"does not name its columns.*columns=\['C', 'n'\]"):
        explain(None, "C", surrogate=LinearRegression().fit(table.to_numpy(), y), configspace=numbers)
    with pytest.raises(InvalidArgumentError, match="fitted on 1 columns, but 2"):
        ModelSurrogate(LinearRegression().fit(table.to_numpy()[:, :1], y), numbers, columns=names)
    with pytest.raises(UnknownNameError, match="Did you mean 'C'"):
        ModelSurrogate(LinearRegression().fit(table.rename(columns={"C": "c"}), y), numbers)
    with pytest.raises(InvalidArgumentError, match="order 'n', 'C'"):
        ModelSurrogate(LinearRegression().fit(table, y), numbers, columns=["n", "C"])
    with pytest.raises(InvalidArgumentError, match="twice"):
        ModelSurrogate(Known(), numbers, columns=["n", "n"])
    # Trained on the unit cube, given natural values: no n from 2 to 64 was ever seen.
    for model in (RandomForestRegressor(n_estimators=5), KNeighborsRegressor(), make_pipeline(MinMaxScaler())):
        fitted = (model if hasattr(model, "predict") else make_pipeline(MinMaxScaler(), LinearRegression())).fit(X, y)
        with pytest.raises(InvalidArgumentError, match=r"of 'n' it has seen 0.* asked from 2 to 64.*inputs=\"unit\""):
            ModelSurrogate(fitted, numbers, columns=names)
        assert ModelSurrogate(fitted, numbers, inputs="unit").warnings == ()
    far = KNeighborsRegressor().fit(table * [100, 1], y)
    assert (
        "fitted far beyond the configuration space: of 'C'" in ModelSurrogate(far, numbers, columns=names).warnings[0]
    )


def test_what_no_model_may_return(numbers: ConfigurationSpace) -> None:
    table = sample(numbers)
    labels = RandomForestClassifier(n_estimators=2).fit(table, np.where(table["n"] > 9, "many", "few"))
    two = LinearRegression().fit(table, np.column_stack([table["n"], table["C"]]))
    for model, message in (
        (labels, "no numbers"),
        (two, r"shape \(\d+, 2\)"),
        (RandomForestRegressor(), "not fitted"),
    ):
        given = ModelSurrogate(model, numbers, columns=None if hasattr(model, "feature_names_in_") else ["C", "n"])
        with pytest.raises(SurrogateError, match=message):
            explain(None, "C", surrogate=given)

    class Array:
        def predict(self, X: Any) -> Any:
            return np.zeros(len(X))

    with pytest.raises(SurrogateError, match="ModelSurrogate"):
        explain(None, "C", surrogate=Array(), configspace=numbers)
    for arguments, message in (
        ({"surrogate": RandomForestRegressor}, "configspace=space"),
        ({}, "a fitted model is needed"),
        ({"surrogate": "forest", "configspace": numbers}, "a fitted model is needed"),
        ({"surrogate": RandomForestRegressor, "configspace": numbers}, "expected 'run'"),
    ):
        with pytest.raises(InvalidArgumentError, match=message):
            explain(None, "C", **arguments)


def test_beside_a_run_the_model_is_scored_on_its_trials() -> None:
    run = load_run(SVM)
    X = np.array([run.configurations[trial.config_id] for trial in run.trials])
    y = np.array([trial.costs[0] for trial in run.trials])
    forest = RandomForestRegressor(n_estimators=20, random_state=0).fit(X, y)
    given = explain(run, "C", surrogate=ModelSurrogate(forest, run.configspace, inputs="unit"), max_complexity=8)
    assert given.surrogate is not None and given.surrogate.n_trials == len(y) == 40
    assert given.surrogate.trials_r2 == pytest.approx(forest.score(X, y))
    assert given.verdict == "with care"
    assert any(w.startswith("On the run's 40 trials the given model has R²") for w in given.warnings)
    nonsense = RandomForestRegressor(n_estimators=20, random_state=0).fit(X, -y)
    wrong = explain(run, "C", surrogate=ModelSurrogate(nonsense, run.configspace, inputs="unit"), max_complexity=8)
    assert wrong.verdict == "do not trust"
    other = ConfigurationSpace({"C": (1.0, 1000.0), "gamma": (0.001, 1.0)})  # not on the log scale
    with pytest.raises(InvalidArgumentError, match="differ in 'C', 'gamma'; make it with the run's own space"):
        explain(run, "C", surrogate=ModelSurrogate(forest, other, inputs="unit"))
