"""Runs SMAC on landscapes with a known formula and counts how many formulas come back.

A recommended formula counts as recovered when its R² to the truth on a dense grid is above 0.999 with at most three
nodes more than the truth in normal form. Through a Gaussian process (BlackBoxFacade) that is counted noise-free and
with 1 % noise; through a forest (HyperparameterOptimizationFacade) the formula's RMSE to the truth is compared with the
forest's own.

Usage: python benchmarks/recovery.py [--runs DIR] [--jobs 2]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from common import print_json, print_table
from joblib import Parallel, delayed
from landscapes import LANDSCAPES, Landscape

from deepcave_symbolic import explain
from deepcave_symbolic.explainer import Explainer

TRIALS = {"gp": {1: 30, 2: 80}, "forest": {1: 60, 2: 80}}
NOISE = 0.01


def record_run(landscape: Landscape, model: str, noise: float, folder: Path) -> Path:
    """Optimises the landscape with SMAC and returns the run folder; an existing one is kept."""
    from smac import BlackBoxFacade, HyperparameterOptimizationFacade, Scenario

    name = f"{model}-{noise:g}-" + "".join(c if c.isalnum() else "_" for c in landscape.name)
    target = folder / name / "0"
    if (target / "runhistory.json").exists():
        return target
    rng = np.random.RandomState(0)
    scale = noise * landscape.spread

    def cost(config: Any, seed: int = 0) -> float:
        x = np.array([[float(config[n]) for n in landscape.names]])
        return float(landscape.cost(x)[0] + scale * rng.randn())

    trials = TRIALS[model][len(landscape.names)]
    scenario = Scenario(
        landscape.configspace, name=name, output_directory=folder, deterministic=True, n_trials=trials, seed=0
    )
    facade = BlackBoxFacade if model == "gp" else HyperparameterOptimizationFacade
    # Half of the trials cover the domain: an optimizer alone never looks at most of a landscape this simple, and what
    # it has not seen no surrogate can tell.
    design = facade.get_initial_design(scenario, n_configs=trials // 2, max_ratio=1.0)
    facade(scenario, cost, initial_design=design, overwrite=True, logging_level=False).optimize()
    return target


def measure(landscape: Landscape, model: str, noise: float, folder: Path) -> dict[str, Any]:
    """Returns how close the recommended formula of one run comes to the truth."""
    warnings.simplefilter("ignore")
    path = record_run(landscape, model, noise, folder)
    start = time.perf_counter()
    explanation = explain(path, *landscape.names)
    seconds = time.perf_counter() - start
    grid = landscape.grid()
    truth = landscape.cost(grid)
    formula = explanation.best
    predicted = formula.predict({n: grid[:, i] for i, n in enumerate(landscape.names)})
    surrogate = surrogate_on(path, landscape, grid)
    r2 = 1.0 - float(np.sum((truth - predicted) ** 2) / np.sum((truth - truth.mean()) ** 2))
    rmse = float(np.sqrt(np.mean((truth - predicted) ** 2)))
    surrogate_rmse = float(np.sqrt(np.mean((truth - surrogate) ** 2)))
    return {
        "landscape": landscape.name,
        "model": model,
        "noise": noise,
        "r2": r2,
        "nodes": formula.complexity,
        "truth_nodes": landscape.nodes,
        "recovered": r2 > 0.999 and formula.complexity <= landscape.nodes + 3,
        "rmse_ratio": rmse / surrogate_rmse,
        "seconds": seconds,
        "formula": str(formula),
    }


def surrogate_on(path: Path, landscape: Landscape, grid: np.ndarray) -> np.ndarray:
    """Returns the surrogate's own mean on the grid."""
    explainer = Explainer(path)
    space = explainer.run.configspace
    columns = []
    for name in space:
        values = grid[:, landscape.names.index(name)]
        whole = isinstance(space[name].default_value, (int, np.integer))
        columns.append(space[name].to_vector(values.round().astype(int) if whole else values))
    return explainer.surrogate.model.predict(np.column_stack(columns))[0]


def main() -> None:
    """Runs everything and prints the tables and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, help="folder that keeps the SMAC runs (default: a temporary one)")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.runs or Path(temporary)
        wanted = [(ls, m, n) for m, n in (("gp", 0.0), ("gp", NOISE), ("forest", 0.0)) for ls in LANDSCAPES]
        results = Parallel(n_jobs=args.jobs)(delayed(measure)(ls, m, n, folder) for ls, m, n in wanted)
    rows = [
        (
            r["model"],
            f"{r['noise']:g}",
            r["landscape"],
            "yes" if r["recovered"] else "no",
            f"{r['r2']:.5f}",
            f"{r['nodes']}/{r['truth_nodes']}",
            f"{r['rmse_ratio']:.2f}",
            f"{r['seconds']:.1f}",
            r["formula"],
        )
        for r in results
    ]
    print_table(
        ("model", "noise", "landscape", "found", "R² to truth", "nodes/truth", "RMSE/surr.", "s", "formula"), rows
    )
    summary: dict[str, Any] = {"benchmark": "recovery", "landscapes": len(LANDSCAPES)}
    for noise in (0.0, NOISE):
        found = [r for r in results if r["model"] == "gp" and r["noise"] == noise]
        summary[f"gp_recovered_noise_{noise:g}"] = sum(r["recovered"] for r in found)
        print(f"\nthrough a GP, noise {noise:g}: {sum(r['recovered'] for r in found)} of {len(found)} recovered")
    ratios = [r["rmse_ratio"] for r in results if r["model"] == "forest"]
    summary["forest_median_rmse_ratio"] = statistics.median(ratios)
    print(f"through a forest: median RMSE ratio to the forest's own {statistics.median(ratios):.2f}")
    print_json({**summary, "cases": results})


if __name__ == "__main__":
    sys.exit(main())
