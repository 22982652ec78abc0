"""Laws and whole-run formulas of several runs side by side: which exponents and which parts agree."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from deepcave_symbolic.comparing.agreement import constant_of
from deepcave_symbolic.comparing.comparison import Constant
from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.laws import FoundLaw, NoLaw
from deepcave_symbolic.records import Record
from deepcave_symbolic.whole_run import ExplainedRun
from deepcave_symbolic.words.numbers import counted

__all__ = ["ComparedLaws", "ComparedRuns", "SharedPart", "compared_laws", "compared_runs"]

L = TypeVar("L", bound="ComparedLaws")
R = TypeVar("R", bound="ComparedRuns")

#: Standard errors of a normal distribution to one end of its 90 % interval.
_ENDS = 1.6449


@dataclass(frozen=True, eq=False)
class ComparedLaws(Record):
    """How the best value of one hyperparameter moves in several runs.

    Args:
        runs: A name per run, all different.
        laws: The law of each run, or why there is none.
        exponents: Of every hyperparameter with which it moves in a run, named by it; NaN in runs whose law lacks it.
        level: Below this p-value exponents differ.
        notes: What must be known to read the comparison, in sentences.
    """

    runs: tuple[str, ...]
    laws: tuple[FoundLaw | NoLaw, ...]
    exponents: tuple[Constant, ...]
    level: float = 0.05
    notes: tuple[str, ...] = ()

    @property
    def hyperparameter(self) -> str:
        """Name of the hyperparameter whose best value is told."""
        return self.laws[0].hyperparameter


@dataclass(frozen=True, eq=False)
class SharedPart(Record):
    """A part that formulas of several runs may have.

    Args:
        hyperparameters: Of the part.
        shares: What it accounts for in each run; 0 where the run's formula lacks it.
        shapes: What it is called there; empty where it is lacking.
    """

    hyperparameters: tuple[str, ...]
    shares: tuple[float, ...]
    shapes: tuple[str, ...]

    @property
    def n_runs(self) -> int:
        """In how many runs it is."""
        return sum(bool(shape) for shape in self.shapes)

    @property
    def agrees(self) -> bool:
        """Whether every run has it, in one shape."""
        return len(set(self.shapes)) == 1


@dataclass(frozen=True, eq=False)
class ComparedRuns(Record):
    """The formulas of several whole runs.

    Args:
        runs: A name per run, all different.
        explained: The formula of each.
        parts: What is in any of them, what accounts for most on average first.
        notes: What must be known to read the comparison, in sentences.
    """

    runs: tuple[str, ...]
    explained: tuple[ExplainedRun, ...]
    parts: tuple[SharedPart, ...]
    notes: tuple[str, ...] = ()


def compared_laws(
    kind: type[L], laws: Mapping[str, FoundLaw | NoLaw], *, left_out: Mapping[str, str], level: float
) -> L:
    """Returns which exponents of several runs' laws agree (Cochran's Q, see `comparing.agreement`).

    Args:
        kind: The record's class.
        laws: The law of each run, by the run's name.
        left_out: Why a run is left out, by its name.
        level: Below this p-value exponents differ.

    Raises:
        InvalidArgumentError: If fewer than two runs remain, or the level is no probability.
    """
    notes = _checked(laws, left_out)
    if not 0.0 < level < 1.0:
        raise InvalidArgumentError(f"level is {level!r:.40}; expected a number between 0 and 1.")
    found = [law for law in laws.values() if isinstance(law, FoundLaw)]
    names = dict.fromkeys(name for law in found for name in law.exponents)
    return kind(
        runs=tuple(laws),
        laws=tuple(laws.values()),
        exponents=tuple(_exponent(name, list(laws.values()), level) for name in names),
        level=level,
        notes=notes,
    )


def _exponent(name: str, laws: Sequence[FoundLaw | NoLaw], level: float) -> Constant:
    """Returns an exponent with its agreement over the runs whose law has it."""
    values, errors = [], []
    for law in laws:
        known = isinstance(law, FoundLaw) and name in law.exponents
        low, high = law.intervals[name] if isinstance(law, FoundLaw) and known else (-math.inf, math.inf)
        values.append(law.exponents[name] if isinstance(law, FoundLaw) and known else math.nan)
        errors.append((high - low) / (2.0 * _ENDS))
    settled = [i for i, error in enumerate(errors) if math.isfinite(error)]
    shared = constant_of(name, "exponent", [values[i] for i in settled], [errors[i] for i in settled], level)
    if len(settled) < 2:
        shared = replace(shared, p_value=math.nan, agreement="undetermined")
    return replace(shared, values=tuple(values), errors=tuple(errors))


def compared_runs(kind: type[R], explained: Mapping[str, ExplainedRun], *, left_out: Mapping[str, str]) -> R:
    """Returns which parts the formulas of several runs share.

    Args:
        kind: The record's class.
        explained: The formula of each run, by the run's name.
        left_out: Why a run is left out, by its name.

    Raises:
        InvalidArgumentError: If fewer than two runs remain.
    """
    notes = _checked(explained, left_out)
    found: dict[frozenset[str], tuple[str, ...]] = {}
    for each in explained.values():
        for part in each.parts:
            found.setdefault(frozenset(part.hyperparameters), part.hyperparameters)
    parts = [_shared(names, key, list(explained.values())) for key, names in found.items()]
    parts.sort(key=lambda part: -sum(part.shares))
    return kind(runs=tuple(explained), explained=tuple(explained.values()), parts=tuple(parts), notes=notes)


def _shared(names: tuple[str, ...], key: frozenset[str], explained: Sequence[ExplainedRun]) -> SharedPart:
    shares, shapes = [], []
    for each in explained:
        alike = [part for part in each.parts if frozenset(part.hyperparameters) == key]
        shares.append(sum(part.share for part in alike))
        shapes.append(" and ".join(part.shape for part in alike))
    return SharedPart(names, tuple(shares), tuple(shapes))


def _checked(runs: Mapping[str, object], left_out: Mapping[str, str]) -> tuple[str, ...]:
    """Returns a note on every run that is left out.

    Raises:
        InvalidArgumentError: If fewer than two runs remain.
    """
    notes = tuple(f"{name} is left out: {reason}" for name, reason in left_out.items())
    if len(runs) < 2:
        raise InvalidArgumentError(
            f"A comparison needs two runs or more; found {counted(len(runs), 'usable one')}. {' '.join(notes)}".strip()
        )
    return notes
