"""How much conditions depend on each other, asked before ConfigSpace builds a space of them.

ConfigSpace 1.2 follows every way from a condition to those that depend on it, directly or through others, and sorts
what it has found after each step. A chain of n conditions has 2^(n-1) ways: one of 14 takes seconds, one of 20 hours.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

__all__ = ["Dependence", "dependences_in", "too_entangled"]

#: Ways that ConfigSpace follows in a few seconds: those of a chain of 13 conditions.
_MOST_WAYS = 4096

#: The hyperparameters that become active together, and those that decide it.
Dependence = tuple[frozenset[str], frozenset[str]]


def too_entangled(dependences: Sequence[Dependence]) -> str | None:
    """Returns in words why ConfigSpace cannot build the space in reasonable time, None where it can."""
    graph: dict[int, set[int]] = {}
    conditions_of: dict[str, list[int]] = {}
    for i, (_, parents) in enumerate(dependences):
        for name in parents:
            conditions_of.setdefault(name, []).append(i)
    for i, (children, _) in enumerate(dependences):
        graph[i] = {j for name in children for j in conditions_of.get(name, ())}
    below: dict[int, frozenset[int]] = {}
    ways: dict[int, int] = {}
    try:
        for i in TopologicalSorter(graph).static_order():  # those that depend on a condition come before it
            below[i] = frozenset(graph[i]).union(*(below[j] for j in graph[i]))
            ways[i] = 1 + sum(ways[j] for j in below[i])
            if ways[i] > _MOST_WAYS:  # not to follow them ourselves
                break
    except CycleError:  # which ConfigSpace refuses itself
        return None
    first = ways.keys() - set().union(*(graph[i] for i in ways))
    if sum(ways[i] for i in first) <= _MOST_WAYS:
        return None
    return (
        f"The space's {len(dependences)} conditions depend on each other in more than {_MOST_WAYS} ways, for which "
        "ConfigSpace takes minutes to hours. Up to 13 in a chain are read; pass a space in which fewer depend on each "
        "other as configspace (--configspace FILE)."
    )


def dependences_in(conditions: Any) -> list[Dependence]:
    """Returns what the conditions of a serialised space depend on; those that are none are left out.

    Hyperparameters with the same condition are one case, as they are to ConfigSpace.
    """
    children: dict[str, set[str]] = {}
    parents: dict[str, frozenset[str]] = {}
    for condition in conditions if isinstance(conditions, list) else ():
        if isinstance(condition, Mapping) and isinstance(child := condition.get("child"), str):
            key = json.dumps(_without_child(condition), sort_keys=True, default=str)
            children.setdefault(key, set()).add(child)
            parents[key] = frozenset(_parents(condition))
    return [(frozenset(children[key]), parents[key]) for key in children]


def _without_child(condition: Any) -> Any:
    if isinstance(condition, Mapping):
        return {key: _without_child(value) for key, value in condition.items() if key != "child"}
    return list(map(_without_child, condition)) if isinstance(condition, list) else condition


def _parents(condition: Any) -> Iterable[str]:
    if isinstance(condition, list):
        for part in condition:
            yield from _parents(part)
    elif isinstance(condition, Mapping):
        if isinstance(parent := condition.get("parent"), str):
            yield parent
        for value in condition.values():
            yield from _parents(value)
