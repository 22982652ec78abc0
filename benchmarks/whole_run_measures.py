"""What `whole_run.py` measures on one run.

Notation:
    X: ConfigSpace vectors, shape (n, d); columns: natural values of every hyperparameter, shape (n,).
"""

from __future__ import annotations

import argparse
import math
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from common import EXAMPLES, recorded_run
from known_truth import DATA, FAMILIES, KnownRun, find_runs
from stability import form_of, without_some
from tables import LANDSCAPES, Landscape, Table, grid_weights
from whole_run_peers import PEERS

from deepcave_symbolic import Explainer, RunExplanation, load_run
from deepcave_symbolic.exceptions import DeepcaveSymbolicError
from deepcave_symbolic.formulas.expression import complexity
from deepcave_symbolic.numeric.weighted import weighted_r2, weighted_rms
from deepcave_symbolic.projection.average import natural_columns, to_vector
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.whole_run.part import Part
from deepcave_symbolic.whole_run.sample import axes_of_run, draw

__all__ = ["Case", "Method", "Outcome", "find", "measure"]

#: Runs without a known truth, on which constants may be chosen.
_EXAMPLES = ("mlp_hpo", "boosting_mf")
#: Fewest trials of a run on a table where the landscape has one of so many.
_FEWEST = 100
#: Configurations on which everything is scored, and over which a main effect is averaged.
_SCORED, _AVERAGED = 2000, 1000
#: Predictions of ConfigSpace vectors, shape (n, d).
Predict = Callable[[np.ndarray], np.ndarray]

#: Main effects below this share of the variance are not asked for.
_SMALL = 0.05


@dataclass(frozen=True)
class Method:
    """What a method reached on a run.

    Args:
        r2: To the surrogate.
        seconds: Processor time.
        nodes: Length; None without a formula.
        rmse: To the true cost; None where that is not known.
        text: The formula.
    """

    r2: float
    seconds: float
    nodes: int | None = None
    rmse: float | None = None
    text: str = ""


@dataclass(frozen=True)
class Outcome:
    """Everything that is measured on one run.

    Args:
        name: Landscape and run.
        surrogate: Name of the model.
        trials: How many.
        methods: By name: "ours" is the longest formula, "uncentred" the longest when the constants that make means of
            parts zero are taken into the level, where other methods have them, "recommended" the one that users see
            first.
        surrogate_rmse: Of the surrogate to the true cost.
        main_effects: Of "ours", "recommended" and "surrogate" the correlation with the exact first-order effect by
            hyperparameter.
        kept: Of the two strongest parts, how many kept their shape, for each time that trials were left out.
        courses_kept: How many of them kept what they do along each hyperparameter.
    """

    name: str
    surrogate: str
    trials: int
    methods: dict[str, Method]
    surrogate_rmse: float | None
    main_effects: dict[str, dict[str, float]]
    kept: tuple[int, ...]
    courses_kept: tuple[int, ...]


@dataclass(frozen=True)
class Case:
    """A run, with what is known of its true cost."""

    name: str
    folder: Path
    known: KnownRun | None = None

    def landscape(self, package: Path | None) -> Landscape | None:
        """Returns the table's landscape; None where there is none."""
        if self.known is None or package is None:
            return None
        of = next(each for each in LANDSCAPES if each.name == self.known.landscape)
        return of.of(Table.read(package, of.data_set, of.metric))


def find(part: str, only: Sequence[str] | None, tables: Iterable[Path]) -> list[Case]:
    """Returns the runs of a part, each once; on these landscapes the runs of `laws.py`, too."""
    found = {run.name: run for folder in tables for run in find_runs(part, only, folder) if run.family == FAMILIES[1]}
    for run in list(found.values()):
        for folder in (DATA / "laws" / part / run.landscape).glob("*-*"):
            name = f"{run.landscape}/{folder.name}"
            found.setdefault(name, replace(run, name=name, folder=folder))
    sizes = {name: int(name.rsplit("-", 1)[1]) for name in found}
    long = {found[name].landscape for name, size in sizes.items() if size >= _FEWEST}
    runs = [run for name, run in found.items() if sizes[name] >= _FEWEST or run.landscape not in long]
    cases = [Case(run.name, run.folder, run) for run in sorted(runs, key=lambda run: run.name)]
    if part == "tuning":
        folders = [*(EXAMPLES / name for name in _EXAMPLES), *recorded_run()]
        cases += [Case(folder.name, folder) for folder in folders if not only or folder.name in only]
    return cases


@dataclass(frozen=True)
class _Space:
    """The configurations of a run in different forms."""

    configspace: Any
    axes: tuple[Axis, ...]

    def drawn(self, n: int) -> np.ndarray:
        """Returns vectors of configurations that nothing was fitted to."""
        self.configspace.seed(1)
        return np.array([configuration.get_array() for configuration in self.configspace.sample_configuration(n)])

    def columns(self, X: np.ndarray) -> tuple[np.ndarray, ...]:
        """Returns natural values, choices by position, NaN where inactive."""
        return natural_columns(self.configspace, self.axes, X)

    def values(self, X: np.ndarray) -> dict[str, np.ndarray]:
        """Returns natural values by name, choices themselves, None where they are inactive."""
        found = {}
        for axis, column in zip(self.axes, self.columns(X), strict=True):
            if axis.choices is not None:
                chosen = [None if np.isnan(at) else axis.choices[int(at)] for at in column]
                column = np.array(chosen, dtype=object)
            found[axis.name] = column
        return found

    def at(self, X: np.ndarray, name: str, value: Any) -> np.ndarray:
        """Returns vectors where one hyperparameter has a value."""
        axis = next(axis for axis in self.axes if axis.name == name)
        place = float(value) if axis.choices is None else float(axis.choices.index(value))
        changed = X.copy()
        changed[:, list(self.configspace).index(name)] = to_vector(self.configspace, axis, np.array([place]))[0]
        return changed


