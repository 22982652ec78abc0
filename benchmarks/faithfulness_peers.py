"""The methods that `faithfulness.py` compares, each computed by running it on one recorded run.

Notation:
    case: a landscape and the facade of its run ("bbo": Gaussian process, "hpo": random forest).
    group: what one call computes, such as one explanation; it gives one or several rows.
    grid: the points of `truth.json` in natural units, shape (n, 2), with the true cost averaged over seeds.

The paper (Segel et al. 2023) and its code, https://github.com/automl/symbolic-explanations-hpo, at 200 trials. What is
different here: 60 trials; one gplearn seed instead of the mean over three; the surrogate's targets on the projection's
grid (20 by 20, edges included) instead of 400 random configurations, so that every method on the surrogate gets the
same points; the true cost on a grid of ten by ten that includes the edges instead of the cells' centres; complexity as
evolved, not after `sympy.simplify`; and a forest beside the Gaussian process.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from common import EXAMPLES, best_within
from speed import PANEL_INPUTS

from deepcave_symbolic import Explanation, Formula, explain
from deepcave_symbolic.engines import SearchProblem
from deepcave_symbolic.engines.exhaustive import ExhaustiveEngine
from deepcave_symbolic.explainer import Explainer
from deepcave_symbolic.formulas.choice import choose
from deepcave_symbolic.formulas.front import Target
from deepcave_symbolic.formulas.front import score as score_formulas
from deepcave_symbolic.formulas.meaning.positions import fitted
from deepcave_symbolic.projection import Projection, project
from deepcave_symbolic.question import DEFAULT_MAX_COMPLEXITY
from deepcave_symbolic.space.axis import axis_of

__all__ = [
    "FACADES",
    "GROUPS",
    "INFORMATIVE",
    "Case",
    "Effort",
    "Outcome",
    "find_cases",
    "score",
    "unavailable",
    "warm_up",
]

FACADES = ("bbo", "hpo")
#: A surrogate that is farther from the truth than this share of its standard deviation knows nothing worth explaining.
INFORMATIVE = 0.9
#: Lengths at which a front is read beside its recommended formula.
LENGTHS = (8, 13, 20)


@dataclass(frozen=True)
class Effort:
    """How much gplearn does; the defaults are the paper's and the panel's.

    Args:
        population: Programs a generation.
        generations: How many in the paper's settings.
        panel_generations: How many in DeepCAVE's panel.
    """

    population: int = 5000
    generations: int = 20
    panel_generations: int = 10


@dataclass(frozen=True)
class Case:
    """A landscape and one recorded run on it.

    Args:
        landscape: Its name, such as "svm-vehicle".
        facade: "bbo" or "hpo".
        path: The run folder.
        record: The content of `truth.json`.
    """

    landscape: str
    facade: str
    path: Path
    record: dict[str, Any]

    @property
    def names(self) -> list[str]:
        """Names of the two hyperparameters."""
        return list(self.record["hyperparameters"])

    @property
    def grid(self) -> np.ndarray:
        """The points of the true cost."""
        return np.array(list(product(*self.record["grid"])))

    @property
    def truth(self) -> np.ndarray:
        """The true cost on the grid."""
        return np.array(self.record["truth"])

    @property
    def random_samples(self) -> tuple[np.ndarray, np.ndarray]:
        """Random configurations and their costs."""
        samples = self.record["random_samples"]
        x = np.array([[sample["configuration"][name] for name in self.names] for sample in samples])
        return x, np.array([sample["cost"] for sample in samples])

    @cached_property
    def explainer(self) -> Explainer:
        """The run with its own surrogate."""
        return Explainer(self.path)

    @cached_property
    def projection(self) -> Projection:
        """The run's own surrogate on the projection's points; with two hyperparameters nothing is averaged."""
        space = self.explainer.run.configspace
        return project(self.explainer.surrogate, space, [axis_of(space, name) for name in self.names])

    @property
    def mean_cost(self) -> float:
        """The mean of the trials' costs: what a method that fails is compared as."""
        return float(np.mean(self.projection.trials.costs))


