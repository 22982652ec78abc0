"""What to do with one hyperparameter: which part of its domain to keep, which bound to widen, or where to freeze it.

Notation:
    y: the profile with less being better, objective units, shape (n,); best: its smallest value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from deepcave_symbolic.findings.evidence import Evidence
from deepcave_symbolic.findings.explained import Explained
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.numeric.arrays import Array, Mask
from deepcave_symbolic.records import Record
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.space.choices import choices_of
from deepcave_symbolic.words.names import either, shown_name
from deepcave_symbolic.words.numbers import rounded_text

__all__ = ["ACTIONS", "AdvisedDomain", "advised_domain"]

Action = Literal["keep", "narrow", "widen", "freeze"]
#: What can be done with a hyperparameter.
ACTIONS: tuple[Action, ...] = get_args(Action)

#: A part of the range larger than this is all of it.
_NEARLY_ALL = 0.9
#: The optimum sits on a bound if it lies within this share of the range of it, and so far inside the cost is higher.
_ON_BOUND, _INSIDE = 0.02, 0.15
#: How far a bound is moved: a factor on a log scale, a share of the range on others.
_FACTOR, _SHARE = 10.0, 0.5
#: Numbers that bounds are not moved beyond: shares, probabilities and counts end there.
_NATURAL_ENDS = (0.0, 1.0)
_DIGITS = 2


@dataclass(frozen=True, eq=False)
class AdvisedDomain(Record):
    """What to do with one hyperparameter.

    Args:
        hyperparameter: Its name.
        action: "keep" it as it is, "narrow" or "widen" its domain (one end may move in, the other out), or "freeze" it.
        bounds: The new lower and upper bound, natural units; empty for choices and what is frozen.
        choices: The choices or values of an ordinal that are left, as the space has them; empty for ranges.
        value: What it is frozen at, as the space has it; None otherwise.
        formula: The formula of the profile; None where there is none.
        sentence: What to do and why.
        left_out: Why the new space does not have the change, in a clause; empty where it has.
    """

    hyperparameter: str
    action: Action
    bounds: tuple[float, ...] = ()
    choices: tuple[Any, ...] = ()
    value: Any = None
    formula: Formula | None = None
    sentence: str = ""
    left_out: str = ""


@dataclass(frozen=True)
class _Limit:
    """By how much the objective may be worse than its best, and of what that is made up, in words."""

    total: str
    parts: str

    @classmethod
    def of(cls, tolerance: float, noise: float) -> _Limit:
        if noise <= 0.0:
            return cls(rounded_text(tolerance, 2), "")
        parts = f" ({rounded_text(tolerance, 2)} and {rounded_text(noise, 2)} that the trials cannot tell)"
        return cls(rounded_text(tolerance + noise, 2), parts)


def advised_domain(profile: Explained, hyperparameter: Any, tolerance: float) -> AdvisedDomain:
    """Returns what to do with a hyperparameter.

    Args:
        profile: Its explanation with statistic="best".
        hyperparameter: The space's.
        tolerance: By how much the objective may be worse than its best, objective units.
    """
    projection, axis = profile.projection, profile.projection.axes[0]
    sign = -1.0 if profile.direction == "maximize" else 1.0
    x, y = projection.grid[projection.valid, 0], sign * projection.mean[projection.valid]
    within: Mask = y - np.min(y) <= tolerance + profile.noise
    if why := _unknown(profile, within):
        return AdvisedDomain(axis.name, "keep", sentence=f"Keep {shown_name(axis.name)} as it is: {why}.")
    of = _Of(profile, axis, hyperparameter, _Limit.of(tolerance, profile.noise))
    if axis.labels is not None:
        return of.choices(x, y, within)
    return of.values(x, y, within) if axis.values is not None else of.numbers(x, y, within)


def _unknown(profile: Explained, within: Mask) -> str:
    """Returns why the trials do not allow to change a domain, in a clause; empty where they do."""
    evidence = Evidence(profile.projection, profile.noise, profile.surrogate.n_trials)
    if evidence.is_unseen:
        return "next to no trial had it active"
    if profile.surrogate.n_trials > 0 and len(evidence.tried[0]) < 2:
        return "all trials have one and the same value"
    if not profile.told_from_noise and not np.all(within):
        return f"the trials cannot tell from noise how it moves {shown_name(profile.objective)}"
    return ""


@dataclass(frozen=True)
class _Of:
    """What advice on one hyperparameter is made from.

    Args:
        profile: Its explanation.
        axis: Its domain.
        hyperparameter: The space's.
        limit: By how much the objective may be worse.
    """

    profile: Explained
    axis: Axis
    hyperparameter: Any
    limit: _Limit

    @property
    def name(self) -> str:
        return shown_name(self.axis.name)

    @property
    def objective(self) -> str:
        return shown_name(self.profile.objective)

    @property
    def tolerated(self) -> str:
        return f"{self.limit.total}{self.limit.parts}"

    def advice(self, action: Action, sentence: str, **found: Any) -> AdvisedDomain:
        return AdvisedDomain(self.axis.name, action, formula=self.profile.best, sentence=sentence, **found)

    def any_will_do(self, best: float) -> float:
        """Returns the incumbent's value, which is proven, where it has one; else the best of the profile."""
        incumbent = self.profile.projection.incumbent
        return best if incumbent is None or incumbent.values is None else float(incumbent.values[0])

    def choices(self, x: Array, y: Array, within: Mask) -> AdvisedDomain:
        """Returns the advice on choices, and on ordinals whose values are no numbers."""
        labels, own = self.axis.labels or (), self.axis.choices or ()
        if not self.axis.categorical:
            within = _run(within)
        kept = [int(position) for position in x[within]]
        worse = f"makes {self.objective} worse by more than {self.tolerated}"
        if len(kept) in (1, len(x)):
            at = int(x[int(np.argmin(y))])
            at = int(self.any_will_do(at)) if len(kept) == len(x) else at
            other = "every other" if len(kept) == 1 else "no"
            sentence = f"{self.name} can be frozen, at {_choice_shown(own[at], labels[at])}: {other} choice {worse}."
            return self.advice("freeze", sentence, value=own[at])
        left = [_choice_shown(own[i], label) for i, label in enumerate(labels) if i not in kept]
        sentence = (
            f"{self.name}: without {either(left, ' and ')}, with which even the best prediction is worse by more than "
            f"{self.tolerated}."
        )
        return self.advice("narrow", sentence, choices=tuple(own[i] for i in kept))

    def values(self, x: Array, y: Array, within: Mask) -> AdvisedDomain:
        """Returns the advice on few numbers, of which a run is kept: an ordinal's, or those of a range with steps."""
        kept = [float(value) for value in x[_run(within)]]
        if len(kept) == 1:
            sentence = (
                f"{self.name} can be frozen, at {self.axis.shown(kept[0], 6)}: every other value makes "
                f"{self.objective} worse by more than {self.tolerated}."
            )
            return self.advice("freeze", sentence, value=self._own(kept[0]))
        if np.all(within):
            return self._frozen(float(x[int(np.argmin(y))]))
        if len(kept) > _NEARLY_ALL * len(x):
            return self._kept()
        ends = kept[0], kept[-1]
        sentence = f"{self._moved(ends)}: elsewhere {self._worse}."
        if hasattr(self.hyperparameter, "lower"):
            return self.advice("narrow", sentence, bounds=ends)
        own = choices_of(self.hyperparameter)
        return self.advice("narrow", sentence, choices=tuple(v for v in own if ends[0] <= v <= ends[1]))

    def numbers(self, x: Array, y: Array, within: Mask) -> AdvisedDomain:
        """Returns the advice on a range."""
        axis = self.axis
        if np.all(within):
            return self._frozen(float(x[int(np.argmin(y))]))
        low, high = _hull(axis, x, within)
        beyond = [_beyond(axis, x, y, side, self.profile.noise) for side in (0, 1)]
        ends = tuple(end if moved is None else moved for end, moved in zip((low, high), beyond, strict=True))
        u = axis.to_coordinate(np.array([low, high, axis.lower, axis.upper]))
        narrower = bool(u[1] - u[0] < _NEARLY_ALL * (u[3] - u[2]))
        if any(moved is not None for moved in beyond):
            side = "lower" if beyond[0] is not None else "upper"
            elsewhere = f" At the other end {self._worse}." if narrower else ""
            reason = f"the best lies on the {side} bound; try more where your code allows it.{elsewhere}"
            return self.advice("widen", f"{self._moved(ends)}: {reason}", bounds=ends)
        if narrower:
            return self.advice("narrow", f"{self._moved(ends)}: elsewhere {self._worse}.", bounds=ends)
        return self._kept()

    @property
    def _worse(self) -> str:
        return f"{self.objective} is worse by more than {self.tolerated}, whatever the others are"

    def _moved(self, ends: tuple[float, ...]) -> str:
        axis = self.axis
        shown, was = (
            f"{axis.shown(low, 6)} to {axis.shown(high, 6)}" for low, high in (ends, (axis.lower, axis.upper))
        )
        return f"{self.name}: {shown} instead of {was}"

    def _kept(self) -> AdvisedDomain:
        return self.advice("keep", f"Keep {self.name} as it is: good configurations lie in nearly all of its range.")

    def _frozen(self, best: float) -> AdvisedDomain:
        """Returns the advice for numbers of which any will do."""
        value = self.any_will_do(best)
        if self.axis.values is None:
            value = float(self.axis.rounded(value, _DIGITS + 1))
        sentence = (
            f"{self.name} can be frozen, at {self.axis.shown(value, _DIGITS + 1)}: whatever it is, the others can keep "
            f"{self.objective} within {self.limit.total} of its best{self.limit.parts}."
        )
        return self.advice("freeze", sentence, value=self._own(value))

    def _own(self, value: float) -> Any:
        """Returns the space's own value for a number."""
        if not hasattr(self.hyperparameter, "lower"):
            return next(own for own in choices_of(self.hyperparameter) if own == value)
        return int(value) if self.axis.integer else value


