"""What a choice is: a value, which configurations hold, and its name, which people read.

Choices are those of a categorical and the values of an ordinal, in the order of ConfigSpace's vector entries. A value
is a text, a number, a truth value, None or a tuple of these; lists count as tuples, because JSON makes lists of them.
Values are looked up by the functions below and nowhere else: formulas in Python carry their source along, so that what
is exported finds a choice as `Formula.predict` does. They need NumPy at most, and their annotations no import.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from deepcave_symbolic.space.notes import VALUES, noted

__all__ = [
    "LOOKUP",
    "choice_position",
    "choice_positions",
    "choices_of",
    "lookup_source",
    "names_of",
    "plain_value",
    "storable",
]


def choices_of(hyperparameter: Any) -> tuple[Any, ...]:
    """Returns the values of a categorical's or ordinal's vector entries, of a constant its only value."""
    if hasattr(hyperparameter, "value"):
        held = [hyperparameter.value]
    else:
        held = hyperparameter.sequence if hasattr(hyperparameter, "sequence") else hyperparameter.choices
    values = noted(hyperparameter, VALUES)
    if isinstance(values, list) and len(values) == len(held):
        held = values
    return tuple(map(storable, held))


def names_of(choices: Sequence[Any]) -> tuple[str, ...]:
    """Returns what people read for values; in quotes where two of them, such as 1 and "1", would read the same."""
    names = tuple(str(value) for value in choices)
    return names if len(set(names)) == len(names) else tuple(repr(value) for value in choices)


def storable(value: Any) -> Any:
    """Returns the value of a choice as JSON can hold it: tuples for lists, foreign objects by their text."""
    value = plain_value(value)
    if isinstance(value, tuple):
        return tuple(map(storable, value))
    return value if value is None or isinstance(value, str | int | float) else str(value)


def plain_value(value: object) -> object:
    """Returns Python's own value for one of NumPy's or pandas', and tuples for lists."""
    value = value.tolist() if hasattr(value, "tolist") else value
    return tuple(plain_value(item) for item in value) if isinstance(value, (list, tuple)) else value


def choice_position(value: object, choices: tuple[object, ...]) -> float:
    """Returns the position of a value among choices: as it is, else what is equal to it, else by its text; or NaN."""
    value = plain_value(value)
    itself = [repr(choice) == repr(value) for choice in choices]  # 1, 1.0, True and "1" are four choices
    equal = [choice == value or (choice is None and value != value) for choice in choices]  # tables have NaN for None
    by_text = [str(choice) == str(value) for choice in choices]
    for found in (itself, equal, by_text):
        if True in found:
            return float(found.index(True))
    return float("nan")


def choice_positions(given: object, choices: tuple[object, ...]) -> float | list[float]:
    """Returns the position of a value among choices, or the positions of the values in a list or array."""
    given = plain_value(given)
    if not isinstance(given, tuple) or given in choices:
        return choice_position(given, choices)
    return [choice_position(value, choices) for value in given]


#: What finds choices.
LOOKUP = (plain_value, choice_position, choice_positions)


def lookup_source() -> str:
    """Returns the source of the functions that find choices, for programs that have no more than NumPy."""
    return "\n\n".join(inspect.getsource(function) for function in LOOKUP)
