"""A configuration space from the distributions that Optuna's trials recorded.

Optuna's studies are defined by running: every trial names its parameters and their ranges anew. What a configuration
space has to say once is put together here, and every decision that the trials leave open is told in words:

- A range that changed between trials is the union of all of them and of the values.
- Steps become an ordinal of the values, where there are few; many are as good as a range.
- A parameter that some trials lack is conditional. Where its presence is a function of a choice or of whether a whole
  number is above or below a threshold, and is too regular for chance, that is taken for its condition. Otherwise a
  hyperparameter of its own, "x is set", stands for what the trials do not tell.

Notation:
    X: ConfigSpace vectors in the space's order, shape (n, d); NaN where a trial lacks the parameter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.process.isolation import quiet
from deepcave_symbolic.runs.optuna.conditions import Parameter, add_conditions
from deepcave_symbolic.space.choices import choice_position, names_of, storable
from deepcave_symbolic.space.notes import VALUES, with_note
from deepcave_symbolic.space.ranges import float_range, steps_of

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["StudySpace", "space_of"]

_KINDS = {"FloatDistribution": "float", "IntDistribution": "integer", "CategoricalDistribution": "categorical"}


@dataclass(frozen=True)
class StudySpace:
    """What the trials' distributions amount to.

    Args:
        configspace: The space.
        X: The trials, one row each, shape (n, d).
        changes: What was decided, in words.
    """

    configspace: ConfigurationSpace
    X: Array
    changes: tuple[str, ...]


def space_of(trials: Sequence[Any]) -> StudySpace:
    """Returns the configuration space that trials (`optuna.trial.FrozenTrial`) come from.

    Raises:
        InvalidArgumentError: If there are no parameters, or their distributions contradict each other.
    """
    from ConfigSpace import ConfigurationSpace

    names = list(dict.fromkeys(name for trial in trials for name in trial.params))
    if not names:
        raise InvalidArgumentError("The study's trials have no parameters; there is nothing to explain.")
    changes: list[str] = []
    parameters = [_parameter(name, trials, changes) for name in names]
    space = ConfigurationSpace()
    try:
        with quiet():  # NumPy's, where ConfigSpace rounds what is as good as infinite
            space.add(*(parameter.hyperparameter for parameter in parameters))
            parameters += add_conditions(space, parameters, changes)
    except InvalidArgumentError:
        raise
    except Exception as error:  # ConfigSpace's errors have no base
        raise InvalidArgumentError(
            "The study's parameters are none that ConfigSpace can hold. Pass a space of your own as configspace."
        ) from error
    columns = {parameter.name: parameter.vector for parameter in parameters}
    X = np.column_stack([columns[name] for name in space])
    return StudySpace(space, X, tuple(changes))


def _parameter(name: str, trials: Sequence[Any], changes: list[str]) -> Parameter:
    rows = [i for i, trial in enumerate(trials) if name in trial.params]
    values = [trials[i].params[name] for i in rows]
    distributions = [trials[i].distributions[name] for i in rows]
    kinds = {_kind(name, distribution) for distribution in distributions}
    if len(kinds) > 1:
        raise InvalidArgumentError(
            f"Parameter {name!r} is {' in some trials and '.join(sorted(kinds))} in others; give each its own name."
        )
    if kinds == {"categorical"}:
        hyperparameter, vector = _categorical(name, distributions, values)
    else:
        hyperparameter, vector = _number(name, distributions, values, changes)
    column = np.full(len(trials), np.nan)
    column[rows] = vector
    return Parameter(name, hyperparameter, column)


def _kind(name: str, distribution: Any) -> str:
    # Optuna's older classes (UniformDistribution, ...) are subclasses of these three.
    for cls in type(distribution).__mro__:
        if cls.__name__ in _KINDS:
            return _KINDS[cls.__name__]
    raise InvalidArgumentError(
        f"Parameter {name!r} has a {type(distribution).__name__}; expected one of {', '.join(_KINDS)}."
    )


def _categorical(name: str, distributions: Sequence[Any], values: Sequence[Any]) -> tuple[Any, Array]:
    from ConfigSpace import CategoricalHyperparameter

    first = distributions[0]
    if any(d != first for d in distributions):
        raise InvalidArgumentError(
            f"Parameter {name!r} has other choices in other trials; give each list of choices its own name."
        )
    # By name: None, True, 1 and "1" are four choices to Optuna, of which ConfigSpace can keep no more than three apart.
    # Optuna itself takes True for 1 where it looks a value up.
    choices = tuple(map(storable, first.choices))
    vector = np.array([choice_position(value, choices) for value in values])
    names = names_of(choices)
    return CategoricalHyperparameter(
        name, names, default_value=names[0], meta=with_note(None, VALUES, list(choices))
    ), vector


def _number(name: str, distributions: Sequence[Any], values: Sequence[Any], changes: list[str]) -> tuple[Any, Array]:
    from ConfigSpace import Constant, OrdinalHyperparameter, UniformIntegerHyperparameter

    kind = int if _kind(name, distributions[0]) == "integer" else float
    if len({bool(d.log) for d in distributions}) > 1:
        raise InvalidArgumentError(
            f"Parameter {name!r} has a log scale in some trials and none in others; give each its own name."
        )
    low, high = kind(min(d.low for d in distributions)), kind(max(d.high for d in distributions))
    if len({(d.low, d.high) for d in distributions}) > 1:
        changes.append(f"the range of {name!r} changed between trials; all of it is taken, {low:g} to {high:g}")
    if min(values) < low or max(values) > high:
        low, high = min(low, kind(min(values))), max(high, kind(max(values)))
        changes.append(f"{name!r} had values outside its range, which is taken to be {low:g} to {high:g}")
    numbers = np.array(values, dtype=np.float64)
    if low == high:
        return Constant(name, low), np.zeros(len(numbers))
    grid = _grid(name, distributions, numbers, low, high, changes)
    if grid is not None:
        steps = [kind(v) for v in grid]
        return OrdinalHyperparameter(name, steps), np.argmin(np.abs(numbers[:, None] - grid), axis=1).astype(np.float64)
    log = bool(distributions[0].log)
    make = UniformIntegerHyperparameter if kind is int else float_range
    hyperparameter = make(name, lower=low, upper=high, log=log)
    return hyperparameter, np.asarray(hyperparameter.to_vector(np.array(values, dtype=kind)), dtype=np.float64)


def _grid(
    name: str, distributions: Sequence[Any], values: Array, low: float, high: float, changes: list[str]
) -> Array | None:
    """Returns the values that a parameter with steps takes, shape (steps,); None where it is a range."""
    steps = {d.step for d in distributions}
    if (steps <= {None, 1} and isinstance(low, int)) or steps == {None}:
        return None
    step = steps.pop() if len(steps) == 1 else None
    if step is not None:
        grid = steps_of(low, high, step)
        if grid is not None and np.all(np.min(np.abs(values[:, None] - grid), axis=1) <= 1e-6 * step):
            return grid
    changes.append(f"the steps of {name!r} are left out: it is taken for a range from {low:g} to {high:g}")
    return None
