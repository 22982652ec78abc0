"""Projects a surrogate onto one or two hyperparameters.

All other hyperparameters are averaged out over valid configurations (partial dependence, Friedman 2001); when nothing
is left to average, the projection is the surrogate itself. One batch of predictions serves fitting points, held-out
points and individual curves.

Notation:
    k: number of explained hyperparameters, 1 or 2.
    x: points in natural units, shape (n, k).
    m: number of configurations averaged over.
    mean(x) = 1/m Σ_j μ(x, z_j); std(x)² = 1/m Σ_j σ²(x, z_j), the mean predictive variance (Moosbauer et al. 2021,
    "Explaining Hyperparameter Optimization via Partial Dependence Plots"); μ, σ: the surrogate's mean and standard
    deviation in objective units, z_j: the other hyperparameters of configuration j.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcave_symbolic.configurations import Mask, deactivate, forbidden, sample_all
from deepcave_symbolic.exceptions import HyperparameterNotExplainableError
from deepcave_symbolic.expression import Array
from deepcave_symbolic.space import Axis

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

    from deepcave_symbolic.surrogates.base import FittedSurrogate

__all__ = ["HeldOut", "Incumbent", "Projection", "TrialPoints", "project"]

_FIT_POINTS = {1: 40, 2: 20}
_HELD_OUT_POINTS = {1: 200, 2: 24}
#: Configurations averaged over: as many as fit into the seconds, by the model's own estimate of a prediction
#: (`row_seconds`), never by a clock, so that the same surrogate always has the same projection.
_MIN_AVERAGED, _MAX_AVERAGED = 48, 200
_SECONDS, _UNKNOWN_ROW_SECONDS = 0.7, 2e-5
_ICE_CURVES = 24
#: A point farther than this from every trial, as a share of the range in search coordinates, is extrapolation.
_NEAR = 0.1
_MAX_DRAWS = 200_000
_DESIGN_SEED = 0


@dataclass(frozen=True)
class HeldOut:
    """Points between the fitting points, on which formulas are scored.

    Args:
        grid: Natural units, shape (n, k).
        mean: The projection there, objective units, shape (n,).
        weights: How much of the domain every point stands for, relative to the others, shape (n,).
    """

    grid: Array
    mean: Array
    weights: Array


@dataclass(frozen=True)
class TrialPoints:
    """The evaluated trials as seen on the explained hyperparameters.

    Args:
        values: Natural units, shape (t, k); trials in which a hyperparameter is inactive are left out.
        costs: Objective units, shape (t,).
    """

    values: Array
    costs: Array


@dataclass(frozen=True)
class Incumbent:
    """The best configuration of the run, as seen on the explained hyperparameters.

    Args:
        values: Natural units, shape (k,); None where the best configuration has one of them inactive.
        cost: Its cost, objective units, averaged over its trials.
    """

    values: tuple[float, ...] | None
    cost: float


@dataclass(frozen=True)
class Projection:
    """A surrogate seen along one or two hyperparameters.

    Args:
        axes: The explained hyperparameters.
        shape: Number of grid values an axis; grid rows run over the last axis first.
        grid: Fitting points in natural units, shape (n, k).
        weights: How much of the domain every fitting point stands for, relative to the others, shape (n,); not even
            where integers on a log scale are unevenly far apart.
        mean: Objective units, shape (n,); NaN where every configuration is forbidden.
        std: Square root of the mean predictive variance, shape (n,).
        ice: Individual conditional expectation curves, shape (c, n); c is 0 in 2-D and for a surrogate of k
            hyperparameters.
        held_out: Points for scoring.
        trials: The evaluated trials.
        near_trials: Whether a trial lies nearby, shape (n,); elsewhere the surrogate extrapolates.
        n_averaged: Number of configurations averaged over; 1 when nothing was averaged.
        variance_share: How much of the variance of the surrogate's mean over the configuration space the projection
            has, in [0, 1]: the closed Sobol index of the explained hyperparameters (Hutter et al. 2014, "An Efficient
            Approach for Assessing Hyperparameter Importance"), over the configurations in which they are active.
        incumbent: The run's best configuration; None without trials.
    """

    axes: tuple[Axis, ...]
    shape: tuple[int, ...]
    grid: Array
    weights: Array
    mean: Array
    std: Array
    ice: Array
    held_out: HeldOut
    trials: TrialPoints
    near_trials: Mask
    n_averaged: int
    variance_share: float = 1.0
    incumbent: Incumbent | None = None

    @property
    def valid(self) -> Mask:
        """Which fitting points have a valid configuration, shape (n,)."""
        mask: Mask = np.isfinite(self.mean)
        return mask

    @property
    def range(self) -> float:
        """How much of the cost the projection moves: largest minus smallest mean, objective units."""
        return float(np.nanmax(self.mean) - np.nanmin(self.mean))

    @property
    def spread(self) -> float:
        """Standard deviation of the mean over the domain, objective units."""
        valid, weights = self.mean[self.valid], self.weights[self.valid]
        scale = float(np.max(np.abs(valid))) or 1.0
        return scale * math.sqrt(_variance(valid / scale, weights))

    @property
    def is_flat(self) -> bool:
        """Whether the mean does not vary beyond rounding errors."""
        return self.range <= 1e-12 * float(np.nanmax(np.abs(self.mean)))

    def coordinates(self, x: Array) -> Array:
        """Returns the search coordinates of points in natural units, shape (n, k)."""
        return np.column_stack([axis.to_coordinate(x[:, i]) for i, axis in enumerate(self.axes)])

    def to_dict(self) -> dict[str, Any]:
        """Returns the projection as JSON values; NaN becomes None."""
        return {
            "axes": [axis.to_dict() for axis in self.axes],
            "shape": list(self.shape),
            "grid": self.grid.tolist(),
            "weights": self.weights.tolist(),
            "mean": _listed(self.mean),
            "std": _listed(self.std),
            "ice": [_listed(row) for row in self.ice],
            "held_out": {
                "grid": self.held_out.grid.tolist(),
                "mean": _listed(self.held_out.mean),
                "weights": self.held_out.weights.tolist(),
            },
            "trials": {"values": self.trials.values.tolist(), "costs": _listed(self.trials.costs)},
            "near_trials": [bool(b) for b in self.near_trials],
            "n_averaged": self.n_averaged,
            "variance_share": self.variance_share,
            "incumbent": None
            if self.incumbent is None
            else {
                "values": None if self.incumbent.values is None else list(self.incumbent.values),
                "cost": self.incumbent.cost,
            },
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Projection:
        """Reads what `to_dict` wrote."""
        axes = tuple(Axis.from_dict(axis) for axis in data["axes"])
        k = len(axes)
        n = len(data["mean"])
        return cls(
            axes=axes,
            shape=tuple(data["shape"]),
            grid=_table(data["grid"], k),
            weights=_array(data["weights"]),
            mean=_array(data["mean"]),
            std=_array(data["std"]),
            ice=np.array([_array(row) for row in data["ice"]]).reshape(-1, n),
            held_out=HeldOut(
                _table(data["held_out"]["grid"], k),
                _array(data["held_out"]["mean"]),
                _array(data["held_out"]["weights"]),
            ),
            trials=TrialPoints(_table(data["trials"]["values"], k), _array(data["trials"]["costs"])),
            near_trials=np.array(data["near_trials"], dtype=bool),
            n_averaged=int(data["n_averaged"]),
            variance_share=float(data["variance_share"]),
            incumbent=_incumbent_from(data["incumbent"]),
        )


def _incumbent_from(data: Mapping[str, Any] | None) -> Incumbent | None:
    if data is None:
        return None
    values = data["values"]
    return Incumbent(None if values is None else tuple(float(v) for v in values), float(data["cost"]))


def _listed(values: Array) -> list[float | None]:
    return [float(v) if np.isfinite(v) else None for v in values]


def _array(values: Sequence[float | None]) -> Array:
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def _table(rows: Any, k: int) -> Array:
    return np.array(rows, dtype=np.float64).reshape(-1, k)


def project(
    surrogate: FittedSurrogate,
    configspace: ConfigurationSpace,
    axes: Sequence[Axis],
    *,
    maximize: bool = False,
) -> Projection:
    """Returns the projection of a surrogate onto one or two hyperparameters.

    The configurations averaged over are one fixed design, so that the same surrogate always has the same projection.

    Args:
        surrogate: The fitted surrogate with its trials.
        configspace: The configuration space of the run.
        axes: The explained hyperparameters.
        maximize: Whether more of the objective is better; decides the incumbent.

    Raises:
        HyperparameterNotExplainableError: If the hyperparameters are never active together.
    """
    k = len(axes)
    fit_values = [axis.fit_grid(_FIT_POINTS[k]) for axis in axes]
    grid = _product(fit_values)
    n_held_out = _HELD_OUT_POINTS[k]
    held_out_values = [a.held_out_grid(n_held_out, v) for a, v in zip(axes, fit_values, strict=True)]
    held_out_grid = _product(held_out_values)
    weights, held_out_weights = _weights(axes, fit_values), _weights(axes, held_out_values)
    points = np.vstack([grid, held_out_grid])

    columns = [list(configspace.keys()).index(axis.name) for axis in axes]
    vectors = np.column_stack([_to_vector(configspace, axis, points[:, i]) for i, axis in enumerate(axes)])
    seconds = len(points) * getattr(surrogate.model, "row_seconds", _UNKNOWN_ROW_SECONDS)
    m = int(np.clip(_SECONDS / seconds, _MIN_AVERAGED, _MAX_AVERAGED))
    others = _draw_others(configspace, columns, vectors, m)
    mean, std, single = _average(surrogate, configspace, columns, vectors, others)

    n = len(grid)
    if not np.any(np.isfinite(mean[:n])):
        names = " and ".join(repr(axis.name) for axis in axes)
        raise HyperparameterNotExplainableError(
            f"No valid configuration was found in which {names} can be set (conditions or forbidden clauses).",
            hyperparameter=axes[0].name,
        )
    held = np.isfinite(mean[n:])
    trials = _trial_points(surrogate, configspace, axes, columns)
    return Projection(
        axes=tuple(axes),
        shape=tuple(len(v) for v in fit_values),
        grid=grid,
        weights=weights,
        mean=mean[:n],
        std=std[:n],
        ice=single[:_ICE_CURVES, :n] if k == 1 and len(others) > 1 else np.empty((0, n)),
        held_out=HeldOut(held_out_grid[held], mean[n:][held], held_out_weights[held])
        if np.any(held)
        else HeldOut(grid, mean[:n], weights),
        trials=trials,
        near_trials=_near(axes, grid, trials.values),
        n_averaged=len(others),
        variance_share=_variance_share(mean[:n], single[:, :n], weights),
        incumbent=_incumbent(surrogate, configspace, axes, columns, maximize),
    )


def _weights(axes: Sequence[Axis], values: Sequence[Array]) -> Array:
    weights = _product([axis.cell_widths(v) for axis, v in zip(axes, values, strict=True)]).prod(axis=1)
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
    total = _variance(centred, weights)
    # The m configurations are a sample: what they interact with the explained hyperparameters moves the average, too.
    rest = centred - average
    with np.errstate(invalid="ignore"):  # a configuration that is forbidden everywhere
        usable = np.isfinite(rest)
        levels = np.sum(np.where(usable, rest * weights, 0.0), axis=1) / np.sum(usable * weights, axis=1)
    interaction = _variance(rest - levels[:, None], weights) / (m - 1)
    return float(np.clip((_variance(average, weights) - interaction) / total, 0.0, 1.0)) if total > 0 else 1.0


def _variance(values: Array, weights: Array) -> float:
    """Returns the weighted variance of values of shape (..., n), NaN left out."""
    w = np.where(np.isfinite(values), weights, 0.0)
    v = np.where(np.isfinite(values), values, 0.0)
    mean = np.sum(w * v) / np.sum(w)
    return float(np.sum(w * (v - mean) ** 2) / np.sum(w))


def _incumbent(
    surrogate: FittedSurrogate,
    configspace: ConfigurationSpace,
    axes: Sequence[Axis],
    columns: Sequence[int],
    maximize: bool,
) -> Incumbent | None:
    """Returns the configuration with the best mean cost over its trials.

    One with less than half as many trials as another (seeds, instances) was given up early and does not count.
    """
    if len(surrogate.y) == 0:
        return None
    _, first, group = np.unique(np.nan_to_num(surrogate.X, nan=-1.0), axis=0, return_index=True, return_inverse=True)
    group = group.reshape(-1)
    counts = np.bincount(group)
    costs = np.bincount(group, weights=surrogate.y) / counts
    usable = np.where(2 * counts >= counts.max(), -costs if not maximize else costs, -np.inf)
    best = int(np.argmax(usable))
    row = surrogate.X[first[best], columns]
    if np.isnan(row).any():
        return Incumbent(None, float(costs[best]))
    values = [_to_natural(configspace, axis, row[i : i + 1])[0] for i, axis in enumerate(axes)]
    return Incumbent(tuple(float(v) for v in values), float(costs[best]))


def _product(values: Sequence[Array]) -> Array:
    return np.column_stack([m.ravel() for m in np.meshgrid(*values, indexing="ij")])


def _to_vector(configspace: ConfigurationSpace, axis: Axis, x: Array) -> Array:
    hyperparameter: Any = configspace[axis.name]
    values: Any = x
    if axis.values is not None:
        sequence = list(hyperparameter.sequence)
        # Natural units of an ordinal are its numbers or, without numbers, its ranks; the vector holds the index.
        index = {float(v): i for i, v in enumerate(sequence)} if axis.labels is None else None
        return np.array([float(v) if index is None else index[float(v)] for v in x], dtype=np.float64)
    if axis.integer:
        values = np.round(x).astype(np.int64)
    return np.asarray(hyperparameter.to_vector(values), dtype=np.float64)


def _draw_others(configspace: ConfigurationSpace, columns: Sequence[int], vectors: Array, m: int) -> Array:
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
    result = np.vstack(kept)[:m]
    return result if len(result) else sample_all(configspace, m, rng)


def _average(
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
    return TrialPoints(np.column_stack(values).reshape(-1, len(axes)), surrogate.y[active])


def _to_natural(configspace: ConfigurationSpace, axis: Axis, vector: Array) -> Array:
    if axis.labels is not None:
        return vector
    if len(vector) == 0:
        return vector
    return np.asarray(configspace[axis.name].to_value(vector), dtype=np.float64)


def _near(axes: Sequence[Axis], grid: Array, trials: Array) -> Mask:
    """Returns which points have a trial within a tenth of the range in every search coordinate."""
    if len(trials) == 0:
        return np.zeros(len(grid), dtype=bool)
    within = np.ones((len(grid), len(trials)), dtype=bool)
    for i, axis in enumerate(axes):
        low, high = axis.to_coordinate(np.array([axis.lower, axis.upper]))
        a, b = axis.to_coordinate(grid[:, i]), axis.to_coordinate(trials[:, i])
        within &= np.abs(a[:, None] - b[None, :]) <= _NEAR * (high - low)
    return np.asarray(within.any(axis=1), dtype=bool)
