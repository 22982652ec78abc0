"""Records as plotly figures; nothing here asks a run or a surrogate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepcave_symbolic.show.blocks import Picture, SideBySide, Valley, Waterfall

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["draw"]


def draw(figure: Picture) -> go.Figure:
    """Returns the figure that a page asks for."""
    from deepcave_symbolic.comparing import Compared, ComparedLaws
    from deepcave_symbolic.show.figures.comparison import plot_comparison, plot_exponents, plot_shares
    from deepcave_symbolic.show.figures.curves import plot_curves
    from deepcave_symbolic.show.figures.explanation import plot_explanation, plot_front
    from deepcave_symbolic.show.figures.matrix import plot_matrix
    from deepcave_symbolic.show.figures.valley import plot_law
    from deepcave_symbolic.show.figures.waterfall import plot_contributions

    if isinstance(figure, Waterfall):
        return plot_contributions(figure.contributions, figure.title)
    if isinstance(figure, Valley):
        return plot_law(figure.law, figure.projection)
    if isinstance(figure, SideBySide):
        if isinstance(figure.compared, Compared):
            return plot_comparison(figure.compared)
        return (
            plot_exponents(figure.compared)
            if isinstance(figure.compared, ComparedLaws)
            else plot_shares(figure.compared)
        )
    if figure.kind == "curves":
        return plot_curves(figure.explanations, figure.formulas)
    if figure.kind == "matrix":
        return plot_matrix(figure.explanations, figure.formulas)
    plot = plot_front if figure.kind == "front" else plot_explanation
    return plot(figure.explanations[0], figure.formulas[0])
