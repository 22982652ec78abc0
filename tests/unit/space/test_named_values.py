"""Vectors as values by name, and back."""

from __future__ import annotations

import numpy as np
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, Constant, Float, Integer, OrdinalHyperparameter

from deepcave_symbolic.space.named_values import values_of_vector, vector_of_values


@pytest.fixture
def space() -> ConfigurationSpace:
    space = ConfigurationSpace(seed=0)
    space.add(Float("lr", (1e-4, 1.0), log=True), Integer("n", (1, 9)), Categorical("on", [True, False]))
    space.add(OrdinalHyperparameter("size", ["S", "M", "L"]), Constant("version", 3), Constant("name", "tree"))
    return space


def test_configurations_come_back(space: ConfigurationSpace) -> None:
    for configuration in space.sample_configuration(20):
        values = values_of_vector(space, configuration.get_array())
        assert values == pytest.approx(dict(configuration)) or values == dict(configuration)
        assert vector_of_values(space, values) == pytest.approx(configuration.get_array())


def test_what_is_inactive_has_no_value(space: ConfigurationSpace) -> None:
    row = np.full(len(space), np.nan)
    assert values_of_vector(space, row) == {}
    assert np.isnan(vector_of_values(space, {})).all()
    assert np.isnan(vector_of_values(space, {"version": 4, "on": "maybe"})).all()


def test_unknown_names_are_refused(space: ConfigurationSpace) -> None:
    with pytest.raises(KeyError, match="rate"):
        vector_of_values(space, {"rate": 1.0})
