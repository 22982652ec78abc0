"""Records to JSON values and back, by the types of their fields; the only place that knows how.

Strict on the way back: a text is no list, True is no number. NaN and infinity become None, and None becomes NaN again
where a number is expected, or what the field's metadata say under "none". A missing field takes its default. A class
with `encoded` and `decoded`, such as an expression, goes its own way.
"""

from __future__ import annotations

import builtins
import functools
import math
import sys
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from deepcave_symbolic.exceptions import FormulaError
from deepcave_symbolic.records.frozen import Frozen

__all__ = ["decode", "encode"]

_LARGEST = sys.float_info.max


def encode(value: Any) -> Any:
    """Returns a value as JSON values; what is not finite becomes None."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if hasattr(value, "encoded"):
        return value.encoded()
    if isinstance(value, Mapping):
        return {str(key): encode(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray):
        return encode(value.tolist())
    if isinstance(value, (tuple, list, frozenset)):
        return [encode(item) for item in value]
    if isinstance(value, np.generic):
        return encode(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def decode(cls: type, data: Any) -> Any:
    """Returns a record of a class from what `encode` made of it.

    Raises:
        FormulaError: If a field is missing or has another type; the message names it.
    """
    if not isinstance(data, Mapping):
        raise _unexpected(data, f"the fields of {cls.__name__}")
    values = {}
    for field, kind in _fields(cls):
        if field.name in data:
            try:
                values[field.name] = _read(kind, data[field.name], field.metadata.get("none", math.nan))
            except FormulaError as error:
                raise FormulaError(f"{cls.__name__}.{field.name}: {error}") from None
        elif field.default is MISSING and field.default_factory is MISSING:
            raise FormulaError(f"{cls.__name__} without its field {field.name!r}.")
    try:
        return cls(**values)
    except (TypeError, ValueError, IndexError, OverflowError) as error:
        raise FormulaError(f"{cls.__name__}: {type(error).__name__}: {error}") from error


@functools.cache
def _fields(cls: type) -> list[tuple[Field[Any], Any]]:
    hints: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if own := vars(base).get("__annotations__"):
            # What a base declares is said in its own module's words.
            declared = types.SimpleNamespace(__annotations__=own)
            hints |= get_type_hints(declared, localns=_Names(vars(sys.modules[base.__module__]), Self=cls))
    return [(field, hints[field.name]) for field in fields(cls) if field.init and field.compare]


class _Names(dict[str, Any]):
    """What the names in annotations mean; one that only type checkers import may stand for anything."""

    def __missing__(self, name: str) -> Any:
        return getattr(builtins, name, Any)


def _read(kind: Any, data: Any, none: Any) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if data is None and type(None) in arguments:
            return None
        return _read_one_of([a for a in arguments if a is not type(None)], data, none)
    if origin is tuple:
        return _read_tuple(arguments, data, none)
    # From numpy 2.5 on, NDArray is an alias with a value of its own (PEP 695).
    if get_origin(getattr(origin, "__value__", kind)) is np.ndarray:
        return _read_array(bool if "bool" in str(kind) else float, data)
    if origin is Literal:
        if data not in arguments:
            raise _unexpected(data, " or ".join(map(repr, arguments)))
        return data
    if isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(data, Mapping):
            raise _unexpected(data, "a mapping")
        return Frozen({str(key): _read(arguments[1], value, none) for key, value in data.items()})
    if kind is Any:
        return _frozen(data)
    if hasattr(kind, "decoded"):
        return kind.decoded(data)
    if is_dataclass(kind):
        return decode(kind, data) if not hasattr(kind, "from_dict") else kind.from_dict(data)  # type: ignore[arg-type]
    return _read_plain(kind, data, none)


def _read_plain(kind: type, data: Any, none: Any) -> Any:
    if kind is float:
        if data is None:
            return none
        number = float(data) if type(data) in (int, float) and abs(data) <= _LARGEST else math.nan
        if not math.isfinite(number):
            raise _unexpected(data, "a finite number")
        return number
    if not isinstance(data, kind) or (kind is int and isinstance(data, bool)):
        raise _unexpected(data, kind.__name__)
    return data


def _read_one_of(kinds: list[Any], data: Any, none: Any) -> Any:
    for i, kind in enumerate(kinds):
        try:
            return _read(kind, data, none)
        except FormulaError:
            if i == len(kinds) - 1:
                raise
    raise _unexpected(data, "nothing")


def _read_tuple(kinds: tuple[Any, ...], data: Any, none: Any) -> tuple[Any, ...]:
    if not isinstance(data, (list, tuple)):
        raise _unexpected(data, "a list")
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(_read(kinds[0], item, none) for item in data)
    if len(data) != len(kinds):
        raise _unexpected(data, f"a list of {len(kinds)}")
    return tuple(_read(kind, item, none) for kind, item in zip(kinds, data, strict=True))


def _read_array(kind: type, data: Any) -> Any:
    allowed = {bool} if kind is bool else {int, float, type(None)}  # True is no number
    try:
        items = np.array(data, dtype=object)
        if not isinstance(data, (list, tuple)) or any(type(item) not in allowed for item in items.flat):
            raise _unexpected(data, f"an even table of {kind.__name__}")
        return items.astype(kind)  # None becomes NaN
    except (TypeError, ValueError, OverflowError):
        raise _unexpected(data, f"an even table of {kind.__name__}") from None


def _frozen(data: Any) -> Any:
    if isinstance(data, Mapping):
        return Frozen({str(key): _frozen(value) for key, value in data.items()})
    return tuple(map(_frozen, data)) if isinstance(data, (list, tuple)) else data


def _unexpected(found: Any, expected: str) -> FormulaError:
    # Of lists the kind: nested ones may be too deep to be shown.
    shown = f"{found!r:.60}" if isinstance(found, (str, bool, float, type(None))) else type(found).__name__
    return FormulaError(f"found {shown}, expected {expected}")
