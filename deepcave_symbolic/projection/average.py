"""Averages a surrogate over the other hyperparameters, in one batch of predictions.

Notation: see the package.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcave_symbolic.numeric.arrays import Array, Mask
from deepcave_symbolic.space.axis import Axis, positions_of_vector, vector_of_positions
from deepcave_symbolic.space.configurations import deactivate, forbidden, sample_all
from deepcave_symbolic.space.part import inside_space
from deepcave_symbolic.surrogates.base import mean_of

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

    from deepcave_symbolic.surrogates.base import FittedSurrogate

__all__ = [
    "average_over",
    "beside",
    "draw_others",
    "filled",
    "means_over",
    "natural_columns",
    "to_natural",
    "to_vector",
]

_MAX_DRAWS = 200_000
#: Numbers in a matrix of vectors: 128 MiB, of which a prediction needs a few.
_MOST_ENTRIES = 2**24
#: Fewer valid configurations than this are filled up with the trials' own.
_FEW_FOUND = 20
_DESIGN_SEED = 0


def to_vector(configspace: ConfigurationSpace, axis: Axis, x: Array) -> Array:
    """Returns ConfigSpace's vector values of natural values, shape (n,)."""
    hyperparameter: Any = configspace[axis.name]
    values: Any = x
    if axis.labels is not None:
        return vector_of_positions(hyperparameter, axis, x)
    if hasattr(hyperparameter, "sequence"):
        sequence = list(hyperparameter.sequence)
        index = {float(v): i for i, v in enumerate(sequence)}
        return np.array([index[float(v)] for v in x], dtype=np.float64)
    if axis.integer:
        values = np.round(x).astype(np.int64)
    return np.asarray(hyperparameter.to_vector(values), dtype=np.float64)


def to_natural(configspace: ConfigurationSpace, axis: Axis, vector: Array) -> Array:
    """Returns the natural values of ConfigSpace's vector values, NaN for a choice that the axis lacks, shape (n,)."""
    if axis.labels is not None:
        return positions_of_vector(configspace[axis.name], axis, vector)
    if len(vector) == 0:
        return vector
    natural = np.asarray(configspace[axis.name].to_value(vector), dtype=np.float64)
    if axis.values is None:
        return natural
    values = np.asarray(axis.values)  # without what a step of a range lost in the unit cube
    return np.asarray(values[np.argmin(np.abs(natural[:, None] - values), axis=1)])


def natural_columns(configspace: ConfigurationSpace, axes: Sequence[Axis], X: Array) -> tuple[Array, ...]:
    """Returns the natural values of vectors (n, d), one array of shape (n,) an axis, NaN where it is inactive."""
    names = list(configspace)
    columns = []
    for axis in axes:
        vector = X[:, names.index(axis.name)]
        active = ~np.isnan(vector)
        natural = np.full(len(X), np.nan)
        natural[active] = to_natural(configspace, axis, vector[active])
        columns.append(natural)
    return tuple(columns)


def draw_others(
    configspace: ConfigurationSpace, columns: Sequence[int], vectors: Array, m: int, evaluated: Array
) -> Array:
    """Draws configurations in which the explained hyperparameters are active: shape (m, d), inactive ones still filled.

    The values of inactive hyperparameters are kept, because setting an explained hyperparameter may activate them.
    """
    rng = np.random.RandomState(_DESIGN_SEED)
    d = len(configspace.keys())
    if d == len(columns):
        return sample_all(configspace, 1, rng)
    kept: list[Array] = []
    drawn = found = 0
    while found < m and drawn < _MAX_DRAWS:
        batch = sample_all(configspace, 4 * m, rng)
        drawn += len(batch)
        probe = batch.copy()
        # Activity may depend on the explained values themselves, so each draw is probed with one of them.
        probe[:, columns] = vectors[rng.randint(len(vectors), size=len(batch))]
        active = deactivate(configspace, probe)
        good = ~np.isnan(active[:, columns]).any(axis=1) & ~forbidden(configspace, active)
        kept.append(batch[good])
        found += int(good.sum())
    if found < _FEW_FOUND:
        # Clauses leave next to nothing to chance; what was evaluated is valid.
        known = evaluated[~np.isnan(evaluated[:, columns]).any(axis=1) & inside_space(configspace, evaluated)]
        kept.append(filled(configspace, known[: m - found], rng))
    return np.vstack(kept)[:m]


def filled(configspace: ConfigurationSpace, X: Array, rng: np.random.RandomState) -> Array:
    """Returns vectors (n, d) with drawn values where they have none."""
    return np.where(np.isnan(X), sample_all(configspace, max(1, len(X)), rng)[: len(X)], X)


def average_over(
    surrogate: FittedSurrogate,
    configspace: ConfigurationSpace,
    columns: Sequence[int],
    vectors: Array,
    others: Array,
) -> tuple[Array, Array, Array]:
    """Returns mean (n,), std (n,) and the single predictions (m, n) over all points and drawn configurations."""
    single, sigma = _over_all(surrogate, configspace, columns, vectors, others, spread=True)
    # Relative to the largest, so that squares of huge and tiny costs stay numbers.
    scale = float(np.nanmax(sigma, initial=0.0)) or 1.0
    return _means(single), np.sqrt(_means((sigma / scale) ** 2)) * scale, single


def means_over(
    surrogate: FittedSurrogate,
    configspace: ConfigurationSpace,
    columns: Sequence[int],
    vectors: Array,
    others: Array,
) -> tuple[Array, Array]:
    """Returns what `average_over` does without the std, which takes most of a Gaussian process's time."""
    (single,) = _over_all(surrogate, configspace, columns, vectors, others, spread=False)
    return _means(single), single


def _over_all(
    surrogate: FittedSurrogate,
    configspace: ConfigurationSpace,
    columns: Sequence[int],
    vectors: Array,
    others: Array,
    *,
    spread: bool,
) -> Array:
    """Returns the mean, and with `spread` the std, for every configuration beside every point, shape (1 or 2, m, n).

    NaN where both together are not valid.
    """
    together = max(1, _MOST_ENTRIES // max(1, vectors.shape[0] * others.shape[1]))
    parts = []
    for part in _split(others, together):
        X, usable = beside(configspace, columns, vectors, part)
        found = np.full((1 + spread, len(X)), np.nan)
        if np.any(usable):
            model = surrogate.model
            found[:, usable] = model.predict(X[usable]) if spread else mean_of(model, X[usable])
        parts.append(found)
    return np.asarray(np.concatenate(parts, axis=1).reshape(1 + spread, len(others), len(vectors)))


def _means(single: Array) -> Array:
    """Returns the means over configurations, shape (n,), NaN where none is valid."""
    counts = (~np.isnan(single)).sum(axis=0)
    some = counts > 0
    mean = np.full(single.shape[1], np.nan)
    mean[some] = np.nansum(single[:, some], axis=0) / counts[some]
    return mean


def _split(others: Array, n: int) -> list[Array]:
    return [others[i : i + n] for i in range(0, len(others), n)] or [others]


def beside(
    configspace: ConfigurationSpace, columns: Sequence[int], vectors: Array, others: Array
) -> tuple[Array, Mask]:
    """Returns the vectors of every point beside every configuration, shape (m·n, d), and which are valid."""
    X = np.repeat(others, len(vectors), axis=0)
    X[:, columns] = np.tile(vectors, (len(others), 1))
    X = deactivate(configspace, X)
    usable: Mask = ~np.isnan(X[:, columns]).any(axis=1) & ~forbidden(configspace, X)
    return X, usable
