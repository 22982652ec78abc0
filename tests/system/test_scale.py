"""Large runs: read and cross-validated in seconds, with the numbers that the slow ways give."""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import Configuration

from deepcave_symbolic import explain, load_run
from deepcave_symbolic.cli import main
from deepcave_symbolic.exceptions import RunFormatError, SurrogateError
from deepcave_symbolic.surrogates import cost, memory, validation
from deepcave_symbolic.surrogates import smac as smac_surrogate
from deepcave_symbolic.surrogates.data import TrainingData, collect
from deepcave_symbolic.surrogates.forest import fit_forest
from deepcave_symbolic.surrogates.rebuild import rebuild_model
from deepcave_symbolic.surrogates.training import train
from places import EXAMPLE_RUNS, OLD_RUNS, ROOT, SVM, short_name
from run_folders import edit_json


@pytest.fixture(scope="session")
def scale() -> Any:
    """The benchmark, which writes run folders and measures."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import scale
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))
    return scale


@pytest.fixture(scope="session")
def folder(scale: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 300 trials with every kind of hyperparameter and a condition."""
    return Path(scale.synthesise(tmp_path_factory.mktemp("scale") / "run", 300, 12))


def assert_as_configspace(path: Path) -> int:
    run = load_run(path)
    section = json.loads((run.path / "runhistory.json").read_text(encoding="utf-8"))["configs"]
    assert list(run.configurations) == [int(key) for key in section]
    for key, values in section.items():
        expected = Configuration(run.configspace, values=values).get_array()
        np.testing.assert_array_equal(run.configurations[int(key)], expected)  # bit by bit, NaN equal to NaN
    return len(section)


@pytest.mark.parametrize("path", [*sorted(EXAMPLE_RUNS.iterdir()), *OLD_RUNS], ids=short_name)
def test_vectors_are_configspaces(path: Path) -> None:
    assert assert_as_configspace(path) > 0


def test_vectors_of_every_kind_are_configspaces(folder: Path) -> None:
    assert assert_as_configspace(folder) == 300


