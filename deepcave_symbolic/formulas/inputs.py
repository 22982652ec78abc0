"""Reads what a formula is evaluated at: tables, mappings and configurations become one array a hyperparameter."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from deepcave_symbolic.exceptions import InvalidArgumentError, MissingNameError, UnknownNameError
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.space.choices import choice_positions, plain_value

__all__ = ["columns_for"]


def columns_for(axes: Sequence[Axis], X: Any, optional: Collection[str] = ()) -> list[Array]:
    """Returns the values of each axis as numbers, shape (n,): choices as positions, ordinals without numbers as ranks.

    Args:
        axes: The hyperparameters.
        X: A mapping or DataFrame of hyperparameter name to values in natural units (scalars or arrays of shape (n,)),
            or a list of configurations.
        optional: Those that may be missing or None where they are inactive, which gives NaN.

    Raises:
        MissingNameError: If another hyperparameter is missing from X.
        UnknownNameError: If a choice is unknown.
        InvalidArgumentError: If X is no table of values.
    """
    if isinstance(X, Sequence) and not isinstance(X, (str, bytes)):
        rows = [dict(row) for row in X]
        missing = [a.name for a in axes if a.name not in optional and any(a.name not in row for row in rows)]
        if missing:
            raise _missing(missing[0], axes, sorted({k for row in rows for k in row}))
        X = {a.name: [row.get(a.name) for row in rows] for a in axes}
    if not hasattr(X, "keys"):
        raise InvalidArgumentError(
            f"predict needs a mapping or DataFrame of hyperparameter to values, or a list of configurations; found "
            f"{type(X).__name__}."
        )
    columns = []
    for axis in axes:
        if axis.name in X:
            columns.append(_numbers(axis, X[axis.name], inactive=axis.name in optional))
        elif axis.name in optional:
            columns.append(np.full(1, np.nan))
        else:
            raise _missing(axis.name, axes, list(map(str, X.keys())))
    try:
        return [np.ascontiguousarray(c) for c in np.broadcast_arrays(*columns)]
    except ValueError:
        raise InvalidArgumentError(
            f"The hyperparameters have different numbers of values: {', '.join(str(len(c)) for c in columns)}."
        ) from None


def _missing(name: str, axes: Sequence[Axis], given: Sequence[str]) -> MissingNameError:
    used = {axis.name for axis in axes}
    return MissingNameError("hyperparameter", name, given, [each for each in given if each not in used])


def _numbers(axis: Axis, values: Any, *, inactive: bool) -> Array:
    """Returns natural values as numbers; what is missing is NaN where the hyperparameter may be inactive."""
    if axis.choices is not None:
        given = plain_value(values)
        found = np.atleast_1d(np.asarray(choice_positions(given, axis.choices)))
        items = given if isinstance(given, tuple) else (given,)
        unknown = [i for i in np.flatnonzero(np.isnan(found)) if not (inactive and _is_missing(items[i]))]
        if len(unknown) == 0:
            return found
        if axis.categorical or not all(isinstance(item, int | float) for item in items):
            kind = "choice" if axis.categorical else "value"
            raise UnknownNameError(f"{kind} of {axis.name}", items[unknown[0]], axis.labels or ())
    array = np.atleast_1d(np.asarray(values))
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError):
        raise InvalidArgumentError(f"The values of {axis.name!r} are not numbers: {array.tolist()!r:.80}") from None


def _is_missing(value: object) -> bool:
    return value is None or value != value
