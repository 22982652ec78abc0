"""What there is to choose from: the entries of a list, and those that depend on the run.

Nothing here imports Dash: the launcher asks it of the runs that it has read, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from deepcave_symbolic.runs.views import TIME, budget_name
from deepcave_symbolic.space.explainable import explainable

__all__ = [
    "ALL",
    "AUTOMATIC",
    "AUTOMATIC_BUDGET",
    "EVERY_BUDGET",
    "NONE",
    "SCALARIZED_COST",
    "choice_of",
    "choices",
    "name_of",
    "options_of",
]

#: Choices of a hyperparameter that are no names.
AUTOMATIC, ALL, NONE = "(most important)", "(all)", "(none)"
#: Names that look like these choices, or are empty as a field that nobody filled in, stand in the page with one more
#: quote at their end.
_QUOTED = re.compile(f"({'|'.join(map(re.escape, (AUTOMATIC, ALL, NONE)))}|)'*")
#: The choices of a budget and of an objective that are no numbers of DeepCAVE's.
AUTOMATIC_BUDGET, EVERY_BUDGET, SCALARIZED_COST = -1, -2, -1


def choices(labels: Iterable[Any], values: Iterable[Any]) -> list[dict[str, Any]]:
    """Returns the entries of a list to choose from."""
    return [{"label": label, "value": value} for label, value in zip(labels, values, strict=True)]


def choice_of(name: str) -> str:
    """Returns what stands for a hyperparameter among the choices."""
    return f"{name}'" if _QUOTED.fullmatch(name) else name


def name_of(choice: Any) -> str | None:
    """Returns the hyperparameter that a choice stands for; None for those that are no names."""
    if choice in (AUTOMATIC, ALL, NONE):
        return None
    # DeepCAVE reads the texts "true" and "false" as booleans.
    name = str(choice).lower() if isinstance(choice, bool) else str(choice)
    return name[:-1] if _QUOTED.fullmatch(name) else name


def options_of(run: Any) -> dict[str, list[dict[str, Any]]]:
    """Returns the choices that depend on the run, by input."""
    names = explainable(run.configspace)
    budgets = [str(b) for b in run.get_budgets(human=True)]
    ids = run.get_budget_ids()
    # A run without budgets has a single None, which DeepCAVE leaves out of the readable ones.
    ids = ids if len(ids) == len(budgets) > 1 else []
    objectives, objective_ids = list(run.get_objective_names()), list(run.get_objective_ids())
    # Beside the time, which DeepCAVE adds.
    several = len([name for name in objectives if name != TIME]) > 1
    every = ["All, the budget as a hyperparameter"] if ids else []
    with_budget = [*names, budget_name(run.configspace)] if ids else names
    values = [choice_of(name) for name in with_budget]
    labels = [f"{name} (with Budget: All)" if name not in names else name for name in with_budget]
    return {
        "objective_id": choices(
            [*objectives, *(["Scalarized cost of the objectives"] if several else [])],
            [*objective_ids, *([SCALARIZED_COST] if several else [])],
        ),
        "budget_id": choices(
            ["Highest with enough trials", *every, *budgets[: len(ids)]],
            [AUTOMATIC_BUDGET, *([EVERY_BUDGET] if every else []), *ids],
        ),
        "hyperparameter_name_1": choices(["Most important (automatic)", "All", *labels], [AUTOMATIC, ALL, *values]),
        "hyperparameter_name_2": choices(["None", *labels], [NONE, *values]),
    }
