"""Records of a run: what every reader returns, whatever wrote the folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.words.names import visible

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["Run", "Status", "Trial"]


class Status(IntEnum):
    """Status of a trial, with SMAC's numbers."""

    RUNNING = 0
    SUCCESS = 1
    CRASHED = 2
    TIMEOUT = 3
    MEMORYOUT = 4


@dataclass(frozen=True)
class Trial:
    """One evaluation of a configuration.

    Args:
        config_id: Key into `Run.configurations`.
        costs: One cost an objective, in objective units; may be inf for a crash, NaN for a running trial.
        status: How it ended.
        instance: Name of the instance, if any.
        seed: Seed given to the target function, if any.
        budget: Budget it was evaluated with, if any.
        time: Wall-clock seconds it took.
        feasible: Whether it meets the run's constraints; what breaks them is no incumbent.
    """

    config_id: int
    costs: tuple[float, ...]
    status: Status
    instance: str | None = None
    seed: int | None = None
    budget: float | None = None
    time: float = 0.0
    feasible: bool = True


@dataclass(frozen=True)
class Run:
    """A run as read from disk (or handed over by DeepCAVE).

    Args:
        name: Name for people, such as the folder's.
        configspace: The configuration space.
        objectives: Names of the objectives.
        trials: Trials in the order in which they were recorded, running ones included.
        configurations: Vector of shape (d,) a configuration id, in the space's order, NaN where inactive.
        path: The folder, or None for a run that was not read from one.
        scenario: SMAC's scenario.json as it stands (`_meta` included), or an empty mapping.
        optimizer: Name of the optimizer, such as "SMAC".
        version: Version of the optimizer that wrote the run, or None.
        maximized: Names of the objectives of which more is better; SMAC minimises all of its own.
        changes: What was made of the run that its own surrogate has not seen, in words; see `views`.
        notes: Sentences about what the reader found unusual and took as it is.
    """

    name: str
    configspace: ConfigurationSpace
    objectives: tuple[str, ...]
    trials: tuple[Trial, ...]
    configurations: Mapping[int, Array]
    path: Path | None = None
    scenario: Mapping[str, Any] = field(default_factory=dict)
    optimizer: str = "SMAC"
    version: str | None = None
    maximized: frozenset[str] = frozenset()
    changes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        optimizer = " ".join(filter(None, (self.optimizer, self.version)))
        names = ", ".join(self.configspace)
        objectives = ", ".join(self.objectives)
        return visible(f"<Run {self.name} of {optimizer}: {len(self.trials)} trials of {names}; {objectives}>")
