"""The panel, and what starts a dashboard with it: DeepCAVE, or an app of our own."""

from __future__ import annotations

__all__ = ["ENVIRONMENT", "JOB_LIBRARIES", "PLUGIN_GROUP"]

#: The group of entry points that lists panels.
PLUGIN_GROUP = "deepcave.plugins"

#: How the environment variables begin that pass settings to our Config; `config.py` lists them.
ENVIRONMENT = "DEEPCAVE_SYMBOLIC_"

#: What jobs import on top of the panel's modules; together worth seconds on the first click on Process.
JOB_LIBRARIES = (
    "deepcave_symbolic.explainer",
    "deepcave_symbolic.engines.exhaustive",
    "deepcave_symbolic.surrogates.forest",
    "deepcave_symbolic.surrogates.smac",
    "deepcave_symbolic.show.figures.explanation",
    "plotly.graph_objects",
    "smac",
    "sklearn.ensemble",
    "sympy",
)
