"""A better configuration space for the next run: parts of domains to keep, bounds to widen, hyperparameters to freeze.

A value of a hyperparameter is worth keeping where the others can be set so that the objective stays within a tolerance
of its best: where the profile of the surrogate does, see `projection.profile`. What the trials cannot tell from zero is
added to the tolerance, so that nothing is cut away by noise.

Notation:
    y: the profile with less being better, objective units, shape (n,); best: its smallest value.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

import numpy as np

from deepcave_symbolic.exceptions import DeepcaveSymbolicError, InvalidArgumentError
from deepcave_symbolic.findings.explained import Explained, Unexplained
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.numeric.arrays import Array, Mask
from deepcave_symbolic.records import Record
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.space.serialized import read_space, space_dict
from deepcave_symbolic.words.names import either, shown_name
from deepcave_symbolic.words.numbers import rounded_text

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["ACTIONS", "AdvisedDomain", "AdvisedSpace", "advised_space", "checked_tolerance"]

S = TypeVar("S", bound="AdvisedSpace")
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
        choices: The choices that are left, as text; empty for numbers.
        value: What it is frozen at; None otherwise.
        formula: The formula of the profile; None where there is none.
        sentence: What to do and why.
    """

    hyperparameter: str
    action: Action
    bounds: tuple[float, ...] = ()
    choices: tuple[str, ...] = ()
    value: float | str | None = None
    formula: Formula | None = None
    sentence: str = ""


@dataclass(frozen=True, eq=False)
class AdvisedSpace(Record):
    """A better configuration space for the next run.

    Args:
        objective: Name of the objective.
        run: The run's path, else its name.
        tolerance: By how much the objective may be worse than its best, objective units.
        domains: What to do with every hyperparameter, in the space's order.
    """

    objective: str
    run: str
    tolerance: float
    domains: tuple[AdvisedDomain, ...]
    original: Any = field(default=None, compare=False, repr=False)

    @property
    def changed(self) -> tuple[AdvisedDomain, ...]:
        """Those that are not kept as they are."""
        return tuple(domain for domain in self.domains if domain.action != "keep")

    def configspace(self, original: ConfigurationSpace | None = None) -> ConfigurationSpace:
        """Returns the space with the changes; one that a condition or clause does not allow is left out.

        Args:
            original: The run's configuration space; it is known unless the record was read from a file.

        Raises:
            InvalidArgumentError: If it is not known.
        """
        space = self.original if original is None else original
        if space is None:
            raise InvalidArgumentError("This record was read from a file; expected the run's configuration space.")
        for domain in self.changed:
            space = _changed(space, domain)
        found: ConfigurationSpace = copy.deepcopy(space)
        return found


def _changed(space: ConfigurationSpace, domain: AdvisedDomain) -> ConfigurationSpace:
    data = space_dict(space)
    for item in data["hyperparameters"]:
        if item["name"] != domain.hyperparameter:
            continue
        if domain.value is not None:
            kept: dict[str, Any] = {"type": "constant", "name": item["name"], "value": domain.value, "meta": None}
            item.clear()
            item.update(kept)
        elif domain.bounds:
            whole = item["type"].endswith("int")
            low, high = (int(end) if whole else end for end in domain.bounds)
            item.update(lower=low, upper=high)
            item["default_value"] = min(max(item["default_value"], low), high)
        else:
            _keep_choices(item, domain.choices)
    try:
        return read_space(data)
    except DeepcaveSymbolicError:
        return space


def _keep_choices(item: dict[str, Any], kept: Sequence[str]) -> None:
    of = "sequence" if "sequence" in item else "choices"
    where = [i for i, value in enumerate(item[of]) if str(value) in kept]
    if item.get("weights"):
        item["weights"] = [item["weights"][i] for i in where]
    item[of] = [item[of][i] for i in where]
    if item["default_value"] not in item[of]:
        item["default_value"] = item[of][0]


def checked_tolerance(tolerance: Any) -> float:
    """Returns the tolerance.

    Raises:
        InvalidArgumentError: If it is no finite number from 0 on.
    """
    number = isinstance(tolerance, (int, float, np.integer, np.floating)) and not isinstance(tolerance, bool)
    if not number or not math.isfinite(tolerance) or tolerance < 0.0:
        raise InvalidArgumentError(
            f"tolerance is {tolerance!r:.40}; expected a number from 0 on, in units of the objective."
        )
    return float(tolerance)


