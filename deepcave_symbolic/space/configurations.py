"""Valid configurations as vectors: activity and forbidden clauses evaluated for whole matrices at once.

ConfigSpace checks one configuration at a time in Python, which is too slow for the tens of thousands of configurations
of a partial dependence; its conditions and clauses offer vectorised tests, which this module combines.

Notation:
    X: ConfigSpace vectors in the space's order, shape (n, d); NaN marks an inactive hyperparameter.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcave_symbolic.numeric.arrays import Array, Mask
from deepcave_symbolic.space.choices import choice_position, choices_of, names_of
from deepcave_symbolic.space.part import Part, inside, part_of, vector_ends
from deepcave_symbolic.space.ranges import values_on_steps

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = [
    "activity_in_words",
    "deactivate",
    "draw_values",
    "forbidden",
    "has_own_distribution",
    "sample_all",
    "tied_by_clauses",
]

#: A hyperparameter is drawn so often, at least so many at once, until enough of that lies in its part.
_TRIES, _AT_ONCE = 32, 4000


def sample_all(configspace: ConfigurationSpace, n: int, rng: np.random.RandomState) -> Array:
    """Draws every hyperparameter independently, conditions ignored: shape (n, d), no NaN."""
    return np.column_stack([draw_values(hp, n, rng) for hp in configspace.values()]).astype(np.float64)


def draw_values(hyperparameter: Any, n: int, rng: np.random.RandomState) -> Array:
    """Draws one hyperparameter as the space does, within its part: entries of a vector, shape (n,)."""
    part = part_of(hyperparameter)
    if part is None:
        return _drawn_anywhere(hyperparameter, n, rng)
    kept: Array = np.empty(0)
    for _ in range(_TRIES):
        drawn = _drawn_anywhere(hyperparameter, max(n, _AT_ONCE), rng)
        kept = np.concatenate([kept, drawn[inside(hyperparameter, drawn)]])[:n]
        if len(kept) == n:
            return kept
    return np.concatenate([kept, _drawn_evenly(hyperparameter, part, n - len(kept), rng)])


def _drawn_evenly(hyperparameter: Any, part: Part, n: int, rng: np.random.RandomState) -> Array:
    """Draws evenly within a part so narrow that the space hardly ever draws there: any distribution is next to even."""
    if not hasattr(hyperparameter, "lower"):
        return np.asarray(part)[rng.randint(len(part), size=n)]
    steps = values_on_steps(hyperparameter)
    if steps is not None:
        possible = np.asarray(hyperparameter.to_vector(steps), dtype=np.float64)
        possible = possible[inside(hyperparameter, possible)]
        return possible[rng.randint(len(possible), size=n)]
    even = hyperparameter.to_value(rng.uniform(*vector_ends(hyperparameter), size=n))
    return np.asarray(hyperparameter.to_vector(even), dtype=np.float64)


def _drawn_anywhere(hyperparameter: Any, n: int, rng: np.random.RandomState) -> Array:
    steps = values_on_steps(hyperparameter)
    if steps is not None:
        return np.asarray(hyperparameter.to_vector(steps), dtype=np.float64)[rng.randint(len(steps), size=n)]
    drawn: Array = np.full(n, np.nan)
    with contextlib.suppress(ValueError):  # SciPy's, of a normal distribution that is even between its bounds
        drawn = np.asarray(hyperparameter.sample_vector(n, seed=rng), dtype=np.float64)
    if np.all(np.isfinite(drawn)):
        return drawn
    even = hyperparameter.to_value(rng.uniform(size=n))
    return np.asarray(hyperparameter.to_vector(even), dtype=np.float64)


def deactivate(configspace: ConfigurationSpace, X: Array) -> Array:
    """Returns a copy of X with NaN wherever the conditions make a hyperparameter inactive."""
    X = X.copy()
    # The space's order has parents before their children.
    for i, name in enumerate(configspace.keys()):
        for condition in configspace.parent_conditions_of[name]:
            # "parent != value" holds for an inactive parent, as in what ConfigSpace draws and accepts.
            X[~np.asarray(condition.satisfied_by_vector_array(X.T), dtype=bool), i] = np.nan
    return X


def forbidden(configspace: ConfigurationSpace, X: Array, *, among: Sequence[str] | None = None) -> Mask:
    """Returns which rows of X a forbidden clause excludes, shape (n,).

    Args:
        configspace: The configuration space.
        X: Vectors.
        among: Considers only the clauses about no other hyperparameters than these; None for all clauses. To a relation
            such as b > a ConfigSpace takes the NaN of an integer for a very small number.
    """
    mask: Mask = np.zeros(len(X), dtype=bool)
    for clause in configspace.forbidden_clauses:
        if among is None or _restricted(clause) <= set(among):
            with np.errstate(invalid="ignore"):
                mask |= np.asarray(clause.is_forbidden_vector_array(X.T), dtype=bool)
    return mask


def tied_by_clauses(configspace: ConfigurationSpace, names: Sequence[str]) -> tuple[str, ...]:
    """Returns the other hyperparameters that forbidden clauses name together with one of the given ones."""
    tied: set[str] = set()
    for clause in configspace.forbidden_clauses:
        if (named := _restricted(clause)) & set(names):
            tied |= named - set(names)
    return tuple(name for name in configspace if name in tied)


def has_own_distribution(hyperparameter: Any) -> bool:
    """Returns whether a hyperparameter is drawn otherwise than evenly: normal, beta, or choices with weights."""
    from ConfigSpace.hyperparameters import (
        BetaFloatHyperparameter,
        BetaIntegerHyperparameter,
        CategoricalHyperparameter,
        NormalFloatHyperparameter,
        NormalIntegerHyperparameter,
    )

    if isinstance(hyperparameter, CategoricalHyperparameter):
        return len(set(np.round(hyperparameter.probabilities, 12))) > 1
    kinds = (
        BetaFloatHyperparameter,
        BetaIntegerHyperparameter,
        NormalFloatHyperparameter,
        NormalIntegerHyperparameter,
    )
    return isinstance(hyperparameter, kinds)


def _restricted(clause: Any) -> set[str]:
    """Returns the names of the hyperparameters that a forbidden clause speaks of."""
    if hasattr(clause, "components"):
        return {name for component in clause.components for name in _restricted(component)}
    return {clause.left.name, clause.right.name} if hasattr(clause, "left") else {clause.hyperparameter.name}


def activity_in_words(configspace: ConfigurationSpace, *names: str) -> list[str]:
    """Returns when hyperparameters are all active, such as "kernel is rbf or poly", their ancestors' conditions first.

    Of several conditions that list values of one hyperparameter it says what they have in common.
    """
    words: dict[str, str] = {}
    allowed: dict[str, list[str]] = {}
    for condition in (each for name in names for each in _conditions_of(configspace, name)):
        text = _condition_in_words(condition)
        if values := _listed_values(condition):
            parent = condition.parent.name
            values = [value for value in values if value in allowed.get(parent, values)]
        if values:
            allowed[parent] = values
            words[f"{parent} is"] = f"{parent} is {_listed(values)}"
        else:
            words[text] = text
    return list(words.values())


def _conditions_of(configspace: ConfigurationSpace, name: str) -> Iterator[Any]:
    """Yields the conditions of a hyperparameter, each behind those of the hyperparameters that it needs."""
    for condition in configspace.parent_conditions_of[name]:
        for parent in _needed_parents(condition):
            yield from _conditions_of(configspace, parent)
        yield condition


def _listed_values(condition: Any) -> list[str]:
    """Returns the values that a condition lists, of which the hyperparameter must have one; empty for any other."""
    if hasattr(condition, "components"):
        return []
    if hasattr(condition, "values"):
        return [_shown(condition.parent, value) for value in condition.values]
    is_equal = type(condition).__name__ == "EqualsCondition"
    return [_shown(condition.parent, condition.value)] if is_equal else []


def _needed_parents(condition: Any) -> list[str]:
    """Returns the hyperparameters that a condition needs to be active; "not equal" and "or" may hold without."""
    if type(condition).__name__ in ("OrConjunction", "NotEqualsCondition"):
        return []
    components = getattr(condition, "components", None)
    if components is None:
        return [condition.parent.name]
    return list(dict.fromkeys(name for component in components for name in _needed_parents(component)))


def _condition_in_words(condition: Any) -> str:
    components = getattr(condition, "components", None)
    if components is not None:
        word = " or " if type(condition).__name__ == "OrConjunction" else " and "
        return "(" + word.join(_condition_in_words(component) for component in components) + ")"
    parent = condition.parent.name
    if values := _listed_values(condition):
        return f"{parent} is {_listed(values)}"
    relation = {
        "NotEqualsCondition": "is not",
        "GreaterThanCondition": ">",
        "LessThanCondition": "<",
    }[type(condition).__name__]
    return f"{parent} {relation} {_shown(condition.parent, condition.value)}"


def _listed(values: Sequence[str]) -> str:
    return " or ".join([", ".join(values[:-1]), values[-1]] if len(values) > 1 else values)


def _shown(hyperparameter: Any, value: Any) -> str:
    """Returns a value of a hyperparameter as it stands in a condition: a choice by its name."""
    if hasattr(hyperparameter, "lower"):
        return str(value)
    choices = choices_of(hyperparameter)
    position = choice_position(value, choices)
    return names_of(choices)[int(position)] if math.isfinite(position) else str(value)
