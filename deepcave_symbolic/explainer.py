"""Explains a run: reads it, rebuilds its surrogate, projects, searches, chooses. The only orchestrator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcave_symbolic.engines.search import search
from deepcave_symbolic.exceptions import (
    DeepcaveSymbolicError,
    HyperparameterNotExplainableError,
    InvalidArgumentError,
    NoTrialsError,
)
from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.findings.trust import judge, noise_of
from deepcave_symbolic.formulas.by_choice import categorical_of, score_by_choice
from deepcave_symbolic.formulas.expression import Node
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.formulas.front import Target, alternatives, front_of, recommend, score
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.projection import Projection, project
from deepcave_symbolic.question import Options
from deepcave_symbolic.runs import load_run
from deepcave_symbolic.runs.run import Run
from deepcave_symbolic.runs.trial_selection import resolve_objective
from deepcave_symbolic.runs.views import Weights, viewed
from deepcave_symbolic.space.axis import Axis, axis_of
from deepcave_symbolic.space.configurations import activity_in_words
from deepcave_symbolic.surrogates import build_surrogate
from deepcave_symbolic.surrogates.base import FittedSurrogate
from deepcave_symbolic.surrogates.custom import run_of_model, wrap_surrogate
from deepcave_symbolic.words.names import shown_name

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["Explainer", "Options", "explainable", "package_version"]

_MIN_TRIALS_FITTED = 5


@dataclass
class Explainer:
    """Explains the hyperparameters of one run, whose surrogate is built once.

    Args:
        run: The run.
        objective: Index of the objective.
        surrogate: The fitted surrogate.
        options: How to search.
    """

    run: Run
    objective: int
    surrogate: FittedSurrogate
    options: Options = field(default_factory=Options)

    @classmethod
    def of(
        cls,
        run: Any,
        *,
        objective: str | None = None,
        budget: float | str | None = None,
        weights: Weights | None = None,
        surrogate: str | Any = "run",
        configspace: ConfigurationSpace | None = None,
        options: Options | None = None,
    ) -> Explainer:
        """Reads the run and builds its surrogate; arguments as in `explain`."""
        options = options or Options()
        if run is None:
            run, objective = run_of_model(surrogate, configspace, objective), None
        record, objective, budget = viewed(load_run(run, configspace=configspace), objective, budget, weights)
        index = resolve_objective(record, objective)
        if isinstance(surrogate, str):
            fitted = build_surrogate(record, objective=index, budget=budget, kind=surrogate, seed=int(options.seed))
        else:
            fitted = wrap_surrogate(surrogate, record, objective=index, budget=budget)
        return cls(record, index, fitted, options)

    def explain(self, hyperparameters: Sequence[str]) -> Explanation:
        """Returns the explanation of one or two hyperparameters.

        Raises:
            DeepcaveSymbolicError: If they cannot be explained.
        """
        axes = self._axes(hyperparameters)
        space = self.run.configspace
        projection = self._project(axes)
        conditions = list(dict.fromkeys(c for axis in axes for c in activity_in_words(space, axis.name)))
        target = self._target(projection)
        if categorical_of(projection.axes) is None:
            return self._explanation(projection, score(self._search(target), target, self._longest), conditions)
        found = score_by_choice(target, self._search, self._longest)
        whole = self._explanation(projection, found.whole, conditions)
        return replace(whole, groups=self._groups(projection, found.parts, conditions))

    def _project(self, axes: Sequence[Axis]) -> Projection:
        """Returns the projection; choices for which the other hyperparameter is never active are left out."""
        space = self.run.configspace
        projection = project(self.surrogate, space, axes, maximize=self._maximize)
        restricted = [_restricted(axis, projection.grid[projection.valid, i]) for i, axis in enumerate(axes)]
        if restricted == list(axes):
            return projection
        return project(self.surrogate, space, restricted, maximize=self._maximize)

    def _groups(
        self, projection: Projection, parts: Sequence[Sequence[Formula]], conditions: Sequence[str]
    ) -> dict[str, Explanation]:
        """Returns the explanation of the other hyperparameter for every choice."""
        s = categorical_of(projection.axes)
        if s is None:
            return {}
        axis = projection.axes[s]
        groups = {}
        for j, (label, scored) in enumerate(zip(axis.labels or (), parts, strict=False)):
            group = self._explanation(
                projection.at_choice(s, j), scored, [*conditions, f"{shown_name(axis.name)} is {shown_name(label)}"]
            )
            # A clause that also speaks of the choice cannot be asked without it.
            groups[label] = replace(
                group,
                formulas=[f.without_space() for f in group.formulas],
                others=[f.without_space() for f in group.others],
            )
        return groups

    @property
    def _longest(self) -> int:
        return int(self.options.max_complexity)

    def _explanation(self, projection: Projection, scored: Sequence[Formula], conditions: Sequence[str]) -> Explanation:
        """Returns the record of scored formulas."""
        scored = [formula.within(self.run.configspace) for formula in scored]
        front = front_of(scored)
        noise = noise_of(self.surrogate, projection)
        trust = judge(self.surrogate.record, projection, front[recommend(front, noise)], noise)
        return Explanation(
            hyperparameters=tuple(axis.name for axis in projection.axes),
            objective=self.run.objectives[self.objective],
            budget=self.surrogate.budget,
            formulas=front,
            surrogate=self.surrogate.record,
            projection=projection,
            conditions=list(conditions),
            warnings=[*trust.reasons, *self.surrogate.record.warnings],
            verdict=trust.verdict,
            noise=noise,
            others=alternatives(scored, front, noise),
            provenance=self._provenance(projection),
        )

    def explain_or_note(self, hyperparameters: Sequence[str]) -> Explanation:
        """Returns the explanation, or a record without formulas that says why there is none."""
        try:
            return self.explain(hyperparameters)
        except DeepcaveSymbolicError as error:
            return Explanation(
                hyperparameters=tuple(hyperparameters),
                objective=self.run.objectives[self.objective],
                budget=self.surrogate.budget,
                formulas=[],
                surrogate=self.surrogate.record,
                projection=None,
                warnings=[str(error)],
                provenance=self._provenance(None),
            )

    def explainable(self) -> list[str]:
        """Returns the names of the hyperparameters that can enter a formula, in the space's order."""
        return explainable(self.run.configspace)

    def ranking(self) -> list[str]:
        """Returns the names of the hyperparameters that can be explained, those that move the objective most first."""
        ranges = {}
        for name in self.explainable():
            try:
                ranges[name] = self._project(self._axes([name])).range
            except HyperparameterNotExplainableError:
                continue
        return sorted(ranges, key=lambda name: -ranges[name])

    @property
    def _maximize(self) -> bool:
        return self.run.objectives[self.objective] in self.run.maximized

    def _axes(self, names: Sequence[str]) -> list[Axis]:
        if not 1 <= len(names) <= 2:
            raise InvalidArgumentError(f"Expected one or two hyperparameters; found {len(names)}.")
        if len(set(names)) != len(names):
            raise InvalidArgumentError(
                f"The hyperparameter {names[0]!r} was given twice; name two different ones or one."
            )
        return [axis_of(self.run.configspace, name) for name in names]

    def _target(self, projection: Projection) -> Target:
        if self.options.source == "trials":
            x, y, weights = projection.trials.values, projection.trials.costs, None
            if len(y) < _MIN_TRIALS_FITTED:
                raise NoTrialsError(
                    f"Only {len(y)} trials have {' and '.join(a.name for a in projection.axes)} active; "
                    f"source='trials' needs at least {_MIN_TRIALS_FITTED}. Use source='surrogate'."
                )
        else:
            x, y = projection.grid[projection.valid], projection.mean[projection.valid]
            weights = _unless_even(projection.weights[projection.valid])
        held_out = projection.held_out
        return Target(
            axes=projection.axes,
            objective=self.run.objectives[self.objective],
            x=x,
            y=y,
            held_out_x=held_out.grid,
            held_out_y=held_out.mean,
            weights=weights,
            held_out_weights=_unless_even(held_out.weights),
            trials_scored=self.options.source == "trials",
        )

    def _search(self, target: Target) -> list[tuple[str, Node]]:
        options = self.options
        return search(
            target,
            engine=options.engine,
            max_complexity=options.max_complexity,
            functions=options.functions,
            seed=options.seed,
        )

    def _provenance(self, projection: Projection | None) -> dict[str, Any]:
        options = self.options
        engine = options.engine if isinstance(options.engine, str) else options.engine.name
        record = self.surrogate.record
        return {
            "package": f"deepcave-symbolic {package_version()}",
            "run": self.run.name if self.run.path is None else str(self.run.path),
            "optimizer": " ".join(filter(None, (self.run.optimizer, self.run.version))),
            "direction": "maximize" if self._maximize else "minimize",
            "n_trials": record.n_trials,
            "surrogate": record.name,
            "exact": record.exact,
            "differences": list(record.differences),
            "source": options.source,
            "engine": engine,
            "functions": None if options.functions is None else list(options.functions),
            "max_complexity": int(options.max_complexity),
            "seed": int(options.seed),
            "n_averaged": None if projection is None else projection.n_averaged,
        }


