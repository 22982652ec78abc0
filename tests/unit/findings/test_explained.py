"""The record of an explanation: computed once, equal to its copy from JSON; files of the last version still load."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, Float

from deepcave_symbolic import Explainer, Explanation, Unexplained, explain
from deepcave_symbolic.exceptions import FormulaError
from deepcave_symbolic.findings import explained as module
from deepcave_symbolic.findings.explained import read_explained
from deepcave_symbolic.numeric.arrays import Array
from places import FOREST, ROOT

RECORDS = ROOT / "tests" / "data" / "records"


class Bumps:
    """A surrogate of x and a choice with a dip so narrow that it lies between two points of the grid."""

    def predict(self, X: Array) -> tuple[Array, Array]:
        dip = np.exp(-(((X[:, 1] - 0.503) / 0.002) ** 2))
        return X[:, 1] + 0.5 * X[:, 0] - 3.0 * dip, np.full(len(X), 0.01)


def space() -> ConfigurationSpace:
    cs = ConfigurationSpace()
    cs.add(Float("x", (0.0, 1.0)), Categorical("c", ["a", "b"]))
    return cs


@pytest.fixture(scope="module")
def pair() -> Explanation:
    return explain(FOREST, "solver", "learning_rate_init", max_complexity=7)


@pytest.mark.slow
def test_a_record_is_equal_to_its_copy_from_json_and_has_its_hash(pair: Explanation) -> None:
    copy = Explanation.from_dict(json.loads(json.dumps(pair.to_dict(), allow_nan=False)))
    assert copy == pair and hash(copy) == hash(pair) and len({copy, pair}) == 1
    assert copy.projection == pair.projection and copy.surrogate == pair.surrogate and copy.best == pair.best
    assert list(copy.groups) == list(pair.groups) and copy.groups == pair.groups
    assert all(type(group) is Explanation for group in copy.groups.values())
    assert pair != explain(FOREST, "solver", "learning_rate_init", max_complexity=6)


def test_reading_a_record_computes_nothing(pair: Explanation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "findings_of", lambda *_, **__: pytest.fail("computed again"))
    copy = Explanation.from_dict(pair.to_dict())
    for formula in copy.formulas:
        assert copy.trust(formula).variance_explained >= 0.0 and copy.behaviour(formula)
        assert copy.optimum(formula).sentence and copy.findings(formula).band.sentence
    assert str(copy) == str(pair) and copy._repr_html_() == pair._repr_html_()


def test_the_surrogate_itself_is_asked_at_the_incumbent_and_at_the_optimum() -> None:
    explainer = Explainer(None, surrogate=Bumps(), configspace=space())
    projector, projection = explainer.subject.projected(explainer._axes(["x"]))
    # No grid point is near the dip, so that interpolation would not see it.
    assert projection.mean.min() > 0.2
    mean, _ = projector.expect(np.array([[0.503], [0.25]]))
    share = projector.expect(np.array([[0.25]]))[0][0] - 0.25
    np.testing.assert_allclose(mean, [0.503 + share - 3.0, 0.25 + share])


def test_of_a_choice_the_surrogate_is_asked_at_that_choice() -> None:
    explanation = Explainer(None, surrogate=Bumps(), configspace=space(), max_complexity=10).explain("c", "x")
    best = {choice: group.optimum() for choice, group in explanation.groups.items()}
    assert best["a"].value == pytest.approx(0.0, abs=0.02) and best["b"].value == pytest.approx(0.5, abs=0.02)
    assert not any(optimum.disagrees for optimum in best.values())


def test_a_file_of_version_3_loads_without_what_the_surrogate_would_expect() -> None:
    data = json.loads((RECORDS / "explanation-3.json").read_text(encoding="utf-8"))
    old = Explanation.from_dict(data)
    assert (old.run, old.direction) == ("mlp_hpo", "minimize") and "run" not in old.provenance
    assert [str(f) for f in old.formulas] == [f["text"] for f in data["formulas"]]
    assert str(old.best) == data["formulas"][data["best"]]["text"]
    assert old.trust().variance_explained == data["trust"]["variance_explained"]
    # Then, what a formula left out was said not to matter.
    assert old.behaviour() == (data["behaviour"][0], "100 trials cannot tell whether error depends on solver.")
    assert "the surrogate expects" not in old.optimum().sentence
    assert list(old.groups) == list(data["groups"]) and str(old)
    assert Explanation.from_dict(json.loads(json.dumps(old.to_dict()))) == old


def test_a_file_of_version_3_without_formulas_says_why() -> None:
    data = json.loads((RECORDS / "unexplained-3.json").read_text(encoding="utf-8"))
    old = read_explained(Explanation, data)
    assert isinstance(old, Unexplained)
    assert old.reason == "Hyperparameter 'version' is constant (3); there is nothing to explain."


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"formulas": []},
        {"recommended": 99},
        {"all_findings": []},
        {"direction": "down"},
        {"projection": {}},
    ],
)
def test_what_is_no_explanation_is_refused(pair: Explanation, change: dict[str, Any]) -> None:
    with pytest.raises(FormulaError):
        Explanation.from_dict({**pair.to_dict(), **change})
