"""Surrogates that are a given function, so that a test knows what comes out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from ConfigSpace import ConfigurationSpace

from deepcave_symbolic.numeric.arrays import Array


class OfVectors:
    """A function of ConfigSpace's vectors, with one standard deviation everywhere."""

    def __init__(self, mean: Callable[[Array], Any], std: float = 0.1) -> None:
        self.mean, self.std = mean, std

    def predict(self, X: Array) -> tuple[Array, Array]:
        return np.asarray(self.mean(X), dtype=np.float64), np.full(len(X), self.std)


class OfValues:
    """A function of the hyperparameters' own values by name; inactive ones count as their lowest."""

    def __init__(self, space: ConfigurationSpace, mean: Callable[[dict[str, Any]], Any], std: float = 1e-3) -> None:
        self.space, self.mean, self.std = space, mean, std

    def predict(self, X: Array) -> tuple[Array, Array]:
        values: dict[str, Any] = {}
        for (name, hp), column in zip(self.space.items(), np.nan_to_num(X).T, strict=True):
            known = getattr(hp, "choices", getattr(hp, "sequence", None))
            if known is None:
                values[name] = np.asarray(hp.to_value(column), dtype=np.float64)
            else:
                values[name] = np.array([known[int(v)] for v in column], dtype=object)
        return np.asarray(self.mean(values), dtype=np.float64), np.full(len(X), self.std)
