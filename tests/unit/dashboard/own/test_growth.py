"""What the page says of a run that has grown since its results."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("dash", reason="no dashboard without Dash")

from deepcave_symbolic.dashboard.own.growth import Growth
from deepcave_symbolic.dashboard.own.history import History
from deepcave_symbolic.dashboard.panel.recorded_run import RecordedRun
from deepcave_symbolic.exceptions import DeepcaveSymbolicError
from deepcave_symbolic.runs import load_run
from deepcave_symbolic.show.blocks import Note, Table
from places import SVM
from records import explanation
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


def test_answers_before_the_run_grew_are_shown_beside_the_latest() -> None:
    history = History()
    early, late = replace(explanation(), verdict="with care"), replace(explanation(), verdict="trust")
    assert history.with_answer("one", 20, early) == history.with_answer("one", 20, early) == []
    assert history.with_answer("another", 30, late) == []
    table, note = history.with_answer("one", 30, late)
    assert isinstance(table, Table) and [row[:2] for row in table.rows] == [("20", "with care"), ("30", "trust")]
    assert note == Note("The verdict was “with care” with 20 trials and is “trust” with 30.")
    assert history.with_answer("one", 31, late)[1] == Note("The verdict is “trust” with 31 trials, as it was with 30.")
    assert history.with_answer("one", 10, early) == [], "a run that was begun anew has no past"
    for n in range(40, 60):
        table, _ = history.with_answer("one", n, late)
    assert isinstance(table, Table) and [row[0] for row in table.rows] == [str(n) for n in range(52, 60)]
