"""Fits the probability that a formula is close to the truth on what `trust.py --part tuning --output FILE` wrote.

Prints the coefficients for `findings/closeness.py` and what they are worth: every data set's formulas are judged by
coefficients that were fitted on all others. Then, for every threshold of "trust", how many formulas pass it, how many
of them are close to the truth, and how many of all that are close pass.

Usage: python benchmarks/calibrate.py FILE [FILE ...]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from common import print_json, print_table
from reliability import bins_of, brier, share_with_interval
from sklearn.linear_model import LogisticRegression

from deepcave_symbolic.findings.closeness import CLOSE, FAIR

_THRESHOLDS = (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


def fitted(x: np.ndarray, close: np.ndarray) -> tuple[np.ndarray, float]:
    """Returns the weight of every feature and the constant; a feature whose weight would be negative has none."""
    weights, kept = np.zeros(x.shape[1]), list(range(x.shape[1]))
    while True:
        spread = x[:, kept].std(axis=0)  # the penalty takes all features for as large
        model = LogisticRegression().fit(x[:, kept] / spread, close)
        found = model.coef_[0] / spread
        if np.all(found >= 0.0):
            weights[kept] = found
            return weights, float(model.intercept_[0])
        del kept[int(np.argmin(model.coef_[0]))]


def named(x: np.ndarray, weights: np.ndarray, constant: float) -> np.ndarray:
    """Returns the probabilities."""
    return np.asarray(1.0 / (1.0 + np.exp(-(x @ weights + constant))))


def held_out(x: np.ndarray, close: np.ndarray, data_sets: np.ndarray) -> np.ndarray:
    """Returns the probabilities by coefficients that have not seen the data set."""
    said = np.empty(len(x))
    for data_set in np.unique(data_sets):
        own = data_sets == data_set
        said[own] = named(x[own], *fitted(x[~own], close[~own]))
    return said


def threshold_rows(said: np.ndarray, close: np.ndarray) -> list[tuple[str, ...]]:
    """Returns a row for every threshold: how many pass, how many of them are close, how many of all close pass."""
    rows = []
    for threshold in _THRESHOLDS:
        passed = said > threshold
        k, n = int(close[passed].sum()), int(passed.sum())
        rows.append((f"{threshold:g}", str(n), share_with_interval(k, n), f"{100 * k / max(1, close.sum()):.0f} %"))
    return rows


def main() -> None:
    """Fits, prints and judges."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", help="what trust.py wrote of the tuning part")
    args = parser.parse_args()
    found: list[dict[str, Any]] = [each for file in args.files for each in json.loads(file.read_text())]
    found = [each for each in found if each["features"] is not None and each["varies"]]
    names = list(found[0]["features"])
    x = np.array([[each["features"][name] for name in names] for each in found])
    data_sets = np.array([each["data_set"] for each in found])
    print(f"{len(found)} formulas of {len({each['run'] for each in found})} runs, {len(set(data_sets))} data sets")
    models = {
        limit: _judged(np.array([each["r2"] > limit for each in found]), x, data_sets, limit, names)
        for limit in (CLOSE, FAIR)
    }
    print_json({"benchmark": "calibrate", "models": models})


def _judged(close: np.ndarray, x: np.ndarray, data_sets: np.ndarray, limit: float, names: Sequence[str]) -> Any:
    weights, constant = fitted(x, close)
    said = held_out(x, close, data_sets)
    own, base = brier(list(said), list(close))
    print(f"\nR² above {limit:g} ({close.sum()} formulas): Brier score {own:.3f}, of the share alone {base:.3f}")
    print(f"constant {constant:.2f}, " + ", ".join(f"{name} {w:.2f}" for name, w in zip(names, weights, strict=True)))
    print_table(("said", "formulas", "mean", "true"), [each.row for each in bins_of(list(said), list(close))])
    print_table(("threshold", "formulas", "close", "of all close"), threshold_rows(said, close))
    return {"constant": round(constant, 2), **{n: round(w, 2) for n, w in zip(names, weights, strict=True)}}


if __name__ == "__main__":
    main()
