"""DeepCAVE opens runs that its own reader refuses, through our Config's converters."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from functools import partial
from pathlib import Path
from types import SimpleNamespace
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
from deepcave.runs.handler import RunHandler

from deepcave_symbolic import load_run
from deepcave_symbolic.cli import main
from deepcave_symbolic.config import Config
from deepcave_symbolic.dashboard.deepcave_readers import SMACRun, StudyRun
from deepcave_symbolic.dashboard.launcher.runs import run_places, unreadable, what_is_wrong
from deepcave_symbolic.dashboard.panel.choices import options_of
from deepcave_symbolic.dashboard.panel.compute import compute
from deepcave_symbolic.dashboard.panel.inputs import defaults
from deepcave_symbolic.dashboard.panel.plugin import SymbolicFormulas
from deepcave_symbolic.exceptions import InvalidArgumentError, RunFormatError, RunNotFoundError


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


@pytest.mark.slow
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


@pytest.fixture(scope="module")
def sequences(base: Path) -> Path:
    """A run whose choices are lists, with a condition and a clause on them."""
    folder = base / "layers" / "0"
    shutil.copytree(SVM, folder)
    choices = [[32], [64, 64], [32, 32, 32]]
    layers = {"type": "categorical", "name": "layers", "choices": choices, "weights": None, "default_value": [32]}
    clause = {"type": "AND", "clauses": [{"type": "IN", "name": "layers", "values": [[64, 64]]}]}
    clause["clauses"].append({"type": "EQUALS", "name": "C", "value": 1.0})

    def add_hyperparameter(data: Any) -> None:
        data["hyperparameters"].append({**layers, "meta": None})
        data["conditions"] = [{"type": "EQ", "child": "gamma", "parent": "layers", "value": [32]}]
        data["forbiddens"] = [clause]

    def add_choices(data: Any) -> None:
        for i, values in enumerate(data["configs"].values()):
            values["layers"] = choices[i % 3]
            if i % 3:
                del values["gamma"]

    edit_json(folder / "configspace.json", add_hyperparameter)
    edit_json(folder / "runhistory.json", add_choices)
    return folder


def test_choices_that_are_lists_have_their_names(sequences: Path) -> None:
    with pytest.raises(TypeError, match="unhashable type"):
        SMAC3v2Run.from_path(sequences)
    run, record = SMACRun.from_path(sequences), load_run(sequences)
    assert len(run.history) == len(record.trials) and len(run.configs) == len(record.configurations)
    assert list(run.configspace["layers"].choices) == ["(32,)", "(64, 64)", "(32, 32, 32)"]
    # What the pages of DeepCAVE ask first, and what goes to a worker.
    for config_id in run.configs:
        config = run.get_config(config_id)
        assert run.get_config_id(config) == config_id and ("gamma" in config) == (config["layers"] == "(32,)")
    assert np.isfinite(run.encode_config(0)).all()
    json.dumps(run.configs)
    assert pickle.loads(pickle.dumps(run)).configs == run.configs
    given = SymbolicFormulas().generate_inputs(hyperparameter_name_1="layers")
    outputs = SymbolicFormulas().generate_outputs(run, given)
    assert [e["hyperparameters"] for e in outputs["explanations"]] == [["layers"]]


@pytest.mark.slow
def test_runs_of_smac_are_called_by_what_tells_them_apart(
    sequences: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Config().PLUGINS  # DeepCAVE asks for them when it starts
    monkeypatch.setattr("deepcave._api_mode", False)
    first, second = (Path(shutil.copytree(SVM, tmp_path / name / "rbf" / "0")) for name in ("a", "b"))
    runs = [SMACRun.from_path(path) for path in (sequences, first)]
    assert [run.name for run in runs] == ["layers/0", "rbf/0"]

    def labels(runs: list[Any]) -> list[str]:
        options = SymbolicFormulas.load_run_inputs(runs, [], lambda run: True)["run"]["options"]
        return [option["label"] for option in options]

    assert labels(runs) == ["layers/0", "rbf/0"]
    assert labels([runs[1], SMACRun.from_path(second)]) == ["a/rbf/0", "b/rbf/0"]
    # On the page that adds runs, where others are listed beside those that are selected.
    handler = SimpleNamespace(runs={str(first): runs[1], str(second): None})
    assert [RunHandler.get_run_name(handler, path) for path in (first, str(sequences))] == ["a/rbf/0", "layers/0"]


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


@pytest.mark.parametrize("file", ["runhistory.json", "scenario.json", "configspace.json", "configspace.csv"])
def test_no_pickle_beside_another_run_is_opened(tmp_path: Path, file: str) -> None:
    pytest.importorskip("optuna", reason="without it DeepCAVE opens no pickle")
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / file).write_text("")
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


def test_a_folder_stands_for_the_runs_below_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [Path(shutil.copytree(SVM, tmp_path / "runs" / name / "0")) for name in ("a", "b", "broken")]
    monkeypatch.chdir(tmp_path)
    found = partial(run_places, storages=False)
    assert found("runs") == runs and found("runs/a") == runs[:1]
    assert found(str(tmp_path)) == runs
    (tmp_path / "other").mkdir()
    assert found("other") == [tmp_path / "other"]  # perhaps another optimizer's, for DeepCAVE to try
    with pytest.raises(RunNotFoundError, match="No such file or folder: none"):
        found("none")
    (runs[2] / "runhistory.json").write_text("[]", encoding="utf-8")
    ((refused, reason),) = unreadable([*runs, tmp_path / "other"]).items()
    assert refused == runs[2] and "holds a JSON list" in reason


@pytest.mark.parametrize("place", ["sqlite:///studies.db", "studies.db"])
def test_deepcave_is_said_to_open_no_studies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("studies.db").write_bytes(b"SQLite format 3\x00".ljust(100, b"\x00"))
    with pytest.raises(InvalidArgumentError, match="holds studies of Optuna's; the dashboard in DeepCAVE opens fold"):
        run_places(place, storages=False)
    assert main(["dashboard", place, "--host-app", "deepcave", "--no-browser"]) == 2
    assert "Use the app of our own (--host-app own), `deepcave-symbolic explain`" in capsys.readouterr().err


def test_runs_of_which_none_can_be_read_start_nothing(tmp_path: Path, capsys: Any) -> None:
    for name in ("a", "b"):
        folder = shutil.copytree(SVM, tmp_path / name / "0")
        (Path(folder) / "runhistory.json").write_text("[]", encoding="utf-8")
    assert main(["dashboard", str(tmp_path), "--no-browser"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    for name in ("a", "b"):
        assert f"{tmp_path / name / '0'} is not opened: " in told


def test_old_layouts_are_opened_too() -> None:
    assert len(SMACRun.from_path(TEST_RUNS / "2.2.0" / "objectives").history) == 60
