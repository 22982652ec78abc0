"""Reader of BOHB's folders: the two files of hpbandster's `json_result_logger`, which appends a line for every result.

configs.json has lines of [id, configuration, ...], results.json of [id, budget, times, result, exception]; an id is a
list of three numbers. A result is {"loss": number, "info": anything}, or null where the job failed. BOHB minimises the
loss, records no seeds and no configuration space: configspace.json is there where somebody wrote it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.exceptions import RunFormatError
from deepcave_symbolic.runs.configspace import space_for
from deepcave_symbolic.runs.files import read_json_lines
from deepcave_symbolic.runs.formats.values import (
    BadValueError,
    to_finite,
    to_number,
    to_seconds,
    trials_from,
    vectors_by_id,
)
from deepcave_symbolic.runs.run import Run, Status, Trial
from deepcave_symbolic.space.serialized import notes_of
from deepcave_symbolic.words.run_names import run_name

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["CONFIGS", "RESULTS", "read_run"]

RESULTS, CONFIGS = "results.json", "configs.json"
#: What of a state that Auto-PyTorch writes into "info" says that a job has succeeded, or has not ended.
_SUCCEEDED, _GOES_ON = ("SUCCESS", "TERMINATED", "COMPLETED"), ("RUNNING", "QUEUED", "REVIEW")


def read_run(folder: Path, *, configspace: ConfigurationSpace | None = None) -> Run:
    """Returns the BOHB run in a folder.

    Args:
        folder: The run's folder.
        configspace: Replaces configspace.json.

    Raises:
        RunFormatError: If a file is missing, empty, truncated or not what hpbandster writes.
    """
    space = space_for(folder, configspace, reason="BOHB writes no configuration space")
    configs = _configurations(folder / CONFIGS)
    numbers = {config_id: i for i, config_id in enumerate(configs)}
    names = list(configs)
    vectors, notes = vectors_by_id(
        dict(enumerate(configs.values())), space, folder / CONFIGS, lambda i: f"configuration {list(names[i])}"
    )
    file = folder / RESULTS
    trials = trials_from(read_json_lines(file, what="BOHB's results"), lambda row: _trial(row, numbers), file)
    return Run(
        name=run_name(str(folder.absolute())),
        configspace=space,
        objectives=("loss",),
        trials=trials,
        configurations=vectors,
        path=folder,
        optimizer="BOHB",
        notes=(*notes_of(space), *notes),
    )


def _configurations(file: Path) -> dict[tuple[int, ...], dict[str, Any]]:
    found: dict[tuple[int, ...], dict[str, Any]] = {}
    for position, row in enumerate(read_json_lines(file, what="BOHB's configurations"), start=1):
        if not isinstance(row, list) or len(row) not in (2, 3) or not isinstance(row[1], dict):
            raise RunFormatError(
                f"{file}: configuration {position} is {row!r:.80}, expected [id, configuration, ...].", path=file
            )
        try:
            config_id = _id(row[0])
        except BadValueError as error:
            raise RunFormatError(f"{file}: configuration {position}: {error}.", path=file) from error
        if found.setdefault(config_id, row[1]) != row[1]:
            raise RunFormatError(
                f"{file} has two configurations {list(config_id)}: two runs were written into one folder, so that "
                "nobody knows which results are whose. Take the lines of one run out of both files.",
                path=file,
            )
    return found


def _id(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or not value or not all(type(part) is int for part in value):
        raise BadValueError(f"its id is {value!r:.80}, expected a list of integers")
    return tuple(value)


def _trial(row: Any, numbers: Mapping[tuple[int, ...], int]) -> Trial:
    if not isinstance(row, list) or len(row) != 5:
        raise BadValueError(f"it is {row!r:.80}, expected [id, budget, times, result, exception]")
    config_id = _id(row[0])
    if config_id not in numbers:
        raise BadValueError(f"its configuration {list(config_id)} is not in {CONFIGS}")
    times = row[2] if isinstance(row[2], dict) else {}
    status, cost = _result(row[3])
    return Trial(
        config_id=numbers[config_id],
        costs=(cost,),
        status=status,
        budget=to_finite(row[1], "budget"),
        time=to_seconds(times.get("started"), times.get("finished")),
    )


def _result(result: Any) -> tuple[Status, float]:
    """Returns how a job ended and its loss, NaN where it has none that it was measured."""
    if result is None:
        return Status.CRASHED, math.nan
    if not isinstance(result, dict) or "loss" not in result:
        raise BadValueError(f"its result is {result!r:.80}, expected an object with a 'loss', or null")
    if result["loss"] is None:
        return Status.CRASHED, math.nan
    loss = to_number(result["loss"], "loss")
    info = result.get("info")
    state = info.get("state") if isinstance(info, dict) else None
    if not isinstance(state, str) or any(word in state for word in _SUCCEEDED):
        return Status.SUCCESS, loss
    return Status.RUNNING if any(word in state for word in _GOES_ON) else Status.CRASHED, math.nan
