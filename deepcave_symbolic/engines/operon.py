"""Operon: genetic programming with optimised constants, for formulas beyond the exhaustive search's bound.

Burlacu, Kronberger, Kommenda (2020): Operon C++: an efficient genetic programming framework for symbolic regression.

Notation:
    X: training points in search coordinates, shape (n, d) with d = 1 or 2.
    y: targets in objective units, shape (n,).
    T: what Operon evolved, an expression in the search coordinates; the candidate is a + b·T.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any

import numpy as np

from deepcave_symbolic.engines._candidates import Candidates, is_level
from deepcave_symbolic.engines.protocol import SearchProblem
from deepcave_symbolic.formulas.expression import Node, constant, evaluate, function, power, variable
from deepcave_symbolic.numeric.arrays import Array, columns_of
from deepcave_symbolic.numeric.weighted import weighted_least_squares
from deepcave_symbolic.process.optional import import_optional

__all__ = ["OperonEngine", "tree_to_node"]

#: The allowed functions that Operon knows, under the same names. A general power is not offered: Operon would evolve
#: exponents that are expressions, which nobody reads.
_SYMBOLS = ("square", "sqrt", "exp", "log", "abs", "tanh", "sin", "cos")

_BINARY = {"Add": operator.add, "Sub": operator.sub, "Mul": operator.mul, "Div": operator.truediv}

_UNARY: dict[str, Callable[[Node], Node]] = {
    "Square": lambda a: power(a, 2.0),
    **{name.capitalize(): partial(function, name) for name in _SYMBOLS if name != "square"},
}

#: Fewest points from which a formula with a slope is worth a search.
_MIN_POINTS = 3

#: How many copies of a training point of average weight there are; Operon knows no weights.
_COPIES = 4


@dataclass(frozen=True, kw_only=True)
class OperonEngine:
    """Finds longer formulas with Operon: its Pareto fronts of accuracy against length, several seeds merged.

    The settings are the ones that the study behind the default search found good. `n_threads` is 1 and the effort is
    counted in evaluations, not seconds, because everything else is not reproducible.

    Operon takes no weights: with weights each training point is repeated in proportion to its weight (a quarter of the
    average weight is the resolution), and the linear constants are solved with the exact weights.

    Args:
        n_seeds: How many searches are merged.
        max_evaluations: Effort of one search.
        population_size: Individuals of one search.
        max_length: Longest evolved tree, in Operon's nodes.
        max_depth: Deepest evolved tree.
        optimizer_iterations: Steps of Levenberg-Marquardt per individual.
    """

    n_seeds: int = 2
    max_evaluations: int = 100_000
    population_size: int = 500
    max_length: int = 20
    max_depth: int = 8
    optimizer_iterations: int = 5
    name: str = "operon"

    def search(self, problem: SearchProblem) -> list[Node]:
        """Returns the formulas of the merged Pareto fronts; see `SymbolicRegressionEngine.search`."""
        sklearn_api = import_optional("pyoperon.sklearn", purpose="The engine 'operon'")
        X, y, weights = problem.coordinates, problem.y, problem.weights
        mean, spread = float(np.average(y, weights=weights)), float(np.std(y))
        if len(y) < _MIN_POINTS or is_level(mean, spread):
            return [constant(mean)]

        # Operon is not scale-invariant: the same targets in other units give another, worse search.
        rows = _repeated_rows(weights, len(y))
        targets = ((y - mean) / spread)[rows]
        symbols = ["add", "sub", "mul", "div", *(f for f in problem.functions if f in _SYMBOLS)]

        candidates = Candidates(problem, X)
        candidates.add(constant(mean))
        for search_seed in np.random.SeedSequence(problem.seed).generate_state(self.n_seeds):
            regressor = sklearn_api.SymbolicRegressor(
                allowed_symbols=",".join([*symbols, "constant", "variable"]),
                objectives=["r2", "length"],
                population_size=self.population_size,
                max_evaluations=self.max_evaluations,
                max_length=self.max_length,
                max_depth=self.max_depth,
                optimizer_iterations=self.optimizer_iterations,
                n_threads=1,
                random_state=int(search_seed),
            )
            regressor.fit(X[rows], targets)
            for solution in regressor.pareto_front_:
                node = _rescaled(tree_to_node(solution["tree"], list(regressor.variables_)), X, y, weights)
                if node is not None:
                    candidates.add(node)
        return candidates.found


def tree_to_node(tree: Any, hashes: Sequence[int]) -> Node:
    """Returns Operon's tree as an expression, its hidden weights and Operon's own scale and offset included.

    Args:
        tree: A `pyoperon.Tree`: nodes in postfix order; a variable's `Value` is its hidden weight.
        hashes: Operon's hash of each variable, in the order of the columns.

    Raises:
        ValueError: If the tree holds a symbol that this package does not know.
    """
    nodes = tree.Nodes

    def read(index: int) -> Node:
        node = nodes[index]
        if node.IsConstant:
            return constant(node.Value)
        if node.IsVariable:
            return constant(node.Value) * variable(hashes.index(node.HashValue))
        arguments = [read(child) for child in tree.Indices(index)]
        symbol = node.Type.name
        if symbol in _UNARY and len(arguments) == 1:
            return _UNARY[symbol](arguments[0])
        if symbol in _BINARY and len(arguments) >= 2:
            return reduce(_BINARY[symbol], arguments)
        raise ValueError(f"Operon's symbol {symbol!r} with {len(arguments)} arguments has no counterpart here.")

    return read(len(nodes) - 1)


def _repeated_rows(weights: Array | None, n: int) -> Any:
    """Returns the row numbers of the training data, each as often as its weight asks for."""
    if weights is None:
        return np.arange(n)
    # Only a weight of zero drops a point: the shape of a region that the surrogate knows badly still counts.
    copies = np.where(weights > 0, np.clip(np.rint(_COPIES * weights / weights.mean()), 1, 5 * _COPIES), 0)
    return np.repeat(np.arange(n), copies.astype(int))


def _rescaled(tree: Node, X: Array, y: Array, weights: Array | None) -> Node | None:
    """Returns a + b·T in objective units, a and b by weighted least squares; None where T is not finite everywhere.

    Operon computes in single precision and on standardised targets; solving again costs nothing and is exact.
    """
    values = evaluate(tree, columns_of(X))
    if not np.isfinite(values).all():
        return None
    centre, scale = float(values.mean()), float(values.std())
    if is_level(centre, scale):
        return None
    solved = weighted_least_squares(np.column_stack([np.ones_like(y), (values - centre) / scale]), y, weights)
    if solved is None:
        return None
    b = float(solved[1]) / scale
    a = float(solved[0]) - b * centre
    return constant(a) + constant(b) * tree if math.isfinite(a) and math.isfinite(b) else None
