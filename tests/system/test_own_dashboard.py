"""The dashboard without DeepCAVE as a person starts it, asked by HTTP as its page asks; nothing stays behind."""

from __future__ import annotations

import json
import os
import signal
import sys
import urllib.error
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest

from dash_page import DashPage
from deepcave_symbolic.cli import main
from places import FIDELITY, FOREST, SVM
from started import Started
from waiting import wait_until


def major(package: str) -> int:
    try:
        return int(version(package).partition(".")[0])
    except PackageNotFoundError:
        return 0


pytestmark = pytest.mark.skipif(
    os.name != "posix" or major("dash") < 3 or major("dash-bootstrap-components") < 2,
    reason="needs Dash 3 or later, which Python 3.11 and later have",
)
OWN = ("--host-app", "own")
FIELD = "symbolic_formulas-{}-input"


def texts(component: Any) -> str:
    return json.dumps(component, ensure_ascii=False)


def chosen(page: DashPage, **values: Any) -> None:
    """Fills in inputs as a person does, one after the other."""
    for name, value in values.items():
        field = f"{FIELD.format(name)}.value"
        page.values[field] = value
        page.fire("asked.data", field)


def processed(page: DashPage) -> dict[str, Any]:
    page.fire("result.data", "process.n_clicks")
    words = page.fire("formula.children", "result.data")
    page.values["painted.data"] = page.values["drawn.data"]  # which the browser does
    return {**words, **page.fire("figure.figure", "painted.data")}


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    dashboard = Started(tmp_path_factory.mktemp("cache"), *OWN, str(SVM), str(FIDELITY), "--root", str(FOREST.parent))
    try:
        yield dashboard.ready()
        assert dashboard.end(signal.SIGTERM) == 0
    finally:
        dashboard.abandon()


@pytest.fixture
def page(started: Started) -> DashPage:
    opened = DashPage(started)
    opened.fire("symbolic_formulas-pick-input.value", "run.value")
    return opened


@pytest.mark.smoke
def test_page_and_formula(started: Started, page: DashPage) -> None:
    status, html = started.get()
    assert status == 200 and "Symbolic Formulas" in html and '<html lang="en">' in html
    # Nothing comes from elsewhere.
    assert "https://" not in html and "//cdn" not in html
    assert [each["value"] for each in page.values["run.options"]] == [str(SVM), str(FIDELITY)]
    chosen(page, max_complexity=8)
    shown = processed(page)
    assert "<math" in texts(shown["formula"]) and "svm_bbo" in texts(shown["heading"])
    assert shown["figure"]["figure"]["data"] and shown["figure_box"]["hidden"] is False


def test_same_question_is_answered_at_once_and_kept(started: Started, page: DashPage) -> None:
    chosen(page, max_complexity=7, hyperparameter_name_1="C")
    processed(page)
    known = page.values["result.data"]
    other = DashPage(started)
    other.fire("symbolic_formulas-pick-input.value", "run.value")
    chosen(other, hyperparameter_name_1="C", max_complexity="7")  # a field of the page gives a text
    assert other.values["result.data"] == known
    folder = started.folder
    assert (folder / "own-results" / f"{known['name']}.json").is_file()
    assert all(path.stat().st_mode & 0o077 == 0 for path in (folder, folder / "own-results", folder / "own-jobs"))


def test_two_tabs_on_two_runs(started: Started) -> None:
    first, second = DashPage(started), DashPage(started)
    assert first.values["tab.data"] != second.values["tab.data"]
    first.fire("symbolic_formulas-pick-input.value", "run.value")
    second.values["run.value"] = str(FIDELITY)
    second.fire("symbolic_formulas-pick-input.value", "run.value")
    budgets = [option["label"] for option in second.values[f"{FIELD.format('budget_id')}.options"]]
    assert "All, the budget as a hyperparameter" in budgets
    chosen(first, max_complexity=6)
    chosen(second, max_complexity=6)
    assert "svm_bbo" in texts(processed(first)["heading"])
    assert FIDELITY.name in texts(processed(second)["heading"])


def test_error_is_a_card_and_can_be_tried_again(page: DashPage) -> None:
    chosen(page, region="best 200%")
    shown = processed(page)
    assert "best 200%" in texts(shown["body"]) and "What to do" in texts(shown["body"])
    assert shown["retry"]["style"] == {} and shown["figure_box"]["hidden"] is True
    name = page.values["result.data"]["name"]
    assert name.startswith("failed-")
    page.fire("result.data", "retry.n_clicks")
    assert page.values["result.data"]["name"] == name


def test_runs_are_added_below_the_roots_only(page: DashPage, tmp_path: Path) -> None:
    for path, said in ((tmp_path, "neither a run of the command line"), ("", "Type the path")):
        page.values["path.value"] = str(path)
        assert said in page.fire("run.options", "add.n_clicks")["added"]["children"]
    page.values["path.value"] = str(FOREST)
    page.fire("run.options", "add.n_clicks")
    assert page.values["run.value"] == str(FOREST)
    assert page.values["added.children"] == "Added."


