"""Which configurations to evaluate next, to learn most about an explanation.

An optimizer looks for the best configuration; what it leaves unknown is where models that fit its trials disagree and
trials are far. Configurations are taken one by one, each the largest product of the models' spread and two distances
to the nearest trial or configuration already taken: in all hyperparameters and in the explained ones. Where all values
were tried, as of a categorical, one over the number of trials that have the value stands in for its distance. On
simulated runs they leave less of the distance to the truth than random or evenly spread trials do
(`benchmarks/next_trials.py`). Of ten rules tried on benchmarks/data/tuning this was among the five best, which were
alike.

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
from deepcave_symbolic.projection import Subject
from deepcave_symbolic.records import Frozen, Record
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.space.choices import choices_of, names_of, plain_value
from deepcave_symbolic.space.configurations import deactivate, forbidden, sample_all
from deepcave_symbolic.space.named_values import values_of_vector, vector_of_values
from deepcave_symbolic.space.part import inside
from deepcave_symbolic.space.ranges import values_on_steps
from deepcave_symbolic.space.region import WHOLE, Region
from deepcave_symbolic.surrogates.base import mean_of
from deepcave_symbolic.words.names import either, shown_name
from deepcave_symbolic.words.numbers import counted, round_within, rounded_text

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
#: What is no further apart has the same value, but for rounding.
_SAME = 1e-12
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
        region: The part of the space that they lie in.
    """

    hyperparameters: tuple[str, ...]
    objective: str
    run: str
    budget: float | None
    model: str
    trials: tuple[AdvisedTrial, ...]
    region: Region = WHOLE
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


def advised_trials(kind: type[T], subject: Subject, axes: Sequence[Axis], n: int, *, objective: str, run: str) -> T:
    """Returns the configurations to evaluate next.

    Args:
        kind: The record's class.
        subject: The model whose spread is asked, with its trials, over the space in whose region they are to lie.
        axes: The explained hyperparameters.
        n: How many.
        objective: Name of the objective.
        run: The run's path, else its name.

    Raises:
        HyperparameterNotExplainableError: If no valid configuration of the region has the hyperparameters active.
    """
    configspace, advisor = subject.configspace, subject.whole
    columns = [list(configspace.keys()).index(axis.name) for axis in axes]
    pool = _pool(subject, columns, axes)
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
    names, region = tuple(axis.name for axis in axes), subject.view.region
    return kind(names, objective, run, advisor.budget, advisor.record.name, trials, region, configspace)


def _pool(subject: Subject, columns: Sequence[int], axes: Sequence[Axis]) -> Array:
    """Returns different valid configurations with the explained hyperparameters active, values readable: (m, d)."""
    configspace, rng = subject.configspace, np.random.RandomState(0)
    found: Array = np.empty((0, len(configspace)))
    for _ in range(_TRIES):
        X = deactivate(configspace, _readable(configspace, sample_all(configspace, _DRAWN, rng)))
        X = X[~np.isnan(X[:, columns]).any(axis=1) & ~forbidden(configspace, X)]
        if subject.worst is not None and len(X):
            expected = mean_of(subject.whole.model, X)
            X = X[expected >= subject.worst if subject.maximize else expected <= subject.worst]
        found = np.vstack([found, X])[:_DRAWN]
        if len(found) == _DRAWN:
            break
    if len(found) == 0:
        names = either([repr(axis.name) for axis in axes], " and ")
        region = f" {subject.view.region.words}" if subject.view.region != WHOLE else ""
        raise HyperparameterNotExplainableError(
            f"No valid configuration{region} was found in which {names} can be set (conditions or forbidden clauses).",
            hyperparameter=axes[0].name,
        )
    # NaN differs from itself.
    different = np.unique(np.where(np.isnan(found), np.inf, found), axis=0)
    return np.where(np.isinf(different), np.nan, different)


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
    known = [_Known.of(distances, pool, evaluated) for distances in (whole, explained)]
    taken: list[int] = []
    apart: list[float] = []
    # Where the models agree everywhere, the distance alone decides.
    spread = spread if np.any(spread > 0.0) else np.ones(len(pool))
    for _ in range(min(n, len(pool))):
        gain = spread * known[0].newness * known[1].newness
        gain[taken] = -1.0
        best = int(np.argmax(gain))
        taken.append(best)
        apart.append(float(known[1].far[best]))
        known = [each.with_taken(pool, best) for each in known]
    return taken, apart


@dataclass(frozen=True)
class _Known:
    """What trials and configurations already taken tell of those of the pool.

    Args:
        distances: In which hyperparameters.
        far: Distance to the nearest, shape (m,).
        same: How many have the same values, shape (m,).
    """

    distances: Distances
    far: Array
    same: Array

    @classmethod
    def of(cls, distances: Distances, pool: Array, evaluated: Array) -> _Known:
        if len(evaluated) == 0:
            return cls(distances, np.ones(len(pool)), np.zeros(len(pool)))
        apart = distances.between(pool, evaluated)
        return cls(distances, apart.min(axis=1), np.sum(apart <= _SAME, axis=1, dtype=np.float64))

    def with_taken(self, pool: Array, index: int) -> _Known:
        apart = self.distances.between(pool, pool[[index]])[:, 0]
        return _Known(self.distances, np.minimum(self.far, apart), self.same + (apart <= _SAME))

    @property
    def newness(self) -> Array:
        """The distance; where all values were tried, one over how often."""
        return self.far if np.any(self.far > _SAME) else 1.0 / self.same


def _reason(
    configspace: ConfigurationSpace, columns: Sequence[int], row: Array, evaluated: Array, spread: float, objective: str
) -> str:
    """Returns why a configuration was taken, such as "no trial between 0.001 and 0.1; the models differ by 0.08"."""
    differ = f"; the models differ by {rounded_text(spread, 2)} in {shown_name(objective)}" if spread > 0.0 else ""
    names = [list(configspace)[c] for c in columns]
    listed = either(list(map(shown_name, names)), " and ")
    known = evaluated[~np.isnan(evaluated[:, columns]).any(axis=1)]
    if len(known) == 0:
        return f"no trial has {listed}{differ}"
    apart = Distances(configspace, columns).between(row[None, :], known)[0]
    same, near = int(np.sum(apart <= _SAME)), known[apart < _THERE]
    if same:
        at = _at(configspace, names, row[columns], " and ")
        return f"{same} of {counted(len(evaluated), 'trial')} {'has' if same == 1 else 'have'} {at}{differ}"
    if len(near) and Distances(configspace).between(row[None, :], near).min() >= _THERE:
        return f"the trials near in {listed} differ in the others{differ}"
    if len(columns) == 1 and hasattr(configspace[names[0]], "lower"):
        return f"no trial {_gap(configspace, names[0], row[columns[0]], known[:, columns[0]])}{differ}"
    nearest = known[int(np.argmin(apart)), columns]
    return f"the nearest trial is at {_at(configspace, names, nearest, ', ')}{differ}"


def _at(configspace: ConfigurationSpace, names: Sequence[str], entries: Array, between: str) -> str:
    """Returns a place in words, such as "C 1.2, gamma 0.0153"."""
    return between.join(
        f"{shown_name(name)} {_shown(configspace, name, v)}" for name, v in zip(names, entries, strict=True)
    )


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
        choice, name = choices[int(entry)], names_of(choices)[int(entry)]
        return name if isinstance(choice, int | float) else shown_name(name)
    value = plain_value(hyperparameter.to_value(entry))
    return rounded_text(value) if isinstance(value, float) else str(value)
