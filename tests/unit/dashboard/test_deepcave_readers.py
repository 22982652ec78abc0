"""DeepCAVE opens runs that its own reader refuses, through our Config's converters."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from live_runs import live
from places import EXAMPLE_RUNS, SVM, TEST_RUNS
from run_folders import edit_json

pytest.importorskip("deepcave", reason="DeepCAVE 1.4.1 runs on Python 3.10 at the latest")

from deepcave.config import Config as DeepCAVEConfig
from deepcave.runs import Status
from deepcave.runs.converters.smac3v2 import SMAC3v2Run

from deepcave_symbolic import load_run
from deepcave_symbolic.cli import main
from deepcave_symbolic.config import Config
from deepcave_symbolic.dashboard.deepcave_readers import SMACRun, StudyRun
from deepcave_symbolic.dashboard.launcher.runs import what_is_wrong
from deepcave_symbolic.dashboard.panel.compute import compute
from deepcave_symbolic.dashboard.panel.inputs import defaults, options_of
from deepcave_symbolic.dashboard.panel.plugin import SymbolicFormulas
from deepcave_symbolic.exceptions import RunFormatError


@pytest.fixture(scope="module")
def instances(base: Path) -> Path:
    return live("ac", base).folder


def test_the_config_has_them_in_the_place_of_deepcaves() -> None:
    theirs = [converter.__name__ for converter in DeepCAVEConfig().CONVERTERS]
    ours = [converter.__name__ for converter in Config().CONVERTERS]
    renamed = {"SMAC3v2Run": "SMACRun", "OptunaRun": "StudyRun"}
    assert ours == [renamed.get(name, name) for name in theirs]


@pytest.mark.parametrize("name", ["svm_bbo", "mlp_hpo", "boosting_mf"])
def test_what_deepcave_reads_stays_as_it_reads_it(name: str) -> None:
    theirs, ours = SMAC3v2Run.from_path(EXAMPLE_RUNS / name), SMACRun.from_path(EXAMPLE_RUNS / name)
    assert type(ours) is SMACRun and ours.id == theirs.id and ours.hash == theirs.hash
    assert [t.to_json() for t in ours.history] == [t.to_json() for t in theirs.history]
    assert ours.configs == theirs.configs and ours.meta == theirs.meta


def test_a_run_with_instances_has_the_mean_cost_of_a_configuration(instances: Path) -> None:
    with pytest.raises(RuntimeError, match="Instances are not supported"):
        SMAC3v2Run.from_path(instances)
    edited = instances.parent / "edited"
    shutil.copytree(instances, edited)

    def twice(data: Any) -> None:
        row = data["data"][0]
        other = next(i for i in ("a", "b", "c") if i != row["instance"])
        data["data"].append({**row, "instance": other, "cost": row["cost"] + 1.0})

    edit_json(edited / "runhistory.json", twice)
    run, record = SMACRun.from_path(edited), load_run(edited)
    first = record.trials[0]
    costs = [t.costs[0] for t in record.trials if (t.config_id, t.seed) == (first.config_id, first.seed)]
    assert len(costs) >= 2 and run.history[0].costs[0] == pytest.approx(np.mean(costs))
    assert run.history[0].status == Status.SUCCESS
    assert run.get_objective_names() == ["cost", "Time"]
    # What the pages of DeepCAVE ask first, and what goes to a worker.
    assert run.get_incumbent(run.get_objective(0))[1] <= run.history[0].costs[0]
    json.dumps(run.meta)
    assert pickle.loads(pickle.dumps(run)).configs == run.configs


def test_a_run_without_any_trial_opens_and_says_so(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SVM, tmp_path / "run"))
    edit_json(folder / "runhistory.json", lambda data: data.update(data=[], configs={}, config_origins={}))
    with pytest.raises(IndexError):
        SMAC3v2Run.from_path(folder)
    run = SMACRun.from_path(folder)
    assert len(run.history) == 0
    assert [o["label"] for o in options_of(run)["hyperparameter_name_1"]][2:] == ["C", "gamma"]
    plugin = SymbolicFormulas()
    inputs = plugin.load_dependency_inputs(run, {}, plugin.load_inputs())
    assert inputs["objective_id"]["value"] == 0
    card = compute(run, defaults())["error"]
    assert "has no finished trial (0 running). Wait until some have finished." in card["message"]


def test_what_neither_reads_is_said_in_words(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SVM, tmp_path / "run"))
    (folder / "runhistory.json").write_text("[]", encoding="utf-8")
    with pytest.raises(RunFormatError, match="holds a JSON list"):
        SMACRun.from_path(folder)


class Touches:
    """Runs something when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return Path.touch, (self.file,)


def test_no_pickle_in_a_smac_folder_is_opened(tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="without it DeepCAVE opens no pickle")
    folder = Path(shutil.copytree(SVM, tmp_path / "run"))
    (folder / "study.pkl").write_bytes(pickle.dumps(Touches(tmp_path / "pwned")))
    with pytest.raises(RuntimeError, match="no pickle in it is opened"):
        StudyRun.from_path(folder)
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("file", ["runhistory.json", "scenario.json", "configspace.json"])
def test_the_dashboard_refuses_a_pipe_that_deepcave_would_wait_for(tmp_path: Path, capsys: Any, file: str) -> None:
    folder = Path(shutil.copytree(SVM, tmp_path / "run"))
    (folder / file).unlink()
    os.mkfifo(folder / file)
    assert main(["dashboard", str(folder), "--no-browser"]) == 2
    told = capsys.readouterr().err
    assert f"{file} is no regular file" in told and told.count("\n") == 1


def test_a_refused_run_has_its_reason(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SVM, tmp_path / "run"))
    assert what_is_wrong(folder) is None and what_is_wrong(tmp_path) is None
    (folder / "runhistory.json").write_text("[]", encoding="utf-8")
    assert "runhistory.json holds a JSON list" in str(what_is_wrong(folder))


def test_old_layouts_are_opened_too() -> None:
    assert len(SMACRun.from_path(TEST_RUNS / "2.2.0" / "objectives").history) == 60
