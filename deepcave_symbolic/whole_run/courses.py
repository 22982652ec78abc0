"""What a part does along each of its hyperparameters in the mean over the others, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deepcave_symbolic.formulas.expression import Node, evaluate
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.words.names import all_of, shown_name

__all__ = ["course_of"]

#: Places along the hyperparameter in question, and along each of the others.
_FINE, _COARSE = 61, 7
#: A turn counts from this share of the curve's range on, and a curve from this share of the part's.
_TURN, _MOVES = 0.1, 0.1
_WORDS = {(-1,): "falls", (1,): "rises", (-1, 1): "falls, then rises", (1, -1): "rises, then falls"}
_OFTEN = "rises and falls"


def course_of(tree: Node, axes: Sequence[Axis]) -> str:
    """Returns what a part does along its hyperparameters, such as "falls with C; falls, then rises with gamma".

    Of one hyperparameter the name is left out. Empty where choices alone matter or nothing moves in the mean.

    Args:
        tree: The part.
        axes: Its hyperparameters.
    """
    numeric = [i for i, axis in enumerate(axes) if not axis.categorical]
    curves = {i: _averaged(tree, axes, i) for i in numeric}
    whole = max((float(np.ptp(curve)) for curve in curves.values()), default=0.0)
    courses = {i: _course(curve) for i, curve in curves.items() if np.ptp(curve) > _MOVES * whole}
    if len(numeric) == 1:
        return "".join(courses.values())
    alike: dict[str, list[str]] = {}
    for i, course in courses.items():
        alike.setdefault(course, []).append(shown_name(axes[i].name))
    return "; ".join(f"{course} with {all_of(names)}" for course, names in alike.items())


def _averaged(tree: Node, axes: Sequence[Axis], index: int) -> Array:
    """Returns the part along one hyperparameter, in the mean over even places of the others."""
    places = [axis.check_grid(_FINE if i == index else _COARSE) for i, axis in enumerate(axes)]
    columns = [grid.reshape(-1) for grid in np.meshgrid(*places, indexing="ij")]
    values = np.broadcast_to(evaluate(tree, columns), columns[0].shape).reshape([len(place) for place in places])
    return np.asarray(values.mean(axis=tuple(i for i in range(len(axes)) if i != index)))


def _course(curve: Array) -> str:
    """Returns whether a curve falls or rises, and where it turns; small turns do not count."""
    enough = _TURN * float(np.ptp(curve))
    turns: list[int] = []
    low = high = float(curve[0])
    for value in curve.tolist():
        low, high = min(low, value), max(high, value)
        if value - low >= enough and turns[-1:] != [1]:
            turns.append(1)
            high = value
        elif high - value >= enough and turns[-1:] != [-1]:
            turns.append(-1)
            low = value
    return _WORDS.get(tuple(turns), _OFTEN)
