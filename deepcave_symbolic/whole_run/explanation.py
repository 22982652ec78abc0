"""The record of a run's formula, computed once and then only read.

Notation: see the package.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from deepcave_symbolic.exceptions import FormulaError
from deepcave_symbolic.findings.explained import Direction
from deepcave_symbolic.findings.trust import Verdict
from deepcave_symbolic.laws import FoundLaw, NoLaw
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.projection import USUAL, View
from deepcave_symbolic.records import Frozen, Record
from deepcave_symbolic.surrogates.base import SurrogateRecord
from deepcave_symbolic.whole_run.contributions import Contributions, NearestTrial, WhatIf
from deepcave_symbolic.whole_run.doubts import doubts_on, worst_of
from deepcave_symbolic.whole_run.formula import RunFormula
from deepcave_symbolic.whole_run.part import Part

__all__ = ["SCHEMA_VERSION", "Asked", "ExplainedRun"]

#: Version of the dictionary; a record of another one is refused, not misread.
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Asked:
    """What the run says of one configuration.

    Args:
        configuration: Its active hyperparameters, what was not given at its default.
        expected: What the surrogate expects, objective units.
        std: Its standard deviation.
        nearest: The nearest trial; None without trials.
    """

    configuration: Mapping[str, Any]
    expected: float
    std: float
    nearest: NearestTrial | None


@dataclass(frozen=True, eq=False)
class ExplainedRun(Record):
    """One formula of all hyperparameters of a run, and the shorter and longer ones beside it.

    Args:
        objective: Name of the objective.
        direction: Whether less or more of it is better.
        budget: Budget whose trials were used; None without budgets.
        run: Path of the run, else its name.
        front: Formulas, the shortest (a level) first, each more accurate than all shorter ones.
        recommended: Which of them is `formula`.
        surrogate: Which model spoke and how well it predicts the run's trials.
        n_configurations: Of how many configurations the surrogate was asked.
        view: In which region.
        noise: The difference between two formulas that the run's trials cannot see, as an RMSE on the link's scale.
        incumbent: The recommended formula taken apart for the run's best configuration; None without trials in the
            region.
        warnings: Sentences for the user.
        laws: How the best values of the hyperparameters that account for most move with others, or why they do not.
        unasked: Why laws were not looked for, in a sentence; empty where they were.
        provenance: How the record came about: versions, arguments.
        ask: Asks the run about a configuration; None where it is not at hand, as for a record read from a file.
    """

    objective: str
    direction: Direction
    budget: float | None
    run: str
    front: tuple[RunFormula, ...]
    recommended: int
    surrogate: SurrogateRecord
    n_configurations: int
    view: View = USUAL
    noise: float = 0.0
    incumbent: Contributions | None = None
    warnings: tuple[str, ...] = ()
    laws: tuple[FoundLaw | NoLaw, ...] = ()
    unasked: str = ""
    provenance: Mapping[str, Any] = field(default_factory=Frozen)
    ask: Callable[[Mapping[str, Any]], Asked] | None = field(default=None, compare=False, repr=False)

    @property
    def formula(self) -> RunFormula:
        """The recommended formula: as long as the trials can tell what it says."""
        return self.front[self.recommended]

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of the recommended formula, what accounts for most first."""
        return self.formula.parts

    @property
    def r2(self) -> float:
        """R² of the recommended formula against the surrogate on held-out configurations."""
        return self.formula.r2

    @property
    def complexity(self) -> int:
        """Number of nodes of the recommended formula."""
        return self.formula.complexity

    @property
    def verdict(self) -> Verdict | None:
        """How far the recommended formula can be believed; None where nothing speaks against it, see `doubts`.

        "trust" is never said: it takes a calibrated probability, which formulas of one or two hyperparameters have.
        """
        return worst_of(self.doubts())

    def doubts(self, formula: RunFormula | None = None) -> tuple[tuple[Verdict, str], ...]:
        """Returns what speaks against a formula, each sentence with the verdict that it makes alone.

        Args:
            formula: One of the front; the recommended one by default.
        """
        return doubts_on(self.surrogate, formula or self.formula)

    @property
    def ranking(self) -> tuple[str, ...]:
        """Names of the hyperparameters of the longest formula, those whose parts account for most first."""
        shares: dict[str, float] = {}
        for part in self.front[-1].parts:
            for name in part.hyperparameters:
                shares[name] = shares.get(name, 0.0) + part.share
        return tuple(sorted(shares, key=lambda name: -shares[name]))

    def within(self, max_complexity: int) -> RunFormula:
        """Returns the most accurate formula of the front with at most so many nodes."""
        return [f for f in self.front if f.complexity <= max(max_complexity, 1)][-1]

    def predict(self, X: Any) -> Array:
        """Computes the recommended formula; see `RunFormula.predict`."""
        return self.formula.predict(X)

    def contributions(self, configuration: Mapping[str, Any]) -> Contributions:
        """Returns what each part adds for one configuration, beside the surrogate and the nearest trial.

        Args:
            configuration: Values by name, or a Configuration. What is active and missing has its default; a record
                that was read from a file needs all that the formula contains and knows no surrogate.

        Raises:
            DeepcaveSymbolicError: If a name or a value is not usable.
        """
        if self.ask is None:
            return self.formula.contributions(configuration)
        asked = self.ask(configuration)
        return replace(
            self.formula.contributions(asked.configuration),
            surrogate=asked.expected,
            surrogate_std=asked.std,
            nearest=asked.nearest,
        )

    def whatif(self, configuration: Mapping[str, Any], /, **changes: Any) -> WhatIf:
        """Returns what a change of a configuration does, by part of the formula and by the surrogate.

        Args:
            configuration: As in `contributions`.
            **changes: Other values of some of its hyperparameters, by name.

        Raises:
            DeepcaveSymbolicError: If a name or a value is not usable.
        """
        before = self.contributions(configuration)
        return WhatIf(before, self.contributions({**dict(configuration), **changes}))

    def __str__(self) -> str:
        """Returns the formula, and what each part accounts for."""
        return str(self.formula)

    def to_dict(self) -> dict[str, Any]:
        """Returns the record as JSON values."""
        return {"schema_version": SCHEMA_VERSION, **super().to_dict()}

    @classmethod
    def from_dict(cls, data: Any) -> ExplainedRun:
        """Reads what `to_dict` wrote.

        Raises:
            FormulaError: If the data is no such record, or of another version.
        """
        if isinstance(data, Mapping) and data.get("schema_version") != SCHEMA_VERSION:
            raise FormulaError(
                f"A run's formula of version {data.get('schema_version')!r:.20}; expected {SCHEMA_VERSION}."
            )
        record: ExplainedRun = super().from_dict(data)
        return record

    def __getstate__(self) -> dict[str, Any]:
        """Returns what a copy in another process holds: everything but the run."""
        return {**self.__dict__, "ask": None}
