"""What every cost encoder offers, whatever its inverse.

Notation:
    y: costs in objective units, shape (n,).
    z: encoded costs, shape (n,).
    mean, var: a prediction in encoder units, shape (n,).
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from deepcave_symbolic.exceptions import SurrogateError
from deepcave_symbolic.numeric.arrays import Array

__all__ = ["MINIMAL_COST_FOR_LOG", "Encoder", "UnsuitableCostsError", "n_below"]

# smac.constants: what SMAC raises costs without a logarithm to.
MINIMAL_COST_FOR_LOG = 0.00001


class UnsuitableCostsError(SurrogateError):
    """The run's own encoder or model cannot take the run's costs; a forest on scaled costs can stand in."""


class Encoder(ABC):
    """One of SMAC's encoders with the statistics it learned, and its way back to objective units."""

    name: str

    @abstractmethod
    def encode(self, y: Array) -> Array:
        """Returns encoded costs z for costs y, NaN or infinite where the encoder has no value for a cost."""

    @abstractmethod
    def decode(self, z: Array) -> Array:
        """Returns costs y for encoded values z: the inverse of `encode`."""

    @abstractmethod
    def decode_moments(self, mean: Array, var: Array) -> tuple[Array, Array]:
        """Returns mean and standard deviation in objective units of a normal variable in encoder units."""

    @property
    def decodes_means(self) -> bool:
        """Whether the mean that `decode_moments` returns is the inverse of the mean, whatever the variance."""
        return False

    @abstractmethod
    def n_clipped(self, y: Array) -> int:
        """Returns how many costs `encode` raises because they have no logarithm."""


def n_below(y: Array) -> int:
    """Returns how many costs SMAC raises to the smallest one that it lets through: only where some are not positive."""
    if not np.any(y <= 0):
        return 0
    return int(np.sum(y < MINIMAL_COST_FOR_LOG))
