"""The HTML report of a run: whole in one file, small, every name literal."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import plotly.offline
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float

from deepcave_symbolic import Explanation, explain, explain_all, load_run, report_html
from deepcave_symbolic.cli import main
from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.projection import TrialPoints
from deepcave_symbolic.runs.run import Run, Status, Trial
from deepcave_symbolic.show.cards import BIBTEX
from deepcave_symbolic.show.document import document
from deepcave_symbolic.show.html import MAX_BYTES, page, report_page
from deepcave_symbolic.show.latex import write_latex
from deepcave_symbolic.show.overview import overview as overview_page
from hostile import renamed
from html_tags import Tags
from known_surrogates import OfVectors
from places import FOREST, SVM
from waiting import LIMIT

HOSTILE = {
    "solver": "</script><script>window.hacked=1</script>",
    "adam": "<img src=x onerror='window.hacked=2'>",
    "learning_rate_init": "\"><b onclick='hacked()'> $\\input{x}$ \u202eabc -->",
    "error": "]]><svg/onload=hacked()> & `error`",
}


def of_columns(function: Any) -> OfVectors:
    return OfVectors(lambda X: function(*np.nan_to_num(X).T), std=1e-3)


def run_of(space: ConfigurationSpace) -> Run:
    configurations = {i: config.get_array() for i, config in enumerate(space.sample_configuration(40))}
    trials = tuple(Trial(i, (float(i % 7),), Status.SUCCESS) for i in configurations)
    return Run("known", space, ("cost",), trials, configurations)


def floats(*names: str) -> ConfigurationSpace:
    space = ConfigurationSpace(seed=0)
    space.add(*(Float(name, (0.0, 1.0)) for name in names))
    return space


@pytest.fixture(scope="module")
def explanation() -> Explanation:
    return explain(SVM, "C", max_complexity=12)


@pytest.fixture(scope="module")
def overview() -> list[Explanation]:
    return explain_all(FOREST, max_complexity=12)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page that the command writes."""
    target = tmp_path_factory.mktemp("report") / "my report.html"
    arguments = ["report", str(FOREST), "--max-complexity", "12", "-o", str(target), "--pairs", "2", "--title", "A & B"]
    assert main(arguments) == 0
    assert [path.name for path in target.parent.iterdir()] == ["my report.html"]
    return target.read_text(encoding="utf-8")


def test_the_command_writes_the_whole_run(written: str, overview: list[Explanation]) -> None:
    assert len(written.encode()) < MAX_BYTES
    assert "<h1>A &amp; B</h1>" in written
    tags = Tags(written)
    for e in overview:
        assert e.best.mathml() in written
        assert f"#e-{e.hyperparameters[0].encode().hex()}" in tags.links
        assert all(warning in tags.text for warning in e.warnings)
    assert tags.tags["section"] == len(overview) + 2 + 1
    assert written.count("data-figure=") == len(overview) + 2 + 3, "one each, the incumbent, all curves, the matrix"
    assert "learning_rate_init and n_neurons" in tags.text
    assert "2 of 14 pairs, those that interact most." in tags.text
    assert "my report.html' --pairs 2 --title 'A & B'" in tags.text
    assert BIBTEX in tags.text and "\\toprule" in tags.text and "the run's own, exact" in tags.text


def test_nothing_is_fetched(written: str) -> None:
    tags = Tags(written)
    assert all(link.startswith("#e-") and link[1:] in tags.ids for link in tags.links)
    assert not re.search(r"@import|url\(", written.split("</style>")[0])
    assert "default-src 'none'" in written


def test_the_policy_allows_the_page_s_own_script_and_plotly(written: str) -> None:
    policy = re.search("script-src ([^;]+);", written)
    (script,) = re.findall("<script>(.*?)</script>", written, re.DOTALL)
    sources = (script, plotly.offline.get_plotlyjs())
    hashes = [base64.b64encode(hashlib.sha256(source.encode()).digest()).decode() for source in sources]
    assert policy is not None and policy[1].split() == [f"'sha256-{value}'" for value in hashes]


