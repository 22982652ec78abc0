"""The panel through DeepCAVE's own API mode, and its dealings with DeepCAVE's cache in a process that is its server."""

from __future__ import annotations

import base64
import csv
import json
import math
import re
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import (
    AndConjunction,
    Categorical,
    ConfigurationSpace,
    EqualsCondition,
    Float,
    GreaterThanCondition,
)

from explained import explained
from page_texts import text, texts
from places import EXAMPLE_RUNS, FIDELITY, FOREST, SVM, TEST_RUNS

pytest.importorskip("deepcave", reason="DeepCAVE 1.4.1 runs on Python 3.10 at the latest")

import plotly.graph_objects as go
from deepcave.runs.converters.deepcave import DeepCAVERun
from deepcave.runs.converters.smac3v2 import SMAC3v2Run
from deepcave.runs.group import Group
from deepcave.runs.objective import Objective
from deepcave.runs.status import Status

from deepcave_symbolic import Explanation
from deepcave_symbolic.dashboard.panel import SymbolicFormulas, compute, inputs
from deepcave_symbolic.dashboard.panel.stored_result import PanelRecord, record_version
from deepcave_symbolic.dashboard.panel.time_limit import time_limit
from deepcave_symbolic.engines import ENGINES, EngineEntry
from deepcave_symbolic.question import Question
from deepcave_symbolic.runs import load_run
from deepcave_symbolic.runs.deepcave import from_deepcave, with_combined_budget
from deepcave_symbolic.runs.views import with_time
from deepcave_symbolic.show.advice import space_csv
from deepcave_symbolic.show.palette import VERDICT_COLORS
from deepcave_symbolic.space.serialized import read_space

FIGURE, FRONT, ANSWER, DETAILS, NO_FIGURE, NO_FRONT, NO_RETRY = range(7)


@pytest.fixture(scope="module")
def panel() -> SymbolicFormulas:
    return SymbolicFormulas()


#: Long enough for a front to choose from.
NODES = 10


def asked(panel: SymbolicFormulas, **kwargs: Any) -> dict[str, Any]:
    """The inputs; formulas are short unless a test asks for others."""
    return panel.generate_inputs(**{"max_complexity": NODES, **kwargs})


@pytest.fixture(scope="module")
def runs() -> dict[str, Any]:
    return {name: SMAC3v2Run.from_path(EXAMPLE_RUNS / name) for name in ("svm_bbo", "mlp_hpo", "boosting_mf")}


@pytest.fixture(scope="module")
def processed(panel: SymbolicFormulas, runs: dict[str, Any]) -> Any:
    """Processes each combination of run and inputs once for all tests."""
    known: dict[str, Any] = {}

    def process(run: str, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        chosen = asked(panel, **kwargs)
        key = f"{run} {chosen}"
        if key not in known:
            known[key] = panel.generate_outputs(runs[run], chosen)
        return chosen, known[key]

    return process


def figures(components: Any) -> list[Any]:
    """The figures that have no place of their own on the page."""
    return [each.figure for each in components if hasattr(each, "figure")]


def by_length(n: int) -> dict[str, Any]:
    """The filters for the best formula with at most n nodes; those of a fresh panel for 0."""
    return {"pick": "length", "longest": n} if n else {}


def badges(component: Any) -> list[tuple[str, str]]:
    """Returns text and colour of every verdict on the page."""
    if isinstance(component, (list, tuple)):
        return [found for child in component for found in badges(child)]
    if "symbolic-verdict" in str(getattr(component, "className", "")):
        return [(component.children, component.style["backgroundColor"])]
    children = getattr(component, "children", None)
    return [] if children is None or isinstance(children, str) else badges(children)


def synthetic(
    names: tuple[str, ...] = ("x", "y"),
    *,
    objective: Any = None,
    budgets: tuple[float, ...] = (0.0,),
    n: int = 30,
    noise: bool = False,
) -> Any:
    space = ConfigurationSpace(seed=0)
    space.add([Float(name, (0.0, 1.0)) for name in names])
    run = DeepCAVERun("synthetic", configspace=space, objectives=[objective or Objective("cost")], meta={})
    rng = np.random.default_rng(0)
    for i in range(n):
        values = {name: float(rng.uniform()) for name in names}
        for budget in budgets:
            cost = rng.normal() if noise else (values[names[0]] - 0.3) ** 2 + 0.01 * budget
            run.add(
                costs=cost, config=values, budget=budget, seed=0, start_time=i, end_time=i + 1, status=Status.SUCCESS
            )
    return run


# --- results ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("run", "names"),
    [
        pytest.param("svm_bbo", ("C",), marks=pytest.mark.smoke),
        ("svm_bbo", ("C", "gamma")),
        ("boosting_mf", ("learning_rate",)),
    ],
)
def test_the_panel_shows_what_explain_returns(panel: Any, runs: Any, processed: Any, run: str, names: Any) -> None:
    chosen = dict(zip(("hyperparameter_name_1", "hyperparameter_name_2"), names, strict=False))
    given, outputs = processed(run, **chosen)
    expected = explained(EXAMPLE_RUNS / run, *names, max_complexity=NODES)
    assert [f["text"] for f in outputs["explanations"][0]["formulas"]] == [str(f) for f in expected.formulas]
    drawn = panel.load_outputs(runs[run], given, outputs)
    assert isinstance(drawn[FIGURE], go.Figure) and drawn[FIGURE].data
    assert isinstance(drawn[FRONT], go.Figure) and drawn[FRONT].data
    assert drawn[NO_FIGURE:] == [False, False, True]
    page = text(drawn[ANSWER], drawn[DETAILS])
    best = expected.best
    for part in (f"{best.r2:.4f}", best.latex(), best.python(), str(best), best.mathml()[-60:-20], "rmse"):
        assert part in page, part
    assert expected.surrogate is not None and expected.surrogate.name in page
    if len(names) == 2:
        assert [t.type for t in drawn[FIGURE].data].count("contour") == 3


