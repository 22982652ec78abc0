"""Reader of runs as DeepCAVE takes them from tables: trials.csv, a trial a row, and configspace.csv.

trials.csv has a column a hyperparameter, one or several of costs, called "metric:NAME [LOWER; UPPER] (minimize)", and
where they are known status, budget, seed, start_time and end_time; other columns are left alone. Rows of equal values
are one configuration. Text has no types: numbers are what a hyperparameter of numbers has.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.exceptions import RunFormatError
from deepcave_symbolic.runs.files import read_table
from deepcave_symbolic.runs.formats.recorder import STATUS
from deepcave_symbolic.runs.formats.table_space import SPACE_TABLE, read_space_table
from deepcave_symbolic.runs.formats.values import (
    BadValueError,
    to_integer,
    to_number,
    to_number_or_none,
    to_seconds,
    trials_from,
    vectors_by_id,
    without_trivial_budget,
)
from deepcave_symbolic.runs.run import Run, Status, Trial
from deepcave_symbolic.space.choices import choices_of
from deepcave_symbolic.space.serialized import notes_of
from deepcave_symbolic.words.run_names import run_name

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["TRIALS", "read_run"]

TRIALS = "trials.csv"
_METRIC = "metric:"


@dataclass(frozen=True)
class _Objective:
    """A column of costs."""

    column: str
    name: str
    maximized: bool


def read_run(folder: Path, *, configspace: ConfigurationSpace | None = None) -> Run:
    """Returns the run in a folder of tables.

    Args:
        folder: The run's folder.
        configspace: Replaces configspace.csv.

    Raises:
        RunFormatError: If a file is missing, empty, truncated or no such table.
    """
    space = read_space_table(folder / SPACE_TABLE) if configspace is None else configspace
    file = folder / TRIALS
    columns, rows = read_table(file, what="the trials")
    if missing := [name for name in space if name not in columns]:
        raise RunFormatError(f"{file} has no column {missing[0]!r:.80}, a hyperparameter of the space.", path=file)
    objectives = _objectives(columns, file)
    readers = {name: _reader(hyperparameter) for name, hyperparameter in space.items()}
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    configs = [{name: read(text) for name, read in readers.items() if (text := row[name]) != ""} for row in records]
    ids: dict[tuple[Any, ...], int] = {}
    config_ids = [ids.setdefault(tuple(map(config.get, readers)), len(ids)) for config in configs]
    firsts = {config_id: row for row, config_id in reversed(list(enumerate(config_ids)))}
    vectors, notes = vectors_by_id(
        {config_id: configs[firsts[config_id]] for config_id in ids.values()},
        space,
        file,
        lambda config_id: f"row {firsts[config_id] + 1}",
    )
    # A hyperparameter may be called as one of DeepCAVE's own columns.
    own = [{k: v for k, v in row.items() if k not in readers} for row in records]
    trials = trials_from(zip(config_ids, own, strict=True), lambda pair: _trial(*pair, objectives), file)
    return Run(
        name=run_name(str(folder.absolute())),
        configspace=space,
        objectives=tuple(objective.name for objective in objectives),
        trials=without_trivial_budget(trials),
        configurations=vectors,
        path=folder,
        optimizer="DeepCAVE's table",
        maximized=frozenset(objective.name for objective in objectives if objective.maximized),
        notes=(*notes_of(space), *notes),
    )


def _objectives(columns: Sequence[str], file: Path) -> tuple[_Objective, ...]:
    found = []
    for column in columns:
        if not column.startswith(_METRIC):
            continue
        name, way = column.removeprefix(_METRIC).strip(), "minimize"
        if name.endswith(")"):
            name, _, way = name[:-1].rpartition("(")
            name = name.strip()
        if name.endswith("]"):
            name = name.rpartition("[")[0].strip()
        if not name or way not in ("minimize", "maximize"):
            raise RunFormatError(
                f"{file} has a column {column!r:.80}; expected {_METRIC}NAME [LOWER; UPPER] (minimize) or (maximize).",
                path=file,
            )
        found.append(_Objective(column, name, way == "maximize"))
    if len({objective.name for objective in found}) < len(found) or not found:
        raise RunFormatError(
            f"{file} has {len(found)} columns of costs; expected one, or several of different names, called "
            f"{_METRIC}NAME [LOWER; UPPER] (minimize) or (maximize).",
            path=file,
        )
    return tuple(found)


def _reader(hyperparameter: Any) -> Callable[[str], Any]:
    """Returns what makes a value of a cell's text; text that is none stays, and the space says that it does not fit."""
    if hasattr(hyperparameter, "lower"):
        return _number_in
    names = set(map(str, choices_of(hyperparameter)))
    return lambda text: text if text in names else _number_in(text)


def _number_in(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _trial(config_id: int, row: Mapping[str, str], objectives: Sequence[_Objective]) -> Trial:
    def cell(name: str) -> Any:
        text = row.get(name, "").strip()
        return _number_in(text) if text else None

    name = str(cell("status") or "success").upper()
    if name not in STATUS:
        raise BadValueError(f"unknown status {name!r:.80}, expected one of {', '.join(STATUS).lower()}")
    status, seed = STATUS[name], cell("seed")
    found = [cell(objective.column) for objective in objectives]
    costs = tuple(math.nan if cost is None else to_number(cost, "cost") for cost in found)
    return Trial(
        config_id=config_id,
        costs=costs if status == Status.SUCCESS else (math.nan,) * len(costs),
        status=status,
        seed=None if seed is None else to_integer(seed, "seed"),
        budget=to_number_or_none(cell("budget"), "budget"),
        time=to_seconds(cell("start_time"), cell("end_time")),
    )
