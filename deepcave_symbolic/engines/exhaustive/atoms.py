"""Atoms: the functions of one or two coordinates that formulas are made of, with their derivatives.

An atom is an outer function of an inner argument, F(z(u)). Values come from coordinates scaled to the box, so that the
starts and bounds of the parameters fit every hyperparameter; `Factor.build` writes the same function in the
coordinates themselves, with monic arguments (u - c).

Notation:
    d, n: number of coordinates (1 or 2) and of points.
    u: search coordinates, shape (d, n); t = (u - low) / span: the same on the unit box, without unit.
    theta: parameters of an atom, one array of shape (K, 1) a parameter for K instances at once, without unit.
    z, F: argument and value of an atom, shape (K, n).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from deepcave_symbolic.formulas.expression import Node, constant
from deepcave_symbolic.formulas.limits import EXPONENTS, NICE_EXPONENTS, STEEPEST_STEP
from deepcave_symbolic.numeric.arrays import Array

__all__ = ["BOTH", "LN10", "MARGIN", "Box", "Built", "Factor", "Inner", "Outer", "Points"]

#: The "variable" of an atom of both coordinates.
BOTH = -1
LN10 = math.log(10.0)
#: How far beyond the box a pole or a branch point stays, in widths of the box.
MARGIN = 0.015


@dataclass(frozen=True)
class Box:
    """The domain: lowest coordinate and width, both of shape (d,), and which coordinates are log10 of something."""

    low: Array
    span: Array
    log_scaled: tuple[bool, ...]

    def logarithms(self, var: int) -> tuple[float, float]:
        """Returns ln of the lowest x and the width of ln x, of a coordinate that is log10 of x or a positive x."""
        low, span = float(self.low[var]), float(self.span[var])
        if self.log_scaled[var]:
            return LN10 * low, LN10 * span
        return math.log(low), math.log1p(span / low)


@dataclass(frozen=True)
class Points:
    """Points in both coordinate systems, u and t of shape (d, n); see the module's notation."""

    u: Array
    t: Array
    box: Box


Derivatives = list[Array]
Parameters = list[Array]


@dataclass(frozen=True)
class Inner:
    """An argument z of the coordinates.

    Args:
        name: For error messages and keys.
        positive: Whether z > 0 on the whole box.
        evaluate: (points, variable, theta) -> z and its derivatives by theta.
        build: (box, variable, theta) -> a monic node and the positive factor s with z = s * node.
        powers: How many leading parameters are the rates of x0^p and x1^q.
    """

    name: str
    positive: bool
    evaluate: Callable[[Points, int, Parameters], tuple[Array, Derivatives]]
    build: Callable[[Box, int, list[float]], tuple[Node, float]]
    powers: int = 0


@dataclass(frozen=True)
class Built:
    """An atom as a node: value = scale * node + offset, or scale / node where it divides."""

    node: Node
    scale: float
    offset: float = 0.0
    divides: bool = False


@dataclass(frozen=True)
class Outer:
    """A function of an argument.

    Args:
        name: For keys.
        needs: The names of `KNOWN_FUNCTIONS` it takes.
        evaluate: (z, unit, theta) -> F, dF/dz, and its derivatives by theta; unit is the width of the coordinate.
        build: (node, s, unit, theta) -> the atom for z = s * node.
        divides: Whether the value is written as a division, b / node, without a product.
    """

    name: str
    needs: tuple[str, ...]
    evaluate: Callable[[Array, float, Parameters], tuple[Array, Array, Derivatives]]
    build: Callable[[Node, float, float, list[float]], Built]
    divides: bool = False


