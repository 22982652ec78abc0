"""Reader of SMAC 2.x: every row layout from 2.0 to 2.4.

A folder holds scenario.json (options, and in `_meta` the components of the optimizer), runhistory.json (trials and
configurations) and configspace.json. SMAC's own `RunHistory.load` reads only what its version wrote and turns an
unreadable file into an empty history, so the JSON is parsed here; nothing of smac is imported.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.exceptions import RunFormatError
from deepcave_symbolic.runs.configspace import space_for
from deepcave_symbolic.runs.files import read_json
from deepcave_symbolic.runs.formats.values import (
    BadValueError,
    by_number,
    to_finite,
    to_instance,
    to_integer,
    to_number,
    vectors_by_id,
)
from deepcave_symbolic.runs.run import Run, Status, Trial
from deepcave_symbolic.space.serialized import notes_of
from deepcave_symbolic.words.run_names import run_name

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["RUNHISTORY", "SCENARIO", "read_run"]

RUNHISTORY = "runhistory.json"
SCENARIO = "scenario.json"

# SMAC 2.0 to 2.2 wrote rows of 10 values, 2.3.0 added cpu_time after time, later versions write dictionaries.
_COLUMNS_10 = ("config_id", "instance", "seed", "budget", "cost", "time", "status", "starttime", "endtime")
_COLUMNS_11 = (*_COLUMNS_10[:6], "cpu_time", *_COLUMNS_10[6:])
_REQUIRED = ("config_id", "cost", "status")


@dataclass(frozen=True)
class _Context:
    """What every row is checked against."""

    n_objectives: int
    config_ids: frozenset[int]


def read_run(folder: Path, *, configspace: ConfigurationSpace | None = None) -> Run:
    """Returns the SMAC 2.x run in a folder.

    Args:
        folder: The run's folder.
        configspace: Replaces configspace.json, for runs that have none; with it, scenario.json may be missing, too.

    Raises:
        RunFormatError: If a file is missing, empty, truncated or not what SMAC writes.
    """
    scenario = _read_scenario(folder, needed=configspace is None)
    space = space_for(folder, configspace)
    file = folder / RUNHISTORY
    history = read_json(file, what="SMAC's trials")
    if not isinstance(history.get("configs"), dict) or not isinstance(history.get("data"), list | dict):
        raise RunFormatError(
            f"{file} is no run history of SMAC 2.x: it lacks the sections 'data' and 'configs'.", path=file
        )
    objectives = _objectives(scenario, folder / SCENARIO) if scenario else _unnamed_objectives(history["data"], file)
    configurations, notes = vectors_by_id(by_number(history["configs"], file), space, file)
    trials = _trials(history["data"], _Context(len(objectives), frozenset(configurations)), file)
    meta = scenario.get("_meta")
    version = meta.get("version") if isinstance(meta, dict) else None
    return Run(
        name=run_name(str(folder.absolute())),
        configspace=space,
        objectives=objectives,
        trials=trials,
        configurations=configurations,
        path=folder,
        scenario=scenario,
        optimizer="SMAC" if scenario else f"SMAC without its {SCENARIO}",
        version=version if isinstance(version, str) else None,
        notes=(*notes_of(space), *notes),
    )


def _read_scenario(folder: Path, *, needed: bool) -> dict[str, Any]:
    """Returns scenario.json; empty where there is none and it is not needed."""
    file = folder / SCENARIO
    if not os.path.lexists(file):
        if not needed:
            return {}
        raise RunFormatError(
            f"{file} is missing; expected SMAC's scenario there. Copy the whole run folder, or give the configuration "
            "space (configspace, --configspace FILE), with which the trials alone are read.",
            path=file,
        )
    scenario = read_json(file, what="SMAC's scenario")
    if "objectives" not in scenario:
        raise RunFormatError(f"{file} is no scenario of SMAC 2.x: it names no 'objectives'.", path=file)
    return scenario


def _unnamed_objectives(data: Any, file: Path) -> tuple[str, ...]:
    """Returns names for as many objectives as the first finished trial has costs."""
    rows = (row for row in _rows(data, file) if row.get("status") != Status.RUNNING)
    cost = next((row.get("cost") for row in rows), None)
    n = len(cost) if isinstance(cost, list) else 1
    return ("cost",) if n < 2 else tuple(f"cost {i}" for i in range(n))


def _objectives(scenario: Mapping[str, Any], file: Path) -> tuple[str, ...]:
    value = scenario["objectives"]
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise RunFormatError(f"{file}: 'objectives' must be a name or a list of names, found {value!r}.", path=file)
    if len(set(names)) < len(names):
        raise RunFormatError(f"{file}: 'objectives' repeats a name: {value!r}.", path=file)
    return tuple(names)


def _trials(data: Sequence[Any] | Mapping[str, Any], context: _Context, file: Path) -> tuple[Trial, ...]:
    # As RunHistory.add: one trial per key (configuration id, instance, seed, budget), the first one stays. Only a
    # running one is replaced by its result, in its place, as SMAC does when the trial reports back. Unlike
    # RunHistory.load, configurations of equal values under different ids stay apart, as they were while SMAC ran:
    # parallel runs record a trial as running under one id and its result under another, and load would drop every
    # result.
    trials: dict[tuple[int, str | None, int | None, float | None], Trial] = {}
    for number, row in enumerate(_rows(data, file), start=1):
        try:
            trial = _trial(row, context)
        except BadValueError as error:
            raise RunFormatError(f"{file}: trial {number}: {error}.", path=file) from error
        key = (trial.config_id, trial.instance, trial.seed, trial.budget)
        known = trials.get(key)
        if known is None or (known.status == Status.RUNNING and trial.status != Status.RUNNING):
            trials[key] = trial
    return tuple(trials.values())


def _rows(data: Sequence[Any] | Mapping[str, Any], file: Path) -> Iterator[Mapping[str, Any]]:
    """Yields every row as a dictionary of SMAC's column names."""
    if isinstance(data, Mapping):
        for key, entry in data.items():
            for row in entry if isinstance(entry, list) else [entry]:
                if not isinstance(row, dict):
                    raise RunFormatError(f"{file}: trial of configuration {key} is no object: {row!r:.80}.", path=file)
                yield {"config_id": key, **row}
        return
    for number, row in enumerate(data, start=1):
        if isinstance(row, dict):
            yield row
        elif isinstance(row, list) and len(row) in (10, 11):
            # additional_info, the last column, belongs to the user and is not read.
            yield dict(zip(_COLUMNS_10 if len(row) == 10 else _COLUMNS_11, row, strict=False))
        else:
            size = f"a list of {len(row)}" if isinstance(row, list) else f"{row!r:.80}"
            raise RunFormatError(
                f"{file}: trial {number} is {size}; SMAC 2.x writes lists of 10 or 11 values or objects.", path=file
            )


