"""What the trials can say on a statement: whether they see a hyperparameter, settle it, and where none of them lies.

Notation:
    u: search coordinate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from deepcave_symbolic.findings.certainty import Certainty, Stretch, is_settled
from deepcave_symbolic.formulas.expression import variables
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.projection import Projection
from deepcave_symbolic.projection.trials import NEAR
from deepcave_symbolic.words.names import shown_name
from deepcave_symbolic.words.numbers import counted

__all__ = ["Evidence"]

#: Fewer trials that had the hyperparameters active say nothing about a shape.
_FEW_SEEN = 3
#: On a linear axis a trial that is near must lie within this factor, too: between 64 and three million lie all scales
#: of a range that ends at two billion.
_NEAR_FACTOR = 10.0


@dataclass(frozen=True)
class Evidence:
    """The trials behind a projection.

    Args:
        projection: What formulas describe.
        noise: What the trials cannot see, as an RMSE in objective units; see `trust.noise_of`.
        n_trials: How many trials the surrogate learned from.
        certainty: What draws of the surrogate agree on; None where that is not known.
    """

    projection: Projection
    noise: float
    n_trials: int
    certainty: Certainty | None = None

    @property
    def is_unseen(self) -> bool:
        """Whether next to no trial had the hyperparameters active."""
        return self.n_trials > 0 and len(self.projection.trials.costs) < _FEW_SEEN

    @cached_property
    def tried(self) -> tuple[Array, ...]:
        """The values that the trials have of each hyperparameter, ascending, natural units."""
        return tuple(np.unique(column) for column in self.projection.trials.values.T)

    def at_choice(self, index: int, choice: int) -> Evidence:
        """Returns the trials of one choice of a categorical; see `Projection.at_choice`."""
        return replace(self, projection=self.projection.at_choice(index, choice), certainty=None)

    def effect(self, i: int | None = None) -> Literal["none", "untold", "seen"]:
        """Returns whether the surrogate sees an effect of all hyperparameters, or of one, and the trials can tell it.

        Args:
            i: Number of the axis; None for all of them together.
        """
        spread = self.projection.spread if i is None else self.projection.spread_along(i)
        height = float(np.nanmax(np.abs(self.projection.mean)))
        if self.projection.is_flat if i is None else spread <= 1e-12 * height:
            return "none"
        return "untold" if spread <= self.noise or self.is_unseen else "seen"

    def on_left_out(self, objective: str, i: int) -> str:
        """Returns what is known of a hyperparameter that a formula leaves out, in a sentence."""
        name = shown_name(self.projection.axes[i].name)
        effect = self.effect(i)
        if effect == "none":
            return f"{self.projection.view.titled(f'{objective} does not depend on {name}')}."
        if effect == "untold":
            return f"{self.cannot} tell whether {objective} depends on {name}."
        return f"The formula leaves out {name}."

    @property
    def cannot(self) -> str:
        """How many trials cannot tell something, such as "30 trials cannot"."""
        seen = len(self.projection.trials.costs)
        return f"{counted(seen, 'trial')} cannot" if seen else "No trial can"

    def on_untold(self, objective: str) -> str:
        """Returns that no effect at all can be told, in a sentence."""
        names = " or ".join(shown_name(axis.name) for axis in self.projection.axes)
        return f"{self.cannot} tell whether {objective} depends on {names}."

    @property
    def unsettled(self) -> tuple[int, ...]:
        """Numbers of the axes of whose domain the optimum may lie almost anywhere."""
        ends = () if self.certainty is None else self.certainty.optimum
        return tuple(i for i, own in enumerate(ends) if not is_settled(self.projection.axes[i], own))

    def unsettled_of(self, i: int, moves: Sequence[Stretch]) -> list[Stretch]:
        """Returns those of some moves along an axis that most draws of the surrogate do not share.

        Args:
            i: Number of the axis.
            moves: Directions with the ends between which they are said to hold, natural units.
        """
        directions = None if self.certainty is None else self.certainty.directions
        if directions is None:
            # Of two hyperparameters only the optimum is known.
            return list(moves) if i in self.unsettled else []
        return [
            (word, start, end)
            for word, start, end in moves
            if not any(word == known and low < end and high > start for known, low, high in directions)
        ]

    def gaps_at(self, values: Sequence[float], formula: Formula) -> list[str]:
        """Returns where what a formula uses has no trial near a place, such as "lr above 0.1"; empty where all have.

        Args:
            values: The place, natural units, one value per hyperparameter.
            formula: The formula.
        """
        gaps = [(i, self.gap(i, values[i])) for i in sorted(variables(formula.tree))]
        return [f"{shown_name(self.projection.axes[i].name)} {gap}" for i, gap in gaps if gap]

    def gap(self, i: int, x: float) -> str:
        """Returns between which trials a value lies where none is near, such as "between 64 and 2.9e6".

        Args:
            i: Number of the axis.
            x: Natural units.

        Returns:
            The words; empty where a trial is near, and without any trial.
        """
        axis, known = self.projection.axes[i], self.tried[i]
        if len(known) == 0 or axis.values is not None:
            return ""
        below, above = known[known <= x], known[known >= x]
        ends: Sequence[float] = [float(v) for v in (*below[-1:], *above[:1])]
        low, high = axis.coordinate_bounds
        u = axis.to_coordinate(np.array([x, *ends]))
        near = bool(np.min(np.abs(u[1:] - u[0])) <= NEAR * (high - low))
        if near and (axis.log or x <= 0 or any(v > 0 and 1 / _NEAR_FACTOR < v / x < _NEAR_FACTOR for v in ends)):
            return ""
        shown = [axis.shown(v, 2) for v in ends]
        if len(below) and len(above):
            return f"between {shown[0]} and {shown[1]}"
        return f"above {shown[0]}" if len(below) else f"below {shown[0]}"
