"""What SMAC's model sees of instances, seeds, timeouts and several objectives: against SMAC's encoder, row for row."""

from __future__ import annotations

import contextlib
import io
import json
import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from live_runs import INSTANCES, LiveRun, cost_of, live, mixed
from run_folders import edit_json

pytest.importorskip("deepcave", reason="the panel is a part of these tests")

from deepcave.runs.converters.smac3v2 import SMAC3v2Run

from deepcave_symbolic import explain, load_run
from deepcave_symbolic.cli import main
from deepcave_symbolic.dashboard.panel.choices import SCALARIZED_COST
from deepcave_symbolic.dashboard.panel.compute import compute
from deepcave_symbolic.dashboard.panel.inputs import defaults
from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.runs.run import Run, Status, Trial
from deepcave_symbolic.runs.views import scalarized, with_budget_as_hyperparameter
from deepcave_symbolic.surrogates.data import collect


def noisy(config: Any, instance: str | None = None, seed: int = 0) -> float:
    scale = 1.0 if instance is None else 1 + INSTANCES[instance][0]
    return float(cost_of(config) * scale + 0.01 * (seed % 7))


def two_noisy(config: Any, instance: str | None = None, seed: int = 0) -> dict[str, float]:
    return {"error": noisy(config, instance, seed), "size": 100.0 * dict(config)["n"]}


def two_crashing(config: Any, seed: int = 0) -> dict[str, float]:
    if config["kernel"] == "linear":
        raise RuntimeError
    return two_noisy(config)


def slow(config: Any, instance: str | None = None, seed: int = 0) -> float:
    if config["kernel"] == "linear":
        time.sleep(2)
    return float(cost_of(config))


#: Kind: (facade, target, options of the scenario, weights of the objectives).
KINDS: dict[str, tuple[str, Callable[..., Any], dict[str, Any], list[float] | None]] = {
    "seeds": ("AlgorithmConfigurationFacade", noisy, {"deterministic": False}, None),
    "instances": ("AlgorithmConfigurationFacade", noisy, {"instances": list(INSTANCES)}, None),
    "features and seeds": (
        "AlgorithmConfigurationFacade",
        noisy,
        {"deterministic": False, "instances": list(INSTANCES), "instance_features": INSTANCES},
        None,
    ),
    "runtime": (
        "AlgorithmConfigurationFacade",
        slow,
        {"objectives": "runtime", "trial_walltime_limit": 1, "crash_cost": 10.0},
        None,
    ),
    "timeouts under a logarithm": (
        "HyperparameterOptimizationFacade",
        slow,
        {"trial_walltime_limit": 1, "crash_cost": 10.0},
        None,
    ),
    "two on instances": (
        "AlgorithmConfigurationFacade",
        two_noisy,
        {"objectives": ["error", "size"], "instances": list(INSTANCES), "instance_features": INSTANCES},
        [3, 1],
    ),
    "two with crashes": (
        "HyperparameterOptimizationFacade",
        two_crashing,
        {"objectives": ["error", "size"], "crash_cost": [5.0, 9000.0]},
        None,
    ),
}


def record(kind: str, base: Path) -> LiveRun:
    import smac
    from smac.multi_objective.aggregation_strategy import MeanAggregationStrategy

    name, target, options, weights = KINDS[kind]
    facade = getattr(smac, name)
    n_trials = 10 if target is slow else 16
    shared = {"deterministic": True, "seed": 3, "n_trials": n_trials, "output_directory": base}
    scenario = smac.Scenario(mixed(), name=kind.replace(" ", "_"), **{**shared, **options})
    extra: dict[str, Any] = {"config_selector": facade.get_config_selector(scenario, retrain_after=50)}
    if weights is not None:
        extra["multi_objective_algorithm"] = MeanAggregationStrategy(scenario, weights)
    if facade is smac.HyperparameterOptimizationFacade:
        extra["initial_design"] = facade.get_initial_design(scenario, n_configs=9)
    with contextlib.redirect_stdout(io.StringIO()):
        optimizer = facade(scenario, target, logging_level=False, overwrite=True, **extra)
        optimizer.optimize()
    return LiveRun(optimizer, Path(scenario.output_directory))


