"""Conditions of parameters that some of a study's trials lack, as far as the trials tell them.

Notation:
    present: which trials have a parameter, shape (n,).
    chance: how likely it is that parameters present at random are as regular: Π over the parent's values of
        p^k + (1 - p)^k, with k trials of that value and p the share of trials that have the parameter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.numeric.arrays import Array, Mask
from deepcave_symbolic.space.condition_chains import Dependence, too_entangled
from deepcave_symbolic.space.configurations import activity_in_words

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["Parameter", "add_conditions"]

#: A presence that chance explains better than this is no condition.
_CHANCE = 0.02


@dataclass(frozen=True)
class Parameter:
    """A parameter of a study.

    Args:
        name: Its name.
        hyperparameter: What it is in the configuration space.
        vector: Its vector values, NaN where a trial lacks it, shape (n,).
    """

    name: str
    hyperparameter: Any
    vector: Array

    @property
    def present(self) -> Mask:
        """Which trials have it, shape (n,)."""
        return ~np.isnan(self.vector)


def add_conditions(space: ConfigurationSpace, parameters: Sequence[Parameter], changes: list[str]) -> list[Parameter]:
    """Adds to the space what conditions the trials tell, and returns the hyperparameters made for what they do not.

    Args:
        space: The space with all parameters.
        parameters: The parameters in the order in which the trials name them: a parent comes before its children.
        changes: Gets what was decided, in words.

    Raises:
        InvalidArgumentError: If these are more conditions than ConfigSpace can build a space of.
    """
    unknown: dict[bytes, list[Parameter]] = {}
    dependences: list[Dependence] = []
    found = []
    for i, child in enumerate(parameters):
        if child.present.all():
            continue
        condition = _condition(child, parameters[:i])
        if condition is None:
            unknown.setdefault(child.present.tobytes(), []).append(child)
            continue
        dependences.append((frozenset({child.name}), frozenset({condition.parent.name})))
        if (reason := too_entangled(dependences)) is not None:
            raise InvalidArgumentError(reason)
        space.add(condition)
        found.append(f"{child.name!r} where {' and '.join(activity_in_words(space, child.name))}")
    if found:
        changes.append(f"Optuna keeps no conditions; these are where the trials had values: {', '.join(found)}")
    return [_indicator(space, children, changes) for children in unknown.values()]


def _condition(child: Parameter, candidates: Sequence[Parameter]) -> Any:
    """Returns the condition on one of the candidates that tells in which trials the child is; None without one.

    Candidates with the fewest values are preferred, of these the first.
    """
    found = []
    for parent in candidates:
        rows = parent.present
        if np.any(child.present & ~rows):
            continue
        condition = _condition_on(child, parent, rows)
        if condition is not None:
            found.append((len(np.unique(parent.vector[rows])), condition))
    return min(found, key=lambda item: item[0])[1] if found else None


def _condition_on(child: Parameter, parent: Parameter, rows: Mask) -> Any:
    from ConfigSpace import (
        CategoricalHyperparameter,
        GreaterThanCondition,
        InCondition,
        LessThanCondition,
        OrdinalHyperparameter,
        UniformIntegerHyperparameter,
    )

    values, present = parent.vector[rows], child.present[rows]
    if present.all():
        return None
    active, inactive = np.unique(values[present]), np.unique(values[~present])
    if np.intersect1d(active, inactive).size or _chance(values, present) > _CHANCE:
        return None
    hyperparameter: Any = parent.hyperparameter

    def natural(vector: float) -> Any:
        value = hyperparameter.to_value(np.array([vector]))[0]
        return value.item() if hasattr(value, "item") else value

    if isinstance(hyperparameter, CategoricalHyperparameter):
        return InCondition(child.hyperparameter, hyperparameter, [natural(v) for v in active])
    if not isinstance(hyperparameter, OrdinalHyperparameter | UniformIntegerHyperparameter):
        return None
    if active.min() > inactive.max():
        return GreaterThanCondition(child.hyperparameter, hyperparameter, natural(inactive.max()))
    if active.max() < inactive.min():
        return LessThanCondition(child.hyperparameter, hyperparameter, natural(inactive.min()))
    return None


def _chance(values: Array, present: Mask) -> float:
    share = float(present.mean())
    counts = np.unique(values, return_counts=True)[1]
    return float(np.prod(share**counts + (1.0 - share) ** counts))


def _indicator(space: ConfigurationSpace, children: Sequence[Parameter], changes: list[str]) -> Parameter:
    """Returns a hyperparameter for whether parameters that come together are there, added to the space."""
    from ConfigSpace import CategoricalHyperparameter, EqualsCondition

    present = children[0].present
    listed = " and ".join(repr(child.name) for child in children)
    name = f"{', '.join(child.name for child in children)} {'is' if len(children) == 1 else 'are'} set"
    while name in space:
        name += "'"
    share = float(present.mean())
    hyperparameter = CategoricalHyperparameter(name, ["yes", "no"], weights=[share, 1.0 - share])
    space.add(hyperparameter)
    space.add(*(EqualsCondition(child.hyperparameter, hyperparameter, "yes") for child in children))
    changes.append(
        f"{listed} had a value in {int(present.sum())} of {len(present)} trials, for a reason that they do not tell; "
        f"the hyperparameter {name!r} stands for it"
    )
    return Parameter(name, hyperparameter, np.where(present, 0.0, 1.0))
