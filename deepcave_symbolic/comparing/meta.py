"""The best value of a hyperparameter as a formula of what describes the data sets of several runs.

Notation:
    g: number of data sets. z: base-10 logarithms of the best values, one a run. A candidate is a set of features whose
    logarithms z is linear in; it is judged by leaving one data set out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeVar

import numpy as np

from deepcave_symbolic.comparing.data_table import DATA_SET, FEWEST, DataTable, number_in
from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.findings.explained import Explained
from deepcave_symbolic.formulas.normal_form.references import References
from deepcave_symbolic.laws.law import PowerLaw
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.records import Record
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.words.numbers import counted, round_significant

__all__ = ["OptimaByData", "described_optima"]

T = TypeVar("T", bound="OptimaByData")

#: Data sets with which two features may enter.
_TWO_FEATURES = 8
#: By so much of the error a further feature has to pay, and the formula over the mean alone.
_PAYS = 0.9
_DIGITS = 2


@dataclass(frozen=True, eq=False)
class OptimaByData(Record):
    """How the best value of a hyperparameter moves with what describes the data sets.

    Args:
        hyperparameter: Its name.
        runs: A name per run, all different.
        data_sets: The data set of each.
        optima: The best value of each: where the recommended formula is best, natural units.
        predicted: What the formula gives for each; the geometric mean where there is none.
        mean: Their geometric mean.
        formula: The best value as a product of powers of features; None where none predicts an unseen data set better
            than the mean.
        error: By which factor the formula is off on a data set that it has not seen, features chosen without it (root
            mean square of logarithms); NaN without a formula.
        mean_error: By which factor the mean of the others is off.
        features: The features that were tried.
        notes: What must be known to read it, in sentences.
    """

    hyperparameter: str
    runs: tuple[str, ...]
    data_sets: tuple[str, ...]
    optima: tuple[float, ...]
    predicted: tuple[float, ...]
    mean: float
    formula: PowerLaw | None
    error: float
    mean_error: float
    features: tuple[str, ...]
    notes: tuple[str, ...] = ()


def described_optima(
    kind: type[T],
    explanations: Mapping[str, Explained],
    table: DataTable,
    *,
    left_out: Mapping[str, str],
) -> T:
    """Returns how the best value moves with the features of the data sets, judged by leaving one data set out.

    Args:
        kind: The record's class.
        explanations: The explanations of one hyperparameter by the runs' names.
        table: Features by the same names, with a row for each.
        left_out: Why a run is left out, by its name.

    Raises:
        InvalidArgumentError: If there are too few data sets, no usable feature, or the domain is not positive.
    """
    notes = [f"{name} is left out: {reason}" for name, reason in left_out.items()]
    told = {}
    for run, explanation in explanations.items():
        optimum = explanation.findings().optimum
        if optimum is None or not explanation.told_from_noise:
            notes.append(f"{run} is left out: its trials do not tell where the best value is.")
        else:
            told[run] = optimum.values[0]
    data_sets = {run: table.data_set(run) for run in told}
    if len(set(data_sets.values())) < FEWEST:
        raise InvalidArgumentError(
            f"There are {counted(len(set(data_sets.values())), 'data set')} with a best value; expected {FEWEST} or "
            f"more. {' '.join(notes)}".strip()
        )
    target = explanations[next(iter(told))].projection.axes[0]
    if target.categorical or target.lower <= 0.0:
        raise InvalidArgumentError(f"{target.name!r} has values that are not positive; its best value is no power law.")
    columns, unusable = _features([table.rows[run] for run in told])
    notes += unusable
    if not columns:
        raise InvalidArgumentError(
            f"No column of the table has positive numbers that differ. {' '.join(notes)}".strip()
        )
    z, names = np.log10(list(told.values())), list(columns)
    x = np.log10(np.column_stack(list(columns.values())))
    groups = np.unique(list(data_sets.values()), return_inverse=True)[1].astype(np.float64)
    error, mean_error = _nested_error(x, z, groups), _error_of((), x, z, groups)
    chosen = _chosen(x, z, groups)
    formula = (
        _written(target, [names[j] for j in chosen], x[:, chosen], z) if chosen and error < _PAYS * mean_error else None
    )
    mean = round_significant(float(10.0 ** np.mean(z)), _DIGITS)
    return kind(
        hyperparameter=target.name,
        runs=tuple(told),
        data_sets=tuple(data_sets.values()),
        optima=tuple(told.values()),
        predicted=tuple([mean] * len(z) if formula is None else formula.predict(columns).tolist()),
        mean=mean,
        formula=formula,
        error=math.nan if formula is None else float(10.0**error),
        mean_error=float(10.0**mean_error),
        features=tuple(names),
        notes=tuple(notes),
    )


def _features(rows: Sequence[Mapping[str, object]]) -> tuple[dict[str, Array], list[str]]:
    """Returns the columns of positive numbers that differ, shape (n,) each, and notes on the others."""
    columns, notes = {}, []
    for name in dict.fromkeys(name for row in rows for name in row if name != DATA_SET):
        numbers = [number for row in rows if (number := number_in(row.get(name))) is not None]
        if len(numbers) < len(rows):
            notes.append(f"The column {name!r} is left out: not every run has a number there.")
        elif min(numbers) <= 0.0:
            notes.append(f"The column {name!r} is left out: it has {min(numbers):g}, which is not positive.")
        elif max(numbers) > min(numbers):
            columns[name] = np.array(numbers)
    return columns, notes


def _candidates(p: int, g: int) -> list[tuple[int, ...]]:
    most = 2 if g >= _TWO_FEATURES else 1
    return [chosen for k in range(1, most + 1) for chosen in combinations(range(p), k)]


def _chosen(x: Array, z: Array, groups: Array) -> tuple[int, ...]:
    """Returns the features with the least error on unseen data sets, each of which has to pay; maybe none."""
    best: tuple[int, ...] = ()
    least = _error_of((), x, z, groups)
    for candidate in _candidates(x.shape[1], len(np.unique(groups))):
        error = _error_of(candidate, x, z, groups)
        if error < least * _PAYS ** (len(candidate) - len(best)):
            best, least = candidate, error
    return best


def _error_of(features: tuple[int, ...], x: Array, z: Array, groups: Array) -> float:
    """Returns the root mean squared error on data sets that are left out, decades, each counting once."""
    squares = []
    for group in np.unique(groups):
        out = groups == group
        level, powers = _fitted(x[~out][:, features], z[~out])
        squares.append(np.mean((z[out] - level - x[out][:, features] @ powers) ** 2))
    return float(np.sqrt(np.mean(squares)))


def _nested_error(x: Array, z: Array, groups: Array) -> float:
    """Returns the same with the features chosen without the data set that is left out."""
    squares = []
    for group in np.unique(groups):
        out = groups == group
        features = _chosen(x[~out], z[~out], groups[~out])
        level, powers = _fitted(x[~out][:, features], z[~out])
        squares.append(np.mean((z[out] - level - x[out][:, features] @ powers) ** 2))
    return float(np.sqrt(np.mean(squares)))


def _fitted(x: Array, z: Array) -> tuple[float, Array]:
    found = np.linalg.lstsq(np.column_stack([np.ones(len(z)), x]), z, rcond=None)[0]
    return float(found[0]), np.asarray(found[1:], dtype=np.float64)


def _written(target: Axis, names: Sequence[str], x: Array, z: Array) -> PowerLaw:
    """Returns the law with rounded constants at round references."""
    level, powers = _fitted(x, z)
    axes = [
        Axis(name, float(10.0 ** u.min()), float(10.0 ** u.max()), log=True) for name, u in zip(names, x.T, strict=True)
    ]
    references = [References(tuple(axes)).round_place(i) for i in range(len(axes))]
    rounded = [round_significant(float(p), _DIGITS) for p in powers]
    at = round_significant(float(10.0 ** (level + np.log10(references) @ powers)), _DIGITS)
    return PowerLaw.written(target, axes, at, references, rounded)
