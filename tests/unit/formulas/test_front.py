"""Which candidates reach the front and which formula is recommended, on cases with known answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from deepcave_symbolic.formulas.expression import Node, constant, constants, function, power, variable
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.formulas.front import Target, front_of, is_regular, recommend, score
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
    assert [f.complexity for f in front] == [0, 2, 4]
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
        assert first.complexity == 0
        assert first.engine == "constant"
        np.testing.assert_allclose(constants(first.tree), [np.mean(PARABOLA.y)], rtol=0.01)
        assert first.r2 <= 1e-3
    assert len(pareto_front([("a", constant(3.0))], PARABOLA, 15)) == 1


def test_a_constant_target_needs_no_more_than_the_constant() -> None:
    flat = target(lambda x: 0.0 * x + 0.25, LINEAR)
    front = pareto_front([("a", 0.25 + 1e-3 * X)], flat, 15)
    assert texts(front) == ["0.25"]
    assert recommend(front) == 0


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


@pytest.mark.parametrize("bound", [0, 1, 2, 3, 4, 15])
def test_the_complexity_bound_counts_natural_units(bound: int) -> None:
    truth = target(lambda lr: 1.0 + (np.log10(lr) + 1.0) ** 2, LOG)
    # In search coordinates 3 operators; log10 is the fourth.
    front = pareto_front([("a", 1.0 + power(X + 1.0, 2)), ("a", 1.0 - 2.0 * X)], truth, bound)
    assert all(f.complexity <= bound for f in front)
    assert (len(front) > 1) == (bound >= 3)
    assert (front[-1].r2 > 0.999) == (bound >= 4)


def test_search_coordinates_become_natural_units() -> None:
    truth = target(lambda lr, x: 0.5 + 0.2 * np.log10(lr) + 0.1 * x, LOG, LINEAR)
    front = pareto_front([("a", 0.5 + 0.2 * X + 0.1 * Y)], truth, 15)
    assert texts(front)[-1] == "0.5 + 0.2·log10(lr) + 0.1·x"
    assert front[-1].r2 == pytest.approx(1.0)
    power_law = pareto_front([("a", 10.0 * function("exp", -2.302585093 * X))], target(lambda lr: 10.0 / lr, LOG), 15)
    assert texts(power_law)[-1] == "10/lr"


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


# --- recommendation -----------------------------------------------------------------------------------------------


def front_with(*scores: tuple[int, float]) -> list[Formula]:
    result = []
    for operators, r2 in scores:
        tree: Node = X
        for _ in range(operators):
            tree = tree + 1.0
        result.append(Formula(tree if operators else constant(1.0), (LINEAR,), "cost", r2, 0.1, "a"))
    return result


@pytest.mark.parametrize(
    ("scores", "recommended"),
    [
        ([(0, 0.0)], 0),
        ([(0, 0.0), (2, 0.9), (4, 0.99)], 2),
        # 1 - R²: 0.0112 is within 1.1·0.01 + 3e-4 = 0.0113, 0.0114 is not.
        ([(0, 0.0), (2, 0.9888), (4, 0.99)], 1),
        ([(0, 0.0), (2, 0.9886), (4, 0.99)], 2),
        # Perfect formulas: 3e-4 is as good.
        ([(0, 0.0), (3, 0.9998), (8, 1.0)], 1),
        ([(0, 0.0), (3, 0.9996), (8, 1.0)], 2),
        # Longer than 10 operators counts neither as the best nor as the recommended one.
        ([(0, 0.0), (5, 0.9), (11, 0.999)], 1),
        ([(0, 0.0), (10, 0.9), (11, 0.95)], 1),
        ([(0, 0.0), (14, 0.999)], 0),
        # A weak best: a constant is nearly as good.
        ([(0, 0.0), (6, 0.08)], 0),
        ([(0, -0.01), (6, 0.5)], 1),
    ],
)
def test_recommended_is_the_shortest_nearly_as_good_as_the_best(
    scores: list[tuple[int, float]], recommended: int
) -> None:
    front = front_with(*scores)
    assert [f.complexity for f in front] == [operators for operators, _ in scores]
    assert recommend(front) == recommended


@pytest.mark.parametrize(
    ("noise", "recommended"),
    # The constant's RMSE of 1 is the spread, so a noise of 0.1 hides 0.01 of R².
    [(0.0, 3), (0.1, 2), (0.21, 1), (0.99, 1), (1.0, 0), (50.0, 0), (1e300, 0)],
)
def test_what_the_trials_cannot_see_is_not_paid_for(noise: float, recommended: int) -> None:
    front = front_with((0, 0.0), (2, 0.95), (5, 0.985), (8, 0.99))
    front[0] = replace(front[0], rmse=1.0)
    assert recommend(front, noise) == recommended
    scaled = [replace(f, rmse=f.rmse * 1e-200) for f in front]
    assert recommend(scaled, noise * 1e-200) == recommended
