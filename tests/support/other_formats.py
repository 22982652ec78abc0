"""Small folders of the formats that are read beside SMAC 2's, written by hand as their optimizers write them."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ConfigSpace import Categorical, ConfigurationSpace, Float, Integer

#: DeepCAVE's and SMAC 1's numbers of statuses, by name.
DEEPCAVE_STATUS = {"SUCCESS": 1, "TIMEOUT": 2, "MEMORYOUT": 3, "CRASHED": 4, "NOT_EVALUATED": 6}
SMAC_STATUS = {"MEMORYOUT": "MEMOUT", "NOT_EVALUATED": "RUNNING"}


@dataclass(frozen=True)
class Result:
    """A trial as every format can hold it, but for its seed, which BOHB does not record."""

    config: int
    cost: float
    status: str = "SUCCESS"
    budget: float = 1.0
    seed: int = 3
    seconds: float = 2.0


def space() -> ConfigurationSpace:
    found = ConfigurationSpace(name="small", seed=0)
    found.add(Float("x", (1e-3, 1.0), log=True), Integer("n", (1, 16)), Categorical("kind", ("a", "b c", "1")))
    return found


CONFIGS = [dict(config) for config in space().sample_configuration(12)]
CONFIGS = [{"x": float(c["x"]), "n": int(c["n"]), "kind": str(c["kind"])} for c in CONFIGS]


def cost(config: dict[str, Any]) -> float:
    return float((math.log10(config["x"]) + 1.5) ** 2 + 0.05 * config["n"] + (config["kind"] == "a"))


#: Two failed trials, the others successful; the first configuration has a second trial at another budget.
RESULTS = [
    *(Result(i, cost(config)) for i, config in enumerate(CONFIGS[:10])),
    Result(10, math.nan, "CRASHED"),
    Result(11, math.nan, "CRASHED"),
    Result(0, cost(CONFIGS[0]) / 2, budget=3.0),
]


def lines(values: Iterable[Any]) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def write_bohb(folder: Path, results: Iterable[Result] = RESULTS) -> None:
    space().to_json(folder / "configspace.json")
    rows = [[[0, 0, i], config, {"model_based_pick": False}] for i, config in enumerate(CONFIGS)]
    (folder / "configs.json").write_text(lines(rows), encoding="utf-8")
    rows = []
    for i, r in enumerate(results):
        times = {"submitted": float(i), "started": float(i), "finished": i + r.seconds}
        failed = r.status == "CRASHED"
        result = None if failed else {"loss": r.cost, "info": {}}
        rows.append([[0, 0, r.config], r.budget, times, result, "Traceback" if failed else None])
    (folder / "results.json").write_text(lines(rows), encoding="utf-8")


def write_smac_1(folder: Path, results: Iterable[Result] = RESULTS) -> None:
    space().to_json(folder / "configspace.json")
    (folder / "scenario.txt").write_text("run_obj = quality\nmulti_objectives = cost\n", encoding="utf-8")
    data = []
    for i, r in enumerate(results):
        status = {"__enum__": f"StatusType.{SMAC_STATUS.get(r.status, r.status)}"}
        filled = 2147483647.0 if r.status != "SUCCESS" else r.cost
        key = [r.config + 1, None, r.seed, r.budget]
        data.append([key, [filled, r.seconds, status, float(i), i + r.seconds, {}]])
    configs = {str(i + 1): config for i, config in enumerate(CONFIGS)}
    history = {"data": data, "config_origins": {}, "configs": configs}
    (folder / "runhistory.json").write_text(json.dumps(history), encoding="utf-8")


def write_recorder(folder: Path, results: Iterable[Result] = RESULTS) -> None:
    space().to_json(folder / "configspace.json")
    objective = {"name": "cost", "lower": 0, "upper": 9, "lock_lower": True, "lock_upper": False, "optimize": "lower"}
    meta = {"objectives": [objective], "budgets": [1.0, 3.0], "seeds": [3]}
    (folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
    (folder / "configs.json").write_text(json.dumps(dict(enumerate(CONFIGS))), encoding="utf-8")
    (folder / "origins.json").write_text(json.dumps(dict.fromkeys(range(len(CONFIGS)))), encoding="utf-8")
    rows = []
    for i, r in enumerate(results):
        costs = [None if math.isnan(r.cost) else r.cost]
        rows.append([r.config, r.budget, r.seed, costs, i, i + r.seconds, DEEPCAVE_STATUS[r.status], {}])
    (folder / "history.jsonl").write_text(lines(rows), encoding="utf-8")


SPACE_COLUMNS = ["name", "type", "log", "lower", "upper", "default", "distribution", "item_0", "item_1", "item_2"]
SPACE_ROWS = [
    ["x", "float", "True", "0.001", "1.0", "0.03", "uniform", "", "", ""],
    ["n", "integer", "False", "1.0", "16.0", "8.0", "uniform", "", "", ""],
    ["kind", "categorical", "", "", "", "a", "", "a", "b c", "1"],
]


def write_table(folder: Path, results: Iterable[Result] = RESULTS) -> None:
    write_rows(folder / "configspace.csv", [[*SPACE_COLUMNS, "ordered"], *([*row, ""] for row in SPACE_ROWS)])
    head = ["config_id", "x", "n", "kind", "metric:cost [0.0; 10.0] (minimize)", "status", "start_time", "end_time"]
    rows = []
    for i, r in enumerate(results):
        config = CONFIGS[r.config]
        shown = "" if math.isnan(r.cost) else repr(r.cost)
        row = [r.config, config["x"], config["n"], config["kind"], shown, r.status.lower(), i, i + r.seconds]
        rows.append([*map(str, row), str(r.budget), str(r.seed)])
    write_rows(folder / "trials.csv", [[*head, "budget", "seed"], *rows])


def write_rows(file: Path, rows: Iterable[Iterable[str]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as table:
        csv.writer(table).writerows(rows)


WRITERS: dict[str, Callable[..., None]] = {
    "BOHB": write_bohb,
    "SMAC 1": write_smac_1,
    "DeepCAVE's recorder": write_recorder,
    "DeepCAVE's table": write_table,
}
