"""Ranges that ConfigSpace cannot hold, and steps that it has no more."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace, Constant, NormalFloatHyperparameter, NormalIntegerHyperparameter
from ConfigSpace import UniformFloatHyperparameter as Uniform

from deepcave_symbolic.exceptions import HyperparameterNotExplainableError, InvalidArgumentError
from deepcave_symbolic.space.axis import axis_of
from deepcave_symbolic.space.configurations import sample_all
from deepcave_symbolic.space.notes import EXACT, STEP, VALUES
from deepcave_symbolic.space.ranges import float_range, is_exact, steps_of
from deepcave_symbolic.space.serialized import notes_of, read_space, space_dict

BOUNDS = {
    "tolerance": (1e-16, 1e-2, True),
    "next float": (1.0, float(np.nextafter(1.0, 2.0)), False),
    "tinier than any decimal place": (1e-30, 1e-15, True),
    "tiny": (0.0, 1e-300, False),
    "unlimited": (0.0, 1.79769e308, False),
}


def old(**fields: object) -> dict[str, object]:
    """A space as ConfigSpace 0.6 wrote it."""
    return {
        "hyperparameters": [{"name": "x", **fields}],
        "conditions": [],
        "forbiddens": [],
        "json_format_version": 0.4,
    }


@pytest.mark.parametrize("kind", BOUNDS)
def test_bounds_are_kept_to_the_last_digit(kind: str) -> None:
    lower, upper, log = BOUNDS[kind]
    space = ConfigurationSpace()
    space.add(float_range("x", lower, upper, log=log))
    for same in (space, copy.deepcopy(space), pickle.loads(pickle.dumps(space)), read_space(space_dict(space))):
        x = same["x"]
        assert (x.lower, x.upper, x.log) == (lower, upper, log) and is_exact(x)
        np.testing.assert_array_equal(x.to_vector(np.array([lower, upper])), [0.0, 1.0])
        np.testing.assert_allclose(x.to_value(np.array([0.0, 1.0])), [lower, upper], rtol=1e-12)
        assert np.all(x.legal_value(x.to_value(sample_all(same, 20, np.random.RandomState(0))[:, 0])))
    if kind == "unlimited":
        with pytest.raises(HyperparameterNotExplainableError, match=r"from 0 to 1\.79769e\+308, as good as without"):
            axis_of(space, "x")
    else:
        assert (axis_of(space, "x").lower, axis_of(space, "x").upper) == (lower, upper)


def test_what_configspace_holds_is_its_own() -> None:
    x = float_range("x", 1e-5, 0.1, log=True, default_value=0.01)
    assert x == Uniform("x", 1e-5, 0.1, log=True, default_value=0.01) and not is_exact(x)
    for lower, upper, log in ((1.0, 1.0, False), (2.0, 1.0, False), (0.0, 1.0, True)):
        with pytest.raises(ValueError):
            float_range("x", lower, upper, log=log)


def test_steps() -> None:
    np.testing.assert_array_equal(steps_of(0.1, 0.5, 0.1), [0.1, 0.2, 0.3, 0.4, 0.5])
    np.testing.assert_array_equal(steps_of(32, 128, 32), [32, 64, 96, 128])
    assert steps_of(0, 1000, 2) is None and steps_of(0.0, 1.0, 5.0) is None and steps_of(0.0, 1.0, 0.0) is None


@pytest.mark.filterwarnings("error")
def test_spaces_of_old_versions_have_their_steps() -> None:
    space = read_space(old(type="uniform_float", lower=0.0, upper=0.5, default=0.25, q=0.25, log=False))
    assert axis_of(space, "x").values == (0.0, 0.25, 0.5) and notes_of(space) == ()
    assert set(sample_all(space, 50, np.random.RandomState(0))[:, 0]) == {0.0, 0.5, 1.0}
    again = read_space(space_dict(space))
    assert axis_of(again, "x") == axis_of(space, "x")
    units = axis_of(read_space(old(type="uniform_int", lower=32, upper=128, default=64, q=32, log=True)), "x")
    assert units.values == (32.0, 64.0, 96.0, 128.0) and units.log and units.integer
    many = read_space(old(type="uniform_int", lower=0, upper=1000, default=500, q=2, log=False))
    assert axis_of(many, "x").values is None
    assert notes_of(many) == ("The steps of 'x' are left out: it is taken for a range from 0 to 1000.",)
    choices = read_space(old(type="categorical", choices=["a", "b"], default="b", probabilities=[0.2, 0.8]))
    assert choices["x"].default_value == "b" and choices["x"].weights == (0.2, 0.8)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"type": "uniform_int", "lower": 5, "upper": 1}, "'x' is none that ConfigSpace can hold (uniform_int: "),
        ({"type": "uniform_float", "lower": "a", "upper": 1}, "(uniform_float: type "),
        (
            {"type": "uniform_int", "lower": 0, "upper": 9, "q": "x"},
            "'x' is none that ConfigSpace can hold (uniform_int: ",
        ),
        ({"type": "ordinal"}, "'x' is none that ConfigSpace can hold (ordinal: "),
        ({"type": "pickled"}, "one of these has an unknown type"),
        ({}, "one of these has an unknown type"),
    ],
)
def test_what_is_wrong_is_said_without_the_words_of_libraries(fields: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        read_space(old(**fields))
    assert words.replace("type ", "") in str(caught.value) and "Error" not in str(caught.value)


@pytest.mark.parametrize("meta", ["x", None, float("nan"), -1, 0, [1], {}])
def test_what_others_write_into_our_notes_is_ignored(meta: object) -> None:
    for fields in ({"meta": {STEP: meta, VALUES: meta, EXACT: meta}}, {"meta": meta}):
        space = read_space(old(type="uniform_float", lower=0.0, upper=1.0, **fields))
        assert axis_of(space, "x").values is None and not is_exact(space["x"])
        assert sample_all(space, 3, np.random.RandomState(0)).shape == (3, 1)
        choices = read_space(old(type="categorical", choices=["a", "b"], **fields))
        assert axis_of(choices, "x").choices == ("a", "b") and notes_of(choices) == ()


def test_draws_from_a_normal_distribution_far_wider_than_its_bounds_are_even() -> None:
    space = ConfigurationSpace()
    space.add(
        NormalFloatHyperparameter("h", mu=0.5, sigma=1e300, lower=0.0, upper=1.0),
        NormalIntegerHyperparameter("n", mu=5, sigma=2, lower=1, upper=9),
        Constant("k", None),
    )
    X = sample_all(space, 400, np.random.RandomState(0))
    assert X.shape == (400, 3) and np.all(np.isfinite(X))
    assert abs(X[:, 0].mean() - 0.5) < 0.1 and X[:, 0].min() < 0.05 and X[:, 0].max() > 0.95
