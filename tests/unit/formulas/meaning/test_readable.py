"""Whether constants have sizes that a person can make sense of."""

from __future__ import annotations

import numpy as np
import pytest

from deepcave_symbolic.formulas.expression import Node, function, power
from deepcave_symbolic.formulas.meaning.readable import is_readable
from small_formulas import LR, MOMENTUM, X, log10

pytestmark = pytest.mark.smoke

#: Costs between 0 and 1.
Y = np.linspace(0.0, 1.0, 11)


def fine(tree: Node) -> bool:
    return is_readable(tree, (LR,), Y)


def test_a_formula_that_is_read_at_once() -> None:
    assert fine(0.1 + 0.5 * power(X, 0.7))
    assert fine(0.14 + 0.55 / (1.0 + power(X / 0.0038, 1.7)))


@pytest.mark.parametrize(("exponent", "expected"), [(0.1, True), (0.05, False), (4.0, True), (-4.5, False)])
def test_an_exponent_that_stands_for_a_logarithm_or_a_wall(exponent: float, expected: bool) -> None:
    assert fine(0.1 + 0.5 * power(X, exponent)) == expected


@pytest.mark.parametrize(("exponent", "expected"), [(6.0, True), (12.0, True), (13.0, False)])
def test_a_step_may_be_steep(exponent: float, expected: bool) -> None:
    assert fine(0.1 + 0.5 / (1.0 + power(X / 0.01, exponent))) == expected


@pytest.mark.parametrize(("effect", "expected"), [(1e-3, True), (1e-5, False), (5.0, True), (1e5, False)])
def test_coefficients_need_no_counting_of_zeros(effect: float, expected: bool) -> None:
    assert fine(0.1 + effect * log10(X)) == expected


def test_coefficients_are_small_or_large_beside_the_costs() -> None:
    tiny: Node = 1e-6 + 1e-6 * log10(X)
    assert is_readable(tiny, (LR,), 1e-6 * Y) and not fine(tiny)
    large: Node = 1e6 + 1e6 * log10(X)
    assert is_readable(large, (LR,), 1e6 * Y) and not fine(large)


@pytest.mark.parametrize(
    ("place", "expected"), [(0.01, True), (1e-6, True), (100.0, True), (1e-7, False), (1e3, False)]
)
def test_a_place_lies_in_the_domain_or_half_of_it_beside(place: float, expected: bool) -> None:
    # The domain has four decades: 1e-4 to 1.
    assert fine(0.1 + 0.05 * power(log10(X / place), 2)) == expected


def test_a_place_on_a_linear_axis() -> None:
    def at(place: float) -> bool:
        return is_readable(0.1 + 0.3 * power(X - place, 2), (MOMENTUM,), Y)

    assert at(0.4) and at(1.4) and not at(1.6)
    assert is_readable(0.1 + 0.3 * power(X + 0.4, 2), (MOMENTUM,), Y)
    assert not is_readable(0.1 + 0.3 * power(X + 0.6, 2), (MOMENTUM,), Y)


def test_a_number_without_a_meaning_is_none_to_read() -> None:
    assert not fine(0.1 + 0.2 / (log10(X) + 7.1))
    assert not fine(0.1 + 0.2 * function("sqrt", log10(X) + 7.1))
