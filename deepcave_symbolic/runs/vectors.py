"""Configurations as ConfigSpace vectors, column by column, and what does not fit their space.

Constructing a `Configuration` of every trial takes most of the time of reading a large run, says of a damaged value
only what its arithmetic stumbled over, takes the list [0.5] for the number 0.5, and refuses configurations that
ConfigSpace itself has drawn: its sampler may apply a condition on a hyperparameter before the one that makes that
hyperparameter inactive, and evaluates conditions on a float before it is rounded to 13 places. So vectors are built and
checked here.

Notation:
    X: ConfigSpace vectors in the space's order, shape (n, d); NaN marks an inactive hyperparameter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcave_symbolic.numeric.arrays import Array, Mask
from deepcave_symbolic.space.choices import choice_position, choices_of
from deepcave_symbolic.space.configurations import activity_in_words, forbidden
from deepcave_symbolic.space.ranges import is_exact, values_on_steps
from deepcave_symbolic.words.numbers import counted

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["MisfitError", "check_value", "vectors_of"]

#: ConfigSpace keeps that many decimal places of a float.
_ROUND_PLACES = 13
_ROUNDING = 10.0**-_ROUND_PLACES
#: Larger integers are no exact floats.
_EXACT = 2**53


class MisfitError(ValueError):
    """A configuration does not fit its space.

    Args:
        row: Its position, from 0.
        reason: What is wrong, in words.
    """

    def __init__(self, row: int, reason: str) -> None:
        super().__init__(reason)
        self.row = row


def vectors_of(rows: Sequence[Mapping[str, Any]], space: ConfigurationSpace) -> tuple[Array, tuple[str, ...]]:
    """Returns the vectors of configurations, shape (n, d), and sentences about those that conditions do not explain.

    Raises:
        MisfitError: If a configuration has an unknown hyperparameter, an illegal value, a value too many or too few, or
            meets a forbidden clause.
    """
    names = set(space)
    for k, row in enumerate(rows):
        for name in row:
            if name not in names:
                raise MisfitError(k, f"the space has no {name!r:.80}")
    X = np.full((len(rows), len(names)), np.nan)
    for i, (name, hyperparameter) in enumerate(space.items()):
        given = np.flatnonzero([name in row for row in rows])
        values = [rows[k][name] for k in given]
        column, good = _column(hyperparameter, values)
        for j in np.flatnonzero(~good)[:1]:
            raise MisfitError(int(given[j]), _misfit(name, hyperparameter, values[j]))
        X[given, i] = column
    notes = tuple(note for i in range(X.shape[1]) if (note := _activity_note(X, space, i)))
    notes += tuple(note for i in range(X.shape[1]) if (note := _steps_note(X, space, i)))
    for k in np.flatnonzero(forbidden(space, X))[:1]:
        raise MisfitError(int(k), "a forbidden clause of the space excludes it")
    return X, notes


def check_value(space: ConfigurationSpace, name: str, value: Any) -> None:
    """Raises MisfitError if a hyperparameter of the space has no such value."""
    _, good = _column(space[name], [value])
    if not good[0]:
        raise MisfitError(0, _misfit(name, space[name], value))


def _misfit(name: str, hyperparameter: Any, value: Any) -> str:
    return f"the value of {name!r:.80} is {value!r:.80}, expected {_domain(hyperparameter)}"


# --- values -------------------------------------------------------------------------------------------------------


def _column(hyperparameter: Any, values: Sequence[Any]) -> tuple[Array, Mask]:
    """Returns the vector values of one hyperparameter's values, bit by bit ConfigSpace's, and which are legal."""
    from ConfigSpace.hyperparameters import FloatHyperparameter, IntegerHyperparameter

    if not isinstance(hyperparameter, FloatHyperparameter | IntegerHyperparameter):
        return _column_of_choices(hyperparameter, values)
    column, good = np.full(len(values), np.nan), np.zeros(len(values), dtype=bool)
    integer = isinstance(hyperparameter, IntegerHyperparameter)
    usable = np.array([_is_number(v, integer=integer) for v in values], dtype=bool)
    index = np.flatnonzero(usable)
    if len(index) == 0:
        return column, good
    numbers = np.array([values[k] for k in index], dtype=np.int64 if integer else np.float64)
    legal = np.asarray(hyperparameter.legal_value(numbers), dtype=bool)
    index, numbers = index[legal], numbers[legal]
    if len(index) == 0:
        return column, good
    if not integer and not is_exact(hyperparameter):
        numbers = np.round(numbers, _ROUND_PLACES)
    with np.errstate(all="ignore"):  # what has no logarithm is no legal vector
        vector = np.asarray(hyperparameter.to_vector(numbers), dtype=np.float64)
    column[index] = vector
    good[index] = np.isfinite(vector) & np.asarray(hyperparameter.legal_vector(vector), dtype=bool)
    return column, good


def _is_number(value: Any, *, integer: bool) -> bool:
    if type(value) is float:
        return not integer or (value.is_integer() and abs(value) < _EXACT)
    return type(value) is int and abs(value) < (2**63 if integer else _EXACT)


def _column_of_choices(hyperparameter: Any, values: Sequence[Any]) -> tuple[Array, Mask]:
    """Returns the positions of choices; a constant's only value has an entry of its own in ConfigSpace's vectors."""
    choices = choices_of(hyperparameter)
    known: dict[str, float] = {}
    for key, value in zip(map(repr, values), values, strict=True):
        if key not in known:
            known[key] = choice_position(value, choices)
    column = np.array([known[repr(value)] for value in values], dtype=np.float64)
    good = np.asarray(np.isfinite(column))
    if hasattr(hyperparameter, "value"):
        column[good] = float(hyperparameter.to_vector(hyperparameter.value))
    return column, good


def _domain(hyperparameter: Any) -> str:
    if hasattr(hyperparameter, "lower"):
        kind = "an integer" if isinstance(hyperparameter.lower, int) else "a number"
        return f"{kind} from {hyperparameter.lower:g} to {hyperparameter.upper:g}"
    if hasattr(hyperparameter, "value"):
        return f"{hyperparameter.value!r:.80}"
    choices = hyperparameter.sequence if hasattr(hyperparameter, "sequence") else hyperparameter.choices
    return f"one of {', '.join(map(repr, choices)):.200}"


def _steps_note(X: Array, space: ConfigurationSpace, i: int) -> str | None:
    """Returns a sentence where values lie between the steps of their range, as in a run of another space."""
    name = list(space)[i]
    steps = values_on_steps(space[name])
    given = X[~np.isnan(X[:, i]), i]
    if steps is None or len(given) == 0:
        return None
    natural = np.asarray(space[name].to_value(given), dtype=np.float64)
    off = np.min(np.abs(natural[:, None] - steps), axis=1) > 1e-6 * (steps[1] - steps[0])
    if not np.any(off):
        return None
    return f"{int(off.sum())} configurations have a value of {name} between its steps; the nearest step stands for it."


# --- conditions ---------------------------------------------------------------------------------------------------


def _activity_note(X: Array, space: ConfigurationSpace, i: int) -> str | None:
    """Returns a sentence where a hyperparameter is (not) set against its conditions and ConfigSpace can have done so.

    Raises:
        MisfitError: Where it cannot.
    """
    name = list(space)[i]
    is_set = ~np.isnan(X[:, i])
    active = _is_active(X, space, name)
    wrong = np.flatnonzero(is_set != active)
    if len(wrong) == 0:
        return None
    parents = [parent.name for parent in space.parents_of[name]]
    where = " and ".join(activity_in_words(space, name)) or "everywhere"
    if not any(space.parent_conditions_of[parent] for parent in parents):
        unexplained = wrong[~_at_a_threshold(X[wrong], space, name, parents)]
        for k in unexplained[:1]:
            found = "it has a value of" if is_set[k] else "it has no value of"
            raise MisfitError(
                int(k),
                f"{found} {name!r:.80}, which is active only where {where}" if parents else f"{found} {name!r:.80}",
            )
    return (
        f"{name} has a value, or none, against its condition in {counted(len(wrong), 'configuration')}: {where}. "
        "ConfigSpace draws such ones where conditions depend on each other; they are taken as recorded, as SMAC's "
        "model took them."
    )


def _is_active(X: Array, space: ConfigurationSpace, name: str) -> Mask:
    active: Mask = np.ones(len(X), dtype=bool)
    for condition in space.parent_conditions_of[name]:
        active &= np.asarray(condition.satisfied_by_vector_array(X.T), dtype=bool)
    return active


def _at_a_threshold(X: Array, space: ConfigurationSpace, name: str, parents: Sequence[str]) -> Mask:
    """Returns in which rows another rounding of a float parent decides differently."""
    from ConfigSpace.hyperparameters import FloatHyperparameter

    before = _is_active(X, space, name)
    differs: Mask = np.zeros(len(X), dtype=bool)
    for parent in parents:
        hyperparameter = space[parent]
        if not isinstance(hyperparameter, FloatHyperparameter):
            continue
        i = list(space).index(parent)
        values = np.asarray(hyperparameter.to_value(X[:, i]), dtype=np.float64)
        for shift in (-_ROUNDING, _ROUNDING):
            moved = X.copy()
            shifted = np.clip(values + shift, hyperparameter.lower, hyperparameter.upper)
            moved[:, i] = hyperparameter.to_vector(shifted)
            differs |= _is_active(moved, space, name) != before
    return differs
