"""What curves are called."""

from __future__ import annotations

import pytest

from deepcave_symbolic.formulas.expression import Node, cases, constant, function, power
from deepcave_symbolic.space.axis import Axis
from small_formulas import LR, MOMENTUM, UNITS, X, Y, formula, log10

pytestmark = pytest.mark.smoke

BATCH = Axis("batch", 16.0, 512.0, log=True, integer=True)


@pytest.mark.parametrize(
    ("tree", "axis", "shape"),
    [
        (constant(0.3), LR, "level"),
        (0.9 - 0.1 * X, MOMENTUM, "straight line"),
        (0.9 - 0.1 * (X / 1000.0), UNITS, "straight line"),
        (0.9 - 0.1 * log10(X), UNITS, "straight in log10"),
        (57.0 + 4.2 * power(log10(X / 0.01), 2), LR, "valley"),
        (57.0 - 4.2 * power(log10(X / 0.01), 2), LR, "hill"),
        (57.0 + 4.2 * power(X - 0.4, 2), MOMENTUM, "valley"),
        (57.0 - 4.2 * function("abs", X - 0.4), MOMENTUM, "hill"),
        # The lowest point lies beside the domain, where it only rises.
        (57.0 + 4.2 * power(X + 0.4, 2), MOMENTUM, "other"),
        (0.1 + 1.8 * power(X, -0.6), LR, "power law"),
        (0.1 + 1.8 / X, LR, "power law"),
        (0.1 + 1.8 * function("sqrt", X / 100.0), UNITS, "power law"),
        (0.1 + 0.55 / (1.0 + power(X / 0.0038, 1.7)), LR, "saturating fall"),
        (0.1 - 0.55 / (1.0 + X / 0.0038), LR, "saturating rise"),
        (0.1 - 0.55 / (1.0 + power(X / 0.0038, 6.0)), LR, "step"),
        (0.1 + 0.3 * function("tanh", (X - 0.4) / 0.2), MOMENTUM, "step"),
        (0.1 + 0.3 * function("exp", -(X / 14.0)), UNITS, "exponential approach"),
        (0.1 - 0.3 * function("exp", -((X - 100.0) / 14.0)), UNITS, "exponential approach"),
        (0.1 + 0.3 * function("exp", -power((X - 0.4) / 0.2, 2)), MOMENTUM, "bump"),
        (0.1 - 0.3 / (1.0 + power(log10(X / 0.01) / 0.2, 2)), LR, "bump"),
        (0.1 + 0.3 * log10(X) * power(X, 0.3), LR, "other"),
        (0.1 + 0.3 * log10(X) + 0.1 * X, LR, "other"),
    ],
)
def test_of_one_hyperparameter(tree: Node, axis: Axis, shape: str) -> None:
    assert formula(tree, axis).shape == shape


@pytest.mark.parametrize(
    ("tree", "shape"),
    [
        (0.1 + 0.3 * power(log10(X / 0.01), 2) + 0.2 * Y, "sum"),
        (0.1 + 0.3 * log10(X) * power(Y / 100.0, 0.4), "product"),
        (0.1 + 0.3 * power(log10((X / 0.01) * power(Y / 100.0, -0.5)), 2), "valley along learning_rate ∝ batch^0.5"),
        (0.1 + 0.3 * power(log10((X / 0.01) / (Y / 100.0)), 2), "valley along learning_rate ∝ batch"),
        (0.1 - 0.3 * function("abs", log10((X / 0.01) * (Y / 100.0))), "hill along learning_rate ∝ batch^-1"),
        (0.1 + 0.3 / (1.0 + power(X / 0.01, 1.3) * power(Y / 100.0, -0.5)), "other"),
        (0.1 - 0.3 / (1.0 + 0.01 / X + power(Y / 100.0, 2)), "corner"),
        # On no side of a negative place a part of it vanishes.
        (0.1 - 0.3 / (1.0 + 0.01 / X + Y / -1.4), "other"),
        (0.1 - 0.3 / (1.0 + power(X / 0.01, -0.7) + Y / 100.0) + 0.2 * X, "other"),
        (0.1 + 0.3 * log10(X) + 0.2 * X * Y, "other"),
        # One of two hyperparameters: what it is of that one.
        (0.1 + 0.3 * power(log10(Y / 100.0), 2), "valley"),
    ],
)
def test_of_two_hyperparameters(tree: Node, shape: str) -> None:
    assert formula(tree, LR, BATCH).shape == shape


def test_cases_have_no_shape_of_their_own() -> None:
    kernel = Axis("kernel", 0.0, 1.0, values=(0.0, 1.0), labels=("rbf", "poly"), categorical=True)
    assert formula(0.3 * log10(X) + cases(1, [constant(0.1), constant(0.4)]), LR, kernel).shape == "other"
