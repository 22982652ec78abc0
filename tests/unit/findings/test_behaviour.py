"""What a formula's direction is said to be, it is."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings

from deepcave_symbolic.findings.behaviour import Piece, in_words, pieces
from deepcave_symbolic.findings.behaviour.line import FLAT_CHANGE
from deepcave_symbolic.findings.behaviour.plane import is_additive
from deepcave_symbolic.findings.behaviour.terms import NEGLIGIBLE
from deepcave_symbolic.formulas.expression import Node, cases, constant, evaluate, function, power
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.space.values import shown_value
from deepcave_symbolic.words.names import shown_name
from small_formulas import GAMMA, LR, MOMENTUM, SIZE, UNITS, C, X, Y, formula, log10
from strategies import NAMES, axes, formulas, trees

BATCH = Axis("batch", 16.0, 128.0, values=(16.0, 32.0, 64.0, 128.0))


def samples(axis: Axis, start: float, end: float, n: int = 2000) -> Array:
    if axis.values is not None:
        x = np.asarray(axis.values)
    elif axis.integer:
        x = np.arange(axis.lower, axis.upper + 1)
    else:
        u = np.linspace(*axis.to_coordinate(np.array([start, end])), n)
        x = 10.0**u if axis.log else u
        return np.clip(x, start, end)
    return x[(x >= start) & (x <= end)]


def against(values: Array, direction: str) -> float:
    """How far the values move against a direction before they turn back."""
    f = values if direction == "rises" else -values
    return float(np.max(np.maximum.accumulate(f) - f))


@settings(max_examples=60)
@given(trees(1), axes("x"))
def test_pieces_agree_with_dense_sampling(tree: Node, axis: Axis) -> None:
    x = samples(axis, axis.lower, axis.upper)
    everywhere = evaluate(tree, [x])
    assume(np.all(np.isfinite(everywhere)) and np.max(np.abs(everywhere)) < 1e12)
    scale, noise = float(np.ptp(everywhere)), 1e-12 * float(np.max(np.abs(everywhere)))
    assume(scale == 0 or scale > 1e6 * noise)
    found = pieces(formula(tree, axis))
    assert found[0].start == axis.lower
    assert found[-1].end == axis.upper
    for before, after in pairwise(found):
        assert before.end == after.start
        assert before.direction != after.direction
    for piece in found:
        values = evaluate(tree, [samples(axis, piece.start, piece.end)])
        if piece.direction == "is flat":
            assert np.ptp(values) <= (FLAT_CHANGE + 1e-6) * scale + noise
        elif piece.direction != "changes direction":
            assert against(values, piece.direction) <= 2.01 * NEGLIGIBLE * scale + noise
            assert (piece.change > 0) == (piece.direction == "rises")


@pytest.mark.slow
@settings(max_examples=30)
@given(formulas())
@pytest.mark.filterwarnings("error")
def test_every_formula_gets_a_sentence_a_hyperparameter(f: Formula) -> None:
    sentences = in_words(f)
    assert len(sentences) == len(f.axes)
    for sentence, name in zip(sentences, f.hyperparameters, strict=True):
        assert shown_name(name) in sentence or len(f.axes) == 1
        assert shown_name(f.objective) in sentence or sentence == f"The formula leaves out {shown_name(name)}."
        assert sentence.endswith(".")
    assert in_words(f) == sentences


@pytest.mark.parametrize(
    ("tree", "axis", "text"),
    [
        (constant(0.3), LR, "The formula leaves out learning_rate."),
        (0.3 + 0.0 * X, LR, "The formula leaves out learning_rate."),
        (2.0 * X, MOMENTUM, "cost rises throughout."),
        (-log10(X), LR, "cost falls throughout."),
        (power(log10(X) + 2.68, 2), LR, "cost falls until learning_rate ≈ 0.0021, then rises."),
        (function("abs", X - 0.25), MOMENTUM, "cost falls until momentum ≈ 0.25, then rises."),
        (function("exp", -0.03 * X), UNITS, "cost falls until n_units ≈ 110, then is flat."),
        (function("tanh", 8.0 * (X - 0.5)), MOMENTUM, "cost is flat until momentum ≈ 0.32, then rises until ≈ 0.68, "
                                                       "then is flat."),
        (function("sin", 9.42 * X), MOMENTUM, "cost rises until momentum ≈ 0.17, then falls until ≈ 0.5, then rises "
                                              "until ≈ 0.83, then falls."),
        (power(X - 1.0, 2), SIZE, "cost falls until size = medium, then rises."),
        (power(X - 2.0, 2), SIZE, "cost falls throughout."),
        (function("abs", X - 50.0), BATCH, "cost falls until batch = 64, then rises."),
        (power(X - 17.0, 2), replace(UNITS, upper=40.0), "cost falls until n_units ≈ 17, then rises."),
        # A pole between two values that exist moves nothing.
        (1.0 / (X - 8.5), Axis("n", 8.0, 10.0, integer=True), "cost rises until n ≈ 9, then falls."),
    ],
)  # fmt: skip
def test_one_hyperparameter_in_words(tree: Node, axis: Axis, text: str) -> None:
    assert in_words(formula(tree, axis)) == [text]


def test_labels_that_read_as_code_are_quoted() -> None:
    axis = replace(SIZE, labels=("a", "b c", "d"))
    assert in_words(formula(power(X - 1.0, 2), axis)) == ['cost falls until size = "b c", then rises.']


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_are_shown_as_in_the_formula(name: str) -> None:
    assert in_words(formula(X, replace(LR, name=name), objective=name))[0].startswith(shown_name(name))


def test_a_turn_of_no_consequence_is_ignored() -> None:
    small, large = (X + k * function("sin", 40.0 * X) for k in (0.027, 0.08))
    assert in_words(formula(small, MOMENTUM)) == ["cost rises throughout."]
    assert len(pieces(formula(large, MOMENTUM))) > 5


def test_a_parabola_is_not_flat_at_its_vertex() -> None:
    for vertex in np.linspace(0.1, 0.83, 12):
        found = pieces(formula(power(X - float(vertex), 2), MOMENTUM))
        moving = [p.direction for p in found if p.direction != "is flat"]
        assert moving in (["falls"], ["rises"], ["falls", "rises"])
        if 0.3 < vertex < 0.7:
            assert [p.direction for p in found] == ["falls", "rises"]
            assert abs(found[0].end - vertex) < 2e-3


def test_a_wide_trough_is_flat() -> None:
    found = pieces(formula(power(2.0 * X - 1.0, 12), MOMENTUM))
    assert [p.direction for p in found] == ["falls", "is flat", "rises"]


def test_changes_are_in_objective_units() -> None:
    assert pieces(formula(3.0 * X, MOMENTUM)) == [Piece(0.0, 1.0, "rises", 3.0)]
    first, second = pieces(formula(power(log10(X) + 2.0, 2), LR))
    assert first.change == pytest.approx(-4.0, abs=1e-3)
    assert second.change == pytest.approx(4.0, abs=1e-3)
    assert first.end == pytest.approx(0.01, rel=0.01)


def test_a_pole_is_reported_not_guessed() -> None:
    found = pieces(formula(1.0 / (X - 0.3141), MOMENTUM))
    assert "changes direction" in [p.direction for p in found]
    unsettled = next(p for p in found if p.direction == "changes direction")
    assert unsettled.start < 0.3141 < unsettled.end
    assert unsettled.end - unsettled.start < 0.01


def test_a_needle_between_sampled_points_is_found() -> None:
    needle = function("exp", -1e7 * power(X - 0.50013, 2))
    found = [p for p in pieces(formula(X + 5.0 * needle, MOMENTUM)) if p.direction == "falls"]
    assert len(found) == 1
    assert abs(found[0].start - 0.50013) < 1e-3


@pytest.mark.parametrize(
    ("tree", "sentences"),
    [
        (constant(1.0), ["The formula leaves out C.", "The formula leaves out gamma."]),
        (log10(X), ["cost rises with C throughout.", "The formula leaves out gamma."]),
        (power(log10(X) - 1.0, 2) - log10(Y), ["cost falls with C until ≈ 10, then rises.",
                                                "cost falls with gamma throughout."]),
        (X * (Y + 1.0), ["cost rises with C throughout.", "cost rises with gamma throughout."]),
        (log10(X) * (log10(Y) + 1.7), ["cost falls with C where gamma is below ≈ 0.02 and rises above.",
                                        "cost rises with gamma throughout."]),
        (log10(X) * (-1.7 - log10(Y)), ["cost rises with C where gamma is below ≈ 0.02 and falls above.",
                                         "cost falls with gamma throughout."]),
        (power(log10(X) - 1.0, 2) * (Y + 0.5), ["cost falls with C until ≈ 10, then rises, whatever gamma is.",
                                                 "cost rises with gamma throughout."]),
        (power(log10(X) + log10(Y), 2), ["Whether cost rises or falls with C depends on gamma.",
                                          "Whether cost rises or falls with gamma depends on C."]),
        (power(log10(X), 0.0 + 3) + 1e-9 * X * Y, ["cost rises with C throughout.", "cost hardly depends on gamma."]),
    ],
)  # fmt: skip
def test_two_hyperparameters_in_words(tree: Node, sentences: list[str]) -> None:
    assert in_words(formula(tree, C, GAMMA)) == sentences


def test_a_threshold_of_an_ordinal_is_a_label() -> None:
    tree = log10(X) * (Y - 1.4)
    expected = "cost falls with C where size is at most medium and rises above."
    assert in_words(formula(tree, C, SIZE))[0] == expected
    exact = in_words(formula(X * (Y - 1.4), UNITS, SIZE))
    assert exact == [expected.replace(" C ", " n_units "), "cost rises with size throughout."]


def test_the_statements_on_two_hyperparameters_hold_on_a_grid() -> None:
    tree = 50.0 + function("tanh", log10(X) - 1.0) * (log10(Y) + 1.0) + power(log10(Y), 2)
    f = formula(tree, C, GAMMA)
    (about_c, _) = in_words(f)
    assert about_c == "cost falls with C where gamma is below ≈ 0.1 and rises above."
    c = np.geomspace(1, 1000, 50)
    for gamma, direction in ((1e-3, "falls"), (0.05, "falls"), (0.2, "rises"), (1.0, "rises")):
        assert against(evaluate(tree, [c, np.full(50, gamma)]), direction) == 0.0


@pytest.mark.parametrize(
    ("axis", "x", "exact", "text"),
    [
        (LR, 0.0021049, False, "≈ 0.0021"),
        (LR, 3.16e-5, False, "≈ 3.2e-5"),
        (UNITS, 122.7, False, "≈ 120"),
        (UNITS, 127.0, True, "= 127"),
        (UNITS, 17.0, False, "≈ 17"),
        (Axis("n", 1000.0, 1010.0), 1004.3, False, "≈ 1004.3"),
        (Axis("discount", 0.9, 0.999), 0.999, False, "≈ 0.999"),
        (Axis("discount", 0.9, 0.9995), 0.9995, True, "≈ 0.999"),
        (Axis("third", 1 / 3, 10.0), 1 / 3, False, "≈ 0.34"),
        (Axis("below", -0.99, -0.1), -0.99, False, "≈ -0.99"),
        (SIZE, 2.0, False, '= "very large"'),
        (BATCH, 64.0, False, "= 64"),
        (MOMENTUM, 0.0, False, "≈ 0"),
    ],
)
def test_values_are_shown_as_precisely_as_the_domain_needs(axis: Axis, x: float, exact: bool, text: str) -> None:
    assert shown_value(axis, x, exact=exact) == text


def test_the_work_is_bounded(boxes: list[int]) -> None:
    wild: Any = function("sin", 300.0 * X) * function("cos", 500.0 * X / (X + 0.5)) + power(X - 0.37, 2) / (X - 0.37)
    pieces(formula(wild, MOMENTUM))
    in_words(formula(wild + function("sin", 90.0 * X * Y), MOMENTUM, replace(MOMENTUM, name="m")))
    assert 0 < sum(boxes) < 12_000


@pytest.mark.parametrize(
    ("tree", "additive"),
    [
        (power(X, 2) + 3.0 * function("log10", Y), True),
        (2.0 * (X - Y), True),
        (X * Y, False),
        (function("exp", X + Y), False),
        (constant(1.0), True),
    ],
)
def test_sums_of_one_variable_each_are_seen(tree: Node, additive: bool) -> None:
    assert is_additive(tree) is additive


# --- categoricals ---------------------------------------------------------------------------------------------------

ACTIVATION = Axis("activation", 0.0, 2.0, values=(0.0, 1.0, 2.0), labels=("logistic", "tanh", "relu"), categorical=True)
SOLVER = Axis("solver", 0.0, 1.0, values=(0.0, 1.0), labels=("lbfgs", "sgd"), categorical=True)


def by_choice(index: int, *levels: Node | float) -> Node:
    return cases(index, [level if isinstance(level, Node) else constant(level) for level in levels])


def test_of_two_categoricals_both_are_described_the_stronger_one_first() -> None:
    tree = by_choice(1, -0.1, 0.1) + by_choice(0, 0.6, 0.2, 0.3)
    assert in_words(formula(tree, ACTIVATION, SOLVER)) == [
        "cost is lowest for activation = tanh, highest for logistic, whatever solver is.",
        "cost is lowest for solver = lbfgs, highest for sgd, whatever activation is.",
    ]
    other = by_choice(1, -1.0, 1.0) + by_choice(0, 0.6, 0.2, 0.3)
    assert in_words(formula(other, ACTIVATION, SOLVER))[0].startswith("cost is lowest for solver = lbfgs")


def test_of_two_categoricals_that_interact_every_choice_has_its_own_order() -> None:
    tree = by_choice(1, by_choice(0, 0.6, 0.2, 0.2), by_choice(0, 0.1, 0.7, 0.7))
    assert in_words(formula(tree, ACTIVATION, SOLVER)) == [
        "For solver = lbfgs: cost is lowest for activation = tanh or relu, highest for logistic.",
        "For solver = sgd: cost is lowest for activation = logistic, highest for tanh or relu.",
        "For activation = logistic: cost is lowest for solver = sgd, highest for lbfgs.",
        "For activation = tanh or relu: cost is lowest for solver = lbfgs, highest for sgd.",
    ]


def test_of_two_categoricals_one_may_be_left_out() -> None:
    ranked = "cost is lowest for activation = tanh, highest for logistic"
    for axes_, index in (((ACTIVATION, SOLVER), 0), ((SOLVER, ACTIVATION), 1)):
        found = in_words(formula(by_choice(index, 0.6, 0.2, 0.3), *axes_))
        assert found[0].startswith(ranked) and found[1] == "The formula leaves out solver."


def test_beside_a_number_the_choices_are_ranked_too() -> None:
    falls, rises = 1.0 - X, X + 0.2
    shared = cases(1, [X, X + 1.0, X + 2.0])
    assert in_words(formula(shared, MOMENTUM, ACTIVATION)) == [
        "Whatever activation is: cost rises throughout.",
        "cost is lowest for activation = logistic, highest for relu, whatever momentum is.",
    ]
    crossing = cases(1, [falls, rises, rises])
    assert in_words(formula(crossing, MOMENTUM, ACTIVATION)) == [
        "For activation = logistic: cost falls throughout.",
        "For activation = tanh or relu: cost rises throughout.",
        "Which activation has the lowest cost depends on momentum.",
    ]
