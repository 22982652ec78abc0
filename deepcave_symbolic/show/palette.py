"""Colours that mean the same on every page and in every figure."""

from __future__ import annotations

import colorsys

from deepcave_symbolic.findings.trust import VERDICTS

__all__ = [
    "FORMULA",
    "INCUMBENT_MARKER",
    "NO_VERDICT_COLOR",
    "OPTIMUM_MARKER",
    "OUTSIDE_BAND",
    "SURROGATE",
    "TRIAL_MARKER",
    "UNTRIED",
    "VERDICT_COLORS",
    "WHAT_IF_MARKER",
    "choice_colors",
]

#: Of a verdict; white text on it has a contrast of at least 4.5.
VERDICT_COLORS: dict[str, str] = dict(zip(VERDICTS, ("#146c43", "#8a5200", "#565e64", "#b02a37"), strict=True))
NO_VERDICT_COLOR = "#6c757d"

SURROGATE, FORMULA = "#1f77b4", "#d62728"
#: Where the formula leaves the surrogate's uncertainty band, and where no trial is near.
OUTSIDE_BAND, UNTRIED = "#7b3fa0", "rgba(120, 120, 120, 0.2)"
#: Of choices or runs; colour-blind readers tell them apart, too (Okabe & Ito 2008).
_CHOICES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7f7f7f", "#000000")

#: Steps around the colour wheel that never come back (the golden ratio), and lightnesses that take turns.
_STEP, _LIGHTNESSES = 0.618034, (0.32, 0.5, 0.66)


def choice_colors(n: int) -> list[str]:
    """Returns n different colours of choices or runs: those that everybody tells apart, then others."""
    colors = list(_CHOICES[:n])
    for i in range(n - len(colors)):
        channels = colorsys.hls_to_rgb(_STEP * i % 1.0, _LIGHTNESSES[i % len(_LIGHTNESSES)], 0.8)
        colors.append("#" + "".join(f"{round(255 * channel):02x}" for channel in channels))
    return colors


TRIAL_MARKER = {"color": "rgba(60, 60, 60, 0.55)", "size": 6}
INCUMBENT_MARKER = {"color": "#ff9800", "size": 12, "symbol": "star", "line": {"color": "black", "width": 0.7}}
#: Of a place that a reader chooses.
WHAT_IF_MARKER = {"color": "#e6007e", "size": 13, "symbol": "circle-open", "line": {"color": "#e6007e", "width": 3}}
OPTIMUM_MARKER = {"color": FORMULA, "size": 11, "symbol": "diamond", "line": {"color": "white", "width": 1.5}}
