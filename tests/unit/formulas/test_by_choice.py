"""Categorical hyperparameters: one formula per choice, on surrogates whose answer is known and on a live run."""

from __future__ import annotations

import ast
import json
import math
from functools import cache
from typing import Any

import numpy as np
import pytest
import sympy
from ConfigSpace import (
    Categorical,
    ConfigurationSpace,
    EqualsCondition,
    Float,
    ForbiddenAndConjunction,
    ForbiddenEqualsClause,
    InCondition,
    OrdinalHyperparameter,
)

from deepcave_symbolic import Explanation, Formula, explain
from deepcave_symbolic.exceptions import DomainWarning, HyperparameterNotExplainableError, UnknownNameError
from deepcave_symbolic.findings.behaviour.words import in_words
from deepcave_symbolic.formulas.expression import Node, cases, complexity, constant, evaluate
from deepcave_symbolic.runs.run import Run, Status, Trial
from deepcave_symbolic.space.axis import Axis
from known_surrogates import OfValues, OfVectors

CHOICES = ("relu", "tanh", "logistic")


def space() -> ConfigurationSpace:
    result = ConfigurationSpace(seed=0)
    result.add(Categorical("activation", CHOICES), Float("lr", (1e-4, 1.0), log=True))
    return result


def explained(configspace: ConfigurationSpace, function: Any, *names: str, **options: Any) -> Explanation:
    configspace.seed(1)
    configs = configspace.sample_configuration(40)
    model = OfValues(configspace, function)
    vectors = {i: np.array(c.get_array()) for i, c in enumerate(configs)}
    costs, _ = model.predict(np.array(list(vectors.values())))
    trials = tuple(Trial(i, (float(c),), Status.SUCCESS) for i, c in enumerate(costs))
    run = Run("known", configspace, ("cost",), trials, vectors)
    return explain(run, *names, surrogate=model, **options)


def shifted(values: dict[str, np.ndarray]) -> np.ndarray:
    level = {"relu": 0.1, "tanh": 0.3, "logistic": 0.6}
    return np.array([level[a] for a in values["activation"]]) + 0.05 * (np.log10(values["lr"]) + 2) ** 2


def own(values: dict[str, np.ndarray]) -> np.ndarray:
    u = np.log10(values["lr"])
    branches = {"relu": 0.1 + 0.05 * (u + 2) ** 2, "tanh": 0.5 + 0.1 * u, "logistic": 0.4 + 0 * u}
    return np.array([branches[a][i] for i, a in enumerate(values["activation"])])


@cache
def known(function: Any) -> Explanation:
    """The explanation of a function of both, which more than one test looks at."""
    return explained(space(), function, "activation", "lr")


def test_one_categorical_is_a_level_a_choice() -> None:
    result = explained(
        space(), lambda v: [{"relu": 0.1, "tanh": 0.5, "logistic": 0.5}[a] for a in v["activation"]], "activation"
    )
    assert str(result.best) == "cost ≈ for activation = relu: 0.1; for tanh or logistic: 0.5"
    # Two levels and the step between them.
    assert result.best.complexity == 3
    assert result.best.r2 == 1.0
    assert result.behaviour() == ("cost is lowest for activation = relu, highest for tanh or logistic.",)
    assert result.groups == {}


@pytest.mark.slow
def test_a_shared_shape_is_found_and_preferred_to_own_formulas() -> None:
    result = known(shifted)
    best = result.best
    assert best.r2 > 0.9999
    assert "0.05·log10(lr/0.01)²" in str(best) and "{activation = relu: 0.1; tanh: 0.3; logistic: 0.6}" in str(best)
    # 0.05·log10(lr/0.01)²: product, coefficient, square, logarithm, 2; a sum; three levels and the steps between them.
    assert best.complexity == 6 + 1 + 5
    assert result.behaviour() == (
        "Whatever activation is: cost falls until lr ≈ 0.01, then rises.",
        "cost is lowest for activation = relu, highest for logistic, whatever lr is.",
    )
    optimum = result.optimum()
    assert optimum.values[0] == 0.0 and math.isclose(optimum.values[1], 0.01, rel_tol=0.02) and optimum.certified


