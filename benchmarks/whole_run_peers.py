"""What `whole_run.py` compares the formula of a run with: other searches, and ceilings without a formula.

All get the configurations that the formula was fitted to. For those that know no choices and no inactive values a
categorical is a column of 0 and 1 for every choice but the last (one for all two), and an inactive value is the mean of
the active ones. Their formulas are written in natural units, tidied and counted as ours are.

Notation:
    u: search coordinates, log10(x) of log-scaled hyperparameters; x: natural units; y: surrogate means.
"""

from __future__ import annotations

import importlib.util
import logging
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from faithfulness_peers import Effort, paper_regressor

from deepcave_symbolic.engines import SearchProblem
from deepcave_symbolic.engines.gplearn import PAPER_FUNCTIONS, program_to_node
from deepcave_symbolic.engines.operon import OperonEngine
from deepcave_symbolic.formulas import printing
from deepcave_symbolic.formulas.expression import Node, complexity, evaluate
from deepcave_symbolic.formulas.front import to_natural
from deepcave_symbolic.formulas.tidy import tidy
from deepcave_symbolic.numeric.arrays import columns_of
from deepcave_symbolic.numeric.weighted import weighted_r2
from deepcave_symbolic.space.axis import Axis, coordinates_of
from deepcave_symbolic.whole_run.sample import Sample

__all__ = ["PEERS", "Answer", "Predict", "unavailable"]

#: Longest trees that Operon evolves, one search each, in its own nodes: a weight and a logarithm count nothing there.
OPERON_LENGTHS = (15, 30)
#: Models that the generalised additive model averages; more change its R² in the third digit and take minutes.
_BAGS, _RATE = 2, 0.1

#: Predictions of natural values, one array of shape (n,) a hyperparameter.
Predict = Callable[[Iterable[np.ndarray]], np.ndarray]


@dataclass(frozen=True)
class Answer:
    """What a method says of a run.

    Args:
        predict: Its predictions.
        seconds: Processor time.
        nodes: Length of its formula; None without one.
        text: The formula.
    """

    predict: Predict
    seconds: float
    nodes: int | None = None
    text: str = ""


@dataclass(frozen=True)
class _Numbers:
    """Hyperparameters as columns of numbers.

    Args:
        axes: Of the hyperparameters.
        means: Of each column, for what is inactive.
    """

    axes: tuple[Axis, ...]
    means: tuple[float, ...]

    @classmethod
    def of(cls, sample: Sample) -> _Numbers:
        raw = cls(sample.axes, ()).raw(sample.columns)
        return cls(sample.axes, tuple(float(np.nanmean(column)) for column in raw))

    @property
    def columns(self) -> tuple[Axis, ...]:
        """An axis for every column."""
        found: list[Axis] = []
        for axis in self.axes:
            labels = self._own(axis)
            found += [Axis(f"[{axis.name} = {label}]", 0.0, 1.0, values=(0.0, 1.0)) for label in labels] or [axis]
        return tuple(found)

    @staticmethod
    def _own(axis: Axis) -> tuple[str, ...]:
        labels = axis.labels if axis.categorical else None
        return () if labels is None else labels[:-1]

    def raw(self, values: Iterable[np.ndarray]) -> list[np.ndarray]:
        """Returns the columns, NaN where inactive."""
        found: list[np.ndarray] = []
        for axis, column in zip(self.axes, values, strict=True):
            places = range(len(self._own(axis)))
            inactive = np.isnan(column)
            found += [np.where(inactive, np.nan, column == place) for place in places] or [column]
        return found

    def table(self, values: Iterable[np.ndarray]) -> np.ndarray:
        """Returns natural values without gaps, shape (n, columns)."""
        filled = [np.where(np.isnan(c), m, c) for c, m in zip(self.raw(values), self.means, strict=True)]
        return np.column_stack(filled)


