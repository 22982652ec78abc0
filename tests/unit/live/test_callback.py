"""`SymbolicCallback`: formulas while SMAC runs, within its share of the time, without a trace in the run."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from deepcave_symbolic import DeepcaveSymbolicError, SymbolicCallback, explain, load_run, read_formulas
from deepcave_symbolic.exceptions import FormulaError, InvalidArgumentError, UnknownNameError
from deepcave_symbolic.live.steps import GUESSES, Round
from deepcave_symbolic.live.time_budget import Prices, TimeBudget
from deepcave_symbolic.runs.live import live_run
from live_runs import live, mixed
from logged import messages

KINDS = ("blackbox", "hpo", "ac", "mf", "two", "random")


# --- the run in memory ------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_run_in_memory_is_the_folders(kind: str, base: Path) -> None:
    run = live(kind, base)
    here, there = live_run(run.facade.optimizer), load_run(run.folder)
    assert here.trials == there.trials
    assert here.scenario == there.scenario and here.version == there.version
    assert (here.name, here.objectives, here.path) == (there.name, there.objectives, there.path)
    assert here.configspace == there.configspace and here.configspace is not run.facade.scenario.configspace
    assert list(here.configurations) == list(there.configurations)
    for i, vector in there.configurations.items():
        # The folder has the values, rounded to 13 decimal places.
        np.testing.assert_allclose(here.configurations[i], vector, rtol=0, atol=1e-10)


@pytest.mark.slow
def test_last_formula_is_explains(base: Path, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    run, output = live("hpo", base), tmp_path / "formulas.jsonl"
    callback = SymbolicCallback("C", final=True, output=output)
    caplog.set_level(logging.INFO)
    callback.on_start(run.facade.optimizer)
    callback.on_end(run.facade.optimizer)
    explanation = explain(run.folder, "C")
    best, row = explanation.best, read_formulas(output).iloc[0]
    r2 = round(best.r2, 2) + 0.0  # no -0.00
    assert messages(caplog)[0].startswith(f"C after 24 trials: {best} ({explanation.verdict}: R² {r2:.2f}, ")
    assert row["formula"] == str(best) and row["python"] == best.python() and row["latex"] == best.latex()
    assert (row["r2"], row["complexity"]) == (pytest.approx(best.r2), best.complexity)
    assert row["verdict"] == explanation.verdict and row["warnings"] == list(explanation.warnings)
    assert row["cv_r2"] == pytest.approx(explanation.surrogate.cv_r2) and row["surrogate"] == "RandomForest"
    assert row["hyperparameters"] == ("C",) and row["run"] == "hpo/3" and row["exact"]
    assert row["incumbent_cost"] == pytest.approx(min(t.costs[0] for t in load_run(run.folder).trials))


# --- without a trace --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_warnings_that_are_errors_stop_no_formula(base: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    callback = SymbolicCallback("x", final=True, max_complexity=6)
    smbo = live("blackbox", base).facade.optimizer
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        callback.on_start(smbo)
        callback.on_end(smbo)
    assert messages(caplog)[0].startswith("x after 24 trials: cost ≈ ")


def test_can_be_copied_and_pickled() -> None:
    callback = SymbolicCallback("C", every=7)
    assert pickle.loads(pickle.dumps(callback))._question == copy.deepcopy(callback)._question == callback._question


# --- never able to break the run --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"objective": "acc"}, "Unknown objective 'acc'"),
        ({"monotone": {"c": "falling"}}, "Unknown hyperparameter 'c'"),
        ({"budget": 3.0}, "has no budgets; found budget 3."),
    ],
)
@pytest.mark.slow
def test_other_unknown_names(
    arguments: dict[str, Any], sentence: str, base: Path, caplog: pytest.LogCaptureFixture
) -> None:
    callback = SymbolicCallback("C", final=True, max_complexity=6, **arguments)
    smbo = live("hpo", base).facade.optimizer
    callback.on_start(smbo)
    callback.on_end(smbo)
    assert [m for m in messages(caplog, logging.ERROR) if sentence in m]


@pytest.mark.parametrize("error", [MemoryError(), RecursionError("x"), RuntimeWarning("x"), OSError(28, "x")])
def test_any_error_stays_inside(
    error: Exception, base: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    taken = 0

    def fail(self: Round) -> None:
        nonlocal taken
        taken += 1
        raise error

    monkeypatch.setattr(Round, "do_next", fail)
    callback, smbo = SymbolicCallback("C", every=1, max_cost=None), live("hpo", base).facade.optimizer
    callback.on_start(smbo)
    for _ in range(9):
        callback._last = 0
        assert callback.on_tell_end(smbo, None, None) is None
    assert taken == 3
    assert len(messages(caplog, logging.WARNING)) == 2
    assert messages(caplog, logging.ERROR)[0].endswith("The run goes on without formulas.")


def test_broken_handler_stays_outside(base: Path) -> None:
    asked: list[str] = []

    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            asked.append(record.getMessage())
            raise ValueError("broken")

    handler, own = Broken(), logging.getLogger("deepcave_symbolic")
    own.addHandler(handler)
    try:
        smbo = live("hpo", base).facade.optimizer
        callback = SymbolicCallback("nothing like it")
        callback.on_start(smbo)
        callback.on_end(smbo)
    finally:
        own.removeHandler(handler)
    assert len(asked) == 1 and "Unknown hyperparameter 'nothing like it'" in asked[0]


def explain_finished(base: Path, output: Any, times: int = 1) -> None:
    smbo = live("hpo", base).facade.optimizer
    callback = SymbolicCallback("C", final=True, max_complexity=6, output=output)
    callback.on_start(smbo)
    for _ in range(times):
        callback._explained = 0
        callback.on_end(smbo)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_full_disk_is_said_once(base: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    explain_finished(base, "/dev/full", times=2)
    (error,) = messages(caplog, logging.ERROR)
    assert error.startswith("Formulas cannot be written to '/dev/full': No space left on device. The run goes on")
    assert sum(": cost ≈ " in m for m in messages(caplog)) == 2


def test_missing_folder_is_said_at_the_start(base: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    output = tmp_path / "later" / "formulas.jsonl"
    callback, smbo = (
        SymbolicCallback("C", final=True, max_complexity=6, output=output),
        live("hpo", base).facade.optimizer,
    )
    callback.on_start(smbo)
    assert "there is no such folder" in messages(caplog, logging.ERROR)[0]
    output.parent.mkdir()
    callback.on_end(smbo)
    assert len(read_formulas(output)) == 1 and len(messages(caplog, logging.ERROR)) == 1


@pytest.mark.parametrize(
    ("names", "arguments"),
    [
        (("a", "b", "c"), {}),
        (("a", "a"), {}),
        ((3,), {}),
        ((), {"every": 0}),
        ((), {"every": 2.5}),
        ((), {"top": 0}),
        ((), {"max_cost": 0}),
        ((), {"max_cost": 1.5}),
        ((), {"max_cost": float("nan")}),
        ((), {"explore": -0.1}),
        ((), {"explore": 0.6}),
        ((), {"explore": float("nan")}),
        ((), {"explore": True}),
        ((), {"explore": "0.1"}),
        ((), {"output": ""}),
        ((), {"output": 3}),
        ((), {"output": "a\0b"}),
        ((), {"output": "."}),
        ((), {"engine": "nothing"}),
        ((), {"max_complexity": 0}),
    ],
)
def test_bad_arguments_are_refused_before_the_run(names: tuple[Any, ...], arguments: dict[str, Any]) -> None:
    with pytest.raises((InvalidArgumentError, UnknownNameError)):
        SymbolicCallback(*names, **arguments)


# --- its share of the time --------------------------------------------------------------------------------------------


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_time_budget_counts_what_is_spent() -> None:
    clock = Clock()
    budget = TimeBudget(0.02, clock=clock)
    clock.now = 100.0
    assert budget.affords(1.9) and not budget.affords(2.0)
    with pytest.raises(ValueError), budget.spending():
        clock.now = 101.5
        assert budget.spent == 1.5 and not budget.affords(0.6)
        raise ValueError
    assert budget.spent == 1.5 and budget.share == pytest.approx(1.5 / 101.5)
    assert TimeBudget(None, clock=clock).affords(1e9)


def test_prices_learn() -> None:
    prices = Prices()
    assert prices.expected("a", 1.0) == 4.0  # on an unknown machine
    prices.saw("a", 3.0, 1.0)  # three times as slow as guessed
    assert prices.expected("b", 2.0) == 9.0
    assert prices.expected("a", 1.0) == 4.5 and prices.expected("a", 2.0) == 9.0


@pytest.mark.parametrize("seconds_a_trial", [0.05, 2.0])
@pytest.mark.parametrize("slowness", [1.0, 4.0])
def test_share_is_never_exceeded(seconds_a_trial: float, slowness: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine as fast as the guesses say, and one that is four times as slow; a surrogate that takes ever longer."""
    clock, smbo, rounds = Clock(), fake_optimizer(), 0
    callback = SymbolicCallback("C", every=20)
    callback._time.clock = clock
    monkeypatch.setattr(Round, "_training_seconds", lambda self, n: 1e-3 * n)

    def take(self: Round) -> None:
        nonlocal rounds
        step = "import" if not rounds else "surrogate" if self._left is None else "formula"
        seconds = slowness * (GUESSES[step] + (1e-3 * smbo.runhistory.finished if step == "surrogate" else 0.0))
        clock.now += seconds
        self.prices.saw(step, seconds, self._guess(step))
        self._explainer, self._left = object(), [] if step == "formula" else [("C",)]
        rounds += step in ("import", "formula")

    monkeypatch.setattr(Round, "do_next", take)
    monkeypatch.setattr(Round, "step", property(lambda self: None if self._left == [] else step_of(self, rounds)))
    callback.on_start(smbo)
    shares = []
    for _ in range(2000):
        clock.now += seconds_a_trial
        smbo.runhistory.finished += 1
        callback.on_tell_end(smbo, None, None)
        shares.append(callback.cost)
    assert max(shares) < 0.02
    # A formula takes 0.8 s and more: 100 s have room for two at most, 4000 s for many.
    assert rounds <= 3 if seconds_a_trial < 1 else rounds > 10


