"""Regions as users write them, and the spaces that they leave."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from ConfigSpace import (
    BetaFloatHyperparameter,
    Categorical,
    ConfigurationSpace,
    Constant,
    Float,
    Integer,
    NormalFloatHyperparameter,
    OrdinalHyperparameter,
)
from hypothesis import given
from hypothesis import strategies as st

from deepcave_symbolic.exceptions import (
    DeepcaveSymbolicError,
    HyperparameterNotExplainableError,
    InvalidArgumentError,
    UnknownNameError,
)
from deepcave_symbolic.question import Question
from deepcave_symbolic.space.axis import axis_of
from deepcave_symbolic.space.configurations import sample_all
from deepcave_symbolic.space.neighbours import neighbours_of
from deepcave_symbolic.space.notes import STEP
from deepcave_symbolic.space.part import inside_space
from deepcave_symbolic.space.region import Region, checked_region, region_in, region_of_texts


def space() -> ConfigurationSpace:
    cs = ConfigurationSpace()
    cs.add(
        Float("lr", (1e-4, 1.0), log=True),
        Integer("units", (8, 256), log=True),
        Float("step", (0.0, 1.0), meta={STEP: 0.1}),
        NormalFloatHyperparameter("normal", 0.0, 1.0, -3.0, 3.0),
        BetaFloatHyperparameter("beta", 2.0, 5.0, 0.0, 1.0),
        Categorical("kernel", ["rbf", "poly", "linear"], weights=[0.9, 0.05, 0.05]),
        Categorical("size", [16, 32, 64]),
        OrdinalHyperparameter("width", ["small", "medium", "large"]),
        OrdinalHyperparameter("depth", [1, 2, 4, 8]),
        Constant("fixed", 3),
    )
    return cs


PART = {
    "lr": (1e-4, 1e-2),
    "units": (10, 20.5),
    "step": (0.25, 0.55),
    "normal": (2.0, 2.5),
    "beta": [0.9, 0.90001],
    "kernel": ["linear", "poly"],
    "size": 32,
    "width": ("medium", "large"),
    "depth": (2, 8),
}


def restricted(part: Any = PART) -> ConfigurationSpace:
    return region_in(space(), checked_region(part)).restricted(space())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("all", "all"),
        (" ALL ", "all"),
        ("best 10%", "best 10%"),
        ("Best  2.50 %", "best 2.5%"),
        ({}, "all"),
        ({"kernel": "rbf"}, {"kernel": ("rbf",)}),
        ({"lr": np.array([0.1, 0.2])}, {"lr": (0.1, 0.2)}),
    ],
)
def test_a_region_has_one_spelling(given: Any, expected: Any) -> None:
    assert checked_region(given) == expected
    question = Question(region=given)
    assert question.region == expected
    assert Question.from_dict(json.loads(json.dumps(question.to_dict()))) == question


@pytest.mark.parametrize(
    "given", ["best 10", "best 0%", "best 100%", "worst 10%", "", "10%", 0.1, None, ["lr"], {1: 2}]
)
def test_what_is_no_region_is_refused(given: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="expected 'all', 'best 10%', or parts of domains"):
        Question(region=given)


@pytest.mark.slow
@given(st.one_of(st.text(max_size=20), st.dictionaries(st.text(max_size=3), st.lists(st.floats()), max_size=2)))
def test_any_region_is_read_or_refused_in_words(given: Any) -> None:
    try:
        region = region_in(space(), checked_region(given))
    except DeepcaveSymbolicError as error:
        assert str(error)
    else:
        assert Region.from_dict(json.loads(json.dumps(region.to_dict()))) == region


@given(st.lists(st.text(alphabet="lr=.,1e-2 best%all", max_size=12), max_size=3))
def test_any_text_of_a_command_line_is_read_or_refused_in_words(texts: list[str]) -> None:
    try:
        assert checked_region(region_of_texts(texts)) == region_of_texts(texts)
    except InvalidArgumentError as error:
        assert str(error)


def test_texts_of_a_command_line() -> None:
    assert region_of_texts([]) == region_of_texts([" "]) == "all"
    assert region_of_texts(["best 5 %"]) == "best 5%"
    assert region_of_texts(["lr = 1e-4..1e-2", "kernel=rbf, poly"]) == {"lr": (1e-4, 1e-2), "kernel": ("rbf", "poly")}
    assert region_of_texts(["a=b=v1..2"]) == {"a=b": ("v1..2",)}
    assert region_of_texts(["x=-5...5"]) == {"x": (-5.0, 0.5)}
    with pytest.raises(InvalidArgumentError, match=r"region is 'best'; expected all, best 10%, .* kernel=rbf,poly\."):
        region_of_texts(["best"])
    for texts in (["best 5%", "lr=1..2"], ["lr=1..2", "lr=2..3"], ["lr="], ["lr"]):
        with pytest.raises(InvalidArgumentError):
            region_of_texts(texts)


def test_a_command_line_gives_choices_that_are_numbers_and_single_values_as_text() -> None:
    region = region_in(space(), region_of_texts(["size=64,16", "normal=0.5", "depth=4..8"]))
    assert region.choices == {"size": ("16", "64"), "depth": ("4", "8")} and region.ranges == {"normal": (0.5, 0.5)}


@pytest.mark.parametrize(
    ("part", "kind", "text"),
    [
        ({"lrr": (0.1, 0.2)}, UnknownNameError, "Did you mean 'lr'"),
        ({"fixed": (1, 2)}, HyperparameterNotExplainableError, "constant"),
        ({"lr": (0.2, 0.1)}, InvalidArgumentError, "begins at 0.2 and ends at 0.1"),
        ({"lr": (1e-5, 0.1)}, InvalidArgumentError, "leaves its domain; expected numbers within 0.0001 to 1"),
        ({"lr": (0.1, float("nan"))}, InvalidArgumentError, "expected two numbers"),
        ({"lr": (0.1, 0.2, 0.3)}, InvalidArgumentError, "expected two numbers"),
        ({"lr": (True, 1)}, InvalidArgumentError, "expected two numbers"),
        ({"lr": (0.1, "x")}, InvalidArgumentError, "expected two numbers"),
        ({"units": (9.2, 9.8)}, InvalidArgumentError, "between two of its values"),
        ({"step": (0.31, 0.39)}, InvalidArgumentError, "between two of its values"),
        ({"kernel": ["rbf", "sigmoid"]}, UnknownNameError, "Unknown choice of 'kernel' 'sigmoid'"),
        ({"kernel": []}, InvalidArgumentError, "leaves nothing of 'kernel'"),
    ],
)
def test_a_region_that_does_not_fit_the_space_is_refused(part: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        region_in(space(), checked_region(part))


def test_axes_and_draws_keep_to_the_region() -> None:
    cs = restricted()
    assert [axis_of(cs, name).describe() for name in cs if name not in ("fixed", "size")] == [
        "beta in [0.9, 0.90001]",
        "depth in {2, 4, 8}",
        "kernel in {poly, linear}",
        "lr in [0.0001, 0.01], log scale",
        "normal in [2, 2.5]",
        "step in {0.3, 0.4, 0.5}",
        "units in [10, 20], integer, log scale",
        "width: ranks 0 = medium, 1 = large",
    ]
    with pytest.raises(HyperparameterNotExplainableError, match="single choice"):
        axis_of(cs, "size")
    rng = np.random.RandomState(0)
    drawn = sample_all(cs, 500, rng)
    near = neighbours_of(cs, drawn, 0.3, 0.5, rng)
    for X in (drawn, near):
        values = {name: X[:, i] for i, name in enumerate(cs)}
        natural = {name: np.asarray(cs[name].to_value(v)) for name, v in values.items()}
        assert np.all(inside_space(cs, X))
        assert natural["lr"].max() <= 0.01 + 1e-12 and natural["lr"].min() >= 1e-4
        assert set(natural["units"]) <= set(range(10, 21)) and len(set(natural["units"])) == 11
        assert set(np.round(natural["step"], 9)) == {0.3, 0.4, 0.5}
        assert np.all((natural["normal"] >= 2.0) & (natural["normal"] <= 2.5))
        assert np.all((natural["beta"] >= 0.9 - 1e-9) & (natural["beta"] <= 0.90001 + 1e-9))
        assert set(values["kernel"]) == {1.0, 2.0} and set(values["width"]) == {1.0, 2.0}
        assert set(values["depth"]) == {1.0, 2.0, 3.0} and set(values["size"]) == {1.0}
    # What is left of a distribution of the space's own keeps its shape: a normal one falls.
    assert np.mean(np.asarray(cs["normal"].to_value(drawn[:, list(cs).index("normal")])) < 2.25) > 0.55
    # The space that was given is as it was, and inactive hyperparameters are nowhere outside.
    assert space() == space() and np.all(inside_space(cs, np.full((1, len(cs)), np.nan)))


def test_a_region_in_words() -> None:
    region = region_in(space(), checked_region({"lr": (1e-4, 1e-2), "normal": (1, 1), "kernel": ["poly", "rbf"]}))
    assert region.words == "for lr from 0.0001 to 0.01 and normal = 1 and kernel = rbf or poly"
    assert region_in(space(), checked_region({"depth": (2, 5), "size": 32})).words == "for depth = 2 or 4 and size = 32"
    assert region_in(space(), "best 10%").words == "among the best 10 %"
    assert region_in(space(), "all").words == Region().words == ""
