"""The record of a SMAC run that is in memory: what `load_run` would read from the folder that SMAC writes.

SMAC's objects are only read. The configuration space is a copy, because its generator decides what the run does next.
"""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from deepcave_symbolic.runs.run import Run, Status, Trial
from deepcave_symbolic.words.run_names import run_name

__all__ = ["live_run"]


def live_run(smbo: Any) -> Run:
    """Returns the run of a SMAC 2.4 optimizer (`smac.main.smbo.SMBO`) as it is now, running trials included."""
    scenario, history = smbo._scenario, smbo.runhistory
    written = _as_written(scenario)
    folder = Path(scenario.output_directory)
    objectives = scenario.objectives
    names = (objectives,) if isinstance(objectives, str) else tuple(objectives)
    known = {key.config_id for key in history}
    version = written["_meta"].get("version")
    return Run(
        name=run_name(str(folder.absolute())),
        configspace=copy.deepcopy(scenario.configspace),
        objectives=names,
        trials=tuple(_trial(key, value, len(names)) for key, value in history.items()),
        configurations={
            int(i): np.array(config.get_array(), dtype=np.float64)
            for i, config in history.ids_config.items()
            if i in known
        },
        path=folder,
        scenario=written,
        version=version if isinstance(version, str) else None,
    )


def _trial(key: Any, value: Any, n_objectives: int) -> Trial:
    status = Status(int(value.status))
    costs = value.cost if isinstance(value.cost, list | tuple | np.ndarray) else [value.cost]
    return Trial(
        config_id=int(key.config_id),
        # SMAC fills in 2**31 - 1 while a trial runs.
        costs=(math.nan,) * n_objectives if status == Status.RUNNING else tuple(float(c) for c in costs),
        status=status,
        instance=None if key.instance is None else str(key.instance),
        seed=None if key.seed is None else int(key.seed),
        budget=None if key.budget is None else float(key.budget),
        time=float(value.time),
    )


def _as_written(scenario: Any) -> dict[str, Any]:
    """Returns what `Scenario.save` writes to scenario.json, as JSON gives it back (lists for tuples)."""
    from smac.utils.numpyencoder import NumpyEncoder

    data = {k: v for k, v in vars(scenario).items() if k not in ("configspace", "output_directory")}
    data["output_directory"] = str(scenario.output_directory)
    written: dict[str, Any] = json.loads(json.dumps(data, cls=NumpyEncoder))
    return written
