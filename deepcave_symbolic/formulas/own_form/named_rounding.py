"""Fits a form and rounds its constants by name, so that the formula keeps the user's spelling.

As in `rounding`, the constants inside are rounded first. Those in which the form is linear are fitted again for the
rounded ones and then rounded one after the other, levels last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.formulas.expression import evaluate, variable
from deepcave_symbolic.formulas.front import Target, check_points, is_defined
from deepcave_symbolic.formulas.own_form.free_constants import FittedForm, fit_constants
from deepcave_symbolic.formulas.own_form.parsing import Form
from deepcave_symbolic.formulas.rounding import DIGITS, allowed_loss, round_offset
from deepcave_symbolic.formulas.tidy import split_sum
from deepcave_symbolic.numeric.arrays import columns_of
from deepcave_symbolic.numeric.weighted import weighted_r2
from deepcave_symbolic.words.numbers import round_significant

__all__ = ["fit_rounded"]

#: A form of the user's own may have constants that make up for each other, which need more digits than ours.
_DIGITS = (*DIGITS, 6, 9)


def fit_rounded(form: Form, target: Target, *, fixed: Mapping[str, float] | None = None, seed: int = 0) -> FittedForm:
    """Returns a form with its free constants fitted and rounded to as few digits as its accuracy allows.

    Args:
        form: The form, whose hyperparameters are the target's axes.
        target: What to fit.
        fixed: Values of constants that are neither fitted nor rounded, by name.
        seed: Seed of the starts.

    Raises:
        DeepcaveSymbolicError: As `fit_constants`.
    """
    exact = fit_constants(form, target, fixed=fixed, seed=seed)
    r2, check = _r2(exact, target), check_points(target.axes)
    usable = is_defined(exact.tree, check, target.y)
    for digits in _DIGITS:
        rounded = _rounded(form, target, exact, fixed or {}, digits)
        if (
            rounded is not None
            and r2 - _r2(rounded, target) <= allowed_loss(r2)
            and is_defined(rounded.tree, check, target.y) >= usable
        ):
            return replace(rounded, unsettled=exact.unsettled, linear=exact.linear)
    return exact


def _rounded(
    form: Form, target: Target, exact: FittedForm, fixed: Mapping[str, float], digits: int
) -> FittedForm | None:
    """Returns the form with constants of so many digits; None where it is not defined with them."""
    levels = [name for name in exact.linear if _is_level(form, name)]
    inner = {name: value for name, value in exact.constants.items() if name not in exact.linear}
    numbers = {**{name: round_significant(value, digits) for name, value in inner.items()}, **fixed}
    span = float(np.ptp(target.y))
    try:
        found = fit_constants(form, target, fixed=numbers)
        for name in sorted(exact.linear, key=lambda name: name in levels):
            value = found.constants[name]
            rounded = round_offset(value, digits, span) if name in levels else round_significant(value, digits)
            numbers[name] = rounded + 0.0  # no -0
            found = fit_constants(form, target, fixed=numbers)
    except InvalidArgumentError:
        return None
    return found


def _is_level(form: Form, name: str) -> bool:
    """Returns whether a constant is a term of the form by itself."""
    own = variable(len(form.hyperparameters) + form.constants.index(name))
    return any(core == own for _, core in split_sum(form.tree)[1])


def _r2(fitted: FittedForm, target: Target) -> float:
    return weighted_r2(target.y, evaluate(fitted.tree, columns_of(target.x)), target.weights)
