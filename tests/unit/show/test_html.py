"""The HTML page of an explanation: whole in one file, the same from its JSON, its headings in order."""

from __future__ import annotations

import json
from datetime import date
from itertools import pairwise

import pytest

from deepcave_symbolic import Explanation
from deepcave_symbolic.show.html import MAX_BYTES, explanation_page, report_page
from explained import explained
from html_tags import Tags
from places import EXAMPLE_RUNS, SVM
from records import unexplained


@pytest.mark.slow
@pytest.mark.parametrize(
    "names", [("svm_bbo", "C"), ("svm_bbo", "C", "gamma"), ("mlp_hpo", "solver", "learning_rate_init")]
)
def test_every_kind_of_explanation_has_a_page(names: tuple[str, ...]) -> None:
    explanation = explained(EXAMPLE_RUNS / names[0], *names[1:], max_complexity=10)
    html = explanation.to_html()
    assert html == Explanation.from_dict(json.loads(json.dumps(explanation.to_dict()))).to_html()
    assert explanation.best.mathml() in html and html.count("data-figure=") == 1
    assert len(html.encode()) < MAX_BYTES
    assert ("for every choice of solver" in html) == ("solver" in names)
    tags = Tags(html)
    assert tags.headings[0] == 1 and tags.headings.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(tags.headings))
    assert {cell.get("scope") for cell in tags.header_cells} == {"col", "row"}
    assert len(tags.ids) == len(set(tags.ids))


def test_the_page_of_what_cannot_be_explained() -> None:
    nothing = unexplained("other", "It is constant.")
    html = explanation_page(nothing)
    assert "It is constant." in html and "script-src 'none'" in html and len(html) < 100_000
    both = report_page([explained(SVM, "C", max_complexity=10), nothing])
    assert "It is constant." in both
    assert "2 hyperparameters. Trust: C. Not explained: other. C moves rmse most, by 16." in Tags(both).text
    assert f"{date.today().year}" in both
