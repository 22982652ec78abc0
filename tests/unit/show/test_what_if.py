"""What is said at the places of sliders, on records."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from deepcave_symbolic import Explanation
from deepcave_symbolic.formulas.expression import cases, constant, function, variable
from deepcave_symbolic.projection import Projection
from deepcave_symbolic.show.what_if import Places, signed_sum, values_at
from deepcave_symbolic.words.numbers import rounded_text
from places import ROOT


@pytest.fixture(scope="module")
def explanation() -> Explanation:
    """Two choices, and a learning rate on a log scale."""
    return Explanation.from_dict(
        json.loads((ROOT / "tests/data/records/explanation-3.json").read_text(encoding="utf-8"))
    )


def changed(explanation: Explanation, **fields: object) -> Explanation:
    projection: Projection = replace(explanation.projection, **fields)  # type: ignore[arg-type]
    return replace(explanation, projection=projection)


def test_a_formula_is_told_exactly_at_every_stop(explanation: Explanation) -> None:
    places, formula = Places(explanation), explanation.formulas[-1]
    assert [len(stops) for stops in places.stops] == [2, 40] and places.texts[0] == ("sgd", "adam")
    x = [(solver, rate) for solver in ("sgd", "adam") for rate in places.stops[1]]
    values = formula.predict({"solver": [a for a, _ in x], "learning_rate_init": [b for _, b in x]})
    assert places.formula(formula) == [rounded_text(value) for value in values]
    mean, std = explanation.projection.mean, explanation.projection.std
    assert places.surrogate()[3] == f"{rounded_text(mean[3])} ± {rounded_text(std[3], 2)}"


def test_the_start_is_the_incumbent_or_the_best(explanation: Explanation) -> None:
    places = Places(explanation)
    assert places.start[0] == 0
    stops = np.log10(places.stops[1])
    assert places.start[1] == np.argmin(np.abs(stops - np.log10(0.22414919534819996)))
    without = Places(changed(explanation, incumbent=None))
    assert without.first == np.nanargmin(explanation.projection.mean) and not without.is_from_incumbent


def test_the_nearest_trial_is_named_and_its_distance(explanation: Explanation) -> None:
    projection = explanation.projection
    trials = replace(
        projection.trials, values=np.array([[0.0, 1e-3], [0.0, 1e-3], [1.0, 0.1]]), costs=np.r_[0.5, 0.4, 0.2]
    )
    near = np.arange(80) < 20
    said = Places(changed(explanation, trials=trials, near_trials=near)).nearest_trial()
    assert said[0] == "0.4 to 0.5 (2 trials) at solver = sgd, learning_rate_init = 0.001"
    assert said[-1] == "no trial nearby; the nearest has 0.2 at solver = adam, learning_rate_init = 0.1"
    none = replace(trials, values=np.empty((0, 2)), costs=np.empty(0))
    assert set(Places(changed(explanation, trials=none)).nearest_trial()) == {"no trial"}


def test_parts_of_a_sum_add_up_choice_by_choice(explanation: Explanation) -> None:
    places, best = Places(explanation), explanation.best
    assert places.parts(replace(best, tree=constant(0.4))) is None
    rate = variable(1)
    tree = cases(0, [constant(0.5) + constant(-2.0) * rate, function("exp", rate)])
    parts = places.parts(replace(best, tree=tree))
    assert parts is not None
    assert "".join(piece[0] for piece in parts) == "0.5 - 0.0002 (-2·learning_rate_init)"
    assert "".join(piece[40] for piece in parts) == "1 (exp(learning_rate_init))"


def test_where_nothing_is_allowed_nothing_is_told(explanation: Explanation) -> None:
    mean = explanation.projection.mean.copy()
    mean[7] = np.nan
    places = Places(changed(explanation, mean=mean))
    assert places.formula(explanation.best)[7] == "-" and "allowed" in places.surrogate()[7]
    assert Places(replace(places.explanation, direction="maximize")).first != 7


def test_sums_and_repeated_texts_are_short() -> None:
    assert "".join(signed_sum(None, [(-1.0, "a"), (2.5, "b")])) == "-1 (a) + 2.5 (b)"
    assert signed_sum(3.0, [(-1.0, "a")]) == ["3", " - 1", " (a)"]
    assert "".join(signed_sum(0.16, [(-6.3e-12, "a"), (2e-5, "b")])) == "0.16 + 0 (a) + 2e-5 (b)"
    assert values_at(["x", "x"]) == "x"
    assert values_at(["x", "y", "x"]) == {"texts": ["x", "y"], "at": [0, 1, 0]}
