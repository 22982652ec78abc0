"""Laws with known answers: exponents, intervals and levels where one holds, and the reason where none does."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float, Integer, OrdinalHyperparameter

from deepcave_symbolic.exceptions import HyperparameterNotExplainableError, UnknownNameError
from deepcave_symbolic.laws import NoLaw, find_law
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.projection import Subject
from deepcave_symbolic.projection.view import USUAL, View
from deepcave_symbolic.space.axis import axis_of
from deepcave_symbolic.space.configurations import deactivate, sample_all
from deepcave_symbolic.space.region import Region
from deepcave_symbolic.suggestions import Law
from deepcave_symbolic.surrogates.base import FittedSurrogate, SurrogateRecord
from known_surrogates import OfValues

Cost = Callable[[dict[str, Any]], Any]


def numbers() -> ConfigurationSpace:
    cs = ConfigurationSpace()
    cs.add([Integer("batch", (4, 256), log=True), Float("lr", (1e-5, 1.0), log=True)])
    cs.add([Integer("width", (16, 1024), log=True), Float("momentum", (0.0, 0.9))])
    return cs


def mixed() -> ConfigurationSpace:
    """The learning rate is active for one solver only, the batch size always, the power for another solver."""
    cs = ConfigurationSpace()
    solver = Categorical("solver", ["sgd", "adam", "lbfgs"])
    lr, decay = Float("lr", (1e-5, 1.0), log=True), Float("decay", (0.1, 1.0))
    cs.add([solver, lr, decay, Integer("batch", (4, 256), log=True), OrdinalHyperparameter("size", [1, 2, 4, 8])])
    cs.add([EqualsCondition(lr, solver, "sgd"), EqualsCondition(decay, solver, "adam")])
    return cs


def valley(c: dict[str, Any]) -> Any:
    """The best learning rate is 0.01·(batch/32)^0.5, whatever the others are."""
    off = np.log10(c["lr"]) + 2.0 - 0.5 * np.log10(c["batch"] / 32.0)
    return off**2 + 0.3 * np.log10(c["width"]) + c["momentum"]


def fitted(cs: ConfigurationSpace, cost: Cost, *, n: int = 200, noise: float = 0.0, trials: bool = True) -> Any:
    X = deactivate(cs, sample_all(cs, n, np.random.RandomState(0)))
    model = OfValues(cs, cost)
    y = model.predict(X)[0] + noise * np.random.default_rng(0).standard_normal(n)
    if not trials:
        X, y = X[:0], y[:0]
    return FittedSurrogate(model, SurrogateRecord("known", exact=True, n_trials=len(y)), None, X, y)


def ask(cs: ConfigurationSpace, cost: Cost, name: str = "lr", view: View = USUAL, **data: Any) -> Law | NoLaw:
    maximize = data.pop("maximize", False)
    subject = Subject(fitted(cs, cost, **data), cs, view, maximize=maximize)
    return find_law(Law, subject, axis_of(subject.configspace, name), objective="error", run="r")


def law(*args: Any, **data: Any) -> Law:
    found = ask(*args, **data)
    assert isinstance(found, Law), found
    return found


def reason(*args: Any, **data: Any) -> str:
    found = ask(*args, **data)
    assert isinstance(found, NoLaw), found
    return found.reason


def test_exact_valley_gives_its_law() -> None:
    found = law(numbers(), valley)
    assert found.exponents == {"batch": pytest.approx(0.5, abs=0.011)}
    assert found.hyperparameter == "lr"
    at = found.references[0]
    assert found.level == pytest.approx(0.01 * (at / 32.0) ** 0.5, rel=0.06)
    assert found.r2 > 0.999
    assert found.formula.predict({"batch": [32, 128]}) == pytest.approx([0.01, 0.02], rel=0.06)


def test_noise_widens_the_interval_around_the_truth() -> None:
    exact, noisy = law(numbers(), valley), law(numbers(), valley, noise=0.7)
    (low, high), (lower, upper) = exact.intervals["batch"], noisy.intervals["batch"]
    assert high - low < upper - lower
    assert lower < 0.5 < upper
    assert noisy.level_interval[0] < noisy.level < noisy.level_interval[1]


def test_more_is_better() -> None:
    found = law(numbers(), lambda c: -valley(c), maximize=True, noise=0.3)
    assert found.exponents == {"batch": pytest.approx(0.5, abs=0.15)}


def test_sentences_tell_what_to_multiply() -> None:
    found = law(numbers(), valley)
    assert found.sentences[0].startswith("Double batch, multiply lr by 1.4")


def test_separable_cost_has_no_law() -> None:
    def separable(c: dict[str, Any]) -> Any:
        return (np.log10(c["lr"]) + 2.5) ** 2 + np.log10(c["batch"]) + 0.5 * np.log10(c["width"]) ** 2

    assert "moves the best lr (p = " in reason(numbers(), separable, noise=0.5)


def test_valley_that_only_becomes_deeper_has_no_law() -> None:
    def product(c: dict[str, Any]) -> Any:
        return (1.0 + 0.6 * np.log10(c["batch"] / 32.0)) * (np.log10(c["lr"]) + 3.3) ** 2

    assert "moves the best lr (p = " in reason(numbers(), product, noise=0.3)


def test_valley_among_the_others_is_none_of_the_target() -> None:
    def among_others(c: dict[str, Any]) -> Any:
        return (np.log10(c["batch"] / 32.0) - 0.5 * np.log10(c["width"] / 128.0)) ** 2 + 0.1 * c["momentum"]

    assert "moves the best lr (p = " in reason(numbers(), among_others, noise=0.01)


def test_two_values_do_not_move() -> None:
    cs = ConfigurationSpace()
    cs.add([Integer("depth", (1, 3)), Float("lr", (1e-5, 1.0), log=True)])
    assert reason(cs, lambda c: np.log10(c["lr"]) ** 2, "depth").startswith("depth has 3 values")


def test_best_at_a_bound() -> None:
    def falling(c: dict[str, Any]) -> Any:
        return -np.exp(np.log10(c["lr"]) + 0.5 * np.log10(c["batch"] / 32.0))

    assert "the upper end" in reason(numbers(), falling, noise=0.01)


def test_two_places_are_no_law() -> None:
    def twice(c: dict[str, Any]) -> Any:
        s = np.log10(c["lr"]) + 2.5 - 0.5 * np.log10(c["batch"] / 32.0)
        return (s**2 - 2.0) ** 2

    assert reason(numbers(), twice, noise=0.1).startswith("Several places of lr")


def test_few_trials() -> None:
    assert reason(numbers(), valley, n=20).startswith("20 configurations with lr say too little")


def test_constant_cost() -> None:
    assert reason(numbers(), lambda c: 0.0 * c["lr"]) == "All configurations have the same error."


def test_zero_has_no_power() -> None:
    assert reason(numbers(), valley, "momentum").startswith("momentum has no positive bounds")
    assert reason(mixed(), lambda c: c["batch"], "solver").startswith("solver has choices; a power law is")


def test_conditional_hyperparameter_with_choices_beside_it() -> None:
    def cost(c: dict[str, Any]) -> Any:
        off = np.log10(c["lr"]) + 2.0 - 0.5 * np.log10(c["batch"] / 32.0)
        return np.where(c["solver"] == "sgd", off**2, 5.0) + 0.1 * c["size"].astype(float)

    found = law(mixed(), cost, n=400, noise=0.2)
    assert found.exponents == {"batch": pytest.approx(0.5, abs=0.1)}
    assert found.n < 200  # a third of the trials


def test_conditional_hyperparameters_only_have_main_effects() -> None:
    def cost(c: dict[str, Any]) -> Any:
        off = np.log10(c["batch"]) - 1.5 - 0.3 * (c["solver"] == "adam") * np.log10(c["decay"])
        return off**2

    found = ask(mixed(), cost, "batch", n=300, noise=0.05)
    assert isinstance(found, NoLaw)


def test_law_in_a_region() -> None:
    def cost(c: dict[str, Any]) -> Any:
        power = np.where(c["width"] < 128, 0.5, -0.5)
        return (np.log10(c["lr"]) + 2.5 - power * np.log10(c["batch"] / 32.0)) ** 2

    view = View(Region(ranges={"width": (200.0, 1024.0)}))
    found = law(numbers(), cost, view=view, n=400, noise=0.1)
    assert found.exponents == {"batch": pytest.approx(-0.5, abs=0.1)}
    assert "width" in found.region
    best = law(numbers(), valley, view=View(Region(best=50.0)), noise=0.1)
    assert best.exponents["batch"] == pytest.approx(0.5, abs=0.15)


def test_model_without_trials_is_asked_itself() -> None:
    found = law(numbers(), valley, trials=False)
    assert found.source == "model"
    assert found.exponents == {"batch": pytest.approx(0.5, abs=0.011)}
    assert any("forest" in warning for warning in found.warnings)


def test_same_answer_twice_and_through_json() -> None:
    found = law(numbers(), valley, noise=0.3)
    assert found == law(numbers(), valley, noise=0.3)
    assert Law.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    none = ask(numbers(), valley, n=20)
    assert NoLaw.from_dict(json.loads(json.dumps(none.to_dict()))) == none


def test_python_source_computes_the_law() -> None:
    formula = law(numbers(), valley).formula
    namespace: dict[str, Any] = {}
    exec(formula.python(), namespace)  # what a user would do with it
    batch: Array = np.array([8.0, 32.0, 200.0])
    assert namespace["best_lr"](batch) == pytest.approx(formula.predict({"batch": batch}))
    assert formula.latex().startswith("\\mathrm{lr}^{*}")
    with pytest.raises(UnknownNameError):
        formula.predict({"width": 3})


def test_text_and_notebook() -> None:
    found = law(numbers(), valley, noise=0.3)
    assert str(found.formula) in str(found)
    assert "Double batch" in found._repr_html_()


RUN = "examples/runs/mlp_hpo"


def test_explainer_logs_why_there_is_none(caplog: pytest.LogCaptureFixture) -> None:
    from deepcave_symbolic import law as law_of_run

    with caplog.at_level(logging.WARNING, logger="deepcave_symbolic"):
        assert law_of_run(RUN, "momentum", surrogate="forest") is None
    assert caplog.messages[0].startswith("No law for momentum: ")
    with pytest.raises(UnknownNameError):
        law_of_run(RUN, "momentun", surrogate="forest")


def test_a_constant_cannot_be_asked_about() -> None:
    cs = numbers()
    with pytest.raises(HyperparameterNotExplainableError):
        ask(cs, valley, view=View(Region(ranges={"lr": (0.1, 0.1)})))


@pytest.mark.slow
def test_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    from deepcave_symbolic.cli import main

    assert main(["law", RUN, "-p", "momentum", "--surrogate", "forest"]) == 0
    assert "No law. " in capsys.readouterr().out
    assert main(["law", RUN, "-p", "momentum", "--surrogate", "forest", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["hyperparameter"] == "momentum"
    assert main(["law", RUN, "-p", "momentun"]) == 2
    assert "Did you mean 'momentum'?" in capsys.readouterr().err