@pytest.mark.slow
@pytest.mark.parametrize("names", [("solver",), ("solver", "learning_rate_init")])
def test_a_categorical_is_drawn_choice_by_choice(panel: Any, runs: Any, processed: Any, names: Any) -> None:
    given, outputs = processed(
        "mlp_hpo", **dict(zip(("hyperparameter_name_1", "hyperparameter_name_2"), names, strict=False))
    )
    drawn = panel.load_outputs(runs["mlp_hpo"], given, outputs)
    expected = explained(FOREST, *names, max_complexity=NODES)
    page = text(drawn[ANSWER], drawn[DETAILS])
    assert str(expected.best) in page
    assert drawn[FIGURE].data and drawn[NO_FIGURE:] == [False, False, True]
    if len(names) == 2:
        assert "learning_rate_init for every choice of solver, searched alone" in page
        for group in expected.groups.values():
            assert group.best.mathml()[-60:-20] in page


@pytest.mark.slow
def test_most_important_is_the_overviews_first(panel: Any, runs: Any, processed: Any) -> None:
    given, overview = processed("mlp_hpo", hyperparameter_name_1=inputs.ALL)
    _, automatic = processed("mlp_hpo")
    first = overview["explanations"][0]
    assert automatic["explanations"][0]["hyperparameters"] == first["hyperparameters"] == ["learning_rate_init"]
    assert "was chosen" in automatic["notes"][0]
    ranges = [Explanation.from_dict(e).range for e in overview["explanations"]]
    assert ranges == sorted(ranges, reverse=True)
    drawn = panel.load_outputs(runs["mlp_hpo"], given, overview)
    page = text(drawn[ANSWER])
    for name in runs["mlp_hpo"].configspace:
        assert name in page
    assert page.count("data:image/svg+xml;base64,") == len([e for e in overview["explanations"] if e["formulas"]])
    assert drawn[NO_FIGURE:] == [True, True, True]
    (picture,) = figures(drawn[ANSWER])
    assert len(picture.layout.annotations) == page.count("data:image/svg+xml;base64,")


@pytest.mark.slow
def test_most_important_leaves_out_the_second(processed: Any) -> None:
    _, outputs = processed("svm_bbo", hyperparameter_name_2="C")
    assert outputs["explanations"][0]["hyperparameters"] == ["gamma", "C"]


@pytest.mark.slow
def test_most_important_can_be_active_together_with_the_second(panel: Any) -> None:
    space = ConfigurationSpace(seed=0)
    kernel = Categorical("kernel", ["rbf", "poly"])
    gamma, degree, never = Float("gamma", (0.0, 1.0)), Float("degree", (1.0, 5.0)), Float("never", (0.0, 1.0))
    space.add(kernel, gamma, degree, never, Float("C", (0.0, 1.0)))
    space.add(EqualsCondition(gamma, kernel, "rbf"), EqualsCondition(degree, kernel, "poly"))
    space.add(AndConjunction(EqualsCondition(never, kernel, "rbf"), GreaterThanCondition(never, degree, 2.0)))
    run = DeepCAVERun("conditional", configspace=space, objectives=[Objective("cost")], meta={})
    for i, values in enumerate(map(dict, space.sample_configuration(60))):
        cost = 9 * values.get("gamma", 0.5) ** 2 + 0.1 * values.get("degree", 1.0) + values["C"]
        run.add(costs=cost, config=values, budget=0.0, seed=0, start_time=i, end_time=i + 1, status=Status.SUCCESS)

    def answered(second: str) -> Any:
        return panel.generate_outputs(run, asked(panel, hyperparameter_name_2=second, max_complexity=6))

    assert answered(inputs.NONE)["explanations"][0]["hyperparameters"] == ["gamma"]
    found = answered("degree")
    assert found["explanations"][0]["hyperparameters"] == ["C", "degree"]
    assert "C was chosen, which moves cost most of those that can be set together with degree" in found["notes"][0]
    check_card(panel, answered("never"), "no hyperparameter that could be explained together with never")


@pytest.mark.slow
def test_the_filter_needs_no_processing(panel: Any, runs: Any, processed: Any, monkeypatch: Any) -> None:
    given, outputs = processed("mlp_hpo", hyperparameter_name_1="learning_rate_init")
    monkeypatch.setattr("deepcave_symbolic.dashboard.panel.plugin.compute", None)
    front = Explanation.from_dict(outputs["explanations"][0]).formulas
    shown = []
    for n in (0, 1, 5, 7, NODES, 25):
        drawn = panel.load_outputs(runs["mlp_hpo"], {**given, **by_length(n)}, outputs)
        sentence = next(t for t in texts(drawn[ANSWER]) if t.startswith("Shown: "))
        chosen = Explanation.from_dict(outputs["explanations"][0]).best
        if n:
            chosen = max((f for f in front if f.complexity <= n), key=lambda f: f.complexity)
            assert f"at most {n} node" in sentence
        else:
            assert "recommended" in sentence
        assert f"R² {chosen.r2:.4f}" in text(drawn[ANSWER])
        assert chosen.python() in text(drawn[DETAILS])
        curve = next(trace for trace in drawn[FIGURE].data if trace.name == "formula")
        shown.append(tuple(curve.y))
    assert len(set(shown)) > 2