def explainable(configspace: ConfigurationSpace) -> list[str]:
    """Returns the names of the hyperparameters that can enter a formula, in the space's order."""
    names = []
    for name in configspace:
        try:
            axis_of(configspace, name)
        except HyperparameterNotExplainableError:
            continue
        names.append(name)
    return names


def _restricted(axis: Axis, present: Array) -> Axis:
    """Returns a categorical axis with the choices that are present only; every other axis as it is.

    Raises:
        HyperparameterNotExplainableError: If a single choice is left.
    """
    if not axis.categorical or axis.labels is None or axis.values is None:
        return axis
    labels = tuple(label for value, label in zip(axis.values, axis.labels, strict=True) if value in present)
    if len(labels) == 1:
        raise HyperparameterNotExplainableError(
            f"Hyperparameter {axis.name!r} can only be {labels[0]!r} where the other one is active; explain that one "
            "alone.",
            hyperparameter=axis.name,
        )
    values = tuple(float(i) for i in range(len(labels)))
    return replace(axis, upper=values[-1], values=values, labels=labels)


def _unless_even(weights: Array) -> Array | None:
    """Returns the weights, or None where all are equal: some engines are slower with weights."""
    return None if np.all(weights == weights[0]) else weights


def package_version() -> str:
    """Returns the installed version of this package."""
    try:
        return version("deepcave-symbolic")
    except PackageNotFoundError:  # a checkout on sys.path that was never installed
        return "unknown"
