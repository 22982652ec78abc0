"""What hyperparameters carry beyond what ConfigSpace holds: notes in their `meta`, which copies and JSON keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["EXACT", "PART", "STEP", "VALUES", "noted", "with_note"]

#: The values of choices that are held by their names; the step of a range; that its bounds are kept to the last digit;
#: the part of the domain that is looked at.
VALUES, STEP, EXACT = "deepcave_symbolic.values", "deepcave_symbolic.step", "deepcave_symbolic.exact"
PART = "deepcave_symbolic.part"


def noted(hyperparameter: Any, key: str) -> Any:
    """Returns a note, None without it. Anyone may write anything there: what it is has to be checked."""
    meta = hyperparameter.meta
    return meta.get(key) if isinstance(meta, Mapping) else None


def with_note(meta: Any, key: str, value: Any) -> dict[Any, Any]:
    """Returns a hyperparameter's `meta` with a note in it."""
    return {**(meta if isinstance(meta, Mapping) else {}), key: value}
