"""The search for candidate expressions: which engines are asked, and with what.

Shared by the explanation of a run (`explainer.py`) and by the scikit-learn estimator (`estimator/regressor.py`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace

from deepcave_symbolic.engines import EngineName, engines_of
from deepcave_symbolic.engines.protocol import (
    DEFAULT_FUNCTIONS,
    SearchProblem,
    SymbolicRegressionEngine,
    default_functions,
)
from deepcave_symbolic.exceptions import MissingDependencyError
from deepcave_symbolic.formulas.expression import Node
from deepcave_symbolic.formulas.front import Target

__all__ = ["search"]


def search(
    target: Target,
    *,
    engine: EngineName | SymbolicRegressionEngine,
    max_complexity: int,
    functions: Sequence[str] | None,
    seed: int,
) -> list[tuple[str, Node]]:
    """Returns candidates for `front.score`: pairs of engine name and expression in search coordinates.

    Args:
        target: What to fit; the engines see its training points only.
        engine: Name of an engine, an engine, or "auto", which goes without an engine whose package is not installed.
        max_complexity: Longest formula of interest, in nodes (see `Formula.complexity`).
        functions: What formulas may contain beside + - * /; None for the engine's own set, else the readable ones.
        seed: Seed of everything random.
    """
    problem = SearchProblem(
        axes=target.axes,
        x=target.x,
        y=target.y,
        weights=target.weights,
        max_complexity=int(max_complexity),
        functions=DEFAULT_FUNCTIONS if functions is None else tuple(functions),
        seed=int(seed),
    )
    dispensable = (MissingDependencyError,) if engine == "auto" else ()
    candidates = []
    for one in engines_of(engine, problem.max_complexity):
        asked = replace(problem, functions=default_functions(one)) if functions is None else problem
        with contextlib.suppress(*dispensable):
            candidates += [(one.name, node) for node in one.search(asked)]
    return candidates
