"""A run of our own reader as the panel asks for it, with the objectives and budgets that DeepCAVE would list."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from deepcave_symbolic.runs.deepcave import COMBINED_BUDGET
from deepcave_symbolic.runs.run import Run
from deepcave_symbolic.runs.trial_selection import budgets_of
from deepcave_symbolic.runs.views import TIME

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["RecordedRun"]

#: DeepCAVE rounds the budgets that it shows to this many decimals.
_BUDGET_DECIMALS = 2


@dataclass(frozen=True)
class _Objective:
    name: str


class RecordedRun:
    """What the panel asks of a run, under the names that DeepCAVE's runs have for it.

    Args:
        place: Where it is, as `load_run` takes it.
        load: Returns the run; called once, when something of it is asked.
    """

    def __init__(self, place: str, load: Callable[[str], Run]) -> None:
        self.path = place
        self._load = load

    @functools.cached_property
    def record(self) -> Run:
        """The run itself."""
        return self._load(self.path)

    @property
    def configspace(self) -> ConfigurationSpace:
        """Its configuration space."""
        return self.record.configspace

    def get_objective_names(self) -> list[str]:
        """Returns the objectives, with the time that a trial took."""
        names = list(self.record.objectives)
        return names if TIME in names else [*names, TIME]

    def get_objective_ids(self) -> list[int]:
        """Returns their numbers."""
        return list(range(len(self.get_objective_names())))

    def get_objective(self, id: int | str) -> _Objective | None:
        """Returns an objective by number or name."""
        names = self.get_objective_names()
        if isinstance(id, int):
            return _Objective(names[id])
        return _Objective(id) if id in names else None

    def get_budgets(self, human: bool = False) -> list[float | str]:
        """Returns the budgets, and that of every configuration's highest where there are several."""
        budgets = sorted(budgets_of(self.record))
        shown: list[float | str] = [float(np.round(b, _BUDGET_DECIMALS)) if human else b for b in budgets]
        return [*shown, "Combined" if human else COMBINED_BUDGET] if len(budgets) > 1 else shown

    def get_budget_ids(self) -> list[int]:
        """Returns their numbers."""
        return list(range(len(self.get_budgets())))

    def get_budget(self, id: int) -> float | str:
        """Returns a budget by number."""
        return self.get_budgets()[id]
