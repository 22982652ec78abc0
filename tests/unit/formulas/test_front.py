"""Which candidates reach the front, on cases with known answers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from deepcave_symbolic.formulas.expression import Node, constant, constants, function, power, variable
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.formulas.front import Target, front_of, is_regular, score
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.axis import Axis

X, Y = variable(0), variable(1)
LINEAR = Axis("x", 0.0, 4.0)
LOG = Axis("lr", 1e-4, 1.0, log=True)
LOG_INTEGER = Axis("n", 1.0, 1000.0, log=True, integer=True)


def target(truth: Callable[..., Array], *axes: Axis, trials_scored: bool = False) -> Target:
    """The target's values are a function of natural units."""
    fit = [axis.fit_grid(40) for axis in axes]
    held = [axis.held_out_grid(60, f) for axis, f in zip(axes, fit, strict=True)]
    x, h = (np.column_stack([m.ravel() for m in np.meshgrid(*grid, indexing="ij")]) for grid in (fit, held))
    y, held_y = truth(*x.T), truth(*h.T)
    return Target(axes, "cost", x, np.asarray(y, float), h, np.asarray(held_y, float), trials_scored)


def pareto_front(candidates: list[tuple[str, Node]], target: Target, max_complexity: int) -> list[Formula]:
    return front_of(score(candidates, target, max_complexity))


def texts(front: list[Formula]) -> list[str]:
    return [str(f).removeprefix("cost ≈ ") for f in front]


PARABOLA = target(lambda x: 1.0 + 2.0 * (x - 1.5) ** 2, LINEAR)


def test_dominated_candidates_are_dropped() -> None:
    candidates = [
        ("b", 1.0 + 2.0 * power(X - 1.5, 2)),
        ("a", -0.5 + 1.5 * X),
        ("a", 2.0 + power(X - 1.2, 2) + 0.001 * X),
        ("a", 5.0 - 0.1 * X),
    ]
    front = pareto_front(candidates, PARABOLA, 15)
    assert [f.complexity for f in front] == [1, 5, 6, 8]
    assert front[-1].r2 == pytest.approx(1.0)
    assert front[-1].rmse == pytest.approx(0.0, abs=1e-9)
    assert texts(front)[-1] == "1 + 2·(x - 1.5)²"
    assert all(a.r2 < b.r2 for a, b in pairwise(front))


def test_no_candidate_of_the_front_is_beaten_by_another() -> None:
    rng = np.random.default_rng(0)
    candidates = [
        ("a", a + b * power(X - c, p))
        for a, b, c, p in zip(*rng.uniform(1.0, 3.0, (3, 30)), [2, 2, 3] * 10, strict=True)
    ]
    candidates += [("a", a + b * X) for a, b in rng.uniform(-3.0, 3.0, (20, 2))]
    front = pareto_front(candidates, PARABOLA, 15)
    for f in front:
        assert not any(g.complexity <= f.complexity and g.r2 > f.r2 for g in front)


def test_the_first_is_always_the_constant_to_beat() -> None:
    for candidates in ([], [("a", 1.0 + 2.0 * power(X - 1.5, 2))], [("a", constant(3.0))]):
        first = pareto_front(candidates, PARABOLA, 15)[0]
        assert first.complexity == 1
        assert first.engine == "constant"
        np.testing.assert_allclose(constants(first.tree), [np.mean(PARABOLA.y)], rtol=0.01)
        assert first.r2 <= 1e-3
    assert len(pareto_front([("a", constant(3.0))], PARABOLA, 15)) == 1


def test_a_constant_target_needs_no_more_than_the_constant() -> None:
    flat = target(lambda x: 0.0 * x + 0.25, LINEAR)
    front = pareto_front([("a", 0.25 + 1e-3 * X)], flat, 15)
    assert texts(front) == ["0.25"]


def test_engine_names_are_kept() -> None:
    front = pareto_front([("first", -0.5 + 1.5 * X), ("second", 1.0 + 2.0 * power(X - 1.5, 2))], PARABOLA, 15)
    assert [f.engine for f in front] == ["constant", "first", "second"]


def test_scores_are_those_of_the_rounded_formula_on_held_out_points() -> None:
    f = pareto_front([("a", 1.034567 + 2.0234567 * power(X - 1.5123456, 2))], PARABOLA, 15)[-1]
    predicted = f.predict({"x": PARABOLA.held_out_x[:, 0]})
    residual = PARABOLA.held_out_y - predicted
    total = PARABOLA.held_out_y - PARABOLA.held_out_y.mean()
    assert f.r2 == pytest.approx(1.0 - np.sum(residual**2) / np.sum(total**2), abs=1e-12)
    assert f.rmse == pytest.approx(np.sqrt(np.mean(residual**2)), rel=1e-9)
    assert all(float(f"{c:.3e}") == c for c in constants(f.tree))
    assert f.trials_r2 is None


def test_trials_have_a_score_of_their_own_where_they_are_fitted() -> None:
    scored = target(lambda x: 1.0 + 2.0 * (x - 1.5) ** 2, LINEAR, trials_scored=True)
    noisy = Target(**{**scored.__dict__, "y": scored.y + np.random.default_rng(0).standard_normal(len(scored.y))})
    f = pareto_front([("a", 1.0 + 2.0 * power(X - 1.5, 2))], noisy, 15)[-1]
    assert f.trials_r2 is not None
    assert f.trials_r2 < 0.99 < f.r2 + 0.05


