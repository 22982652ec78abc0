"""Large studies: many runs and pairs on several processes, stored as they come and found again."""

from __future__ import annotations

import json
import os
import shutil
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ConfigSpace import ConfigurationSpace, Float

from deepcave_symbolic import Explanation, explain, explain_all, explain_study, load_run
from deepcave_symbolic.cli import main
from deepcave_symbolic.exceptions import InvalidArgumentError, WorkerError
from deepcave_symbolic.question import Question
from deepcave_symbolic.runs import Run
from deepcave_symbolic.study import plan_run, schedule
from deepcave_symbolic.study.processes import n_workers
from deepcave_symbolic.study.tasks import trained
from places import EXAMPLE_RUNS, SVM
from run_folders import fingerprint, keep_trials

QUICK: dict[str, Any] = {"max_complexity": 6}
COMMAND = [sys.executable, "-m", "deepcave_symbolic", "explain"]


def same(first: list[Explanation], second: list[Explanation]) -> bool:
    return [e.to_dict() for e in first] == [e.to_dict() for e in second]


def few(folder: Path) -> Path:
    """A run with so few trials that its surrogate is trained at once."""
    shutil.copytree(SVM, folder)
    keep_trials(folder, 12)
    return folder


# --- processes ----------------------------------------------------------------------------------------------------


def test_n_jobs_as_in_joblib() -> None:
    assert n_workers(None) == 1 and n_workers(3) == 3 and n_workers(-1) >= 1
    for bad in (0, True, 1.5, "2"):
        with pytest.raises(InvalidArgumentError, match="n_jobs"):
            explain_all(SVM, n_jobs=bad)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="not both"):
        explain_all(SVM, n_jobs=2, scheduler="tcp://127.0.0.1:1")


class Threads:
    """A pool of two threads."""

    def __init__(self) -> None:
        self.executor = ThreadPoolExecutor(2)

    def n_workers(self) -> int:
        return 2

    def submit(self, function: Any, *arguments: Any) -> Future[Any]:
        return self.executor.submit(function, *arguments)

    def failed(self, error: BaseException) -> WorkerError:
        return WorkerError(str(error))


@pytest.mark.slow
def test_a_surrogate_is_trained_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planned = [plan_run(few(tmp_path / name), Question(**QUICK)) for name in ("one", "two")]
    calls: list[str] = []

    def counted(run: Run, question: Question) -> Any:
        calls.append(run.name)
        return trained(run, question)

    monkeypatch.setattr(schedule, "trained_elsewhere", counted)
    # An explanation that another command stores meanwhile is not computed.
    stored = (planned[1].label, ("C",))
    results = list(schedule.computed(planned, Threads(), lambda run, names: (run.label, names) == stored))
    assert sorted(calls) == ["one", "two"]
    assert {(run.label, names) for run, names, _ in results} | {stored} == {
        (run.label, names) for run in planned for names in run.names
    }
    assert all(isinstance(result, Explanation) for _, _, result in results) and len(results) == 3


# --- the output folder --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_finished_explanations_are_found_again(tmp_path: Path) -> None:
    out, seen = tmp_path / "out", []
    first = explain_study(SVM, folder=out, found=lambda *n: seen.append(n), **QUICK)
    again = explain_study(SVM, folder=out, found=lambda *n: seen.append(n), **QUICK)
    assert seen == [(0, 2), (2, 2)] and again.n_found == 2
    assert same(first.explanations, again.explanations) and same(first.explanations, explain_all(SVM, **QUICK))
    assert [r.found for r in again.records] == [True, True]
    files = fingerprint(out)
    # Whatever decides the result is asked for: other options are another explanation, which lies beside the first.
    assert explain_study(SVM, folder=out, max_complexity=7).n_found == 0
    assert len(os.listdir(out)) == 4 and files.items() <= fingerprint(out).items()
    moved = shutil.copytree(SVM, tmp_path / "moved" / "svm_bbo")
    at_new_place = explain_study(moved, folder=out, **QUICK)
    assert at_new_place.n_found == 2
    assert {e.run for e in at_new_place.explanations} == {str(moved)}


