"""Formulas while SMAC runs."""
