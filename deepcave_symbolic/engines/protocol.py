"""The protocol that every symbolic regression engine follows.

An engine only proposes expressions. Rounding, checking the domain, scoring on held-out points and choosing are shared
(`selection.py`), so that engines compete on equal terms.

Notation:
    X: training points in search coordinates, shape (n, 1) or (n, 2); column i is log10(x_i) for a log-scaled
        hyperparameter and x_i itself otherwise.
    y: targets in objective units, shape (n,).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from deepcave_symbolic.formulas.expression import FUNCTIONS, Node
from deepcave_symbolic.numeric.arrays import Array

__all__ = ["DEFAULT_FUNCTIONS", "KNOWN_FUNCTIONS", "SymbolicRegressionEngine"]

#: What a readable formula may contain beside + - * /. "pow" is a constant exponent other than 2, "square" exponent 2.
KNOWN_FUNCTIONS = ("square", "pow", *(f for f in FUNCTIONS if f != "log10"))

#: sin and cos are known but not readable: a landscape of a hyperparameter is rarely periodic.
DEFAULT_FUNCTIONS = ("square", "pow", "sqrt", "exp", "log", "abs", "tanh")


@runtime_checkable
class SymbolicRegressionEngine(Protocol):
    """What searches for expressions; see the module's notation for shapes and units."""

    name: str

    def search(
        self,
        X: Array,
        y: Array,
        *,
        weights: Array | None,
        max_complexity: int,
        functions: Sequence[str],
        seed: int,
    ) -> list[Node]:
        """Returns candidate expressions in the search coordinates, good ones of every length.

        Args:
            X: Training points, shape (n, 1) or (n, 2).
            y: Targets, shape (n,).
            weights: Non-negative weights of the squared errors, shape (n,), or None for equal ones.
            max_complexity: Longest expression of interest, in operators; a search coordinate counts 0 here.
            functions: The allowed ones of `KNOWN_FUNCTIONS`; + - * / are always allowed.
            seed: Seed of everything random.
        """
        ...
