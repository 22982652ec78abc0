"""What a person reads: text, Markdown and LaTeX of explanations, and how far they are told to trust them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deepcave_symbolic import Explanation, Formula, report
from deepcave_symbolic.expression import constant, function, power, variable
from deepcave_symbolic.projection import HeldOut, Projection, TrialPoints
from deepcave_symbolic.space import Axis
from deepcave_symbolic.surrogates.base import SurrogateRecord
from deepcave_symbolic.trust import judge
from deepcave_symbolic.visualization import plot_explanation, plot_front

HOSTILE = "<b>x_1</b> & $\\alpha$ 'q' \"r\" 50% {z}"


def explanation(name: str = "lr", cv_r2: float | None = 0.8, r2: float = 0.97) -> Explanation:
    axis = Axis(name, 1e-4, 1.0, log=True)
    x = axis.fit_grid(20)
    u = np.log10(x)
    y = 0.12 + 0.04 * (u + 2.5) ** 2
    tree = constant(0.12) + constant(0.04) * power(function("log10", variable(0)) + 2.5, 2)
    projection = Projection(
        axes=(axis,),
        shape=(20,),
        grid=x[:, None],
        mean=y,
        std=np.full(20, 0.01),
        ice=np.empty((0, 20)),
        held_out=HeldOut(x[:, None], y),
        trials=TrialPoints(x[:5, None], y[:5]),
        near_trials=u < -2,
        n_averaged=1,
    )
    formulas = [
        Formula(constant(0.2), (axis,), "cost", 0.0, 0.1, "constant"),
        Formula(tree, (axis,), "cost", r2, 0.01, "exhaustive"),
    ]
    record = SurrogateRecord("RandomForest", True, 40, cv_r2, 0.9)
    verdict, reasons = judge(record, projection, formulas[1])
    return Explanation((name,), "cost", None, formulas, record, projection, [], reasons, verdict)


@pytest.mark.parametrize(
    ("cv_r2", "r2", "verdict", "words"),
    [
        (0.8, 0.97, "trust", ""),
        (0.0, 0.97, "do not trust", "no better than the mean"),
        (-3.0, 0.97, "do not trust", "no better than the mean"),
        (0.2, 0.97, "caution", "weakly"),
        (0.8, 0.31, "do not trust", "No short formula explains this projection: R² 0.31"),
        (0.8, 0.7, "caution", "only roughly"),
        (None, 0.97, "caution", "could not be cross-validated"),
    ],
)
def test_the_reader_is_told_when_not_to_believe_it(cv_r2: float | None, r2: float, verdict: str, words: str) -> None:
    record = explanation(cv_r2=cv_r2, r2=r2)
    assert record.verdict == verdict
    text = report.explanation_text(record)
    assert words in " ".join(text.split()).replace("! ", "")
    assert verdict in text


def test_extrapolation_is_said() -> None:
    assert any("no trial nearby" in w for w in explanation().warnings)


def test_text_shows_formula_front_and_card() -> None:
    text = report.explanation_text(explanation())
    assert "cost ≈ 0.12 + 0.04·(log10(lr) + 2.5)²" in text
    assert "the run's own, exact" in " ".join(text.split())
    assert sum(line.startswith("* ") for line in text.splitlines()) == 1


def test_markdown_and_latex_escape_names() -> None:
    record = explanation(HOSTILE)
    markdown = report.explanation_markdown(record) + report.overview_markdown([record])
    assert "<b>" not in markdown.replace("\\<b\\>", "")
    latex = report.explanation_latex(record) + report.overview_latex([record])
    unescaped = latex.replace("\\&", "").replace("\\%", "").replace("\\$", "").replace("\\_", "")
    assert unescaped.count("{") - unescaped.count("\\{") == unescaped.count("}") - unescaped.count("\\}")
    assert "50%" not in latex.replace("\\%", "")


def test_html_escapes_names() -> None:
    html = explanation(HOSTILE)._repr_html_()
    assert "<b>" not in html and "&lt;b&gt;" in html


def test_figures_escape_names_and_shade_extrapolation() -> None:
    figure = plot_explanation(explanation(HOSTILE))
    assert "<b>" not in figure.to_json()
    assert figure.layout.shapes, "the stretch without trials is shaded"
    assert plot_front(explanation()).data[1].x == (5,)


def test_overview_shows_what_could_not_be_explained() -> None:
    empty = replace(
        explanation("kernel"), formulas=[], projection=None, warnings=["Hyperparameter 'kernel' is categorical."]
    )
    for text in (
        report.overview_text([explanation(), empty]),
        report.overview_markdown([explanation(), empty]),
        report.explanation_text(empty),
    ):
        assert "categorical" in text
    assert "kernel" in report.overview_latex([empty])
