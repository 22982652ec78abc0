"""How well a surrogate predicts trials it has not seen: k-fold cross-validation on the run's own trials.

Folds are drawn over configurations, so that repeated seeds, instances or lower budgets of a configuration never help to
predict it. The encoder keeps the statistics of all trials (its scale, not its targets); everything else is refitted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from deepcave_symbolic.expression import Array

if TYPE_CHECKING:
    from deepcave_symbolic.surrogates.data import TrainingData

__all__ = ["cross_validate", "notes"]

N_FOLDS = 5
MIN_CONFIGURATIONS = 10

Index = npt.NDArray[np.intp]
# Trains on the rows of an index; the result maps vectors and their instance features to means in objective units.
Fit = Callable[[Index], Callable[[Array, Array], Array]]


def cross_validate(data: TrainingData, fit: Fit, *, seed: int) -> tuple[float | None, float | None]:
    """Returns R² and Spearman's rank correlation of the held-out predictions, in objective units.

    Args:
        data: The training data.
        fit: Trains a model on some of the rows.
        seed: Decides the folds.

    Returns:
        Both None with fewer than ten configurations; either None where the costs do not vary.
    """
    n_configurations = int(data.groups.max()) + 1
    configurations = np.unique(data.groups)
    if len(configurations) < MIN_CONFIGURATIONS:
        return None, None
    fold_of = np.zeros(n_configurations, dtype=np.intp)
    fold_of[np.random.default_rng(seed).permutation(configurations)] = np.arange(len(configurations)) % N_FOLDS
    folds = fold_of[data.groups]
    predicted = np.empty_like(data.y)
    for fold in range(N_FOLDS):
        held_out = folds == fold
        predict = fit(np.flatnonzero(~held_out))
        predicted[held_out] = predict(data.X[held_out], data.features[held_out])
    return _r2(data.y, predicted), _rank_correlation(data.y, predicted)


def _r2(y: Array, predicted: Array) -> float | None:
    # Centred and scaled first: the squares of large costs would overflow.
    scale = float(np.max(np.abs(y - y.mean())))
    if scale == 0 or not np.isfinite(scale):
        return None
    total = float(np.sum(((y - y.mean()) / scale) ** 2))
    with np.errstate(over="ignore"):
        r2 = 1 - float(np.sum(((y - predicted) / scale) ** 2)) / total
    return r2 if np.isfinite(r2) else None


def _rank_correlation(y: Array, predicted: Array) -> float | None:
    from scipy.stats import rankdata

    if np.ptp(y) == 0 or np.ptp(predicted) == 0:
        return None
    return float(np.corrcoef(rankdata(y), rankdata(predicted))[0, 1])


def notes(data: TrainingData, r2: float | None) -> tuple[str, ...]:
    """Returns what a user must know about the surrogate's data, as sentences; what its R² means is said by `trust`."""
    sentences = []
    if data.n_left_out:
        sentences.append(f"{_trials(data.n_left_out)} without a finite cost left out.")
    if data.n_clipped:
        sentences.append(
            f"Costs of {_trials(data.n_clipped)} were below 0.00001 and raised to it before the logarithm, as in SMAC."
        )
    if r2 is None:
        sentences.append(
            f"Too few configurations for cross-validation ({len(np.unique(data.groups))}) or costs that do not vary."
        )
    return tuple(sentences)


def _trials(n: int) -> str:
    return f"{n} trial" if n == 1 else f"{n} trials"
