"""What the page says of a run that has grown since its results."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

pytest.importorskip("dash", reason="no dashboard without Dash")

from deepcave_symbolic.dashboard.own.growth import Growth
from deepcave_symbolic.dashboard.panel.recorded_run import RecordedRun
from deepcave_symbolic.exceptions import DeepcaveSymbolicError
from deepcave_symbolic.runs import load_run
from places import SVM
from run_folders import keep_trials


def test_new_trials_are_counted(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SVM, tmp_path / "run"))
    whole = (folder / "runhistory.json").read_text(encoding="utf-8")
    keep_trials(folder, 25)
    reads = []

    def run() -> RecordedRun:
        return RecordedRun(str(folder), lambda place: reads.append(place) or load_run(place))

    growth = Growth()
    then = growth.now(run())
    assert then["trials"] == 25 and growth.since(then, run()) == ""
    assert len(reads) == 1, "files that have not changed are not read again"
    (folder / "runhistory.json").write_text(whole, encoding="utf-8")
    new = len(json.loads(whole)["data"]) - 25
    assert growth.since(then, run()) == growth.since(then, run()) == f"{new} new trials since these results."
    assert len(reads) == 2
    assert growth.since(growth.now(run()), run()) == ""
    keep_trials(folder, 26)
    assert growth.since(then, run()) == "1 new trial since these results."
    keep_trials(folder, 20)
    assert growth.since(then, run()) == "", "a run that was begun anew has none"


def test_half_written_files_are_an_error_of_ours(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SVM, tmp_path / "run"))
    growth = Growth()
    then = growth.now(RecordedRun(str(folder), load_run))
    (folder / "runhistory.json").write_text("{", encoding="utf-8")
    with pytest.raises(DeepcaveSymbolicError):
        growth.since(then, RecordedRun(str(folder), load_run))
