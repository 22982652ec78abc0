"""Every page marks the three answers in the table of the front."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deepcave_symbolic import Explanation
from deepcave_symbolic.show.document import document
from deepcave_symbolic.show.html import explanation_page
from deepcave_symbolic.show.latex import write_latex
from deepcave_symbolic.show.markdown import write_markdown
from records import explanation


def with_front(recommended: int) -> Explanation:
    """A constant, a line that follows roughly and a curve, one of which is recommended."""
    record = explanation()
    constant, line, curve = (replace(formula, normal_form=True) for formula in record.formulas)
    return replace(record, formulas=(constant, replace(line, r2=0.9), curve), recommended=recommended)


@pytest.mark.parametrize(
    ("recommended", "signs", "legend", "words"),
    [
        (2, " -*", "- simplest, * recommended and most accurate", ["", "simplest", "recommended, most accurate"]),
        (1, " *+", "* recommended and simplest, + most accurate", ["", "recommended, simplest", "most accurate"]),
    ],
)
def test_answers_are_marked(recommended: int, signs: str, legend: str, words: list[str]) -> None:
    record = with_front(recommended)
    lines = str(record).splitlines()
    start = lines.index(f"Pareto front ({legend})")
    assert "".join(line[0] for line in lines[start + 2 : start + 5]) == signs
    page = document(record)
    rows = [line for line in write_markdown(page).splitlines() if line.count("|") == 6]
    assert [row.split("|")[1].strip() for row in rows[-3:]] == words
    for word in filter(None, words):
        assert f"<td>{word}</td>" in record._repr_html_()
        assert f'<td class="rest">{word}</td>' in explanation_page(record)
    starred = [line for line in write_latex(page).splitlines() if "{*}" in line]
    assert len(starred) == 1 and starred[0].startswith(f"{record.best.complexity}$^{{*}}$")
