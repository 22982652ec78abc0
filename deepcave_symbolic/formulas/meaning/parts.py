"""The parts of a formula in normal form: its level, and terms of a coefficient and factors of known forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from deepcave_symbolic.formulas.expression import CASES, Node, constant, is_inverse_place, is_place, is_square
from deepcave_symbolic.formulas.tidy import split_sum

__all__ = ["Factor", "Form", "Part", "corner_of", "law_exponent", "parts_of"]

Form = Literal[
    "line", "decades", "square", "kink", "saturation", "corner", "ramp", "power", "decay", "bump", "tanh", "other"
]

_ONE = constant(1.0)


@dataclass(frozen=True)
class Factor:
    """A factor of a part.

    Args:
        form: "line" x, "decades" log10(x), "square" and "kink" around a place, "saturation" 1/(1 + (x/x0)^p), "corner"
            1/(1 + (x/x0)^p + (y/y0)^q), "ramp" log10(1 + (x/x0)^p), "power" x^p, "decay" exp(-x/w), "bump" exp(-(...)²)
            or 1/(1 + (...)²), "tanh" or "other".
        node: The expression; of what divides, what it divides by.
        divides: Whether it divides.
    """

    form: Form
    node: Node
    divides: bool = False

    @property
    def variables(self) -> tuple[int, ...]:
        """The hyperparameters in it."""
        return tuple(sorted(self.node.variables))


@dataclass(frozen=True)
class Part:
    """A term: coefficient times the product of its factors."""

    coefficient: float
    factors: tuple[Factor, ...]

    @property
    def variables(self) -> tuple[int, ...]:
        """The hyperparameters in it."""
        return tuple(sorted({i for factor in self.factors for i in factor.variables}))

    @property
    def form(self) -> Form:
        """The form of its only factor; "other" of a product."""
        return self.factors[0].form if len(self.factors) == 1 else "other"


def parts_of(tree: Node) -> tuple[float | None, list[Part]]:
    """Returns the level of an expression in normal form, None without one, and its parts."""
    level, terms = split_sum(tree)
    return level, [Part(coefficient, tuple(_factors(core, above=True))) for coefficient, core in terms]


def law_exponent(factor: Factor) -> tuple[int, int, float] | None:
    """Returns (i, j, q) where a factor of two hyperparameters depends on x_i·x_j^q only; None elsewhere."""
    for node in _walk_down(factor.node):
        if node.op in ("*", "/") and not is_place(node):
            left, right = node.args
            (i, p), (j, q) = _power_of(left), _power_of(right)
            if i is not None and j is not None:
                return i, j, (q if node.op == "*" else -q) / p
    return None


def corner_of(factor: Factor) -> dict[int, tuple[float, float]]:
    """Returns (p, x0) of either power of a corner 1/(1 + (x/x0)^p + (y/y0)^q), by its hyperparameter."""
    found = {}
    for power in (factor.node.args[0].args[1], factor.node.args[1]):
        ratio = next(node for node in _walk_down(power) if is_place(node) or is_inverse_place(node))
        found[min(power.variables)] = _power_of(power)[1], next(arg.value for arg in ratio.args if arg.is_constant)
    return found


def _walk_down(node: Node) -> list[Node]:
    return [node, *(below for arg in node.args for below in _walk_down(arg))]


def _power_of(node: Node) -> tuple[int | None, float]:
    """Returns the hyperparameter and the exponent of x, x/x0 or a power of those."""
    if node.op == "sqrt":
        index, p = _power_of(node.args[0])
        return index, 0.5 * p
    if node.op == "^" and node.args[1].is_constant:
        index, p = _power_of(node.args[0])
        return index, node.args[1].value * p
    if is_inverse_place(node):
        return int(node.args[1].value), -1.0
    base = node.args[0] if is_place(node) else node
    return (int(base.value), 1.0) if base.is_variable else (None, 1.0)


def _factors(core: Node, *, above: bool) -> list[Factor]:
    if core.op in ("*", "/") and not is_place(core):
        below = above if core.op == "*" else not above
        return [*_factors(core.args[0], above=above), *_factors(core.args[1], above=below)]
    return [] if core.is_constant else [Factor(_form(core, above=above), core, divides=not above)]


def _form(node: Node, *, above: bool) -> Form:
    if node.is_variable or is_place(node):
        return "line" if above else "power"
    if node.op == "+" and node.args[0] == _ONE:  # 1 - x/x0 has a pole at the place
        if _is_squared_width(node.args[1]):
            return "other" if above else "bump"
        return "other" if above or not _is_power(node.args[1]) else "saturation"
    if not above:
        return "corner" if _is_corner(node) else "power" if _is_power(node) else "other"
    if node.op == "log10":
        argument = node.args[0]
        if argument.op == "+" and argument.args[0] == _ONE and _is_power(argument.args[1]):
            return "ramp"
        return "decades" if argument.is_variable or is_place(argument) else "other"
    if is_square(node) and not node.args[0].is_variable:
        return "square" if _is_around_place(node.args[0]) else "other"
    if node.op == "abs":
        return "kink" if _is_around_place(node.args[0]) else "other"
    if node.op == "exp":
        inner = node.args[0].args[0] if node.args[0].op == "neg" else node.args[0]
        return "bump" if _is_squared_width(inner) else "decay"
    if node.op == "tanh":
        return "tanh"
    return "power" if _is_power(node) else "line" if _is_around_place(node) and node.op != CASES else "other"


def _is_power(node: Node) -> bool:
    if node.op == "*":
        return all(map(_is_power, node.args))
    return _power_of(node)[0] is not None


def _is_corner(node: Node) -> bool:
    """Returns whether a node is 1 + (x/x0)^p + (y/y0)^q."""
    return (
        node.op == "+"
        and node.args[0].op == "+"
        and node.args[0].args[0] == _ONE
        and all(map(_is_corner_side, (node.args[0].args[1], node.args[1])))
    )


def _is_corner_side(node: Node) -> bool:
    """Returns whether a node is a power that vanishes on one side of its place; x/(-2) has none."""
    places = [ratio for ratio in _walk_down(node) if is_place(ratio) or is_inverse_place(ratio)]
    return _is_power(node) and all(arg.value > 0.0 for ratio in places for arg in ratio.args if arg.is_constant)


def _is_squared_width(node: Node) -> bool:
    inner = node.args[0] if is_square(node) else node
    return inner is not node and ((inner.op == "/" and not is_place(inner)) or _is_around_place(inner))


def _is_around_place(node: Node) -> bool:
    """Returns whether a node is log10 of something, or a difference of a hyperparameter and a place, or that over w."""
    if node.op == "/" and node.args[1].is_constant and node.args[0].op in ("+", "-"):
        node = node.args[0]
    return node.op == "log10" or (node.op in ("+", "-") and bool(node.variables))
