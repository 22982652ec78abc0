"""Studies that Optuna itself made: read from memory and from files that stay as they are, with known answers."""

from __future__ import annotations

import hashlib
import json
import pickle
import sqlite3
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float

from deepcave_symbolic import explain, explain_all, explain_study, load_run
from deepcave_symbolic.cli import main
from deepcave_symbolic.exceptions import (
    AmbiguousRunError,
    HyperparameterNotExplainableError,
    InvalidArgumentError,
    MissingDependencyError,
    NoTrialsError,
    RunFormatError,
    RunNotFoundError,
    UnknownNameError,
)
from deepcave_symbolic.runs import Run
from deepcave_symbolic.surrogates.rivals import STAND_IN

optuna = pytest.importorskip("optuna")
optuna.logging.set_verbosity(optuna.logging.ERROR)


#: Long enough for the landscapes below.
quick = partial(explain, max_complexity=10)


def bowl(trial: Any) -> float:
    """0.1 + 0.05·(log10(lr) + 3)²; a second parameter does nothing."""
    lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    trial.suggest_int("n", 1, 8)
    return float(0.1 + 0.05 * (np.log10(lr) + 3) ** 2)


def nested(trial: Any) -> float:
    model = trial.suggest_categorical("model", ["svm", "forest", None])
    cost = {"svm": 0.1, "forest": 0.3, None: 0.5}[model]
    if model == "svm":
        cost += 0.05 * (np.log10(trial.suggest_float("C", 0.01, 100.0, log=True)) - 1) ** 2
    layers = trial.suggest_int("layers", 1, 3)
    for i in range(layers):
        trial.suggest_float(f"width{i}", 0.0, 1.0)
    return float(cost)


def study_of(objective: Any, n: int, **options: Any) -> Any:
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0), **options)
    study.optimize(objective, n_trials=n)
    return study


def add(study: Any, value: Any, distributions: dict[str, Any], **params: Any) -> None:
    state = optuna.trial.TrialState.COMPLETE
    values = {"values": value} if isinstance(value, list) else {"value": value}
    study.add_trial(optuna.trial.create_trial(state=state, params=params, distributions=distributions, **values))


@pytest.fixture(scope="module")
def smooth() -> Any:
    return study_of(bowl, 60, study_name="bowl")


@pytest.fixture(scope="module")
def conditional() -> Any:
    return study_of(nested, 60)


def stored(file: Path) -> Any:
    """A database for Optuna; by path, not by URL, in which a "?" of its name would mean something else."""

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(file)
        connection.execute("PRAGMA synchronous=OFF")
        return connection

    return optuna.storages.RDBStorage("sqlite://", engine_kwargs={"creator": connect})


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("single") / "one.db"
    study_of(bowl, 30, storage=stored(file), study_name="bowl").set_user_attr("note", "by a test")
    return file


