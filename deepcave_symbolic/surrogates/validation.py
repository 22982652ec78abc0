"""How well a surrogate predicts trials it has not seen: k-fold cross-validation on the run's own trials.

An optimizer's trials crowd where costs are low, so that a surrogate may predict them well and know nothing elsewhere.
Beside the plain R² there is one in which every trial weighs what its configuration stands for, the share of the space
that is nearest to it: importance-weighted cross-validation (Sugiyama, Krauledat & Müller 2007, "Covariate Shift
Adaptation by Importance Weighted Cross Validation").

Folds are drawn over configurations, so that repeated seeds, instances or lower budgets of a configuration never help to
predict it. The encoder keeps the statistics of all trials (its scale, not its targets), and a Gaussian process the
kernel's hyperparameters found on all trials; everything else is refitted.

A fold learns from at most `MOST_TRAINED` rows, drawn once: five forests of 8 000 rows and 50 hyperparameters, and five
more of the rival, would take ten times as long as the surrogate itself. Every row is predicted all the same. A model
that saw fewer trials predicts worse as a rule, so that what is reported errs on the careful side; `notes` says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from deepcave_symbolic.numeric.arrays import Array, Index
from deepcave_symbolic.numeric.weighted import weighted_r2
from deepcave_symbolic.runs.trial_selection import MIN_CONFIGURATIONS
from deepcave_symbolic.space.configurations import deactivate, forbidden, sample_all
from deepcave_symbolic.surrogates.data import WITHOUT_COST, TrainingData
from deepcave_symbolic.words.numbers import counted

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

    from deepcave_symbolic.surrogates.base import FittedSurrogate
    from deepcave_symbolic.surrogates.scales import CostScale

__all__ = [
    "Validation",
    "at_most",
    "cross_validate",
    "hold_out",
    "notes",
    "r2_of",
    "validate",
]

N_FOLDS = 5
#: Rows that a fold learns from at most; runs of up to 2 500 trials are not affected.
MOST_TRAINED = 2_000
#: From so many configurations on, the nearest is found by matrix products: a tree of cells prunes nothing in 50
#: dimensions and is four times slower.
_MANY = 2_500
#: Configurations whose nearest trial is looked up.
_SAMPLE = 4096
_FOLD_SEED = 0

# Trains on the rows of an index; the result maps vectors and their instance features to means in objective units.
Fit = Callable[[Index], Callable[[Array, Array], Array]]


@dataclass(frozen=True)
class Validation:
    """What cross-validation found.

    Args:
        r2: R² of the held-out predictions in objective units; None with too few configurations or costs that do not
            vary.
        rank_correlation: Spearman's; None likewise.
        domain_r2: R² with every trial weighted by the share of the space nearest to its configuration; None likewise.
        dominance: Largest share of that weighted variance of the costs that one configuration has, in [0, 1]: near 1
            all of R² is about a single place; None likewise.
        predicted: The held-out prediction of every row in objective units, shape (n,); None with too few
            configurations.
        shares: The weight of every row, the share of the space that is nearest to its configuration, relative to the
            mean, shape (n,); None where there is none.
    """

    r2: float | None
    rank_correlation: float | None
    domain_r2: float | None
    dominance: float | None
    predicted: Array | None
    shares: Array | None = None


def cross_validate(
    data: TrainingData, fit: Fit, configspace: ConfigurationSpace, *, like: FittedSurrogate | None = None
) -> Validation:
    """Predicts every row by a model that has not seen its configuration.

    The folds are fixed, so that what is chosen by them does not depend on a seed.

    Args:
        data: The training data.
        fit: Trains a model on some of the rows.
        configspace: The space that the weights are about.
        like: Another surrogate, cross-validated in the same space: on the same rows the weights are the same.
    """
    return validate(data, hold_out(data, fit), configspace, like=like)


def hold_out(data: TrainingData, fit: Fit) -> Array | None:
    """Returns what models that have not seen a row's configuration predict for it, (n,) or as many columns as theirs.

    None with too few configurations.
    """
    configurations = np.unique(data.groups)
    if len(configurations) < MIN_CONFIGURATIONS:
        return None
    fold_of = np.zeros(int(data.groups.max()) + 1, dtype=np.intp)
    shuffled = np.random.default_rng(_FOLD_SEED).permutation(configurations)
    fold_of[shuffled] = np.arange(len(configurations)) % N_FOLDS
    folds = fold_of[data.groups]
    predicted: Array | None = None
    for fold in range(N_FOLDS):
        held_out = folds == fold
        predict = fit(at_most(MOST_TRAINED, np.flatnonzero(~held_out), fold))
        part = predict(data.X[held_out], data.features[held_out])
        if predicted is None:
            predicted = np.empty((len(data.y), *part.shape[1:]))
        predicted[held_out] = part
    return predicted


def validate(
    data: TrainingData,
    predicted: Array | None,
    configspace: ConfigurationSpace,
    *,
    like: FittedSurrogate | None = None,
    scale: CostScale | None = None,
) -> Validation:
    """Returns how well held-out predictions meet the costs.

    Args:
        data: The training data.
        predicted: One prediction a row, objective units; None with too few configurations.
        configspace: The space that the weights are about.
        like: As of `cross_validate`.
        scale: That on which errors are measured; None for the costs as they are.
    """
    if predicted is None:
        return Validation(None, None, None, None, None)
    if like is not None and like.shares is not None and np.array_equal(like.X, data.X, equal_nan=True):
        weights: Array | None = like.shares
    else:
        weights = _shares(data, configspace)
    y, found = (data.y, predicted) if scale is None else (scale.encode(data.y), scale.encode(predicted))
    return Validation(
        r2=r2_of(y, found, np.ones_like(y)),
        rank_correlation=_rank_correlation(y, found),
        domain_r2=None if weights is None else r2_of(y, found, weights),
        dominance=None if weights is None else _dominance(y, weights, data.groups),
        predicted=predicted,
        shares=weights,
    )


def at_most(n: int, index: Index, number: int) -> Index:
    """Returns the index, or n of its rows in their order; the number of the draw decides which."""
    if len(index) <= n:
        return index
    return np.sort(np.random.default_rng([_FOLD_SEED, number]).choice(index, size=n, replace=False))


def _shares(data: TrainingData, configspace: ConfigurationSpace) -> Array | None:
    """Returns for every row the share of the space that is nearest to its configuration, relative to the mean, (n,).

    None where the space's clauses leave nothing of the sample.
    """
    sample = sample_all(configspace, _SAMPLE, np.random.RandomState(_FOLD_SEED))
    sample = deactivate(configspace, sample)
    sample = sample[~forbidden(configspace, sample)]
    if len(sample) == 0:
        return None
    configurations, first = np.unique(data.groups, return_index=True)
    nearest = _nearest(_places(sample, configspace), _places(data.X[first], configspace))
    counts = np.bincount(nearest, minlength=len(configurations)).astype(np.float64)
    rows = np.searchsorted(configurations, data.groups)
    weights = (counts / np.bincount(rows))[rows]
    return np.asarray(weights / weights.mean())


def _nearest(points: Array, places: Array) -> Index:
    """Returns for every point the number of the nearest place."""
    from scipy.spatial import cKDTree

    if len(places) < _MANY:
        return np.asarray(cKDTree(places).query(points)[1], dtype=np.intp)
    # |p - q|² = |p|² - 2 p·q + |q|²; the first term is the same for every place. In blocks of some 10 MB.
    squares = np.einsum("ij,ij->i", places, places)
    size = max(1, 1_250_000 // len(places))
    blocks = [points[start : start + size] for start in range(0, len(points), size)]
    return np.concatenate([np.argmin(squares - 2.0 * (block @ places.T), axis=1) for block in blocks])


def _places(X: Array, configspace: ConfigurationSpace) -> Array:
    """Returns vectors as points of equal scale: ranks in [0, 1], choices at distance 1 from each other.

    An inactive hyperparameter is unlike every value of it.
    """
    from ConfigSpace import CategoricalHyperparameter, OrdinalHyperparameter

    columns: list[Array] = []
    for column, hyperparameter in zip(X.T, configspace.values(), strict=True):
        if isinstance(hyperparameter, CategoricalHyperparameter):
            columns += [(column == k) / np.sqrt(2.0) for k in range(len(hyperparameter.choices))]
        else:
            ranks = len(hyperparameter.sequence) - 1 if isinstance(hyperparameter, OrdinalHyperparameter) else 1
            columns.append(np.nan_to_num(column / max(1, ranks), nan=-0.5))
    return np.column_stack(columns)


def _dominance(y: Array, weights: Array, groups: Index) -> float | None:
    centred = y - np.average(y, weights=weights)
    scale = float(np.max(np.abs(centred)))
    if scale == 0 or not np.isfinite(scale):
        return None
    shares = np.bincount(groups, weights=weights * (centred / scale) ** 2)
    return float(shares.max() / shares.sum()) if shares.sum() > 0 else None


def r2_of(y: Array, predicted: Array, weights: Array) -> float | None:
    """Returns R², None for costs that do not vary where they count or predictions beyond all numbers."""
    r2 = weighted_r2(y, predicted, weights) if np.ptp(y[weights > 0]) > 0 else -np.inf
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
        sentences.append(f"Left out: {counted(data.n_left_out, 'trial')} {WITHOUT_COST}.")
    if data.n_clipped:
        sentences.append(
            f"Costs of {counted(data.n_clipped, 'trial')} were below 0.00001 and raised to it before the logarithm, as "
            "in SMAC."
        )
    if r2 is not None and (1 - 1 / N_FOLDS) * len(data.y) > MOST_TRAINED:
        sentences.append(
            f"Cross-validation trained on {MOST_TRAINED} of the {len(data.y)} trials at a time, to take seconds; the "
            "surrogate is trained on all and should predict unseen trials at least as well as that."
        )
    if r2 is None:
        sentences.append(
            f"Too few configurations for cross-validation ({len(np.unique(data.groups))}) or costs that do not vary."
        )
    return tuple(sentences)
