"""Asks how often the intervals hold the truth: the band of the curve and the place of the optimum.

On every recorded run of `data/<part>` (true cost known on a grid), for each hyperparameter alone (its truth is the mean
over the other one) and for both. The band is met at a point of the grid where the true cost lies inside. The optimum of
a hyperparameter is met where a point of the grid whose true cost is within 2 % of the range of the lowest lies inside,
half a step of the grid beyond its ends counting as inside. Informative: the surrogate's RMSE to the truth is below
0.9 of the truth's standard deviation. Formulas without an optimum count for the band only.

Usage: python benchmarks/certainty.py [--part test|tuning] [--only NAME ...] [--jobs 2]
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from common import print_json, print_table
from faithfulness_peers import FACADES, INFORMATIVE, Case, find_cases, to_vectors
from joblib import Parallel, delayed

from deepcave_symbolic import Explanation
from deepcave_symbolic.explainer import Explainer

DATA = Path(__file__).parent / "data"
#: A true cost this close to the lowest, as a share of the range, is as good.
AS_GOOD = 0.02


@dataclass(frozen=True)
class Covered:
    """What the intervals of one explanation hold.

    Args:
        case: Landscape and facade.
        hyperparameters: One or two.
        informative: Whether the surrogate knows anything there.
        band: Share of the grid whose true cost lies in the band; None for two hyperparameters.
        band_width: Its mean width as a share of the truth's range; None likewise.
        optimum: For each hyperparameter whether the interval of its optimum holds a true one; empty without.
        optimum_width: Mean share of the axes that the intervals have.
        seconds: How long the whole explanation took.
        sentence: What the user reads.
    """

    case: str
    hyperparameters: tuple[str, ...]
    informative: bool
    band: float | None
    band_width: float | None
    optimum: tuple[bool, ...]
    optimum_width: float
    seconds: float
    sentence: str


def measure(case: Case) -> list[Covered]:
    """Returns what there is to say of a case: two curves and a plane."""
    warnings.simplefilter("ignore")
    explainer = Explainer(case.path)
    values = [np.array(each, dtype=float) for each in case.record["grid"]]
    truth = case.truth.reshape([len(each) for each in values])
    space = explainer.run.configspace
    order = [case.names.index(name) for name in space]
    expected = explainer.surrogate.model.predict(to_vectors(space, list(space), case.grid[:, order]))[0]
    surrogate = expected.reshape(truth.shape)
    found = []
    for i, name in enumerate(case.names):
        means = (truth.mean(axis=1 - i), surrogate.mean(axis=1 - i))
        found.append(covered(case, explainer, (name,), values[i][:, None], *means))
    found.append(covered(case, explainer, tuple(case.names), case.grid, truth.ravel(), surrogate.ravel()))
    return found


def covered(
    case: Case, explainer: Explainer, names: tuple[str, ...], grid: np.ndarray, truth: np.ndarray, surrogate: np.ndarray
) -> Covered:
    """Returns what one explanation holds of the truth on a grid of shape (n, k)."""
    start = time.perf_counter()
    explanation = explainer.explain(*names)
    seconds = time.perf_counter() - start
    certainty = explanation.certainty
    assert certainty is not None
    band = width = None
    if len(names) == 1:
        lower, upper = band_at(explanation, grid[:, 0])
        band, width = float(np.mean((truth >= lower) & (truth <= upper))), relative(upper - lower, truth)
    good = grid[truth <= truth.min() + AS_GOOD * np.ptp(truth)]
    met, widths = [], []
    for i, ends in enumerate(certainty.optimum):
        axis = explanation.projection.axes[i]
        low, high = axis.to_coordinate(np.array(ends))
        left, right = axis.coordinate_bounds
        step = (right - left) / (2 * len(np.unique(grid[:, i])))
        u = axis.to_coordinate(good[:, i])
        met.append(bool(np.any((u >= low - step) & (u <= high + step))))
        widths.append((high - low) / (right - left))
    return Covered(
        case=f"{case.landscape}/{case.facade}",
        hyperparameters=names,
        informative=float(np.sqrt(np.mean((surrogate - truth) ** 2))) < INFORMATIVE * float(truth.std()),
        band=band,
        band_width=width,
        optimum=tuple(met),
        optimum_width=float(np.mean(widths)) if widths else 0.0,
        seconds=seconds,
        sentence=certainty.sentence,
    )


def band_at(explanation: Explanation, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the band at values of the one hyperparameter, straight between its points."""
    projection, certainty = explanation.projection, explanation.certainty
    assert certainty is not None
    axis, valid = projection.axes[0], projection.valid
    u = axis.to_coordinate(projection.grid[valid, 0])
    at = axis.to_coordinate(x)
    return np.interp(at, u, certainty.lower[valid]), np.interp(at, u, certainty.upper[valid])


def relative(widths: np.ndarray, truth: np.ndarray) -> float:
    """Returns the mean width as a share of the truth's range."""
    return float(np.mean(widths) / np.ptp(truth)) if np.ptp(truth) > 0 else 0.0


def row(name: str, found: list[Covered]) -> tuple[str, ...]:
    """Returns a row of the table."""
    bands = [c.band for c in found if c.band is not None]
    widths = [c.band_width for c in found if c.band_width is not None]
    optima = [met for c in found for met in c.optimum]
    return (
        name,
        str(len(found)),
        f"{100 * statistics.mean(bands):.0f} %" if bands else "-",
        f"{statistics.median(widths):.2f}" if widths else "-",
        f"{100 * statistics.mean(optima):.0f} % of {len(optima)}",
        f"{statistics.median(c.optimum_width for c in found if c.optimum):.2f}",
        f"{statistics.median(c.seconds for c in found):.2f}",
    )


def main() -> None:
    """Runs every case and prints the table and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("test", "tuning"), default="test")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="landscapes")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    args = parser.parse_args()
    cases = find_cases(DATA / args.part, args.only)
    found = [c for each in Parallel(n_jobs=args.jobs)(delayed(measure)(case) for case in cases) for c in each]
    table = []
    surrogates = {"bbo": "Gaussian process", "hpo": "random forest"}
    for facade in FACADES:
        for k, what in ((1, "one hyperparameter"), (2, "two")):
            part = [c for c in found if c.case.endswith(facade) and len(c.hyperparameters) == k]
            if part:
                table.append(row(f"{surrogates[facade]}, {what}", part))
                table.append(row("  informative ones", [c for c in part if c.informative]))
    print(f"{args.part} landscapes, {len(cases)} runs\n")
    print_table(("", "explanations", "band", "its width", "optimum", "its width", "seconds"), table)
    print_json({"benchmark": "certainty", "part": args.part, "cases": [asdict(c) for c in found]})


if __name__ == "__main__":
    main()
