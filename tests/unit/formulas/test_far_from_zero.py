"""Domains far from zero, such as years or a momentum near one: lines and valleys are told from a place inside them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace, Float, Integer

from deepcave_symbolic import Explanation, explain
from deepcave_symbolic.numeric.arrays import Array
from known_surrogates import OfValues

MOMENTUM, YEAR = Float("momentum", (0.9, 0.999)), Integer("year", (1990, 2020))


def explained(hyperparameter: Float | Integer, mean: Callable[[Array], Array]) -> Explanation:
    space = ConfigurationSpace()
    space.add(hyperparameter, Float("other", (0.0, 1.0)))
    model = OfValues(space, lambda values: mean(np.asarray(values[hyperparameter.name], dtype=float)))
    return explain(None, hyperparameter.name, surrogate=model, configspace=space, objective="cost")


@pytest.mark.parametrize(
    ("hyperparameter", "mean", "text", "effect"),
    [
        (
            YEAR,
            lambda x: 5.0 + 0.1 * (x - 1990),
            "cost ≈ 6 + 0.1·(year - 2000)",
            "Each unit of year raises cost by 0.1.",
        ),
        (
            Integer("width", (500, 600)),
            lambda x: 1.0 + 0.02 * (x - 500),
            "cost ≈ 3 + 0.02·(width - 600)",
            "Each unit of width raises cost by 0.02.",
        ),
        (
            MOMENTUM,
            lambda x: 0.5 - 4.0 * (x - 0.9),
            "cost ≈ 0.5 - 4·(momentum - 0.9)",
            "Each 0.01 of momentum lowers cost by 0.04.",
        ),
        (
            Float("shift", (-350.0, -300.0)),
            lambda x: 2.0 + 0.01 * (x + 300.0),
            "cost ≈ 2 + 0.01·(shift + 300)",
            "Each unit of shift raises cost by 0.01.",
        ),
    ],
)
def test_a_straight_line_is_one(
    hyperparameter: Float | Integer, mean: Callable[[Array], Array], text: str, effect: str
) -> None:
    best = explained(hyperparameter, mean).best
    assert str(best) == text and best.shape == "straight line"
    # Where the line begins is chosen, not fitted.
    level, slope = best.constants
    assert (level.kind, slope.kind, slope.sentence) == ("level", "effect", effect)
    assert level.sentence.startswith(f"cost at {hyperparameter.name} = ")


def test_a_valley_of_a_narrow_domain_is_one() -> None:
    best = explained(MOMENTUM, lambda x: 0.5 + 3.0 * ((x - 0.95) / 0.05) ** 2).best
    assert str(best) == "cost ≈ 0.5 + 0.12·((momentum - 0.95)/0.01)²" and best.shape == "valley"
    assert [constant.kind for constant in best.constants] == ["level", "effect", "place"]
    assert best.constants[1].sentence == "0.01 of momentum away from the lowest point cost is 0.12 higher."
    assert best.constants[2].sentence == "Lowest at momentum 0.95."


def test_nearer_to_zero_a_line_begins_there() -> None:
    best = explained(Float("x", (5.0, 7.0)), lambda x: 1.0 + 2.0 * x).best
    assert str(best) == "cost ≈ 1 + 2·x"


def test_what_is_printed_is_read_back() -> None:
    explanation = explained(MOMENTUM, lambda x: 0.5 + 3.0 * ((x - 0.95) / 0.05) ** 2)
    own = explanation.fit("a + b*((momentum - c)/0.01)**2").formula
    assert str(own) == str(explanation.best)
    line = explained(YEAR, lambda x: 5.0 + 0.1 * (x - 1990))
    assert str(line.fit("a + b*(year - 2000)").formula) == str(line.best)
