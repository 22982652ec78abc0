"""Explains a run: reads it, trains its surrogate once, and answers many questions; `maker.py` makes the records."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

from deepcave_symbolic.advice import advised_space, advised_trials, checked_count, checked_tolerance, knows_nothing
from deepcave_symbolic.exceptions import (
    DeepcaveSymbolicError,
    HyperparameterNotExplainableError,
    InvalidArgumentError,
)
from deepcave_symbolic.explanation import Explanation, Explanations, RunExplanation, Unexplained
from deepcave_symbolic.findings.explained import Direction
from deepcave_symbolic.findings.monotone import Trend
from deepcave_symbolic.findings.pair_ranking import PairRanking, rank_pairs
from deepcave_symbolic.formulas.by_choice import check_choices
from deepcave_symbolic.laws import NoLaw, checked_laws, find_law, targets, why_unasked
from deepcave_symbolic.maker import Maker
from deepcave_symbolic.projection import Subject
from deepcave_symbolic.question import Question
from deepcave_symbolic.runs import load_run
from deepcave_symbolic.runs.trial_selection import resolve_objective
from deepcave_symbolic.runs.views import ALL_BUDGETS, viewed
from deepcave_symbolic.space.axis import Axis, axis_of
from deepcave_symbolic.space.explainable import checked_pairs, explainable, wanted
from deepcave_symbolic.suggestions import Law, NextTrials, SuggestedSpace
from deepcave_symbolic.surrogates import build_surrogate
from deepcave_symbolic.surrogates.base import FittedSurrogate
from deepcave_symbolic.surrogates.custom import run_of_model, wrap_surrogate
from deepcave_symbolic.whole_run import checked_length, explained_run
from deepcave_symbolic.words.names import visible

__all__ = ["Explainer", "Progress"]

logger = logging.getLogger("deepcave_symbolic")

#: Wraps a list that is worked through, such as `tqdm.tqdm`.
Progress = Callable[[Sequence[Sequence[str]]], Iterable[Any]]


class Explainer:
    """Answers many questions about one run, which is read and whose surrogate is trained once.

    Args:
        run: Path of a run folder, an `optuna.Study` or where it is stored (see `load_run`), a `Run`, or a
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
        found = self._maker.explain(self._axes(hyperparameters))
        return replace(found, advisor=partial(self._advised, tuple(hyperparameters)))

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
                provenance=self._maker.provenance(None),
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
        n, axes = checked_count(n), self._axes(hyperparameters)
        subject = Subject(self._advisor, self.run.configspace, self.subject.view, maximize=self.subject.maximize)
        return advised_trials(NextTrials, subject, axes, n, objective=self.objective, run=self.run_label)

    def _advised(self, hyperparameters: tuple[str, ...], n: int) -> NextTrials:
        return self.next_trials(*hyperparameters, n=n)

    def explain_run(self, max_complexity: int | None = None, laws: int | None = None) -> RunExplanation:
        """Returns one formula of all hyperparameters: a level and centred parts, and what each accounts for.

        Args:
            max_complexity: Longest formula, in nodes; None for as long as the trials can tell what it says.
            laws: Of how many hyperparameters to look for a law, those that account for most first; None for three,
                where the run is small enough for that to be quick.

        Raises:
            DeepcaveSymbolicError: If no hyperparameter varies, or the question cannot be asked of the whole run.
        """
        most = checked_laws(laws)
        question = self.question
        if question.source != "surrogate" or question.statistic != "mean" or question.monotone is not None:
            raise InvalidArgumentError(
                "The formula of a run describes the mean of its surrogate; leave source, statistic and monotone out."
            )
        explained = explained_run(
            RunExplanation,
            self.subject,
            checked_length(max_complexity),
            objective=self.objective,
            direction=self.direction,
            run=self.run_label,
            notes=self.run_notes,
            provenance={**self._maker.provenance(None), "max_complexity": max_complexity},
        )
        names = targets(self.subject, explained.ranking, most)
        every_budget = question.budget == ALL_BUDGETS
        if laws is None and (reason := why_unasked(self.subject, names, every_budget=every_budget)):
            return replace(explained, unasked=reason)
        return replace(explained, laws=tuple(map(self.law_with_valley, names)))

    def explain_run_if_asked(self) -> RunExplanation | None:
        """Returns the formula of the run for a page on all hyperparameters.

        None where the question is about something else than the mean of the surrogate, or no hyperparameter varies.
        """
        try:
            return self.explain_run()
        except DeepcaveSymbolicError:
            return None

    def suggest_space(self, tolerance: float = 0.01) -> SuggestedSpace:
        """Returns a better configuration space for the next run: what to narrow, to widen and to freeze, and why.

        Args:
            tolerance: By how much the objective may be worse than its best, objective units.

        Raises:
            InvalidArgumentError: If the tolerance is no number from 0 on.
        """
        allowed, record = checked_tolerance(tolerance), self.surrogate.record
        names = [] if knows_nothing(record) else [(name,) for name in self.run.configspace]
        return advised_space(
            SuggestedSpace,
            self._profiles.explain_each(names),
            self.run.configspace,
            allowed,
            record,
            objective=self.objective,
            run=self.run_label,
        )

    def law(self, hyperparameter: str) -> Law | None:
        """Returns how the best value of a hyperparameter moves with others; None where no law holds.

        The reason is logged then; `law_or_reason` returns it.

        Raises:
            UnknownNameError: If the run has no such hyperparameter.
            HyperparameterNotExplainableError: If it is a constant, or has no finite range.
        """
        found = self.law_or_reason(hyperparameter)
        if isinstance(found, Law):
            return found
        logger.warning("No law for %s: %s", visible(hyperparameter), found.reason)
        return None

    def law_or_reason(self, hyperparameter: str) -> Law | NoLaw:
        """Returns how the best value of a hyperparameter moves with others, or a record that says why no law holds.

        Raises:
            UnknownNameError: If the run has no such hyperparameter.
            HyperparameterNotExplainableError: If it is a constant, or has no finite range.
        """
        target = axis_of(self.subject.configspace, hyperparameter)
        found = find_law(Law, self.subject, target, objective=self.objective, run=self.run_label)
        if isinstance(found, NoLaw):
            return found
        return replace(found, project=lambda other: self.subject.projected(self._axes([other, hyperparameter]))[1])

    def law_with_valley(self, hyperparameter: str) -> Law | NoLaw:
        """Returns what `law_or_reason` does, with the picture of the valley in the record."""
        found = self.law_or_reason(hyperparameter)
        if isinstance(found, NoLaw) or found.project is None:
            return found
        return replace(found, valley=found.project(found.strongest))

    @property
    def _profiles(self) -> Explainer:
        """The explainer with the same surrogate that sets the hyperparameters which are not explained optimally."""
        other = copy.copy(self)
        for name in ("subject", "_maker"):
            other.__dict__.pop(name, None)
        other.question = replace(self.question, statistic="best")
        return other

    def constrained(self, monotone: Mapping[str, Trend]) -> Explainer:
        """Returns the explainer with the same surrogate whose formulas must move so.

        Args:
            monotone: "falling" or "rising", by hyperparameter.

        Raises:
            DeepcaveSymbolicError: If there is no such hyperparameter or direction, or one has no order.
        """
        other = copy.copy(self)
        other.__dict__.pop("_maker", None)
        other.question = replace(self.question, monotone=monotone)
        other.question.check_names(self.run.configspace)
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

        It has the formula of the whole run, every hyperparameter (what cannot be explained with the reason) and pairs.

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
        whole = self.explain_run_if_asked()
        return report_page(singles, chosen, whole=whole, title=title, command=command, pairs_note=note)

    @cached_property
    def _maker(self) -> Maker:
        """What makes the record of one or two hyperparameters."""
        return Maker(self.question, self.run, self.subject, self.surrogate, self.objective, self.run_label)

    @cached_property
    def run_label(self) -> str:
        """The run's path, else its name."""
        return self.run.name if self.run.path is None else str(self.run.path)

    @property
    def run_notes(self) -> tuple[str, ...]:
        """What is worth knowing of the whole run, in sentences."""
        return self._maker.run_notes

    @cached_property
    def subject(self) -> Subject:
        """What is projected: the surrogate over the run's space, as the question's view shows both."""
        space = self.run.configspace
        return Subject(self.surrogate, space, self.question.view(space), maximize=self.direction == "maximize")

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
