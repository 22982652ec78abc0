"""The command line as a person meets it: output, exit codes, one line for bad input."""

from __future__ import annotations

import argparse
import io
import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import places
from deepcave_symbolic import Explanation, OwnFormula, explain
from deepcave_symbolic.cli import build_parser, main
from deepcave_symbolic.cli.explain import PICKS
from deepcave_symbolic.process.output import _writable
from run_folders import edit_json, fingerprint

SVM, FOREST = map(str, (places.SVM, places.FOREST))


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def quick(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Of formulas so short that they are found at once."""
    return run(capsys, *arguments, "--max-complexity", "6")


@pytest.mark.smoke
def test_one_hyperparameter(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "explain", SVM, "-p", "C", "-v")
    assert code == 0 and err == ""
    assert str(explain(SVM, "C").best) in out
    for word in ("R²", "RMSE", "Domain", "Surrogate", "GaussianProcess", "exact", "Pareto front", "Verdict"):
        assert word in out


@pytest.mark.parametrize("which", PICKS)
def test_three_good_answers(which: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "explain", SVM, "-p", "gamma", "--pick", which, "--max-complexity", "15")
    explanation = explain(SVM, "gamma", max_complexity=15)
    # The formula above the page; the front lists all of them.
    assert code == 0 and out.splitlines()[2].strip() == str(explanation.pick(which))
    lengths = [explanation.pick(name).complexity for name in PICKS]
    assert lengths == sorted(lengths) and lengths[1] < lengths[2]


def test_a_pick_needs_one_explanation(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "explain", SVM, "--pick", "simplest")
    assert code == 2 and err.count("\n") == 1 and "give it with -p" in err


def test_what_matters_is_shown_first_and_verbose_shows_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "explain", SVM, "-p", "C")
    found = explain(SVM, "C")
    assert code == 0 and str(found.best) in out and len(out.splitlines()) <= 23
    assert "-v shows how sure this is" in out and "Pareto front" not in out and "Surrogate" not in out
    for answer in (found.simplest, found.best, found.most_accurate):
        assert str(answer).partition(" ≈ ")[2] in out
    assert all(warning in " ".join(out.replace("\n  ", " ").split()) for warning in found.warnings)
    code, whole, _ = run(capsys, "explain", SVM, "-p", "C", "-v")
    assert code == 0 and all(str(formula).partition(" ≈ ")[2] in whole for formula in found.formulas)
    assert whole == f"{found}\n"
    for label in ("How sure", "Accounts for", "Shape", "Fit", "Band", "Domain", "Surrogate"):
        assert f"\n{label} " in whole and f"\n{label} " not in out
    code, _, err = run(capsys, "explain", SVM, "-v", "--brief")
    assert code == 2 and err.count("\n") == 1 and "not allowed with" in err


def test_brief_is_formula_verdict_and_reason(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = quick(capsys, "explain", SVM, "-p", "gamma", "--brief")
    found = explain(SVM, "gamma", max_complexity=6)
    words = out.split()
    assert code == 0 and str(found.best) in out and "front" not in out and len(out.splitlines()) <= 8
    assert " ".join(words).count(f"{found.verdict}: ") == 1
    gravest = next(r for v, r in found.trust().rated_reasons if v == found.verdict)
    assert gravest in " ".join(words)
    code, out, _ = quick(capsys, "explain", SVM, "--brief", "--format", "markdown")
    assert code == 0 and "| C | " in out and "Surrogate" not in out and "The whole run" in out
    code, out, err = quick(capsys, "explain", SVM, "--brief", "--format", "json")
    assert code == 2 and out == "" and err.count("\n") == 1 and "leave it out" in err


@pytest.mark.parametrize(("columns", "width"), [(40, 60), (80, 80), (300, 120)])
def test_text_fits_the_terminal(
    columns: int, width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    piped = quick(capsys, "explain", SVM, "-p", "gamma", "-v")[1]
    assert 90 < max(map(len, piped.splitlines())) <= 100
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    shown = quick(capsys, "explain", SVM, "-p", "gamma", "-v")[1]
    assert width - 15 < max(map(len, shown.splitlines())) <= width
    assert shown.split() == piped.split() and not any(line.lstrip().startswith("% ") for line in shown.splitlines())


def test_a_mistyped_word_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "dashbord")
    assert code == 2 and out == "" and err.count("\n") == 1
    assert err.startswith("deepcave-symbolic: Unknown command 'dashbord'. Did you mean 'dashboard'? Known: 'explain'")
    code, _, err = run(capsys, "explain", SVM, "--format", "txt")
    assert code == 2 and "--format: Unknown value 'txt'. Did you mean 'text'?" in err


def test_overview_has_a_row_a_hyperparameter(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = quick(capsys, "explain", FOREST, "--jobs", "2")
    assert code == 0
    from deepcave_symbolic import load_run

    for name in load_run(FOREST).configspace:
        assert name in out
    assert "\n-v shows every row, " in out and "\nrange: how much" not in out and "\nbatch_size " not in out
    all_of_it = quick(capsys, "explain", FOREST, "-v")[1]
    assert "\nbatch_size " in all_of_it and "\nrange: how much" in all_of_it
    assert len(out.splitlines()) < 0.75 * len(all_of_it.splitlines())
    assert out.split("\n\n")[:3] == all_of_it.split("\n\n")[:3]
    assert max(len(line) for line in out.splitlines()) < 220


def test_json_is_the_record(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = quick(capsys, "explain", SVM, "-p", "C", "-p", "gamma", "--format", "json")
    assert code == 0
    assert str(Explanation.from_dict(json.loads(out)).best) == str(explain(SVM, "C", "gamma", max_complexity=6).best)
    code, out, _ = quick(capsys, "explain", SVM, "--format", "json")
    assert [len(r["hyperparameters"]) for r in json.loads(out)] == [1, 1]


@pytest.mark.parametrize("format", ["latex", "markdown"])
def test_other_formats(capsys: pytest.CaptureFixture[str], format: str) -> None:
    for arguments in ((), ("-p", "C")):
        code, out, _ = quick(capsys, "explain", SVM, *arguments, "--format", format)
        assert code == 0
        assert ("\\toprule" if format == "latex" else "| ---") in out


def test_latex_has_the_formula_of_a_whole_run_and_of_a_law(capsys: pytest.CaptureFixture[str]) -> None:
    from deepcave_symbolic import explain_run

    displayed = f"\\[ {explain_run(SVM, laws=0).formula.latex()} \\]\n\n\\begin{{tabular}}{{lrll}}\n"
    code, out, _ = run(capsys, "whole-run", SVM, "--laws", "0", "--format", "latex")
    assert code == 0 and out.startswith(displayed) and out.count("\\toprule") == 1
    code, out, _ = quick(capsys, "explain", SVM, "--format", "latex")
    assert code == 0 and out.startswith(displayed) and out.count("\\toprule") == 2
    law = ("law", str(places.ROOT / "benchmarks/data/tuning/gb-heart/bbo"), "-p", "learning_rate")
    plain = run(capsys, *law)[1]
    code, out, _ = run(capsys, *law, "--format", "latex")
    assert code == 0 and ("No law." in plain or out.startswith("\\[ \\mathrm{learning\\_rate}^{*} \\approx "))


def test_a_form_of_ones_own_is_fitted(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = (
        "explain",
        "-v",
        SVM,
        "-p",
        "C",
        "--form",
        "rmse ≈ a + b*log10(C/c)**2",
        "--fix",
        "c=100",
        "--fix",
        "a=57",
    )
    code, out, err = quick(capsys, *arguments)
    assert code == 0 and err == ""
    own = explain(SVM, "C", max_complexity=6).fit("a + b*log10(C/c)**2", fixed={"c": 100.0, "a": 57.0})
    assert out.index("Pareto front") < out.index("Your formula of C") < out.index(str(own.formula))
    assert (
        f"\n\n{own}".startswith(out[out.index("\n\nYour formula of C") :].rstrip()) and "Fixed. Lowest at C 100." in out
    )
    assert out.count("predicts the space as a whole only in part") == 1
    code, out, _ = quick(capsys, *arguments, "--format", "json")
    assert OwnFormula.from_dict(json.loads(out)["own"]) == own
    assert Explanation.from_dict(json.loads(out)).best == own.recommended
    for format in ("latex", "markdown"):
        assert own.formula.latex_body() in quick(capsys, *arguments, "--format", format)[1]


def test_several_runs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    copy = str(shutil.copytree(SVM, tmp_path / "copy"))
    code, out, _ = quick(capsys, "explain", SVM, copy, "-p", "C")
    assert code == 0 and out.count("=== ") == 2
    code, out, _ = quick(capsys, "explain", SVM, copy, "-p", "C", "--format", "json")
    assert len(json.loads(out)) == 2
    # A run without that hyperparameter does not keep the others from being explained.
    code, out, err = quick(capsys, "explain", SVM, FOREST, copy, "-p", "C")
    assert code == 2 and out.count("=== ") == 2 and err.count("\n") == 1 and "Unknown hyperparameter 'C'" in err


def test_a_budget_at_which_all_crashed_is_passed_over(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    def damaged(history: dict[str, Any]) -> None:
        for row in history["data"]:
            row["budget"] /= 3.1
            if row["budget"] > 20:
                row.update(status=2, cost=math.inf)

    folder = shutil.copytree(places.FIDELITY, tmp_path / "run")
    edit_json(folder / "runhistory.json", damaged)
    code, out, _ = quick(capsys, "explain", str(folder), "-p", "learning_rate")
    assert code == 0 and "at budget 8.70968" in out
    said = " ".join(out.replace("\n  ", " ").split())
    assert "SMAC's own model would use budget 26.129, where too few trials succeeded." in said
    assert (
        "Used: 72 trials at budget 8.70968. 83 more at other budgets: budget=2.90323 (--budget 2.90323) has 83, "
        'budget="all" (--budget all) takes all.'
    ) in said
    for printed in ("2.90323", "2.9"):
        code, out, _ = quick(capsys, "explain", str(folder), "-p", "learning_rate", "--budget", printed)
        assert code == 0 and "at budget 2.90323" in out and "Used:" not in out
    code, _, err = quick(capsys, "explain", str(folder), "-p", "learning_rate", "--budget", "26.1")
    assert code == 2 and "Choose budget=2.90323 (--budget 2.90323), which has 83." in err
    code, _, err = quick(capsys, "explain", str(folder), "-p", "learning_rate", "--budget", "3")
    assert code == 2 and err == "deepcave-symbolic: Unknown budget 3. Known: 26.129, 8.70968, 2.90323.\n"
    code, _, err = quick(capsys, "explain", SVM, "-p", "C", "--budget", "3")
    assert code == 2 and "has no budgets; found budget 3. Leave it out." in err


def test_every_option_reaches_the_api(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(
        capsys,
        *("explain", SVM, "-p", "C", "--objective", "rmse", "--source", "trials", "--surrogate", "forest"),
        *("--engine", "exhaustive", "--max-complexity", "8", "--functions", "square, log", "--seed", "3"),
        *("--monotone", "C=falling", "--monotone", "gamma=rising"),
        *("--configspace", f"{SVM}/configspace.json", "--format", "json"),
    )
    assert code == 0, err
    provenance = json.loads(out)["provenance"]
    assert provenance["source"] == "trials" and provenance["engine"] == "exhaustive" and provenance["seed"] == 3
    assert provenance["functions"] == ["square", "log"] and provenance["max_complexity"] == 8
    assert "orest" in provenance["surrogate"] and provenance["monotone"] == {"C": "falling", "gamma": "rising"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("explain", SVM, "C", "gamma"),
        ("explain", SVM, "-p", "C", "gamma"),
        ("explain", "-p", "C", "gamma", SVM),
        ("explain", SVM, "-p", "C,gamma"),
        ("explain", SVM, "--seed", "0", "-p", "C", "gamma"),
    ],
)
def test_hyperparameters_are_understood_however_they_are_listed(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    expected = quick(capsys, "explain", SVM, "-p", "C", "-p", "gamma", "--brief")
    assert expected[0] == 0 and expected[1].startswith("C and gamma\n")
    assert quick(capsys, *arguments, "--brief") == expected


def test_next_and_law_take_hyperparameters_without_the_option(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "next", SVM, "gamma", "-n", "1")
    assert code == 0 and out.startswith("Next trials for gamma\n")
    code, out, _ = run(capsys, "law", SVM, "gamma")
    assert code == 0 and out.startswith("How the best gamma moves\n")


def test_what_is_looked_at_reaches_the_api_and_every_format(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("--region", "gamma=1e-3..0.1", "--region", "C=1..100", "--statistic", "best")
    words = "others set optimally, for gamma from 0.001 to 0.1 and C from 1 to 100"
    code, out, err = quick(capsys, "explain", SVM, "-p", "C", *asked, "--format", "json")
    assert code == 0, err
    record = json.loads(out)
    assert record["provenance"]["region"] == {"gamma": [0.001, 0.1], "C": [1.0, 100.0]}
    assert record["provenance"]["statistic"] == "best" and record["projection"]["variance_share"] is None
    assert Explanation.from_dict(record).view.words == words
    for format, line in (("text", f"C, {words}"), ("markdown", f"## C, {words}"), ("latex", f"% {words}")):
        assert quick(capsys, "explain", SVM, "-p", "C", *asked, "--format", format)[1].splitlines()[0] == line
    out = quick(capsys, "explain", SVM, "--region", "best 10%", "-v")[1]
    assert out.startswith("The whole run, among the best 10 %\n") and "\nAmong the best 10 %\n" in out
    assert "among the best 10 %, where it is" in out


def test_formulas_keep_a_constraint_and_do_without_a_function(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("explain", SVM, "-p", "C", "--monotone", "C=falling", "--functions=-pow,-square")
    code, out, _ = quick(capsys, *arguments, "--form", "a + b*log10(C/c)**2")
    words = " ".join(out.split())
    assert code == 0 and "Constraint falling in C, certified on the whole domain" in words
    assert "Constraint not falling in C: rmse rises between C ≈ 110 and C ≈ 1000" in words
    assert (
        "pow"
        not in (allowed := json.loads(quick(capsys, *arguments, "--format", "json")[1])["provenance"])["functions"]
    )
    assert "exp" in allowed["functions"]


def test_output_file_is_whole_or_absent(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    target = tmp_path / "front.tex"
    code, out, _ = quick(capsys, "explain", SVM, "-p", "C", "--format", "latex", "-o", str(target))
    assert code == 0 and out == ""
    assert target.read_text(encoding="utf-8").startswith("\\begin{tabular}")
    assert os.listdir(tmp_path) == ["front.tex"]
    code, _, err = quick(capsys, "explain", SVM, "-p", "C", "-o", str(tmp_path / "no" / "where.txt"))
    assert code == 2 and err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["explain", "run", "-p", "C", "-o", "run/scenario.json"], "lies in the run"),
        (["explain", SVM, "-p", "C", "-o", "run/notes/mine.txt"], "lies in the run"),
        (["explain", SVM, "-p", "C", "-o", "link"], "lies in the run"),
        (["explain", "run", "--all-pairs", "--heat-map", "run/runhistory.json"], "lies in the run"),
        (["compare", "run", SVM, "-p", "C", "-o", "run/configspace.json"], "lies in the run"),
        (["report", "run", "-o", "run/scenario.json"], "lies in the run"),
        (["explain", SVM, "-p", "C", "--output-folder", "run/notes"], "lies in the run"),
        (["explain", SVM, "-p", "C", "--configspace", "space.json", "-o", "space.json"], "the configuration space"),
        (["explain", SVM, "-p", "C", "-o", "studies.db"], "holds studies of Optuna's"),
        (["explain", SVM, "-p", "C", "-o", "studies.db-wal"], "holds studies of Optuna's"),
        (["explain", "run", "--all-pairs", "--heat-map", "same", "-o", "same"], "given twice"),
    ],
)
def test_no_output_replaces_what_is_read(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    copy = Path(shutil.copytree(SVM, "run"))
    (copy / "notes").mkdir()
    (copy / "notes" / "mine.txt").write_text("mine", encoding="utf-8")
    Path("link").symlink_to(copy / "scenario.json")
    shutil.copy(copy / "configspace.json", "space.json")
    Path("studies.db").write_bytes(b"SQLite format 3\x00" + bytes(100))
    Path("studies.db-wal").write_bytes(b"what is not in it yet")
    before = fingerprint(tmp_path)
    code, out, err = run(capsys, *arguments)
    assert code == 2 and out == "" and err.count("\n") == 1 and words in err
    assert fingerprint(tmp_path) == before


def test_a_page_of_ours_is_written_again_wherever_it_lies(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    copy = shutil.copytree(SVM, tmp_path / "run")
    arguments = ("explain", str(copy), "--all-pairs", "--heat-map", str(copy / "map.html"))
    assert [quick(capsys, *arguments)[0] for _ in range(2)] == [0, 0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["explain", "nowhere"], "nowhere"),
        (["explain", SVM, "-p", "c"], "Did you mean 'C'"),
        (["explain", SVM, "-p", "C", "-p", "C"], "twice"),
        (["explain", SVM, "gama"], "Did you mean 'gamma'"),
        (["explain", SVM, "-p", "C", "gama"], "Did you mean 'gamma'"),
        (["explain", SVM, "-p", "C,gama"], "Unknown hyperparameter 'C,gama'"),
        (["next", SVM], "Name one or two hyperparameters with -p; found 0. Known: 'C', 'gamma'."),
        (["law", SVM, "C", "gamma"], "Name one hyperparameter with -p; found 2."),
        (["report", SVM, "gamma"], "unrecognized arguments: gamma"),
        (["explain", SVM, "--budget", "7"], "budget"),
        (["explain", SVM, "--engine", "magic"], "engine"),
        (["explain", SVM, "-p", "C", "--all-pairs"], "--all-pairs"),
        (["explain", SVM, "--parsimony", "0.1"], "--parsimony"),
        (["explain", SVM, "--form", "a + b*C"], "with -p"),
        (["explain", SVM, "-p", "C", "--fix", "c=1"], "--form"),
        (["explain", SVM, "-p", "C", "--form", "a", "--fix", "c"], "NAME=NUMBER"),
        (["explain", SVM, "-p", "C", "--form", "a + b*gamma"], "'gamma' in the form is a hyperparameter of the run"),
        (
            ["explain", SVM, "-p", "C", "--region", "best"],
            "expected all, best 10%, or parts of domains such as lr=1e-4..1e-2 or",
        ),
        (["explain", SVM, "-p", "C", "--region", "c=1..2"], "Unknown hyperparameter 'c'. Did you mean 'C'?"),
        (["explain", SVM, "-p", "C", "--region", "C=2..1"], "begins at 2 and ends at 1"),
        (["explain", SVM, "-p", "C", "--region", "C=1..2", "--region", "all"], "'all' stands beside another region"),
        (["explain", SVM, "-p", "C", "--region", "C=5"], "'C' has a single value in the region"),
        (["explain", SVM, "-p", "C", "--statistic", "median"], "Unknown statistic 'median'. Did you mean 'mean'?"),
        (["explain", SVM, "-p", "C", "--statistic", "best", "--source", "trials"], "leave out statistic"),
        (["explain", SVM, "-p", "C", "--monotone", "C"], "'C' is not NAME=falling or NAME=rising"),
        (["explain", SVM, "-p", "C", "--monotone", "C=down"], "Unknown direction 'down'. Known: 'falling', 'rising'."),
        (["explain", SVM, "-p", "C", "--monotone", "c=falling"], "Unknown hyperparameter 'c'. Did you mean 'C'?"),
        (["explain", SVM, "--functions=-tan"], "Unknown function 'tan'. Did you mean 'tanh'?"),
        (["explain", SVM, "--configspace", f"{SVM}/runhistory.json"], "configuration space"),
        (["explain"], "RUN"),
        (["explain", SVM, "--max-complexity", "many"], "--max-complexity"),
        (["explode"], "explode"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    code, out, err = run(capsys, *arguments)
    assert code == 2 and out == ""
    assert err.count("\n") == 1 and words in err and "Traceback" not in err


def test_internal_failure_is_exit_code_1(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deepcave_symbolic.cli.explain._explain", lambda args: 1 / 0)
    code, _, err = run(capsys, "explain", SVM)
    assert code == 1 and err.count("\n") == 1 and "ZeroDivisionError" in err


def test_help_version_and_demo(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "explain", "--help")
    assert code == 0 and "examples:" in out
    assert run(capsys, "--help")[0] == 0
    code, out, _ = run(capsys, "--version")
    assert code == 0 and out.startswith("deepcave-symbolic ")
    code, out, _ = run(capsys, "demo")
    assert code == 0 and "gamma" in out


def test_no_option_is_called_config() -> None:
    parsers = [build_parser()]
    for parser in parsers:
        options = [option for action in parser._actions for option in action.option_strings]
        assert "--config" not in options
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                parsers += action.choices.values()
    assert len(parsers) > 3


@pytest.mark.smoke
def test_installed_command_and_module() -> None:
    for command in (["deepcave-symbolic"], [sys.executable, "-m", "deepcave_symbolic"]):
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, env={**os.environ, "PATH": path})
        assert done.returncode == 0 and "deepcave-symbolic" in done.stdout


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_terminal_without_our_signs_gets_others(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    shown = str(explain(SVM, "C").best)
    terminal = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", terminal)
    assert main(["explain", SVM, "-p", "C"]) == 0 and capsys.readouterr().err == ""
    text = terminal.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]
    assert "²" in shown and "·" in shown
    assert {
        "ascii": shown.replace("≈", "~").replace("²", "^2").replace("·", "*"),
        "latin-1": shown.replace("≈", "~"),
    }.get(encoding, shown) in text
    assert _writable("2.5·10⁻⁷ x² \udcff ü", "ascii") == r"2.5*10^-7 x^2 \udcff \xfc"
    assert _writable("2.5·10⁻⁷ x² \udcff ü", "utf-8") == r"2.5·10⁻⁷ x² \udcff ü"


@pytest.mark.parametrize(
    ("redirection", "code", "words"),
    [
        (f'explain "{SVM}" -p C >&-', 2, "The standard output is closed"),
        (f'explain "{SVM}" -p C 2>&- | grep -c Verdict', 0, ""),
        ("--version > /dev/full", 2, "No space left on device"),
        ("explain --help > /dev/full", 2, "No space left on device"),
        ("explain nowhere 2> /dev/full", 2, ""),
        ("explain nowhere 2>&-", 2, ""),
    ],
)
def test_closed_and_full_streams(redirection: str, code: int, words: str) -> None:
    command = f'set -o pipefail; "{sys.executable}" -m deepcave_symbolic {redirection}'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.returncode == code and words in done.stderr
    assert done.stderr.count("\n") == bool(words)


@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="open files have no names here")
@pytest.mark.parametrize(
    "redirection",
    [
        "explain RUN -p C --format markdown -o /dev/stdout | grep -c '^## C'",
        "explain RUN -p C --format markdown -o >(grep -c '^## C') | cat",
        "explain RUN -p C --format markdown -o >(head -n 1 | grep -c '^## C') | cat",
        "explain RUN --all-pairs -o /dev/null --heat-map /dev/stdout | grep -c '<title>Heat maps'",
        "report RUN --pairs 0 -o /dev/stdout | grep -c '<title>'",
    ],
)
def test_what_is_open_is_written_to(redirection: str) -> None:
    command = f'"{sys.executable}" -m deepcave_symbolic {redirection}'.replace("RUN", f'"{SVM}"')
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_what_is_open_is_not_cut_off(tmp_path: Path) -> None:
    command = f'echo before; "{sys.executable}" -m deepcave_symbolic explain "{SVM}" -p C -o /dev/stdout; echo after'
    subprocess.run(["bash", "-c", f"{{ {command}; }} > out.txt"], cwd=tmp_path, check=True)
    first, *text, last = (tmp_path / "out.txt").read_text(encoding="utf-8").splitlines()
    assert (first, last) == ("before", "after") and "The three answers" in "".join(text)


def test_a_closed_pipe_is_no_error() -> None:
    command = f'"{sys.executable}" -m deepcave_symbolic explain "{SVM}" -p C --format json | head -c 10'
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True)
    assert done.stdout == '{\n "schema' and done.stderr == "" and done.returncode == 0


@pytest.mark.parametrize(
    ("form", "more", "message"),
    [
        ("a + b*(C", (), "Found the end at character 9"),
        ("a + b*gamma", (), "'gamma' in the form is a hyperparameter of the run"),
        ("a + b*C", ("--fix", "c=1"), "Unknown constant 'c'"),
        ("rmse ≈ for kernel = rbf: 0.1; poly: 0.2", (), "groups[CHOICE].fit"),
        ("{kernel = rbf: 0.1; poly: 0.2} + a*C", (), "groups[CHOICE].fit"),
    ],
)
def test_a_form_that_cannot_be_read_is_refused_before_anything_is_trained(
    form: str,
    more: tuple[str, ...],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("deepcave_symbolic.explainer.build_surrogate", None)
    assert main(["explain", str(SVM), "-p", "C", "--form", form, *more]) == 2
    assert message in capsys.readouterr().err