def operon(fitted: Sample, choosing: Sample, most: int, evaluations: int) -> Answer:
    """Returns the best of Operon's Pareto fronts."""
    start = time.process_time()
    numbers = _Numbers.of(fitted)
    problem = SearchProblem(numbers.columns, numbers.table(fitted.columns), fitted.y, max_complexity=10**6)
    found: list[Node] = []
    for length in OPERON_LENGTHS:
        engine = OperonEngine(max_length=length, max_depth=10, n_seeds=1, max_evaluations=evaluations)
        found += engine.search(problem)
    return _best(found, numbers, choosing, most, time.process_time() - start)


def gplearn(fitted: Sample, choosing: Sample, most: int, evaluations: int) -> Answer:
    """Returns the best program of gplearn's last generation, the paper's settings on standardised targets."""
    start = time.process_time()
    numbers = _Numbers.of(fitted)
    X = coordinates_of(numbers.columns, numbers.table(fitted.columns))
    mean, spread = float(fitted.y.mean()), float(fitted.y.std()) or 1.0
    effort = Effort(generations=max(2, evaluations // Effort.population))
    regressor = paper_regressor(effort)
    with np.errstate(all="ignore"):
        regressor.fit(X, (fitted.y - mean) / spread)
    programs = {str(program): program.program for program in regressor._programs[-1] if program.length_ <= most}
    plain = (program_to_node(program, X, PAPER_FUNCTIONS) for program in programs.values())
    found = [mean + spread * node for node in plain if node is not None]
    return _best(found, numbers, choosing, most, time.process_time() - start)


def _best(found: Iterable[Node], numbers: _Numbers, choosing: Sample, most: int, seconds: float) -> Answer:
    """Returns the formula of at most so many nodes that is best on configurations that were held out, as ours is."""
    columns = columns_of(numbers.table(choosing.columns))
    best, best_r2 = None, -np.inf
    for node in found:
        natural = tidy(to_natural(node, numbers.columns), columns)
        if complexity(natural) > most:
            continue
        r2 = weighted_r2(choosing.y, evaluate(natural, columns), None)
        if np.isfinite(r2) and r2 > best_r2:
            best, best_r2 = natural, r2
    if best is None:
        level = float(choosing.y.mean())
        return Answer(lambda values: np.full(len(numbers.table(values)), level), seconds, 1, f"{level:.3g}")
    tree = best
    text = printing.to_text(tree, [axis.name for axis in numbers.columns])
    return Answer(lambda values: evaluate(tree, columns_of(numbers.table(values))), seconds, complexity(tree), text)


def pairs_without_formula(fitted: Sample, choosing: Sample, most: int, evaluations: int) -> Answer:
    """Returns a generalised additive model with all pairs (Lou et al. 2013): a ceiling without a formula."""
    from interpret.glassbox import ExplainableBoostingRegressor

    start = time.process_time()
    numbers = _Numbers.of(fitted)
    pairs = list(combinations(range(len(numbers.columns)), 2))
    logging.getLogger("interpret").setLevel(logging.WARNING)
    model = ExplainableBoostingRegressor(
        interactions=pairs, outer_bags=_BAGS, learning_rate=_RATE, n_jobs=1, random_state=0
    )

    def table(values: Iterable[np.ndarray]) -> np.ndarray:
        return coordinates_of(numbers.columns, numbers.table(values))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(table(fitted.columns), fitted.y)
    return Answer(lambda values: np.asarray(model.predict(table(values))), time.process_time() - start)


#: By name; each takes the fitted configurations, those on which a formula is chosen, most nodes and evaluations.
PEERS: dict[str, Callable[[Sample, Sample, int, int], Answer]] = {
    "operon": operon,
    "gplearn": gplearn,
    "GA2M": pairs_without_formula,
}
_NEEDS = {"operon": "pyoperon", "gplearn": "gplearn", "GA2M": "interpret"}


def unavailable(peer: str) -> str | None:
    """Returns why a peer cannot be asked, None where it can."""
    needed = _NEEDS[peer]
    return None if importlib.util.find_spec(needed) else f"{peer} is left out: the package {needed} is not installed."
