"""The panel's job: reads the inputs, explains the run and returns what is stored. It never raises."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from deepcave_symbolic.dashboard.panel.choices import AUTOMATIC_BUDGET, EVERY_BUDGET, SCALARIZED_COST
from deepcave_symbolic.dashboard.panel.inputs import Inputs
from deepcave_symbolic.dashboard.panel.recorded_run import RecordedRun
from deepcave_symbolic.dashboard.panel.stored_result import PanelError, PanelRecord
from deepcave_symbolic.dashboard.panel.time_limit import TimeUp, time_limit
from deepcave_symbolic.exceptions import (
    DeepcaveSymbolicError,
    HyperparameterNotExplainableError,
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
from deepcave_symbolic.findings.monotone import Trend
from deepcave_symbolic.question import Question
from deepcave_symbolic.runs.deepcave import COMBINED_BUDGET, from_deepcave, with_combined_budget
from deepcave_symbolic.runs.run import Run
from deepcave_symbolic.runs.trial_selection import budgets_of
from deepcave_symbolic.runs.views import ALL_BUDGETS, budget_name, scalarized_name, weights_in
from deepcave_symbolic.space.serialized import space_dict
from deepcave_symbolic.surrogates.cost import at_most
from deepcave_symbolic.whole_run import ExplainedRun, RunPlaces, places_of
from deepcave_symbolic.words.numbers import rounded_text

__all__ = ["TIME_LIMIT", "Asked", "code_of", "compute", "run_places", "stored", "with_asked"]

#: Seconds after which a job gives up and says so; DeepCAVE itself sets no limit.
TIME_LIMIT = 120.0

_ADVICE: dict[type[DeepcaveSymbolicError], str] = {
    NoTrialsError: "Choose another budget or run, or press Try again once more trials have finished.",
    SurrogateError: 'Choose "A random forest" as the surrogate.',
    MissingDependencyError: "Install what is named, restart the workers, or choose another engine.",
    UnknownNameError: "Write or choose one of the names that are listed above, and press Process.",
    RunNotFoundError: "Check that the worker can read the run's folder under the same path.",
    RunFormatError: "Check the run's folder; the run may be incomplete or was written by another tool.",
    HyperparameterNotExplainableError: "Choose another hyperparameter, or one of the two alone.",
    SearchFailedError: "Allow more functions or longer formulas, or choose another engine.",
}

_CORRECT = "Write or choose what is expected above instead of what was found, and press Process."


def compute(run: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the stored record as JSON values.

    Args:
        run: A run of DeepCAVE's, or a `RecordedRun`.
        inputs: The panel's cleaned inputs.
    """
    return stored(lambda: with_asked(_explained(run, Inputs.read(inputs)), run, inputs))


def stored(answer: Callable[[], PanelRecord], advice: str = _CORRECT) -> dict[str, Any]:
    """Returns a record as JSON values, or one that says why there is none; it never raises.

    Args:
        answer: Makes the record.
        advice: What to do after an error for which nothing more certain is known.
    """
    try:
        with time_limit(TIME_LIMIT), at_most(TIME_LIMIT):
            return answer().to_dict()
    except TimeUp:
        return _failed("TimeUp", f"The computation was stopped after {TIME_LIMIT:g} seconds.", _FASTER)
    except DeepcaveSymbolicError as error:
        advice = next((text for kind, text in _ADVICE.items() if isinstance(error, kind)), advice)
        return _failed(type(error).__name__, str(error), advice)
    # Anything else would end in DeepCAVE's "The job failed. Check the logs".
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        return _failed(
            type(error).__name__,
            f"{type(error).__name__}: {str(error) or 'no message'}",
            "This should not happen. Other inputs may work; the worker's log has the details for a bug report.",
        )


_FASTER = (
    "Choose the automatic engine, a shorter longest formula, fewer functions, one hyperparameter instead of all, or a "
    "random forest as the surrogate."
)


def _failed(type: str, message: str, advice: str) -> dict[str, Any]:
    return PanelRecord((), error=PanelError(type, message, advice)).to_dict()


