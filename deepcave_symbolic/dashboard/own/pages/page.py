"""The pages: what each asks of whom, and where it stands in the address."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from deepcave_symbolic.dashboard.panel.inputs import defaults
from deepcave_symbolic.dashboard.panel.recorded_run import RecordedRun
from deepcave_symbolic.dashboard.panel.wider import comparison_of, laws_of, whole_run_of

__all__ = ["COMPARE", "FIRST", "FORMULA", "HELP", "LAWS", "NAMED", "PAGES", "Page", "Values"]

#: Values of inputs by their names.
Values: TypeAlias = Mapping[str, Any]
#: The page on one or two hyperparameters, which `own/page.py` lays out: its name and its label.
FORMULA = ("formula", "Formula")
#: The page that says how to read the others.
HELP = ("help", "Help")
#: The choices of an objective of several runs: each one's first, and how one is written that all of them have.
FIRST, NAMED = "first", "={}"


@dataclass(frozen=True)
class Page:
    """A page beside the formula.

    Args:
        name: In the address, behind #, and at the beginning of its ids.
        label: In the list of pages.
        shared: The inputs of the formula's page that count here, too.
        own: Names of the inputs that only this page has.
        what: What there is no result of where something fails.
        hint: What to do, before anything was found.
        busy: What is done while one waits.
        answer: The job: takes the runs, the shared inputs and its own.
        several: Whether its own input "runs" says which runs are asked.
    """

    name: str
    label: str
    shared: tuple[str, ...]
    own: tuple[str, ...]
    what: str
    hint: str
    busy: str
    answer: Callable[[Sequence[RecordedRun], Values, Values], dict[str, Any]]
    several: bool = False

    def id(self, part: str) -> str:
        """Returns the id of a part of the page."""
        return f"{self.name}-{part}"

    def places(self, place: Any, own: Values) -> list[str]:
        """Returns where the runs are that are asked.

        Args:
            place: The run that is chosen at the top.
            own: The page's own inputs.
        """
        if self.several:
            return [str(each) for each in own["runs"] or ()]
        return [] if place is None else [str(place)]

    def asked(self, shared: Values, own: Values) -> dict[str, Any]:
        """Returns what is asked in one spelling, without what does not count here."""
        values = defaults()
        given = {name: shared.get(name) for name in self.shared}
        counting = {name: values[name] if value in (None, "") else value for name, value in given.items()}
        rest = {name: own.get(name) for name in self.own if name != "runs"}
        return {name: "" if value is None else str(value) for name, value in {**counting, **rest}.items()}


_ABOUT_RUN = ("objective_id", "budget_id", "weights", "region", "surrogate")


def _objective(own: Values) -> str:
    """Returns the objective that is named; nothing where each run's first one counts."""
    return "" if own["objective"] in (None, FIRST) else str(own["objective"])[len(NAMED.format("")) :]


COMPARE = Page(
    "compare",
    "Compare",
    shared=("region", "surrogate", "max_complexity"),
    own=("runs", "side", "first", "second", "objective", "longest"),
    what="comparison",
    hint="Tick two runs or more, and press Process.",
    busy="Comparing runs ...",
    answer=lambda runs, shared, own: comparison_of(
        runs, shared, own["side"], [own["first"], own["second"]], _objective(own), own["longest"]
    ),
    several=True,
)

LAWS = Page(
    "laws",
    "Laws",
    shared=_ABOUT_RUN,
    own=("choice",),
    what="law",
    hint="Press Process: how the best value of a hyperparameter moves with the others, or why no law holds.",
    busy="Looking for laws ...",
    answer=lambda runs, shared, own: laws_of(runs[0], shared, own["choice"]),
)

PAGES = (
    Page(
        "whole-run",
        "Whole run",
        shared=_ABOUT_RUN,
        own=("longest",),
        what="formula of the whole run",
        hint="Press Process: one formula of all hyperparameters, and what each of its parts accounts for.",
        busy="Searching the formula of the whole run ...",
        answer=lambda runs, shared, own: whole_run_of(runs[0], shared, own["longest"]),
    ),
    LAWS,
    COMPARE,
)
