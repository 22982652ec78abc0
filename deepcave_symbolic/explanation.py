"""The record of an explanation: everything that is shown about one or two hyperparameters of a run.

A record is computed once (`explainer.py`), frozen, and goes to JSON and back; the panel, the report, the command line
and a notebook only draw from it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.exceptions import FormulaError, SearchFailedError
from deepcave_symbolic.findings.behaviour import in_words
from deepcave_symbolic.findings.interaction import Interaction, interaction_of
from deepcave_symbolic.findings.optimum import Optimum, compare_with_incumbent, interpolators
from deepcave_symbolic.findings.trust import Trust, judge
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.formulas.front import recommend
from deepcave_symbolic.projection import Projection
from deepcave_symbolic.surrogates.base import SurrogateRecord
from deepcave_symbolic.words.names import visible

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go
    from ConfigSpace import ConfigurationSpace

__all__ = ["SCHEMA_VERSION", "Explanation", "space_dict"]

#: Version of the dictionary; a stored record of another version is refused, not misread.
SCHEMA_VERSION = 3


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
        verdict: "trust", "with care" or "do not trust", on the recommended formula; see `trust`.
        others: Formulas as long as one of the front that the data cannot tell from it; see `alternatives`.
        noise: The difference between two formulas that the run's trials cannot see, as an RMSE in objective units; see
            `trust.noise_of`.
        provenance: How the record came about: run, versions, arguments.
        groups: With a categorical and another hyperparameter, the explanation of the other one for every choice, by the
            choice as text; empty otherwise.
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
    others: list[Formula] = field(default_factory=list)
    noise: float = 0.0
    provenance: dict[str, Any] = field(default_factory=dict)
    groups: dict[str, Explanation] = field(default_factory=dict)

    @property
    def best(self) -> Formula:
        """The recommended formula: the shortest that is nearly as accurate as the best (see `selection.recommend`).

        Raises:
            SearchFailedError: If there is none; the message says why.
        """
        if not self.formulas:
            reason = " ".join(self.warnings) or "The record holds no formula."
            raise SearchFailedError(f"No formula of {' and '.join(map(repr, self.hyperparameters))}: {reason}")
        return self.formulas[recommend(self.formulas, self.noise)]

    @property
    def range(self) -> float:
        """How much of the objective the hyperparameters move: the projection's largest minus smallest mean."""
        return 0.0 if self.projection is None else self.projection.range

    def alternatives(self, formula: Formula | None = None) -> list[Formula]:
        """Returns other formulas of the same length whose error is within the noise of the best, the best first.

        An empty list says that the data settle the form; see `trust.noise_of`.

        Args:
            formula: A formula of the front; the recommended one by default.
        """
        length = (formula or self.best).complexity
        return [other for other in self.others if other.complexity == length]

    def trust(self, formula: Formula | None = None) -> Trust:
        """Returns the numbers that say how far to trust a formula, with a verdict.

        Args:
            formula: A formula of the front; the recommended one by default.

        Raises:
            SearchFailedError: If nothing could be explained.
        """
        formula = formula or self.best
        surrogate, projection = self._explained()
        return judge(surrogate, projection, formula, self.noise)

    def interaction(self, formula: Formula | None = None) -> Interaction | None:
        """Returns how much of a 2-D projection an additive formula explains; None for one hyperparameter.

        Args:
            formula: A formula of the front; the recommended one by default.

        Raises:
            SearchFailedError: If nothing could be explained.
        """
        formula = formula or self.best
        return interaction_of(formula, self._explained()[1])

    def behaviour(self, formula: Formula | None = None) -> list[str]:
        """Returns in words how a formula moves: "cost falls until n_units ≈ 120, then is flat.", for instance.

        Args:
            formula: A formula of the front; the recommended one by default.
        """
        return in_words(formula or self.best)

    def optimum(self, formula: Formula | None = None) -> Optimum:
        """Returns the formula's optimum in its domain beside the run's incumbent.

        Args:
            formula: A formula of the front; the recommended one by default.

        Raises:
            SearchFailedError: If nothing could be explained.
        """
        formula = formula or self.best
        projection = self._explained()[1]
        mean_at, std_at = interpolators(projection)
        incumbent = projection.incumbent
        return compare_with_incumbent(
            formula,
            maximize=self.provenance.get("direction") == "maximize",
            incumbent=None if incumbent is None else incumbent.values,
            incumbent_cost=None if incumbent is None else incumbent.cost,
            mean_at=mean_at,
            std_at=std_at,
        )

    def _explained(self) -> tuple[SurrogateRecord, Projection]:
        if self.surrogate is None or self.projection is None:
            raise SearchFailedError(f"Nothing is known of {' and '.join(map(repr, self.hyperparameters))}.")
        return self.surrogate, self.projection

    def plot(self, formula: Formula | None = None) -> go.Figure:
        """Returns a plotly figure of surrogate, formula and trials.

        Args:
            formula: A formula of the front; the recommended one by default.
        """
        from deepcave_symbolic.show.figures.explanation import plot_explanation

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
            "best": recommend(self.formulas, self.noise) if self.formulas else None,
            "surrogate": None if self.surrogate is None else self.surrogate.to_dict(),
            "projection": None if self.projection is None else self.projection.to_dict(),
            "conditions": list(self.conditions),
            "warnings": list(self.warnings),
            "verdict": self.verdict,
            "noise": self.noise,
            "others": [f.to_dict() for f in self.others],
            **self._derived(),
            "provenance": dict(self.provenance),
            "groups": {choice: group.to_dict() for choice, group in self.groups.items()},
            # predict() warns in forbidden regions, also after a round trip.
            "forbidden_space": None if space is None else space_dict(space),
        }

    def _derived(self) -> dict[str, Any]:
        """What follows from the rest, for readers in other languages; `from_dict` computes it anew."""
        if not self.formulas or self.projection is None or self.surrogate is None:
            return {"trust": None, "interaction": None, "behaviour": [], "optimum": None}
        interaction = self.interaction()
        return {
            "trust": self.trust().to_dict(),
            "interaction": None if interaction is None else interaction.to_dict(),
            "behaviour": self.behaviour(),
            "optimum": self.optimum().to_dict(),
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
            others = [Formula.from_dict(f) for f in data["others"]]
            if data.get("forbidden_space") is not None:
                space = _read_space(data["forbidden_space"])
                formulas, others = [f.within(space) for f in formulas], [f.within(space) for f in others]
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
                noise=float(data["noise"]),
                others=others,
                provenance=dict(data["provenance"]),
                groups={str(choice): cls.from_dict(group) for choice, group in data["groups"].items()},
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FormulaError(f"Not the dictionary of an explanation: {type(error).__name__}: {error}") from error

    def to_html(self) -> str:
        """Returns the explanation as one HTML page, figure included, that opens without internet."""
        from deepcave_symbolic.show.html import explanation_page

        return explanation_page(self)

    def __repr__(self) -> str:
        shown = str(self.best) if self.formulas else "no formula"
        return visible(f"<Explanation of {' and '.join(self.hyperparameters)}: {shown} ({self.verdict})>")

    def __str__(self) -> str:
        """Returns the explanation as text for a terminal."""
        from deepcave_symbolic.show.document import document
        from deepcave_symbolic.show.text import write_text

        return write_text(document(self))

    def _repr_latex_(self) -> str | None:
        return self.best._repr_latex_() if self.formulas else None

    def _repr_html_(self) -> str:
        from deepcave_symbolic.show.document import document
        from deepcave_symbolic.show.notebook import write_notebook

        return write_notebook(document(self))


def space_dict(space: ConfigurationSpace) -> dict[str, Any]:
    """Returns the space as JSON values; ConfigSpace keeps its clauses in no order."""
    data: dict[str, Any] = space.to_serialized_dict()
    if isinstance(data.get("forbiddens"), list):
        data["forbiddens"] = sorted(data["forbiddens"], key=lambda clause: json.dumps(clause, default=str))
    return data


def _read_space(data: dict[str, Any]) -> ConfigurationSpace:
    from ConfigSpace import ConfigurationSpace

    # ConfigSpace takes its types out of what it is given.
    return ConfigurationSpace.from_serialized_dict(copy.deepcopy(data))
