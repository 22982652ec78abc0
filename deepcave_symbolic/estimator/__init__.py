"""Symbolic regression of any table, as a scikit-learn estimator."""
