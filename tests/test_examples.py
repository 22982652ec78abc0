"""The examples run as a newcomer would run them, and the bundled runs name no machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"


@pytest.mark.parametrize("script", ["explain_run.py"])
def test_example_runs(script: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / script)], capture_output=True, text=True, cwd=ROOT, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "≈" in done.stdout


@pytest.mark.parametrize("file", sorted((EXAMPLES / "runs").rglob("*.json")), ids=lambda p: f"{p.parent.name}/{p.name}")
def test_bundled_runs_name_no_machine(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert '"/' not in text and str(Path.home()) not in text
    assert len(text) < 200_000
