"""A formula's optimum beside the incumbent, in a sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence

from deepcave_symbolic.findings.optimum.expectation import Expectation
from deepcave_symbolic.formulas.expression import variables
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.space.values import shown_value
from deepcave_symbolic.words.names import shown_name
from deepcave_symbolic.words.numbers import number_text, round_significant


def sentence(formula: Formula, found: Expectation, *, maximize: bool) -> str:
    """Returns where a formula is best and what surrogate and incumbent say to that."""
    best = found.best
    if not math.isfinite(best.value):
        return "The formula has no value anywhere on a dense grid of its domain."
    objective = f"{shown_name(formula.objective)} ≈ {number_text(round_significant(best.value, 3))}"
    if not variables(formula.tree):
        return f"The formula is the same everywhere ({objective}) and prefers no value."
    where = " and ".join(_assigned(formula.axes, best.values))
    extreme = "highest" if maximize else "lowest"
    text = f"The formula is {extreme}{'' if best.certified else ', as far as was searched,'} at {where} ({objective})"
    if found.is_off:
        text += f", where the surrogate expects {found.here}"
    if found.incumbent is None:
        return f"{text}{': formula and surrogate disagree' if found.is_off else ''}."
    return f"{text}{_beside_incumbent(formula.axes, found, found.incumbent)}"


def _beside_incumbent(axes: Sequence[Axis], found: Expectation, incumbent: Sequence[float]) -> str:
    has = _named(axes, incumbent)
    if found.here is None and _assigned(axes, incumbent) != _assigned(axes, found.best.values):
        return f"; the incumbent has {has}."
    if found.are_apart:
        surrogate = "it" if found.is_off else "the surrogate"
        beside = "" if found.is_off else f", against {found.here} at the formula's optimum"
        return f"; the incumbent has {has}, where {surrogate} expects {found.there}{beside}: they disagree."
    if found.is_off:
        return f": formula and surrogate disagree; the incumbent has {has}."
    if _assigned(axes, incumbent) == _assigned(axes, found.best.values):
        return ", which is where the incumbent is."
    within = "the surrogate's uncertainty" if found.is_within_uncertainty else "1 % of the formula's range"
    return f"; the incumbent has {has}, as good within {within}."


def _assigned(axes: Sequence[Axis], values: Sequence[float]) -> list[str]:
    return [f"{shown_name(a.name)} {shown_value(a, v, exact=True)}" for a, v in zip(axes, values, strict=True)]


def _named(axes: Sequence[Axis], values: Sequence[float]) -> str:
    """Returns the incumbent's values, with names where there are two."""
    shown = [shown_value(a, v, exact=True).lstrip("=≈ ") for a, v in zip(axes, values, strict=True)]
    if len(axes) == 1:
        return shown[0]
    return " and ".join(f"{shown_name(a.name)} {text}" for a, text in zip(axes, shown, strict=True))
