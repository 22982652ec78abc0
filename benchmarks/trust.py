"""Asks whether verdicts and probabilities are worth their name, on recorded runs whose truth is known.

Explained are every hyperparameter of the runs of `known_truth.py`, both together where there are two, and else the two
pairs that interact most. For every verdict: how many formulas, how many of them are close to the truth (R² above 0.9
and 0.5) with Wilson's 95 % interval, and how many of all that are close get it. For the probabilities: Brier score
beside that of the share of close formulas, and a reliability table.

Usage: python benchmarks/trust.py [--part test|tuning] [--only NAME ...] [--surrogate run] [--jobs 2] [--kept FOLDER]
       [--tables FOLDER] [--output FILE] [--picture FILE]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from common import print_json, print_table
from joblib import Parallel, delayed
from known_truth import DATA, FAMILIES, PARTS, KnownRun, find_runs
from picture import save
from reliability import bins_of, brier, draw, share_with_interval, wilson

from deepcave_symbolic.findings.closeness import CLOSE, FAIR, features_of
from deepcave_symbolic.findings.findings import findings_of
from deepcave_symbolic.findings.trust import VERDICTS
from deepcave_symbolic.formulas.expression import variables


@dataclass(frozen=True)
class Judged:
    """A recommended formula, what is said of it and how close it is.

    Args:
        run: Landscape and run.
        family: Of landscapes.
        data_set: What the landscape's models were trained on.
        hyperparameters: What it describes.
        verdict: What is said of it.
        probability: Of R² above 0.9 to the truth; None where it is not known.
        probability_fair: Of R² above 0.5.
        r2: Of the formula to the truth.
        features: What the probabilities are computed from; None where it is not known.
        formula: The formula.
        varies: Whether it is no constant.
    """

    run: str
    family: str
    data_set: str
    hyperparameters: tuple[str, ...]
    verdict: str
    probability: float | None
    probability_fair: float | None
    r2: float
    features: dict[str, float] | None
    formula: str
    varies: bool


def judged(run: KnownRun, surrogate: str, kept: Path | None) -> list[Judged]:
    """Returns what is said of every explanation of a run."""
    found = []
    for each in run.explained(surrogate, kept):
        draws = None if each.certainty is None else each.certainty.samples
        # Again, so that explanations that were kept are judged by the rules of today.
        (findings,) = findings_of(
            [each.best], each.projection, each.surrogate, each.noise, maximize=each.direction == "maximize", draws=draws
        )
        trust = findings.trust
        found.append(
            Judged(
                run.name,
                run.family,
                run.data_set,
                each.hyperparameters,
                trust.verdict,
                trust.probability,
                trust.probability_fair,
                run.r2(each),
                features_of(each.best, each.projection, each.surrogate, draws),
                str(each.best),
                bool(variables(each.best.tree)),
            )
        )
    return found


def verdict_rows(found: Sequence[Judged]) -> list[tuple[str, ...]]:
    """Returns a row of the table per verdict."""
    rows = []
    for verdict in VERDICTS:
        own = [each for each in found if each.verdict == verdict]
        cells = [verdict, str(len(own))]
        for limit in (CLOSE, FAIR):
            close, deserving = (sum(each.r2 > limit for each in group) for group in (own, found))
            cells += [
                share_with_interval(close, len(own)),
                f"{100 * close / deserving:.0f} %" if deserving else "-",
            ]
        rows.append(tuple(cells))
    return rows


def _named(found: Sequence[Judged], limit: float) -> tuple[list[float], list[bool]]:
    """Returns the probabilities of formulas that vary, and whether they came true."""
    known = [each for each in found if each.varies and each.probability is not None]
    said = [(each.probability if limit == CLOSE else each.probability_fair) or 0.0 for each in known]
    return said, [each.r2 > limit for each in known]


def summary(found: Sequence[Judged]) -> dict[str, Any]:
    """Returns what is known of some formulas, as numbers."""
    trusted = [each for each in found if each.verdict == VERDICTS[0]]
    close = sum(each.r2 > CLOSE for each in trusted)
    numbers: dict[str, Any] = {
        "runs": len({each.run for each in found}),
        "landscapes": len({each.run.rsplit("/", 1)[0] for each in found}),
        "formulas": len(found),
        "deserving": sum(each.r2 > CLOSE for each in found),
        "trust": len(trusted),
        "trust_close": close,
        "wilson": wilson(close, len(trusted)),
    }
    for name, limit in (("close", CLOSE), ("fair", FAIR)):
        said, true = _named(found, limit)
        numbers[f"brier_{name}"], numbers[f"brier_{name}_base"] = brier(said, true) if said else (None, None)
    return numbers


def report(title: str, found: Sequence[Judged]) -> None:
    """Prints what is known of some formulas."""
    n = summary(found)
    print(f"\n{title}: {n['formulas']} formulas of {n['runs']} runs on {n['landscapes']} landscapes")
    columns = ("verdict", "formulas", "R² above 0.9", "of all above", "R² above 0.5", "of all above")
    print_table(columns, verdict_rows(found))
    for limit in (CLOSE, FAIR):
        said, true = _named(found, limit)
        if said:
            own, base = brier(said, true)
            print(f"R² above {limit:g}: Brier score {own:.3f}, of the share alone {base:.3f} ({len(said)} formulas)")
            print_table(("said", "formulas", "mean", "true"), [each.row for each in bins_of(said, true)])


def main() -> None:
    """Runs every case and prints tables and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=PARTS, default="test")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="landscapes")
    parser.add_argument("--surrogate", default="run", help="as explain takes it")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--kept", type=Path, help="folder in which explanations are kept and found again")
    parser.add_argument("--tables", type=Path, default=DATA / "tables", help="folder of the runs on tables")
    parser.add_argument("--output", type=Path, help="file for what calibrate.py reads")
    parser.add_argument("--picture", type=Path, help="file for the reliability diagram, a PNG")
    args = parser.parse_args()
    runs = find_runs(args.part, args.only, args.tables)
    results = Parallel(n_jobs=args.jobs)(delayed(judged)(run, args.surrogate, args.kept) for run in runs)
    found = [each for run in results for each in run]
    report("All", found)
    elsewhere = {run.data_set for part in PARTS if part != args.part for run in find_runs(part, None, args.tables)}
    report("Data sets that no run of the other part has", [each for each in found if each.data_set not in elsewhere])
    for family in FAMILIES:
        report(family.capitalize(), [each for each in found if each.family == family])
    if args.picture:
        save(draw({f"R² above {limit:g}": bins_of(*_named(found, limit)) for limit in (CLOSE, FAIR)}), args.picture)
    if args.output:
        args.output.write_text(json.dumps([asdict(each) for each in found]))
    print_json({"benchmark": "trust", "part": args.part, "surrogate": args.surrogate, **summary(found)})


if __name__ == "__main__":
    main()
