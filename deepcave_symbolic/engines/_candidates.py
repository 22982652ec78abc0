"""Collects what an evolutionary engine found: tidied, short enough and made of allowed functions."""

from __future__ import annotations

from deepcave_symbolic.engines.protocol import SearchProblem
from deepcave_symbolic.formulas.expression import FUNCTIONS, Node, complexity, walk
from deepcave_symbolic.formulas.tidy import tidy
from deepcave_symbolic.numeric.arrays import Array, columns_of

__all__ = ["Candidates", "functions_used", "is_level"]


class Candidates:
    """The different expressions that were found, in their order.

    Args:
        problem: What is searched.
        points: Search coordinates at which a tidied expression must equal the original, shape (m, k).
    """

    def __init__(self, problem: SearchProblem, points: Array) -> None:
        self._problem, self._columns = problem, columns_of(points)
        self._found: dict[Node, None] = {}

    @property
    def found(self) -> list[Node]:
        """The expressions."""
        return list(self._found)

    def add(self, node: Node) -> None:
        """Adds an expression if it is short enough, tidied where that keeps to the allowed functions.

        Tidying writes x·x as a square, which may not be among them.
        """
        tidied = tidy(node, self._columns)
        chosen = tidied if functions_used(tidied) <= set(self._problem.functions) else node
        if complexity(chosen) <= self._problem.max_complexity:
            self._found[chosen] = None


def is_level(mean: float, spread: float) -> bool:
    """Returns whether values of that mean and standard deviation are one number up to rounding."""
    return spread <= 1e-12 * max(1.0, abs(mean))


def functions_used(node: Node) -> set[str]:
    """Returns which of `KNOWN_FUNCTIONS` the expression contains."""
    used = {item.op for item in walk(node) if item.op in FUNCTIONS}
    exponents = {item.args[1].value for item in walk(node) if item.op == "^"}
    return used | {"square" if exponent == 2.0 else "pow" for exponent in exponents}
