"""The record of a projection: what is averaged, fitted, scored and drawn, and its way to JSON and back.

Notation: see the package.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from deepcave_symbolic.numeric.arrays import Array, Mask
from deepcave_symbolic.numeric.weighted import weighted_variance
from deepcave_symbolic.projection.view import USUAL, View
from deepcave_symbolic.records import Record
from deepcave_symbolic.space.axis import Axis, coordinates_of
from deepcave_symbolic.words.names import visible
from deepcave_symbolic.words.numbers import counted, rounded_text

__all__ = ["METHODS", "Draws", "HeldOut", "Incumbent", "Projection", "TrialPoints"]

#: Partial dependence: the mean over the valid configurations at every point (Friedman 2001). Accumulated local effects:
#: mean differences of the same configurations, added up; see `projection.local_effects`.
Method = Literal["partial dependence", "accumulated local effects"]
METHODS: tuple[Method, ...] = get_args(Method)
#: Below this correlation with the search coordinate a curve has no trend.
_NO_TREND = 0.05


@dataclass(frozen=True, eq=False)
class HeldOut(Record):
    """Points between the fitting points, on which formulas are scored.

    Args:
        grid: Natural units, shape (n, k).
        mean: The projection there, objective units, shape (n,).
        weights: How much of the domain every point stands for, relative to the others, shape (n,).
    """

    grid: Array
    mean: Array
    weights: Array

    def __repr__(self) -> str:
        return f"<HeldOut of {len(self.mean)} points>"


@dataclass(frozen=True, eq=False)
class TrialPoints(Record):
    """The evaluated trials as seen on the explained hyperparameters.

    Args:
        values: Natural units, shape (t, k); trials in which a hyperparameter is inactive are left out.
        costs: Objective units, shape (t,).
    """

    values: Array
    costs: Array

    def __repr__(self) -> str:
        return f"<TrialPoints of {len(self.costs)} trials>"

    def thinned(self, most: int) -> TrialPoints:
        """Returns at most that many trials, evenly over the run."""
        n = len(self.costs)
        if n <= most:
            return self
        rows = np.linspace(0, n - 1, most).round().astype(int)
        return TrialPoints(self.values[rows], self.costs[rows])


@dataclass(frozen=True, eq=False)
class Incumbent(Record):
    """The best configuration of the run, as seen on the explained hyperparameters.

    Args:
        values: Natural units, shape (k,); None where the best configuration has one of them inactive.
        cost: Its cost, objective units, averaged over its trials.
    """

    values: tuple[float, ...] | None
    cost: float


@dataclass(frozen=True, eq=False)
class Draws:
    """What else a projection may be, as far as its surrogate knows.

    Args:
        rows: Which of the fitting points it is given at, shape (r,).
        values: One function a row, objective units, shape (n, r).
        rival: What the projection of the surrogate's rival is there, objective units, shape (r,); empty where there is
            no rival, or the view is no average of it.
    """

    rows: npt.NDArray[np.intp]
    values: Array
    rival: Array


@dataclass(frozen=True, eq=False)
class Projection(Record):
    """A surrogate seen along one or two hyperparameters.

    Args:
        axes: The explained hyperparameters.
        shape: Number of grid values per axis; grid rows run over the last axis first.
        grid: Fitting points in natural units, shape (n, k).
        weights: How much of the domain every fitting point stands for, relative to the others, shape (n,); not even
            where integers on a log scale are unevenly far apart.
        measure: How often the space's own distribution draws what is nearest to every fitting point, relative to the
            others, shape (n,): behind shares of variance and the strength of interactions. The weights in records of
            earlier versions.
        mean: Objective units, shape (n,); NaN where every configuration is forbidden.
        std: Square root of the mean predictive variance, shape (n,).
        ice: Individual conditional expectation curves, shape (c, n); c is 0 in 2-D and for a surrogate of k
            hyperparameters.
        held_out: Points for scoring.
        trials: The evaluated trials.
        near_trials: Whether a trial lies nearby, shape (n,); elsewhere the surrogate extrapolates.
        n_averaged: Number of configurations averaged over; 0 when nothing was averaged.
        variance_share: How much of the variance of the surrogate's mean over the configuration space the projection
            has, in [0, 1]: the closed Sobol index of the explained hyperparameters (Hutter et al. 2014, "An Efficient
            Approach for Assessing Hyperparameter Importance"), over the configurations in which they are active. None
            where the view does not average.
        incumbent: The run's best configuration; None without trials.
        choice_shares: With a categorical and another hyperparameter, `variance_share` within every choice; else empty.
        tied: Averaged hyperparameters that forbidden clauses tie to the explained ones, so that the average is over
            other configurations at other points.
        own_distributions: Explained hyperparameters that the configuration space does not draw evenly.
        others: Names of the other hyperparameters: averaged out, set as the view says, or held at a choice.
        method: How they are averaged out, see `METHODS`.
        partial_dependence: Where the method is another, what partial dependence has at the fitting points, shape (n,);
            else empty.
        view: In which region the surrogate is looked at, and what becomes of the others.
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
    variance_share: float | None = 1.0
    incumbent: Incumbent | None = None
    choice_shares: tuple[float, ...] = ()
    tied: tuple[str, ...] = ()
    own_distributions: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    measure: Array = field(default_factory=lambda: np.empty(0))
    method: Method = "partial dependence"
    partial_dependence: Array = field(default_factory=lambda: np.empty(0))
    view: View = USUAL

    def __post_init__(self) -> None:
        """Fills in what records of earlier versions lack, and the columns of empty tables, which JSON does not keep."""
        object.__setattr__(self, "ice", self.ice.reshape(-1, len(self.grid)))
        if len(self.measure) == 0:
            object.__setattr__(self, "measure", self.weights)
        trials = self.trials
        if trials.values.size == 0:
            object.__setattr__(self, "trials", replace(trials, values=trials.values.reshape(-1, len(self.axes))))

    def __repr__(self) -> str:
        grid = " x ".join(map(str, self.shape))
        axes = "; ".join(axis.describe() for axis in self.axes)
        what = f"{grid} points, range {rounded_text(self.range)}, {counted(len(self.trials.costs), 'trial')}"
        return visible(f"<Projection onto {axes}: {what}>")

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
        return scale * math.sqrt(weighted_variance(valid / scale, weights))

    def spread_along(self, i: int) -> float:
        """Returns how far the mean spreads along one axis, the others held: root mean square, objective units.

        Args:
            i: Number of the axis.
        """
        mean, valid = self.mean.reshape(self.shape), self.valid.reshape(self.shape)
        weights = np.where(valid, self.weights.reshape(self.shape), 0.0)
        scale = float(np.max(np.abs(self.mean[self.valid]))) or 1.0
        values = np.where(valid, mean, 0.0) / scale
        total = np.sum(weights, axis=i, keepdims=True)
        middle = np.sum(weights * values, axis=i, keepdims=True) / np.where(total > 0.0, total, 1.0)
        return scale * math.sqrt(float(np.sum(weights * (values - middle) ** 2) / np.sum(weights)))

    @property
    def is_flat(self) -> bool:
        """Whether the mean does not vary beyond rounding errors."""
        return self.range <= 1e-12 * float(np.nanmax(np.abs(self.mean)))

    def at(self, x: Array) -> Array:
        """Returns the mean at points of the domain, linear between the fitting points, shape (r,).

        Args:
            x: Natural units, shape (r, k).
        """
        known, u = self.coordinates(self.grid), self.coordinates(x)
        last = np.unique(known[:, -1])
        if len(self.axes) == 1:
            return np.interp(u[:, 0], last, self.mean)
        first, table = np.unique(known[:, 0]), self.mean.reshape(self.shape)
        rows = np.array([np.interp(u[:, 0], first, column) for column in table.T])
        return np.array([np.interp(v, last, row) for v, row in zip(u[:, 1], rows.T, strict=True)])

    @property
    def methods_disagree(self) -> bool:
        """Whether partial dependence rises over the domain while accumulated local effects fall, or the reverse."""
        if self.method == METHODS[0]:
            return False
        trends = [self._trend(values) for values in (self.mean, self.partial_dependence)]
        return trends[0] * trends[1] < 0.0 and min(map(abs, trends)) > _NO_TREND

    def _trend(self, values: Array) -> float:
        """Returns the correlation of values with the first search coordinate, 0 for a constant."""
        valid = np.isfinite(values)
        x = self.axes[0].to_coordinate(self.grid[valid, 0])
        covariance = np.cov(x, values[valid], aweights=self.weights[valid])
        scale = math.sqrt(covariance[0, 0] * covariance[1, 1])
        return float(covariance[0, 1]) / scale if scale > 0.0 else 0.0

    def coordinates(self, x: Array) -> Array:
        """Returns the search coordinates of points in natural units, shape (n, k)."""
        return coordinates_of(self.axes, x)

    def at_choice(self, index: int, choice: int) -> Projection:
        """Returns the projection onto the other hyperparameter for one choice of a categorical.

        Args:
            index: Position of the categorical among the two axes.
            choice: Number of the choice.
        """
        other = 1 - index
        value = (self.axes[index].values or ())[choice]
        rows = self.grid[:, index] == value
        held = self.held_out.grid[:, index] == value
        trials = self.trials.values[:, index] == value
        incumbent = self.incumbent
        if incumbent is not None and incumbent.values is not None:
            same = incumbent.values[index] == value
            incumbent = Incumbent((incumbent.values[other],) if same else None, incumbent.cost)
        return replace(
            self,
            axes=(self.axes[other],),
            shape=(self.shape[other],),
            grid=self.grid[rows][:, [other]],
            weights=self.weights[rows],
            measure=self.measure[rows],
            mean=self.mean[rows],
            std=self.std[rows],
            ice=np.empty((0, int(rows.sum()))),
            held_out=HeldOut(
                self.held_out.grid[held][:, [other]], self.held_out.mean[held], self.held_out.weights[held]
            ),
            trials=TrialPoints(self.trials.values[trials][:, [other]], self.trials.costs[trials]),
            near_trials=self.near_trials[rows],
            variance_share=self.choice_shares[choice] if self.view.averages else None,
            incumbent=incumbent,
            choice_shares=(),
            own_distributions=tuple(name for name in self.own_distributions if name == self.axes[other].name),
            others=(*self.others, self.axes[index].name),
        )
