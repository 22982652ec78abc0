"""What a person reads: text, Markdown and LaTeX of explanations, and how far they are told to trust them."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from deepcave_symbolic import Explanation
from deepcave_symbolic.formulas.expression import evaluate
from deepcave_symbolic.projection import Incumbent
from deepcave_symbolic.show.document import document, facts
from deepcave_symbolic.show.figures.explanation import plot_explanation, plot_front
from deepcave_symbolic.show.latex import write_latex
from deepcave_symbolic.show.markdown import write_markdown
from deepcave_symbolic.show.overview import overview
from deepcave_symbolic.show.text import write_text
from deepcave_symbolic.words.numbers import percent
from records import HOSTILE, explanation, two_dimensional, unexplained


def facts_of(record: Explanation) -> dict[str, str]:
    return dict(facts(record, record.best).rows)


def fact(record: Explanation, label: str) -> str:
    return facts_of(record)[label]


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
    text = write_text(document(record))
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
    text = write_text(document(explanation()))
    assert "cost ≈ 0.12 + 0.04·(log10(lr) + 2.5)²" in text
    assert "the run's own, exact" in " ".join(text.split())
    assert sum(line.startswith("* ") for line in text.splitlines()) == 1


def test_markdown_and_latex_escape_names() -> None:
    record = explanation(HOSTILE, alternatives=2)
    markdown = write_markdown(document(record)) + write_markdown(overview([record]))
    assert "<b>" not in markdown.replace("\\<b\\>", "")
    latex = write_latex(document(record)) + write_latex(overview([record]))
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
    assert re.findall("<details><summary>(.*?)</summary>", html) == [
        "Pareto front",
        "Equally long formulas that the trials cannot tell from the recommended one (2)",
        "Copy the formula",
    ]
    assert "found no other formula" in explanation()._repr_html_()


def test_figures_escape_names_and_shade_extrapolation() -> None:
    figure = plot_explanation(explanation(HOSTILE))
    assert "<b>" not in figure.to_json()
    assert figure.layout.shapes, "the stretch without trials is shaded"
    assert plot_front(explanation()).data[1].x == (9,)


def test_the_front_is_drawn_by_what_is_missing_to_one() -> None:
    record = explanation()
    front, star = plot_front(record).data
    assert front.y == pytest.approx([max(1.0 - formula.r2, 1e-6) for formula in record.formulas])
    assert front.customdata == tuple(formula.r2 for formula in record.formulas) and star.y[0] in front.y
    axis = plot_front(record).layout.yaxis
    assert axis.type == "log" and dict(zip(axis.ticktext, axis.tickvals, strict=True))["0.9"] == pytest.approx(0.1)


def test_formulas_that_are_as_good_are_drawn_faintly() -> None:
    record = replace(explanation(), noise=1.0)
    others = record.near_equal()
    assert others and record.best not in others
    assert not replace(explanation(), noise=0.0).near_equal(record.most_accurate)
    faint = [trace for trace in plot_explanation(record).data if trace.name == "others as good to the trials"]
    assert len(faint) == len(others) and [trace.showlegend for trace in faint].count(True) == 1
    np.testing.assert_allclose(faint[0].y, evaluate(others[0].tree, [np.array(faint[0].x)]))
    assert max(trace.line.width for trace in faint) < 2 and max(trace.opacity for trace in faint) < 1


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
    assert len(marked) == len(record.findings(line).band.stretches)
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
    assert "Interaction" not in facts_of(record)
    assert "interaction of a and b" in fact(two_dimensional(), "Interaction")
    assert next(iter(facts_of(record).items())) == ("Verdict", "trust")


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (1e-7, "under 0.1 %"), (0.004, "0.4 %"), (0.0099, "1.0 %"), (0.136, "14 %"), (1.0, "100 %")],
)
def test_shares_are_readable(share: float, text: str) -> None:
    assert percent(share) == text


def test_alternatives_are_listed_or_that_there_are_none() -> None:
    record = explanation(alternatives=7)
    text = write_text(document(record))
    heading = "Equally long formulas that the trials cannot tell from the recommended one"
    assert heading in text and "and 2 more" in text
    assert "0.115 + 0.04·(log10(lr) + 2.5)²" not in text
    assert text.index("Pareto front") < text.index(heading) < text.index("0.111 + 0.04·(log10(lr) + 2.5)²")
    assert heading in write_markdown(document(record)) and "and 2 more" in write_markdown(document(record))
    settled = "The search found no other formula of this length that fits as well within the trials' noise."
    for write in (write_text, write_markdown):
        assert settled in write(document(explanation()))
        assert settled not in write(document(explanation(), explanation().formulas[0])), "a constant has no form"


def test_text_is_no_wider_than_a_terminal() -> None:
    record = explanation("a_rather_long_name_of_a_learning_rate", alternatives=2, n_averaged=50, share=0.3)
    wide = [line for line in write_text(document(record)).splitlines() if len(line) > 100]
    assert wide == []
    broken = write_text(document(replace(record, formulas=[replace(f, tree=f.tree + f.tree) for f in record.formulas])))
    assert [line for line in broken.splitlines() if len(line) > 100] == []
    assert any(line.strip().startswith("+ ") for line in broken.splitlines()), "lines begin with a sign"


def test_formulas_that_do_not_fit_stand_below_their_rows() -> None:
    short = write_text(overview([explanation()]))
    assert short.splitlines()[0].endswith("formula") and short.splitlines()[1].endswith("(log10(lr) + 2.5)²")
    name = "a_rather_long_name_of_a_learning_rate"
    lines = write_text(overview([explanation(), explanation(name)])).splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[2] == "    0.12 + 0.04·(log10(lr) + 2.5)²"
    assert lines[3].startswith(name) and lines[4] == f"    0.12 + 0.04·(log10({name}) + 2.5)²"


def test_the_overview_has_the_share_of_the_variance() -> None:
    record = explanation(n_averaged=50, share=0.14)
    (
        head,
        row,
        *_,
    ) = write_text(overview([record])).splitlines()
    assert head.split()[:3] == ["hyperparameter", "range", "share"] and "14 %" in row
    assert "| share |" in write_markdown(overview([record])) and "| 14 % |" in write_markdown(overview([record]))
    assert "& Share &" in write_latex(overview([record])) and "& 14\\,\\% &" in write_latex(overview([record]))


def test_overview_shows_what_could_not_be_explained() -> None:
    empty = unexplained("kernel", "Hyperparameter 'kernel' is categorical.")
    for text in (
        write_text(overview([explanation(), empty])),
        write_markdown(overview([explanation(), empty])),
        write_text(document(empty)),
    ):
        assert "categorical" in text
    assert "kernel" in write_latex(overview([empty]))
