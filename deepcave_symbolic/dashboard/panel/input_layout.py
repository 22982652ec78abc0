"""The panel's input block, with help in plain words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dash_bootstrap_components as dbc
from dash import html

from deepcave_symbolic.dashboard.panel.fields import field
from deepcave_symbolic.dashboard.panel.inputs import whole_number

__all__ = ["input_layout"]

_TREND_HELP = (
    "What you know of it, such as that more epochs do not hurt: only formulas are offered that are proven never to "
    "move the other way. With numbers and ranks, not with choices."
)


def input_layout(register: Callable[..., str]) -> list[Any]:
    """Returns the input block. No component has a value here: DeepCAVE knows a fresh page by that."""

    def select(id: str, **kwargs: Any) -> Any:
        return dbc.Select(id=register(id, ["value", "options"], **kwargs), placeholder="Select ...")

    return [
        _row(
            field("Objective", "What the formula computes.", select("objective_id", type=int)),
            field(
                "Budget",
                "The multi-fidelity budget whose trials are used. Combined uses every configuration's trials at its "
                "highest budget, All explains the budget itself; both with a consensus of models.",
                select("budget_id", type=int),
            ),
        ),
        _row(
            field(
                "Hyperparameter 1",
                "The formula describes the objective as a function of this hyperparameter; what becomes of the others "
                "is chosen below. Automatic takes the one that moves the objective most; All gives an overview.",
                select("hyperparameter_name_1"),
            ),
            field(
                "Hyperparameter 2 (optional)",
                "With a second hyperparameter the formula describes how both act together.",
                select("hyperparameter_name_2"),
            ),
        ),
        _row(
            field(
                "Region",
                "all: the whole space. best 10% (or another share): what matters near the optimum, since all worse "
                "predictions count as the worst of those. lr=1e-4..1e-2; kernel=rbf,poly: parts of domains.",
                dbc.Input(id=register("region", "value"), type="text", debounce=True),
            ),
            field(
                "Other hyperparameters",
                "What becomes of the hyperparameters that are not explained: averaged over the region, set as well as "
                "they can be set at every point, or left as they are in the run's best configuration.",
                select("statistic"),
            ),
        ),
        _row(
            field(
                "What to try next",
                "Ten configurations whose evaluation would teach most about the hyperparameters above, each with the "
                "reason; in the overview of all hyperparameters, a configuration space for the next run. Takes a few "
                "seconds more.",
                select("advice"),
            )
        ),
        html.Details(
            [
                html.Summary("More options"),
                _row(
                    field(
                        "Surrogate",
                        "The model of the objective that the formula describes. SMAC runs have their own, which is "
                        "rebuilt from the run folder; for optimizers that keep none, a consensus of a Gaussian process "
                        "and trees stands in for it.",
                        select("surrogate"),
                    ),
                    field(
                        "Source",
                        "Fit the formula to the surrogate (recommended), or to the evaluated trials themselves, which "
                        "crowd around good configurations and so give a biased picture.",
                        select("source"),
                    ),
                ),
                _row(
                    field(
                        "Longest formula",
                        "The largest number of nodes (numbers, hyperparameters, operators, functions) that formulas "
                        "may have. Above 25, Operon searches too, where it is installed.",
                        dbc.Input(
                            id=register("max_complexity", "value", type=whole_number), type="number", min=1, step=1
                        ),
                    ),
                    field(
                        "Search engine",
                        "How formulas are searched. Automatic suits nearly always; gplearn takes much longer.",
                        select("engine"),
                    ),
                ),
                html.Div(
                    _row(
                        field(
                            "Weights of the objectives",
                            "For the scalarized cost of several objectives: one number per objective, with commas "
                            "between them. Empty for the run's own weights, or equal ones where it keeps none.",
                            dbc.Input(id=register("weights", "value"), type="text", placeholder="the run's own"),
                        )
                    ),
                    id=register("weights_hidden", "hidden"),
                ),
                _row(
                    field("Falls or rises with hyperparameter 1", _TREND_HELP, select("trend_1")),
                    field("Falls or rises with hyperparameter 2", _TREND_HELP, select("trend_2")),
                ),
                _row(
                    field(
                        "Readable functions",
                        "What formulas may contain beside +, −, · and /, and log10 of what has a log scale. The "
                        "readable ones are selected.",
                        dbc.Checklist(id=register("functions", ["value", "options"]), inline=True),
                    ),
                    field(
                        "Seed",
                        "The same seed gives the same formula. The run's own surrogate and the exhaustive engine do "
                        "not depend on it.",
                        dbc.Input(id=register("seed", "value", type=whole_number), type="number", min=0, step=1),
                    ),
                ),
            ]
        ),
        # Part of the key of a stored result, so that another version's results are never read; not for the user.
        dbc.Input(id=register("version", "value"), type="hidden"),
    ]


def _row(*fields: Any) -> Any:
    return dbc.Row([dbc.Col(field, md=6) for field in fields], className="mb-3 mt-2")
