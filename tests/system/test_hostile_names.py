"""Names that are markup, code or control characters show up literally, whatever they are printed in."""

from __future__ import annotations

import ast
import itertools
import json
import shutil
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepcave_symbolic import explain
from deepcave_symbolic.cli import main
from deepcave_symbolic.exceptions import RunNotFoundError
from deepcave_symbolic.runs.folder import find_run_folder
from deepcave_symbolic.show.markdown import literal
from deepcave_symbolic.words.names import visible
from hostile import NAMES, renamed
from places import FOREST, SVM

TWO = ("solver", "learning_rate_init")


@pytest.mark.long
@pytest.mark.parametrize(
    ("kind", "names"), [*((kind, ("solver",)) for kind in NAMES), ("latex", TWO), ("docstring", TWO)]
)
def test_names_are_literal_everywhere(
    tmp_path: Path, capsys: Any, monkeypatch: Any, kind: str, names: tuple[str, ...]
) -> None:
    """The categorical, its choice, the other hyperparameter and the objective all have such a name."""
    monkeypatch.chdir(tmp_path)
    renamed(tmp_path / "run", [f"{NAMES[kind]}{i}" for i in range(4)])
    hostile = [f"{NAMES[kind]}{0 if name == 'solver' else 2}" for name in names]
    explanation = explain("run", *hostile, max_complexity=6)
    assert explanation.hyperparameters == tuple(hostile) and explanation.objective == f"{NAMES[kind]}3"
    json.dumps(explanation.to_dict(), allow_nan=False).encode("ascii")
    values: dict[str, Any] = {hostile[0]: ["sgd", f"{NAMES[kind]}1"]}
    if len(hostile) == 2:
        values[hostile[1]] = np.array([0.001, 0.1])
    for formula in explanation.formulas:
        tree = ast.parse(formula.python())
        assert [type(node) for node in tree.body] == [ast.Import, ast.FunctionDef]
        code: dict[str, Any] = {}
        exec(compile(tree, "formula", "exec"), code)
        function = code[tree.body[1].name]  # type: ignore[attr-defined]
        np.testing.assert_allclose(np.broadcast_to(function(*values.values()), 2), formula.predict(values))
        latex = formula.latex().replace("\\{", "").replace("\\}", "")
        assert latex.count("{") == latex.count("}") and "\\input" not in latex
        assert "<script>" not in formula.mathml()
    assert "<script>" not in explanation._repr_html_()
    explanation._repr_html_().encode()
    figure = explanation.plot().to_json()
    assert "<script>" not in figure
    for format in ("text", "markdown", "latex", "json"):
        capsys.readouterr()
        assert (
            main(
                [
                    "explain",
                    "--max-complexity",
                    "2",
                    "run",
                    *(part for n in hostile for part in ("-p", n)),
                    "--format",
                    format,
                ]
            )
            == 0
        )
        out = capsys.readouterr().out
        out.encode()
        if format in ("text", "markdown"):
            assert not [c for c in out if unicodedata.category(c)[0] == "C" and c != "\n"]
    assert main(["explain", "--max-complexity", "6", "run"]) == 0
    capsys.readouterr().out.encode()
    assert not list(tmp_path.rglob("pwned*"))


def test_line_breaks_in_names_do_not_break_lines(tmp_path: Path, capsys: Any) -> None:
    names = [f"two\nlines{i}" for i in range(4)]
    folder = renamed(tmp_path / "run", names)
    for format, arguments in itertools.product(("text", "markdown"), (["-p", names[0]], [])):
        capsys.readouterr()
        assert main(["explain", "--max-complexity", "6", str(folder), *arguments, "--format", format]) == 0
        out = capsys.readouterr().out
        assert "two lines" not in out and "\nlines" not in out
        assert out.count("lines0") == out.count("two\\u000alines0") + out.count("two\\\\u000alines0") + out.count(
            "two\\backslash{}u000alines0"
        )
        if arguments:
            assert out.splitlines()[0].removeprefix("## ").replace("\\\\", "\\") == "two\\u000alines0"


@pytest.mark.parametrize("format", ["text", "markdown", "latex"])
def test_names_of_folders_are_literal(tmp_path: Path, capsys: Any, monkeypatch: Any, format: str) -> None:
    name = "".join(NAMES.values()).replace("/", "").replace("\ud800", "")
    monkeypatch.chdir(tmp_path)
    runs = [shutil.copytree(SVM, f"{name}{i}") for i in range(2)]
    shutil.copytree(SVM, f"{name}2")
    Path(f"{name}2", "runhistory.json").unlink()
    assert main(["explain", "--max-complexity", "6", *runs, f"{name}2", "-p", "C", "--format", format]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1 and visible(f"{name}2") in captured.err
    start = {"text": "=== ", "markdown": "# ", "latex": "% "}[format]
    shown = literal(f"{name}0") if format == "markdown" else visible(f"{name}0")
    assert captured.out.splitlines()[0] == start + shown
    assert main(["compare", "--max-complexity", "6", *runs, "-p", "C", "--format", format]) == 0
    assert "\x1b" not in captured.err
    for out in (captured.out, capsys.readouterr().out):
        assert not [c for c in out if unicodedata.category(c)[0] == "C" and c != "\n"]
        if format == "markdown":
            assert "<script>" not in out.replace("\\<", "")
        if format == "latex":
            assert not [line for line in out.splitlines() if "\\input" in line and not line.startswith("% ")]


def test_an_unknown_hostile_name_is_one_line(capsys: Any) -> None:
    assert main(["explain", "--max-complexity", "6", str(FOREST), "-p", "\x1b[31m\ud800\n"]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "\x1b" not in err


def test_a_folder_that_may_not_be_looked_into(tmp_path: Path, monkeypatch: Any) -> None:
    def refused(self: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", refused)
    with pytest.raises(RunNotFoundError, match="cannot be looked into: Permission denied"):
        find_run_folder(tmp_path)
