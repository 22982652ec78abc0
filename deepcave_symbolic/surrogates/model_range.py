"""Which values a fitted model has seen, as far as it tells: a column in other units would give a wrong formula.

Nothing in a model names its units. But a scaler keeps the range of its data, neighbours and kernel methods keep the
data, and trees keep thresholds between values; where these lie beyond a hyperparameter's domain, the columns are mixed
up or in other units.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.numeric.arrays import Array

__all__ = ["misplaced_columns"]

#: A column that reaches beyond its domain by this share of its width is worth a sentence.
_BEYOND = 0.5
#: Where models keep rows of what they were fitted on: neighbours, Gaussian processes, support vector machines.
_KEPT_ROWS = ("_fit_X", "X_train_", "support_vectors_")


def misplaced_columns(model: Any, bounds: Sequence[tuple[str, float, float]], advice: str) -> tuple[str, ...]:
    """Returns sentences on columns of which the model has seen values far beyond the domain.

    Args:
        model: The fitted model.
        bounds: Name, lowest and highest value of every column; NaN where a column holds no numbers.
        advice: What to do, for the message.

    Raises:
        InvalidArgumentError: If all that it has seen of a column lies outside the domain.
    """
    seen = _seen_range(model)
    if seen is None or len(seen) != len(bounds):
        return ()
    notes = []
    for (name, low, high), (least, most) in zip(bounds, seen, strict=True):
        if not np.all(np.isfinite([low, high, least, most])):
            continue
        found = f"of {name!r} it has seen {least:.4g} to {most:.4g}, and is asked from {low:.4g} to {high:.4g}"
        if most < low or least > high:
            raise InvalidArgumentError(f"The model has seen no value of the configuration space: {found}. {advice}")
        if max(low - least, most - high) > _BEYOND * (high - low):
            notes.append(f"The model was fitted far beyond the configuration space: {found}. {advice}")
    return tuple(notes)


def _seen_range(model: Any) -> Array | None:
    """Returns the lowest and highest value of every column that the model has seen, shape (c, 2); None if unknown."""
    steps = getattr(model, "steps", None)
    if isinstance(steps, list) and steps:
        model = steps[0][1]
    if hasattr(model, "data_min_") and hasattr(model, "data_max_"):
        return np.column_stack([model.data_min_, model.data_max_]).astype(np.float64)
    for name in _KEPT_ROWS:
        rows = getattr(model, name, None)
        if isinstance(rows, np.ndarray) and rows.ndim == 2 and len(rows) and rows.dtype.kind in "fiu":
            return np.column_stack([rows.min(axis=0), rows.max(axis=0)]).astype(np.float64)
    trees = [part.tree_ for part in _parts(model) if hasattr(part, "tree_")]
    return _thresholds(trees, getattr(model, "n_features_in_", 0)) if trees else None


def _parts(model: Any) -> list[Any]:
    members = getattr(model, "estimators_", None)
    return [model] if members is None else list(np.ravel(np.asarray(members, dtype=object)))


def _thresholds(trees: Sequence[Any], n: int) -> Array:
    """Returns the range of the thresholds of every column, NaN for one that no tree looks at, shape (n, 2)."""
    feature = np.concatenate([tree.feature for tree in trees])
    threshold = np.concatenate([tree.threshold for tree in trees])
    ranges = np.full((n, 2), np.nan)
    for j in range(n):
        values = threshold[feature == j]
        if len(values):
            ranges[j] = values.min(), values.max()
    return ranges
