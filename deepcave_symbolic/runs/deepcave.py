"""Takes over a run object of DeepCAVE, whichever optimizer it came from, without importing DeepCAVE.

A SMAC 2 folder is read again by our own reader, because DeepCAVE's object lacks what the run's own surrogate is rebuilt
from; every other run keeps its trials, and its surrogate is a forest. So is that of the combined budget that DeepCAVE
adds to a run, which no model of the run has ever seen.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.runs.folder import load_folder
from deepcave_symbolic.runs.formats.recorder import STATUS
from deepcave_symbolic.runs.formats.values import without_trivial_budget
from deepcave_symbolic.runs.run import Run, Status, Trial
from deepcave_symbolic.runs.trial_selection import budgets_of
from deepcave_symbolic.runs.views import without_surrogate

__all__ = ["COMBINED_BUDGET", "from_deepcave", "with_combined_budget"]

#: DeepCAVE's number for "every configuration at its highest budget".
COMBINED_BUDGET = -1


def from_deepcave(run: Any) -> Run:
    """Returns the record of a DeepCAVE run object (`deepcave.runs.AbstractRun`), a group of runs included.

    Costs keep their own units, also those of an objective that is maximised.

    Raises:
        InvalidArgumentError: If it is no such object.
    """
    if not all(hasattr(run, attribute) for attribute in ("configspace", "configs", "history", "get_objectives")):
        raise InvalidArgumentError(
            f"Found {type(run).__name__} as the run; "
            "expected the path of a run folder, a Run of load_run, or a DeepCAVE run."
        )
    if getattr(run, "prefix", None) == "SMAC3v2" and run.path is not None:
        return load_folder(run.path)
    objectives = run.get_objectives()
    names = tuple(str(objective.name) for objective in objectives)
    trials = tuple(_trial(trial, len(names)) for trial in run.history)
    return Run(
        name=str(run.name),
        configspace=run.configspace,
        objectives=names,
        trials=without_trivial_budget(trials),
        configurations={int(i): _vector(run, i) for i in run.configs},
        optimizer=_optimizer(run),
        maximized=frozenset(str(o.name) for o in objectives if getattr(o, "optimize", "lower") == "upper"),
    )


def with_combined_budget(run: Run) -> Run:
    """Returns the run with DeepCAVE's combined budget: of every configuration the trials at its highest budget.

    Only successful trials count. The result has no budgets, and no surrogate of the run's own, which never mixes them.
    """
    if not budgets_of(run):
        return run
    highest: dict[int, float] = {}
    for trial in run.trials:
        if trial.budget is not None and trial.status == Status.SUCCESS:
            highest[trial.config_id] = max(trial.budget, highest.get(trial.config_id, -math.inf))
    kept = [t for t in run.trials if t.budget is not None and t.budget == highest.get(t.config_id)]
    trials = tuple(replace(t, budget=None) for t in kept)
    return without_surrogate(replace(run, trials=trials), "with combined budgets")


def _optimizer(run: Any) -> str:
    names = getattr(run, "run_names", None)
    if names is not None:
        return f"Group of {len(names)} runs ({', '.join(map(str, names))})"
    return str(getattr(run, "prefix", type(run).__name__))


def _trial(trial: Any, n_objectives: int) -> Trial:
    costs = [math.nan if cost is None else float(cost) for cost in trial.costs]
    return Trial(
        config_id=int(trial.config_id),
        costs=tuple((costs + [math.nan] * n_objectives)[:n_objectives]),
        status=STATUS.get(trial.status.name, Status.CRASHED),
        seed=None if trial.seed is None else int(trial.seed),
        budget=None if trial.budget is None or not math.isfinite(trial.budget) else float(trial.budget),
        time=max(0.0, float(trial.end_time or 0.0) - float(trial.start_time or 0.0)),
    )


def _vector(run: Any, config_id: Any) -> Array:
    return np.asarray(run.get_config(config_id).get_array(), dtype=np.float64)
