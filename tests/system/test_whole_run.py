"""The command `whole-run`, and the formula of the run above the overview."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deepcave_symbolic import RunExplanation, explain_run
from deepcave_symbolic.cli.main import main

RUN = str(Path(__file__).parents[2] / "examples" / "runs" / "mlp_hpo")


def written(capsys: Any, *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_text_and_json_are_the_record(capsys: Any) -> None:
    found = explain_run(RUN, max_complexity=15)
    code, out, _ = written(capsys, "whole-run", RUN, "--max-complexity", "15")
    assert code == 0 and out == f"{found}\n" and out.startswith("The whole run\n")
    for part in found.parts:
        assert part.shape in out
    assert max(map(len, out.splitlines())) <= 100
    code, out, _ = written(capsys, "whole-run", RUN, "--max-complexity", "15", "--format", "json")
    assert code == 0 and RunExplanation.from_dict(json.loads(out)) == found
    assert "$$" in written(capsys, "whole-run", RUN, "--max-complexity", "15", "--format", "markdown")[1]


def test_a_configuration_is_taken_apart_and_changed(capsys: Any) -> None:
    found = explain_run(RUN, max_complexity=15)
    at = {"learning_rate_init": 0.001, "solver": "sgd"}
    options = [option for name, value in at.items() for option in ("--at", f"{name}={value}")]
    code, out, _ = written(
        capsys, "whole-run", RUN, "--max-complexity", "15", *options, "--change", "learning_rate_init=0.1"
    )
    shown = " ".join(out.split())
    assert code == 0
    assert f"At learning_rate_init = 0.001, solver = sgd: {found.contributions(at)}." in shown
    assert f"With learning_rate_init = 0.1: {found.whatif(at, learning_rate_init=0.1)}." in shown
    # Without one it is the incumbent that is changed.
    out = written(capsys, "whole-run", RUN, "--max-complexity", "15", "--change", "learning_rate_init=0.001")[1]
    assert found.incumbent is not None
    changed = found.whatif(dict(found.incumbent.configuration), learning_rate_init=0.001)
    assert f"With learning_rate_init = 0.001: {changed}." in " ".join(out.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--at", "lerning_rate_init=1"], "Did you mean 'learning_rate_init'?"),
        (["--at", "learning_rate_init=much"], "expected a number"),
        (["--at", "solver=lbfgs"], "adam"),
        (["--at", "learning_rate_init=50"], "does not fit"),
        (["--at", "solver"], "is not NAME=VALUE"),
        (["--at", "solver=sgd", "--format", "json"], "--format text"),
        (["--max-complexity", "0"], "from 1"),
    ],
)
def test_bad_input_is_one_line(capsys: Any, arguments: list[str], words: str) -> None:
    code, out, err = written(capsys, "whole-run", RUN, *arguments)
    assert (code, out) == (2, "") and err.count("\n") == 1 and words in err


@pytest.mark.long
def test_it_heads_the_overview(capsys: Any) -> None:
    code, out, _ = written(capsys, "explain", RUN)
    found = explain_run(RUN)
    assert code == 0 and out.startswith("The whole run\n")
    assert "".join(found.formula.text().split()) in "".join(out.split())
    assert out.index("Hyperparameter by hyperparameter") < out.index("verdict")
    # Every warning stands there once.
    for warning in found.warnings:
        assert " ".join(out.replace("\n  ", " ").split()).count(warning) == 1
