"""Times `explain()` against the `process` of DeepCAVE's built-in panel "Symbolic Explanations", in one process.

Both get the same run, objective, budget and hyperparameters, the panel with its default inputs. Reported: median
seconds over the repetitions of `explain()` (the panel runs once: it takes tens of seconds), the ratio, and each
side's R² against its own projection (ours: held-out points, at most eight operators; the panel's: its own points, at
any length).

Usage: python benchmarks/speed.py [--repeat 3]
"""

from __future__ import annotations

import argparse
import contextlib
import io
import statistics
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from common import EXAMPLES, SHARED_RUNS, best_within, print_json, print_table

from deepcave_symbolic import explain

PANEL_INPUTS = {"parsimony": -4, "generations": 10, "population_size": 5000, "random_seed": 0, "metric": "rmse"}


def cases() -> list[tuple[Path, tuple[str, ...]]]:
    """Returns the runs and hyperparameters; recorded runs only where they exist."""
    found = [
        (EXAMPLES / "svm_bbo", ("C",)),
        (EXAMPLES / "svm_bbo", ("C", "gamma")),
    ]
    recorded = SHARED_RUNS / "SMAC3v2" / "mlp" / "run_4"
    if recorded.exists():
        found += [(recorded, ("learning_rate_init",)), (recorded, ("learning_rate_init", "n_neurons"))]
    else:
        print(f"left out, not found: {recorded.relative_to(SHARED_RUNS.parent)}", file=sys.stderr)
    return found


def run_panel(path: Path, names: tuple[str, ...]) -> tuple[float, float, str]:
    """Returns seconds, R² against its own projection and formula of DeepCAVE's panel."""
    from deepcave.plugins.hyperparameter.symbolic_explanations import SymbolicExplanations
    from deepcave.runs.converters.smac3v2 import SMAC3v2Run

    run = SMAC3v2Run.from_path(path)
    inputs: dict[str, Any] = {
        **PANEL_INPUTS,
        "objective_id": run.get_objective_ids()[0],
        "budget_id": run.get_budget_ids()[-1],
        "hyperparameter_name_1": names[0],
        "hyperparameter_name_2": names[1] if len(names) == 2 else None,
    }
    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outputs = SymbolicExplanations.process(run, inputs)
    seconds = time.perf_counter() - start
    y, f = np.array(outputs["y"]), np.array(outputs["y_symbolic"])
    if len(y) != len(f):  # both hyperparameters are all there are: the panel fits random points of its forest
        return seconds, float("nan"), outputs["expr"]
    return seconds, float(1 - np.sum((y - f) ** 2) / np.sum((y - np.mean(y)) ** 2)), outputs["expr"]


def main() -> None:
    """Runs every case and prints the table and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3, help="timed calls of explain() a case, after one warm-up")
    args = parser.parse_args()
    sys.argv[1:] = []  # DeepCAVE reads the arguments of every process that imports it
    rows, records = [], []
    for path, names in cases():
        explanation = explain(path, *names)
        times = []
        for _ in range(args.repeat):
            start = time.perf_counter()
            explanation = explain(path, *names)
            times.append(time.perf_counter() - start)
        ours = statistics.median(times)
        formula = best_within(explanation, 8)
        theirs, panel_r2, panel_formula = run_panel(path, names)
        case = f"{path.parent.name}/{path.name}: {', '.join(names)}"
        rows.append(
            (
                case,
                f"{ours:.2f}",
                f"{theirs:.1f}",
                f"{theirs / ours:.1f}",
                f"{formula.r2:.4f}",
                f"{panel_r2:.4f}",
                str(formula),
            )
        )
        records.append(
            {
                "case": case,
                "seconds": ours,
                "panel_seconds": theirs,
                "ratio": theirs / ours,
                "r2_8": formula.r2,
                "panel_r2": panel_r2 if np.isfinite(panel_r2) else None,
                "formula": str(explanation.best),
                "panel_formula": panel_formula,
            }
        )
    print_table(("case", "ours s", "panel s", "ratio", "R² ≤8 ops", "panel R²", "formula"), rows)
    ratio = statistics.median(r["ratio"] for r in records)
    print(f"\nmedian ratio {ratio:.1f}")
    print_json({"benchmark": "speed", "median_ratio": ratio, "cases": records})


if __name__ == "__main__":
    main()
