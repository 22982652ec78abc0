"""Asks how much there is to read in a recommended formula: nodes, fitted constants, units, and what brevity costs.

On every recorded run of `data/<part>` (two hyperparameters, true cost known): nodes and fitted constants of the
recommended formula, whether it is in normal form, its R² to the projection and its RMSE to the truth relative to the
run's own surrogate; then the same for the most accurate formula with at most k fitted constants, k = 1 to 7, and for
the most accurate formulas that other engines find with as many nodes as the recommended one. Beside that, the constants
of every one-dimensional formula of the example runs.

Usage: python benchmarks/readability.py [--part test|tuning] [--only NAME ...] [--engines operon gplearn] [--jobs 2]
"""

from __future__ import annotations

import argparse
import statistics
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import EXAMPLES, print_json, print_table
from faithfulness_peers import INFORMATIVE, Case, find_cases, to_vectors
from joblib import Parallel, delayed

from deepcave_symbolic.explainer import Explainer
from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.formulas.meaning.positions import fitted

DATA = Path(__file__).parent / "data"
MOST_CONSTANTS = 7


@dataclass(frozen=True)
class Read:
    """What there is to read in a formula, and how close it is.

    Args:
        nodes: See `Formula.complexity`.
        constants: How many of them are fitted.
        normal_form: Whether each has a unit and a meaning.
        r2: To the projection.
        error: RMSE to the truth, relative to the surrogate's; None where the surrogate knows nothing.
        text: The formula.
    """

    nodes: int
    constants: int
    normal_form: bool
    r2: float
    error: float | None
    text: str


def read(formula: Formula, case: Case, surrogate: float) -> Read:
    """Returns the figures of one formula."""
    predicted = formula.predict({name: case.grid[:, i] for i, name in enumerate(case.names)})
    error = float(np.sqrt(np.mean((predicted - case.truth) ** 2)))
    informative = surrogate < INFORMATIVE * float(case.truth.std())
    return Read(
        nodes=formula.complexity,
        constants=len(fitted(formula.tree)),
        normal_form=formula.normal_form,
        r2=formula.r2,
        error=error / surrogate if informative else None,
        text=str(formula),
    )


def best_of(explanation: Explanation, case: Case, surrogate: float, **most: int) -> Read:
    """Returns the most accurate formula with at most so many nodes or constants."""
    formulas = [read(f, case, surrogate) for f in (*explanation.formulas, *explanation.others)]
    fine = [r for r in formulas if all(getattr(r, name) <= number for name, number in most.items())]
    return max(fine, key=lambda r: r.r2)


def measure(case: Case, engines: list[str]) -> dict[str, Read]:
    """Returns what is read on one case, by row."""
    warnings.simplefilter("ignore")
    explainer = Explainer(case.path)
    explanation = explainer.explain(*case.names)
    space = explainer.run.configspace
    order = [case.names.index(name) for name in space]
    expected = explainer.surrogate.model.predict(to_vectors(space, list(space), case.grid[:, order]))[0]
    surrogate = float(np.sqrt(np.mean((expected - case.truth) ** 2)))
    rows = {"recommended": read(explanation.best, case, surrogate)}
    rows["simplest"] = read(explanation.simplest, case, surrogate)
    rows["most accurate"] = read(explanation.most_accurate, case, surrogate)
    for k in range(1, MOST_CONSTANTS + 1):
        rows[f"at most {k} constants"] = best_of(explanation, case, surrogate, constants=k)
    for engine in engines:
        other = Explainer(case.path, engine=engine).explain(*case.names)
        rows[f"{engine}, as many nodes"] = best_of(other, case, surrogate, nodes=rows["recommended"].nodes)
    return rows


def main() -> None:
    """Runs every case and prints the tables and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("test", "tuning"), default="test")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="landscapes")
    parser.add_argument("--engines", nargs="+", default=[], metavar="ENGINE", help="others to compare with")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    args = parser.parse_args()
    cases = find_cases(DATA / args.part, args.only)
    results = Parallel(n_jobs=args.jobs)(delayed(measure)(case, args.engines) for case in cases)
    table = []
    for row in results[0]:
        found = [r[row] for r in results]
        errors = [r.error for r in found if r.error is not None]
        table.append(
            (
                row,
                f"{statistics.median(r.nodes for r in found):g}",
                f"{statistics.median(r.constants for r in found):g}",
                f"{max(r.constants for r in found)}",
                f"{sum(r.normal_form for r in found)} of {len(found)}",
                f"{statistics.median(r.r2 for r in found):.3f}",
                f"{statistics.median(errors):.3f}",
                f"{float(np.exp(np.mean(np.log(errors)))):.3f}",
            )
        )
    print(f"{args.part} landscapes, {len(cases)} runs, medians\n")
    columns = ("formula", "nodes", "constants", "most", "normal form", "R²", "RMSE/surr.", "geometric mean")
    print_table(columns, table)
    alone = one_dimensional()
    typical = statistics.median(alone)
    print(f"\none hyperparameter, {len(alone)} formulas of the example runs: {typical:g} constants in the median")
    cases_read: list[dict[str, Any]] = [
        {"case": f"{c.landscape}/{c.facade}", **{row: asdict(r) for row, r in rows.items()}}
        for c, rows in zip(cases, results, strict=True)
    ]
    print_json({"benchmark": "readability", "part": args.part, "cases": cases_read})


def one_dimensional() -> list[int]:
    """Returns the fitted constants of every one-dimensional formula that says more than a level."""
    found = []
    for run in sorted(EXAMPLES.iterdir()):
        for explanation in Explainer(run).explain_all():
            if explanation.formulas and explanation.best.complexity > 1 and not explanation.best.choices:
                found.append(len(fitted(explanation.best.tree)))
    return found


if __name__ == "__main__":
    main()
