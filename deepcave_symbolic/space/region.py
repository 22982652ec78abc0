"""The part of the configuration space that is asked about: all of it, its best configurations, or parts of domains.

What a user writes is checked without a run first (`checked_region`), and against the names, bounds and choices of a
run's space where there is one (`region_in`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.exceptions import InvalidArgumentError, UnknownNameError
from deepcave_symbolic.records import Frozen, Record
from deepcave_symbolic.space.axis import Axis, axis_of
from deepcave_symbolic.space.choices import choice_position, choices_of, names_of, plain_value
from deepcave_symbolic.space.part import Part, restricted_space
from deepcave_symbolic.words.names import either, shown_name
from deepcave_symbolic.words.numbers import number_text, rounded_text

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["ALL", "WHOLE", "Region", "checked_region", "region_in", "region_of_texts"]

#: The whole space.
ALL = "all"
_BEST = re.compile(r"best\s*(\d{1,3}(?:\.\d{0,9})?|\.\d{1,9})\s*%", re.IGNORECASE)
#: What there is, as it is written in Python and as it is typed.
_EXPECTED = "expected 'all', 'best 10%', or parts of domains such as {'lr': (1e-4, 1e-2), 'kernel': ['rbf', 'poly']}"
_TYPED = "expected all, best 10%, or parts of domains such as lr=1e-4..1e-2 or kernel=rbf,poly"


@dataclass(frozen=True, eq=False)
class Region(Record):
    """A part of a configuration space; without any field, all of it.

    Args:
        best: The predictions count as they are among the best so many percent of the space, all worse ones as the worst
            of those; None where all count as they are.
        ranges: Lower and upper end of a part of a domain, natural units, by the hyperparameter.
        choices: The values of a categorical or an ordinal that are looked at, as texts, by the hyperparameter.
    """

    best: float | None = None
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=Frozen)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=Frozen)

    def __post_init__(self) -> None:
        """Freezes the mappings."""
        object.__setattr__(self, "ranges", Frozen(self.ranges))
        object.__setattr__(self, "choices", Frozen(self.choices))

    @property
    def is_part(self) -> bool:
        """Whether it leaves out a part of a domain."""
        return bool(self.ranges or self.choices)

    @property
    def words(self) -> str:
        """The region as it stands in a title, such as "for lr from 0.0001 to 0.01"; empty for the whole space."""
        if self.best is not None:
            return f"among the best {number_text(self.best)} %"
        parts = [
            f"{shown_name(name)} {f'= {ends[0]}' if ends[0] == ends[1] else f'from {ends[0]} to {ends[1]}'}"
            for name, bounds in self.ranges.items()
            for ends in [[rounded_text(end, 6) for end in bounds]]
        ]
        parts += [
            f"{shown_name(name)} = {either(list(map(_shown_choice, names)))}" for name, names in self.choices.items()
        ]
        return f"for {' and '.join(parts)}" if parts else ""

    def restricted(self, configspace: ConfigurationSpace) -> ConfigurationSpace:
        """Returns the space with parts of domains, or the space itself without any; see `space.part`."""
        if not self.is_part:
            return configspace
        parts: dict[str, Part] = dict(self.ranges)
        for name, names in self.choices.items():
            known = names_of(choices_of(configspace[name]))
            parts[name] = tuple(float(known.index(each)) for each in names)
        return restricted_space(configspace, parts)


WHOLE = Region()


def checked_region(given: Any, expected: str = _EXPECTED) -> str | Mapping[str, tuple[Any, ...]]:
    """Returns a region as users write it, in one spelling, such as "best 10%"; names are checked by `region_in`.

    Args:
        given: What they wrote.
        expected: What they might have written, for the error.

    Raises:
        InvalidArgumentError: If it is none.
    """
    if isinstance(given, str):
        if given.strip().lower() == ALL:
            return ALL
        found = _BEST.fullmatch(given.strip())
        percent = float(found[1]) if found else math.nan
        if not 0.0 < percent < 100.0:
            raise InvalidArgumentError(f"region is {given!r:.100}; {expected}.")
        return f"best {number_text(percent)}%"
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise InvalidArgumentError(f"region is {given!r:.100}; {expected}.")
    parts = {}
    for name, value in given.items():
        plain = plain_value(list(value) if isinstance(value, (set, frozenset)) else value)
        parts[name] = plain if isinstance(plain, tuple) else (plain,)
        if not parts[name]:
            raise InvalidArgumentError(f"region leaves nothing of {name!r}; {expected}.")
    return Frozen(parts) if parts else ALL


def region_of_texts(texts: Sequence[str]) -> str | Mapping[str, tuple[Any, ...]]:
    """Returns the region that texts stand for: "best 10%", or one each of "lr=1e-4..1e-2" and "kernel=rbf,poly".

    Raises:
        InvalidArgumentError: If they are none, or do not go together.
    """
    stripped = [text.strip() for text in texts if text.strip()]
    parts: dict[str, tuple[Any, ...]] = {}
    for text in stripped:
        name, sign, value = text.rpartition("=")
        if not sign:
            if len(stripped) > 1:
                raise InvalidArgumentError(
                    f"{text!r:.100} stands beside another region; expected one of all and best N%, or parts of domains "
                    "such as lr=1e-4..1e-2."
                )
            return checked_region(text, _TYPED)
        if name.strip() in parts:
            raise InvalidArgumentError(f"The region has two parts of {name.strip()!r}; give one.")
        parts[name.strip()] = _part_of_text(value.strip(), text)
    return checked_region(parts)


def _part_of_text(value: str, text: str) -> tuple[Any, ...]:
    low, dots, high = value.partition("..")
    if dots:
        try:
            return float(low), float(high)
        except ValueError:
            pass  # a choice with dots
    choices = tuple(each.strip() for each in value.split(",") if each.strip())
    if not choices:
        raise InvalidArgumentError(
            f"{text!r:.100} is no part of a domain; expected NAME=LOW..HIGH or NAME=CHOICE,CHOICE."
        )
    return choices


def region_in(configspace: ConfigurationSpace, region: str | Mapping[str, tuple[Any, ...]]) -> Region:
    """Returns what `checked_region` returned as a region of a space.

    Raises:
        UnknownNameError: If the space has no such hyperparameter or choice.
        HyperparameterNotExplainableError: If a hyperparameter has a single value, or no finite bounds.
        InvalidArgumentError: If ends are no numbers, in the wrong order or outside of the domain.
    """
    if isinstance(region, str):
        return WHOLE if region == ALL else Region(best=float(region.removeprefix("best").rstrip("%")))
    ranges: dict[str, tuple[float, float]] = {}
    choices: dict[str, tuple[str, ...]] = {}
    for name, given in region.items():
        axis = axis_of(configspace, name)
        hyperparameter: Any = configspace[name]
        if hasattr(hyperparameter, "lower"):
            ranges[name] = _range(axis, given)
        elif axis.labels is None:  # an ordinal of numbers, of which a range is several
            low, high = _range(axis, given)
            inside = [value for value in choices_of(hyperparameter) if low <= value <= high]
            choices[name] = _names(hyperparameter, name, inside)
        else:
            choices[name] = _names(hyperparameter, name, given)
    return Region(ranges=ranges, choices=choices)


def _range(axis: Axis, given: Sequence[Any]) -> tuple[float, float]:
    """Returns the ends of a part of a domain with numbers; a single number is both."""
    ends = [_number(end) for end in (given if len(given) == 2 else (*given, *given))]
    domain = f"{axis.shown(axis.lower, 6)} to {axis.shown(axis.upper, 6)}"
    if len(ends) != 2 or not all(map(math.isfinite, ends)):
        raise InvalidArgumentError(
            f"The region of {axis.name!r} is {_listed(given)}; expected two numbers, the lower one first, within "
            f"{domain}."
        )
    low, high = ends
    if low > high:
        raise InvalidArgumentError(
            f"The region of {axis.name!r} begins at {low:g} and ends at {high:g}; expected the lower number first."
        )
    slack = 1e-9 * (axis.upper - axis.lower)
    if low < axis.lower - slack or high > axis.upper + slack:
        raise InvalidArgumentError(
            f"The region of {axis.name!r}, {low:g} to {high:g}, leaves its domain; expected numbers within {domain}."
        )
    low, high = max(low, axis.lower), min(high, axis.upper)
    if axis.integer:
        low, high = float(math.ceil(low)), float(math.floor(high))
    if low > high or (axis.values is not None and not any(low <= value <= high for value in axis.values)):
        raise InvalidArgumentError(
            f"The region of {axis.name!r}, {ends[0]:g} to {ends[1]:g}, lies between two of its values; expected at "
            "least one inside."
        )
    return low, high


def _number(value: Any) -> float:
    """Returns a number, also one that a command line gives as text; NaN for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan


def _shown_choice(name: str) -> str:
    """Returns the name of a choice in a sentence; numbers need no quotes there."""
    number = _number(name)
    return number_text(number) if math.isfinite(number) else shown_name(name)


def _names(hyperparameter: Any, name: str, given: Sequence[Any]) -> tuple[str, ...]:
    """Returns the names of choices, in their own order."""
    choices = choices_of(hyperparameter)
    names = names_of(choices)
    positions = [choice_position(value, choices) for value in given]
    for value, position in zip(given, positions, strict=True):
        if math.isnan(position):
            raise UnknownNameError(f"choice of {name!r}", value, names)
    return tuple(names[int(position)] for position in sorted(set(positions)))


def _listed(values: Sequence[Any]) -> str:
    return f"{', '.join(map(repr, values)):.100}"
