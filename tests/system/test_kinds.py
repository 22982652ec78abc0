"""The smoke matrix: every kind of run, live, from the API, the command line and the panel."""

from __future__ import annotations

import contextlib
import io
import json
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import (
    AndConjunction,
    Categorical,
    Configuration,
    ConfigurationSpace,
    Constant,
    EqualsCondition,
    Float,
    ForbiddenAndConjunction,
    ForbiddenEqualsClause,
    ForbiddenGreaterThanRelation,
    GreaterThanCondition,
    InCondition,
    Integer,
    LessThanCondition,
    NotEqualsCondition,
    OrConjunction,
    OrdinalHyperparameter,
)
from ConfigSpace.exceptions import InactiveHyperparameterSetError
from smac.callback import Callback

from live_runs import KINDS, live
from run_folders import edit_json

pytest.importorskip("deepcave", reason="the panel is a part of the matrix")

from deepcave_symbolic import Explanation, explain, explain_all, load_run
from deepcave_symbolic.cli import main
from deepcave_symbolic.dashboard.deepcave_readers import SMACRun
from deepcave_symbolic.dashboard.panel.choices import SCALARIZED_COST
from deepcave_symbolic.dashboard.panel.compute import compute
from deepcave_symbolic.dashboard.panel.inputs import defaults
from deepcave_symbolic.exceptions import NoTrialsError

#: What is asked here is whether a kind of run goes through, not which formula describes it best.
SHORT = {"max_complexity": 7}
quick = partial(explain, **SHORT)
INPUTS = {**defaults(), **SHORT}


def short(*arguments: str) -> int:
    return main(["explain", *arguments, "--max-complexity", "7"])


def cost(config: Configuration) -> float:
    """Any space: the first float on a bowl, everything else a little."""
    total = 0.2
    for i, (name, hp) in enumerate(config.config_space.items()):
        if name in config and not isinstance(hp, Constant):
            vector = float(hp.to_vector(config[name]))
            total += (1.0 if i == 0 else 0.05) * (vector - 0.4) ** 2
    return total


def nested() -> ConfigurationSpace:
    space = ConfigurationSpace(seed=0)
    x, kind, depth = Float("a", (0.001, 1.0), log=True), Categorical("kind", ["p", "q", "r"]), Integer("depth", (1, 8))
    deep, deeper, last = (Float(name, (0.0, 1.0)) for name in ("deep", "deeper", "last"))
    space.add(x, kind, depth, deep, deeper, last)
    space.add(InCondition(depth, kind, ["q", "r"]))
    space.add(GreaterThanCondition(deep, depth, 2))
    space.add(AndConjunction(GreaterThanCondition(deeper, depth, 3), EqualsCondition(deeper, kind, "q")))
    either = OrConjunction(EqualsCondition(last, kind, "p"), GreaterThanCondition(last, depth, 5))
    space.add(either)
    return space


def unequal() -> ConfigurationSpace:
    """Conditions != and <, and a clause in which a relation stands beside a value."""
    space = ConfigurationSpace(seed=0)
    a, b, kind = Float("a", (0.0, 1.0)), Float("b", (0.0, 1.0)), Categorical("kind", ["p", "q", "r"])
    other, small = Float("other", (0.0, 1.0)), Float("small", (0.0, 1.0))
    space.add(a, b, kind, other, small)
    space.add(NotEqualsCondition(other, kind, "p"), LessThanCondition(small, b, 0.6))
    space.add(ForbiddenAndConjunction(ForbiddenGreaterThanRelation(a, b), ForbiddenEqualsClause(kind, "r")))
    return space


def crossed() -> ConfigurationSpace:
    """A condition on two parents, one of them a float and conditional: ConfigSpace's sampler applies it too early."""
    space = ConfigurationSpace(seed=0)
    a, gate = Float("a", (0.001, 1.0), log=True), Float("gate", (0.0, 1.0))
    inner, n, last = Float("inner", (0.0, 2.0)), Integer("n", (1, 9)), Integer("last", (1, 64), log=True)
    space.add(a, gate, inner, n, last)
    space.add(GreaterThanCondition(gate, a, 0.01))
    space.add(LessThanCondition(inner, gate, 0.4))
    space.add(OrConjunction(LessThanCondition(last, inner, 1.1), LessThanCondition(last, n, 4)))
    return space


