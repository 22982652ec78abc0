"""The main job on the bundled real runs: explain(), explain_all(), the record and its way through JSON."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import CategoricalHyperparameter, ConfigurationSpace, Constant, Float, Integer, OrdinalHyperparameter

from deepcave_symbolic import (
    Explainer,
    Explanation,
    Formula,
    Question,
    Unexplained,
    explain,
    explain_all,
    explain_study,
    load_run,
)
from deepcave_symbolic.engines.gplearn import PAPER_FUNCTIONS, GPLearnEngine
from deepcave_symbolic.engines.protocol import DEFAULT_FUNCTIONS
from deepcave_symbolic.exceptions import (
    DeepcaveSymbolicError,
    FormulaError,
    HyperparameterNotExplainableError,
    InvalidArgumentError,
    RunNotFoundError,
    SearchFailedError,
    UnknownNameError,
)
from deepcave_symbolic.findings.explained import read_explained
from deepcave_symbolic.space.axis import axis_of
from deepcave_symbolic.surrogates import ModelSurrogate
from explained import explained
from known_surrogates import OfValues
from places import FIDELITY, FOREST, SVM


@pytest.fixture(scope="module")
def svm() -> Explanation:
    return explained(SVM, "C", "gamma")


@pytest.fixture(scope="module")
def svm_1d() -> Explanation:
    return explained(SVM, "C")


def digest(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.slow
def test_two_hyperparameters_of_a_real_run(svm: Explanation) -> None:
    assert svm.surrogate is not None and svm.surrogate.exact
    assert svm.surrogate.name == "GaussianProcess"
    assert svm.best.r2 > 0.8
    assert svm.best.complexity <= 17
    assert svm.projection is not None and svm.projection.n_averaged == 0
    assert svm.verdict in ("trust", "with care")


@pytest.mark.slow
def test_front_is_a_front(svm: Explanation) -> None:
    complexities = [f.complexity for f in svm.formulas]
    r2 = [f.r2 for f in svm.formulas]
    assert complexities == sorted(set(complexities)) and complexities[0] == 1
    assert r2 == sorted(r2)
    assert svm.best in svm.formulas


@pytest.mark.smoke
def test_reported_numbers_are_those_of_the_shown_expression(svm: Explanation) -> None:
    assert svm.projection is not None
    held_out = svm.projection.held_out
    for formula in svm.formulas:
        values = formula.predict({"C": held_out.grid[:, 0], "gamma": held_out.grid[:, 1]})
        error = held_out.mean - values
        assert formula.rmse == pytest.approx(np.sqrt(np.mean(error**2)))
        total = np.sum((held_out.mean - held_out.mean.mean()) ** 2)
        assert formula.r2 == pytest.approx(1 - np.sum(error**2) / total, abs=1e-9)


@pytest.mark.slow
def test_same_formula_on_every_call_and_for_every_seed() -> None:
    texts = {str(explain(FOREST, "learning_rate_init", seed=seed, max_complexity=10).best) for seed in (0, 0, 12345)}
    assert len(texts) == 1


def test_run_folders_are_read_only() -> None:
    before = digest(SVM)
    explain(SVM, "gamma", max_complexity=6)
    assert digest(SVM) == before


def test_json_round_trip(svm: Explanation) -> None:
    text = json.dumps(svm.to_dict(), allow_nan=False)
    again = Explanation.from_dict(json.loads(text))
    assert json.dumps(again.to_dict(), allow_nan=False) == text
    assert [f.tree for f in again.formulas] == [f.tree for f in svm.formulas]
    assert str(again.best) == str(svm.best)


def test_a_record_of_another_schema_is_refused(svm: Explanation) -> None:
    with pytest.raises(FormulaError, match="schema"):
        Explanation.from_dict({**svm.to_dict(), "schema": 999})
    with pytest.raises(FormulaError):
        Explanation.from_dict({"schema": 1})


def test_to_frame_and_repr(svm: Explanation) -> None:
    frame = svm.to_frame()
    assert len(frame) == len(svm.formulas)
    assert frame["recommended"].sum() == 1
    assert "R²" in svm._repr_html_() and "<math" in svm._repr_html_()
    assert str(svm.best) in str(svm).replace("\n", "")


@pytest.mark.slow
@pytest.mark.smoke
def test_plots_draw_the_formula(svm: Explanation, svm_1d: Explanation) -> None:
    figure = svm_1d.plot()
    curve = next(t for t in figure.data if t.name == "formula")
    np.testing.assert_allclose(curve.y, svm_1d.best.predict({"C": np.asarray(curve.x)}), rtol=1e-12)
    assert figure.layout.xaxis.type == "log"
    maps = [t for t in svm.plot(svm.formulas[1]).data if t.type == "contour"]
    np.testing.assert_allclose(np.asarray(maps[2].z), np.asarray(maps[1].z) - np.asarray(maps[0].z))


@pytest.mark.slow
def test_trials_as_the_source_are_scored_on_the_same_projection(svm: Explanation) -> None:
    surrogate, trials = svm, explain(SVM, "C", "gamma", source="trials", max_complexity=8)
    assert all(f.trials_r2 is not None for f in trials.formulas)
    assert all(f.trials_r2 is None for f in surrogate.formulas)
    assert trials.projection is not None and surrogate.projection is not None
    np.testing.assert_array_equal(trials.projection.held_out.mean, surrogate.projection.held_out.mean)


@pytest.mark.slow
def test_forest_and_best_surrogates() -> None:
    forest = explain(SVM, "C", surrogate="forest", max_complexity=6)
    best = explain(SVM, "C", surrogate="best", max_complexity=6)
    assert forest.surrogate is not None and not forest.surrogate.exact
    assert best.surrogate is not None and best.surrogate.cv_r2 is not None and forest.surrogate.cv_r2 is not None
    assert best.surrogate.cv_r2 >= forest.surrogate.cv_r2 - 0.03


@pytest.mark.slow
def test_a_surrogate_of_the_caller() -> None:
    class Linear:
        def predict(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return 2.0 + 3.0 * X[:, 0], np.full(len(X), 0.1)

    explanation = explain(SVM, "C", surrogate=Linear())
    assert explanation.surrogate is not None and explanation.surrogate.name == "Linear"
    assert explanation.best.r2 > 0.999
    assert explanation.projection is not None
    np.testing.assert_allclose(explanation.projection.std, 0.1)


def test_conditional_hyperparameter_names_its_condition() -> None:
    explanation = explain(FOREST, "momentum", max_complexity=6)
    assert explanation.conditions == ("solver is sgd",) and explanation.formulas


def test_budgets() -> None:
    run = load_run(FIDELITY)
    budgets = sorted({t.budget for t in run.trials if t.budget is not None})
    name = next(iter(run.configspace))
    assert explain(run, name, max_complexity=6).budget == budgets[-1]
    lowest = explain(run, name, budget=budgets[0], max_complexity=6)
    assert lowest.budget == budgets[0]
    with pytest.raises(UnknownNameError, match="budget"):
        explain(run, name, budget=1e9)


@pytest.mark.slow
def test_explain_all_is_sorted_and_complete() -> None:
    explanations = explain_all(FOREST, max_complexity=8)
    assert {e.hyperparameters[0] for e in explanations} == set(load_run(FOREST).configspace)
    ranges = [e.range for e in explanations]
    assert ranges == sorted(ranges, reverse=True)
    assert all(e.formulas for e in explanations)
    nothing = Unexplained(("x",), "cost", "minimize", None, "run", "It is constant.")
    assert nothing.formulas == () and nothing.warnings == ("It is constant.",) and nothing.range == 0.0
    with pytest.raises(SearchFailedError, match=r"It is constant\."):
        _ = nothing.best
    assert read_explained(Explanation, json.loads(json.dumps(nothing.to_dict()))) == nothing
    alone = explain(FOREST, explanations[0].hyperparameters[0], max_complexity=8)
    assert str(alone.best) == str(explanations[0].best)


def test_explain_all_pairs() -> None:
    (pair,) = explain_all(SVM, pairs=True, max_complexity=6)
    assert set(pair.hyperparameters) == {"C", "gamma"}


@pytest.mark.slow
@pytest.mark.smoke
@pytest.mark.parametrize("engine", ["gplearn", "operon"])
def test_other_engines(engine: str) -> None:
    chosen: Any = engine
    if engine == "gplearn":
        from deepcave_symbolic.engines.gplearn import GPLearnEngine

        chosen = GPLearnEngine(parsimony=1e-3, population_size=200, generations=4)
    else:
        pytest.importorskip("pyoperon")
    explanation = explain(SVM, "C", engine=chosen, max_complexity=10)
    assert {f.engine for f in explanation.formulas} <= {engine, "constant"}
    assert all(np.isfinite(f.r2) for f in explanation.formulas)


@pytest.mark.slow
def test_functions_and_length_are_respected() -> None:
    explanation = explain(SVM, "C", "gamma", functions=["square"], max_complexity=10)
    for formula in explanation.formulas:
        assert formula.complexity <= 10
        assert not any(word in str(formula) for word in ("exp", "tanh", "sqrt", "|"))


@pytest.mark.parametrize(
    ("arguments", "options", "error", "words"),
    [
        (("c",), {}, UnknownNameError, "Did you mean 'C'"),
        (("C", "C"), {}, InvalidArgumentError, "twice"),
        ((), {}, InvalidArgumentError, "one or two"),
        (("C", "gamma", "C"), {}, InvalidArgumentError, "one or two"),
        (("C",), {"objective": "rmsee"}, UnknownNameError, "rmse"),
        (("C",), {"surrogate": "forrest"}, UnknownNameError, "forest"),
        (("C",), {"source": "trial"}, UnknownNameError, "trials"),
        (("C",), {"engine": "operonn"}, UnknownNameError, "operon"),
        (("C",), {"functions": ["sine"]}, UnknownNameError, "sin"),
        (("C",), {"functions": "log"}, InvalidArgumentError, "list"),
        (("C",), {"functions": ["-sine"]}, UnknownNameError, "sin"),
        (("C",), {"functions": ["exp", "-sin"]}, InvalidArgumentError, "not both"),
        (("C",), {"max_complexity": 0}, InvalidArgumentError, "max_complexity"),
        (("C",), {"seed": -1}, InvalidArgumentError, "seed"),
        (("C",), {"seed": 1.5}, InvalidArgumentError, "seed"),
    ],
)
def test_bad_arguments(arguments: tuple[str, ...], options: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        explain(SVM, *arguments, **options)
    assert isinstance(caught.value, DeepcaveSymbolicError)


class Sum:
    """A plane over hyperparameters of two values and more, as a fitted model."""

    SPACE = ConfigurationSpace()
    SPACE.add(
        Integer("a", (0, 1)),
        Integer("b", (1, 2)),
        CategoricalHyperparameter("c", ["p", "q"]),
        Float("x", (0, 1)),
        OrdinalHyperparameter("o", [8, 64]),
        Integer("l", (1, 2), log=True),
    )

    def predict(self, X: Any) -> Any:
        a, b, c, log, o, x = np.asarray(X, dtype=object).T
        numbers = [np.asarray(v, dtype=np.float64) for v in (a, b, x, o, log)]
        return (c == "q") * 3.0 + np.array([2.0, 5.0, 0.5, 0.25, 1.0]) @ np.array(numbers)


@pytest.mark.parametrize(
    ("names", "slopes"),
    [
        (("a",), {"a": 2.0}),
        (("b",), {"b": 5.0}),
        (("o",), {"o": 0.25}),
        (("l",), {"l": 1.0}),
        (("a", "b"), {"a": 2.0, "b": 5.0}),
        (("b", "x"), {"b": 5.0, "x": 0.5}),
        (("c", "a"), {"a": 2.0}),
        (("o", "l"), {"o": 0.25, "l": 1.0}),
    ],
)
def test_a_line_through_two_values_is_found(names: tuple[str, ...], slopes: dict[str, float]) -> None:
    model = ModelSurrogate(Sum(), Sum.SPACE, columns=["a", "b", "c", "l", "o", "x"])
    found = explain(None, *names, surrogate=model, configspace=Sum.SPACE)
    best = found.best
    assert best.r2 > 0.999
    for axis in found.projection.axes:
        if axis.name in slopes:
            start = {a.name: np.array([a.lower]) if not a.labels else np.array([a.labels[0]]) for a in best.axes}
            end = {**start, axis.name: np.array([axis.upper])}
            step = best.predict(end)[0] - best.predict(start)[0]
            assert step == pytest.approx(slopes[axis.name] * (axis.upper - axis.lower), rel=0.01)


def test_constant_hyperparameter_is_refused_in_words() -> None:
    space = ConfigurationSpace({"fixed": Constant("fixed", 3.0)})
    with pytest.raises(HyperparameterNotExplainableError, match=r"'fixed' is constant \(3\.0\)"):
        axis_of(space, "fixed")


def test_no_run_there(tmp_path: Path) -> None:
    with pytest.raises(RunNotFoundError):
        explain(tmp_path / "nowhere", "C")
    with pytest.raises(InvalidArgumentError, match="expected the path"):
        explain(42, "C")


@pytest.mark.slow
def test_deepcave_run_objects(svm_1d: Explanation) -> None:
    pytest.importorskip("deepcave")
    from deepcave.runs.converters.smac3v2 import SMAC3v2Run

    explanation = explain(SMAC3v2Run.from_path(SVM), "C")
    assert str(explanation.best) == str(svm_1d.best)
    other = SMAC3v2Run.from_path(SVM)
    other.prefix = "Other"
    stand_in = explain(other, "C", max_complexity=6)
    assert stand_in.surrogate is not None and "Consensus" in stand_in.surrogate.name and stand_in.formulas
    assert any("keeps no surrogate" in w for w in stand_in.warnings)


def test_formula_is_public(svm: Explanation) -> None:
    assert isinstance(svm.best, Formula)
    configurations = load_run(SVM).configspace.sample_configuration(3)
    assert svm.best.predict(configurations).shape == (3,)


@pytest.mark.slow
def test_pairs_is_false_true_or_a_number() -> None:
    explainer = Explainer(FOREST, max_complexity=6)
    ranked = explainer.rank_pairs(explainer.ranking()).pairs
    two = explain_all(FOREST, pairs=2, max_complexity=6)
    assert (
        {e.hyperparameters for e in two}
        == set(ranked[:2])
        == {e.hyperparameters for e in explainer.explain_all(pairs=2)}
    )
    assert explain_study(FOREST, pairs=2, max_complexity=6).explanations == two
    n = len(explainer.explainable())
    assert len(explainer.wanted(True)) == n * (n - 1) // 2 and len(explainer.wanted(False)) == len(
        explainer.run.configspace
    )
    for bad in (-1, 1.5, "all"):
        with pytest.raises(InvalidArgumentError, match="pairs is"):
            explain_all(FOREST, pairs=bad)


@pytest.mark.slow
def test_one_explainer_answers_as_explain_does() -> None:
    explainer = Explainer(SVM, max_complexity=7)
    assert explainer.explain("C") == explain(SVM, "C", max_complexity=7)
    assert explainer.explain("C", "gamma") == explain(SVM, "C", "gamma", max_complexity=7)
    assert explainer.ranking() == [e.hyperparameters[0] for e in explain_all(SVM, max_complexity=7)]
    assert "C" in explainer.report(pairs=0)


def test_a_question_is_checked_once_and_goes_to_json_and_back() -> None:
    engine = GPLearnEngine(parsimony=0.1)
    question = Question(
        budget=9.0, functions=["log"], monotone={"C": "falling"}, engine=engine, weights={"a": 1.0}, seed=3
    )
    copy = Question.from_dict(json.loads(json.dumps(question.to_dict())))
    assert copy == question and hash(copy) == hash(question) and copy.engine == question.engine
    assert set(question.changed()) == {"budget", "functions", "monotone", "engine", "weights", "seed"}
    assert Question(monotone={}) == Question() and Question().changed() == {} and Question.from_dict({}) == Question()
    space = load_run(SVM).configspace
    assert Question.from_dict(Question(configspace=space).to_dict()).configspace == space
    for bad in (
        {"seed": -1},
        {"max_complexity": 0},
        {"source": "x"},
        {"surrogate": "x"},
        {"functions": "log"},
        {"engine": "x"},
    ):
        with pytest.raises(DeepcaveSymbolicError):
            Question(**bad)
    assert Question(functions=["-tanh", "-sin"]).functions == tuple(f for f in DEFAULT_FUNCTIONS if f != "tanh")
    assert Question(functions=["-log"], engine=engine).functions == tuple(f for f in PAPER_FUNCTIONS if f != "log")
    with pytest.raises(FormulaError, match="question"):
        Question.from_dict({"objectiv": "x"})
    with pytest.raises(TypeError, match="objectiv"):
        explain_all(SVM, objectiv="x")


@pytest.mark.slow
def test_what_is_looked_at_is_in_every_record_and_comes_back_from_json() -> None:
    asked: dict[str, Any] = {"region": {"momentum": (0.5, 0.9), "solver": "sgd"}, "statistic": "incumbent"}
    explainer = Explainer(FOREST, **asked, max_complexity=1)
    # The incumbent has another solver or momentum; the reason is there, as is what was asked for.
    unexplained = explainer.explain_or_reason("alpha")
    assert isinstance(unexplained, Unexplained) and "incumbent lies outside of the region" in unexplained.reason
    assert read_explained(Explanation, json.loads(json.dumps(unexplained.to_dict()))).view == unexplained.view
    assert str(Explainer(FOREST, **asked, max_complexity=1).explain_all()).startswith(
        "Slice through the incumbent, for "
    )
    explanation = explain(FOREST, "learning_rate_init", region=asked["region"], max_complexity=8)
    copy = Explanation.from_dict(json.loads(json.dumps(explanation.to_dict())))
    assert copy == explanation and copy.view.words == "for momentum from 0.5 to 0.9 and solver = sgd"
    assert explanation.warnings == copy.warnings and "for momentum from 0.5 to 0.9" in str(copy)
    names = [e.hyperparameters[0] for e in explain_all(FOREST, region=asked["region"], pairs=1, max_complexity=1)]
    assert "solver" not in names


@pytest.mark.slow
def test_a_profile_is_nowhere_above_the_average_nor_far_above_the_slice() -> None:
    mean, best, slice_ = (
        explain(FOREST, "learning_rate_init", statistic=s, max_complexity=1).projection
        for s in ("mean", "best", "incumbent")
    )
    assert np.all(best.mean <= mean.mean + 1e-12) and np.all(best.mean <= slice_.mean + 0.02)
    assert best.variance_share is None and mean.variance_share is not None


@pytest.mark.parametrize(
    ("n", "law", "shape"),
    [
        (2, lambda x: -3.0 + 3.0 * x, "straight line"),
        (3, lambda x: 0.3 + 0.05 * (x - 2.0) ** 2, "valley"),
        (3, lambda x: 0.2 + 1.0 / x**2, "power law"),
        (4, lambda x: -3.0 + 3.0 * x, "straight line"),
        (5, lambda x: 0.3 + 0.05 * (x - 2.0) ** 2, "valley"),
        (5, lambda x: 0.9 - 0.2 * np.log10(x), "straight in log10"),
    ],
)
def test_a_few_integers_get_the_curve_that_a_person_would_draw(n: int, law: Any, shape: str) -> None:
    space = ConfigurationSpace({"n_layers": (1, n)})
    surrogate = OfValues(space, lambda values: law(values["n_layers"]))
    best = explain(None, "n_layers", surrogate=surrogate, configspace=space, max_complexity=12).best
    assert best.r2 == pytest.approx(1.0, abs=1e-6)
    assert best.shape == shape
