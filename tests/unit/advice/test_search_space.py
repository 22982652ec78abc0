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
    ForbiddenAndConjunction,
    ForbiddenEqualsClause,
    ForbiddenGreaterThanRelation,
    ForbiddenInClause,
    InCondition,
    Integer,
    OrdinalHyperparameter,
)

from deepcave_symbolic import Explainer, SuggestedSpace, suggest_space
from deepcave_symbolic.advice import AdvisedDomain, advised_space, checked_tolerance
from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.runs.run import Run, Status, Trial
from deepcave_symbolic.show.advice import space_csv
from deepcave_symbolic.space.serialized import read_space, space_dict
from deepcave_symbolic.surrogates.base import SurrogateRecord
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


def made_run(cs: ConfigurationSpace, cost: Callable[[dict[str, Any]], float], n: int) -> Run:
    """A run of configurations that the space draws."""
    cs.seed(0)
    drawn = dict(enumerate(cs.sample_configuration(n)))
    trials = tuple(Trial(config_id=i, costs=(float(cost(dict(c))),), status=Status.SUCCESS) for i, c in drawn.items())
    return Run("made", cs, ("cost",), trials, {i: c.get_array() for i, c in drawn.items()})


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


@pytest.mark.parametrize(
    ("hyperparameter", "best"),
    [
        (Categorical("h", [True, False]), False),
        (Categorical("h", [16, 32, 64]), 32),
        (Categorical("h", [0.5, None, "auto"]), None),
        (Categorical("h", [0.5, None, "auto"]), "auto"),
        (OrdinalHyperparameter("h", [16, 32, 64]), 64),
        (OrdinalHyperparameter("h", ["S", "M", "L"]), "M"),
        (Integer("h", (1, 8)), None),
    ],
)
def test_what_is_frozen_has_the_space_s_own_value(hyperparameter: Any, best: Any) -> None:
    """A truth value, a whole number or None stays one, in the record, in the space and in ConfigSpace's JSON."""
    cs = one(hyperparameter)
    whole = isinstance(hyperparameter, type(Integer("h", (1, 8))))
    found = suggest(cs, lambda v: 0.0 * v["h"] if whole else [0.1 if repr(h) == repr(best) else 0.9 for h in v["h"]])
    h = domain(found, "h")
    assert h.action == "freeze" and (type(h.value) is int if whole else repr(h.value) == repr(best))
    back = SuggestedSpace.from_dict(json.loads(json.dumps(found.to_dict())))
    assert back == found and repr(domain(back, "h").value) == repr(h.value)
    written = json.loads(json.dumps(space_dict(found.configspace())))
    assert repr(written["hyperparameters"][0]["value"]) == repr(h.value)
    assert repr(read_space(written)["h"].value) == repr(h.value)


def test_what_is_left_of_choices_has_their_own_type() -> None:
    found = suggest(one(Categorical("n", [16, 32, True])), lambda v: [0.9 if n == 32 else 0.1 for n in v["n"]])
    assert [repr(choice) for choice in domain(found, "n").choices] == ["16", "True"]
    assert "n: without 32, with which" in domain(found, "n").sentence
    assert [repr(choice) for choice in found.configspace()["n"].choices] == ["16", "True"]


def test_an_ordinal_of_numbers_keeps_a_run_of_its_values() -> None:
    cs = one(OrdinalHyperparameter("batch", [256, 128, 64, 32, 16]))
    cost = {256: 0.9, 128: 0.2, 64: 0.9, 32: 0.2, 16: 0.9}
    batch = domain(suggest(cs, lambda v: [cost[b] for b in v["batch"]]), "batch")
    assert (batch.action, batch.choices, batch.bounds) == ("narrow", (128, 64, 32), ())
    assert batch.sentence.startswith("batch: 32 to 128 instead of 16 to 256: elsewhere ")


def test_of_choices_that_are_alike_the_incumbent_s_is_kept() -> None:
    """The surrogate sees no difference, the trials were best with False."""
    cs = ConfigurationSpace({"flag": [True, False], "n": (1, 8), "x": (0.0, 1.0)})
    run = made_run(cs, lambda v: v["x"] + v["flag"] + 0.1 * abs(v["n"] - 3), 40)
    best = min(run.trials, key=lambda trial: trial.costs[0])
    incumbent = run.configurations[best.config_id]
    found = Explainer(run, surrogate=OfValues(cs, lambda v: v["x"] + 0.5, std=0.0), max_complexity=8).suggest_space()
    assert domain(found, "flag").value == cs["flag"].choices[int(incumbent[0])]
    assert domain(found, "n").value == cs["n"].to_value(incumbent[1])


def noise(cs: ConfigurationSpace, std: float, told: bool) -> SuggestedSpace:
    """A run of which a model of a step at x = 0.3 predicts everything or nothing."""
    rng = np.random.default_rng(0)
    run = made_run(cs, lambda v: float(v["x"] < 0.3) if told else rng.normal(), 20)
    model = OfValues(cs, lambda v: np.where(v["x"] < 0.3, 1.0, 0.0), std=std)
    return Explainer(run, surrogate=model, max_complexity=8).suggest_space()


