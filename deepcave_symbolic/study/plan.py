"""What there is to explain: the runs that paths mean, and the hyperparameters or pairs of each."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepcave_symbolic.exceptions import DeepcaveSymbolicError
from deepcave_symbolic.explainer import Explainer
from deepcave_symbolic.question import Question
from deepcave_symbolic.runs import load_run
from deepcave_symbolic.runs.load import runs_at
from deepcave_symbolic.runs.run import Run
from deepcave_symbolic.runs.trial_selection import resolve_objective
from deepcave_symbolic.runs.views import viewed
from deepcave_symbolic.space.axis import axis_of
from deepcave_symbolic.space.explainable import checked_pairs, wanted
from deepcave_symbolic.study.content import content_of
from deepcave_symbolic.study.study import Failure

__all__ = ["PlannedRun", "plan", "plan_run"]


@dataclass(frozen=True)
class PlannedRun:
    """A run and what of it is to be explained.

    Args:
        label: The run's path, else its name; no other run of a study has it.
        run: The run as read.
        content: Hash of the run's content, see `content_of`.
        question: What is asked.
        names: The hyperparameters of each explanation.
    """

    label: str
    run: Run
    content: str
    question: Question
    names: tuple[tuple[str, ...], ...]


def plan_run(
    run: Any, question: Question, *, pairs: bool | int = False, only: Sequence[tuple[str, ...]] | None = None
) -> PlannedRun:
    """Returns what is to be explained of one run.

    Args:
        run: As in `explain`.
        question: What is asked.
        pairs: False for each hyperparameter alone, True for every pair of those that can enter a formula, a number for
            the so many pairs that interact most, for which the surrogate is trained here.
        only: The hyperparameters of each explanation, where not all are wanted.

    Raises:
        DeepcaveSymbolicError: If the run, the objective, the budget or a name is not usable.
    """
    record = load_run(run, configspace=question.configspace)
    seen, objective, _ = viewed(record, question.objective, question.budget, question.weights)
    resolve_objective(seen, objective)
    question.check_names(seen.configspace)
    for name in {name for names in only or () for name in names}:
        axis_of(seen.configspace, name)
    if only is None and isinstance(pairs, bool):
        only = wanted(question.view(seen.configspace).region.restricted(seen.configspace), pairs)
    elif only is None:
        only = Explainer(record, question).wanted(pairs)
    return PlannedRun(_label(record, run), record, content_of(record), question, tuple(only))


def plan(
    runs: Any, question: Question, *, pairs: bool | int = False, only: Sequence[tuple[str, ...]] | None = None
) -> tuple[list[PlannedRun], list[Failure]]:
    """Returns what is to be explained of many runs, and which of them are not usable.

    Args:
        runs: A run as in `explain`, a folder above several, a file of several studies, or a list of those.
        question: What is asked.
        pairs: As in `plan_run`.
        only: As in `plan_run`.
    """
    checked_pairs(pairs)
    planned: list[PlannedRun] = []
    failures: list[Failure] = []
    for run in _each(runs):
        try:
            found = [plan_run(run, question, pairs=pairs, only=only)]
        except DeepcaveSymbolicError as error:
            failures.append(Failure(_label(run), (), error))
            continue
        planned += [run for run in found if run.label not in {known.label for known in planned}]
    return planned, failures


def _each(runs: Any) -> Iterable[Any]:
    """Yields single runs: a folder or a file that holds several stands for all of them."""
    given = [runs] if isinstance(runs, (str, os.PathLike, Run)) or not isinstance(runs, Iterable) else runs
    for run in given:
        if not isinstance(run, (str, os.PathLike)):
            yield run
            continue
        try:
            found = runs_at(run)
        except DeepcaveSymbolicError:  # said where the run is read
            found = (run,)
        yield from found


def _label(run: Any, given: Any = None) -> str:
    """Returns a run's path, else how it was given (a file of Optuna's holds several), else its name."""
    for place in (getattr(run, "path", None), run, given):
        if isinstance(place, Path):
            return str(place)
        if isinstance(place, str):
            return place if ":" in place else str(Path(place))
    return str(getattr(run, "name", None))
