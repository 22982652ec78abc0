"""The examples run as a newcomer would run them, and the bundled runs name no machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deepcave_symbolic import load_run
from places import ROOT
from waiting import LIMIT

EXAMPLES = ROOT / "examples"


def output_of(script: str, *arguments: str) -> str:
    command = [sys.executable, str(EXAMPLES / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=LIMIT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_script_of_the_readme() -> None:
    assert "≈" in output_of("explain_run.py")


def test_the_panel_without_a_browser() -> None:
    pytest.importorskip("deepcave", reason="DeepCAVE 1.4.1 runs on Python 3.10 at the latest")
    formula, drawn, shorter = output_of("panel_api.py").splitlines()[-3:]
    assert formula.startswith("error ≈ ") and "learning_rate_init" in formula
    assert drawn.startswith("drawn: error from 0.") and shorter.startswith("drawn: error from 0.") and drawn != shorter


@pytest.mark.long
def test_a_run_is_made(tmp_path: Path) -> None:
    folder = output_of("make_runs.py", str(tmp_path), "--only", "boosting_mf", "--trials", "6").strip()
    assert folder == str(tmp_path / "boosting_mf")
    run, bundled = load_run(folder), load_run(EXAMPLES / "runs" / "boosting_mf")
    assert len(run.trials) == 6 and run.configspace == bundled.configspace
    assert str(tmp_path) not in (tmp_path / "boosting_mf" / "scenario.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", sorted((EXAMPLES / "runs").rglob("*.json")), ids=lambda p: f"{p.parent.name}/{p.name}")
def test_bundled_runs_name_no_machine(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert '"/' not in text and str(Path.home()) not in text
    assert len(text) < 200_000
