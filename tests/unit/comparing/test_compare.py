"""Comparisons of runs: constants known to agree or to differ, and what is said where they cannot be compared."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, Float, Integer

from deepcave_symbolic import Comparison, Explanation, Unexplained, compare, comparing, explain, load_run
from deepcave_symbolic.cli import main
from deepcave_symbolic.comparing.choosing import Fitted, choose
from deepcave_symbolic.comparing.forms import Data, Form, form_of, refit
from deepcave_symbolic.exceptions import FormulaError, InvalidArgumentError, SearchFailedError, UnknownNameError
from deepcave_symbolic.formulas.expression import Node, constant, function, power, variable
from deepcave_symbolic.show.comparison import comparison_document, number_with_error
from deepcave_symbolic.show.latex import write_latex
from deepcave_symbolic.show.markdown import write_markdown
from deepcave_symbolic.show.several import _found_in
from known_surrogates import OfValues
from places import FOREST, ROOT, SVM
from run_folders import edit_json, keep_trials

Landscape = Callable[[Any, Any], Any]


def compare_explanations(explanations: Any, **options: Any) -> Comparison:
    return comparing.compare_explanations(explanations, Comparison, **options)


def known(landscape: Landscape, *names: str, std: float = 0.01, run: Any = None, **options: Any) -> Explanation:
    run = run or load_run(SVM)
    surrogate = OfValues(run.configspace, lambda v: landscape(np.log10(v["C"]), np.log10(v["gamma"])), std)
    return explain(run, *(names or ("C",)), surrogate=surrogate, **{"max_complexity": 10, **options})


def bowl(offset: float, location: float, factor: float = 2.0) -> Landscape:
    return lambda u, v: offset + factor * (u - location) ** 2 + 0.0 * v


# --- known answers ------------------------------------------------------------------------------------------------


def test_same_minimum_and_other_offsets() -> None:
    runs = {f"seed {i}": known(bowl(offset, 0.7)) for i, offset in enumerate((0.3, 0.9, 1.4))}
    comparison = compare_explanations(runs)
    assert comparison.form_text() == "c1 + c2·log10(C/c3)²"
    offset, factor, location = comparison.constants
    assert [c.role for c in comparison.constants] == ["offset", "factor", "place"]
    assert np.allclose(offset.values, (0.3, 0.9, 1.4), atol=1e-4) and offset.agreement == "differ"
    assert np.allclose(location.values, 10**0.7, rtol=1e-3) and location.agreement == "agree"
    assert np.allclose(factor.values, 2.0, atol=1e-3) and factor.agreement == "agree"
    assert comparison.agreeing() == [factor, location] and abs(location.mean - 10**0.7) < 1e-2
    assert location.tolerance == 2 * max(location.errors) > 0
    assert np.allclose(np.diag(comparison.cross), 1.0, atol=1e-3) and comparison.cross[0][2] < 0.99
    assert np.allclose(comparison.cross_shape, 1.0, atol=1e-3)
    for formula, value in zip(comparison.formulas, (0.3, 0.9, 1.4), strict=True):
        assert formula.r2 > 0.999 and abs(formula.predict({"C": 10**0.7})[0] - value) < 0.02


def test_other_minimum_and_what_uncertainty_hides() -> None:
    moved = {"a": known(bowl(0.3, 0.7)), "b": known(bowl(0.3, 0.9))}
    assert [c.agreement for c in compare_explanations(moved).constants] == ["agree", "agree", "differ"]
    # The same runs, so uncertain that their constants could be anything: no agreement is claimed.
    form = moved["a"].best
    vague = {run: replace(e, noise=200.0) for run, e in moved.items()}
    assert {c.agreement for c in compare_explanations(vague, form=form).constants} == {"undetermined"}
    # Between the two, where such a difference comes by chance now and then, the level decides.
    unsure = {run: replace(e, noise=0.4) for run, e in moved.items()}
    p_value = compare_explanations(unsure, form=form).constants[2].p_value
    assert 0.05 < p_value < 0.2
    for level, agreement in ((1.1 * p_value, "differ"), (0.9 * p_value, "agree")):
        assert compare_explanations(unsure, form=form, level=level).constants[2].agreement == agreement


@pytest.mark.slow
def test_a_form_whose_constants_are_known_is_preferred_to_a_closer_one() -> None:
    x = np.geomspace(0.01, 1.0, 40)
    saturation, theta = form_of(0.1 + 0.5 / (1.0 + power(variable(0) / 0.1, 0.8)), 1)
    line, nothing = form_of(0.3 - 0.2 * function("log10", variable(0)), 1)

    def chosen(error: float) -> tuple[Form, Form]:
        data = [Data((x,), saturation.values([x], (0.1, 0.5, 0.1, 0.8)), np.full(40, 1 / 40), error)] * 2
        weighed = []
        for form, start in ((line, nothing), (saturation, theta)):
            fits = [refit(form, d, [start]) for d in data]
            weighed.append(Fitted(form, tuple(fit for fit in fits if fit is not None)))
        certain: Any = [SimpleNamespace(noise=0.0)] * 2
        compared, closest = choose(weighed, certain, data, 0.05)
        return compared.form, closest.form

    assert chosen(1e-5) == (saturation, saturation)
    # Both ends lie outside: trials that are not as exact settle the line's constants only.
    assert chosen(0.02) == (line, saturation)


def test_a_form_of_ones_own_stays() -> None:
    runs = {run: replace(known(bowl(0.3, 0.7)), noise=1e3) for run in "ab"}
    form = runs["a"].best
    assert compare_explanations(runs, form=form).form_text() == "c1 + c2·log10(C/c3)²"
    assert len(compare_explanations(runs).constants) < 3


def test_a_form_of_ones_own_may_have_any_constants() -> None:
    def step(exponent: float) -> Landscape:
        return lambda u, v: 0.3 + 2.0 * 10**exponent / (10 ** (exponent * u) + 10**exponent) + 0.0 * v

    runs = {"a": known(step(1.5)), "b": known(step(5.0))}
    comparison = compare_explanations(runs, form=runs["a"].best)
    assert comparison.form_text() == "c1 + c2/(1 + (C/c3)^c4)"
    offset, _, place, exponent = comparison.constants
    assert np.allclose(exponent.values, (1.5, 5.0), rtol=1e-2) and exponent.agreement == "differ"
    assert np.allclose(offset.values, 0.3, atol=1e-3) and offset.agreement == "agree"
    assert np.allclose(place.values, 10.0, rtol=1e-2) and place.agreement == "agree"
    assert "The common form (10 nodes)" in str(comparison)


def test_a_form_of_ones_own_with_a_pole_is_refused() -> None:
    pole = replace(known(bowl(0.3, 0.7)).best, tree=0.3 + 0.1 / (function("log10", variable(0)) - 1.5003))
    runs = {"bowl": known(bowl(0.3, 0.7)), "pole": known(lambda u, v: 0.3 + 0.1 / (u - 1.5003) + 0.0 * v)}
    with pytest.raises(SearchFailedError, match=r"fit .*pole best, the form of rmse ≈ 0\.3 \+ 0\.1/.* no finite value"):
        compare_explanations(runs, form=pole)


@pytest.mark.slow
def test_two_hyperparameters() -> None:
    runs = {
        name: known(lambda u, v, k=k: k + u**2 + 0.5 * (v + 1.0) ** 2, "C", "gamma")
        for name, k in (("a", 1.0), ("b", 2.0))
    }
    form = min((f for f in runs["a"].formulas if f.r2 > 0.99), key=lambda f: f.complexity, default=runs["a"].best)
    comparison = compare_explanations(runs, form=form)
    offset = comparison.constants[0]
    assert (
        offset.role == "offset" and offset.agreement == "differ" and abs(offset.values[1] - offset.values[0] - 1) < 0.01
    )
    assert {c.agreement for c in comparison.constants[1:]} <= {"agree", "undetermined"}
    figure = comparison.plot()
    assert [t.type for t in figure.data] == ["contour"] * 2


def test_standard_errors_are_those_of_least_squares() -> None:
    rng = np.random.default_rng(0)
    x, sigma = np.sort(rng.uniform(0.0, 2.0, 50)), 0.3
    tree: Node = constant(1.0) + constant(2.0) * variable(0)
    form, theta = form_of(tree, 1)
    data = Data((x,), 1.0 + 2.0 * x + rng.normal(0.0, sigma, 50), np.full(50, 1 / 50), sigma / np.sqrt(50))
    fit = refit(form, data, [theta])
    design = np.column_stack([np.ones(50), x])
    expected = sigma * np.sqrt(np.diag(np.linalg.inv(design.T @ design)))
    assert fit is not None and np.allclose(fit.errors, expected, rtol=1e-4)
    assert np.allclose(fit.p, np.linalg.lstsq(design, data.y, rcond=None)[0])
    # Two constants that no data can tell apart have no error to speak of.
    doubled: Node = constant(3.0) * (power(variable(0), 0.3) * power(variable(0), 0.4))
    twin, theta = form_of(doubled, 1)
    fit = refit(twin, replace(data, y=3.0 * x**0.7), [theta])
    assert fit is not None and fit.r2 > 0.999999 and set(fit.errors) == {np.inf}


def test_forms_forget_numbers_and_keep_whole_exponents() -> None:
    x = variable(0)

    def bent(a: float, b: float, exponent: float) -> Node:
        return constant(a) + constant(b) * power(x - 0.3 if b > 0 else x + 0.3, exponent)

    assert form_of(bent(1, 2, 2), 1)[0] == form_of(bent(5, -3, 2), 1)[0]
    assert form_of(bent(1, 2, 2), 1)[0] != form_of(bent(1, 2, 3), 1)[0]
    form, theta = form_of(bent(1, 2, 0.37), 1)
    assert form.roles == ("offset", "factor", "place", "exponent") and list(theta) == [0.3, 0.37]
    grid = np.linspace(1.0, 2.0, 7)
    assert np.allclose(form.values([grid], (1, 2, 0.3, 0.37)), 1 + 2 * (grid - 0.3) ** 0.37)


def test_what_was_chosen_belongs_to_the_form() -> None:
    x, y = variable(0), variable(1)
    saturation: Node = 0.14 + 0.55 / (1.0 + power(x / 0.0038, 1.7))
    form, theta = form_of(saturation, 1)
    assert form.roles == ("offset", "factor", "place", "exponent") and list(theta) == [0.0038, 1.7]
    assert form.complexity == 10
    # The coefficient makes up for a reference, and of a law one place is enough: both stay.
    form, theta = form_of(0.1 + 5.1 * power(x / 8.0, -0.6), 1)
    assert form.roles == ("offset", "factor", "exponent") and list(theta) == [-0.6]
    law: Node = 0.1 + 0.3 * power(function("log10", (x / 0.01) * power(y / 100.0, -0.6)), 2)
    form, theta = form_of(law, 2)
    assert form.roles == ("offset", "factor", "place", "exponent") and list(theta) == [0.01, -0.6]
    u, v = (np.geomspace(1e-4, 1.0, 9).repeat(9), np.tile(np.geomspace(16.0, 512.0, 9), 9))
    data = Data((u, v), form.values([u, v], (0.2, 0.3, 0.05, -0.8)), np.full(81, 1 / 81), 0.01)
    fit = refit(form, data, [theta])
    assert fit is not None and np.allclose(fit.p, (0.2, 0.3, 0.05, -0.8), rtol=1e-4)
    assert np.all(np.isfinite(fit.errors))


def test_a_place_far_from_the_start_is_found() -> None:
    x = np.geomspace(1e-5, 1.0, 60)
    form, _ = form_of(0.1 + 0.5 / (1.0 + power(variable(0) / 0.002, 1.5)), 1)
    data = Data((x,), 0.1 + 0.5 / (1.0 + (x / 0.05) ** 2.5), np.full(60, 1 / 60), 0.01)
    fit = refit(form, data, [np.array([0.002, 1.5])])
    assert fit is not None and np.allclose(fit.p, (0.1, 0.5, 0.05, 2.5), rtol=1e-4)


# --- from folders, and on the command line ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    base = tmp_path_factory.mktemp("study")
    folders = [shutil.copytree(SVM, base / f"data {i}" / "0") for i in (0, 1)]

    def shift(data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "data": [{**row, "cost": row["cost"] + 10.0} for row in data["data"]]}

    edit_json(folders[1] / "runhistory.json", shift)
    return folders


@pytest.fixture(scope="module")
def comparison(folders: list[Path]) -> Comparison:
    return compare(folders[0].parents[1], "C", max_complexity=10)


@pytest.mark.slow
def test_a_run_and_the_same_ten_worse(comparison: Comparison, folders: list[Path]) -> None:
    assert comparison.runs == ("data 0/0", "data 1/0")
    offset, *others = comparison.constants
    assert offset.role == "offset" and abs(offset.values[1] - offset.values[0] - 10.0) < 0.05
    assert offset.agreement == "differ" and {c.agreement for c in others} <= {"agree", "undetermined"}
    for c in others:
        assert abs(c.values[1] - c.values[0]) < 0.05 * abs(c.values[0])
    assert comparison.cross[0][1] < 0.5 < 0.9 < comparison.cross[0][0]
    assert abs(comparison.cross_shape[0][1] - comparison.cross_shape[0][0]) < 1e-3
    own = explain(folders[1], "C", max_complexity=10)
    assert comparison.explanations[1].to_dict() == own.to_dict()
    table = comparison.to_frame()
    assert len(table) == 2 * len(comparison.constants) and set(table["run"]) == set(comparison.runs)


def test_to_json_and_back(comparison: Comparison) -> None:
    data = json.loads(json.dumps(comparison.to_dict(), allow_nan=False))
    again = Comparison.from_dict(data)
    assert again == comparison and hash(again) == hash(comparison) and str(again) == str(comparison)
    for broken in ({}, {**data, "schema": 0}, {**data, "form": ["x", 99]}, {**data, "constants": 3}):
        with pytest.raises(FormulaError):
            Comparison.from_dict(broken)


def test_a_file_of_version_1_loads() -> None:
    data = json.loads((ROOT / "tests" / "data" / "records" / "comparison-1.json").read_text(encoding="utf-8"))
    old = Comparison.from_dict(data)
    assert old.form_text() == data["form_text"] and old.runs == ("a", "b") and str(old)
    assert [list(form) for form in old.forms] == [list(form.values()) for form in data["forms"]]
    assert Comparison.from_dict(json.loads(json.dumps(old.to_dict()))) == old


def test_figure_and_reports_show_every_run_and_constant(comparison: Comparison) -> None:
    figure = comparison.plot()
    forms = [t for t in figure.data if t.name in comparison.runs]
    assert [t.name for t in forms] == list(comparison.runs)
    assert {f"{run}: surrogate" for run in comparison.runs} < {t.name for t in figure.data}
    # Who sees no colours tells runs apart by any of these.
    for looks in ({t.line.dash for t in forms}, {t.marker.symbol for t in forms}):
        assert len(looks) == len(forms)
    assert figure.layout.xaxis.type == "log" and comparison.form_text() in figure.layout.title.text
    for text in (str(comparison), write_markdown(comparison_document(comparison)), comparison._repr_html_()):
        for word in (*comparison.runs, *(c.name for c in comparison.constants), "differ", "standard error", "5 %"):
            assert word in text
    latex = write_latex(comparison_document(comparison))
    rows = [line for line in latex.splitlines() if line.endswith("\\\\")]
    assert {row.count(" & ") for row in rows} == {2 + len(comparison.constants)}
    assert max(map(len, str(comparison).splitlines())) <= 110


@pytest.mark.slow
def test_on_the_command_line(folders: list[Path], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    runs = [str(folder) for folder in folders]
    arguments = ["compare", *runs, "-p", "C", "--max-complexity", "6", "--output-folder", str(tmp_path)]
    assert main(arguments) == 0
    first = capsys.readouterr().out
    assert "C in 2 runs" in first and "data 1/0" in first and len(list(tmp_path.iterdir())) == 2
    assert main([*arguments, "--format", "json"]) == 0
    assert str(Comparison.from_dict(json.loads(capsys.readouterr().out))) + "\n" == first
    for bad, said in (
        ([*arguments[:2], *arguments[3:]], "two runs or more; found 1"),
        ([*arguments[:3], "-p", "c"], "Did you mean 'C'"),
        ([*arguments, "-p", "gamma", "-p", "C"], "one or two hyperparameters; found 3"),
        ([*arguments, "--source", "trials"], "leave the source out"),
        ([*arguments, "--level", "7"], "between 0 and 1"),
    ):
        assert main(bad) == 2
        err = capsys.readouterr().err
        assert said in err and err.count("\n") == 1


# --- what cannot be compared --------------------------------------------------------------------------------------


def with_space(*hyperparameters: Any) -> Any:
    space = ConfigurationSpace()
    space.add(*hyperparameters)
    return replace(load_run(SVM), configspace=space)


@pytest.mark.slow
def test_domains() -> None:
    gamma = Float("gamma", (0.001, 1.0), log=True)
    runs = [with_space(Float("C", bounds, log=True), gamma) for bounds in ((0.1, 100.0), (1.0, 1000.0), (500.0, 900.0))]
    near, far, apart = (known(bowl(0.3, 0.7), run=run) for run in runs)
    comparison = compare_explanations({"near": near, "far": far})
    assert comparison.notes[0].startswith("C has other bounds in other runs; compared on [1, 100]")
    assert np.allclose(comparison.constants[2].values, 10**0.7, rtol=1e-3)
    assert comparison.formulas[0].axes[0].lower == 1.0 and comparison.formulas[0].axes[0].upper == 100.0
    with pytest.raises(InvalidArgumentError, match="do not overlap"):
        compare_explanations({"near": near, "apart": apart})
    linear = known(bowl(0.3, 0.7), run=with_space(Float("C", (0.1, 100.0)), gamma))
    assert any(
        "on a log scale only in near" in note for note in compare_explanations({"near": near, "lin": linear}).notes
    )


def test_few_integers_and_choices_are_all_there_are() -> None:
    gamma = Float("gamma", (0.001, 1.0), log=True)
    few = with_space(Integer("C", (1, 3)), gamma)
    runs = {name: known(lambda u, v: 0.3 + 2.0 * 10**u + 0.0 * v, run=few) for name in "ab"}
    comparison = compare_explanations(runs)
    assert comparison.form_text() == "c1 + c2·C"
    assert np.allclose([c.values for c in comparison.constants], [[0.3, 0.3], [2.0, 2.0]], atol=1e-3)
    space = with_space(Categorical("C", ["a", "b", "c"]), gamma)
    levels = {"a": 0.1, "b": 0.5, "c": 0.9}
    surrogate = OfValues(space.configspace, lambda v: [levels[choice] for choice in v["C"]], std=0.01)
    runs = {name: explain(space, "C", surrogate=surrogate) for name in "ab"}
    comparison = compare_explanations(runs)
    assert comparison.form_text() == "for C = a: c1; for b: c2; for c: c3"
    assert [(c.role, c.agreement) for c in comparison.constants] == [("level", "agree")] * 3
    assert np.allclose([c.mean for c in comparison.constants], list(levels.values()), atol=1e-3)


@pytest.mark.slow
def test_runs_that_cannot_be_explained_are_left_out(folders: list[Path], tmp_path: Path) -> None:
    dead = Path(shutil.copytree(folders[0], tmp_path / "dead"))
    keep_trials(dead, 2)
    two = compare(folders, "C", max_complexity=6)
    three = compare([*folders, dead], "C", max_complexity=6)
    assert len(three.runs) == 2 and three.constants == two.constants
    sentence = "dead is left out: Run 'dead' has 2 usable trials; a surrogate needs at least 3. Wait for more trials."
    assert any(note.endswith(sentence) for note in three.notes)
    with pytest.raises(InvalidArgumentError, match=r"two runs or more; found 1\..*dead is left out"):
        compare([folders[0], dead], "C", max_complexity=6)


def test_objectives_and_kinds() -> None:
    first = known(bowl(0.3, 0.7))
    with pytest.raises(InvalidArgumentError, match="two runs or more"):
        compare_explanations({"a": first})
    other = replace(first, objective="accuracy", budget=3.0)
    notes = compare_explanations({"a": first, "b": other}).notes
    assert any("different objectives: accuracy, rmse" in n for n in notes) and any("budgets" in n for n in notes)
    choice = with_space(Categorical("C", ["a", "b", "c"]), Float("gamma", (0.001, 1.0), log=True))
    by_choice = explain(choice, "C", surrogate="forest", max_complexity=6)
    with pytest.raises(InvalidArgumentError, match="do not share a domain"):
        compare_explanations({"a": first, "b": by_choice})
    with pytest.raises(InvalidArgumentError, match=r"two runs or more; found 1\. b is left out: It is constant\."):
        compare_explanations({"a": first, "b": Unexplained(("C",), "rmse", "minimize", None, "b", "It is constant.")})
    with pytest.raises(UnknownNameError, match="hyperparameter 'D'"):
        compare([SVM, FOREST], "D")


def test_the_run_without_a_hyperparameter_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match=f"two runs or more; {FOREST}: Unknown hyperparameter 'C'"):
        compare([SVM, FOREST], "C")
    twin = shutil.copytree(SVM, tmp_path / "twin")
    with pytest.raises(InvalidArgumentError, match=f"With names every run has to be usable; {FOREST}: Unknown"):
        compare([SVM, twin, FOREST], "C", names=["a", "b", "c"])


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [(0.28412, 0.0123, "0.284 ± 0.012"), (74.83, 0.52, "74.83 ± 0.52"), (1234.5, 120.0, "1234 ± 120"),
     (1.5, 0.0, "1.5"), (2.0, np.inf, "2 ± ?"), (3e-12, 4e-13, "3e-12 ± 4e-13")],
)  # fmt: skip
def test_numbers_with_errors(value: float, error: float, text: str) -> None:
    assert number_with_error(value, error) == text


def test_tables_say_on_which_domain_their_numbers_are() -> None:
    text = str(compare_explanations({f"seed {i}": known(bowl(0.3 + i, 0.7)) for i in range(2)}))
    assert "with every run's constants, on the domain that all runs share" in text
    assert "\nEvery run's own formula, on its own domain\n" in text
    assert "R² of each own formula (left) on each run (top), shared domain" in text


def test_shapes_of_a_part_are_listed_with_their_runs() -> None:
    assert _found_in(2, 2, ("falls", "falls")) == "falls, in all"
    assert _found_in(2, 3, ("falls", "", "falls")) == "falls, in 2 of 3 runs"
    assert _found_in(3, 3, ("straight in log10", "falls", "falls")) == "falls in 2 runs; straight in log10 in 1 run"
