"""What parts can add up inside: a step between two ends, beyond which nothing makes the cost better or worse.

Notation: see the package; besides
    z: the sum of level and parts; g(z) = middle + half·tanh(z): what is said of the cost.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepcave_symbolic.exceptions import FormulaError
from deepcave_symbolic.formulas.expression import Node, complexity, constant, function, variable
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.records import Record
from deepcave_symbolic.words.numbers import round_significant, rounded_text

__all__ = ["AROUND", "SUM", "Saturation", "attributed", "clearly_better", "saturated"]

#: What the sum inside is called.
SUM = "z"
#: A value so near to an end, as a share of the half, is at it.
_NEARLY = 0.98
#: What a formula inside a saturation leaves at most of what a plain one leaves.
_WORTH = 0.9
#: Below this z and its sine are the same.
_SMALL = 1e-6


@dataclass(frozen=True)
class Saturation(Record):
    """A step from one end to the other: g(z) = middle + half·tanh(z).

    Args:
        middle: The value at z = 0, on the link's scale.
        half: How far the ends are from there.
    """

    middle: float
    half: float

    def __post_init__(self) -> None:
        """Refuses ends that are none."""
        if not (math.isfinite(self.middle) and math.isfinite(self.half) and self.half > 0.0):
            raise FormulaError(f"A step of {self.middle} ± {self.half}; expected finite numbers, the half above 0.")

    @property
    def ends(self) -> tuple[float, float]:
        """The values that are never passed."""
        return self.middle - self.half, self.middle + self.half

    def values(self, z: Array) -> Array:
        """Returns g(z)."""
        return np.asarray(self.middle + self.half * np.tanh(z))

    def slopes(self, z: Array) -> Array:
        """Returns g'(z)."""
        return np.asarray(self.half * (1.0 - np.tanh(z) ** 2))

    def inverse(self, value: float) -> float:
        """Returns the z of a value, one near the end for a value beyond it."""
        return math.atanh(float(np.clip((value - self.middle) / self.half, -_NEARLY, _NEARLY)))

    def secants(self, level: float, total: Array) -> Array:
        """Returns by how much g changes from the level to the level plus a total, over the total."""
        change = self.values(level + total) - self.values(np.array(level))
        small = np.abs(total) < _SMALL
        return np.where(small, self.slopes(level + 0.5 * total), change / np.where(small, 1.0, total))

    def standardized(self, mean: float, scale: float) -> Saturation:
        """Returns the same of (y - mean)/scale."""
        return Saturation((self.middle - mean) / scale, self.half / scale)

    def rounded(self, digits: int) -> Saturation:
        """Returns the same with so many significant digits, the middle as many decimals as the half."""
        half = round_significant(self.half, digits)
        decimals = digits - 1 - math.floor(math.log10(half))
        return Saturation(round(self.middle, decimals), half)

    def in_units(self, mean: float, scale: float) -> Saturation:
        """Returns the same of mean + scale·y."""
        return Saturation(mean + scale * self.middle, scale * self.half)

    def around(self, tree: Node) -> Node:
        """Returns the expression of g of a sum."""
        step = Node("*", (constant(self.half), function("tanh", tree)))
        return Node("+", (constant(self.middle), step))

    def source(self, total: str) -> str:
        """Returns g of a sum as Python source."""
        return f"{self.middle!r} + {self.half!r}*np.tanh({total})"

    def in_words(self, left: str) -> str:
        """Returns what it means, as words."""
        low, high = map(rounded_text, self.ends)
        middle, half, tenth = map(rounded_text, (self.middle, self.half, 0.1 * self.half))
        return (
            f"the parts add up to {SUM} inside a step, {middle} + {half}·tanh({SUM}): {left} stays between {low} and "
            f"{high}, and the nearer it is to either, the less a part moves it; in the middle 0.1 of {SUM} is {tenth}"
        )


#: How many nodes it adds to a formula.
AROUND = complexity(Saturation(0.5, 0.5).around(variable(0))) - 1


def clearly_better(r2: float, plain: float) -> bool:
    """Returns whether a formula inside a saturation is worth the thought that the saturation takes.

    Args:
        r2: Its R².
        plain: That of the best plain formula that is no longer.
    """
    return 1.0 - r2 <= _WORTH * (1.0 - plain)


def saturated(total: Array, saturation: Saturation | None) -> Array:
    """Returns what level and parts that add up to a total say of the cost, on the link's scale."""
    return total if saturation is None else saturation.values(total)


def attributed(saturation: Saturation | None, level: float, values: Sequence[Array]) -> list[Array]:
    """Returns what each part adds on the link's scale; with the value at the level it sums to what the formula gives.

    Inside a saturation each part has the same share of the change as of the sum inside: what Aumann & Shapley 1974,
    "Values of Non-Atomic Games", give when all parts grow from zero together.

    Args:
        saturation: What level and parts add up inside; None for nothing.
        level: The level inside.
        values: Of each part, shape (n,).
    """
    if saturation is None or not values:
        return list(values)
    secants = saturation.secants(level, np.sum(values, axis=0))
    return [secants * each for each in values]
