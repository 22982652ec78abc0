"""What each constant of a formula is, and which of them the data chose."""

from __future__ import annotations

import pytest

from deepcave_symbolic.formulas.expression import Node, cases, constant, function, power
from deepcave_symbolic.formulas.meaning.positions import fitted, positions
from small_formulas import X, Y, log10

pytestmark = pytest.mark.smoke

LAW = (X / 0.01) * power(Y / 100.0, -0.6)


def kinds(tree: Node) -> list[tuple[str, float]]:
    return [(position.kind, position.value) for position in positions(tree)]


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (constant(0.3), [("level", 0.3)]),
        (0.9 - 0.26 * log10(X), [("level", 0.9), ("effect", -0.26)]),
        (57.0 + 4.2 * power(log10(X / 106.0), 2), [("level", 57.0), ("effect", 4.2), ("place", 106.0)]),
        # The 1 is no constant.
        (
            0.14 + 0.55 / (1.0 + power(X / 0.0038, 1.7)),
            [("level", 0.14), ("effect", 0.55), ("place", 0.0038), ("exponent", 1.7)],
        ),
        # Below zero.
        (1.0 + 2.0 * power(X + 0.2, 2), [("level", 1.0), ("effect", 2.0), ("place", -0.2)]),
        (0.5 * function("exp", -(X / 14.0)), [("effect", 0.5), ("width", 14.0)]),
        # An effect makes up for the reference.
        (0.5 * function("exp", -((X - 100.0) / 14.0)), [("effect", 0.5), ("reference", 100.0), ("width", 14.0)]),
        (5.1 * power(X / 8.0, -0.6), [("effect", 5.1), ("reference", 8.0), ("exponent", -0.6)]),
        (5.1 * function("sqrt", X / 8.0), [("effect", 5.1), ("reference", 8.0)]),
        (5.1 / function("sqrt", X / 8.0), [("effect", 5.1), ("reference", 8.0)]),
        (0.001 * (X / 1000.0), [("effect", 0.001), ("reference", 1000.0)]),
        # Under a root of a sum nothing makes up for it.
        (1.2 * function("sqrt", 1.0 + X / 16.0), [("effect", 1.2), ("place", 16.0)]),
        (
            0.3 * function("exp", -power((X - 0.4) / 0.2, 2)),
            [("effect", 0.3), ("place", 0.4), ("width", 0.2)],
        ),
        (0.3 * function("tanh", (X - 0.4) / 0.2), [("effect", 0.3), ("place", 0.4), ("width", 0.2)]),
        (30.0 / (1.0 + power((X - 0.4) / 0.1, 2)), [("effect", 30.0), ("place", 0.4), ("width", 0.1)]),
    ],
)
def test_of_one_hyperparameter(tree: Node, expected: list[tuple[str, float]]) -> None:
    assert kinds(tree) == expected


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        # Of a law one place is enough.
        (power(log10(LAW), 2), [("place", 0.01), ("reference", 100.0), ("exponent", -0.6)]),
        (1.0 / (1.0 + LAW), [("effect", 1.0), ("place", 0.01), ("reference", 100.0), ("exponent", -0.6)]),
        (power(log10(X / 0.01) + Y / 0.4, 2), [("place", 0.01), ("width", 0.4)]),
        (power(log10(X / 0.01) - (Y - 4.0) / 0.4, 2), [("place", 0.01), ("reference", 4.0), ("width", 0.4)]),
        (
            3.0 / (power(X / 0.01, 1.3) + power(Y / 120.0, -0.6)),
            [("effect", 3.0), ("reference", 0.01), ("exponent", 1.3), ("place", 120.0), ("exponent", -0.6)],
        ),
        (2.0 * log10(X / 0.2) * power(Y, 0.3), [("effect", 2.0), ("place", 0.2), ("exponent", 0.3)]),
        (
            2.0 * (1.0 + power(X / 0.2, 2)) * power(Y / 8.0, 0.3),
            [("effect", 2.0), ("place", 0.2), ("reference", 8.0), ("exponent", 0.3)],
        ),
    ],
)
def test_of_two_hyperparameters(tree: Node, expected: list[tuple[str, float]]) -> None:
    assert kinds(tree) == expected


def test_a_level_for_every_choice() -> None:
    tree = 0.3 * X + cases(1, [constant(0.1), constant(0.4)])
    assert kinds(tree) == [("effect", 0.3), ("level", 0.1), ("level", 0.4)]


def test_a_number_beside_a_logarithm_has_no_meaning() -> None:
    assert ("number", 2.1) in kinds(0.1 + 0.2 / (log10(X) + 2.1))


def test_what_was_chosen_is_not_fitted() -> None:
    tree = 5.1 * power(X / 8.0, -0.5) + 0.2 * power(Y, 1.7)
    assert [position.value for position in fitted(tree)] == [5.1, 0.2, 1.7]


def test_a_position_says_where_and_of_what_it_is() -> None:
    tree = 0.1 + 0.55 / (1.0 + power(Y / 0.0038, 6.0))
    level, effect, place, exponent = positions(tree)
    for position in (level, effect, place, exponent):
        node = tree
        for i in position.path:
            node = node.args[i]
        assert node == constant(position.value)
    assert level.variables == ()
    assert effect.variables == place.variables == exponent.variables == (1,)
    assert exponent.in_step and not place.in_step
    assert not positions(2.0 * power(X, 1.7))[1].in_step