@dataclass(frozen=True, eq=False)
class Factor:
    """An atom of one coordinate (or both), with the table of starts and the bounds of its parameters.

    Args:
        outer: The function.
        inner: Its argument.
        var: Index of the coordinate or `BOTH`.
        starts: Shape (S, p): parameters of the inner, then of the outer.
        low: Lower bounds of the parameters, shape (p,).
        high: Upper bounds of the parameters, shape (p,).
        n_inner: How many of the p parameters are the inner's.
        cost: Nodes that it takes in normal form.
        offset_cost: Nodes that a number beside it takes, (f + d); None where that has no normal form.
    """

    outer: Outer
    inner: Inner
    var: int
    starts: Array
    low: Array
    high: Array
    n_inner: int
    cost: int
    offset_cost: int | None = None

    @property
    def n_params(self) -> int:
        """The number p of parameters."""
        return int(self.starts.shape[1])

    @property
    def key(self) -> str:
        """A name such as "tanh.shift"."""
        return f"{self.outer.name}.{self.inner.name}"

    def unit(self, box: Box) -> float:
        """Returns the width that z is measured in, for functions that must be evaluated in true units (log)."""
        return float(box.span[self.var]) if self.inner.name in ("left", "right") else 1.0

    def evaluate(self, points: Points, theta: Array) -> tuple[Array, Derivatives]:
        """Computes values and derivatives.

        Args:
            points: The n points.
            theta: Parameters of K instances, shape (p, K).

        Returns:
            Values of shape (K, n) and p derivatives of that shape.
        """
        columns = [row[:, None] for row in theta]
        z, inner = self.inner.evaluate(points, self.var, columns[: self.n_inner])
        value, slope, outer = self.outer.evaluate(z, self.unit(points.box), columns[self.n_inner :])
        return value, [slope * dz for dz in inner] + outer

    def build(self, box: Box, theta: list[float]) -> Built:
        """Returns the atom in the search coordinates, with monic arguments."""
        node, scale = self.inner.build(box, self.var, theta[: self.n_inner])
        return self.outer.build(node, scale, self.unit(box), theta[self.n_inner :])

    def exponents(self, box: Box) -> dict[int, float]:
        """Returns which parameters are exponents p, and by what p is multiplied there."""
        if self.outer.name == "pow":
            return {self.n_params - 1: 1.0}
        if self.inner.powers:
            return {k: box.logarithms(k)[1] for k in range(self.inner.powers)}
        if self.inner.name == "mono" or (self.outer.name == "exp" and box.log_scaled[self.var]):
            return {0: box.logarithms(self.var)[1]}
        return {}

    def limits(self, box: Box) -> tuple[Array, Array]:
        """Returns lower and upper bounds of the parameters, shapes (p,), exponents within theirs."""
        low, high = self.low.copy(), self.high.copy()
        largest = STEEPEST_STEP if self.inner.name in ("mono", "levelled", "corner") else EXPONENTS[1]
        for k, scale in self.exponents(box).items():
            low[k], high[k] = max(low[k], -largest * scale), min(high[k], largest * scale)
            low[k] = min(low[k], high[k])
        return low, high

    def snaps(self, box: Box, functions: frozenset[str]) -> dict[int, tuple[Array, Array]]:
        """Returns the parameters that stand for exponents, with exponents that read well and their values there.

        Args:
            box: The domain.
            functions: The allowed functions; exponents 2 and 1/2 are "square" and "sqrt".
        """
        needs = {2.0: "square", 0.5: "sqrt"}
        nice = np.array([s for s in NICE_EXPONENTS if needs.get(abs(s)) in (None, *functions)])
        found = {}
        for k, scale in self.exponents(box).items():
            kept = nice[nice != 1.0] if self.outer.name == "pow" else nice
            kept = kept[(kept * scale >= self.low[k]) & (kept * scale <= self.high[k])]
            found[k] = kept, kept * scale
        if self.inner.name == "ridge" and all(box.log_scaled):
            # The angle of log10(x*y^q).
            found[0] = nice, np.arctan(nice * box.span[1] / box.span[0])
        return found


def monic(node: Node, shift: float) -> Node:
    """Returns node - shift, or the node alone where the shift is zero."""
    return node if shift == 0.0 else Node("-", (node, constant(shift)))


def multiple(coefficient: float, node: Node) -> Node:
    """Returns coefficient * node, or the node alone where the coefficient is one."""
    return node if coefficient == 1.0 else Node("*", (constant(coefficient), node))
