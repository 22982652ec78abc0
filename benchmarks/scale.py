"""Seconds and peak memory of `explain` on runs of 100, 1 000 and 10 000 trials with 2, 10 and 50 hyperparameters.

Evaluating 10 000 configurations with SMAC takes far too long, so the runs are synthesised: SMAC itself optimises ten
trials of the very space with HyperparameterOptimizationFacade (or another), which gives scenario.json with its `_meta`
and configspace.json; the trials are then drawn and written as SMAC 2.4 writes them. Three quarters of them crowd round
the optimum, as an optimizer's do. With 10 hyperparameters or more, one depends on a categorical.

Every case is a process of its own, so that memory is its alone and nothing is warm: seconds of `explain` of one
hyperparameter from the path on ("explain s", the lazy imports of smac and scikit-learn included), of the whole process
("process s"), and its peak resident memory. The peer is DeepCAVE's own reader (`SMAC3v2Run.from_path`) of the same
folder, timed in a process of its own after the imports, against our reader (`load_run`) timed in the same way.

Held against the project's requirement: 10 000 trials in at most 10 s and 1 GiB, and at most ten times the processor
time of 1 000 trials ("growing no faster than linearly"; seconds depend on what else the machine does). Exit code 1
where one is missed.

Usage: python benchmarks/scale.py [--trials 100 1000 10000] [--hyperparameters 2 10 50] [--no-peer] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from common import print_json, print_table

#: What the project promises for its largest runs.
LARGE, MOST_SECONDS, MOST_MIB = 10_000, 10.0, 1024.0
EXPLAINED = "x0"

# Every timed process prints its own peak, because the parent sees only the largest of all its children. Linux keeps the
# parent's size in ru_maxrss across fork and exec; VmHWM begins anew.
_PEAK = """
def peak():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
"""
_EXPLAIN = (
    """
import json, sys, time
from deepcave_symbolic import explain
start = time.perf_counter(), time.process_time()
explanation = explain(sys.argv[1], sys.argv[2])
seconds, cpu = time.perf_counter() - start[0], time.process_time() - start[1]
"""
    + _PEAK
    + """
result = {"seconds": seconds, "cpu_seconds": cpu, "mib": peak(), "formula": str(explanation.best)}
print(json.dumps({**result, "r2": explanation.best.r2, "cv_r2": explanation.surrogate.cv_r2}))
"""
)
_LOAD = (
    """
import json, sys, time
sys.argv, path = sys.argv[:1], sys.argv[1]  # DeepCAVE reads the arguments of every process that imports it
from pathlib import Path
import ConfigSpace
{imports}
start = time.perf_counter()
run = {call}
seconds = time.perf_counter() - start
"""
    + _PEAK
    + """
print(json.dumps({{"seconds": seconds, "mib": peak()}}))
"""
)
OURS = {"imports": "from deepcave_symbolic import load_run", "call": "load_run(path)"}
PEER = {
    "imports": "from deepcave.runs.converters.smac3v2 import SMAC3v2Run",
    "call": "SMAC3v2Run.from_path(Path(path))",
}


def space_of(d: int) -> Any:
    """Returns a space of d hyperparameters of every kind; with ten or more, one is conditional."""
    from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float, Integer

    space = ConfigurationSpace(seed=0)
    space.add(Float("x0", (1e-4, 1.0), log=True), Float("x1", (-2.0, 2.0)))
    for i in range(2, d):
        kinds = (
            Float(f"x{i}", (0.0, 1.0)),
            Integer(f"x{i}", (1, 512), log=True),
            Categorical(f"x{i}", ["relu", "tanh", "logistic"]),
            Integer(f"x{i}", (0, 20)),
        )
        space.add(kinds[i % 4])
    if d >= 10:
        # x6 is a categorical; x7 follows it in the space's order.
        space.add(EqualsCondition(space["x7"], space["x6"], "relu"))
    return space


def template(space: Any, folder: Path, facade: str) -> dict[str, str]:
    """Returns SMAC's own scenario.json and configspace.json of a run of ten trials."""
    import smac

    cls = getattr(smac, facade)
    scenario = smac.Scenario(space, output_directory=folder, n_trials=10, seed=3, deterministic=True)
    with contextlib.redirect_stdout(io.StringIO()):
        cls(
            scenario,
            lambda config, seed=0: float(config["x1"]) ** 2,
            initial_design=cls.get_initial_design(scenario, n_configs=10, max_ratio=1.0),
            logging_level=False,
            overwrite=True,
        ).optimize()
    written = Path(scenario.output_directory)
    return {name: (written / name).read_text(encoding="utf-8") for name in ("scenario.json", "configspace.json")}


