"""Asks how close the surrogates are to the truth: the run's own, a forest, the consensus, and the best by
cross-validation.

On every recorded run of `data/<part>` (true cost known on a grid) the RMSE to the truth in standard deviations of the
truth, and relative to that of the run's own surrogate: geometric mean, largest, and on how many runs it is smaller.
Seconds are the process's own time for one fit with its cross-validation and comparison, as `explain` does them.

Usage: python benchmarks/surrogates.py [--part test|tuning] [--only NAME ...] [--kinds run consensus ...] [--jobs 2]
"""

from __future__ import annotations

import argparse
import time
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from common import print_json, print_table
from faithfulness_peers import Case, find_cases, to_vectors
from joblib import Parallel, delayed

from deepcave_symbolic.runs import load_run
from deepcave_symbolic.surrogates import build_surrogate
from deepcave_symbolic.surrogates.base import SURROGATES

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Measured:
    """What one surrogate of one run knows.

    Args:
        case: Landscape and facade.
        kind: As `explain` takes it.
        name: Name of the model.
        error: RMSE to the truth in standard deviations of the truth.
        cv_r2: Its cross-validated R².
        seconds: Processor time of the fit.
    """

    case: str
    kind: str
    name: str
    error: float
    cv_r2: float | None
    seconds: float


def measure(case: Case, kinds: list[str]) -> list[Measured]:
    """Returns what the surrogates of a case know."""
    warnings.simplefilter("ignore")
    run = load_run(case.path)
    names = list(run.configspace)
    vectors = to_vectors(run.configspace, names, case.grid[:, [case.names.index(name) for name in names]])
    found = []
    for kind in kinds:
        start = time.process_time()
        surrogate = build_surrogate(run, objective=0, budget=None, kind=kind)
        seconds = time.process_time() - start
        off = surrogate.model.predict(vectors)[0] - case.truth
        error = float(np.sqrt(np.mean(off**2)) / np.std(case.truth))
        record = surrogate.record
        found.append(Measured(f"{case.landscape}/{case.facade}", kind, record.name, error, record.cv_r2, seconds))
    return found


def row(kind: str, found: list[Measured]) -> tuple[str, ...]:
    """Returns a row of the table."""
    own = {m.case: m.error for m in found if m.kind == "run"}
    mine = [m for m in found if m.kind == kind]
    ratios = np.array([m.error / own[m.case] for m in mine])
    errors = np.array([m.error for m in mine])
    return (
        kind,
        f"{np.exp(np.mean(np.log(ratios))):.3f}",
        f"{ratios.max():.2f}",
        f"{np.sum(ratios < 1)} of {len(ratios)}",
        f"{np.median(errors):.3f}",
        f"{errors.max():.2f}",
        f"{np.median([m.seconds for m in mine]):.2f}",
    )


def main() -> None:
    """Runs every case and prints the table and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("test", "tuning"), default="test")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="landscapes")
    parser.add_argument("--kinds", nargs="+", choices=SURROGATES, default=list(SURROGATES), metavar="KIND")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    args = parser.parse_args()
    cases = find_cases(DATA / args.part, args.only)
    kinds = ["run", *(kind for kind in args.kinds if kind != "run")]
    found = [m for each in Parallel(n_jobs=args.jobs)(delayed(measure)(case, kinds) for case in cases) for m in each]
    print(f"{args.part} landscapes, {len(cases)} runs; RMSE to the truth\n")
    head = ("", "relative to own", "largest", "closer", "median", "largest error", "seconds")
    print_table(head, [row(kind, found) for kind in kinds])
    print_json({"benchmark": "surrogates", "part": args.part, "cases": [asdict(m) for m in found]})


if __name__ == "__main__":
    main()
