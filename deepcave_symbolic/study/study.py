"""What a study brings back: explanations with the runs they belong to, and what could not be explained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepcave_symbolic.exceptions import DeepcaveSymbolicError, WorkerError
from deepcave_symbolic.explanation import Explanation, Explanations, Unexplained
from deepcave_symbolic.words.names import visible

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Failure", "Study", "StudyRecord"]


@dataclass(frozen=True)
class StudyRecord:
    """One explanation of a study.

    Args:
        run: The run's path, else its name.
        explanation: The explanation.
        found: Whether it was found in the output folder instead of being computed.
    """

    run: str
    explanation: Explanation | Unexplained
    found: bool = False


@dataclass(frozen=True)
class Failure:
    """What could not be explained.

    Args:
        run: The run's path, else its name.
        hyperparameters: The hyperparameters; empty where nothing of the run could be explained.
        error: Why.
    """

    run: str
    hyperparameters: tuple[str, ...]
    error: DeepcaveSymbolicError

    @property
    def internal(self) -> bool:
        """Whether the failure is this package's, not the run's."""
        return isinstance(self.error, WorkerError) and self.error.internal

    def __str__(self) -> str:
        """Returns what failed and why, in one line."""
        what = f" ({', '.join(map(visible, self.hyperparameters))})" if self.hyperparameters else ""
        return " ".join(f"{visible(self.run)}{what}: {self.error}".split())


@dataclass(frozen=True)
class Study:
    """Explanations of many runs.

    Args:
        records: A record an explanation: runs in the order given, those that move the objective most first.
        failures: What could not be explained; the rest is not touched by it.
        n_found: How many explanations the output folder had already.
    """

    records: tuple[StudyRecord, ...]
    failures: tuple[Failure, ...] = ()
    n_found: int = 0

    @property
    def explanations(self) -> Explanations:
        """All explanations, in order."""
        return Explanations(record.explanation for record in self.records)

    def by_run(self) -> dict[str, Explanations]:
        """Returns the explanations of every run."""
        found: dict[str, Explanations] = {}
        for record in self.records:
            found.setdefault(record.run, Explanations()).append(record.explanation)
        return found

    def to_frame(self) -> pd.DataFrame:
        """Returns one row per explanation: run, then the columns of `pair_table`."""
        import pandas as pd

        from deepcave_symbolic.show.pairs import pair_table

        table = pair_table(self.explanations)
        return pd.concat([pd.Series([record.run for record in self.records], name="run", dtype=object), table], axis=1)