def test_a_surrogate_that_knows_nothing_changes_nothing() -> None:
    cs = ConfigurationSpace({"x": (0.0, 1.0), "z": (0.0, 1.0)})
    found = noise(cs, 0.0, told=False)
    assert not found.changed and found.configspace() == cs
    ((severity, sentence),) = found.warnings
    assert severity == "do not trust" and ", so nothing is narrowed, widened or frozen. Evaluate more" in sentence
    text = " ".join(str(found).split())
    assert "No change: the space is kept as it is." in text and "formula" not in text
    assert "so nothing is narrowed" in found._repr_html_()
    assert SuggestedSpace.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_what_the_trials_cannot_tell_from_noise_narrows_nothing() -> None:
    """The step is 1 high, so that its RMS is 0.46; twenty trials with errors of 0.3 see 0.16, with errors of 1 0.55."""
    cs = ConfigurationSpace({"x": (0.0, 1.0), "z": (0.0, 1.0)})
    assert domain(noise(cs, 0.3, told=True), "x").action == "narrow"
    x = domain(noise(cs, 1.0, told=True), "x")
    assert (x.action, x.formula) == ("keep", None)
    assert x.sentence == "Keep x as it is: the trials cannot tell from noise how it moves cost."


def test_what_next_to_no_trial_had_is_kept() -> None:
    cs = ConfigurationSpace()
    kernel, degree = Categorical("kernel", ["rbf", "poly"], weights=[0.99, 0.01]), Float("degree", (1.0, 3.0))
    cs.add([kernel, degree, EqualsCondition(degree, kernel, "poly"), Float("x", (0.0, 1.0))])
    run = made_run(cs, lambda v: v["x"], 20)
    found = Explainer(run, surrogate=OfValues(cs, lambda v: v["x"], std=0.0), max_complexity=8).suggest_space()
    assert domain(found, "degree").sentence == "Keep degree as it is: next to no trial had it active."
    assert domain(found, "kernel").sentence == "Keep kernel as it is: all trials have one and the same value."


def test_the_surrogate_s_own_warnings_are_on_the_page() -> None:
    record = SurrogateRecord("RandomForest", True, 50, 0.85, warnings=("A consensus predicts clearly better.",))
    found = advised_space(
        SuggestedSpace, [], ConfigurationSpace({"x": (0.0, 1.0)}), 0.1, record, objective="c", run="r"
    )
    assert found.warnings == (("with care", "A consensus predicts clearly better."),)
    assert "A consensus predicts clearly better." in str(found)


def test_narrowings_that_clauses_tie_go_together() -> None:
    """Each alone would leave no default that is allowed; the new one is allowed and as near to the old as can be."""
    cs = ConfigurationSpace()
    cs.add([Integer("split", (2, 40), default=3), Integer("leaf", (2, 40), default=30), Float("x", (0.0, 1.0))])
    cs.add(ForbiddenGreaterThanRelation(cs["split"], cs["leaf"]))
    found = suggest(cs, lambda v: (v["split"] - 22.0) ** 2 + (v["leaf"] - 22.0) ** 2 + 0.0 * v["x"], tolerance=9.0)
    space = found.configspace()
    assert not any(each.left_out for each in found.domains)
    for name in ("split", "leaf"):
        assert domain(found, name).action == "narrow"
        assert (space[name].lower, space[name].upper) == domain(found, name).bounds
    space.get_default_configuration().check_valid_configuration()
    assert len(space.forbidden_clauses) == 1 and type(space["x"]).__name__ == "Constant"


def test_clauses_and_conditions_keep_what_they_can_still_say() -> None:
    cs = ConfigurationSpace()
    kernel = Categorical("kernel", ["rbf", "poly", "linear"])
    cs.add([kernel, Float("gamma", (0.0, 1.0)), Float("x", (0.0, 1.0))])
    cs.add(InCondition(cs["gamma"], kernel, ["rbf", "poly"]))
    cs.add(ForbiddenAndConjunction(ForbiddenEqualsClause(kernel, "linear"), ForbiddenEqualsClause(cs["x"], 0.5)))
    cs.add(ForbiddenAndConjunction(ForbiddenInClause(kernel, ["rbf", "linear"]), ForbiddenEqualsClause(cs["x"], 0.9)))
    found = suggest(cs, lambda v: [0.1 if k == "rbf" else 0.9 for k in v["kernel"]] + (v["x"] - 1.0) ** 2)
    space = found.configspace()
    assert not any(each.left_out for each in found.domains) and space["kernel"].value == "rbf"
    assert [str(each) for each in space.conditions] == ["gamma | kernel in {'rbf'}"]
    assert len(space.forbidden_clauses) == 1


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
    left = "This is left out of the new space: degree would never be active."
    assert left in " ".join(str(found).split()) and left in space_csv(found)
    assert f"{len(found.changed)} changes, 1 of them left out of the new space" in " ".join(str(found).split())
    back = SuggestedSpace.from_dict(json.loads(json.dumps(found.to_dict())))
    assert back == found and back.configspace(cs) == found.configspace()


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
    with pytest.raises(InvalidArgumentError, match="is not the run's: the space has no hyperparameter 'lr'"):
        back.configspace(one(Float("x", (0.0, 1.0))))


@pytest.mark.parametrize("tolerance", [-0.1, np.nan, np.inf, "0.1", None, True])
def test_the_tolerance_is_a_number(tolerance: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="expected a number from 0 on, in units of the objective"):
        checked_tolerance(tolerance)


def test_the_tolerance_is_checked_before_the_run_is_read() -> None:
    with pytest.raises(InvalidArgumentError, match="expected a number from 0 on"):
        suggest_space("no such folder", tolerance=-1.0)
