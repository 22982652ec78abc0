"""Which hyperparameters of a space, and which pairs of them, can be explained."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from deepcave_symbolic.exceptions import HyperparameterNotExplainableError, InvalidArgumentError
from deepcave_symbolic.space.axis import axis_of

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["checked_pairs", "explainable", "wanted"]


def wanted(configspace: ConfigurationSpace, pairs: bool) -> list[tuple[str, ...]]:
    """Returns every hyperparameter, or every pair of explainable ones."""
    if pairs:
        return list(itertools.combinations(explainable(configspace), 2))
    return [(name,) for name in configspace]


def checked_pairs(pairs: bool | int) -> int | None:
    """Returns how many pairs are wanted, None for all.

    Raises:
        InvalidArgumentError: If it is no number of pairs.
    """
    if isinstance(pairs, bool):
        return None if pairs else 0
    if not isinstance(pairs, int) or pairs < 0:
        raise InvalidArgumentError(f"pairs is {pairs!r}; expected how many pairs to explain, 0 for none.")
    return pairs


def explainable(configspace: ConfigurationSpace) -> list[str]:
    """Returns the names of the hyperparameters that can enter a formula, in the space's order."""
    names = []
    for name in configspace:
        try:
            axis_of(configspace, name)
        except HyperparameterNotExplainableError:
            continue
        names.append(name)
    return names
