"""Writes explanations as one HTML file that opens without internet: formulas, figures, warnings, provenance."""

from deepcave_symbolic.show.html.page import GENERATOR, MAX_BYTES, explanation_page, report_page
from deepcave_symbolic.show.html.tables import interaction_strength

__all__ = ["GENERATOR", "MAX_BYTES", "explanation_page", "interaction_strength", "report_page"]
