"""Makes the record of a run's formula: draws, searches, writes, scores and chooses.

Notation: see the package.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.findings.explained import Direction
from deepcave_symbolic.formulas.expression import Node, substitute, variable
from deepcave_symbolic.formulas.limits import gains
from deepcave_symbolic.formulas.meaning.readable import has_readable_sizes
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.projection import Subject
from deepcave_symbolic.projection.average import natural_columns
from deepcave_symbolic.projection.trials import best_configuration
from deepcave_symbolic.records import Frozen
from deepcave_symbolic.space.named_values import values_of_vector
from deepcave_symbolic.space.part import inside_space
from deepcave_symbolic.whole_run.asking import Asking
from deepcave_symbolic.whole_run.choice import choose, noise_of_run
from deepcave_symbolic.whole_run.evidence import Evidence
from deepcave_symbolic.whole_run.explanation import ExplainedRun
from deepcave_symbolic.whole_run.formula import RunFormula
from deepcave_symbolic.whole_run.limits import limits_of
from deepcave_symbolic.whole_run.link import Link, in_words, may_be_logarithm, much_shorter, on_scale
from deepcave_symbolic.whole_run.part import Part
from deepcave_symbolic.whole_run.sample import Conditions, Sample, axes_of_run, conditions_of, draw
from deepcave_symbolic.whole_run.saturation import SUM, attributed, clearly_better
from deepcave_symbolic.whole_run.search import Found, search
from deepcave_symbolic.whole_run.writing import value_of, write
from deepcave_symbolic.words.names import shown_name

__all__ = ["DEFAULT_MOST", "checked_length", "explained_run"]

R = TypeVar("R", bound=ExplainedRun)

#: The longest formula where none is asked for.
DEFAULT_MOST = 40


def checked_length(max_complexity: Any) -> int:
    """Returns the longest formula, in nodes.

    Raises:
        InvalidArgumentError: If it is no whole number from 1.
    """
    if max_complexity is None:
        return DEFAULT_MOST
    whole = isinstance(max_complexity, (int, np.integer)) and not isinstance(max_complexity, bool)
    if not whole or max_complexity < 1:
        raise InvalidArgumentError(
            f"max_complexity is {max_complexity!r:.40}; expected a whole number of nodes from 1, or None for as many "
            "as the trials can tell."
        )
    return int(max_complexity)


def explained_run(
    kind: type[R],
    subject: Subject,
    most: int,
    *,
    objective: str,
    direction: Direction,
    run: str,
    notes: Sequence[str] = (),
    provenance: Mapping[str, Any] | None = None,
) -> R:
    """Returns the record of a run's formula.

    Args:
        kind: Its class.
        subject: The surrogate over the space.
        most: Longest formula, in nodes.
        objective: Name of the objective.
        direction: Whether less or more of it is better.
        run: The run's path, else its name.
        notes: What is worth knowing of the run.
        provenance: How the record comes about.

    Raises:
        DeepcaveSymbolicError: If nothing varies, or nothing can be drawn.
    """
    axes = axes_of_run(subject.configspace)
    sample = draw(subject, axes)
    maker = _Maker(subject, sample, conditions_of(subject.configspace, axes), most, objective)
    answer = maker.answer("identity")
    if may_be_logarithm(sample.y, subject.tested.y):
        other = maker.answer("log10")
        lengths = [(formula.r2, formula.complexity) for formula in other.front]
        if much_shorter((answer.best.r2, answer.best.complexity), lengths):
            answer = other
    record = subject.surrogate.record
    explained = kind(
        objective=objective,
        direction=direction,
        budget=subject.surrogate.budget,
        run=run,
        front=answer.front,
        recommended=answer.recommended,
        surrogate=record,
        n_configurations=len(sample.y),
        view=subject.view,
        noise=answer.noise,
        warnings=(
            *in_words(answer.best.link, objective),
            *limits_of(answer.front[-1], answer.sample, most),
            *record.warnings,
            *notes,
        ),
        provenance=Frozen(provenance or {}),
        ask=Asking(subject),
    )
    best = best_configuration(subject.tested, subject.maximize)
    if best is None or not inside_space(subject.configspace, best[0][None, :])[0]:
        return explained
    return replace(explained, incumbent=explained.contributions(values_of_vector(subject.configspace, best[0])))


@dataclass(frozen=True)
class _Answer:
    """A front with its recommended formula; the sample, and noise as an RMSE, on the link's scale."""

    sample: Sample
    front: tuple[RunFormula, ...]
    recommended: int
    noise: float

    @property
    def best(self) -> RunFormula:
        return self.front[self.recommended]


