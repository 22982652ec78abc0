"""A formula of one or two hyperparameters: one expression that is shown, plotted, scored and exported.

Notation:
    x_i: hyperparameter i in natural units.
    complexity: number of nodes of the expression, what has to be read: every operator, function, constant and
        hyperparameter 1, a sign 0, a hyperparameter over its place 2.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcave_symbolic.exceptions import DomainWarning
from deepcave_symbolic.formulas import printing
from deepcave_symbolic.formulas.expression import (
    Node,
    evaluate,
    operators,
    resolve_cases,
    substitute,
    variable,
)
from deepcave_symbolic.formulas.inputs import columns_for
from deepcave_symbolic.formulas.meaning.constants import Constant, constants_of
from deepcave_symbolic.formulas.meaning.shapes import shape_of
from deepcave_symbolic.formulas.python_source import function_source
from deepcave_symbolic.formulas.shown import OverAxes, Shown
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.records import Record
from deepcave_symbolic.space.axis import Axis, vector_of_positions
from deepcave_symbolic.words.names import latex_name, shown_name
from deepcave_symbolic.words.numbers import counted, rounded_text

if TYPE_CHECKING:
    import sympy
    from ConfigSpace import ConfigurationSpace

__all__ = ["OWN", "Formula"]

#: The engine of a formula that the user wrote down.
OWN = "own"


@dataclass(frozen=True, eq=False)
class Formula(Shown, OverAxes, Record):
    """A formula with the numbers that say how far to trust it.

    Args:
        tree: The expression in natural units, constants rounded.
        axes: The hyperparameters, in the order of the tree's variables.
        objective: What the formula computes, in objective units.
        r2: Coefficient of determination against the held-out points of the projection.
        rmse: Root mean squared error there, objective units.
        engine: Name of the engine that proposed it.
        trials_r2: Coefficient of determination on the evaluated trials; only for `source="trials"`.
        normal_form: Whether every constant has a unit, a meaning and a readable size; others are offered where no
            shorter formula comes near, and never recommended.
        intervals: Of each fitted constant the 90 % interval, None where the draws do not settle it, in reading order;
            empty where it was not refitted. See `findings.certainty`.
        forbidden_space: The configuration space, where forbidden clauses rule out part of the domain.
    """

    tree: Node
    axes: tuple[Axis, ...]
    objective: str
    r2: float
    rmse: float
    engine: str
    trials_r2: float | None = None
    normal_form: bool = True
    intervals: tuple[tuple[float, float] | None, ...] = ()
    forbidden_space: ConfigurationSpace | None = field(default=None, compare=False)

    @property
    def operators(self) -> int:
        """Number of operators: binary operators, functions and powers count 1, signs and numbers 0."""
        return operators(self.tree)

    @cached_property
    def constants(self) -> tuple[Constant, ...]:
        """What each fitted constant is, in which unit, and what it says, in reading order."""
        return constants_of(self.tree, self.axes, self.objective, self.intervals)

    @cached_property
    def shape(self) -> str:
        """What the curve is called, such as "valley" or "saturating fall"; "other" without a name.

        Of one hyperparameter: level, straight line, straight in log10, valley, hill, power law, saturating fall or
        rise, exponential approach, step, bump. Of two: sum, product, corner, valley or hill along a law.
        """
        return shape_of(self.tree, self.axes)

    @cached_property
    def expression(self) -> sympy.Expr:
        """The formula as a sympy expression in natural units, unevaluated, so that it keeps its shape and digits."""
        from deepcave_symbolic.formulas.sympy_export import to_sympy

        return to_sympy(self.tree, self.hyperparameters, self.choices)

    @property
    def choices(self) -> dict[int, tuple[str, ...]]:
        """The names of the choices of the categorical hyperparameters, by their position."""
        return {i: axis.labels for i, axis in enumerate(self.axes) if axis.categorical and axis.labels is not None}

    def at_choice(self, index: int, choice: int) -> Formula:
        """Returns the formula of the other hyperparameter for one choice of a categorical.

        Args:
            index: Position of the categorical hyperparameter, 0 or 1.
            choice: Number of the choice.
        """
        tree = substitute(resolve_cases(self.tree, index, choice), {1 - index: variable(0)})
        return replace(self, tree=tree, axes=(self.axes[1 - index],), intervals=())

    @property
    def left(self) -> str:
        """What stands before the ≈."""
        return shown_name(self.objective)

    def text(self) -> str:
        """Returns the right-hand side as one line of text."""
        return printing.to_text(self.tree, self.hyperparameters, self.choices)

    def latex_body(self) -> str:
        """Returns the right-hand side in LaTeX for math mode, names escaped."""
        return printing.to_latex(self.tree, self.hyperparameters, self.choices)

    def predict(self, X: Any) -> Array:
        """Computes the formula.

        Args:
            X: A mapping or DataFrame of hyperparameter name to values in natural units (scalars or arrays of shape
                (n,)), or a list of Configurations.

        Returns:
            Values in objective units, shape (n,).

        Raises:
            UnknownNameError: If a hyperparameter is missing from X.

        Warns:
            DomainWarning: If a point lies outside the domain or in a forbidden region.
        """
        columns = columns_for(self.axes, X)
        outside = ~np.all([axis.contains(c) for axis, c in zip(self.axes, columns, strict=True)], axis=0)
        if np.any(outside):
            domain = "; ".join(axis.describe() for axis in self.axes)
            warnings.warn(
                f"{int(outside.sum())} of {len(outside)} points lie outside the formula's domain ({domain}).",
                DomainWarning,
                stacklevel=2,
            )
        excluded = self.forbidden_at(columns, ~outside)
        if np.any(excluded):
            warnings.warn(
                f"{int(excluded.sum())} of {len(excluded)} points lie in a forbidden region of the space.",
                DomainWarning,
                stacklevel=2,
            )
        return evaluate(self.tree, columns)

    def forbidden_at(self, columns: list[Array], inside: np.ndarray[Any, np.dtype[np.bool_]]) -> Any:
        """Returns which points a forbidden clause of the space excludes, shape (n,).

        Args:
            columns: One array of shape (n,) a hyperparameter, natural units.
            inside: Which points lie in the domain; others are never marked.
        """
        if self.forbidden_space is None or not np.any(inside):
            return np.zeros(len(inside), dtype=bool)
        from deepcave_symbolic.space.configurations import forbidden

        names = list(self.forbidden_space.keys())
        X = np.full((len(inside), len(names)), np.nan)
        for axis, column in zip(self.axes, columns, strict=True):
            hyperparameter: Any = self.forbidden_space[axis.name]
            if axis.labels is None:
                vector = hyperparameter.to_vector(_as_valid(axis, column[inside]))
            else:
                vector = vector_of_positions(hyperparameter, axis, column[inside])
            X[inside, names.index(axis.name)] = vector
        return forbidden(self.forbidden_space, X, among=self.hyperparameters) & inside

    def latex(self) -> str:
        """Returns the formula in LaTeX for math mode, names escaped."""
        return f"{latex_name(self.objective)} \\approx {self.latex_body()}"

    def python(self) -> str:
        """Returns the source of a Python function over NumPy arrays that computes the formula."""
        return function_source(
            self.objective,
            self.axes,
            lambda names, choices: [f"return {printing.to_python(self.tree, names, choices)}"],
        )

    def mathml(self, *, breakable: bool = False) -> str:
        """Returns the right-hand side as a MathML <math> element, names escaped.

        Args:
            breakable: Whether to return several, one after the other, between which a line may end.
        """
        return printing.to_mathml(self.tree, self.hyperparameters, self.choices, breakable=breakable)

    def __repr__(self) -> str:
        return f"<Formula {self} (R² {self.r2:.4f}, {counted(self.complexity, 'node')})>"

    @property
    def _facts(self) -> str:
        return f"R² {self.r2:.3f}, RMSE {rounded_text(self.rmse)}, {counted(self.complexity, 'node')}"

    def to_dict(self) -> dict[str, Any]:
        """Returns the formula as JSON values; the tree is encoded as nested lists."""
        shown = {
            "complexity": self.complexity,
            "operators": self.operators,
            "shape": self.shape,
            "constants": [constant.to_dict() for constant in self.constants],
            "text": str(self),
            "latex": self.latex(),
            "python": self.python(),
        }
        return {**super().to_dict(), **shown}

    def within(self, configspace: ConfigurationSpace) -> Formula:
        """Returns the formula with the forbidden clauses of a configuration space, for the warnings of `predict`."""
        return replace(self, forbidden_space=configspace if configspace.forbidden_clauses else None)

    def without_space(self) -> Formula:
        """Returns the formula without forbidden clauses."""
        return replace(self, forbidden_space=None)


def _as_valid(axis: Axis, values: Any) -> Any:
    return np.asarray(values).round().astype(int) if axis.integer else np.asarray(values)
