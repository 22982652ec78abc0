"""Which runs the page offers, and which it may add."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

pytest.importorskip("dash", reason="no dashboard without Dash")

from deepcave_symbolic.dashboard.allowed_runs import AllowedRuns
from deepcave_symbolic.dashboard.launcher.runs import run_places
from deepcave_symbolic.dashboard.own.opened_runs import OpenedRuns
from deepcave_symbolic.dashboard.own.run_state import state_of
from deepcave_symbolic.dashboard.panel.choices import options_of
from deepcave_symbolic.dashboard.panel.recorded_run import RecordedRun
from deepcave_symbolic.exceptions import InvalidArgumentError, RunNotFoundError, UnknownNameError
from deepcave_symbolic.runs import load_run
from deepcave_symbolic.runs.deepcave import COMBINED_BUDGET
from deepcave_symbolic.runs.load import read_run
from other_formats import WRITERS
from places import EXAMPLE_RUNS, FIDELITY, FOREST, SVM


def test_runs_of_the_command_line_and_of_roots(tmp_path: Path) -> None:
    runs = OpenedRuns(AllowedRuns((str(SVM),), (str(EXAMPLE_RUNS),)))
    assert [each["label"] for each in runs.options()] == ["svm_bbo"]
    assert runs.add(f" {FOREST} ") == runs.add(str(FOREST)) == str(FOREST)
    assert runs.places == (str(SVM), str(FOREST))
    assert runs.run(str(FOREST)).record.name == "mlp_hpo"
    with pytest.raises(InvalidArgumentError, match="neither a run of the command line"):
        runs.add(str(tmp_path))
    link = tmp_path / "link"
    os.symlink(EXAMPLE_RUNS, link)
    inside = OpenedRuns(AllowedRuns((), (str(link.parent),)))
    with pytest.raises(InvalidArgumentError, match="neither a run"):
        inside.add(str(link / "svm_bbo"))
    with pytest.raises(InvalidArgumentError, match=r"holds 4 runs .* Name one"):
        runs.add(str(EXAMPLE_RUNS))
    with pytest.raises(RunNotFoundError):
        runs.add(str(EXAMPLE_RUNS / "none"))
    with pytest.raises(InvalidArgumentError, match="neither a run of the command line"):
        runs.run(str(tmp_path))
    # Pages ask for what was added before the server was started once more.
    assert runs.run(str(FIDELITY)).path == str(FIDELITY)


def test_what_can_be_added_is_listed(tmp_path: Path) -> None:
    for name in ("one", "two"):
        shutil.copytree(SVM, tmp_path / "root" / name)
    shutil.copytree(SVM, tmp_path / "outside")
    os.symlink(tmp_path / "outside", tmp_path / "root" / "link")
    root = tmp_path / "root"
    runs = OpenedRuns(AllowedRuns((str(root / "one"),), (str(root),)))
    assert runs.roots == (str(root),)
    assert runs.addable() == [{"label": "two", "value": str(root / "two")}]
    runs.add(str(root / "two"))
    assert runs.addable() == []
    # Without --root there is nothing beside the runs of the command line.
    alone = OpenedRuns(AllowedRuns((str(SVM),), ()))
    assert alone.roots == () and alone.addable() == []
    (tmp_path / "empty").mkdir()
    assert OpenedRuns(AllowedRuns((), (str(tmp_path / "empty"), str(tmp_path / "none")))).addable() == []


@pytest.mark.parametrize("name", WRITERS)
def test_runs_of_other_optimizers_open(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    WRITERS[name](folder)
    runs = OpenedRuns(AllowedRuns((), (str(tmp_path),)))
    run = runs.run(runs.add(str(tmp_path)))
    assert run.record.optimizer == name and run.get_budgets() == [1.0, 3.0, COMBINED_BUDGET]
    assert [choice["value"] for choice in options_of(run)["hyperparameter_name_1"]][-4:-1] == list(run.configspace)


def test_studies_of_optuna_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    optuna = pytest.importorskip("optuna", reason="reads Optuna's files")
    monkeypatch.chdir(tmp_path)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    for file, names in (("one.db", ["net"]), ("two.db", ["a", "b"])):
        for name in names:
            study = optuna.create_study(study_name=name, storage=f"sqlite:///{file}")
            study.optimize(lambda trial: trial.suggest_float("lr", 1e-4, 1.0, log=True), n_trials=4)
    one, two = tmp_path / "one.db", tmp_path / "two.db"
    assert run_places("two.db", storages=True) == [Path(f"{two}#a"), Path(f"{two}#b")]
    assert len(read_run(Path(f"{two}#a")).trials) == 4
    with pytest.raises(UnknownNameError, match="none"):
        read_run(Path(f"{two}#none"))

    runs = OpenedRuns(AllowedRuns((), (str(tmp_path),)))
    assert runs.add("sqlite:///one.db") == runs.add("one.db") == str(one)
    assert runs.add("sqlite:///two.db#b") == f"{two}#b"
    with pytest.raises(InvalidArgumentError, match=r"holds 2 runs .*Name one"):
        runs.add("two.db")
    with pytest.raises(InvalidArgumentError, match="on servers, are not opened"):
        runs.add("mysql://host/name")
    assert [each["label"] for each in runs.options()] == ["one.db", "two.db#b"]
    run = runs.run(f"{two}#b")
    assert list(run.configspace) == ["lr"] and len(run.record.trials) == 4
    before = state_of(f"{two}#b")
    study.optimize(lambda trial: trial.suggest_float("lr", 1e-4, 1.0, log=True), n_trials=1)
    assert state_of(f"{two}#b") != before

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "link.db").symlink_to(one)
    with pytest.raises(InvalidArgumentError, match="neither a run"):
        OpenedRuns(AllowedRuns((), (str(elsewhere),))).add(str(elsewhere / "link.db"))


@pytest.mark.parametrize("folder", [SVM, FOREST, FIDELITY])
def test_a_run_offers_what_it_offers_in_deepcave(folder: Path) -> None:
    converter = pytest.importorskip("deepcave.runs.converters.smac3v2", reason="compares with DeepCAVE")
    ours = RecordedRun(str(folder), load_run)
    theirs = converter.SMAC3v2Run.from_path(folder)
    assert options_of(ours) == options_of(theirs)
    assert [ours.get_budget(i) for i in ours.get_budget_ids()] == theirs.get_budgets() or not ours.get_budgets()