def find_cases(folder: Path, only: Sequence[str] | None) -> list[Case]:
    """Returns the recorded cases of a folder of landscapes.

    Args:
        folder: Such as `data/test`.
        only: Names of landscapes; None for all.
    """
    cases = []
    for truth in sorted(folder.glob("*/truth.json")):
        if only and truth.parent.name not in only:
            continue
        record = json.loads(truth.read_text())
        cases += [Case(truth.parent.name, f, truth.parent / f, record) for f in FACADES if (truth.parent / f).is_dir()]
    return cases


@dataclass(frozen=True)
class Outcome:
    """What one method says about a case.

    Args:
        predicted: The cost on the grid.
        seconds: How long the method took.
        formula: As its author would show it.
        complexity: Number of nodes; None for a surrogate.
        constants: How many of them are fitted; None where that is not known.
        projection_r2: R² to what it was fitted to describe; None where that is not a projection.
        verdict: What the explanation says about itself.
        surrogate: Name of the model.
        cv_r2: Its cross-validated R².
    """

    predicted: np.ndarray
    seconds: float
    formula: str = ""
    complexity: int | None = None
    constants: int | None = None
    projection_r2: float | None = None
    verdict: str | None = None
    surrogate: str | None = None
    cv_r2: float | None = None


def score(y: np.ndarray, predicted: np.ndarray) -> float:
    """Returns R²; -inf where the prediction is not finite."""
    with np.errstate(all="ignore"):
        r2 = 1.0 - np.sum((y - predicted) ** 2) / np.sum((y - np.mean(y)) ** 2)
    return float(r2) if np.isfinite(r2) else -np.inf


def to_vectors(space: Any, names: Sequence[str], grid: np.ndarray) -> np.ndarray:
    """Returns natural values as ConfigSpace vectors (the unit cube), columns in the order of the names."""
    columns = []
    for i, name in enumerate(names):
        values = grid[:, i]
        whole = isinstance(space[name].default_value, (int, np.integer))
        columns.append(space[name].to_vector(values.round().astype(int) if whole else values))
    return np.column_stack(columns).astype(float)


# --- surrogates ---------------------------------------------------------------------------------------------------


def _surrogate(case: Case, kind: str, row: str) -> dict[str, Outcome]:
    start = time.perf_counter()
    explainer = Explainer(case.path, surrogate=kind)
    space = explainer.run.configspace
    order = [case.names.index(name) for name in space]
    predicted = explainer.surrogate.model.predict(to_vectors(space, list(space), case.grid[:, order]))[0]
    record = explainer.surrogate.record
    seconds = time.perf_counter() - start
    return {row: Outcome(predicted, seconds, record.name, surrogate=record.name, cv_r2=record.cv_r2)}


# --- ours ---------------------------------------------------------------------------------------------------------


def _ours(case: Case, row: str, lengths: Sequence[int] = (), **options: Any) -> dict[str, Outcome]:
    start = time.perf_counter()
    explanation = explain(case.path, *case.names, **options)
    seconds = time.perf_counter() - start
    # The front of the trials is scored on the projection, but fitted to something else.
    described = options.get("source") != "trials"
    formulas = {row: explanation.best} | {f"{row} ≤{n}": best_within(explanation, n) for n in lengths}
    return {
        name: _outcome_of(formula, case, seconds, explanation, described=described)
        for name, formula in formulas.items()
    }


def _outcome_of(
    formula: Formula, case: Case, seconds: float, explanation: Explanation | None, *, described: bool
) -> Outcome:
    record = None if explanation is None else explanation.surrogate
    return Outcome(
        predicted=formula.predict({name: case.grid[:, i] for i, name in enumerate(case.names)}),
        seconds=seconds,
        formula=str(formula),
        complexity=formula.complexity,
        constants=len(fitted(formula.tree)),
        projection_r2=formula.r2 if described else None,
        verdict=None if explanation is None else explanation.verdict,
        surrogate=None if record is None else record.name,
        cv_r2=None if record is None else record.cv_r2,
    )


