"""The trials as a law sees them: the target, what its best value may move with, and everybody's main effects.

Notation: see the package.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from deepcave_symbolic.laws.ridge import Data
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.projection.average import beside, draw_others, natural_columns, to_vector
from deepcave_symbolic.space.axis import Axis, axis_of
from deepcave_symbolic.space.explainable import explainable

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["Layout", "drawn_with"]

#: Degrees of main effects and whether there are products of the others, the most detailed first: taken is that of which
#: there are so many configurations a coefficient, else the last, if there are as many as that needs.
_DETAILS, _ENOUGH, _FEWEST = ((3, True), (2, True), (2, False), (1, False)), 4.0, 2.5
_GRID = 30


@dataclass(frozen=True)
class Layout:
    """Which hyperparameter is what.

    Args:
        configspace: The space, or the part of it that is asked about.
        target: The hyperparameter whose best value is told.
        moving: Those that it may move with.
        others: All hyperparameters that can enter a formula but the target, those that it may move with first.
        degree: Of the main effects' polynomials.
        products: Whether the u_j have products with one another, so that a valley among them alone is not taken for
            one of the target.
    """

    configspace: ConfigurationSpace
    target: Axis
    moving: tuple[Axis, ...]
    others: tuple[Axis, ...]
    degree: int = _DETAILS[0][0]
    products: bool = _DETAILS[0][1]

    @classmethod
    def of(cls, configspace: ConfigurationSpace, target: Axis, drawn: Array) -> Layout:
        """Returns the layout of a space.

        Args:
            configspace: The space.
            target: The hyperparameter whose best value is told, with positive bounds.
            drawn: Configurations in which it is active, shape (m, d).
        """
        names = list(configspace)
        axes = [axis_of(configspace, name) for name in explainable(configspace) if name != target.name]
        # What is never active beside the target says nothing.
        axes = [axis for axis in axes if not np.isnan(drawn[:, names.index(axis.name)]).all()]
        moving = [a for a in axes if has_powers(configspace, a) and not np.isnan(drawn[:, names.index(a.name)]).any()]
        return cls(configspace, target, tuple(moving), (*moving, *(a for a in axes if a not in moving)))

    def natural(self, axis: Axis, X: Array) -> Array:
        """Returns the natural values of vectors (n, d), NaN where the hyperparameter is inactive, shape (n,)."""
        return natural_columns(self.configspace, [axis], X)[0]

    def data(self, X: Array, z: Array) -> Data:
        """Returns what a ridge is fitted to.

        Args:
            X: Vectors in which the target is active, shape (n, d).
            z: Costs on a scale.
        """
        columns: list[Array] = [np.ones(len(X))]
        for axis in self.others:
            columns += self._main(axis, self.natural(axis, X))
        moving = [np.log10(self.natural(axis, X)) - middle_of(axis) for axis in self.moving]
        products = [u * v for u, v in combinations(moving, 2)] if self.products else []
        low, high = np.log10([self.target.lower, self.target.upper])
        return Data(
            np.log10(self.natural(self.target, X)),
            np.column_stack([*moving, np.empty((len(X), 0))]),
            np.column_stack([*columns, *products]),
            z,
            (float(low), float(high)),
        )

    def fitted_to(self, X: Array, z: Array) -> tuple[Layout, Data] | None:
        """Returns the layout in the detail that so many configurations allow, and its data; None for too few."""
        for degree, products in _DETAILS:
            layout = replace(self, degree=degree, products=products)
            data = layout.data(X, z)
            least = _FEWEST if (degree, products) == _DETAILS[-1] else _ENOUGH
            if len(z) >= least * data.coefficients:
                return layout, data
        return None

    def least_rows(self, X: Array) -> int:
        """Returns how many configurations a law needs at least."""
        lowest = replace(self, degree=_DETAILS[-1][0], products=_DETAILS[-1][1])
        return math.ceil(_FEWEST * lowest.data(X, np.zeros(len(X))).coefficients)

    def _main(self, axis: Axis, values: Array) -> list[Array]:
        """Returns the columns of a main effect: polynomials or one a choice, and activity where it is not always."""
        active = ~np.isnan(values)
        columns = [] if active.all() else [active.astype(np.float64)]
        if axis.categorical:
            return [*columns, *((values == k).astype(np.float64) for k in (axis.values or ())[1:])]
        positive = has_powers(self.configspace, axis)
        low, high = (np.log10(b) if positive else b for b in (axis.lower, axis.upper))
        v = 2.0 * ((np.log10(values) if positive else values) - low) / (high - low) - 1.0
        degree = min(self.degree, len(np.unique(values[active])) - 1)
        polynomials = np.polynomial.legendre.legvander(np.where(active, v, 0.0), max(0, degree))[:, 1:]
        return [*columns, *(polynomials * active[:, None]).T]


def has_powers(configspace: ConfigurationSpace, axis: Axis) -> bool:
    """Returns whether a hyperparameter enters by its logarithm: a number whose bounds are positive."""
    return axis.lower > 0.0 and hasattr(configspace[axis.name], "lower")


def middle_of(axis: Axis) -> float:
    """Returns the middle of a domain with positive bounds, in u."""
    return float(np.log10([axis.lower, axis.upper]).mean())


def drawn_with(configspace: ConfigurationSpace, axis: Axis, n: int, evaluated: Array) -> Array:
    """Returns configurations as the space draws them in which a hyperparameter is active, shape (m, d), m up to n.

    Args:
        configspace: The space.
        axis: The hyperparameter.
        n: How many.
        evaluated: Configurations that are known to be valid, shape (r, d).
    """
    column = list(configspace).index(axis.name)
    values = to_vector(configspace, axis, axis.fit_grid(_GRID))[:, None]
    others = draw_others(configspace, [column], values, n, evaluated)
    X, usable = beside(configspace, [], np.empty((1, 0)), others)
    return np.asarray(X[usable & ~np.isnan(X[:, column])])
