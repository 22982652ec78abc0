"""The panel's inputs: their choices, their defaults, and how they are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deepcave_symbolic.dashboard.panel.choices import (
    ALL,
    AUTOMATIC,
    AUTOMATIC_BUDGET,
    NONE,
    SCALARIZED_COST,
    choices,
    name_of,
    options_of,
)
from deepcave_symbolic.dashboard.panel.stored_result import record_version
from deepcave_symbolic.engines import engine_choices
from deepcave_symbolic.engines.protocol import DEFAULT_FUNCTIONS, KNOWN_FUNCTIONS
from deepcave_symbolic.findings.monotone import TRENDS, Trend
from deepcave_symbolic.question import DEFAULT_MAX_COMPLEXITY, SOURCES, STATISTICS, SURROGATES, Question
from deepcave_symbolic.space.region import ALL as ALL_OF_SPACE
from deepcave_symbolic.space.region import region_of_texts
from deepcave_symbolic.words.names import shown_name

__all__ = [
    "ADVICE",
    "Inputs",
    "defaults",
    "form_example",
    "fresh_inputs",
    "inputs_of",
    "inputs_with",
    "static_options",
    "whole_number",
]

_SURROGATE_LABELS = {
    "run": "The run's own",
    "forest": "A random forest",
    "consensus": "A consensus of a Gaussian process and trees",
    "best": "Whichever predicts unseen trials better",
}
_STATISTIC_LABELS = {"mean": "Averaged", "best": "Set optimally", "incumbent": "As in the incumbent"}
#: Whether it is asked what to try next; no first.
ADVICE, _ADVICE_LABELS = ("no", "yes"), ["Not asked", "Show it below the figures"]
_SOURCE_LABELS = {"surrogate": "The surrogate model", "trials": "The evaluated trials only"}
#: How a formula may move with a hyperparameter; no constraint first.
_ANY_TREND = "any"
_TREND_LABELS = {_ANY_TREND: "Either", "falling": "Falling only", "rising": "Rising only"}
_FUNCTION_LABELS = {"square": "x²", "pow": "xᵖ", "sqrt": "√x", "log": "ln, log10", "abs": "|x|"}


@dataclass(frozen=True)
class Inputs:
    """What the user asked for.

    Args:
        objective: Number or name of the objective among DeepCAVE's, or `SCALARIZED_COST`.
        weights: Text with the weights of the scalarized cost, such as "1, 2"; empty for the run's own.
        budget: Number of the budget among DeepCAVE's, `AUTOMATIC_BUDGET` or `EVERY_BUDGET`.
        overview: Whether all hyperparameters are asked for; `first` is None then.
        first: A hyperparameter, or None for the most important one.
        second: A second hyperparameter, or None.
        trends: How formulas must move with the first and the second one; None for either way.
        advice: Whether it is asked what to try next.
        question: The rest of what is asked, which needs no run to be understood.
    """

    objective: int | str
    weights: str
    budget: int
    overview: bool
    first: str | None
    second: str | None
    trends: tuple[Trend | None, Trend | None]
    advice: bool
    question: Question

    @classmethod
    def read(cls, inputs: Mapping[str, Any]) -> Inputs:
        """Reads DeepCAVE's cleaned inputs; what is missing or empty has its default."""
        given = {key: value for key, value in inputs.items() if value not in (None, "")}
        values = {**defaults(), **given}
        functions = tuple(f for f in KNOWN_FUNCTIONS if f in values["functions"])
        first = values["hyperparameter_name_1"]
        objective = values["objective_id"]
        return cls(
            objective=objective
            if isinstance(objective, str) and not objective.lstrip("-").isdigit()
            else int(objective),
            weights=str(values["weights"]),
            budget=int(values["budget_id"]),
            overview=first == ALL,
            first=name_of(first),
            second=name_of(values["hyperparameter_name_2"]),
            trends=(_trend_of(values["trend_1"]), _trend_of(values["trend_2"])),
            advice=values["advice"] == ADVICE[1],
            question=Question(
                surrogate=values["surrogate"],
                region=region_of_texts(str(values["region"]).split(";")),
                statistic=values["statistic"],
                source=values["source"],
                max_complexity=int(values["max_complexity"]),
                # The readable functions are the default, for which gplearn has the paper's own.
                functions=None if set(functions) == set(DEFAULT_FUNCTIONS) else functions,
                engine=values["engine"],
                seed=int(values["seed"]),
            ),
        )


