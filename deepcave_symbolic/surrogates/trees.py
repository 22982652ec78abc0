"""A tree of scikit-learn that a forest copies and seeds quickly; what it learns is the same, bit by bit.

Around a tree on some hundred rows, scikit-learn spends more time than on its splits: `clone` looks up the parameters'
names in the signature of the class and copies every value, and a new generator of random numbers, of which a tree takes
three, asks the system for a seed before it takes the one that it is given.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from sklearn.tree import DecisionTreeRegressor

__all__ = ["QuickTree"]

_NAMES = tuple(name for name in DecisionTreeRegressor().get_params(deep=False) if name != "random_state")


class _OfThread(threading.local):
    """Every thread's generator, for a forest may grow its trees in several."""

    def __init__(self) -> None:
        self.generator = np.random.RandomState()


_of_thread = _OfThread()


class QuickTree(DecisionTreeRegressor):  # type: ignore[misc]  # scikit-learn has no types
    """A regression tree whose parameters are numbers and words, so that a copy may share them.

    Its `random_state` is a generator in the state that a new one of the seed has, whenever it is asked for.
    """

    @property
    def random_state(self) -> Any:
        """A generator seeded anew; what is no seed as it is."""
        if not isinstance(self._seed, int | np.integer):
            return self._seed
        _of_thread.generator.seed(self._seed)
        return _of_thread.generator

    @random_state.setter
    def random_state(self, seed: Any) -> None:
        self._seed = seed

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Returns the parameters, the seed among them."""
        return {**{name: getattr(self, name) for name in _NAMES}, "random_state": self._seed}

    def set_params(self, **params: Any) -> QuickTree:
        """Sets parameters."""
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def __sklearn_clone__(self) -> QuickTree:
        """Returns an untrained copy of an untrained tree."""
        copy = QuickTree.__new__(QuickTree)
        copy.__dict__.update(self.__dict__)
        return copy