@pytest.mark.parametrize(
    "changes",
    [
        {"x0": 2.0},
        {"x0": None},
        {"x2": "x"},
        {"x3": 1.5},
        {"x3": 10**400},
        {"x6": "swish"},
        {"x6": ["relu"]},
        {"x6": "tanh", "x7": 3},
        {"unknown": 1},
    ],
    ids=str,
)
def test_configspace_says_what_is_wrong(folder: Path, tmp_path: Path, changes: dict[str, Any]) -> None:
    for name in ("scenario.json", "configspace.json", "runhistory.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())

    def change(data: Any) -> None:
        data["configs"]["150"].update(changes)

    edit_json(tmp_path / "runhistory.json", change)
    with pytest.raises(RunFormatError, match="configuration 150 does not fit the configuration space"):
        load_run(tmp_path)


def test_missing_active_hyperparameter_is_refused(folder: Path, tmp_path: Path) -> None:
    for name in ("scenario.json", "configspace.json", "runhistory.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())

    def change(data: Any) -> None:
        del data["configs"]["150"]["x0"]

    edit_json(tmp_path / "runhistory.json", change)
    with pytest.raises(RunFormatError, match=r"configuration 150 .*x0"):
        load_run(tmp_path)


def training_data(path: Path) -> tuple[Any, TrainingData]:
    run = load_run(path)
    return run, collect(run, objective=0, budget=None, encoder_name="RunHistoryEncoder")


def test_folds_of_large_runs_learn_from_a_part_and_say_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, data = training_data(folder)
    seen: list[np.ndarray] = []

    def fit(index: Any) -> Any:
        seen.append(index)
        return lambda X, features: np.full(len(X), float(len(index)))

    whole = validation.cross_validate(data, fit, run.configspace)
    assert [len(index) for index in seen] == [240] * 5
    assert whole.predicted is not None
    assert validation.notes(data, whole.r2) == ()
    monkeypatch.setattr(validation, "MOST_TRAINED", 100)
    folds, seen = list(seen), []
    part = validation.cross_validate(data, fit, run.configspace)
    assert part.predicted is not None
    assert np.all(part.predicted == 100)
    for index, fold in zip(seen, folds, strict=True):
        assert len(np.unique(index)) == 100
        assert set(index) <= set(fold)  # nothing that is held out
    (sentence,) = validation.notes(data, part.r2)
    assert sentence.startswith("Cross-validation trained on 100 of the 300 trials at a time")


def test_the_nearest_of_many_is_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    points, places = rng.uniform(size=(500, 30)), rng.uniform(size=(400, 30))
    by_tree = validation._nearest(points, places)
    monkeypatch.setattr(validation, "_MANY", 1)
    np.testing.assert_array_equal(validation._nearest(points, places), by_tree)


@pytest.mark.parametrize(
    ("leaf", "bootstrap", "copies"), [(1, True, 1), (20, True, 1), (1, False, 1), (5000, True, 60)]
)
def test_every_leaf_is_smacs(folder: Path, leaf: int, bootstrap: bool, copies: int) -> None:
    from smac.model.random_forest.random_forest import RandomForest

    run, data = training_data(folder)
    rows, costs = np.tile(data.rows, (copies, 1)), np.log(np.tile(data.z, copies))
    options = {"seed": 3, "log_y": True, "min_samples_leaf": leaf, "bootstrapping": bootstrap}
    theirs, ours = (RandomForest(run.configspace, **options) for _ in range(2))
    theirs.train(rows, costs[:, None])
    train(ours, rows, costs)
    for a, b in zip(theirs._rf.estimators_, ours._rf.estimators_, strict=True):
        np.testing.assert_array_equal(a.tree_.value, b.tree_.value)  # bit by bit
    for a, b in zip(theirs.predict(data.rows), ours.predict(data.rows), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_rival_has_the_weights_of_a_cross_validation_of_its_own(folder: Path, monkeypatch: Any) -> None:
    run, data = training_data(folder)

    def fit(index: Any) -> Any:
        return lambda X, features: X[:, 0]

    alone = validation.cross_validate(data, fit, run.configspace)
    used = fit_forest(run, objective=0, budget=None, seed=1)
    monkeypatch.setattr(validation, "_nearest", lambda *_: pytest.fail("computed again"))
    assert validation.cross_validate(data, fit, run.configspace, like=used).domain_r2 == alone.domain_r2
    monkeypatch.undo()
    others = replace(used, X=used.X[::-1])
    assert validation.cross_validate(data, fit, run.configspace, like=others).domain_r2 == alone.domain_r2


def test_a_forest_on_demand_is_the_same_forest(folder: Path) -> None:
    run = load_run(folder)
    at_once = fit_forest(run, objective=0, budget=None, seed=1)
    later = fit_forest(run, objective=0, budget=None, seed=1, rival_of=at_once)
    assert later.record == at_once.record
    for a, b in zip(at_once.model.predict(at_once.X), later.model.predict(at_once.X), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.long
def test_ten_thousand_trials_and_fifty_hyperparameters(scale: Any, tmp_path: Path) -> None:
    path = scale.synthesise(tmp_path / "run", 10_000, 50)
    result = scale.measure(scale._EXPLAIN, str(path), "x0")
    # How long it takes, benchmarks/scale.py measures.
    assert result["mib"] < 1024
    assert result["cv_r2"] > 0.8


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes every Gaussian process for a large one."""
    monkeypatch.setattr(cost, "MANY_ROWS", 5)


@pytest.mark.usefixtures("large")
def test_a_large_gaussian_process_says_what_it_costs() -> None:
    with pytest.warns(
        cost.SlowTrainingWarning, match=r"Training a Gaussian process on \d+ trials takes about \d+ seconds and \d+ MiB"
    ):
        explain(SVM, "C", max_complexity=1)


@pytest.mark.usefixtures("large")
def test_progress_counts_the_evaluations() -> None:
    seen: list[tuple[int, int]] = []
    with cost.watching(lambda sentence, done, expected: seen.append((done, expected))):
        explain(SVM, "C", max_complexity=1)
    assert [done for done, _ in seen] == list(range(len(seen)))
    assert seen[0][1] / 2 < len(seen) < seen[0][1] * 2  # what was expected was not far off


@pytest.mark.usefixtures("large")
def test_an_interrupt_ends_the_training(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    done = []

    def interrupt(sentence: str, n: int, expected: int) -> None:
        done.append(n)
        if n == 3:
            raise KeyboardInterrupt

    with cost.watching(interrupt), pytest.raises(KeyboardInterrupt):
        explain(SVM, "C", max_complexity=1)
    assert done == [0, 1, 2, 3]
    # The same from the command line, whose own listener is the bar.
    import tqdm

    monkeypatch.setattr(tqdm.tqdm, "update", lambda self, n=1: interrupt("", 3, 0))
    assert main(["explain", str(SVM), "-p", "C"]) == 130
    lines = capsys.readouterr().err.strip().splitlines()
    assert lines[0].startswith("deepcave-symbolic: Training a Gaussian process on ")
    assert lines[0].endswith("--surrogate forest) takes seconds.")
    assert lines[-1] == "deepcave-symbolic: interrupted"


def test_what_does_not_fit_into_memory_is_refused_before_training(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cost, "available_memory", lambda: 2**16)
    monkeypatch.setattr(smac_surrogate, "train", lambda *_: pytest.fail("trained"))
    assert main(["explain", str(SVM), "-p", "C"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(
        "deepcave-symbolic: Training a Gaussian process on 40 trials takes about 1 MiB of memory, and"
    )
    assert 'surrogate="forest"' in err and err.count("\n") == 1
    assert main(["explain", str(SVM), "-p", "C", "--surrogate", "forest"]) == 0


@pytest.mark.parametrize(("n", "d"), [(500, 2), (250, 12)])
def test_the_memory_named_is_the_memory_taken(scale: Any, tmp_path: Path, n: int, d: int) -> None:
    class Enough(Exception):  # noqa: N818 - no error
        pass

    done = []

    def stop() -> None:
        done.append(1)
        if len(done) == 2:
            raise Enough

    run, data = training_data(Path(scale.synthesise(tmp_path / "run", n, d, facade="BlackBoxFacade")))
    model = rebuild_model(run)
    tracemalloc.start()
    try:
        with pytest.raises(Enough):  # the first evaluation has no gradient; the second takes as much as every other
            train(model, data.rows, data.z, stop)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 0.7 < peak / cost.cost_of(model, n).memory < 1.1


def test_available_memory_is_the_least_of_all_bounds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    free = memory.available_memory()
    assert free is not None and free > 2**24
    monkeypatch.setattr(memory, "_PROC", tmp_path / "proc")
    monkeypatch.setattr(memory, "_CGROUP", tmp_path / "cgroup")
    everything = memory.available_memory()  # nothing but the size of the machine is known
    assert everything is not None and everything >= free
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "meminfo").write_text("MemTotal: 900 kB\nMemAvailable:   700 kB\n")
    assert memory.available_memory() == 700 * 1024
    (tmp_path / "proc" / "self" / "cgroup").write_text("4:cpu,memory:/job/step\n0::/unit\n")
    first, second = tmp_path / "cgroup" / "memory" / "job", tmp_path / "cgroup" / "unit"
    for folder, names, limit, statistics in (
        (first, ("memory.limit_in_bytes", "memory.usage_in_bytes"), 5000, "total_inactive_file 30\n"),
        (second, ("memory.max", "memory.current"), 900, "anon 1\ninactive_file 10\n"),
    ):
        folder.mkdir(parents=True)
        (folder / names[0]).write_text(f"{limit}\n")
        (folder / names[1]).write_text("400\n")
        (folder / "memory.stat").write_text(statistics)
    assert memory.available_memory() == 900 - 400 + 10
    (second / "memory.max").write_text("max\n")
    assert memory.available_memory() == 5000 - 400 + 30
    monkeypatch.undo()
    code = "from deepcave_symbolic.surrogates.memory import available_memory; print(available_memory())"
    limited = ["bash", "-c", f"ulimit -v 1000000; '{sys.executable}' -c '{code}'"]
    assert 2**24 < int(subprocess.check_output(limited)) < 1_000_000 * 1024


@pytest.mark.usefixtures("large")
def test_a_limit_refuses_before_training() -> None:
    with (
        cost.at_most(0.001),
        pytest.raises(SurrogateError, match=r'longer than the 0\.001 seconds.*surrogate="forest"'),
    ):
        explain(SVM, "C", max_complexity=1)


@pytest.mark.usefixtures("large")
def test_the_panel_names_the_forest(monkeypatch: pytest.MonkeyPatch) -> None:
    from deepcave_symbolic.dashboard.panel import compute as module

    def refused(run: Any, inputs: Any) -> Any:
        return explain(SVM, "C", max_complexity=1)

    monkeypatch.setattr(module, "_explained", refused)
    monkeypatch.setattr(module.Inputs, "read", lambda inputs: inputs)
    monkeypatch.setattr(cost, "_GRADIENT", (1.0, 1.0))
    error = module.compute(None, {})["error"]
    assert error["type"] == "SurrogateError"
    assert "longer than the 120 seconds" in error["message"]
    assert error["advice"] == 'Choose "A random forest" as the surrogate.'


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 seconds"), (89, "89 seconds"), (240, "4 minutes"), (9000, "2 h")]
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert cost._duration(seconds).startswith(text)
