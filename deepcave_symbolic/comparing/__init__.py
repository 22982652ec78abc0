"""Comparing runs: one form for all of them and its constants, their laws, and the parts of their whole-run formulas."""

from __future__ import annotations

from deepcave_symbolic.comparing.comparison import AGREEMENTS, Compared, Constant
from deepcave_symbolic.comparing.compute import compare_explanations
from deepcave_symbolic.comparing.data_table import DataTable
from deepcave_symbolic.comparing.meta import OptimaByData, described_optima
from deepcave_symbolic.comparing.several import ComparedLaws, ComparedRuns, SharedPart, compared_laws, compared_runs

__all__ = [
    "AGREEMENTS",
    "Compared",
    "ComparedLaws",
    "ComparedRuns",
    "Constant",
    "DataTable",
    "OptimaByData",
    "SharedPart",
    "compare_explanations",
    "compared_laws",
    "compared_runs",
    "described_optima",
]
