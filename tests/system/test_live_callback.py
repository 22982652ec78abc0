"""`SymbolicCallback` in runs that SMAC makes for the test: the same trials with and without it, nothing left behind."""

from __future__ import annotations

import copy
import logging
import random
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import smac
from ConfigSpace import Configuration
from smac.runhistory import TrialValue

from deepcave_symbolic import SymbolicCallback, load_run, read_formulas
from deepcave_symbolic.live.exploring import Explorer
from deepcave_symbolic.live.steps import Round
from live_runs import cost_of, floats, mixed, plain
from logged import messages


def state() -> dict[str, Any]:
    root, own = logging.getLogger(), logging.getLogger("deepcave_symbolic")
    return {
        "numpy": np.random.get_state()[1].tolist(),
        "random": random.getstate(),
        "errors": np.geterr(),
        "filters": list(warnings.filters),
        "logging": (root.level, list(root.handlers), own.level, list(own.handlers), own.propagate, own.disabled),
        "stdout": sys.stdout,
    }


class Witness(SymbolicCallback):
    """Compares the state of the process before and after every hook."""

    seen = 0

    def on_tell_end(self, smbo: Any, info: Any, value: Any) -> None:
        before, spaces = state(), smbo._scenario.configspace
        drawn = copy.deepcopy(spaces).sample_configuration(3)
        result = super().on_tell_end(smbo, info, value)
        assert result is None and state() == before
        assert copy.deepcopy(spaces).sample_configuration(3) == drawn
        Witness.seen += 1


