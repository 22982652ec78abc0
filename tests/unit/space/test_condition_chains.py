"""Conditions that depend on each other: refused in words before ConfigSpace builds a tree of them for hours."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from ConfigSpace import ConfigurationSpace

from deepcave_symbolic import load_run
from deepcave_symbolic.cli import main
from deepcave_symbolic.exceptions import InvalidArgumentError, RunFormatError
from deepcave_symbolic.runs.optuna import conditions
from deepcave_symbolic.space.condition_chains import dependences_in, too_entangled
from deepcave_symbolic.space.serialized import read_space, space_dict
from places import FOREST, SVM
from run_folders import edit_json


def chain(n: int, *, of: str = "h") -> list[dict[str, Any]]:
    return [{"type": "EQ", "child": f"{of}{i + 1}", "parent": f"{of}{i}", "value": "a"} for i in range(n)]


def on_all_before(n: int) -> list[dict[str, Any]]:
    """Every hyperparameter depends on all before it."""
    return [
        {"type": "AND", "child": f"h{i}", "conditions": [{"child": f"h{i}", "parent": f"h{j}"} for j in range(i)]}
        for i in range(1, n)
    ]


@pytest.mark.parametrize(
    ("data", "refused"),
    [
        (chain(13), False),
        (chain(14), True),
        (chain(5_000), True),
        (on_all_before(14), False),
        (on_all_before(15), True),
        ([c for of in "abc" for c in chain(13, of=of)], True),
        ([{"type": "EQ", "child": f"h{i}", "parent": "a", "value": i % 50} for i in range(1, 5_000)], False),
        ([*chain(13), *({**c, "child": f"{c['child']}_{i}"} for c in chain(13) for i in range(20))], False),
        ([{"child": "a", "parent": "b"}, {"child": "b", "parent": "a"}], False),  # ConfigSpace says what is wrong
        ([1, None, {"child": 3}, {"child": "a", "parent": {"b": [1]}}], False),
        (None, False),
    ],
)
def test_ways_are_counted_and_not_followed(data: Any, refused: bool) -> None:
    reason = too_entangled(dependences_in(data))
    assert (reason is not None) == refused


def test_what_is_read_is_built() -> None:
    space = ConfigurationSpace.from_json(FOREST / "configspace.json")
    assert read_space(space_dict(space)) == space


def test_a_run_with_a_long_chain_is_refused_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = Path(shutil.copytree(SVM, tmp_path / "run"))
    edit_json(run / "configspace.json", lambda data: {**data, "conditions": chain(30)})
    with pytest.raises(RunFormatError, match="30 conditions depend on each other in more than 4096 ways"):
        load_run(run)
    for arguments in ((str(run),), (str(SVM), "--configspace", str(run / "configspace.json"))):
        assert main(["explain", *arguments]) == 2
        out, err = capsys.readouterr()
        assert out == "" and err.count("\n") == 1 and "Up to 13 in a chain are read" in err


def test_a_study_with_a_long_chain_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    optuna = pytest.importorskip("optuna")
    monkeypatch.setattr(conditions, "too_entangled", lambda known: "too many" if len(known) == 3 else None)

    def nested(trial: Any) -> float:
        cost = 0.0
        for i in range(5):
            if trial.suggest_categorical(f"h{i}", ["a", "b"]) == "b":
                break
            cost += 1.0
        return cost

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(nested, n_trials=200)
    with pytest.raises(InvalidArgumentError, match=r"^too many$"):
        load_run(study)
