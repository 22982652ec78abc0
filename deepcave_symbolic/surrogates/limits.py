"""How large a model a run's folder may name: its options come from a file and decide how long training takes.

SMAC's own choices are far below: 10 trees, 10 restarts, 3 walkers of 500 steps for every hyperparameter of a kernel
with up to 7 parts. What says only how to compute (threads, what is printed) is not taken from the file at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deepcave_symbolic.exceptions import SurrogateError

__all__ = ["check_forest_size", "check_options"]

_MOST_TREES = 1_000
#: Trees times trials: half a minute and 300 MiB.
_MOST_PATHS = 1_000_000
_LARGEST = {"n_estimators": _MOST_TREES, "n_trees": _MOST_TREES, "n_restarts": 100}
_LARGEST.update(n_mcmc_walkers=1_000, chain_length=10_000, burning_steps=10_000)
#: Walkers times steps, each an evaluation of the likelihood: a minute with a hundred trials.
_MOST_STEPS = 100_000
_MOST_KERNELS = 30
_ADVICE = 'Use surrogate="forest" (--surrogate forest).'


def check_options(meta: Mapping[str, Any]) -> None:
    """Raises SurrogateError for a model (its entry in scenario.json) whose training would take too long."""
    for option, largest in _LARGEST.items():
        value = meta.get(option, 0)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= largest:
            raise SurrogateError(
                f"scenario.json: {option} is {value!r:.80}, expected an integer from 0 to {largest}. {_ADVICE}"
            )
    walkers, chain, burning = (meta.get(option, 0) for option in ("n_mcmc_walkers", "chain_length", "burning_steps"))
    if walkers * (chain + burning) > _MOST_STEPS:
        raise SurrogateError(
            f"scenario.json: n_mcmc_walkers is {walkers}, chain_length {chain} and burning_steps {burning}: "
            f"{walkers * (chain + burning)} evaluations, expected at most {_MOST_STEPS}. {_ADVICE}"
        )
    if (n := _n_kernels(meta.get("kernel"))) > _MOST_KERNELS:
        raise SurrogateError(f"scenario.json: the kernel has {n} parts, expected at most {_MOST_KERNELS}. {_ADVICE}")


def check_forest_size(n_trees: int, n_trials: int) -> None:
    """Raises SurrogateError for a forest whose trees are too many for that many trials."""
    if n_trees * n_trials > _MOST_PATHS:
        raise SurrogateError(
            f"scenario.json: the forest has {n_trees} trees; on {n_trials} trials at most {_MOST_PATHS // n_trials} "
            f"are grown. {_ADVICE}"
        )


def _n_kernels(meta: Any) -> int:
    """Returns how many kernels a kernel consists of, itself included; it may be nested deeply."""
    n, waiting = 0, [meta]
    while waiting:
        kernel = waiting.pop()
        if isinstance(kernel, Mapping):
            n += 1
            waiting += [kernel.get("k1"), kernel.get("k2")]
    return n
