"""Repeats the experiment of Segel et al. (2023) on real landscapes: whose formula is closest to the true cost?

Every landscape of `data/<part>` has the true cost on a grid, random samples and two recorded SMAC runs, one with a
Gaussian process (bbo), one with a forest (hpo); see `make_landscapes.py`. For every run each method of
`faithfulness_peers.py` gives a predictor of the cost, which is compared with the truth on the grid: the run's surrogate
itself; our formulas of it, of the better of two surrogates, of the trials and of random samples; gplearn with the
paper's settings on the same sources; DeepCAVE's panel.

A case is informative when its own surrogate's RMSE to the truth is below 0.9 of the truth's standard deviation: a
formula of a surrogate that knows nothing cannot be right. A method that fails is compared as the mean of the trials.

An interrupted call goes on with --resume; it also computes what a finished file does not have yet and draws again.

Usage: python benchmarks/faithfulness.py [--part test|tuning] [--only NAME ...] [--methods GROUP ...] [--jobs 2]
    [--output FILE.json] [--resume] [--redo GROUP ...] [--picture FILE.png]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from common import ROOT, machine, print_table
from faithfulness_peers import GROUPS, INFORMATIVE, Case, Effort, Outcome, find_cases, unavailable, warm_up
from joblib import Parallel, delayed

DATA = Path(__file__).parent / "data"
RESULTS = Path(__file__).parent / "results"
#: JSON has no infinity.
WORST = 1e30
QUICK = Effort(population=200, generations=3, panel_generations=3)
PEERS = ("paper, surrogate", "paper, BO samples", "paper, random samples", "panel")
#: How the panel's text begins where it has a regressor but no formula to show.
NO_FORMULA = ("Expression is too long", "Conversion of the expression failed")
#: Rows of the picture and how they are called there.
PICTURE = {
    "ours": "ours",
    "ours, best surrogate": "ours, best<br>surrogate",
    "operon": "operon<br>engine",
    "paper, surrogate": "paper on<br>surrogate",
    "paper, BO samples": "paper on<br>BO samples",
    "paper, random samples": "paper on<br>random samples",
    "panel": "DeepCAVE's<br>panel",
}


# --- results ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """How one method did on one case.

    Args:
        rmse: RMSE to the truth on the grid.
        formula: As its author would show it.
        complexity: Number of nodes; None for a surrogate or where the method failed.
        constants: How many of them are fitted; None where that is not known.
        seconds: None where it failed.
        projection_r2: R² to what it describes; None where that is not a projection.
        verdict: What our explanation says about itself.
        surrogate: Name of the model that ours describes.
        cv_r2: Its cross-validated R².
        failed: Why the method failed; then the RMSE is that of the trials' mean.
    """

    rmse: float
    formula: str = ""
    complexity: int | None = None
    constants: int | None = None
    seconds: float | None = None
    projection_r2: float | None = None
    verdict: str | None = None
    surrogate: str | None = None
    cv_r2: float | None = None
    failed: str | None = None


@dataclass
class CaseResult:
    """All that was measured on one case.

    Args:
        landscape: Name of the landscape.
        facade: "bbo" or "hpo".
        std: Standard deviation of the truth on the grid.
        noise: Standard deviation of one evaluation.
        results: By row.
    """

    landscape: str
    facade: str
    std: float
    noise: float
    results: dict[str, Result] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """What names the case."""
        return self.landscape, self.facade

    @property
    def informative(self) -> bool:
        """Whether the run's own surrogate knows the landscape."""
        return self.is_informed("surrogate")

    def is_informed(self, surrogate: str) -> bool:
        """Returns whether the surrogate of that row knows the landscape."""
        return self.results[surrogate].rmse < INFORMATIVE * self.std

    def truth_r2(self, row: str) -> float:
        """Returns a row's R² to the truth on the grid."""
        return 1.0 - (self.results[row].rmse / self.std) ** 2

    def is_below(self, row: str, other: str) -> bool:
        """Returns whether one row is closer to the truth than another."""
        return self.results[row].rmse < self.results[other].rmse

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> CaseResult:
        """Reads what `asdict` wrote."""
        return cls(**{**data, "results": {row: Result(**r) for row, r in data["results"].items()}})


