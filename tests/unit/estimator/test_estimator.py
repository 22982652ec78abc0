"""The scikit-learn estimator: scikit-learn's own checks, known answers, and the habits it has to fit into."""

from __future__ import annotations

import json
import pickle
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import (
    check_estimators_pickle,
    check_regressors_train,
    check_sample_weight_equivalence_on_dense_data,
    parametrize_with_checks,
)

from deepcave_symbolic import DomainWarning, Formula, SymbolicRegressor
from deepcave_symbolic.exceptions import InvalidArgumentError, UnknownNameError

# What scikit-learn checks and this estimator cannot do, with the reason; none in scikit-learn 1.6.1 and 1.9.
CANNOT_HOLD: dict[str, str] = {}


def why_not(estimator: Any) -> dict[str, str]:
    return CANNOT_HOLD


# Scikit-learn fits some hundred times; longer formulas only take longer. A few checks have the defaults, see below.
@parametrize_with_checks([SymbolicRegressor(max_complexity=7)], expected_failed_checks=why_not)
@pytest.mark.filterwarnings("ignore::deepcave_symbolic.DomainWarning")
def test_scikit_learns_checks(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.slow
@pytest.mark.parametrize(
    "check", [check_regressors_train, check_estimators_pickle, check_sample_weight_equivalence_on_dense_data]
)
@pytest.mark.filterwarnings("ignore::deepcave_symbolic.DomainWarning")
def test_some_checks_with_the_defaults(check: Any) -> None:
    check("SymbolicRegressor", SymbolicRegressor())


@pytest.fixture(scope="module")
def table() -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"lr": 10 ** rng.uniform(-5, -1, 80), "n": rng.integers(1, 9, 80)})
    y = pd.Series(0.1 + 0.05 * (np.log10(X.lr) + 3) ** 2 + 0.01 * X.n, name="loss")
    return X, y


@pytest.fixture(scope="module")
def fitted(table: tuple[pd.DataFrame, pd.Series]) -> SymbolicRegressor:
    return SymbolicRegressor(log_scaled=["lr"]).fit(*table)


@pytest.mark.slow
def test_a_known_formula_comes_back(fitted: SymbolicRegressor, table: tuple[pd.DataFrame, pd.Series]) -> None:
    assert str(fitted.formula_) == "loss ≈ 0.1 + 0.01·n + 0.05·log10(lr/0.001)²"
    assert isinstance(fitted.formula_, Formula) and fitted.formula_ in fitted.formulas_
    assert fitted.formulas_[0].complexity == 1
    assert fitted.n_features_in_ == 2 and list(fitted.feature_names_in_) == ["lr", "n"]
    assert fitted.selected_features_.tolist() == [0, 1]
    assert fitted.score(*table) == pytest.approx(1.0, abs=1e-12)


def test_predict_is_the_formula_shown(fitted: SymbolicRegressor, table: tuple[pd.DataFrame, pd.Series]) -> None:
    X, y = table
    np.testing.assert_array_equal(fitted.predict(X), fitted.formula_.predict(X))
    again = Formula.from_dict(json.loads(json.dumps(fitted.formula_.to_dict())))
    np.testing.assert_array_equal(fitted.predict(X), again.predict(X))
    expected = 0.1 + 0.01 * X.n + 0.05 * (np.log10(X.lr) + 3) ** 2
    np.testing.assert_allclose(fitted.predict(X), expected, rtol=1e-12)
    assert fitted.formula_.r2 == pytest.approx(fitted.score(X, y), abs=1e-12)


@pytest.mark.slow
def test_noise_does_not_lengthen_the_formula() -> None:
    rng = np.random.default_rng(1)
    x = rng.uniform(0, 3, 100)
    model = SymbolicRegressor().fit(x[:, None], (x - 1) ** 2 + 0.2 * rng.standard_normal(100))
    # 1·(x0 - 1)² with a level.
    assert model.formula_.complexity <= 8
    inner = np.linspace(0.1, 2.9, 50)
    assert np.sqrt(np.mean((model.predict(inner[:, None]) - (inner - 1) ** 2) ** 2)) < 0.08
    assert SymbolicRegressor().fit(x[:, None], rng.standard_normal(100)).formula_.complexity == 1


