"""Projects a surrogate onto one or two hyperparameters.

Notation: see the package.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from deepcave_symbolic.exceptions import HyperparameterNotExplainableError
from deepcave_symbolic.numeric.arrays import Array, Mask
from deepcave_symbolic.numeric.grids import product_of
from deepcave_symbolic.projection.average import average_over, beside, draw_others, means_over, to_vector
from deepcave_symbolic.projection.fitting_points import fit_values
from deepcave_symbolic.projection.local_effects import LocalEffects, accumulated
from deepcave_symbolic.projection.measure import measure_of, own_draws
from deepcave_symbolic.projection.others import as_in_incumbent, with_good_trials
from deepcave_symbolic.projection.profile import Profile, best_of
from deepcave_symbolic.projection.projection import Draws, HeldOut, Projection, TrialPoints
from deepcave_symbolic.projection.shares import choice_shares, variance_share
from deepcave_symbolic.projection.trials import incumbent_of, near_trials, trial_points
from deepcave_symbolic.projection.view import USUAL, View
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.space.configurations import tied_by_clauses

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

    from deepcave_symbolic.surrogates.base import FittedSurrogate

__all__ = ["Projector", "project"]

_FIT_POINTS = {1: 40, 2: 20}
_HELD_OUT_POINTS = {1: 200, 2: 24}
#: Quantiles of the trials that may become fitting points, see `fit_values`.
_QUANTILES = {1: 9, 2: 3}
#: Configurations averaged over: as many as fit into the seconds, by the model's own estimate of a prediction
#: (`row_seconds`), never by a clock, so that the same surrogate always has the same projection.
_MIN_AVERAGED, _MAX_AVERAGED = 48, 200
_SECONDS = 0.7
_ICE_CURVES = 24
#: Clauses that exclude less than the rest of this share of the averaged configurations shift no average that counts.
_ALL = 0.98
#: Vectors whose errors are drawn together, of which a Gaussian process needs the square; values per axis among them.
_MOST_TOGETHER = 800
_FEW_VALUES = {1: 25, 2: 8}
#: Surrogates are surer than they should be, the more so of two hyperparameters. Chosen on the landscapes of
#: benchmarks/data/tuning, as were the factors of the surrogates; see docs/faithfulness.md.
_WIDER = {1: 1.0, 2: 1.9}


def project(
    surrogate: FittedSurrogate,
    configspace: ConfigurationSpace,
    axes: Sequence[Axis],
    *,
    maximize: bool = False,
    view: View = USUAL,
) -> Projection:
    """Returns the projection of a surrogate onto one or two hyperparameters; see `Projector`."""
    return Projector(surrogate, configspace, axes, maximize=maximize, view=view).projection()


class Projector:
    """A surrogate over one fixed design of the other hyperparameters: their average, their best or the incumbent's.

    The same surrogate always has the same projection, and is asked elsewhere over the same configurations.

    Args:
        surrogate: The fitted surrogate with its trials; capped where the view's region asks for it.
        configspace: The configuration space of the run, with the parts of the view's region.
        axes: The explained hyperparameters.
        maximize: Whether more of the objective is better; decides the incumbent and what is best.
        view: What is looked at.

    Raises:
        DeepcaveSymbolicError: If a slice through the incumbent is asked for and there is none.
    """

    def __init__(
        self,
        surrogate: FittedSurrogate,
        configspace: ConfigurationSpace,
        axes: Sequence[Axis],
        *,
        maximize: bool = False,
        view: View = USUAL,
    ) -> None:
        self._maximize = maximize
        self._surrogate, self._configspace, self.axes = surrogate, configspace, tuple(axes)
        self._columns = [list(configspace.keys()).index(axis.name) for axis in axes]
        self._trials = trial_points(surrogate, configspace, axes, self._columns)
        self._incumbent = incumbent_of(surrogate, configspace, axes, self._columns, maximize)
        self._drawn = [own_draws(configspace, axis) for axis in axes]
        # A categorical has few values, which leave the points to the other hyperparameter.
        ranges = max(1, sum(not axis.categorical for axis in axes))
        self._fit = [
            fit_values(
                axis,
                _FIT_POINTS[ranges],
                self._trials.values[:, i],
                None if self._incumbent is None or self._incumbent.values is None else self._incumbent.values[i],
                _QUANTILES[ranges],
                self._drawn[i],
            )
            for i, axis in enumerate(axes)
        ]
        n_held_out = _HELD_OUT_POINTS[ranges]
        self._held_out = [axis.held_out_grid(n_held_out, v) for axis, v in zip(axes, self._fit, strict=True)]
        self._points = np.vstack([product_of(self._fit), product_of(self._held_out)])
        self._vectors = self._to_vectors(self._points)
        seconds = len(self._points) * surrogate.row_seconds
        m = int(np.clip(_SECONDS / seconds, _MIN_AVERAGED, _MAX_AVERAGED))
        # Without others there is nothing to choose for them.
        self._view = view if len(axes) < len(configspace) else replace(view, statistic="mean")
        self._profile: Profile | None = None
        if self._view.statistic == "incumbent":
            self._others = as_in_incumbent(configspace, self._columns, surrogate, maximize)
            return
        self._others = draw_others(configspace, self._columns, self._vectors, m, surrogate.X)
        if self._view.statistic == "best":
            others = with_good_trials(configspace, self._others, surrogate, maximize)
            self._profile = Profile(surrogate, configspace, self._columns, others, maximize=maximize)

    def projection(self) -> Projection:
        """Returns the projection.

        Raises:
            HyperparameterNotExplainableError: If the hyperparameters are never active together.
        """
        axes = self.axes
        weights, held_out_weights = _weights(axes, self._fit), _weights(axes, self._held_out)
        n = len(weights)
        grid, held_out_grid = self._points[:n], self._points[n:]
        mean, std, single = self._expected(self._points, self._whole)
        if not np.any(np.isfinite(mean[:n])):
            names = " and ".join(repr(axis.name) for axis in axes)
            slice_only = " beside the incumbent's other values" if self._view.statistic == "incumbent" else ""
            region = f" {self._view.region.words}" if self._view.region.is_part else ""
            raise HyperparameterNotExplainableError(
                f"No valid configuration was found{region} in which {names} can be set{slice_only} (conditions or "
                "forbidden clauses).",
                hyperparameter=axes[0].name,
            )
        held, averages = np.isfinite(mean[n:]), self._view.averages
        several = len(axes) == 1 and len(self._others) > 1
        return Projection(
            axes=axes,
            shape=tuple(len(v) for v in self._fit),
            grid=grid,
            weights=weights,
            measure=self._measure,
            mean=mean[:n],
            std=std[:n],
            ice=single[:_ICE_CURVES, :n] if several else np.empty((0, n)),
            held_out=HeldOut(held_out_grid[held], mean[n:][held], held_out_weights[held])
            if np.any(held)
            else HeldOut(grid, mean[:n], weights),
            trials=self._trials,
            near_trials=near_trials(axes, grid, self._trials.values),
            n_averaged=len(self._others) if averages and len(axes) < len(self._configspace) else 0,
            variance_share=variance_share(mean[:n], single[:, :n], self._joint) if averages else None,
            choice_shares=choice_shares(axes, grid, mean[:n], single[:, :n], self._joint) if averages else (),
            incumbent=self._incumbent,
            tied=self._tied,
            own_distributions=tuple(a.name for a, drawn in zip(axes, self._drawn, strict=True) if drawn is not None),
            others=tuple(name for name in self._configspace if name not in {axis.name for axis in axes}),
            method="partial dependence" if self._effects is None else "accumulated local effects",
            partial_dependence=np.empty(0) if self._effects is None else self._whole[0][:n],
            view=self._view,
        )

    @cached_property
    def _whole(self) -> tuple[Array, Array, Array]:
        """Mean, standard deviation and single predictions at the fitting and the held-out points."""
        return self._average(self._vectors)

    @cached_property
    def _measure(self) -> Array:
        return measure_of(self.axes, self._fit, self._drawn)

    @cached_property
    def _joint(self) -> Array:
        """How often the space draws every configuration at every fitting point, shape (m, n), 0 where it is forbidden.

        A configuration was kept where it was valid beside one of the points, drawn at random; so one that is valid
        beside few of them stands for many.
        """
        usable = np.isfinite(self._whole[2])
        kept = np.maximum(usable.mean(axis=1, keepdims=True), 1.0 / len(self._points))
        return np.asarray(usable[:, : len(self._measure)] / kept * self._measure)

    @cached_property
    def _tied(self) -> tuple[str, ...]:
        """What forbidden clauses tie to the explained hyperparameters, where an average misses a part of it."""
        if not self._view.averages:
            return ()
        tied = tied_by_clauses(self._configspace, [axis.name for axis in self.axes])
        usable = np.isfinite(self._whole[2])
        possible = usable[usable.any(axis=1)][:, usable.any(axis=0)]
        return tied if tied and np.mean(possible) < _ALL else ()

    @cached_property
    def _effects(self) -> LocalEffects | None:
        """None where averages compare the same configurations, or where choices without an order cannot be added up."""
        if not self._tied or len(self.axes) != 1 or self.axes[0].categorical:
            return None
        single = self._whole[2][:, : len(self._measure)]
        values = accumulated(single, self._joint)
        if values is None:
            return None
        return LocalEffects(self.axes[0].to_coordinate(self._fit[0]), single, self._joint, values)

    def expect(self, points: Array) -> tuple[Array, Array]:
        """Returns the surrogate's mean and standard deviation at any points; NaN where they cannot be set.

        Args:
            points: Natural units, shape (n, k).
        """
        mean, std, _ = self._expected(points, self._average(self._to_vectors(points)))
        return mean, std

    def _expected(self, points: Array, averages: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        """Returns the averages at points, with the accumulated effects for the means where they stand in for them."""
        mean, std, single = averages
        if self._effects is not None:
            mean = self._effects.at(self.axes[0].to_coordinate(points[:, 0]), single)
        return mean, std, single

    def trials_alone(self, projection: Projection) -> TrialPoints:
        """Returns the trials with their costs less what the surrogate says of the other hyperparameters.

        Args:
            projection: The projection.
        """
        found = trial_points(
            replace(self._surrogate, y=self._surrogate.missed), self._configspace, self.axes, self._columns
        )
        costs = found.costs + projection.at(found.values)
        known = np.isfinite(costs)
        return TrialPoints(found.values[known], costs[known])

    def draws(self, projection: Projection, n: int, seed: int) -> Draws | None:
        """Returns what else the projection may be: other functions that fit the trials, projected likewise.

        Args:
            projection: The projection.
            n: How many.
            seed: Decides them.

        Returns:
            None where the surrogate does not know how its errors go together.
        """
        rows = np.flatnonzero(_thinned(projection.shape) & projection.valid)
        most = max(1, _MOST_TOGETHER // len(rows))
        vectors, others = self._to_vectors(projection.grid[rows]), self._others[:most]
        if self._profile is not None:
            others = self._profile.preferred(vectors, most)
        X, usable = beside(self._configspace, self._columns, vectors, others)
        moved = self._surrogate.deviations(X[usable], n, np.random.default_rng(seed))
        if moved is None:
            return None
        moved = _WIDER[len(self.axes)] * moved
        single = np.full((n, len(X)), np.nan)
        single[:, usable] = moved
        moves = single.reshape(n, len(others), -1)
        if self._effects is not None:
            together = np.where(usable.reshape(len(others), -1), self._joint[:most, rows], 0.0)
            effects = accumulated(moves, together)
            return None if effects is None else self._draws(rows, projection, effects)
        if self._profile is not None:
            known = np.full(len(X), np.nan)
            known[usable] = self._surrogate.model.predict(X[usable])[0]
            mean: Array = known.reshape(len(others), -1)
            change = best_of(mean + moves, maximize=self._maximize) - best_of(mean, maximize=self._maximize)
            return self._draws(rows, projection, change)
        counts = usable.reshape(len(others), -1).sum(axis=0)
        with np.errstate(invalid="ignore"):  # rows at which none of the configurations is valid
            return self._draws(rows, projection, np.nansum(moves, axis=1) / counts)

    def _draws(self, rows: npt.NDArray[np.intp], projection: Projection, moved: Array) -> Draws:
        some = np.isfinite(moved[0])
        rows, moved = rows[some], moved[:, some]
        return Draws(rows, projection.mean[rows] + moved, self._of_rival(rows))

    def _of_rival(self, rows: npt.NDArray[np.intp]) -> Array:
        """Returns what the rival's projection is at some of the fitting points; see `Draws`."""
        rival = self._surrogate.rival
        if rival is None or not self._view.averages or self._view.region.best is not None:
            return np.empty(0)
        mean, single = means_over(rival, self._configspace, self._columns, self._vectors[rows], self._others)
        if self._effects is None:
            return mean
        effects = accumulated(single, self._joint[:, rows])
        return np.empty(0) if effects is None else effects

    def _to_vectors(self, points: Array) -> Array:
        columns = [to_vector(self._configspace, axis, points[:, i]) for i, axis in enumerate(self.axes)]
        return np.column_stack(columns)

    def _average(self, vectors: Array) -> tuple[Array, Array, Array]:
        if self._profile is not None:
            return self._profile.at(vectors)
        return average_over(self._surrogate, self._configspace, self._columns, vectors, self._others)


def _weights(axes: Sequence[Axis], values: Sequence[Array]) -> Array:
    weights = product_of([axis.cell_widths(v) for axis, v in zip(axes, values, strict=True)]).prod(axis=1)
    return np.asarray(weights / weights.mean())


def _thinned(shape: Sequence[int]) -> Mask:
    """Returns which points of a grid are left where every axis has few values, the first and last among them."""
    most = _FEW_VALUES[len(shape)]
    kept = [np.isin(np.arange(k), np.linspace(0, k - 1, min(k, most)).round()) for k in shape]
    return np.asarray(product_of(kept).all(axis=1))