def step_of(self: Round, rounds: int) -> str:
    return "import" if not rounds else "surrogate" if self._left is None else "formula"


def fake_optimizer() -> Any:
    scenario = SimpleNamespace(configspace=mixed(), objectives="cost", output_directory=Path("run"))
    return SimpleNamespace(_scenario=scenario, runhistory=SimpleNamespace(finished=0), intensifier=None)


# --- kinds of runs ----------------------------------------------------------------------------------------------------


def test_top_hyperparameters_come_first(base: Path, tmp_path: Path) -> None:
    for top, n in ((2, 2), (None, 4)):
        output = tmp_path / f"{top}.jsonl"
        smbo = live("hpo", base).facade.optimizer
        callback = SymbolicCallback(top=top, final=True, max_complexity=6, output=output)
        callback.on_start(smbo)
        callback.on_end(smbo)
        ranges = read_formulas(output)["range"].tolist()
        assert len(ranges) == n and ranges == sorted(ranges, reverse=True)


@pytest.mark.parametrize(
    ("kind", "arguments", "start"),
    [
        ("mf", {}, "C after 24 trials at budget "),
        ("ac", {}, "C after 24 trials: cost ≈ "),
        ("two", {"objective": "size"}, "C after 24 trials: size ≈ "),
        ("two", {"objective": "scalarized"}, 'C after 24 trials: "scalarized cost" ≈ '),
        ("random", {}, "C after 24 trials: cost ≈ "),
    ],
)
@pytest.mark.slow
def test_facades(
    kind: str, arguments: dict[str, Any], start: str, base: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    smbo = live(kind, base).facade.optimizer
    callback = SymbolicCallback("C", final=True, max_complexity=6, **arguments)
    callback.on_start(smbo)
    callback.on_end(smbo)
    assert messages(caplog)[0].startswith(start), messages(caplog)


# --- the file ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_cut_line_spoils_no_other(base: Path, tmp_path: Path) -> None:
    output = tmp_path / "formulas.jsonl"
    explain_finished(base, output)
    whole = output.read_bytes()
    for cut in (*range(1, len(whole) - 2, 9), len(whole) - 2):  # some ends lie in LaTeX, which has braces of its own
        output.write_bytes(whole + whole[:cut])
        assert len(read_formulas(output)) == 1
    explain_finished(base, output)
    assert output.read_bytes().startswith(whole + whole[:-2] + b"\n{")
    assert len(read_formulas(output)) == 2
    for line in (output.read_bytes().splitlines()[0], output.read_bytes().splitlines()[2]):
        assert json.loads(line)["n_trials"] == 24


def test_a_file_of_something_else_is_left_alone(base: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    output = tmp_path / "runhistory.json"
    callback, smbo = (
        SymbolicCallback("C", final=True, max_complexity=6, output=output),
        live("hpo", base).facade.optimizer,
    )
    output.write_text('{"stats": {}}', encoding="utf-8")  # SMAC makes its files later than we are made
    callback.on_start(smbo)
    callback.on_end(smbo)
    assert output.read_text(encoding="utf-8") == '{"stats": {}}'
    assert "it holds something else than formulas. The run goes on" in messages(caplog, logging.ERROR)[0]
    with pytest.raises(InvalidArgumentError, match="something else than formulas"):
        SymbolicCallback("C", output=output)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("hello\n", "Line 1 of .* no JSON"),
        ("[1]\n", "found 'list'"),
        ('\n{"schema": 2}\n', "Line 2 .* schema 1, found 2"),
        ('{"schema": 1}\n', "it has no 'run'"),
    ],
)
def test_foreign_files_are_refused(content: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "other.jsonl"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(FormulaError, match=words):
        read_formulas(file)


def test_missing_and_empty_files(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="No such file"):
        read_formulas(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").touch()
    frame = read_formulas(tmp_path / "empty.jsonl")
    assert len(frame) == 0 and "formula" in frame
    assert issubclass(FormulaError, DeepcaveSymbolicError)
