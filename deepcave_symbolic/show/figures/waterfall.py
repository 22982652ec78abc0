"""Draws one configuration part by part: the level, what each part adds, and what the formula gives."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from deepcave_symbolic.show import palette
from deepcave_symbolic.show.figures.parts import escape, points, ready
from deepcave_symbolic.words.numbers import rounded_text

if TYPE_CHECKING:
    from deepcave_symbolic.whole_run import Contributions

__all__ = ["plot_contributions"]

#: Pixels of a bar, and of what stands above and below them; colours of what a part does.
_BAR, _TOP, _BOTTOM = 34, 60, 96
_RAISES, _LOWERS, _TOTAL = "#D55E00", "#009E73", "#7f7f7f"
_LONGEST = 40


def plot_contributions(contributions: Contributions, title: str) -> go.Figure:
    """Returns bars from the level to the prediction, and beside it what surrogate and nearest trial say.

    Args:
        contributions: A configuration taken apart; values are on the scale of its link.
        title: What stands above it.
    """
    log = contributions.link == "log10"
    names = ["level", *(_short(", ".join(part.hyperparameters)) for part in contributions.parts), "formula"]
    # Two parts of one hyperparameter are two bars.
    places = [f"{escape(name)}{' ' * names[:i].count(name)}" for i, name in enumerate(names)]
    values = [contributions.level, *(part.value for part in contributions.parts)]
    total = sum(values)
    figure = go.Figure(
        go.Waterfall(
            orientation="h",
            y=places,
            x=[*values, total],
            measure=["absolute", *["relative"] * len(contributions.parts), "total"],
            text=[
                rounded_text(values[0]),
                *(f"{_sign(v)}{rounded_text(abs(v))}" for v in values[1:]),
                rounded_text(total),
            ],
            textposition="outside",
            cliponaxis=False,
            increasing={"marker": {"color": _RAISES}},
            decreasing={"marker": {"color": _LOWERS}},
            totals={"marker": {"color": _TOTAL}},
            connector={"line": {"color": "#bbbbbb", "width": 1}},
            showlegend=False,
            hoverinfo="skip",
        )
    )
    reached, at = [], 0.0
    for value in values:
        at += value
        reached.append(at)
    beside = {"surrogate": contributions.surrogate}
    if contributions.nearest is not None:
        beside["trial" if _evaluated(contributions) else "nearest trial"] = contributions.nearest.cost
    markers = {"surrogate": {"color": palette.SURROGATE, "size": 11, "symbol": "diamond"}}
    for name, cost in beside.items():
        if cost is None or (log and cost <= 0.0):
            continue
        x = math.log10(cost) if log else cost
        reached.append(x)
        marker = markers.get(name, palette.INCUMBENT_MARKER)
        figure.add_trace(points([x], places[-1:], f"{name}: {rounded_text(cost)}", marker=marker))
    low, high = min(reached), max(reached)
    margin = 0.12 * (high - low) or 0.5 * abs(high) or 1.0
    objective = escape(contributions.objective)
    return ready(
        figure.update_layout(
            template="plotly_white",
            title={"text": title, "font": {"size": 15}, "y": 1.0, "yanchor": "top", "pad": {"t": 12}},
            height=_TOP + _BOTTOM + _BAR * len(names),
            margin={"l": 20, "r": 40, "t": _TOP, "b": _BOTTOM},
            xaxis={"title": f"log10({objective})" if log else objective, "range": [low - margin, high + margin]},
            yaxis={"autorange": "reversed", "automargin": True, "ticksuffix": " "},
            legend={"orientation": "h", "y": -60 / (_BAR * len(names)), "yanchor": "top"},
            waterfallgap=0.35,
        )
    )


def _evaluated(contributions: Contributions) -> bool:
    """Returns whether the nearest trial is of the very configuration, whose values may have lost their last digits."""
    return contributions.nearest is not None and contributions.nearest.distance < 1e-6


def _sign(value: float) -> str:
    return "−" if value < 0.0 else "+"


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
