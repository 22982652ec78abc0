"""The record of a comparison: computed once, frozen, to JSON and back; reports and figures only draw from it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.exceptions import FormulaError
from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.formulas.expression import Node, from_json, to_json
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.formulas.printing import to_latex, to_text
from deepcave_symbolic.words.names import latex_name

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

__all__ = ["AGREEMENTS", "SCHEMA_VERSION", "Comparison", "Constant"]

SCHEMA_VERSION = 1
AGREEMENTS = ("agree", "differ", "undetermined")


@dataclass(frozen=True)
class Constant:
    """A constant of the common form in every run.

    Args:
        name: c1, c2, … in reading order.
        role: "offset", "factor", "exponent" or "inside" (a term).
        values: One value a run, not rounded.
        errors: Their standard errors; infinite where a run does not settle the constant.
        mean: The value that all runs together speak for, each weighed by 1/error²; NaN where none has an error.
        tolerance: Within which "agree" is meant: twice the largest error, in the constant's unit.
        p_value: Chance of differences as large as these, if the constant were the same in all runs (Cochran's Q).
        agreement: "agree", "differ" (p_value below the level), or "undetermined": the tolerance is as large as the
            constant itself, so that agreement would say nothing.
    """

    name: str
    role: str
    values: tuple[float, ...]
    errors: tuple[float, ...]
    mean: float
    tolerance: float
    p_value: float
    agreement: str

    def to_dict(self) -> dict[str, Any]:
        """Returns the record as JSON values; what is not finite becomes None."""
        return {
            "name": self.name,
            "role": self.role,
            "values": list(map(_finite_or_none, self.values)),
            "errors": list(map(_finite_or_none, self.errors)),
            "mean": _finite_or_none(self.mean),
            "tolerance": _finite_or_none(self.tolerance),
            "p_value": _finite_or_none(self.p_value),
            "agreement": self.agreement,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Constant:
        """Reads what `to_dict` wrote."""
        return cls(
            name=str(data["name"]),
            role=str(data["role"]),
            values=tuple(_or(v, math.nan) for v in data["values"]),
            errors=tuple(_or(v, math.inf) for v in data["errors"]),
            mean=_or(data["mean"], math.nan),
            tolerance=_or(data["tolerance"], math.inf),
            p_value=_or(data["p_value"], math.nan),
            agreement=str(data["agreement"]),
        )


@dataclass(frozen=True)
class Comparison:
    """Formulas of the same hyperparameters in several runs.

    Args:
        runs: A name a run, told apart.
        explanations: The explanation of every run, with its own formulas.
        form: The common form in natural units: behind the hyperparameters' variables come those of the constants.
        formulas: The common form with every run's constants, rounded, scored on the domain that the runs share.
        constants: The constants, run by run.
        cross: R² of run i's recommended formula (row) on run j's projection (column), objective units.
        cross_shape: The same after the best shift and stretch of the formula: whether the shapes agree.
        forms: The forms that were weighed, shortest first: text, operators, and mean R² over the runs.
        level: Below this p_value constants differ.
        notes: What must be known to read the comparison, in sentences.
    """

    runs: tuple[str, ...]
    explanations: tuple[Explanation, ...]
    form: Node
    formulas: tuple[Formula, ...]
    constants: tuple[Constant, ...]
    cross: tuple[tuple[float, ...], ...]
    cross_shape: tuple[tuple[float, ...], ...]
    forms: tuple[tuple[str, int, float], ...] = ()
    level: float = 0.05
    notes: tuple[str, ...] = field(default=())

    @property
    def hyperparameters(self) -> tuple[str, ...]:
        """Names of the hyperparameters."""
        return self.explanations[0].hyperparameters

    @property
    def objective(self) -> str:
        """Name of the first run's objective."""
        return self.explanations[0].objective

    def form_text(self) -> str:
        """Returns the common form as one line, such as c1 + c2·(log10(x) + c3)²."""
        return to_text(self.form, [*self.hyperparameters, *self._names()], self.formulas[0].choices)

    def form_latex(self) -> str:
        """Returns the common form in LaTeX for math mode."""
        body = to_latex(self.form, [*self.hyperparameters, *self._names()], self.formulas[0].choices)
        return f"{latex_name(self.objective)} \\approx {body}"

    def _names(self) -> list[str]:
        return [c.name for c in self.constants]

    def agreeing(self) -> list[Constant]:
        """Returns the constants that agree, each within its `tolerance`."""
        return [c for c in self.constants if c.agreement == "agree"]

    def to_frame(self) -> pd.DataFrame:
        """Returns a row a constant and run: constant, role, run, value, error, mean, tolerance, p_value, agreement."""
        import pandas as pd

        columns = ["constant", "role", "run", "value", "error", "mean", "tolerance", "p_value", "agreement"]
        rows = [
            (c.name, c.role, run, value, error, c.mean, c.tolerance, c.p_value, c.agreement)
            for c in self.constants
            for run, value, error in zip(self.runs, c.values, c.errors, strict=True)
        ]
        return pd.DataFrame(rows, columns=columns)

    def plot(self) -> go.Figure:
        """Returns a plotly figure of every run's surrogate and of the common form in it."""
        from deepcave_symbolic.show.figures.comparison import plot_comparison

        return plot_comparison(self)

    def to_dict(self) -> dict[str, Any]:
        """Returns the record as JSON values, without NaN or infinity."""
        return {
            "schema": SCHEMA_VERSION,
            "runs": list(self.runs),
            "hyperparameters": list(self.hyperparameters),
            "form": to_json(self.form),
            "form_text": self.form_text(),
            "formulas": [f.to_dict() for f in self.formulas],
            "constants": [c.to_dict() for c in self.constants],
            "cross": [list(map(_finite_or_none, row)) for row in self.cross],
            "cross_shape": [list(map(_finite_or_none, row)) for row in self.cross_shape],
            "forms": [{"form": text, "complexity": n, "mean_r2": _finite_or_none(r2)} for text, n, r2 in self.forms],
            "level": self.level,
            "notes": list(self.notes),
            "explanations": [e.to_dict() for e in self.explanations],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Comparison:
        """Reads what `to_dict` wrote.

        Raises:
            FormulaError: If the data is not a comparison of this schema version.
        """
        if not isinstance(data, Mapping) or data.get("schema") != SCHEMA_VERSION:
            found = data.get("schema") if isinstance(data, Mapping) else type(data).__name__
            raise FormulaError(f"Not a comparison of schema {SCHEMA_VERSION} (found {found!r}); compute it again.")
        try:
            constants = tuple(Constant.from_dict(c) for c in data["constants"])
            return cls(
                runs=tuple(map(str, data["runs"])),
                explanations=tuple(Explanation.from_dict(e) for e in data["explanations"]),
                form=from_json(data["form"], len(data["hyperparameters"]) + len(constants)),
                formulas=tuple(Formula.from_dict(f) for f in data["formulas"]),
                constants=constants,
                cross=_table(data["cross"]),
                cross_shape=_table(data["cross_shape"]),
                forms=tuple((str(f["form"]), int(f["complexity"]), _or(f["mean_r2"], math.nan)) for f in data["forms"]),
                level=float(data["level"]),
                notes=tuple(map(str, data["notes"])),
            )
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise FormulaError(f"Not the dictionary of a comparison: {type(error).__name__}: {error}") from error

    def __str__(self) -> str:
        """Returns the comparison as text for a terminal."""
        from deepcave_symbolic.show.comparison import comparison_document
        from deepcave_symbolic.show.text import write_text

        return write_text(comparison_document(self))

    def _repr_html_(self) -> str:
        from deepcave_symbolic.show.comparison import comparison_document
        from deepcave_symbolic.show.notebook import write_notebook

        return write_notebook(comparison_document(self))


def _table(rows: Sequence[Sequence[float | None]]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(_or(v, math.nan) for v in row) for row in rows)


def _finite_or_none(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else float(value)
