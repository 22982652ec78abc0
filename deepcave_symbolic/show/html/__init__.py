"""Writes explanations and comparisons as HTML files that open without internet: formulas, figures, provenance."""

from deepcave_symbolic.show.html.comparison import comparison_page
from deepcave_symbolic.show.html.page import GENERATOR, MAX_BYTES
from deepcave_symbolic.show.html.report import explanation_page, report_page

__all__ = ["GENERATOR", "MAX_BYTES", "comparison_page", "explanation_page", "report_page"]
