"""What formulas of every kind share: how one shows itself, and what an expression over axes knows of itself."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from deepcave_symbolic.formulas.expression import Node, check_variables, complexity
from deepcave_symbolic.space.axis import Axis

__all__ = ["OverAxes", "Shown"]


class Shown:
    """A formula of some objective, in a terminal as a line, in a notebook typeset."""

    if TYPE_CHECKING:

        @property
        def left(self) -> str:
            """What stands before the ≈."""

        @property
        def _facts(self) -> str:
            """What stands beside it in a notebook."""

        def text(self) -> str:
            """Returns the right-hand side as one line of text."""

        def latex(self) -> str:
            """Returns the formula in LaTeX for math mode."""

        def mathml(self, *, breakable: bool = False) -> str:
            """Returns the right-hand side as a MathML <math> element, or as several between which a line may end."""

    def __str__(self) -> str:
        """Returns the formula as one line of text, such as cost ≈ 0.12 + 0.04·(log10(learning_rate) + 2.5)²."""
        return f"{self.left} ≈ {self.text()}"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def _repr_html_(self) -> str:
        # What does not fit goes on in the next line, a little to the right.
        style = "font-size:1.2em;line-height:1.8;padding-left:1.5em;text-indent:-1.5em"
        left = f"<span>{html.escape(self.left)} ≈ </span>"
        return f"<div style='{style}'>{left}{self.mathml(breakable=True)} <small>({self._facts})</small></div>"


class OverAxes:
    """An expression whose variables are axes, in order."""

    tree: Node
    axes: tuple[Axis, ...]

    def __post_init__(self) -> None:
        """Refuses a tree with other variables than the axes."""
        check_variables(self.tree, len(self.axes))

    @property
    def hyperparameters(self) -> tuple[str, ...]:
        """Names of the hyperparameters, in order."""
        return tuple(axis.name for axis in self.axes)

    @property
    def complexity(self) -> int:
        """Number of nodes: operators, functions, constants and hyperparameters count 1, signs 0.

        A square is a function; a hyperparameter over its place, x/x0, counts 2.
        """
        return complexity(self.tree)
