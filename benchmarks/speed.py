"""Times `explain()` against the `process` of DeepCAVE's built-in panel "Symbolic Explanations", in one process.

Both get the same run, objective, budget and hyperparameters, the panel with its default inputs. Reported: median
seconds over the repetitions of `explain()` (the panel runs once: it takes tens of seconds), the ratio, and each
side's R² against its own projection (ours: held-out points, at most 15 nodes; the panel's: its own points, at
any length). The two project different forests, so a last column has our search on the very points that the panel's
search was given, at most 15 nodes.

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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import EXAMPLES, best_within, print_json, print_table, recorded_run

from deepcave_symbolic import explain, load_run
from deepcave_symbolic.engines import SearchProblem
from deepcave_symbolic.engines.exhaustive import ExhaustiveEngine
from deepcave_symbolic.formulas.front import Target, score
from deepcave_symbolic.space.axis import axis_of

PANEL_INPUTS = {"parsimony": -4, "generations": 10, "population_size": 5000, "random_seed": 0, "metric": "rmse"}


def cases() -> list[tuple[Path, tuple[str, ...]]]:
    """Returns the runs and hyperparameters."""
    found = [(EXAMPLES / "svm_bbo", ("C",)), (EXAMPLES / "svm_bbo", ("C", "gamma"))]
    for run in (EXAMPLES / "mlp_deep", *recorded_run()):
        found += [(run, ("learning_rate_init",)), (run, ("learning_rate_init", "n_neurons"))]
    return found


@dataclass
class Panel:
    """What DeepCAVE's panel did: seconds, formula, training points (natural units) and targets, R² there."""

    seconds: float
    formula: str
    x: Any
    y: Any
    r2: float


def run_panel(path: Path, names: tuple[str, ...]) -> Panel:
    """Runs the panel's `process` with its default inputs and keeps what its search was given and found."""
    from deepcave.plugins.hyperparameter import symbolic_explanations
    from deepcave.runs.converters.smac3v2 import SMAC3v2Run

    run = SMAC3v2Run.from_path(path)
    inputs: dict[str, Any] = {
        **PANEL_INPUTS,
        "objective_id": run.get_objective_ids()[0],
        "budget_id": run.get_budget_ids()[-1],
        "hyperparameter_name_1": names[0],
        "hyperparameter_name_2": names[1] if len(names) == 2 else None,
    }
    seen: dict[str, Any] = {}

    class Regressor(symbolic_explanations.SymbolicRegressor):  # type: ignore[name-defined,misc]
        """The panel's regressor, which also notes its data."""

        def fit(self, X: Any, y: Any) -> Any:
            seen.update(X=np.array(X), y=np.array(y))
            result = super().fit(X, y)
            seen["prediction"] = self.predict(X)
            return result

    original = symbolic_explanations.SymbolicRegressor
    symbolic_explanations.SymbolicRegressor = Regressor
    start = time.perf_counter()
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outputs = symbolic_explanations.SymbolicExplanations.process(run, inputs)
    finally:
        symbolic_explanations.SymbolicRegressor = original
    seconds = time.perf_counter() - start
    space = run.configspace
    x = np.column_stack([space[n].to_value(np.clip(seen["X"][:, i], 0, 1)) for i, n in enumerate(names)]).astype(float)
    y, f = seen["y"], seen["prediction"]
    r2 = float(1 - np.sum((y - f) ** 2) / np.sum((y - np.mean(y)) ** 2))
    return Panel(seconds, outputs["expr"], x, y, r2)


def ours_on_panel_projection(path: Path, names: tuple[str, ...], panel: Panel) -> float:
    """Returns the R² of our best formula of at most 15 nodes on the points that the panel's search was given."""
    space = load_run(path).configspace
    axes = tuple(axis_of(space, name) for name in names)
    problem = SearchProblem(axes, panel.x, panel.y, max_complexity=15)
    found = [("exhaustive", node) for node in ExhaustiveEngine().search(problem)]
    target = Target(axes, "cost", panel.x, panel.y, panel.x, panel.y)
    return max(f.r2 for f in score(found, target, 15))


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
        formula = best_within(explanation, 15)
        panel = run_panel(path, names)
        same = ours_on_panel_projection(path, names, panel)
        case = f"{path.parent.name}/{path.name}: {', '.join(names)}"
        rows.append(
            (
                case,
                f"{ours:.2f}",
                f"{panel.seconds:.1f}",
                f"{panel.seconds / ours:.1f}",
                f"{formula.r2:.4f}",
                f"{panel.r2:.4f}",
                f"{same:.4f}",
                str(formula),
            )
        )
        records.append(
            {
                "case": case,
                "seconds": ours,
                "panel_seconds": panel.seconds,
                "ratio": panel.seconds / ours,
                "r2_8": formula.r2,
                "panel_r2": panel.r2,
                "r2_8_on_panel_projection": same,
                "formula": str(explanation.best),
                "panel_formula": panel.formula,
            }
        )
    columns = ("case", "ours s", "panel s", "ratio", "R² ≤15 nodes", "panel R²", "R² ≤15 on panel's", "formula")
    print_table(columns, rows)
    ratio = statistics.median(r["ratio"] for r in records)
    print(f"\nmedian ratio {ratio:.1f}")
    print_json({"benchmark": "speed", "median_ratio": ratio, "cases": records})


if __name__ == "__main__":
    main()
