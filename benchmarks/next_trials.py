"""Asks what further trials teach: ten that `next_trials` names, ten random ones, ten that fill the space evenly.

On every recorded run of `data/<part>` (two hyperparameters, true cost known on a grid, bilinear in between) the trials
are evaluated as the truth plus the landscape's noise, the consensus is trained anew, and its RMSE to the truth is
compared with the one before: geometric mean of the ratio, largest, and on how many runs it is at most that of random
trials. Random trials and the noise are drawn several times.

Usage: python benchmarks/next_trials.py [--part test|tuning] [--only NAME ...] [-n 10] [--draws 3] [--jobs 2]
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from common import print_json, print_table
from faithfulness_peers import Case, find_cases, to_vectors
from joblib import Parallel, delayed
from scipy.interpolate import RegularGridInterpolator

from deepcave_symbolic import Explainer
from deepcave_symbolic.runs.run import Run, Status
from deepcave_symbolic.space.axis import axis_of

DATA = Path(__file__).parent / "data"
STRATEGIES = ("next_trials", "random", "space-filling")


@dataclass(frozen=True)
class Learned:
    """How far the consensus is from the truth before and after, RMSE in standard deviations of the truth."""

    case: str
    before: float
    after: Mapping[str, float]


def measure(case: Case, n: int, draws: int) -> Learned:
    """Simulates one run."""
    warnings.simplefilter("ignore")
    explainer = Explainer(case.path, surrogate="consensus")
    space = explainer.run.configspace
    axes = [axis_of(space, name) for name in case.names]
    at = [axis.to_coordinate(np.array(values)) for axis, values in zip(axes, case.record["grid"], strict=True)]
    truth = RegularGridInterpolator(at, case.truth.reshape(len(at[0]), len(at[1])), bounds_error=False, fill_value=None)
    order = [case.names.index(name) for name in space]
    vectors = to_vectors(space, list(space), case.grid[:, order])
    spread = float(case.truth.std())

    def error(of: Explainer) -> float:
        predicted = of.surrogate.model.predict(vectors)[0]
        return float(np.sqrt(np.mean((predicted - case.truth) ** 2))) / spread

    def after(chosen: Sequence[Any], seed: int) -> float:
        rng = np.random.default_rng(seed)
        points = np.array([[float(config[name]) for name in case.names] for config in chosen])
        places = np.column_stack([axis.to_coordinate(points[:, i]) for i, axis in enumerate(axes)])
        costs = truth(places) + float(case.record["noise"]) * rng.standard_normal(len(chosen))
        return error(Explainer(with_trials(explainer.run, chosen, costs), surrogate="consensus"))

    found: dict[str, list[float]] = {name: [] for name in STRATEGIES}
    advised = explainer.next_trials(*case.names, n=n).configurations()
    filling = space_filling(explainer, n)
    for seed in range(draws):
        space.seed(seed)
        chosen = {
            "next_trials": advised,
            "random": space.sample_configuration(n),
            "space-filling": filling,
        }
        for name, configs in chosen.items():
            found[name].append(after(configs, seed))
    means = {name: float(np.mean(errors)) for name, errors in found.items()}
    return Learned(f"{case.landscape}/{case.facade}", error(explainer), means)


def with_trials(run: Run, chosen: Sequence[Any], costs: np.ndarray) -> Run:
    """Returns the run with further trials of as many configurations."""
    first = max(run.configurations, default=0) + 1
    configurations = {**run.configurations, **{first + i: config.get_array() for i, config in enumerate(chosen)}}
    like = run.trials[0]
    trials = tuple(
        replace(like, config_id=first + i, costs=(float(cost),), status=Status.SUCCESS) for i, cost in enumerate(costs)
    )
    return replace(run, configurations=configurations, trials=(*run.trials, *trials))


def space_filling(explainer: Explainer, n: int) -> list[Any]:
    """Returns configurations each of which is as far as can be from the trials and those before it."""
    space = explainer.run.configspace
    space.seed(0)
    pool = space.sample_configuration(2000)
    vectors = np.array([config.get_array() for config in pool])
    known, taken = explainer.surrogate.X, []
    for _ in range(n):
        far = ((vectors[:, None] - known[None]) ** 2).sum(axis=-1).min(axis=1)
        taken.append(int(np.argmax(far)))
        known = np.vstack([known, vectors[taken[-1]]])
    return [pool[i] for i in taken]


def main() -> None:
    """Runs every case and prints the table and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("test", "tuning"), default="test")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="landscapes")
    parser.add_argument("-n", type=int, default=10, help="further trials")
    parser.add_argument("--draws", type=int, default=3, help="draws of noise and random trials")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    args = parser.parse_args()
    cases = find_cases(DATA / args.part, args.only)
    results = Parallel(n_jobs=args.jobs)(delayed(measure)(case, args.n, args.draws) for case in cases)
    rows = []
    for name in STRATEGIES:
        ratios = np.array([r.after[name] / r.before for r in results])
        of_random = np.array([r.after[name] / r.after["random"] for r in results])
        rows.append(
            (
                name,
                f"{np.exp(np.log(ratios).mean()):.3f}",
                f"{np.median(ratios):.3f}",
                f"{ratios.max():.2f}",
                f"{np.exp(np.log(of_random).mean()):.3f}",
                f"{int(np.sum(of_random <= 1.0))} of {len(results)}",
            )
        )
    print_table(("trials", "left", "median", "largest", "of random's", "at most random's"), rows)
    print_json({"benchmark": "next_trials", "part": args.part, "n": args.n, "cases": [asdict(r) for r in results]})


if __name__ == "__main__":
    main()
