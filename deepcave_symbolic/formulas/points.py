"""The points that formulas are rounded on, with what is the same for every formula computed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from deepcave_symbolic.formulas.expression import Node, evaluate
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.numeric.weighted import R2To

__all__ = ["Points"]


@dataclass(frozen=True, eq=False)
class Points:
    """Points and what a formula should give there.

    Args:
        columns: The points, natural units, one array of shape (n,) per variable.
        y: What it should give there, shape (n,).
        weights: Weights of the squared errors, shape (n,), or None.
    """

    columns: Sequence[Array]
    y: Array
    weights: Array | None = None

    def r2_of(self, node: Node) -> float:
        """Returns the R² of an expression; -inf where it is not finite."""
        return self.r2(evaluate(node, self.columns))

    def r2(self, values: Array) -> float:
        """Returns the R² of values of shape (n,) to what should be there; -inf where they are not finite."""
        return float(self._r2.of(values))

    @cached_property
    def _r2(self) -> R2To:
        return R2To(self.y, self.weights)
