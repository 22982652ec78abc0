"""What `SymbolicCallback` costs a SMAC run, and that the run is the same with it.

Every run is a process of its own: SMAC optimises a target function that sleeps (0.05 to 0.5 s) and returns a known
cost, once without and once with the callback's defaults but `every=10`; the order alternates. Two figures:

- measured inside: seconds that went into the callback, what it imports on the way included, as a share of the time of
  `optimize()`: what `max_cost` promises to keep below 2 %. Importing the callback itself is beside it ("import s");
- paired: seconds of `optimize()` with the callback against those without, the median over the pairs. On a busy machine
  it varies by more than 2 % either way.

"same" says that both runs tried the same configurations. Exit code 1 where a share reaches 2 % or a run differs.

Usage: python benchmarks/callback.py [--seconds 0.05 0.2 0.5] [--trials 150] [--pairs 3]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from typing import Any

from common import print_table

LIMIT = 0.02
FACADES = ("HyperparameterOptimizationFacade", "BlackBoxFacade")

_RUN = """
import json, math, sys, time
from pathlib import Path
import smac
from ConfigSpace import ConfigurationSpace, Float, Integer

facade, seconds, n_trials, folder, wanted = sys.argv[1:]
started = time.perf_counter()
callbacks = []
if wanted == "with":
    from deepcave_symbolic import SymbolicCallback
    callbacks = [SymbolicCallback(every=10, output=Path(folder) / "formulas.jsonl")]
imported = time.perf_counter() - started

space = ConfigurationSpace(seed=0)
space.add(Float("learning_rate", (1e-5, 1.0), log=True), Float("momentum", (0.0, 0.99)))
space.add(Integer("n_units", (8, 512), log=True), Float("dropout", (0.0, 0.8)))

def target(config, seed=0):
    time.sleep(float(seconds))
    c = dict(config)
    return 0.1 + 0.05 * (math.log10(c["learning_rate"]) + 2.5) ** 2 + 0.2 * (c["momentum"] - 0.8) ** 2 \\
        + 1 / c["n_units"] + 0.1 * c["dropout"] ** 2

scenario = smac.Scenario(space, output_directory=Path(folder), deterministic=True, n_trials=int(n_trials), seed=1)
optimizer = getattr(smac, facade)(scenario, target, logging_level=40, callbacks=callbacks, overwrite=True)
started = time.perf_counter()
optimizer.optimize()
elapsed = time.perf_counter() - started
history = optimizer.runhistory
tried = [[sorted(dict(history.ids_config[k.config_id]).items()), v.cost] for k, v in history.items()]
formulas, spent = 0, 0.0
if callbacks:
    spent = callbacks[0].cost * elapsed
    file = Path(folder) / "formulas.jsonl"
    formulas = len(file.read_text().splitlines()) if file.exists() else 0
print(json.dumps({"elapsed": elapsed, "imported": imported, "spent": spent, "formulas": formulas, "tried": tried}))
"""


def one_run(facade: str, seconds: float, n_trials: int, wanted: str) -> dict[str, Any]:
    """Returns what one run took and tried."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = [facade, str(seconds), str(n_trials), folder, wanted]
        # SMAC's choices depend on Python's hash seed beside its own.
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        command = [sys.executable, "-c", _RUN, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        sys.exit(done.stderr)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> int:
    """Prints a table with a row per facade and target function."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seconds", type=float, nargs="+", default=[0.05, 0.2, 0.5])
    parser.add_argument("--trials", type=int, default=150)
    parser.add_argument("--pairs", type=int, default=3)
    arguments = parser.parse_args()

    rows, kept = [], True
    for facade in FACADES:
        for seconds in arguments.seconds:
            pairs = []
            for i in range(arguments.pairs):
                order = ("without", "with") if i % 2 == 0 else ("with", "without")
                pairs.append({w: one_run(facade, seconds, arguments.trials, w) for w in order})
            shares = [p["with"]["spent"] / p["with"]["elapsed"] for p in pairs]
            ratios = [p["with"]["elapsed"] / p["without"]["elapsed"] - 1 for p in pairs]
            same = all(p["with"]["tried"] == p["without"]["tried"] for p in pairs)
            kept &= same and max(shares) < LIMIT
            rows.append(
                [
                    facade.removesuffix("Facade"),
                    f"{seconds:g}",
                    f"{statistics.median(p['without']['elapsed'] for p in pairs):.1f}",
                    f"{statistics.median(p['with']['elapsed'] for p in pairs):.1f}",
                    f"{100 * statistics.median(ratios):+.1f} %",
                    f"{100 * max(shares):.2f} %",
                    f"{statistics.median(p['with']['imported'] for p in pairs):.2f}",
                    "/".join(str(p["with"]["formulas"]) for p in pairs),
                    "yes" if same else "NO",
                ]
            )
            print("\t".join(rows[-1]), file=sys.stderr, flush=True)  # a row as soon as it is there
    head = ["facade", "s a trial", "s without", "s with", "paired", "inside, largest", "import s", "formulas", "same"]
    print_table(head, rows)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
