"""DeepCAVE's readers of run folders, where its own give up or do too much.

`SMACRun` opens the SMAC 2 runs that DeepCAVE 1.4.1 cannot: runs with instances, runs without any trial yet, trials
keyed by configuration, and choices that are lists. What DeepCAVE can read it reads itself, so that its other panels
show what they always do.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcave_symbolic.process.optional import import_optional
from deepcave_symbolic.runs.configspace import CONFIGSPACE
from deepcave_symbolic.runs.formats.smac import RUNHISTORY, SCENARIO, read_run
from deepcave_symbolic.runs.run import Run, Status, Trial
from deepcave_symbolic.space.choices import storable
from deepcave_symbolic.space.serialized import read_space, space_dict

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

_smac: Any = import_optional("deepcave.runs.converters.smac3v2", purpose="The dashboard")
_optuna: Any = import_optional("deepcave.runs.converters.optuna", purpose="The dashboard")

from deepcave.runs.objective import Objective  # noqa: E402
from deepcave.runs.status import Status as DeepCAVEStatus  # noqa: E402 - the lines above say what to install

__all__ = ["SMACRun", "StudyRun"]

_STATUS = {
    Status.SUCCESS: DeepCAVEStatus.SUCCESS,
    Status.CRASHED: DeepCAVEStatus.CRASHED,
    Status.TIMEOUT: DeepCAVEStatus.TIMEOUT,
    Status.MEMORYOUT: DeepCAVEStatus.MEMORYOUT,
}
#: Where a serialised space has one choice, and where several.
_CHOICE_KEYS, _CHOICES_KEYS = {"value", "default_value"}, {"choices", "sequence", "values"}
#: One of these is in the folder of every run that is no Optuna study.
_OTHER_RUNS = (RUNHISTORY, SCENARIO, CONFIGSPACE, "configspace.csv")
#: DeepCAVE rounds the budgets of SMAC runs to this many decimals.
_BUDGET_DECIMALS = 2


class SMACRun(_smac.SMAC3v2Run):  # type: ignore[misc]  # deepcave has no types
    """A SMAC 2 run as DeepCAVE reads it, or as we do where it cannot."""

    @classmethod
    def from_path(cls, path: Path | str) -> SMACRun:
        """Returns the run in a folder; of several instances every configuration has its mean cost.

        Raises:
            DeepcaveSymbolicError: If neither reader can read it; the message says what is wrong.
        """
        record = read_run(Path(path))  # first, because it is the one with limits for what a folder may cost
        try:
            run: SMACRun = super().from_path(path)
        # DeepCAVE's reader raises whatever it stumbles over.
        except Exception:
            return cls._from_record(record, Path(path))
        run.__class__ = cls  # it names its own class, and DeepCAVE looks for the one in its list
        run.name = record.name
        return run

    @classmethod
    def _from_record(cls, record: Run, path: Path) -> SMACRun:
        objectives = [Objective(name) for name in (*record.objectives, "Time")]
        meta = json.loads(json.dumps(record.scenario))
        meta["run_objectives"] = meta.pop("objectives")
        meta["optimizer_seed"] = meta.pop("seed", None)
        space = _with_hashable_choices(record.configspace)
        run = cls(name=record.name, configspace=space, objectives=objectives, meta=meta)
        run._path = path
        parts: dict[tuple[int, int | None, float | None], list[Trial]] = {}
        for trial in record.trials:
            if trial.status != Status.RUNNING:
                parts.setdefault((trial.config_id, trial.seed, trial.budget), []).append(trial)
        for (config_id, seed, budget), trials in parts.items():
            failed = next((trial.status for trial in trials if trial.status != Status.SUCCESS), None)
            seconds = sum(trial.time for trial in trials)
            run.add(
                costs=[*_mean_costs(trials, failed), seconds if failed is None else None],
                config=_values(record, config_id),
                seed=0 if seed is None else seed,
                budget=0.0 if budget is None else float(np.round(budget, _BUDGET_DECIMALS)),
                end_time=seconds,
                status=_STATUS[Status.SUCCESS if failed is None else failed],
            )
        return run


def _mean_costs(trials: Sequence[Trial], failed: Status | None) -> list[float | None]:
    """Returns one cost per objective, averaged over the instances; None where a trial failed, as DeepCAVE does."""
    costs = np.mean([trial.costs for trial in trials], axis=0)
    return [None if failed is not None or not math.isfinite(cost) else float(cost) for cost in costs]


def _with_hashable_choices(space: ConfigurationSpace) -> ConfigurationSpace:
    """Returns the space with the names of choices that are lists, since DeepCAVE looks configurations up by values."""
    return read_space(_hashable(space_dict(space)))


def _hashable(value: Any, key: str = "") -> Any:
    """Returns a part of a serialised space, or a value of a configuration, in which every choice can be hashed."""
    if isinstance(value, dict):
        return {name: _hashable(part, name) for name, part in value.items()}
    if not isinstance(value, (list, tuple, np.ndarray)):
        return value
    if key in _CHOICE_KEYS:
        return str(storable(value))
    return [_hashable(part, "value" if key in _CHOICES_KEYS else "") for part in value]


def _values(record: Run, config_id: int) -> dict[str, Any]:
    vector = record.configurations[config_id]
    pairs = zip(record.configspace.items(), vector, strict=True)
    values = {name: hyperparameter.to_value(v) for (name, hyperparameter), v in pairs if not np.isnan(v)}
    # DeepCAVE keeps them as JSON.
    return {
        name: value.item() if isinstance(value, np.generic) else _hashable(value, "value")
        for name, value in values.items()
    }


class StudyRun(_optuna.OptunaRun):  # type: ignore[misc]  # deepcave has no types
    """DeepCAVE's reader of Optuna studies, kept from folders of others: it unpickles a file, which may run anything."""

    @classmethod
    def from_path(cls, path: Path | str) -> StudyRun:
        """Returns the study in a folder.

        Raises:
            RuntimeError: If the folder holds a run of another kind: DeepCAVE tries every reader on every run.
        """
        if any((Path(path) / name).exists() for name in _OTHER_RUNS):
            raise RuntimeError("the folder holds a run of another optimizer; no pickle in it is opened")
        run: StudyRun = super().from_path(path)
        run.__class__ = cls  # as above
        return run
