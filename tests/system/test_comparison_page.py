"""The HTML page of several runs: whole in one file, every run in it, every name literal."""

from __future__ import annotations

import json
from datetime import date
from itertools import pairwise
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from deepcave_symbolic import Comparison, LawComparison, RunComparison, compare, compare_laws, compare_runs
from deepcave_symbolic.cli import main
from deepcave_symbolic.show.cards import BIBTEX
from deepcave_symbolic.show.html import MAX_BYTES, page
from hostile import SCRIPTS, renamed
from html_tags import Tags
from places import EXAMPLE_RUNS, ROOT

HEART = ROOT / "benchmarks" / "data" / "tuning" / "svm-heart"
LAWFUL = ROOT / "benchmarks" / "data" / "laws" / "tuning" / "blood_transfusion-acc-all" / "hpo-200"
SHORT = ["--max-complexity", "10"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page that the command writes on the formulas of two runs."""
    target = tmp_path_factory.mktemp("page") / "gamma.html"
    assert main(["compare", str(HEART), "-p", "gamma", *SHORT, "--format", "html", "-o", str(target)]) == 0
    assert [path.name for path in target.parent.iterdir()] == ["gamma.html"]
    return target.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(HEART, "gamma", max_complexity=10)


def assert_sound(html: str) -> Tags:
    """Nothing is fetched, the headings are in order, links lead somewhere, tables have headers."""
    tags = Tags(html)
    assert len(html.encode()) < MAX_BYTES and "default-src 'none'" in html
    assert tags.headings[0] == 1 and tags.headings.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(tags.headings))
    assert tags.links and all(link.startswith("#run-") and link[1:] in tags.ids for link in tags.links)
    assert {cell.get("scope") for cell in tags.header_cells} == {"col", "row"}
    assert len(tags.ids) == len(set(tags.ids))
    assert f"{date.today():%-d %B %Y}" in tags.text and BIBTEX in tags.text
    return tags


def test_the_command_writes_the_runs_side_by_side(written: str, comparison: Comparison) -> None:
    tags = assert_sound(written)
    assert "<h1>gamma in 2 runs</h1>" in written
    agreeing = ", ".join(f"{c.name} ({c.role})" for c in comparison.agreeing())
    assert f"2 runs. Agree: {agreeing}." in tags.text
    assert comparison.form_mathml(breakable=True) in written, "the common form"
    assert all(e.best.mathml() in written for e in comparison.explanations), "every run's own formula"
    assert all(note in tags.text for note in comparison.notes)
    # The figure of all runs, and one of each.
    assert 'aria-label="gamma in 2 runs: surrogates and common form"' in written
    assert written.count("data-figure=") == 1 + 2
    assert tags.tags["section"] == 2 + 1
    for e in comparison.explanations:
        assert e.run in tags.text and e.findings().optimum.sentence in tags.text
    assert "deepcave-symbolic compare" in tags.text and "--format html" in tags.text


def test_python_has_the_same_page_without_its_command(written: str, comparison: Comparison) -> None:
    html = comparison.to_html()
    assert Comparison.from_dict(json.loads(json.dumps(comparison.to_dict()))).to_html() == html
    start, end = '<p class="label">Command</p>', "</pre>"
    command = written[written.index(start) : written.index(end, written.index(start)) + len(end)]
    assert written.replace(command, "") == html


def test_laws_have_a_page(tmp_path: Path) -> None:
    runs = [str(copytree(LAWFUL, tmp_path / "lawful")), str(EXAMPLE_RUNS / "mlp_hpo")]
    target = tmp_path / "laws.html"
    name = "learning_rate_init"
    assert main(["compare", *runs, "-p", name, "--law", "--format", "html", "-o", str(target)]) == 0
    compared = compare_laws(runs, name)
    tags = assert_sound(html := target.read_text(encoding="utf-8"))
    assert "2 runs, 1 with a law." in tags.text
    assert compared.laws[0].formula.mathml(breakable=True) in html
    assert f"No law. {compared.laws[1].reason}" in tags.text, "in the section of the run"
    assert html.count("data-figure=") == 1
    assert LawComparison.from_dict(compared.to_dict()).to_html() == compared.to_html()


def test_whole_runs_have_a_page(tmp_path: Path) -> None:
    target = tmp_path / "runs.html"
    assert main(["compare", str(HEART), "--max-complexity", "12", "--format", "html", "-o", str(target)]) == 0
    compared = compare_runs(HEART, max_complexity=12)
    tags = assert_sound(html := target.read_text(encoding="utf-8"))
    assert "What each part accounts for in each run" in tags.text
    assert all(e.formula.mathml() in html for e in compared.explained)
    incumbents = sum(e.incumbent is not None and bool(e.parts) for e in compared.explained)
    assert html.count("data-figure=") == 1 + incumbents > 1
    assert RunComparison.from_dict(compared.to_dict()).to_html() == compared.to_html()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([str(HEART), "-p", "gamma"], "name it, such as -o comparison.html"),
        ([str(HEART), "-p", "gamma", "-o", "."], "folder"),
        ([str(HEART), "-p", "degree", "-o", "x.html"], "degree"),
        ([str(HEART / "bbo"), "-p", "gamma", "-o", "x.html"], "two runs or more"),
        (["nowhere", "-o", "x.html"], "nowhere"),
        ([str(HEART), "--law", "-o", "x.html"], "name it with -p"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, capsys: Any, monkeypatch: Any, arguments: list[str], words: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["compare", *arguments, *SHORT, "--format", "html"]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1 and words in captured.err
    assert list(tmp_path.iterdir()) == []


def test_what_does_not_fit_is_named(comparison: Comparison, monkeypatch: Any) -> None:
    whole = len(comparison.to_html().encode())
    monkeypatch.setattr(page, "MAX_BYTES", whole + 20_000)
    html = comparison.to_html()
    assert len(html.encode()) <= whole + 20_000
    assert html.count('<p class="left-out">') > 0 and comparison.form_mathml(breakable=True) in html


def test_hostile_names_are_literal(written: str, tmp_path: Path) -> None:
    runs = [renamed(tmp_path / name, list(SCRIPTS.values())) for name in ("<script>hacked()<!--", "<b>'\"")]
    target = tmp_path / "page.html"
    names = ["-p", SCRIPTS["learning_rate_init"]]
    arguments = ["compare", *map(str, runs), *names, "--max-complexity", "6", "--format", "html", "-o", str(target)]
    assert main(arguments) == 0
    plain, tags = Tags(written), Tags(html := target.read_text(encoding="utf-8"))
    assert set(tags.tags) <= set(plain.tags) and tags.attributes <= plain.attributes
    assert tags.tags["script"] == plain.tags["script"] and tags.tags["title"] == 1
    for name in (SCRIPTS["learning_rate_init"], SCRIPTS["error"], runs[0].name):
        assert name.replace("\u202e", "\\u202e") in tags.text
    assert "\u202e" not in html