def measure(case: Case, groups: Sequence[str], effort: Effort) -> CaseResult:
    """Runs the groups on one case."""
    warnings.simplefilter("ignore")
    warm_up(tuple(groups))
    results: dict[str, Result] = {}
    for group in groups:
        rows, run = GROUPS[group]
        try:
            results |= {row: _result(outcome, case.truth) for row, outcome in run(case, effort).items()}
        except Exception as error:  # whatever stops a peer is a result of this benchmark
            failed = Result(_rmse(case.truth, case.mean_cost), failed=f"{type(error).__name__}: {error}")
            results |= dict.fromkeys(rows, failed)
    return CaseResult(case.landscape, case.facade, float(case.truth.std()), case.record["noise"], results)


def _rmse(truth: np.ndarray, predicted: Any) -> float:
    with np.errstate(all="ignore"):
        rmse = float(np.sqrt(np.mean((truth - predicted) ** 2)))
    return min(rmse, WORST) if np.isfinite(rmse) else WORST


def _result(outcome: Outcome, truth: np.ndarray) -> Result:
    r2 = outcome.projection_r2
    return Result(
        rmse=_rmse(truth, outcome.predicted),
        formula=outcome.formula,
        complexity=outcome.complexity,
        constants=outcome.constants,
        seconds=outcome.seconds,
        projection_r2=None if r2 is None else max(r2, -WORST),
        verdict=outcome.verdict,
        surrogate=outcome.surrogate,
        cv_r2=outcome.cv_r2,
    )


# --- tables -------------------------------------------------------------------------------------------------------


def rows_of(cases: Sequence[CaseResult]) -> list[str]:
    """Returns the rows that every case has, in the order of the groups."""
    return [row for rows, _ in GROUPS.values() for row in rows if all(row in c.results for c in cases)]


def print_tables(cases: Sequence[CaseResult]) -> None:
    """Prints a table a facade and one of both; every cell is "informative cases / all cases"."""
    for title, facades in (("bbo: Gaussian process", ["bbo"]), ("hpo: forest", ["hpo"]), ("together", ["bbo", "hpo"])):
        chosen = [c for c in cases if c.facade in facades]
        if not chosen:
            continue
        informative = [c for c in chosen if c.informative]
        print(f"\n{title}: medians over {len(informative)} informative / all {len(chosen)} cases")
        head = (
            "method",
            "RMSE/surrogate",
            "RMSE/std",
            "R² to projection",
            "nodes",
            "constants",
            "seconds",
            "ours below",
            "failed",
        )
        print_table(head, [_table_row(row, informative, chosen) for row in rows_of(cases)])


def _table_row(row: str, informative: Sequence[CaseResult], chosen: Sequence[CaseResult]) -> tuple[str, ...]:
    def both(value: Callable[[CaseResult], float | None], digits: str) -> str:
        return " / ".join(_median_text(map(value, cases), digits) for cases in (informative, chosen))

    def wins(cases: Sequence[CaseResult]) -> str:
        if row == "ours" or "ours" not in cases[0].results:
            return "-"
        return f"{sum(c.is_below('ours', row) for c in cases)} of {len(cases)}"

    return (
        row,
        both(lambda c: c.results[row].rmse / c.results["surrogate"].rmse, ".2f"),
        both(lambda c: c.results[row].rmse / c.std, ".2f"),
        both(lambda c: c.results[row].projection_r2, ".3f"),
        both(lambda c: c.results[row].complexity, ".3g"),
        both(lambda c: c.results[row].constants, ".3g"),
        both(lambda c: c.results[row].seconds, ".3g"),
        " / ".join(wins(cases) if cases else "-" for cases in (informative, chosen)),
        str(sum(c.results[row].failed is not None for c in chosen)),
    )


def _median_text(values: Iterable[float | None], digits: str) -> str:
    known = [v for v in values if v is not None]
    return f"{statistics.median(known):{digits}}" if known else "-"