@pytest.mark.long
@pytest.mark.parametrize("kind", list(KINDS))
def test_the_rows_are_those_of_smacs_model(kind: str, tmp_path: Path, capsys: Any) -> None:
    lived = record(kind, tmp_path)
    run = load_run(lived.folder)
    several = len(run.objectives) > 1
    encoder = lived.facade._runhistory_encoder
    X, z = encoder.transform()
    view = scalarized(run) if several else run
    data = collect(view, objective=0, budget=None, encoder_name=type(encoder).__name__)
    # The folder keeps values, of which the vectors are made again: equal up to rounding.
    np.testing.assert_allclose(data.rows, X, rtol=1e-9)
    np.testing.assert_allclose(data.z, z.ravel(), rtol=1e-12)
    if "slow" in KINDS[kind][1].__name__:
        assert data.n_timeouts == sum(trial.status == Status.TIMEOUT for trial in run.trials) > 0
    options = {"objective": "scalarized"} if several else {}
    explanation = explain(run, "C", max_complexity=6, **options)
    assert explanation.surrogate is not None and explanation.surrogate.exact, explanation.surrogate.differences
    formulas = explanation.to_dict()["formulas"]
    capsys.readouterr()
    flags = ["--objective", "scalarized"] if several else []
    assert main(["explain", "--max-complexity", "6", str(lived.folder), "-p", "C", "--format", "json", *flags]) == 0
    assert json.loads(capsys.readouterr().out)["formulas"] == formulas
    if "instances" in KINDS[kind][2]:
        return  # DeepCAVE 1.4.1 opens no run with instances
    inputs = {**defaults(), "hyperparameter_name_1": "C", "max_complexity": 6}
    if several:
        inputs["objective_id"] = SCALARIZED_COST
    stored = compute(SMAC3v2Run.from_path(lived.folder), inputs)
    assert stored["explanations"][0]["formulas"] == formulas, stored.get("error")


# --- what is not usable -------------------------------------------------------------------------------------------


def test_numbers_beyond_a_float_are_no_weights(base: Path, tmp_path: Path) -> None:
    folder = live("two", base).folder
    with pytest.raises(InvalidArgumentError, match="expected 2 numbers"):
        explain(folder, "C", objective="scalarized", weights=[10**400, 1])
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())

    def recorded(**meta: Any) -> Run:
        edit_json(tmp_path / "scenario.json", lambda data: data["_meta"].update(multi_objective_algorithm=meta))
        return load_run(tmp_path)

    bad = recorded(name="MeanAggregationStrategy", objective_weights=[10**400, 1])
    with pytest.raises(InvalidArgumentError, match="expected 2 numbers"):
        scalarized(bad)
    # Weights of the user's own do without the recorded ones.
    assert scalarized(bad, [1, 2]).changes == (
        "the objectives have the given weights error 0.333, size 0.667, not the run's own",
    )
    wild = [trial.costs for trial in scalarized(recorded(name="ParEGO", rho=10**400)).trials]
    assert wild == [trial.costs for trial in scalarized(recorded(name="ParEGO", rho=0.05)).trials]


def test_budgets_that_no_finished_trial_has_are_no_levels(base: Path) -> None:
    run = load_run(live("mf", base).folder)

    def at(budgets: set[float], change: dict[str, Any]) -> Run:
        def changed(trial: Trial) -> Trial:
            return replace(trial, **change) if trial.budget in budgets else trial

        return replace(run, trials=tuple(map(changed, run.trials)))

    running = with_budget_as_hyperparameter(at({9.0}, {"status": Status.RUNNING}))
    assert running.configspace["budget"].sequence == (1.0, 3.0)
    crashed = with_budget_as_hyperparameter(at({9.0}, {"status": Status.CRASHED, "costs": (math.inf,)}))
    assert crashed.configspace["budget"].sequence == (1.0, 3.0)
    with pytest.raises(InvalidArgumentError, match="finished trials at only the budget 1; budget='all' needs two"):
        with_budget_as_hyperparameter(at({3.0, 9.0}, {"status": Status.RUNNING}))
    with pytest.raises(InvalidArgumentError, match="no finished trial at any budget"):
        with_budget_as_hyperparameter(at({1.0, 3.0, 9.0}, {"status": Status.RUNNING}))
