"""Trains SMAC's models by SMAC, without costs that do not change what they learn.

What is predicted stays the same: tests hold it against SMAC's untouched models, forests bit by bit.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.process.isolation import one_blas_thread
from deepcave_symbolic.surrogates.quick_kernel import QuickKernel

__all__ = ["jobs_for", "train"]

#: emcee takes NumPy's global generator, which only one training at a time may set.
_GENERATOR = threading.Lock()
_ROWS_FOR_THREADS = 2_000


def train(model: Any, rows: Array, z: Array, evaluated: Callable[[], None] = lambda: None) -> None:
    """Trains one of SMAC's models.

    Args:
        model: SMAC's model, untrained.
        rows: What it is trained on, shape (n, d + f).
        z: Encoded costs, shape (n,).
        evaluated: Called after every evaluation of a Gaussian process's likelihood.
    """
    if hasattr(model, "_rf_opts"):
        _train_forest(model, rows, z)
        return
    if hasattr(model, "_get_gaussian_process"):
        _without_kernel_copies(model, evaluated)
    # The matrices are small: several BLAS threads wait for one another (twice the time of one).
    with one_blas_thread(), _seeded(model), _ended_without_words(model):
        model.train(rows, z[:, None])


def jobs_for(rows: int) -> int | None:
    """Returns scikit-learn's `n_jobs` for a forest: threads of their own cost more than small trees.

    The trees are the same either way.
    """
    return -1 if rows >= _ROWS_FOR_THREADS else None


def _train_forest(model: Any, rows: Array, z: Array) -> None:
    options = model._rf_opts
    # scikit-learn reserves memory for all leaves allowed (SMAC: 2**20 a tree, 20 times the training time). More than
    # one a row never exist, so that the trees are the same.
    options["max_leaf_nodes"] = min(options["max_leaf_nodes"], len(rows) + 1)
    # How to compute is ours to say: threads, and nothing printed, counted beside or kept from another training.
    options.update(n_jobs=jobs_for(len(rows)), verbose=0, oob_score=False, warm_start=False)
    log_y, options["log_y"] = options["log_y"], False
    model._train = functools.partial(_grow, model)
    try:
        with one_blas_thread():
            model.train(rows, z[:, None])
    finally:
        del model._train
        options["log_y"] = log_y
    if log_y:
        model._rf.log_y = True
        _average_costs_in_leaves(model._rf)


def _grow(model: Any, X: Array, y: Array) -> Any:
    """Trains as `RandomForest._train` does, but for trees that are copied and seeded quickly."""
    from smac.model.random_forest.random_forest import EPMRandomForest

    from deepcave_symbolic.surrogates.trees import QuickTree

    model._rf = EPMRandomForest(**model._rf_opts)
    model._rf.estimator = QuickTree()
    model._rf.fit(model._impute_inactive(X), y.flatten())
    return model


def _average_costs_in_leaves(forest: Any) -> None:
    """Sets every leaf to log(mean(exp(z))) of its rows, as `EPMRandomForest.fit` does leaf by leaf.

    That loop compares every row with every leaf: an eighth of the training time of 10 000 rows.
    """
    rows = np.ascontiguousarray(forest.trainX, dtype=np.float32)  # what trees compare
    for tree, drawn in zip(forest.estimators_, forest.estimators_samples_, strict=True):
        leaves = tree.tree_.apply(rows)[drawn]
        order = np.argsort(leaves, kind="stable")  # the rows of a leaf stay in their order: sums are rounded alike
        found, starts, counts = np.unique(leaves[order], return_index=True, return_counts=True)
        # NumPy's sum adds an array to 0, reduceat a leaf's rows to its first one: with a 0 before every leaf both round
        # alike.
        costs = np.exp(forest.trainY[drawn][order])
        sums = np.add.reduceat(np.insert(costs, starts, 0.0), starts + np.arange(len(starts)))
        for i in np.flatnonzero(counts > np.getbufsize()):  # summed in blocks, which lie otherwise for reduceat
            sums[i] = costs[starts[i] : starts[i] + counts[i]].sum()
        tree.tree_.value[found, 0, 0] = np.log(sums / counts)


@contextlib.contextmanager
def _seeded(model: Any) -> Iterator[None]:
    """Gives the sampling of an MCMC Gaussian process the run's seed, and the program its own random numbers back."""
    if not hasattr(model, "models"):
        yield
        return
    with _GENERATOR:
        state = np.random.get_state()
        np.random.seed(model._seed % 2**32)
        try:
            yield
        finally:
            np.random.set_state(state)


