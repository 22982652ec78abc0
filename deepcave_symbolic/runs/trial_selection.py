"""Which trials of a run a model learns from: SMAC's rules on objective, budget and status.

Sources: `ConfigSelector._collect_data` (budget) and `AbstractRunHistoryEncoder` (status) of SMAC 2.4.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deepcave_symbolic.exceptions import NoTrialsError, UnknownNameError
from deepcave_symbolic.runs.run import Run, Status, Trial

__all__ = [
    "MIN_ROWS",
    "TrialRules",
    "budgets_of",
    "component_meta",
    "resolve_budget",
    "resolve_objective",
    "select_trials",
    "trial_rules",
]

# Fewer trials than this make no surrogate.
MIN_ROWS = 3

_CONSIDERED = (Status.SUCCESS, Status.CRASHED, Status.MEMORYOUT)


@dataclass(frozen=True)
class TrialRules:
    """The run's own rules on which trials its model sees.

    Args:
        considered: Statuses whose trials are used.
        lower_budgets: Statuses whose trials of lower budgets are used as well.
        min_trials: Trials a budget needs.
    """

    considered: tuple[Status, ...] = _CONSIDERED
    lower_budgets: tuple[Status, ...] = ()
    min_trials: int = 1


def component_meta(run: Run, component: str) -> Mapping[str, Any]:
    """Returns what scenario.json records about a component of the optimizer, empty where it says nothing."""
    meta = run.scenario.get("_meta")
    value = meta.get(component) if isinstance(meta, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def trial_rules(run: Run) -> TrialRules:
    """Returns the rules that scenario.json records, SMAC's defaults where it does not."""
    encoder = component_meta(run, "runhistory_encoder")
    min_trials = component_meta(run, "config_selector").get("min_trials", 1)
    return TrialRules(
        considered=_statuses(encoder.get("considered_states"), _CONSIDERED),
        lower_budgets=_statuses(encoder.get("lower_budget_states"), ()),
        min_trials=min_trials if isinstance(min_trials, int) and not isinstance(min_trials, bool) else 1,
    )


def _statuses(value: Any, default: tuple[Status, ...]) -> tuple[Status, ...]:
    known = {int(status) for status in Status}
    if not isinstance(value, list) or not all(isinstance(v, int) and v in known for v in value):
        return default
    return tuple(Status(v) for v in value)


def resolve_objective(run: Run, objective: str | None) -> int:
    """Returns the index of an objective, the first one for None.

    Raises:
        UnknownNameError: If the run has no objective of that name.
    """
    if objective is None:
        return 0
    if objective not in run.objectives:
        raise UnknownNameError("objective", objective, run.objectives)
    return run.objectives.index(objective)


def budgets_of(run: Run) -> tuple[float, ...]:
    """Returns the run's budgets, highest first; empty for a run without budgets."""
    return tuple(sorted({trial.budget for trial in run.trials if trial.budget is not None}, reverse=True))


def resolve_budget(run: Run, budget: float | None, min_trials: int) -> float | None:
    """Returns the budget to learn from: the one given, or the highest with enough trials (None without budgets).

    Args:
        run: The run.
        budget: A budget of the run, or None for SMAC's rule.
        min_trials: Trials that the rule asks for.

    Raises:
        UnknownNameError: If the run has no such budget.
        NoTrialsError: If no budget has enough trials.
    """
    budgets = budgets_of(run)
    if budget is not None:
        if budget not in budgets:
            raise UnknownNameError("budget", budget, budgets or (None,))
        return float(budget)
    if not budgets:
        return None
    counts = {b: sum(len(part) for part in select_trials(run, b)) for b in budgets}
    for candidate, count in counts.items():
        if count >= min_trials:
            return candidate
    listed = ", ".join(f"{b:g} ({count})" for b, count in counts.items())
    raise NoTrialsError(
        f"No budget of run {run.name!r} has the {min_trials} finished trials needed; budgets (trials): {listed}. "
        "Wait for more trials."
    )


def select_trials(run: Run, budget: float | None) -> tuple[list[Trial], list[Trial]]:
    """Returns the trials that SMAC's encoder considers at a budget, and the timeouts it appends after them."""
    rules = trial_rules(run)
    considered: list[Trial] = []
    timeouts: list[Trial] = []
    for trial in run.trials:
        same = trial.budget == budget
        lower = budget is not None and trial.budget is not None and trial.budget < budget
        if trial.status == Status.RUNNING:
            continue
        if (same and trial.status in rules.considered) or (lower and trial.status in rules.lower_budgets):
            considered.append(trial)
        if same and trial.status == Status.TIMEOUT:
            timeouts.append(trial)
    return considered, timeouts
