"""The example notebook runs in a fresh kernel and shows what it has stored; records show themselves readably."""

from __future__ import annotations

import copy
import importlib.util
import json
import pickle
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ConfigSpace import ConfigurationSpace, Float

from deepcave_symbolic import Explanations, Run, Unexplained, explain, explain_all, load_run
from deepcave_symbolic.show.overview import overview
from deepcave_symbolic.show.text import write_text
from deepcave_symbolic.surrogates import build_surrogate
from places import ROOT

EXAMPLES = ROOT / "examples"
NOTEBOOK = EXAMPLES / "tutorial.ipynb"
PAPER, DARK = "#ffffff", "#111111"  # pages of JupyterLab's two themes


def script(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shown(cells: list[Any]) -> list[str]:
    """Every line of text that the code cells put out."""
    lines = []
    for cell in cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            for text in (output.get("text", ""), data.get("text/plain", ""), data.get("text/latex", "")):
                lines += (text if isinstance(text, str) else "".join(text)).splitlines()
            page = data.get("text/html", "")
            lines += re.findall(r"<code>(.*?)</code>", page if isinstance(page, str) else "".join(page))
    return lines


def formulas_in(cells: list[Any]) -> list[str]:
    return [line for line in shown(cells) if "≈" in line or "\\approx" in line]


@pytest.mark.long
@pytest.mark.slow
def test_tutorial_runs_and_shows_what_it_stored() -> None:
    for package in ("nbclient", "nbformat", "ipykernel"):
        pytest.importorskip(package, reason="the tutorial is run by nbclient (extra dev)")
    refresh = script("refresh_notebook")
    stored = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    fresh = refresh.executed(NOTEBOOK)["cells"]
    formulas = [line for line in shown(stored) if "≈" in line or "\\approx" in line]
    assert len(formulas) > 25
    computed = [output for cell in fresh for output in cell.get("outputs", [])]
    kept = [refresh.for_readers(output) for output in computed if refresh.PLOTLY not in output.get("data", {})]
    again = [
        line for line in shown([{"outputs": [o for o in kept if o is not None]}]) if "≈" in line or "\\approx" in line
    ]
    assert again == formulas


def test_stored_outputs_name_no_machine_and_are_small() -> None:
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert len(text) < 300_000
    assert not [word for word in ("/home", "/work", "/tmp", "site-packages", str(Path.home())) if word in text]
    content = json.loads(text)
    for cell in content["cells"]:
        assert cell["metadata"] == {} and cell.get("execution_count") is None
        assert not [o for o in cell.get("outputs", []) if o["output_type"] == "error" or o.get("name") == "stderr"]
    assert sum("image/jpeg" in o.get("data", {}) for c in content["cells"] for o in c.get("outputs", [])) == 2


# --- records show themselves ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run() -> Run:
    return load_run(EXAMPLES / "runs" / "svm_bbo")


@pytest.fixture(scope="module")
def everything(run: Run) -> Explanations:
    return explain_all(run)


def test_no_record_is_a_wall_of_numbers(run: Run, everything: Explanations) -> None:
    explanation = everything[0]
    surrogate = build_surrogate(run, objective=0, budget=None)
    projection = explanation.projection
    records = [run, explanation, explanation.best, projection, projection.held_out, projection.trials]
    for record in [*records, explanation.surrogate, surrogate, explanation.optimum(), explanation.trust()]:
        assert "\n" not in repr(record) and len(repr(record)) < 900, repr(record)
    assert repr(run) == "<Run svm_bbo of SMAC 2.4.1: 40 trials of C, gamma; rmse>"
    assert repr(explanation) == f"<Explanation of C: {explanation.best} ({explanation.verdict})>"
    best = explanation.best
    assert repr(best) == f"<Formula {best} (R² {best.r2:.4f}, {best.complexity} nodes)>"
    assert repr(projection).startswith("<Projection onto C in [1, 1000], log scale: 45 points, range ")
    assert repr(explanation.surrogate).startswith(
        "<SurrogateRecord GaussianProcess on 40 trials, cross-validated R² 0.7"
    )


def test_all_explanations_are_a_list_and_a_table(everything: Explanations) -> None:
    assert isinstance(everything, list) and everything == list(everything)
    assert pickle.loads(pickle.dumps(everything)) is not None and copy.copy(everything) == everything
    assert json.loads(json.dumps([e.to_dict() for e in everything]))[0]["hyperparameters"] == ["C"]
    assert str(everything) == write_text(overview(everything))
    page = everything._repr_html_()
    table = page[: page.index("</table>")]
    assert table.count("<tr>") == 3 and page.index(">C<") < page.index(">gamma<")
    for explanation in everything:
        assert f"<code>{explanation.best.text()}</code>" in page and f">{explanation.verdict}</span>" in page
    frame = everything.to_frame()
    assert frame["formula"].tolist() == [str(e.best) for e in everything]
    assert frame["hyperparameters"].tolist() == [("C",), ("gamma",)] and frame["range"].is_monotonic_decreasing


def test_what_cannot_be_explained_is_in_the_table(run: Run) -> None:
    nothing = Unexplained(("x",), "rmse", "minimize", None, "run", "Hyperparameter 'x' is constant.")
    listed = Explanations([*explain_all(run), nothing])
    assert (
        "none, see below" in listed._repr_html_()
        and "x: Hyperparameter &#x27;x&#x27; is constant." in listed._repr_html_()
    )
    assert listed.to_frame().iloc[-1][["formula", "complexity", "r2"]].isna().all()
    assert repr(nothing) == "<No explanation of x: Hyperparameter 'x' is constant.>"
    assert len(Explanations().to_frame()) == 0 and Explanations()._repr_html_() and str(Explanations()) is not None


def test_html_has_the_formula_to_copy_and_no_colour_of_text(everything: Explanations) -> None:
    """A colour of text would be unreadable on one of a notebook's two pages; the verdict has its own ground."""
    for page in (everything._repr_html_(), everything[1]._repr_html_(), everything[1].best._repr_html_()):
        for style in re.findall(r"style='([^']*)'", page):
            assert ("color:" in style.replace("background:", "")) == ("background:" in style)
            for ground in re.findall(r"background:(#\w+)", style):
                assert contrast(ground, PAPER) >= 4.5 and "color:#fff" in style
    assert f"<code>{everything[1].best}</code>" in everything[1]._repr_html_()


def contrast(one: str, other: str) -> float:
    """WCAG 2's contrast of two colours."""

    def luminance(color: str) -> float:
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


HOSTILE = "<img src=x onerror=alert(1)>$\\input{x}$\u202e"


def test_hostile_names_are_only_names(run: Run) -> None:

    space = ConfigurationSpace(seed=0)
    space.add(Float(HOSTILE, (1, 1000), log=True), Float("gamma", (0.001, 1), log=True))
    order = [list(run.configspace).index("C" if name == HOSTILE else name) for name in space]
    vectors = {i: v[order] for i, v in run.configurations.items()}
    scenario: dict[str, Any] = {}
    hostile = replace(
        run, configspace=space, configurations=vectors, objectives=(HOSTILE,), scenario=scenario, name=HOSTILE
    )
    explanation = explain(hostile, HOSTILE)
    listed = Explanations([explanation])
    for page in (explanation._repr_html_(), explanation.best._repr_html_(), listed._repr_html_()):
        assert "<img" not in page and "\u202e" not in page and "&lt;img src=x" in page
    for latex in (explanation._repr_latex_(), explanation.best._repr_latex_()):
        body = latex.removeprefix("$").removesuffix("$")
        assert "\\input" not in latex and "\u202e" not in latex and "<img" not in latex
        assert not re.search(r"(?<!\\)\$", body)
    for record in (hostile, explanation, explanation.best, explanation.projection, listed):
        assert "\u202e" not in repr(record)
