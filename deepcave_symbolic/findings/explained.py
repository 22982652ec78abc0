"""The record of an explanation, computed once and then only read, and that of what cannot be explained."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from deepcave_symbolic.exceptions import FormulaError, SearchFailedError, UnknownNameError
from deepcave_symbolic.findings.certainty import Certainty
from deepcave_symbolic.findings.evidence import Evidence
from deepcave_symbolic.findings.findings import Findings, findings_of
from deepcave_symbolic.findings.interaction import Interaction, interaction_rmse
from deepcave_symbolic.findings.monotone import TRENDS, Trend
from deepcave_symbolic.findings.optimum import Optimum
from deepcave_symbolic.findings.trust import Trust, Verdict
from deepcave_symbolic.formulas.choice import Choice, most_accurate, simplest
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.projection import USUAL, Projection, View
from deepcave_symbolic.records import Frozen, Record, decode
from deepcave_symbolic.space.serialized import read_space, space_dict
from deepcave_symbolic.surrogates.base import SurrogateRecord
from deepcave_symbolic.words.names import visible

if TYPE_CHECKING:
    import pandas as pd
    from typing_extensions import Self

__all__ = ["SCHEMA_VERSION", "Direction", "Explained", "Unexplained", "read_explained"]

#: Version of the dictionary. Versions 3 and 4 are read, too; a record of another one is refused, not misread.
SCHEMA_VERSION = 5

Direction = Literal["minimize", "maximize"]


@dataclass(frozen=True, eq=False)
class Explained(Record):
    """Formulas of one or two hyperparameters with the numbers that say how far to trust them.

    Args:
        hyperparameters: Names of the explained hyperparameters.
        objective: Name of the objective.
        direction: Whether less or more of it is better.
        budget: Budget whose trials were used; None without budgets.
        run: Path of the run, else its name.
        formulas: The Pareto front of accuracy against complexity, simplest (a constant) first.
        all_findings: What each of the formulas tells; see `findings`.
        recommended: Which of the formulas is `best`.
        surrogate: Which model spoke and how well it predicts the run's trials.
        projection: What the formulas describe.
        verdict: One of `trust.VERDICTS`, on the recommended formula.
        conditions: When the explained hyperparameters are active, in words; empty if always.
        warnings: Sentences for the user.
        others: Formulas as long as one of the front that the data cannot tell from it; see `alternatives`.
        noise: The difference between two formulas that the run's trials cannot see, as an RMSE in objective units; see
            `trust.noise_of`.
        certainty: What draws of the surrogate agree on; None where it does not know how its errors go together.
        provenance: How the record came about: versions, arguments.
        groups: With a categorical and another hyperparameter, the explanation of the other one for every choice, by the
            choice as text; empty otherwise.
        advisor: Asks the explainer for the next trials; None where it is not at hand, as for a record read from a file.
    """

    hyperparameters: tuple[str, ...]
    objective: str
    direction: Direction
    budget: float | None
    run: str
    formulas: tuple[Formula, ...]
    all_findings: tuple[Findings, ...]
    recommended: int
    surrogate: SurrogateRecord
    projection: Projection
    verdict: Verdict
    conditions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    others: tuple[Formula, ...] = ()
    noise: float = 0.0
    certainty: Certainty | None = None
    provenance: Mapping[str, Any] = field(default_factory=Frozen)
    groups: Mapping[str, Self] = field(default_factory=Frozen)
    advisor: Callable[[int], Any] | None = field(default=None, compare=False, repr=False)

    @property
    def best(self) -> Formula:
        """The recommended formula: the shortest of those that the trials cannot tell apart; see `choice.choose`."""
        return self.formulas[self.recommended]

    @property
    def simplest(self) -> Formula:
        """The shortest formula of the front with R² 0.8 or more, where that is shorter than the recommended one."""
        return simplest(Choice(self.formulas, self.recommended))

    @property
    def most_accurate(self) -> Formula:
        """The shortest formula of the front whose R² is the highest but for 1e-4."""
        return most_accurate(Choice(self.formulas, self.recommended))

    def pick(self, which: str) -> Formula:
        """Returns one of the three answers by its name: "simplest", "best" or "most_accurate"."""
        answers = {"simplest": self.simplest, "best": self.best, "most_accurate": self.most_accurate}
        if which not in answers:
            raise UnknownNameError("formula", which, list(answers))
        return answers[which]

    @property
    def view(self) -> View:
        """In which region the surrogate was looked at, and what became of the other hyperparameters."""
        return self.projection.view

    @property
    def monotone(self) -> dict[str, Trend]:
        """How the question asked the formulas to move, "falling" or "rising", by hyperparameter of the explanation."""
        asked = self.provenance.get("monotone")
        if not isinstance(asked, Mapping):
            return {}
        return {name: asked[name] for name in self.hyperparameters if asked.get(name) in TRENDS}

    @property
    def told_from_noise(self) -> bool:
        """Whether the run's trials can tell that the objective moves here at all."""
        return Evidence(self.projection, self.noise, self.surrogate.n_trials).effect() == "seen"

    @property
    def range(self) -> float:
        """How much of the objective the hyperparameters move: the projection's largest minus smallest mean."""
        return self.projection.range

    @property
    def interaction_strength(self) -> float:
        """How far the best sum of two curves stays from a pair's projection (RMSE, objective units); else 0."""
        projection = self.projection
        if len(projection.axes) != 2:
            return 0.0
        return interaction_rmse(projection.grid, projection.mean, projection.measure)

    def alternatives(self, formula: Formula | None = None) -> tuple[Formula, ...]:
        """Returns other formulas of the same length whose error is within the noise of the best, the best first.

        None says that the data settle the form; see `trust.noise_of`.

        Args:
            formula: A formula of the front; the recommended one by default.
        """
        length = (formula or self.best).complexity
        return tuple(other for other in self.others if other.complexity == length)

    def near_equal(self, formula: Formula | None = None) -> tuple[Formula, ...]:
        """Returns other formulas that the trials cannot tell from the most accurate one, the shortest first.

        Args:
            formula: The one that is left out; the recommended one by default.
        """
        known = [*self.formulas, *self.others]
        enough = math.hypot(min(each.rmse for each in known), self.noise)
        shown = formula or self.best
        near = [each for each in known if each.rmse <= enough and each.tree != shown.tree]
        return tuple(sorted(near, key=lambda each: (each.complexity, each.rmse)))

    def findings(self, formula: Formula | None = None) -> Findings:
        """Returns what a formula tells.

        Args:
            formula: A formula of the front; the recommended one by default. Of any other formula of the same
                hyperparameters it is computed from the record, without asking the surrogate what it expects.
        """
        formula = formula or self.best
        if formula in self.formulas:
            return self.all_findings[self.formulas.index(formula)]
        (found,) = self._found([formula])
        return found

    def _found(self, formulas: list[Formula] | tuple[Formula, ...]) -> tuple[Findings, ...]:
        # Resampled trials have their noise, to which no formula is close.
        from_trials = self.provenance.get("source") == "trials"
        return findings_of(
            formulas,
            self.projection,
            self.surrogate,
            self.noise,
            maximize=self.direction == "maximize",
            monotone=self.monotone,
            draws=None if self.certainty is None or from_trials else self.certainty.samples,
            certainty=self.certainty,
            front=self.formulas,
        )

    def trust(self, formula: Formula | None = None) -> Trust:
        """Returns the numbers that say how far to trust a formula (see `findings`), with a verdict."""
        return self.findings(formula).trust

    def interaction(self, formula: Formula | None = None) -> Interaction | None:
        """Returns how much of a 2-D projection an additive formula explains; None for one hyperparameter."""
        return self.findings(formula).interaction

    def behaviour(self, formula: Formula | None = None) -> tuple[str, ...]:
        """Returns in words how a formula moves: "cost falls until n_units ≈ 120, then is flat.", for instance."""
        return self.findings(formula).behaviour

    def optimum(self, formula: Formula | None = None) -> Optimum:
        """Returns a formula's optimum in its domain beside the run's incumbent."""
        return self.findings(formula).optimum

    def to_frame(self) -> pd.DataFrame:
        """Returns one row per formula: formula, complexity, r2, rmse, trials_r2, engine, recommended, latex, python."""
        import pandas as pd

        rows = [
            {
                "formula": str(f),
                "complexity": f.complexity,
                "r2": f.r2,
                "rmse": f.rmse,
                "trials_r2": f.trials_r2,
                "engine": f.engine,
                "recommended": f is self.best,
                "latex": f.latex(),
                "python": f.python(),
            }
            for f in self.formulas
        ]
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """Returns the record as JSON values, without NaN or infinity."""
        space = self.formulas[0].forbidden_space
        # predict() warns in forbidden regions, also after a round trip.
        clauses = None if space is None else space_dict(space)
        return {"schema": SCHEMA_VERSION, **super().to_dict(), "forbidden_space": clauses}

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """Reads what `to_dict` wrote.

        Raises:
            FormulaError: If the data is not an explanation, or one of a schema version that is not read.
        """
        version = data.get("schema") if isinstance(data, Mapping) else type(data).__name__
        if version not in (3, 4, SCHEMA_VERSION):
            raise FormulaError(f"Not an explanation of schema {SCHEMA_VERSION} (found {version!r}); compute it again.")
        try:
            explained: Self = decode(cls, _from_version_3(data) if version == 3 else data)
            if version == 3:
                explained = replace(explained, all_findings=explained._found(explained.formulas))
            n = len(explained.formulas)
            if len(explained.all_findings) != n or not 0 <= explained.recommended < n:
                raise ValueError(f"{n} formulas, {len(explained.all_findings)} findings, {explained.recommended} best")
            if data.get("forbidden_space") is None:
                return explained
            space = read_space(data["forbidden_space"])
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise FormulaError(f"Not the dictionary of an explanation: {type(error).__name__}: {error}") from error
        return replace(
            explained,
            formulas=tuple(formula.within(space) for formula in explained.formulas),
            others=tuple(formula.within(space) for formula in explained.others),
        )

    def __post_init__(self) -> None:
        """Freezes the mappings."""
        object.__setattr__(self, "provenance", Frozen(self.provenance))
        object.__setattr__(self, "groups", Frozen(self.groups))

    def __repr__(self) -> str:
        return visible(f"<Explanation of {' and '.join(self.hyperparameters)}: {self.best} ({self.verdict})>")


