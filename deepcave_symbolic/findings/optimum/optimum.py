"""The record of a formula's optimum."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Optimum:
    """Where a formula is best, beside the run's incumbent.

    Args:
        values: The formula's optimum in natural units, in the order of its axes.
        value: The formula there, objective units.
        certified: Whether no point of the domain is better by more than 0.1 % of the formula's range, proven.
        incumbent: The incumbent's values of the same hyperparameters; None without one.
        incumbent_cost: The objective of the incumbent's whole configuration; the formula averages over the other
            hyperparameters, so the two are not comparable.
        value_at_incumbent: The formula at the incumbent's values.
        disagrees: Whether formula and surrogate differ by more than the surrogate's uncertainty; None where there is
            nothing to compare.
        sentence: The same in words.
    """

    values: tuple[float, ...]
    value: float
    certified: bool
    incumbent: tuple[float, ...] | None
    incumbent_cost: float | None
    value_at_incumbent: float | None
    disagrees: bool | None
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Returns the record as JSON values; what is not finite becomes None."""
        return {
            "values": list(self.values),
            "value": _finite_or_none(self.value),
            "certified": self.certified,
            "incumbent": None if self.incumbent is None else list(self.incumbent),
            "incumbent_cost": _finite_or_none(self.incumbent_cost),
            "value_at_incumbent": _finite_or_none(self.value_at_incumbent),
            "disagrees": self.disagrees,
            "sentence": self.sentence,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Optimum:
        """Reads what `to_dict` wrote.

        Raises:
            KeyError: If a field is missing.
            TypeError: If a field has another type.
            ValueError: If a number is none.
        """
        if not isinstance(data["sentence"], str) or not isinstance(data["certified"], bool):
            raise TypeError("not the dictionary of an optimum")
        if data["disagrees"] is not None and not isinstance(data["disagrees"], bool):
            raise TypeError("not the dictionary of an optimum")
        return cls(
            values=tuple(float(v) for v in data["values"]),
            value=math.nan if data["value"] is None else float(data["value"]),
            certified=data["certified"],
            incumbent=None if data["incumbent"] is None else tuple(float(v) for v in data["incumbent"]),
            incumbent_cost=_float_or_none(data["incumbent_cost"]),
            value_at_incumbent=_float_or_none(data["value_at_incumbent"]),
            disagrees=data["disagrees"],
            sentence=data["sentence"],
        )


def _finite_or_none(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _float_or_none(value: Any) -> float | None:
    return None if value is None else float(value)
