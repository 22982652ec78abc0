"""What users hold of a comparison: its record, which shows itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepcave_symbolic.comparing import Compared, ComparedLaws, ComparedRuns, OptimaByData
from deepcave_symbolic.explanation import Explanation, RunExplanation
from deepcave_symbolic.laws import NoLaw
from deepcave_symbolic.show.comparison import comparison_document
from deepcave_symbolic.show.notebook import write_notebook
from deepcave_symbolic.show.several import laws_document, optima_document, runs_document
from deepcave_symbolic.show.text import write_text
from deepcave_symbolic.suggestions import Law

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["Comparison", "DescribedOptima", "LawComparison", "RunComparison"]


class Comparison(Compared):
    """Formulas of several runs that show themselves: as text, as a figure, as a page, in a notebook."""

    explanations: tuple[Explanation, ...]

    def plot(self) -> go.Figure:
        """Returns a plotly figure of every run's surrogate and of the common form in it."""
        from deepcave_symbolic.show.figures.comparison import plot_comparison
        from deepcave_symbolic.show.figures.parts import ready

        return ready(plot_comparison(self))

    def to_html(self) -> str:
        """Returns the comparison as one HTML page, figure and every run included, that opens without internet."""
        from deepcave_symbolic.show.html import comparison_page

        return comparison_page(self)

    def __str__(self) -> str:
        """Returns the comparison as text for a terminal."""
        return write_text(comparison_document(self))

    def _repr_html_(self) -> str:
        return write_notebook(comparison_document(self))


class LawComparison(ComparedLaws):
    """Laws of several runs, as text, as a figure, as a page and in a notebook."""

    laws: tuple[Law | NoLaw, ...]

    def plot(self) -> go.Figure:
        """Returns a plotly figure of every run's exponents with their 90 % intervals.

        Raises:
            InvalidArgumentError: If no run has a law.
        """
        from deepcave_symbolic.show.figures.comparison import plot_exponents
        from deepcave_symbolic.show.figures.parts import ready

        return ready(plot_exponents(self))

    def to_html(self) -> str:
        """Returns the laws as one HTML page, figure and every run included, that opens without internet."""
        from deepcave_symbolic.show.html import comparison_page

        return comparison_page(self)

    def __str__(self) -> str:
        """Returns the exponents of every run and which agree as text for a terminal."""
        return write_text(laws_document(self))

    def _repr_html_(self) -> str:
        return write_notebook(laws_document(self))


class RunComparison(ComparedRuns):
    """Whole-run formulas of several runs, as text, as a figure, as a page and in a notebook."""

    explained: tuple[RunExplanation, ...]

    def plot(self) -> go.Figure:
        """Returns a plotly figure of what each part accounts for in every run.

        Raises:
            InvalidArgumentError: If no formula has parts.
        """
        from deepcave_symbolic.show.figures.comparison import plot_shares
        from deepcave_symbolic.show.figures.parts import ready

        return ready(plot_shares(self))

    def to_html(self) -> str:
        """Returns the formulas as one HTML page, figure and every run included, that opens without internet."""
        from deepcave_symbolic.show.html import comparison_page

        return comparison_page(self)

    def __str__(self) -> str:
        """Returns the formulas and the parts that they share as text for a terminal."""
        return write_text(runs_document(self))

    def _repr_html_(self) -> str:
        return write_notebook(runs_document(self))


class DescribedOptima(OptimaByData):
    """The best value of a hyperparameter by what describes the data sets, as text, as a page and in a notebook."""

    def to_html(self) -> str:
        """Returns the formula and the best values as one HTML page that opens without internet."""
        from deepcave_symbolic.show.html import comparison_page

        return comparison_page(self)

    def __str__(self) -> str:
        """Returns the formula, how far it is off, and the best values as text for a terminal."""
        return write_text(optima_document(self))

    def _repr_html_(self) -> str:
        return write_notebook(optima_document(self))
