"""The record of a law, and the one that says why there is none.

Notation: see the package.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from deepcave_symbolic.formulas import printing
from deepcave_symbolic.formulas.expression import Node, constant, evaluate, power, variable
from deepcave_symbolic.formulas.inputs import columns_for
from deepcave_symbolic.formulas.normal_form.references import over
from deepcave_symbolic.formulas.python_source import function_source
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.projection import Projection
from deepcave_symbolic.records import Record
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.words.names import latex_name, shown_name
from deepcave_symbolic.words.numbers import interval_text, rounded_text

__all__ = ["FoundLaw", "LawSource", "NoLaw", "PowerLaw"]

LawSource = Literal["trials", "model"]
#: What a hyperparameter is multiplied with where its domain has room for it, in words; else the second.
_FACTORS = ((2.0, "Double"), (1.1, "Raise by a tenth"))


@dataclass(frozen=True, eq=False)
class PowerLaw(Record):
    """The best value of a hyperparameter as a product of powers of others.

    Args:
        target: The hyperparameter whose best value it is.
        axes: The others, in the order of the tree's variables.
        tree: The expression in natural units, constants rounded.
    """

    target: Axis
    axes: tuple[Axis, ...]
    tree: Node

    @classmethod
    def written(
        cls, target: Axis, axes: Sequence[Axis], level: float, references: Sequence[float], powers: Sequence[float]
    ) -> PowerLaw:
        """Returns a law as people write it: the best value at the references, times powers of ratios to them.

        Args:
            target: The hyperparameter whose best value it is.
            axes: The others.
            level: The best value at the references, rounded.
            references: A round value of each of the others.
            powers: Its exponent, rounded.
        """
        tree: Node = constant(level)
        for i, (reference, exponent) in enumerate(zip(references, powers, strict=True)):
            ratio = variable(i) if reference == 1.0 else over(i, reference)
            tree = Node("*", (tree, ratio if exponent == 1.0 else power(ratio, exponent)))
        return cls(target, tuple(axes), tree)

    def text(self) -> str:
        """Returns the right-hand side as one line of text."""
        return printing.to_text(self.tree, self._names)

    def latex(self) -> str:
        """Returns the formula in LaTeX for math mode, names escaped."""
        return f"{latex_name(self.target.name)}^{{*}} \\approx {printing.to_latex(self.tree, self._names)}"

    def mathml(self, *, breakable: bool = False) -> str:
        """Returns the right-hand side as a MathML <math> element, names escaped.

        Args:
            breakable: Whether to return several, one after the other, between which a line may end.
        """
        return printing.to_mathml(self.tree, self._names, breakable=breakable)

    @property
    def left(self) -> str:
        """What stands before the ≈."""
        return f"{shown_name(self.target.name)}*"

    def python(self) -> str:
        """Returns the source of a Python function over NumPy arrays that computes the best value."""
        return function_source(
            f"best_{self.target.name}",
            self.axes,
            lambda names, choices: [f"return {printing.to_python(self.tree, names, choices)}"],
        )

    def predict(self, X: Any) -> Array:
        """Returns the best values in natural units, within the hyperparameter's domain, shape (n,).

        Args:
            X: A mapping or DataFrame of hyperparameter name to values in natural units (scalars or arrays of shape
                (n,)), or a list of configurations.

        Raises:
            UnknownNameError: If a hyperparameter is missing from X.
        """
        best = np.clip(evaluate(self.tree, columns_for(self.axes, X)), self.target.lower, self.target.upper)
        return np.asarray(np.round(best) if self.target.integer else best)

    def __str__(self) -> str:
        """Returns the law as one line of text, such as lr* ≈ 0.0021·(batch_size/32)^0.53."""
        return f"{self.left} ≈ {self.text()}"

    def __repr__(self) -> str:
        return f"<PowerLaw {self}>"

    def to_dict(self) -> dict[str, Any]:
        """Returns the law as JSON values; the tree is encoded as nested lists."""
        return {**super().to_dict(), "text": str(self), "latex": self.latex(), "python": self.python()}

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(axis.name for axis in self.axes)


@dataclass(frozen=True, eq=False)
class FoundLaw(Record):
    """How the best value of a hyperparameter moves with others.

    Args:
        formula: The law.
        powers: Exponents of the hyperparameters that it moves with, in the order of the formula's axes.
        power_intervals: Of each the 90 % interval.
        references: Round values of those hyperparameters at which the level is told.
        level: The best value there, natural units.
        level_interval: Its 90 % interval.
        share: How much of the objective's variance over the space the law's valley holds: what the hyperparameter and
            those that it moves with decide together, without what these do alone.
        r2: Coefficient of determination of the valley and all main effects on what they were fitted to.
        p_value: How often as much would be gained by chance over a best value that does not move.
        inside: Share of the space for which the law's best value lies within the domain.
        objective: What is made best.
        run: The run's path, else its name.
        budget: The budget whose trials are explained; None without budgets.
        source: What it was fitted to: the run's trials, or predictions of a model given without any.
        n: How many configurations those are.
        region: The part of the space in words; empty for all of it.
        warnings: Sentences for the user.
        valley: The surrogate projected onto `strongest` and the hyperparameter, in this order; None where it was not
            asked for.
        project: Projects the surrogate onto one of the others and the hyperparameter, in this order; None where the run
            is not at hand, as for a record read from a file.
    """

    formula: PowerLaw
    powers: tuple[float, ...]
    power_intervals: tuple[tuple[float, float], ...]
    references: tuple[float, ...]
    level: float
    level_interval: tuple[float, float]
    share: float
    r2: float
    p_value: float
    inside: float
    objective: str
    run: str
    budget: float | None
    source: LawSource
    n: int
    region: str = ""
    warnings: tuple[str, ...] = ()
    valley: Projection | None = None
    project: Callable[[str], Projection] | None = field(default=None, compare=False, repr=False)

    @property
    def hyperparameter(self) -> str:
        """Name of the hyperparameter whose best value is told."""
        return self.formula.target.name

    @property
    def exponents(self) -> dict[str, float]:
        """Exponents by the hyperparameters that the best value moves with."""
        return {axis.name: power for axis, power in zip(self.formula.axes, self.powers, strict=True)}

    @property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """90 % intervals of the exponents, by the same names."""
        return {axis.name: ends for axis, ends in zip(self.formula.axes, self.power_intervals, strict=True)}

    @property
    def strongest(self) -> str:
        """Name of the hyperparameter that moves the best value most over its domain."""
        moves = {
            axis.name: abs(p) * math.log(axis.upper / axis.lower)
            for axis, p in zip(self.formula.axes, self.powers, strict=True)
        }
        return max(moves, key=lambda name: moves[name])

    @property
    def sentences(self) -> tuple[str, ...]:
        """What to do when one of the others changes, such as "Double batch_size, multiply lr by 1.44 (1.3 to 1.6)."."""
        target = shown_name(self.hyperparameter)
        said = []
        for axis, exponent, ends in zip(self.formula.axes, self.powers, self.power_intervals, strict=True):
            factor, verb = _FACTORS[0] if _FACTORS[0][0] * axis.lower <= axis.upper else _FACTORS[1]
            times, between = rounded_text(factor**exponent), interval_text((factor ** ends[0], factor ** ends[1]))
            said.append(f"{verb} {shown_name(axis.name)}, multiply {target} by {times} ({between}).")
        return tuple(said)

    def __getstate__(self) -> dict[str, Any]:
        """Returns what a copy in another process holds: everything but the run."""
        return {**self.__dict__, "project": None}


@dataclass(frozen=True, eq=False)
class NoLaw(Record):
    """That there is no law, and why.

    Args:
        hyperparameter: Name of the hyperparameter that was asked about.
        reason: Why, as a sentence.
        objective: What is made best.
        run: The run's path, else its name.
        budget: The budget whose trials were looked at; None without budgets.
    """

    hyperparameter: str
    reason: str
    objective: str
    run: str
    budget: float | None
