"""What several runs share: the part of the domain that all have, and every run's projection on it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from deepcave_symbolic.comparing.forms import Data
from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.numeric.arrays import Array, columns_of
from deepcave_symbolic.numeric.grids import product_columns
from deepcave_symbolic.projection import Projection
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.words.names import shown_name
from deepcave_symbolic.words.numbers import counted, rounded_text

__all__ = ["check_points", "data_on", "shared_domain"]

_FEWEST_POINTS = {1: 8, 2: 24}
_CHECK_POINTS = {1: 401, 2: 41}


def shared_domain(projections: Mapping[str, Projection]) -> tuple[tuple[Axis, ...], list[str]]:
    """Returns the part of the domain that all runs have, and what differs between them in words."""
    axes: list[Axis] = []
    notes: list[str] = []
    for i in range(len(next(iter(projections.values())).axes)):
        own = {run: projection.axes[i] for run, projection in projections.items()}
        first = next(iter(own.values()))
        name = shown_name(first.name)
        for run, axis in own.items():
            if axis.name != first.name or axis.categorical != first.categorical or axis.labels != first.labels:
                raise InvalidArgumentError(
                    f"The runs do not share a domain: {axis.describe()} in {run}, {first.describe()} in the first one."
                )
        if len({(a.lower, a.upper) for a in own.values()}) > 1:
            lower, upper = max(a.lower for a in own.values()), min(a.upper for a in own.values())
            if lower >= upper:
                raise InvalidArgumentError(
                    f"The domains of {name} do not overlap: "
                    f"{'; '.join(f'{run}: {axis.describe()}' for run, axis in own.items())}."
                )
            shared = f"[{rounded_text(lower, 6)}, {rounded_text(upper, 6)}]"
            notes.append(f"{name} has other bounds in other runs; compared on {shared}, which all have.")
            first = replace(first, lower=lower, upper=upper, values=_inside(first.values, lower, upper))
        if len({a.log for a in own.values()}) > 1:
            logs = ", ".join(run for run, axis in own.items() if axis.log)
            notes.append(
                f"{name} is on a log scale only in {logs}; points lie differently, forms are in natural units."
            )
        axes.append(first)
    return tuple(axes), notes


def _inside(values: tuple[float, ...] | None, lower: float, upper: float) -> tuple[float, ...] | None:
    return None if values is None else tuple(v for v in values if lower <= v <= upper)


def data_on(run: str, projection: Projection, axes: Sequence[Axis], error: float) -> Data:
    """Returns a run's projection on the part of the domain that all runs share; `error` as in `Data`."""
    inside = projection.valid.copy()
    for i, axis in enumerate(axes):
        inside &= (projection.grid[:, i] >= axis.lower) & (projection.grid[:, i] <= axis.upper)
    fewest = _FEWEST_POINTS[len(axes)]
    # Few choices or integers are all there are.
    existing = math.prod(len(axis.fit_grid(fewest)) for axis in axes)
    if inside.sum() < min(fewest, existing, projection.valid.sum()):
        raise InvalidArgumentError(
            f"Only {counted(int(inside.sum()), 'point')} of {run}: too few lie in the domain that all runs share."
        )
    weights = projection.weights[inside]
    return Data(tuple(columns_of(projection.grid[inside])), projection.mean[inside], weights / weights.sum(), error)


def check_points(axes: Sequence[Axis]) -> list[Array]:
    """Returns dense points over the domain, one array per hyperparameter."""
    return product_columns([axis.check_grid(_CHECK_POINTS[len(axes)]) for axis in axes])
