"""Records the runs beside this file with whatever SMAC 2 is installed: `python make_runs.py FOLDER`.

Made with SMAC 2.0.2, 2.1.0, 2.2.0 and 2.3.1, each in an environment of its own (Python 3.10), so that the reader
and the rebuilt surrogate are tested on what those versions wrote.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import smac
from ConfigSpace import Categorical, Configuration, ConfigurationSpace, EqualsCondition, Float, Integer


def space(with_condition: bool) -> ConfigurationSpace:
    """Returns a small space; ConfigSpace before 1.0 has other names for adding."""
    result: Any = ConfigurationSpace(seed=0)
    hyperparameters: list[Any] = [Float("x", (0.001, 1.0), log=True), Integer("n", (1, 16))]
    conditions = []
    if with_condition:
        kind, depth = Categorical("kind", ["p", "q"]), Float("depth", (0.0, 1.0))
        hyperparameters += [kind, depth]
        conditions.append(EqualsCondition(depth, kind, "q"))
    if hasattr(result, "add_hyperparameters"):
        result.add_hyperparameters(hyperparameters)
        result.add_conditions(conditions)
    else:
        result.add(*hyperparameters, *conditions)
    return result


def with_budget(config: Configuration, seed: int = 0, budget: float = 9.0) -> float:
    """Returns a bowl in log10(x), with a level for the choice and less for larger budgets."""
    values = dict(config)
    bowl = (math.log10(values["x"]) + 1.5) ** 2 + 0.01 * values["n"]
    return 0.1 + bowl + (0.2 if values.get("kind") == "q" else 0.0) + 1 / budget


def plain(config: Configuration, seed: int = 0) -> float:
    """Returns the cost without budgets."""
    return with_budget(config, seed)


def main(folder: Path) -> None:
    """Records a run with a forest, one with a Gaussian process and one with budgets."""
    kinds: list[tuple[str, Any, bool, Any, dict[str, Any]]] = [
        ("forest", smac.HyperparameterOptimizationFacade, True, plain, {}),
        ("process", smac.BlackBoxFacade, False, plain, {}),
        ("fidelity", smac.MultiFidelityFacade, True, with_budget, {"min_budget": 1, "max_budget": 9}),
    ]
    for name, facade, with_condition, target, budgets in kinds:
        with tempfile.TemporaryDirectory() as scratch:
            options = {"output_directory": Path(scratch), "deterministic": True, "n_trials": 12, "seed": 1, **budgets}
            scenario = smac.Scenario(space(with_condition), name=name, **options)
            design = {} if budgets else {"initial_design": facade.get_initial_design(scenario, n_configs=6)}
            facade(scenario, target, logging_level=False, overwrite=True, **design).optimize()
            version = json.loads((scenario.output_directory / "scenario.json").read_text())["_meta"]["version"]
            kept = folder / version / name
            kept.mkdir(parents=True, exist_ok=True)
            for file in ("scenario.json", "configspace.json", "runhistory.json"):
                shutil.copyfile(scenario.output_directory / file, kept / file)
        # A committed run names no folder of the machine that made it.
        recorded = json.loads((kept / "scenario.json").read_text())
        recorded["output_directory"] = f"tests/data/runs/{version}/{name}"
        (kept / "scenario.json").write_text(json.dumps(recorded, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
