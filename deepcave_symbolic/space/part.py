"""The part of a hyperparameter's domain that is looked at, as a note that a copy of the space carries.

The copy has the vectors of the whole space, so that models, trials, conditions and clauses read them as ever. What
draws values and what lays axes keeps to the part.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcave_symbolic.numeric.arrays import Array, Mask
from deepcave_symbolic.space.choices import choices_of
from deepcave_symbolic.space.notes import PART, noted, with_note

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["Part", "choices_in_part", "inside", "inside_space", "part_of", "restricted_space", "vector_ends"]

#: Lower and upper end in natural units; of a categorical or ordinal the positions of its values.
Part = tuple[float, ...]
#: How far rounding may move a vector's entries.
_SLACK = 1e-9


def restricted_space(configspace: ConfigurationSpace, parts: Mapping[str, Part]) -> ConfigurationSpace:
    """Returns a copy of the space whose hyperparameters have parts, by their names."""
    restricted = copy.deepcopy(configspace)
    for name, part in parts.items():
        hyperparameter: Any = restricted[name]
        hyperparameter.meta = with_note(hyperparameter.meta, PART, list(part))
    return restricted


def part_of(hyperparameter: Any) -> Part | None:
    """Returns the part of a hyperparameter; None for its whole domain."""
    part = noted(hyperparameter, PART)
    return tuple(part) if isinstance(part, list) else None


def choices_in_part(hyperparameter: Any) -> tuple[Any, ...]:
    """Returns the values of a categorical or an ordinal that its part has, all without one."""
    choices, part = choices_of(hyperparameter), part_of(hyperparameter)
    return choices if part is None else tuple(choices[int(position)] for position in part)


def vector_ends(hyperparameter: Any) -> tuple[float, float]:
    """Returns the vector entries between which the part of a hyperparameter with numbers lies, 0 and 1 without one."""
    part = part_of(hyperparameter)
    if part is None:
        return 0.0, 1.0
    # An integer's bounds are whole numbers already.
    whole = isinstance(hyperparameter.default_value, int | np.integer)
    low, high = (float(hyperparameter.to_vector(int(end) if whole else end)) for end in part)
    return low, high


def inside(hyperparameter: Any, vector: Array) -> Mask:
    """Returns which entries of vectors lie in the part, shape (n,); inactive ones (NaN) do."""
    part = part_of(hyperparameter)
    if part is None:
        return np.ones(len(vector), dtype=bool)
    if not hasattr(hyperparameter, "lower"):
        return np.asarray(np.isnan(vector) | np.isin(vector, part))
    low, high = vector_ends(hyperparameter)
    with np.errstate(invalid="ignore"):
        return ~((vector < low - _SLACK) | (vector > high + _SLACK))


def inside_space(configspace: ConfigurationSpace, X: Array) -> Mask:
    """Returns which vectors (n, d) lie in the parts of all hyperparameters, shape (n,)."""
    within = np.ones(len(X), dtype=bool)
    for i, hyperparameter in enumerate(configspace.values()):
        within &= inside(hyperparameter, X[:, i])
    return within