def clauses() -> ConfigurationSpace:
    space = ConfigurationSpace(seed=0)
    a, b, c = Float("a", (0.0, 1.0)), Float("b", (0.0, 1.0)), Categorical("c", ["u", "v"])
    d = Categorical("d", [True, False])
    space.add(a, b, c, d)
    space.add(ForbiddenGreaterThanRelation(a, b))
    space.add(ForbiddenAndConjunction(ForbiddenEqualsClause(c, "v"), ForbiddenEqualsClause(d, False)))
    return space


def rarely_active() -> ConfigurationSpace:
    space = ConfigurationSpace(seed=0)
    kind, rare = Categorical("kind", list("abcdefgh"), weights=[20, 1, 1, 1, 1, 1, 1, 1]), Float("rare", (0.0, 1.0))
    space.add(Float("a", (0.0, 1.0)), kind, rare)
    space.add(EqualsCondition(rare, kind, "b"))
    return space


def fifty() -> ConfigurationSpace:
    space = ConfigurationSpace(seed=0)
    space.add(*(Float(f"a{i:02}", (0.0, 1.0)) for i in range(50)))
    return space


def discrete() -> ConfigurationSpace:
    space = ConfigurationSpace(seed=0)
    space.add(
        OrdinalHyperparameter("a", [8, 16, 32, 64]),
        OrdinalHyperparameter("size", ["S", "M", "L"]),
        Categorical("on", [True, False]),
        Constant("version", 3),
    )
    return space


def narrow() -> ConfigurationSpace:
    """Clauses forbid all but one of 1296 combinations of the others."""
    space = ConfigurationSpace(seed=0)
    others = [Categorical(f"c{i}", list("uvwxyz")) for i in range(4)]
    space.add(Float("a", (0.0, 1.0)), *others)
    for hp in others:
        for choice in "vwxyz":
            space.add(ForbiddenEqualsClause(hp, choice))
    return space


SPACES: dict[str, Callable[[], ConfigurationSpace]] = {
    "nested": nested,
    "unequal": unequal,
    "crossed": crossed,
    "clauses": clauses,
    "rarely active": rarely_active,
    "fifty": fifty,
    "discrete": discrete,
    "narrow": narrow,
}
#: How SMAC is called beside its space.
OPTIONS: dict[str, dict[str, Any]] = {
    "seeds": {"deterministic": False},
    "instances": {"instances": ["i1", "i2", "i3"]},
    "resumed": {},
    "crashes": {"crash_cost": 3.0},
}


#: Trials after which the run that is resumed was stopped.
_STOPPED_AFTER = 10


def plain_space() -> ConfigurationSpace:
    space = ConfigurationSpace(seed=0)
    space.add(Float("a", (0.001, 1.0), log=True), Float("b", (0.0, 1.0)))
    return space


def target_of(kind: str) -> Callable[..., float]:
    if kind == "instances":
        return lambda config, instance, seed=0: cost(config) * (1 + int(instance[1]))

    def target(config: Configuration, seed: int = 0) -> float:
        if kind == "crashes" and config["b"] > 0.7:
            raise ValueError("crashed")
        return cost(config) + (0.001 * (seed % 7) if kind == "seeds" else 0.0)

    return target


class StopAfter(Callback):
    """Ends a run after so many trials, as a user does with Ctrl-C."""

    def __init__(self, n_trials: int) -> None:
        self.n_trials = n_trials

    def on_tell_end(self, smbo: Any, info: Any, value: Any) -> bool | None:
        return None if len(smbo.runhistory) < self.n_trials else False


