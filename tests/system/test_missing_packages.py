"""Without an optional package Python and the command line say in one line how to get it.

Each test runs where its package is absent: in the session `without` of noxfile.py that is every one.
"""

from __future__ import annotations

import importlib.util
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from deepcave_symbolic.process.optional import INSTALL_COMMANDS
from places import SVM

RUN = str(SVM)
EXPLAIN = "from deepcave_symbolic import explain, load_run; "
OWN = (
    "from deepcave_symbolic.dashboard.launcher.options import DashboardOptions; "
    "from deepcave_symbolic.dashboard.own.host import OwnHost; "
)
#: What needs the package: in Python, and on the command line.
NEEDING = {
    "dash": (f"{OWN}OwnHost(DashboardOptions())", ["dashboard", "--host-app", "own", "--no-browser"]),
    "deepcave": (
        "from deepcave_symbolic.dashboard.panel import SymbolicFormulas",
        ["dashboard", "--host-app", "deepcave", "--no-browser"],
    ),
    "gplearn": (
        f"{EXPLAIN} explain({RUN!r}, 'C', engine='gplearn')",
        ["explain", RUN, "-p", "C", "--engine", "gplearn"],
    ),
    "optuna": (f"{EXPLAIN} load_run('study.db')", ["explain", "study.db"]),
    "pyoperon": (
        f"{EXPLAIN} explain({RUN!r}, 'C', engine='operon')",
        ["explain", RUN, "-p", "C", "--engine", "operon"],
    ),
}


def ended(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize("package", INSTALL_COMMANDS)
def test_what_needs_a_missing_package_says_how_to_get_it(tmp_path: Path, package: str) -> None:
    in_python, arguments = NEEDING[package]
    if importlib.util.find_spec(package) is not None:
        pytest.skip(f"{package} is installed here")
    with sqlite3.connect(tmp_path / "study.db") as database:
        for table in ("studies", "trials"):  # by which Optuna's are known
            database.execute(f"create table {table} (a)")
    said = ended(tmp_path, "-c", in_python).stderr.splitlines()[-1]
    assert said.startswith("deepcave_symbolic.exceptions.MissingDependencyError: ")
    assert said.endswith(f"Install: {INSTALL_COMMANDS[package]}")
    command = ended(tmp_path, "-m", "deepcave_symbolic", *arguments)
    assert (command.returncode, command.stdout, command.stderr.count("\n")) == (2, "", 1)
    assert command.stderr.endswith(f"Install: {INSTALL_COMMANDS[package]}\n")