@pytest.mark.slow
def test_each_of_the_three_answers_is_shown_everywhere(panel: Any, runs: Any, processed: Any) -> None:
    given, outputs = processed("svm_bbo", hyperparameter_name_1="C")
    explanation = Explanation.from_dict(outputs["explanations"][0])
    sentences = {}
    for pick in ("simplest", "best", "most_accurate"):
        drawn = panel.load_outputs(runs["svm_bbo"], {**given, "pick": pick, "longest": 1}, outputs)
        formula, page = explanation.pick(pick), text(drawn[ANSWER], drawn[DETAILS])
        says = [constant.sentence for constant in formula.constants]
        for part in (formula.mathml()[-60:-20], f"R² {formula.r2:.4f}", formula.python(), *says):
            assert part in page, (pick, part)
        assert badges(drawn[ANSWER])[0][0] == explanation.trust(formula).verdict
        curve = next(trace for trace in drawn[FIGURE].data if trace.name == "formula")
        assert curve.y == pytest.approx(formula.predict({"C": curve.x}))
        sentences[pick] = next(t for t in texts(drawn[ANSWER]) if t.startswith("Shown: "))
    assert len({explanation.pick(pick) for pick in sentences}) == 2
    assert sentences == {
        "simplest": "Shown: the simplest formula.",
        "best": "Shown: the recommended formula, which is also the most accurate one.",
        "most_accurate": "Shown: the most accurate formula, which is also the recommended one.",
    }


def test_a_formula_of_ones_own_stands_above(panel: Any, runs: Any, processed: Any, monkeypatch: Any) -> None:
    given, outputs = processed("svm_bbo", hyperparameter_name_1="C")
    monkeypatch.setattr("deepcave_symbolic.dashboard.panel.plugin.compute", None)
    explanation = Explanation.from_dict(outputs["explanations"][0])
    own = explanation.fit("a + b*sqrt(C)")
    without = panel.load_outputs(runs["svm_bbo"], given, outputs)
    drawn = panel.load_outputs(runs["svm_bbo"], {**given, "form": " a + b*sqrt(C) "}, outputs)
    page = text(drawn[ANSWER])
    for part in (
        "Your formula of C",
        own.sentence,
        f"R² {own.formula.r2:.4f}",
        "Its constants",
        *own.findings.behaviour,
    ):
        assert part in page
    assert page.index("Your formula of C") < page.index(f"R² {explanation.best.r2:.4f}")
    assert badges(drawn[ANSWER])[0][0] == own.verdict
    assert text(drawn[ANSWER][1:], drawn[DETAILS]) == text(without[ANSWER], without[DETAILS])
    curves = [trace for trace in drawn[ANSWER][0].children.children[-1].figure.data if trace.name == "formula"]
    assert curves[0].y == pytest.approx(own.formula.predict({"C": curves[0].x}))


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ("a + b*(", "Found the end"),
        ("a + b*gamma", "this explanation is of C"),
        ("__import__('os')", "Unknown function"),
    ],
)
def test_a_formula_that_cannot_be_fitted_is_a_card(
    panel: Any, runs: Any, processed: Any, form: str, problem: str
) -> None:
    given, outputs = processed("svm_bbo", hyperparameter_name_1="C")
    drawn = panel.load_outputs(runs["svm_bbo"], {**given, "form": form}, outputs)
    page = text(drawn[ANSWER])
    assert problem in page and "Change your formula" in page
    assert page.index(problem) < page.index("<math"), "the formula that was found stands below"
    assert drawn[NO_FIGURE:] == [False, False, True]


def test_the_field_for_a_formula_has_an_example_of_the_hyperparameter(panel: Any, runs: Any) -> None:
    fresh = panel.load_inputs()
    assert fresh["form"] == {"value": "", "placeholder": "a + b*log10(hyperparameter/c)**2"}
    fresh["hyperparameter_name_1"]["value"] = "gamma"
    chosen = panel.load_dependency_inputs(runs["svm_bbo"], fresh, fresh)
    assert chosen["form"] == {"placeholder": "a + b*log10(gamma/c)**2"}


@pytest.mark.slow
def test_an_overview_says_how_many_are_recommended(panel: Any, runs: Any, processed: Any) -> None:
    given, outputs = processed("svm_bbo", hyperparameter_name_1=inputs.ALL)
    for pick, sentence in (
        ("best", "Shown: the recommended formulas."),
        ("simplest", "Shown: the simplest formulas (1 of 2 also recommended)."),
        ("no such", "Choose one or two hyperparameters to see your formula."),
    ):
        drawn = panel.load_outputs(runs["svm_bbo"], {**given, "pick": pick, "form": "a"}, outputs)
        assert sentence in text(drawn[ANSWER])


