"""Records the runs beside this file with whatever SMAC is installed: `python make_runs.py FOLDER`.

`runs/VERSION/KIND` were made with SMAC 2.0.0, 2.0.2, 2.1.0, 2.2.0, 2.3.1 and 1.4.0, each in an environment of its
own (Python 3.10; ConfigSpace 0.6.1 and NumPy 1 up to SMAC 2.1, later ones bring theirs), so that the reader and
the rebuilt surrogate are tested on what those versions wrote. `runs/others` are the folders of other optimizers, made
with `--others` where DeepCAVE, pandas and hpbandster (each as far as it is there) are installed. What is in the folder
already stays, so the script can be started again.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import random
import shutil
import site
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ConfigSpace import Categorical, Configuration, ConfigurationSpace, EqualsCondition, Float, InCondition, Integer

SMAC_FILES = ("scenario.json", "configspace.json", "runhistory.json")
SMAC_1_FILES = ("scenario.txt", "configspace.json", "runhistory.json", "traj.json", "stats.json")


def make_space(hyperparameters: list[Any], conditions: list[Any]) -> ConfigurationSpace:
    """Returns a space; ConfigSpace before 1.0 has other names for adding."""
    result: Any = ConfigurationSpace(seed=0)
    if version("ConfigSpace").startswith("0."):
        result.add_hyperparameters(hyperparameters)
        result.add_conditions(conditions)
    else:
        result.add(*hyperparameters, *conditions)
    return result


def numbers() -> ConfigurationSpace:
    """Returns two numeric hyperparameters."""
    return make_space([Float("x", (0.001, 1.0), log=True), Integer("n", (1, 16))], [])


def with_a_choice() -> ConfigurationSpace:
    """Returns the same two, a choice and a number that exists for one choice only."""
    kind, depth = Categorical("kind", ["p", "q"]), Float("depth", (0.0, 1.0))
    numeric: list[Any] = [Float("x", (0.001, 1.0), log=True), Integer("n", (1, 16))]
    return make_space([*numeric, kind, depth], [EqualsCondition(depth, kind, "q")])


def network() -> ConfigurationSpace:
    """Returns seven hyperparameters of a neural network, three of them under conditions."""
    solver = Categorical("solver", ["lbfgs", "sgd", "adam"], default="adam")
    batch_size = Integer("batch_size", (30, 300), default=200)
    schedule = Categorical("learning_rate", ["constant", "invscaling", "adaptive"], default="constant")
    step = Float("learning_rate_init", (1e-4, 1.0), log=True, default=1e-3)
    free: list[Any] = [Categorical("activation", ["logistic", "tanh", "relu"], default="tanh")]
    free += [Integer("n_layer", (1, 5), default=1), Integer("n_neurons", (8, 256), log=True, default=10)]
    conditions = [
        InCondition(batch_size, solver, ["sgd", "adam"]),
        EqualsCondition(schedule, solver, "sgd"),
        InCondition(step, solver, ["sgd", "adam"]),
    ]
    return make_space([*free, solver, batch_size, schedule, step], conditions)


def bowl(config: Configuration, seed: int = 0, budget: float = 9.0) -> float:
    """Returns a bowl in log10(x), with a level for the choice and less for larger budgets."""
    values = dict(config)
    depth = (math.log10(values["x"]) + 1.5) ** 2 + 0.01 * values["n"]
    return 0.1 + depth + (0.2 if values.get("kind") == "q" else 0.0) + 1 / budget


def plain_bowl(config: Configuration, seed: int = 0) -> float:
    """Returns the cost without budgets."""
    return bowl(config, seed)


def network_error(config: Configuration, seed: int = 0, budget: float = 25.0) -> float:
    """Returns what the error of such a network could be: noisy from seed to seed, lower with more epochs.

    The largest steps of plain gradient descent crash.
    """
    values = dict(config)
    step = values.get("learning_rate_init", 1e-3)
    if values["solver"] == "sgd" and step > 0.2:
        raise ValueError("the weights overflow")
    error = 0.05 + 0.03 * (math.log10(step) + 2.2) ** 2 + 0.6 / math.sqrt(values["n_neurons"])
    error += {"lbfgs": 0.05, "sgd": 0.1, "adam": 0.0}[values["solver"]]
    error += {"logistic": 0.02 * values["n_layer"], "tanh": 0.01, "relu": 0.0}[values["activation"]]
    noise = random.Random(f"{seed} {sorted((name, str(value)) for name, value in values.items())}").gauss(0, 0.01)
    return min(0.9, max(0.01, error + 0.3 / budget + noise))


def network_plain_error(config: Configuration, seed: int = 0) -> float:
    """Returns the error without budgets."""
    return network_error(config, seed)


def network_error_and_size(config: Configuration, seed: int = 0) -> dict[str, float]:
    """Returns the error and the number of weights, for 64 inputs and 10 outputs."""
    layers = [64, *[int(config["n_neurons"])] * int(config["n_layer"]), 10]
    size = sum((a + 1) * b for a, b in itertools.pairwise(layers))
    return {"1 - accuracy": network_error(config, seed), "model_size": float(size)}


@dataclass(frozen=True)
class Kind:
    """A run to record.

    Args:
        facade: The name of SMAC's facade.
        space: Makes the configuration space.
        target: What is minimised.
        options: Options of the scenario beside the folder.
        n_initial: How many configurations the initial design has; SMAC's own number where it is None.
        unfinished: How many more trials are asked for and never told.
    """

    facade: str
    space: Callable[[], ConfigurationSpace]
    target: Callable[..., Any]
    options: dict[str, Any] = field(default_factory=dict)
    n_initial: int | None = None
    unfinished: int = 0


SHORT: dict[str, Any] = {"deterministic": True, "n_trials": 12, "seed": 1}
BUDGETS = {"min_budget": 1, "max_budget": 9}
SEEDS: dict[str, Any] = {"deterministic": False, "seed": 0}

#: Recorded with every SMAC 2.
KINDS = {
    "forest": Kind("HyperparameterOptimizationFacade", with_a_choice, plain_bowl, SHORT, n_initial=6),
    "process": Kind("BlackBoxFacade", numbers, plain_bowl, SHORT, n_initial=6),
    "fidelity": Kind("MultiFidelityFacade", with_a_choice, bowl, {**SHORT, **BUDGETS}),
}
#: Recorded with one SMAC each.
LONGER = {
    "2.0.2": {
        "seeds": Kind(
            "HyperparameterOptimizationFacade", network, network_plain_error, {**SEEDS, "n_trials": 80}, n_initial=20
        ),
        "budgets": Kind(
            "MultiFidelityFacade",
            network,
            network_error,
            {**SEEDS, "n_trials": 120, "objectives": "1 - accuracy", "min_budget": 1, "max_budget": 25},
        ),
    },
    "2.2.0": {
        "objectives": Kind(
            "HyperparameterOptimizationFacade",
            network,
            network_error_and_size,
            {**SEEDS, "n_trials": 60, "objectives": ["1 - accuracy", "model_size"]},
            n_initial=20,
        ),
    },
    "2.3.1": {
        "unfinished": Kind(
            "MultiFidelityFacade",
            network,
            network_error,
            {**SEEDS, "n_trials": 90, "min_budget": 1, "max_budget": 25},
            n_initial=60,
            unfinished=30,
        ),
    },
}


def record(name: str, kind: Kind, target: Path, shown: str) -> None:
    """Runs SMAC 2 and keeps what the reader needs; a committed run names no folder of the machine that made it."""
    import smac

    facade_class = getattr(smac, kind.facade)
    with tempfile.TemporaryDirectory() as scratch:
        scenario = smac.Scenario(kind.space(), name=name, output_directory=Path(scratch), **kind.options)
        design = {} if kind.n_initial is None else {"n_configs": kind.n_initial}
        initial = facade_class.get_initial_design(scenario, **design)
        facade = facade_class(scenario, kind.target, initial_design=initial, logging_level=False, overwrite=True)
        facade.optimize()
        for _ in range(kind.unfinished):
            facade.ask()
        facade._optimizer.save()
        target.mkdir(parents=True)
        for file in SMAC_FILES:
            shutil.copyfile(scenario.output_directory / file, target / file)
    path = target / "scenario.json"
    recorded = json.loads(path.read_text())
    recorded["output_directory"] = shown
    path.write_text(json.dumps(recorded, indent=1) + "\n")
    path = target / "runhistory.json"  # a crash is recorded with its traceback
    path.write_text(
        path.read_text().replace(site.getsitepackages()[0] + "/", "").replace(f"{Path(__file__).parent}/", "")
    )


def record_smac_1(target: Path, shown: str) -> None:
    """Runs SMAC 1.4, whose folders only DeepCAVE reads."""
    from smac.facade.smac_hpo_facade import SMAC4HPO
    from smac.scenario.scenario import Scenario

    with tempfile.TemporaryDirectory() as scratch:
        options = {"run_obj": "quality", "runcount-limit": 20, "deterministic": True, "output_dir": scratch}
        SMAC4HPO(scenario=Scenario({**options, "cs": numbers()}), tae_runner=plain_bowl, rng=1).optimize()
        (written,) = Path(scratch).glob("run_*")
        target.mkdir(parents=True)
        for file in SMAC_1_FILES:
            shutil.copyfile(written / file, target / file)
    lines = (target / "scenario.txt").read_text().splitlines()
    kept = [f"pcs_fn = {shown}/configspace.json" if line.startswith("pcs_fn") else line for line in lines]
    (target / "scenario.txt").write_text("\n".join(kept) + "\n")


def record_dataframe(target: Path) -> None:
    """Writes a table as DeepCAVE reads it; its objective is maximised."""
    import pandas as pd

    space = numbers()
    rows = [
        {"config_id": i, **dict(config), "metric:score [-10.0; 0.0] (maximize)": -bowl(config), "status": "success"}
        | {"start_time": i, "end_time": i + 1, "budget": 1, "seed": -1, "additional": None}
        for i, config in enumerate(space.sample_configuration(20))
    ]
    target.mkdir(parents=True)
    pd.DataFrame(rows).to_csv(target / "trials.csv", index=False)
    bounds = {"x": ("float", True, 0.001, 1.0, 0.03), "n": ("integer", False, 1, 16, 8)}
    table = pd.DataFrame.from_dict(bounds, orient="index", columns=["type", "log", "lower", "upper", "default"])
    table["distribution"] = "uniform"
    for column in ("item_0", "item_1", "ordered", *(f"distribution_{p}" for p in ("mu", "sigma", "alpha", "beta"))):
        table[column] = None
    table.to_csv(target / "configspace.csv", index_label="name")


def record_deepcave(target: Path) -> None:
    """Records with DeepCAVE's own recorder: two objectives, one maximised, and three budgets."""
    from deepcave import Objective, Recorder

    space = with_a_choice()
    objectives = [Objective("score", lower=-10, upper=0, optimize="upper"), Objective("n", lower=0)]
    with tempfile.TemporaryDirectory() as scratch:
        with Recorder(space, objectives=objectives, save_path=f"{scratch}/run") as recorder:
            for config in space.sample_configuration(20):
                for budget in (1, 3, 9):
                    recorder.start(config=config, budget=budget)
                    recorder.end(costs=[-bowl(config, budget=budget), float(config["n"])], config=config, budget=budget)
        (written,) = [file.parent for file in Path(scratch).rglob("history.jsonl")]
        shutil.copytree(written, target)
    # Up to DeepCAVE 1.3 there was no cpu_time; 1.4.1 writes it and cannot read what it wrote.
    rows = [json.loads(line) for line in (target / "history.jsonl").read_text().splitlines()]
    (target / "history.jsonl").write_text("".join(json.dumps([*r[:4], *r[5:]]) + "\n" for r in rows))


