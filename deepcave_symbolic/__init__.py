"""Short, explicit formulas of a SMAC run's surrogate, each with the numbers that say how far to trust it.

The public names are loaded at their first use, so that importing the package costs nothing.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deepcave_symbolic.api import (
        explain,
        explain_all,
        explain_run,
        explain_study,
        law,
        next_trials,
        report_html,
        suggest_space,
    )
    from deepcave_symbolic.comparison import Comparison, DescribedOptima, LawComparison, RunComparison
    from deepcave_symbolic.estimator.regressor import SymbolicRegressor
    from deepcave_symbolic.exceptions import DeepcaveSymbolicError, DomainWarning
    from deepcave_symbolic.explainer import Explainer
    from deepcave_symbolic.explanation import Explanation, Explanations, OwnFormula, RunExplanation, Unexplained
    from deepcave_symbolic.formulas.formula import Formula
    from deepcave_symbolic.live.callback import SymbolicCallback
    from deepcave_symbolic.live.history import read_formulas
    from deepcave_symbolic.question import Question
    from deepcave_symbolic.runs import Run, load_run
    from deepcave_symbolic.show.figures.pairs import plot_pairs
    from deepcave_symbolic.show.pairs import pair_table
    from deepcave_symbolic.side_by_side import compare, compare_laws, compare_optima, compare_runs
    from deepcave_symbolic.suggestions import Law, NextTrials, SuggestedSpace
    from deepcave_symbolic.surrogates import ModelSurrogate
    from deepcave_symbolic.whole_run import RunFormula

__all__ = [
    "Comparison",
    "DeepcaveSymbolicError",
    "DescribedOptima",
    "DomainWarning",
    "Explainer",
    "Explanation",
    "Explanations",
    "Formula",
    "Law",
    "LawComparison",
    "ModelSurrogate",
    "NextTrials",
    "OwnFormula",
    "Question",
    "Run",
    "RunComparison",
    "RunExplanation",
    "RunFormula",
    "SuggestedSpace",
    "SymbolicCallback",
    "SymbolicRegressor",
    "Unexplained",
    "compare",
    "compare_laws",
    "compare_optima",
    "compare_runs",
    "explain",
    "explain_all",
    "explain_run",
    "explain_study",
    "law",
    "load_run",
    "next_trials",
    "pair_table",
    "plot_pairs",
    "read_formulas",
    "report_html",
    "suggest_space",
]

_HOMES = {
    "Comparison": "comparison",
    "DeepcaveSymbolicError": "exceptions",
    "DomainWarning": "exceptions",
    "Explanation": "explanation",
    "Explainer": "explainer",
    "Explanations": "explanation",
    "OwnFormula": "explanation",
    "Question": "question",
    "Unexplained": "explanation",
    "Formula": "formulas.formula",
    "ModelSurrogate": "surrogates",
    "Run": "runs",
    "RunExplanation": "explanation",
    "RunFormula": "whole_run",
    "SymbolicRegressor": "estimator.regressor",
    "SymbolicCallback": "live.callback",
    "compare": "side_by_side",
    "compare_laws": "side_by_side",
    "compare_optima": "side_by_side",
    "DescribedOptima": "comparison",
    "compare_runs": "side_by_side",
    "LawComparison": "comparison",
    "RunComparison": "comparison",
    "explain": "api",
    "explain_all": "api",
    "explain_run": "api",
    "explain_study": "api",
    "load_run": "runs",
    "read_formulas": "live.history",
    "pair_table": "show.pairs",
    "plot_pairs": "show.figures.pairs",
    "report_html": "api",
    "next_trials": "api",
    "suggest_space": "api",
    "law": "api",
    "Law": "suggestions",
    "NextTrials": "suggestions",
    "SuggestedSpace": "suggestions",
}


def __getattr__(name: str) -> Any:
    if name == "SymbolicExplainer":
        warnings.warn("SymbolicExplainer is called SymbolicRegressor now.", DeprecationWarning, stacklevel=2)
        name = "SymbolicRegressor"
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
