"""What training a Gaussian process on many trials will cost: said before it starts, shown while it lasts.

Every evaluation of the likelihood factorises an n x n matrix and, for the gradient, passes once over such a matrix for
every hyperparameter of the kernel; SMAC evaluates it some two hundred times. A forest takes seconds whatever n is.

The gradient holds three such matrices for every hyperparameter of the kernel, so that memory may run out below n where
time becomes long. What does not fit is refused before it starts: the system would kill the process without a word.

Who wants to show progress sets a listener for the current context (`watching`); where there is none, the sentence is a
`SlowTrainingWarning`. Who cannot wait sets a limit (`at_most`), beyond which training is refused before it starts.

Notation:
    n: number of trials.
    p: number of the kernel's hyperparameters.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from deepcave_symbolic.exceptions import SurrogateError
from deepcave_symbolic.surrogates.memory import available_memory

__all__ = ["MANY_ROWS", "Cost", "SlowTrainingWarning", "announced", "at_most", "cost_of", "watching"]

#: Up to here training takes minutes at most and nothing is said.
MANY_ROWS = 2_000
# Seconds of one evaluation, with and without the gradient: cubic·n³ + square·n²·p, measured on one core of an x86-64
# machine with n of 500, 1000 and 2000 and p of 4, 12 and 52 (within a third of it from 1000 on).
_GRADIENT = (1.45e-10, 3.9e-8)
_VALUE = (4e-11, 2.9e-9)
# n x n matrices in memory at the peak, measured as the growth of the resident set with n of 500 to 3000: with the
# gradient 13 to 18 with p = 4, 37 to 42 with 12, 159 to 164 with 52; without it one for every walker's process, two
# thirds of one more for its cross-validation.
_MATRICES_A_HYPERPARAMETER, _MATRICES_A_WALKER, _MATRICES = 3.0, 1.7, 4.0
#: Evaluations a start of the search (measured: 17 to 27).
_EVALUATIONS_A_START = 24

Listener = Callable[[str, int, int], None]
_listener: ContextVar[tuple[Listener, Callable[[], None]] | None] = ContextVar(
    "deepcave_symbolic_training_listener", default=None
)
_limit: ContextVar[float | None] = ContextVar("deepcave_symbolic_training_limit", default=None)


class SlowTrainingWarning(UserWarning):
    """Training the run's own surrogate will take minutes or longer."""


@dataclass(frozen=True)
class Cost:
    """What training takes, roughly.

    Args:
        evaluations: How often the likelihood is evaluated.
        seconds: All evaluations together.
        memory: Bytes at the peak.
    """

    evaluations: int
    seconds: float
    memory: float


def cost_of(model: Any, n: int) -> Cost:
    """Returns what training one of SMAC's untrained Gaussian processes on n trials takes."""
    p = len(model._kernel.theta)
    if hasattr(model, "_n_mcmc_walkers"):
        evaluations = int(model._n_mcmc_walkers * (model._chain_length + model._burning_steps))
        cubic, square = _VALUE
        matrices = _MATRICES + _MATRICES_A_WALKER * int(model._n_mcmc_walkers)
    else:
        evaluations, (cubic, square) = _EVALUATIONS_A_START * (int(model._n_restarts) + 1), _GRADIENT
        matrices = _MATRICES + _MATRICES_A_HYPERPARAMETER * p
    return Cost(evaluations, evaluations * (cubic * n**3 + square * n**2 * p), matrices * 8.0 * n**2)


@contextlib.contextmanager
def announced(model: Any, n: int) -> Iterator[Callable[[], None]]:
    """Says what the training inside will cost where it is much; yields what is to be called after every evaluation.

    Raises:
        SurrogateError: If it would take more memory than there is, or longer than the limit of the context.
    """
    cost = cost_of(model, n)
    free = available_memory()
    if free is not None and cost.memory > free:
        raise SurrogateError(
            f"Training a Gaussian process on {n} trials takes about {_size(cost.memory)} of memory, and {_size(free)} "
            'are free. Use surrogate="forest".'
        )
    if n <= MANY_ROWS:
        yield lambda: None
        return
    start = f"Training a Gaussian process on {n} trials takes about {_duration(cost.seconds)}"
    limit = _limit.get()
    if limit is not None and cost.seconds > limit:
        raise SurrogateError(f'{start}, longer than the {limit:g} seconds there are. Use surrogate="forest".')
    advice = 'Ctrl-C stops it; surrogate="forest" (--surrogate forest) takes seconds.'
    sentence = f"{start} and {_size(cost.memory)} of memory; {advice}"
    found = _listener.get()
    if found is None:
        warnings.warn(sentence, SlowTrainingWarning, stacklevel=2)
        yield lambda: None
        return
    listener, ended = found
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        listener(sentence, done, cost.evaluations)

    listener(sentence, 0, cost.evaluations)
    try:
        yield tick
    finally:
        ended()


def _size(number: float) -> str:
    mib = number / 2**20
    return f"{mib / 1024:.1f} GiB" if mib >= 1000 else f"{max(1, round(mib))} MiB"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} seconds"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} minutes"
    return f"{round(seconds / 3600)} hours"


@contextlib.contextmanager
def watching(listener: Listener, *, ended: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Calls the listener with the sentence, the evaluations done and those expected, before and while a model trains.

    What it raises (a `KeyboardInterrupt`, say) ends the training. After it, however it ends, `ended` is called.
    """
    token = _listener.set((listener, ended))
    try:
        yield
    finally:
        _listener.reset(token)


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Refuses to train a large Gaussian process that would take longer."""
    token = _limit.set(seconds)
    try:
        yield
    finally:
        _limit.reset(token)