@pytest.mark.parametrize("facade", [smac.HyperparameterOptimizationFacade, smac.BlackBoxFacade])
def test_run_is_the_same_with_and_without(facade: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Witness.seen = 0
    callback = Witness(every=5, max_cost=None, output=tmp_path / "formulas.jsonl")
    without = optimized(tmp_path / "without", [], facade=facade)
    capsys.readouterr()
    with_formulas = optimized(tmp_path / "with", [callback], facade=facade)
    assert Witness.seen == 10 and len(read_formulas(tmp_path / "formulas.jsonl")) == 2

    def tried(optimizer: Any) -> list[tuple[dict[str, Any], float]]:
        history = optimizer.runhistory
        return [(dict(history.ids_config[k.config_id]), v.cost) for k, v in history.items()]

    assert tried(with_formulas) == tried(without)
    assert with_formulas.intensifier.get_incumbent() == without.intensifier.get_incumbent()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("facade", [smac.HyperparameterOptimizationFacade, smac.BlackBoxFacade, smac.RandomFacade])
def test_a_share_of_the_run_explores(facade: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    name = "x" if facade is smac.BlackBoxFacade else "C"
    callback = Exploring(name, every=100, max_cost=None, explore=0.5)
    optimizer = optimized(tmp_path, [callback], facade=facade, n_trials=16)
    design = sum("Initial" in origin for origin in callback.origins)
    explores = [i for i, origin in enumerate(callback.origins) if origin == f"SymbolicCallback: explores {name}"]
    # Every second one after the initial design, as soon as there are trials enough to train on.
    assert explores == [*range(design + 1, 16, 2)][-len(explores) :] and len(explores) >= 5
    configs = optimizer.runhistory.get_configs()
    assert len(configs) == len(set(configs)) == optimizer.runhistory.finished == 16
    assert len(load_run(tmp_path / "run" / "3").trials) == 16
    assert messages(caplog)[-1].startswith(f"Tried for the formula: {len(explores)} configuration")


class Exploring(SymbolicCallback):
    """Notes where configurations are from, and compares the state of the process before and after they are chosen."""

    def on_start(self, smbo: Any) -> None:
        self.origins: list[str] = []
        super().on_start(smbo)
        assert self._explorer is not None
        choose = self._explorer._choose

        def watched(smbo: Any) -> None:
            before, space = state(), smbo._scenario.configspace
            drawn = copy.deepcopy(space).sample_configuration(3)
            choose(smbo)
            assert state() == before and copy.deepcopy(space).sample_configuration(3) == drawn

        self._explorer._choose = watched  # type: ignore[method-assign]

    def on_next_configurations_end(self, config_selector: Any, config: Configuration) -> None:
        super().on_next_configurations_end(config_selector, config)
        self.origins.append(config.origin)


@pytest.mark.long
def test_budgets_are_those_that_smac_asks_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def target(config: Configuration, seed: int = 0, budget: float = 1.0) -> float:
        return float(cost_of(config) + 1 / budget)

    callback = SymbolicCallback(top=2, every=100, max_cost=None, explore=0.3, budget="all")
    facade = smac.MultiFidelityFacade
    optimizer = optimized(tmp_path, [callback], facade=facade, target=target, n_trials=40, min_budget=1, max_budget=9)
    origins = {config.origin for config in optimizer.runhistory.get_configs()}
    assert sum(origin.startswith("SymbolicCallback: explores ") for origin in origins) == 2
    assert optimizer.runhistory.finished == 40 and not messages(caplog, logging.WARNING)


@pytest.mark.long
def test_errors_of_exploring_leave_the_run_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Explorer, smbo: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(Explorer, "_chosen", fail)
    callback = SymbolicCallback("C", every=100, max_cost=None, explore=0.5)
    runs = [optimized(tmp_path / str(i), callbacks).runhistory for i, callbacks in enumerate(([], [callback]))]
    assert [dict(c) for c in runs[0].get_configs()] == [dict(c) for c in runs[1].get_configs()]


def optimized(
    folder: Path,
    callbacks: list[SymbolicCallback],
    *,
    facade: Any = smac.HyperparameterOptimizationFacade,
    target: Any = None,
    n_trials: int = 10,
    **options: Any,
) -> Any:
    """A finished run of few trials, one a round of SMAC's model."""
    space = floats() if facade is smac.BlackBoxFacade else mixed()
    scenario = smac.Scenario(
        space, output_directory=folder, deterministic=True, seed=3, n_trials=n_trials, name="run", **options
    )
    extra: dict[str, Any] = {"config_selector": facade.get_config_selector(scenario, retrain_after=5)}
    if facade is not smac.RandomFacade:
        extra["acquisition_maximizer"] = facade.get_acquisition_maximizer(
            scenario, challengers=20, local_search_iterations=1
        )
    optimizer = facade(scenario, target or plain, logging_level=False, overwrite=True, callbacks=callbacks, **extra)
    optimizer.optimize()
    return optimizer


def test_unknown_name_and_short_run_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    optimizer = optimized(tmp_path, [SymbolicCallback("n_", every=5), SymbolicCallback("C", every=5)], n_trials=8)
    assert optimizer.runhistory.finished == 8
    (error,) = messages(caplog, logging.ERROR)
    assert error == (
        "No formula: Unknown hyperparameter 'n_'. Did you mean 'n'? Known: 'C', 'kernel', 'n', 'degree'. "
        "The run goes on without formulas."
    )
    assert messages(caplog) == ["No formula: the run was too short for one in 2 % of its time (max_cost)."]
    assert any(m.startswith("The next formula waits: ") for m in messages(caplog, logging.DEBUG))


def test_the_user_may_end_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(self: Round) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Round, "do_next", interrupt)
    with pytest.raises(KeyboardInterrupt):
        optimized(tmp_path, [SymbolicCallback("C", every=4, max_cost=None)], n_trials=8)
    assert len(load_run(tmp_path / "run" / "3").trials) >= 3  # saved by SMAC as ever


def test_budgets_without_enough_trials_wait(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def target(config: Configuration, seed: int = 0, budget: float = 1.0) -> float:
        return float(cost_of(config) + 1 / budget)

    caplog.set_level(logging.DEBUG)
    callback = SymbolicCallback("C", every=1, max_cost=None)
    facade = smac.MultiFidelityFacade
    optimized(tmp_path, [callback], facade=facade, target=target, n_trials=6, min_budget=1, max_budget=9)
    assert not messages(caplog, logging.WARNING) and not messages(caplog, logging.ERROR)
    assert messages(caplog, logging.DEBUG)[0].startswith("No formula yet: ")


def test_ask_and_tell_and_a_resumed_run(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    output, callback = tmp_path / "formulas.jsonl", None
    for n_trials in (10, 20):
        callback = SymbolicCallback("C", every=8, max_cost=None, output=output)
        scenario = smac.Scenario(mixed(), output_directory=tmp_path, deterministic=True, n_trials=20, name="asked")
        facade = smac.HyperparameterOptimizationFacade
        optimizer = facade(
            scenario,
            callbacks=[callback],
            logging_level=False,
            config_selector=facade.get_config_selector(scenario, retrain_after=20),
            acquisition_maximizer=facade.get_acquisition_maximizer(scenario, challengers=20, local_search_iterations=1),
        )
        while optimizer.runhistory.finished < n_trials:
            info = optimizer.ask()
            optimizer.tell(info, TrialValue(cost=plain(info.config)))
    assert read_formulas(output)["n_trials"].tolist() == [8, 16]
    assert set(read_formulas(output)["run"]) == {"asked/0"}


@pytest.mark.long
@pytest.mark.slow
def test_two_workers(tmp_path: Path) -> None:
    output = tmp_path / "formulas.jsonl"
    callback = SymbolicCallback("C", every=10, max_cost=None, output=output)
    optimizer = optimized(tmp_path, [callback], n_workers=2, n_trials=30)
    optimizer._runner.close(force=True)
    # SMAC counts a trial of several workers as finished only where it is recorded under the id it was submitted with.
    n_finished = optimizer.runhistory.finished
    assert n_finished >= 10
    assert read_formulas(output)["n_trials"].tolist()[-1] == n_finished
