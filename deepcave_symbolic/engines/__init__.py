"""Symbolic regression engines by name; an engine's package is imported when the engine is asked for."""

from __future__ import annotations

import importlib
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from deepcave_symbolic.exceptions import InvalidArgumentError, UnknownNameError
from deepcave_symbolic.formulas.limits import DEFAULT_MAX_COMPLEXITY

if TYPE_CHECKING:
    from deepcave_symbolic.engines.protocol import (
        DEFAULT_FUNCTIONS,
        KNOWN_FUNCTIONS,
        EngineWithFunctions,
        SearchProblem,
        SymbolicRegressionEngine,
    )

__all__ = [
    "DEFAULT_FUNCTIONS",
    "ENGINES",
    "KNOWN_FUNCTIONS",
    "EngineEntry",
    "EngineName",
    "EngineWithFunctions",
    "SearchProblem",
    "SymbolicRegressionEngine",
    "engine_choices",
    "engines_of",
    "get_engine",
]

EngineName = Literal["auto", "exhaustive", "operon", "gplearn"]


@dataclass(frozen=True, kw_only=True)
class EngineEntry:
    """A line of the table of engines.

    Args:
        module: Where the engine is.
        class_name: Its class, whose arguments all have defaults.
        title: What people call it.
        remark: What it is for, in a few words.
        extra: The extra of this package that installs what it needs; None where nothing is needed.
        auto_beyond: "auto" asks the engine too where formulas may have more nodes than this; None for never.
    """

    module: str
    class_name: str
    title: str
    remark: str
    extra: str | None = None
    auto_beyond: int | None = None

    @property
    def label(self) -> str:
        """What the panel shows."""
        return f"{self.title} ({self.remark}{f'; needs the extra {self.extra!r}' if self.extra else ''})"


#: The engines by name, the default first: panel, command line and error messages take their lists from here.
ENGINES: dict[str, EngineEntry] = {
    "exhaustive": EngineEntry(
        module="deepcave_symbolic.engines.exhaustive",
        class_name="ExhaustiveEngine",
        title="Exhaustive",
        remark="every short formula",
        auto_beyond=0,
    ),
    "operon": EngineEntry(
        module="deepcave_symbolic.engines.operon",
        class_name="OperonEngine",
        title="Operon",
        remark="longer formulas",
        extra="operon",
        auto_beyond=DEFAULT_MAX_COMPLEXITY,
    ),
    "gplearn": EngineEntry(
        module="deepcave_symbolic.engines.gplearn",
        class_name="GPLearnEngine",
        title="gplearn",
        remark="genetic programming, as in the paper",
    ),
}


def engine_choices() -> dict[str, str]:
    """Returns what a user may choose, with what the panel calls it: "auto", then the names of the table."""
    return {"auto": "Automatic", **{name: entry.label for name, entry in ENGINES.items()}}


def engines_of(engine: str | SymbolicRegressionEngine, max_complexity: int) -> list[SymbolicRegressionEngine]:
    """Returns the engines that are asked for formulas of at most so many nodes; see `get_engine`."""
    if engine != "auto":
        return [get_engine(engine)]
    return [
        get_engine(name)
        for name, entry in ENGINES.items()
        if entry.auto_beyond is not None and max_complexity > entry.auto_beyond
    ]


def get_engine(engine: str | SymbolicRegressionEngine) -> SymbolicRegressionEngine:
    """Returns an engine: the instance given, or a new one with its defaults for one of `ENGINES`.

    Raises:
        UnknownNameError: If no engine has that name.
        InvalidArgumentError: If it is neither a name nor has a `name` and a method `search(problem)`.
    """
    from deepcave_symbolic.engines.protocol import SymbolicRegressionEngine

    if isinstance(engine, str):
        if engine not in ENGINES:
            raise UnknownNameError("engine", engine, list(ENGINES))
        entry = ENGINES[engine]
        return cast(SymbolicRegressionEngine, getattr(importlib.import_module(entry.module), entry.class_name)())
    if isinstance(engine, type) or not isinstance(engine, SymbolicRegressionEngine) or not callable(engine.search):
        raise InvalidArgumentError(
            f"Found {engine!r} as the engine; expected one of {', '.join(ENGINES)} or an instance with a name and a "
            "search method."
        )
    signature = inspect.signature(engine.search)
    try:
        signature.bind(None)
    except TypeError:
        raise InvalidArgumentError(
            f"The engine {engine.name!r} has the method search{signature}; expected search(problem), with one "
            "SearchProblem that holds the points, the weights and the limits."
        ) from None
    return engine


def __getattr__(name: str) -> Any:
    # At their first use: the command line reads the table, and starts without NumPy.
    if name in __all__:
        return getattr(importlib.import_module("deepcave_symbolic.engines.protocol"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