def advised_space(
    kind: type[S],
    profiles: Sequence[Explained | Unexplained],
    configspace: ConfigurationSpace,
    tolerance: float,
    *,
    objective: str,
    run: str,
) -> S:
    """Returns what to do with every hyperparameter.

    Args:
        kind: The record's class.
        profiles: The explanations of single hyperparameters with statistic="best", or why there are none.
        configspace: The run's configuration space.
        tolerance: By how much the objective may be worse than its best, objective units.
        objective: Name of the objective.
        run: The run's path, else its name.
    """
    found = {each.hyperparameters[0]: each for each in profiles}
    domains = []
    for name in configspace:
        each = found.get(name)
        if isinstance(each, Explained):
            domains.append(_domain(each, tolerance))
        else:
            reason = "It is not explained." if each is None else each.reason
            domains.append(AdvisedDomain(name, "keep", sentence=f"Keep {shown_name(name)} as it is. {reason}"))
    return kind(objective, run, tolerance, tuple(domains), configspace)


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


def _domain(profile: Explained, tolerance: float) -> AdvisedDomain:
    projection, axis = profile.projection, profile.projection.axes[0]
    sign = -1.0 if profile.direction == "maximize" else 1.0
    x, y = projection.grid[projection.valid, 0], sign * projection.mean[projection.valid]
    within: Mask = y - np.min(y) <= tolerance + profile.noise
    advise = _numbers if axis.labels is None else _choices
    return advise(profile, axis, x, y, within, _Limit.of(tolerance, profile.noise))


def _choices(profile: Explained, axis: Axis, x: Array, y: Array, within: Mask, limit: _Limit) -> AdvisedDomain:
    labels = axis.labels or ()
    kept = [labels[int(position)] for position in x[within]]
    name, objective = shown_name(axis.name), shown_name(profile.objective)
    best = labels[int(x[int(np.argmin(y))])]
    worse = f"{objective} worse by more than {limit.total}{limit.parts}"
    if len(kept) == len(labels):
        sentence = f"{name} can be frozen, at {shown_name(best)}: no choice makes {worse}."
        return AdvisedDomain(axis.name, "freeze", value=best, formula=profile.best, sentence=sentence)
    if len(kept) == 1:
        sentence = f"{name} can be frozen, at {shown_name(best)}: every other choice makes {worse}."
        return AdvisedDomain(axis.name, "freeze", value=best, formula=profile.best, sentence=sentence)
    left = either([shown_name(label) for label in labels if label not in kept], " and ")
    sentence = f"{name}: without {left}, with which even the best {objective} is {worse.removeprefix(objective + ' ')}."
    return AdvisedDomain(axis.name, "narrow", choices=tuple(kept), formula=profile.best, sentence=sentence)


def _numbers(profile: Explained, axis: Axis, x: Array, y: Array, within: Mask, limit: _Limit) -> AdvisedDomain:
    name, objective = shown_name(axis.name), shown_name(profile.objective)
    if np.all(within):
        return _frozen(profile, axis, float(x[int(np.argmin(y))]), limit)
    low, high = _hull(axis, x, within)
    beyond = [_beyond(axis, x, y, side, profile.noise) for side in (0, 1)]
    ends = tuple(end if moved is None else moved for end, moved in zip((low, high), beyond, strict=True))
    was, shown = (
        f"{axis.shown(bounds[0], 6)} to {axis.shown(bounds[1], 6)}" for bounds in ((axis.lower, axis.upper), ends)
    )
    u = axis.to_coordinate(np.array([low, high, axis.lower, axis.upper]))
    narrower = bool(u[1] - u[0] < _NEARLY_ALL * (u[3] - u[2]))
    worse = f"{objective} is worse by more than {limit.total}{limit.parts}, whatever the others are"
    if any(moved is not None for moved in beyond):
        side = "lower" if beyond[0] is not None else "upper"
        elsewhere = f" At the other end {worse}." if narrower else ""
        reason = f"the best lies on the {side} bound; try more where your code allows it.{elsewhere}"
        sentence = f"{name}: {shown} instead of {was}: {reason}"
        return AdvisedDomain(axis.name, "widen", bounds=ends, formula=profile.best, sentence=sentence)
    if narrower:
        sentence = f"{name}: {shown} instead of {was}: elsewhere {worse}."
        return AdvisedDomain(axis.name, "narrow", bounds=ends, formula=profile.best, sentence=sentence)
    sentence = f"Keep {name} as it is: good configurations lie in nearly all of its range."
    return AdvisedDomain(axis.name, "keep", formula=profile.best, sentence=sentence)


def _frozen(profile: Explained, axis: Axis, best: float, limit: _Limit) -> AdvisedDomain:
    """Returns the advice for numbers of which any will do: the incumbent's, or where it has none the best."""
    incumbent = profile.projection.incumbent
    at = best if incumbent is None or incumbent.values is None else incumbent.values[0]
    value = float(axis.rounded(at, _DIGITS + 1))
    name, objective = shown_name(axis.name), shown_name(profile.objective)
    sentence = (
        f"{name} can be frozen, at {axis.shown(value, _DIGITS + 1)}: whatever it is, the others can keep {objective} "
        f"within {limit.total} of its best{limit.parts}."
    )
    frozen = int(value) if axis.integer else value
    return AdvisedDomain(axis.name, "freeze", value=frozen, formula=profile.best, sentence=sentence)


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
