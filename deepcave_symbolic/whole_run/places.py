"""What every part of a run's formula adds at all stops of sliders: a page sums them up and asks nobody.

Notation: see the package; besides
    stop: one of the values of a hyperparameter that its slider can choose. Tables run over their last hyperparameter
    first.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcave_symbolic.exceptions import DeepcaveSymbolicError
from deepcave_symbolic.formulas.expression import evaluate
from deepcave_symbolic.numeric.arrays import Array, Mask
from deepcave_symbolic.numeric.grids import product_columns
from deepcave_symbolic.records import Record
from deepcave_symbolic.space.axis import Axis, axis_of, vector_of_positions
from deepcave_symbolic.space.choices import choice_position, choices_of
from deepcave_symbolic.space.configurations import deactivate
from deepcave_symbolic.space.named_values import vector_of_values
from deepcave_symbolic.space.values import stop_text
from deepcave_symbolic.whole_run.explanation import ExplainedRun

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["ActivityTable", "PartTable", "RunPlaces", "places_of"]

#: Stops of a range, and numbers of a table at most; of a table of several hyperparameters each has fewer stops.
_STOPS, _LARGEST = 41, 4000


@dataclass(frozen=True, eq=False)
class PartTable(Record):
    """What a part adds.

    Args:
        axes: Numbers of its hyperparameters.
        values: At every combination of their stops, all of them active.
    """

    axes: tuple[int, ...]
    values: Array


@dataclass(frozen=True, eq=False)
class ActivityTable(Record):
    """When a hyperparameter is active.

    Args:
        axes: Numbers of the hyperparameters that decide it; none where it always is.
        active: At every combination of their stops.
    """

    axes: tuple[int, ...]
    active: Mask


@dataclass(frozen=True, eq=False)
class RunPlaces(Record):
    """The stops of a formula's hyperparameters, and of those that decide when they are active, with what is so there.

    Args:
        names: The hyperparameters, those of the formula first.
        stops: Their stops as texts.
        start: The stops of the incumbent; where it has none, and without one, of the default.
        entries: The stops as entries of ConfigSpace's vectors.
        columns: Where these stand in a vector.
        vector: That of the start, as if everything were active.
        parts: Of every part of the formula.
        activity: Of every hyperparameter.
    """

    names: tuple[str, ...]
    stops: tuple[tuple[str, ...], ...]
    start: tuple[int, ...]
    entries: tuple[Array, ...]
    columns: tuple[int, ...]
    vector: Array
    parts: tuple[PartTable, ...]
    activity: tuple[ActivityTable, ...]


def places_of(explained: ExplainedRun, configspace: ConfigurationSpace) -> RunPlaces:
    """Returns what there is to choose for the recommended formula.

    Args:
        explained: The formula of a run.
        configspace: The run's configuration space.
    """
    formula = explained.formula
    axes = {axis.name: axis for axis in formula.axes}
    deciding = {name: _deciding(configspace, name) for name in axes}
    for name in itertools.chain(*deciding.values()):
        if name not in axes and (axis := _axis(configspace, name)) is not None:
            axes[name] = axis
    names = tuple(axes)
    deciding = {name: [each for each in _deciding(configspace, name) if each in axes] for name in names}
    tables = [part.hyperparameters for part in formula.parts] + [tuple(each) for each in deciding.values() if each]
    values, start = [], []
    given = dict(explained.incumbent.configuration) if explained.incumbent is not None else {}
    for name, axis in axes.items():
        fewest = min([_STOPS, *(int(_LARGEST ** (1 / len(each))) for each in tables if name in each)])
        value = _natural(axis, given.get(name, configspace[name].default_value))
        stops = axis.fit_grid(fewest)
        if axis.values is None:
            stops = np.unique(np.append(stops, value))
        values.append(stops)
        start.append(int(np.argmin(np.abs(stops - value))))
    parts = []
    for part in formula.parts:
        at = tuple(names.index(name) for name in part.hyperparameters)
        parts.append(PartTable(at, evaluate(part.tree, product_columns([values[i] for i in at]))))
    activity = []
    for name in names:
        at = tuple(names.index(each) for each in deciding[name])
        activity.append(ActivityTable(at, _active(configspace, name, [(axes[names[i]], values[i]) for i in at])))
    texts = tuple(
        tuple(stop_text(axis, float(x)) for x in stops) for axis, stops in zip(axes.values(), values, strict=True)
    )
    entries = tuple(_entries(configspace, axis, stops) for axis, stops in zip(axes.values(), values, strict=True))
    vector = vector_of_values(
        configspace, {each: given.get(each, hp.default_value) for each, hp in configspace.items()}
    )
    columns = tuple(list(configspace).index(name) for name in names)
    return RunPlaces(names, texts, tuple(start), entries, columns, vector, tuple(parts), tuple(activity))


def _axis(configspace: ConfigurationSpace, name: str) -> Axis | None:
    try:
        return axis_of(configspace, name)
    except DeepcaveSymbolicError:  # a constant decides nothing
        return None


def _deciding(configspace: ConfigurationSpace, name: str) -> list[str]:
    """Returns the hyperparameters that decide whether one is active, parents of parents included."""
    found: dict[str, None] = {}
    left = [name]
    while left:
        for parent in configspace.parents_of[left.pop()]:
            if parent.name not in found:
                found[parent.name] = None
                left.append(parent.name)
    return [each for each in configspace if each in found]


def _active(configspace: ConfigurationSpace, name: str, deciding: Sequence[tuple[Axis, Array]]) -> Mask:
    """Returns where a hyperparameter is active, at every combination of the stops of those that decide it."""
    if not deciding:
        return np.ones(1, dtype=bool)
    default = vector_of_values(configspace, {each: hp.default_value for each, hp in configspace.items()})
    columns = product_columns([stops for _, stops in deciding])
    X = np.tile(default, (math.prod(len(stops) for _, stops in deciding), 1))
    order = list(configspace)
    for (axis, _), column in zip(deciding, columns, strict=True):
        X[:, order.index(axis.name)] = _entries(configspace, axis, column)
    return ~np.isnan(deactivate(configspace, X)[:, order.index(name)])


def _entries(configspace: ConfigurationSpace, axis: Axis, values: Array) -> Array:
    """Returns natural values of a hyperparameter as entries of ConfigSpace's vectors, same shape."""
    hyperparameter: Any = configspace[axis.name]
    if axis.labels is not None:
        return vector_of_positions(hyperparameter, axis, values)
    if not hasattr(hyperparameter, "lower"):
        return np.array([choice_position(x, choices_of(hyperparameter)) for x in values.tolist()])
    return np.asarray(hyperparameter.to_vector(np.round(values).astype(int) if axis.integer else values))


def _natural(axis: Axis, value: Any) -> float:
    """Returns a value of a configuration in natural units."""
    if axis.choices is not None:
        return float(next((i for i, choice in enumerate(axis.choices) if repr(choice) == repr(value)), 0))
    return float(np.clip(float(value), axis.lower, axis.upper))
