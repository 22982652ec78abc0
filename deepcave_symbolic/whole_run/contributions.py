"""What each part adds for one configuration, and what a change of it would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepcave_symbolic.records import Frozen, Record
from deepcave_symbolic.whole_run.saturation import Saturation, attributed
from deepcave_symbolic.words.names import all_of, shown_name
from deepcave_symbolic.words.numbers import rounded_text

__all__ = ["Contribution", "Contributions", "InsideStep", "NearestTrial", "WhatIf"]


@dataclass(frozen=True, eq=False)
class Contribution(Record):
    """What a part adds for a configuration.

    Args:
        hyperparameters: Of the part.
        part: The part as text.
        value: What it adds, on the link's scale; 0 where it is inactive. Inside a saturation its share of the
            difference that all parts make together, in proportion to what it adds to the sum inside.
    """

    hyperparameters: tuple[str, ...]
    part: str
    value: float

    def signed(self, space: str = " ") -> str:
        """Returns the value with its sign, a space between them, and whose it is, such as - 0.27 (lr)."""
        names = all_of(list(map(shown_name, self.hyperparameters)))
        return f"{'-' if self.value < 0.0 else '+'}{space}{rounded_text(abs(self.value))} ({names})"


@dataclass(frozen=True, eq=False)
class NearestTrial(Record):
    """The evaluated configuration nearest to one.

    Args:
        configuration: Its active hyperparameters.
        cost: The mean of its costs, objective units.
        distance: Root of the mean squared difference over the hyperparameters, shares of their ranges in search
            coordinates; 1 for another choice.
    """

    configuration: Mapping[str, Any]
    cost: float
    distance: float

    def __post_init__(self) -> None:
        """Freezes the configuration."""
        object.__setattr__(self, "configuration", Frozen(self.configuration))


@dataclass(frozen=True, eq=False)
class InsideStep(Record):
    """What level and parts are on the scale of the sum inside a saturation.

    Args:
        saturation: The saturation.
        level: The formula's level.
        values: What each part adds to the sum.
    """

    saturation: Saturation
    level: float
    values: tuple[float, ...]

    def changes(self, after: InsideStep) -> list[float]:
        """Returns by how much each part moves what the formula gives, from this configuration to another one."""
        moved = [np.array([b - a]) for a, b in zip(self.values, after.values, strict=True)]
        return [float(each[0]) for each in attributed(self.saturation, self.level + sum(self.values), moved)]


@dataclass(frozen=True, eq=False)
class Contributions(Record):
    """A formula taken apart for one configuration: the level and what each part adds.

    Args:
        configuration: The values of its active hyperparameters.
        objective: What is predicted.
        level: What the formula gives where every part is 0, on the link's scale.
        parts: What each part adds, in the formula's order.
        prediction: What the formula gives, objective units.
        link: "identity", or "log10" where level and parts sum to the logarithm of the prediction.
        surrogate: What the surrogate expects, objective units; None where it is not at hand.
        surrogate_std: Its standard deviation; None likewise.
        nearest: The nearest trial; None without trials or where they are not at hand.
        inside: The same inside the formula's saturation; None without one.
    """

    configuration: Mapping[str, Any]
    objective: str
    level: float
    parts: tuple[Contribution, ...]
    prediction: float
    link: str = "identity"
    surrogate: float | None = None
    surrogate_std: float | None = None
    nearest: NearestTrial | None = None
    inside: InsideStep | None = None

    def __post_init__(self) -> None:
        """Freezes the configuration."""
        object.__setattr__(self, "configuration", Frozen(self.configuration))

    def __str__(self) -> str:
        """Returns the sum, such as 0.12 = 0.4 - 0.27 (lr) - 0.01 (n_neurons)."""
        total = rounded_text(self.prediction)
        terms = " ".join([rounded_text(self.level), *(part.signed() for part in self.parts)])
        text = f"{total} = {terms}" if self.link == "identity" else f"{total} = 10^({terms})"
        beside = [] if self.surrogate is None else [f"the surrogate expects {rounded_text(self.surrogate)}"]
        if self.nearest is not None:
            beside.append(f"the nearest trial has {rounded_text(self.nearest.cost)}")
        return "; ".join([text, *beside])


@dataclass(frozen=True, eq=False)
class WhatIf(Record):
    """A configuration before and after a change.

    Args:
        before: The configuration as it is.
        after: The same with other values.
    """

    before: Contributions
    after: Contributions

    @property
    def change(self) -> float:
        """By how much the formula's prediction changes, objective units."""
        return self.after.prediction - self.before.prediction

    @property
    def surrogate_change(self) -> float | None:
        """By how much the surrogate's prediction changes, objective units; None where it is not at hand."""
        if self.before.surrogate is None or self.after.surrogate is None:
            return None
        return self.after.surrogate - self.before.surrogate

    @property
    def changes(self) -> tuple[Contribution, ...]:
        """By how much what each part adds changes, those that change alone, in the formula's order."""
        before, after = self.before, self.after
        if before.inside is not None and after.inside is not None:
            moved = before.inside.changes(after.inside)
        else:
            moved = [b.value - a.value for a, b in zip(before.parts, after.parts, strict=True)]
        found = (Contribution(a.hyperparameters, a.part, by) for a, by in zip(before.parts, moved, strict=True))
        return tuple(each for each in found if each.value != 0.0)

    def __str__(self) -> str:
        """Returns both predictions and what changes them."""
        moved = ", ".join(each.signed("") for each in self.changes) or "no part changes"
        text = f"{rounded_text(self.before.prediction)} becomes {rounded_text(self.after.prediction)}: {moved}"
        if self.before.surrogate is None or self.after.surrogate is None:
            return text
        return (
            f"{text}; the surrogate: {rounded_text(self.before.surrogate)} becomes {rounded_text(self.after.surrogate)}"
        )
