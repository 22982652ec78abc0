"""Draws how much of the objective every hyperparameter moves."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from deepcave_symbolic.findings.explained import Explained
from deepcave_symbolic.show import palette
from deepcave_symbolic.show.figures.parts import escape

__all__ = ["plot_ranges"]


def plot_ranges(explanations: Sequence[Explained]) -> go.Figure:
    """Returns bars, the first explanation's on top; each has a projection."""
    objective, view = escape(explanations[0].objective), explanations[0].view
    names = [escape(", ".join(e.hyperparameters)) for e in explanations]
    ranges = [e.range for e in explanations]
    style = {"marker": {"color": palette.SURROGATE}, "width": min(0.8, 0.15 * len(ranges))}  # a few are no blocks
    figure = go.Figure(go.Bar(x=ranges[::-1], y=names[::-1], orientation="h", **style))
    return figure.update_layout(
        template="plotly_white",
        margin={"l": 20, "r": 30, "t": 50, "b": 60},
        title=escape(view.titled(f"How much of {explanations[0].objective} each hyperparameter moves")),
        xaxis_title=f"range of the surrogate's {view.curve} ({objective})",
        yaxis={"automargin": True, "type": "category", "ticksuffix": " "},
    )
