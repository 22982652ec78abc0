"""The consensus of a Gaussian process and trees, and the scales on which models of ours learn, on known functions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from ConfigSpace import (
    Categorical,
    ConfigurationSpace,
    Constant,
    EqualsCondition,
    Float,
    Integer,
    OrdinalHyperparameter,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.runs import load_run
from deepcave_symbolic.runs.run import Run, Status, Trial
from deepcave_symbolic.space.configurations import sample_all
from deepcave_symbolic.surrogates import FittedSurrogate, build_surrogate
from deepcave_symbolic.surrogates.base import JointSurrogate, OnDemand, SurrogateOfMeans, TimedSurrogate
from deepcave_symbolic.surrogates.consensus import CONSENSUS_NAME, fit_consensus
from deepcave_symbolic.surrogates.consensus.columns import Columns
from deepcave_symbolic.surrogates.consensus.kernel import _loss, fit_kernel
from deepcave_symbolic.surrogates.forest import fit_forest
from deepcave_symbolic.surrogates.rivals import STAND_IN, best_of, compare
from deepcave_symbolic.surrogates.scales import compressed, heavy_tailed, log_density, plain
from places import FOREST, SVM


def square() -> ConfigurationSpace:
    space = ConfigurationSpace(seed=0)
    space.add(Float("x", (0.0, 1.0)), Float("y", (0.0, 1.0)))
    return space


def mixed() -> ConfigurationSpace:
    space = ConfigurationSpace(seed=0)
    solver, size = Categorical("solver", ["sgd", "adam", "lbfgs"]), OrdinalHyperparameter("size", ["s", "m", "l", "xl"])
    momentum = Float("momentum", (0.0, 0.9))
    space.add(Float("lr", (1e-4, 1.0), log=True), Integer("layers", (1, 8)), solver, size, momentum, Constant("k", 3))
    space.add(EqualsCondition(momentum, solver, "sgd"))
    return space


def of_mixed(values: dict[str, Any]) -> float:
    extra = {"sgd": 0.5 - 0.4 * values.get("momentum", 0.0), "adam": 0.0, "lbfgs": 1.0}[values["solver"]]
    return float(1.0 + 0.3 * (math.log10(values["lr"]) + 2.0) ** 2 + extra + 0.05 * values["layers"])


def run_of(
    space: ConfigurationSpace,
    cost: Callable[[dict[str, Any]], float],
    n: int,
    *,
    noise: float = 0.0,
    trials: Callable[[int, float], list[Trial]] = lambda i, y: [Trial(i, (y,), Status.SUCCESS)],
    **fields: Any,
) -> Run:
    """A run of random search: what `trials` makes of the cost of each of n configurations."""
    space.seed(1)
    configurations = space.sample_configuration(n)
    rng = np.random.default_rng(0)
    made = [t for i, c in enumerate(configurations) for t in trials(i, cost(dict(c)) + noise * rng.standard_normal())]
    vectors = {i: np.asarray(c.get_array(), dtype=float) for i, c in enumerate(configurations)}
    return Run("made", space, ("loss",), tuple(made), vectors, optimizer="Random", **fields)


def consensus(run: Run, seed: int = 0, budget: float | None = None) -> FittedSurrogate:
    return build_surrogate(run, objective=0, budget=budget, kind="consensus", seed=seed)


def unseen(space: ConfigurationSpace, cost: Callable[[dict[str, Any]], float], n: int = 200) -> tuple[Array, Array]:
    space.seed(2)
    configurations = space.sample_configuration(n)
    return np.array([c.get_array() for c in configurations]), np.array([cost(dict(c)) for c in configurations])


def r2_of(surrogate: FittedSurrogate, X: Array, y: Array) -> float:
    return float(1 - np.mean((surrogate.model.predict(X)[0] - y) ** 2) / np.var(y))


def line(values: dict[str, Any]) -> float:
    return float(1.0 + values["x"] + 0.5 * values["y"])


def test_a_line_without_noise_comes_back() -> None:
    fitted = consensus(run_of(square(), line, 40))
    assert fitted.record.name == CONSENSUS_NAME and not fitted.record.exact
    assert fitted.record.cv_r2 is not None and fitted.record.cv_r2 > 0.98
    assert r2_of(fitted, *unseen(square(), line)) > 0.99
    process = fitted.record.options["process"]
    assert process["noise_variance"] < 1e-3 and process["learns"] == "cost"
    assert fitted.record.options["weight_of_process"] > 0.6


def test_noise_is_smoothed_and_known() -> None:
    fitted = consensus(run_of(square(), line, 120, noise=0.2))
    assert r2_of(fitted, *unseen(square(), line)) > 0.9
    noise, spread = fitted.record.options["process"]["noise_variance"], np.var(fitted.y)
    assert 0.5 * 0.04 < noise * spread < 2.0 * 0.04


def test_of_noise_alone_nothing_is_learned() -> None:
    fitted = consensus(run_of(square(), lambda _: 0.0, 60, noise=1.0))
    assert fitted.record.cv_r2 is not None and fitted.record.cv_r2 < 0.15


def test_choices_conditions_ordinals_integers_and_constants() -> None:
    space = mixed()
    fitted = consensus(run_of(space, of_mixed, 150, noise=0.02))
    X, y = unseen(space, of_mixed)
    assert np.isnan(X).any()
    assert r2_of(fitted, X, y) > 0.93
    assert fitted.record.cv_r2 is not None and fitted.record.cv_r2 > 0.9


def test_columns_tell_choices_and_activity_apart() -> None:
    space = mixed()
    columns = Columns.of(space, np.empty((1, 0)))
    names = list(space)
    rows = np.zeros((3, len(names)))
    rows[:, names.index("solver")] = [0, 1, 1]
    rows[:, names.index("momentum")] = [0.5, -1.0, -1.0]
    points = columns.points(rows)
    assert len(columns.groups) == points.shape[1]
    # Two choices are 1 apart, and inactive is 1 from the middle of the range; the constant counts nothing.
    assert np.sum((points[0] - points[1]) ** 2) == pytest.approx(2.0)
    np.testing.assert_array_equal(points[1], points[2])
    assert columns.groups.max() + 1 == len(names) - 1 + 1


@pytest.mark.parametrize("n", [25, 150])
def test_the_gradient_is_that_of_the_loss(n: int) -> None:
    rng = np.random.default_rng(3)
    points, z = rng.random((n, 4)), rng.standard_normal(n)
    groups, priors = np.array([0, 0, 1, 2]), np.array([(0.0, 1.0)] * 4 + [(-4.0, 2.0)])
    theta = rng.normal(-0.5, 0.4, size=5)
    _, gradient = _loss(theta, points, z, groups, priors)
    step = 1e-6 * np.eye(5)
    ends = [[_loss(theta + sign * h, points, z, groups, priors)[0] for sign in (1, -1)] for h in step]
    slopes = [(above - below) / 2e-6 for above, below in ends]
    np.testing.assert_allclose(gradient, slopes, rtol=1e-4, atol=1e-4)


def test_several_seeds_are_one_configuration() -> None:
    rng = np.random.default_rng(5)

    def seeds(i: int, y: float) -> list[Trial]:
        return [Trial(i, (y + 0.1 * rng.standard_normal(),), Status.SUCCESS, seed=s) for s in range(3)]

    fitted = consensus(run_of(square(), line, 40, trials=seeds))
    assert fitted.record.n_trials == 120 and len(fitted.residuals) == 40
    assert r2_of(fitted, *unseen(square(), line)) > 0.93
    # Trials of a configuration never help to predict it: the noise is not remembered.
    assert np.std(fitted.y - fitted.held_out) > 0.08


def test_all_budgets_are_one_more_hyperparameter() -> None:
    from deepcave_symbolic.runs.views import with_budget_as_hyperparameter

    def budgets(i: int, y: float) -> list[Trial]:
        return [Trial(i, (y + 1.0 / b,), Status.SUCCESS, budget=b) for b in (1.0, 3.0, 9.0)]

    run = run_of(square(), line, 30, trials=budgets)
    one = consensus(run, budget=9.0)
    assert one.record.n_trials == 30 and one.budget == 9.0
    every = consensus(with_budget_as_hyperparameter(run))
    assert every.record.n_trials == 90 and every.X.shape[1] == 3
    assert every.record.cv_r2 is not None and every.record.cv_r2 > 0.95


def test_instances_are_averaged_over() -> None:
    features = {"a": [0.0, 5.0], "b": [1.0, 5.0], "c": [2.0, 5.0]}

    def instances(i: int, y: float) -> list[Trial]:
        return [Trial(i, (y + features[k][0],), Status.SUCCESS, instance=k) for k in features]

    run = run_of(square(), line, 40, trials=instances, scenario={"instance_features": features})
    fitted = consensus(run)
    X, y = unseen(square(), line)
    assert r2_of(fitted, X, y + 1.0) > 0.95
    drawn = fitted.deviations(X[:5], 40, np.random.default_rng(0))
    assert drawn is not None and drawn.shape == (40, 5)
    # Which the trees of each instance know: they are told its features.
    assert fitted.record.cv_r2 is not None and fitted.record.cv_r2 > 0.95


def test_mean_and_spread_are_those_of_the_mixture() -> None:
    run = run_of(square(), line, 50, noise=0.1)
    fitted = consensus(run)
    model, w = fitted.model, fitted.record.options["weight_of_process"]
    X, _ = unseen(square(), line, 30)
    (a, s), (b, t) = model._process.predict(X), model._trees.predict(X)  # type: ignore[attr-defined]
    mean, std = model.predict(X)
    np.testing.assert_allclose(mean, w * a + (1 - w) * b)
    second = w * (s**2 + a**2) + (1 - w) * (t**2 + b**2)
    np.testing.assert_allclose(std, np.sqrt(second - mean**2), rtol=1e-6)
    assert isinstance(model, TimedSurrogate) and isinstance(model, JointSurrogate)
    drawn = fitted.deviations(X, 400, np.random.default_rng(1))
    assert drawn is not None
    np.testing.assert_allclose(drawn.mean(axis=0), 0.0, atol=1e-9)
    assert np.all(np.std(drawn, axis=0) > std)  # surrogates are surer than they should be
    near = np.vstack([X[:1], X[:1] + 1e-6])
    together = fitted.deviations(near, 200, np.random.default_rng(2))
    assert together is not None and np.corrcoef(together.T)[0, 1] > 0.99


def test_the_same_seed_is_the_same_surrogate() -> None:
    run = run_of(square(), line, 40, noise=0.1)
    X, _ = unseen(square(), line, 30)
    first, second, other = consensus(run, 7), consensus(run, 7), consensus(run, 8)
    assert first.record == second.record
    for a, b in zip(first.model.predict(X), second.model.predict(X), strict=True):
        np.testing.assert_array_equal(a, b)
    draws = [s.deviations(X, 20, np.random.default_rng(3)) for s in (first, second)]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert np.any(first.model.predict(X)[0] != other.model.predict(X)[0])


def test_a_consensus_on_demand_is_the_same_one() -> None:
    run = run_of(square(), line, 40, noise=0.1)
    at_once = fit_consensus(run, objective=0, budget=None, seed=1)
    later = fit_consensus(run, objective=0, budget=None, seed=1, rival_of=at_once)
    assert later.record == at_once.record and isinstance(later.model, OnDemand)
    for a, b in zip(at_once.model.predict(at_once.X), later.model.predict(at_once.X), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("n", [3, 4, 9])
def test_few_trials_have_a_consensus_without_a_score(n: int) -> None:
    fitted = consensus(run_of(square(), line, n))
    assert fitted.record.cv_r2 is None and fitted.residuals is None
    mean, std = fitted.model.predict(fitted.X)
    assert np.isfinite(mean).all() and np.isfinite(std).all()
    assert any("Too few configurations" in sentence for sentence in fitted.record.warnings)


@pytest.mark.parametrize("factor", [1e300, 1e-300, -1e12])
def test_the_unit_of_the_costs_does_not_matter(factor: float) -> None:
    space = square()
    X, _ = unseen(space, line, 20)
    plain_mean = consensus(run_of(space, line, 40)).model.predict(X)[0]
    mean, std = consensus(run_of(space, lambda v: factor * line(v), 40)).model.predict(X)
    assert np.isfinite(mean).all() and np.isfinite(std).all()
    np.testing.assert_allclose(mean / factor, plain_mean, rtol=0.05)


def test_constant_costs_are_predicted() -> None:
    mean, std = consensus(run_of(square(), lambda _: 3.0, 20)).model.predict(np.full((4, 2), 0.5))
    np.testing.assert_allclose(mean, 3.0)
    np.testing.assert_allclose(std, 0.0, atol=1e-3)


# --- heavy tails ----------------------------------------------------------------------------------------------------


def diverging(values: dict[str, Any]) -> float:
    return float(10 ** (-2.0 + 2.0 * values["x"]))


def heavy_run(sign: float = 1.0) -> Run:
    """Costs over two decades, of which every thirtieth is a hundred times what it should be, wherever it was."""

    def trials(i: int, y: float) -> list[Trial]:
        return [Trial(i, (y * 100.0 if i % 30 == 7 else y,), Status.SUCCESS)]

    return run_of(square(), lambda v: diverging(v) - (0.02 if sign < 0 else 0.0), 120, trials=trials)


@pytest.mark.parametrize("kind", ["forest", "consensus", "run"])
def test_where_a_few_costs_dwarf_the_others_their_logarithm_is_learned(kind: str) -> None:
    fitted = build_surrogate(heavy_run(), objective=0, budget=None, kind=kind)
    record = fitted.record
    assert record.cost_scale == "log cost" and record.cv_r2 is not None and record.cv_r2 > 0.5
    assert any("the typical cost (the median)" in sentence for sentence in record.warnings)
    X, y = unseen(square(), diverging)
    mean, std = fitted.model.predict(X)
    assert np.median(np.abs(np.log10(mean / y))) < 0.15 and np.all(std > 0)
    # What trials cannot tell is about the typical costs, not about those few.
    residuals = fitted.residuals
    assert residuals is not None and np.std(residuals) < 0.5 * np.std(fitted.y - fitted.held_out)
    drawn = fitted.deviations(X[:4], 50, np.random.default_rng(0))
    assert drawn is not None and np.isfinite(drawn).all()


@pytest.mark.parametrize("run", [load_run(SVM), load_run(FOREST), heavy_run()], ids=["process", "forest", "heavy"])
@pytest.mark.parametrize("kind", ["run", "consensus", "forest"])
def test_the_mean_alone_is_the_mean(run: Run, kind: str) -> None:
    model = build_surrogate(run, objective=0, budget=None, kind=kind).model
    X = sample_all(run.configspace, 50, np.random.RandomState(0))
    assert isinstance(model, SurrogateOfMeans)
    np.testing.assert_array_equal(model.predict_mean(X), model.predict(X)[0])


def test_heavy_tails_around_zero_are_compressed_on_both_sides() -> None:
    fitted = consensus(heavy_run(-1.0))
    assert fitted.record.cost_scale == "asinh cost" and np.min(fitted.y) < 0
    assert fitted.record.cv_r2 is not None and fitted.record.cv_r2 > 0.4


def test_usual_costs_are_learned_as_they_are() -> None:
    for run in (run_of(square(), line, 60, noise=0.1), run_of(mixed(), of_mixed, 60)):
        for kind in ("forest", "consensus"):
            fitted = build_surrogate(run, objective=0, budget=None, kind=kind)
            assert fitted.record.cost_scale == "cost" and fitted.scale is None
    rng = np.random.default_rng(0)
    assert not heavy_tailed(rng.normal(size=200)) and not heavy_tailed(np.exp(rng.normal(size=200) / 2))
    assert not heavy_tailed(np.full(20, 2.0)) and heavy_tailed(np.append(np.linspace(1, 2, 50), 1e4))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(-1e200, 1e200), min_size=3, max_size=12))
@example([1.0, 3.2e104, 4.9e-203])  # their ratio is beyond a float
def test_scales_are_monotone_and_come_back(values: list[float]) -> None:
    y = np.array(values)
    for scale in (plain(y), compressed(y)):
        z = scale.encode(y)
        assert np.isfinite(z).all()
        order = np.argsort(y, kind="stable")
        assert np.all(np.diff(z[order]) >= 0)
        size = float(np.max(np.abs(y))) or 1.0
        np.testing.assert_allclose(scale.decode(z) / size, y / size, rtol=1e-6, atol=1e-9)
        beyond = scale.decode(np.array([-1e6, 1e6]))
        assert not np.isnan(beyond).any()
        middle, spread = scale.decode_moments(z, np.ones_like(z))
        assert np.all(spread >= 0) and not np.isnan(middle).any()


@pytest.mark.parametrize("base", [1.0, -0.5])
def test_the_slope_is_that_of_the_way_back(base: float) -> None:
    y = base + np.geomspace(0.1, 50.0, 9)
    for scale in (plain(y), compressed(y)):
        z = scale.encode(y)
        numeric = (scale.decode(z + 1e-6) - scale.decode(z - 1e-6)) / 2e-6
        np.testing.assert_allclose(scale.slope(y), numeric, rtol=1e-5)


def test_the_density_prefers_the_scale_on_which_errors_are_even() -> None:
    rng = np.random.default_rng(0)
    truth = np.exp(rng.normal(size=400))
    uneven, even = truth * np.exp(0.2 * rng.normal(size=400)), truth + 0.05 * rng.normal(size=400)
    log, linear = compressed(uneven), plain(uneven)
    assert log_density(log, uneven, truth) > log_density(linear, uneven, truth)
    keep = even > 0
    log = compressed(even[keep])
    assert log_density(log, even[keep], truth[keep]) < log_density(linear, even[keep], truth[keep])


# --- choosing -------------------------------------------------------------------------------------------------------


def test_the_first_stays_where_another_is_hardly_better() -> None:
    run = run_of(square(), line, 60, noise=0.1)
    ours, forest = consensus(run), fit_forest(run, objective=0, budget=None, seed=0)
    assert compare(ours, forest).r2 == (ours.record.cv_r2, forest.record.cv_r2)
    chosen = best_of([("forest", forest), ("consensus", ours)])
    assert chosen.record.name == CONSENSUS_NAME and chosen.record.rival is not None
    assert chosen.record.rival.kind == "forest" and "better." in chosen.record.warnings[-1]
    same = best_of([("consensus", ours), ("run", ours)])
    assert same.record.rival is not None and same.record.rival.kind == "run"


def test_both_are_compared_on_the_scale_of_the_one_that_needs_it() -> None:
    run = heavy_run()
    ours = consensus(run)
    forest = fit_forest(run, objective=0, budget=None, seed=0)
    assert compare(ours, forest).cost_scale == "log cost"
    chosen = best_of([("consensus", ours), ("forest", forest)])
    assert "Chosen by cross-validated R² of log cost" in chosen.record.warnings[-1]


def test_a_run_without_a_model_gets_it_and_says_so() -> None:
    run = run_of(square(), line, 20)
    for kind in ("run", "best"):
        record = build_surrogate(run, objective=0, budget=None, kind=kind).record
        assert record.name == CONSENSUS_NAME
        assert f"Random keeps no surrogate; {STAND_IN} stands in for it." in record.warnings


def test_a_large_run_is_thinned_for_the_process_and_says_so() -> None:
    run = run_of(square(), line, 520, noise=0.1)
    fitted = consensus(run)
    (sentence,) = [w for w in fitted.record.warnings if "learned from 500 of 520 trials" in w]
    assert "the trees learned from all" in sentence
    assert r2_of(fitted, *unseen(square(), line)) > 0.95


def test_hyperparameters_do_not_depend_on_the_order_of_the_trials() -> None:
    rng = np.random.default_rng(0)
    rows = rng.random((40, 2))
    z = np.sin(3 * rows[:, 0]) + 0.1 * rng.standard_normal(40)
    columns = Columns.of(square(), np.empty((1, 0)))
    order = rng.permutation(40)
    one, other = fit_kernel(columns, rows, z), fit_kernel(columns, rows[order], z[order])
    np.testing.assert_allclose(one.lengths, other.lengths, rtol=1e-2)
    assert one.lengths[1] > 2 * one.lengths[0]  # y does not matter


def test_where_nothing_can_be_compared_the_runs_own_stays() -> None:
    run = run_of(square(), line, 6)
    ours, own = consensus(run), fit_forest(run, objective=0, budget=None, seed=0)
    chosen = best_of([("consensus", ours), ("run", own)])
    assert chosen.record.name == own.record.name and "could not compare" in chosen.record.warnings[-1]
