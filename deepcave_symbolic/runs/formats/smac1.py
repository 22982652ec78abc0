"""Reader of SMAC 1.x and of older ones that wrote a runhistory.json, for SMAC 0.x as well.

A folder holds scenario.txt (lines of "name = value"), runhistory.json and configspace.json. A trial is [key, value]:
[configuration, instance, seed, budget] and [cost, time, status, start, end, additional]; older ones have no budget,
start and end. What cost stands for a failed trial is an option of SMAC's, no measurement, and is left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.exceptions import RunFormatError
from deepcave_symbolic.runs.configspace import space_for
from deepcave_symbolic.runs.files import read_json, read_text
from deepcave_symbolic.runs.formats.smac import RUNHISTORY
from deepcave_symbolic.runs.formats.values import (
    BadValueError,
    by_number,
    to_instance,
    to_integer,
    to_number,
    to_number_or_none,
    trials_from,
    vectors_by_id,
    without_trivial_budget,
)
from deepcave_symbolic.runs.run import Run, Status, Trial
from deepcave_symbolic.space.serialized import notes_of
from deepcave_symbolic.words.run_names import run_name

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["OLD_SCENARIO", "read_run"]

OLD_SCENARIO = "scenario.txt"
#: smac.tae.StatusType of SMAC 1.4, by number; a trial that is capped is one that was stopped for its time.
_STATUS = {
    "SUCCESS": Status.SUCCESS,
    "TIMEOUT": Status.TIMEOUT,
    "CRASHED": Status.CRASHED,
    "ABORT": Status.CRASHED,
    "MEMOUT": Status.MEMORYOUT,
    "CAPPED": Status.TIMEOUT,
    "RUNNING": Status.RUNNING,
    "STOP": Status.CRASHED,
    "DONOTADVANCE": Status.CRASHED,
}
_BY_NUMBER = dict(enumerate(_STATUS.values(), start=1))


def read_run(folder: Path, *, configspace: ConfigurationSpace | None = None) -> Run:
    """Returns the SMAC 1 run in a folder.

    Args:
        folder: The run's folder.
        configspace: Replaces configspace.json.

    Raises:
        RunFormatError: If a file is missing, empty, truncated or not what SMAC writes.
    """
    space = space_for(folder, configspace)
    file = folder / RUNHISTORY
    history = read_json(file, what="SMAC's trials")
    data = history.get("data")
    if not isinstance(history.get("configs"), dict) or not isinstance(data, list):
        raise RunFormatError(
            f"{file} is no run history of SMAC 1.x: it lacks the sections 'data' and 'configs'.", path=file
        )
    vectors, notes = vectors_by_id(by_number(history["configs"], file), space, file)
    objectives = _objectives(data, folder / OLD_SCENARIO)
    trials = trials_from(data, lambda row: _trial(row, vectors.keys(), len(objectives)), file)
    return Run(
        name=run_name(str(folder.absolute())),
        configspace=space,
        objectives=objectives,
        trials=without_trivial_budget(trials),
        configurations=vectors,
        path=folder,
        optimizer="SMAC 1",
        notes=(*notes_of(space), *notes),
    )


def _objectives(data: Sequence[Any], scenario: Path) -> tuple[str, ...]:
    """Returns the names of the objectives; the scenario's, if it names as many as the first trial has costs."""
    lines = read_text(scenario, what="SMAC's scenario").splitlines()
    options = dict(part.partition("=")[::2] for part in lines)
    named = next((value for name, value in options.items() if name.strip() == "multi_objectives"), "")
    names = tuple(name.strip(" '\"") for name in named.strip(" []").split(","))
    try:
        cost = data[0][1][0]
    except (IndexError, KeyError, TypeError):  # said where the trial is read
        cost = None
    n = len(cost) if isinstance(cost, list) and cost else 1
    if len(set(names) - {""}) == n:
        return names
    return ("cost",) if n == 1 else tuple(f"cost {i}" for i in range(n))


def _trial(row: Any, config_ids: Any, n_objectives: int) -> Trial:
    pair = row if isinstance(row, list) and len(row) == 2 else (None, None)
    key, value = pair
    if not isinstance(key, list) or len(key) not in (3, 4) or not isinstance(value, list) or len(value) not in (4, 6):
        raise BadValueError(f"it is {row!r:.80}, expected [[configuration, instance, seed, ...], [cost, time, ...]]")
    config_id = to_integer(key[0], "configuration")
    if config_id not in config_ids:
        raise BadValueError(f"its configuration {config_id} is not among 'configs'")
    status = _status(value[2])
    costs = value[0] if isinstance(value[0], list) else [value[0]]
    if len(costs) != n_objectives:
        raise BadValueError(f"it has {len(costs)} costs for {n_objectives} objectives")
    measured = tuple(to_number(cost, "cost") for cost in costs)
    return Trial(
        config_id=config_id,
        costs=measured if status == Status.SUCCESS else (math.nan,) * n_objectives,
        status=status,
        instance=to_instance(key[1]),
        seed=None if key[2] is None else to_integer(key[2], "seed"),
        budget=to_number_or_none(key[3], "budget") if len(key) == 4 else None,
        time=to_number(value[1], "time"),
    )


def _status(value: Any) -> Status:
    """Returns a status that is written as {"__enum__": "StatusType.SUCCESS"}, as its name or as its number."""
    text = value.get("__enum__") if isinstance(value, dict) else value
    if isinstance(text, str) and (known := _STATUS.get(text.rpartition(".")[2])) is not None:
        return known
    if type(text) is int and text in _BY_NUMBER:
        return _BY_NUMBER[text]
    raise BadValueError(f"unknown status {value!r:.80}")
