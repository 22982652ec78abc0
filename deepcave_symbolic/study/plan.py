"""What there is to explain: the runs that paths mean, and the hyperparameters or pairs of each."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.exceptions import DeepcaveSymbolicError, RunNotFoundError
from deepcave_symbolic.explainer import explainable
from deepcave_symbolic.question import Options
from deepcave_symbolic.runs import load_run
from deepcave_symbolic.runs.folder import runs_below
from deepcave_symbolic.runs.run import Run
from deepcave_symbolic.runs.trial_selection import resolve_objective
from deepcave_symbolic.runs.views import Weights, viewed
from deepcave_symbolic.space.axis import axis_of
from deepcave_symbolic.study.store import content_of
from deepcave_symbolic.study.study import Failure
from deepcave_symbolic.study.tasks import Source

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["PlannedRun", "Settings", "plan", "plan_run"]


@dataclass(frozen=True)
class Settings:
    """How every run is explained; the arguments are those of `explain`."""

    objective: str | None = None
    budget: float | str | None = None
    weights: Weights | None = None
    surrogate: str = "run"
    configspace: ConfigurationSpace | None = None
    options: Options = field(default_factory=Options)


@dataclass(frozen=True)
class PlannedRun:
    """A run and what of it is to be explained.

    Args:
        label: The run's path, else its name.
        source: The run and how to explain it.
        names: The hyperparameters of each explanation.
    """

    label: str
    source: Source
    names: tuple[tuple[str, ...], ...]


def plan_run(run: Any, settings: Settings, *, pairs: bool, only: Sequence[tuple[str, ...]] | None = None) -> PlannedRun:
    """Returns what is to be explained of one run.

    Args:
        run: As in `explain`.
        settings: How.
        pairs: Every pair of hyperparameters that can enter a formula, instead of each hyperparameter alone.
        only: The hyperparameters of each explanation, where not all are wanted.

    Raises:
        DeepcaveSymbolicError: If the run, the objective, the budget or a name is not usable.
    """
    record = load_run(run, configspace=settings.configspace)
    seen, objective, _ = viewed(record, settings.objective, settings.budget, settings.weights)
    resolve_objective(seen, objective)
    source = Source(
        content=content_of(record),
        run=record,
        objective=settings.objective,
        budget=settings.budget,
        weights=settings.weights,
        surrogate=settings.surrogate,
        options=settings.options,
    )
    if only is not None:
        for name in {name for names in only for name in names}:
            axis_of(seen.configspace, name)
        names = tuple(only)
    elif pairs:
        names = tuple(itertools.combinations(explainable(seen.configspace), 2))
    else:
        names = tuple((name,) for name in seen.configspace)
    return PlannedRun(_label(record, run), source, names)


def plan(
    runs: Any, settings: Settings, *, pairs: bool = False, only: Sequence[tuple[str, ...]] | None = None
) -> tuple[list[PlannedRun], list[Failure]]:
    """Returns what is to be explained of many runs, and which of them are not usable.

    Args:
        runs: A run as in `explain`, a folder above several, or a list of those.
        settings: How.
        pairs: As in `plan_run`.
        only: As in `plan_run`.
    """
    planned: list[PlannedRun] = []
    failures: list[Failure] = []
    for run in _each(runs):
        try:
            found = [plan_run(run, settings, pairs=pairs, only=only)]
        except DeepcaveSymbolicError as error:
            failures.append(Failure(_label(run), (), error))
            continue
        planned += [run for run in found if run.label not in {known.label for known in planned}]
    return planned, failures


def _each(runs: Any) -> Iterable[Any]:
    """Yields single runs: a folder that holds several stands for all of them."""
    given = [runs] if isinstance(runs, (str, os.PathLike, Run)) or not isinstance(runs, Iterable) else runs
    for run in given:
        if not isinstance(run, (str, os.PathLike)):
            yield run
            continue
        try:
            below = runs_below(run)
        except RunNotFoundError:  # said where the run is read
            below = ()
        yield from below or (run,)


def _label(run: Any, given: Any = None) -> str:
    """Returns a run's path, else how it was given (a file of Optuna's holds several), else its name."""
    for place in (getattr(run, "path", None), run, given):
        if isinstance(place, Path):
            return str(place)
        if isinstance(place, str):
            return place if ":" in place else str(Path(place))
    return str(getattr(run, "name", None))