@pytest.mark.slow
def test_stale_and_broken_files_are_computed_again(tmp_path: Path) -> None:
    run, out = few(tmp_path / "run"), tmp_path / "out"
    explain_study(run, folder=out, **QUICK)
    first, second = sorted(out.iterdir())
    whole = first.read_text(encoding="utf-8")
    data = json.loads(whole)
    explanation = data["explanation"]
    formula = {**explanation["formulas"][0], "r2": 0.125}
    parts: tuple[dict[str, Any], ...] = (
        {"verdict": "trust" if explanation["verdict"] != "trust" else "with care"},
        {"formulas": [formula, *explanation["formulas"][1:]]},
        {"projection": {**explanation["projection"], "mean": [0.125] * len(explanation["projection"]["mean"])}},
        {"surrogate": 1},
        {"schema": 0},
    )
    changed = [json.dumps({**data, "explanation": {**explanation, **part}}) for part in parts]
    changed += [whole[: len(whole) // 2], "", "[]", "[" * 100_000, json.dumps({"key": data["key"]})]
    changed += [whole.rstrip()[:-1] + ', "explanation": {}}', whole.replace('"seed": 0', f'"seed": {"9" * 5000}')]
    for broken in changed:
        first.write_text(broken, encoding="utf-8")
        os.utime(first, (1, 1))  # not one that is just being written
        assert explain_study(run, folder=out, **QUICK).n_found == 1
        assert first.read_text(encoding="utf-8") == whole
    (tmp_path / "precious").write_text("precious", encoding="utf-8")
    for replacement in (first.symlink_to, lambda _: os.mkfifo(first)):
        first.unlink()
        replacement(tmp_path / "precious")
        assert explain_study(run, folder=out, **QUICK).n_found == 1
        assert first.read_text(encoding="utf-8") == whole and not first.is_symlink()
    assert (tmp_path / "precious").read_text(encoding="utf-8") == "precious"
    keep_trials(run, 11)
    fresh = explain_study(run, folder=out, **QUICK)
    assert fresh.n_found == 0 and {e.surrogate.n_trials for e in fresh.explanations} == {11}  # type: ignore[union-attr]
    assert len(os.listdir(out)) == 2 and not second.exists()
    half = out / ".deepcave-symbolic-0123"
    half.write_text("half")
    os.utime(half, (1, 1))
    assert explain_study(run, folder=out, **QUICK).n_found == 2 and not half.exists()


def test_the_output_folder_is_checked_first(tmp_path: Path) -> None:
    run = shutil.copytree(SVM, tmp_path / "run")
    (tmp_path / "file").write_text("")
    for bad in (run, run / "below", tmp_path / "file", tmp_path / "file" / "x", "a\0b"):
        with pytest.raises(InvalidArgumentError):
            explain_study(run, folder=bad, **QUICK)
    assert sorted(p.name for p in run.iterdir()) == sorted(p.name for p in SVM.iterdir())


def test_hostile_names_make_harmless_files(tmp_path: Path) -> None:
    record = load_run(SVM)
    names = ("../../x/\n<b>", "C:\\con\u202e|*?" + "é" * 300)
    space = ConfigurationSpace()
    space.add([Float(name, (0.001, 1.0), log=True) for name in names])
    hostile = replace(record, configspace=space, name="a/../b", path=None)
    study = explain_study([hostile], folder=tmp_path, surrogate="forest", **QUICK)
    assert explain_study([hostile], folder=tmp_path, surrogate="forest", **QUICK).n_found == 2
    assert {e.hyperparameters[0] for e in study.explanations} == set(names)
    for path in tmp_path.iterdir():
        assert path.name.isascii() and len(path.name) < 100 and not set(path.name) & set("/\\:*?<>|\n ")


@pytest.mark.slow
def test_a_broken_run_does_not_stop_the_others(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    for name in ("a", "b"):
        shutil.copytree(SVM, runs / name)
    (runs / "b" / "runhistory.json").write_text("{", encoding="utf-8")
    os.utime(runs / "b" / "runhistory.json", (1, 1))
    out = tmp_path / "out"
    arguments = ["explain", str(runs), str(SVM), "--output-folder", str(out), "--max-complexity", "6"]
    assert main(arguments) == 2
    shown, said = capsys.readouterr()
    assert f"=== {runs / 'a'}" in shown and f"=== {SVM}" in shown and "=== " + str(runs / "b") not in shown
    assert [str(runs / "b") in line for line in said.splitlines()] == [False, True] and "truncated" in said
    assert "0 of 4 found in" in said
    # A run that cannot be explained at all is one line, too, and others are stored.
    assert main([*arguments, "--format", "json"]) == 2
    shown, said = capsys.readouterr()
    assert "4 of 4 found in" in said and len(json.loads(shown)) == 4


@pytest.mark.slow
def test_a_folder_above_runs_stands_for_them_in_a_study_only(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["explain", str(EXAMPLE_RUNS)]) == 2
    assert "holds 4 runs; give one of them" in capsys.readouterr().err
    # One hyperparameter of every run that has it, stored as well.
    assert (
        main(["explain", str(EXAMPLE_RUNS), "-p", "C", "--max-complexity", "7", "--output-folder", str(tmp_path)]) == 2
    )
    shown, said = capsys.readouterr()
    assert "0 of 1 found in" in said and said.count("Unknown hyperparameter 'C'") == 3 and "svm_bbo" in shown
    assert len(list(tmp_path.glob("*.json"))) == 1
    study = explain_study(EXAMPLE_RUNS.parent / "runs" / "svm_bbo" / "scenario.json", pairs=True, **QUICK)
    assert list(study.by_run()) == [str(SVM)] and len(study.explanations) == 1


@pytest.mark.slow
def test_one_explanation_in_a_study_is_the_single_one() -> None:
    (pair,) = explain_study([SVM], pairs=True, **QUICK).explanations
    assert pair.to_dict() == explain(SVM, "C", "gamma", **QUICK).to_dict()
