"""What every constant of a formula in normal form is: a level, an effect, a place, an exponent or a width.

A constant is fitted, or it is chosen: the 1 of `1 + (x/x0)^p`, a whole exponent, and a reference, a round value at
which a power is one and which a coefficient makes up for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from deepcave_symbolic.formulas.expression import CASES, Node, is_inverse_place, is_place
from deepcave_symbolic.formulas.limits import NICE_EXPONENTS

__all__ = ["Kind", "Position", "fitted", "positions"]

Kind = Literal["level", "effect", "place", "exponent", "width", "reference", "number"]


@dataclass(frozen=True)
class Position:
    """A constant in a tree.

    Args:
        path: The arguments that lead to it from the root.
        value: Its value with the sign before it; of x + 2 the place -2.
        kind: What it is; "reference" for one that is chosen, "number" for one without a meaning of its own.
        variables: The hyperparameters that it belongs to; none for a level.
        in_step: Whether an exponent says how steep a step 1/(1 + (x/x0)^p) is.
    """

    path: tuple[int, ...]
    value: float
    kind: Kind
    variables: tuple[int, ...] = ()
    in_step: bool = False

    @property
    def is_fitted(self) -> bool:
        """Whether the data chose its value."""
        if self.kind == "exponent":
            return self.value not in NICE_EXPONENTS
        return self.kind != "reference"

    def node(self, tree: Node) -> Node:
        """Returns what stands there in a tree of the same form."""
        for i in self.path:
            tree = tree.args[i]
        return tree


def positions(tree: Node) -> list[Position]:
    """Returns every constant that is no part of the form itself, in reading order."""
    return list(_sum(tree, (), _has_level(tree)))


def fitted(tree: Node) -> list[Position]:
    """Returns the constants that the data chose, in reading order."""
    return [position for position in positions(tree) if position.is_fitted]


Path = tuple[int, ...]


def _sum(node: Node, path: Path, levelled: bool, sign: float = 1.0) -> Iterator[Position]:
    """The formula itself: a sum of terms, one of which may be a level; `sign` is that before it."""
    if node.op in ("+", "-", "neg"):
        for i, arg in enumerate(node.args):
            turned = node.op == "neg" or (node.op == "-" and i == 1)
            yield from _sum(arg, (*path, i), levelled, -sign if turned else sign)
    elif node.op == CASES:
        for i, branch in enumerate(node.args[1:], start=1):
            yield from _sum(branch, (*path, i), _has_level(branch), sign)
    elif node.is_constant:
        yield Position(path, sign * node.value, "level")
    else:
        # Beside a level a line may begin anywhere.
        chosen = levelled and node.op == "*" and node.args[0].is_constant and _is_difference(node.args[1])
        for position in _term(node, path, tuple(sorted(node.variables)), sign):
            yield replace(position, kind="reference") if chosen and position.kind == "place" else position


def _has_level(node: Node) -> bool:
    """Returns whether one of the terms of a sum is a number."""
    if node.op in ("+", "-", "neg"):
        return any(map(_has_level, node.args))
    return node.is_constant


def _term(node: Node, path: Path, of: tuple[int, ...], sign: float) -> Iterator[Position]:
    """A coefficient and factors."""
    if node.is_constant:
        yield Position(path, sign * node.value, "effect", of)
    elif node.op == "neg":
        yield from _term(node.args[0], (*path, 0), of, -sign)
    elif is_place(node):
        yield _constant(node.args[1], (*path, 1), "reference", node)
    elif _is_stepped(node):
        yield from _inside(node.args[0], (*path, 0))
        yield _constant(node.args[1], (*path, 1), "reference", node)
    elif node.op in ("*", "/"):
        yield from _term(node.args[0], (*path, 0), of, sign)
        yield from _term(node.args[1], (*path, 1), of, 1.0)
    elif node.op == "^" and node.args[1].is_constant:
        yield from _term(node.args[0], (*path, 0), of, 1.0)
        yield from _exponent(node, path)
    elif node.op == "sqrt":
        yield from _term(node.args[0], (*path, 0), of, 1.0)
    elif node.op == "exp":
        yield from _exponential(node.args[0], (*path, 0), alone=True)
    elif node.op not in ("var", CASES):
        yield from _inside(node, path)
    elif node.op == CASES:
        yield from _sum(node, path, False, sign)


def _inside(node: Node, path: Path, *, first: bool = True) -> Iterator[Position]:
    """What stands in a function or in a sum that is a factor; `first` says that a place is fitted there."""
    if node.is_constant:
        if node.value != 1.0:
            yield Position(path, node.value, "number")
    elif is_place(node):
        yield _constant(node.args[1], (*path, 1), "place" if first else "reference", node)
    elif is_inverse_place(node):
        yield _constant(node.args[0], (*path, 0), "place" if first else "reference", node)
    elif _is_difference(node):
        kind: Kind = "place" if first else "reference"
        sign = 1.0 if node.op == "-" else -1.0
        yield replace(_constant(node.args[1], (*path, 1), kind, node), value=sign * node.args[1].value)
    elif node.op == "/" and node.args[1].is_constant:
        yield from _inside(node.args[0], (*path, 0), first=first)
        yield _constant(node.args[1], (*path, 1), "width", node)
    elif node.op == "exp":
        yield from _exponential(node.args[0], (*path, 0), alone=False)
    elif node.op == "^" and node.args[1].is_constant:
        yield from _inside(node.args[0], (*path, 0), first=first)
        yield from _exponent(node, path, in_step=True)
    else:
        for i, arg in enumerate(node.args):
            # Of x/x0·(y/y0)^q one place is enough, of log10(x/x0) + (y - y0)/w as well.
            law = i > 0 and node.op in ("*", "/")
            beside = i > 0 and node.op in ("+", "-") and _is_shifted(node.args[0])
            blend = i == 0 and node.op in ("+", "-") and _is_power(arg) and _is_power(node.args[1])
            if beside and is_place(arg):
                yield _constant(arg.args[1], (*path, i, 1), "width", arg)
            else:
                yield from _inside(arg, (*path, i), first=first and not law and not beside and not blend)


def _exponential(node: Node, path: Path, *, alone: bool) -> Iterator[Position]:
    """The argument of exp: widths, and a place that a coefficient makes up for where the exponential stands alone."""
    if is_place(node):
        yield _constant(node.args[1], (*path, 1), "width", node)
    elif node.op in ("neg", "+", "-") and not _is_difference(node):
        for i, arg in enumerate(node.args):
            yield from _exponential(arg, (*path, i), alone=alone)
    else:
        yield from _inside(node, path, first=not alone or node.op == "^")


def _exponent(node: Node, path: Path, *, in_step: bool = False) -> Iterator[Position]:
    if node.args[1].value != 2.0:
        exponent = _constant(node.args[1], (*path, 1), "exponent", node)
        yield replace(exponent, in_step=in_step)


def _constant(node: Node, path: Path, kind: Kind, of: Node) -> Position:
    return Position(path, node.value, kind, tuple(sorted(of.variables)))


def _is_shifted(node: Node) -> bool:
    """Returns whether a node is zero at a place: log10(x/x0) or x - x0."""
    inner = node.args[0] if node.op == "log10" else node
    return is_place(inner) or _is_difference(node)


def _is_difference(node: Node) -> bool:
    """Returns whether a node is x - x0, or x + x0 for a place below zero."""
    return node.op in ("+", "-") and node.args[0].is_variable and node.args[1].is_constant


def _is_stepped(node: Node) -> bool:
    """Returns whether a node is (x - x0)/w."""
    return node.op == "/" and node.args[1].is_constant and _is_difference(node.args[0])


def _is_power(node: Node) -> bool:
    base = node.args[0] if node.op in ("^", "sqrt") else node
    return is_place(base) or is_inverse_place(base)
