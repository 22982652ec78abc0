"""Runs that a dashboard is started with: those that cannot be opened are named and left out."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deepcave_symbolic.dashboard import start
from deepcave_symbolic.dashboard.launcher.options import DashboardOptions
from deepcave_symbolic.exceptions import MissingDependencyError, RunFormatError, RunNotFoundError
from deepcave_symbolic.runs.optuna import storage
from places import FOREST, SVM


@dataclass(frozen=True)
class _Host:
    options: DashboardOptions
    opens_storages: bool = True

    def refused(self, runs: Any) -> dict[Path, str]:
        return {run: "It is refused." for run in runs if run == FOREST}


def _opened(*runs: str | Path) -> list[Path]:
    return start._readable(_Host(DashboardOptions(runs=tuple(map(str, runs)))))  # type: ignore[arg-type]


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database of Optuna's where Optuna is not installed."""

    def missing(module: str, *, purpose: str) -> Any:
        raise MissingDependencyError(f"{purpose} needs the package {module!r}.")

    monkeypatch.setattr(storage, "import_optional", missing)
    with sqlite3.connect(tmp_path / "study.db") as database:
        for table in ("studies", "trials"):
            database.execute(f"create table {table} (a)")
    return tmp_path / "study.db"


def test_what_cannot_be_opened_is_named_and_left_out(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    junk, nowhere = tmp_path / "junk.json", tmp_path / "nowhere"
    junk.write_text("[1, 2", encoding="utf-8")
    assert _opened(study, nowhere, SVM, junk, FOREST) == [SVM]
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(" is not opened: ")[0] for line in said] == [
        f"deepcave-symbolic: warning: {path}" for path in (study, nowhere, junk, FOREST)
    ]
    assert f"Reading {study}, which holds studies of Optuna's, needs the package 'optuna'" in said[0]


def test_where_none_can_be_opened_all_are_named(study: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingDependencyError, match=f"Reading {study}, which"):
        _opened(study)
    with pytest.raises(RunNotFoundError, match="nowhere"):
        _opened(tmp_path / "nowhere")
    with pytest.raises(RunFormatError) as caught:
        _opened(tmp_path / "nowhere", study, FOREST)
    for path in (tmp_path / "nowhere", study, FOREST):
        assert f"{path} is not opened: " in str(caught.value)
