"""Enclosures contain what a formula does, and are tight enough to prove its slope."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepcave_symbolic.findings.intervals import enclose
from deepcave_symbolic.formulas.expression import Node, cases, constant, evaluate, function, power
from deepcave_symbolic.numeric.arrays import Array
from small_formulas import X, Y
from strategies import rounding_bound, trees


def slack_of(tree: Node, columns: list[Array]) -> Array:
    """Rounding: of the operations and, on a log axis, of x itself, which is 10^u only nearly."""
    with np.errstate(invalid="ignore"):
        off = [
            np.abs(evaluate(tree, [c * e for c in columns]) - evaluate(tree, columns)) for e in (1 + 1e-14, 1 - 1e-14)
        ]
    return rounding_bound(tree, columns) + off[0] + off[1] + 1e-300


def natural(u: Array, log: tuple[bool, ...]) -> list[Array]:
    return [10.0 ** u[:, i] if is_log else u[:, i] for i, is_log in enumerate(log)]


@st.composite
def boxes(draw: st.DrawFn) -> tuple[Array, Array, tuple[bool, ...]]:
    """Boxes of two axes, some of them across zero, some thin."""
    log = draw(st.tuples(st.booleans(), st.booleans()))
    corner = st.floats(-3, 3).map(lambda v: round(v, 3))
    width = st.sampled_from([0.0, 1e-6, 0.01, 0.5, 4.0])
    lower = np.array([[draw(corner), draw(corner)] for _ in range(3)])
    return lower, lower + np.array([[draw(width), draw(width)] for _ in range(3)]), log


def with_waves(tree: Node) -> st.SearchStrategy[Node]:
    return st.sampled_from(["sin", "cos", None]).map(lambda name: tree if name is None else function(name, tree) * X)


@pytest.mark.slow
@settings(max_examples=60)
@given(trees(2).flatmap(with_waves), boxes())
def test_values_lie_in_their_enclosure(tree: Node, box: tuple[Array, Array, tuple[bool, ...]]) -> None:
    lower, upper, log = box
    enclosure = enclose(tree, lower, upper, log=log)
    assert not np.isnan(enclosure.value).any()
    assert not np.isnan(enclosure.gradient).any()
    rng = np.random.default_rng(0)
    for share in [np.zeros(2), np.ones(2), *rng.uniform(size=(20, 2))]:
        columns = natural(lower + share * (upper - lower), log)
        value, slack = evaluate(tree, columns), slack_of(tree, columns)
        some = np.isfinite(value) & np.isfinite(slack)
        assert np.all(value[some] >= (enclosure.value[0] - slack)[some])
        assert np.all(value[some] <= (enclosure.value[1] + slack)[some])


@pytest.mark.slow
@settings(max_examples=60)
@given(trees(2).flatmap(with_waves), boxes(), st.integers(0, 1))
def test_mean_slopes_lie_in_the_enclosure_of_the_slope(
    tree: Node, box: tuple[Array, Array, tuple[bool, ...]], i: int
) -> None:
    # The mean value theorem: a difference quotient inside a box is a slope somewhere in it.
    lower, upper, log = box
    slope = enclose(tree, lower, upper, log=log).gradient[i]
    rng = np.random.default_rng(1)
    for share in rng.uniform(size=(20, 2)):
        start = lower + share * (upper - lower)
        end = start.copy()
        end[:, i] = lower[:, i] + rng.uniform() * (upper - lower)[:, i]
        values = [evaluate(tree, natural(u, log)) for u in (start, end)]
        slack = sum(slack_of(tree, natural(u, log)) for u in (start, end))
        step = end[:, i] - start[:, i]
        some = np.isfinite(values[0]) & np.isfinite(values[1]) & np.isfinite(slack) & np.isfinite(slope).all(axis=0)
        quotient = values[1][some] - values[0][some]
        ends = np.sort(slope[:, some] * step[some], axis=0)
        error = slack[some] + 1e-9 * np.abs(quotient) + 1e-300
        assert np.all(quotient >= ends[0] - error)
        assert np.all(quotient <= ends[1] + error)


def bounds(tree: Node, lower: float, upper: float, *, log: bool = False) -> tuple[Array, Array]:
    e = enclose(tree, np.array([[lower]]), np.array([[upper]]), log=(log,))
    return e.value[:, 0], e.gradient[0, :, 0]


LN10 = np.log(10.0)


@pytest.mark.parametrize(
    ("tree", "log", "lower", "upper", "value", "slope"),
    [
        (X, False, 1, 3, (1, 3), (1, 1)),
        (X, True, 0, 2, (1, 100), (LN10, 100 * LN10)),
        (function("log10", X), True, -4, 0, (-4, 0), (1, 1)),
        (function("log", X), True, -1, 1, (-LN10, LN10), (LN10, LN10)),
        (power(X, -0.5), True, 0, 2, (0.1, 1), (-0.5 * LN10, -0.05 * LN10)),
        (function("sqrt", X), True, 0, 2, (1, 10), (0.5 * LN10, 5 * LN10)),
        (2.0 / X, True, 0, 1, (0.2, 2), (-2 * LN10, -0.2 * LN10)),
        (power(X, 2), False, -1, 2, (0, 4), (-2, 4)),
        (X * X, False, -1, 2, (0, 4), (-2, 4)),
        (power(X, 3), False, -1, 2, (-1, 8), (0, 12)),
        (power(X, -2), False, 1, 2, (0.25, 1), (-2, -0.25)),
        (function("exp", -X), False, 0, 1, (np.exp(-1), 1), (-1, -np.exp(-1))),
        (function("abs", X), False, -1, 2, (0, 2), (-1, 1)),
        (function("tanh", X), False, -1, 2, (np.tanh(-1), np.tanh(2)), (np.cosh(2) ** -2, 1)),
        (function("sin", X), False, 0, 2, (0, 1), (np.cos(2), 1)),
        (function("cos", X), False, -1, 4, (-1, 1), (-1, np.sin(1))),
        (function("sin", X), False, 10, 20, (-1, 1), (-1, 1)),
        (Node("^", (constant(2.0), X)), False, 0, 3, (1, 8), (np.log(2), 8 * np.log(2))),
        (Node("^", (X, X)), False, 1, 2, (1, 4), (0.5, 4 * (2 + np.log(2)))),
        (function("sqrt", X), False, 0, 4, (0, 2), (0.25, np.inf)),
        (constant(3.0), False, 0, 1, (3, 3), (0, 0)),
    ],
)
def test_one_operation_is_enclosed_exactly(
    tree: Node, log: bool, lower: float, upper: float, value: tuple[float, float], slope: tuple[float, float]
) -> None:
    found = bounds(tree, lower, upper, log=log)
    np.testing.assert_allclose(found[0], value, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(found[1], slope, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    "tree",
    [
        1.0 / X,
        power(X, -2),
        power(X, -0.5),
        power(X, 0.5),
        function("log", X),
        function("log10", X),
        function("sqrt", X),
        function("log", constant(-1.0)) * X,
        X / 0.0,
    ],
)
@pytest.mark.filterwarnings("error")
def test_a_pole_or_a_violated_domain_leaves_everything_open(tree: Node) -> None:
    for found in bounds(tree, -1.0, 1.0):
        assert list(found) == [-np.inf, np.inf]


@pytest.mark.filterwarnings("error")
def test_an_overflow_leaves_the_upper_end_open() -> None:
    value, slope = bounds(function("exp", function("exp", X)), 1.0, 100.0)
    assert value[1] == slope[1] == np.inf
    assert value[0] < np.exp(np.e)


def test_the_excess_width_shrinks_with_the_square_of_the_box() -> None:
    # (√x + 0.2)/(x + 0.1) falls around x = 1; every naive quotient of intervals is much wider than its change.
    tree = (function("sqrt", X) + 0.2) / (X + 0.1)

    def excess(width: float) -> float:
        value, _ = bounds(tree, -width, width, log=True)
        ends = evaluate(tree, [10.0 ** np.array([-width, width])])
        return float(np.ptp(value) - np.abs(np.diff(ends))[0])

    assert excess(0.01) < excess(0.1) / 80


def test_boxes_do_not_mix() -> None:
    tree = function("tanh", X * 3.0) / (Y + 2.0)
    lower = np.random.default_rng(0).uniform(-1, 1, (7, 2))
    together = enclose(tree, lower, lower + 0.3, log=(False, True))
    for i in range(7):
        alone = enclose(tree, lower[i : i + 1], lower[i : i + 1] + 0.3, log=(False, True))
        np.testing.assert_array_equal(together.value[:, i], alone.value[:, 0])
        np.testing.assert_array_equal(together.gradient[:, :, i], alone.gradient[:, :, 0])


@pytest.mark.parametrize(
    "tree",
    [
        function("tanh", X * 3.0) / (Y + 2.0) - power(Y, 2) * X,
        cases(0, [constant(1.0), power(Y, -0.5), function("log10", X + Y)]) * Y,
        cases(0, [constant(1.0), constant(4.0), constant(9.0)]) / Y,
    ],
)
def test_many_boxes_that_share_cells_are_enclosed_as_each_alone(tree: Node) -> None:
    first, second = (side.ravel() for side in np.meshgrid(np.arange(3.0), np.linspace(0.0, 1.0, 700), indexing="ij"))
    lower = np.column_stack([first, second])
    upper = lower + np.array([0.0, 0.01])
    together = enclose(tree, lower, upper, log=(False, True))
    for i in range(0, len(lower), 97):
        alone = enclose(tree, lower[i : i + 1], upper[i : i + 1], log=(False, True))
        np.testing.assert_array_equal(together.value[:, i], alone.value[:, 0])
        np.testing.assert_array_equal(together.gradient[:, :, i], alone.gradient[:, :, 0])
