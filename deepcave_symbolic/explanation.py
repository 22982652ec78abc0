"""The record of an explanation: everything that is shown about one or two hyperparameters of a run.

A record is computed once (`explainer.py`), frozen, and goes to JSON and back; the panel, the report, the command line
and a notebook only draw from it.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.exceptions import FormulaError, SearchFailedError
from deepcave_symbolic.formula import Formula
from deepcave_symbolic.projection import Projection
from deepcave_symbolic.selection import recommend
from deepcave_symbolic.surrogates.base import SurrogateRecord

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go
    from ConfigSpace import ConfigurationSpace

__all__ = ["SCHEMA_VERSION", "Explanation"]

#: Version of the dictionary; a stored record of another version is refused, not misread.
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Explanation:
    """Formulas of one or two hyperparameters with the numbers that say how far to trust them.

    Args:
        hyperparameters: Names of the explained hyperparameters.
        objective: Name of the objective; `provenance["direction"]` says whether less or more of it is better.
        budget: Budget whose trials were used; None without budgets.
        formulas: The Pareto front of accuracy against complexity, simplest (a constant) first; empty where nothing
            could be explained.
        surrogate: Which model spoke and how well it predicts the run's trials; None where nothing could be explained.
        projection: What the formulas describe; None likewise.
        conditions: When the explained hyperparameters are active, in words; empty if always.
        warnings: Sentences for the user.
        verdict: "trust", "caution" or "do not trust".
        provenance: How the record came about: run, versions, arguments.
    """

    hyperparameters: tuple[str, ...]
    objective: str
    budget: float | None
    formulas: list[Formula]
    surrogate: SurrogateRecord | None
    projection: Projection | None
    conditions: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    verdict: str = "do not trust"
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def best(self) -> Formula:
        """The recommended formula: the shortest that is nearly as accurate as the best (see `selection.recommend`).

        Raises:
            SearchFailedError: If there is none; the message says why.
        """
        if not self.formulas:
            reason = " ".join(self.warnings) or "The record holds no formula."
            raise SearchFailedError(f"No formula of {' and '.join(map(repr, self.hyperparameters))}: {reason}")
        return self.formulas[recommend(self.formulas)]

    @property
    def range(self) -> float:
        """How much of the objective the hyperparameters move: the projection's largest minus smallest mean."""
        return 0.0 if self.projection is None else self.projection.range

    def plot(self, formula: Formula | None = None) -> go.Figure:
        """Returns a plotly figure of surrogate, formula and trials.

        Args:
            formula: A formula of the front; the recommended one by default.
        """
        from deepcave_symbolic.visualization import plot_explanation

        return plot_explanation(self, formula)

    def to_frame(self) -> pd.DataFrame:
        """Returns a row a formula: formula, complexity, r2, rmse, trials_r2, engine, recommended, latex, python."""
        import pandas as pd

        best = self.best if self.formulas else None
        rows = [
            {
                "formula": str(f),
                "complexity": f.complexity,
                "r2": f.r2,
                "rmse": f.rmse,
                "trials_r2": f.trials_r2,
                "engine": f.engine,
                "recommended": f is best,
                "latex": f.latex(),
                "python": f.python(),
            }
            for f in self.formulas
        ]
        columns = ["formula", "complexity", "r2", "rmse", "trials_r2", "engine", "recommended", "latex", "python"]
        return pd.DataFrame(rows, columns=columns)

    def to_dict(self) -> dict[str, Any]:
        """Returns the record as JSON values, without NaN or infinity."""
        space = self.formulas[0].forbidden_space if self.formulas else None
        return {
            "schema": SCHEMA_VERSION,
            "hyperparameters": list(self.hyperparameters),
            "objective": self.objective,
            "budget": self.budget,
            "formulas": [f.to_dict() for f in self.formulas],
            "best": recommend(self.formulas) if self.formulas else None,
            "surrogate": None if self.surrogate is None else self.surrogate.to_dict(),
            "projection": None if self.projection is None else self.projection.to_dict(),
            "conditions": list(self.conditions),
            "warnings": list(self.warnings),
            "verdict": self.verdict,
            "provenance": dict(self.provenance),
            # predict() warns in forbidden regions, also after a round trip.
            "forbidden_space": None if space is None else space.to_serialized_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Explanation:
        """Reads what `to_dict` wrote.

        Raises:
            FormulaError: If the data is not an explanation of this schema version.
        """
        if not isinstance(data, Mapping) or data.get("schema") != SCHEMA_VERSION:
            found = data.get("schema") if isinstance(data, Mapping) else type(data).__name__
            raise FormulaError(f"Not an explanation of schema {SCHEMA_VERSION} (found {found!r}); compute it again.")
        try:
            formulas = [Formula.from_dict(f) for f in data["formulas"]]
            if data.get("forbidden_space") is not None:
                space = _read_space(data["forbidden_space"])
                formulas = [f.within(space) for f in formulas]
            surrogate, projection = data["surrogate"], data["projection"]
            return cls(
                hyperparameters=tuple(data["hyperparameters"]),
                objective=data["objective"],
                budget=data["budget"],
                formulas=formulas,
                surrogate=None if surrogate is None else SurrogateRecord.from_dict(surrogate),
                projection=None if projection is None else Projection.from_dict(projection),
                conditions=list(data["conditions"]),
                warnings=list(data["warnings"]),
                verdict=data["verdict"],
                provenance=dict(data["provenance"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise FormulaError(f"Not the dictionary of an explanation: {type(error).__name__}: {error}") from error

    def __str__(self) -> str:
        """Returns the explanation as text for a terminal."""
        from deepcave_symbolic.report import explanation_text

        return explanation_text(self)

    def _repr_latex_(self) -> str | None:
        return self.best._repr_latex_() if self.formulas else None

    def _repr_html_(self) -> str:
        from deepcave_symbolic.report import explanation_facts

        head = self.best._repr_html_() if self.formulas else ""
        left = "style='text-align:left'"
        rows = "".join(
            f"<tr><th {left}>{html.escape(k)}</th><td {left}>{html.escape(v)}</td></tr>"
            for k, v in explanation_facts(self)
        )
        notes = "".join(f"<li>{html.escape(w)}</li>" for w in self.warnings)
        return f"<div>{head}<table>{rows}</table>{f'<ul>{notes}</ul>' if notes else ''}</div>"


def _read_space(data: dict[str, Any]) -> ConfigurationSpace:
    from ConfigSpace import ConfigurationSpace

    return ConfigurationSpace.from_serialized_dict(data)
