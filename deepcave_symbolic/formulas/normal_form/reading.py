"""Reads the pieces of a tidy expression: factors, powers of hyperparameters, affine arguments and their squares.

Notation: see the package.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from deepcave_symbolic.formulas.expression import Node, constant
from deepcave_symbolic.formulas.tidy import split_sum

__all__ = ["LN10", "Affine", "NoNormalFormError", "affine_of", "decades", "factors_of", "monomial_of", "square_of"]

LN10 = math.log(10.0)


class NoNormalFormError(Exception):
    """The expression has a constant without a meaning."""


@dataclass(frozen=True)
class Affine:
    """An affine argument.

    Args:
        slopes: Variable, whether through log10, and coefficient k, of one or two variables.
        offset: The number d.
    """

    slopes: tuple[tuple[int, bool, float], ...]
    offset: float


def factors_of(node: Node, sign: float = 1.0) -> list[tuple[Node, float]]:
    """Returns the bases of a product without a number and their exponents."""
    if node.op in ("*", "/"):
        right = sign if node.op == "*" else -sign
        return [*factors_of(node.args[0], sign), *factors_of(node.args[1], right)]
    if node.is_constant:
        return []
    if node.op == "^" and node.args[1].is_constant:
        return [(base, p * node.args[1].value) for base, p in factors_of(node.args[0], sign)] or _refuse()
    if node.op == "sqrt":
        return [(base, p * 0.5) for base, p in factors_of(node.args[0], sign)] or _refuse()
    return [(node, sign)]


def _refuse() -> list[tuple[Node, float]]:
    raise NoNormalFormError


def monomial_of(node: Node) -> dict[int, float] | None:
    """Returns the exponents of a product of powers of hyperparameters; None for anything else."""
    factors = factors_of(node)
    if not factors or not all(base.is_variable for base, _ in factors):
        return None
    return {int(base.value): p for base, p in factors}


def affine_of(node: Node) -> Affine | None:
    """Returns an affine argument of one or two hyperparameters; None for anything else."""
    offset, terms = _expanded(node)
    slopes = []
    for k, core in terms:
        inner = core.args[0] if core.op in ("log10", "log") else core
        if not inner.is_variable:
            return None
        slopes.append((int(inner.value), core is not inner, k if inner is core else k * decades(core)))
    if not 1 <= len(slopes) <= 2 or len({index for index, _, _ in slopes}) < len(slopes):
        return None
    return Affine(tuple(slopes), offset)


def _expanded(node: Node) -> tuple[float, list[tuple[float, Node]]]:
    """Returns the number and the terms of a sum, sums in it multiplied out."""
    offset, terms = split_sum(node)
    total, result = offset or 0.0, []
    for k, core in terms:
        if core.op in ("+", "-"):
            more, parts = _expanded(core)
            total += k * more
            result += [(k * m, part) for m, part in parts]
        else:
            result.append((k, core))
    return total, result


def square_of(node: Node) -> Affine | None:
    """Returns the affine base of a square; None for anything else."""
    return affine_of(node.args[0]) if node.op == "^" and node.args[1] == constant(2.0) else None


def decades(logarithm: Node) -> float:
    """Returns what a logarithm is in logarithms to base 10."""
    return 1.0 if logarithm.op == "log10" else LN10