@pytest.mark.slow
def test_of_many_columns_the_two_that_matter_are_chosen() -> None:
    rng = np.random.default_rng(2)
    X = rng.uniform(-2, 2, (200, 30))
    noise = 0.05 * rng.standard_normal(200)
    # Neither column says anything alone.
    product = SymbolicRegressor(max_complexity=8).fit(X, X[:, 3] * X[:, 17] + noise)
    assert product.selected_features_.tolist() == [3, 17]
    assert set(product.formula_.hyperparameters) == {"x3", "x17"}
    assert product.score(X, X[:, 3] * X[:, 17]) > 0.99
    one = SymbolicRegressor(max_complexity=8).fit(X, X[:, 9] ** 2 + noise)
    assert one.selected_features_.tolist() == [9]


def test_choice_of_columns_ignores_scale_order_and_constants() -> None:
    rng = np.random.default_rng(3)
    X = rng.uniform(0.1, 2, (60, 5))
    y = np.log(X[:, 1]) + X[:, 4]
    model = SymbolicRegressor(max_complexity=6)
    expected = model.fit(X, y).selected_features_.tolist()
    assert expected == [1, 4]
    assert model.fit(X[::-1] * [1e9, 1e-9, 1, 1, 1e3], y[::-1]).selected_features_.tolist() == expected
    X[:, 0] = 1.0
    assert model.fit(X, y).selected_features_.tolist() == expected
    assert model.fit(np.ones((10, 4)), np.arange(10.0)).formula_.complexity == 1


def test_sample_weights_count_like_repeated_rows() -> None:
    rng = np.random.default_rng(4)
    X = rng.uniform(0.1, 3, (40, 2))
    y = np.sqrt(X[:, 0]) + 0.1 * rng.standard_normal(40)
    counts = rng.integers(0, 4, 40)
    model = SymbolicRegressor(max_complexity=8)
    weighted = str(model.fit(X, y, sample_weight=counts).formula_)
    assert str(model.fit(np.repeat(X, counts, axis=0), np.repeat(y, counts)).formula_) == weighted
    with pytest.raises(InvalidArgumentError, match="negative value -1"):
        model.fit(X, y, sample_weight=counts - 1)
    with pytest.raises(ValueError, match="zero"):
        model.fit(X, y, sample_weight=np.zeros(40))


def test_outside_the_box_of_the_data() -> None:
    x = np.linspace(1.0, 100.0, 60)
    model = SymbolicRegressor(log_scaled=[0]).fit(x[:, None], 2 - np.log10(x))
    assert str(model.formula_) == "y ≈ 2 - log10(x0)"
    with pytest.warns(DomainWarning, match=r"1 of 2 points lie outside .* in \[1, 100\]"):
        np.testing.assert_allclose(model.predict([[1000.0], [10.0]]), [-1.0, 1.0])
    # A logarithm of -5 is no number: the nearest point of the domain, x0 = 1, answers, and a warning says so.
    with pytest.warns(DomainWarning) as caught:
        np.testing.assert_allclose(model.predict([[-5.0], [10.0]]), [2.0, 1.0])
    assert any("At 1 of 2 points the formula has no finite value" in str(w.message) for w in caught)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict(x[:, None])