@pytest.mark.slow
def test_own_formulas_are_found_where_the_choices_differ() -> None:
    result = known(own)
    assert result.best.r2 > 0.9999
    text = str(result.best)
    assert (
        text.startswith("cost ≈ for activation = relu: ") and "; for tanh: " in text and "; for logistic: 0.4" in text
    )
    assert list(result.groups) == list(CHOICES)
    for choice, group in result.groups.items():
        assert group.hyperparameters == ("lr",)
        assert group.conditions[-1] == f"activation is {choice}"
        assert group.best.r2 > 0.999 or choice == "logistic"
        lr = np.geomspace(1e-4, 1, 7)
        expected = own({"activation": np.array([choice] * 7), "lr": lr})
        np.testing.assert_allclose(group.best.predict({"lr": lr}), expected, atol=5e-3)


@pytest.mark.slow
@pytest.mark.parametrize("function", [shifted, own])
def test_shown_is_evaluated_exported_and_round_tripped(function: Any) -> None:
    result = known(function)
    again = Explanation.from_dict(json.loads(json.dumps(result.to_dict(), allow_nan=False)))
    assert again.to_dict() == result.to_dict()
    assert list(again.groups) == list(result.groups)
    X = {"activation": list(CHOICES) * 5, "lr": np.geomspace(1e-4, 1, 15)}
    symbol = sympy.Symbol("lr", real=True)
    conditions = {c: sympy.Eq(sympy.Symbol("activation"), sympy.Symbol(c), evaluate=False) for c in CHOICES}
    for formula, same in zip(result.formulas, again.formulas, strict=True):
        values = formula.predict(X)
        np.testing.assert_array_equal(same.predict(X), values)
        names: dict[str, Any] = {}
        exec(compile(ast.parse(formula.python()), "formula", "exec"), names)
        np.testing.assert_allclose(np.broadcast_to(names["cost"](X["activation"], X["lr"]), 15), values)
        by_sympy = [
            float(formula.expression.subs({conditions[c]: sympy.S(c == a) for c in CHOICES}).subs(symbol, lr).doit())
            for a, lr in zip(X["activation"], X["lr"], strict=True)
        ]
        np.testing.assert_allclose(by_sympy, values, rtol=1e-12)
        assert formula.latex().count("{") == formula.latex().count("}")


def test_of_many_choices_the_text_has_some_and_the_exports_all() -> None:
    labels = tuple(f"c{i}" for i in range(40))
    axis = Axis("f", 0.0, 39.0, values=tuple(map(float, range(40))), labels=labels, categorical=True)
    two = Formula(cases(0, [constant(float(i > 2)) for i in range(40)]), (axis,), "cost", 1.0, 0.0, "cases")
    assert two.text() == "for f = c0 or c1 or c2: 0; for c3 or c4 or c5 or c6 or 33 others: 1"
    assert axis.describe() == "f in {c0, c1, c2, c3, 36 others}"
    (sentence,) = in_words(two)
    assert sentence == "cost is lowest for f = c0 or c1 or c2, highest for c3 or c4 or c5 or c6 or 33 others."
    own = Formula(cases(0, [constant(float(i)) for i in range(40)]), (axis,), "cost", 1.0, 0.0, "cases")
    assert own.text().endswith("for c11: 11; 28 more cases")
    assert "c39" in own.latex() and "c39" in own.python()


@pytest.mark.slow
def test_unknown_choices_and_values_outside_are_named() -> None:
    formula = known(own).best
    with pytest.raises(UnknownNameError, match=r"choice of activation.*'sigmoid'"):
        formula.predict({"activation": "sigmoid", "lr": 0.1})
    with pytest.warns(DomainWarning, match="outside"):
        formula.predict({"activation": "relu", "lr": 10.0})