def test_a_formula_that_is_too_short_is_not_called_trustworthy(panel: Any, runs: Any, processed: Any) -> None:
    given, outputs = processed("mlp_hpo", hyperparameter_name_1="learning_rate_init")
    assert outputs["explanations"][0]["verdict"] == "with care"
    drawn = panel.load_outputs(runs["mlp_hpo"], {**given, **by_length(1)}, outputs)
    assert badges(drawn[ANSWER]) == [("do not trust", VERDICT_COLORS["do not trust"])]
    page = text(drawn[ANSWER])
    assert page.index("allow more nodes") < page.index("<math"), "above the formula"
    drawn = panel.load_outputs(runs["mlp_hpo"], given, outputs)
    assert badges(drawn[ANSWER]) == [("with care", VERDICT_COLORS["with care"])]
    assert "allow more nodes" not in text(drawn[ANSWER])


@pytest.mark.slow
@pytest.mark.parametrize("names", [("C",), ("C", "gamma")])
def test_the_page_says_what_the_formula_shown_does(panel: Any, runs: Any, processed: Any, names: Any) -> None:
    chosen = dict(zip(("hyperparameter_name_1", "hyperparameter_name_2"), names, strict=False))
    given, outputs = processed("svm_bbo", **chosen)
    explanation = Explanation.from_dict(outputs["explanations"][0])
    for n in (0, 8, NODES):
        drawn = panel.load_outputs(runs["svm_bbo"], {**given, **by_length(n)}, outputs)
        page = text(drawn[ANSWER])
        shown = [f for f in explanation.formulas if f.complexity <= n][-1] if n else explanation.best
        found = explanation.findings(shown)
        for part in (
            *found.behaviour,
            found.optimum.sentence,
            "" if found.interaction is None else found.interaction.sentence,
            found.band.sentence,
            f"{100 * found.trust.variance_explained:.0f} % of the surrogate's variance",
        ):
            assert part in page, (n, part)
        assert ("Interaction" in page) == (len(names) == 2)
        elsewhere = bool(found.optimum.disagrees) and found.optimum.is_elsewhere is not False
        assert ("disagree about the best setting" in page) == elsewhere
        off = bool(found.optimum.disagrees) and not elsewhere
        assert ("the surrogate expects another value" in page) == off
        place = next(trace for trace in drawn[FIGURE].data if trace.name == "formula's optimum")
        assert place.x[0] == found.optimum.values[0]
        assert place.y[0] == (found.optimum.values[1] if len(names) == 2 else found.optimum.value)


