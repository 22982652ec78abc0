"""Writes Python functions over NumPy arrays that compute formulas."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.space.choices import LOOKUP, choice_positions, lookup_source
from deepcave_symbolic.words.names import identifiers

__all__ = ["Body", "function_source"]

#: Returns the lines of a body, without indent, for the identifiers of the hyperparameters and what choices are
#: compared with, by the position of their hyperparameter.
Body = Callable[[list[str], Mapping[int, Sequence[Any]]], Sequence[str]]


def function_source(objective: str, axes: Sequence[Axis], body: Body) -> str:
    """Returns the source of a function of hyperparameters, whose comments name them and their domains.

    Args:
        objective: What the function computes.
        axes: The hyperparameters.
        body: Its lines.
    """
    function, *arguments = identifiers([objective, *(a.name for a in axes)], taken=[f.__name__ for f in LOOKUP])
    compared: dict[int, Sequence[Any]] = {}
    looked_up = []
    for i, axis in enumerate(axes):
        if not axis.categorical or axis.choices is None:
            continue
        compared[i] = axis.choices
        if not all(isinstance(choice, str) and not choice.endswith("\0") for choice in axis.choices):
            # Arrays turn 1 into 1.0, True into "True" and tuples into rows, and drop a NUL at the end.
            compared[i] = range(len(axis.choices))
            looked_up.append(f"    {arguments[i]} = {choice_positions.__name__}({arguments[i]}, {axis.choices!a})")
    lines = [
        "import numpy as np",
        "",
        "",
        *([lookup_source(), ""] if looked_up else []),
        f"def {function}({', '.join(arguments)}):",
        f"    # {objective!a} as a formula of {', '.join(ascii(axis.name) for axis in axes)}",
        *(f"    # {axis_line!a}" for axis_line in (axis.describe() for axis in axes)),
        *looked_up,
        *(f"    {line}" for line in body(arguments, compared)),
        "",
    ]
    return "\n".join(lines)