def test_choices_that_are_numbers_and_booleans() -> None:
    configspace = ConfigurationSpace(seed=0)
    configspace.add(Categorical("batch", [16, 32, 256]), Categorical("bias", [True, False]))
    best = explained(configspace, lambda v: np.where(v["bias"].astype(bool), 0.2, 0.7), "bias").best
    np.testing.assert_allclose(best.predict({"bias": [True, False, np.True_]}), [0.2, 0.7, 0.2])
    best = explained(configspace, lambda v: [{16: 0.1, 32: 0.2, 256: 0.9}[b] for b in v["batch"]], "batch").best
    np.testing.assert_allclose(best.predict({"batch": np.array([256.0, 16.0])}), [0.9, 0.1], atol=2e-3)
    both = explained(
        configspace,
        lambda v: [b / 256 + 0.5 * bool(a) for a, b in zip(v["bias"], v["batch"], strict=True)],
        "batch",
        "bias",
    )
    assert both.best.r2 > 0.999
    assert list(both.groups) == ["16", "32", "256"]


@pytest.mark.parametrize(
    "choices",
    [
        [1, 1.5, 2],
        [0.5, 1.0, 2.0],
        [1, "1"],
        [True, "auto", None],
        [(64,), (64, 64), (128, 32)],
        [[8, 8], [16], None],
        ["a", "a\0"],
        ["1", "2", "None"],
    ],
)
def test_choices_of_any_kind_are_found_by_predict_and_by_the_exported_python(choices: list[Any]) -> None:
    configspace = ConfigurationSpace(seed=0)
    configspace.add(Categorical("c", choices))
    vectors = {i: np.array([float(i % len(choices))]) for i in range(2 * len(choices))}
    trials = tuple(Trial(i, (float(vectors[i][0]),), Status.SUCCESS) for i in vectors)
    run = Run("kinds", configspace, ("cost",), trials, vectors)
    result = explain(run, "c", surrogate=OfVectors(lambda X: X[:, 0]))
    expected = np.arange(len(choices), dtype=float)
    again = Explanation.from_dict(json.loads(json.dumps(result.to_dict(), allow_nan=False)))
    for formula in (result.formulas[-1], again.formulas[-1]):
        exported: dict[str, Any] = {}
        exec(compile(ast.parse(formula.python()), "formula", "exec"), exported)
        for ask in (lambda c: formula.predict({"c": c}), exported["cost"]):  # noqa: B023 - asked at once
            np.testing.assert_allclose(ask(choices), expected, atol=1e-9)
            for choice, level in zip(choices, expected, strict=True):
                assert np.ravel(ask(choice)) == [pytest.approx(level, abs=1e-9)]
                listed = np.empty(1, dtype=object)
                listed[0] = choice
                assert ask(listed) == [pytest.approx(level, abs=1e-9)]
        assert np.isnan(exported["cost"]("no choice"))
        np.testing.assert_allclose(formula.predict([{"c": choice} for choice in choices]), expected, atol=1e-9)
        with pytest.raises(UnknownNameError, match="'no choice'"):
            formula.predict({"c": [choices[0], "no choice"]})


@pytest.mark.slow
def test_choices_without_the_other_hyperparameter_are_left_out() -> None:
    configspace = ConfigurationSpace(seed=0)
    kernel, degree = Categorical("kernel", ["rbf", "poly", "sigmoid"]), Float("coef", (0.0, 1.0))
    configspace.add(kernel, degree, InCondition(degree, kernel, ["poly", "sigmoid"]))
    result = explained(
        configspace, lambda v: np.where(v["kernel"] == "poly", 0.2, 0.4) + v["coef"] ** 2, "kernel", "coef"
    )
    assert list(result.groups) == ["poly", "sigmoid"]
    assert result.best.r2 > 0.999
    with pytest.raises(UnknownNameError, match="rbf"):
        result.best.predict({"kernel": "rbf", "coef": 0.5})


@pytest.mark.parametrize("k", [6, 7])
def test_a_space_of_which_clauses_leave_one_combination(k: int) -> None:
    configspace = ConfigurationSpace(seed=0)
    others = [Categorical(f"c{i}", list("uvwxyz")) for i in range(k)]
    configspace.add(Float("a", (0.0, 1.0)), *others)
    for hp in others:
        for choice in "vwxyz":
            configspace.add(ForbiddenEqualsClause(hp, choice))
    vectors = {i: np.array([i / 9, *[0.0] * k]) for i in range(10)}
    trials = tuple(Trial(i, (0.1 + i / 9,), Status.SUCCESS) for i in vectors)
    run = Run("narrow", configspace, ("cost",), trials, vectors)
    result = explain(run, "a", surrogate=OfValues(configspace, lambda v: 0.1 + v["a"]))
    assert str(result.best) == "cost ≈ 0.1 + a"
    assert result.projection is not None and result.projection.n_averaged >= 10


