"""A part of the formula of a run: one term, centred, with its share, its shape and its constants.

Notation: see the package.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcave_symbolic.formulas import printing
from deepcave_symbolic.formulas.expression import Node, evaluate
from deepcave_symbolic.formulas.inputs import columns_for
from deepcave_symbolic.formulas.meaning.constants import Constant, constants_of
from deepcave_symbolic.formulas.python_source import function_source
from deepcave_symbolic.formulas.shown import OverAxes
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.records import Record
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.whole_run.courses import course_of
from deepcave_symbolic.whole_run.naming import OFFSETS, core_and_mean, name_of
from deepcave_symbolic.words.names import shown_name
from deepcave_symbolic.words.numbers import rounded_text

if TYPE_CHECKING:
    import sympy

__all__ = ["Part"]

_CENTRE = "The mean of this part over the space, taken off so that the level is the mean of all."


@dataclass(frozen=True, eq=False)
class Part(OverAxes, Record):
    """A part: mean zero over the space's own distribution, 0 where one of its hyperparameters is inactive.

    Args:
        tree: The expression in natural units, constants rounded, variables numbered as the axes.
        axes: The hyperparameters in it.
        objective: What it is part of, on the link's scale.
        share: How much of the surrogate's variance over the space it accounts for: its covariance with the surrogate
            over the surrogate's variance, so that shares of all parts sum to what the formula accounts for.
        conditions: When it counts, such as "kernel is rbf"; empty if always.
    """

    tree: Node
    axes: tuple[Axis, ...]
    objective: str
    share: float
    conditions: tuple[str, ...] = ()

    @cached_property
    def shape(self) -> str:
        """What it is called, such as "saturating fall", "product", "offsets" or, without a name, its course."""
        return name_of(self.tree, self.axes)

    @cached_property
    def course(self) -> str:
        """What it does along each hyperparameter in the mean over the others, such as "falls, then rises".

        It is more stable than the shape: an exponential, a step and a power law may all fall. Empty for offsets.
        """
        return course_of(self.tree, self.axes)

    @cached_property
    def constants(self) -> tuple[Constant, ...]:
        """What each fitted constant is, in which unit, and what it says, in reading order."""
        if self.shape == OFFSETS:
            return tuple(self._offsets())
        core, mean = core_and_mean(self.tree)
        found = constants_of(core, self.axes, self.objective)
        if mean == 0.0:
            return found
        return (*found, Constant(mean, "level", self.objective, _CENTRE))

    def _offsets(self) -> Iterator[Constant]:
        (axis,) = self.axes
        for label, branch in zip(axis.labels or (), self.tree.args[1:], strict=True):
            verb = "lowers" if branch.value < 0.0 else "raises"
            size = rounded_text(abs(branch.value))
            sentence = f"{shown_name(axis.name)} = {shown_name(label)} {verb} {shown_name(self.objective)} by {size}."
            yield Constant(branch.value, "effect", self.objective, sentence)

    @cached_property
    def expression(self) -> sympy.Expr:
        """The part as a sympy expression in natural units, unevaluated, for where it counts; see `Formula`."""
        from deepcave_symbolic.formulas.sympy_export import to_sympy

        return to_sympy(self.tree, self.hyperparameters, self.choices)

    @property
    def choices(self) -> dict[int, tuple[str, ...]]:
        """The names of the choices of the categorical hyperparameters, by their position."""
        return {i: axis.labels for i, axis in enumerate(self.axes) if axis.categorical and axis.labels is not None}

    def text(self) -> str:
        """Returns the part as one line of text, such as -0.02·log10(n_neurons/20)."""
        return printing.to_text(self.tree, self.hyperparameters, self.choices, is_part=True)

    def latex_body(self) -> str:
        """Returns the part in LaTeX for math mode, names escaped."""
        return printing.to_latex(self.tree, self.hyperparameters, self.choices)

    def mathml(self) -> str:
        """Returns the part as a MathML <math> element, names escaped."""
        return printing.to_mathml(self.tree, self.hyperparameters, self.choices)

    def python(self) -> str:
        """Returns the source of a Python function over NumPy arrays; None or NaN stands for what is inactive."""
        return function_source(
            self.objective, self.axes, lambda names, compared: [f"return {self.python_body(names, compared)}"]
        )

    def python_body(self, names: Sequence[str], compared: Any) -> str:
        """Returns the part as a Python expression with these identifiers; see `python_source.Body`."""
        body = printing.to_python(self.tree, names, compared)
        return f"np.nan_to_num({body})" if self.conditions else body

    def values(self, columns: Sequence[Array]) -> Array:
        """Returns what the part adds, shape (n,).

        Args:
            columns: Natural values of its hyperparameters, one array of shape (n,) each, NaN where inactive.
        """
        values = evaluate(self.tree, columns)
        if not self.conditions:
            return values
        inactive = np.any([np.isnan(column) for column in columns], axis=0)
        return np.where(inactive, 0.0, values)

    def predict(self, X: Any) -> Array:
        """Returns what the part adds, shape (n,); see `RunFormula.predict`."""
        return self.values(columns_for(self.axes, X, self.hyperparameters if self.conditions else ()))

    def to_dict(self) -> dict[str, Any]:
        """Returns the part as JSON values; the tree is encoded as nested lists."""
        shown = {
            "hyperparameters": list(self.hyperparameters),
            "shape": self.shape,
            "course": self.course,
            "constants": [constant.to_dict() for constant in self.constants],
            "text": self.text(),
            "latex": self.latex_body(),
        }
        return {**super().to_dict(), **shown}
