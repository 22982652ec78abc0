"""The scale on which level and parts sum up: the objective, or its logarithm where that makes formulas much shorter.

Parts that multiply, such as powers of hyperparameters in a running time, are a sum in the logarithm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.words.names import shown_name

__all__ = ["Link", "in_words", "may_be_logarithm", "much_shorter", "on_scale"]

Link = Literal["identity", "log10"]

#: The logarithm is tried where costs span this factor, but for the highest and lowest percent.
_SPAN = 100.0
#: It is taken where it is as accurate at this share of the nodes.
_SHORTER = 2 / 3


def may_be_logarithm(y: Array, costs: Array) -> bool:
    """Returns whether the logarithm is worth a try.

    Args:
        y: What the surrogate expects over the space, objective units.
        costs: Of the trials.
    """
    if np.min(y) <= 0.0 or np.min(costs, initial=1.0) <= 0.0:
        return False
    low, high = np.quantile(y, [0.01, 0.99])
    return bool(high >= _SPAN * low)


def on_scale(link: Link, costs: Array) -> Array:
    """Returns costs on the link's scale; NaN for a logarithm that there is not."""
    if link == "identity":
        return costs
    with np.errstate(all="ignore"):
        return np.where(costs > 0.0, np.log10(costs), np.nan)


def much_shorter(plain: tuple[float, int], logarithms: Sequence[tuple[float, int]]) -> bool:
    """Returns whether a formula of the logarithm is as accurate on its scale and much shorter.

    Args:
        plain: R² and nodes of the recommended formula of the objective.
        logarithms: The same of the formulas of its logarithm.
    """
    r2, nodes = plain
    return any(other >= r2 and length <= _SHORTER * nodes for other, length in logarithms)


def in_words(link: Link, objective: str) -> tuple[str, ...]:
    """Returns what a link other than the objective itself means, as sentences."""
    if link == "identity":
        return ()
    name = shown_name(objective)
    return (
        f"The parts add up to log10({name}), which is much shorter than a formula of {name}: on that, they multiply.",
    )