# --- summary ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A line of the summary.

    Args:
        text: What was measured.
        value: The figure in words.
        target: The target in words; empty where there is none.
        passed: Whether it was reached; None without a target or where nothing was measured.
    """

    text: str
    value: str
    target: str = ""
    passed: bool | None = None


def summarise(cases: Sequence[CaseResult]) -> list[Line]:
    """Returns the lines of the summary that can be computed from what was measured."""
    informative = [c for c in cases if c.informative]
    return [
        *_faithfulness(cases, informative),
        *_costs(cases),
        *(line for row, own in VERDICTS.items() for line in _verdicts(cases, row, own)),
        *_calibration(cases),
    ]


#: Rows with a verdict and the surrogate that they describe.
VERDICTS = {"ours": "surrogate", "ours, best surrogate": "best surrogate"}


def _with(cases: Sequence[CaseResult], *rows: str) -> list[CaseResult]:
    return [c for c in cases if all(row in c.results for row in rows)]


def _faithfulness(cases: Sequence[CaseResult], informative: Sequence[CaseResult]) -> list[Line]:
    lines = []
    if measured := _with(informative, "ours"):
        ratio = statistics.median(c.results["ours"].rmse / c.results["surrogate"].rmse for c in measured)
        text = "(1) own surrogate, informative: median RMSE of ours / surrogate's"
        lines.append(Line(text, f"{ratio:.3f}", "at most 1.05", ratio <= 1.05))
    lines += [
        _share("(2) informative: ours below the paper's settings on the surrogate", informative, "ours", PEERS[0], 0.9),
        _share("(2) informative: ours below the paper's settings on BO samples", informative, "ours", PEERS[1]),
        _share("(2) informative, paper's settings: surrogate below BO samples", informative, PEERS[0], PEERS[1]),
        _share("(2) informative, ours: surrogate below BO samples", informative, "ours", "ours, BO samples"),
    ]
    best = "ours, best surrogate"
    lines += [
        _share("(3) all: ours on the best surrogate below the paper's settings", cases, best, PEERS[0], 0.95),
        _share("(3) all: ours on the best surrogate below the panel", cases, best, "panel", 0.95),
    ]
    if distances := [c.results[best].rmse / c.std for c in _with(cases, best)]:
        middle, worst = statistics.median(distances), max(distances)
        text = "(3) all: RMSE of ours on the best surrogate, standard deviations of the truth"
        lines += [
            Line(f"{text}, median", f"{middle:.3f}", "at most 0.38", middle <= 0.38),
            Line(f"{text}, largest", f"{worst:.2f}", "at most 1.1", worst <= 1.1),
        ]
    return lines


def _share(text: str, cases: Sequence[CaseResult], row: str, other: str, target: float | None = None) -> Line:
    """Returns on how many of the cases one row is closer to the truth than another."""
    measured = _with(cases, row, other)
    goal = "" if target is None else f"at least {target:.0%}"
    if not measured:
        return Line(text, "not measured", goal)
    below = sum(c.is_below(row, other) for c in measured)
    share = below / len(measured)
    return Line(text, f"{below} of {len(measured)} ({share:.0%})", goal, None if target is None else share >= target)


def _costs(cases: Sequence[CaseResult]) -> list[Line]:
    measured = [c.results["ours"] for c in _with(cases, "ours") if not c.results["ours"].failed]
    if not measured:
        return []
    nodes = statistics.median(r.complexity for r in measured)
    constants = [r.constants for r in measured if r.constants is not None]
    typical = statistics.median(constants)
    ours = statistics.median(r.seconds for r in measured)
    lines = [
        Line("(4) median nodes of ours", f"{nodes:g}", "at most 13", nodes <= 13),
        Line("(4) median fitted constants", f"{typical:g}", "at most 4", typical <= 4),
        Line("(4) most fitted constants", f"{max(constants)}", "at most 6", max(constants) <= 6),
    ]
    for row in PEERS:
        times = [c.results[row].seconds for c in _with(cases, row) if c.results[row].seconds is not None]
        if times:
            ratio = statistics.median(times) / ours
            text = f"(5) median seconds, {row} ({statistics.median(times):.1f}) / ours ({ours:.2f})"
            lines.append(Line(text, f"{ratio:.0f}", "at least 20", ratio >= 20))
    shown = [c.results["panel"].formula for c in _with(cases, "panel")]
    if shown:
        hidden = sum(formula.startswith(NO_FORMULA) for formula in shown)
        lines.append(Line("panel: fitted, but shows no formula", f"{hidden} of {len(shown)}"))
    return lines


def _verdicts(cases: Sequence[CaseResult], row: str, surrogate: str) -> list[Line]:
    """Returns how one row's verdicts fit what its surrogate knows; the middle verdict is neither right nor wrong."""
    measured = _with(cases, row, surrogate)
    blind = [c.results[row].verdict for c in measured if not c.is_informed(surrogate)]
    seeing = [
        c.results[row].verdict
        for c in measured
        if c.is_informed(surrogate) and (c.results[row].projection_r2 or 0.0) >= 0.5
    ]
    lines = []
    if blind:
        trusted, refused = blind.count("trust"), sum(v in ("do not trust", "no visible effect") for v in blind)
        lines += [
            Line(f'(6) {row}: uninformative but "trust"', f"{trusted} of {len(blind)}", "none", trusted == 0),
            Line(
                f'(6) {row}: uninformative and "do not trust" or "no visible effect"',
                f"{refused} of {len(blind)}",
                "at least 80%",
                refused >= 0.8 * len(blind),
            ),
        ]
    if seeing:
        refused = seeing.count("do not trust")
        text = f'(6) {row}: informative, R² to the projection at least 0.5, but "do not trust"'
        lines.append(Line(text, f"{refused} of {len(seeing)}", "at most 10%", refused <= 0.1 * len(seeing)))
    return lines


