"""Constraints on directions: what is proven, what is offered, and what is said of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ConfigSpace import CategoricalHyperparameter, ConfigurationSpace, Constant, Float, Integer, OrdinalHyperparameter

from deepcave_symbolic import Explanation, Formula, compare, explain, explain_all, explain_study, report_html
from deepcave_symbolic.exceptions import (
    DeepcaveSymbolicError,
    HyperparameterNotExplainableError,
    InvalidArgumentError,
    UnknownNameError,
)
from deepcave_symbolic.explanation import OwnFormula
from deepcave_symbolic.findings.monotone import Trend, keeps, kept_in_words, nearest
from deepcave_symbolic.formulas.expression import Node, cases, evaluate
from deepcave_symbolic.formulas.front import Target
from deepcave_symbolic.formulas.own_form.parsing import parse_form
from deepcave_symbolic.numeric.grids import product_columns, product_of
from deepcave_symbolic.show.document import facts
from deepcave_symbolic.space.axis import Axis
from known_surrogates import OfValues
from places import SVM
from records import explanation
from small_formulas import GAMMA, MOMENTUM, SIZE, UNITS, C, X, Y, formula

LAYERS = Axis("n_layers", 1.0, 5.0, integer=True)
BATCH = Axis("batch", 16.0, 64.0, values=(16.0, 32.0, 64.0))
KERNEL = Axis("kernel", 0.0, 1.0, integer=True, values=(0.0, 1.0), labels=("rbf", "poly"), categorical=True)
LONG = Axis("n", 1.0, 1e6, integer=True, log=True)
CERTIFIED = "certified on the whole domain"


def tree(form: str, *axes: Axis) -> Node:
    return parse_form(form, [axis.name for axis in axes]).tree


# --- what is proven -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "axes", "trend"),
    [
        ("3", (C,), "falling"),
        ("3 - C", (C,), "falling"),
        ("1 + 2*log10(C/1000)**2", (C,), "falling"),
        ("1 + 2*log10(C/1)**2", (C,), "rising"),
        ("1 + 2*log10(C/10)**3", (C,), "rising"),
        ("1 + 2/(1 + (C/30)**1.3)", (C,), "falling"),
        ("tanh((log10(C) - 1)/0.01)", (C,), "rising"),
        ("sqrt(momentum)", (MOMENTUM,), "rising"),
        ("(n_layers - 4.9)**2", (LAYERS,), "falling"),
        ("(n/1e5)**0.3", (LONG,), "rising"),
        ("4.8*log10(gamma/0.017)**2 - 4*log10(C)", (C, GAMMA), "falling"),
        ("0.7*(C/10)**(-0.17)*exp(-(log10(gamma/0.025)/1.4)**2)", (C, GAMMA), "falling"),
        ("(log10(C) - 0.3*log10(gamma) - 4)**2", (C, GAMMA), "falling"),
        ("(n_layers - 4.9*C**0.001)**2", (LAYERS, C), "falling"),
        ("(batch - 16)*C", (C, BATCH), "rising"),
        ("batch*n_layers - n_layers", (BATCH, LAYERS), "rising"),
        ("n_units*0.01 - log10(C)*n_units**0.5 - n_units", (UNITS, C), "falling"),
    ],
)
def test_what_keeps_a_trend_is_certified(form: str, axes: tuple[Axis, ...], trend: Trend) -> None:
    monotone: dict[str, Trend] = {axes[0].name: trend}
    assert keeps(tree(form, *axes), axes, monotone)
    assert kept_in_words(formula(tree(form, *axes), *axes), monotone) == f"{trend} in {axes[0].name}, {CERTIFIED}"
    # Along the second of two axes it is the same.
    assert keeps(tree(form, *axes[::-1]), axes[::-1], monotone)


@pytest.mark.parametrize(
    ("form", "axes", "trend", "words"),
    [
        ("1 + 2*log10(C/100)**2", (C,), "falling", "cost rises between C ≈ 100 and C ≈ 1000"),
        ("3 - C", (C,), "rising", "cost falls between C ≈ 1 and C ≈ 1000"),
        ("C/(3 + C**1.2)", (C,), "rising", "cost falls between C ≈ 9.6 and C ≈ 1000"),
        ("|momentum - 0.5|", (MOMENTUM,), "rising", "cost falls between momentum ≈ 0 and momentum ≈ 0.5"),
        ("(n_layers - 4.2)**2", (LAYERS,), "falling", "cost rises between n_layers ≈ 4 and n_layers ≈ 5"),
        ("(size - 1)**2", (SIZE,), "falling", 'cost rises between size = medium and size = "very large"'),
        ("log10(C*gamma)**2", (C, GAMMA), "falling", "cost rises between C ≈ 1 and C ≈ 1000 where gamma ≈ 1"),
        ("gamma*log10(C)", (GAMMA, C), "falling", "cost rises between gamma ≈ 0.001 and gamma ≈ 1 where C ≈ 1000"),
        ("log10(C/100)**2", (C, GAMMA), "falling", "cost rises between C ≈ 100 and C ≈ 1000"),
        ("C*(batch - 32)", (C, BATCH), "rising", "cost falls between C ≈ 1 and C ≈ 1000 where batch = 16"),
        ("(n_layers - 2)*C", (LAYERS, C), "falling", "cost rises between n_layers ≈ 1 and n_layers ≈ 5 where C ≈ 1000"),
    ],
)
def test_what_does_not_says_where(form: str, axes: tuple[Axis, ...], trend: Trend, words: str) -> None:
    monotone: dict[str, Trend] = {axes[0].name: trend}
    assert not keeps(tree(form, *axes), axes, monotone)
    assert kept_in_words(formula(tree(form, *axes), *axes), monotone) == f"not {trend} in {axes[0].name}: {words}"


def test_what_no_point_shows_is_not_certified_either() -> None:
    # A bump between two of the points that are looked at.
    form = "momentum - 0.01*exp(-((momentum - 0.50195)/0.0003)**2)"
    assert not keeps(tree(form, MOMENTUM), (MOMENTUM,), {"momentum": "rising"})
    assert kept_in_words(formula(tree(form, MOMENTUM), MOMENTUM), {"momentum": "rising"}) == (
        "rising in momentum could not be proven"
    )
    assert not keeps(tree("1/(momentum - 0.3)", MOMENTUM), (MOMENTUM,), {"momentum": "falling"})


def test_every_choice_of_a_categorical_keeps_it() -> None:
    both = {"momentum": "rising"}
    assert keeps(cases(0, [1.0 + Y, 2.0 + Y * Y]), (KERNEL, MOMENTUM), both)  # type: ignore[arg-type]
    opposite = formula(cases(1, [1.0 + X, 2.0 - X]), MOMENTUM, KERNEL)
    assert kept_in_words(opposite, {"momentum": "rising"}) == (
        "not rising in momentum: cost falls between momentum ≈ 0 and momentum ≈ 1 where kernel = poly"
    )


def test_two_trends_are_said_together_and_others_are_of_no_consequence() -> None:
    both = formula(tree("C - gamma", C, GAMMA), C, GAMMA)
    assert kept_in_words(both, {"gamma": "falling", "C": "rising", "lr": "rising"}) == (
        f"rising in C and falling in gamma, {CERTIFIED}"
    )
    assert kept_in_words(both, {"C": "rising", "gamma": "rising"}).startswith(
        f"rising in C, {CERTIFIED}; not rising in"
    )
    assert kept_in_words(both, {"lr": "rising"}) == "" == kept_in_words(both, {})


def test_the_nearest_targets_are_those_of_isotonic_regression() -> None:
    x = product_of([np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0])])
    y = np.array([3.0, 0.0, 1.0, 2.0, 2.0, 1.0])
    target = Target((Axis("a", 1.0, 3.0), Axis("b", 0.0, 1.0)), "cost", x, y, x, y)
    falling = nearest(target, {"a": "falling"})
    np.testing.assert_allclose(falling.y, [3.0, 1.0, 1.5, 1.0, 1.5, 1.0])
    assert falling.held_out_y is target.held_out_y
    np.testing.assert_array_equal(nearest(target, {}).y, y)
    table = nearest(target, {"a": "falling", "b": "rising"}).y.reshape(3, 2)
    assert np.all(np.diff(table, axis=0) <= 1e-2) and np.all(np.diff(table, axis=1) >= -1e-2)


# --- what is offered ----------------------------------------------------------------------------------------------


def space() -> ConfigurationSpace:
    result = ConfigurationSpace(seed=0)
    result.add(
        Float("lr", (1e-4, 1.0), log=True),
        Integer("n_layers", (1, 5)),
        OrdinalHyperparameter("size", ["small", "medium", "large"]),
        CategoricalHyperparameter("kernel", ["rbf", "poly"]),
        Constant("fixed", 1),
    )
    return result


def valleys(v: dict[str, Any]) -> Any:
    return 0.2 + 0.05 * (np.log10(v["lr"]) + 1.5) ** 2 + 0.02 * (v["n_layers"] - 2.0) ** 2


def question(monotone: Any, mean: Any = valleys, max_complexity: int = 9) -> dict[str, Any]:
    """What is asked of a surrogate that is a valley of lr and of n_layers."""
    own = space()
    model = OfValues(own, mean)
    return {"surrogate": model, "configspace": own, "monotone": monotone, "max_complexity": max_complexity}


def asked(*names: str, monotone: Any, **options: Any) -> Explanation:
    return explain(None, *names, **question(monotone, **options))


def moves(formula: Formula, name: str) -> Any:
    """The steps of a formula along a hyperparameter, on a dense grid of the others."""
    i = [axis.name for axis in formula.axes].index(name)
    grids = [axis.check_grid(501 if j == i else 41) for j, axis in enumerate(formula.axes)]
    values = evaluate(formula.tree, product_columns(grids)).reshape([len(grid) for grid in grids])
    return np.diff(values, axis=i) / np.max(np.abs(values))


def offered(explanation: Explanation) -> list[Formula]:
    groups = [each for group in explanation.groups.values() for each in offered(group)]
    return [*explanation.formulas, *explanation.others, *groups]


@pytest.mark.parametrize(
    ("names", "monotone"),
    [
        (("lr",), {"lr": "falling"}),
        (("lr",), {"lr": "rising"}),
        (("n_layers",), {"n_layers": "rising"}),
        (("lr", "n_layers"), {"lr": "falling"}),
        (("n_layers", "lr"), {"lr": "falling", "n_layers": "rising"}),
        (("lr", "kernel"), {"lr": "falling"}),
    ],
)
def test_every_formula_of_a_valley_keeps_the_trend(names: tuple[str, ...], monotone: dict[str, Trend]) -> None:
    result = asked(*names, monotone=monotone)
    moving = set()
    for each in offered(result):
        for name, trend in monotone.items():
            if name in [axis.name for axis in each.axes]:
                step = moves(each, name) * (1 if trend == "rising" else -1)
                assert np.all(step >= -1e-12), str(each)
                moving |= {name} if np.any(step > 0) else set()
    assert moving == set(monotone)
    said = " and ".join(f"{monotone[name]} in {name}" for name in names if name in monotone)
    assert dict(facts(result, result.best).rows)["Constraint"] == f"{said}, {CERTIFIED}"
    assert result.provenance["monotone"] == monotone and f"{said}, {CERTIFIED}" in " ".join(str(result).split())
    assert Explanation.from_dict(json.loads(json.dumps(result.to_dict()))) == result


def test_a_saturating_fall_is_what_falls_beside_a_valley() -> None:
    free, falling = asked("lr", monotone=None), asked("lr", monotone={"lr": "falling"})
    assert free.best.shape == "valley" and free.best.r2 > 0.999
    assert "fall" in falling.best.shape or falling.best.shape == "power law"
    assert 0.85 < falling.best.r2 < free.best.r2
    assert all(finding.constraint == f"falling in lr, {CERTIFIED}" for finding in falling.all_findings)
    assert "Constraint" not in dict(facts(free, free.best).rows) and free.provenance["monotone"] is None


def test_a_trend_that_holds_anyway_changes_nothing() -> None:
    def falling(v: dict[str, Any]) -> Any:
        return 0.2 - 0.05 * np.log10(v["lr"])

    with_it, without = (asked("lr", mean=falling, monotone=m) for m in ({"lr": "falling"}, None))
    assert with_it.formulas == without.formulas
    assert "Constraint" not in dict(facts(asked("n_layers", monotone={"lr": "falling"}, max_complexity=4)).rows)


@pytest.mark.parametrize("stored", ["lr", ["lr"], {"lr": "down"}, {"lr": ["falling"]}, None])
def test_a_record_that_was_edited_by_hand_asks_nothing(stored: Any) -> None:
    edited = replace(explanation(), provenance={"monotone": stored})
    assert edited.monotone == {} and edited.fit("a + b*log10(lr)").findings.constraint == ""


# --- a formula of one's own ---------------------------------------------------------------------------------------


def test_a_formula_of_ones_own_says_whether_it_keeps_the_constraint() -> None:
    result = asked("lr", monotone={"lr": "falling"}, max_complexity=5)
    kept, broken = result.fit("a + b/(1 + lr/c)"), result.fit("a + b*log10(lr/c)**2")
    assert f"Constraint        falling in lr, {CERTIFIED}" in str(kept)
    assert broken.findings.constraint == "not falling in lr: prediction rises between lr ≈ 0.032 and lr ≈ 1"
    assert broken.findings.constraint in " ".join(str(broken).split())
    assert OwnFormula.from_dict(json.loads(json.dumps(broken.to_dict()))) == broken
    assert "Constraint" not in str(explanation().fit("a + b*log10(lr)"))


# --- the whole run ------------------------------------------------------------------------------------------------


def test_it_holds_wherever_a_run_is_explained() -> None:
    monotone: dict[str, Trend] = {"lr": "falling"}
    found = {e.hyperparameters[0]: e for e in explain_all(None, **question(monotone, max_complexity=5))}
    assert found["lr"] == asked("lr", monotone=monotone, max_complexity=5)
    assert {name for name, e in found.items() if e.formulas and e.findings().constraint} == {"lr"}
    page = report_html(None, pairs=0, **question(monotone, max_complexity=5))
    assert page.count(f"falling in lr, {CERTIFIED}") == 1
    with pytest.raises(InvalidArgumentError, match="leave monotone out"):
        compare([SVM, SVM], "C", monotone={"C": "falling"})


@pytest.mark.parametrize(
    ("monotone", "error", "words"),
    [
        ({"LR": "falling"}, UnknownNameError, "Unknown hyperparameter 'LR'. Did you mean 'lr'?"),
        ({"lr": "fallling"}, UnknownNameError, "Unknown direction 'fallling'. Did you mean 'falling'?"),
        ({"lr": -1}, UnknownNameError, "Known: 'falling', 'rising'."),
        ({"kernel": "falling"}, InvalidArgumentError, "'kernel', whose choices have no order"),
        ({"fixed": "falling"}, HyperparameterNotExplainableError, "'fixed' is constant"),
        ("lr=falling", InvalidArgumentError, "expected hyperparameters with a direction each"),
        (["lr"], InvalidArgumentError, "{'learning_rate': 'falling'}"),
    ],
)
def test_what_is_no_constraint_is_refused(monotone: Any, error: type[DeepcaveSymbolicError], words: str) -> None:
    with pytest.raises(error) as caught:
        asked("lr", monotone=monotone, max_complexity=4)
    assert words in str(caught.value)


def test_a_study_says_which_run_has_no_such_hyperparameter_before_it_begins() -> None:
    study = explain_study([SVM], "C", max_complexity=4, monotone={"lr": "falling"})
    assert study.records == () and "Unknown hyperparameter 'lr'" in str(study.failures[0].error)
    with pytest.raises(UnknownNameError, match="Unknown hyperparameter 'lr'"):
        explain_all(SVM, monotone={"lr": "falling"})
