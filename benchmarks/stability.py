"""Calls `explain()` ten times, and once for each of ten seeds, on the bundled runs and counts the different formulas.

One formula a row is the aim: the default engine, the run's own surrogate and the projection depend on no seed.

Usage: python benchmarks/stability.py
"""

from __future__ import annotations

from common import EXAMPLES, print_json, print_table

from deepcave_symbolic import explain

CASES = (
    ("svm_bbo", ("C",)),
    ("svm_bbo", ("C", "gamma")),
    ("mlp_hpo", ("learning_rate_init", "n_neurons")),
    ("mlp_deep", ("learning_rate_init",)),
    ("boosting_mf", ("learning_rate",)),
)
CALLS = 10


def main() -> None:
    """Runs every case and prints the table and the JSON line."""
    rows, records = [], []
    for run, names in CASES:
        repeated = {str(explain(EXAMPLES / run, *names).best) for _ in range(CALLS)}
        seeded = {str(explain(EXAMPLES / run, *names, seed=seed).best) for seed in range(CALLS)}
        rows.append((f"{run}: {', '.join(names)}", str(len(repeated)), str(len(seeded)), repeated.pop()))
        records.append({"case": rows[-1][0], "different_repeated": len(repeated) + 1, "different_seeds": len(seeded)})
    print_table(("case", f"formulas of {CALLS} calls", f"formulas of {CALLS} seeds", "formula"), rows)
    print_json({"benchmark": "stability", "calls": CALLS, "cases": records})


if __name__ == "__main__":
    main()
