"""Which trials of a run a model learns from: SMAC's rules on objective, budget and status, and ours on the budget.

Sources: `ConfigSelector._collect_data` (budget) and `AbstractRunHistoryEncoder` (status) of SMAC 2.4.1.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from deepcave_symbolic.exceptions import InvalidArgumentError, UnknownNameError
from deepcave_symbolic.runs.run import Run, Status, Trial
from deepcave_symbolic.words.numbers import round_significant, rounded_text

__all__ = [
    "MIN_CONFIGURATIONS",
    "MIN_ROWS",
    "TrialRules",
    "budget_text",
    "budgets_of",
    "component_meta",
    "has_cost",
    "resolve_budget",
    "resolve_objective",
    "select_trials",
    "smacs_budget",
    "trial_rules",
    "usable_trials",
]

#: Fewer trials than this make no surrogate.
MIN_ROWS = 3
#: Fewer configurations than this cannot be cross-validated, so that nobody knows what was learned from them.
MIN_CONFIGURATIONS = 10
#: Successful configurations with which SMAC's own choice of a budget is kept.
_FEWEST_OF_SMACS = 5
#: Sums of a few thousand larger costs are beyond a float; such costs stand for a crash, as infinite ones do.
_LARGEST_COST = 1e303
#: Digits of a budget in our texts, digits that people leave of it at least, and decimals that DeepCAVE rounds it to.
_PRINTED_DIGITS, _LEAST_DIGITS, _BUDGET_DECIMALS = 6, 3, 2

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


def budget_text(budget: float) -> str:
    """Returns a budget as it is printed; `resolve_budget` takes it back."""
    return rounded_text(budget, _PRINTED_DIGITS)


def has_cost(trial: Trial, objective: int) -> bool:
    """Returns whether the trial has a cost that can be learned from."""
    return abs(trial.costs[objective]) <= _LARGEST_COST


def resolve_budget(run: Run, budget: float | None, objective: int) -> float | None:
    """Returns the budget to learn from, None for a run without budgets.

    By default SMAC's choice, unless hardly any configuration succeeded there; then the highest at which enough did for
    a surrogate that can be cross-validated, and if there is none, the one at which most did.

    Args:
        run: The run.
        budget: A budget of the run, which may be rounded as it is printed; None for the default.
        objective: Index of the objective.

    Raises:
        InvalidArgumentError: If a budget is given and the run has none.
        UnknownNameError: If the run has no such budget.
    """
    budgets = budgets_of(run)
    if budget is not None:
        return _matching(run, budget, budgets)
    if not budgets:
        return None
    usable, learned = usable_trials(run, objective), _successful_configurations(run, objective)
    theirs = smacs_budget(run)
    if theirs is not None and learned[theirs] >= _FEWEST_OF_SMACS:
        return theirs
    most = max(budgets, key=lambda b: (usable[b] >= MIN_ROWS, learned[b], usable[b], b))
    return next((b for b in budgets if learned[b] >= MIN_CONFIGURATIONS), most)


def _matching(run: Run, given: float, budgets: tuple[float, ...]) -> float:
    """Returns the budget that is meant; where several are printed alike, the highest."""
    number = float(given) if isinstance(given, Real) else math.nan
    if not budgets:
        raise InvalidArgumentError(f"Run {run.name!r} has no budgets; found budget {number:g}. Leave it out.")
    if number in budgets:
        return number
    for candidate in budgets:
        rounded = {round_significant(candidate, digits) for digits in range(_LEAST_DIGITS, 17)}
        if number in rounded or number == np.round(candidate, _BUDGET_DECIMALS):
            return candidate
    raise UnknownNameError("budget", given, budgets)


def smacs_budget(run: Run) -> float | None:
    """Returns the budget that SMAC's own model learns from: the highest with enough trials, failed ones included.

    None where there is none.
    """
    rules = trial_rules(run)
    trials = [t for t in run.trials if t.status != Status.RUNNING]
    # As many as `select_trials` returns, of all budgets at once: there may be as many of them as trials.
    own = Counter(t.budget for t in trials if t.status in rules.considered)
    own.update(t.budget for t in trials if t.status == Status.TIMEOUT)
    counts = _with_lower(run, own, trials)
    return next((b for b, count in counts.items() if count >= rules.min_trials), None)


def usable_trials(run: Run, objective: int) -> dict[float, int]:
    """Returns how many trials with a cost SMAC's encoder takes for every budget, the highest first."""
    rules = trial_rules(run)
    trials = [t for t in run.trials if t.status != Status.RUNNING and has_cost(t, objective)]
    own = Counter(t.budget for t in trials if t.status in (*rules.considered, Status.TIMEOUT))
    return _with_lower(run, own, trials)


def _with_lower(run: Run, own: Counter[float | None], trials: Sequence[Trial]) -> dict[float, int]:
    """Returns the counts of every budget with those trials of lower ones that SMAC uses as well, the highest first."""
    passed_up = Counter(t.budget for t in trials if t.status in trial_rules(run).lower_budgets)
    counts, below = {}, 0
    for b in reversed(budgets_of(run)):
        counts[b] = own[b] + below
        below += passed_up[b]
    return dict(reversed(counts.items()))


def _successful_configurations(run: Run, objective: int) -> Counter[float | None]:
    """Returns at how many configurations a trial of each budget succeeded."""
    succeeded = {(t.budget, t.config_id) for t in run.trials if t.status == Status.SUCCESS and has_cost(t, objective)}
    return Counter(budget for budget, _ in succeeded)


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
