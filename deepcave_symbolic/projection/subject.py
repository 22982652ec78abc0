"""What is projected: a surrogate over a space, as a view shows both."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from deepcave_symbolic.exceptions import HyperparameterNotExplainableError
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.projection.coarse import coarse_projection
from deepcave_symbolic.projection.others import over_space
from deepcave_symbolic.projection.projection import Projection
from deepcave_symbolic.projection.projector import Projector
from deepcave_symbolic.projection.view import View
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.space.part import inside_space
from deepcave_symbolic.surrogates.capped import capped_at

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

    from deepcave_symbolic.surrogates.base import FittedSurrogate

__all__ = ["Subject"]

#: Fewer trials in a region say nothing about the errors there.
_FEW = 10


class Subject:
    """A surrogate over a space, as a view shows both.

    Args:
        surrogate: The fitted surrogate.
        configspace: The configuration space of the run.
        view: In which region, and what becomes of the hyperparameters that are not explained.
        maximize: Whether more of the objective is better.
    """

    def __init__(
        self, surrogate: FittedSurrogate, configspace: ConfigurationSpace, view: View, *, maximize: bool
    ) -> None:
        self.whole, self.view, self.maximize = surrogate, view, maximize
        self.configspace = view.region.restricted(configspace)

    @cached_property
    def over_space(self) -> Array:
        """What the surrogate expects of configurations that the space draws, objective units, shape (n,), no cap."""
        return over_space(self.whole, self.configspace)

    @cached_property
    def worst(self) -> float | None:
        """The worst that the surrogate expects in the best part of the space; None where the region is another."""
        best = self.view.region.best
        if best is None:
            return None
        share = best / 100.0
        return float(np.quantile(self.over_space, 1.0 - share if self.maximize else share))

    @cached_property
    def surrogate(self) -> FittedSurrogate:
        """The surrogate, capped where the region is the best part of the space."""
        return self.whole if self.worst is None else capped_at(self.whole, self.worst, maximize=self.maximize)

    @cached_property
    def tested(self) -> FittedSurrogate:
        """The surrogate with the trials of the region, which say how well it is known there; with all where few are."""
        kept = inside_space(self.configspace, self.whole.X)
        return self.surrogate.of_rows(kept) if kept.sum() >= _FEW else self.surrogate

    def projected(self, axes: Sequence[Axis]) -> tuple[Projector, Projection]:
        """Returns the projection; choices for which the other hyperparameter is never active are left out.

        Raises:
            DeepcaveSymbolicError: If the hyperparameters cannot be projected onto.
        """
        projector = self._projector(axes)
        projection = projector.projection()
        present = [_restricted(axis, projection.grid[projection.valid, i]) for i, axis in enumerate(axes)]
        if present == list(axes):
            return projector, projection
        projector = self._projector(present)
        return projector, projector.projection()

    def coarse(self, axes: Sequence[Axis]) -> tuple[Array, Array, Array]:
        """Returns a projection in a tenth of the time or less, see `coarse_projection`."""
        return coarse_projection(self.surrogate, self.configspace, axes, self.view, maximize=self.maximize)

    def _projector(self, axes: Sequence[Axis]) -> Projector:
        return Projector(self.surrogate, self.configspace, axes, maximize=self.maximize, view=self.view)


def _restricted(axis: Axis, present: Array) -> Axis:
    """Returns a categorical axis with the choices that are present only; every other axis as it is.

    Raises:
        HyperparameterNotExplainableError: If a single choice is left.
    """
    restricted = axis.restricted(present)
    if axis.categorical and restricted.labels is not None and len(restricted.labels) == 1:
        raise HyperparameterNotExplainableError(
            f"Hyperparameter {axis.name!r} can only be {restricted.labels[0]!r} where the other one is active; explain "
            "that one alone.",
            hyperparameter=axis.name,
        )
    return restricted
