"""Several objectives as one cost, budgets as a hyperparameter: against SMAC's encoder, and where users meet them."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from live_runs import LiveRun, live
from run_folders import edit_json

pytest.importorskip("deepcave", reason="the panel is a part of these tests")

from deepcave.runs.converters.smac3v2 import SMAC3v2Run

from deepcave_symbolic import explain, explain_all, load_run
from deepcave_symbolic.cli import main
from deepcave_symbolic.dashboard.panel.choices import EVERY_BUDGET, SCALARIZED_COST, options_of
from deepcave_symbolic.dashboard.panel.compute import compute
from deepcave_symbolic.dashboard.panel.inputs import defaults
from deepcave_symbolic.exceptions import InvalidArgumentError, UnknownNameError
from deepcave_symbolic.runs.views import scalarized, with_budget_as_hyperparameter
from deepcave_symbolic.surrogates.data import collect

#: What is asked here is which trials count and how, not which formula describes them best.
SHORT = {"max_complexity": 7}
quick = partial(explain, **SHORT)
INPUTS = {**defaults(), **SHORT}


@pytest.fixture(scope="module")
def two(base: Path) -> LiveRun:
    return live("two", base)


@pytest.fixture(scope="module")
def fidelity(base: Path) -> LiveRun:
    return live("mf", base)


def parego(two: LiveRun, folder: Path) -> Path:
    """The run as if ParEGO had made one cost of its objectives; what it then records is SMAC's own meta."""
    from smac.multi_objective.parego import ParEGO

    meta = ParEGO(two.facade.scenario).meta
    for file in two.folder.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    edit_json(folder / "scenario.json", lambda data: data["_meta"].update(multi_objective_algorithm=meta))
    return folder


# --- several objectives -------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_scalarized_cost_is_what_smacs_model_sees(two: LiveRun) -> None:
    run = scalarized(load_run(two.folder))
    name = str(run.scenario["_meta"]["runhistory_encoder"]["name"])
    X, z = two.facade._runhistory_encoder.transform()
    data = collect(run, objective=0, budget=None, encoder_name=name)
    np.testing.assert_allclose(data.z, z.ravel(), rtol=1e-12)
    np.testing.assert_array_equal(np.isnan(data.X), np.isnan(X[:, : data.X.shape[1]]))
    explanation = quick(two.folder, "C", objective="scalarized")
    assert explanation.objective == "scalarized cost"
    assert explanation.surrogate is not None and explanation.surrogate.exact, explanation.surrogate.differences


def test_weights_of_the_users_own_are_said(two: LiveRun) -> None:
    explanation = quick(two.folder, "C", objective="scalarized", weights={"error": 3, "size": 1})
    assert explanation.surrogate is not None and not explanation.surrogate.exact
    assert "The objectives have the given weights error 0.75, size 0.25, not the run's own." in explanation.warnings
    same = quick(two.folder, "C", objective="scalarized", weights=[0.75, 0.25])
    assert [str(f) for f in same.formulas] == [str(f) for f in explanation.formulas]


def test_parego_has_equal_weights_by_default_and_its_own_formula(two: LiveRun, tmp_path: Path) -> None:
    from smac.multi_objective.parego import ParEGO

    run = load_run(parego(two, tmp_path))
    algorithm = ParEGO(two.facade.scenario)
    algorithm._theta = np.array([0.2, 0.8])
    view = scalarized(run, [1, 4])
    costs = np.array([trial.costs for trial in run.trials])
    low, high = costs.min(axis=0), costs.max(axis=0)
    expected = [algorithm(list(row)) for row in (costs - low) / (high - low)]
    np.testing.assert_allclose([trial.costs[0] for trial in view.trials], expected)
    explanation = quick(run, "C", objective="scalarized")
    assert any(
        "ParEGO draws new weights at every training; the cost here has the equal weights error 0.5, size 0.5" in warning
        for warning in explanation.warnings
    )
    assert explanation.surrogate is not None and not explanation.surrogate.exact


def test_each_objective_alone(two: LiveRun) -> None:
    assert quick(two.folder, "n", objective="error").objective == "error"
    size = quick(two.folder, "n", objective="size")
    assert size.objective == "size" and size.best.r2 > 0.8  # it is 100·n


