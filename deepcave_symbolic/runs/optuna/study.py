"""Studies of Optuna as runs: which trials count, what they are called, and what was made of them.

A study is read through its own methods; nothing here imports optuna, and nothing is unpickled. It has no configuration
space: see `space`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.exceptions import InvalidArgumentError, NoTrialsError
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.runs.optuna.space import space_of
from deepcave_symbolic.runs.run import Run, Status, Trial
from deepcave_symbolic.runs.vectors import MisfitError, vectors_of

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["from_study", "is_study"]

#: Trials that have ended without a value that counts, by Optuna's state.
_ENDED = {"PRUNED": "pruned", "FAIL": "failed"}
#: Optuna's key for a trial's constraints, or the beginning of their keys.
_CONSTRAINTS = "constraints"


def is_study(candidate: Any) -> bool:
    """Returns whether an object is an `optuna.Study`."""
    return not isinstance(candidate, type) and all(
        hasattr(candidate, name) for name in ("get_trials", "directions", "study_name", "metric_names")
    )


def from_study(study: Any, *, configspace: ConfigurationSpace | None = None) -> Run:
    """Returns the record of a study; costs keep their own units, also those of an objective that is maximised.

    Pruned and failed trials are left out and counted, running and waiting ones left out. Intermediate values are not
    read: Optuna's steps are reports of a trial that goes on, no budgets that trials are started with. Trials that break
    the study's constraints have true values, so that they count, but not as the incumbent.

    Args:
        study: An `optuna.Study`.
        configspace: The space that the trials' parameters come from; None to make one of their distributions.

    Raises:
        NoTrialsError: If no trial is complete.
        InvalidArgumentError: If the distributions contradict each other, or the trials do not fit `configspace`.
    """
    try:
        everything = study.get_trials(deepcopy=False)
    except Exception as error:  # of Optuna's storage, and of what that stands on
        raise InvalidArgumentError(
            "The study's trials cannot be read from its storage. Is its database still there, and can it be reached?"
        ) from error
    complete = [trial for trial in everything if trial.state.name == "COMPLETE"]
    if not complete:
        states = Counter(trial.state.name for trial in everything)
        listed = ", ".join(f"{n} {name.lower()}" for name, n in sorted(states.items())) or "none at all"
        raise NoTrialsError(
            f"Study {study.study_name!r} has no complete trial ({listed}). Wait until some are complete."
        )
    changes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    if configspace is None:
        found = space_of(complete)
        configspace, X, changes = found.configspace, found.X, found.changes
    else:
        X, notes = _vectors(complete, configspace)
    objectives = _objectives(study)
    X.flags.writeable = False
    return Run(
        name=str(study.study_name),
        configspace=configspace,
        objectives=objectives,
        trials=tuple(_trial(trial, i, len(objectives)) for i, trial in enumerate(complete)),
        configurations=dict(enumerate(X)),
        optimizer="Optuna",
        maximized=frozenset(
            name for name, way in zip(objectives, study.directions, strict=True) if way.name == "MAXIMIZE"
        ),
        changes=(*changes, *_left_out(everything)),
        notes=(*notes, *_infeasible(complete)),
    )


def _objectives(study: Any) -> tuple[str, ...]:
    """Returns the metric names of a study, where it has none "objective", or "objective 0" and so on."""
    n = len(study.directions)
    names = tuple(str(name) for name in study.metric_names or ())
    if len(set(names)) == n:
        return names
    return ("objective",) if n == 1 else tuple(f"objective {i}" for i in range(n))


def _trial(trial: Any, config_id: int, n_objectives: int) -> Trial:
    started, ended = trial.datetime_start, trial.datetime_complete
    values = [math.nan if value is None else float(value) for value in trial.values or ()]
    return Trial(
        config_id=config_id,
        costs=tuple((values + [math.nan] * n_objectives)[:n_objectives]),
        status=Status.SUCCESS,
        time=0.0 if started is None or ended is None else max(0.0, (ended - started).total_seconds()),
        feasible=_is_feasible(trial),
    )


def _is_feasible(trial: Any) -> bool:
    """Returns whether no constraint of a trial is above 0, as Optuna has it; one without constraints is feasible."""
    # As a list up to Optuna 4, one by one since.
    found = list(trial.system_attrs.get(_CONSTRAINTS) or ())
    found += [value for key, value in trial.system_attrs.items() if key.startswith(f"{_CONSTRAINTS}:")]
    return all(value <= 0.0 for value in found)


def _infeasible(trials: Sequence[Any]) -> tuple[str, ...]:
    n, total = sum(not _is_feasible(trial) for trial in trials), len(trials)
    if n == 0:
        return ()
    if n == total:
        return (f"None of the {total} complete trials meets the study's constraints; the incumbent breaks them, too.",)
    verb = "break" if n > 1 else "breaks"
    return (
        f"{n} of the {total} complete trials {verb} the study's constraints: the surrogate learns from their values, "
        "none of them is the incumbent. Formulas know no constraints; where one is best they may be broken.",
    )


def _left_out(trials: Sequence[Any]) -> tuple[str, ...]:
    counts = Counter(_ENDED[trial.state.name] for trial in trials if trial.state.name in _ENDED)
    if not counts:
        return ()
    listed = " and ".join(f"{counts[word]} {word}" for word in _ENDED.values() if counts[word])
    n = sum(counts.values())
    sentence = f"{listed} trial{'' if n == 1 else 's'} of {len(trials)} {'is' if n == 1 else 'are'} left out"
    if counts["pruned"]:
        sentence += ": pruning keeps what starts well, so that little is known of the values that it ended"
    return (sentence,)


def _vectors(trials: Sequence[Any], configspace: ConfigurationSpace) -> tuple[Array, tuple[str, ...]]:
    """Returns the trials' parameters as vectors of a given space, shape (n, d), and sentences on unusual ones."""
    try:
        return vectors_of([trial.params for trial in trials], configspace)
    except MisfitError as error:
        raise InvalidArgumentError(
            f"Trial {trials[error.row].number} does not fit the given configuration space: {error}."
        ) from error
