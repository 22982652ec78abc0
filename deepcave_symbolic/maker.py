"""Makes one explanation: projects a surrogate, searches formulas, scores, chooses, and says what they tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from deepcave_symbolic.engines.search import search
from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.findings.certainty import N_DRAWS, Samples, certainty_of
from deepcave_symbolic.findings.explained import Direction
from deepcave_symbolic.findings.findings import Expect, findings_of
from deepcave_symbolic.findings.monotone import keeps, nearest
from deepcave_symbolic.findings.run_notes import notes_on_run
from deepcave_symbolic.findings.trials_constants import with_constants_of_trials
from deepcave_symbolic.findings.trust import noise_of
from deepcave_symbolic.formulas.by_choice import categorical_of, score_by_choice
from deepcave_symbolic.formulas.choice import Doubt, Shown, choose
from deepcave_symbolic.formulas.expression import Node
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.formulas.front import Keeps, Target, alternatives, score
from deepcave_symbolic.formulas.limits import BIAS
from deepcave_symbolic.process.version import package_version
from deepcave_symbolic.projection import Projection, Projector, Subject, target_of
from deepcave_symbolic.question import Question
from deepcave_symbolic.runs.run import Run
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.space.configurations import activity_in_words
from deepcave_symbolic.surrogates.base import FittedSurrogate
from deepcave_symbolic.words.names import shown_name

__all__ = ["Maker"]


@dataclass(frozen=True)
class Maker:
    """Makes the explanations of one run that answer one question.

    Args:
        question: What is asked.
        run: The run, as the question views it.
        subject: What is projected.
        surrogate: The surrogate with all of its trials.
        objective: Name of the objective.
        run_label: The run's path, else its name.
    """

    question: Question
    run: Run
    subject: Subject
    surrogate: FittedSurrogate
    objective: str
    run_label: str

    @property
    def direction(self) -> Direction:
        """Whether less or more of the objective is better."""
        return "maximize" if self.subject.maximize else "minimize"

    @cached_property
    def run_notes(self) -> tuple[str, ...]:
        """What is worth knowing of the whole run, in sentences."""
        return notes_on_run(self.run, self.subject, self.objective, self.surrogate.budget)

    def explain(self, axes: Sequence[Axis]) -> Explanation:
        """Returns the explanation of one or two axes.

        Raises:
            DeepcaveSymbolicError: If they cannot be explained.
        """
        space = self.run.configspace
        projector, projection = self.subject.projected(axes)
        conditions = tuple(activity_in_words(space, *(axis.name for axis in axes)))
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
                # What the choice itself must be, it is.
                (*(each for each in conditions if not each.startswith(f"{axis.name} is ")), condition),
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
        return Samples(projection.grid[draws.rows], draws.values, projection.weights[draws.rows], draws.rival)

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
        choice = choose(scored, noise, _shown(projection, maximize=self.subject.maximize), doubt)
        if not projection.others and self.question.source == "surrogate" and self._keeps is None:
            target = target_of(projection, self.objective, source=self.question.source)
            choice = with_constants_of_trials(choice, target, projection.trials)
        front, recommended, certainty = choice.front, choice.recommended, None
        if samples is not None:
            front, certainty = certainty_of(
                front,
                recommended,
                scored,
                samples,
                projection.grid,
                noise=noise if doubt is None else doubt.unseen(noise),
                maximize=self.subject.maximize,
                source=self.question.source,
            )
        findings = findings_of(
            front,
            projection,
            record,
            noise,
            maximize=self.subject.maximize,
            monotone=self.question.monotone,
            expect=expect,
            # Resampled trials have their noise, to which no formula is close.
            draws=samples if self.question.source == "surrogate" else None,
            certainty=certainty,
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
            provenance=self.provenance(projection),
        )

    def _search(self, target: Target) -> list[tuple[str, Node]]:
        return search(nearest(target, self.question.monotone or {}), **self.question.search_options)

    @property
    def _keeps(self) -> Keeps | None:
        """What formulas must pass: the question's constraint, where it has one."""
        monotone = self.question.monotone
        return None if monotone is None else partial(keeps, monotone=monotone)

    def provenance(self, projection: Projection | None) -> dict[str, Any]:
        """Returns how a record came about: versions, arguments; None for the projection where there is none."""
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
