"""Compares the formula of a whole run with other searches of the same length, with complete tables, and with itself.

Runs: on a part of the complete tables (see `make_tables.py`) those of 100 and 200 trials, those of 50 where a landscape
has no other; with the tuning part the examples of several hyperparameters, too. Of each, at most `--nodes` nodes:

- R² to the surrogate on configurations that no method has seen, ours (the longest formula, as it is shown and without
  the constants that make means of parts zero, which others have in their level; and the recommended one) beside
  Operon's, gplearn's and a ceiling without a formula, a generalised additive model with all pairs (the package
  `interpret-core`, where it is installed); processor seconds of each, without training the surrogate.
- To a table: RMSE to the true cost, the mean over the seeds, of formula and surrogate; and correlation of the
  formulas' and the surrogate's main effects with the table's exact first-order effects, for hyperparameters with a
  share above 5 % of the true cost's variance (0 where the formula does not contain one).
- Stability: how often the two strongest parts of the recommended formula keep hyperparameters and shape, and
  hyperparameters and course (where they fall and rise), when a tenth of the trials is left out and the surrogate is
  trained again.

Peers get the same fitted configurations and their best formula is chosen on the same held-out ones, see
`whole_run_peers.py`; the effort of Operon was chosen on the tuning part, and so were the settings of `explain_run`.

Usage: python benchmarks/whole_run.py [--part test|tuning] [--package FOLDER] [--tables FOLDER ...] [--only NAME ...]
    [--peers operon gplearn GA2M] [--evaluations 400000] [--drops 3] [--nodes 30] [--jobs 1] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from common import machine, print_table
from joblib import Parallel, delayed
from known_truth import DATA, PARTS
from whole_run_measures import Outcome, find, measure
from whole_run_peers import PEERS, unavailable


def show(outcomes: Sequence[Outcome], peers: Sequence[str]) -> None:
    """Prints a table of the runs, the formulas, and the figures over all."""
    rows = [_row(outcome, peers) for outcome in outcomes]
    head = ["run", "surrogate", "R²", "uncentred", "recomm.", "nodes", "CPU s"]
    for peer in peers:
        head += [f"{peer} R²", "CPU s"]
    print_table([*head, "RMSE/surr.", "recomm.", "main effects ours/recomm./surr.", "kept", "courses"], rows)
    for outcome in outcomes:
        print(f"\n{outcome.name}")
        for name, method in outcome.methods.items():
            print(f"  {name}: {method.text}" if method.text else f"  {name}: no formula")
    print()
    print_table(["over all runs", "median", "worst", "n"], list(_summary(outcomes, peers)))


def _row(outcome: Outcome, peers: Sequence[str]) -> list[str]:
    ours, uncentred, seen = (outcome.methods[name] for name in ("ours", "uncentred", "recommended"))
    row = [outcome.name, outcome.surrogate, f"{ours.r2:.3f}", f"{uncentred.r2:.3f}", f"{seen.r2:.3f}"]
    row.append(f"{ours.nodes}, {uncentred.nodes}, {seen.nodes}")
    row.append(f"{ours.seconds:.1f}")
    for peer in peers:
        row += [f"{outcome.methods[peer].r2:.3f}", f"{outcome.methods[peer].seconds:.1f}"]
    row += [_shown(_relative(outcome, name)) for name in ("ours", "recommended")]
    ours_seen_surrogate = (outcome.main_effects.get(name, {}) for name in ("ours", "recommended", "surrogate"))
    effects = zip(*(found.items() for found in ours_seen_surrogate), strict=True)
    row.append(
        ", ".join(f"{three[0][0]} " + "/".join(f"{value:.2f}" for _, value in three) for three in effects) or "-"
    )
    return [*row, " ".join(map(str, outcome.kept)), " ".join(map(str, outcome.courses_kept))]


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _relative(outcome: Outcome, name: str) -> float | None:
    rmse = outcome.methods[name].rmse
    return None if rmse is None or not outcome.surrogate_rmse else rmse / outcome.surrogate_rmse


def _summary(outcomes: Sequence[Outcome], peers: Sequence[str]) -> Iterable[list[str]]:
    """Yields rows of what, median, worst, number."""

    def row(what: str, values: Sequence[float], *, most: bool = False) -> list[str]:
        if not values:
            return [what, "-", "-", "0"]
        worst = max(values) if most else min(values)
        return [what, f"{statistics.median(values):.3f}", f"{worst:.3f}", str(len(values))]

    ours = [outcome.methods["ours"] for outcome in outcomes]
    uncentred = [outcome.methods["uncentred"] for outcome in outcomes]
    yield row("R², ours", [method.r2 for method in ours])
    yield row("R², ours, uncentred", [method.r2 for method in uncentred])
    yield row("R², recommended", [outcome.methods["recommended"].r2 for outcome in outcomes])
    yield row("CPU s, ours", [method.seconds for method in ours], most=True)
    for peer in peers:
        theirs = [outcome.methods[peer] for outcome in outcomes]
        yield row(f"R², {peer}", [method.r2 for method in theirs])
        for name, own in (("ours", ours), ("ours, uncentred,", uncentred)):
            yield row(f"R², {name} less {peer}'s", [a.r2 - b.r2 for a, b in zip(own, theirs, strict=True)])
        yield row(
            f"CPU s, {peer}'s over ours", [b.seconds / max(a.seconds, 1e-3) for a, b in zip(ours, theirs, strict=True)]
        )
    for name in ("ours", "recommended"):
        ratios = [ratio for outcome in outcomes if (ratio := _relative(outcome, name)) is not None]
        yield row(f"RMSE to the true cost over the surrogate's, {name}", ratios, most=True)
    for name in ("ours", "recommended", "surrogate"):
        found = [value for outcome in outcomes for value in outcome.main_effects.get(name, {}).values()]
        yield row(f"correlation of main effects, {name}", found)
    for what, kept in (
        ("shape", [number for outcome in outcomes for number in outcome.kept]),
        ("course", [number for outcome in outcomes for number in outcome.courses_kept]),
    ):
        if kept:
            both = f"{100.0 * sum(number == 2 for number in kept) / len(kept):.0f} %"
            yield [f"both strongest parts kept, {what}", both, "", str(len(kept))]
            each = f"{50.0 * sum(kept) / len(kept):.0f} %"
            yield [f"of the strongest parts kept, {what}", each, "", str(2 * len(kept))]


def main() -> None:
    """Measures every run and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=PARTS, default="test")
    parser.add_argument(
        "--package", type=Path, help="folder of the unpacked package of tables; without it no true cost"
    )
    parser.add_argument("--tables", nargs="+", type=Path, default=[DATA / "tables"], help="folders of recorded runs")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="landscapes or examples")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=["operon", "GA2M"])
    parser.add_argument("--evaluations", type=int, default=400_000, help="effort of each of a peer's searches")
    parser.add_argument("--drops", type=int, default=3, help="how often a tenth of the trials is left out")
    parser.add_argument("--nodes", type=int, default=30, help="longest formula")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where all figures are written")
    args = parser.parse_args()
    for peer in list(args.peers):
        reason = unavailable(peer)
        if reason:
            print(reason)
            args.peers.remove(peer)
    cases = find(args.part, args.only, args.tables)
    short = sum(case.known is not None and case.name.endswith("-50") for case in cases)
    print(f"{len(cases)} runs of the {args.part} part, {short} of them of 50 trials for want of longer ones")
    outcomes = []
    for outcome in Parallel(n_jobs=args.jobs, return_as="generator")(delayed(measure)(case, args) for case in cases):
        outcomes.append(outcome)
        reached = ", ".join(f"{name} {method.r2:.3f}" for name, method in outcome.methods.items())
        print(f"{outcome.name}: {reached}", file=sys.stderr, flush=True)
    show(outcomes, args.peers)
    if args.json:
        figures = {"benchmark": "whole_run", "part": args.part, **machine(), "runs": [asdict(o) for o in outcomes]}
        args.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