def test_headings_are_in_order_and_tables_have_headers(written: str, explanation: Explanation) -> None:
    for html in (written, explanation.to_html()):
        tags = Tags(html)
        assert tags.headings[0] == 1 and tags.headings.count(1) == 1
        assert all(b - a <= 1 for a, b in zip(tags.headings, tags.headings[1:], strict=False))
        assert {cell.get("scope") for cell in tags.header_cells} == {"col", "row"}
        assert len(tags.ids) == len(set(tags.ids))
        assert html.count('role="img" aria-label="') == html.count("data-figure=")


def test_a_report_is_written_anew_with_the_same_bytes(tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["report", str(SVM), "--max-complexity", "7", "--pairs", "0"]
    assert main(arguments) == 0
    first = Path("report.html").read_bytes()
    assert capsys.readouterr().out == f"Wrote report.html ({len(first) / 1e6:.1f} MB).\n"
    assert main([*arguments, "--jobs", "2"]) == 0
    second = Path("report.html").read_bytes()
    assert second.replace(b" --jobs 2", b"") == first


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "nowhere"),
        ([str(SVM), "--pairs", "-1"], "0 for none"),
        ([str(SVM), "--pairs", "some"], "--pairs"),
        ([str(SVM), "--objective", "accuracy"], "rmse"),
        ([str(SVM), "-o", "."], "folder"),
        ([str(SVM), "-o", "notes.txt"], "is no report"),
        ([], "RUN"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, capsys: Any, monkeypatch: Any, arguments: list[str], words: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").write_text("mine", encoding="utf-8")
    assert main(["report", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1 and words in captured.err
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    assert Path("notes.txt").read_text(encoding="utf-8") == "mine"


def test_the_strongest_pairs_are_those_that_interact() -> None:
    """a and b have large effects of their own and none together; the pair c, d has nothing but its interaction."""
    run = run_of(floats("a", "b", "c", "d"))
    html = report_html(
        run,
        pairs=1,
        max_complexity=6,
        surrogate=of_columns(lambda a, b, c, d: 5 * a + 3 * b + 4 * (c - 0.5) * (d - 0.5)),
    )
    assert "c and d" in Tags(html).text and "a and b" not in Tags(html).text


@pytest.mark.long
def test_a_run_without_interactions_has_no_pairs() -> None:
    surrogate = of_columns(lambda a, b: a**2 + np.sin(b))
    text = Tags(report_html(run_of(floats("a", "b")), max_complexity=6, surrogate=surrogate)).text
    assert "The surrogate sees no interaction between any two hyperparameters." in text
    text = Tags(report_html(run_of(floats("a")), max_complexity=6, surrogate=of_columns(lambda a: a**2))).text
    assert "there are no pairs" in text
    assert (
        "strongest pairs"
        not in Tags(report_html(run_of(floats("a", "b")), pairs=0, max_complexity=6, surrogate=surrogate)).text
    )


def test_what_cannot_be_explained_says_why_and_makes_no_pair() -> None:
    space = floats("a", "b")
    kernel, degree, only = Categorical("kernel", ["x", "y"]), Float("degree", (0.0, 1.0)), Categorical("only", ["one"])
    space.add(kernel, degree, only)
    space.add(EqualsCondition(degree, kernel, "y"))
    surrogate = of_columns(lambda a, b, kernel, only, degree: a * b + kernel + degree * a)
    text = Tags(report_html(run_of(space), pairs=100, max_complexity=6, surrogate=surrogate)).text
    assert "Hyperparameter 'only' has a single choice ('one'); there is nothing to explain." in text
    assert "a and b" in text and "kernel and degree" not in text and "degree and kernel" not in text


@pytest.mark.long
def test_fifty_hyperparameters_stay_below_the_size(overview: list[Explanation]) -> None:
    """Each with the figure of a run of 10 000 trials."""
    first = next(e for e in overview if e.hyperparameters == ("learning_rate_init",))
    assert first.projection is not None
    rows = np.resize(np.arange(len(first.projection.trials.costs)), 10_000)
    trials = TrialPoints(first.projection.trials.values[rows], first.projection.trials.costs[rows])
    large = replace(first, projection=replace(first.projection, trials=trials))
    html = report_page([replace(large, hyperparameters=(f"name_{i}",)) for i in range(50)])
    assert 4_000_000 < len(html.encode()) < MAX_BYTES
    drawn = html.count("data-figure=")
    # Later plotly.js are larger, which leaves less room; every section without its figure says so.
    without = re.findall(r'class="left-out">[^<]*the figure', html)
    assert drawn + len(without) == 51, "and all curves in one"
    assert drawn >= 49 or not plotly.__version__.startswith("5.")
    assert "1000 of the 10000 trials are drawn, evenly over the run." in html


def test_what_does_not_fit_is_named(overview: list[Explanation], monkeypatch: Any) -> None:
    """First code and fronts, then figures; the formulas stay to the last."""
    whole = len(report_page(overview).encode())
    figures = []
    for size in (whole + 40_000, whole - 80_000):
        monkeypatch.setattr(page, "MAX_BYTES", size)
        html = report_page(overview)
        assert len(html.encode()) <= size
        tags = Tags(html)
        figures.append(html.count("data-figure="))
        assert all(e.best.mathml() in html for e in overview)
        incomplete = html.count('<p class="left-out">')
        assert incomplete > 0
        assert f"{incomplete} of {len(overview)} sections below leave something out and say what." in tags.text
        # What moves the objective most keeps its figure longest.
        assert f"trials of {overview[0].hyperparameters[0]}" in html
        assert ("the figure" in tags.text) == (figures[-1] < len(overview) + 1)
    assert figures[0] == len(overview) + 1 and 0 < figures[-1] < len(overview)


def test_formulas_of_many_choices_leave_their_place_to_others(overview: list[Explanation], monkeypatch: Any) -> None:
    """A formula that is megabytes of markup is named, not shown; the others are complete."""
    monkeypatch.setattr(page, "MAX_BYTES", 300_000)
    first, second = overview[:2]
    formulas = (replace(first.best, objective="x" * 250_000),)
    huge = replace(first, formulas=formulas, all_findings=(first.findings(),), recommended=0, others=())
    text = Tags(report_page([replace(second, hyperparameters=("other",)), huge])).text
    assert "Left out, for the page would have more than 0.3 MB: the formula, the figure" in text
    with pytest.raises(InvalidArgumentError, match="for its names alone"):
        report_page([replace(first, hyperparameters=("y" * 150_000,))])


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of a run whose folder, hyperparameters, choice and objective are markup and scripts; with pairs and groups."""
    folder = tmp_path_factory.mktemp("hostile") / "<script>hacked()<!-- \u202e'\""
    renamed(folder, list(HOSTILE.values()))
    both = explain(folder, HOSTILE["solver"], HOSTILE["learning_rate_init"], max_complexity=7)
    assert both.groups
    return report_page(
        explain_all(folder, max_complexity=7),
        [both],
        title="</title><script>hacked()</script>",
        command="report '</pre><script>'",
    )


def test_hostile_names_are_literal(hostile_page: str, written: str) -> None:
    plain, tags = Tags(written), Tags(hostile_page)
    assert set(tags.tags) <= set(plain.tags) | {"figcaption"} and tags.attributes <= plain.attributes
    assert tags.tags["script"] == plain.tags["script"] and tags.tags["title"] == 1
    for name in HOSTILE.values():
        assert name.replace("\u202e", "\\u202e") in tags.text
    assert "\u202e" not in hostile_page


@pytest.mark.long
def test_deepcave_run_objects_have_a_report(explanation: Explanation) -> None:
    deepcave = pytest.importorskip("deepcave", reason="DeepCAVE is not installed (it needs Python 3.9 or 3.10)")
    assert deepcave
    from deepcave.runs.converters.smac3v2 import SMAC3v2Run

    html = report_html(SMAC3v2Run.from_path(SVM), pairs=0, objective="rmse", max_complexity=12)
    assert explanation.best.mathml() in html


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_compiles(overview: list[Explanation], tmp_path: Path) -> None:
    run = load_run(FOREST)
    names = ["50% of $x_1$ & {more}", "a\\b^c~d#e", "<tag> 'quoted' -- \"double\""]
    hostile = [replace(e, hyperparameters=(n,), objective=n) for e, n in zip(overview, names, strict=False)]
    pages = [overview_page([*overview, *hostile]), *(document(e) for e in [*overview[:2], *hostile])]
    tables = [write_latex(page) for page in pages]
    assert len(run.configspace) == len(overview)
    start = "\\documentclass{article}\\usepackage[T1]{fontenc}\\usepackage{booktabs,amsmath}\\begin{document}\n"
    (tmp_path / "t.tex").write_text(start + "\n\n".join(tables) + "\\end{document}\n", encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT, errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]
