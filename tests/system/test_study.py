"""Studies on several processes: the same as in one, killed midway and resumed, two commands on one folder."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from deepcave_symbolic import explain_all, explain_study
from deepcave_symbolic.exceptions import NoTrialsError, UnknownNameError
from deepcave_symbolic.explainer import Explainer
from deepcave_symbolic.study import schedule
from places import FOREST, SVM
from run_folders import keep_trials
from waiting import LIMIT, wait_until

QUICK: dict[str, Any] = {"max_complexity": 6}
COMMAND = [sys.executable, "-m", "deepcave_symbolic", "explain"]


@pytest.mark.long
def test_processes_change_nothing() -> None:
    before = workers()
    together, alone = explain_all(SVM, n_jobs=2, **QUICK), explain_all(SVM, **QUICK)
    assert [e.to_dict() for e in together] == [e.to_dict() for e in alone]
    assert not psutil.wait_procs(workers() - before, timeout=LIMIT)[1]


def workers() -> set[psutil.Process]:
    """This process's pools of workers; a browser of other tests, and joblib's tracker that stays, are none."""
    found = set()
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # one of other tests, which ends meanwhile
            if "popen_loky" in " ".join(child.cmdline()):
                found.add(child)
    return found


def test_errors_come_back_typed_from_another_process(tmp_path: Path) -> None:
    run = Path(shutil.copytree(SVM, tmp_path / "run"))
    keep_trials(run, 1)
    with pytest.raises(NoTrialsError, match="needs at least 3"):
        explain_all(run, n_jobs=2)
    with pytest.raises(UnknownNameError) as caught:
        explain_all(SVM, objective="rnse", n_jobs=2)
    assert caught.value.valid == ("rmse",)


@pytest.mark.long
def test_a_process_that_dies_costs_its_explanation_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def dying(explainer: Explainer, names: tuple[str, ...]) -> Any:
        return os._exit(1) if names == ("C",) else explainer.explain(*names)

    monkeypatch.setattr(schedule, "explained", dying)
    study = explain_study(SVM, n_jobs=2, **QUICK)
    assert [e.hyperparameters for e in study.explanations] == [("gamma",)]
    (failure,) = study.failures
    assert failure.hyperparameters == ("C",) and "memory was short" in str(failure) and not failure.internal


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    out = tmp_path_factory.mktemp("whole") / "out"
    done = subprocess.run(arguments_for(out), capture_output=True, text=True, check=True)
    return out, done.stdout


def arguments_for(out: Path, *more: str) -> list[str]:
    return [*COMMAND, str(FOREST), str(SVM), "--output-folder", str(out), "--max-complexity", "6", *more]


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.long)])
def test_killed_midway_and_resumed(tmp_path: Path, uninterrupted: tuple[Path, str], number: signal.Signals) -> None:
    out = tmp_path / "out"
    with subprocess.Popen(arguments_for(out, "--jobs", "2"), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        wait_until(lambda: list(out.glob("*.json")))
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(number)
        process.communicate(timeout=LIMIT)
    assert process.returncode == (-9 if number == signal.SIGKILL else 130)
    assert children and not psutil.wait_procs(children, timeout=LIMIT)[1]
    n = len(list(out.glob("*.json")))
    assert 1 <= n < 8
    done = subprocess.run(arguments_for(out), capture_output=True, text=True)
    assert done.returncode == 0 and f"{n} of 8 found in {out}" in done.stderr
    assert done.stdout == uninterrupted[1]
    assert contents(out) == contents(uninterrupted[0])


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.json")}


@pytest.mark.long
def test_two_commands_on_one_folder(tmp_path: Path, uninterrupted: tuple[Path, str]) -> None:
    out = tmp_path / "out"
    processes = [subprocess.Popen(arguments_for(out), stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=LIMIT)[0] for process in processes] == [uninterrupted[1]] * 2
    assert contents(out) == contents(uninterrupted[0]) and not list(out.glob(".*"))
