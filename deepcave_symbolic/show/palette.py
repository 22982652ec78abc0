"""Colours that mean the same on every page and in every figure."""

from __future__ import annotations

from deepcave_symbolic.findings.trust import VERDICTS

__all__ = [
    "BAND",
    "CHOICES",
    "FORMULA",
    "INCUMBENT",
    "NO_VERDICT_COLOR",
    "OUTSIDE_BAND",
    "SINGLE_CONFIGURATION",
    "SURROGATE",
    "TRIALS",
    "UNTRIED",
    "VERDICT_COLORS",
]

#: Of a verdict; white text on it has a contrast of at least 4.5.
VERDICT_COLORS = dict(zip(VERDICTS, ("#146c43", "#8a5200", "#b02a37"), strict=True))
NO_VERDICT_COLOR = "#6c757d"

SURROGATE = "#1f77b4"
BAND = "rgba(31, 119, 180, 0.15)"
SINGLE_CONFIGURATION = "rgba(31, 119, 180, 0.12)"
FORMULA = "#d62728"
TRIALS = "rgba(60, 60, 60, 0.55)"
INCUMBENT = "#ff9800"
#: Where the formula leaves the surrogate's uncertainty band, and where no trial is near.
OUTSIDE_BAND = "#7b3fa0"
UNTRIED = "rgba(120, 120, 120, 0.2)"
#: Of choices or runs; colour-blind readers tell them apart, too (Okabe & Ito 2008).
CHOICES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7f7f7f", "#000000")
