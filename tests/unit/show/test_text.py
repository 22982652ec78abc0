"""What a person reads: text, Markdown and LaTeX of explanations, and how far they are told to trust them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deepcave_symbolic import Explanation, Formula
from deepcave_symbolic.findings.trust import judge
from deepcave_symbolic.formulas.expression import constant, function, power, variable
from deepcave_symbolic.projection import HeldOut, Incumbent, Projection, TrialPoints
from deepcave_symbolic.show import facts
from deepcave_symbolic.show import text as report
from deepcave_symbolic.show.figures.explanation import plot_explanation, plot_front
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.surrogates.base import SurrogateRecord

HOSTILE = "<b>x_1</b> & $\\alpha$ 'q' \"r\" 50% {z}"


def explanation(
    name: str = "lr",
    cv_r2: float | None = 0.8,
    domain_r2: float | None = 0.8,
    dominance: float | None = 0.1,
    r2: float = 0.97,
    *,
    n_averaged: int = 0,
    share: float = 1.0,
    incumbent: Incumbent | None = None,
    alternatives: int = 0,
    std: float = 0.01,
) -> Explanation:
    axis = Axis(name, 1e-4, 1.0, log=True)
    x = axis.fit_grid(20)
    u = np.log10(x)
    y = 0.12 + 0.04 * (u + 2.5) ** 2
    log = function("log10", variable(0))
    tree = constant(0.12) + constant(0.04) * power(log + 2.5, 2)
    projection = Projection(
        axes=(axis,),
        shape=(20,),
        grid=x[:, None],
        weights=np.ones(20),
        mean=y,
        std=np.full(20, std),
        ice=np.empty((0, 20)),
        held_out=HeldOut(x[:, None], y, np.ones(20)),
        trials=TrialPoints(x[:5, None], y[:5]),
        near_trials=u < -2,
        n_averaged=n_averaged,
        variance_share=share,
        incumbent=incumbent,
    )
    formulas = [
        Formula(constant(0.2), (axis,), "cost", 0.0, 0.1, "constant"),
        Formula(constant(0.3) + constant(0.05) * log, (axis,), "cost", 0.4, 0.08, "exhaustive"),
        Formula(tree, (axis,), "cost", r2, 0.01, "exhaustive"),
    ]
    record = SurrogateRecord("RandomForest", True, 40, cv_r2, 0.9, domain_r2, dominance)
    others = [
        replace(formulas[2], tree=constant(0.11 + i / 1000) + constant(0.04) * power(log + 2.5, 2), rmse=0.011)
        for i in range(alternatives)
    ]
    trust = judge(record, projection, formulas[2])
    return Explanation(
        (name,), "cost", None, formulas, record, projection, [], list(trust.reasons), trust.verdict, others
    )


def two_dimensional(a: str = "a", b: str = "b") -> Explanation:
    """x·y on the unit square: half of its variance beside the two means is interaction, or so."""
    axes = (Axis(a, 0.0, 1.0), Axis(b, 0.0, 1.0))
    x, y = (m.ravel() for m in np.meshgrid(np.linspace(0, 1, 6), np.linspace(0, 1, 6), indexing="ij"))
    grid = np.column_stack([x, y])
    projection = Projection(
        axes=axes,
        shape=(6, 6),
        grid=grid,
        weights=np.ones(36),
        mean=x * y,
        std=np.full(36, 0.05),
        ice=np.empty((0, 36)),
        held_out=HeldOut(grid, x * y, np.ones(len(grid))),
        trials=TrialPoints(grid[:5], (x * y)[:5]),
        near_trials=np.ones(36, dtype=bool),
        n_averaged=0,
        incumbent=Incumbent((0.0, 0.2), 0.0),
    )
    formula = Formula(variable(0) * variable(1), axes, "cost", 1.0, 0.0, "exhaustive")
    record = SurrogateRecord("GaussianProcess", True, 40, 0.9, 0.9, 0.9, 0.1)
    return Explanation((a, b), "cost", None, [formula], record, projection, verdict="trust")


def fact(record: Explanation, label: str) -> str:
    return dict(facts.explanation_facts(record))[label]


@pytest.mark.parametrize(
    ("cv_r2", "r2", "verdict", "words"),
    [
        (0.8, 0.97, "trust", ""),
        (0.0, 0.97, "do not trust", "no better than the mean"),
        (-3.0, 0.97, "do not trust", "no better than the mean"),
        (0.3, 0.97, "with care", "only in part"),
        (0.8, 0.31, "do not trust", "No short formula explains this projection: R² 0.31"),
        (0.8, 0.7, "with care", "only roughly"),
        (None, 0.97, "with care", "could not be cross-validated"),
    ],
)
def test_the_reader_is_told_when_not_to_believe_it(cv_r2: float | None, r2: float, verdict: str, words: str) -> None:
    record = explanation(cv_r2=cv_r2, r2=r2)
    assert record.verdict == verdict
    text = report.explanation_text(record)
    assert words in " ".join(text.split()).replace("! ", "")
    assert verdict in text


@pytest.mark.parametrize(
    ("numbers", "verdict", "words"),
    [
        ({"cv_r2": 0.15}, "do not trust", "hardly better than the mean"),
        ({"domain_r2": -2.3}, "do not trust", "worse than the mean of the costs (cross-validated R² -2.30"),
        ({"domain_r2": 0.4}, "with care", "predicts the space as a whole only in part"),
        ({"dominance": 0.4}, "with care", "40 % of the variance of the costs is a single configuration's"),
        ({"domain_r2": None, "dominance": None}, "trust", ""),
    ],
)
def test_the_surrogate_is_judged_over_the_whole_space(numbers: dict[str, float], verdict: str, words: str) -> None:
    record = explanation(**numbers)
    assert record.verdict == verdict
    assert any(words in w for w in record.warnings)


def test_extrapolation_is_said() -> None:
    assert any("no trial nearby" in w for w in explanation().warnings)


def test_text_shows_formula_front_and_card() -> None:
    text = report.explanation_text(explanation())
    assert "cost ≈ 0.12 + 0.04·(log10(lr) + 2.5)²" in text
    assert "the run's own, exact" in " ".join(text.split())
    assert sum(line.startswith("* ") for line in text.splitlines()) == 1


def test_markdown_and_latex_escape_names() -> None:
    record = explanation(HOSTILE, alternatives=2)
    markdown = report.explanation_markdown(record) + report.overview_markdown([record])
    assert "<b>" not in markdown.replace("\\<b\\>", "")
    latex = report.explanation_latex(record) + report.overview_latex([record])
    unescaped = latex.replace("\\&", "").replace("\\%", "").replace("\\$", "").replace("\\_", "")
    assert unescaped.count("{") - unescaped.count("\\{") == unescaped.count("}") - unescaped.count("\\}")
    assert "50%" not in latex.replace("\\%", "")


def test_html_escapes_names() -> None:
    html = explanation(HOSTILE, alternatives=2)._repr_html_()
    assert "<b>x" not in html and "&lt;b&gt;" in html
    assert "<b>x" not in two_dimensional(HOSTILE, "<i>")._repr_html_() + explanation(HOSTILE)._repr_html_()


def test_a_notebook_shows_the_verdict_first_and_folds_the_alternatives() -> None:
    html = explanation(cv_r2=0.0, alternatives=2)._repr_html_()
    assert ">do not trust</span>" in html and "#b02a37" in html
    assert html.index("do not trust") < html.index("<math") < html.index("Optimum") < html.index("<details>")
    assert "recommended one (2)" in html
    assert "found no other formula" in explanation()._repr_html_() and "<details>" not in explanation()._repr_html_()


def test_figures_escape_names_and_shade_extrapolation() -> None:
    figure = plot_explanation(explanation(HOSTILE))
    assert "<b>" not in figure.to_json()
    assert figure.layout.shapes, "the stretch without trials is shaded"
    assert plot_front(explanation()).data[1].x == (5,)


def test_figures_mark_optimum_incumbent_and_where_the_formula_leaves_the_band() -> None:
    record = explanation(incumbent=Incumbent((0.01,), 0.1))
    traces = {trace.name: trace for trace in plot_explanation(record).data}
    assert traces["formula's optimum"].x[0] == pytest.approx(10**-2.5, rel=0.02)
    assert (traces["incumbent"].x[0], traces["incumbent"].y[0]) == (0.01, 0.1)
    assert "formula outside the band" not in traces
    line = record.formulas[1]
    figure = plot_explanation(record, line)
    assert "formula outside the band" in [trace.name for trace in figure.data]
    marked = [shape for shape in figure.layout.shapes if shape.y1 < 1]
    assert len(marked) == len(record.trust(line).band.stretches)
    assert all(1e-4 <= shape.x0 < shape.x1 <= 1.0 for shape in marked)
    # A constant is best nowhere, and an inactive incumbent is nowhere on the axis.
    inactive = explanation(incumbent=Incumbent(None, 0.1))
    assert not {"formula's optimum", "incumbent"} & {
        t.name for t in plot_explanation(inactive, record.formulas[0]).data
    }
    names = [trace.name for trace in plot_explanation(two_dimensional(HOSTILE)).data]
    assert names.count("formula's optimum") == names.count("incumbent") == 3


def test_facts_say_what_the_formula_does_and_how_much_of_the_story_it_is() -> None:
    record = explanation(n_averaged=50, share=0.14, incumbent=Incumbent((0.003,), 0.1))
    assert fact(record, "Behaves").startswith("cost falls until lr ≈ 0.003")
    assert "lowest at lr" in fact(record, "Optimum")
    assert fact(record, "Accounts for") == (
        "14 % of the surrogate's variance; the projection itself has 14 %, "
        "the rest lies in other hyperparameters and interactions"
    )
    assert fact(explanation(), "Accounts for") == "97 % of the surrogate's variance"
    assert fact(record, "Band") == "inside the surrogate's ±1 std band on the whole domain"
    assert "Interaction" not in dict(facts.explanation_facts(record))
    assert "interaction of a and b" in fact(two_dimensional(), "Interaction")
    assert facts.explanation_facts(record)[0] == ("Verdict", "trust")


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (1e-7, "under 0.1 %"), (0.004, "0.4 %"), (0.0099, "1.0 %"), (0.136, "14 %"), (1.0, "100 %")],
)
def test_shares_are_readable(share: float, text: str) -> None:
    assert facts.percent(share) == text


def test_alternatives_are_listed_or_that_there_are_none() -> None:
    record = explanation(alternatives=7)
    text = report.explanation_text(record)
    heading = "Equally long formulas that the trials cannot tell from the recommended one"
    assert heading in text and "and 2 more" in text
    assert "0.115 + 0.04·(log10(lr) + 2.5)²" not in text
    assert text.index("Pareto front") < text.index(heading) < text.index("0.111 + 0.04·(log10(lr) + 2.5)²")
    assert heading in report.explanation_markdown(record) and "and 2 more" in report.explanation_markdown(record)
    settled = "The search found no other formula of this length that fits as well within the trials' noise."
    for written in (report.explanation_text, report.explanation_markdown):
        assert settled in written(explanation())
    assert facts.settled(explanation(), explanation().formulas[0]) == ""


def test_text_is_no_wider_than_a_terminal() -> None:
    record = explanation("a_rather_long_name_of_a_learning_rate", alternatives=2, n_averaged=50, share=0.3)
    wide = [line for line in report.explanation_text(record).splitlines() if len(line) > 100]
    assert wide == []
    broken = report.explanation_text(
        replace(record, formulas=[replace(f, tree=f.tree + f.tree) for f in record.formulas])
    )
    assert [line for line in broken.splitlines() if len(line) > 100] == []
    assert any(line.strip().startswith("+ ") for line in broken.splitlines()), "lines begin with a sign"


def test_formulas_that_do_not_fit_stand_below_their_rows() -> None:
    short = report.overview_text([explanation()])
    assert short.splitlines()[0].endswith("formula") and short.splitlines()[1].endswith("(log10(lr) + 2.5)²")
    name = "a_rather_long_name_of_a_learning_rate"
    lines = report.overview_text([explanation(), explanation(name)]).splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[2] == "    0.12 + 0.04·(log10(lr) + 2.5)²"
    assert lines[3].startswith(name) and lines[4] == f"    0.12 + 0.04·(log10({name}) + 2.5)²"


def test_the_overview_has_the_share_of_the_variance() -> None:
    record = explanation(n_averaged=50, share=0.14)
    (
        head,
        row,
        *_,
    ) = report.overview_text([record]).splitlines()
    assert head.split()[:3] == ["hyperparameter", "range", "share"] and "14 %" in row
    assert "| share |" in report.overview_markdown([record]) and "| 14 % |" in report.overview_markdown([record])
    assert "& Share &" in report.overview_latex([record]) and "& 14\\,\\% &" in report.overview_latex([record])


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
