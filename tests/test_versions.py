"""Runs recorded by SMAC 2.0 to 2.3 (tests/data/make_runs.py), and those of other optimizers through DeepCAVE."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from helpers_smac import SHARED_RUNS, fingerprint

from deepcave_symbolic import explain, load_run
from deepcave_symbolic.cli import main
from deepcave_symbolic.runs.selection import budgets_of

RUNS = Path(__file__).parent / "data" / "runs"
VERSIONS = ("2.0.2", "2.1.0", "2.2.0", "2.3.1")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", ["forest", "process", "fidelity"])
def test_older_runs_are_read_and_say_what_differs(version: str, kind: str, capsys: Any) -> None:
    folder = RUNS / version / kind
    before = fingerprint(folder)
    run = load_run(folder)
    assert run.version == version and len(run.trials) == 12
    assert bool(budgets_of(run)) == (kind == "fidelity")
    explanation = explain(folder, "x")
    surrogate = explanation.surrogate
    assert surrogate is not None and not surrogate.exact
    assert surrogate.name == ("GaussianProcess" if kind == "process" else "RandomForest")
    assert f"recorded by SMAC {version}" in surrogate.differences[0]
    assert all(math.isfinite(formula.r2) for formula in explanation.formulas)
    assert main(["explain", str(folder), "-p", "x"]) == 0
    assert f"recorded by SMAC {version}" in " ".join(capsys.readouterr().out.split())
    assert fingerprint(folder) == before


@pytest.mark.parametrize(
    ("module", "name", "folder"),
    [
        ("smac3v1", "SMAC3v1Run", "SMAC3v1/mlp/run_1"),
        ("dataframe", "DataFrameRun", "DataFrame/run_1"),
        ("deepcave", "DeepCAVERun", "DeepCAVE/minimal/run_1"),
        ("bohb", "BOHBRun", "BOHB/run_1"),
    ],
)
def test_runs_of_others_through_deepcaves_converters(module: str, name: str, folder: str) -> None:
    pytest.importorskip("deepcave", reason="its converters read them")
    if not SHARED_RUNS.exists():
        pytest.skip("the recorded runs (../shared/runs) are not here")
    if module == "bohb":
        pytest.importorskip("hpbandster", reason="DeepCAVE's converter of BOHB runs needs hpbandster")
    converter = getattr(__import__(f"deepcave.runs.converters.{module}", fromlist=[name]), name)
    run = converter.from_path(SHARED_RUNS / folder)
    first = next(n for n, hp in run.configspace.items() if getattr(hp, "upper", 0) != getattr(hp, "lower", 0))
    explanation = explain(run, first)
    assert explanation.formulas and all(math.isfinite(formula.r2) for formula in explanation.formulas)
    assert any("keeps no surrogate; a random forest stands in for it" in w for w in explanation.warnings)
