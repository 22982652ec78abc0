"""What makes two values equal, and a mapping that does not change."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import numpy as np

__all__ = ["Frozen", "content", "same"]

K = TypeVar("K")
V = TypeVar("V")


class Frozen(Mapping[K, V]):
    """A mapping that does not change and has a hash; its entries keep their order."""

    def __init__(self, *args: Any, **kwargs: V) -> None:
        self._entries: dict[K, V] = dict(*args, **kwargs)

    def __getitem__(self, key: K) -> V:
        return self._entries[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and content(self) == content(other)

    def __hash__(self) -> int:
        return hash(content(self))

    def __repr__(self) -> str:
        return repr(self._entries)


def same(one: Any, other: Any) -> bool:
    """Tells whether two values have the same `content`; where they differ early, the rest is not looked at."""
    if one is other:
        return True
    if is_dataclass(one) and type(one) is type(other):
        return all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one) if f.compare)
    if isinstance(one, (tuple, list)) and isinstance(other, (tuple, list)):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(content(one) == content(other))


def content(value: Any) -> Any:
    """Returns what makes two values equal, as hashable values: arrays by their numbers, NaN equal to NaN."""
    if is_dataclass(value):
        return (type(value).__name__, *(content(getattr(value, f.name)) for f in fields(value) if f.compare))
    if isinstance(value, np.ndarray):
        return (value.shape, *map(content, value.ravel().tolist()))
    if isinstance(value, (tuple, list)):
        return tuple(map(content, value))
    if isinstance(value, Mapping) and hasattr(value, "to_serialized_dict"):  # a configuration space
        return json.dumps(value.to_serialized_dict(), sort_keys=True, default=str)
    if isinstance(value, Mapping):
        return frozenset((key, content(entry)) for key, entry in value.items())
    return "NaN" if isinstance(value, float) and math.isnan(value) else value
