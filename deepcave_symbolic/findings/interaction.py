"""How much of a 2-D projection needs both hyperparameters at once.

Notation:
    f: the projection on its grid, weighted as the space's own distribution draws its points; by least squares
        f = μ + a(x_1) + b(x_2) + e(x_1, x_2), the two-way analysis of variance.
    additive: share of f's variance that μ + a + b has; interaction: that of e.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepcave_symbolic.formulas.expression import evaluate
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.numeric.arrays import Array, columns_of
from deepcave_symbolic.numeric.weighted import weighted_r2, weighted_variance
from deepcave_symbolic.projection import Projection
from deepcave_symbolic.records import Record
from deepcave_symbolic.words.names import shown_name

__all__ = ["Interaction", "interaction_rmse", "interactions_of"]

#: A share below this is not worth a word.
_NEGLIGIBLE = 0.01


@dataclass(frozen=True, eq=False)
class Interaction(Record):
    """What an additive formula can explain of a 2-D projection and what only an interaction can.

    Args:
        additive: Largest R² that any sum g(x_1) + h(x_2) reaches on the projection's grid, in [0, 1].
        formula: Share of the formula's own variance that is interaction, in [0, 1].
        hyperparameters: The two names.
    """

    additive: float
    formula: float
    hyperparameters: tuple[str, str]

    @property
    def interaction(self) -> float:
        """Share of the projection's variance that no additive formula explains."""
        return 1.0 - self.additive

    @property
    def sentence(self) -> str:
        """Both shares in words."""
        a, b = (shown_name(name) for name in self.hyperparameters)
        if self.interaction < _NEGLIGIBLE:
            return f"{a} and {b} act independently: an additive formula can explain {_percent(self.additive)} of this."
        text = (
            f"An additive formula can explain at most {_percent(self.additive)} of this projection; "
            f"the other {_percent(self.interaction)} are an interaction of {a} and {b}."
        )
        if self.formula < _NEGLIGIBLE:
            return f"{text} This formula is additive."
        return f"{text} Of this formula's own variance {_percent(self.formula)} are interaction."

    def to_dict(self) -> dict[str, Any]:
        """Returns the shares as JSON values."""
        return {**super().to_dict(), "interaction": self.interaction, "sentence": self.sentence}


def interactions_of(formulas: Sequence[Formula], projection: Projection) -> list[Interaction | None]:
    """Returns the shares for formulas of two hyperparameters, None for one hyperparameter or a constant projection.

    Args:
        formulas: The formulas shown.
        projection: What they describe.
    """
    if len(projection.axes) != 2 or projection.is_flat:
        return [None] * len(formulas)
    valid = projection.valid
    columns, weights = columns_of(projection.grid[valid]), projection.measure[valid]
    first, second = projection.axes[0].name, projection.axes[1].name
    values = [projection.mean[valid], *(evaluate(formula.tree, columns) for formula in formulas)]
    additive, *shares = _additive_shares(values, columns, weights)
    return [Interaction(additive, 1.0 - share, (first, second)) for share in shares]


def interaction_rmse(points: Array, values: Array, weights: Array) -> float:
    """Returns how far the best sum g(x_1) + h(x_2) stays from the values, as an RMSE in their unit; 0 for a constant.

    Args:
        points: Grid points, shape (n, 2).
        values: Values there, shape (n,); rows with NaN are left out.
        weights: How often the space draws every point, relative to the others, shape (n,).
    """
    valid = np.isfinite(values)
    values, weights = values[valid], weights[valid]
    scale = float(np.max(np.abs(values), initial=0.0))
    if scale == 0.0:
        return 0.0
    [additive] = _additive_shares([values], columns_of(points[valid]), weights)
    # A part in 10^12 of the variance is the rounding errors' own.
    rest = 1.0 - additive if additive < 1.0 - 1e-12 else 0.0
    return scale * math.sqrt(rest * weighted_variance(values / scale, weights))


def _additive_shares(several: Sequence[Array], columns: list[Array], weights: Array) -> list[float]:
    """Returns R² of the best sum of a function of each coordinate for arrays of shape (n,), 1 for constant ones."""
    centred = [values - np.average(values, weights=weights) for values in several]
    # Below this a constant formula's rounding errors would be taken for a shape.
    varies = [np.max(np.abs(c)) > 1e-12 * np.max(np.abs(values)) for c, values in zip(centred, several, strict=True)]
    targets = [c / np.max(np.abs(c)) if any_ else np.zeros_like(c) for c, any_ in zip(centred, varies, strict=True)]
    design = np.hstack([(column[:, None] == np.unique(column)[None, :]).astype(np.float64) for column in columns])
    # By the normal equations, since the grid has many more points than rows and columns; they leave one constant open.
    weighted = design * weights[:, None]
    coefficients, *_ = np.linalg.lstsq(design.T @ weighted, weighted.T @ np.column_stack(targets), rcond=1e-12)
    return [
        min(1.0, max(0.0, weighted_r2(target, prediction, weights))) if any_ else 1.0
        for target, prediction, any_ in zip(targets, (design @ coefficients).T, varies, strict=True)
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
