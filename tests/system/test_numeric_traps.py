"""Numbers at the edges of what floats, encoders and ConfigSpace can take, from the folder to what a user reads."""

from __future__ import annotations

import json
import math
import re
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import Configuration, ConfigurationSpace, Float, Integer

from deepcave_symbolic import Explanation, explain
from deepcave_symbolic.cli import main
from deepcave_symbolic.exceptions import RunFormatError
from places import EXAMPLE_RUNS

#: Trials, and operators: the numbers matter here, not how well they are described.
N, LONGEST = 16, 7


def space_of(*hyperparameters: Any) -> ConfigurationSpace:
    space = ConfigurationSpace(seed=0)
    space.add(*hyperparameters)
    return space


def plain() -> ConfigurationSpace:
    return space_of(Float("x", (0.0, 1.0)), Float("y", (0.0, 1.0)))


def bowl(config: Configuration) -> float:
    return float(0.2 + (config.get_array()[0] - 0.4) ** 2)


def recorded(
    folder: Path,
    space: ConfigurationSpace,
    cost: Callable[[Configuration], float],
    *,
    example: str,
    encoder: str | None = None,
    fixed: dict[str, Any] | None = None,
) -> Path:
    """A folder as SMAC writes it: an example's scenario with another space, configurations and costs."""
    scenario = json.loads((EXAMPLE_RUNS / example / "scenario.json").read_text(encoding="utf-8"))
    if encoder is not None:
        scenario["_meta"]["runhistory_encoder"]["name"] = encoder
    configurations = [
        Configuration(space, values={**config, **(fixed or {})}) for config in space.sample_configuration(N)
    ]
    row = {"instance": None, "seed": 0, "budget": None, "time": 0.1, "cpu_time": 0.1, "status": 1}
    rows = [
        {"config_id": i + 1, **row, "cost": cost(config), "starttime": i, "endtime": i, "additional_info": {}}
        for i, config in enumerate(configurations)
    ]
    configs = {str(i + 1): dict(config) for i, config in enumerate(configurations)}
    folder.mkdir(exist_ok=True)
    contents = {"scenario": scenario, "runhistory": {"stats": {}, "data": rows, "configs": configs}}
    for name, content in contents.items():
        text = json.dumps(content, default=lambda value: value.item())
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    space.to_json(folder / "configspace.json")
    return folder


