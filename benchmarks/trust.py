"""Asks whether verdicts are worth their name where hyperparameters are averaged out: runs on complete tables.

On every recorded run of `data/tables/<part>` (see `make_tables.py`) every hyperparameter is explained, and the R² of
the recommended formula to the exact average of the table is taken, with the table interpolated between its values. For
every verdict: how many formulas, how many of them are close to the truth (R² above 0.9 and 0.5) with Wilson's 95 %
interval, and how many of all that are close get it.

Usage: python benchmarks/trust.py [--part test|tuning] [--only NAME ...] [--surrogate run] [--jobs 2]
"""

from __future__ import annotations

import argparse
import json
import math
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import print_json, print_table
from joblib import Parallel, delayed

from deepcave_symbolic import Explainer, Explanation
from deepcave_symbolic.findings.trust import VERDICTS

DATA = Path(__file__).parent / "data" / "tables"
CLOSE = (0.9, 0.5)


@dataclass(frozen=True)
class Judged:
    """A recommended formula, what is said of it and how close it is.

    Args:
        run: Landscape and run.
        hyperparameter: What it describes.
        verdict: What is said of it.
        r2: Of the formula to the true average.
        surrogate_r2: Of the surrogate's projection to it.
        formula: The formula.
    """

    run: str
    hyperparameter: str
    verdict: str
    r2: float
    surrogate_r2: float
    formula: str


def judged(folder: Path, surrogate: str) -> list[Judged]:
    """Returns what is said of every hyperparameter of a run that has a range of values."""
    warnings.simplefilter("ignore")
    truth = json.loads((folder.parent / "truth.json").read_text())
    found = []
    for each in Explainer(folder, surrogate=surrogate).explain_all():
        (name,) = each.hyperparameters
        grid = truth["grids"][name]
        if not isinstance(each, Explanation) or isinstance(grid[0], str):
            continue
        axis = each.projection.axes[0]
        x = axis.check_grid(201)
        at = axis.to_coordinate(np.array(grid, dtype=float))
        expected = np.interp(axis.to_coordinate(x), at, truth["marginals"][name])
        shown = np.interp(axis.to_coordinate(x), axis.to_coordinate(each.projection.grid[:, 0]), each.projection.mean)
        predicted = np.broadcast_to(each.best.predict({name: x}), x.shape)
        found.append(
            Judged(
                f"{folder.parent.name}/{folder.name}",
                name,
                each.verdict,
                _r2(predicted, expected),
                _r2(shown, expected),
                str(each.best),
            )
        )
    return found


def _r2(predicted: np.ndarray, truth: np.ndarray) -> float:
    total = float(np.sum((truth - truth.mean()) ** 2))
    return 1.0 - float(np.sum((predicted - truth) ** 2)) / total if total > 0.0 else float(np.all(predicted == truth))


def wilson(k: int, n: int) -> tuple[float, float]:
    """Returns Wilson's 95 % interval of a share of k in n."""
    if n == 0:
        return 0.0, 1.0
    z, p = 1.959964, k / n
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def rows_of(found: list[Judged]) -> list[tuple[str, ...]]:
    """Returns a row of the table per verdict."""
    rows = []
    for verdict in VERDICTS:
        own = [each for each in found if each.verdict == verdict]
        cells: list[Any] = [verdict, str(len(own))]
        for limit in CLOSE:
            close = sum(each.r2 > limit for each in own)
            low, high = wilson(close, len(own))
            deserving = sum(each.r2 > limit for each in found)
            cells += [
                f"{100 * close / len(own):.0f} % ({100 * low:.0f} to {100 * high:.0f})" if own else "-",
                f"{100 * close / deserving:.0f} %" if deserving else "-",
            ]
        rows.append(tuple(cells))
    return rows


def main() -> None:
    """Runs every case and prints the table and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("test", "tuning"), default="test")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="landscapes")
    parser.add_argument("--surrogate", default="run", help="as explain takes it")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    args = parser.parse_args()
    runs = sorted(
        path.parent
        for path in (DATA / args.part).glob("*/*/runhistory.json")
        if (not args.only or path.parts[-3] in args.only) and path.parent.suffix != ".part"
    )
    results = Parallel(n_jobs=args.jobs)(delayed(judged)(run, args.surrogate) for run in runs)
    found = [each for run in results for each in run]
    print(f"{len(found)} formulas of {len(runs)} runs")
    columns = ("verdict", "formulas", "R² above 0.9", "of all above", "R² above 0.5", "of all above")
    print_table(columns, rows_of(found))
    print_json({"benchmark": "trust", "part": args.part, "formulas": [asdict(each) for each in found]})


if __name__ == "__main__":
    main()