@contextlib.contextmanager
def _ended_without_words(model: Any) -> Iterator[None]:
    """Raises what ends the sampling of an MCMC Gaussian process only after it: emcee would print it with a traceback.

    What is left of the sampling takes no time, since nothing is likely any more.
    """
    if not hasattr(model, "models"):
        yield
        return
    likelihood = model._ll
    caught: list[BaseException] = []

    def evaluate(theta: Array) -> float:
        if caught:
            return -np.inf
        try:
            return float(likelihood(theta))
        except BaseException as error:
            caught.append(error)
            return -np.inf

    model._ll = evaluate
    try:
        yield
    finally:
        model._ll = likelihood
        if caught:
            raise caught[0]


def _without_kernel_copies(model: Any, evaluated: Callable[[], None]) -> None:
    """Lets a Gaussian process evaluate its likelihood on its kernel instead of on a deep copy a call.

    The copies take two thirds of the training time of a small process; the kernel is set anew for every evaluation and
    after the search, so that nothing else changes. Half of the rest goes to what does not change during the search,
    which `QuickKernel` knows; where there is none, a third to what parameters a kernel has, which is looked up twice an
    evaluation in the signature of its class; here once.
    """
    build = model._get_gaussian_process
    names: dict[type[Any], tuple[str, ...]] = {}

    def get_gaussian_process() -> Any:
        process = build()
        evaluate = functools.partial(process.log_marginal_likelihood, clone_kernel=False)
        rows: Any = None
        quick: QuickKernel | None = None

        def log_marginal_likelihood(*arguments: Any, eval_gradient: bool = False, **options: Any) -> Any:
            nonlocal rows, quick
            if eval_gradient and process.X_train_ is not rows:
                rows = process.X_train_
                quick = QuickKernel.of(process.kernel_, rows, arguments[0])
            if eval_gradient and quick is not None:
                evaluated_on = _instead(process, quick)
            else:
                evaluated_on = _known_parameters(process.kernel_, names)
            with evaluated_on:
                result = evaluate(*arguments, eval_gradient=eval_gradient, **options)
            evaluated()
            return result

        process.log_marginal_likelihood = log_marginal_likelihood
        return process

    model._get_gaussian_process = get_gaussian_process


@contextlib.contextmanager
def _instead(process: Any, quick: QuickKernel) -> Iterator[None]:
    """Lets a process evaluate a quick kernel instead of its own."""
    kernel, process.kernel_ = process.kernel_, quick
    try:
        yield
    finally:
        process.kernel_ = kernel


@contextlib.contextmanager
def _known_parameters(kernel: Any, names: dict[type[Any], tuple[str, ...]]) -> Iterator[None]:
    """Lets the parts of a kernel answer `get_params` without looking for their names, which are kept by class."""
    parts = _parts(kernel)
    for part in parts:
        if type(part) not in names:
            names[type(part)] = tuple(part.get_params())
        part.get_params = functools.partial(_parameters, part, names[type(part)])
    try:
        yield
    finally:
        for part in parts:
            del part.get_params


def _parts(kernel: Any) -> list[Any]:
    return [*_parts(kernel.k1), *_parts(kernel.k2)] if hasattr(kernel, "k1") else [kernel]


def _parameters(kernel: Any, names: tuple[str, ...], deep: bool = True) -> dict[str, Any]:
    return {name: getattr(kernel, name, None) for name in names}