@pytest.mark.slow
@pytest.mark.parametrize("names", [("C",), ("C", "gamma"), (inputs.ALL,)])
def test_drawing_computes_nothing(panel: Any, runs: Any, processed: Any, monkeypatch: Any, names: Any) -> None:
    """The findings on every formula of the front stand in the record, whichever the filter shows."""
    chosen = dict(zip(("hyperparameter_name_1", "hyperparameter_name_2"), names, strict=False))
    given, outputs = processed("svm_bbo", **chosen)
    stored = json.loads(json.dumps(outputs))

    def fails(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("something is computed while drawing")

    for function in (
        *(f"findings.{name}" for name in ("find_optimum", "compare_with_incumbent", "judge", "in_words", "band_of")),
        "findings.interactions_of",
        "explained.findings_of",
        "optimum.branch_and_bound.enclose",
        "behaviour.line.enclose",
    ):
        monkeypatch.setattr(f"deepcave_symbolic.findings.{function}", fails)
    for n in (0, 1, 8, 25):
        assert panel.load_outputs(runs["svm_bbo"], {**given, **by_length(n)}, stored)[NO_RETRY]


def test_formulas_that_are_as_good_are_folded(panel: Any, runs: Any, processed: Any) -> None:
    given, outputs = processed("svm_bbo", hyperparameter_name_1="C")
    stored = json.loads(json.dumps(outputs))
    record = stored["explanations"][0]
    best = record["formulas"][record["recommended"]]
    record["others"] = [{**best, "r2": 0.9123, "rmse": 0.4567}, {**best, "r2": 0.9012, "rmse": 0.5678}]
    page = text(panel.load_outputs(runs["svm_bbo"], given, stored)[DETAILS])
    for part in (
        "Equally long formulas that the trials cannot tell from the recommended one (2)",
        "0.9123",
        "0.457",
        "0.9012",
        "0.568",
    ):
        assert part in page
    assert page.count("<math") == len(record["formulas"]) + 2 and "found no other formula" not in page
    # Another formula of the front has none.
    record["others"] = record["others"][:1]
    other = panel.load_outputs(runs["svm_bbo"], {**given, **by_length(6)}, stored)
    assert "cannot tell from" not in text(other[DETAILS])
    assert "found no other formula of this length" in text(other[DETAILS])


@pytest.mark.slow
def test_a_useless_surrogate_is_said_above_everything(panel: Any) -> None:
    run = synthetic(noise=True)
    for first in ("x", inputs.ALL):
        given = asked(panel, hyperparameter_name_1=first, max_complexity=6)
        answer = panel.load_outputs(run, given, panel.generate_outputs(run, given))[ANSWER]
        assert set(badges(answer)) == {("do not trust", VERDICT_COLORS["do not trust"])}
        page = text(answer)
        assert page.count("no better than the mean") == 1
        assert page.index("no better than the mean") < page.index("<math")


@pytest.mark.parametrize("first", ["C", inputs.ALL])
def test_a_run_that_smac_named_by_its_seed_can_be_told_apart(panel: Any, runs: Any, processed: Any, first: str) -> None:
    given, outputs = processed("svm_bbo", hyperparameter_name_1=first)
    stored = json.loads(json.dumps(outputs))
    for record in stored["explanations"]:
        record["run"] = "/runs/run_x/0"
    drawn = panel.load_outputs(runs["svm_bbo"], given, stored)
    assert any(text.startswith(" in run_x/0, rmse, ") for text in texts(drawn[ANSWER]))
    assert "run_x/0" in list(texts(drawn[DETAILS]))


@pytest.mark.slow
def test_the_overview_has_the_share_of_the_variance(panel: Any, runs: Any, processed: Any) -> None:
    given, outputs = processed("mlp_hpo", hyperparameter_name_1=inputs.ALL)
    page = text(panel.load_outputs(runs["mlp_hpo"], given, outputs)[ANSWER])
    first = Explanation.from_dict(outputs["explanations"][0])
    assert first.projection is not None
    assert "Share" in page and f"{100 * first.projection.variance_share:.0f} %" in page.splitlines()


def test_the_small_pictures_share_one_scale(panel: Any, runs: Any, processed: Any) -> None:
    given, outputs = processed("mlp_hpo", hyperparameter_name_1=inputs.ALL)
    pictures = [
        base64.b64decode(found.rpartition(",")[2]).decode()
        for found in texts(panel.load_outputs(runs["mlp_hpo"], given, outputs)[ANSWER])
        if found.startswith("data:image/svg")
    ]
    records = [Explanation.from_dict(e) for e in outputs["explanations"] if e["formulas"]]
    assert len(pictures) == len(records)
    # The surrogate's mean of each, in pixels per unit of the objective.
    scales = []
    for picture, record in zip(pictures, records, strict=True):
        assert ("polyline" in picture) != record.projection.axes[0].categorical
        drawn = re.findall(r'cy="([\d.]+)"', picture) or re.findall(
            r",([\d.]+)", re.findall('points="(.*?)"', picture)[0]
        )
        assert len(drawn) == len(record.projection.mean)
        scales.append(np.ptp(np.array(drawn, dtype=float)) / record.range)
    largest = scales[0]
    for record, scale in zip(records, scales, strict=True):
        assert scale == pytest.approx(largest, abs=0.11 / record.range)


@pytest.mark.slow
@pytest.mark.parametrize("first", ["C", inputs.ALL])
def test_stored_results_are_json(processed: Any, first: str) -> None:
    _, outputs = processed("svm_bbo", hyperparameter_name_1=first)

    def check(value: Any) -> None:
        if isinstance(value, dict):
            assert all(isinstance(key, str) for key in value)
            list(map(check, value.values()))
        elif isinstance(value, list):
            list(map(check, value))
        else:
            assert value is None or isinstance(value, (str, bool, int)) or math.isfinite(value)

    check(outputs)
    again = json.loads(json.dumps(outputs, allow_nan=False))
    assert PanelRecord.from_dict(again).to_dict() == outputs


@pytest.mark.slow
def test_the_code_reproduces_the_formula(processed: Any, runs: Any, panel: Any) -> None:
    for name, kwargs in (
        ("svm_bbo", {"hyperparameter_name_1": "C", "seed": 3, "surrogate": "forest", "max_complexity": 7}),
        ("boosting_mf", {"hyperparameter_name_1": "subsample", "objective_id": "Time"}),
    ):
        _, outputs = processed(name, **kwargs)
        scope: dict[str, Any] = {}
        exec(outputs["code"], scope)
        assert scope["explanation"].to_dict()["formulas"] == outputs["explanations"][0]["formulas"]
    group = Group("both", [runs["svm_bbo"], runs["svm_bbo"]])
    record = panel.generate_outputs(group, asked(panel, hyperparameter_name_1="C"))
    scope = {}
    exec(record["code"], scope)
    assert scope["explanation"].to_dict()["formulas"] == record["explanations"][0]["formulas"]


# --- region and statistic -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_is_looked_at_is_in_the_heading_and_on_the_figures(panel: Any, processed: Any) -> None:
    inputs = {"region": " gamma = 1e-3..1; C=1..100 ", "statistic": "best", "max_complexity": 10}
    _, outputs = processed("svm_bbo", hyperparameter_name_1="C", **inputs)
    (explanation,) = PanelRecord.from_dict(outputs).explanations
    words = "others set optimally, for gamma from 0.001 to 1 and C from 1 to 100"
    assert explanation.view.words == words
    drawn = panel.load_outputs(None, asked(panel), outputs)
    assert f"C, {words}" in text(drawn[ANSWER])
    assert [figure.layout.title.text for figure in drawn[:2]] == [words, words]
    assert "statistic='best'" in outputs["code"] and "region={'gamma': (0.001, 1.0)" in outputs["code"]
    _, outputs = processed("svm_bbo", hyperparameter_name_1="(all)", region="best 10%", max_complexity=1)
    drawn = panel.load_outputs(None, asked(panel), outputs)
    assert "All hyperparameters, those that move the objective most first, among the best 10 %" in text(drawn[ANSWER])
    assert "among the best 10 %" in figures(drawn[ANSWER])[0].layout.title.text


@pytest.mark.parametrize("region", ["best 10", "gamma=1..1e-3", "gama=1e-3..1", "C=1..2; best 10%"])
def test_a_region_that_is_none_gets_a_card(panel: Any, processed: Any, region: str) -> None:
    _, outputs = processed("svm_bbo", hyperparameter_name_1="C", region=region)
    check_card(panel, outputs, "egion" if "gama" not in region else "Did you mean 'gamma'?")
    page = text(panel.load_outputs(None, asked(panel), outputs)[ANSWER])
    # In the words of who types it, and with what to do about it.
    assert "{'" not in page and "Error" not in page and "Change the inputs" not in page
    if region == "best 10":
        assert "expected all, best 10%, or parts of domains such as lr=1e-4..1e-2 or kernel=rbf,poly." in page
        assert "Write or choose what is expected above" in page


# --- what to try next -----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_to_try_next_stands_below_the_figures(panel: Any, processed: Any) -> None:
    _, outputs = processed("svm_bbo", hyperparameter_name_1="C", hyperparameter_name_2="gamma", advice="yes")
    record = PanelRecord.from_dict(outputs)
    assert record.next_trials is not None and len(record.next_trials.trials) == 10 and record.space is None
    shown = text(panel.load_outputs(None, asked(panel), outputs)[DETAILS])
    assert "Next trials for C and gamma" in shown and record.next_trials.trials[0].reason in shown
    assert "Gamma" not in shown  # a name stays as it is
    _, outputs = processed("svm_bbo", hyperparameter_name_1="(all)", advice="yes", max_complexity=4)
    record = PanelRecord.from_dict(outputs)
    assert record.next_trials is None and record.space is not None
    shown = text(panel.load_outputs(None, asked(panel), outputs)[DETAILS])
    assert "A configuration space for the next run" in shown and record.space.domains[0].sentence in shown
    assert set(read_space(json.loads(record.configspace))) == {"C", "gamma"}
    rows = csv.DictReader(space_csv(record.space).splitlines())
    assert [(row["hyperparameter"], row["because"]) for row in rows] == [
        (domain.hyperparameter, domain.sentence) for domain in record.space.domains
    ]


def test_what_to_try_next_is_not_computed_unasked(panel: Any, processed: Any) -> None:
    _, outputs = processed("svm_bbo", hyperparameter_name_1="C")
    record = PanelRecord.from_dict(outputs)
    assert record.next_trials is None and record.space is None


# --- errors -------------------------------------------------------------------------------------------------------


def check_card(panel: Any, outputs: Any, *parts: str) -> None:
    json.dumps(outputs, allow_nan=False)
    drawn = panel.load_outputs(None, asked(panel), outputs)
    page = text(drawn[ANSWER])
    for part in (*parts, "What to do"):
        assert part in page
    assert drawn[NO_FIGURE:] == [True, True, False]


def test_too_few_trials(panel: Any, tmp_path: Path) -> None:
    folder = tmp_path / "few"
    shutil.copytree(SVM, folder)
    history = json.loads((folder / "runhistory.json").read_text())
    history["data"] = history["data"][:2]
    (folder / "runhistory.json").write_text(json.dumps(history))
    outputs = panel.generate_outputs(SMAC3v2Run.from_path(folder), asked(panel))
    assert outputs["error"]["type"] == "NoTrialsError"
    check_card(panel, outputs, "2 usable trials")


def test_an_unknown_name_and_a_defect_become_cards(panel: Any, runs: Any, monkeypatch: Any) -> None:
    outputs = panel.generate_outputs(runs["svm_bbo"], asked(panel, hyperparameter_name_1="c"))
    check_card(panel, outputs, "Did you mean 'C'?", "one of the names that are listed above")
    monkeypatch.setattr(compute, "_explained", lambda run, inputs: 1 / 0)
    outputs = panel.generate_outputs(runs["svm_bbo"], asked(panel))
    check_card(panel, outputs, "division by zero", "ZeroDivisionError")


def test_the_time_limit(panel: Any, runs: Any, monkeypatch: Any) -> None:
    def endless(run: Any, inputs: Any) -> Any:
        while True:
            try:
                time.sleep(0.01)
            except Exception:  # what catches everything must not swallow the limit
                continue

    monkeypatch.setattr(compute, "_explained", endless)
    monkeypatch.setattr(compute, "TIME_LIMIT", 0.3)
    check_card(panel, panel.generate_outputs(runs["svm_bbo"], asked(panel)), "stopped after 0.3 seconds")


def test_a_result_and_errors_pass_through_the_limit() -> None:
    handler = signal.getsignal(signal.SIGALRM)
    with time_limit(5):
        pass
    with pytest.raises(ZeroDivisionError), time_limit(5):
        1 / 0  # noqa: B018
    assert signal.getsignal(signal.SIGALRM) is handler and signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.mark.parametrize("damage", ["version", "explanations", "no dict", "empty", "inner"])
def test_foreign_results_are_refused(panel: Any, processed: Any, damage: str) -> None:
    _, outputs = processed("svm_bbo", hyperparameter_name_1="C")
    foreign: Any = json.loads(json.dumps(outputs))
    if damage == "version":
        foreign["version"] = "0.1 older"
    elif damage == "explanations":
        del foreign["explanations"]
    elif damage == "inner":
        foreign["explanations"][0]["formulas"][0]["tree"] = ["system", "rm"]
    else:
        foreign = [] if damage == "no dict" else {}
    check_card(panel, foreign, "Try again")


# --- inputs -------------------------------------------------------------------------------------------------------


def test_a_new_engine_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    before = inputs.static_options()["engine"]
    assert [option["label"] for option in before] == [
        "Automatic",
        "Exhaustive (every short formula)",
        "Operon (longer formulas; needs the extra 'operon')",
        "gplearn (genetic programming, as in the paper)",
    ]
    monkeypatch.setitem(ENGINES, "mine", EngineEntry(module="mine", class_name="Mine", title="Mine", remark="a test's"))
    assert inputs.static_options()["engine"] == [*before, {"label": "Mine (a test's)", "value": "mine"}]


def test_inputs_have_the_version_in_the_key(panel: Any) -> None:
    registered = {id: is_filter for id, _, is_filter, _ in panel.inputs}
    assert registered["version"] is False and registered["attempt"] is False
    assert [id for id, is_filter in registered.items() if is_filter] == ["pick", "longest", "form"]
    assert panel.load_inputs()["version"]["value"] == record_version()
    assert set(registered) == set(inputs.defaults())


def test_a_fresh_page_has_no_values() -> None:
    found: list[Any] = []

    def look(component: Any) -> None:
        if isinstance(component, (list, tuple)):
            list(map(look, component))
        elif hasattr(component, "children") or hasattr(component, "id"):
            if str(getattr(component, "id", "")).startswith("input:"):
                found.append(component)
                assert getattr(component, "value", None) is None, component
            look(getattr(component, "children", None))

    def register(id: str, attributes: Any = "value", **kwargs: Any) -> str:
        return f"input:{id}"

    look(SymbolicFormulas.get_input_layout(register) + SymbolicFormulas.get_filter_layout(register))
    assert len(found) == len(inputs.defaults()) - 1  # "Try again" stands below


def test_the_runs_choices(panel: Any, runs: Any) -> None:
    fresh = panel.load_inputs()
    chosen = panel.load_dependency_inputs(runs["boosting_mf"], fresh, fresh)
    assert [o["label"] for o in chosen["objective_id"]["options"]] == ["rmse", "Time"]
    assert [o["label"] for o in chosen["budget_id"]["options"]] == [
        "Highest with enough trials",
        "All, the budget as a hyperparameter",
        *map(str, runs["boosting_mf"].get_budgets(human=True)),
    ]
    assert chosen["hyperparameter_name_1"]["value"] == inputs.AUTOMATIC
    assert "(all)" in [o["value"] for o in chosen["hyperparameter_name_1"]["options"]]
    # What the former run had and this one has not is dropped.
    other = panel.load_inputs()
    other["hyperparameter_name_1"]["value"] = "gamma"
    chosen = panel.load_dependency_inputs(runs["boosting_mf"], other, other)
    assert chosen["hyperparameter_name_1"]["value"] == inputs.AUTOMATIC
    without = panel.load_dependency_inputs(runs["svm_bbo"], fresh, fresh)
    assert len(without["budget_id"]["options"]) == 1


def test_weights_are_asked_for_only_where_there_are_several_objectives(panel: Any, runs: Any) -> None:
    given = panel.load_inputs()
    given["weights"]["value"] = "1, 2"
    single = panel.load_dependency_inputs(runs["svm_bbo"], given, given)
    assert single["weights_hidden"] == {"hidden": True} and single["weights"] == {"value": ""}
    several = SMAC3v2Run.from_path(TEST_RUNS / "2.2.0" / "objectives")
    chosen = panel.load_dependency_inputs(several, given, given)
    assert chosen["weights_hidden"] == {"hidden": False} and "weights" not in chosen


@pytest.mark.slow
@pytest.mark.parametrize("name", ["(all)", "(all)'", "(none)", "(most important)''", "", "'", "true", "None", "all"])
def test_a_hyperparameter_named_like_a_choice_can_be_chosen(tmp_path: Path, panel: SymbolicFormulas, name: str) -> None:
    """The panel's own choices keep their meaning beside it."""
    shutil.copytree(SVM, tmp_path / "run")
    for file in ("configspace.json", "runhistory.json"):
        text = (tmp_path / "run" / file).read_text(encoding="utf-8")
        for before, after in (("C", name), ("gamma", f"{name}'")):
            text = text.replace(json.dumps(before), json.dumps(after))
        (tmp_path / "run" / file).write_text(text, encoding="utf-8")
    run = SMAC3v2Run.from_path(tmp_path / "run")
    options = inputs.options_of(run)
    for key, own in (("hyperparameter_name_1", 2), ("hyperparameter_name_2", 1)):
        choices = options[key][own:]
        assert {name, f"{name}'"} <= {choice["label"] for choice in choices}
        for choice in choices:
            # As DeepCAVE's cleaning hands it on.
            read = inputs.Inputs.read({key: {"true": True, "false": False}.get(choice["value"], choice["value"])})
            assert not read.overview and (read.first if own == 2 else read.second) == choice["label"]
    chosen = next(c["value"] for c in options["hyperparameter_name_1"] if c["label"] == name)
    outputs = panel.generate_outputs(run, asked(panel, hyperparameter_name_1=chosen, max_complexity=1))
    assert [e.hyperparameters for e in PanelRecord.from_dict(outputs).explanations] == [(name,)]


def test_the_panels_own_choices_are_no_names() -> None:
    assert inputs.Inputs.read({"hyperparameter_name_1": inputs.ALL}).overview
    assert inputs.Inputs.read({"hyperparameter_name_1": inputs.AUTOMATIC}).first is None
    assert inputs.Inputs.read({"hyperparameter_name_2": inputs.NONE}).second is None


def test_empty_fields_have_their_defaults() -> None:
    read = inputs.Inputs.read({"seed": None, "max_complexity": "", "budget_id": None, "hyperparameter_name_1": True})
    assert (read.budget, read.first, read.question) == (inputs.AUTOMATIC_BUDGET, "true", Question())
    assert not read.overview and read.second is None
    assert inputs.Inputs.read({"region": " ", "statistic": ""}).question == Question()
    assert inputs.Inputs.read({"trend_1": "any", "trend_2": "rising"}).trends == (None, "rising")
    assert inputs.Inputs.read({"functions": ["exp"], "seed": "3"}).question == Question(functions=("exp",), seed=3)
    assert inputs.whole_number("") is None and inputs.whole_number("7") == 7


def test_generate_inputs_refuses_what_is_none(panel: Any) -> None:
    with pytest.raises(ValueError, match="Unknown input: hyperparameter"):
        asked(panel, hyperparameter="C")


# --- what DeepCAVE adds -------------------------------------------------------------------------------------------


def test_the_objective_time(panel: Any, runs: Any, processed: Any) -> None:
    _, outputs = processed("boosting_mf", hyperparameter_name_1="subsample", objective_id="Time")
    record = outputs["explanations"][0]
    assert record["objective"] == "Time"
    assert record["surrogate"]["name"].startswith("Consensus of ") and not record["surrogate"]["exact"]
    assert any("objective Time keeps no surrogate" in w for w in record["warnings"])
    run = with_time(load_run(FIDELITY))
    assert run.objectives == ("rmse", "Time")
    assert [t.costs[1] for t in run.trials] == [t.time for t in run.trials]
    assert with_time(run) is run


def test_the_combined_budget(panel: Any, runs: Any, processed: Any) -> None:
    combined = runs["boosting_mf"].get_budget_ids()[-1]
    _, outputs = processed("boosting_mf", hyperparameter_name_1="learning_rate", budget_id=combined)
    record = outputs["explanations"][0]
    run = load_run(FIDELITY)
    assert record["budget"] is None
    assert record["surrogate"]["n_trials"] == len({t.config_id for t in run.trials})
    assert any("combined budgets" in w for w in record["warnings"])
    kept = with_combined_budget(run).trials
    for trial in kept:
        budgets = [t.budget for t in run.trials if t.config_id == trial.config_id and t.costs == trial.costs]
        assert max(t.budget for t in run.trials if t.config_id == trial.config_id) in budgets
    one = load_run(SVM)
    assert with_combined_budget(one) is one


def test_a_chosen_budget(panel: Any, runs: Any, processed: Any) -> None:
    _, outputs = processed("boosting_mf", hyperparameter_name_1="learning_rate", budget_id=0)
    assert outputs["explanations"][0]["budget"] == min(t.budget for t in load_run(FIDELITY).trials)


def test_a_group_is_one_run_whose_members_are_named(panel: Any, runs: Any) -> None:
    first, second = runs["svm_bbo"], SMAC3v2Run.from_path(SVM)
    second.name = "second"
    for trial in second.history:
        trial.seed = trial.seed + 1
    group = Group("both", [first, second])
    given = asked(panel, hyperparameter_name_1="C")
    outputs = panel.generate_outputs(group, given)
    record = outputs["explanations"][0]
    assert record["surrogate"]["n_trials"] == len(group.history) == 80
    drawn = panel.load_outputs(group, given, outputs)
    assert "Group of 2 runs (svm_bbo, second)" in text(drawn[DETAILS])


def test_a_maximised_objective_keeps_its_units(panel: Any) -> None:
    run = synthetic(objective=Objective("accuracy", optimize="upper"))
    given = asked(panel, hyperparameter_name_1="x")
    outputs = panel.generate_outputs(run, given)
    record = outputs["explanations"][0]
    costs = [trial.costs[0] for trial in run.history]
    assert sorted(record["projection"]["trials"]["costs"]) == pytest.approx(sorted(costs))
    assert record["budget"] is None
    drawn = panel.load_outputs(run, given, outputs)
    assert "larger is better" in text(drawn[DETAILS])
    best = next(trace for trace in drawn[FIGURE].data if trace.name == "incumbent")
    assert best.y[0] == pytest.approx(max(costs))


def test_failed_trials_of_deepcave_have_no_cost() -> None:
    run = synthetic(n=5)
    run.history[0].costs, run.history[0].status = [None], Status.CRASHED
    assert math.isnan(from_deepcave(run).trials[0].costs[0])


@pytest.mark.slow
def test_hostile_names_are_escaped(panel: Any) -> None:
    name = "</div><script>alert(1)</script>{alert(2)}*a* `b`"
    run = synthetic((name, "y"))
    given = asked(panel, hyperparameter_name_1=name)
    outputs = panel.generate_outputs(run, given)
    drawn = panel.load_outputs(run, given, outputs)
    markup = [t for t in texts(drawn[ANSWER] + drawn[DETAILS]) if "<math" in t]
    assert any("&lt;script&gt;" in t for t in markup)
    for part in markup:
        assert "<script" not in part and "{" not in part and "\n" not in part
        assert part.startswith("<div>") and part.count("</div>") == 1
    compile(outputs["code"], "code", "exec")


# --- in DeepCAVE's server process ---------------------------------------------------------------------------------
