"""One formula for the whole run: a level plus centred parts, found by forward selection.

The surrogate's mean over the space is described as a sum in the manner of a functional ANOVA (Hooker 2007, "Generalized
Functional ANOVA Diagnostics for High-Dimensional Functions of Dependent Variables"): the level is its mean over the
space's own distribution, every part has mean zero there and is 0 where one of its hyperparameters is inactive. Parts
are added one by one (forward selection, Hastie, Tibshirani & Friedman, "The Elements of Statistical Learning", section
3.3), and after each the constants of all parts are fitted together by variable projection (Golub & Pereyra 1973).

Notation:
    n, d: configurations and hyperparameters; x: natural units; y: surrogate means on the link's scale, shape (n,).
    t: the coordinate of a hyperparameter, log10(x) or x, from 0 to 1 over the domain, NaN where it is inactive.
    a, s, w: place, steepness and weight in an argument s·(t_1 + w·t_2 - a).
"""

from __future__ import annotations

from deepcave_symbolic.whole_run.asking import Asking
from deepcave_symbolic.whole_run.compute import checked_length, explained_run
from deepcave_symbolic.whole_run.contributions import Contribution, Contributions, NearestTrial, WhatIf
from deepcave_symbolic.whole_run.explanation import ExplainedRun
from deepcave_symbolic.whole_run.formula import RunFormula
from deepcave_symbolic.whole_run.part import Part
from deepcave_symbolic.whole_run.places import RunPlaces, places_of

__all__ = [
    "Asking",
    "Contribution",
    "Contributions",
    "ExplainedRun",
    "NearestTrial",
    "Part",
    "RunFormula",
    "RunPlaces",
    "WhatIf",
    "checked_length",
    "explained_run",
    "places_of",
]
