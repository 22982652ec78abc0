"""The panel's job: reads the inputs, explains the run and returns what is stored. It never raises."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from deepcave_symbolic.dashboard.panel.inputs import AUTOMATIC_BUDGET, EVERY_BUDGET, SCALARIZED_COST, Inputs
from deepcave_symbolic.dashboard.panel.stored_result import PanelError, PanelRecord
from deepcave_symbolic.dashboard.panel.time_limit import TimeUp, time_limit
from deepcave_symbolic.exceptions import (
    DeepcaveSymbolicError,
    MissingDependencyError,
    NoTrialsError,
    RunFormatError,
    RunNotFoundError,
    SearchFailedError,
    SurrogateError,
    UnknownNameError,
)
from deepcave_symbolic.explainer import Explainer
from deepcave_symbolic.explanation import Explanation, Unexplained
from deepcave_symbolic.question import Question
from deepcave_symbolic.runs.deepcave import from_deepcave, match_budget, with_combined_budget
from deepcave_symbolic.runs.run import Run
from deepcave_symbolic.runs.views import ALL_BUDGETS, scalarized_name, weights_in
from deepcave_symbolic.surrogates.cost import at_most

__all__ = ["TIME_LIMIT", "compute"]

#: Seconds after which a job gives up and says so; DeepCAVE itself sets no limit.
TIME_LIMIT = 120.0

#: DeepCAVE's number for "every configuration at its highest budget".
_COMBINED_BUDGET = -1

_ADVICE: dict[type[DeepcaveSymbolicError], str] = {
    NoTrialsError: "Choose another budget or run, or press Try again once more trials have finished.",
    SurrogateError: 'Choose "A random forest" as the surrogate.',
    MissingDependencyError: "Install what is named, restart the workers, or choose another engine.",
    UnknownNameError: "Choose one of the names that exist.",
    RunNotFoundError: "Check that the worker can read the run's folder under the same path.",
    RunFormatError: "Check the run's folder; the run may be incomplete or was written by another tool.",
    SearchFailedError: "Allow more functions or longer formulas, or choose another engine.",
}


def compute(run: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the stored record of a DeepCAVE run and the panel's cleaned inputs, as JSON values."""
    try:
        with time_limit(TIME_LIMIT), at_most(TIME_LIMIT):
            return _explained(run, Inputs.read(inputs)).to_dict()
    except TimeUp:
        return _failed("TimeUp", f"The computation was stopped after {TIME_LIMIT:g} seconds.", _FASTER)
    except DeepcaveSymbolicError as error:
        advice = next((text for kind, text in _ADVICE.items() if isinstance(error, kind)), "Change the inputs.")
        return _failed(type(error).__name__, str(error), advice)
    # Anything else would end in DeepCAVE's "The job failed. Check the logs".
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        return _failed(
            type(error).__name__,
            str(error) or "No message.",
            "This should not happen. Other inputs may work; the worker's log has the details for a bug report.",
        )


_FASTER = (
    "Choose the automatic engine, a shorter longest formula, fewer functions, one hyperparameter instead of all, or a "
    "random forest as the surrogate."
)


def _failed(type: str, message: str, advice: str) -> dict[str, Any]:
    return PanelRecord(error=PanelError(type, message, advice)).to_dict()