def explained(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> Explanation:
    """The explanation, after the command line has told the same, all of it without a warning of NumPy's."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        explanation = explain(folder, name, max_complexity=LONGEST)
        assert explanation.formulas
        projection = explanation.projection
        assert projection is not None
        x = projection.axes[0].check_grid(200)
        for formula in explanation.formulas:
            assert np.isfinite(formula.predict({name: x})).all() and math.isfinite(formula.r2)
        data = json.loads(json.dumps(explanation.to_dict(), allow_nan=False))
        assert Explanation.from_dict(data).to_dict() == data
        capsys.readouterr()
        assert main(["explain", "-v", str(folder), "-p", name, "--max-complexity", str(LONGEST)]) == 0
    told = capsys.readouterr()
    assert told.out == f"{explanation}\n" and told.err == ""
    return explanation


MODELS = {"forest": "mlp_hpo", "process": "svm_bbo"}
COSTS: dict[str, Callable[[Configuration], float]] = {
    "constant": lambda config: 0.25,
    "zero": lambda config: 0.0,
    "tiny": lambda config: 1e-300 * bowl(config),
    "huge": lambda config: 1e300 * bowl(config),
    "negative": lambda config: -bowl(config),
    "both signs": lambda config: bowl(config) - 0.3,
    "nearly equal": lambda config: 1.0 + 1e-15 * bowl(config),
    "from tiny to huge": lambda config: 10.0 ** (600 * (config["x"] - 0.5)),
    "subnormal": lambda config: 5e-324,
}


#: What both models are tried on; the rest is the reader's and the search's, whatever the model.
BOTH = ("constant", "tiny", "huge", "one unit in the last place", "wide integer")


def cases(kinds: Iterable[str]) -> list[Any]:
    found = []
    for i, kind in enumerate(kinds):
        models = list(MODELS) if kind in BOTH else [list(MODELS)[i % 2]]
        found += [pytest.param(model, kind, id=f"{kind}-{model}") for model in models]
    return found


@pytest.mark.parametrize(("model", "costs"), cases(COSTS))
def test_costs(tmp_path: Path, capsys: Any, model: str, costs: str) -> None:
    folder = recorded(tmp_path / "run", plain(), COSTS[costs], example=MODELS[model])
    explanation = explained(folder, "x", capsys)
    if costs in ("constant", "zero", "subnormal"):
        assert [formula.complexity for formula in explanation.formulas] == [1]


def test_negative_costs_under_a_log_encoder_are_named(tmp_path: Path, capsys: Any) -> None:
    folder = recorded(tmp_path / "run", plain(), COSTS["negative"], example="mlp_hpo", encoder="RunHistoryLogEncoder")
    explanation = explained(folder, "x", capsys)
    assert explanation.verdict == "do not trust"
    words = " ".join(explanation.warnings)
    assert f"Costs of {N} trials were below 0.00001 and raised to it before the logarithm, as in SMAC." in words
    assert "A consensus of a Gaussian process and trees predicts unseen trials clearly better" in words


def test_negative_costs_under_a_scaled_log_encoder_are_explained(tmp_path: Path, capsys: Any) -> None:
    encoder = "RunHistoryLogScaledEncoder"  # which scales them to positive ones first
    folder = recorded(tmp_path / "run", plain(), COSTS["negative"], example="mlp_hpo", encoder=encoder)
    explanation = explained(folder, "x", capsys)
    assert explanation.best.complexity > 1
    assert np.all(explanation.best.predict({"x": [0.0, 0.4, 1.0]}) < 0)


def test_a_hyperparameter_that_never_moved(tmp_path: Path, capsys: Any) -> None:
    folder = recorded(tmp_path / "run", plain(), bowl, example="mlp_hpo", fixed={"y": 0.5})
    explanation = explained(folder, "y", capsys)
    assert [formula.complexity for formula in explanation.formulas] == [1] and explanation.verdict == "do not trust"
    assert any("the surrogate sees no effect" in warning for warning in explanation.warnings)
    assert any("of the domain has no trial nearby" in warning for warning in explanation.warnings)


def test_the_same_configuration_again_and_again(tmp_path: Path, capsys: Any) -> None:
    folder = recorded(tmp_path / "run", plain(), bowl, example="svm_bbo", fixed={"x": 0.3, "y": 0.5})
    explanation = explained(folder, "x", capsys)
    assert [str(formula) for formula in explanation.formulas] == ["rmse ≈ 0.21"]
    assert explanation.verdict == "do not trust"
    assert any("could not be cross-validated" in warning for warning in explanation.warnings)


HYPERPARAMETERS: dict[str, Any] = {
    "one unit in the last place": Float("x", (1000.0, float(np.nextafter(1000.0, 2000.0)))),
    "wide integer": Integer("x", (0, 2**62)),
    "wide log integer": Integer("x", (1, 2**62), log=True),
    "wide": Float("x", (-1e150, 1e150)),
    "wide log": Float("x", (1e-12, 1e290), log=True),
    "narrow log": Float("x", (1000.0, float(np.nextafter(1000.0, 2000.0))), log=True),
    "narrow": Float("x", (1.0, 1.0 + 1e-12)),
    "two integers": Integer("x", (2**40, 2**40 + 1)),
}


@pytest.mark.parametrize(("model", "kind"), cases(HYPERPARAMETERS))
def test_bounds(tmp_path: Path, capsys: Any, model: str, kind: str) -> None:
    space = space_of(HYPERPARAMETERS[kind], Float("y", (0.0, 1.0)))
    folder = recorded(tmp_path / "run", space, bowl, example=MODELS[model])
    explanation = explained(folder, "x", capsys)
    if "place" in kind:
        assert "x in [1000, 1000.0000000000002]" in str(explanation)
    elif kind == "two integers":
        assert "x in [1099511627776, 1099511627777], integer" in str(explanation)


@pytest.mark.parametrize("bounds", [(2e-300, 1e-300), (1.0, 1.0), (0.0, 1.0)])
def test_bounds_with_nothing_between_them_are_refused(tmp_path: Path, capsys: Any, bounds: Any) -> None:
    folder = recorded(tmp_path / "run", plain(), bowl, example="mlp_hpo")
    text = (folder / "configspace.json").read_text(encoding="utf-8")
    data = json.loads(text)
    data["hyperparameters"][0].update(lower=bounds[0], upper=bounds[1], default_value=bounds[0], log=True)
    (folder / "configspace.json").write_text(json.dumps(data), encoding="utf-8")
    expected = f"the hyperparameter 'x' is none that ConfigSpace can hold (uniform_float: lower {bounds[0]}, upper"
    with pytest.raises(RunFormatError, match=re.escape(expected)):
        explain(folder, "x")
    assert main(["explain", str(folder), "-p", "x"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
