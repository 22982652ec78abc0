"""What is asked in one spelling, and what is kept under it."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("dash", reason="no dashboard without Dash")

from deepcave_symbolic.dashboard.own import results as results_module
from deepcave_symbolic.dashboard.own.results import UNWRITTEN, Results, question_of
from deepcave_symbolic.dashboard.panel.inputs import defaults
from places import SVM


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results(tmp_path / "results")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SVM, tmp_path / "run"))


@pytest.mark.parametrize(
    "same",
    [
        {},
        defaults(),
        {"seed": "0", "region": "", "budget_id": None},
        {"pick": "simplest", "longest": 3, "form": "a + b*C"},
        {"functions": list(reversed(defaults()["functions"]))},
    ],
)
def test_one_question_has_one_key(results: Results, run: Path, same: dict[str, Any]) -> None:
    assert results.key(str(run), same) == results.key(str(run), {"engine": "auto"})


def test_another_question_and_a_run_that_grew_have_others(results: Results, run: Path) -> None:
    keys = [results.key(str(run), {}), results.key(str(SVM), {}), results.key(str(run), {"seed": 1})]
    keys += [results.key(str(run), changed) for changed in ({"functions": []}, {"trend_1": "falling"})]
    os.utime(run / "runhistory.json", (1, 1))
    keys.append(results.key(str(run), {}))
    assert len(set(keys)) == len(keys)


def test_a_question_stays_one_while_the_run_grows(run: Path) -> None:
    question = question_of(str(run), {})
    os.utime(run / "runhistory.json", (1, 1))
    assert question == question_of(str(run), {"seed": "0"}) != question_of(str(run), {"seed": 1})


def test_results_are_found_again_but_failed_ones_answer_nothing(results: Results, run: Path) -> None:
    key = results.key(str(run), {})
    name = results.write(key, {"error": {}})
    assert name != key and not results.knows(key) and results.read(name) == {"error": {}}
    assert results.write(key, {"n": 1}) == key
    assert results.knows(key) and results.read(key) == {"n": 1}
    results._file(key).write_text("{", encoding="utf-8")
    os.utime(results._file(key), (1, 1))
    assert not results.knows(key)


@pytest.mark.parametrize("name", ["../run/runhistory", "0" * 63, f"{'0' * 64}/../x", "0" * 64, ""])
def test_no_other_file_is_read(results: Results, name: str) -> None:
    assert results.read(name) is None


def test_a_full_disk_is_said(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    name = results.write("0" * 64, {"n": 1})
    assert name == UNWRITTEN and "cache folder" in results.read(name)["error"]["message"]
    assert list(results._folder.iterdir()) == []


def test_the_oldest_go(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results_module, "_MOST", 3)
    keys = [f"{i:064x}" for i in range(5)]
    for i, key in enumerate(keys):
        results.write(key, {"n": i})
        os.utime(results._file(key), (i + 1, i + 1))
    assert [results.knows(key) for key in keys] == [False, False, True, True, True]
