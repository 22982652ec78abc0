"""Kernels that remember their rows give the same numbers as SMAC's, bit by bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.process.isolation import one_blas_thread
from deepcave_symbolic.runs import load_run
from deepcave_symbolic.runs.trial_selection import component_meta
from deepcave_symbolic.surrogates.data import collect
from deepcave_symbolic.surrogates.quick_kernel import QuickKernel
from deepcave_symbolic.surrogates.rebuild import rebuild_model
from deepcave_symbolic.surrogates.training import train
from places import SVM


def kernel_of(numbers: int, choices: int, *, conditional: bool, nu: float = 2.5) -> Any:
    """Returns a kernel as SMAC's facades make it for a space of numbers and choices."""
    from smac.model.gaussian_process.kernels import ConstantKernel, HammingKernel, MaternKernel, WhiteKernel

    def scales(n: int) -> dict[str, Any]:
        bounds = (np.exp(-6.8), np.exp(0.1))
        return {"length_scale": [1.0] * n if n > 1 else 1.0, "length_scale_bounds": [bounds] * n if n > 1 else bounds}

    of_numbers, of_choices = np.arange(numbers), np.arange(numbers, numbers + choices)
    some = {"has_conditions": conditional}
    kernel: Any = ConstantKernel(2.0, **some)
    if numbers:
        operate_on = of_numbers if choices else None
        kernel = kernel * MaternKernel(nu=nu, operate_on=operate_on, **scales(numbers), **some)
    if choices:
        kernel = kernel * HammingKernel(operate_on=of_choices, **scales(choices), **some)
    return kernel + WhiteKernel(1e-3, **some)


def rows_of(numbers: int, choices: int, *, conditional: bool, order: Any) -> Array:
    """Returns rows in an order of memory; some of what can be inactive is."""
    rng = np.random.default_rng(0)
    X = np.hstack([rng.random((30, numbers)), rng.integers(0, 3, (30, choices))])
    if conditional:
        X[rng.random(X.shape) < 0.2] = -1
    return np.asarray(X, order=order)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("conditional", [False, True])
@pytest.mark.parametrize(("numbers", "choices"), [(1, 0), (2, 0), (9, 0), (0, 2), (3, 1), (3, 2)])
def test_a_quick_kernel_is_smacs(numbers: int, choices: int, conditional: bool, order: str) -> None:
    kernel = kernel_of(numbers, choices, conditional=conditional)
    X = rows_of(numbers, choices, conditional=conditional, order=order)
    quick = QuickKernel.of(kernel, X, kernel.theta)
    assert quick is not None
    for theta in np.random.default_rng(1).normal(0.0, 1.5, (5, len(kernel.theta))):
        kernel.theta = quick.theta = theta
        for expected, found in zip(kernel(X, eval_gradient=True), quick(X, eval_gradient=True), strict=True):
            np.testing.assert_array_equal(found, expected)
            assert found.strides == expected.strides


def test_an_unknown_kernel_is_left_to_smac() -> None:
    kernel = kernel_of(2, 0, conditional=False, nu=1.5)
    assert QuickKernel.of(kernel, rows_of(2, 0, conditional=False, order="C"), kernel.theta) is None


def test_the_same_hyperparameters_are_found() -> None:
    run = load_run(SVM)
    encoder = str(component_meta(run, "runhistory_encoder")["name"])
    data = collect(run, objective=0, budget=None, encoder_name=encoder)
    ours, theirs = rebuild_model(run), rebuild_model(run)
    train(ours, data.rows, data.z)
    with one_blas_thread():
        theirs.train(data.rows, data.z[:, None])
    np.testing.assert_array_equal(ours._hypers, theirs._hypers)
    np.testing.assert_array_equal(ours._gp.alpha_, theirs._gp.alpha_)
