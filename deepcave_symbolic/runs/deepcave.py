"""Takes over a run object of DeepCAVE, whichever optimizer it came from, without importing DeepCAVE.

A SMAC 2 folder is read again by our own reader, because DeepCAVE's object lacks what the run's own surrogate is rebuilt
from; every other run keeps its trials, and its surrogate is a forest.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.expression import Array
from deepcave_symbolic.runs.records import Run, Status, Trial
from deepcave_symbolic.runs.smac import load_run

__all__ = ["from_deepcave"]

_STATUS = {
    "SUCCESS": Status.SUCCESS,
    "TIMEOUT": Status.TIMEOUT,
    "MEMORYOUT": Status.MEMORYOUT,
    "NOT_EVALUATED": Status.RUNNING,
}


def from_deepcave(run: Any) -> Run:
    """Returns the record of a DeepCAVE run object (`deepcave.runs.AbstractRun`).

    Raises:
        InvalidArgumentError: If it is no such object.
    """
    if not all(hasattr(run, attribute) for attribute in ("configspace", "configs", "history", "get_objectives")):
        raise InvalidArgumentError(
            f"Found {type(run).__name__} as the run; "
            "expected the path of a run folder, a Run of load_run, or a DeepCAVE run."
        )
    if getattr(run, "prefix", None) == "SMAC3v2" and run.path is not None:
        return load_run(run.path)
    names = tuple(str(objective.name) for objective in run.get_objectives())
    trials = tuple(_trial(trial, len(names)) for trial in run.history)
    return Run(
        name=str(run.name),
        configspace=run.configspace,
        objectives=names,
        trials=trials,
        configurations={int(i): _vector(run, i) for i in run.configs},
        optimizer=str(getattr(run, "prefix", type(run).__name__)),
    )


def _trial(trial: Any, n_objectives: int) -> Trial:
    costs = [math.nan if cost is None else float(cost) for cost in trial.costs]
    return Trial(
        config_id=int(trial.config_id),
        costs=tuple((costs + [math.nan] * n_objectives)[:n_objectives]),
        status=_STATUS.get(trial.status.name, Status.CRASHED),
        seed=None if trial.seed is None else int(trial.seed),
        budget=None if trial.budget is None else float(trial.budget),
        time=max(0.0, float(trial.end_time or 0.0) - float(trial.start_time or 0.0)),
    )


def _vector(run: Any, config_id: Any) -> Array:
    return np.asarray(run.get_config(config_id).get_array(), dtype=np.float64)
