"""Averages a surrogate over the other hyperparameters, in one batch of predictions.

Notation: see the package.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcave_symbolic.exceptions import HyperparameterNotExplainableError
from deepcave_symbolic.numeric.arrays import Array, Mask
from deepcave_symbolic.numeric.grids import product_of
from deepcave_symbolic.numeric.weighted import weighted_variance
from deepcave_symbolic.projection.projection import HeldOut, Incumbent, Projection, TrialPoints
from deepcave_symbolic.space.axis import Axis, positions_of_vector, vector_of_positions
from deepcave_symbolic.space.configurations import deactivate, forbidden, sample_all

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

    from deepcave_symbolic.surrogates.base import FittedSurrogate

__all__ = ["Projector", "average_over", "draw_others", "project", "to_vector"]

_FIT_POINTS = {1: 40, 2: 20}
_HELD_OUT_POINTS = {1: 200, 2: 24}
#: Configurations averaged over: as many as fit into the seconds, by the model's own estimate of a prediction
#: (`row_seconds`), never by a clock, so that the same surrogate always has the same projection.
_MIN_AVERAGED, _MAX_AVERAGED = 48, 200
_SECONDS = 0.7
_ICE_CURVES = 24
#: A point farther than this from every trial, as a share of the range in search coordinates, is extrapolation.
_NEAR = 0.1
_MAX_DRAWS = 200_000
#: Fewer valid configurations than this are filled up with the trials' own.
_FEW_FOUND = 20
_DESIGN_SEED = 0


def project(
    surrogate: FittedSurrogate, configspace: ConfigurationSpace, axes: Sequence[Axis], *, maximize: bool = False
) -> Projection:
    """Returns the projection of a surrogate onto one or two hyperparameters; see `Projector`."""
    return Projector(surrogate, configspace, axes).projection(maximize=maximize)


class Projector:
    """A surrogate averaged over one fixed design of the other hyperparameters.

    The same surrogate always has the same projection, and is asked elsewhere over the same configurations.

    Args:
        surrogate: The fitted surrogate with its trials.
        configspace: The configuration space of the run.
        axes: The explained hyperparameters.
    """

    def __init__(self, surrogate: FittedSurrogate, configspace: ConfigurationSpace, axes: Sequence[Axis]) -> None:
        self._surrogate, self._configspace, self.axes = surrogate, configspace, tuple(axes)
        # A categorical has few values, which leave the points to the other hyperparameter.
        ranges = max(1, sum(not axis.categorical for axis in axes))
        self._fit = [axis.fit_grid(_FIT_POINTS[ranges]) for axis in axes]
        n_held_out = _HELD_OUT_POINTS[ranges]
        self._held_out = [axis.held_out_grid(n_held_out, v) for axis, v in zip(axes, self._fit, strict=True)]
        self._columns = [list(configspace.keys()).index(axis.name) for axis in axes]
        self._points = np.vstack([product_of(self._fit), product_of(self._held_out)])
        self._vectors = self._to_vectors(self._points)
        seconds = len(self._points) * surrogate.row_seconds
        m = int(np.clip(_SECONDS / seconds, _MIN_AVERAGED, _MAX_AVERAGED))
        self._others = draw_others(configspace, self._columns, self._vectors, m, surrogate.X)

    def projection(self, *, maximize: bool = False) -> Projection:
        """Returns the projection.

        Args:
            maximize: Whether more of the objective is better; decides the incumbent.

        Raises:
            HyperparameterNotExplainableError: If the hyperparameters are never active together.
        """
        axes, configspace = self.axes, self._configspace
        weights, held_out_weights = _weights(axes, self._fit), _weights(axes, self._held_out)
        n = len(weights)
        grid, held_out_grid = self._points[:n], self._points[n:]
        mean, std, single = self._average(self._vectors)
        if not np.any(np.isfinite(mean[:n])):
            names = " and ".join(repr(axis.name) for axis in axes)
            raise HyperparameterNotExplainableError(
                f"No valid configuration was found in which {names} can be set (conditions or forbidden clauses).",
                hyperparameter=axes[0].name,
            )
        held = np.isfinite(mean[n:])
        trials = _trial_points(self._surrogate, configspace, axes, self._columns)
        several = len(axes) == 1 and len(self._others) > 1
        return Projection(
            axes=axes,
            shape=tuple(len(v) for v in self._fit),
            grid=grid,
            weights=weights,
            mean=mean[:n],
            std=std[:n],
            ice=single[:_ICE_CURVES, :n] if several else np.empty((0, n)),
            held_out=HeldOut(held_out_grid[held], mean[n:][held], held_out_weights[held])
            if np.any(held)
            else HeldOut(grid, mean[:n], weights),
            trials=trials,
            near_trials=_near(axes, grid, trials.values),
            n_averaged=0 if len(axes) == len(configspace) else len(self._others),
            variance_share=_variance_share(mean[:n], single[:, :n], weights),
            choice_shares=_choice_shares(axes, grid, mean[:n], single[:, :n], weights),
            incumbent=_incumbent(self._surrogate, configspace, axes, self._columns, maximize),
        )

    def expect(self, points: Array) -> tuple[Array, Array]:
        """Returns the surrogate's mean and standard deviation at any points; NaN where they cannot be set.

        Args:
            points: Natural units, shape (n, k).
        """
        mean, std, _ = self._average(self._to_vectors(points))
        return mean, std

    def _to_vectors(self, points: Array) -> Array:
        columns = [to_vector(self._configspace, axis, points[:, i]) for i, axis in enumerate(self.axes)]
        return np.column_stack(columns)

    def _average(self, vectors: Array) -> tuple[Array, Array, Array]:
        return average_over(self._surrogate, self._configspace, self._columns, vectors, self._others)


def _weights(axes: Sequence[Axis], values: Sequence[Array]) -> Array:
    weights = product_of([axis.cell_widths(v) for axis, v in zip(axes, values, strict=True)]).prod(axis=1)
    return np.asarray(weights / weights.mean())


def _variance_share(mean: Array, single: Array, weights: Array) -> float:
    """Returns how much of the variance of the predictions (m, n) their average over the drawn configurations keeps.

    0 where the predictions do not vary: there is nothing to account for.
    """
    m, n = single.shape
    middle = float(np.nanmean(mean))
    scale = float(np.nanmax(np.abs(single - middle)))
    if scale <= 1e-12 * abs(middle):
        return 0.0
    if m == 1 or n == 1 or not np.isfinite(scale):
        return 1.0
    # Relative to the largest, so that squares of huge and tiny costs stay numbers.
    centred, average = (single - middle) / scale, (mean - middle) / scale
    total = weighted_variance(centred, weights)
    # The m configurations are a sample: what they interact with the explained hyperparameters moves the average, too.
    rest = centred - average
    with np.errstate(invalid="ignore"):  # a configuration that is forbidden everywhere
        usable = np.isfinite(rest)
        levels = np.sum(np.where(usable, rest * weights, 0.0), axis=1) / np.sum(usable * weights, axis=1)
    interaction = weighted_variance(rest - levels[:, None], weights) / (m - 1)
    return float(np.clip((weighted_variance(average, weights) - interaction) / total, 0.0, 1.0)) if total > 0 else 1.0


def _choice_shares(axes: Sequence[Axis], grid: Array, mean: Array, single: Array, weights: Array) -> tuple[float, ...]:
    """Returns the share of variance for every choice of the first categorical; empty without a second axis."""
    if len(axes) < 2 or not any(axis.categorical for axis in axes):
        return ()
    i = next(i for i, axis in enumerate(axes) if axis.categorical)
    shares = []
    for value in axes[i].values or ():
        rows = (grid[:, i] == value) & np.isfinite(mean)
        usable = np.isfinite(single[:, rows]).any(axis=1)
        shares.append(_variance_share(mean[rows], single[usable][:, rows], weights[rows]) if np.any(rows) else 0.0)
    return tuple(shares)


def _incumbent(
    surrogate: FittedSurrogate,
    configspace: ConfigurationSpace,
    axes: Sequence[Axis],
    columns: Sequence[int],
    maximize: bool,
) -> Incumbent | None:
    """Returns the configuration with the best mean cost over its trials.

    One with less than half as many trials as another (seeds, instances) was given up early and does not count, nor does
    one of which a trial had no finite cost or broke the run's constraints, as long as there are others.
    """
    if len(surrogate.y) == 0:
        return None
    _, first, group = np.unique(np.nan_to_num(surrogate.X, nan=-1.0), axis=0, return_index=True, return_inverse=True)
    group = group.reshape(-1)
    counts = np.bincount(group)
    costs = np.bincount(group, weights=surrogate.y) / counts
    eligible = 2 * counts >= counts.max()
    whole = np.bincount(group, weights=surrogate.failed) == 0 if surrogate.failed is not None else eligible
    if np.any(eligible & whole):
        eligible = eligible & whole
    usable = np.where(eligible, -costs if not maximize else costs, -np.inf)
    best = int(np.argmax(usable))
    row = surrogate.X[first[best], columns]
    if np.isnan(row).any():
        return Incumbent(None, float(costs[best]))
    values = [_to_natural(configspace, axis, row[i : i + 1])[0] for i, axis in enumerate(axes)]
    if np.isnan(values).any():  # a choice without the explained hyperparameter
        return Incumbent(None, float(costs[best]))
    return Incumbent(tuple(float(v) for v in values), float(costs[best]))


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
        known = evaluated[~np.isnan(evaluated[:, columns]).any(axis=1)][: m - found]
        kept.append(np.where(np.isnan(known), sample_all(configspace, max(1, len(known)), rng)[: len(known)], known))
    return np.vstack(kept)[:m]


def average_over(
    surrogate: FittedSurrogate,
    configspace: ConfigurationSpace,
    columns: Sequence[int],
    vectors: Array,
    others: Array,
) -> tuple[Array, Array, Array]:
    """Returns mean (n,), std (n,) and the single predictions (m, n) over all points and drawn configurations."""
    n, m = len(vectors), len(others)
    X = np.repeat(others, n, axis=0)
    X[:, columns] = np.tile(vectors, (m, 1))
    X = deactivate(configspace, X)
    usable = ~np.isnan(X[:, columns]).any(axis=1) & ~forbidden(configspace, X)
    mu = np.full(m * n, np.nan)
    sigma = np.full(m * n, np.nan)
    if np.any(usable):
        mu[usable], sigma[usable] = surrogate.model.predict(X[usable])
    # Relative to the largest, so that squares of huge and tiny costs stay numbers.
    scale = float(np.max(sigma[usable], initial=0.0)) or 1.0
    single, variance = mu.reshape(m, n), (sigma.reshape(m, n) / scale) ** 2
    counts = usable.reshape(m, n).sum(axis=0)
    some = counts > 0
    mean, std = np.full(n, np.nan), np.full(n, np.nan)
    mean[some] = np.nansum(single[:, some], axis=0) / counts[some]
    std[some] = np.sqrt(np.nansum(variance[:, some], axis=0) / counts[some]) * scale
    return mean, std, single


def _trial_points(
    surrogate: FittedSurrogate, configspace: ConfigurationSpace, axes: Sequence[Axis], columns: Sequence[int]
) -> TrialPoints:
    active = ~np.isnan(surrogate.X[:, columns]).any(axis=1)
    values = [_to_natural(configspace, axis, surrogate.X[active, c]) for axis, c in zip(axes, columns, strict=True)]
    table = np.column_stack(values).reshape(-1, len(axes))
    known = ~np.isnan(table).any(axis=1)
    return TrialPoints(table[known], surrogate.y[active][known])


def _to_natural(configspace: ConfigurationSpace, axis: Axis, vector: Array) -> Array:
    if axis.labels is not None:
        return positions_of_vector(configspace[axis.name], axis, vector)
    if len(vector) == 0:
        return vector
    natural = np.asarray(configspace[axis.name].to_value(vector), dtype=np.float64)
    if axis.values is None:
        return natural
    values = np.asarray(axis.values)  # without what a step of a range lost in the unit cube
    return np.asarray(values[np.argmin(np.abs(natural[:, None] - values), axis=1)])


def _near(axes: Sequence[Axis], grid: Array, trials: Array) -> Mask:
    """Returns which points have a trial within a tenth of the range in every search coordinate."""
    if len(trials) == 0:
        return np.zeros(len(grid), dtype=bool)
    within = np.ones((len(grid), len(trials)), dtype=bool)
    for i, axis in enumerate(axes):
        low, high = axis.coordinate_bounds
        a, b = axis.to_coordinate(grid[:, i]), axis.to_coordinate(trials[:, i])
        if axis.categorical:
            within &= a[:, None] == b[None, :]
            continue
        within &= np.abs(a[:, None] - b[None, :]) <= _NEAR * (high - low)
    return np.asarray(within.any(axis=1), dtype=bool)