@dataclass(frozen=True, eq=False)
class Unexplained(Record):
    """Why hyperparameters could not be explained, in the place of an explanation.

    Args:
        hyperparameters: Their names.
        objective: Name of the objective.
        direction: Whether less or more of it is better.
        budget: Budget whose trials were used; None without budgets.
        run: Path of the run, else its name.
        reason: Why, in a sentence.
        surrogate: Which model would have spoken; None in files of older versions.
        view: What was asked for, as in `Explained`.
        provenance: As in `Explained`.
    """

    hyperparameters: tuple[str, ...]
    objective: str
    direction: Direction
    budget: float | None
    run: str
    reason: str
    surrogate: SurrogateRecord | None = None
    view: View = USUAL
    provenance: Mapping[str, Any] = field(default_factory=Frozen)

    formulas: tuple[()] = field(default=(), init=False)

    #: What an explanation has and this has not; nothing that is known is moved.
    range = interaction_strength = 0.0

    @property
    def warnings(self) -> tuple[str, ...]:
        """The reason."""
        return (self.reason,)

    @property
    def best(self) -> Formula:
        """Raises SearchFailedError with the reason."""
        raise SearchFailedError(f"No formula of {' and '.join(map(repr, self.hyperparameters))}: {self.reason}")

    def to_dict(self) -> dict[str, Any]:
        """Returns the record as JSON values."""
        return {"schema": SCHEMA_VERSION, **super().to_dict(), "warnings": [self.reason]}

    def __repr__(self) -> str:
        return visible(f"<No explanation of {' and '.join(self.hyperparameters)}: {self.reason}>")


def read_explained(kind: type[Explained], data: Any) -> Any:
    """Returns the record that a dictionary holds: an explanation of the given class, or an `Unexplained`.

    Raises:
        FormulaError: If it is neither.
    """
    if isinstance(data, Mapping) and data.get("formulas") == []:
        if data.get("schema") == 3:
            data = {**_from_version_3(data), "reason": " ".join(map(str, data.get("warnings") or ()))}
        return Unexplained.from_dict(data)
    return kind.from_dict(data)


def _from_version_3(data: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a dictionary of schema 3 as one of today's, without findings."""
    provenance = dict(data["provenance"])
    return {
        **data,
        "direction": provenance.pop("direction", "minimize"),
        "run": provenance.pop("run", ""),
        "provenance": provenance,
        "all_findings": [],
        "recommended": data["best"],
    }
