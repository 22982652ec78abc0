"""Both hosts show the same words: those of the documents, which know no host. Runs with Dash 2 and with later ones."""

from __future__ import annotations

import base64
import csv
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from plotly.io.json import to_json_plotly

pytest.importorskip("dash", reason="no dashboard without Dash")
pytest.importorskip("dash_bootstrap_components", reason="no dashboard without its components")

from deepcave_symbolic.dashboard import AGAIN_KEY
from deepcave_symbolic.dashboard.own.front import SWITCHED, formulas_of
from deepcave_symbolic.dashboard.own.page import PLACES, Registered, layout, placed
from deepcave_symbolic.dashboard.panel.choices import ALL
from deepcave_symbolic.dashboard.panel.compute import compute
from deepcave_symbolic.dashboard.panel.ended import AGAIN
from deepcave_symbolic.dashboard.panel.filters import Filters, filter_layout
from deepcave_symbolic.dashboard.panel.input_layout import input_layout
from deepcave_symbolic.dashboard.panel.inputs import defaults
from deepcave_symbolic.dashboard.panel.outputs import draw, own_part_of, parts_of
from deepcave_symbolic.dashboard.panel.recorded_run import RecordedRun
from deepcave_symbolic.dashboard.panel.stored_result import PanelRecord
from deepcave_symbolic.runs import load_run
from deepcave_symbolic.show.blocks import Facts, Heading, Note, Table, Warnings
from deepcave_symbolic.show.document import document
from page_texts import texts
from places import SVM

ASKED: dict[str, dict[str, Any]] = {
    "one": {"hyperparameter_name_1": "gamma"},
    "two": {"hyperparameter_name_1": "C", "hyperparameter_name_2": "gamma"},
    "all": {"hyperparameter_name_1": ALL},
    "advice": {"hyperparameter_name_1": "C", "advice": "yes", "trend_1": "falling", "trend_2": "rising"},
    "error": {"hyperparameter_name_1": "c"},
}


@pytest.fixture(scope="module")
def stored() -> dict[str, Any]:
    run = RecordedRun(str(SVM), load_run)
    return {name: compute(run, {**defaults(), "max_complexity": 8, **asked}) for name, asked in ASKED.items()}


def in_own(stored: Any, filters: Filters) -> Counter[str]:
    shown = zip(PLACES, placed(parts_of(stored, filters)), strict=True)
    return Counter(texts([value for (_, prop), value in shown if prop == "children"]))


def in_deepcave(stored: Any, filters: Filters) -> Counter[str]:
    _, _, above, below, *_ = draw(stored, filters)
    return Counter(texts([above, below]))


@pytest.mark.parametrize("pick", ["best", "simplest", "length"])
@pytest.mark.parametrize("asked", ASKED)
def test_outputs(stored: dict[str, Any], asked: str, pick: str) -> None:
    filters = Filters(pick, 3, "a + b*log(C)" if asked == "advice" else "")
    assert in_own(stored[asked], filters) == in_deepcave(stored[asked], filters)


def test_in_deepcave_a_result_says_that_its_job_was_started_once_more(stored: dict[str, Any]) -> None:
    filters = Filters("best", 10)
    again = in_deepcave({**stored["one"], AGAIN_KEY: True}, filters)
    assert again - in_deepcave(stored["one"], filters) == Counter([AGAIN])
    assert again - Counter([AGAIN]) == in_deepcave(stored["one"], filters)


def test_a_direction_is_kept_and_told(stored: dict[str, Any]) -> None:
    said = in_deepcave(stored["advice"], Filters("best", 10))
    assert said["falling in C, certified on the whole domain"] == 1
    assert said["Falls or rises with hyperparameter 2 is not used: there is no second one."] == 1
    assert "monotone={'C': 'falling'}," in stored["advice"]["code"]


def linked(component: Any) -> Iterator[tuple[str, str]]:
    """Yields name and text of every file that the page offers."""
    if isinstance(component, (list, tuple)):
        for child in component:
            yield from linked(child)
    elif getattr(component, "download", None):
        yield component.download, unquote(component.href.partition(",")[2])
    elif component is not None and not isinstance(component, (str, int, float)):
        yield from linked(getattr(component, "children", None))


