"""What is looked at of a surrogate: capped averages, profiles, slices and parts against answers worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
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
    Integer,
)

from deepcave_symbolic.exceptions import HyperparameterNotExplainableError, InvalidArgumentError, NoTrialsError
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.projection import Projection, Statistic, Subject, View
from deepcave_symbolic.space.axis import axis_of
from deepcave_symbolic.space.region import checked_region, region_in
from deepcave_symbolic.surrogates.base import FittedSurrogate, SurrogateRecord, deviations_of_members
from known_surrogates import OfValues, OfVectors


def unit_space(d: int) -> ConfigurationSpace:
    cs = ConfigurationSpace()
    cs.add([Float(f"x{i}", (0.0, 1.0)) for i in range(d)])
    return cs


def fitted(model: Any, X: Array) -> FittedSurrogate:
    return FittedSurrogate(model, SurrogateRecord("Model", True, len(X)), None, X, model.predict(X)[0])


def drawn(d: int, n: int = 20) -> Array:
    return np.random.RandomState(1).uniform(size=(n, d))


def subject(
    surrogate: FittedSurrogate,
    cs: ConfigurationSpace,
    *,
    region: Any = "all",
    statistic: Statistic = "mean",
    maximize: bool = False,
) -> Subject:
    return Subject(surrogate, cs, View(region_in(cs, checked_region(region)), statistic), maximize=maximize)


def project(mean: Callable[[Array], Any], d: int, *names: str, std: float = 0.1, **view: Any) -> Projection:
    cs = unit_space(d)
    looked_at = subject(fitted(OfVectors(mean, std), drawn(d)), cs, **view)
    return looked_at.projected([axis_of(looked_at.configspace, name) for name in names])[1]


# --- among the best ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("maximize", [False, True])
def test_worse_predictions_count_as_the_quantile(maximize: bool) -> None:
    # Over x0 + x1 the lowest fifth lies below sqrt(0.4): the sum of two even variables has P(sum < c) = c² / 2.
    sign = -1.0 if maximize else 1.0
    p = project(lambda X: sign * X.sum(axis=1), 2, "x0", region="best 20%", maximize=maximize)
    cap = np.sqrt(0.4)
    x = p.grid[:, 0]
    room = np.clip(cap - x, 0.0, 1.0)
    # The average over x1 of min(x + x1, cap).
    expected = sign * (np.where(room > 0, room * (x + room / 2), 0.0) + cap * (1.0 - room))
    np.testing.assert_allclose(p.mean, expected, atol=0.04)
    assert p.view.words == "among the best 20 %"
    assert Projection.from_dict(json.loads(json.dumps(p.to_dict()))) == p


def test_what_matters_among_the_best_is_seen_below_the_crashes() -> None:
    # x0 decides what crashes, x1 what is best among the rest.
    def cost(X: Array) -> Array:
        return np.where(X[:, 0] > 0.5, 100.0, X[:, 1])

    shares = {r: [project(cost, 2, n, region=r).variance_share for n in ("x0", "x1")] for r in ("all", "best 10%")}
    assert shares["all"][0] > 0.95 and shares["all"][1] < 0.01
    assert shares["best 10%"][1] > shares["best 10%"][0]


def test_a_cap_makes_what_lies_beyond_certain() -> None:
    p = project(lambda X: X[:, 0], 1, "x0", std=0.01, region="best 50%")
    assert p.std[0] == pytest.approx(0.01, rel=1e-3) and p.std[-1] == pytest.approx(0.0, abs=1e-9)
    assert p.view.averages and p.n_averaged == 0


# --- the best of the others -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("d", "names"), [(2, ("x0",)), (5, ("x0",)), (4, ("x0", "x1"))])
@pytest.mark.parametrize("maximize", [False, True])
def test_a_profile_is_the_best_of_the_others_and_no_minimum_over_a_few_draws(
    d: int, names: tuple[str, ...], maximize: bool
) -> None:
    sign = -1.0 if maximize else 1.0
    k = len(names)

    # Where the others are best moves with the first.
    def cost(X: Array) -> Array:
        others = X[:, k:] - 0.5 - 0.3 * np.sin(5.0 * X[:, :1])
        return sign * (((X[:, :k] - 0.3) ** 2).sum(axis=1) + (others**2).sum(axis=1))

    p = project(cost, d, *names, statistic="best", maximize=maximize)
    truth = sign * ((p.grid - 0.3) ** 2).sum(axis=1)
    error = sign * (p.mean - truth)
    assert error.min() > -1e-9  # what a configuration has can be no better
    assert error.max() < 0.03 * np.std(truth) and error.mean() < 0.005 * np.std(truth)
    assert (p.variance_share, p.choice_shares, p.n_averaged) == (None, (), 0)
    assert Projection.from_dict(json.loads(json.dumps(p.to_dict()))) == p


def test_a_profile_is_close_with_many_others_where_draws_alone_are_far_off() -> None:
    def cost(X: Array) -> Array:
        others = X[:, 1:] - 0.5 - 0.3 * np.sin(5.0 * X[:, :1])
        return (X[:, 0] - 0.3) ** 2 + (others**2).sum(axis=1)

    p = project(cost, 9, "x0", statistic="best")
    truth = (p.grid[:, 0] - 0.3) ** 2
    assert np.mean(p.ice.min(axis=0) - truth) > np.std(truth)
    assert np.mean(p.mean - truth) < 0.03 * np.std(truth)


def test_a_profile_climbs_steps_and_keeps_integers_choices_conditions_and_clauses() -> None:
    cs = ConfigurationSpace()
    x, n, kind, extra = (
        Float("x", (0.0, 1.0)),
        Integer("n", (1, 50)),
        Categorical("kind", ["p", "q"]),
        Float("e", (0, 1)),
    )
    cs.add(x, n, kind, extra, EqualsCondition(extra, kind, "q"))
    cs.add(ForbiddenAndConjunction(ForbiddenEqualsClause(n, 33), ForbiddenEqualsClause(kind, "q")))
    asked: list[Array] = []

    def cost(v: dict[str, Any]) -> Array:
        asked.append(v["n"])
        best = np.where(v["kind"] == "q", np.round(10 * np.abs(v["e"] - 0.7)) / 10, 0.4)
        return np.asarray(v["x"] + best + np.abs(v["n"] - 33) / 50)

    X = np.array([c.get_array() for c in cs.sample_configuration(20)])
    looked_at = subject(fitted(OfValues(cs, cost), X), cs, statistic="best")
    projector, p = looked_at.projected([axis_of(cs, "x")])
    # n = 33 is forbidden beside q.
    np.testing.assert_allclose(p.mean, p.grid[:, 0] + 1 / 50, atol=1e-9)
    assert all(np.allclose(values, np.round(values)) for values in asked)
    np.testing.assert_allclose(projector.expect(np.array([[0.123], [0.987]]))[0], [0.143, 1.007], atol=1e-9)
    assert projector.projection() == p  # the same design every time


def test_without_others_there_is_nothing_to_choose() -> None:
    p = project(lambda X: X[:, 0], 1, "x0", statistic="best")
    assert p.view == View() and p.variance_share == 1.0
    np.testing.assert_allclose(p.mean, p.grid[:, 0])


class Draws:
    """A model of two members: x0 + (x1 - 0.2)² and x0 + 2 (x1 - 0.8)²."""

    def predict(self, X: Array) -> tuple[Array, Array]:
        return self.members(X).mean(axis=1), self.members(X).std(axis=1)

    def members(self, X: Array) -> Array:
        return np.column_stack([X[:, 0] + (X[:, 1] - 0.2) ** 2, X[:, 0] + 2 * (X[:, 1] - 0.8) ** 2])

    def deviations(self, X: Array, n: int, rng: np.random.Generator) -> Array | None:
        return deviations_of_members(self.members(X), n, rng)


@pytest.mark.parametrize("statistic", ["mean", "best", "incumbent"])
def test_draws_are_of_the_same_statistic(statistic: Statistic) -> None:
    cs = unit_space(2)
    looked_at = subject(fitted(Draws(), drawn(2)), cs, statistic=statistic)
    projector, p = looked_at.projected([axis_of(cs, "x0")])
    draws = projector.draws(p, 200, 0)
    assert draws is not None
    # Whatever is drawn of x1, x0 adds the same.
    level = draws.values - p.grid[draws.rows, 0]
    assert np.max(np.ptp(level, axis=1)) < 0.02
    assert np.std(level[:, 0]) > 0.005
    if statistic == "best":
        # Other functions have their best elsewhere, which is better for each of them than the best of the mean.
        assert np.mean(level[:, 0]) <= p.mean[0] - p.grid[0, 0] + 1e-3


# --- the incumbent ----------------------------------------------------------------------------------------------------


def test_a_slice_holds_the_others_at_the_incumbent() -> None:
    cs = unit_space(3)
    X = np.array([[0.1, 0.9, 0.3], [0.5, 0.4, 0.6]])
    model = OfVectors(lambda X: X[:, 0] * X[:, 1] + 10 * X[:, 2])
    p = subject(fitted(model, X), cs, statistic="incumbent").projected([axis_of(cs, "x0")])[1]
    np.testing.assert_allclose(p.mean, 0.9 * p.grid[:, 0] + 3.0)
    other = subject(fitted(model, X), cs, statistic="incumbent", maximize=True).projected([axis_of(cs, "x0")])[1]
    np.testing.assert_allclose(other.mean, 0.4 * other.grid[:, 0] + 6.0)
    assert p.variance_share is None and len(p.ice) == 0 and p.tied == ()


def test_a_slice_needs_an_incumbent_in_the_region_beside_which_the_hyperparameter_is_active() -> None:
    cs = unit_space(2)
    model = OfVectors(lambda X: X.sum(axis=1))
    with pytest.raises(NoTrialsError, match="no incumbent"):
        subject(fitted(model, np.empty((0, 2))), cs, statistic="incumbent").projected([axis_of(cs, "x0")])
    X = np.array([[0.5, 0.1], [0.9, 0.9]])
    far = {"x1": (0.5, 1.0)}
    with pytest.raises(InvalidArgumentError, match="incumbent lies outside of the region: its x1"):
        subject(fitted(model, X), cs, statistic="incumbent", region=far).projected([axis_of(cs, "x0")])
    kind, y = Categorical("kind", ["p", "q"]), Float("y", (0.0, 1.0), default=0.25)
    cs.add(kind, y, EqualsCondition(y, kind, "q"))
    X = np.array([[np.nan] * 4])
    X[0, [list(cs).index(name) for name in ("x0", "x1", "kind")]] = 0.5, 0.1, 0.0
    surrogate = fitted(OfVectors(lambda X: np.nansum(X, axis=1)), X)
    with pytest.raises(HyperparameterNotExplainableError, match="'y' can be set beside the incumbent's other values"):
        subject(surrogate, cs, statistic="incumbent").projected([axis_of(cs, "y")])
    # What the incumbent does not have is at its default where a choice makes it active.
    p = subject(surrogate, cs, statistic="incumbent").projected([axis_of(cs, "kind")])[1]
    np.testing.assert_allclose(p.mean, [0.6, 1.6 + 0.25])


# --- parts of domains -------------------------------------------------------------------------------------------------


def test_a_part_restricts_explained_and_averaged_hyperparameters() -> None:
    p = project(lambda X: X[:, 0] + X[:, 1] ** 2, 2, "x0", region={"x0": (0.2, 0.4), "x1": (0.9, 1.0)})
    assert (p.axes[0].lower, p.axes[0].upper) == (0.2, 0.4) and p.grid.min() == 0.2 and p.grid.max() == 0.4
    # The mean of x² from 0.9 to 1.
    np.testing.assert_allclose(p.mean - p.grid[:, 0], (1.0 - 0.9**3) / 0.3, atol=0.01)
    assert p.held_out.grid.min() >= 0.2 and p.held_out.grid.max() <= 0.4
    assert np.all((p.trials.values >= 0.2) & (p.trials.values <= 0.4)) and len(p.trials.costs) < 20
    assert p.incumbent is not None and p.incumbent.values is None  # the best trial lies elsewhere
    assert p.view.words == "for x0 from 0.2 to 0.4 and x1 from 0.9 to 1"


def test_the_profile_within_a_part_stays_there() -> None:
    p = project(lambda X: X[:, 0] + (X[:, 1] - 0.1) ** 2, 2, "x0", statistic="best", region={"x1": (0.5, 1.0)})
    np.testing.assert_allclose(p.mean - p.grid[:, 0], 0.16, atol=1e-4)
    assert p.view.words == "others set optimally, for x1 from 0.5 to 1"


def test_a_choice_that_is_left_out_is_no_group() -> None:
    cs = ConfigurationSpace()
    cs.add(Float("x", (0.0, 1.0)), Categorical("kind", ["p", "q", "r"]))
    model = OfValues(cs, lambda v: v["x"] + (v["kind"] == "r"))
    X = np.array([c.get_array() for c in cs.sample_configuration(20)])
    looked_at = subject(fitted(model, X), cs, region={"kind": ["r", "p"]})
    p = looked_at.projected([axis_of(looked_at.configspace, n) for n in ("kind", "x")])[1]
    assert p.axes[0].labels == ("p", "r")
    np.testing.assert_allclose(p.mean - p.grid[:, 1], p.grid[:, 0])
    assert set(p.trials.values[:, 0]) <= {0.0, 1.0}
    kind = list(cs).index("kind")
    assert len(p.trials.costs) == np.sum(X[:, kind] != 1.0)


def test_pairs_are_ranked_as_they_are_looked_at() -> None:
    cs = unit_space(3)
    model = OfVectors(lambda X: np.where(X[:, 2] > 0.5, 5.0 * X[:, 0] * X[:, 1], X[:, 0] + X[:, 1]))
    axes = [axis_of(cs, name) for name in ("x0", "x1")]
    points, mean, _ = subject(fitted(model, drawn(3)), cs, region={"x2": (0.0, 0.4)}).coarse(axes)
    np.testing.assert_allclose(mean, points.sum(axis=1), atol=1e-9)
    X = np.array([[0.0, 0.0, 0.9], [1.0, 1.0, 0.1]])
    points, mean, _ = subject(fitted(model, X), cs, statistic="incumbent").coarse(axes)
    np.testing.assert_allclose(mean, 5.0 * points.prod(axis=1), atol=1e-9)
    points, mean, _ = subject(fitted(model, X), cs, statistic="best").coarse(axes)
    np.testing.assert_allclose(mean, np.minimum(5.0 * points.prod(axis=1), points.sum(axis=1)), atol=1e-9)
