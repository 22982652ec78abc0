"""What jobs import on top of the panel's modules: together worth seconds on the first click on Process."""

from __future__ import annotations

import importlib

from deepcave_symbolic.show.figures.parts import import_all
from deepcave_symbolic.surrogates.rebuild import import_models

__all__ = ["import_job_libraries"]

_LIBRARIES = (
    "deepcave_symbolic.explainer",
    "deepcave_symbolic.engines.exhaustive",
    "deepcave_symbolic.surrogates.forest",
    "deepcave_symbolic.surrogates.smac",
    "deepcave_symbolic.show.figures.explanation",
    "plotly.graph_objects",
)


def import_job_libraries() -> None:
    """Imports it."""
    for name in _LIBRARIES:
        importlib.import_module(name)
    import_models()
    import_all()
