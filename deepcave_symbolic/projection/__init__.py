"""Projects a surrogate onto one or two hyperparameters.

All other hyperparameters are averaged out over valid configurations (partial dependence, Friedman 2001), or, where
clauses tie them to the explained one, by accumulated local effects (see `local_effects`); or they are set as well as
they can be set (see `profile`), or held as in the incumbent. Without others the projection is the surrogate itself. One
batch of predictions serves fitting points, held-out
points and individual curves.

Notation:
    k: number of explained hyperparameters, 1 or 2.
    x: points in natural units, shape (n, k).
    m: number of configurations averaged over.
    mean(x) = 1/m Σ_j μ(x, z_j); std(x)² = 1/m Σ_j σ²(x, z_j), the mean predictive variance (Moosbauer et al. 2021,
    "Explaining Hyperparameter Optimization via Partial Dependence Plots"); μ, σ: the surrogate's mean and standard
    deviation in objective units, z_j: the other hyperparameters of configuration j.
"""

from __future__ import annotations

from deepcave_symbolic.projection.projection import Draws, HeldOut, Incumbent, Projection, TrialPoints
from deepcave_symbolic.projection.projector import Projector, project
from deepcave_symbolic.projection.subject import Subject
from deepcave_symbolic.projection.target import target_of
from deepcave_symbolic.projection.view import STATISTICS, USUAL, Statistic, View

__all__ = [
    "STATISTICS",
    "USUAL",
    "Draws",
    "HeldOut",
    "Incumbent",
    "Projection",
    "Projector",
    "Statistic",
    "Subject",
    "TrialPoints",
    "View",
    "project",
    "target_of",
]
