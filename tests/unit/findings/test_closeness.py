"""How likely a formula is close to the truth, and the words that follow, on curves with known answers."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace, Float

from deepcave_symbolic import explain
from deepcave_symbolic.findings.band import band_of
from deepcave_symbolic.findings.certainty import Samples
from deepcave_symbolic.findings.closeness import CALIBRATIONS, Closeness, closeness_of, features_of
from deepcave_symbolic.findings.evidence import Evidence
from deepcave_symbolic.findings.trust import Trust, judge
from deepcave_symbolic.formulas.expression import Node, constant, power, variable
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.projection import Projection, Projector, TrialPoints, View
from deepcave_symbolic.show.document import document, facts
from deepcave_symbolic.show.text import write_text
from deepcave_symbolic.space.axis import axis_of
from deepcave_symbolic.surrogates.base import FittedSurrogate, Rival, SurrogateRecord, deviations_of_members
from deepcave_symbolic.surrogates.consensus import CONSENSUS_NAME
from known_surrogates import OfVectors
from places import SVM
from records import explanation

x0 = variable(0)
#: A surrogate whose rival is the consensus.
KNOWN = SurrogateRecord("Known", True, 30, 0.9, 0.8, rival=Rival(CONSENSUS_NAME, "consensus", 0.9))


class Members(OfVectors):
    """A model that knows how its errors go together: its members differ by up to 0.1 in slope."""

    def deviations(self, X: Array, n: int, rng: np.random.Generator) -> Array | None:
        return deviations_of_members(np.outer(X[:, 0], np.linspace(-0.1, 0.1, 10)), n, rng)


def space() -> ConfigurationSpace:
    found = ConfigurationSpace()
    found.add(Float("x0", (0.0, 1.0)), Float("x1", (0.0, 1.0)))
    return found


def projector(**options: object) -> Projector:
    """A surrogate 3·x0 + x1 whose rival is 2·x0² + x1 + 5."""
    X = np.random.default_rng(0).random((30, 2))
    record = SurrogateRecord("Known", True, 30, 0.9, 0.8)
    rival = FittedSurrogate(OfVectors(lambda X: 2 * X[:, 0] ** 2 + X[:, 1] + 5), record, None, X, X[:, 0])
    own = FittedSurrogate(Members(lambda X: 3 * X[:, 0] + X[:, 1]), record, None, X, X[:, 0], rival=rival)
    cs = space()
    return Projector(own, cs, [axis_of(cs, "x0")], **options)


def projection() -> Projection:
    found = projector().projection()
    return replace(found, std=np.full_like(found.mean, 5.0))


def formula(p: Projection, tree: Node = 3.0 * x0) -> Formula:
    return Formula(tree, p.axes, "cost", 0.98, 0.01, "test")


def beside(p: Projection, off: float, level: float = 0.0) -> Samples:
    """Draws as the formula is, and a rival that bends away from it by `off`."""
    x = p.grid[:, 0]
    return Samples(p.grid, np.tile(3.0 * x, (64, 1)), p.weights, 3.0 * x + off * np.cos(6.0 * x) + level)


def judged(p: Projection, draws: Samples, cv_r2: float = 0.9, optimum: tuple[float, ...] | None = None) -> Trust:
    f = formula(p)
    return judge(replace(KNOWN, cv_r2=cv_r2), Evidence(p, 0.0, 30), f, band_of(f, p), draws, optimum)


def test_the_rival_is_projected_as_the_surrogate_is() -> None:
    made = projector()
    p = made.projection()
    draws = made.draws(p, 8, 0)
    assert draws is not None
    x = p.grid[draws.rows, 0]
    np.testing.assert_allclose(draws.rival - draws.rival[0], 2 * x**2 - 2 * x[0] ** 2, atol=1e-9)
    assert draws.rival[0] == pytest.approx(5.0 + p.mean[0] - 3 * x[0] + 2 * x[0] ** 2)
    # The best that others can make, or a slice, is not what the coefficients were fitted on.
    for statistic in ("best", "incumbent"):
        other = projector(view=View(statistic=statistic))
        found = other.draws(other.projection(), 8, 0)
        assert found is not None and len(found.rival) == 0


def test_it_is_less_likely_the_less_the_rival_agrees() -> None:
    p = projection()
    found = [closeness_of(formula(p), p, KNOWN, beside(p, off)) for off in (0.0, 0.1, 0.3, 1.0, 3.0)]
    for which in ("close", "fair"):
        values = [getattr(each, which) for each in found]
        assert values == sorted(values, reverse=True) and values[0] > 0.9 and values[-1] < 0.3
    assert all(each is not None and each.close < each.fair for each in found)
    # Another level counts as well, but less than another shape with the same R².
    moved = features_of(formula(p), p, KNOWN, beside(p, 0.0, level=0.5))
    bent = features_of(formula(p), p, KNOWN, beside(p, 0.7))
    assert moved is not None and bent is not None
    assert moved["rival"] < 1.5 and moved["shape"] == pytest.approx(2.0) and bent["shape"] < 1.5


def test_it_is_less_likely_the_smaller_the_share() -> None:
    p = projection()
    draws = beside(p, 0.3)
    found = [closeness_of(formula(p), replace(p, variance_share=share), KNOWN, draws) for share in (1.0, 0.5, 0.1, 0.0)]
    values = [each.close for each in found if each is not None]
    assert len(values) == 4 and values == sorted(values, reverse=True)


@pytest.mark.parametrize("kind", list(CALIBRATIONS))
def test_more_of_a_feature_never_makes_it_less_likely(kind: str) -> None:
    known = CALIBRATIONS[kind]
    assert known.close.weights.keys() == known.fair.weights.keys()
    for model in (known.close, known.fair):
        assert all(weight >= 0.0 for weight in model.weights.values())
        assert model(dict.fromkeys(model.weights, 2.0)) > model(dict.fromkeys(model.weights, 1.0))


def test_the_consensus_is_asked_for_its_draws() -> None:
    p = projection()
    record = SurrogateRecord(CONSENSUS_NAME, False, 30, 0.9, 0.8)
    x = p.grid[:, 0]

    def found(off: float) -> Closeness:
        draws = Samples(p.grid, np.tile(3.0 * x + off * np.cos(6.0 * x), (64, 1)), p.weights)
        closeness = closeness_of(formula(p), p, record, draws)
        assert closeness is not None
        return closeness

    values = [found(off).close for off in (0.0, 0.1, 0.3, 1.0, 3.0)]
    assert values == sorted(values, reverse=True) and values[0] > 0.9 and values[-1] < 0.5


def test_it_is_unknown_without_draws_a_rival_or_an_average() -> None:
    p = projection()
    draws = beside(p, 0.0)
    assert closeness_of(formula(p), p, KNOWN, None) is None
    assert closeness_of(formula(p), p, KNOWN, replace(draws, rival=np.empty(0))) is None
    assert closeness_of(formula(p), replace(p, variance_share=None), KNOWN, draws) is None
    # Of a forest of ours, or a model of the user's, nothing was measured.
    assert closeness_of(formula(p), p, SurrogateRecord("Known", True, 30, 0.9, 0.8), draws) is None
    found = judged(p, replace(draws, rival=np.empty(0)))
    assert (found.verdict, found.probability, found.probability_fair) == ("trust", None, None)


def test_a_rival_that_predicts_clearly_worse_is_no_judge() -> None:
    p = projection()
    assert KNOWN.rival is not None
    worse = replace(KNOWN, rival=replace(KNOWN.rival, clearly_worse=True))
    f, draws = formula(p), beside(p, 4.0)
    assert closeness_of(f, p, worse, draws) is None
    found = judge(worse, Evidence(p, 0.0, 30), f, band_of(f, p), draws)
    assert (found.verdict, found.probability, found.probability_fair) == ("trust", None, None)


def test_what_is_close_is_fairly_close_too() -> None:
    """The odds of the two were fitted apart: of draws that agree on a hundredth of the variance they cross."""
    p = projection()
    draws = Samples(p.grid, np.tile(3.0 * p.grid[:, 0], (64, 1)), p.weights)
    record = SurrogateRecord(CONSENSUS_NAME, False, 30, 0.9, 0.8)
    for share in (0.0, 0.01, 0.1, 1.0):
        found = closeness_of(replace(formula(p), r2=1.0), replace(p, variance_share=share), record, draws)
        assert found is not None and found.fair >= found.close > 0.5


def test_a_constant_is_never_close() -> None:
    p = projection()
    found = closeness_of(formula(p, constant(1.5)), p, KNOWN, beside(p, 0.0))
    assert found is not None and (found.close, found.fair) == (0.0, 0.0)


# --- the words ------------------------------------------------------------------------------------------------------


def test_the_words_follow_from_the_probability() -> None:
    p = projection()
    # Cross-validation in part is a remark, where it is known how likely the formula is close.
    good = judged(p, beside(p, 0.05), cv_r2=0.5)
    assert good.verdict == "trust" and good.severities == ("trust",) and "only in part" in good.reasons[0]
    room = judged(p, beside(p, 0.5))
    assert room.verdict == "with care" and room.probability is not None and room.probability_fair is not None
    assert room.probability < 0.8 and room.probability_fair > 0.3
    assert room.reasons[-1].startswith("How close the formula is to the truth is not sure enough: it has R² 0.")
    assert room.reasons[-1].endswith("surrogate of the same trials, and what it describes has 90 % of the variance.")
    far = judged(p, beside(p, 4.0))
    assert far.verdict == "do not trust"
    assert far.reasons[-1].startswith("The formula is probably not even fairly close to the truth: it has R² ")


def test_what_the_probability_does_not_see_still_counts() -> None:
    p = projection()
    draws = beside(p, 0.0)
    assert judged(p, draws).verdict == "trust"
    assert judged(p, draws, cv_r2=0.1).verdict == "do not trust"
    assert judged(replace(p, std=np.full_like(p.mean, 1e-6)), draws).verdict == "with care"


def test_an_optimum_without_a_trial_nearby_is_taken_with_care() -> None:
    p = projection()
    values = np.array([[0.5], [0.7], [0.9]])
    far = replace(p, trials=TrialPoints(values, values[:, 0]))
    assert judged(far, beside(p, 0.0), optimum=(0.52,)).verdict == "trust"
    found = judged(far, beside(p, 0.0), optimum=(0.0,))
    assert found.verdict == "with care" and "No trial is near the formula's optimum: x0 below 0.5." in found.reasons


# --- the record and the page ----------------------------------------------------------------------------------------


def test_the_record_keeps_it_and_an_older_one_loads_without() -> None:
    p = projection()
    trust = judged(p, beside(p, 0.3))
    data = json.loads(json.dumps(trust.to_dict()))
    assert Trust.from_dict(data) == trust and data["probability"] == trust.probability
    del data["probability"], data["probability_fair"]
    old = Trust.from_dict(data)
    assert old.probability is None and old.probability_fair is None and old.verdict == trust.verdict
    draws = beside(p, 0.3)
    assert Samples.from_dict(json.loads(json.dumps(draws.to_dict()))) == draws
    without = {name: value for name, value in draws.to_dict().items() if name != "rival"}
    assert len(Samples.from_dict(without).rival) == 0


def test_the_page_says_it_once() -> None:
    record = explanation()
    assert "Close to truth" not in dict(facts(record, record.best).rows)
    findings = record.all_findings[-1]
    known = replace(findings, trust=replace(findings.trust, probability=0.834, probability_fair=0.971))
    record = replace(record, all_findings=(*record.all_findings[:-1], known))
    line = "83 % likely (R² above 0.9); fairly close 97 % (R² above 0.5)"
    assert dict(facts(record, record.best).rows)["Close to truth"] == line
    assert write_text(document(record)).count("83 % likely") == 1
    nothing = replace(known, trust=replace(known.trust, verdict="no visible effect"))
    record = replace(record, all_findings=(*record.all_findings[:-1], nothing))
    assert "Close to truth" not in dict(facts(record, record.best).rows)


def test_a_run_is_asked_for_both_surrogates() -> None:
    found = explain(SVM, "C", max_complexity=8)
    assert found.certainty is not None and len(found.certainty.samples.rival) == len(found.certainty.samples.x)
    trust = found.trust()
    assert trust.probability is not None and trust.probability_fair is not None
    assert 0.0 < trust.probability < trust.probability_fair < 1.0
    # Of a formula that is written down later, the record knows it, too.
    other = Formula(constant(60.0) + power(variable(0), 1), found.best.axes, "rmse", -9.0, 99.0, "own")
    later = found.trust(other)
    assert later.probability is not None and later.probability < 0.01
    assert type(found).from_dict(json.loads(json.dumps(found.to_dict()))).trust() == trust