@pytest.mark.parametrize("bound", [0, 1, 4, 5, 6, 7, 8, 15])
def test_the_complexity_bound_counts_natural_units(bound: int) -> None:
    truth = target(lambda lr: 1.0 + 3.0 * (np.log10(lr) + 1.0) ** 2, LOG)
    # In search coordinates the line has 5 nodes; log10 is the sixth. The square is log10(lr/0.1)².
    front = pareto_front([("a", 1.0 + 3.0 * power(X + 1.0, 2)), ("a", 1.0 - 6.0 * X)], truth, bound)
    assert all(f.complexity <= max(bound, 1) for f in front)
    assert (len(front) > 1) == (bound >= 6)
    assert (front[-1].r2 > 0.999) == (bound >= 8)


def test_search_coordinates_become_natural_units() -> None:
    truth = target(lambda lr, x: 0.5 + 0.2 * np.log10(lr) + 0.1 * x, LOG, LINEAR)
    front = pareto_front([("a", 0.5 + 0.2 * X + 0.1 * Y)], truth, 15)
    assert texts(front)[-1] == "0.5 + 0.2·log10(lr) + 0.1·x"
    assert front[-1].r2 == pytest.approx(1.0)
    power_law = pareto_front([("a", 10.0 * function("exp", -2.302585093 * X))], target(lambda lr: 10.0 / lr, LOG), 15)
    assert texts(power_law)[-1] == "10/lr"


def test_formulas_are_in_normal_form() -> None:
    saturating = target(lambda lr: 0.14 + 0.55 / (1.0 + (lr / 0.004) ** 1.7), LOG)
    level = 0.004**1.7
    exponential = function("exp", 1.7 * 2.302585092994046 * X)
    front = pareto_front([("a", 0.14 + 0.55 * level / (exponential + level))], saturating, 15)
    assert texts(front)[-1] == "0.14 + 0.55/(1 + (lr/0.004)^1.7)"
    # + 0.14 / 0.55 + 1 ^ lr/0.004 1.7
    assert front[-1].complexity == 10


def test_what_has_no_normal_form_is_offered_only_where_nothing_as_short_comes_near() -> None:
    truth = target(lambda n: 1.0 + 0.2 / (np.log10(n) + 1.0), LOG_INTEGER)
    pole, line = ("a", 1.0 + 0.2 / (X + 1.0)), ("b", 1.15 - 0.05 * X)
    assert [f.engine for f in pareto_front([pole, line], truth, 15)] == ["constant", "b", "a"]
    power_law = target(lambda n: 1.05 + 0.15 * n**-0.39, LOG_INTEGER)
    as_good = ("c", 1.05 + 0.15 * function("exp", -0.9 * X))
    assert [f.engine for f in score([pole, line, as_good], power_law, 15)] == ["constant", "b", "c"]


# --- regularity ---------------------------------------------------------------------------------------------------


def hidden_poles(c: float) -> list[Node]:
    gap = X - c
    return [
        1e-3 / gap,
        1e-3 * power(gap, -1),
        1e-6 * power(gap, -2),
        1e-6 * X / power(gap, 2),
        1e-3 / function("abs", gap),
        1e-3 * power(function("abs", gap), -0.5),
        1e-6 / (X * power(gap, 2)),
        0.1 * function("log", function("abs", gap)),
        0.1 * function("log10", power(gap, 2)),
        0.1 * function("log", X * power(gap, 2)),
        1e-3 / function("tanh", gap),
        1e-3 / function("sqrt", function("abs", gap)),
    ]


@pytest.mark.parametrize("tree", hidden_poles(0.5003), ids=lambda tree: None)
def test_a_pole_between_two_points_of_the_grid_is_refused(tree: Node) -> None:
    axis = Axis("x", 0.1, 4.0)
    y = np.linspace(-5.0, 5.0, 40)
    columns = [axis.check_grid(801)]

    assert not is_regular(0.1 + tree, columns, y)
    assert not is_regular(function("tanh", tree), columns, y)


@pytest.mark.parametrize("tree", hidden_poles(-0.5), ids=lambda tree: None)
def test_a_pole_outside_the_domain_is_allowed(tree: Node) -> None:
    y = np.linspace(-5.0, 5.0, 40)
    assert is_regular(0.1 + tree, [Axis("x", 0.1, 4.0).check_grid(801)], y)


def test_a_pole_between_the_first_integers_of_a_log_axis_is_refused() -> None:
    # log10(1) = 0 and log10(2) = 0.301: the pole at 0.04 lies between the only two values there.
    truth = target(lambda n: 1.0 + 0.02 / (np.log10(n) - 0.04), LOG_INTEGER)
    front = pareto_front([("a", 1.0 + 0.02 / (X - 0.04)), ("a", 1.2 - 0.1 * X)], truth, 15)
    assert all("0.04" not in text for text in texts(front))
    allowed = target(lambda n: 1.0 + 0.02 / (np.log10(n) + 0.04), LOG_INTEGER)
    assert "/(log10(n) + 0.04)" in texts(pareto_front([("a", 1.0 + 0.02 / (X + 0.04))], allowed, 15))[-1]


@pytest.mark.parametrize(
    "tree",
    [
        function("log", X),
        function("sqrt", X - 0.1),
        power(X - 0.1, 1.5),
        power(X, -1),
        function("exp", 300.0 * X),
        100.0 * X,
        function("log", X - 5.0),
    ],
)
def test_what_is_undefined_or_far_off_somewhere_is_refused(tree: Node) -> None:
    assert not is_regular(tree, [LINEAR.check_grid(801)], np.linspace(0.0, 4.0, 40))


@pytest.mark.parametrize("tree", [X, power(X - 1.5, 2), function("sqrt", X), power(X, 1.5), function("abs", X - 1.0)])
def test_what_is_fine_everywhere_is_accepted(tree: Node) -> None:
    assert is_regular(tree, [LINEAR.check_grid(801)], np.linspace(0.0, 6.0, 40))
