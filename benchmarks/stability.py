"""Asks whether one run has one formula: over calls, over seeds, and with a tenth of its trials left out.

The first two are asked of the default engine: the run's own surrogate and the projection depend on no seed, so that one
formula is the aim. Then `--drops` times a tenth of the trials, chosen at random, is left out, the surrogate is trained
on the others, and the recommended formula of each engine is compared with that of all trials: the same named shape or,
without a name, the same expression but for its numbers.

Usage: python benchmarks/stability.py [--engines exhaustive operon gplearn] [--drops 10] [--jobs 2]
"""

from __future__ import annotations

import argparse
import re
import statistics
import warnings
from dataclasses import replace
from typing import Protocol

import numpy as np
from common import EXAMPLES, print_json, print_table
from joblib import Parallel, delayed

from deepcave_symbolic import Explainer, explain, load_run
from deepcave_symbolic.exceptions import DeepcaveSymbolicError
from deepcave_symbolic.runs.run import Run

CASES = (
    ("svm_bbo", ("C",)),
    ("svm_bbo", ("gamma",)),
    ("svm_bbo", ("C", "gamma")),
    ("mlp_hpo", ("learning_rate_init",)),
    ("mlp_hpo", ("learning_rate_init", "n_neurons")),
    ("mlp_deep", ("learning_rate_init",)),
    ("boosting_mf", ("learning_rate",)),
)
CALLS = 10
DROPPED = 0.1


class Shaped(Protocol):
    """A formula, or a part of one."""

    @property
    def shape(self) -> str:
        """What it is called."""
        ...

    def text(self) -> str:
        """Returns it as one line of text."""
        ...


def form_of(formula: Shaped) -> str:
    """Returns a formula's shape, or its text without numbers where the shape has no name."""
    if formula.shape not in ("other", "sum", "product"):
        return formula.shape
    return re.sub(r"\d[\d.]*(e-?\d+)?", "#", formula.text())


def without_some(record: Run, seed: int) -> Run:
    """Returns a run without a tenth of its trials, chosen at random."""
    n = len(record.trials)
    kept = np.sort(np.random.default_rng(seed).permutation(n)[: n - round(DROPPED * n)])
    return replace(record, trials=tuple(record.trials[i] for i in kept))


def with_fewer_trials(run: str, names: tuple[str, ...], engine: str, drops: int) -> tuple[str, list[str]]:
    """Returns the form of all trials and those with a tenth of them left out; "none" where that could not be."""
    warnings.simplefilter("ignore")
    record = load_run(EXAMPLES / run)
    whole = form_of(Explainer(record, engine=engine).explain(*names).best)
    found = []
    for seed in range(drops):
        try:
            fewer = without_some(record, seed)
            found.append(form_of(Explainer(fewer, engine=engine).explain(*names).best))
        except DeepcaveSymbolicError:
            found.append("none")
    return whole, found


def main() -> None:
    """Runs every case and prints the tables and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", nargs="+", default=["exhaustive", "operon", "gplearn"], metavar="ENGINE")
    parser.add_argument("--drops", type=int, default=10, help="how often a tenth of the trials is left out")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    args = parser.parse_args()
    rows, records = [], []
    for run, names in CASES:
        repeated = {str(explain(EXAMPLES / run, *names).best) for _ in range(CALLS)}
        seeded = {str(explain(EXAMPLES / run, *names, seed=seed).best) for seed in range(CALLS)}
        case, formula = f"{run}: {', '.join(names)}", min(repeated)
        rows.append((case, str(len(repeated)), str(len(seeded)), formula))
        records.append({"case": case, "different_repeated": len(repeated), "different_seeds": len(seeded)})
    print_table(("case", f"formulas of {CALLS} calls", f"formulas of {CALLS} seeds", "formula"), rows)

    tasks = [(run, names, engine) for run, names in CASES for engine in args.engines]
    results = Parallel(n_jobs=args.jobs)(delayed(with_fewer_trials)(*task, args.drops) for task in tasks)
    same = {task: found.count(whole) for task, (whole, found) in zip(tasks, results, strict=True)}
    print(f"\nhow many of {args.drops} runs without a tenth of their trials have the same shape")
    rows = [
        (f"{run}: {', '.join(names)}", *(str(same[run, names, engine]) for engine in args.engines))
        for run, names in CASES
    ]
    shares = [100.0 * statistics.mean(same[(*case, engine)] for case in CASES) / args.drops for engine in args.engines]
    print_table(("case", *args.engines), [*rows, ("share", *(f"{share:.0f} %" for share in shares))])
    dropped = [
        {"case": f"{run}: {', '.join(names)}", "engine": engine, "whole": whole, "fewer": found}
        for (run, names, engine), (whole, found) in zip(tasks, results, strict=True)
    ]
    print_json({"benchmark": "stability", "calls": CALLS, "cases": records, "dropped": dropped})


if __name__ == "__main__":
    main()
