"""Run folders whose configuration space is old, or more than ConfigSpace can hold: what a user reads of them."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace, Constant, Float, NormalFloatHyperparameter

from deepcave_symbolic import explain
from deepcave_symbolic.cli import main
from deepcave_symbolic.runs import load_run

DRAWN = random.Random(0)


def written(folder: Path, space: dict[str, Any], configurations: list[dict[str, Any]], cost: Any) -> Path:
    folder.mkdir(parents=True)
    (folder / "configspace.json").write_text(json.dumps(space))
    (folder / "scenario.json").write_text(json.dumps({"objectives": "cost", "_meta": {"version": "2.0.2"}}))
    rows = [[i, None, 0, None, cost(c), 1.0, 1, 0.0, 1.0, {}] for i, c in enumerate(configurations, start=1)]
    configs = {str(i): c for i, c in enumerate(configurations, start=1)}
    (folder / "runhistory.json").write_text(json.dumps({"data": rows, "configs": configs}))
    return folder


def old_space(*hyperparameters: dict[str, Any]) -> dict[str, Any]:
    return {"hyperparameters": list(hyperparameters), "conditions": [], "forbiddens": [], "json_format_version": 0.4}


def old(name: str, kind: str, lower: float, upper: float, **fields: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "lower": lower, "upper": upper, "default": lower, "log": False, **fields}


@pytest.mark.slow
def test_an_unlimited_hyperparameter_is_named_and_the_others_are_explained(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    space = old_space(old("page_cost", "uniform_float", 0.0, 1.79769e308), old("workers", "uniform_int", 1, 32))
    drawn = [{"page_cost": DRAWN.uniform(0, 1.7e308), "workers": DRAWN.randint(1, 32)} for _ in range(30)]
    folder = written(tmp_path / "run", space, drawn, lambda c: -500.0 - 10 * c["workers"])
    assert main(["explain", str(folder), "--max-complexity", "8", "-v"]) == 0
    shown = capfd.readouterr()
    assert shown.err == ""
    assert "workers" in shown.out and "goes from 0 to 1.79769e+308, as good as without a" in shown.out
    assert explain(folder, "workers", max_complexity=8).best.r2 > 0.9
    assert main(["explain", str(folder), "-p", "page_cost"]) == 2
    assert "Explain the others." in capfd.readouterr().err


def test_steps_of_an_old_space_are_the_values(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    space = old_space(old("dropout", "uniform_float", 0.0, 0.5, q=0.25), old("units", "uniform_int", 32, 512, q=2))
    drawn = [{"dropout": DRAWN.choice([0.0, 0.25, 0.5]), "units": 2 * DRAWN.randint(16, 256)} for _ in range(30)]
    folder = written(tmp_path / "run", space, drawn, lambda c: c["dropout"] + c["units"] / 1000)
    explanation = explain(folder, "dropout", max_complexity=8)
    assert explanation.projection.axes[0].values == (0.0, 0.25, 0.5)
    assert set(explanation.projection.trials.values[:, 0]) == {0.0, 0.25, 0.5}
    assert explanation.optimum().values == (0.0,)
    note = "The steps of 'units' are left out: it is taken for a range from 32 to 512."
    assert load_run(folder).notes == (note,) and note in explanation.warnings
    assert not any("between its steps" in sentence for sentence in explanation.warnings)
    off = written(tmp_path / "off", space, [{**c, "dropout": 0.2} for c in drawn[:4]] + drawn, lambda c: c["dropout"])
    assert "4 configurations have a value of dropout between its steps; the nearest step" in " ".join(
        load_run(off).notes
    )
    file = tmp_path / "space.json"
    file.write_text(json.dumps(space))
    assert main(["explain", "-v", str(folder), "-p", "dropout", "--configspace", str(file)]) == 0
    shown = capfd.readouterr()
    assert shown.err == "" and "dropout in {0, 0.25, 0.5}" in shown.out
    assert main(["explain", str(folder), "--configspace", str(tmp_path / "none.json")]) == 2
    assert "none.json; --configspace takes a configuration space as JSON." in capfd.readouterr().err


def test_constants_without_a_value_and_endlessly_wide_distributions(tmp_path: Path) -> None:
    space = ConfigurationSpace()
    space.add(
        Float("x", (0.0, 1.0)),
        Constant("version", None),
        NormalFloatHyperparameter("wide", mu=0.5, sigma=1e300, lower=0.0, upper=1.0),
    )
    drawn = [{"x": DRAWN.random(), "version": None, "wide": DRAWN.random()} for _ in range(20)]
    folder = written(tmp_path / "run", space.to_serialized_dict(), drawn, lambda c: (c["x"] - 0.3) ** 2)
    run = load_run(folder)
    vectors = np.array(list(run.configurations.values()))
    assert np.all(vectors[:, list(run.configspace).index("version")] == 1.0)
    assert explain(folder, "x", max_complexity=8).best.r2 > 0.8 and explain(folder, "wide", max_complexity=8).formulas
