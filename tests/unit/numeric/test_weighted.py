"""Sums of squares and grids: known answers, also where squares of the numbers are none."""

from __future__ import annotations

import numpy as np
import pytest

from deepcave_symbolic.numeric.arrays import columns_of
from deepcave_symbolic.numeric.grids import product_columns, product_of
from deepcave_symbolic.numeric.weighted import weighted_correlation, weighted_least_squares, weighted_r2, weighted_rms

pytestmark = pytest.mark.smoke
X = np.linspace(1.0, 2.0, 9)


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200])
def test_least_squares_at_any_scale(scale: float) -> None:
    design = np.column_stack([np.ones_like(X), scale * X])
    weights = np.where(X < 1.5, 2.0, 0.0)  # the rows without a weight lie elsewhere
    y = np.where(X < 1.5, 3.0 - 2.0 * X, 99.0) * scale
    assert weighted_least_squares(design, y, weights) == pytest.approx([3.0 * scale, -2.0], rel=1e-9)


def test_columns_that_depend_on_one_another() -> None:
    design = np.column_stack([X, X])
    assert weighted_least_squares(design, 4.0 * X, None, unique=True) is None
    assert weighted_least_squares(design, 4.0 * X, None) == pytest.approx([2.0, 2.0])
    assert weighted_least_squares(0.0 * design, X, None) is None


def test_r2() -> None:
    weights = np.arange(9.0)
    mean = np.average(X, weights=weights)
    assert weighted_r2(X, np.full(9, mean), weights) == pytest.approx(0.0)
    assert weighted_r2(X, X, weights) == 1.0
    assert weighted_r2(np.ones(9), X, None) == 0.0 and weighted_r2(np.ones(9), np.ones(9), None) == 1.0
    assert weighted_r2(X, np.full(9, 1e300), None) == -np.inf  # without a warning that squares overflow
    assert weighted_r2(X, np.full(9, np.nan), None) == -np.inf


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200])
def test_rms_at_any_scale(scale: float) -> None:
    values = scale * np.array([3.0, -4.0, 5.0])
    assert weighted_rms(values, np.array([1.0, 1.0, 0.0])) == pytest.approx(scale * np.sqrt(12.5))


def test_rms_of_nothing() -> None:
    assert weighted_rms(np.empty(0)) == weighted_rms(np.zeros(3)) == 0.0


def test_grids() -> None:
    grid = product_of([np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0])])
    assert grid.tolist() == [[1, 3], [1, 4], [1, 5], [2, 3], [2, 4], [2, 5]]
    for columns in (columns_of(grid), product_columns([np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0])])):
        assert np.array_equal(np.column_stack(columns), grid)
        assert all(column.flags.c_contiguous for column in columns)


def test_the_correlation_knows_no_level_and_no_scale() -> None:
    x, weights = np.array([0.0, 1.0, 2.0, 4.0]), np.array([1.0, 2.0, 0.0, 1.0])
    assert weighted_correlation(x, 1e200 * x + 1e201, weights) == pytest.approx(1.0)
    assert weighted_correlation(x, -x, None) == pytest.approx(-1.0)
    assert weighted_correlation(x, np.array([0.0, 0.0, 9.0, 0.0]), weights) == 0.0
    assert weighted_correlation(x, np.array([3.0]), None) == 0.0
    assert weighted_correlation(x, np.full(4, np.inf), None) == 0.0
    assert weighted_correlation(x, x**2, None) == pytest.approx(np.corrcoef(x, x**2)[0, 1])
