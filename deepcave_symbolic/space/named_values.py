"""Vectors of configurations as values by name, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.choices import choice_position, choices_of, plain_value
from deepcave_symbolic.words.numbers import round_within

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["values_of_vector", "vector_of_values"]


def vector_of_values(configspace: ConfigurationSpace, values: Mapping[str, Any]) -> Array:
    """Returns the vector of the values of the active hyperparameters, shape (d,), NaN for an unknown choice.

    Raises:
        KeyError: If the space has no such hyperparameter.
    """
    if unknown := set(values) - set(configspace):
        raise KeyError(f"no hyperparameter {min(unknown)!r}")
    row = np.full(len(configspace), np.nan)
    for i, (name, hyperparameter) in enumerate(configspace.items()):
        if name not in values:
            continue
        if hasattr(hyperparameter, "lower"):
            row[i] = hyperparameter.to_vector(values[name])
            continue
        position = choice_position(plain_value(values[name]), choices_of(hyperparameter))
        # A constant's only value is no position in its vectors.
        constant = hasattr(hyperparameter, "value") and not np.isnan(position)
        row[i] = hyperparameter.to_vector(hyperparameter.default_value) if constant else position
    return row


def values_of_vector(configspace: ConfigurationSpace, row: Array) -> dict[str, Any]:
    """Returns the values of the active hyperparameters as users write them."""
    values: dict[str, Any] = {}
    for i, (name, hyperparameter) in enumerate(configspace.items()):
        if np.isnan(row[i]):
            continue
        h: Any = hyperparameter
        if hasattr(h, "lower"):
            value = plain_value(h.to_value(row[i]))
            # Without the last digits, which the unit cube loses.
            values[name] = round_within(value, 12, h.lower, h.upper) if isinstance(value, float) else value
        else:
            values[name] = choices_of(h)[0 if hasattr(h, "value") else int(row[i])]
    return values
