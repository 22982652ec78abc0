"""How often something came true of what a probability was named for: bins, their table and their picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

__all__ = ["Bin", "bins_of", "brier", "draw", "share_with_interval", "wilson"]

#: Ends of the bins of a reliability table.
_ENDS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
_COLOURS = ("#1f77b4", "#d62728")


@dataclass(frozen=True)
class Bin:
    """What was named a probability between two ends.

    Args:
        low: The lower end.
        high: The upper end.
        n: How many.
        mean: The mean probability named.
        true: How many came true.
    """

    low: float
    high: float
    n: int
    mean: float
    true: int

    @property
    def row(self) -> tuple[str, ...]:
        """A row of the table: range, how many, named, came true."""
        named = f"{100 * self.low:.0f} to {100 * self.high:.0f} %"
        return (named, str(self.n), f"{100 * self.mean:.0f} %", share_with_interval(self.true, self.n))


def bins_of(named: Sequence[float], true: Sequence[bool]) -> list[Bin]:
    """Returns the bins that are not empty."""
    p, came = np.array(named), np.array(true)
    at = np.clip(np.searchsorted(_ENDS, p, side="right") - 1, 0, len(_ENDS) - 2)
    return [
        Bin(_ENDS[i], _ENDS[i + 1], int(np.sum(at == i)), float(p[at == i].mean()), int(came[at == i].sum()))
        for i in range(len(_ENDS) - 1)
        if np.any(at == i)
    ]


def brier(named: Sequence[float], true: Sequence[bool]) -> tuple[float, float]:
    """Returns the mean squared error of the probabilities, and that of naming the share that came true for all."""
    came = np.array(true, dtype=float)
    return float(np.mean((np.array(named) - came) ** 2)), float(came.var())


def wilson(k: int, n: int) -> tuple[float, float]:
    """Returns Wilson's 95 % interval of a share of k in n."""
    if n == 0:
        return 0.0, 1.0
    z, p = 1.959964, k / n
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, (middle - half) / (1 + z * z / n)), (middle + half) / (1 + z * z / n)


def share_with_interval(k: int, n: int) -> str:
    """Returns a share of k in n with Wilson's interval as text."""
    low, high = wilson(k, n)
    return f"{100 * k / n:.0f} % ({100 * low:.0f} to {100 * high:.0f})" if n else "-"


def draw(series: Mapping[str, Sequence[Bin]]) -> go.Figure:
    """Returns the reliability diagram: what was said against what came true, with Wilson's intervals."""
    figure = go.Figure()
    line = {"color": "#888888", "width": 1, "dash": "dot"}
    figure.add_trace(go.Scatter(x=[0, 100], y=[0, 100], mode="lines", line=line, showlegend=False))
    for (name, bins), colour in zip(series.items(), _COLOURS, strict=False):
        y = [100 * each.true / each.n for each in bins]
        ends = [wilson(each.true, each.n) for each in bins]
        figure.add_trace(
            go.Scatter(
                x=[100 * each.mean for each in bins],
                y=y,
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": [100 * high - at for (_, high), at in zip(ends, y, strict=True)],
                    "arrayminus": [at - 100 * low for (low, _), at in zip(ends, y, strict=True)],
                    "thickness": 1,
                },
                mode="lines+markers",
                marker={"color": colour, "size": 9},
                line={"color": colour, "width": 1.5},
                name=name,
            )
        )
    figure.update_xaxes(title="said: probability in %", range=[-2, 104], gridcolor="#e6e6e6", zeroline=False)
    figure.update_yaxes(title="true: share in %", range=[-4, 104], gridcolor="#e6e6e6", zeroline=False)
    figure.update_layout(
        width=640,
        height=480,
        template="plotly_white",
        font={"family": "DejaVu Sans, Arial, sans-serif", "size": 13, "color": "#222222"},
        margin={"l": 70, "r": 15, "t": 40, "b": 60},
        legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom"},
    )
    return figure