@dataclass(frozen=True)
class _Maker:
    """Makes the formulas of a run for one link or another."""

    subject: Subject
    sample: Sample
    conditions: Conditions
    most: int
    objective: str

    def answer(self, link: Link) -> _Answer:
        """Returns the formulas of the objective or of its logarithm."""
        sample = replace(self.sample, y=on_scale(link, self.sample.y))
        evidence = _evidence(self.subject, sample, link)
        fitted = sample.part(held_out=False)
        found = search(sample.axes, fitted.columns, fitted.y, self.most)
        made = [(self._formula(each, fitted, sample, evidence, link), each.n_constants) for each in found]
        front = _front([each for each in made if _is_readable(each[0], sample.y)], self.most)
        noise = noise_of_run(self.subject.tested, link)
        losses = [1.0 - formula.r2 for formula, _ in front]
        recommended = choose(losses, [constants for _, constants in front], noise, float(np.std(sample.y)))
        return _Answer(sample, tuple(formula for formula, _ in front), recommended, noise.rmse)

    def _formula(self, found: Found, fitted: Sample, sample: Sample, evidence: Evidence, link: Link) -> RunFormula:
        """Returns the record of what the search found, its parts in the order of what they account for."""
        written = write(found.parts, fitted, found.saturation)
        name = self.objective if link == "identity" else f"log10({shown_name(self.objective)})"
        if written.saturation is not None:
            name = SUM
        values = [value_of(tree, sample.columns) for tree in written.trees]
        shares = [_share(moved, sample.y) for moved in attributed(written.saturation, written.level, values)]
        parts = [
            _part(tree, share, sample, self.conditions, name) for tree, share in zip(written.trees, shares, strict=True)
        ]
        parts.sort(key=lambda part: -part.share)
        scores = evidence.scores(written.level, parts, written.saturation)
        return RunFormula(
            objective=self.objective,
            level=written.level,
            parts=tuple(parts),
            r2=scores.r2,
            rmse=scores.rmse,
            link=link,
            trials_r2=scores.trials_r2,
            saturation=written.saturation,
            evidence=evidence,
        )


def _share(moved: Array, y: Array) -> float:
    """Returns how much of the variance of y what a part adds accounts for."""
    # Relative to the largest, so that squares of huge and tiny costs stay numbers.
    scale = float(np.max(np.abs(y))) or 1.0
    y = (y - np.mean(y)) / scale
    return float(np.mean(moved / scale * y) / np.mean(y * y))


def _part(tree: Node, share: float, sample: Sample, conditions: Conditions, objective: str) -> Part:
    indices = sorted(tree.variables)
    axes = tuple(sample.axes[i] for i in indices)
    words = tuple(dict.fromkeys(word for axis in axes for word in conditions.get(axis.name, ())))
    local = substitute(tree, {i: variable(j) for j, i in enumerate(indices)})
    return Part(local, axes, objective, share, words)


def _is_readable(formula: RunFormula, y: Array) -> bool:
    """Returns whether no part has a constant of a size that says nothing, which another one makes up for."""
    if formula.saturation is not None:
        y = np.array([-1.0, 1.0])  # between the ends, on the scale of the sum
    return all(has_readable_sizes(part.tree, y) for part in formula.parts)


def _front(made: Sequence[tuple[RunFormula, int]], most: int) -> list[tuple[RunFormula, int]]:
    """Returns the formulas that are better than all shorter ones, the shortest first.

    One inside a saturation has to be clearly better than all plain ones that are no longer.
    """
    front: list[tuple[RunFormula, int]] = []
    plain = -np.inf
    for formula, constants in sorted(made, key=lambda each: (each[0].complexity, -each[0].r2)):
        if formula.saturation is None:
            plain = max(plain, formula.r2)
        elif not clearly_better(formula.r2, plain):
            continue
        if not front or (formula.complexity <= most and gains(formula.r2, front[-1][0].r2)):
            front.append((formula, constants))
    return front


def _evidence(subject: Subject, sample: Sample, link: Link) -> Evidence:
    """Returns what formulas are scored on."""
    held_out = sample.part(held_out=True)
    names = [axis.name for axis in sample.axes]
    tested = subject.tested
    trials = natural_columns(subject.configspace, sample.axes, tested.X)
    _, groups = np.unique(np.nan_to_num(tested.X, nan=-1.0), axis=0, return_inverse=True)
    return Evidence(
        dict(zip(names, held_out.columns, strict=True)),
        held_out.y,
        dict(zip(names, trials, strict=True)),
        on_scale(link, tested.y),
        groups.reshape(-1),
    )
