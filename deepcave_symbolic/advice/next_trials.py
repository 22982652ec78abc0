"""Which configurations to evaluate next, to learn most about an explanation.

An optimizer looks for the best configuration; what it leaves unknown is where models that fit its trials disagree and
no trial is near. Configurations are taken one by one, each the largest product of the models' spread and two distances
to the nearest trial or configuration already taken: in all hyperparameters and in the explained ones. On simulated runs
they leave less of the distance to the truth than random or evenly spread trials do (`benchmarks/next_trials.py`).
Of ten rules tried on benchmarks/data/tuning this was among the five best, which were alike.

Notation: see the package.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from deepcave_symbolic.advice.distance import Distances
from deepcave_symbolic.exceptions import HyperparameterNotExplainableError, InvalidArgumentError
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.records import Frozen, Record
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.space.choices import choices_of, names_of, plain_value
from deepcave_symbolic.space.configurations import deactivate, forbidden, sample_all
from deepcave_symbolic.space.named_values import values_of_vector, vector_of_values
from deepcave_symbolic.space.part import inside
from deepcave_symbolic.space.ranges import values_on_steps
from deepcave_symbolic.surrogates.base import FittedSurrogate
from deepcave_symbolic.words.names import either, shown_name
from deepcave_symbolic.words.numbers import round_within, rounded_text

if TYPE_CHECKING:
    from ConfigSpace import Configuration, ConfigurationSpace

__all__ = ["AdvisedTrial", "AdvisedTrials", "advised_trials", "checked_count"]

T = TypeVar("T", bound="AdvisedTrials")

#: Configurations that are drawn for the choice, at most so many times.
_DRAWN, _TRIES = 2000, 20
#: The most that may be asked for.
_MOST = 100
#: A trial nearer than this, as a share of the range, is at the same place to the eye.
_THERE = 0.02
#: Significant digits of the proposed values: they are read and typed.
_DIGITS = 3


@dataclass(frozen=True, eq=False)
class AdvisedTrial(Record):
    """A configuration whose evaluation would teach much.

    Args:
        configuration: Values by the hyperparameters that are active, natural units.
        expected: What the models expect of it, objective units.
        spread: How far they differ there, as a standard deviation in objective units.
        distance: To the nearest trial in the explained hyperparameters, as a share of their ranges.
        reason: Why it was taken, in words.
    """

    configuration: Mapping[str, Any]
    expected: float
    spread: float
    distance: float
    reason: str

    def __post_init__(self) -> None:
        """Freezes the configuration."""
        object.__setattr__(self, "configuration", Frozen(self.configuration))


@dataclass(frozen=True, eq=False)
class AdvisedTrials(Record):
    """The configurations to evaluate next, what teaches most first.

    Args:
        hyperparameters: What is explained.
        objective: What is evaluated.
        run: The run's path, else its name.
        budget: The budget whose trials are explained; None without budgets.
        model: Whose spread it is.
        trials: The configurations.
    """

    hyperparameters: tuple[str, ...]
    objective: str
    run: str
    budget: float | None
    model: str
    trials: tuple[AdvisedTrial, ...]
    configspace: Any = field(default=None, compare=False, repr=False)

    def configurations(self, configspace: ConfigurationSpace | None = None) -> list[Configuration]:
        """Returns the configurations of a space, for an optimizer's `tell` or a script of one's own.

        Args:
            configspace: The run's configuration space; it is known unless the record was read from a file.

        Raises:
            InvalidArgumentError: If it is not known, or does not have these hyperparameters.
        """
        from ConfigSpace import Configuration

        space = self.configspace if configspace is None else configspace
        if space is None:
            raise InvalidArgumentError("This record was read from a file; expected the run's configuration space.")
        try:
            return [Configuration(space, vector=vector_of_values(space, trial.configuration)) for trial in self.trials]
        except (KeyError, ValueError) as error:  # ConfigSpace's errors are ValueErrors
            raise InvalidArgumentError(f"The configuration space is not the run's: {error}") from error


def checked_count(n: Any) -> int:
    """Returns how many configurations are asked for.

    Raises:
        InvalidArgumentError: If it is no whole number from 1 to 100.
    """
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or not 1 <= n <= _MOST:
        raise InvalidArgumentError(f"n is {n!r:.40}; expected a whole number of trials from 1 to {_MOST}.")
    return int(n)


def advised_trials(
    kind: type[T],
    advisor: FittedSurrogate,
    configspace: ConfigurationSpace,
    axes: Sequence[Axis],
    n: int,
    *,
    objective: str,
    run: str,
) -> T:
    """Returns the configurations to evaluate next.

    Args:
        kind: The record's class.
        advisor: The model whose spread is asked, with its trials.
        configspace: The configuration space; only its parts are drawn from.
        axes: The explained hyperparameters.
        n: How many.
        objective: Name of the objective.
        run: The run's path, else its name.

    Raises:
        HyperparameterNotExplainableError: If no valid configuration has the hyperparameters active.
    """
    columns = [list(configspace.keys()).index(axis.name) for axis in axes]
    pool = _pool(configspace, columns, axes)
    mean, spread = advisor.model.predict(pool)
    taken, distances = _taken(pool, spread, advisor.X, Distances(configspace), Distances(configspace, columns), n)
    trials = tuple(
        AdvisedTrial(
            configuration=values_of_vector(configspace, pool[i]),
            expected=float(mean[i]),
            spread=float(spread[i]),
            distance=float(distance),
            reason=_reason(configspace, columns, pool[i], advisor.X, float(spread[i]), objective),
        )
        for i, distance in zip(taken, distances, strict=True)
    )
    names = tuple(axis.name for axis in axes)
    return kind(names, objective, run, advisor.budget, advisor.record.name, trials, configspace)


def _pool(configspace: ConfigurationSpace, columns: Sequence[int], axes: Sequence[Axis]) -> Array:
    """Returns different valid configurations with the explained hyperparameters active, values readable: (m, d)."""
    rng = np.random.RandomState(0)
    found: Array = np.empty((0, len(configspace)))
    for _ in range(_TRIES):
        X = deactivate(configspace, _readable(configspace, sample_all(configspace, _DRAWN, rng)))
        X = X[~np.isnan(X[:, columns]).any(axis=1) & ~forbidden(configspace, X)]
        found = np.vstack([found, X])[:_DRAWN]
        if len(found) == _DRAWN:
            break
    if len(found) == 0:
        names = either([repr(axis.name) for axis in axes], " and ")
        raise HyperparameterNotExplainableError(
            f"No valid configuration was found in which {names} can be set (conditions or forbidden clauses).",
            hyperparameter=axes[0].name,
        )
    return np.unique(found, axis=0)


def _readable(configspace: ConfigurationSpace, X: Array) -> Array:
    """Returns vectors whose floats have few digits."""
    X = X.copy()
    for i, hyperparameter in enumerate(configspace.values()):
        h: Any = hyperparameter
        if hasattr(h, "lower") and values_on_steps(h) is None and not isinstance(h.default_value, int | np.integer):
            values = [round_within(float(v), _DIGITS, float(h.lower), float(h.upper)) for v in h.to_value(X[:, i])]
            rounded = np.asarray(h.to_vector(np.array(values)), dtype=np.float64)
            X[:, i] = np.where(inside(h, rounded), rounded, X[:, i])
    return X


def _taken(
    pool: Array, spread: Array, evaluated: Array, whole: Distances, explained: Distances, n: int
) -> tuple[list[int], list[float]]:
    """Returns which configurations of the pool are taken, in order, and how far each is from what is known."""
    far, far_explained = (_nearest(distances, pool, evaluated) for distances in (whole, explained))
    taken: list[int] = []
    apart: list[float] = []
    # Where the models agree everywhere, the distance alone decides.
    spread = spread if np.any(spread > 0.0) else np.ones(len(pool))
    for _ in range(min(n, len(pool))):
        gain = spread * far * far_explained
        gain[taken] = -1.0
        best = int(np.argmax(gain))
        taken.append(best)
        apart.append(float(far_explained[best]))
        far = np.minimum(far, whole.between(pool, pool[[best]])[:, 0])
        far_explained = np.minimum(far_explained, explained.between(pool, pool[[best]])[:, 0])
    return taken, apart


def _nearest(distances: Distances, pool: Array, evaluated: Array) -> Array:
    return distances.between(pool, evaluated).min(axis=1) if len(evaluated) else np.ones(len(pool))


def _reason(
    configspace: ConfigurationSpace, columns: Sequence[int], row: Array, evaluated: Array, spread: float, objective: str
) -> str:
    """Returns why a configuration was taken, such as "no trial between 0.001 and 0.1; the models differ by 0.08"."""
    differ = f"; the models differ by {rounded_text(spread, 2)} in {shown_name(objective)}" if spread > 0.0 else ""
    names = [list(configspace)[c] for c in columns]
    known = evaluated[~np.isnan(evaluated[:, columns]).any(axis=1)]
    if len(known) == 0:
        return f"no trial has {either(list(map(shown_name, names)), ' and ')}{differ}"
    apart = Distances(configspace, columns).between(row[None, :], known)[0]
    if apart.min() < _THERE:
        return f"trials are near{differ}"
    if len(columns) == 1 and hasattr(configspace[names[0]], "lower"):
        return f"no trial {_gap(configspace, names[0], row[columns[0]], known[:, columns[0]])}{differ}"
    nearest = known[int(np.argmin(apart)), columns]
    at = ", ".join(f"{shown_name(n)} {_shown(configspace, n, v)}" for n, v in zip(names, nearest, strict=True))
    return f"the nearest trial is at {at}{differ}"


def _gap(configspace: ConfigurationSpace, name: str, at: float, known: Array) -> str:
    """Returns between which trials an entry lies, such as "between 0.001 and 0.1" or "above 0.1"."""
    below, above = known[known < at], known[known > at]
    ends = [_shown(configspace, name, end) for end in (*below[below.argsort()][-1:], *above[above.argsort()][:1])]
    if len(ends) == 2:
        return f"between {ends[0]} and {ends[1]}"
    return f"{'above' if len(below) else 'below'} {ends[0]}"


def _shown(configspace: ConfigurationSpace, name: str, entry: float) -> str:
    """Returns a vector's entry as a short text in natural units."""
    hyperparameter: Any = configspace[name]
    if not hasattr(hyperparameter, "lower"):
        choices = choices_of(hyperparameter)
        return shown_name(names_of(choices)[int(entry)])
    value = plain_value(hyperparameter.to_value(entry))
    return rounded_text(value) if isinstance(value, float) else str(value)
