"""Runs recorded by SMAC 2.0 to 2.3 (tests/data/make_runs.py), and those of other optimizers through DeepCAVE."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace, Float, Integer

from deepcave_symbolic import explain, explain_study, load_run
from deepcave_symbolic.cli import main
from deepcave_symbolic.runs.trial_selection import budgets_of
from places import TEST_RUNS
from run_folders import fingerprint

VERSIONS = ("2.0.0", "2.0.2", "2.1.0", "2.2.0", "2.3.1")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", ["forest", "process", "fidelity"])
def test_older_runs_are_read_and_say_what_differs(version: str, kind: str, capsys: Any) -> None:
    folder = TEST_RUNS / version / kind
    before = fingerprint(folder)
    run = load_run(folder)
    assert run.version == version and len(run.trials) == 12
    assert bool(budgets_of(run)) == (kind == "fidelity")
    explanation = explain(folder, "x", max_complexity=7)
    surrogate = explanation.surrogate
    assert surrogate is not None and not surrogate.exact
    assert surrogate.name == ("GaussianProcess" if kind == "process" else "RandomForest")
    assert f"recorded by SMAC {version}" in surrogate.differences[0]
    assert all(math.isfinite(formula.r2) for formula in explanation.formulas)
    assert main(["explain", "-v", "--max-complexity", "7", str(folder), "-p", "x"]) == 0
    assert f"recorded by SMAC {version}" in " ".join(capsys.readouterr().out.split())
    assert fingerprint(folder) == before


@pytest.mark.parametrize(
    ("module", "name", "folder"),
    [
        ("smac3v1", "SMAC3v1Run", "1.4.0/hpo"),
        ("dataframe", "DataFrameRun", "others/dataframe"),
        ("deepcave", "DeepCAVERun", "others/deepcave"),
        ("bohb", "BOHBRun", "others/bohb"),
    ],
)
def test_runs_of_others_read_as_deepcaves_converters_read_them(module: str, name: str, folder: str) -> None:
    pytest.importorskip("deepcave", reason="its converters read them")
    if module == "bohb":
        pytest.importorskip("hpbandster", reason="DeepCAVE's converter of BOHB runs needs hpbandster")
    converter = getattr(__import__(f"deepcave.runs.converters.{module}", fromlist=[name]), name)
    theirs, ours = load_run(converter.from_path(TEST_RUNS / folder)), load_run(TEST_RUNS / folder)
    n = 1 if module != "deepcave" else None  # to the others DeepCAVE adds the time that a trial took
    for mine, other in zip(ours.trials, theirs.trials, strict=True):
        vectors = (ours.configurations[mine.config_id], theirs.configurations[other.config_id])
        np.testing.assert_allclose(*vectors, rtol=1e-12)
        # pandas, which DeepCAVE reads tables with, misses the last digit of some numbers.
        assert mine.costs == pytest.approx(other.costs[:n], rel=1e-14)
        assert (mine.status, mine.budget) == (other.status, other.budget)
    shown = [explain(run, "x", max_complexity=7) for run in (theirs, ours)]
    # DeepCAVE calls the loss of BOHB and the cost of SMAC 1 "Cost".
    formulas = [[str(formula).partition("≈")[2] for formula in explanation.formulas] for explanation in shown]
    assert formulas[0] == formulas[1] != []
    for explanation in shown:
        assert all(math.isfinite(formula.r2) for formula in explanation.formulas)
        assert any("keeps no surrogate; a consensus" in w for w in explanation.warnings)


@pytest.mark.parametrize("folder", ["1.4.0/hpo", "others/dataframe", "others/deepcave", "others/bohb"])
def test_runs_of_others_are_explained_from_their_folders(folder: str, capsys: Any) -> None:
    place = TEST_RUNS / folder
    before = fingerprint(place)
    assert main(["explain", "--max-complexity", "7", str(place), "-p", "x"]) == 0
    assert "keeps no surrogate; a consensus" in " ".join(capsys.readouterr().out.split())
    assert fingerprint(place) == before


def test_folders_of_several_formats_are_one_study() -> None:
    study = explain_study([TEST_RUNS / "1.4.0", TEST_RUNS / "others"], "x", max_complexity=7)
    assert {Path(name).name for name in study.by_run()} == {"hpo", "bohb", "dataframe", "deepcave"}


def two_hyperparameters() -> ConfigurationSpace:
    space = ConfigurationSpace(seed=0)
    space.add(Float("x", (1e-4, 1.0), log=True), Integer("n", (1, 64), log=True))
    return space


def loss(x: float, n: int) -> float:
    return float((np.log10(x) + 2) ** 2 + 1 / n)


def optuna_study(folder: Path) -> Any:
    """A study as DeepCAVE wants it: pickled."""
    optuna = pytest.importorskip("optuna", reason="the extra 'optuna'")
    from deepcave_symbolic.dashboard.deepcave_readers import StudyRun

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))

    def objective(trial: Any) -> float:
        return loss(trial.suggest_float("x", 1e-4, 1.0, log=True), trial.suggest_int("n", 1, 64, log=True))

    study.optimize(objective, n_trials=20)
    (folder / "study.pkl").write_bytes(pickle.dumps(study))
    return StudyRun.from_path(folder)


def amltk_history(folder: Path) -> Any:
    """A table as AMLTK writes it, with DeepCAVE's two columns."""
    pytest.importorskip("pyarrow", reason="a requirement of DeepCAVE")
    import pandas as pd
    from deepcave.runs.converters.amltk import AMLTKRun

    space = two_hyperparameters()
    space.to_json(folder / "configspace.json")
    rows = {
        f"trial-{i}": {
            "status": "success",
            "trial_seed": 1,
            "traceback": None,
            **{f"config:{name}": value for name, value in config.items()},
            "metric:loss [0.0, +inf] (minimize)": loss(**config),
            "deepcave:time:start": float(i),
            "deepcave:time:end": i + 0.5,
        }
        for i, config in enumerate(space.sample_configuration(20))
    }
    pd.DataFrame.from_dict(rows, orient="index").to_parquet(folder / "history.parquet")
    return AMLTKRun.from_path(folder)


@pytest.mark.parametrize("make", [optuna_study, amltk_history])
def test_runs_made_here_through_deepcaves_converters(make: Callable[[Path], Any], tmp_path: Path) -> None:
    pytest.importorskip("deepcave", reason="its converters read them")
    from deepcave_symbolic.dashboard.panel.compute import compute
    from deepcave_symbolic.dashboard.panel.inputs import defaults

    run = make(tmp_path)
    explanation = explain(run, "x", max_complexity=10)
    assert explanation.surrogate is not None and explanation.surrogate.n_trials == 20
    values = explanation.best.predict({"x": [1e-4, 1e-2, 1.0]})
    assert values[1] < values[0] and values[1] < values[2]  # a bowl around 0.01
    assert any("keeps no surrogate; a consensus" in w for w in explanation.warnings)
    shown = compute(run, {**defaults(), "hyperparameter_name_1": "x", "max_complexity": 10})["explanations"][0]
    assert [f["text"] for f in shown["formulas"]] == [str(f) for f in explanation.formulas]
