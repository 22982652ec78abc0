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
    SURROGATES,
    FittedSurrogate,
    Rival,
    Surrogate,
    SurrogateRecord,
    TimedSurrogate,
)
from deepcave_symbolic.surrogates.encoding import UnsuitableCostsError
from deepcave_symbolic.surrogates.model import ModelSurrogate
from deepcave_symbolic.surrogates.validation import clearly_better
from deepcave_symbolic.words.numbers import counted

__all__ = [
    "FittedSurrogate",
    "ModelSurrogate",
    "Surrogate",
    "SurrogateRecord",
    "TimedSurrogate",
    "build_surrogate",
]

#: A Gaussian process on more trials takes too long to train only to be compared with the forest that was asked for.
_MOST_TRIALS_COMPARED = 150


def build_surrogate(
    run: Run, *, objective: int, budget: float | None, kind: str = "run", seed: int = 0
) -> FittedSurrogate:
    """Returns a trained surrogate of one objective of a run.

    Args:
        run: The run.
        objective: Index of the objective.
        budget: Budget whose trials are used; None for the highest with enough trials to learn from.
        kind: "run" for the run's own model (a forest, labelled so, where it has none or does not tell it), "forest"
            for a random forest trained by us, "best" for the one of the two that predicts unseen trials better.
        seed: Decides a forest trained by us; the run's own model has the run's seed.

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
        surrogate = _with_warning(surrogate, "No trial succeeded: the costs are those that failed trials were given.")
    for sentence in (*(f"{change[0].upper()}{change[1:]}." for change in run.changes), *run.notes):
        surrogate = _with_warning(surrogate, sentence)
    if chosen is None:
        return surrogate
    surrogate = _compared_with_smacs_budget(surrogate, run, chosen, by_default=budget is None)
    left = _other_budgets(run, chosen, objective)
    return _with_warning(surrogate, left) if left and budget is None else surrogate


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
    return _with_warning(surrogate, f"The surrogate was {note}, where too few trials succeeded.")


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
    from deepcave_symbolic.surrogates.forest import fit_forest
    from deepcave_symbolic.surrogates.rebuild import model_name, stand_in
    from deepcave_symbolic.surrogates.smac import fit_smac_surrogate

    def forest(rival_of: FittedSurrogate | None = None) -> FittedSurrogate:
        return fit_forest(run, objective=objective, budget=budget, seed=seed, rival_of=rival_of)

    def own() -> FittedSurrogate:
        return fit_smac_surrogate(run, objective=objective, budget=budget)

    reason = stand_in(run)
    if reason is not None:
        return forest() if kind == "forest" else _with_warning(forest(), reason)
    if kind == "run":
        try:
            trained = own()
        except UnsuitableCostsError as error:
            return _with_warning(forest(), f"{error} A random forest on scaled costs stands in for its surrogate.")
        return _compared(trained, _rival(lambda: forest(rival_of=trained)), "forest")
    trained = forest()
    if kind == "forest":
        quick = len(trained.y) <= _MOST_TRIALS_COMPARED or model_name(run) == "RandomForest"
        return _compared(trained, _rival(own) if quick else None, "run")
    try:
        return _better(own(), trained)
    except DeepcaveSymbolicError as error:
        return _with_warning(trained, f"Only the forest could be trained. {error}")


def _rival(build: Callable[[], FittedSurrogate]) -> FittedSurrogate | None:
    """Returns the surrogate to compare with, None where it cannot be trained: it was not asked for."""
    try:
        return build()
    except DeepcaveSymbolicError:
        return None


def _compared(used: FittedSurrogate, rival: FittedSurrogate | None, kind: str) -> FittedSurrogate:
    """Notes the rival and says what to choose where it predicts unseen trials clearly better."""
    if rival is None:
        return used
    clearly = clearly_better(rival, used)
    record = replace(used.record, rival=Rival(rival.record.name, kind, rival.record.cv_r2, clearly))
    used = replace(used, record=record)
    if not clearly:
        return used
    what = "A random forest" if kind == "forest" else f"The run's own {rival.record.name}"
    return _with_warning(
        used,
        f"{what} predicts unseen trials clearly better (cross-validated R² {rival.record.cv_r2:.2f} against "
        f'{used.record.cv_r2:.2f}): choose surrogate="best" '
        '(command line: --surrogate best; panel: Surrogate "Whichever predicts unseen trials better").',
    )


def _better(own: FittedSurrogate, forest: FittedSurrogate) -> FittedSurrogate:
    """Returns the one that predicts unseen trials better; the record says what lost and by how much."""
    own_r2, forest_r2 = own.record.cv_r2, forest.record.cv_r2
    if own_r2 is None or forest_r2 is None:
        reason = "cross-validation could not compare it with a forest"
        return _with_warning(own, f"The run's own {own.record.name} was chosen: {reason}.")
    own_wins = own_r2 >= forest_r2
    winner, loser = (own, forest) if own_wins else (forest, own)
    record = replace(winner.record, rival=Rival(loser.record.name, "forest" if own_wins else "run", loser.record.cv_r2))
    return _with_warning(
        replace(winner, record=record),
        f"Chosen by cross-validated R²: {winner.record.name} ({winner.record.cv_r2:.3f}) over {loser.record.name} "
        f"({loser.record.cv_r2:.3f}), {abs(own_r2 - forest_r2):.3f} better.",
    )


def _with_warning(surrogate: FittedSurrogate, sentence: str) -> FittedSurrogate:
    return replace(surrogate, record=replace(surrogate.record, warnings=(*surrogate.record.warnings, sentence)))
