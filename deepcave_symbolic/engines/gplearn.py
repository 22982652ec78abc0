"""gplearn with the paper's settings, for comparison and reproduction.

Segel et al. (2023), "Symbolic Explanations for Hyperparameter Optimization": gplearn's `SymbolicRegressor` with 5000
programs, 20 generations, RMSE as fitness and a penalty of 1e-4 per node. DeepCAVE 1.4.1's panel uses 10 generations.

gplearn's division, square root, logarithm (and the paper's exponential) are protected: they return something even where
the plain operator is undefined. Here a program becomes a formula only if both agree on the whole domain.

Notation:
    program: gplearn's flattened tree in prefix order: functions, numbers and column indices.
    box: the smallest box around the training points; the domain on which the operators are compared.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from deepcave_symbolic.engines._candidates import Candidates, is_level
from deepcave_symbolic.engines.protocol import SearchProblem
from deepcave_symbolic.formulas.expression import Node, constant, evaluate, function, variable
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.numeric.grids import product_of
from deepcave_symbolic.process.optional import import_optional

__all__ = ["GPLearnEngine", "program_to_node"]

#: The paper's functions beside + - * /.
PAPER_FUNCTIONS = ("sqrt", "log", "sin", "cos", "abs", "exp")

#: The paper's cap of the exponential.
_EXP_CAP = 1e5

#: Below this, gplearn's division and logarithm return a fixed number.
_PROTECTED_BELOW = 1e-3

#: Points on which the protected and the plain operators are compared, by the number of variables.
_GRID_POINTS = {1: 2001, 2: 101}

#: Longest program that is converted, in nodes; DeepCAVE gives up at the same length.
_MAX_NODES = 300

#: How many programs of each length are converted until one is found that can be written plainly.
_TRIES_PER_LENGTH = 20


@dataclass(frozen=True, kw_only=True)
class GPLearnEngine:
    """Evolves formulas with gplearn, by default exactly as the paper did.

    The formula that the paper (and DeepCAVE) would show is the fittest program of the last generation; it is among the
    candidates if it can be written plainly. Deviations from the paper:

    - X are search coordinates; the paper used raw values, DeepCAVE the unit cube.
    - `sin` and `cos` are used only if the caller allows them; the paper's set is `GPLearnEngine.default_functions`.
    - The best program of every length in the last generation is a candidate too: a front to choose from.
    - A program that relies on a protected operator inside the box is left out. Where an argument of a square root or a
      logarithm keeps one sign, |argument| is written without the bars.
    - Every candidate is tidied by exact rewrites.

    Args:
        parsimony: Penalty on length: RMSE in objective units per node (gplearn's `parsimony_coefficient`).
        population_size: Programs per generation.
        generations: How many generations; DeepCAVE's panel uses 10.
        tournament_size: Programs that compete to become a parent.
        metric: The fitness.
        standardize: Whether to evolve (y - mean) / std and add the two constants back. The paper did not; with it the
            penalty has the same strength whatever the unit of the objective.
    """

    parsimony: float = 1e-4
    population_size: int = 5000
    generations: int = 20
    tournament_size: int = 20
    metric: Literal["rmse", "mse", "mean absolute error"] = "rmse"
    standardize: bool = False
    name: str = "gplearn"

    #: What the paper allowed beside + - * /.
    default_functions = PAPER_FUNCTIONS

    def search(self, problem: SearchProblem) -> list[Node]:
        """Returns the best plain formula of every length; see `SymbolicRegressionEngine.search`."""
        genetic = import_optional("gplearn.genetic", purpose="The engine 'gplearn'")
        X, y, weights = problem.coordinates, problem.y, problem.weights
        mean, spread = float(np.average(y, weights=weights)), float(np.std(y))
        if is_level(mean, spread):
            return [constant(mean)]
        allowed = [f for f in PAPER_FUNCTIONS if f in problem.functions]
        regressor = genetic.SymbolicRegressor(
            population_size=self.population_size,
            generations=self.generations,
            tournament_size=self.tournament_size,
            function_set=["add", "sub", "mul", "div", *(_capped_exp() if f == "exp" else f for f in allowed)],
            metric=self.metric,
            parsimony_coefficient=self.parsimony,
            random_state=problem.seed,
            low_memory=True,
        )
        _fit(regressor, X, (y - mean) / spread if self.standardize else y, weights)

        points = _check_points(X)
        candidates = Candidates(problem, points)
        tries: dict[int, int] = {}
        found: set[int] = set()
        for program in _fittest_first(regressor):
            length = program.length_
            if length in found or tries.get(length, 0) >= _TRIES_PER_LENGTH:
                continue
            tries[length] = tries.get(length, 0) + 1
            node = program_to_node(program.program, points, allowed)
            if node is None:
                continue
            found.add(length)
            if self.standardize:
                node = constant(mean) + constant(spread) * node
            candidates.add(node)
        return candidates.found


def _fit(regressor: Any, X: Array, y: Array, weights: Array | None) -> None:
    """Runs gplearn and leaves NumPy's global random state, which gplearn overwrites, as it was."""
    state = np.random.get_state()
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            # gplearn 0.4.2 calls what scikit-learn 1.6 deprecates; nothing that the user can change.
            warnings.simplefilter("ignore", FutureWarning)
            regressor.fit(X, y, sample_weight=weights)
    finally:
        np.random.set_state(state)


def program_to_node(program: Sequence[Any], points: Array, functions: Collection[str]) -> Node | None:
    """Returns the formula that equals the program at all points, with plain operators only.

    Args:
        program: gplearn's flattened tree.
        points: Where both must agree, shape (m, d); dense enough that a change of sign between two of them shows.
        functions: What the formula may contain; an absolute value appears only if "abs" is among them.

    Returns:
        The formula, or None where a protected operator leaves its plain domain.
    """
    if len(program) > _MAX_NODES:
        return None
    columns = list(points.T)
    items = iter(program)

    def read() -> tuple[Node, Array] | None:
        item = next(items)
        if isinstance(item, (int, np.integer)):
            return variable(int(item)), columns[item]
        if isinstance(item, (float, np.floating)):
            return constant(float(item)), np.full(len(points), float(item))
        arguments = []
        for _ in range(item.arity):
            argument = read()
            if argument is None:
                return None
            arguments.append(argument)
        with np.errstate(all="ignore"):
            values = np.asarray(item(*(v for _, v in arguments)), dtype=np.float64)
        if all(node.is_constant for node, _ in arguments):
            # Whatever a protected operator returns for numbers is a number.
            return constant(float(values[0])), values
        node = _plain(item.name, [n for n, _ in arguments], [v for _, v in arguments], functions)
        return None if node is None else (node, values)

    result = read()
    if result is None:
        return None
    node, values = result
    plain = evaluate(node, columns)
    agree = np.isfinite(values).all() and np.allclose(plain, values, rtol=1e-9, atol=1e-12)
    return node if agree else None


def _plain(name: str, nodes: Sequence[Node], values: Sequence[Array], functions: Collection[str]) -> Node | None:
    """Returns the plain operator, or None where gplearn's protected one is something else."""
    if name in _ARITHMETIC:
        return _ARITHMETIC[name](*nodes)
    if name == "div":
        return nodes[0] / nodes[1] if _sign(values[1]) != 0 else None
    if name == "log":
        # log|u|: without a zero of u in the box u has one sign.
        sign = _sign(values[0])
        return None if sign == 0 else function("log", nodes[0] if sign > 0 else -nodes[0])
    if name == "sqrt":
        # sqrt|u| is defined everywhere; the bars are needed only where u changes its sign.
        if (values[0] >= 0).all():
            return function("sqrt", nodes[0])
        if (values[0] <= 0).all():
            return function("sqrt", -nodes[0])
        return function("sqrt", function("abs", nodes[0])) if "abs" in functions else None
    if name == "exp" and not (np.exp(np.minimum(values[0], 100.0)) < _EXP_CAP).all():
        return None
    return function(name, nodes[0])


_ARITHMETIC: dict[str, Callable[[Node, Node], Node]] = {"add": operator.add, "sub": operator.sub, "mul": operator.mul}


def _sign(values: Array) -> int:
    """Returns 1 or -1 where all values have that sign and stay out of gplearn's protected band, else 0."""
    if (values > _PROTECTED_BELOW).all():
        return 1
    return -1 if (values < -_PROTECTED_BELOW).all() else 0


def _check_points(X: Array) -> Array:
    """Returns the training points and a dense grid of their box, edges included, shape (m, d)."""
    d = X.shape[1]
    return np.vstack([X, product_of([np.linspace(u.min(), u.max(), _GRID_POINTS[d]) for u in X.T])])


def _fittest_first(regressor: Any) -> Iterator[Any]:
    """Yields the paper's formula, then the last generation by fitness; ties keep gplearn's order."""
    yield regressor._program
    yield from sorted(regressor._programs[-1], key=lambda program: (program.raw_fitness_, program.length_))


def _exp(x: Array) -> Array:
    """Returns min(exp(x), 1e5), the paper's exponential."""
    with np.errstate(all="ignore"):
        capped: Array = np.minimum(np.exp(x), _EXP_CAP)
    return capped


def _capped_exp() -> Any:
    """Returns the paper's exponential as a gplearn function."""
    functions = import_optional("gplearn.functions", purpose="The engine 'gplearn'")
    return functions.make_function(function=_exp, name="exp", arity=1, wrap=False)
