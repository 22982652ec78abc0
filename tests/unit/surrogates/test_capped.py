"""Capped predictions against draws of a normal distribution."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.surrogates.base import FittedSurrogate, SurrogateRecord
from deepcave_symbolic.surrogates.capped import capped_at


class Normal:
    """Mean 0, 1, …, 4, standard deviation 1, and errors that are the same everywhere."""

    row_seconds = 1e-4

    def predict(self, X: Array) -> tuple[Array, Array]:
        return X[:, 0], np.ones(len(X))

    def deviations(self, X: Array, n: int, rng: np.random.Generator) -> Array | None:
        return np.tile(rng.standard_normal((n, 1)), (1, len(X)))


X = np.arange(5.0)[:, None]


def surrogate() -> FittedSurrogate:
    held_out = np.array([0.5, 0.5, 2.5, 9.0, 1.0])
    return FittedSurrogate(Normal(), SurrogateRecord("Normal", True, 5), None, X, X[:, 0], held_out)


@pytest.mark.slow
@pytest.mark.parametrize("maximize", [False, True])
def test_means_and_deviations_are_those_of_capped_costs(maximize: bool) -> None:
    capped = capped_at(surrogate(), 2.0, maximize=maximize)
    cap = np.maximum if maximize else np.minimum
    mean, std = capped.model.predict(X)
    np.testing.assert_allclose(mean, cap(X[:, 0], 2.0))
    draws = cap(X[:, 0] + np.random.default_rng(0).standard_normal((200_000, 1)), 2.0)
    np.testing.assert_allclose(std, draws.std(axis=0), atol=0.01)
    moved = capped.deviations(X, 50_000, np.random.default_rng(0))
    assert moved is not None and capped.row_seconds == 1e-4
    np.testing.assert_allclose((mean + moved).std(axis=0), draws.std(axis=0), atol=0.02)
    assert np.all(cap(mean + moved, 2.0) == pytest.approx(mean + moved))


def test_residuals_are_capped_and_trials_are_not() -> None:
    capped = capped_at(surrogate(), 2.0, maximize=False)
    np.testing.assert_allclose(capped.residuals, [-0.5, 0.5, 0.0, 0.0, 1.0])
    np.testing.assert_allclose(capped.y, X[:, 0])
    np.testing.assert_allclose(surrogate().missed, 0.0)
    np.testing.assert_allclose(replace(capped, y=X[:, 0] + 5.0).missed, [2.0, 1.0, 0.0, 0.0, 0.0])
    few = capped.of_rows(np.array([True, True, False, False, True]))
    np.testing.assert_allclose(few.residuals, [-0.5, 0.5, 1.0])