def _ours_on_random_samples(case: Case, row: str) -> dict[str, Outcome]:
    """Searches on random samples; without a surrogate there are no held-out points, so they score the front, too."""
    x, y = case.random_samples
    start = time.perf_counter()
    axes = tuple(axis_of(case.explainer.run.configspace, name) for name in case.names)
    found = [("exhaustive", node) for node in ExhaustiveEngine().search(SearchProblem(axes, x, y))]
    choice = choose(score_formulas(found, Target(axes, "cost", x, y, x, y), DEFAULT_MAX_COMPLEXITY))
    formula = choice.front[choice.recommended]
    seconds = time.perf_counter() - start
    return {row: _outcome_of(formula, case, seconds, None, described=False)}


# --- the paper's settings and DeepCAVE's panel --------------------------------------------------------------------


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hides DeepCAVE's and gplearn's output and the process's arguments, which DeepCAVE reads when it is imported."""
    arguments, state = sys.argv[1:], np.random.get_state()
    sys.argv[1:] = []
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.argv[1:] = arguments
        np.random.set_state(state)


def constants(program: Sequence[Any]) -> int:
    """Returns how many of the nodes of gplearn's flattened tree are numbers: no functions and no columns."""
    return sum(isinstance(item, float) for item in program)


def paper_regressor(effort: Effort) -> Any:
    """Returns gplearn with the paper's settings; the functions are those that the authors gave DeepCAVE."""
    from deepcave.utils.symbolic_regression import get_function_set
    from gplearn.genetic import SymbolicRegressor

    return SymbolicRegressor(
        population_size=effort.population,
        generations=effort.generations,
        function_set=get_function_set(),
        metric="rmse",
        parsimony_coefficient=1e-4,
        random_state=0,
        low_memory=True,
    )


def _paper(case: Case, effort: Effort, source: str) -> dict[str, Outcome]:
    """Fits raw natural values, as the paper did, and predicts with gplearn's own protected operators."""
    projection = case.projection
    x, y = {
        "surrogate": (projection.grid[projection.valid], projection.mean[projection.valid]),
        "BO samples": (projection.trials.values, projection.trials.costs),
        "random samples": case.random_samples,
    }[source]
    held_out = projection.held_out
    with _quiet():
        regressor = paper_regressor(effort)
        start = time.perf_counter()
        regressor.fit(x, y)
        seconds = time.perf_counter() - start
        program = regressor._program
        return {
            f"paper, {source}": Outcome(
                predicted=regressor.predict(case.grid),
                seconds=seconds,
                formula=str(program),
                complexity=len(program.program),
                constants=constants(program.program),
                projection_r2=score(held_out.mean, regressor.predict(held_out.grid)) if source == "surrogate" else None,
            )
        }


def _panel(case: Case, effort: Effort) -> dict[str, Outcome]:
    """Runs the panel's `process` with its default inputs and evaluates the regressor that it leaves behind.

    R² is to the panel's own training points: random configurations, predicted by the panel's own forest.
    """
    with _quiet():
        from deepcave.plugins.hyperparameter import symbolic_explanations
        from deepcave.runs.converters.smac3v2 import SMAC3v2Run

        run = SMAC3v2Run.from_path(case.path)
        # The panel draws its training points with whatever state the space has.
        run.configspace.seed(0)
        inputs: dict[str, Any] = {
            **PANEL_INPUTS,
            "population_size": effort.population,
            "generations": effort.panel_generations,
            "objective_id": run.get_objective_ids()[0],
            "budget_id": run.get_budget_ids()[-1],
            "hyperparameter_name_1": case.names[0],
            "hyperparameter_name_2": case.names[1],
        }
        seen: dict[str, Any] = {}

        class Regressor(symbolic_explanations.SymbolicRegressor):  # type: ignore[name-defined,misc]
            """The panel's regressor, which also notes itself; the panel changes the program when it prints it."""

            def fit(self, X: Any, y: Any) -> Any:
                result = super().fit(X, y)
                seen.update(
                    predict=self.predict,
                    r2=score(np.array(y), self.predict(X)),
                    n=len(self._program.program),
                    k=constants(self._program.program),
                )
                return result

        original = symbolic_explanations.SymbolicRegressor
        symbolic_explanations.SymbolicRegressor = Regressor
        start = time.perf_counter()
        try:
            outputs = symbolic_explanations.SymbolicExplanations.process(run, inputs)
        finally:
            symbolic_explanations.SymbolicRegressor = original
        seconds = time.perf_counter() - start
        predicted = seen["predict"](to_vectors(run.configspace, case.names, case.grid))
    return {
        "panel": Outcome(
            predicted, seconds, outputs["expr"], complexity=seen["n"], constants=seen["k"], projection_r2=seen["r2"]
        )
    }


