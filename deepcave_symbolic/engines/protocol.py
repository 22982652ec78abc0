"""The protocol that every symbolic regression engine follows.

An engine only proposes expressions. Rounding, checking the domain, scoring on held-out points and choosing are shared
(`formulas/front.py`), so that engines compete on equal terms.

Notation:
    x, u: training points in natural units and in search coordinates, shape (n, k) with k = 1 or 2; column i of u is
        log10(x_i) for a log-scaled hyperparameter and x_i itself otherwise.
    y: targets in objective units, shape (n,).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np

from deepcave_symbolic.formulas.expression import FUNCTIONS, Node
from deepcave_symbolic.formulas.limits import DEFAULT_MAX_COMPLEXITY
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.axis import Axis, coordinates_of

__all__ = [
    "DEFAULT_FUNCTIONS",
    "KNOWN_FUNCTIONS",
    "EngineWithFunctions",
    "SearchProblem",
    "SymbolicRegressionEngine",
    "default_functions",
]

#: What a readable formula may contain beside + - * /. "pow" is a constant exponent other than 2, "square" exponent 2.
KNOWN_FUNCTIONS = ("square", "pow", *(f for f in FUNCTIONS if f != "log10"))

#: sin and cos are known but not readable: a landscape of a hyperparameter is rarely periodic.
DEFAULT_FUNCTIONS = ("square", "pow", "sqrt", "exp", "log", "abs", "tanh")


@dataclass(frozen=True, eq=False)
class SearchProblem:
    """What an engine searches formulas for; see the module's notation for shapes and units.

    Args:
        axes: The explained hyperparameters: their bounds, and which of them have a log scale.
        x: Training points, natural units, shape (n, k).
        y: Targets, shape (n,).
        weights: Non-negative weights of the squared errors, shape (n,), or None for equal ones.
        max_complexity: Longest formula of interest, in nodes (see `Formula.complexity`).
        functions: The allowed ones of `KNOWN_FUNCTIONS`; + - * / are always allowed.
        seed: Seed of everything random.
    """

    axes: tuple[Axis, ...]
    x: Array
    y: Array
    weights: Array | None = None
    max_complexity: int = DEFAULT_MAX_COMPLEXITY
    functions: tuple[str, ...] = DEFAULT_FUNCTIONS
    seed: int = 0

    @cached_property
    def coordinates(self) -> Array:
        """The training points in search coordinates u, shape (n, k)."""
        return coordinates_of(self.axes, self.x)

    @property
    def bounds(self) -> Array:
        """Lowest and highest search coordinate of every hyperparameter, shape (k, 2)."""
        return np.array([axis.coordinate_bounds for axis in self.axes])

    @property
    def log_scaled(self) -> tuple[bool, ...]:
        """Which search coordinates are log10 of a hyperparameter."""
        return tuple(axis.log for axis in self.axes)


@runtime_checkable
class SymbolicRegressionEngine(Protocol):
    """What searches for expressions."""

    name: str

    def search(self, problem: SearchProblem) -> list[Node]:
        """Returns candidate expressions in the search coordinates, good ones of every length.

        Args:
            problem: The training points and the limits of what a formula may be.
        """
        ...


@runtime_checkable
class EngineWithFunctions(SymbolicRegressionEngine, Protocol):
    """An engine with functions of its own, which replace the readable ones where the user names none."""

    default_functions: tuple[str, ...]


def default_functions(engine: SymbolicRegressionEngine | None) -> tuple[str, ...]:
    """Returns what formulas may contain where the user names no functions: the engine's own set, else readable ones."""
    return tuple(engine.default_functions) if isinstance(engine, EngineWithFunctions) else DEFAULT_FUNCTIONS
