"""Reading run folders: every layout, every facade, and every way a folder can be broken."""

from __future__ import annotations

import json
import math
import os
import shutil
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import Categorical, ConfigurationSpace

from deepcave_symbolic import explain
from deepcave_symbolic.exceptions import (
    DeepcaveSymbolicError,
    InvalidArgumentError,
    NoTrialsError,
    RunFormatError,
    RunNotFoundError,
    UnknownNameError,
)
from deepcave_symbolic.runs import Status, files, load_run
from deepcave_symbolic.runs import folder as folder_module
from deepcave_symbolic.runs.run import Run, Trial
from deepcave_symbolic.runs.trial_selection import (
    budgets_of,
    resolve_budget,
    resolve_objective,
    select_trials,
    smacs_budget,
)
from live_runs import KINDS, floats, live
from places import TEST_RUNS
from run_folders import edit_json, fingerprint

EXPECTED = {  # trials, usable trials at the default budget, objectives
    "2.0.0/process": (12, 12, 1),
    "2.0.2/seeds": (80, 80, 1),
    "2.0.2/budgets": (120, 25, 1),
    "2.2.0/objectives": (60, 60, 2),
    "2.3.1/unfinished": (120, 20, 1),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small valid run folder, written by hand in the layout of SMAC 2.4."""
    run = tmp_path / "runs" / "demo"
    run.mkdir(parents=True)
    floats().to_json(run / "configspace.json")
    (run / "scenario.json").write_text(json.dumps({"objectives": "cost", "_meta": {"version": "2.4.1"}}))
    configs = {str(i): {"x": 0.1 * i, "y": 0.5 - 0.1 * i} for i in range(1, 6)}
    data = [row(i, cost=float(i)) for i in range(1, 6)]
    (run / "runhistory.json").write_text(json.dumps({"stats": {}, "data": data, "configs": configs}))
    return run


def row(config_id: int, *, cost: Any, status: int = 1, budget: float | None = None) -> dict[str, Any]:
    times = {"time": 1.0, "cpu_time": 1.0, "starttime": 0.0, "endtime": 1.0, "additional_info": {}}
    key = {"config_id": config_id, "instance": None, "seed": 0, "budget": budget}
    return {**key, "cost": cost, "status": status, **times}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_live_run_of_every_facade(kind: str, base: Path) -> None:
    run = live(kind, base)
    before = fingerprint(run.folder)
    read = load_run(run.folder)
    history = run.facade.runhistory
    assert fingerprint(run.folder) == before
    assert read.version == "2.4.1"
    assert read.name == f"{kind}/3"
    assert len(read.trials) == len(history)
    for trial, (key, value) in zip(read.trials, history.items(), strict=True):
        read_key = (trial.config_id, trial.instance, trial.seed, trial.budget)
        assert read_key == (key.config_id, key.instance, key.seed, key.budget)
        assert trial.costs == tuple(np.atleast_1d(value.cost))
        assert int(trial.status) == int(value.status)
        live_vector = history.get_config(key.config_id).get_array()
        np.testing.assert_allclose(read.configurations[trial.config_id], live_vector, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", EXPECTED)
def test_recorded_run(name: str) -> None:
    run = load_run(TEST_RUNS / name)
    n_trials, n_used, n_objectives = EXPECTED[name]
    assert (len(run.trials), len(run.objectives)) == (n_trials, n_objectives)
    assert len(select_trials(run, smacs_budget(run))[0]) == n_used
    if name == "2.3.1/unfinished":
        counts = [
            sum(t.status == status for t in run.trials) for status in (Status.SUCCESS, Status.CRASHED, Status.RUNNING)
        ]
        assert counts == [86, 4, 30]
        assert all(math.isnan(t.costs[0]) for t in run.trials if t.status == Status.RUNNING)


def test_smac_1_folder_is_read() -> None:
    run = load_run(TEST_RUNS / "1.4.0" / "hpo")
    assert (run.optimizer, run.objectives, len(run.trials), budgets_of(run)) == ("SMAC 1", ("cost",), 20, ())


@pytest.mark.smoke
def test_every_row_layout_gives_the_same_run(folder: Path) -> None:
    reference = load_run(folder)
    columns = ["config_id", "instance", "seed", "budget", "cost", "time", "cpu_time", "status"]
    columns += ["starttime", "endtime", "additional_info"]
    rows = json.loads((folder / "runhistory.json").read_text())["data"]
    layouts: list[Any] = [
        [[r[c] for c in columns] for r in rows],
        [[r[c] for c in columns if c != "cpu_time"] for r in rows],
        {str(r["config_id"]): {k: v for k, v in r.items() if k != "config_id"} for r in rows},
        {str(r["config_id"]): [r] for r in rows},
    ]
    for layout in layouts:
        edit_json(folder / "runhistory.json", lambda data, layout=layout: data.update(data=layout))
        assert load_run(folder).trials == reference.trials


def test_repeated_keys_first_wins_but_a_result_replaces_running(folder: Path) -> None:
    extra = [row(1, cost=9.0, status=0), row(2, cost=8.0), row(1, cost=7.0), row(1, cost=6.0)]
    edit_json(folder / "runhistory.json", lambda data: data.update(data=extra))
    assert [(t.config_id, t.costs) for t in load_run(folder).trials] == [(1, (7.0,)), (2, (8.0,))]


def test_parent_file_and_link(folder: Path, tmp_path: Path) -> None:
    for path in (folder, str(folder), folder.parent, tmp_path, folder / "runhistory.json"):
        assert load_run(path).path == folder
    os.symlink(folder, tmp_path / "link")
    assert load_run(tmp_path).path == folder  # the link below is not followed
    assert load_run(tmp_path / "link").name == "link"


def test_several_runs_are_listed(folder: Path, tmp_path: Path) -> None:
    for i in range(11):
        shutil.copytree(folder, folder.parent / f"copy{i}")
    with pytest.raises(RunNotFoundError, match="and 2 more") as caught:
        load_run(tmp_path)
    assert len(caught.value.candidates) == 12
    assert folder in caught.value.candidates


def test_a_folder_with_studies_of_optuna_names_their_files(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "study.db").executescript("CREATE TABLE studies (id);")
    (tmp_path / "README").write_text("not one of them")
    with pytest.raises(RunNotFoundError, match=r"given by their file: .*study\.db\.$") as caught:
        load_run(tmp_path)
    assert "README" not in str(caught.value)


def test_depth_and_width_of_the_search_are_bounded(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path.joinpath("deep", *"abcdefgh")
    shutil.copytree(folder, deep)
    with pytest.raises(RunNotFoundError, match="none lies"):
        load_run(tmp_path / "deep")
    monkeypatch.setattr(folder_module, "MAX_FOLDERS", 2)
    with pytest.raises(RunNotFoundError, match="more than 2 folders"):
        load_run(tmp_path / "deep")


def test_not_a_run(tmp_path: Path) -> None:
    with pytest.raises(RunNotFoundError, match="No such file or folder"):
        load_run(tmp_path / "missing")
    with pytest.raises(RunNotFoundError, match="not a run"):
        load_run(tmp_path)
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(RunNotFoundError, match="file outside"):
        load_run(tmp_path / "notes.txt")
    with pytest.raises(InvalidArgumentError):
        load_run(3)  # type: ignore[arg-type]


def test_a_run_that_only_deepcave_reads_is_told_so(tmp_path: Path) -> None:
    for name in ("history.parquet", "configspace.json"):
        (tmp_path / name).write_text("{}")
    for place in (tmp_path, tmp_path / "history.parquet"):
        with pytest.raises(RunNotFoundError, match="run of AMLTK") as caught:
            load_run(place)
        assert all(word in str(caught.value) for word in ("AMLTKRun.from_path", f"dashboard {tmp_path}"))
        assert "scenario.json" not in str(caught.value)


def test_an_old_file_with_the_space_is_named(folder: Path) -> None:
    (folder / "configspace.json").rename(folder / "configspace.pcs")
    with pytest.raises(RunFormatError, match=r"configspace.json is missing.*The .pcs file there is not read"):
        load_run(folder)


@pytest.mark.slow
def test_trials_alone_are_read_with_a_space(folder: Path) -> None:
    expected = load_run(folder)
    (folder / "scenario.json").unlink()
    with pytest.raises(RunFormatError, match=r"scenario.json is missing.*or give the configuration space"):
        load_run(folder)
    (folder / "configspace.json").unlink()
    for place in (folder, folder / "runhistory.json"):
        run = load_run(place, configspace=floats())
        assert run.trials == expected.trials and run.objectives == ("cost",)
    assert "SMAC without its scenario.json keeps no surrogate" in " ".join(explain(run, "x").warnings)
    edit_json(folder / "runhistory.json", lambda data: [r.update(cost=[r["cost"], 1.0]) for r in data["data"]] and data)
    assert load_run(folder, configspace=floats()).objectives == ("cost 0", "cost 1")


@pytest.mark.parametrize("key", ["01", "1 ", "+1", "1_0", "\u0661", "-1", "one"])
def test_configuration_ids_are_numbers_in_one_way(key: str, folder: Path) -> None:
    edit_json(folder / "runhistory.json", lambda data: data["configs"].update({key: {"x": 0.2, "y": 0.0}}))
    with pytest.raises(RunFormatError, match=r"configuration id .* is no integer"):
        load_run(folder)


def test_a_choice_may_end_in_a_nul(folder: Path) -> None:
    space = floats()
    space.add(Categorical("c", ["a", "a\0"]))
    space.to_json(folder / "configspace.json")

    def choose(data: Any) -> None:
        for i, values in enumerate(data["configs"].values()):
            values["c"] = ["a", "a\0"][i % 2]

    edit_json(folder / "runhistory.json", choose)
    run = load_run(folder)
    column = list(run.configspace).index("c")
    assert [vector[column] for vector in run.configurations.values()] == [0.0, 1.0, 0.0, 1.0, 0.0]


BROKEN = {
    "empty": ("", "is empty"),
    "blank": ("  \n", "is empty"),
    "truncated": ('{"data": [', "truncated"),
    "list": ("[1, 2]", "JSON list"),
    "null": ("null", "JSON NoneType"),
    "foreign": ('{"a": 1}', "no "),
    "deep": ("[" * 100_000, "deeply"),
    "digits": ('{"a": ' + "9" * 5000 + "}", "thousands of digits"),
    "binary": (b"\xff\xfe\x00\x80", "no text file"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", BROKEN)
@pytest.mark.parametrize("name", ["scenario.json", "runhistory.json", "configspace.json"])
def test_broken_json_names_the_file(name: str, case: str, folder: Path) -> None:
    content, message = BROKEN[case]
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(RunFormatError, match=message) as caught:
        load_run(folder)
    assert caught.value.path == folder / name
    assert name in str(caught.value)


@pytest.mark.skipif(not hasattr(sys, "set_int_max_str_digits"), reason="this Python knows no limit")
def test_numbers_of_thousands_of_digits_without_pythons_own_limit(folder: Path) -> None:
    # Python below 3.10.7 has none, and libraries switch it off: mpmath 1.4.1 does, for good, where it fails.
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        (folder / "runhistory.json").write_text('{"a": ' + "9" * 5000 + "}")
        with pytest.raises(RunFormatError, match="thousands of digits"):
            load_run(folder)
    finally:
        sys.set_int_max_str_digits(limit)


@pytest.mark.parametrize("item", ["[]", "{}", "0.5", '{"a": 1}', '"text"'])
def test_files_that_become_large_are_refused(item: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_MEMORY", 2**22)
    load_run(folder)
    text = f"[{', '.join([item] * 100_000)}]"
    (folder / "runhistory.json").write_text(f'{{"data": {text}}}', encoding="utf-8")
    with pytest.raises(RunFormatError, match=r"would take about 0\.0 GiB of memory; more than 0\.00390625 GiB is not"):
        load_run(folder)


@pytest.mark.parametrize("name", ["scenario.json", "runhistory.json", "configspace.json"])
def test_missing_and_huge_files(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 10)
    with pytest.raises(RunFormatError, match="GiB"):
        load_run(folder)
    monkeypatch.undo()
    (folder / name).unlink()
    with pytest.raises(RunFormatError, match="missing"):
        load_run(folder)


BAD_ROWS: list[tuple[dict[str, Any], str]] = [
    ({"cost": "low"}, "cost"),
    ({"cost": None}, "cost"),
    ({"cost": True}, "cost"),
    ({"cost": [1.0, 2.0]}, "2 costs for 1"),
    ({"status": 9}, "unknown status"),
    ({"status": "SUCCESS"}, "status"),
    ({"config_id": 99}, "not among"),
    ({"config_id": 1.5}, "integer"),
    ({"budget": "high"}, "budget"),
    ({"budget": math.nan}, "finite"),
    ({"seed": {}}, "seed"),
    ({"instance": []}, "instance"),
    ({"time": "x"}, "time"),
    ({"cost": 10**400}, "too large"),
]


@pytest.mark.parametrize(("change", "message"), BAD_ROWS)
def test_bad_rows(change: dict[str, Any], message: str, folder: Path) -> None:
    edit_json(folder / "runhistory.json", lambda data: data["data"][1].update(change))
    with pytest.raises(RunFormatError, match=message) as caught:
        load_run(folder)
    assert "trial 2" in str(caught.value)


@pytest.mark.parametrize("bad", [5, "x", None, [1, 2], {"cost": 1.0}])
def test_bad_row_types(bad: Any, folder: Path) -> None:
    edit_json(folder / "runhistory.json", lambda data: data["data"].append(bad))
    with pytest.raises(RunFormatError, match="trial 6"):
        load_run(folder)


@pytest.mark.parametrize(
    "values", [{"x": 50.0, "y": 0.0}, {"x": 0.1}, {"z": 1}, {"x": "a", "y": 0}, {"x": [1], "y": {}}, 7, None]
)
def test_configuration_that_does_not_fit(values: Any, folder: Path) -> None:
    edit_json(folder / "runhistory.json", lambda data: data["configs"].update({"3": values}))
    with pytest.raises(RunFormatError, match="configuration 3"):
        load_run(folder)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("x", ["0.5"], "the value of 'x' is ['0.5'], expected a number from 0.001 to 1"),
        ("x", [0.5], "the value of 'x' is [0.5], expected a number from 0.001 to 1"),
        ("x", True, "the value of 'x' is True, expected a number"),
        ("x", None, "the value of 'x' is None, expected a number"),
        ("x", math.nan, "the value of 'x' is nan, expected a number"),
        ("y", 2.5, "the value of 'y' is 2.5, expected a number from -2 to 2"),
        ("z", 1, "the space has no 'z'"),
    ],
)
def test_a_damaged_value_is_named(name: str, value: Any, words: str, folder: Path) -> None:
    edit_json(folder / "runhistory.json", lambda data: data["configs"]["3"].update({name: value}))
    with pytest.raises(RunFormatError) as caught:
        load_run(folder)
    assert f"configuration 3 does not fit the configuration space: {words}" in str(caught.value)
    assert "Restore the file from a copy if it is damaged" in str(caught.value)


def test_choices_that_are_lists_or_null_are_read(folder: Path) -> None:
    space = floats()
    space.add(Categorical("layers", [[8, 8], [16], None]))
    space.to_json(folder / "configspace.json")
    choices = [[8, 8], [16], None]

    def choose(data: Any) -> None:
        for i, values in enumerate(data["configs"].values()):
            values["layers"] = choices[i % 3]

    edit_json(folder / "runhistory.json", choose)
    column = list(load_run(folder).configspace).index("layers")
    read = [vector[column] for vector in load_run(folder).configurations.values()]
    assert read == [float(i % 3) for i in range(len(read))]
    edit_json(folder / "runhistory.json", lambda data: data["configs"]["3"].update(layers=[8]))
    with pytest.raises(RunFormatError, match=r"the value of 'layers' is \[8\], expected one of \[8, 8\], \[16\], None"):
        load_run(folder)


def test_infinite_costs_are_legal_and_unfinished_runs_are_not(folder: Path) -> None:
    edit_json(folder / "runhistory.json", lambda data: data["data"][0].update(cost=math.inf, status=2))
    assert load_run(folder).trials[0].costs == (math.inf,)
    edit_json(folder / "runhistory.json", lambda data: [r.update(status=0) for r in data["data"]] and data)
    with pytest.raises(NoTrialsError, match="no finished trial"):
        load_run(folder)


@pytest.mark.parametrize("objectives", [3, [], [1], ["a", "a"], None])
def test_bad_objectives(objectives: Any, folder: Path) -> None:
    edit_json(folder / "scenario.json", lambda data: data.update(objectives=objectives))
    with pytest.raises(RunFormatError, match="objectives"):
        load_run(folder)


def test_configspace_argument_replaces_the_file(folder: Path) -> None:
    space = floats()
    (folder / "configspace.json").rename(folder / "configspace.pcs")
    assert load_run(folder, configspace=space).configspace is space
    with pytest.raises(RunFormatError, match="does not fit"):
        load_run(folder, configspace=ConfigurationSpace({"x": (0.0, 1.0)}))


def test_smacs_budget_is_the_highest_with_enough_selected_trials() -> None:
    rng = np.random.default_rng(0)
    found = set()
    for least, lower in ((1, []), (3, []), (3, [1, 2]), (6, [4]), (99, [1])):
        encoder = {"considered_states": [1, 2, 3], "lower_budget_states": lower}
        scenario = {"_meta": {"runhistory_encoder": encoder, "config_selector": {"min_trials": least}}}
        for _ in range(20):
            pairs = zip(rng.integers(1, 6, size=12), rng.choice(list(Status), size=12), strict=True)
            trials = tuple(Trial(i, (0.0,), Status(int(s)), budget=float(b)) for i, (b, s) in enumerate(pairs))
            run = Run("run", ConfigurationSpace(), ("cost",), trials, {}, scenario=scenario)
            selected = {b: sum(map(len, select_trials(run, b))) for b in budgets_of(run)}
            expected = next((b for b, n in selected.items() if n >= least), None)
            assert smacs_budget(run) == expected
            found.add(expected)
    assert len(found) > 3


@pytest.mark.slow
def test_selection(folder: Path, base: Path) -> None:
    run = load_run(folder)
    assert (resolve_objective(run, None), resolve_objective(run, "cost")) == (0, 0)
    with pytest.raises(UnknownNameError, match="Did you mean 'cost'"):
        resolve_objective(run, "costs")
    assert resolve_budget(run, None, 0) is None and smacs_budget(run) is None
    with pytest.raises(InvalidArgumentError, match="has no budgets; found budget 3"):
        resolve_budget(run, 3.0, 0)
    fidelity = load_run(live("mf", base).folder)
    assert budgets_of(fidelity) == (9.0, 3.0, 1.0)
    assert resolve_budget(fidelity, 3, 0) == 3.0
    with pytest.raises(UnknownNameError, match="Known: 9, 3, 1"):
        resolve_budget(fidelity, "high", 0)  # type: ignore[arg-type]


def with_budgets(run: Run, n_successes: dict[float, int], n_crashes: dict[float, int], crash_cost: float) -> Run:
    """The run with so many trials at each budget, every one of another configuration."""
    statuses = [(b, Status.SUCCESS) for b, n in n_successes.items() for _ in range(n)]
    statuses += [(b, Status.CRASHED) for b, n in n_crashes.items() for _ in range(n)]
    costs = {Status.SUCCESS: 1.0, Status.CRASHED: crash_cost}
    trials = tuple(Trial(i, (costs[s],), s, budget=b) for i, (b, s) in enumerate(statuses))
    return replace(run, trials=trials)


@pytest.mark.parametrize(
    ("n_successes", "n_crashes", "crash_cost", "expected"),
    [
        ({25.0: 5, 3.0: 60}, {}, 1.0, 25.0),  # SMAC's choice
        ({25.0: 4, 8.0: 9, 3.0: 20, 1.0: 60}, {}, 1.0, 3.0),  # the highest one that can be cross-validated
        ({25.0: 4, 8.0: 5}, {}, 1.0, 8.0),  # none can: the most
        ({8.0: 20}, {25.0: 20}, 1e6, 8.0),  # crashes say nothing, whatever their cost
        ({8.0: 3}, {25.0: 20}, math.inf, 8.0),
        ({}, {25.0: 20, 8.0: 4}, 1e6, 25.0),  # nothing else is there
    ],
)
def test_the_budget_that_can_be_learned_from(
    folder: Path,
    n_successes: dict[float, int],
    n_crashes: dict[float, int],
    crash_cost: float,
    expected: float,
) -> None:
    run = with_budgets(load_run(folder), n_successes, n_crashes, crash_cost)
    assert resolve_budget(run, None, 0) == expected


@pytest.mark.parametrize(
    ("budget", "printed"),
    [(25 / 9, (2.78, 2.778, 2.77778, 25 / 9)), (0.123456, (0.12, 0.123, 0.1235)), (1234.5678, (1230.0, 1234.57))],
)
def test_a_budget_is_found_again_as_it_is_printed(folder: Path, budget: float, printed: tuple[float, ...]) -> None:
    """With six digits in our texts, two decimals in DeepCAVE's, and as people shorten them."""
    run = with_budgets(load_run(folder), {budget: 3, 9.0: 3}, {}, 1.0)
    assert {resolve_budget(run, number, 0) for number in printed} == {budget}
    with pytest.raises(UnknownNameError):
        resolve_budget(run, 3.0, 0)


def test_every_error_is_ours_for_random_damage(folder: Path) -> None:
    rng = np.random.default_rng(0)
    refused = 0
    for name in ("scenario.json", "runhistory.json", "configspace.json"):
        original = (folder / name).read_bytes()
        for _ in range(60):
            damaged = bytearray(original)
            for position in rng.integers(0, len(damaged), 3):
                damaged[position] = rng.integers(32, 127)
            (folder / name).write_bytes(bytes(damaged))
            try:
                load_run(folder)
            except DeepcaveSymbolicError:
                refused += 1
        (folder / name).write_bytes(original)
    assert 60 < refused < 180
