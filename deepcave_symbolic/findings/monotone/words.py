"""What is proven of a formula's trends, in words."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from deepcave_symbolic.findings.monotone.proof import Trend, keeps, rounding_of
from deepcave_symbolic.formulas.expression import evaluate, variables
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.numeric.grids import product_columns
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.space.values import discrete_values, natural_values, shown_value
from deepcave_symbolic.words.names import shown_name

__all__ = ["kept_in_words"]

_AGAINST: dict[Trend, str] = {"falling": "rises", "rising": "falls"}
#: Points at which a move against the trend is looked for, along the hyperparameter and along the other one.
_OWN_POINTS, _OTHER_POINTS = 257, 33


def kept_in_words(formula: Formula, monotone: Mapping[str, Trend]) -> str:
    """Returns whether a formula has the trends: "falling in C, certified on the whole domain", or where it has not.

    Args:
        formula: The formula.
        monotone: The trends; see the package's notation.

    Returns:
        The words; empty where nothing is asked of the formula's hyperparameters.
    """
    certified: list[str] = []
    others: list[str] = []
    for i, axis in enumerate(formula.axes):
        if axis.name not in monotone:
            continue
        trend = monotone[axis.name]
        text = f"{trend} in {shown_name(axis.name)}"
        if keeps(formula.tree, formula.axes, {axis.name: trend}):
            certified.append(text)
        elif against := _against(formula, i, trend):
            others.append(f"not {text}: {against}")
        else:
            others.append(f"{text} could not be proven")
    proven = [f"{' and '.join(certified)}, certified on the whole domain"] if certified else []
    return "; ".join([*proven, *others])


def _against(formula: Formula, i: int, trend: Trend) -> str:
    """Returns where a formula moves most against its trend; empty where no point shows that it does."""
    grids = [_values_along(axis) if j == i else axis.check_grid(_OTHER_POINTS) for j, axis in enumerate(formula.axes)]
    with np.errstate(all="ignore"):
        table = evaluate(formula.tree, product_columns(grids)).reshape([len(grid) for grid in grids])
        step = np.diff(np.moveaxis(table, i, 0).reshape(len(grids[i]), -1), axis=0)
    against = step if trend == "falling" else -step
    wrong = against > rounding_of(formula.tree, formula.axes)
    # How far each stretch of steps against the trend has led so far.
    total = np.cumsum(np.where(wrong, against, 0.0), axis=0)
    moved = total - np.maximum.accumulate(np.where(wrong, 0.0, total), axis=0)
    last, line = np.unravel_index(int(np.argmax(moved)), moved.shape)
    if not wrong[last, line]:
        return ""
    first = last - int(np.argmin(np.r_[wrong[last::-1, line], False])) + 1
    own = formula.axes[i]
    low, high = (f"{shown_name(own.name)} {shown_value(own, grids[i][at])}" for at in (first, last + 1))
    where = [
        f" where {shown_name(axis.name)} {shown_value(axis, grids[j][line])}"
        for j, axis in enumerate(formula.axes)
        if j != i and j in variables(formula.tree)
    ]
    return f"{shown_name(formula.objective)} {_AGAINST[trend]} between {low} and {high}{''.join(where)}"


def _values_along(axis: Axis) -> Array:
    values = discrete_values(axis)
    return natural_values(axis, np.linspace(0.0, 1.0, _OWN_POINTS, dtype=np.float64)) if values is None else values