@pytest.mark.parametrize(
    ("weights", "error", "words"),
    [
        ([1.0], InvalidArgumentError, "expected 2 numbers"),
        ([1.0, -1.0], InvalidArgumentError, "expected 2 numbers"),
        ([0, 0], InvalidArgumentError, "not all 0"),
        ([1.0, float("nan")], InvalidArgumentError, "expected 2 numbers"),
        ("ab", InvalidArgumentError, "expected 2 numbers"),
        ({"speed": 1}, UnknownNameError, "speed"),
    ],
)
def test_bad_weights(two: LiveRun, weights: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        quick(two.folder, "C", objective="scalarized", weights=weights)


@pytest.mark.slow
def test_what_cannot_be_scalarized_is_said(two: LiveRun, fidelity: LiveRun) -> None:
    with pytest.raises(InvalidArgumentError, match="one objective"):
        quick(fidelity.folder, "C", objective="scalarized")
    with pytest.raises(InvalidArgumentError, match="Weights belong to"):
        quick(two.folder, "C", weights=[1, 2])


@pytest.mark.slow
def test_an_objective_of_that_name_wins(two: LiveRun) -> None:
    run = load_run(two.folder)
    renamed = replace(run, objectives=("scalarized", "size"))
    assert quick(renamed, "C", objective="scalarized", surrogate="forest").objective == "scalarized"
    other = quick(renamed, "C", objective="scalarized (2)")
    assert other.objective == "scalarized cost"
    assert [str(f) for f in other.formulas] == [str(f) for f in quick(run, "C", objective="scalarized").formulas]
    with pytest.raises(InvalidArgumentError, match=r"Weights belong to objective='scalarized \(2\)'"):
        quick(renamed, "C", objective="scalarized", weights=[1, 2])


@pytest.mark.slow
def test_an_objective_of_that_name_on_the_command_line_and_in_the_panel(
    two: LiveRun, tmp_path: Path, capsys: Any
) -> None:
    folder = Path(shutil.copytree(two.folder, tmp_path / "run"))
    edit_json(folder / "scenario.json", lambda data: data.update(objectives=["scalarized", "size"]))
    for name, objective in (("scalarized", "scalarized"), ("scalarized (2)", "scalarized cost")):
        capsys.readouterr()
        assert (
            main(["explain", str(folder), "-p", "C", "--objective", name, "--format", "json", "--max-complexity", "7"])
            == 0
        )
        assert json.loads(capsys.readouterr().out)["objective"] == objective
    run = SMAC3v2Run.from_path(folder)
    for chosen, objective in ((0, "scalarized"), (SCALARIZED_COST, "scalarized cost")):
        record = compute(run, {**INPUTS, "objective_id": chosen, "hyperparameter_name_1": "C"})
        assert record["explanations"][0]["objective"] == objective
    assert "objective='scalarized (2)'" in record["code"]


@pytest.mark.slow
def test_the_run_time_is_an_objective_everywhere(two: LiveRun, capsys: Any) -> None:
    run = load_run(two.folder)
    timed = replace(run, trials=tuple(replace(t, time=float(i)) for i, t in enumerate(run.trials)))
    explanation = quick(timed, "C", objective="Time")
    assert explanation.objective == "Time" and explanation.projection is not None
    np.testing.assert_array_equal(np.sort(explanation.projection.trials.costs), np.arange(len(run.trials)))
    assert any("with the objective Time keeps no surrogate" in warning for warning in explanation.warnings)
    assert (
        main(
            ["explain", str(two.folder), "-p", "C", "--objective", "Time", "--format", "json", "--max-complexity", "7"]
        )
        == 0
    )
    told = json.loads(capsys.readouterr().out)
    panel = SMAC3v2Run.from_path(two.folder)
    number = panel.get_objective_names().index("Time")
    record = compute(panel, {**INPUTS, "objective_id": number, "hyperparameter_name_1": "C"})
    shown = record["explanations"][0]
    assert told["objective"] == shown["objective"] == "Time"
    assert [f["text"] for f in told["formulas"]] == [f["text"] for f in shown["formulas"]]
    assert "objective='Time'" in record["code"]


def test_the_command_line_scalarizes(two: LiveRun, capsys: Any) -> None:
    arguments = ["explain", str(two.folder), "-p", "C", "--objective", "scalarized"]
    assert main([*arguments, "--weights", "3,1", "--format", "json", "--max-complexity", "7"]) == 0
    assert json.loads(capsys.readouterr().out)["objective"] == "scalarized cost"
    assert main([*arguments, "--weights", "3;1"]) == 2
    assert "The weights are '3;1'; expected numbers with commas" in capsys.readouterr().err


def test_the_panel_scalarizes(two: LiveRun) -> None:
    run = SMAC3v2Run.from_path(two.folder)
    labels = {o["label"]: o["value"] for o in options_of(run)["objective_id"]}
    assert labels["Scalarized cost of the objectives"] == SCALARIZED_COST
    inputs = {**INPUTS, "objective_id": SCALARIZED_COST, "hyperparameter_name_1": "C"}
    record = compute(run, {**inputs, "weights": "3, 1"})
    assert "error" not in record
    assert record["explanations"][0]["objective"] == "scalarized cost"
    assert "objective='scalarized'" in record["code"] and "weights=(3.0, 1.0)" in record["code"]
    assert "expected numbers with commas" in compute(run, {**inputs, "weights": "a"})["error"]["message"]


# --- budgets ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_budget_as_a_hyperparameter(fidelity: LiveRun) -> None:
    run = load_run(fidelity.folder)
    view = with_budget_as_hyperparameter(run)
    assert list(run.configspace) == [name for name in view.configspace if name != "budget"]
    column = list(view.configspace).index("budget")
    budgets = view.configspace["budget"].sequence
    for trial, before in zip(view.trials, run.trials, strict=True):
        vector = view.configurations[trial.config_id]
        assert budgets[int(vector[column])] == before.budget and trial.costs == before.costs
        np.testing.assert_array_equal(np.delete(vector, column), run.configurations[before.config_id])
    explanation = quick(fidelity.folder, "budget", budget="all")
    assert explanation.hyperparameters == ("budget",)
    assert any("with the budget as a hyperparameter keeps no surrogate" in w for w in explanation.warnings)
    # The target falls by 1/budget.
    values = explanation.best.predict({"budget": [1.0, 9.0]})
    assert values[0] > values[1]
    assert quick(fidelity.folder, "C", "budget", budget="all").formulas
    assert ("budget",) in {e.hyperparameters for e in explain_all(fidelity.folder, budget="all", **SHORT)}


def test_a_budget_by_value_and_by_default(fidelity: LiveRun) -> None:
    run = load_run(fidelity.folder)
    counts = {b: sum(t.budget == b for t in run.trials) for b in {t.budget for t in run.trials}}
    default = quick(run, "C").budget
    assert default is not None and counts[default] >= 3
    assert quick(run, "C", budget=1.0).budget == 1.0
    with pytest.raises(UnknownNameError, match="budget"):
        quick(run, "C", budget=7.0)
    with pytest.raises(InvalidArgumentError, match="expected a number or 'all'"):
        quick(run, "C", budget="most")


def test_a_taken_name_and_missing_budgets(two: LiveRun, fidelity: LiveRun) -> None:
    with pytest.raises(InvalidArgumentError, match="no budgets"):
        quick(two.folder, "C", budget="all")
    once = with_budget_as_hyperparameter(load_run(fidelity.folder))
    trials = tuple(replace(trial, budget=float(1 + i % 2)) for i, trial in enumerate(once.trials))
    assert "budget (2)" in with_budget_as_hyperparameter(replace(once, trials=trials)).configspace


@pytest.mark.slow
def test_a_hyperparameter_called_budget(fidelity: LiveRun, tmp_path: Path, capsys: Any) -> None:
    folder = Path(shutil.copytree(fidelity.folder, tmp_path / "run"))
    for file in ("configspace.json", "runhistory.json"):
        text = (folder / file).read_text(encoding="utf-8")
        (folder / file).write_text(text.replace('"n"', '"budget"'), encoding="utf-8")
    remark = "The run has a hyperparameter 'budget'; its budget is 'budget (2)' here."
    own, run_budget = (quick(folder, name, budget="all") for name in ("budget", "budget (2)"))
    assert own.best.axes[0].upper == 64 and run_budget.best.axes[0].upper == 9
    assert remark in own.warnings and remark in run_budget.warnings
    assert main(["explain", str(folder), "-p", "budget (2)", "--budget", "all"]) == 0
    assert remark in " ".join(capsys.readouterr().out.split())
    run = SMAC3v2Run.from_path(folder)
    offered = {o["label"]: o["value"] for o in options_of(run)["hyperparameter_name_1"]}
    assert offered["budget (2) (with Budget: All)"] == "budget (2)" and offered["budget"] == "budget"
    record = compute(run, {**INPUTS, "budget_id": EVERY_BUDGET, "hyperparameter_name_1": "budget (2)"})
    assert record["explanations"][0]["formulas"][0]["text"] == str(run_budget.formulas[0])


def test_the_command_line_takes_all_budgets(fidelity: LiveRun, capsys: Any) -> None:
    assert main(["explain", "-v", str(fidelity.folder), "-p", "budget", "--budget", "all"]) == 0
    assert "budget in {1, " in capsys.readouterr().out
    assert main(["explain", str(fidelity.folder), "-p", "C", "--budget", "most"]) == 2
    assert "'most' is neither a number nor all" in capsys.readouterr().err


def test_the_panel_takes_all_budgets(fidelity: LiveRun) -> None:
    run = SMAC3v2Run.from_path(fidelity.folder)
    options = options_of(run)
    assert EVERY_BUDGET in [o["value"] for o in options["budget_id"]]
    assert "budget (with Budget: All)" in [o["label"] for o in options["hyperparameter_name_1"]]
    record = compute(run, {**INPUTS, "budget_id": EVERY_BUDGET, "hyperparameter_name_1": "budget"})
    assert "error" not in record and "budget='all'" in record["code"]
    # Asked for the budget itself, the panel takes all of them.
    asked = compute(run, {**INPUTS, "hyperparameter_name_1": "budget"})
    assert asked["explanations"] == record["explanations"] and asked["code"] == record["code"]
    assert asked["notes"] == ["All budgets are used, whatever is chosen as Budget: the budget itself is explained."]
