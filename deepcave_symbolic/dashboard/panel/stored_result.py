"""What the panel stores between the job and the page, and how it goes to JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deepcave_symbolic.advice import AdvisedSpace, AdvisedTrials
from deepcave_symbolic.comparing import Compared, ComparedLaws, ComparedRuns
from deepcave_symbolic.exceptions import FormulaError
from deepcave_symbolic.explanation import Explanation, Unexplained
from deepcave_symbolic.findings.explained import SCHEMA_VERSION
from deepcave_symbolic.laws import FoundLaw, NoLaw
from deepcave_symbolic.process.version import package_version
from deepcave_symbolic.records import Frozen, Record
from deepcave_symbolic.whole_run import ExplainedRun, RunPlaces

__all__ = ["PanelError", "PanelRecord", "record_version"]

#: Version of the panel's own fields around the explanations, and of its inputs.
_PANEL_SCHEMA = 8


def record_version() -> str:
    """Returns the versions of both schemas and of the package; results of another version are computed again."""
    return f"{_PANEL_SCHEMA}.{SCHEMA_VERSION} {package_version()}"


@dataclass(frozen=True, eq=False)
class PanelError(Record):
    """Why there is no formula.

    Args:
        type: Class of the error.
        message: Its sentence.
        advice: What to do next.
    """

    type: str
    message: str
    advice: str


@dataclass(frozen=True, eq=False)
class PanelRecord(Record):
    """One result of the panel.

    Args:
        explanations: One, or in the overview one per hyperparameter, those that move the objective most first; none on
            pages about something else.
        overview: Whether it answers for all hyperparameters.
        whole_run: One formula of all of them; None where there is none, or one or two are asked for.
        laws: How best values move, on a page of laws alone.
        compared: Several runs side by side; None where one is asked.
        notes: Sentences about how the inputs were understood.
        code: Python that reproduces the explanations.
        next_trials: Which trials would teach most; None where that was not asked.
        space: What to change in the configuration space for the next run; None likewise.
        configspace: That space, as a file of ConfigSpace's; empty likewise.
        places: What the parts of `whole_run` add at the stops of sliders; None without it or without an incumbent.
        asked: What the sliders of `places` ask the surrogate of: the run (its path, or DeepCAVE's id) and the inputs.
        error: Set where the computation failed; then there are no explanations.
    """

    explanations: tuple[Explanation | Unexplained, ...]
    overview: bool = False
    whole_run: ExplainedRun | None = None
    laws: tuple[FoundLaw | NoLaw, ...] = ()
    compared: Compared | ComparedLaws | ComparedRuns | None = None
    notes: tuple[str, ...] = ()
    code: str = ""
    next_trials: AdvisedTrials | None = None
    space: AdvisedSpace | None = None
    configspace: str = ""
    places: RunPlaces | None = None
    asked: Mapping[str, Any] = field(default_factory=Frozen)
    error: PanelError | None = None

    def to_dict(self) -> dict[str, Any]:
        """Returns the record as JSON values, without NaN or infinity."""
        data = super().to_dict()
        if self.error is None:
            del data["error"]
        return {"version": record_version(), **data}

    @classmethod
    def from_dict(cls, data: Any) -> PanelRecord:
        """Reads what `to_dict` wrote.

        Raises:
            FormulaError: If the data is not a record of this version.
        """
        if not isinstance(data, Mapping) or data.get("version") != record_version():
            found = data.get("version") if isinstance(data, Mapping) else type(data).__name__
            raise FormulaError(f"The stored result has version {found!r}; this panel reads {record_version()!r}.")
        try:
            record = super().from_dict(data)
        except FormulaError as error:
            raise FormulaError(f"The stored result is damaged ({error}).") from error
        if not (record.explanations or record.whole_run or record.laws or record.compared or record.error):
            raise FormulaError("The stored result is damaged: it is empty.")
        return record
