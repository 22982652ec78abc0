"""Where the tests find runs: those of the repository, and more that a developer may have beside it."""

from __future__ import annotations

from pathlib import Path

__all__ = [
    "EXAMPLE_RUNS",
    "FIDELITY",
    "FOREST",
    "OLD_RUNS",
    "ROOT",
    "SVM",
    "TEST_RUNS",
    "about_more_runs",
    "short_name",
]

ROOT = Path(__file__).parents[2]
EXAMPLE_RUNS = ROOT / "examples" / "runs"
#: The example runs with a Gaussian process, with a forest and with budgets.
SVM, FOREST, FIDELITY = (EXAMPLE_RUNS / name for name in ("svm_bbo", "mlp_hpo", "boosting_mf"))
TEST_RUNS = ROOT / "tests" / "data" / "runs"
#: Recorded runs that must not be committed; they lie beside the checkout, or nowhere.
_MORE_RUNS = ROOT.parent / "shared" / "runs"
_LONG = ("2.0.0/process", "2.0.2/seeds", "2.0.2/budgets", "2.2.0/objectives", "2.3.1/unfinished")
#: Runs that older versions of SMAC 2 recorded: each facade and layout once, and the ones beside the checkout.
OLD_RUNS = [*(TEST_RUNS / name for name in _LONG), *sorted(_MORE_RUNS.glob("SMAC3v2/*/run_*"))]


def short_name(folder: Path) -> str:
    """Returns what the test of a run is called."""
    return "/".join(folder.parts[-2:])


def about_more_runs() -> str:
    """Returns a line on the runs that a clone does not have."""
    n = len(OLD_RUNS) - len(_LONG)
    if n:
        return f"runs: the repository's and {n} recorded ones in ../shared/runs"
    return "runs: the repository's; the recorded ones of ../shared/runs, an extra, are absent"
