"""What `SymbolicCallback(explore=...)` costs the incumbent of a SMAC run, and what the explanation gains.

SMAC (HyperparameterOptimizationFacade, with fewer candidates a search, to be quick) optimises landscapes whose formula
is known, with noise of 5 % of their spread, without exploring and with it (`max_cost=None`: every turn is taken). Both
runs of a pair have the same seed.
Two figures, in standard deviations of the landscape, as medians over the seeds:

- incumbent: the incumbent's true cost above the landscape's least;
- explanation: RMSE of the formula that `explain` recommends for both hyperparameters to the truth.

"worse" counts the pairs in which exploring left the larger one.

Usage: PYTHONHASHSEED=0 python benchmarks/explore.py [--explore 0.1] [--seeds 5] [--trials 50] [--jobs 1]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import print_json, print_table
from joblib import Parallel, delayed
from landscapes import LANDSCAPES, Landscape
from smac import HyperparameterOptimizationFacade, Scenario

from deepcave_symbolic import SymbolicCallback, explain

NAMES = ("bowl of C and gamma", "trees and a valley")
NOISE = 0.05


@dataclass(frozen=True)
class Outcome:
    """One run: how far its incumbent and its explanation are from the truth, in the landscape's spreads."""

    landscape: str
    seed: int
    explore: float
    advised: int
    incumbent: float
    explanation: float


def measure(landscape: Landscape, seed: int, explore: float, n_trials: int) -> Outcome:
    """Runs SMAC once and compares with the truth."""
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(seed)

    def values(config: Any) -> np.ndarray:
        return np.array([[float(config[name]) for name in landscape.names]])

    def cost(config: Any, seed: int = 0) -> float:
        return float(landscape.cost(values(config))[0] + NOISE * landscape.spread * rng.standard_normal())

    with tempfile.TemporaryDirectory() as folder:
        scenario = Scenario(
            landscape.configspace, output_directory=Path(folder), deterministic=True, n_trials=n_trials, seed=seed
        )
        callback = SymbolicCallback(*landscape.names, every=n_trials + 1, max_cost=None, explore=explore)
        facade = HyperparameterOptimizationFacade(
            scenario,
            cost,
            callbacks=[callback],
            logging_level=False,
            acquisition_maximizer=HyperparameterOptimizationFacade.get_acquisition_maximizer(
                scenario, challengers=1000
            ),
        )
        incumbent = facade.optimize()
        formula = explain(scenario.output_directory, *landscape.names).best
    origins = [config.origin or "" for config in facade.runhistory.get_configs()]
    grid = landscape.grid()
    truth = landscape.cost(grid)
    predicted = formula.predict({name: grid[:, i] for i, name in enumerate(landscape.names)})
    outcome = Outcome(
        landscape.name,
        seed,
        explore,
        sum(origin.startswith("SymbolicCallback") for origin in origins),
        float(landscape.cost(values(incumbent))[0] - truth.min()) / landscape.spread,
        float(np.sqrt(np.mean((predicted - truth) ** 2))) / landscape.spread,
    )
    print(outcome, file=sys.stderr, flush=True)  # as soon as it is there
    return outcome


def main() -> None:
    """Runs all pairs and prints the table and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--explore", type=float, default=0.1, help="share of the configurations")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    args = parser.parse_args()
    shares = (0.0, args.explore)
    landscapes = [landscape for landscape in LANDSCAPES if landscape.name in NAMES]
    outcomes = Parallel(n_jobs=args.jobs)(
        delayed(measure)(landscape, seed, share, args.trials)
        for seed in range(args.seeds)
        for landscape in landscapes
        for share in shares
    )
    rows = []
    for landscape in landscapes:
        plain, explored = ([o for o in outcomes if (o.landscape, o.explore) == (landscape.name, s)] for s in shares)
        for share, those in zip(shares, (plain, explored), strict=True):
            row = [landscape.name, f"{share:g}", f"{np.mean([o.advised for o in those]):.1f}"]
            for figure in ("incumbent", "explanation"):
                found, before = (np.array([getattr(o, figure) for o in each]) for each in (those, plain))
                row += [f"{np.median(found):.3f}", f"{int(np.sum(found > before))} of {len(found)}"]
            rows.append(row)
    print_table(("landscape", "explore", "advised", "incumbent", "worse", "explanation", "worse"), rows)
    print_json({"benchmark": "explore", "trials": args.trials, "runs": [asdict(o) for o in outcomes]})


if __name__ == "__main__":
    main()
