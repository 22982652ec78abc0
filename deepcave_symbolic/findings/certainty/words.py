"""How sure form and optimum are, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deepcave_symbolic.findings.certainty.directions import Stretch
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.formulas.meaning.shapes import LEVEL, OTHER
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.words.names import shown_name
from deepcave_symbolic.words.numbers import percent

#: Shapes that are named; the rest is "another form".
_NAMED = 3
#: An optimum that may lie on more than this share of the domain is not settled.
_SETTLED = 0.75


def sentence(
    formula: Formula,
    shapes: Sequence[tuple[str, float]],
    optimum: Sequence[tuple[float, float]],
    stretches: Sequence[Stretch] | None,
    n: int,
    source: str,
) -> str:
    """Returns in which share of the draws which shape wins, where they move alike, and where their optimum lies.

    Args:
        formula: The recommended formula.
        shapes: Shapes with their shares.
        optimum: Ends of the optimum for every hyperparameter.
        stretches: Where the draws move alike; None for two hyperparameters.
        n: How many draws.
        source: What is drawn.
    """
    axes = formula.axes
    what = "the surrogate" if source == "surrogate" else "the trials"
    named = [(name, share) for name, share in shapes if name != OTHER][:_NAMED]
    rest = 1.0 - sum(share for _, share in named)
    parts = [f"{name} in {percent(share)}" for name, share in named]
    if rest > 1e-9:
        parts.append(f"{'another' if named else 'a'} form without a name in {percent(rest)}")
    text = f"Of {n} draws of {what}: {', '.join(parts)}."
    if stretches is not None and any(name != LEVEL for name, _ in shapes):
        text += f" {_directions(shown_name(formula.objective), axes[0], stretches)}"
    if not optimum:
        return text
    places = []
    for axis, (low, high) in zip(axes, optimum, strict=True):
        ends = [axis.shown(end, 3) for end in (low, high)]
        places.append(f"{shown_name(axis.name)} {ends[0]}{'' if ends[0] == ends[1] else f' to {ends[1]}'}")
    settled = all(is_settled(axis, ends) for axis, ends in zip(axes, optimum, strict=True))
    unsettled = "" if settled else "; the trials do not settle it"
    return f"{text} The optimum of 90 % of them lies at {' and '.join(places)}{unsettled}."


def _directions(objective: str, axis: Axis, stretches: Sequence[Stretch]) -> str:
    """Returns where the objective moves alike in most draws."""
    if not stretches:
        return f"Whether {objective} rises or falls is nowhere settled."
    low, high = axis.lower, axis.upper
    parts: list[str] = []
    for word, start, end in stretches:
        if start <= low and end >= high:
            return f"In 90 % of them {objective} {word} everywhere."
        ends = [axis.shown(x, 2) for x in (start, end)]
        name = "" if parts else f"{shown_name(axis.name)} "
        if start <= low:
            parts.append(f"{word} up to {name}{ends[1]}")
        elif end >= high:
            parts.append(f"{word} from {name}{ends[0]} on")
        else:
            parts.append(f"{word} between {name}{ends[0]} and {ends[1]}")
    return f"In 90 % of them {objective} {' and '.join(parts)}; elsewhere the direction is not settled."


def is_settled(axis: Axis, ends: tuple[float, float]) -> bool:
    """Returns whether an interval that holds the optimum of most draws says where on the axis it lies."""
    low, high = axis.coordinate_bounds
    first, last = axis.to_coordinate(np.array(ends))
    return not last - first > _SETTLED * (high - low)
