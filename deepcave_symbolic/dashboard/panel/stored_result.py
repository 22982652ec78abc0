"""What the panel stores between the job and the page, and how it goes to JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from deepcave_symbolic.exceptions import FormulaError
from deepcave_symbolic.explainer import package_version
from deepcave_symbolic.explanation import SCHEMA_VERSION, Explanation

__all__ = ["PanelError", "PanelRecord", "record_version"]

#: Version of the panel's own fields around the explanations.
_PANEL_SCHEMA = 1


def record_version() -> str:
    """Returns the versions of both schemas and of the package; results of another version are computed again."""
    return f"{_PANEL_SCHEMA}.{SCHEMA_VERSION} {package_version()}"


@dataclass(frozen=True)
class PanelError:
    """Why there is no formula.

    Args:
        type: Class of the error.
        message: Its sentence.
        advice: What to do next.
    """

    type: str
    message: str
    advice: str


@dataclass(frozen=True)
class PanelRecord:
    """One result of the panel.

    Args:
        explanations: One, or in the overview one a hyperparameter, those that move the objective most first.
        overview: Whether it answers for all hyperparameters.
        notes: Sentences about how the inputs were understood.
        code: Python that reproduces the explanations.
        error: Set where the computation failed; then there are no explanations.
    """

    explanations: tuple[Explanation, ...] = ()
    overview: bool = False
    notes: tuple[str, ...] = ()
    code: str = ""
    error: PanelError | None = None

    def to_dict(self) -> dict[str, Any]:
        """Returns the record as JSON values, without NaN or infinity."""
        return {
            "version": record_version(),
            "overview": self.overview,
            "notes": list(self.notes),
            "code": self.code,
            "explanations": [e.to_dict() for e in self.explanations],
            **({} if self.error is None else {"error": asdict(self.error)}),
        }

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
            error = data.get("error")
            return cls(
                explanations=tuple(Explanation.from_dict(e) for e in data["explanations"]),
                overview=bool(data["overview"]),
                notes=tuple(str(note) for note in data["notes"]),
                code=str(data["code"]),
                error=None if error is None else PanelError(**error),
            )
        # AttributeError and IndexError: whatever else a damaged file holds in place of lists and mappings.
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise FormulaError(f"The stored result is damaged ({type(error).__name__}: {error}).") from error
