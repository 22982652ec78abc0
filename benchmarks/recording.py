"""Records SMAC runs for the benchmarks: run folders without what names this machine."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

FACADES = {"bbo": "BlackBoxFacade", "hpo": "HyperparameterOptimizationFacade"}


def record_run(
    configspace: Any,
    cost: Callable[[Any, int], float],
    *,
    name: str,
    facade: str,
    n_trials: int,
    target: Path,
    objective: str = "error",
) -> None:
    """Optimises with SMAC and keeps the run folder; an existing one stays.

    Args:
        configspace: The configuration space.
        cost: The cost of a configuration in the evaluation of a number from 1 on: every evaluation has a seed of its
            own, the noise that a user's run has, too.
        name: The scenario's name.
        facade: A key of `FACADES`.
        n_trials: Evaluations.
        target: Where the run folder is kept; it appears when it is complete.
        objective: Name of the objective.
    """
    import smac

    if target.exists():
        return
    evaluations = 0

    def evaluate(config: Any, seed: int = 0) -> float:
        nonlocal evaluations
        evaluations += 1
        return cost(config, evaluations)

    with tempfile.TemporaryDirectory() as temporary:
        scenario = smac.Scenario(
            configspace,
            name=name,
            output_directory=Path(temporary),
            objectives=objective,
            deterministic=True,
            n_trials=n_trials,
            seed=0,
        )
        getattr(smac, FACADES[facade])(scenario, evaluate, overwrite=True, logging_level=False).optimize()
        kept = target.with_name(f"{target.name}.part")
        kept.mkdir(parents=True, exist_ok=True)
        for file in ("configspace.json", "runhistory.json", "scenario.json"):
            shutil.copy(Path(scenario.output_directory) / file, kept / file)
    record = json.loads((kept / "scenario.json").read_text())
    record["output_directory"] = target.name
    (kept / "scenario.json").write_text(json.dumps(record, indent=2) + "\n")
    history = json.loads((kept / "runhistory.json").read_text())
    (kept / "runhistory.json").write_text(json.dumps(history) + "\n")
    kept.rename(target)
