"""Writes explanations as one HTML file that opens without internet: formulas, figures, warnings, provenance."""

from deepcave_symbolic.show.html.page import GENERATOR, MAX_BYTES, explanation_page, report_page

__all__ = ["GENERATOR", "MAX_BYTES", "explanation_page", "report_page"]