def record(kind: str, base: Path) -> Path:
    """Runs SMAC on a kind of space or with a kind of option and returns the folder."""
    import smac

    folder = base / kind.replace(" ", "_")
    for n_trials in (_STOPPED_AFTER, 18) if kind == "resumed" else (18,):  # the first time stopped before its end
        scenario = smac.Scenario(
            SPACES.get(kind, plain_space)(),
            output_directory=folder,
            name="run",
            n_trials=18,
            seed=1,
            **{"deterministic": True, **OPTIONS.get(kind, {})},
        )
        facade = smac.AlgorithmConfigurationFacade if kind == "instances" else smac.HyperparameterOptimizationFacade
        extra = {} if kind == "instances" else {"initial_design": facade.get_initial_design(scenario, n_configs=9)}
        with contextlib.redirect_stdout(io.StringIO()):
            facade(
                scenario,
                target_of(kind),
                logging_level=False,
                overwrite=kind != "resumed" or n_trials == _STOPPED_AFTER,
                callbacks=[StopAfter(n_trials)],
                config_selector=facade.get_config_selector(scenario, retrain_after=20),
                **extra,
            ).optimize()
        rows = json.loads((Path(scenario.output_directory) / "runhistory.json").read_text(encoding="utf-8"))["data"]
        assert len(rows) == n_trials
    return Path(scenario.output_directory)


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    base, known = tmp_path_factory.mktemp("kinds"), {}

    def folder(kind: str) -> Path:
        if kind not in known:
            known[kind] = live(kind, base).folder if kind in KINDS else record(kind, base)
        return known[kind]

    return folder


#: Kind of run, hyperparameter to explain, words that the record's warnings or conditions must have.
MATRIX = [
    ("blackbox", "x", ""),
    ("mcmc", "x", ""),
    ("hpo", "C", ""),
    ("hpo", "kernel", ""),
    ("ac", "C", ""),
    ("mf", "C", ""),
    (
        "hyperband",
        "C",
        "used no surrogate (random search); a consensus",
    ),
    ("random", "C", "used no surrogate (random search); a consensus"),
    ("two", "C", ""),
    ("nested", "a", ""),
    ("nested", "deep", "kind is q or r"),
    ("plain", "C", ""),
    ("log", "C", ""),
    ("scaled", "C", ""),
    ("parego", "C", ""),
    ("unequal", "other", "kind is not p"),
    ("unequal", "small", "b < 0.6"),
    ("unequal", "a", ""),
    ("crossed", "a", "last has a value, or none, against its condition in"),
    ("clauses", "a", ""),
    ("clauses", "d", ""),
    ("rarely active", "rare", "kind is b"),
    ("fifty", "a00", ""),
    ("discrete", "a", ""),
    ("discrete", "size", ""),
    ("discrete", "on", ""),
    ("narrow", "a", ""),
    ("seeds", "a", ""),
    ("instances", "a", ""),
    ("resumed", "a", ""),
    ("crashes", "a", ""),
]


@pytest.mark.long
@pytest.mark.parametrize(("kind", "name", "words"), MATRIX, ids=[f"{k}-{n}" for k, n, _ in MATRIX])
def test_every_kind_from_api_command_line_and_panel(
    folder_of: Callable[[str], Path], capsys: Any, kind: str, name: str, words: str
) -> None:
    folder = folder_of(kind)
    explanation = quick(folder, name)
    assert explanation.formulas and all(math.isfinite(f.r2) and math.isfinite(f.rmse) for f in explanation.formulas)
    assert words in " ".join([*explanation.warnings, *explanation.conditions])
    data = json.loads(json.dumps(explanation.to_dict(), allow_nan=False))
    assert Explanation.from_dict(data).to_dict() == data
    capsys.readouterr()
    if kind in ("hpo", "nested", "seeds", "instances", "random"):
        assert short(str(folder), "-p", name) == 0
        shown = capsys.readouterr().out
        assert str(explanation.best)[:40] in " ".join(shown.split()) and "Verdict" in shown
    assert short(str(folder), "-p", name, "--format", "json") == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["formulas"] == data["formulas"] and told.err == ""
    stored = compute(SMACRun.from_path(folder), {**INPUTS, "hyperparameter_name_1": name})
    assert "error" not in stored, stored.get("error")
    assert [f["text"] for f in stored["explanations"][0]["formulas"]] == [f["text"] for f in data["formulas"]]


