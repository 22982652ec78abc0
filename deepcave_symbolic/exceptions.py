"""Typed errors: what was found, what was expected and what to do next.

Every error that a user can cause derives from `DeepcaveSymbolicError`; the command line turns it into one line and exit
code 2, the panel into a card. The fields keep the facts apart from the sentence, for programs that react to them.
"""

from __future__ import annotations

import difflib
import re
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
    "MissingNameError",
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
#: Likeness (difflib) of a slip of the pen, and of what may have been meant.
_SLIP, _LIKE = 0.75, 0.5


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
        close = meant_by(str(name), [str(v) for v in valid if not isinstance(v, float)])
        hint = f" Did you mean {close!r}?" if close else ""
        self.message = f"Unknown {kind} {_shown(name)}.{hint} Known: {_listed(valid)}."
        super().__init__(self.message)
        self.kind = kind
        self.name = name
        self.valid = tuple(valid)

    def __str__(self) -> str:
        """Returns the sentence; `KeyError` alone would show its representation."""
        return self.message


class MissingNameError(UnknownNameError):
    """A name that is needed is not among those given.

    Args:
        kind: What the name stands for, such as "hyperparameter".
        name: The name that is needed.
        given: The names that were given; in `valid`, too.
        spare: Those of them that stand for nothing, one of which may be the name misspelt.
    """

    def __init__(self, kind: str, name: str, given: Sequence[str], spare: Sequence[str] = ()) -> None:
        super().__init__(kind, name, given)
        close = meant_by(name, spare)
        hint = f" Did you mean it by {close!r}?" if close else ""
        self.message = f"The {kind} {name!r} is missing.{hint} Given: {_listed(given)}."
        self.args = (self.message,)


def meant_by(name: str, valid: Sequence[str]) -> str | None:
    """Returns the name that another was probably meant to be, None where none is like it.

    A slip of the pen comes first, then a part of a name, its initials ("lr" for learning_rate), its letters in order
    from the first one, and whatever is like it at last.

    Args:
        name: What was given.
        valid: The names that there are.
    """
    folded = {v.casefold(): v for v in valid}
    short = sorted(folded, key=lambda v: (len(v), v))
    asked = name.casefold()
    slips = difflib.get_close_matches(asked, list(folded), n=1, cutoff=_SLIP)
    telling = len(asked) > 1
    parts = [v for v in short if telling and asked in v]
    initials = [v for v in short if telling and _initials(v) == asked]
    beginnings = [v for v in short if telling and _initials(v).startswith(asked)]
    letters = [v for v in short if telling and v[:1] == asked[:1] and _has_in_order(v, asked)]
    likes = difflib.get_close_matches(asked, list(folded), n=1, cutoff=_LIKE)
    return next((folded[v] for v in (*slips, *parts, *initials, *beginnings, *letters, *likes)), None)


def _initials(name: str) -> str:
    return "".join(word[0] for word in re.split(r"[^a-z0-9]+", name) if word)


def _has_in_order(name: str, letters: str) -> bool:
    rest = iter(name)
    return all(letter in rest for letter in letters)


def _listed(names: Sequence[object]) -> str:
    known = ", ".join(map(_shown, names[:_MOST_LISTED])) or "none"
    return f"{known} and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else known


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
