"""Known functions as surrogates: the formula has their parts, centred, and says so in every form alike."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, Constant, EqualsCondition, Float, Integer

from deepcave_symbolic import RunExplanation, explain_run
from deepcave_symbolic.exceptions import (
    HyperparameterNotExplainableError,
    InvalidArgumentError,
    MissingNameError,
    UnknownNameError,
)
from deepcave_symbolic.formulas.expression import Node, complexity, evaluate, power, variable
from deepcave_symbolic.formulas.inputs import columns_for
from deepcave_symbolic.formulas.meaning.readable import has_readable_sizes
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.show.blocks import Facts, Heading
from deepcave_symbolic.show.whole_run import whole_run_document
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.whole_run import Part, WhatIf
from deepcave_symbolic.whole_run.courses import course_of
from deepcave_symbolic.whole_run.doubts import doubts_on
from deepcave_symbolic.whole_run.naming import core_and_mean
from known_surrogates import OfValues


def space_of(*hyperparameters: Any) -> ConfigurationSpace:
    space = ConfigurationSpace()
    space.add(*hyperparameters)
    return space


def explained(space: ConfigurationSpace, mean: Callable[[dict[str, Any]], Any], **options: Any) -> RunExplanation:
    return explain_run(None, surrogate=OfValues(space, mean), configspace=space, objective="cost", **options)


LR = Float("lr", (1e-4, 1.0), log=True)
BATCH = Integer("batch", (8, 512), log=True)
DROPOUT = Float("dropout", (0.0, 0.8))
SOLVER = Categorical("solver", ["adam", "sgd", "lbfgs"])


def additive(v: dict[str, Any]) -> Array:
    return np.asarray(
        0.5 + 0.1 * (np.log10(v["lr"]) + 2.5) ** 2 - 0.05 * np.log10(v["batch"]) + 0.3 * v["dropout"]
        + 0.08 * (v["solver"] == "sgd")
    )  # fmt: skip


@functools.cache
def sum_of_four() -> RunExplanation:
    return explained(space_of(LR, BATCH, DROPOUT, SOLVER), additive)


def part_of(explanation: RunExplanation, *names: str) -> Part:
    return next(part for part in explanation.parts if set(part.hyperparameters) == set(names))


def test_sum_is_recovered() -> None:
    found = sum_of_four()
    assert found.r2 > 0.999
    assert {part.hyperparameters for part in found.parts} == {("lr",), ("batch",), ("dropout",), ("solver",)}
    assert part_of(found, "lr").shape == "valley"
    assert part_of(found, "batch").shape == "straight in log10"
    assert part_of(found, "solver").shape == "offsets"
    place = next(c for c in part_of(found, "lr").constants if c.kind == "place")
    assert place.value == pytest.approx(10**-2.5, rel=0.05)
    assert sum(part.share for part in found.parts) == pytest.approx(found.r2, abs=0.02)
    assert list(found.parts) == sorted(found.parts, key=lambda part: -part.share)


def test_parts_have_mean_zero_and_the_level_is_the_mean() -> None:
    found, space = sum_of_four(), space_of(LR, BATCH, DROPOUT, SOLVER)
    space.seed(3)
    configurations = space.sample_configuration(4000)
    for part in found.parts:
        values = part.predict(configurations)
        assert abs(values.mean()) < 0.07 * values.std()
    values = {name: np.array([c[name] for c in configurations]) for name in space}
    assert found.formula.level == pytest.approx(float(np.mean(additive(values))), abs=0.01)


def test_every_form_says_the_same() -> None:
    formula, space = sum_of_four().formula, space_of(LR, BATCH, DROPOUT, SOLVER)
    space.seed(1)
    configurations = space.sample_configuration(20)
    expected = formula.predict(configurations)
    table = {name: np.array([c[name] for c in configurations]) for name in space}
    np.testing.assert_array_equal(formula.predict(table), expected)
    program: dict[str, Any] = {}
    exec(formula.python(), program)
    np.testing.assert_array_equal(program["cost"](*(table[name] for name in formula.hyperparameters)), expected)
    for configuration, value in zip(configurations, expected, strict=True):
        taken_apart = formula.contributions(configuration)
        assert taken_apart.prediction == value
        assert taken_apart.level + sum(p.value for p in taken_apart.parts) == pytest.approx(value)
    assert str(formula).startswith("cost ≈ ")


def test_record_survives_json() -> None:
    found = sum_of_four()
    copy = RunExplanation.from_dict(json.loads(json.dumps(found.to_dict())))
    assert copy == found
    assert hash(copy) == hash(found)
    assert str(copy) == str(found)


@pytest.mark.slow
def test_same_question_same_formula() -> None:
    again = explained(space_of(LR, BATCH, DROPOUT, SOLVER), additive)
    assert [str(f) for f in again.front] == [str(f) for f in sum_of_four().front]


def test_front_is_a_front_within_the_length() -> None:
    found = explained(space_of(LR, BATCH, DROPOUT, SOLVER), additive, max_complexity=16)
    lengths = [f.complexity for f in found.front]
    assert lengths == sorted(set(lengths))
    assert lengths[0] == 1
    assert lengths[-1] <= 16
    accuracies = [f.r2 for f in found.front]
    assert accuracies == sorted(accuracies)
    assert found.within(9).complexity <= 9


def test_product_is_recovered() -> None:
    found = explained(space_of(LR, DROPOUT), lambda v: 1.0 + (np.log10(v["lr"]) + 2.0) * (v["dropout"] - 0.4))
    assert found.r2 > 0.999
    assert part_of(found, "lr", "dropout").shape == "product"


def test_ridge_is_recovered() -> None:
    found = explained(space_of(LR, BATCH), lambda v: (np.log10(v["lr"]) + 2.0 - 0.5 * np.log10(v["batch"] / 64.0)) ** 2)
    assert found.r2 > 0.999
    (part,) = found.parts
    assert part.shape in ("valley along lr ∝ batch^0.5", "valley along batch ∝ lr^2")


def test_conditional_part_is_zero_where_it_is_inactive() -> None:
    momentum = Float("momentum", (0.0, 1.0))
    space = space_of(LR, Categorical("solver", ["adam", "sgd"]), momentum)
    space.add(EqualsCondition(space["momentum"], space["solver"], "sgd"))
    found = explained(
        space,
        lambda v: 0.2 * np.log10(v["lr"]) + np.where(v["solver"] == "sgd", 0.3 * (v["momentum"] - 0.5), 0.1),
    )
    assert found.r2 > 0.99
    part = part_of(found, "momentum")
    assert part.conditions == ("solver is sgd",)
    np.testing.assert_array_equal(part.predict({"momentum": [np.nan, None]}), [0.0, 0.0])
    adam = found.contributions({"lr": 0.01, "solver": "adam"})
    assert next(p.value for p in adam.parts if p.hyperparameters == ("momentum",)) == 0.0
    program: dict[str, Any] = {}
    exec(found.formula.python(), program)
    values = {"lr": np.array([0.01]), "solver": np.array(["adam"]), "momentum": np.array([np.nan])}
    expected = program["cost"](*(values[name] for name in found.formula.hyperparameters))
    np.testing.assert_array_equal(found.predict([{"lr": 0.01, "solver": "adam"}]), expected)


def test_constant_objective_is_a_level() -> None:
    found = explained(space_of(LR, BATCH), lambda v: np.full(len(v["lr"]), 0.25))
    assert found.parts == ()
    assert found.formula.level == 0.25
    np.testing.assert_array_equal(found.predict({"lr": [0.1, 0.2]}), [0.25, 0.25])
    assert found.r2 == 1.0


def test_single_hyperparameter() -> None:
    found = explained(space_of(LR), lambda v: np.log10(v["lr"]))
    assert found.r2 > 0.999
    assert [part.shape for part in found.parts] == ["straight in log10"]


def test_nothing_varies() -> None:
    with pytest.raises(HyperparameterNotExplainableError, match="expected at least one"):
        explained(space_of(Constant("a", 1)), lambda v: np.zeros(len(v["a"])))


@pytest.mark.parametrize("length", [0, -3, 2.5, True, "long"])
def test_unusable_length_is_refused(length: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="max_complexity"):
        explained(space_of(LR), lambda v: v["lr"], max_complexity=length)


def test_what_if() -> None:
    found = sum_of_four()
    configuration = {"lr": 0.1, "batch": 64, "dropout": 0.2, "solver": "adam"}
    answer = found.whatif(configuration, lr=0.003)
    assert isinstance(answer, WhatIf)
    assert [c.hyperparameters for c in answer.changes] == [("lr",)]
    assert answer.change == pytest.approx(-0.225, abs=0.01)
    assert answer.surrogate_change == pytest.approx(-0.225, abs=0.01)
    with pytest.raises(UnknownNameError, match="learning"):
        found.whatif(configuration, learning=0.1)
    with pytest.raises(InvalidArgumentError, match="lr"):
        found.whatif(configuration, lr=7.0)
    for value in ("a", "0.1"):
        with pytest.raises(InvalidArgumentError, match=f"the value of 'lr' is '{value}', expected a number from 0"):
            found.whatif({}, lr=value)
    assert found.whatif({}, lr=np.float64(0.003)).after.configuration["lr"] == 0.003


def test_a_missing_hyperparameter_is_called_missing() -> None:
    formula = sum_of_four().formula
    with pytest.raises(MissingNameError) as caught:
        formula.predict({"lr": [0.1], "batch": [64], "dropuot": [0.1], "solver": ["adam"]})
    assert str(caught.value).startswith(
        "The hyperparameter 'dropout' is missing. Did you mean it by 'dropuot'? Given: "
    )
    with pytest.raises(MissingNameError, match=r"'dropout' is missing\. Given: 'lr', 'batch', 'solver'\."):
        formula.predict({"lr": [0.1], "batch": [64], "solver": ["adam"]})


def test_part_can_be_left_out_and_added() -> None:
    formula = sum_of_four().formula
    part = formula.parts[-1]
    shorter = formula.without(part)
    assert shorter.level == formula.level
    assert shorter.r2 == pytest.approx(formula.r2 - part.share, abs=0.02)
    assert shorter.with_part(part) == formula
    assert formula.without(len(formula.parts) - 1) == shorter
    with pytest.raises(InvalidArgumentError, match="no part"):
        formula.without(9)


def test_fall_and_rise_of_one_hyperparameter_are_one_part() -> None:
    found = explained(space_of(LR, BATCH), lambda v: np.exp(-v["lr"] / 0.002) + 0.1 * np.log10(v["lr"]) ** 3)
    assert found.r2 > 0.99
    assert [part.hyperparameters for part in found.parts] == [("lr",)]


def test_no_sign_stands_before_a_bracket() -> None:
    found = explained(space_of(LR, BATCH), lambda v: -0.1 * np.log10(v["lr"] / 0.01) ** 2 - 0.3 * v["batch"] / 64)
    assert "- (" not in found.formula.text()
    text = part_of(found, "lr").text()
    assert re.fullmatch(r"0\.[0-9]+ - 0\.1·log10\(lr/0\.0[0-9]+\)²", text), text
    lr = found.formula.parts[0]
    core, mean = core_and_mean(lr.tree)
    values = [np.array([0.01, 0.3])]
    np.testing.assert_allclose(evaluate(core, values) + mean, evaluate(lr.tree, values))
    assert mean > 0.0


def test_categorical_with_constants_of_its_own() -> None:
    found = explained(
        space_of(LR, SOLVER), lambda v: np.where(v["solver"] == "sgd", -0.4, 0.1) * np.log10(v["lr"]) + 1.0
    )
    assert found.r2 > 0.999
    assert part_of(found, "lr", "solver").shape == "straight in log10 by solver"


@pytest.mark.slow
def test_logarithm_of_a_cost_that_multiplies() -> None:
    found = explained(space_of(LR, BATCH, DROPOUT), lambda v: v["lr"] ** -1.5 * v["batch"] ** 0.5 * 3.0 ** v["dropout"])
    assert found.formula.link == "log10"
    assert str(found.formula).startswith("log10(cost) ≈ ")
    assert found.r2 > 0.999
    values = {"lr": np.array([0.01]), "batch": np.array([64]), "dropout": np.array([0.5])}
    assert found.predict(values)[0] == pytest.approx(8000.0 * 3.0**0.5, rel=0.05)
    program: dict[str, Any] = {}
    exec(found.formula.python(), program)
    np.testing.assert_array_equal(
        program["cost"](*(values[name] for name in found.formula.hyperparameters)), found.predict(values)
    )
    assert "10^(" in str(found.contributions({"lr": 0.01, "batch": 64, "dropout": 0.5}))


def test_uncentred_form_has_the_same_values() -> None:
    formula = sum_of_four().formula
    columns = [np.array([0.01, 0.3]) if name == "lr" else np.array([16.0, 20.0]) for name in ("lr", "batch")]
    table = {"lr": columns[0], "batch": columns[1], "dropout": [0.1, 0.7], "solver": ["sgd", "adam"]}
    ordered = columns_for(formula.axes, table)
    np.testing.assert_allclose(evaluate(formula.uncentred, ordered), formula.predict(table))
    assert complexity(formula.uncentred) < formula.complexity


@pytest.mark.slow
def test_region_is_respected() -> None:
    found = explained(
        space_of(LR, BATCH), lambda v: np.log10(v["lr"]) ** 2 + np.log10(v["batch"]), region={"lr": (0.01, 0.1)}
    )
    axis = next(axis for axis in found.formula.axes if axis.name == "lr")
    assert (axis.lower, axis.upper) == (0.01, 0.1)
    assert found.formula.level == pytest.approx(2.333 + 1.806, abs=0.05)


def test_what_no_formula_holds_is_said() -> None:
    def rugged(v: dict[str, Any]) -> Array:
        return np.asarray(np.sin(30.0 * np.log10(v["lr"])) * np.sin(9.0 * v["dropout"]) + 0.3 * np.log10(v["batch"]))

    (warning,) = (w for w in explained(space_of(LR, BATCH, DROPOUT), rugged).warnings if w.startswith("No formula"))
    assert "interactions" in warning


@pytest.mark.slow
def test_factor_with_a_constant_added() -> None:
    found = explained(
        space_of(LR, BATCH), lambda v: np.exp(-v["lr"] / 0.01) * (0.5 + 1.0 / (1.0 + (v["batch"] / 60.0) ** 2))
    )
    assert found.r2 > 0.999
    assert found.complexity <= 20


def test_no_constant_dwarfs_what_it_says() -> None:
    y = np.array([55.0, 75.0])
    x = variable(0)
    fall = Node("exp", (-(x / 2.0),))
    assert has_readable_sizes(18.0 * fall - 0.8, y)
    # Another constant makes up for these.
    assert not has_readable_sizes(8.08e12 * fall - 0.77, y)
    assert has_readable_sizes(3.0 * power(x / 2.0, 0.4), y) and not has_readable_sizes(3.0 * power(x / 2.0, 0.01), y)
    for formula in sum_of_four().front:
        assert all(has_readable_sizes(part.tree, np.array([0.2, 1.5])) for part in formula.parts)


def saturating(v: dict[str, Any]) -> Array:
    z = 0.9 * np.log10(v["lr"] / 0.01) ** 2 - 1.5 + 0.8 * np.log10(v["batch"] / 64.0) + 1.2 * (v["solver"] == "sgd")
    return np.asarray(0.5 + 0.4 * np.tanh(z))


@functools.cache
def saturated_sum() -> RunExplanation:
    return explained(space_of(LR, BATCH, SOLVER), saturating)


def test_saturated_sum_is_found_and_said() -> None:
    found = saturated_sum()
    assert found.r2 > 0.99
    assert found.formula.saturation is not None
    assert found.formula.saturation.ends == pytest.approx((0.1, 0.9), abs=0.02)
    assert {part.hyperparameters for part in found.parts} == {("lr",), ("batch",), ("solver",)}
    assert part_of(found, "lr").shape == "valley"
    assert part_of(found, "batch").shape == "straight in log10"
    assert sum(part.share for part in found.parts) == pytest.approx(found.r2, abs=0.02)
    words = "\n".join(map(str, whole_run_document(found)))
    assert "the parts add up to z inside a step, 0.5 + 0.4·tanh(z): cost stays between 0.1 and 0.9" in words
    assert any("raises z by" in constant.sentence for constant in part_of(found, "solver").constants)


def test_every_form_of_a_saturated_sum_says_the_same() -> None:
    found, space = saturated_sum(), space_of(LR, BATCH, SOLVER)
    formula = found.formula
    space.seed(1)
    configurations = space.sample_configuration(20)
    expected = formula.predict(configurations)
    table = {name: np.array([c[name] for c in configurations]) for name in space}
    program: dict[str, Any] = {}
    exec(formula.python(), program)
    np.testing.assert_array_equal(program["cost"](*(table[name] for name in formula.hyperparameters)), expected)
    columns = columns_for(formula.axes, table)
    np.testing.assert_allclose(evaluate(formula.tree, columns), expected)
    np.testing.assert_allclose(evaluate(formula.uncentred, columns), expected)
    assert "·tanh(" in str(formula) and "tanh" in formula.latex()
    assert RunExplanation.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_contributions_inside_a_step_sum_exactly() -> None:
    found, space = saturated_sum(), space_of(LR, BATCH, SOLVER)
    space.seed(2)
    before, *others = space.sample_configuration(10)
    for configuration in others:
        taken_apart = found.contributions(configuration)
        assert taken_apart.level + sum(p.value for p in taken_apart.parts) == pytest.approx(taken_apart.prediction)
        answer = found.whatif(before, **dict(configuration))
        assert sum(each.value for each in answer.changes) == pytest.approx(answer.change)
    answer = found.whatif(before, lr=0.5 if before["lr"] < 0.1 else 0.01)
    assert [each.hyperparameters for each in answer.changes] == [("lr",)]
    assert answer.changes[0].value == pytest.approx(answer.change)


def test_plain_sum_gets_no_saturation() -> None:
    assert all(formula.saturation is None for formula in sum_of_four().front)


def test_record_from_before_saturations_is_read() -> None:
    record = json.loads(json.dumps(sum_of_four().to_dict()))
    for formula in record["front"]:
        del formula["saturation"]
    for taken_apart in [record["incumbent"]] if record["incumbent"] else []:
        del taken_apart["inside"]
    assert RunExplanation.from_dict(record) == sum_of_four()


@pytest.mark.slow
def test_course_says_where_a_part_falls_and_rises() -> None:
    x, y = variable(0), variable(1)
    axes = (Axis("C", 0.0, 1.0), Axis("depth", 0.0, 2.0))
    assert course_of(power(x - 0.5, 2.0) * 3.0 + y * 0.5, axes) == "falls, then rises with C; rises with depth"
    assert course_of(-(x * 2.0) + y * 0.01, axes) == "falls with C"
    assert course_of(Node("exp", (-(x / 0.1),)) + x * 0.5, axes[:1]) == "falls, then rises"
    assert Part(Node("exp", (-(x / 0.1),)) + x * 0.5, axes[:1], "cost", 0.5).shape == "falls, then rises"
    assert part_of(sum_of_four(), "solver").course == ""
    assert part_of(sum_of_four(), "batch").course == "falls"


def test_several_names_are_a_list() -> None:
    three = sum_of_four().contributions({"lr": 0.1, "batch": 64, "dropout": 0.2, "solver": "adam"}).parts[0]
    assert replace(three, hyperparameters=("a", "b", "c")).signed().endswith("(a, b and c)")
    assert replace(three, hyperparameters=("a", "b")).signed().endswith("(a and b)")


@pytest.mark.parametrize(
    ("r2", "verdict", "words"),
    [
        (0.95, None, ""),
        (0.5, "with care", "The surrogate predicts unseen trials only in part (cross-validated R² 0.50)."),
        (0.05, "do not trust", "hardly better than the mean of the costs (cross-validated R² 0.05)"),
        (None, "with care", "could not be cross-validated"),
    ],
)
def test_a_surrogate_that_knows_little_is_said(r2: float | None, verdict: str | None, words: str) -> None:
    found = sum_of_four()
    tested = replace(found, surrogate=replace(found.surrogate, n_trials=50, cv_r2=r2))
    heading, _, facts, *others = whole_run_document(tested)
    assert isinstance(heading, Heading) and isinstance(facts, Facts)
    assert tested.verdict == heading.verdict == dict(facts.rows).get("Verdict") == verdict
    known = "not cross-validated" if r2 is None else f"cross-validated R² {r2:.2f}"
    assert known in dict(facts.rows)["Surrogate"] and words in str(others)


def test_a_formula_that_leaves_much_out_is_not_believed() -> None:
    found = sum_of_four()
    surrogate = replace(found.surrogate, n_trials=50, cv_r2=0.95)
    rough, far = (replace(found.formula, r2=r2) for r2 in (0.7, 0.3))
    assert doubts_on(surrogate, rough) == (("with care", "The formula follows the surrogate only roughly (R² 0.70)."),)
    assert doubts_on(surrogate, far) == (("do not trust", "The formula does not explain the surrogate: R² 0.30."),)
    level = found.front[0]
    assert not level.parts
    ((verdict, words),) = doubts_on(surrogate, level)
    assert verdict == "no visible effect" and words.startswith("50 trials cannot tell from noise")
