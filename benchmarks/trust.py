"""Asks whether verdicts are worth their name: how many formulas of each are close to the truth.

Explained are every hyperparameter of the recorded runs of `data/tables/<part>` (see `make_tables.py`), whose exact
averages are known, and both hyperparameters and their pair of the runs of `data/<part>`. For every verdict: how many
formulas, how many of them are close to the truth (R² above 0.9 and 0.5) with Wilson's 95 % interval, and how many of
all that are close get it. Tables and the landscapes of ten by ten points are interpolated between their values.

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
from faithfulness_peers import Case, find_cases
from joblib import Parallel, delayed
from scipy.interpolate import RegularGridInterpolator

from deepcave_symbolic import Explainer, Explanation
from deepcave_symbolic.findings.trust import VERDICTS
from deepcave_symbolic.numeric.grids import product_columns

DATA = Path(__file__).parent / "data"
_DENSE = {1: 201, 2: 41}
CLOSE = (0.9, 0.5)


@dataclass(frozen=True)
class Judged:
    """A recommended formula, what is said of it and how close it is.

    Args:
        run: Landscape and run.
        hyperparameter: What it describes.
        verdict: What is said of it.
        r2: Of the formula to the truth.
        formula: The formula.
    """

    run: str
    hyperparameter: str
    verdict: str
    r2: float
    formula: str


def judged_on_table(folder: Path, surrogate: str) -> list[Judged]:
    """Returns what is said of every hyperparameter of a run that has a range of values."""
    warnings.simplefilter("ignore")
    truth = json.loads((folder.parent / "truth.json").read_text())
    found = []
    for each in Explainer(folder, surrogate=surrogate).explain_all():
        grid = truth["grids"][each.hyperparameters[0]]
        if isinstance(each, Explanation) and not isinstance(grid[0], str):
            average = np.array(truth["marginals"][each.hyperparameters[0]])
            found.append(_judged(f"{folder.parent.name}/{folder.name}", each, [grid], average))
    return found


def judged_on_landscape(case: Case, surrogate: str) -> list[Judged]:
    """Returns what is said of the two hyperparameters of a run and of their pair."""
    warnings.simplefilter("ignore")
    explainer, grids = Explainer(case.path, surrogate=surrogate), case.record["grid"]
    truth, name = case.truth.reshape(len(grids[0]), len(grids[1])), f"{case.landscape}/{case.facade}"
    return [
        *(_judged(name, explainer.explain(n), [grids[i]], truth.mean(axis=1 - i)) for i, n in enumerate(case.names)),
        _judged(name, explainer.explain(*case.names), grids, truth),
    ]


def _judged(run: str, each: Explanation, grids: list[list[float]], truth: np.ndarray) -> Judged:
    axes = each.projection.axes
    at = [axis.to_coordinate(np.array(grid, dtype=float)) for axis, grid in zip(axes, grids, strict=True)]
    known = RegularGridInterpolator(at, truth, bounds_error=False, fill_value=None)
    columns = product_columns([axis.check_grid(_DENSE[len(axes)]) for axis in axes])
    expected = known(np.column_stack([axis.to_coordinate(x) for axis, x in zip(axes, columns, strict=True)]))
    predicted = each.best.predict({axis.name: x for axis, x in zip(axes, columns, strict=True)})
    r2 = _r2(np.broadcast_to(predicted, expected.shape), expected)
    return Judged(run, " & ".join(each.hyperparameters), each.verdict, r2, str(each.best))


def _r2(predicted: np.ndarray, truth: np.ndarray) -> float:
    total = float(np.sum((truth - truth.mean()) ** 2))
    return 1.0 - float(np.sum((predicted - truth) ** 2)) / total if total > 0.0 else float(np.all(predicted == truth))


def wilson(k: int, n: int) -> tuple[float, float]:
    """Returns Wilson's 95 % interval of a share of k in n."""
    if n == 0:
        return 0.0, 1.0
    z, p = 1.959964, k / n
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, (middle - half) / (1 + z * z / n)), (middle + half) / (1 + z * z / n)


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
    tables = sorted(path.parent for path in (DATA / "tables" / args.part).glob("*/*/runhistory.json"))
    tables = [run for run in tables if (not args.only or run.parent.name in args.only) and run.suffix != ".part"]
    cases = find_cases(DATA / args.part, args.only)
    results = Parallel(n_jobs=args.jobs)(
        [
            *(delayed(judged_on_table)(run, args.surrogate) for run in tables),
            *(delayed(judged_on_landscape)(case, args.surrogate) for case in cases),
        ]
    )
    found = [each for run in results for each in run]
    print(f"{len(found)} formulas of {len(results)} runs, {len(tables)} of them on tables")
    columns = ("verdict", "formulas", "R² above 0.9", "of all above", "R² above 0.5", "of all above")
    print_table(columns, rows_of(found))
    print_json({"benchmark": "trust", "part": args.part, "formulas": [asdict(each) for each in found]})


if __name__ == "__main__":
    main()
