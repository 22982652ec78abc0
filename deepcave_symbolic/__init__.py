"""Short, explicit formulas of a SMAC run's surrogate, each with the numbers that say how far to trust it.

The public names are loaded at their first use, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deepcave_symbolic.api import explain, explain_all
    from deepcave_symbolic.estimator import SymbolicExplainer
    from deepcave_symbolic.exceptions import DeepcaveSymbolicError, DomainWarning
    from deepcave_symbolic.explanation import Explanation
    from deepcave_symbolic.formula import Formula
    from deepcave_symbolic.runs import Run, load_run
    from deepcave_symbolic.surrogates import ModelSurrogate

__all__ = [
    "DeepcaveSymbolicError",
    "DomainWarning",
    "Explanation",
    "Formula",
    "ModelSurrogate",
    "Run",
    "SymbolicExplainer",
    "explain",
    "explain_all",
    "load_run",
]

_HOMES = {
    "DeepcaveSymbolicError": "exceptions",
    "DomainWarning": "exceptions",
    "Explanation": "explanation",
    "Formula": "formula",
    "ModelSurrogate": "surrogates",
    "Run": "runs",
    "SymbolicExplainer": "estimator",
    "explain": "api",
    "explain_all": "api",
    "load_run": "runs",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
