"""What a run offers to choose from, in which state of its files: read once, by the launcher or by the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from deepcave_symbolic.dashboard.own.run_state import state_of
from deepcave_symbolic.dashboard.panel.choices import options_of
from deepcave_symbolic.dashboard.panel.recorded_run import RecordedRun
from deepcave_symbolic.runs.load import read_run

__all__ = ["Offer"]


@dataclass(frozen=True)
class Offer:
    """The choices of a run.

    Args:
        place: Where the run is.
        state: What `state_of` said of it before it was read.
        options: What `options_of` says.
    """

    place: str
    state: str
    options: Mapping[str, list[dict[str, Any]]]

    @classmethod
    def of(cls, place: str) -> Offer:
        """Reads a run, also one without a finished trial.

        Raises:
            DeepcaveSymbolicError: If it cannot be read.
        """
        state = state_of(place)
        return cls(place, state, options_of(RecordedRun(place, read_run)))

    @property
    def holds(self) -> bool:
        """Whether the run's files are as they were."""
        return state_of(self.place) == self.state

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON values."""
        return asdict(self)
