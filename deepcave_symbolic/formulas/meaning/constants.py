"""The constants of a formula as a table: what each is, in which unit, and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from deepcave_symbolic.formulas.expression import Node, evaluate, is_place
from deepcave_symbolic.formulas.meaning.parts import Factor, Part, corner_of, law_exponent, parts_of
from deepcave_symbolic.formulas.meaning.positions import Position, fitted, positions
from deepcave_symbolic.formulas.meaning.shapes import OTHER, shape_of
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.records import Record
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.words.names import shown_name
from deepcave_symbolic.words.numbers import interval_text, number_text, rounded_text

__all__ = ["Constant", "ConstantKind", "constants_of"]

ConstantKind = Literal["level", "effect", "place", "exponent", "width"]


@dataclass(frozen=True)
class Constant(Record):
    """A fitted constant of a formula.

    Args:
        value: As it is printed, with the sign before it; of x + 2 the place -2.
        kind: A level or an effect of the objective, a place of a hyperparameter, an exponent, or a width.
        unit: The objective, a hyperparameter, "decades", or empty for an exponent.
        sentence: What it says.
        interval: Where 90 % of the refits to draws of the surrogate have it; None where they do not settle it, and
            without refits.
    """

    value: float
    kind: ConstantKind
    unit: str
    sentence: str
    interval: tuple[float, float] | None = None


def constants_of(
    tree: Node, axes: Sequence[Axis], objective: str, intervals: Sequence[tuple[float, float] | None] = ()
) -> tuple[Constant, ...]:
    """Returns the fitted constants of an expression in normal form, in reading order.

    Args:
        tree: The expression in natural units.
        axes: The hyperparameters.
        objective: Name of the objective.
        intervals: One pair for every fitted constant, None for one that is not settled; empty without refits.
    """
    speaker = _Speaker(tuple(axes), shown_name(objective), tree)
    found = fitted(tree)
    if not intervals:
        return tuple(speaker.constant(position) for position in found if position.kind in _KINDS)
    pairs = zip(found, intervals, strict=True)
    return tuple(speaker.refitted(position, interval) for position, interval in pairs if position.kind in _KINDS)


#: Share of a rise or fall that counts as all of it.
_NEARLY_ALL = 0.9
#: Of so many values a person looks at each: a turn between two of them is at none.
_FEW = 10
_KINDS = ("level", "effect", "place", "exponent", "width")


@dataclass(frozen=True)
class _Speaker:
    axes: tuple[Axis, ...]
    objective: str
    tree: Node

    def refitted(self, position: Position, interval: tuple[float, float] | None) -> Constant:
        """Returns the record of one constant with its interval."""
        ends = " (not settled)" if interval is None else f" ({interval_text(interval)})"
        is_given = interval is not None and interval[0] == interval[1]
        return replace(self.constant(position, "" if is_given else ends), interval=interval)

    def constant(self, position: Position, ends: str = "") -> Constant:
        """Returns the record of one constant.

        Args:
            position: The constant.
            ends: What stands behind a place.
        """
        kind: ConstantKind = position.kind  # type: ignore[assignment] # the caller leaves the others out
        part, factor = self.owner(position)
        return Constant(
            value=position.value,
            kind=kind,
            unit=self.unit(kind, position),
            sentence=self.sentence(position, part, factor, ends),
        )

    def owner(self, position: Position) -> tuple[Part | None, Factor | None]:
        """Returns the part and the factor that a constant stands in."""
        on_path = [self.tree]
        for i in position.path:
            on_path.append(on_path[-1].args[i])
        _, parts = parts_of(self.tree)
        for part in parts:
            for factor in part.factors:
                if any(node is factor.node for node in on_path):
                    return part, factor
        # A coefficient stands beside its factors.
        for part in parts:
            if position.kind == "effect" and part.coefficient == position.value:
                return part, part.factors[0]
        return None, None

    def unit(self, kind: ConstantKind, position: Position) -> str:
        """Returns the unit of a constant."""
        if kind in ("level", "effect"):
            return self.objective
        if kind == "exponent" or not position.variables:
            return ""
        name = shown_name(self.axes[position.variables[0]].name)
        if kind == "width" and self._in_decades(position):
            return "decades"
        return name if len(position.variables) == 1 else ""

    def _in_decades(self, position: Position) -> bool:
        node = self.tree
        for i in position.path[:-1]:
            node = node.args[i]
        return any(below.op == "log10" for below in (node, *node.args))

    def sentence(self, position: Position, part: Part | None, factor: Factor | None, ends: str) -> str:
        """Returns what a constant says."""
        if position.kind == "level":
            return self.level()
        if part is None or factor is None:
            return {"effect": "How much this part moves."}.get(position.kind, "")
        if position.kind == "effect":
            return self.effect(part) if self._is_only(part) else f"{self.effect(part)[:-1]} (this part alone)."
        if position.kind == "place":
            return self.place(part, factor, position, ends)
        name = " and ".join(shown_name(self.axes[i].name) for i in position.variables)
        if position.kind == "width":
            unit = self.unit("width", position)
            size = rounded_text(position.value, 3) + (" decades" if unit == "decades" else f" of {name}")
            if factor.form == "decay":
                if len(factor.variables) > 1:
                    return f"Every {size} this part changes by a factor of 2.7."
                return (
                    f"Every {size} this part is 2.7 times {'smaller' if factor.node.args[0].op == 'neg' else 'larger'}."
                )
            return f"How wide it is: {size} from the middle." if factor.form == "bump" else f"A width: {size}."
        if factor.form == "power":
            return f"Ten times the {name} multiplies this part by {rounded_text(10.0**position.value, 2)}."
        return f"How steep it is in {name}: the larger, the more like a step."

    def level(self) -> str:
        """Returns what the level says."""
        _, parts = parts_of(self.tree)
        if not parts:
            return f"{self.objective} everywhere."
        for word, sign in (("lowest", 1.0), ("highest", -1.0)):
            turn = len(parts) > 1 and all(self._turns(part, sign) and self._is_only(part) for part in parts)
            if turn and not any(map(self._is_between, parts)):
                return f"The {word} {self.objective} that the formula reaches."
        if len(parts) > 1 or len(parts[0].factors) > 1 or not parts[0].variables:
            return f"What the other parts are added to, in units of {self.objective}."
        (part,) = parts
        name = shown_name(self.axes[part.variables[0]].name)
        if part.form in ("square", "kink"):
            word = "lowest" if part.coefficient > 0 else "highest"
            if self._is_between(part):
                return f"The {word} point of the curve, which lies between two of the few values of {name}."
            beyond = len(part.variables) == 1 and shape_of(self.tree, self.axes) == OTHER
            reaches = "would reach outside the domain" if beyond else "reaches"
            return f"The {word} {self.objective} that the formula {reaches}."
        if part.form == "corner":
            return f"{self.objective} far from the corner."
        if part.form in ("decades", "line"):
            at = 1.0 if part.form == "decades" else self._begin_of(part)
            where = f"at {name} = {number_text(at)}"
            if self._is_inside(part.variables[0], at):
                return f"{self.objective} {where}."
            return f"Where the line would be {where}, outside the domain."
        if part.form == "tanh" and len(part.variables) == 1:
            return f"{self.objective} halfway."
        if self._ends_at_the_level(part):
            if self._left(part) > 1.0 - _NEARLY_ALL:
                return f"What {self.objective} would come to for large {name}, beyond the domain."
            return f"{self.objective} for large {name}."
        return f"What the other part is added to, in units of {self.objective}."

    def effect(self, part: Part) -> str:
        """Returns what a coefficient says."""
        size = rounded_text(abs(part.coefficient), 3)
        verb = "raises" if part.coefficient > 0 else "lowers"
        if len(part.factors) > 1:
            return f"The size of this part where its factors are 1, in units of {self.objective}."
        node = part.factors[0].node
        name = " and ".join(shown_name(self.axes[i].name) for i in part.variables)
        if part.form == "decades":
            return f"Each decade of {name} {verb} {self.objective} by {size}."
        if part.form == "line" and is_place(node):
            return f"Each {number_text(node.args[1].value)} of {name} {verb} {self.objective} by {size}."
        if part.form == "line":
            width = self.axes[part.variables[0]].step
            if width != 1.0:
                size = rounded_text(width * abs(part.coefficient), 3)
            unit = "unit" if width == 1.0 else number_text(width)
            return f"Each {unit} of {name} {verb} {self.objective} by {size}."
        if part.form in ("square", "kink"):
            inner = node.args[0]
            step = "A decade" if any(below.op == "log10" for below in (inner, *inner.args)) else "A unit"
            if inner.op == "/" and inner.args[1].is_constant:
                step = f"{number_text(inner.args[1].value)} of {name}"
            rises = part.coefficient > 0
            place = "lowest" if rises else "highest"
            return f"{step} away from the {place} point {self.objective} is {size} {'higher' if rises else 'lower'}."
        if part.form in ("saturation", "tanh") and len(part.variables) == 1:
            # A tanh goes from -1 to 1, upwards.
            falls, times = (
                (part.coefficient > 0) == (part.form == "saturation"),
                1.0 if part.form == "saturation" else 2.0,
            )
            moved = self._moved(part)
            within = moved * abs(part.coefficient)
            inside = "" if moved >= _NEARLY_ALL * times else f", {rounded_text(within, 2)} of it in the domain"
            start = "Half of the step: " if part.form == "tanh" else ""
            whole = rounded_text(times * abs(part.coefficient), 3)
            return f"{start}{self.objective} {'falls' if falls else 'rises'} by {whole} in all{inside}."
        if part.form == "corner":
            where = " and ".join(self.in_corner(part.factors[0], i) for i in part.variables)
            return f"{self.objective} is {size} {'higher' if part.coefficient > 0 else 'lower'} where {where}."
        if part.form in ("power", "decay") and len(part.variables) == 1:
            return self.part_at(part, size)
        if part.form == "bump":
            return f"{self.objective} is {size} {'higher' if part.coefficient > 0 else 'lower'} in the middle."
        return f"The size of this part, in units of {self.objective}."

    def _begin_of(self, part: Part) -> float:
        """Returns where a line adds nothing to the level."""
        node = part.factors[0].node
        chosen = (p.value for p in positions(self.tree) if p.kind == "reference" and p.variables == part.variables)
        return next(chosen, 0.0) if node.op in ("+", "-") else 0.0

    def part_at(self, part: Part, size: str) -> str:
        """Returns how large a power or an exponential is where it is one."""
        (i,), node = part.variables, part.factors[0].node
        references = [p.value for p in positions(node) if p.kind == "reference"]
        at = references[0] if references else 1.0 if part.form == "power" else 0.0
        where = f"At {shown_name(self.axes[i].name)} = {number_text(at)}"
        would = "" if self._is_inside(i, at) else ", outside the domain,"
        if part.coefficient > 0:
            return f"{where}{would} this part adds {size} to {self.objective}."
        return f"{where}{would} this part takes {size} off {self.objective}."

    def place(self, part: Part, factor: Factor, position: Position, ends: str) -> str:
        """Returns what a place says."""
        name = " and ".join(shown_name(self.axes[i].name) for i in position.variables)
        at = f"{name} {rounded_text(position.value, 3)}{ends}{self.beside(factor, position)}"
        rises, alone = part.coefficient > 0, len(part.factors) == 1
        inside = self._is_inside(position.variables[0], position.value)
        beyond = "" if inside or len(factor.variables) > 1 else ", outside the domain"
        if factor.form in ("square", "kink") and alone:
            lowest = "lowest" if rises else "highest"
            if len(factor.variables) == 1 and not inside:
                return f"It would be {lowest} at {at}, outside the domain."
            if self._is_between(part):
                return f"It would be {lowest} at {at}, between two of the few values."
            return f"{lowest.capitalize()} at {at}{'' if self._is_only(part) else ' as far as this part goes'}."
        if factor.form in ("square", "kink", "decades") or (factor.form == "line" and not alone):
            return f"This part is zero at {at}{beyond}."
        if factor.form in ("saturation", "tanh", "corner"):
            change = "fall" if (factor.form == "saturation") == rises else "rise"
            if not alone or len(factor.variables) > 1:
                change = "change"
            return f"Half of the {change} is reached at {at}{beyond}."
        if factor.form == "ramp":
            return f"About flat on one side of {at}, a straight line in log10 on the other."
        if factor.form == "bump":
            return f"Its middle is at {at}{beyond}."
        return f"Where it bends: {at}."

    def in_corner(self, factor: Factor, index: int) -> str:
        """Returns on which side of its place a corner lies, such as "C is far above 8"."""
        p, x0 = corner_of(factor)[index]
        return f"{shown_name(self.axes[index].name)} is far {'above' if p < 0.0 else 'below'} {rounded_text(x0, 3)}"

    def beside(self, factor: Factor, position: Position) -> str:
        """Returns at which value of the other hyperparameter of a factor a place holds; empty without another."""
        others = [i for i in factor.variables if i not in position.variables]
        if others and factor.form == "corner":
            return f" (where {self.in_corner(factor, others[0])})"
        if not others or factor.form not in ("square", "kink", "saturation", "tanh"):
            return ""
        references = [p.value for p in positions(factor.node) if p.kind == "reference" and p.variables == (others[0],)]
        # x/x0·y^q is x/x0 at y = 1, log10(x/x0) + y/w is log10(x/x0) at y = 0.
        value = references[0] if references else 1.0 if law_exponent(factor) is not None else 0.0
        return f" (where {shown_name(self.axes[others[0]].name)} is {number_text(value)})"

    def _turns(self, part: Part, sign: float) -> bool:
        """Returns whether a part of one hyperparameter is a valley (1) or a hill (-1) with its place in the domain."""
        if part.form not in ("square", "kink") or len(part.variables) > 1 or part.coefficient * sign < 0.0:
            return False
        places = [p for p in positions(part.factors[0].node) if p.kind == "place"]
        return all(self._is_inside(part.variables[0], p.value) for p in places)

    def _is_between(self, part: Part) -> bool:
        """Returns whether a part of one hyperparameter turns between two of its few values."""
        if len(part.variables) > 1:
            return False
        axis = self.axes[part.variables[0]]
        values = axis.values
        if values is None and axis.integer and axis.upper - axis.lower < _FEW:
            values = tuple(np.arange(axis.lower, axis.upper + 1.0).tolist())
        if values is None or len(values) > _FEW:
            return False
        places = [p.value for p in positions(part.factors[0].node) if p.kind == "place"]
        return any(min(abs(place - value) for value in values) > 1e-3 * (axis.upper - axis.lower) for place in places)

    def _is_only(self, part: Part) -> bool:
        """Returns whether no other part has one of its hyperparameters."""
        _, parts = parts_of(self.tree)
        return not any(set(p.variables) & set(part.variables) for p in parts if p != part)

    def _is_inside(self, index: int, value: float) -> bool:
        axis = self.axes[index]
        return axis.lower <= value <= axis.upper

    def _ends_at_the_level(self, part: Part) -> bool:
        """Returns whether a part of one hyperparameter vanishes for large values of it."""
        if len(part.variables) > 1:
            return False
        if part.form == "saturation":
            return True
        x = self.axes[part.variables[0]].upper * np.array([1.0, 1e6])
        return part.form in ("power", "decay") and x[0] > 0.0 and abs(self._values(part, x)[1]) < 1e-3

    def _moved(self, part: Part) -> float:
        """Returns by how much the factor of a part of one hyperparameter moves over the domain."""
        axis = self.axes[part.variables[0]]
        values = self._values(part, np.array([axis.lower, axis.upper]))
        return float(abs(values[1] - values[0]))

    def _left(self, part: Part) -> float:
        """Returns which share of its largest value the factor of such a part still has at the domain's upper end."""
        axis = self.axes[part.variables[0]]
        lower, upper = np.abs(self._values(part, np.array([axis.lower, axis.upper])))
        return float(upper / max(lower, upper))

    def _values(self, part: Part, x: Array) -> Array:
        """Returns the factor of a part of one hyperparameter at values of that, shape (n,)."""
        (factor,) = part.factors
        values = evaluate(factor.node, [x] * (part.variables[0] + 1))
        return 1.0 / values if factor.divides else values