def record_bohb(target: Path) -> None:
    """Writes results as hpbandster logs them, without the servers that it needs to run."""
    from hpbandster.core.result import json_result_logger

    class Job:
        def __init__(self, number: int, config: dict[str, Any], budget: float, cost: float) -> None:
            self.id, self.kwargs = (0, 0, number), {"config": config, "budget": budget}
            self.timestamps = {"submitted": float(number), "started": number + 0.1, "finished": number + 0.9}
            self.result, self.exception = {"loss": cost, "info": {}}, None

    space = numbers()
    target.mkdir(parents=True)
    logger = json_result_logger(directory=str(target), overwrite=True)
    for number, config in enumerate(space.sample_configuration(20)):
        values = {"x": float(config["x"]), "n": int(config["n"])}
        logger.new_config((0, 0, number), values, {"model_based_pick": False})
        logger(Job(number, values, 9.0, bowl(config)))
    space.to_json(target / "configspace.json")


OTHERS: dict[str, Callable[[Path], None]] = {
    "dataframe": record_dataframe,
    "deepcave": record_deepcave,
    "bohb": record_bohb,
}


def main() -> None:
    """Records every run of the installed SMAC, or those of others, that the folder does not have yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the runs go, in a folder for each version")
    parser.add_argument("--others", choices=sorted(OTHERS), nargs="*", help="record these instead of SMAC's runs")
    arguments = parser.parse_args()
    jobs: dict[str, Callable[[Path], None]]
    if arguments.others is not None:
        jobs = {f"others/{name}": OTHERS[name] for name in arguments.others or OTHERS}
    elif (smac_version := version("smac")).startswith("1."):
        name = f"{smac_version}/hpo"
        jobs = {name: lambda target: record_smac_1(target, f"tests/data/runs/{name}")}
    else:
        kinds = {**KINDS, **LONGER.get(smac_version, {})}
        jobs = {
            f"{smac_version}/{name}": lambda target, name=name, kind=kind: record(
                name, kind, target, f"tests/data/runs/{smac_version}/{name}"
            )
            for name, kind in kinds.items()
        }
    for name, job in jobs.items():
        target = arguments.folder / name
        if target.exists():
            print(f"{target} is there already and stays")
        else:
            job(target)
            print(target)


if __name__ == "__main__":
    main()
