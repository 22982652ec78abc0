"""Collects what an evolutionary engine found: tidied, short enough and made of allowed functions."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from deepcave_symbolic.formulas.expression import FUNCTIONS, Node, complexity, walk
from deepcave_symbolic.formulas.tidy import tidy
from deepcave_symbolic.numeric.arrays import Array

__all__ = ["add_candidate", "functions_used"]


def add_candidate(
    candidates: dict[Node, None],
    node: Node,
    *,
    columns: Sequence[Array],
    max_complexity: int,
    functions: Collection[str],
) -> None:
    """Adds the expression to the candidates, tidied where that keeps to the allowed functions.

    Args:
        candidates: An ordered set.
        node: What the engine found.
        columns: Points at which the tidied expression must equal the original, one array of shape (n,) a variable.
        max_complexity: Longest expression of interest.
        functions: What the expression may contain; tidying writes x·x as a square, which may not be among them.
    """
    tidied = tidy(node, columns)
    chosen = tidied if functions_used(tidied) <= set(functions) else node
    if complexity(chosen) <= max_complexity:
        candidates[chosen] = None


def functions_used(node: Node) -> set[str]:
    """Returns which of `KNOWN_FUNCTIONS` the expression contains."""
    used = {item.op for item in walk(node) if item.op in FUNCTIONS}
    exponents = {item.args[1].value for item in walk(node) if item.op == "^"}
    return used | {"square" if exponent == 2.0 else "pow" for exponent in exponents}
