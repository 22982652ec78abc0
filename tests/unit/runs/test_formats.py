"""Folders of BOHB, SMAC 1, DeepCAVE's recorder and tables: what is read of them, and what breaks them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace, Float
from hypothesis import given, settings
from hypothesis import strategies as st

from deepcave_symbolic.exceptions import DeepcaveSymbolicError, NoTrialsError, RunFormatError, RunNotFoundError
from deepcave_symbolic.runs import Run, Status, files, load_run
from deepcave_symbolic.runs.folder import read_folder, run_around, runs_below
from deepcave_symbolic.runs.trial_selection import budgets_of
from other_formats import (
    CONFIGS,
    DEEPCAVE_STATUS,
    RESULTS,
    SPACE_COLUMNS,
    WRITERS,
    Result,
    lines,
    space,
    write_bohb,
    write_recorder,
    write_rows,
    write_smac_1,
    write_table,
)
from run_folders import edit_json, fingerprint


def values_of(run: Run, config_id: int) -> dict[str, Any]:
    pairs = zip(run.configspace.items(), run.configurations[config_id], strict=True)
    return {name: hyperparameter.to_value(v) for (name, hyperparameter), v in pairs if not np.isnan(v)}


@pytest.fixture(params=WRITERS)
def written(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    folder = tmp_path / "runs" / "demo"
    folder.mkdir(parents=True)
    WRITERS[request.param](folder)
    return request.param, folder


def test_every_format_gives_the_same_trials(written: tuple[str, Path]) -> None:
    name, folder = written
    before = fingerprint(folder)
    for place in (folder, str(folder), folder.parent, next(folder.iterdir())):
        run = load_run(place)
        assert run.optimizer == name and run.path == folder and run.name == "demo"
    assert run.objectives == ("loss",) if name == "BOHB" else run.objectives == ("cost",)
    assert not run.scenario and not run.notes and not run.maximized
    assert len(run.trials) == len(RESULTS) and budgets_of(run) == (3.0, 1.0)
    for trial, result in zip(run.trials, RESULTS, strict=True):
        found = values_of(run, trial.config_id)
        assert found == {**CONFIGS[result.config], "x": pytest.approx(CONFIGS[result.config]["x"], rel=1e-9)}
        assert trial.status == Status[result.status] and trial.budget == result.budget
        assert trial.costs == (pytest.approx(result.cost, rel=1e-15, nan_ok=True),)
        assert trial.time == pytest.approx(2.0) and trial.seed == (None if name == "BOHB" else 3)
    assert run.trials[0].config_id == run.trials[-1].config_id
    assert fingerprint(folder) == before


def test_a_given_space_replaces_the_recorded_one(written: tuple[str, Path]) -> None:
    name, folder = written
    recorded = folder / ("configspace.csv" if "table" in name else "configspace.json")
    recorded.unlink()
    with pytest.raises(RunFormatError, match=f"{recorded.name} is missing"):
        load_run(folder)
    run = load_run(folder, configspace=space())
    assert len(run.trials) == len(RESULTS)
    with pytest.raises(RunFormatError, match=r"does not fit the configuration space|has no column 'z'"):
        load_run(folder, configspace=ConfigurationSpace({"x": Float("x", (0.5, 1.0)), "z": (0, 1)}))


def test_folders_below_are_found_and_told_apart(tmp_path: Path) -> None:
    for name, write in WRITERS.items():
        (tmp_path / name).mkdir()
        write(tmp_path / name)
    found = runs_below(tmp_path)
    assert {path.name: load_run(path).optimizer for path in found} == {name: name for name in WRITERS}
    with pytest.raises(RunNotFoundError, match="holds 4 runs"):
        load_run(tmp_path)
    assert all(run_around(path / "new.html") == path for path in found) and run_around(tmp_path / "new.html") is None


@pytest.mark.parametrize(("name", "missing"), [("BOHB", "configs.json"), ("DeepCAVE's recorder", "meta.json")])
def test_a_missing_file_is_named(name: str, missing: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(RunFormatError, match=f"{missing} is missing; expected"):
        load_run(tmp_path)


def test_a_single_budget_of_nothing_is_no_budget(written: tuple[str, Path]) -> None:
    name, folder = written
    WRITERS[name](folder, [Result(i, float(i), budget=0.0) for i in range(5)])
    assert budgets_of(load_run(folder)) == ((0.0,) if name == "BOHB" else ())


def test_a_run_without_a_finished_trial_is_read_and_not_explained(tmp_path: Path) -> None:
    write_recorder(tmp_path, [Result(0, math.nan, "NOT_EVALUATED")])
    assert read_folder(tmp_path).trials[0].status == Status.RUNNING
    with pytest.raises(NoTrialsError, match="no finished trial"):
        load_run(tmp_path)


# --- what is of one format only ------------------------------------------------------------------------------------


def test_states_of_bohb(tmp_path: Path) -> None:
    write_bohb(tmp_path)
    states = {
        "StatusType.SUCCESS": Status.SUCCESS,
        "RUNNING": Status.RUNNING,
        "CRASHED": Status.CRASHED,
    }
    rows = [[[0, 0, i], 1, {}, {"loss": 1.0, "info": {"state": s}}, None] for i, s in enumerate(states)]
    rows += [[[0, 0, 3], 1, {}, {"loss": None, "info": 3}, None], [[0, 0, 4], 1, {}, {"loss": 2, "info": "x"}, None]]
    (tmp_path / "results.json").write_text(lines(rows))
    found = [(trial.status, trial.costs[0]) for trial in load_run(tmp_path).trials]
    expected = [*states.values(), Status.CRASHED, Status.SUCCESS]
    assert [status for status, _ in found] == expected
    assert [math.isnan(cost) for _, cost in found] == [status != Status.SUCCESS for status in expected]


def test_configurations_of_bohb_without_information_are_read(tmp_path: Path) -> None:
    write_bohb(tmp_path)
    (tmp_path / "configs.json").write_text(lines([[0, 0, i], config] for i, config in enumerate(CONFIGS)))
    assert len(load_run(tmp_path).trials) == len(RESULTS)


def test_two_runs_of_bohb_in_one_folder_are_refused(tmp_path: Path) -> None:
    write_bohb(tmp_path)
    with (tmp_path / "configs.json").open("a") as file:
        file.write(lines([[[0, 0, 0], CONFIGS[1]]]))
    with pytest.raises(RunFormatError, match="two runs were written into one folder"):
        load_run(tmp_path)


def test_older_rows_of_smac_1_have_no_budget(tmp_path: Path) -> None:
    write_smac_1(tmp_path)
    edit_json(
        tmp_path / "runhistory.json",
        lambda data: {
            "configs": data["configs"],
            "data": [[key[:3], [*value[:2], 1, {}]] for key, value in data["data"]],
        },
    )
    run = load_run(tmp_path)
    assert budgets_of(run) == () and {trial.status for trial in run.trials} == {Status.SUCCESS}


def test_objectives_and_instances_of_smac_1(tmp_path: Path) -> None:
    write_smac_1(tmp_path)

    def change(data: Any) -> None:
        for number, (key, value) in enumerate(data["data"]):
            key[1], value[0] = f"instance {number % 2}", [value[0], 1.0]

    edit_json(tmp_path / "runhistory.json", change)
    assert load_run(tmp_path).objectives == ("cost 0", "cost 1")
    (tmp_path / "scenario.txt").write_text("multi_objectives = [loss, size]\n")
    run = load_run(tmp_path)
    assert run.objectives == ("loss", "size") and {t.instance for t in run.trials} == {"instance 0", "instance 1"}


@pytest.mark.parametrize("n_columns", [7, 9])
def test_rows_of_other_recorders(n_columns: int, tmp_path: Path) -> None:
    write_recorder(tmp_path)
    expected = load_run(tmp_path).trials
    rows = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    changed = [[*row[:2], *row[3:]] if n_columns == 7 else [*row[:4], 0.5, *row[4:]] for row in rows]
    (tmp_path / "history.jsonl").write_text(lines(changed))
    found = load_run(tmp_path).trials
    seed = None if n_columns == 7 else 3
    assert repr([(t.costs, t.time, t.budget) for t in found]) == repr([(t.costs, t.time, t.budget) for t in expected])
    assert {trial.seed for trial in found} == {seed}


def test_a_recorder_without_budgets_and_with_an_objective_to_maximise(tmp_path: Path) -> None:
    write_recorder(tmp_path, [Result(i, float(i), budget=math.inf) for i in range(5)])
    edit_json(tmp_path / "meta.json", lambda meta: meta["objectives"][0].update(optimize="upper"))
    run = load_run(tmp_path)
    assert budgets_of(run) == () and run.maximized == {"cost"}


def test_statuses_of_a_recorder(tmp_path: Path) -> None:
    write_recorder(tmp_path, [Result(i, 1.0, status) for i, status in enumerate(DEEPCAVE_STATUS)])
    assert [t.status for t in load_run(tmp_path).trials] == [
        Status.SUCCESS, Status.TIMEOUT, Status.MEMORYOUT, Status.CRASHED, Status.RUNNING,
    ]  # fmt: skip


def test_a_table_of_the_least(tmp_path: Path) -> None:
    write_rows(tmp_path / "configspace.csv", [["name", "type", "lower", "upper"], ["budget", "float", "0", "1"]])
    rows = [["0.25", "1", "nan", "x"], ["0.5", "inf", "", "y"], ["0.25", "3", "4", ""]]
    write_rows(tmp_path / "trials.csv", [["budget", "metric:a b [0; 1] (maximize)", "metric:c", "note"], *rows])
    run = load_run(tmp_path)
    assert run.objectives == ("a b", "c") and run.maximized == {"a b"}
    assert [t.config_id for t in run.trials] == [0, 1, 0] and budgets_of(run) == ()
    assert repr([t.costs for t in run.trials]) == "[(1.0, nan), (inf, nan), (3.0, 4.0)]"


def test_the_space_of_a_table(tmp_path: Path) -> None:
    write_table(tmp_path)
    columns = [*SPACE_COLUMNS, "ordered", "distribution_mu", "distribution_sigma"]
    rows = [
        ["x", "float", "true", "1e-16", "1.0", "", "uniform", "", "", "", "", "", ""],
        ["n", "integer", "0", "1", "16", "", "normal", "", "", "", "", "8", "2"],
        ["kind", "categorical", "", "", "", "", "", "1", "a", "b c", "True", "", ""],
    ]
    write_rows(tmp_path / "configspace.csv", [columns, *rows])
    run = load_run(tmp_path)
    assert run.configspace["x"].lower == 1e-16 and type(run.configspace["n"]).__name__.startswith("Normal")
    assert tuple(run.configspace["kind"].sequence) == ("1", "a", "b c")
    rows[2][7:10] = ["1", "2.0", "4"]
    write_rows(tmp_path / "configspace.csv", [columns, *rows])
    text = (tmp_path / "trials.csv").read_text().replace("b c", "2").replace(",a,", ",4,")
    (tmp_path / "trials.csv").write_text(text)
    assert tuple(load_run(tmp_path).configspace["kind"].sequence) == (1.0, 2.0, 4.0)


# --- what breaks them ------------------------------------------------------------------------------------------------

BROKEN: dict[str, tuple[Callable[[Path], None], str, str, str, str]] = {
    "a cut result": (write_bohb, "results.json", '"loss"', '"lo', r"results.json is truncated or no JSON \(line 1"),
    "no loss": (write_bohb, "results.json", '"loss"', '"los"', "trial 1: its result is .* expected an object with"),
    "no id": (write_bohb, "results.json", "[0, 0, 0]", '"0"', "trial 1: its id is '0', expected a list of integers"),
    "an unknown id": (write_bohb, "results.json", "[0, 0, 0]", "[9]", r"configuration \[9\] is not in configs.json"),
    "a text as budget": (write_bohb, "results.json", "], 1.0", '], "1"', "its budget is '1', expected a number"),
    "a text as loss": (write_bohb, "results.json", '"loss": ', '"loss": "1", "l": ', "its loss is '1'"),
    "no list": (write_bohb, "configs.json", "[[0, 0, 0]", "{} #", "configs.json is truncated or no JSON"),
    "no object": (write_bohb, "configs.json", '{"x"', '[], {"x"', r"configuration 1 is .*expected \[id, conf"),
    "a value outside": (write_bohb, "configs.json", '"n": ', '"n": 99', r"configuration \[0, 0, 0\] does not fit"),
    "no section": (write_smac_1, "runhistory.json", '"configs"', '"config"', "no run history of SMAC 1.x"),
    "an unknown status": (write_smac_1, "runhistory.json", "Type.SUCCESS", "Type.X", "trial 1: unknown status"),
    "a short key": (write_smac_1, "runhistory.json", "[1, null, 3, ", "[1, ", r"trial 1: it is .* expected \[\["),
    "a seed of text": (write_smac_1, "runhistory.json", "null, 3", 'null, "a"', "its seed is 'a'"),
    "an id that is none": (write_smac_1, "runhistory.json", '"1": {', '"01": {', "configuration id '01' is no int"),
    "no objectives": (write_recorder, "meta.json", '"name"', '"nam"', "'objectives' is .* each with a 'name'"),
    "a long row": (write_recorder, "history.jsonl", "[0, ", "[0, 1, 2, 3, ", "trial 1: it is a list of 11; DeepCAVE"),
    "a status beyond": (write_recorder, "history.jsonl", " 1, {}", " 10, {}", "trial 1: unknown status 10"),
    "two costs": (write_recorder, "history.jsonl", ", [", ", [1, ", "trial 1: its costs are"),
    "a list": (write_recorder, "configs.json", "{", "[", "configs.json is truncated or no JSON"),
    "no costs": (write_table, "trials.csv", "metric:", "costs:", "has 0 columns of costs; expected one"),
    "no direction": (write_table, "trials.csv", "minimize", "less", r"has a column .*expected metric:NAME"),
    "two columns": (write_table, "trials.csv", ",n,", ",x,", "has 2 columns 'x'"),
    "no hyperparameter": (write_table, "trials.csv", ",n,", ",m,", "has no column 'n'"),
    "a short row": (write_table, "trials.csv", ",3\r\n", "\r\n", "row 1 has 9 values for 10 columns"),
    "a word of a status": (write_table, "trials.csv", ",success", ",done", "unknown status 'DONE', expected one of"),
    "a quote": (write_table, "trials.csv", "success", '"success', r"no table \(CSV\) that can be read"),
    "an unknown type": (write_table, "configspace.csv", "float", "real", "the type of 'x' is 'real'"),
    "a word as bound": (write_table, "configspace.csv", "0.001", "low", "lower of 'x' is 'low', expected a finite"),
    "a doubt": (write_table, "configspace.csv", "True", "maybe", "'log' of 'x' is 'maybe', expected True or False"),
    "a shape": (write_table, "configspace.csv", "uniform", "cauchy", "the distribution of 'x' is 'cauchy'"),
    "no type": (write_table, "configspace.csv", "type", "kind", "lacks the column 'type'"),
    "a wrong range": (write_table, "configspace.csv", "0.001", "2", "'x' is none that ConfigSpace can hold"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_wrong_is_said(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, name, before, after, words = BROKEN[case]
    monkeypatch.setattr(files, "_TRIES", 1)
    write(tmp_path)
    file = tmp_path / name
    text = file.read_bytes().decode()
    assert before in text
    file.write_bytes(text.replace(before, after, 1).encode())
    with pytest.raises(RunFormatError, match=words) as caught:
        load_run(tmp_path)
    assert caught.value.path == file and str(file) in str(caught.value)


def test_files_that_are_cut_off_emptied_or_no_text(written: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_TRIES", 1)
    _, folder = written
    for file in sorted(folder.iterdir()):
        if file.name == "origins.json":
            continue
        whole = file.read_bytes()
        for content in (b"", b" \n", b"\xff\xfe\x00", b"[" * 100_000, b'{"a": 1', b"\x00"):
            file.write_bytes(content)
            if file.name == "scenario.txt" and content.strip() and content[0] < 128:
                continue
            with pytest.raises(RunFormatError) as caught:
                load_run(folder)
            assert caught.value.path == file
        file.unlink()
        file.mkdir()
        with pytest.raises(DeepcaveSymbolicError):
            load_run(folder)
        file.rmdir()
        file.write_bytes(whole)


def test_lines_and_rows_that_would_fill_the_memory_are_refused(
    written: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, folder = written
    monkeypatch.setattr(files, "MAX_MEMORY", 2**12)
    with pytest.raises(RunFormatError, match="of memory; more than"):
        load_run(folder)


#: What stands in the place of a part of a file.
PARTS = ["", "null", "NaN", "-1", "1e400", '"x"', "{}", "[]", "\n", ",", '"', "\u202e", "9" * 5000, "true", "\x00"]


@settings(max_examples=25, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("name", WRITERS)
def test_any_change_gives_a_run_or_a_typed_error(
    name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("fuzzed")
    WRITERS[name](folder)
    file = data.draw(st.sampled_from(sorted(folder.iterdir())))
    text = file.read_bytes().decode()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 20)))
    changed = text[:start] + data.draw(st.sampled_from(PARTS)) + text[end:]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(files, "_TRIES", 1)
        file.write_bytes(changed.encode())
        try:
            run = load_run(folder)
        except DeepcaveSymbolicError as error:
            assert str(folder) in str(error) and len(str(error)) < 3000
        else:
            assert run.trials and all(math.isfinite(t.budget) for t in run.trials if t.budget is not None)