def synthesise(
    folder: Path, n: int, d: int, *, facade: str = "HyperparameterOptimizationFacade", seed: int = 0
) -> Path:
    """Writes a run of n trials and d hyperparameters as SMAC 2.4 does; returns its folder."""
    from deepcave_symbolic.space.configurations import deactivate, sample_all

    space = space_of(d)
    with tempfile.TemporaryDirectory() as scratch:
        files = template(space, Path(scratch), facade)
    scenario = json.loads(files["scenario.json"])
    scenario["n_trials"] = n
    rng = np.random.RandomState(seed)
    X = sample_all(space, n, rng)
    crowd = rng.uniform(size=n) < 0.75
    X[crowd, :2] = np.clip(0.5 + 0.1 * rng.normal(size=(int(crowd.sum()), 2)), 0.0, 1.0)
    X = deactivate(space, X)
    costs = 0.2 + (X[:, 0] - 0.5) ** 2 + 0.3 * (X[:, 1] - 0.4) ** 2 + 0.01 * rng.normal(size=n) ** 2
    active = ~np.isnan(X)
    columns = {
        name: hp.to_value(np.where(active[:, i], X[:, i], hp.default_value_vector()))
        if hasattr(hp, "default_value_vector")
        else hp.to_value(np.where(active[:, i], X[:, i], hp.to_vector(hp.default_value)))
        for i, (name, hp) in enumerate(space.items())
    }
    plain = {name: [v.item() if hasattr(v, "item") else v for v in values] for name, values in columns.items()}
    configs = {str(k + 1): {name: plain[name][k] for i, name in enumerate(space) if active[k, i]} for k in range(n)}
    start = 1.7e9
    data = [
        {
            "config_id": k + 1,
            "instance": None,
            "seed": 209652396,
            "budget": None,
            "cost": float(costs[k]),
            "time": 0.5,
            "cpu_time": 0.5,
            "status": 1,
            "starttime": start + k,
            "endtime": start + k + 0.5,
            "additional_info": {},
        }
        for k in range(n)
    ]
    history = {
        "stats": {"submitted": n, "finished": n, "running": 0},
        "data": data,
        "configs": configs,
        "config_origins": {key: "Sobol" for key in configs},
    }
    folder.mkdir(parents=True)
    (folder / "scenario.json").write_text(json.dumps(scenario, indent=4), encoding="utf-8")
    (folder / "configspace.json").write_text(files["configspace.json"], encoding="utf-8")
    (folder / "runhistory.json").write_text(json.dumps(history, indent=2), encoding="utf-8")
    return folder


def measure(code: str, *arguments: str) -> dict[str, Any]:
    """Returns what a fresh process printed, with the seconds of the whole process."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {**result, "process_seconds": time.perf_counter() - start}


def main() -> int:
    """Runs every case; prints the table, what was promised and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, nargs="+", default=[100, 1_000, LARGE])
    parser.add_argument("--hyperparameters", type=int, nargs="+", default=[2, 10, 50])
    parser.add_argument("--facade", default="HyperparameterOptimizationFacade", help="whose model is rebuilt")
    parser.add_argument("--no-peer", dest="peer", action="store_false", help="leave DeepCAVE's reader out")
    parser.add_argument("--keep", type=Path, help="folder for the synthesised runs (default: a temporary one)")
    args = parser.parse_args()
    cases = []
    with tempfile.TemporaryDirectory() as scratch:
        base = args.keep or Path(scratch)
        for d in args.hyperparameters:
            for n in args.trials:
                path = base / f"{args.facade}_{d}_{n}"
                if not path.exists():
                    synthesise(path, n, d, facade=args.facade)
                cases.append(_case(path, n, d, peer=args.peer))
    head = ["trials", "hyperparameters", "explain s", "cpu s", "process s", "MiB", "load s"]
    keys = ["seconds", "cpu_seconds", "process_seconds", "mib", "load_seconds"]
    if args.peer:
        head += ["DeepCAVE's load s", "ratio"]
        keys += ["peer_load_seconds", "load_ratio"]
    head.append("formula")
    print_table(
        head, [[c["trials"], c["hyperparameters"], *(f"{c[k]:.2f}" for k in keys), c["formula"]] for c in cases]
    )
    slopes = _slopes(cases)
    for d, slope in slopes.items():
        print(f"{d} hyperparameters: cpu seconds(10 000) / cpu seconds(1 000) = {slope:.1f} (at most 10)")
    large = [c for c in cases if c["trials"] == LARGE]
    met = all(c["seconds"] <= MOST_SECONDS and c["mib"] <= MOST_MIB for c in large)
    linear = all(slope <= 10.0 for slope in slopes.values())
    if large:
        print(f"10 000 trials within {MOST_SECONDS:g} s and {MOST_MIB:g} MiB: {'yes' if met else 'NO'}")
    print_json({"benchmark": "scale", "facade": args.facade, "cases": cases, "slopes": slopes})
    return 0 if met and linear else 1


def _case(path: Path, n: int, d: int, *, peer: bool) -> dict[str, Any]:
    case = {"trials": n, "hyperparameters": d, **measure(_EXPLAIN, str(path), EXPLAINED)}
    case["load_seconds"] = measure(_LOAD.format(**OURS), str(path))["seconds"]
    if peer:
        case["peer_load_seconds"] = measure(_LOAD.format(**PEER), str(path))["seconds"]
        case["load_ratio"] = case["peer_load_seconds"] / case["load_seconds"]
    return case


def _slopes(cases: list[dict[str, Any]]) -> dict[int, float]:
    """Returns the ratio of processor time at 10 000 and 1 000 trials by the number of hyperparameters."""
    seconds = {(c["trials"], c["hyperparameters"]): c["cpu_seconds"] for c in cases}
    return {d: t / seconds[1_000, d] for (n, d), t in seconds.items() if n == LARGE and (1_000, d) in seconds}


if __name__ == "__main__":
    sys.exit(main())
