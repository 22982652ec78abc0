"""Which of the near-equal formulas is recommended, on cases with known answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deepcave_symbolic.formulas.choice import Choice, Doubt, Shown, choose, most_accurate, simplest
from deepcave_symbolic.formulas.expression import Node, constant, evaluate, function, power
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.numeric.arrays import Array
from small_formulas import LR, X, formula, log10

pytestmark = pytest.mark.smoke

LEVEL = formula(constant(1.0), r2=0.0, rmse=1.0)
#: Eight nodes, lowest at 0.01.
VALLEY = 0.1 + 0.05 * power(log10(X / 0.01), 2)
#: Ten nodes, falls all the way.
SATURATION = 0.1 + 0.8 / (1.0 + power(X / 0.001, 0.8))


def of_length(nodes: int, r2: float) -> Formula:
    """A level, or roots in roots, which have no fitted constant."""
    tree: Node = X if nodes > 1 else constant(1.0)
    for _ in range(nodes - 1):
        tree = function("sqrt", tree)
    return formula(tree, r2=r2, rmse=0.1)


def chosen(formulas: list[Formula], noise: float = 0.0, shown: Shown | None = None) -> Formula:
    choice = choose(formulas, noise, shown)
    return choice.front[choice.recommended]


def shown(mean: Node, std: float = 0.01, maximize: bool = False) -> Shown:
    x: Array = np.geomspace(LR.lower, LR.upper, 41)[:, None]
    return Shown(x, evaluate(mean, [x[:, 0]]), np.full(len(x), std), maximize)


@pytest.mark.parametrize(
    ("scores", "recommended"),
    [
        ([(1, 0.0)], 0),
        ([(1, 0.0), (5, 0.9), (9, 0.99)], 2),
        # 1 - R²: 0.0112 is within 1.1·0.01 + 3e-4 = 0.0113, 0.0114 is not.
        ([(1, 0.0), (5, 0.9888), (9, 0.99)], 1),
        ([(1, 0.0), (5, 0.9886), (9, 0.99)], 2),
        # Perfect formulas: 3e-4 is as good.
        ([(1, 0.0), (6, 0.9998), (14, 1.0)], 1),
        ([(1, 0.0), (6, 0.9996), (14, 1.0)], 2),
        # Longer than 17 nodes counts neither as the best nor as the recommended one.
        ([(1, 0.0), (9, 0.9), (18, 0.999)], 1),
        ([(1, 0.0), (17, 0.9), (18, 0.95)], 1),
        ([(1, 0.0), (24, 0.999)], 0),
        # A weak best: a constant is nearly as good.
        ([(1, 0.0), (11, 0.08)], 0),
        ([(1, -0.01), (11, 0.5)], 1),
    ],
)
def test_the_fewest_nodes_that_are_nearly_as_good_as_the_best(
    scores: list[tuple[int, float]], recommended: int
) -> None:
    formulas = [of_length(*score) for score in scores]
    choice = choose(formulas)
    assert list(choice.front) == formulas
    assert choice.recommended == recommended


@pytest.mark.parametrize(
    ("noise", "recommended"),
    # The constant's RMSE of 1 is the spread, so a noise of 0.1 hides 0.01 of R².
    [(0.0, 3), (0.1, 2), (0.21, 1), (0.99, 1), (1.0, 0), (50.0, 0), (1e300, 0)],
)
def test_what_the_trials_cannot_see_is_not_paid_for(noise: float, recommended: int) -> None:
    formulas = [LEVEL, of_length(5, 0.95), of_length(10, 0.985), of_length(14, 0.99)]
    assert choose(formulas, noise).recommended == recommended
    scaled = [replace(f, rmse=f.rmse * 1e-200) for f in formulas]
    assert choose(scaled, noise * 1e-200).recommended == recommended


@pytest.mark.parametrize(
    ("error", "recommended"),
    # As noise, except that a formula that does not explain the projection is never the answer.
    [(0.0, 3), (0.1, 2), (0.21, 1), (0.99, 1), (50.0, 1)],
)
def test_what_a_forest_cannot_see_is_not_paid_for(error: float, recommended: int) -> None:
    formulas = [LEVEL, of_length(5, 0.95), of_length(10, 0.985), of_length(14, 0.99)]
    assert choose(formulas, doubt=Doubt(error)).recommended == recommended
    # The noise of the trials, which is judged elsewhere, hides the level as ever.
    assert choose(formulas, 1.0, doubt=Doubt(error)).recommended == 0


def test_trials_that_are_farther_from_a_shorter_formula_forbid_it() -> None:
    short, long = formula(0.1 + 0.05 * log10(X), r2=0.98), formula(VALLEY, r2=0.99)
    x = np.geomspace(LR.lower, LR.upper, 30)[:, None]
    for truth, recommended in ((short, 1), (long, 2)):
        costs = evaluate(truth.tree, [x[:, 0]]) + np.random.default_rng(0).normal(0.0, 0.01, 30)
        assert choose([LEVEL, short, long], doubt=Doubt(0.2, x, costs)).recommended == recommended
    assert choose([LEVEL, short, long], doubt=Doubt(0.01, x, evaluate(short.tree, [x[:, 0]]))).recommended == 2


def test_a_shape_with_a_name_comes_before_accuracy() -> None:
    named, nameless = formula(VALLEY, r2=0.9900), formula(0.1 + 0.05 * (log10(X) * X), r2=0.9901)
    assert (named.shape, nameless.shape) == ("valley", "other")
    assert named.complexity == nameless.complexity
    choice = choose([LEVEL, nameless, named])
    # It takes the place of the other one on the front.
    assert choice.front == (LEVEL, named)
    assert choice.recommended == 1


def test_a_logarithm_comes_before_a_power_that_stands_for_one() -> None:
    logarithm = formula(1.06 - 0.26 * log10(X), r2=0.926, rmse=0.03)
    flat, steep = (formula(1.55 - power(X / 0.1, p), r2=0.93, rmse=0.03) for p in (0.12, 0.4))
    assert logarithm.complexity == flat.complexity == steep.complexity
    assert chosen([LEVEL, flat, logarithm]) is logarithm
    assert chosen([LEVEL, steep, logarithm]) is steep


def test_what_varies_explains_half_of_it_where_another_formula_does() -> None:
    weak, fair, good = of_length(7, 0.24), of_length(8, 0.7), of_length(10, 0.969)
    # The trials cannot tell them apart, but either from the level.
    assert chosen([LEVEL, weak, fair, good], noise=0.86) is good
    assert chosen([LEVEL, fair, good], noise=0.86) is fair
    assert chosen([LEVEL, weak], noise=0.86) is LEVEL
    assert chosen([LEVEL, weak, good], noise=1.0) is LEVEL


def test_of_two_with_a_name_the_more_accurate() -> None:
    better = formula(VALLEY, r2=0.9901)
    assert chosen([LEVEL, formula(0.2 + VALLEY.args[1], r2=0.99), better]) is better


def test_a_seventh_constant_is_too_many() -> None:
    def two_steps(first: float) -> Node:
        return 0.1 + 0.2 / (first + power(X / 0.004, 1.3) + power(X / 0.4, 1.7))

    six, seven = formula(two_steps(1.0), r2=0.99), formula(two_steps(3.0), r2=0.9999)
    assert six.complexity == seven.complexity == 15
    assert chosen([LEVEL, six, seven]) is six


def test_what_has_no_normal_form_is_not_recommended() -> None:
    valley = formula(VALLEY, r2=0.98)
    nameless = replace(of_length(5, 0.99), normal_form=False)
    assert chosen([LEVEL, nameless, valley]) is valley
    assert chosen([LEVEL, nameless]) is LEVEL


def test_a_turn_that_the_surrogate_does_not_show_is_passed_over() -> None:
    valley, saturation = formula(VALLEY, r2=0.99), formula(SATURATION, r2=0.99)
    # Flat from 0.01 on where the valley rises again, so that its optimum is as good.
    flat = shown(0.1 + 0.8 / (1.0 + power(X / 0.0003, 3)))
    assert chosen([LEVEL, valley, saturation]) is valley
    assert chosen([LEVEL, valley, saturation], shown=flat) is saturation
    assert chosen([LEVEL, valley, saturation], shown=shown(VALLEY)) is valley


def test_an_optimum_that_the_surrogate_does_not_have_is_passed_over() -> None:
    # Both fall, then rise; the surrogate is lowest at 0.01 and 0.06 higher at 0.1.
    elsewhere, there = formula(0.1 + 0.05 * power(log10(X / 0.1), 2), r2=0.991), formula(VALLEY, r2=0.99)
    assert elsewhere.complexity == there.complexity
    assert chosen([LEVEL, elsewhere, there]) is elsewhere
    assert chosen([LEVEL, elsewhere, there], shown=shown(VALLEY)) is there
    # Within its uncertainty, or that of the trials, the place is as good.
    assert chosen([LEVEL, elsewhere, there], noise=1e-9, shown=shown(VALLEY, std=0.1)) is elsewhere


def test_what_is_best_depends_on_the_direction() -> None:
    hill = formula(1.0 - 0.05 * power(log10(X / 0.01), 2), r2=0.99)
    other = formula(1.0 - 0.05 * power(log10(X / 0.1), 2), r2=0.991)
    assert chosen([LEVEL, other, hill], shown=shown(hill.tree, maximize=True)) is hill


def test_without_an_alternative_it_is_taken_nevertheless() -> None:
    valley = formula(VALLEY, r2=0.99)
    falling = shown(1.0 - 0.2 * log10(X))
    assert chosen([LEVEL, valley], shown=falling) is valley
    # An alternative that is far less accurate is none.
    assert chosen([LEVEL, formula(SATURATION, r2=0.9), valley], shown=falling) is valley


def test_the_simplest_is_the_shortest_that_is_no_worse_than_rough() -> None:
    front = (LEVEL, of_length(3, 0.7), of_length(5, 0.8), of_length(7, 0.9), of_length(9, 0.99))
    assert simplest(Choice(front, 4)) is front[2]
    assert simplest(Choice(front, 1)) is front[1]
    assert simplest(Choice(front[:1], 0)) is front[0]
    unreadable = (*front[:2], replace(front[2], normal_form=False), *front[3:])
    assert simplest(Choice(unreadable, 4)) is front[3]


def test_the_most_accurate_is_the_shortest_of_those_that_are_as_accurate_to_the_eye() -> None:
    front = (LEVEL, of_length(3, 0.9), of_length(5, 0.99), of_length(7, 0.99005), of_length(9, 0.99009))
    assert most_accurate(Choice(front, 1)) is front[2]
    unreadable = (*front, replace(of_length(11, 0.999), normal_form=False))
    assert most_accurate(Choice(unreadable, 1)) is front[2]
