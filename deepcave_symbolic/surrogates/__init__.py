"""Surrogates: models of the objective over the configuration space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from deepcave_symbolic.exceptions import DeepcaveSymbolicError, InvalidArgumentError, UnknownNameError
from deepcave_symbolic.runs.run import Run, Status
from deepcave_symbolic.runs.trial_selection import (
    MIN_ROWS,
    budget_text,
    has_cost,
    resolve_budget,
    select_trials,
    smacs_budget,
    usable_trials,
)
from deepcave_symbolic.surrogates.base import (
    FittedSurrogate,
    Surrogate,
    SurrogateRecord,
    TimedSurrogate,
)
from deepcave_symbolic.surrogates.encoding import UnsuitableCostsError
from deepcave_symbolic.surrogates.model import ModelSurrogate
from deepcave_symbolic.surrogates.rivals import STAND_IN, best_of, with_rival, with_warning
from deepcave_symbolic.words.numbers import counted
from deepcave_symbolic.words.surrogate_names import SURROGATES

__all__ = [
    "FittedSurrogate",
    "ModelSurrogate",
    "Surrogate",
    "SurrogateRecord",
    "TimedSurrogate",
    "build_surrogate",
]

#: A Gaussian process on more trials takes too long to train only to be compared with a model of ours.
_MOST_TRIALS_COMPARED = 150


def build_surrogate(
    run: Run, *, objective: int, budget: float | None, kind: str = "run", seed: int = 0
) -> FittedSurrogate:
    """Returns a trained surrogate of one objective of a run.

    Args:
        run: The run.
        objective: Index of the objective.
        budget: Budget whose trials are used; None for the highest with enough trials to learn from.
        kind: "run" for the run's own model (a consensus, labelled so, where it has none or does not tell it), "forest"
            for a random forest trained by us, "consensus" for the mean of a Gaussian process and trees trained by us,
            "best" for the one of the three that predicts unseen trials best.
        seed: Decides models trained by us; the run's own model has the run's seed.

    Raises:
        UnknownNameError: If the kind or the budget does not exist.
        InvalidArgumentError: If the run has no such objective.
        SurrogateError: If the run's own model cannot be rebuilt; the message names the alternative.
        NoTrialsError: If fewer than three trials have a finite cost.
    """
    if kind not in SURROGATES:
        raise UnknownNameError("surrogate", kind, SURROGATES)
    if not 0 <= objective < len(run.objectives):
        raise InvalidArgumentError(
            f"Objective {objective} of run {run.name!r} is not one of 0 to {len(run.objectives) - 1}."
        )
    chosen = resolve_budget(run, budget, objective)
    surrogate = _build(run, objective, chosen, kind, seed)
    if all(trial.status != Status.SUCCESS for part in select_trials(run, chosen) for trial in part):
        surrogate = with_warning(surrogate, "No trial succeeded: the costs are those that failed trials were given.")
    for sentence in (*(f"{change[0].upper()}{change[1:]}." for change in run.changes), *run.notes):
        surrogate = with_warning(surrogate, sentence)
    if chosen is None:
        return surrogate
    surrogate = _compared_with_smacs_budget(surrogate, run, chosen, by_default=budget is None)
    left = _other_budgets(run, chosen, objective)
    return with_warning(surrogate, left) if left and budget is None else surrogate


def _compared_with_smacs_budget(
    surrogate: FittedSurrogate, run: Run, chosen: float, *, by_default: bool
) -> FittedSurrogate:
    smacs_choice = smacs_budget(run)
    if chosen == smacs_choice:
        return surrogate
    theirs = "no budget has enough trials for SMAC's own model"
    if smacs_choice is not None:
        theirs = f"SMAC's own model would use budget {budget_text(smacs_choice)}"
    note = f"trained on budget {budget_text(chosen)}; {theirs}"
    record = replace(surrogate.record, exact=False, differences=(*surrogate.record.differences, note))
    surrogate = replace(surrogate, record=record)
    if not by_default:
        return surrogate
    return with_warning(surrogate, f"The surrogate was {note}, where too few trials succeeded.")


def _other_budgets(run: Run, chosen: float, objective: int) -> str:
    """Returns a sentence on the trials that are not used, empty where nothing could be learned from them."""
    usable = usable_trials(run, objective)
    others = {budget: n for budget, n in usable.items() if budget != chosen}
    best = max(others, key=lambda budget: others[budget], default=chosen)
    left = sum(t.status != Status.RUNNING and has_cost(t, objective) for t in run.trials) - usable[chosen]
    if usable[best] < MIN_ROWS or left < 1:
        return ""
    return (
        f"Used: {counted(usable[chosen], 'trial')} at budget {budget_text(chosen)}. {left} more at other budgets: "
        f"budget={budget_text(best)} (--budget {budget_text(best)}) has {usable[best]}, "
        'budget="all" (--budget all) takes all.'
    )


def _build(run: Run, objective: int, budget: float | None, kind: str, seed: int) -> FittedSurrogate:
    from deepcave_symbolic.surrogates.consensus import fit_consensus
    from deepcave_symbolic.surrogates.forest import fit_forest
    from deepcave_symbolic.surrogates.rebuild import model_name, stand_in
    from deepcave_symbolic.surrogates.smac import fit_smac_surrogate

    def forest(rival_of: FittedSurrogate | None = None) -> FittedSurrogate:
        return fit_forest(run, objective=objective, budget=budget, seed=seed, rival_of=rival_of)

    def consensus(rival_of: FittedSurrogate | None = None) -> FittedSurrogate:
        return fit_consensus(run, objective=objective, budget=budget, seed=seed, rival_of=rival_of)

    def own() -> FittedSurrogate:
        return fit_smac_surrogate(run, objective=objective, budget=budget)

    reason = stand_in(run)
    if kind in ("forest", "consensus"):
        trained = forest() if kind == "forest" else consensus()
        if reason is not None:
            return trained
        quick = len(trained.y) <= _MOST_TRIALS_COMPARED or model_name(run) == "RandomForest"
        return with_rival(trained, _unless_untrainable(own) if quick else None, "run")
    if reason is not None:
        return with_warning(consensus(), f"{reason}; {STAND_IN} stands in for it.")
    try:
        trained = own()
    except UnsuitableCostsError as error:
        return with_warning(consensus(), f"{error} {STAND_IN[0].upper()}{STAND_IN[1:]} on scaled costs stands in.")
    except DeepcaveSymbolicError as error:
        if kind == "run":
            raise
        ours = consensus()
        chosen = best_of([("consensus", ours), ("forest", forest(rival_of=ours))])
        return with_warning(chosen, f"The run's own surrogate could not be trained. {error}")
    if kind == "run":
        return with_rival(trained, _unless_untrainable(lambda: consensus(rival_of=trained)), "consensus")
    return best_of([("consensus", consensus(rival_of=trained)), ("run", trained), ("forest", forest(rival_of=trained))])


def _unless_untrainable(build: Callable[[], FittedSurrogate]) -> FittedSurrogate | None:
    """Returns a surrogate to compare with, None where it cannot be trained: it was not asked for."""
    try:
        return build()
    except DeepcaveSymbolicError:
        return None
