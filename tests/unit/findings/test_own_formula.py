"""A formula of the user's own: its constants, its place beside the front, and what it refuses."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from deepcave_symbolic import Explanation, OwnFormula, explain
from deepcave_symbolic.exceptions import DeepcaveSymbolicError, FormulaError, InvalidArgumentError, UnknownNameError
from deepcave_symbolic.show.document import document
from deepcave_symbolic.show.own_formula import own_formula_document
from deepcave_symbolic.show.text import write_text
from places import SVM
from records import explanation, two_dimensional

VALLEY = "a + b*log10(lr/x0)**2"


@pytest.fixture(scope="module")
def valley() -> Explanation:
    """The surrogate's valley is 0.12 + 0.04·(log10(lr) + 2.5)²; the record's formulas have made-up scores."""
    return explanation()


@pytest.fixture(scope="module")
def svm() -> Explanation:
    return explain(SVM, "C", max_complexity=8)


@pytest.mark.slow
def test_the_recommended_formula_of_a_run_is_found_again(svm: Explanation) -> None:
    own = svm.fit("a + b*log10(C/c)**2")
    assert own.formula.tree == svm.best.tree
    assert own.sentence == "This is the recommended formula."
    assert (own.formula.r2, own.formula.shape) == (svm.best.r2, "valley")
    for own_one, other in zip(own.formula.constants, svm.best.constants, strict=True):
        assert own_one.sentence == other.sentence
        assert own_one.interval == pytest.approx(other.interval, rel=1e-3)
    assert own.verdict == svm.verdict and own.formula.engine == "own" and own.formula.normal_form
    assert list(own.named.values()) == [constant.value for constant in svm.best.constants]


@pytest.mark.slow
def test_shorter_and_longer_ones_are_set_beside_it(svm: Explanation) -> None:
    line = svm.fit("a - b*log10(C)")
    assert line.sentence == (
        f"R² {svm.best.r2 - line.formula.r2:.4f} below the recommended formula, which has 2 nodes and 1 fitted "
        "constant more."
    )
    other = svm.fit("a + b*(log10(C) - c)**2 + d*(log10(C) - c)**3")
    assert other.sentence.startswith("As accurate as the recommended formula for all that 40 trials can tell; it has ")
    assert not other.formula.normal_form


def test_a_closer_one_is_said_to_be_closer(valley: Explanation) -> None:
    own = valley.fit(VALLEY)
    assert own.named == {"a": 0.12, "b": 0.04, "x0": 0.00316}
    assert own.sentence == (
        "R² 0.0300 above the recommended formula, which has 1 node more and 1 fitted constant fewer."
    )
    assert valley.fit("a + b*log10(lr/x0)**2 + c*lr").sentence.endswith(
        "which has 3 nodes and 2 fitted constants fewer."
    )


def test_the_spelling_stays_and_the_objective_may_stand_before_it(valley: Explanation) -> None:
    own = valley.fit("cost ≈ a + b*(log10(lr) - c)^2")
    assert str(own.formula) == "cost ≈ 0.12 + 0.04·(log10(lr) + 2.5)²"
    assert own.named == {"a": 0.12, "b": 0.04, "c": -2.5} and own.formula.r2 == pytest.approx(1.0)
    assert [constant.meaning for constant in own.constants] == [None] * 3
    assert valley.fit(str(own.formula)).named == {}
    assert valley.fit("cost = a - 0.0*lr").formula.text() == "0.19 - 0·lr"


def test_fixed_constants_are_kept_and_the_others_fitted_around_them(valley: Explanation) -> None:
    own = valley.fit(VALLEY, fixed={"x0": 0.0029999})
    assert own.named["x0"] == 0.0029999 and own.formula.r2 > 0.99
    assert [(c.name, c.fixed) for c in own.constants] == [("a", False), ("b", False), ("x0", True)]
    assert "Fixed. Lowest at lr 0.003." in str(own)
    assert valley.fit(VALLEY, fixed=own.named).named == own.named


def test_constants_that_make_up_for_each_other_are_named(valley: Explanation) -> None:
    own = valley.fit("a + b*log10(lr/x0)**2 + c")
    assert own.unsettled == ("a", "c") and own.formula.r2 > 0.999
    assert "some constants (a, c)" in str(own)
    assert valley.fit(VALLEY).unsettled == ()


def test_a_level_keeps_the_digits_that_its_range_needs(valley: Explanation) -> None:
    projection = valley.projection
    high = replace(
        valley,
        projection=replace(
            projection,
            mean=projection.mean + 1000.0,
            held_out=replace(projection.held_out, mean=projection.held_out.mean + 1000.0),
        ),
    )
    assert high.fit(VALLEY).named == {"a": 1000.12, "b": 0.04, "x0": 0.00316}


def test_the_verdict_is_on_the_users_formula(valley: Explanation) -> None:
    own = valley.fit("a + b*log10(lr)")
    assert own.verdict == "do not trust" and own.trust.r2 == own.formula.r2 < 0.5
    assert f"The formula does not explain this projection: R² {own.formula.r2:.2f}." in str(own)
    assert "No short formula" not in str(own)
    assert "The formula does not explain" in str(valley.fit("level"))


def test_the_page_says_what_the_constants_are(valley: Explanation) -> None:
    text = str(valley.fit(VALLEY))
    for part in ("Your formula of lr", "cost ≈ 0.12 + 0.04·log10(lr/0.00316)²", "recommended", "8 nodes", "Verdict"):
        assert part in text
    assert "x0        0.00316  lr    Lowest at lr 0.00316." in text
    assert "<math" in valley.fit(VALLEY)._repr_html_()
    below = write_text(own_formula_document(valley.fit("a + b*log10(lr)"), above=document(valley)))
    assert "does not explain" in below and "no trial nearby" not in below


@pytest.mark.parametrize(
    "text", ["2**2 + a", "a + lr/(1/0)", "-a", "sqrt(a) + b*lr", "a + b*(lr/lr)*(c/d)", "a*(1 + b*lr)", "3", "lr**lr*a"]
)
def test_odd_forms_have_a_page(valley: Explanation, text: str) -> None:
    own = valley.fit(text)
    assert str(own.formula) in str(own) and own.to_dict()


def test_an_explanation_of_the_trials_is_fitted_to_the_trials(valley: Explanation) -> None:
    own = replace(valley, provenance={"source": "trials"}).fit("a + b*log10(lr)")
    assert own.formula.trials_r2 is not None and own.formula.trials_r2 > 0.9 > own.formula.r2
    assert "On the trials" in str(own)
    assert valley.fit("a + b*log10(lr)").formula.trials_r2 is None


def test_two_hyperparameters() -> None:
    own = two_dimensional().fit("k*a*b + d")
    assert own.named == {"k": 1.0, "d": 0.0} and not any(np.signbit(v) for v in own.named.values())
    assert own.sentence.endswith("it has 4 nodes and 2 fitted constants more.")


@pytest.mark.parametrize("text", [VALLEY, "a + b*(log10(lr) - c)^2", "a", "0.2*lr"])
def test_a_record_is_equal_to_its_copy_from_json(valley: Explanation, text: str) -> None:
    own = valley.fit(text)
    copy = OwnFormula.from_dict(json.loads(json.dumps(own.to_dict(), allow_nan=False)))
    assert copy == own and hash(copy) == hash(own) and str(copy) == str(own)


def test_the_seed_changes_nothing(valley: Explanation) -> None:
    assert valley.fit(VALLEY, seed=1) == valley.fit(VALLEY, seed=1)
    assert valley.fit(VALLEY, seed=1) == valley.fit(VALLEY, seed=2)


@pytest.mark.slow
def test_another_hyperparameter_of_the_run_is_no_constant(svm: Explanation, valley: Explanation) -> None:
    words = r"'gamma' in the form is a hyperparameter of the run, but this explanation is of C\."
    for text in ("a + b*C*gamma", "a + `gamma`", 'a + "gamma"'):
        with pytest.raises(InvalidArgumentError, match=words):
            svm.fit(text)
    odd = replace(valley, projection=replace(valley.projection, others=("model:lr", "x")))
    with pytest.raises(InvalidArgumentError, match="'model:lr' in the form is a hyperparameter of the run"):
        odd.fit("a + model:lr")


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("a + ", FormulaError, "Found the end at character 5"),
        ("a + sinh(lr)", UnknownNameError, "Unknown function"),
        ("rmse ≈ a + lr", FormulaError, "The form is one of 'rmse'; expected cost"),
        ("a*x:y", UnknownNameError, "Unknown hyperparameter"),
        ("a + log10(lr - 0.5)", InvalidArgumentError, "not defined on the domain"),
        (None, FormulaError, "found NoneType"),
    ],
)
def test_what_cannot_be_fitted_is_said(
    valley: Explanation, text: str, kind: type[DeepcaveSymbolicError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        valley.fit(text)
    with pytest.raises(UnknownNameError, match="constant"):
        valley.fit(VALLEY, fixed={"y0": 1.0})


def test_intervals_by_name_and_what_is_fixed_has_none(svm: Explanation) -> None:
    own = svm.fit("a + b*log10(C/c)**2", fixed={"c": 100.0})
    a, b, c = own.constants
    for each in (a, b):
        low, high = each.interval or (math.nan, math.nan)
        assert low < each.value < high
    assert c.interval is None
    assert c.meaning is not None and c.meaning.sentence == "Lowest at C 100."
    text = str(own)
    assert "90 % interval" in text
    again = OwnFormula.from_dict(json.loads(json.dumps(own.to_dict())))
    assert again.constants == own.constants


def test_constants_that_make_up_for_each_other_are_not_settled(svm: Explanation) -> None:
    own = svm.fit("a + b*(log10(C/c)/w)**2")
    assert {each.name for each in own.constants if each.interval is None} == {"b", "w"}
    assert "not settled" in str(own)
