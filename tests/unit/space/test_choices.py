"""What is called a choice, and what is taken for it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ConfigSpace import CategoricalHyperparameter, Constant, OrdinalHyperparameter

from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.space.choices import choice_position, choice_positions, choices_of, names_of

MIXED = (1, "1", True, None, 1.5, (64, 64), "a")


@pytest.mark.parametrize(
    ("value", "position"),
    [
        (1, 0),
        (1.0, 0),
        (np.int64(1), 0),
        ("1", 1),
        (np.str_("1"), 1),
        (True, 2),
        (np.bool_(True), 2),
        ("True", 2),
        (None, 3),
        (math.nan, 3),  # what a table makes of None
        ("None", 3),
        (np.float32(1.5), 4),
        ("1.5", 4),
        ((64, 64), 5),
        ([64, 64], 5),
        (np.array([64.0, 64.0]), 5),
        ("(64, 64)", 5),
        ("a", 6),
    ],
)
def test_a_choice_is_itself_then_what_is_equal_then_its_text(value: Any, position: int) -> None:
    assert choice_position(value, MIXED) == position
    assert np.ravel(choice_positions([value, value], MIXED)).tolist() == [position, position]


@pytest.mark.parametrize("value", [2, "b", "", False, (64,), [], "a\0", (64, 64, 64)])
def test_what_is_no_choice(value: Any) -> None:
    assert math.isnan(choice_position(value, MIXED))


def test_one_value_or_several() -> None:
    assert choice_positions((64, 64), MIXED) == 5.0
    assert choice_positions([(64, 64), None], MIXED) == [5.0, 3.0]
    assert choice_positions(pd.Series(["a", "1"]), MIXED) == [6.0, 1.0]
    assert choice_positions(np.array("a"), MIXED) == 6.0


def test_names_are_different() -> None:
    assert names_of(("relu", None, 16, (8, 8))) == ("relu", "None", "16", "(8, 8)")
    assert names_of((1, "1", True, 1.0)) == ("1", "'1'", "True", "1.0")


def test_values_of_hyperparameters() -> None:
    assert choices_of(CategoricalHyperparameter("c", [[8, 8], [8], None])) == ((8, 8), (8,), None)
    assert choices_of(OrdinalHyperparameter("o", [np.float64(0.5), 1.0])) == (0.5, 1.0)
    assert choices_of(Constant("k", None)) == (None,)
    kept: tuple[Any, ...] = choices_of(CategoricalHyperparameter("f", [math.sqrt, "a\0"]))
    assert kept == (str(math.sqrt), "a\0")


def test_an_axis_of_some_choices_keeps_their_names() -> None:
    axis = Axis("c", 0.0, 2.0, True, True, (0.0, 1.0, 2.0), ("1", "'1'", "True"), True, (1, "1", True))
    part = axis.restricted(np.array([1.0, 2.0]))
    assert (part.labels, part.choices, part.values) == (("'1'", "True"), ("1", True), (0.0, 1.0))
