"""Draws what `faithfulness.py` measured: how far each method is from the truth, and how long it takes.

Needs Chromium and playwright, as tests/browser does.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from common import ROOT
from plotly.subplots import make_subplots

__all__ = ["Strip", "draw", "save"]

_WIDTH, _HEIGHT = 1000, 640
_OURS, _PEER, _LINE = "#d62728", "#1f77b4", "#222222"
_SYMBOLS = {"bbo": "circle", "hpo": "diamond-open"}
_MODELS = {"bbo": "Gaussian process", "hpo": "random forest"}
#: Gaussian processes stand at the left of a strip, forests at the right.
_OFFSETS = {"bbo": -0.12, "hpo": 0.12}
#: Farther from the truth than this many times the surrogate's own distance is drawn at the edge, as a triangle.
_FARTHEST = 8.0
_JITTER, _MEDIAN = 0.09, 0.27


@dataclass(frozen=True)
class Strip:
    """One method's points.

    Args:
        label: What stands at the axis, with `<br>` for a new line.
        ours: Whether it is this package.
        ratios: RMSE to the truth relative to the surrogate's own, by facade.
        seconds: Likewise.
    """

    label: str
    ours: bool
    ratios: Mapping[str, Sequence[float]]
    seconds: Mapping[str, Sequence[float]]

    @property
    def colour(self) -> str:
        """Of points and label."""
        return _OURS if self.ours else _PEER


def draw(strips: Sequence[Strip]) -> go.Figure:
    """Returns the figure: a strip a method, RMSE above and seconds below, every case a point, medians as lines."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.62, 0.38], vertical_spacing=0.05)
    for x, strip in enumerate(strips):
        _add_points(figure, 1, x, strip, strip.ratios, farthest=_FARTHEST)
        _add_points(figure, 2, x, strip, strip.seconds)
    for facade, symbol in _SYMBOLS.items():
        marker = {"symbol": symbol, "color": "#666666", "size": 8}
        figure.add_trace(go.Scatter(x=[None], y=[None], mode="markers", marker=marker, name=_MODELS[facade]))
    if any(ratio > _FARTHEST for strip in strips for ratios in strip.ratios.values() for ratio in ratios):
        marker = {"symbol": "triangle-up", "color": "#666666", "size": 8}
        name = f"farther than {_FARTHEST:g}"
        figure.add_trace(go.Scatter(x=[None], y=[None], mode="markers", marker=marker, name=name))
    figure.add_trace(go.Scatter(x=[None], y=[None], mode="lines", line={"color": _LINE, "width": 3}, name="median"))
    figure.add_hline(1.0, row=1, col=1, line={"color": "#888888", "width": 1, "dash": "dot"})
    figure.update_xaxes(
        range=[-0.5, len(strips) - 0.3],
        tickvals=list(range(len(strips))),
        ticktext=[f"<span style='color:{s.colour}'>{s.label}</span>" for s in strips],
        showgrid=False,
        zeroline=False,
    )
    figure.update_xaxes(tickangle=0, row=2, col=1)
    figure.update_yaxes(type="log", gridcolor="#e6e6e6", zeroline=False)
    figure.update_yaxes(
        title="RMSE to the truth,<br>surrogate's own = 1", tickvals=[0.25, 0.5, 0.7, 1, 1.5, 2, 3, 5, 8], row=1, col=1
    )
    figure.update_yaxes(title="seconds", tickvals=[0.1, 0.3, 1, 3, 10, 30, 100, 300], row=2, col=1)
    figure.update_layout(
        width=_WIDTH,
        height=_HEIGHT,
        template="plotly_white",
        font={"family": "DejaVu Sans, Arial, sans-serif", "size": 13, "color": _LINE},
        margin={"l": 80, "r": 15, "t": 40, "b": 50},
        legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom"},
    )
    return figure


def _add_points(
    figure: go.Figure,
    row: int,
    x: int,
    strip: Strip,
    values: Mapping[str, Sequence[float]],
    farthest: float = np.inf,
) -> None:
    for facade, symbol in _SYMBOLS.items():
        y = np.array(values.get(facade, ()), dtype=float)
        # A golden-ratio sequence spreads the points evenly and draws the same picture every time.
        spread = (np.arange(len(y)) * 0.618034) % 1.0
        far = y > farthest
        marker = {
            "symbol": ["triangle-up" if beyond else symbol for beyond in far],
            "color": strip.colour,
            "size": 8,
            "opacity": 0.65,
        }
        shown = np.minimum(y, farthest)
        points = go.Scatter(
            x=x + _OFFSETS[facade] + (2 * spread - 1) * _JITTER,
            y=shown,
            mode="markers",
            marker=marker,
            showlegend=False,
        )
        figure.add_trace(points, row=row, col=1)
    everything = [value for facade in _SYMBOLS for value in values.get(facade, ())]
    if not everything:
        return
    median = statistics.median(everything)
    height = min(median, farthest)
    line = {"color": _LINE, "width": 3}
    ends = [x - _MEDIAN, x + _MEDIAN]
    figure.add_trace(go.Scatter(x=ends, y=[height] * 2, mode="lines", line=line, showlegend=False), row=row, col=1)
    figure.add_annotation(
        x=x + _MEDIAN,
        y=np.log10(height),
        text=f"<b>{_short(median)}</b>",
        xanchor="left",
        showarrow=False,
        bgcolor="white",
        borderpad=1,
        xshift=2,
        row=row,
        col=1,
    )


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 3 else f"{value:.2f}"


def save(figure: go.Figure, path: Path) -> None:
    """Writes the figure as a PNG: plotly draws it in headless Chromium, at twice the pixels."""
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    from browser_harness import chromium, shrink

    page_html = figure.to_html(include_plotlyjs=True, config={"staticPlot": True})
    with chromium() as browser:
        page = browser.new_page(viewport={"width": _WIDTH + 40, "height": _HEIGHT + 40}, device_scale_factor=2)
        page.set_content(page_html)
        page.locator(".js-plotly-plot .main-svg").first.wait_for()
        path.parent.mkdir(parents=True, exist_ok=True)
        page.locator(".js-plotly-plot").screenshot(path=path)
    shrink(path)