#: Every group with its rows: what is computed by one call, in the order of the tables.
GROUPS: dict[str, tuple[tuple[str, ...], Callable[[Case, Effort], dict[str, Outcome]]]] = {
    "surrogate": (("surrogate",), lambda case, effort: _surrogate(case, "run", "surrogate")),
    "surrogate-best": (("best surrogate",), lambda case, effort: _surrogate(case, "best", "best surrogate")),
    "ours": (
        ("ours", *(f"ours ≤{n}" for n in LENGTHS)),
        lambda case, effort: _ours(case, "ours", LENGTHS),
    ),
    "ours-best": (
        ("ours, best surrogate",),
        lambda case, effort: _ours(case, "ours, best surrogate", surrogate="best"),
    ),
    "ours-trials": (("ours, BO samples",), lambda case, effort: _ours(case, "ours, BO samples", source="trials")),
    "ours-random": (
        ("ours, random samples",),
        lambda case, effort: _ours_on_random_samples(case, "ours, random samples"),
    ),
    "operon": (
        ("operon", *(f"operon ≤{n}" for n in LENGTHS)),
        lambda case, effort: _ours(case, "operon", LENGTHS, engine="operon"),
    ),
    "gplearn": (("gplearn engine",), lambda case, effort: _ours(case, "gplearn engine", engine=_engine(effort))),
    "paper-surrogate": (("paper, surrogate",), lambda case, effort: _paper(case, effort, "surrogate")),
    "paper-trials": (("paper, BO samples",), lambda case, effort: _paper(case, effort, "BO samples")),
    "paper-random": (("paper, random samples",), lambda case, effort: _paper(case, effort, "random samples")),
    "panel": (("panel",), _panel),
}

#: What a group needs beside the package itself.
_NEEDS = {
    "operon": ("pyoperon",),
    "gplearn": ("gplearn",),
    **{f"paper-{source}": ("gplearn", "deepcave") for source in ("surrogate", "trials", "random")},
    "panel": ("gplearn", "deepcave"),
}


def _engine(effort: Effort) -> Any:
    from deepcave_symbolic.engines.gplearn import GPLearnEngine

    return GPLearnEngine(population_size=effort.population, generations=effort.generations)


def unavailable(groups: Sequence[str]) -> dict[str, str]:
    """Returns the groups that cannot run here, each with the package that is missing."""
    missing = {g: [p for p in _NEEDS.get(g, ()) if importlib.util.find_spec(p) is None] for g in groups}
    return {group: ", ".join(packages) for group, packages in missing.items() if packages}


@cache
def warm_up(groups: tuple[str, ...]) -> None:
    """Imports everything and explains once, so that the first case of a process costs what the others do."""
    tiny = Effort(population=50, generations=2, panel_generations=2)
    path = EXAMPLES / "svm_bbo"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        explain(path, "C", "gamma", surrogate="best")
        if "operon" in groups:
            explain(path, "C", "gamma", engine="operon")
        if "gplearn" in groups:
            explain(path, "C", "gamma", engine=_engine(tiny))
    if any("deepcave" in _NEEDS.get(group, ()) for group in groups):
        with _quiet():
            import deepcave.plugins.hyperparameter.symbolic_explanations
            import deepcave.runs.converters.smac3v2  # noqa: F401

            paper_regressor(tiny).fit(np.linspace(0, 1, 20)[:, None], np.linspace(0, 1, 20))
