"""The record of a comparison: computed once, frozen, to JSON and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.exceptions import FormulaError
from deepcave_symbolic.findings.explained import Explained
from deepcave_symbolic.formulas.expression import Node, check_variables
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.formulas.printing import to_latex, to_mathml, to_text
from deepcave_symbolic.records import Record
from deepcave_symbolic.words.names import latex_name

if TYPE_CHECKING:
    import pandas as pd
    from typing_extensions import Self

__all__ = ["AGREEMENTS", "SCHEMA_VERSION", "Compared", "Constant"]

SCHEMA_VERSION = 2
AGREEMENTS = ("agree", "differ", "undetermined")


@dataclass(frozen=True, eq=False)
class Constant(Record):
    """A constant of the common form in every run.

    Args:
        name: c1, c2, … in reading order.
        role: "offset", "factor", "exponent", "place", "width", "level" (of a choice) or "number" (without a meaning of
            its own); of records of earlier versions "inside" for the last of these and for places and widths.
        values: One value per run, not rounded.
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
    errors: tuple[float, ...] = field(metadata={"none": math.inf})
    mean: float
    tolerance: float = field(metadata={"none": math.inf})
    p_value: float
    agreement: str


@dataclass(frozen=True, eq=False)
class Compared(Record):
    """Formulas of the same hyperparameters in several runs.

    Args:
        runs: A name per run, all different.
        explanations: The explanation of every run, with its own formulas.
        form: The common form in natural units: behind the hyperparameters' variables come those of the constants.
        formulas: The common form with every run's constants, rounded, scored on the domain that the runs share.
        constants: The constants, run by run.
        cross: R² of run i's recommended formula (row) on run j's projection (column), objective units.
        cross_shape: The same after the best shift and stretch of the formula: whether the shapes agree.
        forms: The forms that were weighed, shortest first: text, nodes, and mean R² over the runs.
        level: Below this p_value constants differ.
        notes: What must be known to read the comparison, in sentences.
    """

    runs: tuple[str, ...]
    explanations: tuple[Explained, ...]
    form: Node
    formulas: tuple[Formula, ...]
    constants: tuple[Constant, ...]
    cross: tuple[tuple[float, ...], ...]
    cross_shape: tuple[tuple[float, ...], ...]
    forms: tuple[tuple[str, int, float], ...] = ()
    level: float = 0.05
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuses a form with other variables than the hyperparameters and the constants."""
        check_variables(self.form, len(self.hyperparameters) + len(self.constants))

    @property
    def hyperparameters(self) -> tuple[str, ...]:
        """Names of the hyperparameters."""
        return self.explanations[0].hyperparameters

    @property
    def objective(self) -> str:
        """Name of the first run's objective."""
        return self.explanations[0].objective

    def form_text(self) -> str:
        """Returns the common form as one line, such as c1 + c2·log10(x/c3)²."""
        return to_text(self.form, [*self.hyperparameters, *self._names()], self.formulas[0].choices)

    def form_latex(self) -> str:
        """Returns the common form in LaTeX for math mode."""
        body = to_latex(self.form, [*self.hyperparameters, *self._names()], self.formulas[0].choices)
        return f"{latex_name(self.objective)} \\approx {body}"

    def form_mathml(self, *, breakable: bool = False) -> str:
        """Returns the common form, what stands behind the ≈, as a MathML <math> element.

        Args:
            breakable: Whether to return several, one after the other, between which a line may end.
        """
        names = [*self.hyperparameters, *self._names()]
        return to_mathml(self.form, names, self.formulas[0].choices, breakable=breakable)

    def _names(self) -> list[str]:
        return [c.name for c in self.constants]

    def agreeing(self) -> list[Constant]:
        """Returns the constants that agree, each within its `tolerance`."""
        return [c for c in self.constants if c.agreement == "agree"]

    def to_frame(self) -> pd.DataFrame:
        """Returns one row per constant and run, with what all runs say of the constant."""
        import pandas as pd

        columns = ["constant", "role", "run", "value", "error", "mean", "tolerance", "p_value", "agreement"]
        rows = [
            (c.name, c.role, run, value, error, c.mean, c.tolerance, c.p_value, c.agreement)
            for c in self.constants
            for run, value, error in zip(self.runs, c.values, c.errors, strict=True)
        ]
        return pd.DataFrame(rows, columns=columns)

    def to_dict(self) -> dict[str, Any]:
        """Returns the record as JSON values, without NaN or infinity."""
        shown = {"hyperparameters": list(self.hyperparameters), "form_text": self.form_text()}
        return {"schema": SCHEMA_VERSION, **super().to_dict(), **shown}

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """Reads what `to_dict` wrote.

        Raises:
            FormulaError: If the data is not a comparison, or one of a schema version that is not read.
        """
        version = data.get("schema") if isinstance(data, Mapping) else type(data).__name__
        if version not in (1, SCHEMA_VERSION):
            raise FormulaError(f"Not a comparison of schema {SCHEMA_VERSION} (found {version!r}); compute it again.")
        if version == 1 and isinstance(data.get("forms"), list):
            data = {**data, "forms": [list(form.values()) for form in data["forms"] if isinstance(form, Mapping)]}
        return super().from_dict(data)
