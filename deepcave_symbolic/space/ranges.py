"""Ranges of numbers as they were written: with bounds that ConfigSpace cannot hold, and with steps.

ConfigSpace 1.2 keeps 13 decimal places of a float's bounds, so that a tolerance on a log scale from 1e-16 has none, and
it has no steps, which it had up to 0.7. A hyperparameter made here has both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.notes import EXACT, STEP, noted, with_note

__all__ = ["MOST_STEPS", "float_range", "is_exact", "steps_of", "values_on_steps"]

#: More values than this are a range: a projection has no more points along one.
MOST_STEPS = 40
_PLACES = 13
#: How far ConfigSpace's rounding may move a bound, as a share of the range (of the bound on a log scale).
_TOLERANCE = 1e-9


def float_range(
    name: str,
    lower: float,
    upper: float,
    *,
    log: bool = False,
    default_value: float | None = None,
    meta: Mapping[Any, Any] | None = None,
) -> Any:
    """Returns a uniform float from `lower` to `upper`, to the last digit.

    Raises:
        ValueError: If there is nothing between the bounds, or a log scale does not start above 0.
    """
    from ConfigSpace.hyperparameters import UniformFloatHyperparameter

    lower, upper, log = float(lower), float(upper), bool(log)
    if _is_held(lower, upper, log):
        return UniformFloatHyperparameter(name, lower, upper, default_value, log, meta)
    from deepcave_symbolic.space.exact_scaler import ExactScaler

    exact = UniformFloatHyperparameter(name, 0.0, 1.0, meta=with_note(meta, EXACT, True))
    exact.lower, exact.upper, exact.log = lower, upper, log
    exact._transformer = ExactScaler(np.float64(lower), np.float64(upper), log=log, dtype=np.float64)
    exact.default_value = float(exact.to_value(np.array([0.5]))[0]) if default_value is None else float(default_value)
    exact._normalized_default_value = exact.to_vector(exact.default_value)
    return exact


def _is_held(lower: float, upper: float, log: bool) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        off = np.abs(np.round([lower, upper], _PLACES) - [lower, upper])
        return bool(np.all(off <= _TOLERANCE * (lower if log else upper - lower)))


def is_exact(hyperparameter: Any) -> bool:
    """Returns whether a float keeps more than ConfigSpace's 13 decimal places."""
    return noted(hyperparameter, EXACT) is True


def steps_of(lower: float, upper: float, step: float) -> Array | None:
    """Returns the values from `lower` in steps, shape (n,); None where they are too many to be gone through."""
    if not (0.0 < step <= upper - lower < MOST_STEPS * step):
        return None
    # Rounded, so that 0.1 + 2·0.1 is 0.3.
    digits = 12 - int(np.floor(np.log10(max(abs(lower), abs(upper)))))
    return np.round(lower + step * np.arange(round((upper - lower) / step) + 1), digits)


def values_on_steps(hyperparameter: Any) -> Array | None:
    """Returns the values of a range with few steps, shape (n,); None for any other hyperparameter."""
    step = noted(hyperparameter, STEP)
    if not isinstance(step, int | float) or not hasattr(hyperparameter, "lower"):
        return None
    return steps_of(float(hyperparameter.lower), float(hyperparameter.upper), float(step))