@pytest.mark.parametrize(("active", "words"), [(0, "none of 8 trials"), (1, "only 1 of 9 trials")])
def test_a_hyperparameter_that_trials_hardly_had(
    folder_of: Callable[[str], Path], tmp_path: Path, capsys: Any, active: int, words: str
) -> None:
    for file in folder_of("rarely active").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())

    def few(data: Any) -> None:
        rare = [row for row in data["data"] if "rare" in data["configs"][str(row["config_id"])]]
        other = [row for row in data["data"] if row not in rare]
        # Configurations without it are few here: as often as needed, by other seeds.
        more = [{**row, "seed": seed} for seed in range(8) for row in other]
        data.update(data=[*rare[:active], *more[:8]])

    edit_json(tmp_path / "runhistory.json", few)
    explanation = quick(tmp_path, "rare")
    assert explanation.verdict == "do not trust"
    assert f"rare had a value in {words}, so that next to nothing is known of it." in explanation.warnings
    assert short(str(tmp_path), "-p", "rare") == 0
    assert words in " ".join(capsys.readouterr().out.split())
    stored = compute(SMACRun.from_path(tmp_path), {**INPUTS, "hyperparameter_name_1": "rare"})
    assert words in " ".join(stored["explanations"][0]["warnings"])


def test_configspace_refuses_what_it_let_smac_write(folder_of: Callable[[str], Path]) -> None:
    """The reason for a check of our own; once ConfigSpace applies conditions in order, it is not needed."""
    history = json.loads((folder_of("crossed") / "runhistory.json").read_text(encoding="utf-8"))
    space = crossed()
    refused = []
    for key, values in history["configs"].items():
        try:
            Configuration(space, values=values)
        except InactiveHyperparameterSetError:
            refused.append(int(key))
    assert refused
    run = load_run(folder_of("crossed"))
    column = list(space).index("last")
    assert all(not np.isnan(run.configurations[key][column]) for key in refused)


def test_parego_from_api_command_line_and_panel(folder_of: Callable[[str], Path], capsys: Any) -> None:
    folder = folder_of("parego")
    assert load_run(folder).scenario["_meta"]["multi_objective_algorithm"]["name"] == "ParEGO"
    words = "ParEGO draws new weights at every training; the cost here has the equal weights error 0.5, size 0.5."
    explanation = quick(folder, "C", objective="scalarized")
    texts = [str(formula) for formula in explanation.formulas]
    assert words in explanation.warnings and explanation.objective == "scalarized cost"
    capsys.readouterr()
    assert short(str(folder), "-p", "C", "--objective", "scalarized") == 0
    assert words in " ".join(capsys.readouterr().out.split())
    inputs = {**INPUTS, "hyperparameter_name_1": "C", "objective_id": SCALARIZED_COST}
    (shown,) = compute(SMACRun.from_path(folder), inputs)["explanations"]
    assert words in shown["warnings"] and [f["text"] for f in shown["formulas"]] == texts
    (given,) = compute(SMACRun.from_path(folder), {**inputs, "weights": "1, 4"})["explanations"]
    assert any("the given weights error 0.2, size 0.8" in warning for warning in given["warnings"])
    assert [str(f) for f in quick(folder, "C", objective="scalarized", weights=[1, 4]).formulas] == [
        f["text"] for f in given["formulas"]
    ]


def test_a_configuration_that_failed_once_is_no_incumbent(folder_of: Callable[[str], Path], tmp_path: Path) -> None:
    for file in folder_of("resumed").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    before = quick(tmp_path, "a").projection

    def failed_once(data: Any) -> None:
        best = min(data["data"], key=lambda row: row["cost"])
        data["data"].append({**best, "seed": 12345, "status": 2, "cost": math.inf})

    edit_json(tmp_path / "runhistory.json", failed_once)
    after = quick(tmp_path, "a").projection
    assert before is not None and before.incumbent is not None
    assert after is not None and after.incumbent is not None
    assert after.incumbent.cost > before.incumbent.cost


def test_a_resumed_run_has_all_of_its_trials(folder_of: Callable[[str], Path]) -> None:
    surrogate = quick(folder_of("resumed"), "a").surrogate
    assert surrogate is not None and surrogate.n_trials == 18


def test_constants_are_left_out_with_a_word(folder_of: Callable[[str], Path], capsys: Any) -> None:
    assert short(str(folder_of("discrete"))) == 0
    out = capsys.readouterr().out
    assert "'version' is constant (3); there is nothing to explain" in " ".join(out.split())


