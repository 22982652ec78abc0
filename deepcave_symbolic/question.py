"""The options of a search for formulas, checked once before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepcave_symbolic.engines import get_engine
from deepcave_symbolic.engines.protocol import KNOWN_FUNCTIONS, SymbolicRegressionEngine
from deepcave_symbolic.exceptions import InvalidArgumentError, UnknownNameError
from deepcave_symbolic.formulas.limits import DEFAULT_MAX_COMPLEXITY

__all__ = ["DEFAULT_MAX_COMPLEXITY", "SOURCES", "Options"]

SOURCES = ("surrogate", "trials")


@dataclass(frozen=True)
class Options:
    """How to search for formulas; the same for every hyperparameter of a run.

    Args:
        source: "surrogate" or "trials".
        engine: Name of an engine, or an engine.
        max_complexity: Longest formula, in operators.
        functions: What formulas may contain beside + - * /; None for the engine's default.
        seed: Seed of everything random.
    """

    source: str = "surrogate"
    engine: str | SymbolicRegressionEngine = "auto"
    max_complexity: int = DEFAULT_MAX_COMPLEXITY
    functions: Sequence[str] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Validates every option once, before anything is computed."""
        if self.source not in SOURCES:
            raise UnknownNameError("source", self.source, SOURCES)
        if isinstance(self.max_complexity, bool) or not isinstance(self.max_complexity, (int, np.integer)):
            raise InvalidArgumentError(f"max_complexity is {self.max_complexity!r}; expected a whole number from 1.")
        if self.max_complexity < 1:
            raise InvalidArgumentError(f"max_complexity is {self.max_complexity}; expected a whole number from 1.")
        if isinstance(self.seed, bool) or not isinstance(self.seed, (int, np.integer)) or not 0 <= self.seed < 2**32:
            raise InvalidArgumentError(f"seed is {self.seed!r}; expected a whole number from 0 to 2³² - 1.")
        if isinstance(self.functions, str):
            raise InvalidArgumentError(f"functions is {self.functions!r}; expected a list such as ['log', 'exp'].")
        for name in self.functions or ():
            if name not in KNOWN_FUNCTIONS:
                raise UnknownNameError("function", name, KNOWN_FUNCTIONS)
        if self.engine != "auto":
            get_engine(self.engine)
