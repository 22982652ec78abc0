"""Tidying: the same values in a form that reads better."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from deepcave_symbolic.formulas.expression import Node, constant, evaluate, function, operators, power
from deepcave_symbolic.formulas.printing import to_text
from deepcave_symbolic.formulas.tidy import tidy
from deepcave_symbolic.numeric.arrays import Array
from small_formulas import X, log10
from strategies import rounding_bound, trees

COLUMNS = [np.geomspace(0.01, 50.0, 12), np.geomspace(30.0, 0.2, 12)]
#: Points that tidying has not seen.
OTHERS = [np.geomspace(0.013, 44.0, 15), np.geomspace(0.25, 21.0, 15)]


def same(before: Node, after: Node, columns: list[Array]) -> None:
    """Equal wherever the original is defined and cancellation does not decide; a rewrite may define it elsewhere."""
    a, b = evaluate(before, columns), evaluate(after, columns)
    bound = np.maximum(rounding_bound(before, columns), rounding_bound(after, columns))
    clear = np.isfinite(a) & np.isfinite(bound)
    scale = np.max(np.abs(a), initial=0.0, where=np.isfinite(a))
    assert np.all(np.isfinite(b[clear])), (to_text(before, "xy"), to_text(after, "xy"))
    off = np.abs(a[clear] - b[clear]) > bound[clear] + 1e-9 * np.abs(a[clear]) + 1e-10 * scale
    assert not np.any(off), (to_text(before, "xy"), to_text(after, "xy"), a, b)


@settings(max_examples=100)
@given(trees(2))
def test_values_stay_and_the_formula_gets_no_longer(tree: Node) -> None:
    result = tidy(tree, COLUMNS)
    assert operators(result) <= operators(tree)
    same(tree, result, COLUMNS)
    before, after = evaluate(tree, COLUMNS), evaluate(result, COLUMNS)
    assert np.array_equal(np.isnan(before), np.isnan(after))
    same(tree, result, OTHERS)


REWRITES = [
    (function("exp", -2.308 * log10(X)), None, "x^(-1.002351664)"),
    (function("tanh", 2.5 * X - 557.5), "tanh(2.5·(x - 223))", None),
    (function("tanh", -2.0 * X), "-tanh(2·x)", None),
    (power(2.0 * X + 3.0, 2), "4·(x + 1.5)²", None),
    (power(3.0 - X, 2), "(x - 3)²", None),
    (0.1 + 0.2 * power(0.5 * X - 1.0, 2), "0.1 + 0.05·(x - 2)²", None),
    (1.0 + (2.0 + X), "3 + x", None),
    (X + 1.0 - X, "1", None),
    (2.0 * X + 3.0 * X, "5·x", None),
    (2.0 * (3.0 * X), "6·x", None),
    (X * X, "x²", None),
    (X * power(X, 2), "x³", None),
    (X / power(X, 2), "1/x", None),
    (X / X, "1", None),
    (1.0 / power(X, 0.7), "x^(-0.7)", None),
    (function("sqrt", power(X, 3)), "x^1.5", None),
    (power(function("sqrt", X), 2), "x", None),
    (function("abs", -2.0 * X), "2·|x|", None),
    (function("abs", 3.0 - 2.0 * X), "2·|x - 1.5|", None),
    (1.0 + log10(100.0 * X), "3 + log10(x)", None),
    (function("exp", constant(0.0)) * X, "x", None),
    (-(0.0 - X), "x", None),
    (0.0 * X, "0", None),
    (function("exp", 1.0 - 2.0 * X), None, "2.718281828·exp(-2·x)"),
]


@pytest.mark.parametrize(("tree", "text", "rounded"), REWRITES)
def test_known_rewrites(tree: Node, text: str | None, rounded: str | None) -> None:
    result = tidy(tree, COLUMNS)
    if text is not None:
        assert to_text(result, "xy") == text
    else:
        from deepcave_symbolic.formulas.expression import map_constants

        assert to_text(map_constants(result, lambda v: float(f"{v:.10g}")), "xy") == rounded
    same(tree, result, OTHERS)


@pytest.mark.parametrize("tree", [tree for tree, _, _ in REWRITES])
def test_tidy_twice_is_tidy_once(tree: Node) -> None:
    once = tidy(tree, COLUMNS)
    assert tidy(once, COLUMNS) == once


def test_root_of_a_square_is_no_plain_factor() -> None:
    tree = function("sqrt", power(X - 3.0, 2))
    same(tree, tidy(tree, COLUMNS), OTHERS)
    # Where all points lie on one side, the other side must still be right.
    left = [np.linspace(4.0, 9.0, 5)]
    same(tree, tidy(tree, left), [np.linspace(0.5, 9.0, 7)])


@pytest.mark.parametrize(
    "tree",
    [
        function("sqrt", constant(-2.0)),
        X * power(constant(-8.0), 1.0 / 3.0),
        function("log", constant(-1.0)) + X,
        X / constant(0.0),
        power(constant(0.0), -1) * X,
        X * power(constant(10.0), 400),
        function("exp", constant(1000.0)) * X,
        function("exp", 1000.0 - X),
        function("exp", -2000.0 + 40.0 * X),
    ],
)
def test_what_cannot_be_folded_stays(tree: Node) -> None:
    result = tidy(tree, COLUMNS)
    assert np.array_equal(evaluate(result, COLUMNS), evaluate(tree, COLUMNS), equal_nan=True)