def test_a_space_that_clauses_leave_nearly_nothing_of(folder_of: Callable[[str], Path]) -> None:
    explanation = quick(folder_of("narrow"), "a")
    projection = explanation.projection
    assert projection is not None
    assert projection.n_averaged > 1
    # Only the first hyperparameter is left to move anything.
    assert projection.variance_share == pytest.approx(1.0, abs=0.02)


def test_effects_of_tied_hyperparameters_are_named(folder_of: Callable[[str], Path], capsys: Any) -> None:
    assert short(str(folder_of("clauses")), "-p", "a") == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "accumulated local effects over" in out and "Forbidden clauses tie a to b" in out


def test_a_run_that_is_going_on(folder_of: Callable[[str], Path], tmp_path: Path) -> None:
    for file in folder_of("resumed").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())

    def running(data: Any) -> None:
        for row in data["data"][-6:]:
            row.update(status=0, cost=0.0, endtime=0.0)

    edit_json(tmp_path / "runhistory.json", running)
    surrogate = quick(tmp_path, "a").surrogate
    assert surrogate is not None and surrogate.n_trials == 12


@pytest.mark.parametrize(("kept", "words"), [(1, "1 usable trial; a surrogate needs at least 3"), (0, "no finished")])
def test_one_trial_and_none(
    folder_of: Callable[[str], Path], tmp_path: Path, capsys: Any, kept: int, words: str
) -> None:
    for file in folder_of("resumed").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    edit_json(tmp_path / "runhistory.json", lambda data: data.update(data=data["data"][:kept]))
    with pytest.raises(NoTrialsError, match=words):
        quick(tmp_path, "a")
    assert short(str(tmp_path), "-p", "a") == 2
    told = capsys.readouterr().err
    assert words in told and told.count("\n") == 1
    card = compute(SMACRun.from_path(tmp_path), {**INPUTS, "hyperparameter_name_1": "a"})["error"]
    assert words in card["message"]


def test_no_successful_trial(folder_of: Callable[[str], Path], tmp_path: Path) -> None:
    for file in folder_of("resumed").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())

    def crashed(cost: float) -> Callable[[Any], None]:
        def change(data: Any) -> None:
            for row in data["data"]:
                row.update(status=2, cost=cost)

        return change

    edit_json(tmp_path / "runhistory.json", crashed(math.inf))
    with pytest.raises(NoTrialsError, match=r"18 trials whose cost is infinite.*Look at why trials fail"):
        quick(tmp_path, "a")
    assert short(str(tmp_path), "-p", "a") == 2
    card = compute(SMACRun.from_path(tmp_path), {**INPUTS, "hyperparameter_name_1": "a"})["error"]
    assert "18 trials whose cost is infinite" in card["message"]
    edit_json(tmp_path / "runhistory.json", crashed(2147483647.0))
    explanation = quick(tmp_path, "a")
    assert [f.complexity for f in explanation.formulas] == [1] and explanation.verdict == "do not trust"
    assert "No trial succeeded: the costs are those that failed trials were given." in explanation.warnings


def test_timeouts_follow_the_other_trials(folder_of: Callable[[str], Path], tmp_path: Path) -> None:
    for file in folder_of("resumed").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())

    def late(data: Any) -> None:
        for row in data["data"][:4]:
            row.update(status=3, cost=5.0)

    edit_json(tmp_path / "runhistory.json", late)
    explanation = quick(tmp_path, "a")
    assert explanation.projection is not None
    np.testing.assert_array_equal(explanation.projection.trials.costs[-4:], 5.0)


def test_a_live_run_from_api_and_command_line(base: Path, capsys: Any) -> None:
    folder = live("hpo", base).folder
    result = quick(folder, "kernel", "C")
    assert list(result.groups) == ["rbf", "poly", "linear"]
    assert {e.hyperparameters for e in explain_all(folder)} >= {("kernel",), ("C",)}
    assert short(str(folder), "-p", "kernel", "-p", "C") == 0
    assert "kernel = rbf" in capsys.readouterr().out
    assert short(str(folder), "--format", "latex", "-p", "kernel") == 0
    assert "\\begin{cases}" in capsys.readouterr().out
    assert result.plot().data
    assert quick(folder, "kernel").plot().data
