"""Which values the hyperparameters have that are not explained: drawn, those of good trials, or the incumbent's.

Notation: see the package.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcave_symbolic.exceptions import InvalidArgumentError, NoTrialsError
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.projection.average import beside, draw_others, filled
from deepcave_symbolic.projection.trials import best_configuration
from deepcave_symbolic.space.configurations import sample_all
from deepcave_symbolic.space.part import inside, inside_space
from deepcave_symbolic.words.names import shown_name

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

    from deepcave_symbolic.surrogates.base import FittedSurrogate

__all__ = ["as_in_incumbent", "over_space", "with_good_trials"]

_SEED = 0
#: Of the configurations that a search begins with, so many are added from the best trials.
_GOOD_TRIALS = 1 / 4
#: Predictions over the space: as many as fit into the seconds by the model's own estimate.
_FEWEST, _MOST, _SECONDS = 200, 2000, 0.1


def with_good_trials(
    configspace: ConfigurationSpace, drawn: Array, surrogate: FittedSurrogate, maximize: bool
) -> Array:
    """Returns drawn configurations (m, d) and the best that were evaluated, the best last, inactive values filled."""
    known = np.flatnonzero(inside_space(configspace, surrogate.X))
    best = known[np.argsort(-surrogate.y[known] if maximize else surrogate.y[known], kind="stable")]
    best = best[: int(_GOOD_TRIALS * len(drawn))][::-1]
    return np.vstack([drawn, filled(configspace, surrogate.X[best], np.random.RandomState(_SEED))])


def as_in_incumbent(
    configspace: ConfigurationSpace, columns: Sequence[int], surrogate: FittedSurrogate, maximize: bool
) -> Array:
    """Returns the incumbent as the only configuration, shape (1, d).

    What is inactive in it has its default, which counts only where an explained value makes it active.

    Raises:
        NoTrialsError: If there is no incumbent.
        InvalidArgumentError: If one of its other values lies outside of the region.
    """
    found = best_configuration(surrogate, maximize)
    if found is None:
        raise NoTrialsError(
            "There is no trial and so no incumbent to put a slice through; expected statistic='mean' or 'best' "
            "(--statistic)."
        )
    row = found[0].copy()
    fallback = sample_all(configspace, 1, np.random.RandomState(_SEED))[0]
    for i, (name, hyperparameter) in enumerate(configspace.items()):
        if i in columns:
            row[i] = fallback[i]
        elif np.isnan(row[i]):
            default = np.array([_default(hyperparameter)])
            row[i] = default[0] if inside(hyperparameter, default)[0] else fallback[i]
        elif not inside(hyperparameter, row[i : i + 1])[0]:
            raise InvalidArgumentError(
                f"The incumbent lies outside of the region: its {shown_name(name)} does. A slice through it needs a "
                "region that holds it, or another statistic."
            )
    return row[None, :]


def _default(hyperparameter: Any) -> float:
    return float(hyperparameter.to_vector(hyperparameter.default_value))


def over_space(surrogate: FittedSurrogate, configspace: ConfigurationSpace) -> Array:
    """Returns what the surrogate expects of configurations that the space draws, objective units, shape (n,)."""
    n = int(np.clip(_SECONDS / surrogate.row_seconds, _FEWEST, _MOST))
    nowhere: Array = np.empty((1, 0))
    X, usable = beside(configspace, [], nowhere, draw_others(configspace, [], nowhere, n, surrogate.X))
    return np.asarray(surrogate.model.predict(X[usable])[0])
