"""Partial dependence against averages worked out by hand, on surrogates of a few lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ConfigSpace import (
    Categorical,
    ConfigurationSpace,
    EqualsCondition,
    Float,
    ForbiddenAndConjunction,
    ForbiddenEqualsClause,
    ForbiddenGreaterThanRelation,
    ForbiddenInClause,
    GreaterThanCondition,
    Integer,
    OrdinalHyperparameter,
)

from deepcave_symbolic.exceptions import HyperparameterNotExplainableError
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.projection import Projection, Projector, project
from deepcave_symbolic.projection.fitting_points import fit_values
from deepcave_symbolic.space.axis import axis_of
from deepcave_symbolic.space.configurations import deactivate, forbidden
from deepcave_symbolic.surrogates.base import FittedSurrogate, SurrogateRecord


class Model:
    """Computes mean and std from the natural values of a configuration; remembers what it was asked."""

    def __init__(
        self, cs: ConfigurationSpace, mean: Callable[..., Array], std: Callable[..., Array] | None = None
    ) -> None:
        self.cs = cs
        self.mean = mean
        self.std = std
        self.asked: list[Array] = []

    def predict(self, X: Array) -> tuple[Array, Array]:
        self.asked.append(X)
        columns: dict[str, Any] = {}
        for i, (name, hyperparameter) in enumerate(self.cs.items()):
            v = X[:, i]
            numeric = hasattr(hyperparameter, "lower")
            with np.errstate(invalid="ignore"):
                columns[name] = np.where(np.isnan(v), np.nan, hyperparameter.to_value(v)) if numeric else v
        std = np.zeros(len(X)) if self.std is None else self.std(columns)
        return np.broadcast_to(self.mean(columns), (len(X),)).astype(float), np.broadcast_to(std, (len(X),)).astype(
            float
        )


def fitted(model: Model, trials: int = 12) -> FittedSurrogate:
    model.cs.seed(0)
    X = np.array([c.get_array() for c in model.cs.sample_configuration(trials)])
    y = model.predict(X)[0]
    model.asked.clear()
    return FittedSurrogate(model, SurrogateRecord("Model", True, trials), None, X, y)


def projected(model: Model, *names: str) -> Projection:
    return project(fitted(model), model.cs, [axis_of(model.cs, name) for name in names])


def plain() -> ConfigurationSpace:
    cs = ConfigurationSpace()
    cs.add(
        Float("lr", (1e-4, 1.0), log=True),
        Integer("units", (8, 256)),
        Float("momentum", (0.0, 1.0)),
        Categorical("kind", ["p", "q"]),
    )
    return cs


def additive(c: dict[str, Any]) -> Array:
    return np.asarray((np.log10(c["lr"]) + 2.0) ** 2 + 0.01 * c["units"] + c["momentum"] + c["kind"])


def test_an_additive_function_is_its_own_part_plus_the_average_of_the_rest() -> None:
    p = projected(Model(plain(), additive), "lr")
    own = (np.log10(p.grid[:, 0]) + 2.0) ** 2
    # The rest is the same at every point, and about what the uniform distribution gives: 1.32 + 0.5 + 0.5.
    np.testing.assert_allclose(p.mean - own, p.mean[0] - own[0], rtol=1e-9)
    assert abs(p.mean[0] - own[0] - 2.32) < 0.3
    assert p.n_averaged >= 48
    np.testing.assert_allclose(
        p.held_out.mean, (np.log10(p.held_out.grid[:, 0]) + 2.0) ** 2 + p.mean[0] - own[0], rtol=1e-9
    )
    assert p.shape == (40,)
    assert p.grid.shape == (40, 1)
    assert np.isclose(p.range, np.ptp(own))


def test_two_hyperparameters_keep_their_interaction() -> None:
    p = projected(Model(plain(), lambda c: c["units"] * np.log10(c["lr"]) + c["momentum"]), "units", "lr")
    rest = p.mean - p.grid[:, 0] * np.log10(p.grid[:, 1])
    np.testing.assert_allclose(rest, rest[0], atol=1e-9)
    assert abs(rest[0] - 0.5) < 0.15
    assert np.prod(p.shape) == len(p.grid)
    # The rows run over the last axis first, so that a picture may reshape them.
    assert np.all(np.ptp(p.grid[:, 0].reshape(p.shape), axis=1) == 0)
    assert np.all(np.diff(p.grid[:, 1].reshape(p.shape), axis=1) > 0)
    np.testing.assert_allclose(p.coordinates(p.grid), np.column_stack([p.grid[:, 0], np.log10(p.grid[:, 1])]))
    assert p.ice.shape == (0, len(p.grid))


def test_the_average_is_over_what_each_single_curve_shows() -> None:
    p = projected(Model(plain(), lambda c: c["momentum"] * np.log10(c["lr"])), "lr")
    u = np.log10(p.grid[:, 0])
    slopes = p.ice / np.where(u == 0, np.nan, u)
    assert len(p.ice) == 24
    assert np.nanmax(np.nanstd(slopes, axis=1)) < 1e-9
    assert np.nanmin(slopes) < 0.25
    assert np.nanmax(slopes) > 0.75


def test_nothing_left_to_average_gives_the_surrogate_itself() -> None:
    cs = ConfigurationSpace()
    cs.add(Float("a", (0.0, 1.0)), Float("b", (1.0, 100.0), log=True))
    model = Model(cs, lambda c: np.sin(5 * c["a"]) * c["b"], lambda c: 0.1 + c["a"])
    p = projected(model, "b", "a")
    assert p.n_averaged == 0
    np.testing.assert_allclose(p.mean, np.sin(5 * p.grid[:, 1]) * p.grid[:, 0], rtol=1e-9)
    np.testing.assert_allclose(p.std, 0.1 + p.grid[:, 1], rtol=1e-9)
    assert len(p.ice) == 0


def test_std_is_the_root_of_the_mean_variance() -> None:
    p = projected(Model(plain(), lambda c: 0.0 * c["lr"], lambda c: 1.0 + 2.0 * c["kind"]), "lr")
    # σ is 1 or 3: the mean of its squares is 1 + 8·(share of the second kind).
    share = (p.std**2 - 1.0) / 8.0
    assert np.ptp(share) < 1e-9
    assert 0.35 < share[0] < 0.65
    assert np.isclose(share[0] * p.n_averaged, round(share[0] * p.n_averaged))


def test_trials_alone_are_their_part_of_an_additive_cost() -> None:
    cs = plain()
    surrogate = fitted(Model(cs, additive), 20)
    surrogate = replace(surrogate, y=surrogate.y + 1.0)
    asked = Projector(surrogate, cs, [axis_of(cs, "lr"), axis_of(cs, "units")])
    p = asked.projection()
    trials = asked.trials_alone(p)
    assert len(trials.costs) == 20
    # The surrogate misses every cost by one; between the points of the grid a line stands for a parabola.
    lr, units = trials.values.T
    own = (np.log10(lr) + 2.0) ** 2 + 0.01 * units
    level = p.mean[0] - (np.log10(p.grid[0, 0]) + 2.0) ** 2 - 0.01 * p.grid[0, 1]
    np.testing.assert_allclose(trials.costs, own + level + 1.0, atol=0.02)


def conditional() -> ConfigurationSpace:
    cs = ConfigurationSpace()
    kernel, degree = Categorical("kernel", ["rbf", "poly", "linear"]), Integer("degree", (1, 6))
    cs.add(kernel, degree, Float("coef0", (0.0, 1.0)), Float("C", (0.01, 100.0), log=True))
    cs.add(EqualsCondition(degree, kernel, "poly"), GreaterThanCondition(cs["coef0"], degree, 3))
    return cs


def test_a_conditional_hyperparameter_is_explained_where_it_is_active() -> None:
    cs = conditional()
    model = Model(cs, lambda c: np.where(c["kernel"] == 1, c["degree"], 1000.0))
    surrogate = fitted(model, 60)
    p = project(surrogate, cs, [axis_of(cs, "degree")])
    np.testing.assert_allclose(p.mean, [1, 2, 3, 4, 5, 6])
    (asked,) = model.asked
    kernel = list(cs).index("kernel")
    assert set(asked[:, kernel]) == {1.0}
    # Only trials with a degree are shown with it.
    active = ~np.isnan(surrogate.X[:, list(cs).index("degree")])
    assert 0 < active.sum() < 60
    np.testing.assert_array_equal(p.trials.costs, surrogate.y[active])
    np.testing.assert_allclose(p.trials.values[:, 0], surrogate.y[active])


def test_the_surrogate_is_asked_valid_configurations_only() -> None:
    cs = conditional()
    cs.add(ForbiddenAndConjunction(ForbiddenEqualsClause(cs["kernel"], "poly"), ForbiddenEqualsClause(cs["degree"], 6)))
    for names in (("degree",), ("C",), ("coef0",), ("degree", "coef0"), ("coef0", "C")):
        model = Model(cs, lambda c: np.log10(c["C"]))
        p = projected(model, *names)
        assert p.valid.any()
        (asked,) = model.asked
        assert np.array_equal(deactivate(cs, asked), asked, equal_nan=True)
        assert not forbidden(cs, asked).any()
        assert not np.isnan(asked[:, [list(cs).index(n) for n in names]]).any()


def test_setting_a_parent_switches_its_child() -> None:
    model = Model(conditional(), lambda c: np.where(np.isnan(c["coef0"]), 0.0, 1.0))
    p = projected(model, "degree")
    np.testing.assert_array_equal(p.mean, [0, 0, 0, 1, 1, 1])


def test_a_forbidden_region_is_blank() -> None:
    cs = ConfigurationSpace()
    cs.add(Integer("low", (1, 10)), Integer("high", (1, 10)), Float("x", (0.0, 1.0)))
    cs.add(ForbiddenGreaterThanRelation(cs["low"], cs["high"]))
    p = projected(Model(cs, lambda c: c["low"] + 10 * c["high"] + c["x"]), "low", "high")
    low, high = p.grid.T
    assert np.array_equal(p.valid, low <= high)
    assert np.array_equal(np.isnan(p.std), low > high)
    np.testing.assert_allclose((p.mean - low - 10 * high)[p.valid], 0.5, atol=0.15)
    assert np.isfinite(p.range)
    assert np.isfinite(p.held_out.mean).all()
    assert (p.held_out.grid[:, 0] <= p.held_out.grid[:, 1]).all()
    # Alone, each is averaged over the values that the other may have: low = 10 leaves high = 10.
    single = projected(Model(cs, lambda c: 1.0 * c["high"]), "low")
    assert single.valid.all()
    assert single.partial_dependence[-1] == 10.0
    assert np.all(np.diff(single.partial_dependence) > 0)
    # It has no effect of its own.
    np.testing.assert_allclose(single.mean, single.mean[0])
    json.dumps(p.to_dict(), allow_nan=False)


def test_a_forbidden_value_is_blank() -> None:
    cs = ConfigurationSpace()
    cs.add(Integer("n", (1, 6)), Float("x", (0.0, 1.0)))
    cs.add(ForbiddenInClause(cs["n"], [2, 3]))
    p = projected(Model(cs, lambda c: 2.0 * c["n"]), "n")
    np.testing.assert_array_equal(p.mean, [2, np.nan, np.nan, 8, 10, 12])
    assert p.held_out.grid[:, 0].tolist() == [1, 4, 5, 6]


def test_held_out_points_lie_between_the_fitted_ones() -> None:
    p = projected(Model(plain(), additive), "lr", "momentum")
    fit, held = {tuple(row) for row in p.grid}, {tuple(row) for row in p.held_out.grid}
    assert not fit & held
    assert len(held) == len(p.held_out.mean) > 300
    for i in range(2):
        assert p.held_out.grid[:, i].min() > p.grid[:, i].min()
        assert p.held_out.grid[:, i].max() < p.grid[:, i].max()


def test_ordinals_enter_by_value_or_rank() -> None:
    cs = ConfigurationSpace()
    cs.add(OrdinalHyperparameter("width", [128, 16, 48]), OrdinalHyperparameter("size", ["s", "m", "l"]))
    model = Model(cs, lambda c: 10.0 * c["width"] + c["size"])
    p = projected(model, "width")
    # The vector holds the place in the sequence: 16 is second, 48 third, 128 first.
    assert p.grid[:, 0].tolist() == [16, 48, 128]
    np.testing.assert_allclose(p.mean - p.mean[2], [10, 20, 0])
    assert set(p.trials.values[:, 0]) == {16, 48, 128}
    q = projected(model, "size")
    assert q.grid[:, 0].tolist() == [0, 1, 2]
    np.testing.assert_allclose(np.diff(q.mean), 1.0)
    assert set(q.trials.values[:, 0]) <= {0, 1, 2}


def test_near_trials_in_the_search_coordinate() -> None:
    cs = ConfigurationSpace()
    cs.add(Float("lr", (1e-4, 1.0), log=True), Float("x", (0.0, 1.0)))
    surrogate = fitted(Model(cs, lambda c: c["x"]))
    X = np.column_stack([np.full(3, cs["lr"].to_vector(1e-3)), np.full(3, 0.5)])
    p = project(FittedSurrogate(surrogate.model, surrogate.record, None, X, np.zeros(3)), cs, [axis_of(cs, "lr")])
    u = np.log10(p.grid[:, 0])
    assert np.array_equal(p.near_trials, np.abs(u + 3.0) <= 0.4)


@pytest.mark.parametrize("names", [("lr",), ("units", "lr")])
def test_the_same_projection_every_time_and_through_json(names: tuple[str, ...]) -> None:
    first = projected(Model(plain(), additive, lambda c: c["momentum"]), *names)
    np.random.seed(123)  # A global generator must not matter.
    second = projected(Model(plain(), additive, lambda c: c["momentum"]), *names)
    assert first.to_dict() == second.to_dict()
    back = Projection.from_dict(json.loads(json.dumps(first.to_dict(), allow_nan=False)))
    assert back.axes == first.axes
    assert back.shape == first.shape
    for field in ("grid", "mean", "std", "ice", "near_trials"):
        a, b = getattr(back, field), getattr(first, field)
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        assert np.array_equal(a, b)
    assert np.array_equal(back.held_out.grid, first.held_out.grid)
    assert np.array_equal(back.trials.values, first.trials.values)
    assert back.to_dict() == first.to_dict()


def test_large_matrices_are_asked_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Model(plain(), additive)
    expected = projected(whole, "lr", "units")
    parts = Model(plain(), additive)
    monkeypatch.setattr("deepcave_symbolic.projection.average._MOST_ENTRIES", 20_000)
    assert projected(parts, "lr", "units") == expected
    assert max(map(np.size, whole.asked)) > 20_000 >= max(map(np.size, parts.asked))


def test_json_keeps_blanks() -> None:
    cs = ConfigurationSpace()
    cs.add(Integer("n", (1, 6)))
    cs.add(ForbiddenInClause(cs["n"], [2, 3]))
    p = projected(Model(cs, lambda c: 2.0 * c["n"]), "n")
    back = Projection.from_dict(json.loads(json.dumps(p.to_dict(), allow_nan=False)))
    assert np.array_equal(back.mean, p.mean, equal_nan=True)
    assert back.ice.shape == p.ice.shape


def test_a_hyperparameter_that_is_never_active_cannot_be_explained() -> None:
    cs = ConfigurationSpace()
    kernel, degree = Categorical("kernel", ["rbf", "poly"]), Integer("degree", (1, 6))
    cs.add(kernel, degree, Float("x", (0.0, 1.0)))
    cs.add(EqualsCondition(degree, kernel, "poly"), ForbiddenEqualsClause(kernel, "poly"))
    with pytest.raises(HyperparameterNotExplainableError, match="'degree'") as caught:
        projected(Model(cs, lambda c: c["x"]), "degree")
    assert caught.value.hyperparameter == "degree"


def test_hyperparameters_that_exclude_each_other_cannot_be_explained_together() -> None:
    cs = ConfigurationSpace()
    kind, a, b = Categorical("kind", ["p", "q"]), Float("a", (0.0, 1.0)), Float("b", (0.0, 1.0))
    cs.add(kind, a, b)
    cs.add(EqualsCondition(a, kind, "p"), EqualsCondition(b, kind, "q"))
    with pytest.raises(HyperparameterNotExplainableError, match="'a' and 'b'"):
        projected(Model(cs, lambda c: 1.0 * c["kind"]), "a", "b")


# --- where it is fitted -----------------------------------------------------------------------------------------------


def test_a_narrow_optimum_on_a_linear_axis_has_fitting_points() -> None:
    space = ConfigurationSpace(seed=0)
    space.add(Float("C", (0.1, 1000.0)), Float("z", (0.0, 1.0)))
    model = Model(space, lambda v: np.minimum(1.0, abs(v["C"] - 4.0) / 10.0))
    X = np.array([c.get_array() for c in space.sample_configuration(120)])
    X[:70, 0] = space["C"].to_vector(np.linspace(0.7, 9.0, 70))
    y = model.predict(X)[0]
    p = project(FittedSurrogate(model, SurrogateRecord("Model", True, 120), None, X, y), space, [axis_of(space, "C")])
    inside = (p.grid[:, 0] > 0.6) & (p.grid[:, 0] < 10.0)
    assert inside.sum() >= 4 and p.mean.min() < 0.02
    assert p.incumbent is not None and p.incumbent.values is not None
    assert np.min(np.abs(p.grid[:, 0] - p.incumbent.values[0])) <= 0.01 * 1000 / 39
    # Every point stands for its part of the domain, so that the narrow one does not decide the fit.
    assert p.weights[inside].sum() / p.weights.sum() == pytest.approx(0.02, abs=0.01)


def test_an_even_grid_stays_even_where_trials_are_spread() -> None:
    space = plain()
    trials = np.linspace(0.0, 1.0, 50)
    axis = axis_of(space, "momentum")
    assert list(fit_values(axis, 40, trials, None, 9)) == list(axis.fit_grid(40))
    assert np.all(axis.cell_widths(axis.fit_grid(40)) == 1.0)
    log = axis_of(space, "lr")
    assert np.all(log.cell_widths(log.fit_grid(40)) == 1.0)


@pytest.mark.parametrize("name", ["lr", "units", "momentum"])
def test_the_incumbent_is_a_fitting_point(name: str) -> None:
    p = projected(Model(plain(), lambda v: np.abs(v["momentum"] - 0.3) + 0.0 * v["lr"]), name)
    assert p.incumbent is not None and p.incumbent.values is not None
    step = np.diff(p.axes[0].coordinate_bounds)[0] / 39
    assert np.min(np.abs(p.coordinates(p.grid)[:, 0] - p.coordinates(np.array([p.incumbent.values]))[0])) <= 0.01 * step
