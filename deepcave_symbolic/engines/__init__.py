"""Symbolic regression engines by name; an engine's package is imported when the engine is asked for."""

from __future__ import annotations

import importlib
from typing import Literal, cast, get_args

from deepcave_symbolic.engines.protocol import DEFAULT_FUNCTIONS, KNOWN_FUNCTIONS, SymbolicRegressionEngine
from deepcave_symbolic.exceptions import InvalidArgumentError, UnknownNameError

__all__ = [
    "DEFAULT_FUNCTIONS",
    "ENGINES",
    "KNOWN_FUNCTIONS",
    "EngineName",
    "SymbolicRegressionEngine",
    "get_engine",
]

EngineName = Literal["exhaustive", "operon", "gplearn"]

#: The engines' names, the default first.
ENGINES: tuple[EngineName, ...] = get_args(EngineName)

#: Module and class of each engine.
_CLASSES: dict[EngineName, tuple[str, str]] = {
    "exhaustive": ("deepcave_symbolic.engines.exhaustive", "ExhaustiveEngine"),
    "operon": ("deepcave_symbolic.engines.operon", "OperonEngine"),
    "gplearn": ("deepcave_symbolic.engines.gplearn", "GPLearnEngine"),
}


def get_engine(engine: str | SymbolicRegressionEngine) -> SymbolicRegressionEngine:
    """Returns an engine: the instance given, or a new one with its defaults for one of `ENGINES`.

    Raises:
        UnknownNameError: If no engine has that name.
        InvalidArgumentError: If it is neither a name nor has a `name` and a `search` method.
        MissingDependencyError: If the engine's package is not installed.
    """
    if isinstance(engine, str):
        if engine not in _CLASSES:
            raise UnknownNameError("engine", engine, ENGINES)
        module, name = _CLASSES[engine]
        return cast(SymbolicRegressionEngine, getattr(importlib.import_module(module), name)())
    if isinstance(engine, type) or not isinstance(engine, SymbolicRegressionEngine):
        raise InvalidArgumentError(
            f"Found {engine!r} as the engine; expected one of {', '.join(ENGINES)} or an instance with a name and a "
            "search method."
        )
    return engine
