"""Which functions of a formula the search can do without."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("dash", reason="no dashboard without Dash")
pytest.importorskip("dash_bootstrap_components", reason="no dashboard without its components")

from deepcave_symbolic import Explanation
from deepcave_symbolic.dashboard.panel.leave_out import leave_out_buttons
from deepcave_symbolic.formulas.expression import Node, constant, function, power, variable
from page_texts import texts
from places import ROOT

PLACE = Node("/", (variable(1), constant(0.01)))
SCALE = function("log10", PLACE)
SATURATING = function("log10", constant(1.0) + PLACE)


def words(tree: Node, functions: Any = None) -> list[str]:
    """What stands below a formula of a categorical and a learning rate on a log scale."""
    data = json.loads((ROOT / "tests/data/records/explanation-3.json").read_text(encoding="utf-8"))
    data["provenance"]["functions"] = functions
    explanation = Explanation.from_dict(data)
    return list(texts(leave_out_buttons(explanation, replace(explanation.best, tree=tree))))


def test_every_function_that_was_allowed_has_a_button() -> None:
    tree = power(SCALE, 2.0) + power(PLACE, -0.5) + function("tanh", SATURATING)
    stays = "log10 is the scale of learning_rate_init and stays."
    assert words(tree) == ["without x²", "without xᵖ", "without log10", "without tanh", stays]
    assert words(tree, ["tanh", "exp"]) == ["without tanh", stays]


def test_nothing_to_leave_out_is_no_button() -> None:
    assert words(SCALE) == [] and words(constant(1.0)) == []
