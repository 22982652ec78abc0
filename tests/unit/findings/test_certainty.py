"""What draws of the surrogate say about constants, form and optimum: from planted draws with a known answer to runs."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, Float

from deepcave_symbolic import Explanation, explain
from deepcave_symbolic.findings.certainty import Certainty, Samples, certainty_of
from deepcave_symbolic.findings.certainty.directions import settled_stretches
from deepcave_symbolic.findings.certainty.refits import refit
from deepcave_symbolic.formulas.expression import Node, constant
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.formulas.meaning.positions import fitted
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.surrogates.base import deviations_of_members
from explained import explained, explainer
from known_surrogates import OfValues
from places import FOREST, SVM
from small_formulas import LR, X, formula, log10

GRID = LR.check_grid(60)[:, None]


def valley(level: float, effect: float, place: float) -> Formula:
    """cost ≈ level + effect·log10(learning_rate/place)²."""
    square = Node("^", (log10(Node("/", (X, constant(place)))), constant(2.0)))
    return formula(Node("+", (constant(level), Node("*", (constant(effect), square)))), r2=0.99)


def line(level: float, effect: float) -> Formula:
    """cost ≈ level + effect·log10(learning_rate)."""
    return formula(Node("+", (constant(level), Node("*", (constant(effect), log10(X))))), r2=0.3)


LEVEL = formula(constant(0.3), r2=0.0, rmse=0.1)


def samples(curves: list[Array]) -> Samples:
    return Samples(GRID, np.array(curves), np.ones(len(GRID)))


def drawn(formulas: list[Formula]) -> Samples:
    return samples([f.predict({"learning_rate": GRID[:, 0]}) for f in formulas])


def judged(front: list[Formula], recommended: int, what: Samples, **kept: Any) -> tuple[Formula, Certainty]:
    options: dict[str, Any] = {"noise": 0.0, "maximize": False, "source": "surrogate", **kept}
    formulas, certainty = certainty_of(front, recommended, front, what, GRID, **options)
    return formulas[recommended], certainty


class TestRefits:
    def test_finds_the_constants_of_every_draw(self) -> None:
        planted = [(0.1 + 0.01 * i, 0.05 + 0.002 * i, 10 ** (-3 + 0.1 * i)) for i in range(-5, 6)]
        start = valley(0.1, 0.05, 1e-3)
        what = drawn([valley(*constants) for constants in planted])
        found = refit(start.tree, fitted(start.tree), [GRID[:, 0]], what.values, what.weights)
        np.testing.assert_allclose(found.constants, planted, rtol=1e-3)
        np.testing.assert_allclose(found.losses, 0.0, atol=1e-9)
        np.testing.assert_allclose(found.at([GRID[:, 0]]), what.values, atol=1e-4)

    def test_weights_decide_between_points_that_contradict(self) -> None:
        values = np.where(GRID[:, 0] < 0.01, 1.0, 3.0)[None]
        weights = np.where(GRID[:, 0] < 0.01, 1.0, 1e-9)
        found = refit(constant(2.0), fitted(constant(2.0)), [GRID[:, 0]], values, weights)
        np.testing.assert_allclose(found.constants, [[1.0]], rtol=1e-6)

    def test_a_constant_that_the_draws_let_go_anywhere_is_unsettled(self) -> None:
        step = Node("/", (constant(0.5), Node("+", (constant(1.0), Node("/", (X, constant(0.01)))))))
        start = formula(Node("+", (constant(0.1), step)))
        rng = np.random.default_rng(0)
        what = samples([0.3 + 1e-3 * rng.standard_normal(len(GRID)) for _ in range(20)])
        found = refit(start.tree, fitted(start.tree), [GRID[:, 0]], what.values, what.weights)
        assert found.unsettled.tolist() == [False, False, True]
        shown, _ = judged([LEVEL, start], 1, what)
        assert shown.constants[-1].interval is None
        assert "0.01 (not settled)" in shown.constants[-1].sentence


class TestPlanted:
    def test_intervals_optimum_band_and_shape(self) -> None:
        places = 10 ** np.linspace(-3.2, -2.8, 41)
        what = drawn([valley(0.1, 0.05, place) for place in places])
        best, certainty = judged([LEVEL, line(0.4, 0.05), valley(0.1, 0.05, 1e-3)], 2, what)
        low, high = best.constants[-1].interval or (math.nan, math.nan)
        assert low == pytest.approx(10**-3.18, rel=0.02)
        assert high == pytest.approx(10**-2.82, rel=0.02)
        assert best.constants[-1].sentence == "Lowest at learning_rate 0.001 (0.00066 to 0.00151)."
        assert certainty.shapes == (("valley", 1.0),)
        ((left, right),) = certainty.optimum
        assert left == pytest.approx(low, rel=0.06)
        assert right == pytest.approx(high, rel=0.06)
        curve = best.predict({"learning_rate": GRID[:, 0]})
        assert np.all(certainty.lower <= curve) and np.all(curve <= certainty.upper)
        inside = (what.values >= certainty.lower) & (what.values <= certainty.upper)
        assert 0.88 <= np.mean(inside) <= 1.0
        assert certainty.sentence == (
            "Of 41 draws of the surrogate: valley in 100 %. In 90 % of them cost falls up to learning_rate 0.00054 "
            "and rises from 0.0018 on; elsewhere the direction is not settled. The optimum of 90 % of them lies at "
            "learning_rate 0.000667 to 0.00153."
        )

    def test_the_other_direction_of_the_objective(self) -> None:
        places = 10 ** np.linspace(-3.2, -2.8, 21)
        hills = [valley(0.5, -0.05, place) for place in places]
        _, certainty = judged([LEVEL, valley(0.5, -0.05, 1e-3)], 1, drawn(hills), maximize=True)
        assert certainty.shapes == (("hill", 1.0),)
        ((low, high),) = certainty.optimum
        assert 0.0006 < low < 0.001 < high < 0.0016

    def test_shapes_share_the_draws(self) -> None:
        what = drawn([valley(0.1, 0.05, 1e-3)] * 30 + [line(0.4, 0.05)] * 10)
        _, certainty = judged([LEVEL, line(0.4, 0.05), valley(0.1, 0.05, 1e-3)], 2, what)
        assert certainty.shapes == (("valley", 0.75), ("straight in log10", 0.25))
        assert "valley in 75 %, straight in log10 in 25 %" in certainty.sentence

    def test_without_a_common_direction_none_is_claimed(self) -> None:
        what = drawn([line(0.4, 0.05)] * 20 + [line(0.4, -0.05)] * 20)
        _, certainty = judged([LEVEL, line(0.4, 0.05)], 1, what)
        assert "Whether cost rises or falls is nowhere settled." in certainty.sentence
        assert "the trials do not settle it" in certainty.sentence
        assert certainty.optimum == ((LR.lower, LR.upper),)

    def test_below_the_noise_the_level_wins(self) -> None:
        what = drawn([line(0.4, 0.001 * i) for i in range(-5, 5)])
        front = [LEVEL, line(0.4, 0.05)]
        _, with_noise = judged(front, 0, what, noise=0.1)
        assert with_noise.shapes == (("level", 1.0),)
        assert with_noise.optimum == ()
        assert with_noise.sentence == "Of 10 draws of the surrogate: level in 100 %."
        _, without = judged(front, 0, what)
        assert dict(without.shapes)["straight in log10"] >= 0.8


class TestDirections:
    X = np.linspace(0.0, 1.0, 61)

    def test_falls_then_flat(self) -> None:
        curve = np.maximum(0.5 - self.X, 0.0)
        stretches = settled_stretches(self.X, np.tile(curve, (10, 1)))
        assert [word for word, *_ in stretches] == ["falls", "is flat"]
        assert stretches[0][2] == pytest.approx(0.5, abs=0.02)

    def test_a_few_draws_do_not_unsettle(self) -> None:
        rising, falling = self.X, -self.X
        assert settled_stretches(self.X, np.vstack([[rising] * 19, falling])) == (("rises", 0.0, 1.0),)
        assert settled_stretches(self.X, np.vstack([[rising] * 8, [falling] * 2])) == ()

    def test_one_value_moves_nowhere(self) -> None:
        assert settled_stretches(self.X[:1], np.zeros((3, 1))) == ()


class TestSurrogates:
    def test_members_covariance(self) -> None:
        members = np.random.default_rng(0).standard_normal((5, 8)) @ np.diag(np.arange(1.0, 9.0))
        drawn = deviations_of_members(members, 20_000, np.random.default_rng(1))
        # Wider than the members say by one factor, whatever the point.
        found, own = np.cov(drawn.T), np.cov(members)
        factor = np.trace(found) / np.trace(own)
        np.testing.assert_allclose(found, factor * own, atol=0.03 * float(np.max(found)))
        assert factor > 1.0
        np.testing.assert_allclose(drawn.mean(axis=0), 0.0, atol=1e-9)

    def test_one_member_knows_nothing(self) -> None:
        assert np.all(deviations_of_members(np.ones((4, 1)), 3, np.random.default_rng(0)) == 0.0)

    @pytest.mark.parametrize("run", [SVM, FOREST], ids=lambda path: path.name)
    def test_draws_of_a_runs_own_surrogate_are_as_wide_as_its_uncertainty(self, run: Path) -> None:
        """Each as a factor of what the surrogate itself says, which tells how wide the draws at one point are."""
        surrogate = explainer(run).surrogate
        X = surrogate.X[:40]
        drawn = surrogate.deviations(X, 400, np.random.default_rng(0))
        assert drawn is not None
        assert drawn.shape == (400, 40)
        np.testing.assert_array_equal(drawn, surrogate.deviations(X, 400, np.random.default_rng(0)))
        _, std = surrogate.model.predict(X)
        ratio = np.std(drawn, axis=0)[std > 1e-6] / std[std > 1e-6]
        assert 1.2 < float(np.median(ratio)) < 3.0

    def test_near_points_of_a_gaussian_process_move_together(self) -> None:
        surrogate = explainer(SVM).surrogate
        X = np.vstack([surrogate.X[:1] * 0.5, surrogate.X[:1] * 0.5 + 1e-4])
        drawn = surrogate.deviations(X, 200, np.random.default_rng(0))
        assert drawn is not None
        assert np.corrcoef(drawn.T)[0, 1] > 0.99


class TestRuns:
    @pytest.mark.slow
    def test_a_run_has_intervals_a_band_and_a_sentence(self) -> None:
        explanation = explained(SVM, "gamma", max_complexity=12)
        certainty = explanation.certainty
        assert certainty is not None
        assert sum(share for _, share in certainty.shapes) == pytest.approx(1.0)
        for each in explanation.best.constants:
            low, high = each.interval or (math.nan, math.nan)
            assert low <= each.value <= high
        ((low, high),) = certainty.optimum
        assert low <= explanation.optimum().values[0] <= high
        text = str(explanation)
        assert "How sure" in text
        assert "90 % interval" in text
        figure = explanation.plot()
        assert "where 90 % of the refits lie" in [trace.name for trace in figure.data]
        other = explanation.formulas[0]
        assert "where 90 % of the refits lie" not in [trace.name for trace in explanation.plot(other).data]

    def test_the_record_keeps_them(self) -> None:
        explanation = explained(SVM, "gamma", max_complexity=12)
        again = Explanation.from_dict(json.loads(json.dumps(explanation.to_dict())))
        assert again.best.intervals == explanation.best.intervals
        assert again.certainty is not None and explanation.certainty is not None
        assert again.certainty.sentence == explanation.certainty.sentence
        np.testing.assert_array_equal(again.certainty.lower, explanation.certainty.lower)
        assert str(again) == str(explanation)
        older = explanation.to_dict()
        older.pop("certainty")
        assert Explanation.from_dict(json.loads(json.dumps(older))).certainty is None

    @pytest.mark.slow
    def test_the_seed_decides(self) -> None:
        first = explain(SVM, "gamma", max_complexity=8)
        assert explain(SVM, "gamma", max_complexity=8).best.intervals == first.best.intervals

    def test_resampled_trials_stand_for_formulas_of_the_trials(self) -> None:
        explanation = explained(SVM, "gamma", source="trials", max_complexity=8)
        assert explanation.certainty is not None
        assert "draws of the trials" in explanation.certainty.sentence
        assert explanation.best.intervals

    def test_every_choice_has_its_own(self) -> None:
        space = ConfigurationSpace(seed=0)
        space.add(Float("x", (0.01, 1.0), log=True), Categorical("kind", ["a", "b"]))
        explanation = explain(
            None, "x", "kind", surrogate=Joint(space), configspace=space, max_complexity=10, objective="cost"
        )
        for group in explanation.groups.values():
            assert group.certainty is not None
            assert group.certainty.sentence
            assert group.best.intervals
        assert explanation.best.intervals

    def test_a_surrogate_without_joint_errors_has_none(self) -> None:
        space = ConfigurationSpace({"x": (0.0, 1.0)})
        model = OfValues(space, lambda v: 1.0 + v["x"])
        explanation = explain(None, "x", surrogate=model, configspace=space, max_complexity=8)
        assert explanation.certainty is None
        assert explanation.best.intervals == ()
        assert "How sure" not in str(explanation)


class Joint(OfValues):
    """cost = 1 + log10(x), for choice b twice that; its errors are the same everywhere."""

    def __init__(self, space: ConfigurationSpace) -> None:
        super().__init__(space, lambda v: 1.0 + np.log10(v["x"]) * np.where(v["kind"] == "b", 2.0, 1.0))

    def deviations(self, X: Array, n: int, rng: np.random.Generator) -> Array:
        return np.tile(0.01 * rng.standard_normal((n, 1)), (1, len(X)))
