"""The search for candidate expressions: which engines are asked, and with what.

Shared by the explanation of a run (`explainer.py`) and by the scikit-learn estimator (`estimator.py`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import numpy as np

from deepcave_symbolic.engines import get_engine
from deepcave_symbolic.engines.protocol import DEFAULT_FUNCTIONS, SymbolicRegressionEngine
from deepcave_symbolic.exceptions import MissingDependencyError
from deepcave_symbolic.formulas.expression import Node
from deepcave_symbolic.formulas.front import Target
from deepcave_symbolic.question import DEFAULT_MAX_COMPLEXITY, Options
from deepcave_symbolic.space.axis import Axis

__all__ = ["engines_of", "search"]


def search(target: Target, options: Options) -> list[tuple[str, Node]]:
    """Returns candidates for `selection.score`: pairs of engine name and expression in search coordinates.

    Args:
        target: What to fit; the engines see its training points only.
        options: How to search.
    """
    candidates = []
    coordinates = np.column_stack([axis.to_coordinate(target.x[:, i]) for i, axis in enumerate(target.axes)])
    for engine in engines_of(target.axes, options):
        found = engine.search(
            coordinates,
            target.y,
            weights=target.weights,
            max_complexity=int(options.max_complexity),
            functions=_functions(engine, options),
            seed=int(options.seed),
        )
        candidates += [(engine.name, node) for node in found]
    return candidates


def engines_of(axes: Sequence[Axis], options: Options) -> list[SymbolicRegressionEngine]:
    """Returns the engines that the options ask for, the exhaustive one set to the axes' domain."""
    choice = options.engine
    if choice not in ("auto", "exhaustive"):
        return [get_engine(choice)]
    from deepcave_symbolic.engines.exhaustive import ExhaustiveEngine

    bounds = [tuple(axis.to_coordinate(np.array([axis.lower, axis.upper]))) for axis in axes]
    exhaustive = ExhaustiveEngine(log_scaled=tuple(axis.log for axis in axes), bounds=bounds)
    engines: list[SymbolicRegressionEngine] = [exhaustive]
    if choice == "auto" and options.max_complexity > DEFAULT_MAX_COMPLEXITY:
        with contextlib.suppress(MissingDependencyError):
            engines.append(get_engine("operon"))
    return engines


def _functions(engine: SymbolicRegressionEngine, options: Options) -> tuple[str, ...]:
    """Returns the user's functions, else the engine's own set (the paper's for gplearn), else the readable ones."""
    if options.functions is None:
        return tuple(getattr(engine, "default_functions", DEFAULT_FUNCTIONS))
    return tuple(options.functions)
