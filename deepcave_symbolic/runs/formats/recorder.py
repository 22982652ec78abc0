"""Reader of what DeepCAVE's recorder writes: runs of any optimizer, recorded trial by trial.

A folder holds meta.json (the objectives), configspace.json, configs.json (configurations by id) and history.jsonl, a
list of values a trial and line: configuration, budget, seed, costs, CPU time, start, end, status, additional. Recorders
up to DeepCAVE 1.3 had no CPU time, the first ones no seed. Costs are taken as they were recorded, failed trials' too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.exceptions import RunFormatError
from deepcave_symbolic.runs.configspace import space_for
from deepcave_symbolic.runs.files import read_json, read_json_lines
from deepcave_symbolic.runs.formats.values import (
    BadValueError,
    by_number,
    to_integer,
    to_number,
    to_number_or_none,
    to_seconds,
    trials_from,
    vectors_by_id,
    without_trivial_budget,
)
from deepcave_symbolic.runs.run import Run, Status, Trial
from deepcave_symbolic.space.serialized import notes_of
from deepcave_symbolic.words.run_names import run_name

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["CONFIGS", "HISTORY", "META", "STATUS", "read_run"]

HISTORY, CONFIGS, META = "history.jsonl", "configs.json", "meta.json"
#: DeepCAVE's statuses, by number from 1.
STATUS = {
    "SUCCESS": Status.SUCCESS,
    "TIMEOUT": Status.TIMEOUT,
    "MEMORYOUT": Status.MEMORYOUT,
    "CRASHED": Status.CRASHED,
    "ABORTED": Status.CRASHED,
    "NOT_EVALUATED": Status.RUNNING,
    "FAILED": Status.CRASHED,
    "PRUNED": Status.CRASHED,
    "UNKNOWN": Status.CRASHED,
}
_BY_NUMBER = dict(enumerate(STATUS.values(), start=1))
_COLUMNS = {
    7: ("config", "budget", "costs", "start", "end", "status"),
    8: ("config", "budget", "seed", "costs", "start", "end", "status"),
    9: ("config", "budget", "seed", "costs", "cpu_time", "start", "end", "status"),
}


@dataclass(frozen=True)
class _Objectives:
    names: tuple[str, ...]
    maximized: frozenset[str]


def read_run(folder: Path, *, configspace: ConfigurationSpace | None = None) -> Run:
    """Returns the recorded run in a folder.

    Args:
        folder: The run's folder.
        configspace: Replaces configspace.json.

    Raises:
        RunFormatError: If a file is missing, empty, truncated or not what DeepCAVE writes.
    """
    space = space_for(folder, configspace)
    objectives = _objectives(folder / META)
    file = folder / CONFIGS
    vectors, notes = vectors_by_id(by_number(read_json(file, what="the configurations"), file), space, file)
    file = folder / HISTORY
    rows = read_json_lines(file, what="DeepCAVE's trials")
    trials = trials_from(rows, lambda row: _trial(row, vectors.keys(), len(objectives.names)), file)
    return Run(
        name=run_name(str(folder.absolute())),
        configspace=space,
        objectives=objectives.names,
        trials=without_trivial_budget(trials),
        configurations=vectors,
        path=folder,
        optimizer="DeepCAVE's recorder",
        maximized=objectives.maximized,
        notes=(*notes_of(space), *notes),
    )


def _objectives(file: Path) -> _Objectives:
    found = read_json(file, what="the objectives").get("objectives")
    entries = [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []
    ways = {entry["name"]: entry.get("optimize") for entry in entries if isinstance(entry.get("name"), str)}
    if not isinstance(found, list) or not ways or len(ways) < len(found):
        raise RunFormatError(
            f"{file}: 'objectives' is {found!r:.80}, expected a list of objects, each with a 'name' of its own.",
            path=file,
        )
    return _Objectives(tuple(ways), frozenset(name for name, way in ways.items() if way == "upper"))


def _trial(row: Any, config_ids: Any, n_objectives: int) -> Trial:
    if not isinstance(row, list) or len(row) not in _COLUMNS:
        found = f"a list of {len(row)}" if isinstance(row, list) else f"{row!r:.80}"
        raise BadValueError(f"it is {found}; DeepCAVE writes lists of {', '.join(map(str, _COLUMNS))} values")
    values = dict(zip(_COLUMNS[len(row)], row, strict=False))
    config_id = to_integer(values["config"], "configuration")
    if config_id not in config_ids:
        raise BadValueError(f"its configuration {config_id} is not in {CONFIGS}")
    costs = values["costs"]
    if not isinstance(costs, list) or len(costs) != n_objectives:
        raise BadValueError(f"its costs are {costs!r:.80}, expected a list of {n_objectives}")
    status = values["status"]
    if type(status) is not int or status not in _BY_NUMBER:
        raise BadValueError(f"unknown status {status!r:.80}")
    seed = values.get("seed")
    return Trial(
        config_id=config_id,
        costs=tuple(math.nan if cost is None else to_number(cost, "cost") for cost in costs),
        status=_BY_NUMBER[status],
        seed=None if seed is None else to_integer(seed, "seed"),
        budget=to_number_or_none(values["budget"], "budget"),
        time=to_seconds(values["start"], values["end"]),
    )
