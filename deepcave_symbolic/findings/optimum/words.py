"""A formula's optimum beside the incumbent, in a sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from deepcave_symbolic.findings.evidence import Evidence
from deepcave_symbolic.findings.optimum.branch_and_bound import Best
from deepcave_symbolic.findings.optimum.expectation import Expectation
from deepcave_symbolic.formulas.expression import variables
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.space.values import shown_value
from deepcave_symbolic.words.names import shown_name
from deepcave_symbolic.words.numbers import number_text, round_significant

#: A value counts that is beyond the best trial by this share of how far that is from the median one.
_BEYOND = 0.25


def sentence(formula: Formula, found: Expectation, evidence: Evidence | None, *, maximize: bool) -> str:
    """Returns where a formula is best and what surrogate, incumbent and trials say to that."""
    best = found.best
    if not math.isfinite(best.value):
        return "The formula has no value anywhere on a dense grid of its domain."
    objective = f"{shown_name(formula.objective)} ≈ {number_text(round_significant(best.value, 3))}"
    used = sorted(variables(formula.tree))
    if not used:
        return f"The formula is the same everywhere ({objective}) and prefers no value."
    extreme = "highest" if maximize else "lowest"
    if evidence is not None and evidence.effect() == "untold":
        has = "" if found.incumbent is None else f"; the incumbent has {_named(formula.axes, found.incumbent, used)}"
        return f"{evidence.cannot} tell where {shown_name(formula.objective)} is {extreme}{has}."
    proven = "" if best.certified else ", as far as was searched,"
    objective += _overshoot(evidence, best.value) + _remark(evidence, best, used)
    text = f"The formula is {extreme}{proven}{_where(formula, best, used)} ({objective})"
    open_ = [] if evidence is None else [i for i in evidence.unsettled if i in used]
    doubt = ""
    if evidence is not None and open_:
        along = f" of {' and '.join(shown_name(formula.axes[i].name) for i in open_)}" if len(formula.axes) > 1 else ""
        doubt = f" The trials do not settle which value{along} is best."
    if found.is_off and found.here is not None:
        text += f", where the surrogate expects {found.here.shown(found.floor)}"
    if found.incumbent is None:
        return f"{text}{': formula and surrogate disagree' if found.is_off else ''}.{doubt}"
    return f"{text}{_beside_incumbent(formula.axes, found, found.incumbent, used)}{doubt}"


def _overshoot(evidence: Evidence | None, value: float) -> str:
    """Returns that no trial comes near a value where it is far beyond all of theirs."""
    projection = None if evidence is None else evidence.projection
    if projection is None or len(projection.trials.costs) == 0:
        return ""
    low, middle, high = np.quantile(projection.trials.costs, (0.0, 0.5, 1.0)).tolist()
    side, end = ("below", low) if value < low else ("above", high)
    if low <= value <= high or not abs(value - end) > _BEYOND * abs(middle - end):
        return ""
    # Between the trials there may be better ones, but no average over what they are made of.
    why = "the formula overshoots, " if projection.n_averaged and projection.view.averages else ""
    return f": {why}no trial is {side} {number_text(round_significant(end, 3))}"


def _where(formula: Formula, best: Best, used: Sequence[int]) -> str:
    """Returns the place or, where the formula is as good elsewhere, the stretch."""
    axes = formula.axes
    if best.plateau and len(axes) == 1:
        low, high = (shown_value(axes[0], end, exact=True) for end in best.plateau[0])
        return f", and flat, from {shown_name(axes[0].name)} {low} to {high.removeprefix('= ')}"
    text = " at " + " and ".join(_assigned(axes, best.values, used))
    if len(used) < len(axes):
        return f"{text}, whatever {' and '.join(shown_name(a.name) for i, a in enumerate(axes) if i not in used)} is"
    return f"{text} and is flat around it" if best.plateau else text


def _remark(evidence: Evidence | None, best: Best, used: Sequence[int]) -> str:
    """Returns between which trials the optimum lies where none is near."""
    if evidence is None:
        return ""
    axes = evidence.projection.axes
    gaps = [
        (f" with {shown_name(axes[i].name)}" if len(axes) > 1 else "", evidence.gap(i, best.values[i])) for i in used
    ]
    return "".join(f"; no trial{name} {gap}" for name, gap in gaps if gap)


def _beside_incumbent(axes: Sequence[Axis], found: Expectation, incumbent: Sequence[float], used: Sequence[int]) -> str:
    has = _named(axes, incumbent, used)
    same = _assigned(axes, incumbent, used) == _assigned(axes, found.best.values, used)
    if found.here is None or found.there is None:
        return ", which is where the incumbent is." if same else f"; the incumbent has {has}."
    if found.are_apart:
        surrogate = "it" if found.is_off else "the surrogate"
        beside = "" if found.is_off else f", against {found.here.shown(found.floor)} at the formula's optimum"
        there = found.there.shown(found.floor)
        return f"; the incumbent has {has}, where {surrogate} expects {there}{beside}: they disagree."
    if found.is_off:
        return f": formula and surrogate disagree; the incumbent has {has}."
    if same and not found.best.plateau:
        return ", which is where the incumbent is."
    within = "the surrogate's uncertainty" if found.is_within_uncertainty else "1 % of the formula's range"
    return f"; the incumbent has {has}, as good within {within}."


def _assigned(axes: Sequence[Axis], values: Sequence[float], used: Sequence[int]) -> list[str]:
    return [f"{shown_name(axes[i].name)} {shown_value(axes[i], values[i], exact=True)}" for i in used]


def _named(axes: Sequence[Axis], values: Sequence[float], used: Sequence[int]) -> str:
    """Returns the incumbent's values of what the formula uses, with names where there are two hyperparameters."""
    shown = [(shown_name(axes[i].name), shown_value(axes[i], values[i], exact=True).lstrip("=≈ ")) for i in used]
    return shown[0][1] if len(axes) == 1 else " and ".join(f"{name} {text}" for name, text in shown)
