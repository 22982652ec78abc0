"""The vectors of many recorded configurations at once.

ConfigSpace's constructor checks a configuration value by value, a millisecond for 50 hyperparameters. What is plain (a
number for a number, a known choice, every active hyperparameter set and no other, no forbidden clause) is recognised
here column by column; the rest is left to ConfigSpace, which alone decides what is wrong and says so.

Notation:
    X: ConfigSpace vectors in the space's order, shape (n, d); NaN marks an inactive hyperparameter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcave_symbolic.configurations import Mask, forbidden
from deepcave_symbolic.expression import Array

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["plain_vectors"]

#: ConfigSpace keeps that many decimal places of a float.
_ROUND_PLACES = 13
#: Larger integers are no exact floats.
_EXACT = 2**53


def plain_vectors(rows: Sequence[Mapping[str, Any]], space: ConfigurationSpace) -> tuple[Array, Mask]:
    """Returns the vectors of configurations, shape (n, d), and for which rows they are known to be right, (n,).

    The other rows may be wrong or only unusual (a boolean for a number); ConfigSpace's constructor tells.
    """
    names = set(space)
    plain = np.array([names.issuperset(row) for row in rows], dtype=bool)
    X = np.full((len(rows), len(names)), np.nan)
    for i, (name, hyperparameter) in enumerate(space.items()):
        given = np.flatnonzero([name in row for row in rows])
        values = [rows[k][name] for k in given]
        column, good = _column(hyperparameter, values)
        X[given, i] = column
        plain[given[~good]] = False
    # What is judged next need not look at NaN where a value has been refused.
    judged = np.flatnonzero(plain)
    plain[judged] &= _fits(X[judged], space)
    return X, plain


def _column(hyperparameter: Any, values: Sequence[Any]) -> tuple[Array, Mask]:
    """Returns the vector values of one hyperparameter's values and which of them are plain and legal."""
    from ConfigSpace.hyperparameters import FloatHyperparameter, IntegerHyperparameter

    column, good = np.full(len(values), np.nan), np.zeros(len(values), dtype=bool)
    if not isinstance(hyperparameter, FloatHyperparameter | IntegerHyperparameter):
        known: dict[tuple[type, Any], float] = {}
        for k, value in enumerate(values):
            if type(value) not in (str, int, float, bool):
                continue
            # 1, 1.0 and True are one key of a dictionary and need not be one choice.
            key = (type(value), value)
            if key not in known:
                legal = hyperparameter.legal_value(value)
                known[key] = float(hyperparameter.to_vector(value)) if legal else np.nan
            column[k] = known[key]
        good = np.isfinite(column)
        return column, good
    integer = isinstance(hyperparameter, IntegerHyperparameter)
    kinds: tuple[type, ...] = (int,) if integer else (int, float)
    usable = np.array([type(v) in kinds and (type(v) is float or abs(v) < _EXACT) for v in values], dtype=bool)
    index = np.flatnonzero(usable)
    if len(index) == 0:
        return column, good
    numbers = np.array([values[k] for k in index], dtype=np.int64 if integer else np.float64)
    legal = np.asarray(hyperparameter.legal_value(numbers), dtype=bool)
    index, numbers = index[legal], numbers[legal]
    if len(index) == 0:
        return column, good
    vector = np.asarray(
        hyperparameter.to_vector(numbers if integer else np.round(numbers, _ROUND_PLACES)), dtype=np.float64
    )
    column[index] = vector
    good[index] = np.isfinite(vector) & np.asarray(hyperparameter.legal_vector(vector), dtype=bool)
    return column, good


def _fits(X: Array, space: ConfigurationSpace) -> Mask:
    """Returns which rows set every active hyperparameter, no inactive one, and meet no forbidden clause.

    The same question, condition by condition, as `ConfigSpace.util.check_configuration` asks.
    """
    fits: Mask = np.ones(len(X), dtype=bool)
    if len(X) == 0:
        return fits
    for i, name in enumerate(space.keys()):
        is_set = ~np.isnan(X[:, i])
        conditions = space.parent_conditions_of[name]
        if not conditions:
            fits &= is_set
        for condition in conditions:
            fits &= is_set == np.asarray(condition.satisfied_by_vector_array(X.T), dtype=bool)
    return np.asarray(fits & ~forbidden(space, X), dtype=bool)
