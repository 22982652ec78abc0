"""The normal form: every constant has a unit and a meaning, and no value changes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepcave_symbolic.formulas.expression import Node, constants, evaluate, function, map_constants, power
from deepcave_symbolic.formulas.normal_form import normal_form
from deepcave_symbolic.formulas.printing import to_text
from deepcave_symbolic.formulas.tidy import tidy
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.numeric.grids import product_columns
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.words.numbers import round_significant
from small_formulas import X, Y, log10

pytestmark = pytest.mark.smoke

C = Axis("C", 0.01, 1e4, log=True)
RATE = Axis("lr", 1e-6, 1.0, log=True)
BATCH = Axis("batch", 16.0, 512.0, log=True, integer=True)
UNITS = Axis("n", 8.0, 256.0, integer=True)
SHARE = Axis("share", 0.0, 1.0)
SIZE = Axis("size", 0.0, 1e6)


def points(axes: tuple[Axis, ...], n: int = 9) -> list[Array]:
    return product_columns([axis.fit_grid(n) for axis in axes])


def written(tree: Node, *axes: Axis) -> Node | None:
    columns = points(axes)
    return normal_form(tidy(tree, columns), axes, columns)


def text(tree: Node, *axes: Axis) -> str:
    """The normal form with its constants to four digits."""
    result = written(tree, *axes)
    assert result is not None
    shown = map_constants(result, lambda value: round_significant(value, 4))
    return to_text(shown, [axis.name for axis in axes])


def tanh(node: Node) -> Node:
    return function("tanh", node)


def exp(node: Node) -> Node:
    return function("exp", node)


@pytest.mark.parametrize(
    ("tree", "axis", "expected"),
    [
        # 10^2.0253 = 106
        (57.0 + 4.2 * power(log10(X) - 2.0253, 2), C, "57 + 4.2·log10(C/106)²"),
        # 1.36e-6/4.66e-6 = 0.2918, (4.66e-6)^(1/1.34) = 0.000105
        (1.36e-6 / (power(X, 1.34) + 4.66e-6), RATE, "0.2918/(1 + (lr/0.000105)^1.34)"),
        # A rise is a fall from its end: 3/1000 at most, half of it where lr^-1.5 = 1000.
        (0.1 + 3.0 / (power(X, -1.5) + 1000.0), RATE, "0.103 - 0.003/(1 + (lr/0.01)^1.5)"),
        (0.1 + 3.0 / (1.0 / X + 100.0), RATE, "0.13 - 0.03/(1 + lr/0.01)"),
        ((0.1 + 0.002 / X) * log10(X), RATE, "0.1·(1 + 0.02/lr)·log10(lr)"),
        # exp(2·k·log10(r)) = r^(2k/ln 10)
        (0.5 + 0.2 * tanh(np.log(10.0) * (log10(X) + 2.0)), RATE, "0.7 - 0.4/(1 + (lr/0.01)²)"),
        (1.0 + 0.5 * exp(-0.07 * X), UNITS, "1 + 0.5·exp(-n/14.29)"),
        # Where the exponential has moved far at the lower end, its size is that at 100: 0.5·exp(-0.3·100) is nothing.
        (1.0 + 0.5 * exp(-0.3 * (X - 100.0)), UNITS, "1 + 0.5·exp(-(n - 100)/3.333)"),
        # A power of C, which is 1 in the domain; of the batch size 1 is none of its values.
        (18.0 * power(X, -0.6), C, "18·C^(-0.6)"),
        (18.0 * power(X, -0.6), BATCH, "1.136·(batch/100)^(-0.6)"),
        (0.9 - 0.26 * log10(X), UNITS, "0.9 - 0.26·log10(n)"),
        (0.9 - 0.26 * function("log", X), UNITS, "0.9 - 0.5987·log10(n)"),
        (0.3 * function("sqrt", X + 16.0), UNITS, "1.2·sqrt(1 + n/16)"),
        (0.2 - 1e-6 * X, SIZE, "0.2 - 0.001·(size/1000)"),
        (2.0 + 3.0 * function("abs", log10(X) + 2.0), RATE, "2 + 3·|log10(lr/0.01)|"),
        (2.0 + 3.0 * function("abs", 2.0 * X - 1.0), SHARE, "2 + 6·|share - 0.5|"),
        (0.1 + 0.3 * tanh(5.0 * (X - 0.4)), SHARE, "0.1 + 0.3·tanh((share - 0.4)/0.2)"),
        (0.1 + 0.3 * exp(-25.0 * power(X - 0.4, 2)), SHARE, "0.1 + 0.3·exp(-((share - 0.4)/0.2)²)"),
        (0.1 + 0.3 / (power(X - 0.4, 2) + 0.01), SHARE, "0.1 + 30/(1 + ((share - 0.4)/0.1)²)"),
        (0.1 + 0.3 * log10(power(X, 2) + 1e-4), RATE, "-1.1 + 0.3·log10(1 + (lr/0.01)²)"),
        (0.1 + 0.3 * function("sin", 4.0 * (X - 0.3)), SHARE, "0.1 + 0.3·sin((share - 0.3)/0.25)"),
        (1.0 + 2.0 * power(X + 0.2, 2), SHARE, "1 + 2·(share + 0.2)²"),
    ],
)
def test_every_constant_is_a_level_an_effect_a_place_an_exponent_or_a_width(
    tree: Node, axis: Axis, expected: str
) -> None:
    assert text(tree, axis) == expected


@pytest.mark.parametrize(
    ("tree", "axes", "expected"),
    [
        # A product is one where its factors are one: at lr = 1 and at a batch of 100, where 100^-0.5 = 0.1.
        (5.0 * power(X, 0.3) * power(Y, -0.7), (RATE, BATCH), "0.1991·lr^0.3·(batch/100)^(-0.7)"),
        (0.1 + 0.3 * (log10(X) + 2.0) * power(Y, 2), (RATE, SHARE), "0.1 + 0.3·share²·log10(lr/0.01)"),
        # A valley along lr = 0.01 where the batch is 100: 10^-3·100^0.5.
        (power(log10(X) - 0.5 * log10(Y) + 3.0, 2), (RATE, BATCH), "log10((lr/0.01)·(batch/100)^(-0.5))²"),
        (power(log10(X) + 2.0 * Y + 3.0, 2), (RATE, SHARE), "(log10(lr/0.001) + share/0.5)²"),
        (power(2.0 * X - Y, 2), (SHARE, SHARE), "4·(share - share/2)²"),
        # 0.3^-1 = 3.333; 0.3·100^0.6 = 4.755 = lr^1.2 at 3.667
        (
            1.0 / (power(X, 1.2) * power(Y, -0.6) + 0.3),
            (RATE, BATCH),
            "3.333/(1 + (lr/3.667)^1.2·(batch/100)^(-0.6))",
        ),
        # 1 + 0.01/lr + (batch/100)²: where lr is far above 0.01 and the batch far below 100.
        (-0.3 / (0.01 / X + power(Y, 2) / 1e4 + 1.0), (RATE, BATCH), "-0.3/(1 + 0.01/lr + (batch/100)²)"),
        (exp(-0.07 * X - 2.0 * Y), (UNITS, SHARE), "exp(-n/14.29 - share/0.5)"),
        (
            exp(-4.0 * power(X - 0.3, 2) - 25.0 * power(Y - 0.5, 2)),
            (SHARE, SHARE),
            "exp(-((share - 0.3)/0.5)² - ((share - 0.5)/0.2)²)",
        ),
        (
            function("sqrt", power(X - 0.3, 2) + 4.0 * power(Y - 0.2, 2)),
            (SHARE, SHARE),
            "sqrt((share - 0.3)² + ((share - 0.2)/0.5)²)",
        ),
    ],
)
def test_of_two_hyperparameters(tree: Node, axes: tuple[Axis, Axis], expected: str) -> None:
    assert text(tree, *axes) == expected


@pytest.mark.parametrize(
    "tree",
    [
        1.0 / (log10(X) + 7.0),
        function("sqrt", log10(X) + 7.0),
        power(log10(X), 3),
        # A number beside the ramp: log10(lr² + 1e-4) = -4 + log10(1 + (lr/0.01)²).
        X * log10(power(X, 2) + 1e-4),
        exp(X * X * X),
        function("sin", X * X),
    ],
)
def test_what_has_no_normal_form(tree: Node) -> None:
    assert written(tree, RATE) is None


def test_a_square_of_a_hyperparameter_on_both_sides_of_zero_has_no_reference() -> None:
    signed = Axis("shift", -2.0, 3.0)
    assert text(3.0 * power(X, 2), signed) == "3·shift²"
    assert written(3e7 * power(X, 2), signed) is None


# --- values -------------------------------------------------------------------------------------------------------


def _moderate(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high).map(lambda value: round_significant(value, 6))


@st.composite
def atoms(draw: st.DrawFn, x: Node) -> Node:
    """What formulas are made of, of a hyperparameter between 1e-3 and 10, in natural units."""
    place, width = draw(_moderate(-3.0, 1.0)), draw(_moderate(0.2, 3.0))
    exponent = draw(st.sampled_from([-2.0, -1.0, -0.5, 0.5, 1.0, 2.0]) | _moderate(0.2, 3.0) | _moderate(-3.0, -0.2))
    level = draw(_moderate(1e-3, 10.0))
    u = log10(x) - place
    kinds = [
        x,
        log10(x),
        power(x, exponent),
        power(u, 2),
        power(x - level, 2),
        function("abs", u),
        tanh(u / width),
        tanh((x - level) / width),
        exp(-1.0 / width * x),
        exp(-width * power(u, 2)),
        1.0 / (power(x, exponent) + level),
        1.0 / (power(u, 2) + width),
        function("sqrt", x + level),
        function("log", x + level),
        log10(power(x, exponent) + level),
    ]
    return draw(st.sampled_from(kinds))


@st.composite
def formulas(draw: st.DrawFn) -> Node:
    effects = [draw(_moderate(-5.0, 5.0).filter(lambda value: abs(value) > 0.01)) for _ in range(3)]
    tree = draw(_moderate(-3.0, 3.0)) + effects[0] * draw(atoms(X))
    other = draw(st.sampled_from(["none", "sum", "product", "half", "same"]))
    if other == "sum":
        return tree + effects[1] * draw(atoms(Y))
    if other == "product":
        return tree.args[0] + tree.args[1] * draw(atoms(Y))
    if other == "half":
        return tree.args[0] + (tree.args[1] + effects[1]) * draw(atoms(Y))
    return tree + effects[1] * draw(atoms(X)) if other == "same" else tree


AXES = (Axis("x", 1e-3, 10.0, log=True), Axis("y", 0.01, 8.0))


@pytest.mark.slow
@settings(max_examples=120)
@given(formulas())
def test_values_stay(tree: Node) -> None:
    columns = points(AXES, 6)
    result = normal_form(tidy(tree, columns), AXES, columns)
    if result is None:
        return
    # Between the points at which the normal form was compared.
    others = product_columns([axis.held_out_grid(7, axis.fit_grid(6)) for axis in AXES])
    before, after = evaluate(tree, others), evaluate(result, others)
    # 1e-3^-3 in a term that another one cancels: errors are relative to the largest number on the way.
    size = max(1.0, float(np.max(np.abs(before))), *(abs(value) for value in constants(result)))
    np.testing.assert_allclose(after, before, rtol=1e-6, atol=1e-9 * size)


@settings(max_examples=80)
@given(atoms(X), _moderate(0.05, 5.0))
def test_what_one_atom_makes_has_a_normal_form(atom: Node, effect: float) -> None:
    assert written(0.3 + effect * atom, AXES[0]) is not None
