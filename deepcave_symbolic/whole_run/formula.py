"""The formula of a run: a level and centred parts, one expression that is shown, evaluated, scored and exported.

Notation: see the package.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcave_symbolic.exceptions import DomainWarning, InvalidArgumentError
from deepcave_symbolic.formulas import printing
from deepcave_symbolic.formulas.expression import Node, complexity, constant, substitute, variable
from deepcave_symbolic.formulas.inputs import columns_for
from deepcave_symbolic.formulas.python_source import function_source
from deepcave_symbolic.formulas.shown import Shown
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.records import Record
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.whole_run.contributions import Contribution, Contributions, InsideStep
from deepcave_symbolic.whole_run.evidence import Evidence, total_of
from deepcave_symbolic.whole_run.link import Link
from deepcave_symbolic.whole_run.naming import core_and_mean
from deepcave_symbolic.whole_run.part import Part
from deepcave_symbolic.whole_run.saturation import Saturation, attributed, saturated
from deepcave_symbolic.words.names import latex_name, shown_name
from deepcave_symbolic.words.numbers import counted, round_significant

if TYPE_CHECKING:
    import sympy

__all__ = ["RunFormula"]


@dataclass(frozen=True, eq=False)
class RunFormula(Shown, Record):
    """A formula of all hyperparameters of a run with the numbers that say how far to trust it.

    Args:
        objective: What it computes.
        level: The mean over the space's own distribution, on the link's scale; see `saturation`.
        parts: What is added, what accounts for most first.
        r2: Coefficient of determination against the surrogate on held-out configurations, on the link's scale.
        rmse: Root mean squared error there, on the link's scale.
        link: "identity", or "log10" where level and parts sum to the logarithm of the objective.
        trials_r2: Cross-validated against the run's trials: level and coefficients are fitted to the trials of the
            other folds, places, exponents and widths are the formula's own; None without enough trials.
        saturation: What level and parts add up inside: then they are on the scale of the sum z; None for nothing.
        evidence: What formulas with other parts are scored on; None where it is not at hand, as for a record that was
            read from a file.
    """

    objective: str
    level: float
    parts: tuple[Part, ...]
    r2: float
    rmse: float
    link: Link = "identity"
    trials_r2: float | None = None
    saturation: Saturation | None = None
    evidence: Evidence | None = field(default=None, compare=False, repr=False)

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """The hyperparameters in it, those of the first part first."""
        return tuple({axis.name: axis for part in self.parts for axis in part.axes}.values())

    @property
    def hyperparameters(self) -> tuple[str, ...]:
        """Names of the hyperparameters in it."""
        return tuple(axis.name for axis in self.axes)

    @cached_property
    def tree(self) -> Node:
        """The expression in natural units, variables numbered as the axes; parts count only where they are active."""
        tree = constant(self.level)
        for part in self.parts:
            numbers = {i: variable(j) for i, j in enumerate(self._positions(part))}
            tree = Node("+", (tree, substitute(part.tree, numbers)))
        return self._around(tree)

    def _around(self, total: Node) -> Node:
        return total if self.saturation is None else self.saturation.around(total)

    @property
    def center(self) -> float:
        """What the formula gives where every part is 0, on the link's scale: the level, without a saturation."""
        return float(saturated(np.array(self.level), self.saturation))

    @cached_property
    def uncentred(self) -> Node:
        """The same function with the means of parts that always count taken into one constant with the level.

        It is as long as a formula of another method that says the same, which is not centred.
        """
        total, cores = self.level, []
        for part in self.parts:
            core, mean = (part.tree, 0.0) if part.conditions else core_and_mean(part.tree)
            total += mean
            cores.append(substitute(core, {i: variable(j) for i, j in enumerate(self._positions(part))}))
        # Without the last digits, which adding up loses.
        tree = constant(round_significant(total, 12))
        for core in cores:
            tree = Node("+", (tree, core))
        return self._around(tree)

    @cached_property
    def expression(self) -> sympy.Expr:
        """The formula as a sympy expression of the objective, unevaluated, in natural units.

        A choice is a symbol that the hyperparameter's symbol equals. A part that does not always count is a case of its
        conditions, symbols that have their words (`part.conditions`) as names. With `xreplace` true or false stand in
        for both.
        """
        from deepcave_symbolic.whole_run.sympy_export import formula_expression

        return formula_expression(self.level, self.parts, self.saturation, self.link)

    @property
    def complexity(self) -> int:
        """Number of nodes, see `Formula.complexity`; constants that make means zero are counted."""
        return complexity(self.tree)

    @property
    def conditions(self) -> dict[str, tuple[str, ...]]:
        """When parts count that do not always, by the part as text."""
        return {part.text(): part.conditions for part in self.parts if part.conditions}

    @property
    def _choices(self) -> dict[int, tuple[str, ...]]:
        return {i: axis.labels for i, axis in enumerate(self.axes) if axis.categorical and axis.labels is not None}

    @property
    def _optional(self) -> frozenset[str]:
        """Hyperparameters that occur only in parts which do not always count."""
        always = {name for part in self.parts if not part.conditions for name in part.hyperparameters}
        return frozenset(self.hyperparameters) - always

    def _positions(self, part: Part) -> list[int]:
        return [self.hyperparameters.index(name) for name in part.hyperparameters]

    def text(self) -> str:
        """Returns the right-hand side as one line of text."""
        return printing.to_text(self.tree, self.hyperparameters, self._choices)

    def latex_body(self) -> str:
        """Returns the right-hand side in LaTeX for math mode, names escaped."""
        return printing.to_latex(self.tree, self.hyperparameters, self._choices)

    def latex(self) -> str:
        """Returns the formula in LaTeX for math mode, names escaped."""
        name = latex_name(self.objective)
        left = name if self.link == "identity" else f"\\log_{{10}}\\left({name}\\right)"
        return f"{left} \\approx {self.latex_body()}"

    def mathml(self, *, breakable: bool = False) -> str:
        """Returns the right-hand side as a MathML <math> element, names escaped.

        Args:
            breakable: Whether to return several, one after the other, between which a line may end.
        """
        return printing.to_mathml(self.tree, self.hyperparameters, self._choices, breakable=breakable)

    @property
    def left(self) -> str:
        """What stands before the ≈."""
        name = shown_name(self.objective)
        return name if self.link == "identity" else f"log10({name})"

    def python(self) -> str:
        """Returns the source of a Python function over NumPy arrays; None or NaN stands for what is inactive."""

        def body(names: list[str], compared: Mapping[int, Sequence[Any]]) -> list[str]:
            lines = [f"total = {constant(self.level).value!r}"]
            for part in self.parts:
                at = self._positions(part)
                own = {i: compared[j] for i, j in enumerate(at) if j in compared}
                comment = f"  # where {ascii(' and '.join(part.conditions))[1:-1]}" if part.conditions else ""
                lines.append(f"total = total + ({part.python_body([names[j] for j in at], own)}){comment}")
            if self.saturation is not None:
                lines.append(f"total = {self.saturation.source('total')}")
            return [*lines, "return 10.0**total" if self.link == "log10" else "return total"]

        return function_source(self.objective, self.axes, body)

    def predict(self, X: Any) -> Array:
        """Computes the formula.

        Args:
            X: A mapping or DataFrame of hyperparameter name to values in natural units (scalars or arrays of shape
                (n,)), or a list of Configurations. A hyperparameter that is inactive is missing, None or NaN.

        Returns:
            Values in objective units, shape (n,).

        Raises:
            UnknownNameError: If a hyperparameter is missing that is always active.

        Warns:
            DomainWarning: If a point lies outside the domain.
        """
        if not self.axes:
            return np.full(_rows(X), self._objective(np.array(self.center)))
        columns = columns_for(self.axes, X, self._optional)
        inside = [axis.contains(c) | np.isnan(c) for axis, c in zip(self.axes, columns, strict=True)]
        outside = ~np.all(inside, axis=0)
        if np.any(outside):
            domain = "; ".join(axis.describe() for axis in self.axes)
            warnings.warn(
                f"{int(outside.sum())} of {len(outside)} points lie outside the formula's domain ({domain}).",
                DomainWarning,
                stacklevel=2,
            )
        table = dict(zip(self.hyperparameters, columns, strict=True))
        total = total_of(self.level, self.parts, table, len(columns[0]))
        return self._objective(saturated(total, self.saturation))

    def _objective(self, values: Array) -> Array:
        with np.errstate(over="ignore"):
            return np.asarray(10.0**values if self.link == "log10" else values)

    def contributions(self, configuration: Mapping[str, Any]) -> Contributions:
        """Returns what each part adds for one configuration.

        Args:
            configuration: Values by name, or a Configuration; what is inactive is missing or None.

        Raises:
            UnknownNameError: If a hyperparameter is missing that is always active.
        """
        row = dict(configuration)
        added = [part.predict([row]) for part in self.parts]
        values = [float(value[0]) for value in attributed(self.saturation, self.level, added)]
        parts = tuple(
            Contribution(part.hyperparameters, part.text(), value)
            for part, value in zip(self.parts, values, strict=True)
        )
        total = self.center
        for value in values:
            total = total + value
        prediction = float(self._objective(np.array(total)))
        inside = None
        if self.saturation is not None:
            inside = InsideStep(self.saturation, self.level, tuple(float(value[0]) for value in added))
        return Contributions(row, self.objective, self.center, parts, prediction, self.link, inside=inside)

    def without(self, part: Part | int) -> RunFormula:
        """Returns the formula without a part; level and other parts stay, since every part has mean zero.

        Args:
            part: The part, or its position from 0.

        Raises:
            InvalidArgumentError: If the formula has no such part.
        """
        if isinstance(part, Part):
            rest = tuple(each for each in self.parts if each != part)
        else:
            number = part if isinstance(part, int) and 0 <= part < len(self.parts) else len(self.parts)
            rest = self.parts[:number] + self.parts[number + 1 :]
        if len(rest) == len(self.parts):
            raise InvalidArgumentError(
                f"The formula has no part {part if not isinstance(part, Part) else part.text()!r}; expected one of its "
                f"{counted(len(self.parts), 'part')}, or a position from 0."
            )
        return self.of_parts(rest)

    def with_part(self, part: Part) -> RunFormula:
        """Returns the formula with one more part, such as one of a longer formula of the front."""
        return self.of_parts((*self.parts, part))

    def of_parts(self, parts: Sequence[Part]) -> RunFormula:
        """Returns the formula with these parts, scored where the evidence is at hand (NaN elsewhere)."""
        if self.evidence is None:
            return replace(self, parts=tuple(parts), r2=math.nan, rmse=math.nan, trials_r2=None)
        scores = self.evidence.scores(self.level, parts, self.saturation)
        return replace(self, parts=tuple(parts), r2=scores.r2, rmse=scores.rmse, trials_r2=scores.trials_r2)

    def __repr__(self) -> str:
        return f"<RunFormula {self} (R² {self.r2:.3f}, {counted(self.complexity, 'node')})>"

    @property
    def _facts(self) -> str:
        return f"R² {self.r2:.3f}, {counted(self.complexity, 'node')}"

    def to_dict(self) -> dict[str, Any]:
        """Returns the formula as JSON values."""
        shown = {
            "complexity": self.complexity,
            "text": str(self),
            "latex": self.latex(),
            "python": self.python(),
        }
        return {**super().to_dict(), **shown}

    def __getstate__(self) -> dict[str, Any]:
        """Returns what a copy in another process holds: everything but the evidence."""
        return {**self.__dict__, "evidence": None}


def _rows(X: Any) -> int:
    """Returns how many points there are."""
    if isinstance(X, Sequence):
        return len(X)
    if not hasattr(X, "keys"):
        raise InvalidArgumentError(
            f"predict needs a mapping or DataFrame of hyperparameter to values, or a list of configurations; found "
            f"{type(X).__name__}."
        )
    return max((np.size(X[name]) for name in X.keys()), default=1)  # noqa: SIM118 - of a DataFrame the columns
