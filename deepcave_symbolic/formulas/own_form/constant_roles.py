"""How the constants of a form stand in it: which are linear, and values to start from for the others.

Notation:
    k: number of hyperparameters; variables 0 to k - 1 of a tree, the constants are those behind them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from deepcave_symbolic.formulas.expression import Node, walk
from deepcave_symbolic.formulas.limits import EXPONENTS
from deepcave_symbolic.numeric.arrays import Array

__all__ = ["Role", "is_linear", "role_of"]

#: A scale stays within this factor of its start, an exponent within this distance: beyond, the form is another one (a
#: straight line, a step) whose constants run to infinity.
_FARTHEST, _LARGEST_EXPONENT = 1e3, 20.0
#: The operator of a constant that is raised to its partner, and the size of that below which it starts alike.
_BASE, _SMALLEST_POWER = "base", 0.1


@dataclass(frozen=True)
class Role:
    """What a constant, in which the form is not linear, is there for.

    Args:
        op: The operator between it and its partner; `_BASE` where it is raised to it, "^" where it is an exponent
            (without a partner), empty where it has none.
        partner: The nearest expression with a hyperparameter on the other side of an operator, if any.
    """

    op: str
    partner: Node | None

    @property
    def size(self) -> int:
        """The number of nodes of its partner."""
        return 0 if self.partner is None else sum(1 for _ in walk(self.partner))

    @property
    def is_scale(self) -> bool:
        """Whether its size counts, and not its difference from something."""
        return self.op in ("*", "/", _BASE)

    @property
    def is_place(self) -> bool:
        """Whether a sum or difference with it vanishes somewhere."""
        return self.op in ("+", "-") and self.partner is not None

    def place(self, value: float) -> float:
        """Returns the value of the partner at which the sum or difference vanishes."""
        return value if self.op == "-" else -value

    @property
    def reach(self) -> float:
        """How far from its start it is searched: a difference of logarithms for a scale."""
        return math.log(_FARTHEST) if self.is_scale else _LARGEST_EXPONENT if self.op == "^" else np.inf

    def unit(self, partner: Array) -> float:
        """Returns a difference that matters, where it is no scale."""
        return (float(np.std(partner)) if self.op in ("+", "-") and len(partner) else 0.0) or 1.0

    def start(self, partner: Array, share: float, sign: float) -> float:
        """Returns a value to start from.

        Args:
            partner: The finite values of the partner.
            share: Which of the values that suit it, from the smallest (0) to the largest (1).
            sign: 1 or -1.
        """
        if self.op == "^":
            low, high = EXPONENTS
            return float(sign * low * (high / low) ** share)
        if self.op in ("+", "-") and len(partner):
            # What makes the sum or difference vanish at a point, or its opposite.
            return (sign if self.op == "-" else -sign) * float(np.quantile(partner, share))
        sizes = np.abs(partner[partner != 0.0])
        size = float(np.quantile(sizes, share)) if len(sizes) else 1.0
        if self.op == _BASE:
            return math.exp(sign / max(size, _SMALLEST_POWER))
        return sign / size if self.op == "*" else sign * size


def is_linear(node: Node, some: frozenset[int]) -> bool:
    """Returns whether an expression is linear in some variables at once."""
    if node.is_variable or not node.variables & some:
        return True
    if node.op in ("+", "-", "neg"):
        return all(is_linear(arg, some) for arg in node.args)
    if node.op == "*":
        return any(not arg.variables & some for arg in node.args) and all(is_linear(arg, some) for arg in node.args)
    return node.op == "/" and not node.args[1].variables & some and is_linear(node.args[0], some)


def role_of(node: Node, index: int, k: int) -> Role | None:
    """Returns how a constant stands where it is read first, None where nothing below the node tells."""
    i = next((i for i, arg in enumerate(node.args) if index in arg.variables), None)
    if i is None:
        return None
    inner = role_of(node.args[i], index, k)
    if inner is not None:
        return inner
    if node.op == "^" and i == 1:
        return Role("^", None)
    partner = next((arg for j, arg in enumerate(node.args) if j != i and min(arg.variables, default=k) < k), None)
    return None if partner is None else Role(_BASE if node.op == "^" else node.op, partner)