def _trend_of(choice: Any) -> Trend | None:
    return next((trend for trend in TRENDS if trend == choice), None)


def defaults() -> dict[str, Any]:
    """Returns the value of every input and filter that a fresh panel has, as `process` and `load_outputs` read them."""
    return {
        "objective_id": 0,
        "budget_id": AUTOMATIC_BUDGET,
        "weights": "",
        "weights_hidden": True,
        "hyperparameter_name_1": AUTOMATIC,
        "hyperparameter_name_2": NONE,
        "region": ALL_OF_SPACE,
        "statistic": STATISTICS[0],
        "advice": ADVICE[0],
        "surrogate": SURROGATES[0],
        "source": SOURCES[0],
        "max_complexity": DEFAULT_MAX_COMPLEXITY,
        "functions": list(DEFAULT_FUNCTIONS),
        "trend_1": _ANY_TREND,
        "trend_2": _ANY_TREND,
        "engine": "auto",
        "seed": 0,
        "attempt": 0,
        "version": record_version(),
        "pick": "best",
        "longest": 10,
        "form": "",
    }


def static_options() -> dict[str, list[dict[str, Any]]]:
    """Returns the choices that are the same for every run, by input."""
    engines = engine_choices()
    trends = choices(_TREND_LABELS.values(), _TREND_LABELS)
    return {
        "surrogate": choices([_SURROGATE_LABELS[k] for k in SURROGATES], SURROGATES),
        "statistic": choices([_STATISTIC_LABELS[s] for s in STATISTICS], STATISTICS),
        "advice": choices(_ADVICE_LABELS, ADVICE),
        "source": choices([_SOURCE_LABELS[s] for s in SOURCES], SOURCES),
        "engine": choices(list(engines.values()), list(engines)),
        "trend_1": trends,
        "trend_2": trends,
        "functions": choices([_FUNCTION_LABELS.get(f, f) for f in KNOWN_FUNCTIONS], KNOWN_FUNCTIONS),
    }


def fresh_inputs() -> dict[str, dict[str, Any]]:
    """Returns the inputs and filters of a page on which no run is chosen yet, as properties of their components."""
    values = {key: {"value": value} for key, value in defaults().items() if key != "attempt"}
    values["weights_hidden"] = {"hidden": True}
    for key, options in static_options().items():
        values[key]["options"] = options
    values["form"]["placeholder"] = form_example(None)
    for key in ("objective_id", "budget_id", "hyperparameter_name_1", "hyperparameter_name_2"):
        values[key] = {"value": None, "options": []}
    return values


def inputs_of(run: Any, inputs: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Returns the inputs that depend on the run, as properties; nothing here reads trials or trains anything.

    Args:
        run: The run.
        inputs: The page's inputs; what the run has not is dropped from them.
    """
    return inputs_with(options_of(run), inputs)


def inputs_with(
    offered: Mapping[str, list[dict[str, Any]]], inputs: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Returns the inputs that depend on the run, as `inputs_of` does.

    Args:
        offered: What `options_of` returned of the run.
        inputs: The page's inputs.
    """
    values = defaults()
    result: dict[str, dict[str, Any]] = {}
    for key, options in offered.items():
        chosen = inputs[key]["value"]
        known = {str(option["value"]) for option in options}
        result[key] = {"options": options, "value": chosen if str(chosen) in known else values[key]}
    several = any(option["value"] == SCALARIZED_COST for option in offered["objective_id"])
    result["weights_hidden"] = {"hidden": not several}
    if not several:
        result["weights"] = {"value": values["weights"]}
    selected = inputs["functions"]["value"]
    if selected is not None:
        # In one order, so that the same selection has the same stored result.
        result["functions"] = {"value": [f for f in KNOWN_FUNCTIONS if f in selected]}
    result["form"] = {"placeholder": form_example(result["hyperparameter_name_1"]["value"])}
    result["version"] = {"value": record_version()}
    return result


def form_example(choice: Any) -> str:
    """Returns what a formula of the user's own may look like, for a choice of the first hyperparameter."""
    name = name_of(choice) if choice else None
    return f"a + b*log10({'hyperparameter' if name is None else shown_name(name)}/c)**2"


def whole_number(value: Any) -> int | None:
    """Returns the number in a field, None while it is empty or no number."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
