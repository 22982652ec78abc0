"""Configuration spaces from JSON, as any version of ConfigSpace has written them.

ConfigSpace's own decoder warns about every old field, drops the steps, refuses bounds that it cannot hold, and says of
a damaged hyperparameter only what its arithmetic stumbled over.
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.process.isolation import quiet
from deepcave_symbolic.space.condition_chains import dependences_in, too_entangled
from deepcave_symbolic.space.notes import STEP, noted, with_note
from deepcave_symbolic.space.ranges import float_range, values_on_steps

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["UnreadableSpaceError", "notes_of", "read_space", "space_dict"]

#: Fields of ConfigSpace up to 0.7 by what they are called today.
_RENAMED = {"default": "default_value", "probabilities": "weights"}


class UnreadableSpaceError(InvalidArgumentError):
    """Data are no configuration space; the message says in a clause which part is not."""


def space_dict(space: ConfigurationSpace) -> dict[str, Any]:
    """Returns the space as JSON values; ConfigSpace keeps its clauses in no order."""
    data: dict[str, Any] = space.to_serialized_dict()
    if isinstance(data.get("forbiddens"), list):
        data["forbiddens"] = sorted(data["forbiddens"], key=lambda clause: json.dumps(clause, default=str))
    return data


def read_space(data: Mapping[str, Any]) -> ConfigurationSpace:
    """Reads what `space_dict` or any version of ConfigSpace wrote.

    Raises:
        UnreadableSpaceError: If it is no configuration space.
        InvalidArgumentError: If its conditions are more than ConfigSpace can build a space of.
    """
    from ConfigSpace import ConfigurationSpace
    from ConfigSpace.read_and_write.dictionary import HYPERPARAMETER_DECODERS

    if (reason := too_entangled(dependences_in(data.get("conditions")))) is not None:
        raise InvalidArgumentError(reason)
    decoders = {kind: _decoder(kind, decode) for kind, decode in HYPERPARAMETER_DECODERS.items()}
    try:
        with quiet():
            # ConfigSpace takes its types out of what it is given.
            return ConfigurationSpace.from_serialized_dict(
                copy.deepcopy(dict(data)), decoders={"hyperparameters": decoders}
            )
    except UnreadableSpaceError:
        raise
    except Exception as error:  # ConfigSpace raises whatever foreign data make it stumble over
        raise UnreadableSpaceError(
            "its conditions or clauses do not fit its hyperparameters, or one of these has an unknown type"
        ) from error


def notes_of(space: ConfigurationSpace) -> tuple[str, ...]:
    """Returns sentences about what could not be kept of a space as it was written."""
    notes = []
    for name, hyperparameter in space.items():
        bounds: Any = hyperparameter
        if noted(bounds, STEP) is not None and hasattr(bounds, "lower") and values_on_steps(bounds) is None:
            notes.append(
                f"The steps of {name!r} are left out: it is taken for a range from {bounds.lower:g} to "
                f"{bounds.upper:g}."
            )
    return tuple(notes)


def _decoder(kind: str, decode: Callable[..., Any]) -> Callable[..., Any]:
    def decoded(item: dict[str, Any], space: Any, decoder: Any) -> Any:
        shown = {key: value for key, value in item.items() if key not in ("name", "meta") and value is not None}
        fields = {_RENAMED.get(key, key): value for key, value in item.items()}
        step = fields.pop("q", None)
        try:
            if step is not None:
                fields["meta"] = with_note(fields.get("meta"), STEP, float(step))
            found = float_range(**fields) if kind == "uniform_float" else decode(fields, space, decoder)
            if not all(math.isfinite(getattr(found, end, 0.0)) for end in ("lower", "upper")):
                raise ValueError("no finite bounds")
            return found
        except Exception as error:
            listed = ", ".join(f"{key:.60} {value!r:.60}" for key, value in shown.items())
            raise UnreadableSpaceError(
                f"the hyperparameter {item.get('name')!r:.80} is none that ConfigSpace can hold ({kind}: {listed})"
            ) from error

    return decoded
