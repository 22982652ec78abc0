"""The normal form: a level plus parts in which every constant has a unit and a meaning.

A coefficient is a level or an effect, in units of the objective. A hyperparameter enters a function as a ratio to a
place (`x/x0`) or as a difference from one (`x - x0`), in its own unit; what is left are exponents,
without a unit, and widths, in decades or in the hyperparameter's unit. So `1.36e-6/(x^1.34 + 4.66e-6)` becomes
`0.292/(1 + (x/0.000105)^1.34)`: half of the fall is reached at 0.000105. Values do not change.

Notation:
    affine: k·log10(x) + d or k·x + d, of one hyperparameter or of two.
    place: where an affine argument is zero. reference: a round value inside the domain at which a power is one; it is
        chosen, not fitted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepcave_symbolic.formulas.expression import CASES, Node, constant, evaluate, function, power, variable
from deepcave_symbolic.formulas.tidy import join_sum, multiply, raise_to, split_sum
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.words.numbers import round_significant

__all__ = ["normal_form"]

LN10 = math.log(10.0)
ONE = constant(1.0)
#: Coefficients that are read without counting zeros.
_READABLE = (1e-3, 1e4)
#: The effect of one unit of a hyperparameter is told where its domain is at least this wide.
_UNIT = 0.5


class _NoNormalFormError(Exception):
    """The expression has a constant without a meaning."""


def normal_form(node: Node, axes: Sequence[Axis], columns: Sequence[Array]) -> Node | None:
    """Returns an equal expression in normal form; None where it has none.

    Args:
        node: A tidy expression in natural units.
        axes: The hyperparameters.
        columns: Points, one array of shape (n,) a variable, at which both must agree.
    """
    try:
        result = _Writer(tuple(axes)).whole(node)
    except (_NoNormalFormError, OverflowError, ZeroDivisionError, ValueError):
        return None
    before, after = evaluate(node, columns), evaluate(result, columns)
    scale = np.max(np.abs(before), initial=0.0, where=np.isfinite(before))
    same = np.allclose(before, after, rtol=1e-7, atol=1e-8 * max(float(scale), 1e-300), equal_nan=True)
    return result if same else None


@dataclass(frozen=True)
class _Affine:
    """An affine argument.

    Args:
        slopes: Variable, whether through log10, and coefficient k, of one or two variables.
        offset: The number d.
    """

    slopes: tuple[tuple[int, bool, float], ...]
    offset: float


@dataclass(frozen=True)
class _Writer:
    """Writes the parts of a formula; `_NoNormalFormError` is raised where one has no normal form."""

    axes: tuple[Axis, ...]

    def whole(self, node: Node) -> Node:
        """Returns a sum in normal form."""
        level, terms = split_sum(node)
        level, terms = _with_whole_squares(level, terms)
        parts: list[tuple[float, Node]] = []
        for coefficient, core in terms:
            extra, coefficient, core = self.term(coefficient, core)
            if extra != 0.0:
                level = (level or 0.0) + extra
            parts.append((coefficient, core))
        return join_sum(level, parts)

    def term(self, coefficient: float, core: Node) -> tuple[float, float, Node]:
        """Returns what a term adds to the level, its coefficient and the rest of it."""
        if core.op == CASES:
            branches = (self.whole(branch) for branch in core.args[1:])
            return 0.0, coefficient, Node(CASES, (core.args[0], *branches))
        factors = _factors(core)
        if len(factors) == 1:
            ((base, p),) = factors
            if p == 1.0 and base.op == "tanh":
                step = self.step(base)
                if step is not None:
                    return coefficient, -2.0 * coefficient, step
            if p == 1.0 and base.op in ("log", "log10") and not base.args[0].is_variable:
                scale, argument = self.inside(base.args[0])
                coefficient *= _decades(base)
                return coefficient * math.log10(scale), coefficient, function("log10", argument)
        done: list[tuple[Node, float]] = []
        plain: dict[int, float] = {}
        for base, p in factors:
            if base.is_variable:
                plain[int(base.value)] = p
                continue
            scale, node, p = self.factor(base, p)
            coefficient *= scale
            done.append((node, p))
        powers = []
        for index, p in plain.items():
            scale, node = self.reference(index, p, coefficient)
            coefficient *= scale
            powers.append((node, p))
        return self.turned(coefficient, powers + done)

    def turned(self, coefficient: float, factors: list[tuple[Node, float]]) -> tuple[float, float, Node]:
        """Returns a product as `term` does; a rise b/(1 + (x/x0)^-p) is written as a fall, with its level."""
        if len(factors) == 1:
            node, p = factors[0]
            if p == -1.0 and node.op == "+" and node.args[0] == ONE and _is_falling_power(node.args[1]):
                base, exponent = node.args[1].args
                flipped = Node("+", (ONE, raise_to(base, -exponent.value)))
                return coefficient, -coefficient, Node("/", (ONE, flipped))
        below = [(node, p) for node, p in factors if p < 0 and (p == round(p) or p == -0.5)]
        top = multiply([raise_to(node, p) for node, p in factors if (node, p) not in below])
        bottom = multiply([raise_to(node, -p) for node, p in below])
        if bottom is not None:
            return 0.0, coefficient, Node("/", (top or ONE, bottom))
        if top is None:
            raise _NoNormalFormError
        return 0.0, coefficient, top

    def factor(self, base: Node, p: float) -> tuple[float, Node, float]:
        """Returns (s, node, q) with base^p = s·node^q."""
        if base.op in ("log", "log10"):
            if not base.args[0].is_variable or p not in (1.0, 2.0):
                # A number beside the logarithm would have no meaning.
                raise _NoNormalFormError
            return _decades(base) ** p, function("log10", base.args[0]), p
        if base.op == "exp":
            scale, node = self.exponential(base.args[0])
            return scale**p, node, p
        if base.op == "abs":
            scale, node = self.place(_affine(base.args[0]))
            return abs(scale) ** p, function("abs", node), p
        if base.op in ("tanh", "sin", "cos"):
            scale, node = self.place(_affine(base.args[0]))
            sign = 1.0 if base.op == "cos" else math.copysign(1.0, scale)
            return sign ** round(p), function(base.op, _over_width(node, 1.0 / abs(scale))), p
        if base.op in ("+", "-"):
            scale, node = self.sum(base, p)
            if scale < 0.0 and p != round(p):
                raise _NoNormalFormError
            return (abs(scale) ** p) * (math.copysign(1.0, scale) ** p if p == round(p) else 1.0), node, p
        raise _NoNormalFormError

    # --- sums inside a function ---------------------------------------------------------------------------------------

    def inside(self, argument: Node) -> tuple[float, Node]:
        """Returns (s, node) with argument = s·node, s > 0, for the argument of a logarithm."""
        scale, node = self.sum(argument, 0.5) if argument.op in ("+", "-") else (1.0, None)
        if node is None or scale <= 0.0:
            raise _NoNormalFormError
        return scale, node

    def sum(self, base: Node, p: float) -> tuple[float, Node]:
        """Returns (s, node) with base = s·node."""
        affine = _affine(base)
        if affine is not None and (p in (1.0, 2.0) or len(affine.slopes) == 2 or affine.slopes[0][1]):
            if p not in (1.0, 2.0):
                # A pole or a root of a logarithm has no place that one could see.
                raise _NoNormalFormError
            return self.place(affine)
        offset, terms = split_sum(base)
        if offset:
            parts = [self.absorbed(coefficient / offset, core) for coefficient, core in terms]
            result = ONE
            for sign, node in parts:
                result = Node("+" if sign > 0 else "-", (result, node))
            if offset < 0 and len(parts) == 1 and parts[0][0] < 0:
                return -offset, Node("-", (parts[0][1], ONE))
            return offset, result
        if len(terms) == 2:
            return self.two(terms)
        raise _NoNormalFormError

    def two(self, terms: list[tuple[float, Node]]) -> tuple[float, Node]:
        """Returns (s, node) for a sum of two squares or of two powers."""
        (c, first), (d, second) = terms
        squares = _square_of(first), _square_of(second)
        if squares[0] is not None and squares[1] is not None:
            (s, one), (r, other) = self.place(squares[0]), self.place(squares[1])
            scale = c * s * s
            if d * r * r / scale <= 0.0:
                raise _NoNormalFormError
            width = math.sqrt(scale / (d * r * r))
            return scale, Node("+", (power(one, 2.0), power(_over_width(other, width), 2.0)))
        powers = _monomial(first)
        if powers is None or len(powers) != 1:
            raise _NoNormalFormError
        ((index, p),) = powers.items()
        at = self.round_place(index)
        scale = c * at**p
        sign, node = self.absorbed(d / scale, second)
        base = variable(index) if at == 1.0 else _over(index, at)
        return scale, Node("+" if sign > 0 else "-", (raise_to(base, p), node))

    def absorbed(self, c: float, core: Node) -> tuple[float, Node]:
        """Returns (sign, node) with c·core = sign·node: the number becomes a place or a width."""
        sign, size = math.copysign(1.0, c), abs(c)
        powers = _monomial(core)
        if powers is not None:
            (index, p), *rest = powers.items()
            if sign < 0.0 and (rest or p != 1.0):
                # Of (x/x0)^p - 1 one sees neither the one nor where it goes.
                raise _NoNormalFormError
            others = []
            for other, q in rest:
                scale, node = self.reference(other, q, None)
                size *= scale
                others.append(raise_to(node, q))
            return sign, multiply([raise_to(_over(index, size ** (-1.0 / p)), p), *others]) or ONE
        affine = _square_of(core)
        if affine is not None:
            scale, node = self.place(affine)
            return sign, power(_over_width(node, 1.0 / math.sqrt(size * scale * scale)), 2.0)
        if core.op == "exp":
            affine = _affine(core.args[0])
            if affine is not None and len(affine.slopes) == 1 and not affine.slopes[0][1] and affine.offset == 0.0:
                ((index, _, k),) = affine.slopes
                return sign, _exp_over(_minus(index, -math.log(size) / k), 1.0 / k)
        raise _NoNormalFormError

    # --- functions --------------------------------------------------------------------------------------------------

    def step(self, tanh: Node) -> Node | None:
        """Returns the saturating step s with tanh(z) = 1 - 2·s, for an argument of logarithms; else None."""
        affine = _affine(tanh.args[0])
        if affine is None or not all(log for _, log, _ in affine.slopes):
            return None
        scale, node = self.place(affine)
        # exp(2·k·log10(r)) = r^(2k/ln 10)
        return Node("/", (ONE, Node("+", (ONE, raise_to(node.args[0], 2.0 * scale / LN10)))))

    def exponential(self, argument: Node) -> tuple[float, Node]:
        """Returns (s, node) with exp(argument) = s·node."""
        offset, terms = split_sum(argument)
        shift, parts = offset or 0.0, []
        lines = [(k, core) for k, core in terms if _square_of(core) is None]
        if lines:
            affine = _affine(join_sum(None, lines))
            if affine is None or any(log for _, log, _ in affine.slopes):
                raise _NoNormalFormError
            shift += affine.offset
            for index, _, k in affine.slopes:
                axis = self.axes[index]
                at = 0.0 if axis.lower <= 0.0 <= axis.upper else self.round_place(index)
                # Where zero is near, the value there is as good as any.
                if abs(k) * min(abs(axis.lower), abs(axis.upper)) < 1.0:
                    at = 0.0
                shift += k * at
                parts.append((k, _divided(_minus(index, at), 1.0 / abs(k))))
        for k, core in terms:
            affine = _square_of(core)
            if affine is not None:
                scale, node = self.place(affine)
                parts.append((k, power(_over_width(node, 1.0 / math.sqrt(abs(k) * scale * scale)), 2.0)))
        (k, result), *others = parts
        result = Node("neg", (result,)) if k < 0 else result
        for k, part in others:
            result = Node("+" if k > 0 else "-", (result, part))
        return math.exp(shift), function("exp", result)

    def place(self, affine: _Affine | None) -> tuple[float, Node]:
        """Returns (s, node) with affine = s·node, where node is zero at a place."""
        if affine is None:
            raise _NoNormalFormError
        (index, log, k), *rest = affine.slopes
        if not rest:
            at = -affine.offset / k
            if log:
                return k, function("log10", variable(index) if at == 0.0 else _over(index, 10.0**at))
            return k, _minus(index, at)
        ((other, other_log, m),) = rest
        if other_log and not log:
            return self.place(_Affine(affine.slopes[::-1], affine.offset))
        at, ratio = -affine.offset / k, m / k
        if log and other_log:
            reference = self.own_place(other)
            first = _over(index, 10.0**at / reference**ratio)
            second = variable(other) if reference == 1.0 else _over(other, reference)
            joined = Node("/" if ratio == -1.0 else "*", (first, raise_to(second, 1.0 if ratio == -1.0 else ratio)))
            return k, function("log10", joined)
        axis = self.axes[other]
        reference = 0.0 if axis.lower <= 0.0 <= axis.upper else self.round_place(other)
        at -= ratio * reference
        first = function("log10", _over(index, 10.0**at)) if log else _minus(index, at)
        second = _minus(other, reference)
        return k, Node("+" if ratio > 0 else "-", (first, _divided(second, 1.0 / abs(ratio))))

    # --- references -------------------------------------------------------------------------------------------------

    def reference(self, index: int, p: float, coefficient: float | None) -> tuple[float, Node]:
        """Returns (s, node) with x^p = s·node^p: x itself, or x over a round value at which the power is one.

        Args:
            index: The variable.
            p: The exponent.
            coefficient: What the power is multiplied with; None where any is as good.
        """
        axis = self.axes[index]
        if coefficient is None:
            at = self.own_place(index)
        elif p == 1.0 and not axis.log:
            # A straight line: its effect is that of one unit, or of a round number of them.
            readable = abs(coefficient) >= _READABLE[0] and axis.upper - axis.lower >= _UNIT
            at = 1.0 if readable else _round_step(abs(coefficient), axis)
        elif axis.lower <= 1.0 <= axis.upper and _READABLE[0] <= abs(coefficient) <= _READABLE[1]:
            at = 1.0
        else:
            at = self.round_place(index)
        return at**p, variable(index) if at == 1.0 else _over(index, at)

    def own_place(self, index: int) -> float:
        """Returns 1 where the domain has it, else a round value of the domain."""
        axis = self.axes[index]
        return 1.0 if axis.lower <= 1.0 <= axis.upper else self.round_place(index)

    def round_place(self, index: int) -> float:
        """Returns a round value in the middle of the domain."""
        axis = self.axes[index]
        if axis.lower <= 0.0:
            middle = (axis.lower + axis.upper) / 2
            if axis.lower < 0.0 or middle <= 0.0:
                raise _NoNormalFormError
        else:
            middle = math.sqrt(axis.lower * axis.upper) if axis.log else (axis.lower + axis.upper) / 2
        ten = 10.0 ** round(math.log10(middle))
        for digits, value in ((1, ten), (1, middle), (2, middle), (3, middle), (6, middle)):
            rounded = round_significant(value, digits)
            if axis.lower <= rounded <= axis.upper and (not axis.integer or rounded == round(rounded)):
                return rounded
        return middle


def _with_whole_squares(
    level: float | None, terms: list[tuple[float, Node]]
) -> tuple[float | None, list[tuple[float, Node]]]:
    """Joins b·u and c·(u + s)² to c·(u + s + b/2c)², whose place is seen, for u = x or log10(x)."""
    for i, (b, line) in enumerate(terms):
        if not (line.is_variable or (line.op == "log10" and line.args[0].is_variable)):
            continue
        for j, (c, core) in enumerate(terms):
            affine = _square_of(core)
            if (
                affine is None
                or len(affine.slopes) != 1
                or affine.slopes[0][:2] != (min(line.variables), line.op == "log10")
            ):
                continue
            ((_, _, k),) = affine.slopes
            s = affine.offset / k
            shift = s + b / (2.0 * c * k * k)
            square = power(join_sum(shift, [(1.0, line)], inner=True), 2.0)
            rest = [term for n, term in enumerate(terms) if n not in (i, j)]
            joined = [*rest[:i], (c * k * k, square), *rest[i:]]
            return _with_whole_squares((level or 0.0) + c * k * k * (s * s - shift * shift), joined)
    return level, terms


def _is_falling_power(node: Node) -> bool:
    return node.op == "^" and node.args[1].is_constant and node.args[1].value < 0.0


def _factors(node: Node, sign: float = 1.0) -> list[tuple[Node, float]]:
    """Returns the bases of a product without a number and their exponents."""
    if node.op in ("*", "/"):
        right = sign if node.op == "*" else -sign
        return [*_factors(node.args[0], sign), *_factors(node.args[1], right)]
    if node.is_constant:
        return []
    if node.op == "^" and node.args[1].is_constant:
        return [(base, p * node.args[1].value) for base, p in _factors(node.args[0], sign)] or _refuse()
    if node.op == "sqrt":
        return [(base, p * 0.5) for base, p in _factors(node.args[0], sign)] or _refuse()
    return [(node, sign)]


def _refuse() -> list[tuple[Node, float]]:
    raise _NoNormalFormError


def _monomial(node: Node) -> dict[int, float] | None:
    """Returns the exponents of a product of powers of hyperparameters; None for anything else."""
    factors = _factors(node)
    if not factors or not all(base.is_variable for base, _ in factors):
        return None
    return {int(base.value): p for base, p in factors}


def _affine(node: Node) -> _Affine | None:
    offset, terms = _expanded(node)
    slopes = []
    for k, core in terms:
        inner = core.args[0] if core.op in ("log10", "log") else core
        if not inner.is_variable:
            return None
        slopes.append((int(inner.value), core is not inner, k if inner is core else k * _decades(core)))
    if not 1 <= len(slopes) <= 2 or len({index for index, _, _ in slopes}) < len(slopes):
        return None
    return _Affine(tuple(slopes), offset)


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


def _square_of(node: Node) -> _Affine | None:
    """Returns the affine base of a square; None for anything else."""
    return _affine(node.args[0]) if node.op == "^" and node.args[1] == constant(2.0) else None


def _decades(logarithm: Node) -> float:
    """Returns what a logarithm is in logarithms to base 10."""
    return 1.0 if logarithm.op == "log10" else LN10


def _over(index: int, at: float) -> Node:
    if not (math.isfinite(at) and at > 0.0):
        raise _NoNormalFormError
    return Node("/", (variable(index), constant(at)))


def _minus(index: int, at: float) -> Node:
    if at == 0.0:
        return variable(index)
    return Node("-" if at > 0.0 else "+", (variable(index), constant(abs(at))))


def _divided(node: Node, width: float) -> Node:
    return Node("/", (node, constant(width)))


def _over_width(node: Node, width: float) -> Node:
    return node if abs(width - 1.0) < 1e-9 else _divided(node, width)


def _exp_over(node: Node, width: float) -> Node:
    inside = _divided(node, abs(width))
    return function("exp", Node("neg", (inside,)) if width < 0 else inside)


def _round_step(slope: float, axis: Axis) -> float:
    """Returns a power of ten, at most about the width of the domain, over which a line changes readably."""
    largest = math.floor(math.log10(axis.upper - axis.lower))
    return float(10.0 ** min(max(0, math.ceil(math.log10(_READABLE[0] / slope))), largest))