def _calibration(cases: Sequence[CaseResult]) -> list[Line]:
    """Returns how close to the truth the formulas of each verdict are, own and best surrogates together."""
    said: dict[str, dict[tuple[str, ...], float]] = {"trust": {}, "do not trust": {}}
    for row in VERDICTS:
        for case in _with(cases, row):
            result = case.results[row]
            if result.verdict in said:
                # Where the best surrogate is the run's own the explanation is the same one and counts once.
                said[result.verdict][(*case.key, result.formula)] = case.truth_r2(row)
    trusted, refused = said["trust"].values(), said["do not trust"].values()
    return [
        Line('(7) "trust" and R² to the truth above 0.9', f"{sum(r > 0.9 for r in trusted)} of {len(trusted)}"),
        Line('(7) "do not trust" and R² to the truth below 0.5', f"{sum(r < 0.5 for r in refused)} of {len(refused)}"),
    ]


def print_summary(lines: Sequence[Line]) -> None:
    """Prints the summary."""
    words = {True: "pass", False: "FAIL", None: "-"}
    print("\nsummary")
    print_table(("", "measured", "target", ""), [(x.text, x.value, x.target or "-", words[x.passed]) for x in lines])


# --- running ------------------------------------------------------------------------------------------------------


def save_picture(cases: Sequence[CaseResult], path: Path) -> None:
    """Draws the cases' RMSE and seconds as a PNG."""
    from picture import Strip, draw, save

    def by_facade(value: Callable[[CaseResult], float | None]) -> dict[str, list[float]]:
        found = {f: [value(c) for c in cases if c.facade == f] for f in ("bbo", "hpo")}
        return {f: [v for v in values if v is not None] for f, values in found.items()}

    strips = [
        Strip(
            label=label,
            ours=row not in PEERS,
            ratios=by_facade(lambda c, row=row: c.results[row].rmse / c.results["surrogate"].rmse),
            seconds=by_facade(lambda c, row=row: c.results[row].seconds),
        )
        for row, label in PICTURE.items()
        if row in rows_of(cases)
    ]
    save(draw(strips), path)


def read_results(path: Path, effort: Effort) -> dict[tuple[str, str], CaseResult]:
    """Reads the cases of an interrupted or finished call."""
    if not path.exists():
        return {}
    record = json.loads(path.read_text())
    if record["effort"] != asdict(effort):
        sys.exit(f"{path} was computed with other settings ({record['effort']}); choose another --output.")
    cases = [CaseResult.from_dict(case) for case in record["cases"]]
    return {case.key: case for case in cases}


