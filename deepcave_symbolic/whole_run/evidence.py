"""What formulas of a run are scored on: held-out configurations of the surrogate and the run's trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.numeric.weighted import weighted_r2, weighted_rms
from deepcave_symbolic.runs.trial_selection import MIN_CONFIGURATIONS
from deepcave_symbolic.whole_run.part import Part
from deepcave_symbolic.whole_run.saturation import Saturation, saturated

__all__ = ["Evidence", "Scores", "Table", "total_of"]

#: Natural values by the name of the hyperparameter, shape (n,), NaN where it is inactive.
Table = Mapping[str, Array]

_FOLDS = 5
_FOLD_SEED = 0
#: Coefficients fitted to trials are drawn to the formula's own as if by so many trials, which decides nothing but what
#: the trials leave open.
_DRAWN = 1.0


@dataclass(frozen=True)
class Scores:
    """How well a formula does; see `RunFormula`."""

    r2: float
    rmse: float
    trials_r2: float | None


@dataclass(frozen=True)
class Evidence:
    """What formulas are scored on.

    Args:
        held_out: Configurations that no formula was fitted to.
        y: What the surrogate expects of them, on the link's scale, shape (n,).
        trials: The configurations of the run's trials.
        costs: Their costs, on the link's scale, shape (m,).
        groups: The number of each trial's configuration, shape (m,).
    """

    held_out: Table
    y: Array
    trials: Table
    costs: Array
    groups: npt.NDArray[np.intp]

    def scores(self, level: float, parts: Sequence[Part], saturation: Saturation | None = None) -> Scores:
        """Returns how well a level and parts do, inside a saturation or without one."""
        predicted = saturated(total_of(level, parts, self.held_out, len(self.y)), saturation)
        trials_r2 = self._trials_r2(level, parts, saturation)
        return Scores(weighted_r2(self.y, predicted, None), weighted_rms(self.y - predicted), trials_r2)

    def _trials_r2(self, level: float, parts: Sequence[Part], saturation: Saturation | None) -> float | None:
        """Returns R² of the trials, level and coefficients fitted to those of the other configurations.

        Inside a saturation they are fitted to its tangent.
        """
        configurations = np.unique(self.groups)
        if len(configurations) < max(MIN_CONFIGURATIONS, len(parts) + 2) or np.ptp(self.costs) == 0.0:
            return None
        m = len(self.costs)
        columns = [part.values([self.trials[name] for name in part.hyperparameters]) for part in parts]
        design = np.column_stack([np.ones(m), *columns])
        total = level + design[:, 1:].sum(axis=1)
        rest = self.costs - saturated(total, saturation)
        slopes = np.ones(m) if saturation is None else saturation.slopes(total)
        sizes = np.sqrt((design**2).mean(axis=0)) + 1e-300
        fold_of: dict[int, int] = dict(
            zip(
                np.random.default_rng(_FOLD_SEED).permutation(configurations).tolist(),
                (np.arange(len(configurations)) % _FOLDS).tolist(),
                strict=True,
            )
        )
        folds = np.array([fold_of[group] for group in self.groups.tolist()], dtype=np.intp)
        predicted: Array = np.empty(m)
        for fold in range(_FOLDS):
            seen = folds != fold
            scaled = slopes[seen, None] * design[seen] / sizes
            gram = scaled.T @ scaled + _DRAWN * np.eye(len(sizes))
            moved = np.linalg.solve(gram, scaled.T @ rest[seen]) / sizes
            predicted[~seen] = saturated(total[~seen] + design[~seen] @ moved, saturation)
        r2 = weighted_r2(self.costs, predicted, None)
        return r2 if np.isfinite(r2) else None


def total_of(level: float, parts: Sequence[Part], table: Table, n: int) -> Array:
    """Returns a level and parts added up, shape (n,)."""
    total: Array = np.full(n, level)
    for part in parts:
        total = total + part.values([table[name] for name in part.hyperparameters])
    return total