def _explained(run: Any, inputs: Inputs) -> PanelRecord:
    scalar = inputs.objective == SCALARIZED_COST
    objective = scalarized_name(run.get_objective_names()) if scalar else _objective(run, inputs)
    own = inputs.budget in (AUTOMATIC_BUDGET, EVERY_BUDGET)
    budget = None if own else run.get_budget(inputs.budget)
    record, combined = from_deepcave(run), budget == _COMBINED_BUDGET
    if combined:
        record = with_combined_budget(record)
    question = Question(
        objective=objective,
        weights=weights_in(inputs.weights) if scalar and inputs.weights.strip() else None,
        budget=ALL_BUDGETS if inputs.budget == EVERY_BUDGET else None if combined else match_budget(record, budget),
        source=inputs.source,
        surrogate=inputs.surrogate,
        engine=inputs.engine,
        max_complexity=inputs.max_complexity,
        functions=inputs.functions,
        seed=inputs.seed,
    )
    explainer = Explainer(record, question)
    notes: list[str] = []
    if inputs.weights.strip() and not scalar:
        notes.append("The weights of the objectives are used for the scalarised cost only.")
    if inputs.overview:
        names: list[str] = []
        if inputs.second is not None:
            notes.append("Hyperparameter 2 is not used in the overview of all hyperparameters.")
        explanations: Sequence[Explanation | Unexplained] = explainer.explain_all()
    else:
        first = inputs.first
        if first is None:
            first, note = _most_important(explainer, without=inputs.second)
            notes.append(note)
        names = [first] if inputs.second is None else [first, inputs.second]
        explanations = [explainer.explain(*names)]
    return PanelRecord(
        explanations=tuple(explanations),
        overview=inputs.overview,
        notes=tuple(notes),
        code=_code(run, names, question, record, combined=combined),
    )


def _objective(run: Any, inputs: Inputs) -> str:
    objective = run.get_objective(inputs.objective)
    if objective is None:
        raise UnknownNameError("objective", inputs.objective, run.get_objective_names())
    return str(objective.name)


def _most_important(explainer: Explainer, *, without: str | None) -> tuple[str, str]:
    """Returns the hyperparameter along which the surrogate's mean moves most, and a sentence that says so."""
    ranges = {name: moved for name, moved in explainer.ranges().items() if name != without}
    if not ranges:
        raise SearchFailedError("The run has no (other) hyperparameter that could be explained.")
    ranked = sorted(ranges, key=lambda name: -ranges[name])
    order = ", ".join(f"{name} {ranges[name]:.3g}" for name in ranked)
    chosen = f"{ranked[0]} was chosen, which moves {explainer.objective} most"
    return ranked[0], f"{chosen} (range of the surrogate's mean: {order})."


# --- the call that reproduces what is shown -----------------------------------------------------------------------


def _code(run: Any, names: list[str], question: Question, record: Run, *, combined: bool) -> str:
    function = "explain" if names else "explain_all"
    imports = [f"from deepcave_symbolic import {function}"]
    setup, expression = _run_in_code(run)
    if combined:
        step = "with_combined_budget"
        if setup:
            imports += [f"from deepcave_symbolic.runs.deepcave import from_deepcave, {step}"]
            expression = f"{step}(from_deepcave({expression}))"
        else:
            # A path: our own reader takes it.
            imports = [f"{imports[0]}, load_run", f"from deepcave_symbolic.runs.deepcave import {step}"]
            expression = f"{step}(load_run({expression}))"
    given = question.changed()
    if question.objective == record.objectives[0]:
        del given["objective"]
    parts = [expression, *map(repr, names), *(f"{k}={v!r}" for k, v in given.items())]
    imports += [line for line in setup if line.startswith("from ")]
    body = [line for line in setup if not line.startswith("from ")]
    result = "explanation" if names else "explanations"
    return "\n".join([*imports, "", *body, f"{result} = {function}(", *(f"    {part}," for part in parts), ")"])


def _run_in_code(run: Any) -> tuple[list[str], str]:
    """Returns lines that read the run through DeepCAVE, and the expression of the run; no lines for a SMAC folder."""
    if getattr(run, "prefix", None) == "SMAC3v2" and run.path is not None:
        return [], repr(str(run.path))
    if hasattr(run, "run_paths"):
        kinds = sorted({(type(r).__module__, type(r).__name__) for r in run.runs})
        members = ", ".join(f"{type(r).__name__}.from_path({str(r.path)!r})" for r in run.runs)
        lines = [f"from {module} import {name}" for module, name in kinds]
        return ["from deepcave.runs.group import Group", *lines, f"run = Group({run.name!r}, [{members}])"], "run"
    kind = type(run)
    return [
        f"from {kind.__module__} import {kind.__name__}",
        f"run = {kind.__name__}.from_path({str(run.path)!r})",
    ], "run"
