"""The base of the records: frozen, hashable, equal by content, arrays and NaN included.

A record is a frozen dataclass of numbers, texts, tuples, arrays, `Frozen` mappings and other records. It is declared
with `@dataclass(frozen=True, eq=False)`, since a dataclass's own equality cannot compare arrays.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar

from deepcave_symbolic.records.codec import decode, encode
from deepcave_symbolic.records.frozen import content, same

__all__ = ["Record"]

R = TypeVar("R", bound="Record")


class Record:
    """A frozen dataclass that is equal to its copy from JSON; fields with `compare=False` belong to neither."""

    def to_dict(self) -> dict[str, Any]:
        """Returns the record as JSON values; what is not finite becomes None."""
        own: Any = self
        return {f.name: encode(getattr(self, f.name)) for f in fields(own) if f.compare}

    @classmethod
    def from_dict(cls: type[R], data: Any) -> R:
        """Reads what `to_dict` wrote.

        Raises:
            FormulaError: If a field is missing or has another type.
        """
        record: R = decode(cls, data)
        return record

    def __eq__(self, other: object) -> bool:
        return same(self, other) if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(content(self))
