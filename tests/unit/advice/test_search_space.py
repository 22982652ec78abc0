"""A better configuration space: known profiles are narrowed, widened and frozen where the answer can be worked out."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from ConfigSpace import (
    Categorical,
    ConfigurationSpace,
    EqualsCondition,
    Float,
    ForbiddenEqualsClause,
    Integer,
    OrdinalHyperparameter,
)

from deepcave_symbolic import Explainer, SuggestedSpace, suggest_space
from deepcave_symbolic.advice import AdvisedDomain, checked_tolerance
from deepcave_symbolic.exceptions import InvalidArgumentError
from known_surrogates import OfValues


def suggest(
    cs: ConfigurationSpace, cost: Callable[[dict[str, Any]], Any], tolerance: float = 0.01, **question: Any
) -> SuggestedSpace:
    explainer = Explainer(None, surrogate=OfValues(cs, cost, std=0.0), configspace=cs, max_complexity=8, **question)
    return explainer.suggest_space(tolerance)


def domain(found: SuggestedSpace, name: str) -> AdvisedDomain:
    return next(each for each in found.domains if each.hyperparameter == name)


def one(hyperparameter: Any) -> ConfigurationSpace:
    cs = ConfigurationSpace()
    cs.add(hyperparameter)
    return cs


def test_a_valley_is_narrowed_to_its_bottom() -> None:
    """0.2 + 0.04·(log10(lr) + 2)² stays within 0.01 of 0.2 half a decade to both sides of 0.01."""
    cs = one(Float("lr", (1e-4, 1.0), log=True))
    found = suggest(cs, lambda v: 0.2 + 0.04 * (np.log10(v["lr"]) + 2.0) ** 2)
    lr = domain(found, "lr")
    assert lr.action == "narrow"
    # Out to the next of the grid's points, then rounded outwards.
    assert np.log10(lr.bounds) == pytest.approx([-2.5, -1.5], abs=0.12)
    assert lr.bounds[0] <= 10**-2.5 and lr.bounds[1] >= 10**-1.5
    assert lr.formula is not None and lr.formula.shape == "valley"
    assert lr.sentence.startswith("lr: 0.00") and "instead of 0.0001 to 1: elsewhere" in lr.sentence
    space = found.configspace()
    assert (space["lr"].lower, space["lr"].upper) == lr.bounds and space["lr"].log


def test_others_are_set_well_before_anything_is_cut_away() -> None:
    """Where x + y = 1 the cost is 0 whatever x is, though the average over y has its valley in the middle."""
    cs = ConfigurationSpace()
    cs.add([Float("x", (0.0, 1.0)), Float("y", (0.0, 1.0))])
    found = suggest(cs, lambda v: (v["x"] + v["y"] - 1.0) ** 2, tolerance=0.001)
    assert domain(found, "x").action == "freeze"


def test_a_larger_tolerance_keeps_more() -> None:
    cs = one(Float("x", (0.0, 1.0)))
    widths = []
    for tolerance in (0.001, 0.01, 0.1):
        low, high = domain(suggest(cs, lambda v: (v["x"] - 0.5) ** 2, tolerance), "x").bounds
        widths.append(high - low)
    assert widths == sorted(widths) and widths[0] < widths[-1]


@pytest.mark.parametrize(
    ("hyperparameter", "sign", "bounds"),
    [
        (Float("lr", (1e-3, 0.1), log=True), -1.0, (None, 1.0)),
        (Float("lr", (1e-3, 0.1), log=True), 1.0, (1e-4, None)),
        (Float("x", (2.0, 6.0)), -1.0, (None, 8.0)),
        (Float("x", (0.2, 0.6)), -1.0, (None, 0.8)),
        (Float("x", (0.5, 0.9)), -1.0, (None, 1.0)),
        (Integer("n", (10, 50)), -1.0, (None, 70.0)),
        (Integer("n", (2, 64), log=True), 1.0, (1.0, None)),
    ],
)
def test_an_optimum_on_a_bound_widens_it(
    hyperparameter: Any, sign: float, bounds: tuple[float | None, float | None]
) -> None:
    cs = one(hyperparameter)
    name = hyperparameter.name

    def cost(values: dict[str, Any]) -> Any:
        u = np.log10(values[name]) if hyperparameter.log else values[name]
        return sign * u

    found = domain(suggest(cs, cost), name)
    assert found.action == "widen"
    side = 0 if bounds[0] is not None else 1
    assert found.bounds[side] == pytest.approx(bounds[side])
    assert f"the best lies on the {'lower' if side == 0 else 'upper'} bound" in found.sentence


@pytest.mark.parametrize(("low", "high", "sign"), [(0.0, 0.9, 1.0), (0.5, 1.0, -1.0)])
def test_zero_and_one_are_taken_for_natural_ends(low: float, high: float, sign: float) -> None:
    cs = one(Float("share", (low, high)))
    assert domain(suggest(cs, lambda v: sign * v["share"]), "share").action == "narrow"


def test_more_is_better() -> None:
    cs = one(Float("x", (1.0, 3.0)))
    explainer = Explainer(None, surrogate=OfValues(cs, lambda v: v["x"], std=0.0), configspace=cs, max_complexity=8)
    explainer.run = type(explainer.run)(**{**vars(explainer.run), "maximized": (explainer.objective,)})
    assert domain(explainer.suggest_space(0.01), "x").bounds[1] == 4.0


def test_choices() -> None:
    cs = ConfigurationSpace()
    cs.add([Categorical("kernel", ["rbf", "poly", "sigmoid"]), Categorical("flag", ["on", "off"])])
    cost = {"rbf": 0.2, "poly": 0.205, "sigmoid": 0.5}
    found = suggest(cs, lambda v: [cost[k] for k in v["kernel"]])
    kernel, flag = domain(found, "kernel"), domain(found, "flag")
    assert (kernel.action, kernel.choices) == ("narrow", ("rbf", "poly"))
    assert kernel.sentence == "kernel: without sigmoid, with which even the best prediction is worse by more than 0.01."
    assert flag.action == "freeze" and flag.value in ("on", "off")
    assert list(found.configspace()["kernel"].choices) == ["rbf", "poly"]
    alone = domain(suggest(cs, lambda v: [cost[k] for k in v["kernel"]], 0.001), "kernel")
    assert (alone.action, alone.value) == ("freeze", "rbf")


def test_ordinals_keep_their_order() -> None:
    cs = one(OrdinalHyperparameter("size", ["small", "medium", "large"]))
    cost = {"small": 0.9, "medium": 0.2, "large": 0.2}
    found = suggest(cs, lambda v: [cost[k] for k in v["size"]])
    assert list(found.configspace()["size"].sequence) == ["medium", "large"]


def test_a_change_that_a_condition_or_clause_does_not_allow_is_left_out() -> None:
    cs = ConfigurationSpace()
    kernel, degree = Categorical("kernel", ["rbf", "poly"]), Float("degree", (1.0, 3.0))
    cs.add([kernel, degree, Float("x", (0.0, 1.0))])
    cs.add(EqualsCondition(degree, kernel, "poly"))
    cs.add(ForbiddenEqualsClause(cs["x"], 0.123))
    found = suggest(cs, lambda v: [0.2 if k == "rbf" else 0.5 for k in v["kernel"]] + 0.0 * v["x"])
    assert domain(found, "kernel").value == "rbf"
    assert list(found.configspace()["kernel"].choices) == ["rbf", "poly"]
    assert set(found.configspace()) == set(cs)


def test_what_cannot_be_explained_is_kept_with_the_reason() -> None:
    cs = ConfigurationSpace({"fixed": 3, "x": (0.0, 1.0)})
    found = domain(suggest(cs, lambda v: v["x"]), "fixed")
    assert found.action == "keep" and found.sentence.startswith("Keep fixed as it is. ")


def test_the_record_comes_back_from_json_and_needs_its_space_then() -> None:
    cs = one(Float("lr", (1e-4, 1.0), log=True))
    found = suggest(cs, lambda v: 0.2 + 0.04 * (np.log10(v["lr"]) + 2.0) ** 2)
    back = SuggestedSpace.from_dict(json.loads(json.dumps(found.to_dict())))
    assert back == found and str(back) == str(found) and "<table" in back._repr_html_()
    assert back.configspace(cs) == found.configspace()
    with pytest.raises(InvalidArgumentError, match="read from a file"):
        back.configspace()


@pytest.mark.parametrize("tolerance", [-0.1, np.nan, np.inf, "0.1", None, True])
def test_the_tolerance_is_a_number(tolerance: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="expected a number from 0 on, in units of the objective"):
        checked_tolerance(tolerance)


def test_the_tolerance_is_checked_before_the_run_is_read() -> None:
    with pytest.raises(InvalidArgumentError, match="expected a number from 0 on"):
        suggest_space("no such folder", tolerance=-1.0)
