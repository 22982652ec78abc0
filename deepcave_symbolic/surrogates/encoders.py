"""SMAC's cost encoders with their inverses.

SMAC trains its model on encoded costs and has no way back; everything shown to a user is in objective units.

Notation as in `encoding`; the encoders here are v = (y - offset) / scale and z = link(v). Those that depend on the
order of the costs are in `rank_encoders`.

Source: `smac.runhistory.encoder` of SMAC 2.4.1; a test compares every encoder with SMAC's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from deepcave_symbolic.exceptions import SurrogateError
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.surrogates.encoding import MINIMAL_COST_FOR_LOG, Encoder, UnsuitableCostsError, n_below
from deepcave_symbolic.surrogates.rank_encoders import RANK_ENCODERS, InterpolatedEncoder
from deepcave_symbolic.words.numbers import counted

__all__ = ["EIPS", "ENCODERS", "Encoder", "LinkEncoder", "UnsuitableCostsError", "fit_encoder", "remarks"]

#: SMAC's encoder for expected improvement per second: the cost as it is, and log(1 + run time) as a second output.
EIPS = "RunHistoryEIPSEncoder"

# smac.constants: the distance that the scaling encoders keep from zero.
VERY_SMALL_NUMBER = 1e-10
# A lognormal moment beyond exp(350) is no cost; its square would leave the range of a float.
MAX_EXPONENT = 350.0
# Beyond this, offset + scale * exp(z) is no float.
_LARGEST_LOG = math.log(np.finfo(np.float64).max) - 1.0


@dataclass(frozen=True)
class LinkEncoder(Encoder):
    """An encoder of one cost at a time: linear scaling, then a link function.

    Args:
        name: SMAC's class.
        offset: Subtracted from the costs, objective units.
        scale: Divides the costs, objective units.
        link: What follows: "identity", "log", "sqrt" or "inverse" (1 - 1/v).
        clips: Whether costs too small for the logarithm are raised to the smallest one SMAC allows.
        highest: Largest cost of the run: where the inverse link's pole is cut off, objective units.
    """

    name: str
    offset: float = 0.0
    scale: float = 1.0
    link: str = "identity"
    clips: bool = False
    highest: float = math.inf

    def encode(self, y: Array) -> Array:
        """Returns encoded costs z for costs y, NaN or -inf where the link has no value."""
        if self.n_clipped(y):
            y = np.where(y < MINIMAL_COST_FOR_LOG, MINIMAL_COST_FOR_LOG, y)
        with np.errstate(all="ignore"):
            v = (y - self.offset) / self.scale
            if self.link == "log":
                v = np.log(v)
            elif self.link == "sqrt":
                v = np.sqrt(v)
            elif self.link == "inverse":
                # Below zero the link jumps to the other side of its pole, where low costs look higher than all others.
                v = np.where(v > 0, 1 - 1 / v, np.nan)
        return np.asarray(v, dtype=np.float64)

    def n_clipped(self, y: Array) -> int:
        """Returns how many costs `encode` raises; SMAC raises small ones only where some cost is not positive."""
        return n_below(y) if self.clips else 0

    def decode(self, z: Array) -> Array:
        """Returns costs y for encoded values z: the inverse of `encode`."""
        if self.link == "inverse":
            with np.errstate(divide="ignore"):
                v = np.where(z < 1, 1 / np.abs(1 - z), np.inf)
            return np.asarray(np.minimum(self.offset + self.scale * v, self.highest), dtype=np.float64)
        v = z
        if self.link == "log":
            v = np.exp(np.minimum(z, _LARGEST_LOG - max(0.0, math.log(self.scale))))
        elif self.link == "sqrt":
            v = z**2
        return np.asarray(self.offset + self.scale * v, dtype=np.float64)

    @property
    def decodes_means(self) -> bool:
        """See `Encoder`."""
        return self.link in ("identity", "inverse")

    def decode_moments(self, mean: Array, var: Array) -> tuple[Array, Array]:
        """Returns mean and standard deviation in objective units of a normal variable in encoder units.

        Exact in closed form: linear, the moments of the (shifted and scaled) lognormal distribution, or those of a
        squared normal variable. The inverse link has none (its tail has no mean): there it is the median and half the
        central 68 % interval.
        """
        if self.link == "identity":
            return self.offset + self.scale * mean, abs(self.scale) * np.sqrt(var)
        if self.link == "sqrt":
            center, spread = mean**2 + var, np.sqrt(2 * var**2 + 4 * mean**2 * var)
            return self.offset + self.scale * center, abs(self.scale) * spread
        if self.link == "inverse":
            deviation = np.sqrt(var)
            return self.decode(mean), (self.decode(mean + deviation) - self.decode(mean - deviation)) / 2
        log_mean = mean + var / 2
        # log(expm1(var)) without overflow: var + log(1 - exp(-var)).
        var = np.maximum(var, np.finfo(np.float64).tiny)
        log_std = log_mean + (var + np.log(-np.expm1(-var))) / 2
        center = np.exp(np.minimum(log_mean, MAX_EXPONENT))
        spread = np.exp(np.minimum(log_std, MAX_EXPONENT))
        return self.offset + self.scale * center, abs(self.scale) * spread


def _scaled(link: str) -> Callable[[str, Array, float], LinkEncoder]:
    """Returns how an encoder with linear scaling and a link learns its statistics."""

    def fit(name: str, y: Array, percentage: float) -> LinkEncoder:
        with np.errstate(all="ignore"):
            lowest, high = float(np.min(y)), float(np.max(y))
            low = lowest - (float(np.percentile(y, percentage)) - lowest) - VERY_SMALL_NUMBER
            if low == high and link != "identity":  # there SMAC's factor is 1 - 10**-101, which is 1
                low *= 1 - 10**-10
            scale = high - low
        if scale == 0 or not np.isfinite(scale):
            why = "they are all equal" if scale == 0 else "their range is beyond a float"
            raise UnsuitableCostsError(f"{name}, the run's encoder, cannot scale these costs: {why}.")
        return LinkEncoder(name, offset=low, scale=scale, link=link, highest=high)

    return fit


def _plain(name: str, y: Array, percentage: float) -> LinkEncoder:
    return LinkEncoder(name)


def _log(name: str, y: Array, percentage: float) -> LinkEncoder:
    return LinkEncoder(name, link="log", clips=True)


def _interpolated(name: str, y: Array, percentage: float) -> InterpolatedEncoder:
    return InterpolatedEncoder.fit(name, y)


# How each encoder learns its statistics, by the name that scenario.json records.
ENCODERS: dict[str, Callable[[str, Array, float], Encoder]] = {
    "RunHistoryEncoder": _plain,
    "RunHistoryLogEncoder": _log,
    "RunHistoryScaledEncoder": _scaled("identity"),
    "RunHistoryLogScaledEncoder": _scaled("log"),
    "RunHistorySqrtScaledEncoder": _scaled("sqrt"),
    "RunHistoryInverseScaledEncoder": _scaled("inverse"),
    EIPS: _plain,
    **dict.fromkeys(RANK_ENCODERS, _interpolated),
}


def fit_encoder(name: str, y: Array, *, scale_percentage: float = 5, highest: float | None = None) -> Encoder:
    """Returns the encoder with the statistics of the costs y.

    Args:
        name: SMAC's class, as scenario.json records it.
        y: Finite costs of the considered trials, shape (n,).
        scale_percentage: Percentile that the scaling encoders take for the distance to the optimum.
        highest: Largest cost of all trials, timeouts included; None where y has it.

    Raises:
        SurrogateError: If the encoder is not one of SMAC's.
        UnsuitableCostsError: If the costs cannot be scaled.
    """
    if name not in ENCODERS:
        raise SurrogateError(
            f"The run's encoder {name!r:.80} has no inverse to objective units (known: {', '.join(ENCODERS)}). "
            'Use surrogate="forest".'
        )
    encoder = ENCODERS[name](name, y, scale_percentage)
    if highest is not None and isinstance(encoder, LinkEncoder) and encoder.link == "inverse":
        return replace(encoder, highest=highest)
    return encoder


def remarks(encoder: Encoder, *, process: bool, n_timeouts: int) -> tuple[str, ...]:
    """Returns what a user must know about the way back from encoder to objective units, as sentences.

    Args:
        encoder: The run's encoder.
        process: Whether the model is a Gaussian process.
        n_timeouts: Timeouts that were encoded beside other trials.
    """
    if isinstance(encoder, InterpolatedEncoder):
        found = [
            f"Approximate inverse: {encoder.name} keeps no scale of the costs, so predictions are read back by "
            "monotone interpolation between the run's own costs and never leave their range."
        ]
        if n_timeouts:
            found.append(
                f"SMAC encodes the {counted(n_timeouts, 'timeout')} by {encoder.name} among themselves, not beside the "
                "other trials: where they are, the surrogate understates the cost."
            )
        return tuple(found)
    if isinstance(encoder, LinkEncoder) and encoder.link == "inverse" and process:
        return (
            f"{encoder.name} leaves a Gaussian process without a mean in objective units: shown are its median and "
            "half the central 68 % interval, cut off at the run's highest cost.",
        )
    return ()