@dataclass(frozen=True)
class Asked:
    """What the inputs ask of a run.

    Args:
        record: The run, as it is asked.
        question: The question.
        notes: Sentences about how the inputs were understood.
        combined: Whether the budgets of every configuration were combined into its highest.
    """

    record: Run
    question: Question
    notes: tuple[str, ...]
    combined: bool

    @classmethod
    def of(cls, run: Any, inputs: Inputs) -> Asked:
        """Reads the run.

        Args:
            run: As in `compute`.
            inputs: The inputs.

        Raises:
            DeepcaveSymbolicError: If the run cannot be read, or has not what is chosen.
        """
        record = run.record if isinstance(run, RecordedRun) else from_deepcave(run)
        notes: list[str] = []
        every = inputs.budget == EVERY_BUDGET
        if not every and budgets_of(record) and budget_name(record.configspace) in (inputs.first, inputs.second):
            every = True
            notes.append("All budgets are used, whatever is chosen as Budget: the budget itself is explained.")
        budget = None if every or inputs.budget == AUTOMATIC_BUDGET else run.get_budget(inputs.budget)
        combined = budget == COMBINED_BUDGET
        if combined:
            record, budget = with_combined_budget(record), None
        weights = weights_in(inputs.weights) if inputs.weights.strip() else None
        if inputs.objective == SCALARIZED_COST:
            objective = scalarized_name(run.get_objective_names())
        else:
            objective = _objective(run, inputs)
            if weights is not None:
                notes.append("The weights of the objectives are used for the scalarized cost only.")
                weights = None
        question = replace(
            inputs.question,
            objective=None if objective == record.objectives[0] else objective,
            budget=ALL_BUDGETS if every else budget if budgets_of(record) else None,
            weights=weights,
        )
        return cls(record, question, tuple(notes), combined)


def _trends(inputs: Inputs) -> tuple[dict[str, Trend], list[str]]:
    """Returns how formulas must move, by the hyperparameters that are named, and what is not used of the inputs."""
    if inputs.overview:
        unused = "Falls or rises is not used in the overview: choose one or two hyperparameters."
        return {}, [unused] if any(inputs.trends) else []
    alone = inputs.trends[1] is not None and inputs.second is None
    unused = "Falls or rises with hyperparameter 2 is not used: there is no second one."
    given = zip((inputs.first, inputs.second), inputs.trends, strict=True)
    trends = {name: trend for name, trend in given if name is not None and trend is not None}
    return trends, [unused] if alone else []


def _explained(run: Any, inputs: Inputs) -> PanelRecord:
    asked = Asked.of(run, inputs)
    trends, unused = _trends(inputs)
    asked = replace(asked, question=replace(asked.question, monotone=trends or None))
    explainer, notes = Explainer(asked.record, asked.question), [*asked.notes, *unused]
    names: list[str] = []
    whole_run = None
    if inputs.overview:
        explanations: Sequence[Explanation | Unexplained] = explainer.explain_all()
        whole_run = explainer.explain_run_if_asked()
        if inputs.second is not None:
            notes.append("Hyperparameter 2 is not used in the overview of all hyperparameters.")
    elif inputs.first is None:
        explanation, note = _most_important(explainer, inputs.second, inputs.trends[0])
        explanations, names, notes = [explanation], list(explanation.hyperparameters), [*notes, note]
        asked = replace(asked, question=replace(asked.question, monotone=explanation.monotone or None))
    else:
        names = [inputs.first, *([] if inputs.second is None else [inputs.second])]
        explanations = [explainer.explain(*names)]
    space = explainer.suggest_space() if inputs.advice and not names else None
    return PanelRecord(
        explanations=tuple(explanations),
        overview=inputs.overview,
        whole_run=whole_run,
        notes=tuple(notes),
        code=code_of(run, *(_ONE if names else _EACH), names, asked),
        next_trials=explainer.next_trials(*names) if inputs.advice and names else None,
        space=space,
        configspace="" if space is None else json.dumps(space_dict(space.configspace()), indent=1),
        places=None if whole_run is None else run_places(explainer, whole_run),
    )


