"""What users hold of a comparison: its record, which shows itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepcave_symbolic.comparing import Compared
from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.show.comparison import comparison_document
from deepcave_symbolic.show.notebook import write_notebook
from deepcave_symbolic.show.text import write_text

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["Comparison"]


class Comparison(Compared):
    """Formulas of several runs that show themselves: as text, as a figure, in a notebook."""

    explanations: tuple[Explanation, ...]

    def plot(self) -> go.Figure:
        """Returns a plotly figure of every run's surrogate and of the common form in it."""
        from deepcave_symbolic.show.figures.comparison import plot_comparison
        from deepcave_symbolic.show.figures.parts import ready

        return ready(plot_comparison(self))

    def __str__(self) -> str:
        """Returns the comparison as text for a terminal."""
        return write_text(comparison_document(self))

    def _repr_html_(self) -> str:
        return write_notebook(comparison_document(self))