def test_what_the_page_does_not_offer_is_refused(started: Started, page: DashPage, tmp_path: Path) -> None:
    page.values["run.value"] = str(tmp_path)
    with pytest.raises(urllib.error.HTTPError):
        chosen(page, seed=1)
    page.values["result.data"] = {"key": "x", "name": "../../../meta"}
    assert "No formula" in texts(page.fire("formula.children", "result.data")["body"])


def test_a_job_that_is_killed_is_said(started: Started, page: DashPage) -> None:
    chosen(page, max_complexity=40, engine="gplearn", hyperparameter_name_1="(all)")
    server = started.child("server.py")  # before its jobs, which are forks of it
    page.start("result.data", "process.n_clicks")
    for _ in range(2):
        wait_until(server.children)
        for job in server.children():
            job.kill()
            job.wait()
    page.finish()
    assert "ended from outside" in texts(page.fire("formula.children", "result.data")["body"])


@pytest.fixture
def restarting(tmp_path: Path) -> Iterator[tuple[Started, DashPage]]:
    dashboard = Started(tmp_path, *OWN, str(SVM))
    try:
        page = DashPage(dashboard.ready())
        page.fire("symbolic_formulas-pick-input.value", "run.value")
        yield dashboard, page
        assert dashboard.end(signal.SIGTERM) == 0
    finally:
        dashboard.abandon()


def test_a_server_that_is_killed_is_started_once_more(restarting: tuple[Started, DashPage]) -> None:
    dashboard, page = restarting
    chosen(page, max_complexity=40, engine="gplearn", hyperparameter_name_1="(all)")
    page.start("result.data", "process.n_clicks")
    server = dashboard.child("server.py")
    wait_until(server.children)
    dashboard.look()
    server.kill()
    # Whoever asks meanwhile waits.
    assert page.finish()["result"]["data"]["name"] == "gone"  # so the page asks again, which a browser shows
    wait_until(lambda: "The server was ended by SIGKILL and was started once more" in dashboard.text)
    chosen(page, engine="auto", hyperparameter_name_1="C", max_complexity=7)
    assert "<math" in texts(processed(page)["formula"])


def test_end_takes_a_running_job_along(tmp_path: Path) -> None:
    dashboard = Started(tmp_path, *OWN, str(SVM))
    try:
        page = DashPage(dashboard.ready())
        page.fire("symbolic_formulas-pick-input.value", "run.value")
        chosen(page, max_complexity=40, engine="gplearn", hyperparameter_name_1="(all)")
        server = dashboard.child("server.py")
        page.start("result.data", "process.n_clicks")
        wait_until(server.children)
        dashboard.look()
        assert dashboard.end(signal.SIGINT) == 0
        assert "Stopping." in dashboard.text
    finally:
        dashboard.abandon()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells children that their parent is gone")
def test_a_killed_launcher_leaves_nothing(tmp_path: Path) -> None:
    dashboard = Started(tmp_path, *OWN, str(SVM))
    try:
        dashboard.ready()
        dashboard.end(signal.SIGKILL)
    finally:
        dashboard.abandon()


def test_the_others_open_where_one_run_cannot(tmp_path: Path) -> None:
    (tmp_path / "junk.json").write_text("[1, 2", encoding="utf-8")
    wrong = [str(tmp_path / name) for name in ("junk.json", "nowhere")]
    dashboard = Started(tmp_path, *OWN, wrong[0], str(SVM), wrong[1])
    try:
        page = DashPage(dashboard.ready())
        assert [each["value"] for each in page.values["run.options"]] == [str(SVM)]
        assert all(f"warning: {path} is not opened: " in dashboard.text for path in wrong)
        assert dashboard.end(signal.SIGTERM) == 0
    finally:
        dashboard.abandon()
    assert main(["dashboard", *OWN, "--no-browser", *wrong]) == 2


@pytest.mark.parametrize("options", [["--redis", "redis://h"], ["--user-config", "c.py"]])
def test_options_of_deepcave(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dashboard", str(SVM), *OWN, *options]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and f"{options[0]} is for the dashboard in DeepCAVE" in said


def test_no_workers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dashboard", str(SVM), *OWN, "--workers", "0"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "leaves nobody to compute" in said


@pytest.mark.parametrize("path", ["", "a/", "/a", "//", "/a b/", "/<a>/"])
def test_what_is_no_base_path(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dashboard", str(SVM), *OWN, "--base-path", path]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "with / at both ends" in said


def test_runs_that_cannot_be_read_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["dashboard", str(tmp_path / "empty"), *OWN, "--no-browser"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and str(tmp_path / "empty") in said