def measure(case: Case, args: argparse.Namespace) -> Outcome:
    """Returns what is measured on one run.

    Args:
        case: The run.
        args: The options of `whole_run.py`.
    """
    warnings.simplefilter("ignore")
    explainer = Explainer(case.folder)
    subject = explainer.subject
    start = time.process_time()
    explained = explainer.explain_run(laws=0)
    seconds = time.process_time() - start

    space = _Space(subject.configspace, axes_of_run(subject.configspace))
    X = space.drawn(_SCORED)
    predictors: dict[str, Predict] = {"surrogate": lambda X: np.asarray(subject.surrogate.model.predict(X)[0])}
    expected = predictors["surrogate"](X)
    landscape = case.landscape(args.package)
    truth = None if landscape is None else landscape.mean_cost(space.values(X))

    def method(predicted: np.ndarray, **facts: Any) -> Method:
        rmse = None if truth is None else weighted_rms(truth - predicted)
        return Method(weighted_r2(expected, predicted, None), rmse=rmse, **facts)

    methods = {}
    uncentred = [formula for formula in explained.front if complexity(formula.uncentred) <= args.nodes][-1]
    ours = {"ours": explained.within(args.nodes), "uncentred": uncentred, "recommended": explained.formula}
    for name, formula in ours.items():
        predictors[name] = lambda X, formula=formula: formula.predict(space.values(X))
        methods[name] = method(predictors[name](X), seconds=seconds, nodes=formula.complexity, text=str(formula))
    sample = draw(subject, space.axes)
    fitted, choosing = sample.part(held_out=False), sample.part(held_out=True)
    for peer in args.peers:
        answer = PEERS[peer](fitted, choosing, args.nodes, args.evaluations)
        predicted = answer.predict(space.columns(X))
        methods[peer] = method(predicted, seconds=answer.seconds, nodes=answer.nodes, text=answer.text)
    effects = {}
    if truth is not None and case.known is not None:
        some = X[:_AVERAGED]
        averages = {name: lambda *at, p=p: float(np.mean(p(space.at(some, *at)))) for name, p in predictors.items()}
        effects = main_effects(case.known, averages, float(truth.var()))
    return Outcome(
        case.name,
        explainer.surrogate.record.name,
        len(explainer.run.trials),
        methods,
        None if truth is None else weighted_rms(truth - expected),
        effects,
        *stability(case.folder, explained, args),
    )


def main_effects(
    known: KnownRun, averages: Mapping[str, Callable[[str, Any], float]], total: float
) -> dict[str, dict[str, float]]:
    """Returns correlations of main effects with the table's, for the hyperparameters that have a share.

    Args:
        known: The exact averages.
        averages: Of every method, what it expects of a hyperparameter at a value in the mean over the others.
        total: Variance of the true cost.

    Returns:
        By method and hyperparameter.
    """
    found: dict[str, dict[str, float]] = {method: {} for method in averages}
    for name, grid in known.grids.items():
        truth, weights = np.array(known.averages[name]), grid_weights(name, tuple(grid))
        true_variance = _covariance(truth, truth, weights)
        if true_variance < _SMALL * total:
            continue
        for method, averaged in averages.items():
            effect = np.array([averaged(name, at) for at in grid])
            own = _covariance(effect, effect, weights)
            both = _covariance(truth, effect, weights)
            found[method][name] = both / math.sqrt(own * true_variance) if own > 0.0 else 0.0
    return found


def _covariance(a: np.ndarray, b: np.ndarray, weights: np.ndarray) -> float:
    return float(weights @ ((a - weights @ a) * (b - weights @ b)))


def stability(
    folder: Path, explained: RunExplanation, args: argparse.Namespace
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Returns how many of the two strongest parts are the two strongest again, each time that trials are left out.

    By hyperparameters and shape, and by hyperparameters and course.
    """
    record, found = load_run(folder), []
    for seed in range(args.drops):
        try:
            again = Explainer(without_some(record, seed)).explain_run(laws=0).parts
        except DeepcaveSymbolicError:
            again = ()
        found.append([_kept(explained.parts, again, form) for form in (form_of, lambda part: part.course)])
    return tuple(shapes for shapes, _ in found), tuple(courses for _, courses in found)


def _kept(parts: Sequence[Part], again: Sequence[Part], form: Callable[[Part], str]) -> int:
    strongest, found = ([(frozenset(p.hyperparameters), form(p)) for p in some[:2]] for some in (parts, again))
    return sum(each in found for each in strongest) + 2 - len(strongest)
