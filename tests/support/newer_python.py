"""A Python with what the dashboard of our own needs, which the one of DeepCAVE has not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from places import ROOT

_NEEDED = "import sys, dash, diskcache, deepcave_symbolic; sys.exit(int(dash.__version__.partition('.')[0]) < 3)"
_CHECKOUT = {**os.environ, "PYTHONPATH": str(ROOT)}


def newer_python() -> Path | None:
    """Returns it, from an environment that is made where there is none; None where that cannot be done."""
    made = ROOT / ".cache" / "own-host" / "bin" / "python"
    for python in (Path(sys.executable), ROOT / ".venv313" / "bin" / "python", made):
        if _is_enough(python):
            return python
    uv = Path(sys.executable).with_name("uv")
    found = next((v for v in ("3.13", "3.12", "3.11") if shutil.which(f"python{v}")), None)
    if found is None or not uv.exists():
        return None
    subprocess.run([uv, "venv", "--quiet", "--clear", "--python", found, made.parents[1]], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", made, "--editable", ROOT], check=True)
    assert _is_enough(made)
    return made


def _is_enough(python: Path) -> bool:
    command = [python, "-c", _NEEDED]
    return python.exists() and subprocess.run(command, env=_CHECKOUT, capture_output=True).returncode == 0
