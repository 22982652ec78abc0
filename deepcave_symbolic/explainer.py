"""Explains a run: reads it, rebuilds its surrogate, projects, searches, chooses. The only orchestrator."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcave_symbolic.advice import advised_space, advised_trials, checked_count, checked_tolerance
from deepcave_symbolic.engines.search import search
from deepcave_symbolic.exceptions import (
    DeepcaveSymbolicError,
    HyperparameterNotExplainableError,
    InvalidArgumentError,
)
from deepcave_symbolic.explanation import Explanation, Explanations, Unexplained
from deepcave_symbolic.findings.certainty import N_DRAWS, Samples, certainty_of
from deepcave_symbolic.findings.explained import Direction
from deepcave_symbolic.findings.findings import Expect, findings_of
from deepcave_symbolic.findings.monotone import keeps, nearest
from deepcave_symbolic.findings.pair_ranking import PairRanking, rank_pairs
from deepcave_symbolic.findings.run_notes import notes_on_run
from deepcave_symbolic.findings.trust import noise_of
from deepcave_symbolic.formulas.by_choice import categorical_of, check_choices, score_by_choice
from deepcave_symbolic.formulas.choice import Doubt, Shown, choose
from deepcave_symbolic.formulas.expression import Node
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.formulas.front import Keeps, Target, alternatives, score
from deepcave_symbolic.formulas.limits import BIAS
from deepcave_symbolic.process.version import package_version
from deepcave_symbolic.projection import Projection, Projector, Subject, target_of
from deepcave_symbolic.question import Question
from deepcave_symbolic.runs import load_run
from deepcave_symbolic.runs.trial_selection import resolve_objective
from deepcave_symbolic.runs.views import viewed
from deepcave_symbolic.space.axis import Axis, axis_of
from deepcave_symbolic.space.configurations import activity_in_words
from deepcave_symbolic.space.explainable import checked_pairs, explainable, wanted
from deepcave_symbolic.suggestions import NextTrials, SuggestedSpace
from deepcave_symbolic.surrogates import build_surrogate
from deepcave_symbolic.surrogates.base import FittedSurrogate
from deepcave_symbolic.surrogates.custom import run_of_model, wrap_surrogate
from deepcave_symbolic.words.names import shown_name

if TYPE_CHECKING:
    pass

__all__ = ["Explainer", "Progress"]

#: Wraps a list that is worked through, such as `tqdm.tqdm`.
Progress = Callable[[Sequence[Sequence[str]]], Iterable[Any]]


class Explainer:
    """Answers many questions about one run, which is read and whose surrogate is trained once.

    Args:
        run: Path of a SMAC run folder, an `optuna.Study` or where it is stored (see `load_run`), a `Run`, or a
            DeepCAVE run object. None to explain a given model alone.
        question: What is asked, as a `Question`; or its fields as keywords, as in `explain`.

    Raises:
        DeepcaveSymbolicError: If the run or an argument is not usable; the message says what to do.
    """

    def __init__(self, run: Any, question: Question | None = None, /, **arguments: Any) -> None:
        self.question = question = replace(question or Question(), **arguments)
        surrogate, objective = question.surrogate, question.objective
        if run is None:
            run, objective = run_of_model(surrogate, question.configspace, objective), None
        record = load_run(run, configspace=question.configspace)
        self.run, objective, budget = viewed(record, objective, question.budget, question.weights)
        index = resolve_objective(self.run, objective)
        self.objective = self.run.objectives[index]
        question.check_names(self.run.configspace)
        if isinstance(surrogate, str):
            self.surrogate = build_surrogate(
                self.run, objective=index, budget=budget, kind=surrogate, seed=question.seed
            )
        else:
            self.surrogate = wrap_surrogate(surrogate, self.run, objective=index, budget=budget)

    @property
    def direction(self) -> Direction:
        """Whether less or more of the objective is better."""
        return "maximize" if self.objective in self.run.maximized else "minimize"

    def explain(self, *hyperparameters: str) -> Explanation:
        """Returns the explanation of one or two hyperparameters.

        Raises:
            DeepcaveSymbolicError: If they cannot be explained.
        """
        found = self._explained(self._axes(hyperparameters))
        return replace(found, advisor=partial(self._advised, tuple(hyperparameters)))

    def _explained(self, axes: Sequence[Axis]) -> Explanation:
        space = self.run.configspace
        projector, projection = self.subject.projected(axes)
        conditions = tuple(dict.fromkeys(c for axis in axes for c in activity_in_words(space, axis.name)))
        target = target_of(projection, self.objective, source=self.question.source)
        if categorical_of(projection.axes) is None:
            scored = score(self._search(target), target, self.question.max_complexity, self._keeps)
            samples = self._samples(projector, projection)
            doubt = self._doubt(projector, projection, samples)
            return self._explanation(projection, scored, conditions, projector.expect, samples, doubt)
        found = score_by_choice(target, self._search, self.question.max_complexity, self._keeps)
        samples = self._samples(projector, projection)
        whole = self._explanation(projection, found.whole, conditions, projector.expect, samples)
        return replace(whole, groups=self._groups(projector, projection, found.parts, conditions, samples))

    def explain_or_reason(self, *hyperparameters: str) -> Explanation | Unexplained:
        """Returns the explanation, or a record that says why there is none."""
        try:
            return self.explain(*hyperparameters)
        except DeepcaveSymbolicError as error:
            return Unexplained(
                hyperparameters=tuple(hyperparameters),
                objective=self.objective,
                direction=self.direction,
                budget=self.surrogate.budget,
                run=self.run_label,
                reason=str(error),
                surrogate=self.surrogate.record,
                view=self.subject.view,
                provenance=self._provenance(None),
            )

    def explain_all(self, *, pairs: bool | int = False, progress: Progress | None = None) -> Explanations:
        """Returns an explanation of every hyperparameter or of pairs, those that move the objective most first.

        What cannot be explained is there as an `Unexplained`.

        Args:
            pairs: False for every hyperparameter alone, True for every pair of explainable ones, a number for the so
                many pairs that interact most.
            progress: Wraps the list of what is to be explained.
        """
        return Explanations.by_range(self.explain_each(self.wanted(pairs, progress), progress))

    def explain_each(
        self, names: Sequence[tuple[str, ...]], progress: Progress | None = None
    ) -> list[Explanation | Unexplained]:
        """Returns what there is to say of each of several (pairs of) hyperparameters, in their order."""
        return [self.explain_or_reason(*each) for each in (names if progress is None else progress(names))]

    def wanted(self, pairs: bool | int, progress: Progress | None = None) -> list[tuple[str, ...]]:
        """Returns the hyperparameters of every explanation of `explain_all`."""
        if isinstance(pairs, bool):
            return wanted(self.subject.configspace, pairs)
        most = checked_pairs(pairs)
        return list(self.rank_pairs(self.ranking(), progress).pairs[:most])

    def next_trials(self, *hyperparameters: str, n: int = 10) -> NextTrials:
        """Returns the configurations whose evaluation would teach most about one or two hyperparameters.

        Args:
            *hyperparameters: Their names.
            n: How many configurations, from 1 to 100.

        Raises:
            DeepcaveSymbolicError: If they cannot be explained, or n is no such number.
        """
        return advised_trials(
            NextTrials,
            self._advisor,
            self.subject.configspace,
            self._axes(hyperparameters),
            checked_count(n),
            objective=self.objective,
            run=self.run_label,
        )

    def _advised(self, hyperparameters: tuple[str, ...], n: int) -> NextTrials:
        return self.next_trials(*hyperparameters, n=n)

    def suggest_space(self, tolerance: float = 0.01) -> SuggestedSpace:
        """Returns a better configuration space for the next run: what to narrow, to widen and to freeze, and why.

        Args:
            tolerance: By how much the objective may be worse than its best, objective units.

        Raises:
            InvalidArgumentError: If the tolerance is no number from 0 on.
        """
        allowed = checked_tolerance(tolerance)
        return advised_space(
            SuggestedSpace,
            self._profiles.explain_each([(name,) for name in self.run.configspace]),
            self.run.configspace,
            allowed,
            objective=self.objective,
            run=self.run_label,
        )

    @property
    def _profiles(self) -> Explainer:
        """The explainer with the same surrogate that sets the hyperparameters which are not explained optimally."""
        other = copy.copy(self)
        for name in ("subject", "run_notes"):
            other.__dict__.pop(name, None)
        other.question = replace(self.question, statistic="best")
        return other

    @cached_property
    def _advisor(self) -> FittedSurrogate:
        """The model whose spread says where to look: the consensus, or what the user gave."""
        if not isinstance(self.question.surrogate, str) or self.question.surrogate == "consensus":
            return self.surrogate
        index = resolve_objective(self.run, self.objective)
        budget, seed = self.surrogate.budget, self.question.seed
        return build_surrogate(self.run, objective=index, budget=budget, kind="consensus", seed=seed)

    def explainable(self) -> list[str]:
        """Returns the names of the hyperparameters that can enter a formula, in the space's order."""
        return explainable(self.subject.configspace)

    def ranking(self) -> list[str]:
        """Returns the names of the hyperparameters that can be explained, those that move the objective most first."""
        return list(self.ranges())

    def ranges(self) -> dict[str, float]:
        """Returns how much every hyperparameter that can be explained moves, objective units, the largest first."""
        found = {}
        for name in self.explainable():
            try:
                found[name] = self.subject.projected(self._axes([name]))[1].range
            except HyperparameterNotExplainableError:
                continue
        return dict(sorted(found.items(), key=lambda each: -each[1]))

    def rank_pairs(self, names: Sequence[str], progress: Progress | None = None) -> PairRanking:
        """Returns the pairs of hyperparameters, those that interact most first.

        Args:
            names: Those that move the objective most first.
            progress: Wraps the list of pairs.
        """
        return rank_pairs(self.subject, names, progress=progress)

    def report(
        self,
        *,
        pairs: bool | int = 3,
        title: str | None = None,
        command: str | None = None,
        progress: Progress | None = None,
        explain_each: Callable[..., list[Explanation | Unexplained]] | None = None,
    ) -> str:
        """Returns the run's formulas as one HTML page below 5 MB that opens without internet.

        It has every hyperparameter (what cannot be explained with the reason) and pairs.

        Args:
            pairs: How many pairs to explain beside them, those that interact most; False for none, True for all.
            title: The page's heading; the run's name by default.
            command: What the page names as the command that made it.
            progress: Wraps each list that is worked through.
            explain_each: Does what the method of this name does, in other processes for instance.
        """
        from deepcave_symbolic.show.html import report_page

        explain_each = explain_each or self.explain_each
        most = checked_pairs(pairs)
        singles = Explanations.by_range(explain_each([(name,) for name in self.run.configspace], progress))
        chosen, note = [], ""
        if most != 0:
            ranking = self.rank_pairs([e.hyperparameters[0] for e in singles if e.formulas], progress)
            chosen = explain_each(ranking.pairs[:most], progress)
            chosen.sort(key=lambda e: -e.interaction_strength)
            note = ranking.described(len(chosen))
        return report_page(singles, chosen, title=title, command=command, pairs_note=note)

    @cached_property
    def run_label(self) -> str:
        """The run's path, else its name."""
        return self.run.name if self.run.path is None else str(self.run.path)

    @cached_property
    def run_notes(self) -> tuple[str, ...]:
        """What is worth knowing of the whole run, in sentences."""
        return notes_on_run(self.run, self.subject, self.objective, self.surrogate.budget)

    @cached_property
    def subject(self) -> Subject:
        """What is projected: the surrogate over the run's space, as the question's view shows both."""
        space = self.run.configspace
        return Subject(self.surrogate, space, self.question.view(space), maximize=self.direction == "maximize")

    def _groups(
        self,
        projector: Projector,
        projection: Projection,
        parts: Sequence[Sequence[Formula]],
        conditions: tuple[str, ...],
        samples: Samples | None,
    ) -> dict[str, Explanation]:
        """Returns the explanation of the other hyperparameter for every choice."""
        s = categorical_of(projection.axes)
        if s is None:
            return {}
        axis = projection.axes[s]
        groups = {}
        for j, (label, scored) in enumerate(zip(axis.labels or (), parts, strict=False)):
            condition = f"{shown_name(axis.name)} is {shown_name(label)}"
            group = self._explanation(
                projection.at_choice(s, j),
                scored,
                (*conditions, condition),
                _at_choice(projector.expect, s, j),
                None if samples is None else samples.where(s, (axis.values or ())[j]),
            )
            # A clause that also speaks of the choice cannot be asked without it.
            groups[label] = replace(
                group,
                formulas=tuple(f.without_space() for f in group.formulas),
                others=tuple(f.without_space() for f in group.others),
            )
        return groups

    def _samples(self, projector: Projector, projection: Projection) -> Samples | None:
        """Returns what else the curve may be: draws of the surrogate, for formulas of the trials resampled trials."""
        seed = self.question.seed
        if self.question.source == "trials":
            x, costs = projection.trials.values, projection.trials.costs
            counts = np.random.default_rng(seed).multinomial(len(costs), [1.0 / len(costs)] * len(costs), N_DRAWS)
            return Samples(x, np.tile(costs, (N_DRAWS, 1)), counts.astype(np.float64))
        draws = projector.draws(projection, N_DRAWS, seed)
        if draws is None:
            return None
        return Samples(projection.grid[draws.rows], draws.values, projection.weights[draws.rows])

    def _doubt(self, projector: Projector, projection: Projection, samples: Samples | None) -> Doubt | None:
        """Returns how far a forest may be off, and the trials; None without a forest or where it is not asked."""
        if samples is None or not self.surrogate.has_steps or self.question.source == "trials":
            return None
        error = BIAS[len(projection.axes)] * samples.spread
        if len(projection.axes) == 1:
            return Doubt(error)
        trials = projector.trials_alone(projection)
        return Doubt(error, trials.values, trials.costs) if len(trials.costs) else None

    def _explanation(
        self,
        projection: Projection,
        scored: Sequence[Formula],
        conditions: tuple[str, ...],
        expect: Expect,
        samples: Samples | None,
        doubt: Doubt | None = None,
    ) -> Explanation:
        """Returns the record of scored formulas."""
        scored = [formula.within(self.run.configspace) for formula in scored]
        record = self.surrogate.record
        noise = noise_of(self.subject.tested, projection)
        choice = choose(scored, noise, _shown(projection, maximize=self.direction == "maximize"), doubt)
        front, recommended, certainty = choice.front, choice.recommended, None
        if samples is not None:
            front, certainty = certainty_of(
                front,
                recommended,
                scored,
                samples,
                projection.grid,
                noise=noise if doubt is None else doubt.unseen(noise),
                maximize=self.direction == "maximize",
                source=self.question.source,
            )
        findings = findings_of(
            front,
            projection,
            record,
            noise,
            maximize=self.direction == "maximize",
            monotone=self.question.monotone,
            expect=expect,
            # Resampled trials have their noise, to which no formula is close.
            draws=samples if self.question.source == "surrogate" else None,
        )
        trust = findings[recommended].trust
        return Explanation(
            hyperparameters=tuple(axis.name for axis in projection.axes),
            objective=self.objective,
            direction=self.direction,
            budget=self.surrogate.budget,
            run=self.run_label,
            formulas=front,
            all_findings=findings,
            recommended=recommended,
            surrogate=record,
            projection=projection,
            verdict=trust.verdict,
            conditions=conditions,
            warnings=(*trust.reasons, *record.warnings, *self.run_notes),
            others=tuple(alternatives(scored, front, noise)),
            noise=noise,
            certainty=certainty,
            provenance=self._provenance(projection),
        )

    def _axes(self, names: Sequence[str]) -> list[Axis]:
        if not 1 <= len(names) <= 2:
            raise InvalidArgumentError(f"Expected one or two hyperparameters; found {len(names)}.")
        if len(set(names)) != len(names):
            raise InvalidArgumentError(
                f"The hyperparameter {names[0]!r} was given twice; name two different ones or one."
            )
        axes = [axis_of(self.subject.configspace, name) for name in names]
        check_choices(axes)
        return axes

    def _search(self, target: Target) -> list[tuple[str, Node]]:
        return search(nearest(target, self.question.monotone or {}), **self.question.search_options)

    @property
    def _keeps(self) -> Keeps | None:
        """What formulas must pass: the question's constraint, where it has one."""
        monotone = self.question.monotone
        return None if monotone is None else partial(keeps, monotone=monotone)

    def _provenance(self, projection: Projection | None) -> dict[str, Any]:
        question, record = self.question, self.surrogate.record
        return {
            "package": f"deepcave-symbolic {package_version()}",
            "optimizer": " ".join(filter(None, (self.run.optimizer, self.run.version))),
            "n_trials": record.n_trials,
            "surrogate": record.name,
            "exact": record.exact,
            "differences": record.differences,
            "source": question.source,
            "region": question.region,
            "statistic": question.statistic,
            "engine": question.engine_name,
            "functions": question.functions,
            "monotone": question.monotone,
            "max_complexity": question.max_complexity,
            "seed": question.seed,
            "n_averaged": None if projection is None else projection.n_averaged,
        }


def _at_choice(expect: Expect, index: int, choice: int) -> Expect:
    """Returns what asks the projected surrogate of two hyperparameters about the other one, for one choice."""
    return lambda points: expect(np.insert(points, index, float(choice), axis=1))


def _shown(projection: Projection, *, maximize: bool) -> Shown:
    valid = projection.valid
    return Shown(projection.grid[valid], projection.mean[valid], projection.std[valid], maximize)
