"""The pages beside the formula: what counts in their questions, and that they say what the documents say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("dash", reason="no dashboard without Dash")
pytest.importorskip("dash_bootstrap_components", reason="no dashboard without its components")

from deepcave_symbolic.dashboard.own.pages.layout import help_page, style
from deepcave_symbolic.dashboard.own.pages.page import COMPARE, PAGES, Page
from deepcave_symbolic.dashboard.panel.inputs import defaults
from deepcave_symbolic.dashboard.panel.recorded_run import RecordedRun
from deepcave_symbolic.dashboard.panel.stored_result import PanelRecord
from deepcave_symbolic.dashboard.panel.wider_outputs import wider_page
from deepcave_symbolic.findings.trust import VERDICTS
from deepcave_symbolic.laws import FoundLaw, NoLaw
from deepcave_symbolic.runs import load_run
from page_texts import text
from places import FOREST, ROOT, SVM

HEART = [ROOT / "benchmarks" / "data" / "tuning" / "svm-heart" / name for name in ("bbo", "hpo")]
BLOOD = ROOT / "benchmarks" / "data" / "laws" / "tuning" / "blood_transfusion-acc-all" / "hpo-200"
WHOLE, LAWS = PAGES[0], PAGES[1]


def asked(page: Page, *folders: Path, **own: Any) -> dict[str, Any]:
    """What the page's job stores, as the browser's server reads it."""
    given = {**dict.fromkeys(page.own), **own}
    shared = {name: defaults()[name] for name in page.shared}
    runs = [RecordedRun(str(folder), load_run) for folder in folders]
    found: dict[str, Any] = json.loads(json.dumps(page.answer(runs, shared, given), allow_nan=False))
    return found


def said(page: Page, stored: Any) -> str:
    shown, failed = wider_page(stored, page.what, page.name)
    assert failed == ("error" in stored)
    return text(shown)


def test_help_knows_every_verdict() -> None:
    shown = text(help_page())
    assert all(f"| {verdict} |" in shown for verdict in VERDICTS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_only_what_counts_is_in_the_question(page: Page) -> None:
    fresh = page.asked({}, {})
    assert page.asked(defaults(), dict.fromkeys(page.own, "")) == fresh
    for name in defaults():
        changed = page.asked({**defaults(), name: "other"}, {})
        assert (changed != fresh) == (name in page.shared), name
    for name in page.own:
        # The runs stand beside the question.
        assert (page.asked({}, {name: "other"}) != fresh) == (name != "runs")
    # What does not count is not on the page either.
    for name in page.shared:
        assert f"#symbolic_formulas-{name}-input" in style()


def test_the_runs_of_a_page() -> None:
    assert WHOLE.places("a", {}) == ["a"] and WHOLE.places(None, {}) == []
    assert COMPARE.places("a", {"runs": ["b", "c"]}) == ["b", "c"] and COMPARE.places("a", {"runs": None}) == []


@pytest.mark.slow
def test_the_whole_run() -> None:
    stored = asked(WHOLE, SVM, longest="9")
    found = PanelRecord.from_dict(stored).whole_run
    assert found is not None and found.complexity <= 9
    shown = said(WHOLE, stored)
    for words in ("The whole run", " in svm_bbo", "explain_run(", "max_complexity=9", found.surrogate.name):
        assert words in shown
    assert "Hyperparameter by hyperparameter" not in shown


@pytest.mark.slow
def test_laws_and_why_there_is_none() -> None:
    stored = asked(LAWS, BLOOD, choice="learning_rate_init")
    (law,) = PanelRecord.from_dict(stored).laws
    assert isinstance(law, FoundLaw) and law.valley is not None
    shown = said(LAWS, stored)
    assert all(sentence in shown for sentence in law.sentences) and law.formula.mathml()[-60:] in shown
    (none,) = PanelRecord.from_dict(asked(LAWS, FOREST, choice="alpha")).laws
    assert isinstance(none, NoLaw) and none.reason in said(LAWS, asked(LAWS, FOREST, choice="alpha"))
    assert 1 < len(PanelRecord.from_dict(asked(LAWS, FOREST)).laws) <= 3


@pytest.mark.slow
@pytest.mark.parametrize(("side", "words"), [("formulas", "common form"), ("laws", "law"), ("parts", "accounts for")])
def test_runs_side_by_side(side: str, words: str) -> None:
    stored = asked(COMPARE, *HEART, side=side, first="gamma")
    shown = said(COMPARE, stored)
    assert "in 2 runs" in shown and words in shown and "compare" in PanelRecord.from_dict(stored).code


@pytest.mark.parametrize(
    ("folders", "own", "words"),
    [
        ([], {"side": "parts"}, "two runs or more; found 0 runs"),
        ([SVM], {"side": "parts"}, "two runs or more; found 1 run"),
        ([SVM, FOREST], {"side": "formulas"}, "choose a hyperparameter"),
        ([SVM, FOREST], {"side": "formulas", "first": "C"}, "Unknown hyperparameter 'C'"),
        ([SVM, FOREST], {"side": "parts", "objective": "=accuracy"}, "Unknown objective 'accuracy'"),
        ([*HEART], {"side": "formulas", "first": "C", "second": "C"}, "given twice"),
    ],
)
def test_what_cannot_be_compared_is_said(folders: list[Path], own: dict[str, Any], words: str) -> None:
    stored = asked(COMPARE, *folders, **own)
    shown = said(COMPARE, stored)
    assert words in shown and "What to do" in shown and "No comparison" in shown