def test_what_to_try_next_is_offered_as_files(stored: dict[str, Any]) -> None:
    files = dict(linked(parts_of(stored["advice"], Filters("best", 10)).below))
    trials = stored["advice"]["next_trials"]["trials"]
    assert json.loads(files["next-trials-C.json"]) == [trial["configuration"] for trial in trials]
    rows = list(csv.DictReader(files["next-trials-C.csv"].splitlines()))
    assert [(float(row["C"]), float(row["gamma"]), row["why"]) for row in rows] == [
        (*trial["configuration"].values(), trial["reason"]) for trial in trials
    ]


def test_a_formula_of_ones_own_is_drawn_alone(stored: dict[str, Any]) -> None:
    form = "a + b*log(C)"
    (whole,), alone = parts_of(stored["advice"], Filters("best", 10, form)).own, own_part_of(stored["advice"], form)
    assert alone is not None and list(texts(alone)) == list(texts(whole))
    assert own_part_of(stored["advice"], "") == []
    assert own_part_of(stored["all"], form) is None and own_part_of(stored["error"], form) is None


@pytest.mark.parametrize("asked", ["one", "two"])
def test_everything_that_the_document_says(stored: dict[str, Any], asked: str) -> None:
    filters = Filters("best", 10)
    (explanation,) = PanelRecord.from_dict(stored[asked]).explanations
    said = set()
    for block in document(explanation):
        match block:
            case Heading():
                said |= {block.text, block.verdict}
            case Facts():
                said |= {text for label, text in block.rows if label not in ("Verdict", "Surrogate", "Close to truth")}
            case Warnings():
                said |= {sentence for _, sentence in block.rows}
            case Note():
                said.add(block.text)
            case Table():
                said |= {cell for row in block.rows for cell in row if isinstance(cell, str)}
    for shown in (in_own(stored[asked], filters), in_deepcave(stored[asked], filters)):
        assert said - set(shown) == set()


def test_figures_are_the_same(stored: dict[str, Any]) -> None:
    filters = Filters("best", 10)
    figure, front, *_ = draw(stored["one"], filters)
    shown = dict(zip(PLACES, placed(parts_of(stored["one"], filters)), strict=True))
    for mine, theirs in (("figure", figure), ("front", front)):
        assert json.loads(shown[mine, "figure"].to_json()) == json.loads(theirs.to_json())


def plain(value: Any) -> Any:
    """Returns a value with lists for arrays, which later versions of plotly write as bytes."""
    if isinstance(value, dict):
        if value.keys() >= {"dtype", "bdata"}:
            numbers = np.frombuffer(base64.b64decode(value["bdata"]), np.dtype(value["dtype"]))
            shape = [int(n) for n in value.get("shape", "-1").split(",")]
            return numbers.reshape(shape).tolist()
        return {name: plain(each) for name, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("asked", ["one", "two"])
def test_the_browser_keeps_the_page_of_every_formula(stored: dict[str, Any], asked: str) -> None:
    kept = json.loads(to_json_plotly(formulas_of(stored[asked])))
    (explanation,) = PanelRecord.from_dict(stored[asked]).explanations
    lengths = [formula.complexity for formula in explanation.formulas]
    every = Filters.all_of(lengths)
    assert [filters.choice for filters in every] == list(kept["choices"])
    assert kept["choices"].keys() == {"best", "simplest", "most_accurate", *(f"length {n}" for n in lengths)}
    for filters in every:
        drawn = dict(zip(PLACES, placed(parts_of(stored[asked], filters)), strict=True))
        for place, value in zip(SWITCHED, kept["choices"][filters.choice], strict=True):
            if place[1] == "figure":
                value["data"] = [kept["traces"][i] for i in value["data"]]
            assert value == plain(json.loads(to_json_plotly(drawn[place]))), place
        # Nothing else depends on the formula.
        others = [place for place in PLACES if place not in SWITCHED]
        first = dict(zip(PLACES, placed(parts_of(stored[asked], every[0])), strict=True))
        assert all(to_json_plotly(drawn[place]) == to_json_plotly(first[place]) for place in others)


@pytest.mark.parametrize("asked", ["all", "error"])
def test_without_a_front_the_browser_keeps_nothing(stored: dict[str, Any], asked: str) -> None:
    assert formulas_of(stored[asked])["choices"] == {}


def test_inputs() -> None:
    def register(name: str, attributes: Any = "value", **options: Any) -> str:
        return name

    shared = Counter(texts([*input_layout(register), *filter_layout(register, length_id="length")]))
    registered = Registered()
    page = Counter(texts([layout(registered, [], "tab")]))
    assert shared - page == Counter()
    # "Try again" is a button here, no input.
    assert set(registered.properties) == set(defaults()) - {"attempt"}