@pytest.fixture(scope="module")
def database(single: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with two studies."""
    file = tmp_path_factory.mktemp("optuna") / "two #1 100%?.db"
    file.write_bytes(single.read_bytes())
    study_of(bowl, 3, storage=stored(file), study_name="a#b")
    return file


def fingerprint(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        str(p.relative_to(folder)): (hashlib.sha256(p.read_bytes()).hexdigest(), p.stat().st_mtime_ns)
        for p in sorted(folder.rglob("*"))
    }


# --- known answers ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_known_landscape_comes_back(smooth: Any) -> None:
    trials = quick(smooth, "lr", source="trials")
    assert "objective ≈ 0.1 + 0.05·log10(lr/0.001)²" in map(str, trials.formulas)
    explanation = quick(smooth, "lr")
    assert explanation.best.r2 > 0.9
    assert 10**-3.5 < explanation.optimum().values[0] < 10**-2.5
    assert explanation.surrogate is not None and explanation.surrogate.n_trials == 60
    assert f"Optuna keeps no surrogate; {STAND_IN} stands in for it." in explanation.warnings
    assert explanation.provenance["optimizer"] == "Optuna" and explanation.run == "bowl"
    first, second = explain_all(smooth, max_complexity=6)
    assert first.hyperparameters == ("lr",) and second.range < 0.2 * first.range


def test_what_is_maximised_stays_so() -> None:
    study = study_of(lambda trial: -bowl(trial), 40, direction="maximize")
    run = load_run(study)
    assert run.maximized == {"objective"}
    optimum = quick(run, "lr").optimum()
    assert "highest" in optimum.sentence and 1e-4 < optimum.values[0] < 1e-2


def test_several_objectives_have_their_names() -> None:
    def two(trial: Any) -> tuple[float, float]:
        return bowl(trial), float(trial.params["n"])

    study = study_of(two, 30, directions=["minimize", "maximize"])
    assert load_run(study).objectives == ("objective 0", "objective 1")
    study.set_metric_names(["error", "size"])
    run = load_run(study)
    assert run.objectives == ("error", "size") and run.maximized == {"size"}
    assert str(quick(run, "n", objective="size", source="trials").best) == "size ≈ n"


# --- spaces -------------------------------------------------------------------------------------------------------


def test_conditions_are_read_off_the_trials(conditional: Any) -> None:
    run = load_run(conditional)
    conditions = {c.child.name: str(c) for c in run.configspace.conditions}
    assert sorted(conditions) == ["C", "width1", "width2"]
    assert conditions["width1"] == "width1 | layers > 1" and conditions["width2"] == "width2 | layers > 2"
    start, _, listed = run.changes[0].partition(": ")
    assert start == "Optuna keeps no conditions; these are where the trials had values"
    told = {"'C' where model is svm", "'width1' where layers > 1", "'width2' where layers > 2"}
    assert set(listed.split(", ")) == told and len(run.changes) == 1
    explanation = quick(run, "C", source="trials")
    assert explanation.conditions == ("model is svm",)
    assert explanation.best.trials_r2 is not None and explanation.best.trials_r2 > 0.9
    by_model = quick(run, "model").best.predict({"model": ["svm", "forest", None]})
    assert by_model[0] < by_model[1] < by_model[2]


def test_vectors_are_those_of_the_trials(conditional: Any) -> None:
    run = load_run(conditional)
    for number, trial in enumerate(conditional.trials):
        vector = run.configurations[run.trials[number].config_id]
        for name, entry in zip(run.configspace, vector, strict=True):
            value = None if np.isnan(entry) else run.configspace[name].to_value(np.array([entry]))[0]
            expected = trial.params.get(name)
            if name == "model":
                assert value == str(expected)
            elif expected is None:
                assert value is None
            else:
                assert value == pytest.approx(expected)
        assert run.trials[number].costs == (trial.value,)


def test_absence_without_a_reason_becomes_a_hyperparameter() -> None:
    study = optuna.create_study()
    rng = np.random.default_rng(0)
    unit = optuna.distributions.FloatDistribution(0.0, 1.0)
    for _ in range(40):
        x, y = rng.uniform(size=2)
        there = rng.uniform() < 0.5
        params = {"x": x, "y": y} if there else {"x": x}
        add(study, x + (y if there else 2.0), {name: unit for name in params}, **params)
    run = load_run(study)
    assert "y is set" in run.configspace and str(run.configspace.conditions[0]) == "y | y is set == 'yes'"
    (sentence,) = run.changes
    assert "'y' had a value in" in sentence and "'y is set' stands for it" in sentence
    yes, no = quick(run, "y is set").best.predict({"y is set": ["yes", "no"]})
    assert no - yes > 0.5
    assert quick(run, "y").conditions == ("y is set is yes",)


def test_ranges_steps_and_choices() -> None:
    d = optuna.distributions
    study = optuna.create_study()
    choices = (None, True, 1.5, "1.5", "a")
    for i in range(12):
        distributions = {
            "moving": d.IntDistribution(1, 5 + i),
            "steps": d.FloatDistribution(0.1, 0.5, step=0.1),
            "many": d.IntDistribution(0, 1000, step=2),
            "choice": d.CategoricalDistribution(choices),
            "fixed": d.FloatDistribution(2.0, 2.0),
        }
        values = {"moving": 5 + i, "steps": 0.1 + 0.1 * (i % 5), "many": 2 * i, "choice": choices[i % 5], "fixed": 2.0}
        add(study, float(i), distributions, **values)
    run = load_run(study)
    space: Any = run.configspace
    assert (space["moving"].lower, space["moving"].upper) == (1, 16)
    assert list(space["steps"].sequence) == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert (space["many"].lower, space["many"].upper) == (0, 1000)
    assert list(space["choice"].choices) == ["None", "True", "1.5", "'1.5'", "'a'"]
    assert space["fixed"].value == 2.0
    assert run.changes == (
        "the range of 'moving' changed between trials; all of it is taken, 1 to 16",
        "the steps of 'many' are left out: it is taken for a range from 0 to 1000",
    )
    column = list(space).index("choice")
    assert [run.configurations[i][column] for i in range(5)] == [0, 1, 2, 3, 4]
    assert any("range of 'moving'" in w for w in map(str.lower, quick(run, "steps").warnings))


def test_choices_keep_their_values(tmp_path: Path) -> None:
    choices = (1, "1", None, (64, 64))

    def objective(trial: Any) -> float:
        return float([repr(choice) for choice in choices].index(repr(trial.suggest_categorical("c", choices))))

    values = np.arange(4.0)
    in_memory = study_of(objective, 30, study_name="kinds")
    run = load_run(in_memory)
    assert {t.costs[0] for t in run.trials} == set(values)
    for trial in run.trials:
        assert run.configurations[trial.config_id][0] == trial.costs[0]
    formula = quick(run, "c", source="trials").formulas[-1]
    np.testing.assert_allclose(formula.predict({"c": list(choices)}), values)
    np.testing.assert_allclose(formula.predict([trial.params for trial in in_memory.trials[:9]]), [
        trial.value for trial in in_memory.trials[:9]
    ])  # fmt: skip
    layers = ((64,), (64, 64))
    study = study_of(lambda t: float(len(t.suggest_categorical("c", layers))), 9, storage=stored(tmp_path / "a.db"))
    lists = quick(study, "c", source="trials").formulas[-1]
    assert str(lists) == 'objective ≈ for c = "(64,)": 1; for "(64, 64)": 2'
    np.testing.assert_allclose(lists.predict({"c": [(64, 64), [64]]}), [2.0, 1.0])


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_ranges_that_configspace_cannot_hold() -> None:
    def objective(trial: Any) -> float:
        trial.suggest_float("cap", 0.0, 1.7e308)
        return float((np.log10(trial.suggest_float("tol", 1e-16, 1e-2, log=True)) + 8) ** 2)

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    study.optimize(objective, n_trials=60)
    explanation = quick(study, "tol")
    axis = explanation.projection.axes[0]
    assert (axis.lower, axis.upper, axis.log) == (1e-16, 1e-2, True)
    assert 1e-9 < explanation.optimum().values[0] < 1e-7
    trials = sorted(trial.params["tol"] for trial in study.trials)
    np.testing.assert_allclose(sorted(explanation.projection.trials.values[:, 0]), trials, rtol=1e-10)
    with pytest.raises(HyperparameterNotExplainableError, match="as good as without a bound"):
        quick(study, "cap")


def test_a_space_of_ones_own_has_its_conditions() -> None:
    space = ConfigurationSpace(seed=0)
    model, C = Categorical("model", ["svm", "forest"]), Float("C", (0.1, 10.0))
    space.add(model, C)
    space.add(EqualsCondition(C, model, "svm"))
    study = optuna.create_study()
    d = {"model": optuna.distributions.CategoricalDistribution(("svm", "forest"))}
    both = {**d, "C": optuna.distributions.FloatDistribution(0.1, 10.0)}
    for value in (0.5, 2.0, 4.0):
        add(study, value, both, model="svm", C=value)
        add(study, 3.0, d, model="forest")
    run = load_run(study, configspace=space)
    assert run.configspace is space and run.changes == ()
    assert quick(run, "C", source="surrogate").conditions == ("model is svm",)
    with pytest.raises(InvalidArgumentError, match="Trial 0 does not fit the given configuration space"):
        load_run(study, configspace=ConfigurationSpace({"model": ["forest", "net"]}))


def test_contradictions_are_refused() -> None:
    d = optuna.distributions

    class Contradicting:
        """What Optuna itself refuses to record, but a program may hand over."""

        study_name, metric_names = "odd", None
        directions = optuna.create_study().directions

        def __init__(self, one: Any, two: Any, *values: Any) -> None:
            self.trials = [
                optuna.trial.create_trial(value=1.0, params={"x": v}, distributions={"x": dist})
                for dist, v in ((one, values[0]), (two, values[1]))
            ]

        def get_trials(self, deepcopy: bool = True) -> Any:
            return self.trials

    for one, two, values, message in (
        (
            d.FloatDistribution(1, 2),
            d.CategoricalDistribution(("a",)),
            (1.0, "a"),
            "categorical in some",
        ),
        (d.FloatDistribution(1, 2), d.FloatDistribution(1, 2, log=True), (1.0, 1.0), "log scale in some"),
        (d.CategoricalDistribution(("a",)), d.CategoricalDistribution(("b",)), ("a", "b"), "other choices"),
    ):
        with pytest.raises(InvalidArgumentError, match=message):
            load_run(Contradicting(one, two, *values))
    empty = study_of(lambda trial: 1.0, 3)
    with pytest.raises(InvalidArgumentError, match="no parameters"):
        load_run(empty)


# --- trials -------------------------------------------------------------------------------------------------------


def test_trials_that_do_not_count_are_counted() -> None:
    def moody(trial: Any) -> float:
        x = trial.suggest_float("x", 0.0, 1.0)
        if trial.number % 5 == 0:
            raise optuna.TrialPruned
        if trial.number % 7 == 1:
            raise ValueError
        return float("inf") if trial.number == 2 else x

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(moody, n_trials=30, catch=(ValueError,))
    study.ask()  # one that is running
    run = load_run(study)
    assert len(run.trials) == 20
    (sentence,) = run.changes
    assert sentence.startswith("6 pruned and 4 failed trials of 31 are left out: pruning keeps what starts well")
    explanation = quick(run, "x")
    assert f"{sentence}." in explanation.warnings
    assert any("Left out: 1 trial whose cost is infinite" in w for w in explanation.warnings)
    assert explanation.surrogate is not None and explanation.surrogate.n_trials == 19
    with pytest.raises(NoTrialsError, match=r"no complete trial \(1 running\)"):
        waiting = optuna.create_study()
        waiting.ask()
        load_run(waiting)
    with pytest.raises(NoTrialsError, match="none at all"):
        load_run(optuna.create_study())


@pytest.mark.parametrize("recorded", ["together", "one by one"])
def test_trials_that_break_constraints_are_no_incumbent(recorded: str) -> None:
    study = optuna.create_study()
    d = {"x": optuna.distributions.FloatDistribution(0.0, 10.0)}
    for i in range(30):
        x = i / 3
        broken = {"constraints": [5.0 - x]} if recorded == "together" else {"constraints:least": 5.0 - x}
        study.add_trial(optuna.trial.create_trial(value=x, params={"x": x}, distributions=d, system_attrs=broken))
    run = load_run(study)
    assert sum(trial.feasible for trial in run.trials) == 15
    explanation = quick(run, "x")
    assert explanation.projection.incumbent is not None
    assert explanation.projection.incumbent.values == (5.0,)
    assert explanation.surrogate is not None and explanation.surrogate.n_trials == 30
    assert any(w.startswith("15 of the 30 complete trials break the study's const") for w in explanation.warnings)
    study = optuna.create_study()
    for x in (1.0, 2.0, 3.0):
        attrs = {"constraints": [1.0]}
        study.add_trial(optuna.trial.create_trial(value=x, params={"x": x}, distributions=d, system_attrs=attrs))
    assert load_run(study).notes[0].startswith("None of the 3 complete trials meets the study's constraints")


def test_a_study_whose_storage_is_gone_and_a_space_that_is_none(smooth: Any) -> None:
    class Gone:
        study_name, metric_names, directions = "gone", None, smooth.directions

        def get_trials(self, deepcopy: bool = True) -> Any:
            raise sqlite3.OperationalError("unable to open database file")

    with pytest.raises(InvalidArgumentError, match="cannot be read from its storage") as caught:
        load_run(Gone())
    assert "database file" not in str(caught.value)
    with pytest.raises(InvalidArgumentError, match=r"expected a ConfigSpace\.ConfigurationSpace"):
        load_run(smooth, configspace={"lr": (0.0, 1.0)})  # type: ignore[arg-type]


# --- files --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_database_is_read_and_not_touched(database: Path, single: Path, smooth: Any) -> None:
    for file in (database, single):
        before = fingerprint(file.parent)
        name = "#bowl" if file is database else ""
        for place in (f"sqlite:///{file}{name}", f"{file}{name}", Path(f"{file}{name}")):
            run = load_run(place)
            assert run.name == "bowl" and len(run.trials) == 30
        assert fingerprint(file.parent) == before
    assert [t.costs for t in load_run(single).trials] == [t.costs for t in load_run(smooth).trials[:30]]
    assert len(load_run(f"sqlite:///{database}#a#b").trials) == 3


def test_which_study(database: Path) -> None:
    with pytest.raises(AmbiguousRunError) as caught:
        load_run(f"sqlite:///{database}")
    head, *lines = str(caught.value).splitlines()
    assert "has 2 studies" in head and "--all-runs" in head
    assert sorted(lines) == [f"  {database}#a#b  3 trials", f"  {database}#bowl  30 trials"]
    assert sorted(caught.value.candidates) == [f"{database}#a#b", f"{database}#bowl"]
    with pytest.raises(UnknownNameError, match="Did you mean 'bowl'"):
        load_run(f"sqlite:///{database}#bowls")


@pytest.mark.slow
def test_all_studies_of_a_file(database: Path, single: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = explain_study(f"sqlite:///{database}", "n", max_complexity=6)
    assert sorted(study.by_run()) == [f"{database}#a#b", f"{database}#bowl"] and not study.failures
    assert list(explain_study([single, f"{database}#bowl"], "n", max_complexity=6).by_run()) == [
        str(single),
        f"{database}#bowl",
    ]
    assert main(["explain", str(database), "-p", "n"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 3
    assert main(["explain", str(database), "-p", "n", "--all-runs", "--max-complexity", "6"]) == 0
    assert {f"=== {database}#a#b", f"=== {database}#bowl"} <= set(capsys.readouterr().out.splitlines())


def test_a_journal_is_read_and_not_touched(tmp_path: Path) -> None:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    file = tmp_path / "studies.log"
    study_of(bowl, 20, storage=JournalStorage(JournalFileBackend(str(file))), study_name="logged")
    before = fingerprint(tmp_path)
    assert len(load_run(file).trials) == 20 and load_run(f"{file}#logged").name == "logged"
    assert fingerprint(tmp_path) == before
    file.write_text(file.read_text() + '{"op_code": 99}\nnot json\n')
    with pytest.raises(RunFormatError, match="no studies that optuna"):
        load_run(file)


def test_write_ahead_logs_are_not_touched(single: Path, tmp_path: Path) -> None:
    file = tmp_path / "wal.db"
    file.write_bytes(single.read_bytes())
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    before = fingerprint(tmp_path)
    assert list(before) == ["wal.db"] and len(load_run(file).trials) == 30
    assert fingerprint(tmp_path) == before
    Path(f"{file}-wal").write_bytes(b"unfinished")
    with pytest.raises(RunFormatError, match=r"write-ahead log wal\.db-wal"):
        load_run(file)


def test_files_that_are_no_studies(single: Path, tmp_path: Path) -> None:
    missing = tmp_path / "missing.db"
    for place in (f"sqlite:///{missing}", f"sqlite:///{missing}#x"):
        with pytest.raises(RunNotFoundError, match="No such file"):
            load_run(place)
    foreign, near, bare, broken, cut, empty, pickled = (
        tmp_path / name for name in ("foreign.db", "near.db", "bare.db", "broken.db", "cut.db", "empty.db", "study.pkl")
    )
    for file, commands in (
        (foreign, ["CREATE TABLE mails (a TEXT)"]),
        (near, ["CREATE TABLE studies (a TEXT)", "CREATE TABLE trials (a TEXT)"]),
        (bare, ["CREATE TABLE a (b TEXT)", "DROP TABLE a"]),
    ):
        with sqlite3.connect(file) as connection:
            for command in commands:
                connection.execute(command)
        connection.close()
    content = bytearray(single.read_bytes())
    cut.write_bytes(content[:20_000])
    content[1000:] = b"\xff" * (len(content) - 1000)
    broken.write_bytes(content)
    empty.write_bytes(b"")
    pickled.write_bytes(pickle.dumps({"study": 1}))
    before = fingerprint(tmp_path)
    for file, message in (
        (foreign, "none of Optuna's: it has the tables mails; expected studies and trials"),
        (near, "no studies that optuna"),
        (bare, "is an empty database: no study was ever stored"),
        (broken, "cannot be read: it is damaged or cut off"),
        (cut, "cannot be read: it is damaged or cut off"),
        (empty, "is empty: no study was ever stored"),
    ):
        with pytest.raises(RunFormatError, match=message) as caught:
            load_run(f"sqlite:///{file}")
        assert "sqlite3" not in str(caught.value) and "Error" not in str(caught.value)
    with pytest.raises(RunFormatError, match="is a pickle, which is never opened"):
        load_run(pickled)
    assert fingerprint(tmp_path) == before
    for url, message in (
        ("mysql://user@host/db", "no SQLite database"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
    ):
        with pytest.raises(InvalidArgumentError, match=message):
            load_run(url)


def test_an_empty_storage(tmp_path: Path) -> None:
    file = tmp_path / "none.db"
    optuna.storages.RDBStorage(f"sqlite:///{file}").engine.dispose()
    with pytest.raises(RunFormatError, match="no study yet"):
        load_run(file)


def test_the_command_line(single: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", f"sqlite:///{single}", "-p", "lr", "--source", "trials", "--format", "json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["objective"] == "objective" and record["formulas"][record["recommended"]]["trials_r2"] > 0.9
    assert main(["explain", f"sqlite:///{single}#other"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "Unknown study 'other'" in error


def test_without_optuna_the_extra_is_named(single: Path, monkeypatch: pytest.MonkeyPatch, smooth: Any) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "deepcave-symbolic\[optuna\]"'):
        load_run(single)
    assert isinstance(load_run(smooth), Run)  # a study brings its own methods
