"""SMAC's encoders that keep little more than the order of the costs, with an approximate inverse.

Their transforms depend on all costs at once and have no formula for the way back. A predicted value is read back by
linear interpolation between the training pairs (z, y), which is monotone and never leaves the range of the costs.

Source: `smac.runhistory.encoder` of SMAC 2.4.1 (gaussian_copula, percentile and power_transform encoders); a test
compares every one with SMAC's. Notation as in `encoding`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.surrogates.encoding import MINIMAL_COST_FOR_LOG, Encoder, n_below

__all__ = ["RANK_ENCODERS", "InterpolatedEncoder"]

# Nodes of the Gauss-Hermite rule for moments: the interpolation has kinks, which a dozen nodes would miss.
_N_NODES = 48
# smac's percentile encoder keeps its quantiles this far from 0 and 1.
_PERCENTILE_MARGIN = 1e-6


@dataclass(frozen=True)
class InterpolatedEncoder(Encoder):
    """An encoder that is inverted by interpolation through its training pairs.

    Args:
        name: SMAC's class.
        transform: The encoder's own computation on positive or any costs, shape (n,) to (n,).
        clips: Whether costs too small for the logarithm are raised to the smallest one SMAC allows.
        knots_z: Encoded training costs, increasing, shape (k,).
        knots_y: Mean cost of the trials with that encoded value, shape (k,).
    """

    name: str
    transform: Callable[[Array], Array]
    clips: bool
    knots_z: Array
    knots_y: Array

    @classmethod
    def fit(cls, name: str, y: Array) -> InterpolatedEncoder:
        """Returns the encoder with the pairs of the costs y, of which there is at least one."""
        transform, clips = RANK_ENCODERS[name]
        raised = _raised(y) if clips else y
        z = transform(raised)
        # Costs beyond the outermost quantiles share a value, as equal costs do: it stands for their mean.
        knots_z, group = np.unique(z, return_inverse=True)
        group = group.reshape(-1)
        scale = float(np.max(np.abs(raised))) or 1.0
        knots_y = np.bincount(group, weights=raised / scale) / np.bincount(group) * scale
        return cls(name, transform, clips, knots_z, knots_y)

    def encode(self, y: Array) -> Array:
        """Returns z for the costs of one part of the trials: their ranks are those among themselves, as in SMAC."""
        if len(y) == 0:
            return np.empty(0)
        return self.transform(_raised(y) if self.clips else y)

    def n_clipped(self, y: Array) -> int:
        """Returns how many costs `encode` raises because they have no logarithm."""
        return n_below(y) if self.clips else 0

    def decode(self, z: Array) -> Array:
        """Returns costs between the training pairs; beyond the outermost pairs, their cost."""
        return np.asarray(np.interp(z, self.knots_z, self.knots_y), dtype=np.float64)

    def decode_moments(self, mean: Array, var: Array) -> tuple[Array, Array]:
        """Returns mean and standard deviation of the interpolated cost by a Gauss-Hermite rule."""
        nodes, weights = np.polynomial.hermite.hermgauss(_N_NODES)
        spread = np.sqrt(2 * np.asarray(var, dtype=np.float64))
        center = np.zeros(np.shape(mean))
        squares = np.zeros(np.shape(mean))
        total = 0.0
        # A node at a time (West 1979, weighted): all of them at once would need 48 times the memory.
        for node, weight in zip(nodes, weights, strict=True):
            total += weight
            step = self.decode(mean + spread * node) - center
            center = center + step * (weight / total)
            squares = squares + weight * step**2 * (1 - weight / total)
        return center, np.sqrt(squares / total)


def _raised(y: Array) -> Array:
    return np.where(y < MINIMAL_COST_FOR_LOG, MINIMAL_COST_FOR_LOG, y) if n_below(y) else y


def _copula(y: Array) -> Array:
    from scipy.special import ndtri
    from scipy.stats import rankdata

    n = max(len(y), 2)
    quantiles = (rankdata(y) - 1) / (n - 1)
    cutoff = min(0.1, 1 / (4 * np.power(n, 0.25) * np.sqrt(np.pi * np.log(n))))
    return np.asarray(ndtri(np.clip(quantiles, cutoff, 1 - cutoff)), dtype=np.float64)


def _percentile(y: Array) -> Array:
    from scipy.special import ndtri

    logs = np.log(y)
    ordered = np.sort(logs)
    # scipy.stats.percentileofscore(kind="rank") of every cost at once; each is among the scores itself.
    below = np.searchsorted(ordered, logs, side="left")
    up_to = np.searchsorted(ordered, logs, side="right")
    quantiles = (below + up_to + 1) * (50.0 / len(y)) / 100
    return np.asarray(ndtri(np.clip(quantiles, _PERCENTILE_MARGIN, 1 - _PERCENTILE_MARGIN)), dtype=np.float64)


def _power(y: Array) -> Array:
    from sklearn.preprocessing import PowerTransformer

    with np.errstate(all="ignore"):
        transformed = PowerTransformer(method="yeo-johnson", standardize=True).fit_transform(y[:, None])
    return np.asarray(transformed, dtype=np.float64).ravel()


# The transform and whether SMAC raises small costs before it, by the name that scenario.json records.
RANK_ENCODERS: dict[str, tuple[Callable[[Array], Array], bool]] = {
    "RunHistoryGaussianCopulaEncoder": (_copula, True),
    "RunHistoryPercentileEncoder": (_percentile, True),
    "RunHistoryPowerTransformEncoder": (_power, False),
}