def _run(within: Mask) -> Mask:
    """Returns the first to the last that is within the tolerance, and all between."""
    where = np.flatnonzero(within)
    run: Mask = np.zeros(len(within), dtype=bool)
    run[where[0] : where[-1] + 1] = True
    return run


def _choice_shown(choice: Any, label: str) -> str:
    """Returns a choice in a sentence; numbers need no quotes there."""
    return label if isinstance(choice, int | float) else shown_name(label)


def _hull(axis: Axis, x: Array, within: Mask) -> tuple[float, float]:
    """Returns the ends of what is within the tolerance, out to the next points, rounded outwards."""
    inside = np.flatnonzero(within)
    low, high = float(x[max(0, inside[0] - 1)]), float(x[min(len(x) - 1, inside[-1] + 1)])
    return max(axis.lower, _outwards(axis, low, math.floor)), min(axis.upper, _outwards(axis, high, math.ceil))


def _outwards(axis: Axis, value: float, whole: Any) -> float:
    if value == 0.0:
        return value
    step = 10.0 ** (math.floor(math.log10(abs(value))) - _DIGITS + 1)
    rounded = float(f"{whole(round(value / step, 9)) * step:.12g}")
    return float(whole(rounded)) if axis.integer else rounded


def _beyond(axis: Axis, x: Array, y: Array, side: int, noise: float) -> float | None:
    """Returns where a bound on which the optimum sits should be moved to; None where it should stay."""
    u = axis.to_coordinate(x)
    low, high = axis.coordinate_bounds
    share = (u - low) / (high - low) if side == 0 else (high - u) / (high - low)
    at = int(np.argmin(y))
    inner = int(np.argmin(np.abs(share - _INSIDE)))
    bound = axis.lower if side == 0 else axis.upper
    if share[at] > _ON_BOUND or y[inner] - y[at] <= noise or bound in _NATURAL_ENDS or axis.values is not None:
        return None
    sign = -1.0 if side == 0 else 1.0
    moved = bound * _FACTOR**sign if axis.log else bound + sign * _SHARE * (axis.upper - axis.lower)
    if not axis.log and axis.lower >= 0.0 and side == 0:
        moved = max(0.0, moved)
    if not axis.log and axis.upper < 1.0 and axis.lower >= 0.0 and side == 1:
        moved = min(1.0, moved)
    if axis.integer:
        moved = max(1.0, float(round(moved))) if axis.lower >= 1.0 else float(round(moved))
    return None if moved == bound else float(f"{moved:.6g}")
