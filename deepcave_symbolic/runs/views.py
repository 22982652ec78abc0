"""Other views of a run: objectives made one, budgets made a hyperparameter. Each is a run again, which says what it is.

Notation:
    c_i: cost of objective i; b_i = (c_i - min) / (max - min) over the run's successful trials; w_i: weights, of sum 1.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from deepcave_symbolic.exceptions import InvalidArgumentError, UnknownNameError
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.runs.run import Run, Status
from deepcave_symbolic.runs.trial_selection import budget_text, budgets_of, component_meta

__all__ = [
    "ALL_BUDGETS",
    "BUDGET",
    "COST",
    "SCALARIZED",
    "TIME",
    "Weights",
    "budget_name",
    "scalarized",
    "scalarized_name",
    "viewed",
    "weights_in",
    "with_budget_as_hyperparameter",
    "with_time",
    "without_surrogate",
]

#: What to give as the objective for the run's scalarized cost (see `scalarized_name`), and as the budget for the budget
#: as a hyperparameter.
SCALARIZED, ALL_BUDGETS = "scalarized", "all"
#: Name of the scalarized cost, and of the hyperparameter (see `budget_name`).
COST, BUDGET = "scalarized cost", "budget"
#: DeepCAVE's name of the objective that it adds to SMAC runs: seconds that a successful trial took.
TIME = "Time"
#: smac.utils.multi_objective: an objective that varies less counts as 1 everywhere.
_SMALLEST_RANGE = 1e-10
_DEFAULT_RHO, _LARGEST_RHO = 0.05, 1e6

#: One weight per objective, by name or in order.
Weights = Mapping[str, float] | Sequence[float]


def viewed(
    run: Run, objective: str | None, budget: float | str | None, weights: Weights | None
) -> tuple[Run, str | None, float | None]:
    """Returns the run to explain with the objective and the budget in it.

    Args:
        run: The run.
        objective: A name, `SCALARIZED` (or `scalarized_name`, where an objective has that name), `TIME`, or None.
        budget: A budget, `ALL_BUDGETS`, or None.
        weights: Weights of the objectives, for the scalarized cost only.

    Raises:
        InvalidArgumentError: If the run has nothing to scalarize, no budgets, or the weights do not fit.
    """
    scalar = scalarized_name(run.objectives)
    if objective == scalar:
        run, objective = scalarized(run, weights), None
    elif weights is not None:
        raise InvalidArgumentError(f"Weights belong to objective={scalar!r}; found objective {objective!r}.")
    elif objective == TIME:
        run = with_time(run)
    if not isinstance(budget, str):
        return run, objective, budget
    if budget != ALL_BUDGETS:
        raise InvalidArgumentError(f"The budget is {budget!r}; expected a number or {ALL_BUDGETS!r}.")
    return with_budget_as_hyperparameter(run), objective, None


def scalarized_name(objectives: Iterable[str]) -> str:
    """Returns what to give as the objective for the scalarized cost: "scalarized", or "scalarized (2)" if one is."""
    return _free(SCALARIZED, objectives)


def budget_name(hyperparameters: Iterable[str]) -> str:
    """Returns the name of the budget as a hyperparameter: "budget", or "budget (2)" where that is taken."""
    return _free(BUDGET, hyperparameters)


def _free(name: str, taken: Iterable[str]) -> str:
    taken = set(taken)
    return next(n for n in itertools.chain([name], (f"{name} ({i})" for i in itertools.count(2))) if n not in taken)


# --- several objectives -------------------------------------------------------------------------------------------


def scalarized(run: Run, weights: Weights | None = None) -> Run:
    """Returns the run with one objective: the cost that SMAC's own model is trained on.

    Costs are scaled to [0, 1] over the successful trials. Mean aggregation: Σ w_i·b_i, with the weights that the run
    records. ParEGO (Knowles 2006): max(w_i·b_i) + ρ·Σ w_i·b_i; SMAC draws its weights anew at every training, so that
    none are the run's own. As `smac.utils.multi_objective` and `smac.multi_objective` of SMAC 2.4.1.

    Args:
        run: A run of several objectives.
        weights: One weight per objective; None for those that the run records, else equal ones.

    Raises:
        InvalidArgumentError: If the run has one objective, or the weights do not fit.
    """
    if len(run.objectives) < 2:
        raise InvalidArgumentError(
            f"Run {run.name!r} has one objective ({run.objectives[0]!r}); there is nothing to scalarize."
        )
    algorithm = component_meta(run, "multi_objective_algorithm")
    name = algorithm.get("name")
    recorded = algorithm.get("objective_weights") if name == "MeanAggregationStrategy" else None
    chosen = _weights(run, weights if weights is not None else recorded)
    rho = _rho(algorithm.get("rho")) if name == "ParEGO" else None
    costs = np.array([trial.costs for trial in run.trials], dtype=np.float64)
    successful = np.array([trial.status == Status.SUCCESS for trial in run.trials], dtype=bool)
    terms = chosen * _normalised(run, costs, successful)
    values = terms.sum(axis=1) if rho is None else terms.max(axis=1) + rho * terms.sum(axis=1)
    trials = tuple(replace(t, costs=(float(v),)) for t, v in zip(run.trials, values, strict=True))
    own = name == "MeanAggregationStrategy" and (weights is None or _same(run, chosen, recorded))
    changes = () if own else (_weights_in_words(run, name, chosen, given=weights is not None),)
    return replace(run, objectives=(COST,), trials=trials, maximized=frozenset(), changes=(*run.changes, *changes))


def _weights_in_words(run: Run, algorithm: Any, weights: Array, *, given: bool) -> str:
    listed = ", ".join(f"{name} {weight:.3g}" for name, weight in zip(run.objectives, weights, strict=True))
    kind = "given" if given else "equal"
    if algorithm == "ParEGO":
        return f"ParEGO draws new weights at every training; the cost here has the {kind} weights {listed}"
    if algorithm == "MeanAggregationStrategy":
        return f"the objectives have the given weights {listed}, not the run's own"
    return f"the run does not record how it made one cost of its objectives; here it is their mean, weights {listed}"


def _same(run: Run, chosen: Array, recorded: Any) -> bool:
    try:
        return bool(np.allclose(chosen, _weights(run, recorded)))
    except (InvalidArgumentError, UnknownNameError):
        return False  # unusable weights in scenario.json are nobody's own


def _rho(value: Any) -> float:
    # JSON's integers may be beyond a float; no sensible rho is far from 0.05.
    return float(value) if isinstance(value, int | float) and 0 <= value <= _LARGEST_RHO else _DEFAULT_RHO


def weights_in(text: str) -> list[float]:
    """Returns the weights in a text such as "1, 2".

    Raises:
        InvalidArgumentError: If it holds anything but numbers with commas between them.
    """
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InvalidArgumentError(
            f"The weights are {text!r:.80}; expected numbers with commas between them, such as 1,2."
        ) from None


def _weights(run: Run, weights: Any) -> Array:
    """Returns weights of sum 1 in the order of the objectives."""
    if weights is None:
        return np.full(len(run.objectives), 1.0 / len(run.objectives))
    if isinstance(weights, Mapping):
        for name in weights:
            if name not in run.objectives:
                raise UnknownNameError("objective", name, run.objectives)
        weights = [weights.get(name, 0.0) for name in run.objectives]
    try:
        values = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        values = np.empty(0)
    usable = values.shape == (len(run.objectives),) and np.all(np.isfinite(values)) and np.all(values >= 0)
    if not usable or not 0 < values.sum() < math.inf:
        raise InvalidArgumentError(
            f"The weights are {weights!r:.80}; expected {len(run.objectives)} numbers from 0, not all 0, one for each "
            f"of {', '.join(run.objectives)}."
        )
    return np.asarray(values / values.sum())


def _normalised(run: Run, costs: Array, successful: np.ndarray[Any, np.dtype[np.bool_]]) -> Array:
    """Returns the costs scaled to [0, 1] over the successful trials, less is better, shape (n, k)."""
    columns = []
    for i, name in enumerate(run.objectives):
        column = costs[:, i]
        known = column[successful & np.isfinite(column)]
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
        if high - low < _SMALLEST_RANGE:
            scaled = np.where(np.isfinite(column), 1.0, column)
        else:
            with np.errstate(invalid="ignore", over="ignore"):
                scaled = (column - low) / (high - low)
        columns.append(1.0 - scaled if name in run.maximized else scaled)
    return np.column_stack(columns)


def with_time(run: Run) -> Run:
    """Returns the run with DeepCAVE's objective "Time": the wall-clock seconds of every successful trial.

    The run's own surrogate knows nothing about it, so that the result has none.
    """
    if TIME in run.objectives:
        return run
    trials = tuple(replace(t, costs=(*t.costs, t.time if t.status == Status.SUCCESS else math.nan)) for t in run.trials)
    changed = replace(run, objectives=(*run.objectives, TIME), trials=trials)
    return without_surrogate(changed, "with the objective Time")


# --- budgets ------------------------------------------------------------------------------------------------------


def with_budget_as_hyperparameter(run: Run) -> Run:
    """Returns the run with its budget as one more hyperparameter, so that formulas can speak of it.

    An ordinal by value: between its few budgets nothing is known. SMAC's own model never mixes budgets, so that the
    result has none.

    Raises:
        InvalidArgumentError: If the trials have fewer than two budgets.
    """
    from ConfigSpace import OrdinalHyperparameter

    # A budget whose trials are all still running, or all without a cost, would be a level that no trial speaks of.
    finished = tuple(trial for trial in run.trials if trial.status != Status.RUNNING and np.isfinite(trial.costs).any())
    budgets = sorted(budgets_of(replace(run, trials=finished)))
    if len(budgets) < 2:
        found = f"finished trials at only the budget {budget_text(budgets[0])}" if budgets else "no budgets"
        if not budgets and budgets_of(run):
            found = "no finished trial at any budget"
        raise InvalidArgumentError(
            f"Run {run.name!r} has {found}; budget={ALL_BUDGETS!r} needs two. Leave the budget out."
        )
    space = copy.deepcopy(run.configspace)
    name = budget_name(space)
    space.add(OrdinalHyperparameter(name, budgets))
    before = list(run.configspace)
    order = [before.index(n) if n != name else len(before) for n in space]
    numbers: dict[tuple[int, float], int] = {}
    configurations, trials = {}, []
    for trial in run.trials:
        if trial.budget not in budgets:
            continue
        key = (trial.config_id, trial.budget)
        if key not in numbers:
            numbers[key] = len(numbers)
            vector = np.append(run.configurations[trial.config_id], float(budgets.index(trial.budget)))[order]
            vector.flags.writeable = False
            configurations[numbers[key]] = vector
        trials.append(replace(trial, config_id=numbers[key], budget=None))
    notes = run.notes
    if name != BUDGET:
        notes += (f"The run has a hyperparameter {BUDGET!r}; its budget is {name!r} here.",)
    changed = replace(run, configspace=space, trials=tuple(trials), configurations=configurations, notes=notes)
    return without_surrogate(changed, "with the budget as a hyperparameter")


def without_surrogate(run: Run, addition: str) -> Run:
    """Returns a run without a scenario, from which nothing is rebuilt; its optimizer's name says why."""
    name = " ".join(filter(None, (run.optimizer, run.version)))
    return replace(run, scenario={}, optimizer=f"{name} {addition}", version=None)
