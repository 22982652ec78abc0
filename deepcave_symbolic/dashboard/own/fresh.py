"""The page as it is opened: its inputs stand in its layout, so that it can be used as soon as it is drawn."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from deepcave_symbolic.dashboard.own.opened_runs import OpenedRuns
from deepcave_symbolic.dashboard.own.page import Registered, layout
from deepcave_symbolic.dashboard.own.pages.layout import law_options
from deepcave_symbolic.dashboard.own.pages.page import LAWS
from deepcave_symbolic.dashboard.panel.inputs import fresh_inputs, inputs_with
from deepcave_symbolic.exceptions import DeepcaveSymbolicError

__all__ = ["fresh_page", "inputs_on"]

#: Properties of a component by their names.
_Properties = dict[str, Any]


def fresh_page(runs: OpenedRuns, tab: str) -> Any:
    """Returns the page on the first of the runs.

    Args:
        runs: The runs that it offers.
        tab: What no other tab is called.
    """
    choices = runs.options()
    page = layout(Registered(), choices, tab)
    place = choices[0]["value"] if choices else None
    inputs = fresh_inputs()
    of_run = inputs_on(runs, place, inputs)
    filled = {Registered.id(name): {**properties, **of_run.get(name, {})} for name, properties in inputs.items()}
    filled[LAWS.id("choice")] = {"options": law_options(runs, place)}
    for id, properties in filled.items():
        for name, value in properties.items():
            setattr(page[id], name, value)
    return page


def inputs_on(runs: OpenedRuns, place: Any, inputs: Mapping[str, Mapping[str, Any]]) -> dict[str, _Properties]:
    """Returns the inputs that depend on the run; nothing where it cannot be read, as Process says.

    Args:
        runs: The runs.
        place: The one that is chosen, if any.
        inputs: The page's inputs.
    """
    if place is None:
        return {}
    with contextlib.suppress(DeepcaveSymbolicError):
        found = inputs_with(runs.offer(place).options, inputs)
        return {name: _with_texts(each) if "options" in each else each for name, each in found.items()}
    return {}


def _with_texts(select: _Properties) -> _Properties:
    """Returns the properties of a select with texts for numbers: to those of dbc 2, 0 is nothing chosen."""
    options = [{**option, "value": _text(option["value"])} for option in select["options"]]
    return {**select, "options": options, "value": _text(select["value"])}


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int) else value