def test_a_single_choice_left_is_said() -> None:
    configspace = ConfigurationSpace(seed=0)
    kernel, degree = Categorical("kernel", ["rbf", "poly"]), Float("degree", (1.0, 5.0))
    configspace.add(kernel, degree, EqualsCondition(degree, kernel, "poly"))
    with pytest.raises(HyperparameterNotExplainableError, match="'kernel' can only be 'poly'"):
        explained(configspace, lambda v: v["degree"], "kernel", "degree")


def test_forbidden_combinations_warn() -> None:
    configspace = ConfigurationSpace(seed=0)
    first, second = Categorical("a", ["x", "y"]), Categorical("b", ["u", "v"])
    configspace.add(first, second)
    configspace.add(ForbiddenAndConjunction(ForbiddenEqualsClause(first, "x"), ForbiddenEqualsClause(second, "v")))
    result = explained(
        configspace, lambda v: np.where(v["a"] == "x", 0.0, 1.0) + np.where(v["b"] == "u", 0.0, 0.5), "a", "b"
    )
    with pytest.warns(DomainWarning, match="forbidden"):
        result.best.predict({"a": "x", "b": "v"})


def test_ordinals_enter_by_value_or_rank() -> None:
    configspace = ConfigurationSpace(seed=0)
    configspace.add(
        OrdinalHyperparameter("batch", [8, 16, 32, 64]), OrdinalHyperparameter("size", ["S", "M", "L", "XL"])
    )
    by_value = explained(configspace, lambda v: 0.1 + 0.01 * v["batch"].astype(float), "batch").best
    assert str(by_value) == "cost ≈ 0.1 + 0.01·batch"
    ranks = {"S": 0, "M": 1, "L": 2, "XL": 3}
    by_rank = explained(configspace, lambda v: [0.2 + 0.1 * ranks[s] for s in v["size"]], "size").best
    np.testing.assert_allclose(by_rank.predict({"size": ["S", "XL"]}), [0.2, 0.5])


@pytest.mark.slow
def test_trials_as_the_source() -> None:
    result = explained(space(), shifted, "lr", "activation", source="trials", max_complexity=8)
    assert result.best.r2 > 0.99 and result.best.trials_r2 is not None


def test_cases_count_every_other_expression_once() -> None:
    tree = cases(0, [constant(1.0), constant(2.0), constant(1.0)])
    # Two constants, and 1 for the second expression.
    assert complexity(tree) == 3
    np.testing.assert_array_equal(evaluate(tree, [np.array([0.0, 1.0, 2.0])]), [1.0, 2.0, 1.0])
    assert Node.decoded(tree.encoded()) == tree


@pytest.mark.parametrize(
    ("names", "sizes", "words"),
    [
        (("c",), (1001,), "'c' has 1001 choices; at most 1000 are explained."),
        (("c", "lr"), (301,), "'c' has 301 choices; beside another hyperparameter at most 300 are explained"),
        (
            ("c", "d"),
            (60, 50),
            "'c' and 'd' have 3000 pairs of choices; at most 2500 are explained. Explain each alone.",
        ),
    ],
)
def test_too_many_choices_are_refused(names: tuple[str, ...], sizes: tuple[int, ...], words: str) -> None:
    many = ConfigurationSpace(seed=0)
    many.add(*(Categorical(name, [f"v{i}" for i in range(n)]) for name, n in zip("cd", sizes, strict=False)))
    many.add(Float("lr", (0.0, 1.0)))
    with pytest.raises(HyperparameterNotExplainableError) as caught:
        explained(many, lambda values: values["lr"], *names)
    assert str(caught.value).startswith(words)
    assert not explained(many, lambda values: values["lr"], "lr", max_complexity=2).groups
