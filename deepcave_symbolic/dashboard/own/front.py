"""The pages on all formulas of a front, which the browser keeps: from one to the next it asks the server nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from deepcave_symbolic.dashboard.own.page import PLACES, placed
from deepcave_symbolic.dashboard.panel.filters import Filters
from deepcave_symbolic.dashboard.panel.outputs import parts_of
from deepcave_symbolic.words.run_names import run_name

__all__ = ["AT_ONCE", "SWITCHED", "formulas_of"]

#: The `PLACES` that depend on the formula: the words of the first screen, which follow at once, and all of them. The
#: others, which take longer to draw than a step of the slider, follow when it rests.
AT_ONCE = (
    ("formula", "children"),
    ("told", "children"),
    ("heading", "children"),
    ("reason", "children"),
    ("shown", "children"),
)
SWITCHED = (
    *AT_ONCE,
    ("figure", "figure"),
    ("front", "figure"),
    ("warnings", "children"),
    ("facts", "children"),
    ("below", "children"),
)


def formulas_of(stored: Any, call: Callable[[str], str] = run_name) -> dict[str, Any]:
    """Returns what belongs into each of `SWITCHED`, by choice of a formula.

    A curve that several figures have is there once: `traces` has them all, and a figure's `data` their numbers.

    Args:
        stored: A result, as `parts_of` takes it.
        call: As in `parts_of`.

    Returns:
        `choices`, from a `Filters.choice` to the list of what is placed, `places`, where that is, and `traces`; no
        choices where the page has no front.
    """
    numbers: dict[str, int] = {}
    traces: list[Any] = []

    def number(trace: Any) -> int:
        text = trace.to_json()
        if text not in numbers:
            numbers[text] = len(traces)
            traces.append(trace)
        return numbers[text]

    def light(value: Any, prop: str) -> Any:
        return value if prop != "figure" else {"data": [*map(number, value.data)], "layout": value.layout}

    first = parts_of(stored, Filters.read({}))
    pages = {}
    for filters in Filters.all_of(first.lengths):
        values = dict(zip(PLACES, placed(parts_of(stored, filters, call=call)), strict=True))
        pages[filters.choice] = [light(values[place], place[1]) for place in SWITCHED]
    return {"choices": pages, "places": SWITCHED, "traces": traces}
