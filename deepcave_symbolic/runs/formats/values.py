"""Values as the readers of all formats check them: numbers of a trial, and configurations that fit their space."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from deepcave_symbolic.exceptions import RunFormatError
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.runs.run import Trial
from deepcave_symbolic.runs.vectors import MisfitError, vectors_of

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = [
    "BadValueError",
    "by_number",
    "to_finite",
    "to_instance",
    "to_integer",
    "to_number",
    "to_number_or_none",
    "to_seconds",
    "trials_from",
    "vectors_by_id",
    "without_trivial_budget",
]

_Row = TypeVar("_Row")


class BadValueError(ValueError):
    """What is wrong with one trial; the caller adds the file and the trial's number."""


def to_number(value: Any, name: str) -> float:
    """Returns a number, which may be infinite or NaN.

    Raises:
        BadValueError: If it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadValueError(f"its {name} is {value!r:.80}, expected a number")
    try:
        return float(value)
    except OverflowError as error:
        raise BadValueError(f"its {name} is too large for a number") from error


def to_number_or_none(value: Any, name: str) -> float | None:
    """Returns a finite number, None for nothing and for an infinite one or NaN; errors as `to_number`."""
    found = math.nan if value is None else to_number(value, name)
    return found if math.isfinite(found) else None


def to_finite(value: Any, name: str) -> float:
    """Returns a finite number; errors as `to_number`."""
    found = to_number(value, name)
    if not math.isfinite(found):
        raise BadValueError(f"its {name} is {found}, expected a finite number")
    return found


def to_integer(value: Any, name: str) -> int:
    """Returns a whole number, also one that JSON has as a key; errors as `to_number`."""
    if isinstance(value, str):  # the keys of a dictionary by configuration id
        # "1" and "01" would be two keys of one configuration.
        if not value.isdecimal() or str(int(value)) != value:
            raise BadValueError(f"its {name} is {value!r:.80}, expected an integer")
        return int(value)
    found = to_finite(value, name)
    if not found.is_integer():
        raise BadValueError(f"its {name} is {value!r:.80}, expected an integer")
    return int(value)


def to_instance(value: Any) -> str | None:
    """Returns the name of an instance; errors as `to_number`."""
    if value is not None and not isinstance(value, str | int | float):
        raise BadValueError(f"its instance is {value!r:.80}, expected a name")
    return None if value is None else str(value)


def to_seconds(start: Any, end: Any) -> float:
    """Returns how long a trial took, 0 where a time is not there; errors as `to_number`."""
    if start is None or end is None:
        return 0.0
    return max(0.0, to_number(end, "end") - to_number(start, "start"))


def trials_from(rows: Iterable[_Row], trial: Callable[[_Row], Trial], file: Path) -> tuple[Trial, ...]:
    """Returns the trials that rows of a file stand for.

    Args:
        rows: The rows, in the order in which they were recorded.
        trial: Makes a trial of one.
        file: Where they are from.

    Raises:
        RunFormatError: If `trial` raises a BadValueError; the trial's number stands in it.
    """
    found = []
    for position, row in enumerate(rows, start=1):
        try:
            found.append(trial(row))
        except BadValueError as error:
            raise RunFormatError(f"{file}: trial {position}: {error}.", path=file) from error
    return tuple(found)


def by_number(section: Mapping[str, Any], file: Path) -> dict[int, Mapping[str, Any]]:
    """Returns the configurations in an object of JSON by their ids.

    Raises:
        RunFormatError: If an id is no integer, or a configuration no object.
    """
    found: dict[int, Mapping[str, Any]] = {}
    for key, values in section.items():
        try:
            config_id = to_integer(key, "id")
        except BadValueError as error:
            message = f"{file}: configuration id {key!r:.80} is no integer as the optimizer writes it."
            raise RunFormatError(message, path=file) from error
        if not isinstance(values, dict):
            raise RunFormatError(f"{file}: configuration {key} is {values!r:.80}, expected an object.", path=file)
        found[config_id] = values
    return found


def vectors_by_id(
    configurations: Mapping[int, Mapping[str, Any]],
    space: ConfigurationSpace,
    file: Path,
    name: Callable[[int], str] = "configuration {}".format,
) -> tuple[dict[int, Array], tuple[str, ...]]:
    """Returns the vectors of configurations by their ids, and sentences about unusual ones.

    Args:
        configurations: Values by name, by id.
        space: Their space.
        file: Where they are from.
        name: What the file calls the configuration of an id.

    Raises:
        RunFormatError: If one does not fit the space.
    """
    ids = list(configurations)
    try:
        X, notes = vectors_of(list(configurations.values()), space)
    except MisfitError as error:
        raise RunFormatError(
            f"{file}: {name(ids[error.row])} does not fit the configuration space: {error}. Restore the file "
            "from a copy if it is damaged; if the run was made with another space, pass that one as configspace.",
            path=file,
        ) from error
    X.flags.writeable = False
    return dict(zip(ids, X, strict=True)), notes


def without_trivial_budget(trials: Iterable[Trial]) -> tuple[Trial, ...]:
    """Drops the single budget 0 that trials of a run without budgets are given by SMAC 1 and by DeepCAVE."""
    trials = tuple(trials)
    if {trial.budget for trial in trials} == {0.0}:
        return tuple(replace(trial, budget=None) for trial in trials)
    return trials
