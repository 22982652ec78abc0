"""Which constants of a fitted form agree between the runs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from deepcave_symbolic.comparing.comparison import Constant
from deepcave_symbolic.comparing.forms import Fit, Form

__all__ = ["constant_of", "constants_of"]


def constants_of(form: Form, fits: Sequence[Fit], level: float) -> list[Constant]:
    """Returns the constants of a form that was fitted to several runs, in reading order.

    Args:
        form: The form.
        fits: One fit per run.
        level: Below this p-value a constant's differences are more than its uncertainty.
    """
    return [
        constant_of(f"c{j + 1}", role, [fit.p[j] for fit in fits], [fit.errors[j] for fit in fits], level)
        for j, role in enumerate(form.roles)
    ]


def constant_of(name: str, role: str, values: Sequence[float], errors: Sequence[float], level: float) -> Constant:
    """Returns a constant with its agreement: Cochran's Q of the values, each weighed by 1/error²."""
    from scipy.stats import chi2

    v, s = np.array(values), np.array(errors)
    if not np.all(np.isfinite(s)):
        return Constant(name, role, tuple(values), tuple(errors), math.nan, math.inf, math.nan, "undetermined")
    # Without any noise two values still agree only to the digits that fitting has.
    s = np.maximum(s, 1e-6 * float(np.max(np.abs(v))) or 1e-300)
    w = (np.min(s) / s) ** 2
    mean = float(w @ v / w.sum())
    p_value = float(chi2.sf(float(np.sum(((v - mean) / s) ** 2)), len(v) - 1))
    tolerance = 2.0 * float(np.max(s))
    agreement = "differ" if p_value < level else "undetermined" if tolerance >= abs(mean) else "agree"
    return Constant(name, role, tuple(values), tuple(errors), mean, tolerance, p_value, agreement)
