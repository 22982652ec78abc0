"""The page as it is opened: its inputs are filled in, and a run that was read is not read again."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("dash", reason="no dashboard without Dash")

from deepcave_symbolic.dashboard.allowed_runs import AllowedRuns
from deepcave_symbolic.dashboard.own.fresh import fresh_page
from deepcave_symbolic.dashboard.own.offer import Offer
from deepcave_symbolic.dashboard.own.opened_runs import OpenedRuns
from deepcave_symbolic.dashboard.own.page import Registered
from deepcave_symbolic.dashboard.panel.choices import ALL, AUTOMATIC, NONE
from places import FIDELITY, SVM
from run_folders import keep_trials


def read_by(offers: list[Offer], folder: Path) -> tuple[OpenedRuns, list[str]]:
    """Runs that note each time when one is read."""
    reads: list[str] = []
    runs = OpenedRuns(AllowedRuns((str(folder),), ()), offers, ready=lambda: reads.append("read"))
    return runs, reads


def test_inputs_stand_in_the_page_and_a_run_is_read_once(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SVM, tmp_path / "run"))
    told = Offer(**Offer.of(str(folder)).to_dict())  # as the server gets it
    runs, reads = read_by([told], folder)
    page = fresh_page(runs, "tab")
    first = page[Registered.id("hyperparameter_name_1")]
    assert [option["value"] for option in first.options] == [AUTOMATIC, ALL, "C", "gamma"]
    assert first.value == AUTOMATIC and page[Registered.id("hyperparameter_name_2")].value == NONE
    assert page[Registered.id("pick")].value == "best" and page[Registered.id("weights_hidden")].hidden is True
    # A select of dbc 2 takes the number 0 for nothing chosen.
    assert page[Registered.id("objective_id")].value == "0"
    assert page["laws-choice"].options[1:] == first.options[2:]
    assert reads == []
    keep_trials(folder, 25)
    fresh_page(runs, "tab")
    fresh_page(runs, "tab")
    assert reads == ["read"], "read again where its files have changed, once"


def test_a_run_that_cannot_be_read_has_a_page(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SVM, tmp_path / "run"))
    runs, _ = read_by([replace(Offer.of(str(folder)), state="another")], folder)
    (folder / "runhistory.json").write_text("{", encoding="utf-8")
    page = fresh_page(runs, "tab")
    assert page[Registered.id("objective_id")].options == [] and page["laws-choice"].options[1:] == []
    assert page[Registered.id("seed")].value == 0
    assert fresh_page(OpenedRuns(AllowedRuns((), ())), "tab")["run"].value is None


def test_budgets_are_offered() -> None:
    runs = OpenedRuns(AllowedRuns((str(FIDELITY),), ()))
    labels = [option["label"] for option in fresh_page(runs, "tab")[Registered.id("budget_id")].options]
    assert "All, the budget as a hyperparameter" in labels
