"""Typed errors: what was found, what was expected and what to do next.

Every error that a user can cause derives from `DeepcaveSymbolicError`; the command line turns it into one line and exit
code 2, the panel into a card. The fields keep the facts apart from the sentence, for programs that react to them.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deepcave_symbolic.words.numbers import rounded_text

__all__ = [
    "DeepcaveSymbolicError",
    "DomainWarning",
    "FormulaError",
    "HyperparameterNotExplainableError",
    "InvalidArgumentError",
    "MissingDependencyError",
    "NoTrialsError",
    "RunFormatError",
    "RunNotFoundError",
    "SchedulerError",
    "SearchFailedError",
    "SurrogateError",
    "UnknownNameError",
    "WorkerError",
]

#: Names that a sentence lists.
_MOST_LISTED = 30


class DeepcaveSymbolicError(Exception):
    """Base of every error that bad input can cause."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Crosses from a worker to its caller whole; an exception's own way would call `__init__` with the message."""
        return _restored, (type(self), self.args, dict(self.__dict__))


def _restored(kind: type[DeepcaveSymbolicError], args: tuple[Any, ...], fields: dict[str, Any]) -> Any:
    error = kind.__new__(kind, *args)
    error.__dict__.update(fields)
    return error


class RunNotFoundError(DeepcaveSymbolicError):
    """The path is missing or holds no run folder; `candidates` lists the run folders below it."""

    def __init__(self, message: str, *, path: Path, candidates: Sequence[Path] = ()) -> None:
        super().__init__(message)
        self.path = path
        self.candidates = tuple(candidates)


class RunFormatError(DeepcaveSymbolicError):
    """A file of the run folder is missing, empty, truncated or not what the optimizer writes."""

    def __init__(self, message: str, *, path: Path) -> None:
        super().__init__(message)
        self.path = path


class NoTrialsError(DeepcaveSymbolicError):
    """The run has no (or too few) finished trials to learn from."""


class SurrogateError(DeepcaveSymbolicError):
    """The run's own surrogate cannot be rebuilt; the message says why and names the alternative."""


class InvalidArgumentError(DeepcaveSymbolicError, ValueError):
    """An argument is outside its allowed values."""


class HyperparameterNotExplainableError(DeepcaveSymbolicError):
    """The hyperparameter exists but cannot enter a formula (a constant, for example)."""

    def __init__(self, message: str, *, hyperparameter: str) -> None:
        super().__init__(message)
        self.hyperparameter = hyperparameter


class AmbiguousRunError(InvalidArgumentError):
    """A file holds several runs; `candidates` are the places to give instead, which the message lists, one per line."""

    def __init__(self, message: str, *, candidates: Sequence[str]) -> None:
        super().__init__(message)
        self.candidates = tuple(candidates)


class UnknownNameError(DeepcaveSymbolicError, KeyError):
    """A name (hyperparameter, objective, engine, ...) is not among the valid ones.

    Args:
        kind: What the name stands for, such as "hyperparameter".
        name: The name given.
        valid: The names that exist.
    """

    def __init__(self, kind: str, name: object, valid: Sequence[object]) -> None:
        folded = {str(v).casefold(): str(v) for v in valid if not isinstance(v, float)}
        close = difflib.get_close_matches(str(name).casefold(), list(folded), n=1, cutoff=0.5)
        hint = f" Did you mean {folded[close[0]]!r}?" if close else ""
        known = ", ".join(map(_shown, valid[:_MOST_LISTED])) or "none"
        more = f" and {len(valid) - _MOST_LISTED} more" if len(valid) > _MOST_LISTED else ""
        self.message = f"Unknown {kind} {_shown(name)}.{hint} Known: {known}{more}."
        super().__init__(self.message)
        self.kind = kind
        self.name = name
        self.valid = tuple(valid)

    def __str__(self) -> str:
        """Returns the sentence; `KeyError` alone would show its representation."""
        return self.message


def _shown(value: object) -> str:
    return rounded_text(value, 6) if isinstance(value, float) else repr(value)


class MissingDependencyError(DeepcaveSymbolicError, ImportError):
    """An optional package is not installed; the message names the command that installs it."""


class FormulaError(DeepcaveSymbolicError):
    """A formula's tree, dictionary or text is not well formed."""


class SearchFailedError(DeepcaveSymbolicError):
    """An engine returned no formula that is finite and real on the whole domain."""


class DomainWarning(UserWarning):
    """A formula was evaluated outside its domain or in a forbidden region."""


class SchedulerError(DeepcaveSymbolicError):
    """A Dask scheduler cannot be used: not reached, lost, without workers, or its workers do not fit."""

    def __init__(self, message: str, *, scheduler: str) -> None:
        super().__init__(message)
        self.scheduler = scheduler


class WorkerError(DeepcaveSymbolicError):
    """A worker did not bring back an explanation; `internal` says that the failure is this package's."""

    def __init__(self, message: str, *, internal: bool = False) -> None:
        super().__init__(message)
        self.internal = internal
