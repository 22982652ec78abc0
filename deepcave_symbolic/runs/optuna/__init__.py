"""Studies of Optuna, read as runs."""