@pytest.mark.slow
def test_pipelines_searches_and_clones(table: tuple[pd.DataFrame, pd.Series]) -> None:
    X, y = table
    model = SymbolicRegressor(max_complexity=12, log_scaled=["lr"])
    with pytest.warns(DomainWarning):  # a fold without the smallest learning rate does not know it
        assert cross_val_score(model, X, y, cv=3).min() > 0.999
    search = GridSearchCV(model, {"max_complexity": [1, 12]}, cv=2)
    with pytest.warns(DomainWarning):
        search.fit(X, y)
    assert search.best_params_ == {"max_complexity": 12}
    assert search.best_estimator_.formula_.complexity <= 12
    pipeline = make_pipeline(MinMaxScaler(), SymbolicRegressor(max_complexity=6))
    assert pipeline.fit(X[["n"]], 3 * X["n"] + 1).score(X[["n"]], 3 * X["n"] + 1) == pytest.approx(1.0)
    copy = clone(model)
    assert copy.get_params() == model.get_params() and copy is not model
    assert model.set_params(engine="exhaustive").engine == "exhaustive"


def test_users_may_pickle_it(fitted: SymbolicRegressor, table: tuple[pd.DataFrame, pd.Series]) -> None:
    again = pickle.loads(pickle.dumps(fitted))
    assert str(again.formula_) == str(fitted.formula_)
    np.testing.assert_array_equal(again.predict(table[0]), fitted.predict(table[0]))


def test_a_notebook_shows_the_formula(fitted: SymbolicRegressor) -> None:
    shown = fitted._repr_mimebundle_()
    assert fitted.formula_.mathml(breakable=True) in shown["text/html"]
    assert shown["text/plain"] == "SymbolicRegressor(log_scaled=['lr'])"
    assert "<math" not in SymbolicRegressor()._repr_html_() and "SymbolicRegressor" in SymbolicRegressor()._repr_html_()


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"engine": "exaustive"}, UnknownNameError, "Did you mean 'exhaustive'"),
        ({"max_complexity": 0}, InvalidArgumentError, "whole number from 1"),
        ({"functions": ["sinus"]}, UnknownNameError, "sinus"),
        ({"log_scaled": ["rate"]}, UnknownNameError, "Known: 'lr', 'n'"),
        ({"log_scaled": [2]}, UnknownNameError, "column in log_scaled 2"),
        ({"log_scaled": "lr"}, InvalidArgumentError, "a list of names or positions"),
        ({"log_scaled": ["n"]}, InvalidArgumentError, "'n' is log-scaled and has the value 0"),
        ({"random_state": -1}, InvalidArgumentError, "seed"),
    ],
)
def test_wrong_parameters_are_told_at_fit(parameters: dict[str, Any], error: type[Exception], message: str) -> None:
    X = pd.DataFrame({"lr": [0.1, 0.2, 0.3], "n": [0, 1, 2]})
    with pytest.raises(error, match=message):
        SymbolicRegressor(**parameters).fit(X, [1, 2, 3])


def test_unusable_data() -> None:
    with pytest.raises(NotFittedError):
        SymbolicRegressor().predict([[1.0]])
    # From scikit-learn 1.9 on, scikit-learn itself refuses them.
    with pytest.raises(ValueError, match="'a'"):
        SymbolicRegressor().fit(pd.DataFrame([[1, 2], [2, 3], [3, 5]], columns=["a", "a"]), [1, 2, 3])
    with pytest.raises(ValueError, match="1 sample"):
        SymbolicRegressor().fit([[1.0]], [1.0])


@pytest.mark.slow
def test_same_seed_same_formula() -> None:
    rng = np.random.default_rng(5)
    X, y = rng.uniform(0, 1, (30, 1)), rng.uniform(0, 1, 30)
    kwargs: dict[str, Any] = {"engine": "operon", "max_complexity": 8}
    pytest.importorskip("pyoperon")
    one, two = (SymbolicRegressor(**kwargs, random_state=7).fit(X, y) for _ in range(2))
    assert [str(f) for f in one.formulas_] == [str(f) for f in two.formulas_]
    assert SymbolicRegressor(max_complexity=6, random_state=np.random.RandomState(0)).fit(X, y).formulas_


def test_the_old_name_is_an_alias_that_says_so() -> None:
    with pytest.warns(DeprecationWarning, match="SymbolicRegressor"):
        from deepcave_symbolic import SymbolicExplainer
    assert SymbolicExplainer is SymbolicRegressor
