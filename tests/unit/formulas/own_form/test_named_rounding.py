"""The constants of a form are rounded by name: few digits, next to no loss, the spelling untouched."""

from __future__ import annotations

import numpy as np
import pytest

from deepcave_symbolic.formulas.expression import evaluate
from deepcave_symbolic.formulas.front import Target
from deepcave_symbolic.formulas.own_form.free_constants import FittedForm
from deepcave_symbolic.formulas.own_form.named_rounding import fit_rounded
from deepcave_symbolic.formulas.own_form.parsing import parse_form
from deepcave_symbolic.formulas.printing import to_text
from deepcave_symbolic.numeric.weighted import weighted_r2
from deepcave_symbolic.space.axis import Axis
from small_formulas import LR

X = Axis("x", 0.12345, 1.0)


def fit(
    text: str, axis: Axis, truth: dict[str, float], noise: float = 0.0, **fields: float
) -> tuple[FittedForm, float]:
    """Returns the form fitted to points of its own, and its R² there."""
    form = parse_form(text, [axis.name])
    x = axis.fit_grid(50)
    y = evaluate(form.with_numbers(truth), [x])
    y = y + noise * np.std(y) * np.random.default_rng(0).normal(size=len(y))
    fitted = fit_rounded(form, Target((axis,), "cost", x[:, None], y, x[:, None], y), fixed=fields)
    return fitted, weighted_r2(y, evaluate(fitted.tree, [x]), None)


def digits(value: float) -> int:
    """The significant digits that a number is written with."""
    return len(f"{abs(value):.15g}".replace(".", "").strip("0"))


def test_noise_leaves_two_digits() -> None:
    fitted, r2 = fit("a + b*log10(learning_rate/c)**2", LR, {"a": 0.1, "b": 0.03, "c": 0.0123}, noise=0.3)
    assert r2 > 0.85 and max(map(digits, fitted.constants.values())) <= 2


def test_what_fits_exactly_keeps_the_digits_that_it_needs() -> None:
    # Next to the end of the domain every digit of the place counts.
    fitted, r2 = fit("a + b*log10(x - c)", X, {"a": 0.1, "b": 0.03, "c": 0.1234})
    assert fitted.constants["c"] == 0.1234 and r2 > 0.9999


def test_the_level_has_the_digits_of_the_range() -> None:
    fitted, r2 = fit("x**p*b + a", X, {"a": 5000.12, "b": 0.5, "p": 2.0})
    assert fitted.constants == {"p": 2.0, "b": 0.5, "a": 5000.12} and r2 > 1 - 1e-6
    assert to_text(fitted.tree, ["x"]) == "x²·0.5 + 5000.12"


def test_fixed_constants_are_not_rounded() -> None:
    fitted, _ = fit("a + b*x", X, {"a": 0.1, "b": 0.03}, b=0.0312345678)
    assert fitted.constants["b"] == 0.0312345678 and digits(fitted.constants["a"]) <= 4
    assert fitted.linear == ("a",)


def test_nothing_is_called_unsettled_for_being_small() -> None:
    fitted, _ = fit("a + b*x + c*x**2", X, {"a": 0.1, "b": 0.3, "c": 0.0})
    assert fitted.unsettled == () and fitted.constants == pytest.approx({"a": 0.1, "b": 0.3, "c": 0.0}, abs=1e-9)
