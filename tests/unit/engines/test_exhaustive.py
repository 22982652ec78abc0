"""The exhaustive engine: known formulas come back, the same every time, and every candidate is fit to be shown."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from deepcave_symbolic import explain
from deepcave_symbolic.engines.exhaustive import ExhaustiveEngine
from deepcave_symbolic.engines.exhaustive.atoms import Box, Points
from deepcave_symbolic.engines.exhaustive.fitting import Target, fit
from deepcave_symbolic.engines.exhaustive.grammar import Grammar, Term, grammar
from deepcave_symbolic.engines.exhaustive.problems import Problem
from deepcave_symbolic.engines.protocol import DEFAULT_FUNCTIONS, SymbolicRegressionEngine
from deepcave_symbolic.formulas.expression import (
    Node,
    complexity,
    constant,
    constants,
    evaluate,
    variable,
    walk,
)
from deepcave_symbolic.formulas.front import to_natural
from deepcave_symbolic.formulas.meaning.positions import positions
from deepcave_symbolic.formulas.normal_form import normal_form
from deepcave_symbolic.formulas.tidy import tidy
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.numeric.grids import product_columns
from places import SVM
from problems import problem_of

Truth = Callable[..., Array]

#: name: (lowest and highest of u, truth, nodes of its normal form)
ONE: dict[str, tuple[tuple[float, float], Truth, int]] = {
    "quadratic": ((-4, 0), lambda u: 0.12 + 0.04 * (u + 2.5) ** 2, 8),
    "step": ((1, 500), lambda u: 0.3 - 0.1 * np.tanh((u - 223) / 50), 10),
    "kink": ((-3, 1), lambda u: 0.2 + 0.1 * np.abs(u + 1.3), 8),
    "exponential below zero": ((-3, 0), lambda u: 0.1 + 0.02 * np.exp(-u / 0.72), 7),
    "power of x": ((1, 200), lambda u: 0.1 + 0.9 * u**-0.7, 7),
    "decay": ((0, 10), lambda u: 0.2 + 0.5 * np.exp(-u / 1.7), 7),
    "reciprocal": ((0, 1), lambda u: 0.3 - 0.2 / (1 + u / 0.3), 8),
    "root": ((0, 10), lambda u: 0.5 - 0.08 * np.sqrt(1 + u / 0.7), 9),
    "dip": ((-3, 3), lambda u: 0.8 - 0.5 * np.exp(-(((u - 0.4) / 0.9) ** 2)), 11),
    "product": ((0, 10), lambda u: 0.4 - 0.2 * (u - 1.1) * np.exp(-u / 2), 11),
    "line and step": ((0, 1), lambda u: 0.4 + 0.3 * u + 0.15 * np.tanh((u - 0.35) / 0.08), 14),
    "two steps": ((0, 1), lambda u: 0.4 - 0.2 * np.tanh((u - 0.25) / 0.07) + 0.15 * np.tanh((u - 0.7) / 0.06), 19),
}
TWO: dict[str, tuple[tuple[float, float], tuple[float, float], Truth, int]] = {
    "ellipse": ((-4, 0), (0, 1), lambda u, v: 0.1 + 0.04 * (u + 2.5) ** 2 + 0.3 * (v - 0.4) ** 2, 15),
    "interaction": ((0, 1), (0, 1), lambda u, v: 0.5 - 0.4 * u * v, 7),
    "mixed sum": ((0, 1), (-3, 0), lambda u, v: 0.3 + 0.03 * v - 0.2 / (1 + u / 0.3), 12),
    "kinked ridge": ((0, 1), (0, 1), lambda u, v: 0.2 + 0.4 * np.abs(u - 0.8 + v / 1.4), 10),
    "exponential ridge": ((0, 1), (0, 2), lambda u, v: 0.2 + 0.1 * np.exp(u / 0.8 - v / 1.2), 10),
    "step ridge": ((0, 1), (-4, 0), lambda u, v: 0.2 + 0.1 * np.tanh((u - 0.9 - v / 3.3) / 0.25), 12),
    "powers": ((-4, 0), (1, 100), lambda u, v: 0.1 + 0.05 * np.exp(-u / 1.4) * v**-0.7, 10),
    "corner": ((1, 100), (1, 100), lambda u, v: 0.4 - 0.3 / (1 + (u / 10) ** -0.7 + (v / 30) ** 1.4), 15),
    "line times step": ((0, 1), (0, 1), lambda u, v: 0.4 + 0.3 * (v - 0.2) * np.tanh((u - 0.4) / 0.14), 14),
    "tilted ellipse": ((-1, 1), (-1, 1), lambda u, v: 0.2 * (u - 0.2) ** 2 + 0.3 * (v + 0.3) ** 2 + 0.25 * u * v, 19),
    "cone": ((0, 1), (0, 1), lambda u, v: 0.1 + 0.3 * np.sqrt((u - 0.3) ** 2 + ((v - 0.6) / 0.7) ** 2), 16),
}


def line(low: float, high: float, n: int) -> Array:
    return np.asarray(np.linspace(low, high, n, dtype=np.float64)[:, None])


def grid(first: tuple[float, float], second: tuple[float, float], n: int) -> Array:
    u, v = np.meshgrid(np.linspace(*first, n), np.linspace(*second, n), indexing="ij")
    return np.column_stack([u.ravel(), v.ravel()])


def search(u: Array, y: Array, *, max_cost: int = 22, **options: Any) -> list[Node]:
    return ExhaustiveEngine(max_cost=max_cost).search(problem_of(u, y, **options))


def r2(y: Array, prediction: Array) -> float:
    return float(1.0 - np.sum((y - prediction) ** 2) / np.sum((y - y.mean()) ** 2))


def normal(node: Node, X: Array, log: tuple[bool, ...] | None = None) -> Node | None:
    """A candidate as it is shown."""
    axes = problem_of(X, X[:, 0], log=log).axes
    columns = product_columns([axis.fit_grid(12) for axis in axes])
    return normal_form(tidy(to_natural(node, axes), columns), axes, columns)


def nodes_of(node: Node, X: Array, log: tuple[bool, ...] | None = None) -> float:
    shown = normal(node, X, log)
    return np.inf if shown is None else complexity(shown)


def best(found: list[Node], X: Array, y: Array, nodes: int, log: tuple[bool, ...] | None = None) -> float:
    return max(r2(y, evaluate(node, list(X.T))) for node in found if nodes_of(node, X, log) <= nodes)


def wavy(seed: int = 0) -> tuple[Array, Array]:
    X = line(-3, 1, 40)
    noise = np.random.default_rng(seed).standard_normal(40)
    return X, 0.2 + 0.1 * np.abs(X[:, 0] + 1.3) + 0.02 * np.floor(2 * X[:, 0]) + 0.004 * noise


def surface() -> tuple[Array, Array]:
    X = grid((0, 1), (-3, 1), 20)
    noise = np.random.default_rng(1).standard_normal(len(X))
    return X, 0.3 + 0.2 * np.tanh(6 * (X[:, 0] - 0.4)) * X[:, 1] + 0.05 * np.floor(X[:, 1]) + 0.01 * noise


def test_protocol() -> None:
    assert isinstance(ExhaustiveEngine(), SymbolicRegressionEngine)
    assert ExhaustiveEngine.name == "exhaustive"


@pytest.mark.slow
def test_an_instance_gives_what_the_name_gives() -> None:
    named, given = (
        explain(SVM, "C", "gamma", engine=engine, max_complexity=12) for engine in ("exhaustive", ExhaustiveEngine())
    )
    assert [(str(f), f.r2) for f in given.formulas] == [(str(f), f.r2) for f in named.formulas]
    # Without the hyperparameters' log scales it would be much less.
    assert max(f.r2 for f in given.formulas) == pytest.approx(0.687, abs=5e-3)


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 0.01])
@pytest.mark.parametrize("name", ONE)
def test_recovers_in_one_variable(name: str, noise: float) -> None:
    (low, high), truth, nodes = ONE[name]
    X, dense = line(low, high, 40), line(low, high, 201)
    y = truth(X[:, 0])
    y = y + noise * y.std() * np.random.default_rng(3).standard_normal(len(y))
    assert best(search(X, y, max_complexity=nodes + 1), dense, truth(dense[:, 0]), nodes + 1) > 0.9999


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 0.01])
@pytest.mark.parametrize("name", TWO)
def test_recovers_in_two_variables(name: str, noise: float) -> None:
    first, second, truth, nodes = TWO[name]
    X, dense = grid(first, second, 20), grid(first, second, 41)
    y = truth(*X.T)
    y = y + noise * y.std() * np.random.default_rng(3).standard_normal(len(y))
    assert best(search(X, y, max_complexity=nodes + 1), dense, truth(*dense.T), nodes + 1) > 0.9999


@pytest.mark.smoke
def test_constants_of_a_known_formula_come_back() -> None:
    X = line(0, 1, 40)
    found = search(X, 0.3 - 0.06 / (X[:, 0] + 0.3), max_complexity=8)
    exact = min(found, key=lambda node: np.max(np.abs(evaluate(node, [X[:, 0]]) - 0.3 + 0.06 / (X[:, 0] + 0.3))))
    assert exact.op == "+" and exact.args[1].op == "/"
    shift = exact.args[1].args[1]
    assert exact.args[0].value == pytest.approx(0.3, abs=1e-6)
    assert exact.args[1].args[0].value == pytest.approx(-0.06, abs=1e-6)
    assert shift.op == "-" and shift.args[0].is_variable
    assert shift.args[1].value == pytest.approx(-0.3, abs=1e-6)


@pytest.mark.parametrize("data", [wavy, surface])
def test_same_formulas_on_every_run_and_seed(data: Callable[[], tuple[Array, Array]]) -> None:
    X, y = data()
    first = search(X, y, max_cost=11, seed=0)
    assert first == search(X.copy(), y.copy(), max_cost=11, seed=7)


@pytest.mark.parametrize("data", [wavy, surface])
@pytest.mark.parametrize(("scale", "shift"), [(1000.0, -5.0), (1e-3, 2e-3), (3.7e8, 0.0)])
def test_affine_change_of_the_target(data: Callable[[], tuple[Array, Array]], scale: float, shift: float) -> None:
    X, y = data()
    plain = search(X, y, max_cost=11)
    changed = search(X, scale * y + shift, max_cost=11)
    for nodes in range(5, 12):
        expected = best(plain, X, y, nodes)
        assert best(changed, X, scale * y + shift, nodes) == pytest.approx(expected, abs=2e-5)


@pytest.mark.slow
@pytest.mark.parametrize("scale", [1000.0, 1e-3, -3.7e8])
def test_scale_of_the_target_in_natural_units(scale: float) -> None:
    X, y = surface()
    log = (True, True)
    plain, changed = (search(X, factor * y, max_cost=12, log=log) for factor in (1.0, scale))
    for nodes in range(6, 13):
        expected = best(plain, X, y, nodes, log)
        assert best(changed, X, scale * y, nodes, log) == pytest.approx(expected, abs=2e-5)


@pytest.mark.parametrize("factor", [1e300, 1e-300, -1.0])
def test_extreme_scales_of_the_target(factor: float) -> None:
    X = line(-3, 1, 40)
    y = factor * (0.1 + 0.2 * np.abs(X[:, 0] + 1))
    found = search(X, y, max_complexity=8)
    errors = [np.max(np.abs(evaluate(node, [X[:, 0]]) / factor - y / factor)) for node in found]
    assert min(errors) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("data", [wavy, surface])
def test_candidates_are_short_finite_and_varied(data: Callable[[], tuple[Array, Array]]) -> None:
    X, y = data()
    found = search(X, y, max_complexity=14)
    if X.shape[1] == 1:
        dense = line(X.min(), X.max(), 5001)
    else:
        dense = grid((X[:, 0].min(), X[:, 0].max()), (X[:, 1].min(), X[:, 1].max()), 151)
    costs = [nodes_of(node, X) for node in found]
    assert found[0] == constant(float(y.mean())) or found[0].value == pytest.approx(y.mean())
    # A number below zero beside a power has no normal form; which sign it gets, only the fit tells.
    assert max(cost for cost in costs if np.isfinite(cost)) <= 14 and np.mean(np.isfinite(costs)) > 0.9
    assert 35 <= len(found) <= 100
    assert all(costs.count(cost) >= 3 for cost in range(8, 15))
    for node in found:
        values = evaluate(node, list(dense.T))
        assert np.all(np.isfinite(values))
        assert np.ptp(values) <= 2.01 * np.ptp(y)
        assert not any(part.op in ("*", "^") and any(arg == constant(1.0) for arg in part.args) for part in walk(node))
        assert all(-4 <= part.args[1].value <= 4 for part in walk(node) if part.op == "^")


@pytest.mark.slow
def test_longer_is_better() -> None:
    X, y = surface()
    found = search(X, y, max_complexity=16)
    scores = [best(found, X, y, nodes) for nodes in (5, 8, 12, 16)]
    assert scores == sorted(scores) and scores[2] > 0.95


ALLOWED = {
    "square": {"^"},
    "pow": {"^"},
    "sqrt": {"sqrt"},
    "exp": {"exp"},
    "log": {"log"},
    "abs": {"abs"},
    "tanh": {"tanh"},
    "sin": {"sin"},
    "cos": {"cos"},
}


@pytest.mark.slow
@pytest.mark.parametrize("functions", [(), *[(name,) for name in ALLOWED], ("exp", "square"), ("pow", "log")])
def test_functions_are_respected(functions: tuple[str, ...]) -> None:
    operators = {"+", "-", "*", "/", "neg", "const", "var"}.union(*(ALLOWED[name] for name in functions))
    for X, y in (wavy(), surface()):
        for node in search(X, y, functions=functions, max_cost=9):
            assert {part.op for part in walk(node)} <= operators
            exponents = {part.args[1].value for part in walk(node) if part.op == "^"}
            assert "pow" in functions or exponents <= {2.0}
            assert "square" in functions or 2.0 not in exponents


def test_weights_decide_which_points_matter() -> None:
    X = line(0, 1, 40)
    y = np.where(X[:, 0] < 0.5, 0.2 + 0.3 * X[:, 0], 0.9 - 0.5 * X[:, 0])
    left = np.where(X[:, 0] < 0.5, 1.0, 1e-9)
    found = search(X, y, weights=left, max_cost=5)
    node = min(found, key=lambda node: float(np.sum(left * (evaluate(node, [X[:, 0]]) - y) ** 2)))
    assert evaluate(node, [np.array([0.0, 1.0])]) == pytest.approx([0.2, 0.5], abs=1e-5)
    dropped = search(X, y, weights=np.where(left == 1.0, 1.0, 0.0), max_cost=5)
    assert evaluate(dropped[-1], [np.array([0.0, 1.0])]) == pytest.approx([0.2, 0.5], abs=1e-9)


def test_log_scaled_coordinates_are_priced_in_natural_units() -> None:
    X = line(-4, 0, 40)
    y = 0.1 + 0.02 * 10 ** (-0.6 * X[:, 0])
    # 0.1 + 0.02·x^(-0.6)
    found = search(X, y, max_complexity=7, log=(True,))
    assert all(nodes_of(node, X, (True,)) <= 7 for node in found)
    assert best(found, X, y, 7, (True,)) > 1 - 1e-9
    # 0.1 + 0.02/sqrt(x), the exponent exactly a half.
    y = 0.1 + 0.02 * 10 ** (-0.5 * X[:, 0])
    found = search(X, y, max_complexity=7, log=(True,))
    rates = [part.args[0].args[0].value for node in found for part in walk(node) if part.op == "exp"]
    assert any(rate == pytest.approx(-0.5 * np.log(10), rel=1e-12) for rate in rates)
    assert best(found, X, y, 7, (True,)) > 1 - 1e-9


def test_exponents_stay_readable_on_a_log_axis() -> None:
    X = line(-1, 0, 40)
    found = search(X, np.exp(25.0 * X[:, 0]), log=(True,), max_complexity=12)
    shown = [normal(node, X, (True,)) for node in found]
    exponents = [p for node in shown if node is not None for p in positions(node) if p.kind == "exponent"]
    assert exponents
    # That of a step says how steep it is.
    assert all(abs(p.value) <= (12.0 if p.in_step else 4.0) * (1 + 1e-9) for p in exponents)


#: name: (truth of two log-scaled hyperparameters, the nodes of its normal form)
POWERS: dict[str, tuple[Truth, int]] = {
    # 0.3 - 2/(1 + (x/0.036)^0.9·n^1.3)
    "step across both": (lambda x, n: 0.3 - 0.1 / (x**0.9 * n**1.3 + 0.05), 14),
    "logarithm across both": (lambda x, n: 0.3 + 0.02 * np.log(x**1.6 * n**0.8 + 0.03), 15),
    # 0.7 - 0.1/((n/10)^(-0.7) + (x/0.13)^1.8)
    "reciprocal of a sum of powers": (lambda x, n: 0.7 - 0.02 / (n**-0.7 + 8.0 * x**1.8), 13),
    "three factors": (lambda x, n: 0.2 + 0.05 * x**0.8 * n**0.4 / (x**2 + 0.003), 17),
}


@pytest.mark.parametrize("name", POWERS)
def test_recovers_powers_of_two_log_scaled_hyperparameters(name: str) -> None:
    truth, nodes = POWERS[name]
    X, dense = grid((-4, 0), (0, 2.4), 20), grid((-4, 0), (0, 2.4), 41)
    found = search(X, truth(*10.0**X.T), log=(True, True), max_complexity=nodes + 1)
    assert best(found, dense, truth(*10.0**dense.T), nodes + 1, (True, True)) > 1.0 - 1e-4


def test_powers_of_a_linear_and_a_log_scaled_hyperparameter() -> None:
    X = grid((1, 8), (-4, 0), 20)
    y = 0.6 - 0.03 / (X[:, 0] ** 1.4 * 10.0 ** (-0.5 * X[:, 1]) + 4.0)
    # 0.6 - 0.0075/(1 + (x/2.7)^1.4/sqrt(y))
    found = search(X, y, max_complexity=14, log=(False, True))
    assert max(r2(y, evaluate(node, list(X.T))) for node in found) > 0.9999


@pytest.mark.parametrize("power", [3.7, -3.7])
def test_a_step_far_from_one_keeps_its_place(power: float) -> None:
    """Its level is 10^(-4·3.7) = 1.6e-15, which nobody could read."""
    X = line(-6, -2, 40)
    y = 1.0 / (10.0 ** (power * (X[:, 0] + 4.0)) + 1.0)
    found = search(X, y, log=(True,), max_complexity=10)
    exact = max(found, key=lambda node: r2(y, evaluate(node, [X[:, 0]])))
    shown = normal(exact, X, (True,))
    assert shown is not None
    kinds = {p.kind: p.value for p in positions(shown)}
    assert kinds["place"] == pytest.approx(1e-4, rel=1e-6)
    # A rise is a fall from its end.
    assert kinds["exponent"] == pytest.approx(3.7, rel=1e-6)


def test_candidates_are_finite_on_the_whole_domain() -> None:
    X = line(0.5, 9.5, 40)
    y = 0.2 + 0.3 / (X[:, 0] - 0.2)
    found = search(X, y, bounds=((0.0, 10.0),), max_complexity=12)
    dense = line(0.0, 10.0, 2001)
    assert all(np.all(np.isfinite(evaluate(node, [dense[:, 0]]))) for node in found)


DEGENERATE = {
    "constant target": (line(0, 1, 20), np.full(20, 0.3), 1),
    "zero target": (line(0, 1, 20), np.zeros(20), 1),
    "one point": (np.array([[0.5]]), np.array([0.2]), 1),
    "two points": (np.array([[0.0], [1.0]]), np.array([0.2, 0.4]), 1),
    "four points": (line(0, 1, 4), np.array([0.2, 0.1, 0.4, 0.3]), 2),
    "one level": (np.ones((9, 1)), np.arange(9.0), 1),
    "two levels": (np.repeat([[0.0], [1.0]], 5, axis=0), np.arange(10.0), 2),
    "three levels": (np.repeat([[1.0], [2.0], [3.0]], 5, axis=0), np.arange(15.0) ** 2, 2),
    "a column that does not vary": (
        np.column_stack([np.ones(30), np.linspace(0, 1, 30)]),
        np.linspace(0, 1, 30) ** 3,
        9,
    ),
    "equal columns": (np.repeat(line(0, 1, 30), 2, axis=1), np.linspace(0, 1, 30) ** 3, 9),
    "stairs": (line(0, 1, 40), np.floor(4 * np.linspace(0, 1, 40)), 9),
    "far from zero": (line(1e6, 1e6 + 1, 40), np.linspace(0, 1, 40) ** 3, 5),
    "huge coordinates": (line(0, 1e200, 40), np.linspace(0, 1, 40) ** 3, 1),
    "an outlier": (line(0, 1, 40), np.where(np.arange(40) == 39, 1e9, np.linspace(0, 1, 40)), 2),
    "missing values": (line(0, 1, 40), np.where(np.arange(40) % 5 == 0, np.nan, np.linspace(0, 1, 40) ** 3), 9),
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_never_fails(name: str) -> None:
    X, y, least = DEGENERATE[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = search(X, y, max_cost=10)
    assert len(found) >= least
    assert all(np.all(np.isfinite(evaluate(node, list(X.T)))) for node in found)


def test_nothing_usable_gives_nothing() -> None:
    assert search(np.zeros((0, 1)), np.zeros(0)) == []
    assert search(line(0, 1, 9), np.full(9, np.nan)) == []
    assert search(line(0, 1, 9), line(0, 1, 9)[:, 0], weights=np.zeros(9)) == []


def test_a_varying_second_column_keeps_its_name() -> None:
    X = np.column_stack([np.ones(30), line(0, 1, 30)])
    found = search(X, 0.1 + 0.2 * X[:, 1], max_complexity=5)
    assert found[-1].args[1].args[1] == variable(1)


def table_and_points() -> tuple[Grammar, Points]:
    functions = frozenset((*DEFAULT_FUNCTIONS, "sin", "cos"))
    box = Box(np.array([0.3, 0.2]), np.array([2.0, 0.7]), (True, False))
    t = np.random.default_rng(0).uniform(0.01, 0.99, (2, 30))
    return grammar(functions, (True, False), (1, 1), (9, 9)), Points(box.low[:, None] + box.span[:, None] * t, t, box)


def test_derivatives_of_every_atom() -> None:
    table, points = table_and_points()
    for factor in table.factors:
        theta = 0.5 * (factor.starts[:3] + factor.starts[-3:]).T
        if "ridge" in factor.key or factor.inner.powers:
            theta = theta + 0.013  # off the corner where the edge or corner of the box that counts changes
        value, derivatives = factor.evaluate(points, theta)
        for q, derivative in enumerate(derivatives):
            step = np.zeros_like(theta)
            step[q] = 1e-6
            numeric = (factor.evaluate(points, theta + step)[0] - factor.evaluate(points, theta - step)[0]) / 2e-6
            np.testing.assert_allclose(
                derivative, numeric, rtol=2e-4, atol=1e-6 * np.abs(value).max(), err_msg=factor.key
            )


def test_nodes_equal_the_fit() -> None:
    table, points = table_and_points()
    for factor in table.factors:
        theta = factor.starts[len(factor.starts) // 2]
        built = factor.build(points.box, theta.tolist())
        value, _ = factor.evaluate(points, theta[:, None])
        node = evaluate(built.node, list(points.u))
        node = (built.scale / node if built.divides else built.scale * node) + built.offset
        np.testing.assert_allclose(node, value[0], rtol=1e-9, atol=1e-12, err_msg=factor.key)


def test_fit_finds_the_nearest_minimum() -> None:
    table, points = table_and_points()
    index = next(k for k, factor in enumerate(table.factors) if factor.key == "tanh.shift" and factor.var == 1)
    w = np.full(30, 1 / 30)
    y = np.tanh(7.0 * (points.t[1] - 0.4))
    y = (y - y.mean()) / y.std()
    (result,) = fit([Problem((Term((index,)),), np.array([0.5, 4.0]))], table, points, Target(w, y), 30)
    assert result.sse < 1e-12
    assert result.problem.theta == pytest.approx([0.4, 7.0], abs=1e-5)


def test_a_free_exponent_is_not_lost_to_a_readable_one() -> None:
    """-0.6 is close enough to -0.5 to be tried as that, and far enough that -0.5 fits worse."""
    u = np.linspace(0.0, 3.0, 40)
    y = 57.0 + 18.0 * 10.0 ** (-0.6 * u) + np.random.RandomState(0).randn(40)
    # 57 + 18·x^(-0.6)
    candidates = search(u[:, None], y, max_complexity=8, log=(True,))
    powers = [node for node in candidates if any(n.op == "exp" for n in walk(node)) and len(constants(node)) == 3]
    assert any(abs(constants(node)[2] / np.log(10.0) + 0.6) < 0.1 for node in powers)