def _trial(row: Mapping[str, Any], context: _Context) -> Trial:
    for name in _REQUIRED:
        if name not in row:
            raise BadValueError(f"it has no {name!r}")
    config_id = to_integer(row["config_id"], "config_id")
    if config_id not in context.config_ids:
        raise BadValueError(f"its configuration {config_id} is not among 'configs'")
    code = to_integer(row["status"], "status")
    if code not in {int(status) for status in Status}:
        raise BadValueError(f"unknown status {code}")
    status = Status(code)
    seed, budget = row.get("seed"), row.get("budget")
    return Trial(
        config_id=config_id,
        # SMAC fills in 2**31 - 1 while a trial runs.
        costs=(math.nan,) * context.n_objectives if status == Status.RUNNING else _costs(row["cost"], context),
        status=status,
        instance=to_instance(row.get("instance")),
        seed=None if seed is None else to_integer(seed, "seed"),
        budget=None if budget is None else to_finite(budget, "budget"),
        time=to_number(row.get("time", 0.0), "time"),
    )


def _costs(value: Any, context: _Context) -> tuple[float, ...]:
    values = value if isinstance(value, list) else [value]
    if len(values) != context.n_objectives:
        raise BadValueError(f"it has {len(values)} costs for {context.n_objectives} objectives")
    return tuple(to_number(v, "cost") for v in values)
