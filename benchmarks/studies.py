"""Seconds for all pairs of a run with one process, several processes and threads, and whether the result is the same.

Each way is timed in a process of its own, imports included, because a pool of processes pays them once per process.
Threads share Python's lock.

Usage: python benchmarks/studies.py [--jobs 2] [--repeats 3] [RUN ...]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from common import EXAMPLES, print_json, print_table

_TIMED = """
import hashlib, json, sys, time
start = time.perf_counter()
from deepcave_symbolic import explain_all
way, jobs, run = sys.argv[1], int(sys.argv[2]), sys.argv[3]
if way == "threads":
    from joblib import Parallel, delayed
    from deepcave_symbolic import Explainer, Explanations
    explainer = Explainer(run)
    tasks = (delayed(explainer.explain_or_reason)(*names) for names in explainer.wanted(True))
    found = Explanations.by_range(Parallel(n_jobs=jobs, prefer="threads")(tasks))
else:
    found = explain_all(run, pairs=True, n_jobs=jobs)
seconds = time.perf_counter() - start
text = json.dumps([e.to_dict() for e in found], sort_keys=True)
print(json.dumps({"seconds": seconds, "pairs": len(found), "hash": hashlib.sha256(text.encode()).hexdigest()}))
"""


def timed(way: str, jobs: int, run: Path) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-c", _TIMED, way, str(jobs), str(run)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return dict(json.loads(done.stdout))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", type=Path, metavar="RUN", default=[EXAMPLES / "mlp_hpo"])
    parser.add_argument("--jobs", type=int, default=2, help="processes and threads (default: 2)")
    parser.add_argument("--repeats", type=int, default=3, help="medians are of so many (default: 3)")
    args = parser.parse_args()
    ways = [("one process", "processes", 1), (f"{args.jobs} processes", "processes", args.jobs)]
    ways.append((f"{args.jobs} threads", "threads", args.jobs))
    rows, hashes = [], set()
    for run in args.runs:
        # One of each in turn, so that a busy minute hits all ways alike.
        results = [[timed(way, jobs, run) for _, way, jobs in ways] for _ in range(args.repeats)]
        medians = [statistics.median(r[i]["seconds"] for r in results) for i in range(len(ways))]
        for i, (name, _, _) in enumerate(ways):
            ratio = f"{medians[0] / medians[i]:.2f}"
            rows.append([run.name, results[0][i]["pairs"], name, f"{medians[i]:.1f} s", ratio])
        hashes |= {(run, r[i]["hash"]) for r in results for i in range(len(ways))}
    same = len(hashes) == len(args.runs)
    print_table(["run", "pairs", "way", "median", "times as fast as one process"], rows)
    print(f"\nThe same result every time, bit for bit: {'yes' if same else 'NO'}")
    print_json({"rows": rows, "same": same})
    raise SystemExit(0 if same else 1)


if __name__ == "__main__":
    main()