def run_places(explainer: Explainer, whole_run: ExplainedRun) -> RunPlaces | None:
    """Returns what there is to choose for the formula of a run; None without an incumbent to start from, or parts."""
    if whole_run.incumbent is None or not whole_run.parts:
        return None
    return places_of(whole_run, explainer.subject.configspace)


def with_asked(record: PanelRecord, run: Any, inputs: Mapping[str, Any]) -> PanelRecord:
    """Returns a record with what its sliders ask of whom, where it has some.

    Args:
        record: The record.
        run: As in `compute`.
        inputs: The panel's cleaned inputs.
    """
    if record.places is None:
        return record
    place = run.path if isinstance(run, RecordedRun) else run.id
    return replace(record, asked={"run": str(place), "inputs": dict(inputs)})


def _objective(run: Any, inputs: Inputs) -> str:
    objective = run.get_objective(inputs.objective)
    if objective is None:
        raise UnknownNameError("objective", inputs.objective, run.get_objective_names())
    return str(objective.name)


def _most_important(explainer: Explainer, second: str | None, trend: Trend | None) -> tuple[Explanation, str]:
    """Explains the hyperparameter along which the surrogate moves most, and returns a sentence that says so.

    With a second one it is the first in this order that can be active together with it.

    Args:
        explainer: Asked with what must hold for the second one.
        second: A second hyperparameter, or None.
        trend: How formulas must move with the one that is chosen; None for either way.
    """
    monotone = explainer.question.monotone or {}
    ranges = {name: moved for name, moved in explainer.ranges().items() if name != second}
    order = ", ".join(f"{name} {rounded_text(moved)}" for name, moved in ranges.items())
    for first in ranges:
        try:
            asked = explainer if trend is None else explainer.constrained({**monotone, first: trend})
            explanation = asked.explain(*([first] if second is None else [first, second]))
        except HyperparameterNotExplainableError:
            continue
        best = "" if second is None else f" of those that can be set together with {second}"
        chosen = f"{first} was chosen, which moves {explainer.objective} most{best}"
        return explanation, f"{chosen} (range of the surrogate's {explanation.view.curve}: {order})."
    beside = "" if second is None else f" together with {second}"
    raise HyperparameterNotExplainableError(
        f"The run has no hyperparameter that could be explained{beside}.", hyperparameter=second or ""
    )


#: The functions that make what is shown, and what they return.
_ONE, _EACH = ("explain", "explanation"), ("explain_all", "explanations")


def code_of(run: Any, function: str, result: str, names: Sequence[str], asked: Asked, **more: Any) -> str:
    """Returns the call that reproduces what is shown.

    Args:
        run: As in `compute`.
        function: Name of the function.
        result: What its result is called.
        names: The hyperparameters that it takes.
        asked: What is asked.
        **more: Further arguments; None is not written.
    """
    imports = [f"from deepcave_symbolic import {function}"]
    ours = isinstance(run, RecordedRun) or getattr(run, "prefix", None) == "SMAC3v2"
    if ours and run.path is not None:
        expression = repr(str(run.path))
    else:
        # Through DeepCAVE's readers; a group has several runs.
        members = getattr(run, "runs", [run])
        imports += sorted({f"from {type(r).__module__} import {type(r).__name__}" for r in members})
        expression = ", ".join(f"{type(r).__name__}.from_path({str(r.path)!r})" for r in members)
        if hasattr(run, "runs"):
            imports.append("from deepcave.runs.group import Group")
            expression = f"Group({run.name!r}, [{expression}])"
    if asked.combined:
        imports[0] += ", load_run"
        imports.append("from deepcave_symbolic.runs.deepcave import with_combined_budget")
        expression = f"with_combined_budget(load_run({expression}))"
    given = {**asked.question.changed(), **{name: value for name, value in more.items() if value is not None}}
    arguments = [expression, *map(repr, names), *(f"{name}={value!r}" for name, value in given.items())]
    return "\n".join([*imports, "", f"{result} = {function}(", *(f"    {argument}," for argument in arguments), ")"])
