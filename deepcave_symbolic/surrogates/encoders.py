"""SMAC's cost encoders with their inverses.

SMAC trains its model on encoded costs and has no way back; everything shown to a user is in objective units.

Notation:
    y: costs in objective units, shape (n,).
    z: encoded costs, shape (n,): z = (y - offset) / scale, its logarithm for the log encoders.
    mean, var: a prediction in encoder units, shape (n,).

Source: `smac.runhistory.encoder` of SMAC 2.4.1; a test compares every encoder with SMAC's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from deepcave_symbolic.exceptions import SurrogateError
from deepcave_symbolic.expression import Array

__all__ = ["ENCODERS", "Encoder", "fit_encoder"]

# smac.constants: the smallest cost the log encoder lets through, and the distance it keeps from zero elsewhere.
MINIMAL_COST_FOR_LOG = 0.00001
VERY_SMALL_NUMBER = 1e-10
# A lognormal moment beyond exp(350) is no cost; its square would leave the range of a float.
MAX_EXPONENT = 350.0


@dataclass(frozen=True)
class Encoder:
    """An encoder with the statistics it learned.

    Args:
        name: SMAC's class.
        offset: Subtracted from the costs, objective units.
        scale: Divides the costs, objective units.
        log: Whether the logarithm follows.
        clips: Whether costs too small for the logarithm are raised to the smallest one SMAC allows.
    """

    name: str
    offset: float = 0.0
    scale: float = 1.0
    log: bool = False
    clips: bool = False

    def encode(self, y: Array) -> Array:
        """Returns encoded costs z for costs y, NaN or -inf where the logarithm has no value."""
        if self.n_clipped(y):
            y = np.where(y < MINIMAL_COST_FOR_LOG, MINIMAL_COST_FOR_LOG, y)
        z = (y - self.offset) / self.scale
        if not self.log:
            return z
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.log(z), dtype=np.float64)

    def n_clipped(self, y: Array) -> int:
        """Returns how many costs `encode` raises; SMAC raises small ones only where some cost is not positive."""
        if not self.clips or not np.any(y <= 0):
            return 0
        return int(np.sum(y < MINIMAL_COST_FOR_LOG))

    def decode(self, z: Array) -> Array:
        """Returns costs y for encoded values z: the inverse of `encode`."""
        values = np.exp(np.minimum(z, MAX_EXPONENT)) if self.log else z
        return np.asarray(self.offset + self.scale * values, dtype=np.float64)

    def decode_moments(self, mean: Array, var: Array) -> tuple[Array, Array]:
        """Returns mean and standard deviation in objective units of a normal variable in encoder units.

        Exact in closed form: linear, or the moments of the (shifted and scaled) lognormal distribution.
        """
        if not self.log:
            return self.offset + self.scale * mean, abs(self.scale) * np.sqrt(var)
        log_mean = mean + var / 2
        # log(expm1(var)) without overflow: var + log(1 - exp(-var)).
        var = np.maximum(var, np.finfo(np.float64).tiny)
        log_std = log_mean + (var + np.log(-np.expm1(-var))) / 2
        center = np.exp(np.minimum(log_mean, MAX_EXPONENT))
        spread = np.exp(np.minimum(log_std, MAX_EXPONENT))
        return self.offset + self.scale * center, abs(self.scale) * spread


def _plain(y: Array, percentage: float) -> Encoder:
    return Encoder("RunHistoryEncoder")


def _log(y: Array, percentage: float) -> Encoder:
    return Encoder("RunHistoryLogEncoder", log=True, clips=True)


def _lowest(y: Array, percentage: float) -> float:
    low = float(np.min(y))
    return low - (float(np.percentile(y, percentage)) - low) - VERY_SMALL_NUMBER


def _scaled(y: Array, percentage: float) -> Encoder:
    low = _lowest(y, percentage)
    return _checked(Encoder("RunHistoryScaledEncoder", offset=low, scale=float(np.max(y)) - low))


def _log_scaled(y: Array, percentage: float) -> Encoder:
    low, high = _lowest(y, percentage), float(np.max(y))
    if low == high:
        low *= 1 - 10**-10
    return _checked(Encoder("RunHistoryLogScaledEncoder", offset=low, scale=high - low, log=True))


def _checked(encoder: Encoder) -> Encoder:
    if encoder.scale == 0 or not np.isfinite(encoder.scale):
        raise SurrogateError(
            f"The costs cannot be scaled as {encoder.name} does: they are all equal or too large. "
            'Use surrogate="forest".'
        )
    return encoder


# Encoders with an exact inverse, by the name that scenario.json records.
ENCODERS: dict[str, Callable[[Array, float], Encoder]] = {
    "RunHistoryEncoder": _plain,
    "RunHistoryLogEncoder": _log,
    "RunHistoryScaledEncoder": _scaled,
    "RunHistoryLogScaledEncoder": _log_scaled,
}


def fit_encoder(name: str, y: Array, *, scale_percentage: float = 5) -> Encoder:
    """Returns the encoder with the statistics of the costs y.

    Args:
        name: SMAC's class, as scenario.json records it.
        y: Finite costs of the considered trials, shape (n,).
        scale_percentage: Percentile that the scaling encoders take for the distance to the optimum.

    Raises:
        SurrogateError: If the encoder has no exact inverse, or the costs cannot be scaled.
    """
    if name not in ENCODERS:
        raise SurrogateError(
            f"The run's encoder {name!r} has no inverse to objective units yet (known: {', '.join(ENCODERS)}). "
            'Use surrogate="forest".'
        )
    return ENCODERS[name](y, scale_percentage)
