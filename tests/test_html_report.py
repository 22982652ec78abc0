"""The page of an explanation: whole in one file, the same bytes every time, every name escaped."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from deepcave_symbolic import Explanation, explain
from deepcave_symbolic.html_report import MAX_BYTES, report_page


@pytest.fixture(scope="module")
def explanation() -> Explanation:
    return explain("examples/runs/svm_bbo", "C")


def test_the_page_is_whole_small_and_the_same_every_time(explanation: Explanation) -> None:
    page = explanation.to_html()
    assert len(page.encode()) < MAX_BYTES
    assert page == explanation.to_html()
    assert explanation.best.mathml() in page
    assert 'data-figure="0"' in page
    assert not re.search(r"<(script|img|link|iframe)[^>]+(src|href)=", page)
    assert not re.search(r"@import|url\(", page.split("</style>")[0])


def test_names_are_escaped(explanation: Explanation) -> None:
    hostile = replace(explanation, objective="</script><img src=x onerror=alert(1)>", warnings=["<b>bold</b>"])
    page = hostile.to_html()
    assert "<img" not in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page


def test_what_could_not_be_explained_says_why(explanation: Explanation) -> None:
    nothing = replace(
        explanation, hyperparameters=("other",), formulas=[], others=[], projection=None, warnings=["It is constant."]
    )
    page = report_page([explanation, nothing], title="A run", command="a command")
    assert "<h1>A run</h1>" in page
    assert "It is constant." in page
    assert "a command" in page
