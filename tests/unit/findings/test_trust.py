"""The numbers that say how far to trust a formula, on projections and trials with known answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ConfigSpace import (
    BetaFloatHyperparameter,
    BetaIntegerHyperparameter,
    Categorical,
    Configuration,
    ConfigurationSpace,
    EqualsCondition,
    Float,
    ForbiddenGreaterThanRelation,
    Integer,
    NormalFloatHyperparameter,
)
from hypothesis import given
from hypothesis import strategies as st

from deepcave_symbolic import Explanation, explain
from deepcave_symbolic.findings.band import band_of
from deepcave_symbolic.findings.behaviour import in_words
from deepcave_symbolic.findings.certainty import Certainty, Samples
from deepcave_symbolic.findings.evidence import Evidence
from deepcave_symbolic.findings.findings import findings_of
from deepcave_symbolic.findings.interaction import interactions_of
from deepcave_symbolic.findings.optimum import compare_with_incumbent, find_optimum
from deepcave_symbolic.findings.pair_ranking import rank_pairs
from deepcave_symbolic.findings.trust import Trust, judge, noise_of
from deepcave_symbolic.formulas.expression import Node, constant, function, power, variable
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.formulas.front import alternatives
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.projection import USUAL, Incumbent, Projection, Subject, TrialPoints, project
from deepcave_symbolic.runs.run import Run, Status, Trial
from deepcave_symbolic.space.axis import Axis, axis_of
from deepcave_symbolic.surrogates import build_surrogate
from deepcave_symbolic.surrogates.base import FittedSurrogate, SurrogateRecord
from deepcave_symbolic.surrogates.data import TrainingData
from deepcave_symbolic.surrogates.encoders import fit_encoder
from deepcave_symbolic.surrogates.rivals import compare, with_rival
from deepcave_symbolic.surrogates.validation import cross_validate
from known_surrogates import OfValues, OfVectors
from places import ROOT

x0, x1 = variable(0), variable(1)


def unit_space(d: int = 3) -> ConfigurationSpace:
    space = ConfigurationSpace()
    space.add(*(Float(f"x{i}", (0.0, 1.0)) for i in range(d)))
    return space


def surrogate(mean: Callable[[Array], Array], d: int = 3, n: int = 30, std: float = 0.1) -> FittedSurrogate:
    X = np.random.default_rng(0).random((n, d))
    return FittedSurrogate(OfVectors(mean, std), SurrogateRecord("Known", True, n, 0.9, 0.9), None, X, mean(X))


def projected(mean: Callable[[Array], Array], *names: str, d: int = 3, std: float = 0.1, **options: Any) -> Projection:
    space = unit_space(d)
    return project(surrogate(mean, d, std=std), space, [axis_of(space, n) for n in names], **options)


def formula(tree: Node, projection: Projection, r2: float = 0.95, rmse: float = 0.01) -> Formula:
    return Formula(tree, projection.axes, "cost", r2, rmse, "test")


# --- how much of the story a projection tells -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mean", "share"),
    [
        (lambda X: X[:, 0] + X[:, 1] + X[:, 2], 1 / 3),
        (lambda X: 3 * X[:, 0] + X[:, 1], 0.9),
        (lambda X: X[:, 1] + X[:, 2], 0.0),
        (lambda X: X[:, 0], 1.0),
        # A pure interaction: the average over the other one is flat.
        (lambda X: (X[:, 0] - 0.5) * (X[:, 1] - 0.5), 0.0),
    ],
)
def test_the_share_of_variance_is_the_sobol_index(mean: Callable[[Array], Array], share: float) -> None:
    assert projected(mean, "x0").variance_share == pytest.approx(share, abs=0.03)


def test_two_of_three_hyperparameters_share_their_interaction() -> None:
    both = projected(lambda X: X[:, 0] * X[:, 1] + X[:, 2], "x0", "x1")
    # Var(x0·x1) = 7/144, Var(x2) = 1/12, of which the 48 configurations tell 2 standard errors more or less.
    assert both.variance_share == pytest.approx((7 / 144) / (7 / 144 + 12 / 144), abs=0.06)


def test_shares_follow_the_distributions_of_the_space() -> None:
    space = ConfigurationSpace(seed=0)
    space.add(
        NormalFloatHyperparameter("normal", mu=0.5, sigma=0.1, lower=0, upper=1),
        BetaFloatHyperparameter("beta", alpha=2, beta=6, lower=0.0, upper=1.0),
        NormalFloatHyperparameter("narrow", mu=0.5, sigma=1e-3, lower=0, upper=1),
        BetaIntegerHyperparameter("whole", alpha=2, beta=2, lower=1, upper=12),
        Float("even", (0.0, 1.0)),
        Float("log", (1e-3, 1.0), log=True),
        Categorical("choice", ["a", "b"], weights=[0.9, 0.1]),
    )
    drawn = {name: np.asarray(space[name].sample_value(200_000, seed=np.random.RandomState(1))) for name in space}
    drawn = {name: np.log10(v) if name == "log" else (v == "b") if name == "choice" else v for name, v in drawn.items()}
    # Every hyperparameter has a variance of its number's.
    factors = {name: (i + 1) ** 0.5 / np.std(drawn[name]) for i, name in enumerate(sorted(drawn))}

    def mean(c: dict[str, Any]) -> Any:
        values = {**c, "log": np.log10(c["log"]), "choice": c["choice"] == "b"}
        return sum(factors[name] * values[name] for name in values)

    model = OfValues(space, mean)
    X = np.array([c.get_array() for c in space.sample_configuration(30)])
    fitted = FittedSurrogate(model, SurrogateRecord("Known", True, 30), None, X, X[:, 0])
    found = {name: project(fitted, space, [axis_of(space, name)]).variance_share for name in space}
    for i, name in enumerate(sorted(space)):
        # The averaged ones are a sample of 145.
        assert found[name] == pytest.approx((i + 1) / 28, rel=0.25), name
    assert sum(found.values()) == pytest.approx(1.0, abs=0.12)


def test_a_pair_interacts_as_the_space_draws_it() -> None:
    space = ConfigurationSpace(seed=0)
    space.add(NormalFloatHyperparameter("x", mu=0.5, sigma=0.1, lower=0, upper=1), Float("y", (0.0, 1.0)))
    model = OfValues(space, lambda c: c["x"] + (c["x"] - 0.5) * (c["y"] - 0.5))
    fitted = FittedSurrogate(model, SurrogateRecord("Known", True, 0), None, np.empty((0, 2)), np.empty(0))
    p = project(fitted, space, [axis_of(space, "x"), axis_of(space, "y")])
    (found,) = interactions_of([formula(x0, p)], p)
    assert found is not None
    assert found.interaction == pytest.approx((0.01 / 12) / (0.01 / 12 + 0.01), rel=0.02)
    (strength,) = rank_pairs(Subject(fitted, space, USUAL, maximize=False), ["x", "y"]).strengths
    assert strength == pytest.approx((0.01 / 12) ** 0.5, rel=0.3)


def test_nothing_left_out_is_everything() -> None:
    assert projected(lambda X: X[:, 0] ** 2, "x0", d=1).variance_share == 1.0


def test_a_surrogate_that_does_not_vary_has_nothing_to_account_for() -> None:
    assert projected(lambda X: np.zeros(len(X)), "x0").variance_share == 0.0
    assert projected(lambda X: np.full(len(X), 0.1), "x0", d=1).variance_share == 0.0


@pytest.mark.parametrize("scale", [1e-250, 1e150])
def test_the_share_does_not_depend_on_the_unit(scale: float) -> None:
    there = projected(lambda X: scale * (3 * X[:, 0] + X[:, 1]), "x0").variance_share
    assert there == pytest.approx(projected(lambda X: 3 * X[:, 0] + X[:, 1], "x0").variance_share, abs=1e-9)


def test_the_share_is_over_the_configurations_where_the_hyperparameter_is_active() -> None:
    space = ConfigurationSpace()
    kind, depth = Integer("kind", (0, 1)), Float("depth", (0.0, 1.0))
    space.add(kind, depth, EqualsCondition(depth, kind, 1))
    column = list(space.keys()).index("depth")
    model = OfVectors(lambda X: np.where(np.isnan(X[:, column]), 50.0, X[:, column]))
    fitted = FittedSurrogate(model, SurrogateRecord("Known", True, 0), None, np.empty((0, 2)), np.empty(0))
    assert project(fitted, space, [axis_of(space, "depth")]).variance_share == pytest.approx(1.0)


# --- incumbent ------------------------------------------------------------------------------------------------------


def test_the_incumbent_is_the_configuration_with_the_best_mean() -> None:
    space = unit_space(1)
    X = np.array([[0.1], [0.1], [0.5], [0.9]])
    y = np.array([0.0, 1.0, 0.4, 2.0])
    fitted = FittedSurrogate(OfVectors(lambda X: X[:, 0]), SurrogateRecord("Known", True, 4), None, X, y)
    axes = [axis_of(space, "x0")]
    lowest, highest = (project(fitted, space, axes, maximize=m).incumbent for m in (False, True))
    assert lowest is not None and lowest.values == (0.5,) and lowest.cost == 0.4
    assert highest is not None and highest.values == (0.9,) and highest.cost == 2.0


def test_a_projection_with_incumbent_survives_json() -> None:
    p = projected(lambda X: X[:, 0] + X[:, 1], "x0")
    again = Projection.from_dict(p.to_dict())
    assert again.incumbent == p.incumbent and again.variance_share == p.variance_share


# --- interaction ----------------------------------------------------------------------------------------------------


def test_interaction_shares_of_known_functions() -> None:
    p = projected(lambda X: (X[:, 0] - 0.5) * (X[:, 1] - 0.5) + X[:, 0], "x0", "x1", d=2)
    product = 0.5 + x0 + (x0 - 0.5) * (x1 - 0.5)
    (found,) = interactions_of([formula(product, p)], p)
    assert found is not None
    # Of n equally spaced points of [0, 1], of which the outer ones stand for half a cell; the incumbent is one more.
    v = 1 / 12 + 1 / (6 * 19**2)
    assert found.interaction == pytest.approx(v * v / (v + v * v), rel=1e-3)
    assert found.formula == pytest.approx(found.interaction, rel=1e-6)
    assert "an interaction of x0 and x1" in found.sentence
    (additive,) = interactions_of([formula(0.5 + x0, p)], p)
    assert additive is not None and "This formula is additive." in additive.sentence


def test_additive_projections_say_so() -> None:
    p = projected(lambda X: X[:, 0] ** 2 - np.sqrt(X[:, 1]), "x0", "x1", d=2)
    (found,) = interactions_of([formula(x0 - x1, p)], p)
    assert found is not None and found.additive == pytest.approx(1.0) and "act independently" in found.sentence


def test_interaction_needs_two_hyperparameters_that_matter() -> None:
    one = projected(lambda X: X[:, 0], "x0")
    flat = projected(lambda X: np.ones(len(X)), "x0", "x1")
    assert interactions_of([formula(x0, one)], one) == [None]
    assert interactions_of([formula(constant(1.0), flat)], flat) == [None]


# --- band -----------------------------------------------------------------------------------------------------------


def test_the_band_says_where_the_formula_leaves_it() -> None:
    p = projected(lambda X: np.where(X[:, 0] > 0.7, 1.0, 0.0), "x0", d=1, std=0.3)
    band = band_of(formula(constant(0.1), p), p)
    ((low, high),) = band.stretches
    assert 0.7 < low < 0.75 and high == 1.0
    assert band.outside == pytest.approx(0.3, abs=0.03)
    assert "x0 0.7" in band.sentence and "30 %" in band.sentence
    inside = band_of(formula(constant(0.1), p), replace(p, std=np.full(len(p.std), 2.0)))
    assert inside.outside == 0.0 and "inside" in inside.sentence


def test_a_single_point_outside_the_band_is_no_range() -> None:
    p = projected(lambda X: X[:, 0], "x0", d=1, std=0.3)
    mean = p.mean.copy()
    mean[10] += 5.0
    sentence = band_of(formula(variable(0), p), replace(p, mean=mean)).sentence
    assert sentence.endswith(f"x0 {p.axes[0].shown(p.grid[10, 0], 3)}")


def test_stretches_outside_the_band_are_named_in_the_order_of_the_axis() -> None:
    p = projected(lambda X: np.abs(X[:, 0] - 0.4), "x0", d=1, std=0.1)
    # The longer one, above, comes first in the record.
    band = band_of(formula(constant(0.1), p), p)
    (longer, _), (shorter, _) = band.stretches
    assert longer > shorter
    assert band.sentence.index(p.axes[0].shown(shorter, 3)) < band.sentence.index(p.axes[0].shown(longer, 3))


def test_the_band_of_two_names_the_worst_point() -> None:
    p = projected(lambda X: X[:, 0] * X[:, 1], "x0", "x1", d=2, std=0.5)
    band = band_of(formula(constant(0.0), p), p)
    assert band.worst == (1.0, 1.0) and 0.0 < band.outside < 0.5
    assert "farthest at x0 ≈ 1, x1 ≈ 1" in band.sentence


@given(st.floats(-2, 2), st.floats(0.01, 3))
def test_outside_is_the_share_of_the_domain(level: float, std: float) -> None:
    p = BAND_LINE
    band = band_of(formula(constant(level), p), replace(p, std=np.full(len(p.std), std)))
    allowed = max(std, 1e-3 * p.range) + 1e-12
    outside = np.average(np.abs(p.mean - level) > allowed, weights=p.weights)
    assert band.outside == pytest.approx(float(outside), abs=0.026)
    assert bool(band.stretches) == (band.outside > 0)


BAND_LINE = projected(lambda X: 2 * X[:, 0] - 1, "x0", d=1)

# --- ambiguity ------------------------------------------------------------------------------------------------------


def axis_formula(tree: Node, rmse: float) -> Formula:
    return Formula(tree, (Axis("x", 0.1, 1.0),), "cost", 1 - rmse, rmse, "test")


def test_alternatives_are_as_long_and_within_the_noise() -> None:
    best = axis_formula(1.0 + 2.0 * function("sqrt", x0), 0.10)
    close = axis_formula(1.0 + 2.0 * function("log", x0), 0.12)
    same_shape = axis_formula(1.1 + 2.1 * function("sqrt", x0), 0.11)
    far = axis_formula(1.0 + 2.0 * function("exp", x0), 0.30)
    longer = axis_formula(1.0 + 2.0 * power(x0 - 0.5, 2), 0.10)
    everything = [best, close, same_shape, far, longer]
    assert alternatives(everything, [best], 0.1) == [close]
    assert alternatives(everything, [best], 0.0) == []
    assert alternatives(everything, [best], 1.0) == [close, far]
    assert alternatives(everything, [best], 1e300) == [close, far]


def test_the_noise_falls_with_trials_and_rises_with_their_error() -> None:
    p = projected(lambda X: X[:, 0], "x0", d=1)

    def noise(n: int, error: float) -> float:
        y = np.linspace(0, 1, n)
        held_out = y + error * np.where(np.arange(n) % 2, 1, -1)
        record = SurrogateRecord("Known", True, n, 0.9)
        return noise_of(FittedSurrogate(OfVectors(lambda X: X[:, 0]), record, None, y[:, None], y, held_out), p)

    assert noise(40, 0.1) == pytest.approx(2 * noise(160, 0.1)) == pytest.approx(0.5 * noise(40, 0.2))
    assert noise(40, 0.1) == pytest.approx(0.1 * np.sqrt(2 * np.log(20) / 40))
    unchecked = surrogate(lambda X: X[:, 0], 1)
    assert noise_of(unchecked, p) == pytest.approx(0.1 * np.sqrt(2 * np.log(20) / 30))


# --- what the trials cannot tell or do not settle -------------------------------------------------------------------


def test_that_no_formula_follows_is_said_only_where_none_of_the_front_does() -> None:
    p = projected(lambda X: X[:, 0], "x0")
    poor, good = formula(2.0 * x0, p, r2=0.24), formula(x0, p, r2=0.969)
    evidence = Evidence(p, 0.0, 30)

    def reasons(own: Formula, *front: Formula) -> str:
        return " ".join(judge(surrogate(lambda X: X[:, 0]).record, evidence, own, band_of(own, p), front=front).reasons)

    assert "The formula does not explain this projection: R² 0.24; one with 1 node does (R² 0.97)." in reasons(
        poor, poor, good
    )
    assert "No short formula explains this projection: R² 0.24." in reasons(poor, poor)


def test_what_the_trials_cannot_tell_is_not_said_to_rise_or_to_be_best() -> None:
    p = projected(lambda X: 0.01 * X[:, 0], "x0")
    line = formula(0.01 * x0 + 1.0, p)
    incumbent = Incumbent((0.5,), 1.0)
    for noise, moves, best in (
        (1.0, "30 trials cannot tell whether cost depends on x0.", "30 trials cannot tell where cost is lowest; the "),
        (1e-9, "cost rises throughout.", "The formula is lowest at x0 ≈ 0 "),
    ):
        (found,) = findings_of(
            [line], replace(p, incumbent=incumbent), surrogate(lambda X: X[:, 0]).record, noise, maximize=False,
            expect=lambda x: (np.full(len(x), 5.0), np.full(len(x), 0.1)),
        )  # fmt: skip
        assert found.behaviour == (moves,) and found.optimum.sentence.startswith(best)
        told = noise < 1.0
        assert (found.trust.verdict == "no visible effect") is not told
        assert found.optimum.disagrees is (True if told else None)


def settled(p: Projection, optimum: tuple[tuple[float, float], ...], directions: Any = None) -> Evidence:
    x = p.grid
    known = Certainty(64, (), optimum, np.empty(0), np.empty(0), "", Samples(x, x.T, p.weights), directions)
    return Evidence(p, 0.0, 30, known)


def test_a_turn_that_the_draws_do_not_share_is_said_to_be_open() -> None:
    p = projected(lambda X: (X[:, 0] - 0.3) ** 2, "x0")
    valley = formula(power(x0 - 0.3, 2), p)
    everywhere = ((0.0, 1.0),)
    for directions, doubt in (
        ((("falls", 0.0, 0.2), ("rises", 0.4, 1.0)), ""),
        ((("rises", 0.4, 1.0),), "; the trials do not settle where it falls"),
        # What is settled elsewhere does not count.
        ((("rises", 0.0, 0.2),), "; the trials do not settle where it falls and rises"),
        ((), "; the trials do not settle where it falls and rises"),
    ):
        expected = f"cost falls until x0 ≈ 0.3, then rises{doubt}."
        assert in_words(valley, settled(p, everywhere, directions)) == [expected]
    assert in_words(formula(x0, p), settled(p, everywhere, ())) == [
        "cost rises throughout; the trials do not settle this."
    ]


def test_of_two_hyperparameters_the_interval_of_the_optimum_says_it() -> None:
    p = projected(lambda X: (X[:, 0] - 0.3) ** 2 + X[:, 1], "x0", "x1")
    both = formula(power(x0 - 0.3, 2) + x1, p)
    first, second = in_words(both, settled(p, ((0.0, 0.9), (0.0, 0.1))))
    assert first == "cost falls with x0 until ≈ 0.3, then rises; the trials do not settle where it falls and rises."
    assert second == "cost rises with x1 throughout."
    together = formula(power(x0 - 0.3, 2) * (x1 + 0.5), p)
    assert in_words(together, settled(p, ((0.0, 0.9), (0.0, 0.1))))[0].endswith(
        "whatever x1 is; the trials do not settle where it falls and rises."
    )


def test_an_optimum_that_may_lie_anywhere_is_said_to_be_open() -> None:
    p = projected(lambda X: (X[:, 0] - 0.3) ** 2 + X[:, 1], "x0", "x1")
    both = formula(power(x0 - 0.3, 2) + x1, p)
    best = find_optimum(both, maximize=False)

    def said(*ends: tuple[float, float]) -> str:
        return compare_with_incumbent(both, best, None, maximize=False, evidence=settled(p, ends)).sentence

    assert said((0.0, 0.9), (0.0, 0.1)).endswith(" The trials do not settle which value of x0 is best.")
    assert "do not settle" not in said((0.2, 0.4), (0.0, 0.1))


@pytest.mark.parametrize("maximize", [False, True])
def test_a_best_value_beyond_all_trials_is_an_overshoot(maximize: bool) -> None:
    sign = -1.0 if maximize else 1.0
    p = projected(lambda X: sign * (1.0 + X[:, 0]), "x0")
    costs = sign * np.linspace(0.2, 1.2, 11)
    p = replace(p, trials=TrialPoints(np.linspace(0, 1, 11)[:, None], costs))

    def said(level: float, n_averaged: int = 48) -> str:
        own = formula(sign * (x0 + level), p)
        evidence = Evidence(replace(p, n_averaged=n_averaged), 0.0, 30)
        return compare_with_incumbent(
            own, find_optimum(own, maximize=maximize), None, maximize=maximize, evidence=evidence
        ).sentence

    side, end = ("above", "-0.2") if maximize else ("below", "0.2")
    assert f": the formula overshoots, no trial is {side} {end})" in said(-3000.0)
    # Where nothing is averaged, there may be better places between the trials.
    assert f": no trial is {side} {end})" in said(-3000.0, n_averaged=0)
    assert "no trial" not in said(0.15) and "no trial" not in said(0.3)


# --- two surrogates -------------------------------------------------------------------------------------------------


def cross_validated(held_out: Array | None, y: Array) -> FittedSurrogate:
    unit = float(np.max(np.abs(y)))
    a, b = y / unit, None if held_out is None else held_out / unit
    r2 = None if b is None else 1 - float(np.sum((a - b) ** 2) / np.sum((a - a.mean()) ** 2))
    record = SurrogateRecord("Known", True, len(y), r2)
    return FittedSurrogate(OfVectors(lambda X: X[:, 0]), record, None, y[:, None], y, held_out)


@pytest.mark.parametrize("unit", [1.0, 1e-200, 1e200])
def test_clearly_better_needs_more_than_chance(unit: float) -> None:
    rng = np.random.default_rng(1)
    y = rng.normal(size=60)
    good, bad = y + 0.3 * rng.normal(size=60), y + 1.0 * rng.normal(size=60)
    one_lucky = bad.copy()
    worst = int(np.argmax(np.abs(bad - y)))
    one_lucky[worst] = y[worst]
    made = [cross_validated(h * unit, y * unit) for h in (good, bad, one_lucky)]
    assert compare(made[0], made[1]).clearly
    assert not compare(made[1], made[0]).clearly
    assert not compare(made[2], made[1]).clearly
    assert not compare(made[0], cross_validated(None, y * unit)).clearly


def test_a_rival_that_predicts_clearly_worse_is_noted() -> None:
    rng = np.random.default_rng(1)
    y = rng.normal(size=60)
    good, bad = (cross_validated(y + error * rng.normal(size=60), y) for error in (0.3, 1.0))
    for used, rival, better, worse in ((good, bad, False, True), (bad, good, True, False), (good, good, False, False)):
        noted = with_rival(used, rival, "consensus").record.rival
        assert noted is not None and (noted.clearly_better, noted.clearly_worse) == (better, worse)


def repeated(times: int) -> FittedSurrogate:
    y = np.linspace(0, 1, 15)
    held_out = y + 0.2 * np.where(np.arange(15) % 2, 1, -1)
    X, y, held_out = (np.repeat(a, times, axis=0) for a in (y[:, None], y, held_out))
    record = SurrogateRecord("Known", True, len(y), 0.6)
    return FittedSurrogate(OfVectors(lambda X: X[:, 0]), record, None, X, y, held_out)


def test_seeds_of_one_configuration_are_no_evidence_of_their_own() -> None:
    p = projected(lambda X: X[:, 0], "x0", d=1)
    assert noise_of(repeated(20), p) == pytest.approx(noise_of(repeated(1), p))
    residuals = repeated(20).residuals
    assert residuals is not None and len(residuals) == 15


# --- cross-validation over the space --------------------------------------------------------------------------------


def made_run(space: ConfigurationSpace, cost: Callable[[dict[str, Any]], float], n: int, seed: int = 3) -> Run:
    """A run of no known optimizer: configurations sampled from the space."""
    space.seed(seed)
    configurations = {i + 1: c.get_array() for i, c in enumerate(space.sample_configuration(n))}
    trials = tuple(
        Trial(config_id=i, costs=(cost(dict(Configuration(space, vector=v))),), status=Status.SUCCESS)
        for i, v in configurations.items()
    )
    return Run(
        path=None,
        name="made",
        optimizer="sampling",
        version=None,
        configspace=space,
        objectives=("cost",),
        configurations=configurations,
        trials=trials,
        scenario={},
    )


def test_a_lone_trial_stands_for_the_space_around_it() -> None:
    """Nine configurations crowd in a corner, one stands alone: it has most of the space and of the variance."""
    space = unit_space(2)
    crowd = np.random.default_rng(0).random((11, 2)) * 0.1
    X = np.vstack([crowd, [[0.8, 0.8]]])
    y = np.append(np.linspace(0.0, 0.1, 11), 5.0)
    data = TrainingData(X, np.empty((12, 0)), y, y, np.arange(12), fit_encoder("RunHistoryEncoder", y), 0, 0)
    found = cross_validate(data, lambda index: lambda X, features: np.full(len(X), y[index].mean()), space)
    assert found.dominance is not None and found.dominance > 0.3
    assert found.r2 is not None and found.domain_r2 is not None and found.domain_r2 < found.r2


def test_the_order_of_choices_does_not_matter() -> None:
    def dominance(choices: str) -> float | None:
        space = ConfigurationSpace()
        space.add(Categorical("c", list(choices)), Float("x", (0.0, 1.0)))
        rng = np.random.default_rng(0)
        names, x = rng.choice(list("abcde"), 25), rng.random(25)
        X = np.column_stack([[choices.index(name) for name in names], x])
        y = np.array(["abcde".index(name) for name in names]) + x
        data = TrainingData(X, np.empty((25, 0)), y, y, np.arange(25), fit_encoder("RunHistoryEncoder", y), 0, 0)
        return cross_validate(data, lambda index: lambda X, features: np.zeros(len(X)), space).dominance

    assert dominance("abcde") == pytest.approx(dominance("baecd"), rel=0.1)


@pytest.mark.parametrize("unit", [1e-200, 1e-6, 1e200])
def test_a_forest_does_not_depend_on_the_unit_of_the_costs(unit: float) -> None:
    space = unit_space(2)

    def r2(scale: float) -> float | None:
        run = made_run(unit_space(2), lambda c: scale * (1 + c["x0"] + c["x1"] ** 2), 40)
        return build_surrogate(run, objective=0, budget=None, kind="forest").record.cv_r2

    assert len(space) == 2 and r2(unit) == pytest.approx(r2(1.0), abs=0.02)


@pytest.mark.filterwarnings("error")
def test_huge_costs_are_explained() -> None:
    run = made_run(unit_space(2), lambda c: 1e180 * (1 + c["x0"]), 30)
    explanation = explain(run, "x0")
    assert explanation.projection is not None and np.all(np.isfinite(explanation.projection.std))
    assert str(explanation) and json.dumps(explanation.to_dict(), allow_nan=False)


def test_a_configuration_that_was_given_up_early_is_no_incumbent() -> None:
    space = unit_space(1)
    X = np.repeat([[0.2], [0.7]], [10, 1], axis=0)
    y = np.append(np.linspace(0.1, 0.28, 10), 0.12)
    fitted = FittedSurrogate(OfVectors(lambda X: X[:, 0]), SurrogateRecord("Known", True, 11), None, X, y)
    found = project(fitted, space, [axis_of(space, "x0")]).incumbent
    assert found is not None and found.values == (0.2,) and found.cost == pytest.approx(0.19)


# --- all of it ------------------------------------------------------------------------------------------------------


def test_judge_gathers_the_numbers() -> None:
    p = projected(lambda X: 3 * X[:, 0] + X[:, 1], "x0", std=5.0)
    f = formula(3.0 * x0, p, r2=0.9)
    trust = judge(SurrogateRecord("Known", True, 30, 0.9, 0.8), Evidence(p, 0.0, 30), f, band_of(f, p))
    assert trust.verdict == "trust" and trust.cv_rank_correlation == 0.8
    assert trust.variance_explained == pytest.approx(0.9 * trust.variance_share)
    assert Trust.from_dict(trust.to_dict()) == trust


def judged(p: Projection, tree: Node, noise: float = 0.0) -> Trust:
    f = formula(tree, p)
    return judge(SurrogateRecord("Known", True, 30, 0.9, 0.8), Evidence(p, noise, 30), f, band_of(f, p))


def test_a_formula_outside_the_band_on_most_of_the_domain_is_taken_with_care() -> None:
    p = projected(lambda X: 3 * X[:, 0], "x0", std=0.01)
    assert judged(p, 3.0 * x0).verdict == "trust"
    off = judged(p, 3.0 * x0 + 0.05)
    assert off.verdict == "with care"
    assert off.reasons == ("The formula is outside the surrogate's ±1 std band on 100 % of the domain.",)


@pytest.mark.parametrize(("off", "verdict"), [(0.0, "trust"), (0.1, "trust"), (3.0, "with care")])
def test_room_for_other_curves_is_said(off: float, verdict: str) -> None:
    """Draws that bend by `off`: 3·x is close to all that bend little, and to none that bend by as much as it moves."""
    p = projected(lambda X: 3 * X[:, 0], "x0", std=5.0)
    f = formula(3.0 * x0, p)
    x = p.grid[:, 0]
    bends = off * np.outer(np.repeat([1.0, -1.0], 32), np.cos(6.0 * x))
    draws = Samples(p.grid, p.mean + bends, p.weights)
    known = SurrogateRecord("Known", True, 30, 0.9, 0.8)
    found = judge(known, Evidence(p, 0.0, 30), f, band_of(f, p), draws)
    assert found.verdict == verdict
    room = (
        "The trials leave room for other curves: the formula is close (R² above 0.9) to 0 of 64 draws of the surrogate."
    )
    assert (room in found.reasons) == (verdict == "with care")


def test_clauses_that_tie_what_is_averaged_are_said() -> None:
    space = ConfigurationSpace()
    a, b, z = Integer("min_split", (2, 40)), Integer("max_leaf", (2, 40)), Float("z", (0.0, 1.0))
    space.add(a, b, z, ForbiddenGreaterThanRelation(a, b))
    X = np.random.default_rng(0).random((30, 3))
    fitted = FittedSurrogate(
        OfVectors(lambda X: X[:, 0] - X[:, 1]), SurrogateRecord("Known", True, 30), None, X, X[:, 0]
    )
    p = project(fitted, space, [axis_of(space, "min_split"), axis_of(space, "z")])
    assert p.tied == ("max_leaf",)
    found = judged(p, x0)
    assert found.verdict == "with care" and "even its direction may be wrong" in " ".join(found.reasons)
    alone = project(fitted, space, [axis_of(space, "min_split")])
    assert alone.tied == ("max_leaf",)
    assert "accumulated local effects" in " ".join(judged(alone, x0).reasons)
    # Together nothing is averaged that the clause speaks of, and z is in no clause.
    assert project(fitted, space, [axis_of(space, "min_split"), axis_of(space, "max_leaf")]).tied == ()
    assert project(fitted, space, [axis_of(space, "z")]).tied == ()


def test_a_distribution_of_its_own_is_said() -> None:
    space = ConfigurationSpace()
    space.add(
        Categorical("opt", ["adam", "sgd"], weights=[0.95, 0.05]),
        NormalFloatHyperparameter("x", mu=0.5, sigma=0.1, lower=0, upper=1),
        Categorical("even", ["a", "b"]),
    )
    X = np.array([c.get_array() for c in space.sample_configuration(30)])
    fitted = FittedSurrogate(OfVectors(lambda X: X[:, 2]), SurrogateRecord("Known", True, 30), None, X, X[:, 2])
    for name, own in (("opt", True), ("x", True), ("even", False)):
        p = project(fitted, space, [axis_of(space, name)])
        assert p.own_distributions == ((name,) if own else ())
        found = judged(p, x0)
        assert any("distribution of its own" in reason for reason in found.reasons) is own
        # A remark: shares follow the distribution, so that nothing is wrong with them.
        assert all(word == "trust" for word, reason in found.rated_reasons if "distribution of its own" in reason)
    both = project(fitted, space, [axis_of(space, "opt"), axis_of(space, "x")])
    assert both.own_distributions == ("opt", "x") and both.at_choice(0, 1).own_distributions == ("x",)


def test_crowded_trials_on_a_wide_linear_range_ask_for_a_log_scale() -> None:
    space = ConfigurationSpace()
    space.add(Float("locks", (1.0, 1e9)), Float("lr", (1e-9, 1.0), log=True), Integer("depth", (1, 5)))
    crowded = np.concatenate([np.full((20, 3), 1e-6), np.random.default_rng(0).random((10, 3))])
    crowded[:, 2] = 0.1
    fitted = FittedSurrogate(
        OfVectors(lambda X: X[:, 0] + X[:, 1] + X[:, 2]),
        SurrogateRecord("Known", True, 30),
        None,
        crowded,
        crowded[:, 0],
    )
    for name, asked in (("locks", True), ("lr", False), ("depth", False)):
        p = project(fitted, space, [axis_of(space, name)])
        assert any("a log scale (log=True" in reason for reason in judged(p, x0).reasons) is asked


# --- what the trials say on a statement -----------------------------------------------------------------------------


def test_no_effect_and_cannot_tell_are_two_sentences() -> None:
    p = projected(lambda X: X[:, 0] + 0.1 * X[:, 1], "x0", "x1")
    assert Evidence(p, 0.0, 30).on_left_out("cost", 1) == "The formula leaves out x1."
    assert Evidence(p, 0.05, 30).on_left_out("cost", 1) == "30 trials cannot tell whether cost depends on x1."
    none = projected(lambda X: X[:, 0], "x0", "x1")
    assert Evidence(none, 0.05, 30).on_left_out("cost", 1) == "cost does not depend on x1."
    assert Evidence(none, 0.05, 30).on_left_out("cost", 0) == "The formula leaves out x0."


def test_between_which_trials_a_value_lies_is_said_where_none_is_near() -> None:
    p = projected(lambda X: X[:, 0], "x0", d=1)
    values = np.array([[1e-4], [2e-4], [0.5], [0.6]])
    evidence = Evidence(replace(p, trials=TrialPoints(values, values[:, 0])), 0.0, 4)
    assert evidence.gap(0, 0.3) == "between 0.0002 and 0.5"
    assert evidence.gap(0, 0.01) == "between 0.0002 and 0.5"  # near on the axis, but two scales away
    assert evidence.gap(0, 0.9) == "above 0.6"
    assert [evidence.gap(0, x) for x in (0.45, 0.0005, 0.65, 0.0)] == [""] * 4
    step = formula(function("tanh", 20.0 * (x0 - 0.3)), p)
    assert in_words(step, evidence) == [
        "cost is flat until x0 ≈ 0.23 (no trial between 0.0002 and 0.5), then rises until ≈ 0.37 (no trial there "
        "either), then is flat."
    ]


# --- real runs ------------------------------------------------------------------------------------------------------

TUNING = ROOT / "benchmarks" / "data" / "tuning"


@pytest.mark.slow
def test_a_process_that_interpolates_noise_is_not_trusted_and_the_consensus_is_named() -> None:
    """A Gaussian process on a flat, noisy landscape: R² 1 on its own trials, worse than a constant elsewhere."""
    explanation = explain(TUNING / "svm-german" / "bbo", "C", "gamma", max_complexity=10)
    assert explanation.verdict == "do not trust"
    record = explanation.surrogate
    assert record is not None and record.rival is not None and record.rival.clearly_better
    assert record.rival.kind == "consensus" and record.rival.cv_r2 > record.cv_r2
    (hint,) = [w for w in explanation.warnings if "clearly better" in w]
    for part in (
        "A consensus of a Gaussian",
        f"{record.rival.cv_r2:.2f} against {record.cv_r2:.2f}",
        "--surrogate best",
    ):
        assert part in hint
    best = explain(TUNING / "svm-german" / "bbo", "C", "gamma", surrogate="best", max_complexity=10)
    assert best.surrogate is not None and best.surrogate.cv_r2 == record.rival.cv_r2
    assert best.surrogate.rival is not None and best.surrogate.rival.kind == "run"
    assert best.surrogate.rival.cv_r2 == record.cv_r2
    assert not any("clearly better" in w for w in best.warnings)
    assert Explanation.from_dict(best.to_dict()).surrogate == best.surrogate


@pytest.mark.slow
def test_a_good_process_is_trusted_and_needs_no_rival() -> None:
    explanation = explain(TUNING / "lr-segment" / "bbo", "eta0", max_complexity=12)
    assert explanation.verdict == "trust" and not any("better" in w for w in explanation.warnings)
    assert explanation.surrogate is not None and explanation.surrogate.rival is not None
    assert not explanation.surrogate.rival.clearly_better
    assert json.dumps(explanation.to_dict(), allow_nan=False)


@pytest.mark.slow
def test_integers_that_matter_most_are_scored() -> None:
    """All of a random forest's error over max_depth is at 1: a formula without it would be scored on a plain."""
    explanation = explain(TUNING / "rf-contraceptive" / "hpo", "max_depth", "min_samples_split", max_complexity=12)
    assert explanation.projection is not None
    assert 1.0 in explanation.projection.held_out.grid[:, 0]
    assert explanation.best.r2 > 0.9
