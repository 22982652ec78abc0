"""Hyperparameters that clauses tie to others: effects with known answers, where averages have the wrong sign."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from ConfigSpace import (
    Categorical,
    ConfigurationSpace,
    Float,
    ForbiddenAndConjunction,
    ForbiddenEqualsClause,
    ForbiddenGreaterThanRelation,
    ForbiddenLessThanRelation,
    Integer,
    NormalFloatHyperparameter,
)

from deepcave_symbolic import Explanation, explain
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.projection import Projection, Projector
from deepcave_symbolic.runs.run import Run, Status, Trial
from deepcave_symbolic.space.axis import axis_of
from deepcave_symbolic.surrogates.base import FittedSurrogate, SurrogateRecord
from known_surrogates import OfValues

ALE, PDP = "accumulated local effects", "partial dependence"
Values = dict[str, Any]


def tree_space() -> ConfigurationSpace:
    """A clause that ties the two: min_split <= max_leaf."""
    space = ConfigurationSpace(seed=1)
    a, b = Integer("min_split", (2, 40)), Integer("max_leaf", (2, 40))
    space.add(a, b, Float("z", (0.0, 1.0)), ForbiddenGreaterThanRelation(a, b))
    return space


def tree_cost(c: Values) -> Any:
    """The cost falls by 0.15 with min_split, and rises with what is left of max_leaf where min_split is large."""
    return (c["max_leaf"] - 5) ** 2 / 50 - 0.15 * c["min_split"] + 0.3 * c["z"]


def projector(space: ConfigurationSpace, mean: Callable[[Values], Any], *names: str, model: Any = None) -> Projector:
    X = np.array([c.get_array() for c in space.sample_configuration(30)])
    known = OfValues(space, mean) if model is None else model
    fitted = FittedSurrogate(known, SurrogateRecord("Known", True, 30, 0.9, 0.9), None, X, known.predict(X)[0])
    return Projector(fitted, space, [axis_of(space, name) for name in names])


def run_of(space: ConfigurationSpace, mean: Callable[[Values], Any]) -> Run:
    vectors = dict(enumerate(c.get_array() for c in space.sample_configuration(60)))
    costs = OfValues(space, mean).predict(np.array(list(vectors.values())))[0]
    return Run(
        path=None,
        name="tied",
        optimizer="sampling",
        version=None,
        configspace=space,
        objectives=("cost",),
        configurations=vectors,
        trials=tuple(Trial(i, (float(cost),), Status.SUCCESS) for i, cost in enumerate(costs)),
        scenario={},
    )


def test_the_effect_of_a_tied_hyperparameter_is_its_own() -> None:
    p = projector(tree_space(), tree_cost, "min_split").projection()
    assert p.method == ALE and p.tied == ("max_leaf",)
    own = -0.15 * (p.grid[:, 0] - p.grid[0, 0])
    np.testing.assert_allclose(p.mean - p.mean[0], own, atol=1e-9)
    # What partial dependence would say: the cost rises.
    assert p.partial_dependence[-1] > p.partial_dependence[0]
    assert p.methods_disagree
    held = p.held_out
    np.testing.assert_allclose(held.mean - held.mean[0], -0.15 * (held.grid[:, 0] - held.grid[0, 0]), atol=1e-9)


def test_the_level_is_the_mean_over_the_valid_configurations() -> None:
    space = tree_space()
    p = projector(space, tree_cost, "min_split").projection()
    drawn = np.array([[c["min_split"], c["max_leaf"], c["z"]] for c in space.sample_configuration(5000)])
    mean = np.mean(tree_cost({"min_split": drawn[:, 0], "max_leaf": drawn[:, 1], "z": drawn[:, 2]}))
    values = np.interp(drawn[:, 0], p.grid[:, 0], p.mean)
    # The averaged ones are a sample.
    assert np.mean(values) == pytest.approx(mean, abs=0.8)
    assert p.variance_share == pytest.approx(np.var(values) / np.var(tree_cost_of(drawn)), rel=0.3)


def tree_cost_of(drawn: Array) -> Array:
    return np.asarray(tree_cost({"min_split": drawn[:, 0], "max_leaf": drawn[:, 1], "z": drawn[:, 2]}))


def test_interactions_with_the_tied_hyperparameter_are_averaged_where_both_are_valid() -> None:
    space = ConfigurationSpace(seed=0)
    x, y = Float("x", (0.0, 1.0)), Float("y", (0.0, 1.0))
    space.add(x, y, Float("z", (0.0, 1.0)), ForbiddenLessThanRelation(y, x))
    p = projector(space, lambda c: c["x"] * c["y"], "x").projection()
    # Given x, y is even on [x, 1], with the mean (1 + x)/2: its integral is x/2 + x²/4.
    u = p.grid[:, 0]
    own = u / 2 + u**2 / 4
    inside = u < 0.9  # beyond, few configurations are left of a sample
    np.testing.assert_allclose((p.mean - p.mean[0])[inside], own[inside], atol=0.03)


def test_the_others_keep_the_distribution_of_the_space() -> None:
    space = ConfigurationSpace(seed=0)
    x, y = Float("x", (1e-3, 1.0), log=True), NormalFloatHyperparameter("y", mu=0.5, sigma=0.2, lower=0.001, upper=1.0)
    space.add(x, y, ForbiddenLessThanRelation(y, x))
    p = projector(space, lambda c: np.log10(c["x"]) + 5 * c["y"], "x").projection()
    own = np.log10(p.grid[:, 0]) + 3.0
    np.testing.assert_allclose((p.mean - p.mean[0])[p.valid], own[p.valid], atol=1e-9)


def test_the_surrogate_is_asked_elsewhere_in_the_same_way() -> None:
    asked = projector(tree_space(), lambda c: tree_cost(c) + 0.01 * c["min_split"] ** 2, "min_split")
    p = asked.projection()
    mean, std = asked.expect(p.grid)
    np.testing.assert_allclose(mean, p.mean)
    np.testing.assert_allclose(std, p.std)
    np.testing.assert_allclose(asked.expect(p.held_out.grid)[0], p.held_out.mean)


class Drawn(OfValues):
    """Errors that are one more effect of min_split, of a slope for each draw, and one of max_leaf."""

    def deviations(self, X: Array, n: int, rng: np.random.Generator) -> Array:
        low, high = self.space["min_split"].to_value(X[:, 1]), self.space["max_leaf"].to_value(X[:, 0])
        slopes = np.linspace(-1.0, 1.0, n)
        return np.asarray(slopes[:, None] * (low + high))


def test_draws_are_of_the_same_method() -> None:
    space = tree_space()
    assert list(space) == ["max_leaf", "min_split", "z"]
    asked = projector(space, tree_cost, "min_split", model=Drawn(space, tree_cost))
    p = asked.projection()
    draws = asked.draws(p, 5, seed=0)
    assert draws is not None and len(draws.rows) > 10
    x = p.grid[draws.rows, 0]
    for slope, values in zip(np.linspace(-1.0, 1.0, 5), draws.values, strict=True):
        np.testing.assert_allclose(np.diff(values), (slope - 0.15) * np.diff(x), atol=1e-9)


def test_two_hyperparameters_and_choices_are_averaged_as_ever_with_a_word() -> None:
    space = tree_space()
    p = projector(space, tree_cost, "min_split", "z").projection()
    assert p.method == PDP and p.tied == ("max_leaf",) and not p.methods_disagree
    assert len(p.partial_dependence) == 0
    # Nothing is averaged that the clause speaks of.
    assert projector(space, tree_cost, "min_split", "max_leaf").projection().tied == ()
    assert projector(space, tree_cost, "z").projection().method == PDP
    choices = ConfigurationSpace(seed=0)
    kind, x = Categorical("kind", ["a", "b", "c"]), Integer("x", (1, 3))
    choices.add(kind, x, ForbiddenAndConjunction(ForbiddenEqualsClause(kind, "a"), ForbiddenEqualsClause(x, 1)))
    p = projector(choices, lambda c: 1.0 * c["x"], "kind").projection()
    assert p.method == PDP and p.tied == ("x",)


def test_parts_of_a_domain_that_share_no_configuration_cannot_be_compared() -> None:
    space = ConfigurationSpace(seed=0)
    x, y = Integer("x", (1, 2), default=1), Integer("y", (1, 2), default=2)
    space.add(x, y)
    space.add(ForbiddenAndConjunction(ForbiddenEqualsClause(x, 1), ForbiddenEqualsClause(y, 1)))
    space.add(ForbiddenAndConjunction(ForbiddenEqualsClause(x, 2), ForbiddenEqualsClause(y, 2)))
    p = projector(space, lambda c: 1.0 * c["x"], "x").projection()
    assert p.method == PDP and p.tied == ("y",)


def test_a_projection_says_how_it_was_made_in_json() -> None:
    p = projector(tree_space(), tree_cost, "min_split").projection()
    data = p.to_dict()
    assert data["method"] == ALE
    assert Projection.from_dict(data) == p
    for later in ("method", "partial_dependence", "measure"):
        del data[later]
    old = Projection.from_dict(data)
    assert old.method == PDP and np.array_equal(old.measure, old.weights)


@pytest.fixture(scope="module")
def tied() -> Explanation:
    space = tree_space()
    return explain(
        run_of(space, tree_cost), "min_split", surrogate=OfValues(space, tree_cost), max_complexity=7, configspace=space
    )


def test_the_formula_falls_and_says_which_effects_it_describes(tied: Explanation) -> None:
    low, high = tied.best.predict({"min_split": np.array([2.0, 40.0])})
    assert (high - low) / 38 == pytest.approx(-0.15, rel=0.01)
    assert tied.verdict != "trust"
    (reason,) = [text for text in tied.warnings if "accumulated local effects" in text]
    assert "opposite direction to partial dependence" in reason and "max_leaf" in reason
    assert "accumulated local effects over" in " ".join(str(tied).split())
    figure = tied.plot()
    assert figure.layout.yaxis.title.text == "cost (accumulated local effects)"
    assert "surrogate's partial dependence" in [trace.name for trace in figure.data]
    assert Explanation.from_dict(tied.to_dict()) == tied


def test_methods_that_agree_are_a_remark() -> None:
    space = tree_space()
    model = OfValues(space, lambda c: 2.0 * c["min_split"] + 0.1 * c["max_leaf"])
    p = projector(space, model.mean, "min_split").projection()
    assert p.method == ALE and not p.methods_disagree
    found = explain(run_of(space, model.mean), "min_split", surrogate=model, max_complexity=3, configspace=space)
    rated = [word for word, text in found.findings().trust.rated_reasons if "Forbidden clauses" in text]
    assert rated == ["trust"]
