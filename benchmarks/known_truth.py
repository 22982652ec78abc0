"""Recorded runs whose true averages are known, and how close formulas come to them.

`data/<part>`: two hyperparameters, true cost on a grid of ten by ten. `data/tables/<part>`: three to nine
hyperparameters, exact averages of complete tables (see `make_tables.py`). Between the values of a grid the truth is
interpolated linearly in the search coordinate.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from faithfulness_peers import find_cases
from scipy.interpolate import RegularGridInterpolator

from deepcave_symbolic import Explainer, Explanation
from deepcave_symbolic.numeric.grids import product_columns

__all__ = ["DATA", "FAMILIES", "PARTS", "KnownRun", "find_runs"]

DATA = Path(__file__).parent / "data"
PARTS = ("tuning", "test")
FAMILIES = ("two hyperparameters", "tables")
#: Of every run on a table the so many pairs are explained that interact most.
_PAIRS = 2
_DENSE = {1: 201, 2: 41}
#: The same data set under two names.
_SAME = {"german": "credit_g"}


@dataclass(frozen=True)
class KnownRun:
    """A recorded run with what is true of it.

    Args:
        name: Landscape and run.
        family: One of `FAMILIES`.
        data_set: What the models were trained on.
        folder: The run folder.
        grids: Values of every hyperparameter at which the truth is known; texts where it is categorical.
        averages: The true averages there, by the names joined with " & ".
    """

    name: str
    family: str
    data_set: str
    folder: Path
    grids: Mapping[str, Sequence[Any]] = field(repr=False)
    averages: Mapping[str, Any] = field(repr=False)

    @property
    def landscape(self) -> str:
        """The landscape, which may have several runs."""
        return self.name.rsplit("/", 1)[0]

    def explained(self, surrogate: str, kept: Path | None) -> list[Explanation]:
        """Returns the explanations of every hyperparameter and of pairs whose truth is known.

        Args:
            surrogate: As `explain` takes it.
            kept: Folder in which they are kept as JSON and found again; None for none.
        """
        warnings.simplefilter("ignore")
        path = None if kept is None else kept / f"{self.name.replace('/', '--')}-{surrogate}.json"
        if path is not None and path.exists():
            return [Explanation.from_dict(each) for each in json.loads(path.read_text())]
        explainer = Explainer(self.folder, surrogate=surrogate)
        pairs = True if self.family == FAMILIES[0] else _PAIRS
        everything = [*explainer.explain_all(), *explainer.explain_all(pairs=pairs)]
        found = [e for e in everything if isinstance(e, Explanation) and self._truth(e.hyperparameters) is not None]
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps([each.to_dict() for each in found]))
        return found

    def r2(self, explanation: Explanation) -> float:
        """Returns the R² of the recommended formula to the truth over the domain."""
        truth = self._truth(explanation.hyperparameters)
        assert truth is not None
        axes = explanation.projection.axes
        at = [axis.to_coordinate(np.array(self.grids[axis.name], dtype=float)) for axis in axes]
        known = RegularGridInterpolator(at, truth, bounds_error=False, fill_value=None)
        columns = product_columns([axis.check_grid(_DENSE[len(axes)]) for axis in axes])
        expected = known(np.column_stack([axis.to_coordinate(x) for axis, x in zip(axes, columns, strict=True)]))
        predicted = explanation.best.predict({axis.name: x for axis, x in zip(axes, columns, strict=True)})
        total = float(np.sum((expected - expected.mean()) ** 2))
        error = float(np.sum((np.broadcast_to(predicted, expected.shape) - expected) ** 2))
        return 1.0 - error / total if total > 0.0 else float(error == 0.0)

    def _truth(self, names: Sequence[str]) -> np.ndarray | None:
        """Returns the true average over the grids of some hyperparameters; None where it is not known."""
        if any(isinstance(self.grids[name][0], str) for name in names):
            return None
        for order in (names, names[::-1]):
            values = self.averages.get(" & ".join(order))
            if values is not None:
                return np.array(values) if order == names else np.array(values).T
        return None


def find_runs(part: str, only: Sequence[str] | None = None, tables: Path = DATA / "tables") -> list[KnownRun]:
    """Returns the runs of a part.

    Args:
        part: One of `PARTS`.
        only: Names of landscapes; None for all.
        tables: Where the runs on tables are.
    """
    found = []
    for case in find_cases(DATA / part, only):
        first, second = case.names
        truth = case.truth.reshape([len(grid) for grid in case.record["grid"]])
        averages = {first: truth.mean(axis=1), second: truth.mean(axis=0), f"{first} & {second}": truth}
        grids = dict(zip(case.names, case.record["grid"], strict=True))
        data_set = case.landscape.split("-", 1)[1]
        name = f"{case.landscape}/{case.facade}"
        found.append(KnownRun(name, FAMILIES[0], _SAME.get(data_set, data_set), case.path, grids, averages))
    for path in sorted((tables / part).glob("*/truth.json")):
        if only and path.parent.name not in only:
            continue
        truth = json.loads(path.read_text())
        for run in sorted(path.parent.glob("*/runhistory.json")):
            if run.parent.suffix != ".part":  # one that is being recorded
                name = f"{path.parent.name}/{run.parent.name}"
                found.append(
                    KnownRun(name, FAMILIES[1], truth["data_set"], run.parent, truth["grids"], truth["marginals"])
                )
    return found
