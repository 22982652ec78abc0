"""What the benchmark scripts share: machine and versions, tables, a JSON line, a Pareto front at a given length."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from deepcave_symbolic import Explanation, Formula

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "runs"


def recorded_run() -> list[Path]:
    """Returns a recorded run that developers may have beside the project, an extra; without it, says so."""
    found = ROOT.parent / "shared" / "runs" / "SMAC3v2" / "mlp" / "run_4"
    if found.exists():
        return [found]
    print(f"an extra that is not here: {found.relative_to(ROOT.parent)}", file=sys.stderr)
    return []


def machine() -> dict[str, Any]:
    """Returns the machine and the versions that a figure needs beside it."""
    versions = {"python": platform.python_version()}
    for package in (
        "deepcave-symbolic",
        "deepcave",
        "smac",
        "ConfigSpace",
        "scikit-learn",
        "gplearn",
        "numpy",
        "pyoperon",
    ):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return {"cpus": os.cpu_count(), "machine": platform.machine(), "system": platform.system(), "versions": versions}


def best_within(explanation: Explanation, nodes: int) -> Formula:
    """Returns the most accurate formula of the front with at most that many nodes."""
    return max((f for f in explanation.formulas if f.complexity <= nodes), key=lambda f: f.r2)


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table with columns as wide as they need to be."""
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, *rows]:
        print("  ".join(f"{c!s:<{w}}" for c, w in zip(row, widths, strict=True)).rstrip())


def print_json(result: dict[str, Any]) -> None:
    """Prints the result as one JSON line, with machine, versions and command."""
    command = " ".join(["python", os.path.relpath(sys.argv[0], ROOT), *sys.argv[1:]])
    print(json.dumps({"command": command, **machine(), **result}))