def write_results(path: Path, head: dict[str, Any], cases: Iterable[CaseResult], summary: Sequence[Line] = ()) -> None:
    """Writes everything measured so far; an interruption leaves the old file or the new one."""
    record = {**head, "summary": [asdict(s) for s in summary], "cases": [asdict(c) for c in cases]}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    part.replace(path)


def wanted_groups(names: Sequence[str] | None) -> list[str]:
    """Returns the groups to run, the surrogate always among them, without those that lack a package."""
    groups = [g for g in GROUPS if g == "surrogate" or not names or g in names]
    missing = unavailable(groups)
    for group, packages in missing.items():
        print(f"left out: {group} (not installed: {packages})", file=sys.stderr)
    return [g for g in groups if g not in missing]


def missing_groups(case: Case, groups: Sequence[str], known: CaseResult | None, redo: Sequence[str]) -> list[str]:
    """Returns the groups that are still to be computed for a case."""
    return [g for g in groups if known is None or g in redo or not set(GROUPS[g][0]) <= set(known.results)]


def parse_arguments() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("test", "tuning"), default="test", help="which landscapes")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the recorded landscapes")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="names of landscapes")
    parser.add_argument("--methods", nargs="+", choices=GROUPS, metavar="GROUP", help=f"of {', '.join(GROUPS)}")
    parser.add_argument("--jobs", type=int, default=1, help="processes; seconds are honest with one a free core")
    parser.add_argument("--output", type=Path, help="default: benchmarks/results/faithfulness-<part>.json")
    parser.add_argument("--resume", action="store_true", help="keep what the output has and compute the rest")
    parser.add_argument("--redo", nargs="+", choices=GROUPS, metavar="GROUP", default=[], help="compute these again")
    parser.add_argument("--picture", type=Path, metavar="FILE.png", help="draw the results (Chromium and playwright)")
    parser.add_argument("--quick", action="store_true", help="hardly any gplearn: to try the script, not to quote")
    args = parser.parse_args()
    args.output = args.output or RESULTS / f"faithfulness-{args.part}.json"
    args.resume = args.resume or bool(args.redo)
    if args.output.exists() and not args.resume:
        parser.error(f"{args.output} exists: --resume goes on with it, --output writes another one")
    return args


def main() -> None:
    """Runs every case that is missing, prints tables and summary and writes the JSON file."""
    args = parse_arguments()
    effort = QUICK if args.quick else Effort()
    found = find_cases(args.data / args.part, args.only)
    cases = [c for c in found if np.std(c.truth) > 0]
    flat = sorted({c.landscape for c in found if np.std(c.truth) == 0})
    if flat:
        print(f"left out, the true cost is constant: {', '.join(flat)}")
    if not cases:
        sys.exit(f"No recorded run in {args.data / args.part}; see make_landscapes.py.")
    command = " ".join(["python", os.path.relpath(sys.argv[0], ROOT), *sys.argv[1:]])
    head = {"benchmark": "faithfulness", "command": command, **machine(), "effort": asdict(effort), "flat": flat}
    known = read_results(args.output, effort) if args.resume else {}
    groups = wanted_groups(args.methods)
    todo = [(c, missing_groups(c, groups, known.get((c.landscape, c.facade)), args.redo)) for c in cases]
    todo = [(c, missing) for c, missing in todo if missing]
    measured = Parallel(n_jobs=args.jobs, return_as="generator_unordered")(
        delayed(measure)(case, missing, effort) for case, missing in todo
    )
    for i, result in enumerate(measured, start=1):
        if result.key in known:
            known[result.key].results |= result.results
        else:
            known[result.key] = result
        write_results(args.output, head, known.values())
        failed = [f"; {row} failed: {r.failed}" for row, r in result.results.items() if r.failed]
        print(f"{i} of {len(todo)}: {' '.join(result.key)}{''.join(failed)}", file=sys.stderr, flush=True)
    shown = [known[c.landscape, c.facade] for c in cases]
    summary = summarise(shown)
    write_results(args.output, head, known.values(), summary)
    print_tables(shown)
    print_summary(summary)
    if args.picture:
        save_picture(shown, args.picture)


if __name__ == "__main__":
    main()
