"""The configuration space with the advised changes, and what its conditions and clauses do not allow of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcave_symbolic.advice.distance import Distances
from deepcave_symbolic.advice.domains import AdvisedDomain
from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.space.choices import choice_position, choices_of, plain_value
from deepcave_symbolic.space.configurations import deactivate, forbidden, sample_all
from deepcave_symbolic.space.named_values import values_of_vector
from deepcave_symbolic.space.notes import VALUES, noted, with_note
from deepcave_symbolic.space.part import Part, restricted_space
from deepcave_symbolic.space.serialized import read_space, space_dict
from deepcave_symbolic.words.names import shown_name

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["changed_space", "left_out"]

#: Configurations that are drawn to find an allowed default.
_DRAWN = 2000
#: Whether a changed hyperparameter can have a value.
Has = Callable[[str, Any], bool]


def left_out(space: ConfigurationSpace, changes: Sequence[AdvisedDomain]) -> dict[str, str]:
    """Returns in clauses why a space does not allow changes, by hyperparameter; those that it allows go together."""
    reasons: dict[str, str] = {}
    if not changes or _why_not(space, changes) is None:
        return reasons
    kept: list[AdvisedDomain] = []
    for change in changes:
        reason = _why_not(space, [*kept, change])
        if reason is None:
            kept.append(change)
        else:
            reasons[change.hyperparameter] = reason
    return reasons


def _why_not(space: ConfigurationSpace, changes: Sequence[AdvisedDomain]) -> str | None:
    try:
        changed_space(space, changes)
    except InvalidArgumentError as error:
        return str(error)
    return None


def changed_space(space: ConfigurationSpace, changes: Sequence[AdvisedDomain]) -> ConfigurationSpace:
    """Returns a space with changes; clauses about values that it no longer has are gone.

    The default configuration is as near to the space's as the clauses allow.

    Raises:
        InvalidArgumentError: If it does not allow them all; the message says why, in a clause.
    """
    data = space_dict(space)
    by_name = {change.hyperparameter: change for change in changes}
    if unknown := set(by_name) - set(space):
        raise InvalidArgumentError(f"the space has no hyperparameter {min(unknown)!r}")
    data["hyperparameters"] = [
        _changed(item, space[item["name"]], by_name[item["name"]]) if item["name"] in by_name else item
        for item in data["hyperparameters"]
    ]
    items = {item["name"]: item for item in data["hyperparameters"]}
    has = _has(items, by_name)
    data["forbiddens"] = [left for each in data["forbiddens"] if (left := _left(each, has)) is not None]
    conditions = [(each, _left(each, has)) for each in data["conditions"]]
    for each, left in conditions:
        if left is None:
            raise InvalidArgumentError(f"{shown_name(each['child'])} would never be active")
    data["conditions"] = [left for _, left in conditions]
    try:
        return read_space(data)
    except InvalidArgumentError:
        pass  # mostly a default configuration that a clause forbids
    defaults = _allowed(space, changes, items)
    if defaults is None:
        raise InvalidArgumentError("no configuration was found that the forbidden clauses would allow")
    for name, value in defaults.items():
        if "default_value" in items[name]:
            items[name]["default_value"] = value
    try:
        return read_space(data)
    except InvalidArgumentError as error:
        raise InvalidArgumentError("a condition or a forbidden clause does not go with it") from error


def _changed(item: dict[str, Any], hyperparameter: Any, change: AdvisedDomain) -> dict[str, Any]:
    """Returns a hyperparameter of `space_dict` with a change."""
    if change.bounds:
        whole = item["type"].endswith("int")
        low, high = (int(end) if whole else end for end in change.bounds)
        default = min(max(item["default_value"], low), high)
        return {**item, "lower": low, "upper": high, "default_value": default}
    if change.action == "freeze" and hasattr(hyperparameter, "lower"):
        return {"type": "constant", "name": item["name"], "value": change.value, "meta": None}
    own = choices_of(hyperparameter)
    of = "sequence" if "sequence" in item else "choices"
    kept = [change.value] if change.action == "freeze" else list(change.choices)
    where = sorted(int(choice_position(value, own)) for value in kept)
    held, meta = [item[of][i] for i in where], item["meta"]
    if noted(hyperparameter, VALUES) is not None:
        meta = with_note(meta, VALUES, [own[i] for i in where])
    if change.action == "freeze":
        return {"type": "constant", "name": item["name"], "value": held[0], "meta": meta}
    changed = {**item, of: held, "meta": meta}
    if item.get("weights"):
        changed["weights"] = [item["weights"][i] for i in where]
    if item["default_value"] not in held:
        changed["default_value"] = held[0]
    return changed


def _has(items: Mapping[str, dict[str, Any]], changed: Mapping[str, AdvisedDomain]) -> Has:
    def has(name: str, value: Any) -> bool:
        if name not in changed:
            return True
        item, value = items[name], plain_value(value)
        if "lower" in item:
            return bool(item["lower"] <= value <= item["upper"])
        return value in [plain_value(each) for each in item.get("choices", item.get("sequence", [item.get("value")]))]

    return has


def _left(entry: dict[str, Any], has: Has) -> dict[str, Any] | None:
    """Returns what is left of a condition or clause that speaks of values; None where it never holds any more."""
    kind, name = entry["type"], entry.get("parent", entry.get("name"))
    if kind in ("EQ", "EQUALS"):
        return entry if has(str(name), entry["value"]) else None
    if kind == "IN":
        values = [value for value in entry["values"] if has(str(name), value)]
        return {**entry, "values": values} if values else None
    if kind not in ("AND", "OR"):
        return entry
    of = "conditions" if "conditions" in entry else "clauses"
    parts = [_left(part, has) for part in entry[of]]
    left = [part for part in parts if part is not None]
    if not left or (kind == "AND" and len(left) < len(parts)):
        return None
    return {**entry, of: left} if len(left) > 1 else left[0]


def _allowed(
    space: ConfigurationSpace, changes: Sequence[AdvisedDomain], items: Mapping[str, dict[str, Any]]
) -> dict[str, Any] | None:
    """Returns the values of the allowed configuration that is nearest to the defaults; None where none was found."""
    names = list(space)
    parts, frozen = {}, {}
    for change in changes:
        hyperparameter: Any = space[change.hyperparameter]
        if change.action == "freeze":
            frozen[names.index(change.hyperparameter)] = _entry(hyperparameter, change.value)
        else:
            parts[change.hyperparameter] = _part(hyperparameter, change)
    X = sample_all(restricted_space(space, parts), _DRAWN, np.random.RandomState(0))
    for column, entry in frozen.items():
        X[:, column] = entry
    X = deactivate(space, X)
    X = X[~forbidden(space, X)]
    if len(X) == 0:
        return None
    wanted = np.array([_default(space[name], items[name]) for name in names])
    nearest = X[int(np.argmin(Distances(space).between(X, deactivate(space, wanted[None, :]))[:, 0]))]
    found = values_of_vector(space, nearest)
    return {name: _held(items[name], value) for name, value in found.items()}


def _part(hyperparameter: Any, change: AdvisedDomain) -> Part:
    if change.bounds:
        return max(change.bounds[0], hyperparameter.lower), min(change.bounds[1], hyperparameter.upper)
    return tuple(choice_position(value, choices_of(hyperparameter)) for value in change.choices)


def _entry(hyperparameter: Any, value: Any) -> float:
    if hasattr(hyperparameter, "lower"):
        return float(hyperparameter.to_vector(value))
    return choice_position(value, choices_of(hyperparameter))


def _default(hyperparameter: Any, item: dict[str, Any]) -> float:
    return _entry(hyperparameter, item["value"] if "value" in item else item["default_value"])


def _held(item: dict[str, Any], value: Any) -> Any:
    """Returns a value as a hyperparameter of `space_dict` holds it."""
    if "lower" in item:
        return min(max(value, item["lower"]), item["upper"])
    held = item.get("choices", item.get("sequence"))
    return value if held is None else next(each for each in held if plain_value(each) == value)
