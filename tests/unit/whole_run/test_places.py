"""What parts add at the stops of sliders, and when hyperparameters are active there."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import pytest
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float, Integer, OrdinalHyperparameter

from deepcave_symbolic.formulas.expression import cases, constant, function, variable
from deepcave_symbolic.space.axis import axis_of
from deepcave_symbolic.space.configurations import deactivate
from deepcave_symbolic.space.named_values import values_of_vector
from deepcave_symbolic.whole_run import Part, RunFormula, RunPlaces, places_of


def space() -> ConfigurationSpace:
    found = ConfigurationSpace(seed=0)
    kernel, degree = Categorical("kernel", ["rbf", "poly"]), Integer("degree", (1, 5), default=2)
    found.add(kernel, degree, Integer("C", (1, 100), log=True, default=10), OrdinalHyperparameter("size", [8, 16, 32]))
    found.add(EqualsCondition(degree, kernel, "poly"))
    return found


def part(configspace: ConfigurationSpace, tree: Any, *names: str, conditions: tuple[str, ...] = ()) -> Part:
    return Part(tree, tuple(axis_of(configspace, name) for name in names), "cost", 0.3, conditions)


def places(configspace: ConfigurationSpace, parts: tuple[Part, ...], incumbent: Any) -> tuple[RunFormula, RunPlaces]:
    formula = RunFormula("cost", 0.5, parts, 0.9, 0.1)
    record: Any = SimpleNamespace(formula=formula, incumbent=SimpleNamespace(configuration=incumbent))
    return formula, places_of(record, configspace)


@pytest.mark.parametrize("decides", [True, False])
def test_tables_sum_up_to_the_formula(decides: bool) -> None:
    """A hyperparameter that decides is there whether the formula has it or not."""
    configspace = space()
    x, y = variable(0), variable(1)
    parts = (
        part(configspace, constant(0.01) * x * y, "degree", "size", conditions=("kernel is poly",)),
        part(configspace, function("log10", x), "C"),
        *([part(configspace, cases(0, [constant(0.2), constant(-0.1)]), "kernel")] if decides else []),
    )
    formula, found = places(configspace, parts, {"kernel": "rbf", "C": 7, "size": 16})
    assert sorted(found.names) == ["C", "degree", "kernel", "size"]
    start = {name: stops[i] for name, stops, i in zip(found.names, found.stops, found.start, strict=True)}
    assert start == {"kernel": "rbf", "C": "7", "size": "16", "degree": "2"}
    inactive = 0
    for at in itertools.product(*(range(0, len(stops), 3 if len(stops) > 5 else 1) for stops in found.stops)):

        def row(axes: tuple[int, ...], at: tuple[int, ...] = at) -> int:
            number = 0
            for i in axes:
                number = number * len(found.stops[i]) + at[i]
            return number

        active = [bool(table.active[row(table.axes)]) for table in found.activity]
        configuration: dict[str, Any] = {}
        for name, stops, i, counts in zip(found.names, found.stops, at, active, strict=True):
            if counts:
                configuration[name] = stops[i] if name == "kernel" else int(stops[i])
        total = 0.5
        for table in found.parts:
            total += table.values[row(table.axes)] if all(active[i] for i in table.axes) else 0.0
        assert total == pytest.approx(formula.contributions(configuration).prediction, rel=1e-12)
        assert ("degree" in configuration) == (configuration["kernel"] == "poly")
        vector = found.vector.copy()
        for column, entries, i in zip(found.columns, found.entries, at, strict=True):
            vector[column] = entries[i]
        assert values_of_vector(configspace, deactivate(configspace, vector[None])[0]) == configuration
        inactive += not all(active)
    assert inactive


def test_a_part_of_many_has_fewer_stops_and_the_incumbent_is_one() -> None:
    configspace = ConfigurationSpace()
    configspace.add(*(Float(name, (0.0, 1.0)) for name in "abcd"))
    tree = variable(0) * variable(1) * variable(2)
    parts = (part(configspace, tree, "a", "b", "c"), part(configspace, variable(0), "d"))
    _, found = places(configspace, parts, {"a": 0.1234, "b": 0.5, "c": 0.5, "d": 0.321})
    assert [len(stops) for stops in found.stops][3] == 42 and len(found.parts[0].values) <= 5000
    assert [stops[i] for stops, i in zip(found.stops, found.start, strict=True)] == ["0.123", "0.5", "0.5", "0.321"]
