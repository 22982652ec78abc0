"""Expressions and formulas: normalised, rounded, printed, scored, and the front they form."""
