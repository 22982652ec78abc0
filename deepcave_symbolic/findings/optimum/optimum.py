"""The record of a formula's optimum."""

from __future__ import annotations

from dataclasses import dataclass

from deepcave_symbolic.records import Record


@dataclass(frozen=True, eq=False)
class Optimum(Record):
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
        plateau: From where to where an axis the formula is as good as at the optimum, natural units; empty where that
            is one place.
        is_elsewhere: Whether the surrogate tells the optimum and the incumbent apart; None where that is not known.
    """

    values: tuple[float, ...]
    value: float
    certified: bool
    incumbent: tuple[float, ...] | None
    incumbent_cost: float | None
    value_at_incumbent: float | None
    disagrees: bool | None
    sentence: str
    plateau: tuple[tuple[float, float], ...] = ()
    is_elsewhere: bool | None = None
