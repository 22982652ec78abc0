"""Formulas with a categorical hyperparameter: one expression per choice, constants shared or own.

For every choice the formulas of the other hyperparameter are searched alone; whole formulas are then put together
from them, step by step what gains most accuracy a node. Beside them stand formulas of one shape that the choices
only shift, and constants that several choices share. The Pareto front decides between own and shared constants.

Notation:
    j: number of a choice; f_j: its expression; s: position of the categorical among the axes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from deepcave_symbolic.exceptions import HyperparameterNotExplainableError, NoTrialsError
from deepcave_symbolic.formulas.expression import Node, cases, constant, evaluate, longest_case, substitute, variable
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.formulas.front import Keeps, Target, front_of, score, score_one
from deepcave_symbolic.formulas.tidy import join_sum, split_sum
from deepcave_symbolic.numeric.arrays import Array, Mask, columns_of
from deepcave_symbolic.numeric.grids import product_columns
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.words.numbers import counted, round_significant

__all__ = ["Found", "categorical_of", "check_choices", "score_by_choice"]

#: Proposes expressions in search coordinates for a target.
Search = Callable[[Target], list[tuple[str, Node]]]

#: A level of a choice is rounded to this share of what the choices move, or of what all moves where that is coarser.
_LEVEL_ERROR, _OVERALL_ERROR = 1e-2, 2e-3
_MIN_ROWS, _CHECK_POINTS = 3, 201
#: Beyond the longest formula asked for, cases may add up to more nodes where they explain this share of the rest.
_STEP = 0.2
_ENGINE = "cases"
#: Choices that are searched alone, half a second each; more of them share one shape, which they shift.
_MOST_ALONE = 30
#: Choices of a categorical alone, of one beside another hyperparameter, and pairs of choices of two categoricals: each
#: takes about half a minute.
_MOST_CHOICES, _MOST_BESIDE, _MOST_PAIRS = 1_000, 300, 2_500


@dataclass(frozen=True)
class Found:
    """What was found for a target with a categorical.

    Args:
        whole: Scored formulas over all choices.
        parts: Scored formulas of the other hyperparameter, one list per choice; empty without another one, or with
            more choices than are searched alone.
    """

    whole: list[Formula]
    parts: list[list[Formula]]


def categorical_of(axes: Sequence[Axis]) -> int | None:
    """Returns the position of the first categorical axis, None without one."""
    return next((i for i, axis in enumerate(axes) if axis.categorical), None)


def check_choices(axes: Sequence[Axis]) -> None:
    """Raises HyperparameterNotExplainableError for more choices than can be searched in half a minute or so."""
    counts = {axis.name: len(axis.values or ()) for axis in axes if axis.categorical}
    n = math.prod(counts.values())
    names = " and ".join(map(repr, counts))
    if len(axes) == 1 and n > _MOST_CHOICES:
        reason = f"{names} has {n} choices; at most {_MOST_CHOICES} are explained."
    elif len(counts) == 2 and n > _MOST_PAIRS:
        reason = f"{names} have {n} pairs of choices; at most {_MOST_PAIRS} are explained. Explain each alone."
    elif len(axes) == 2 and len(counts) == 1 and n > _MOST_BESIDE:
        reason = (
            f"{names} has {n} choices; beside another hyperparameter at most {_MOST_BESIDE} are explained. "
            "Explain each hyperparameter alone."
        )
    else:
        return
    raise HyperparameterNotExplainableError(reason, hyperparameter=next(iter(counts)))


def score_by_choice(target: Target, search: Search, max_complexity: int, keeps: Keeps | None = None) -> Found:
    """Returns scored formulas for axes of which at least one is categorical.

    Args:
        target: What to fit and score.
        search: How expressions of the other hyperparameter are found.
        max_complexity: Longest expression of a choice, in nodes.
        keeps: What every formula must pass; see `score`.

    Raises:
        NoTrialsError: If a choice has too few points (with `source="trials"`).
    """
    s = categorical_of(target.axes)
    assert s is not None
    axis = target.axes[s]
    parts = [_part(target, s, value) for value in axis.values or ()]
    for part, label in zip(parts, axis.labels or (), strict=True):
        if target.trials_scored and len(part.y) < _MIN_ROWS:
            raise NoTrialsError(
                f"Only {counted(len(part.y), 'trial')} with {axis.name} = {label}; source='trials' needs at "
                f"least {_MIN_ROWS} a choice. Use source='surrogate'."
            )
    of_part = partial(_of_part, search=search, max_complexity=max_complexity, keeps=keeps)
    level = score([], target, max_complexity)
    trees = _levels(s, parts)
    found: list[list[Formula]] = []
    if len(target.axes) == 2:
        if len(parts) <= _MOST_ALONE:
            found = [of_part(part) for part in parts]
            trees += _own(s, parts, [front_of(formulas) for formulas in found])
        trees += _shifted(s, parts, target, of_part)
    check = product_columns([axis.check_grid(_CHECK_POINTS) for axis in target.axes])
    whole = list(level)
    for tree in dict.fromkeys(trees):
        defined = longest_case(tree) <= max_complexity and np.all(np.isfinite(evaluate(tree, check)))
        if defined and (keeps is None or keeps(tree, target.axes)):
            whole.append(score_one(tree, _ENGINE, target))
    return Found(_without_long_steps(whole, max_complexity), found)


def _without_long_steps(formulas: list[Formula], max_complexity: int) -> list[Formula]:
    """Leaves out formulas of many nodes in all that gain little: a list of dozens of steps is not read."""
    kept: list[Formula] = []
    for formula in front_of(formulas):
        small = kept and 1.0 - formula.r2 > (1.0 - _STEP) * (1.0 - kept[-1].r2)
        if formula.complexity > max_complexity and small:
            continue
        kept.append(formula)
    # By identity: formulas of many choices are large, and comparing each with each takes minutes.
    return [f for f in formulas if f.complexity <= max_complexity or any(f is each for each in kept)]


def _part(target: Target, s: int, value: float) -> Target:
    """Returns the target of one choice, over the other hyperparameter (none: over no columns)."""
    rows, held = target.x[:, s] == value, target.held_out_x[:, s] == value
    others = [i for i in range(len(target.axes)) if i != s]
    if not np.any(rows) and not target.trials_scored:
        # Clauses forbid this choice beside one of another categorical: any level will do, which nothing scores.
        level = np.array([_mean(target.y, target.weights)])
        x = np.zeros((1, len(others)))
        axes = tuple(target.axes[i] for i in others)
        return Target(axes, target.objective, x=x, y=level, held_out_x=x, held_out_y=level)
    if np.any(rows) and not np.any(held):  # clauses leave little of this choice
        return _part(
            replace(target, held_out_x=target.x, held_out_y=target.y, held_out_weights=target.weights), s, value
        )
    return replace(
        target,
        axes=tuple(target.axes[i] for i in others),
        x=target.x[rows][:, others],
        y=target.y[rows],
        held_out_x=target.held_out_x[held][:, others],
        held_out_y=target.held_out_y[held],
        weights=_picked(target.weights, rows),
        held_out_weights=_picked(target.held_out_weights, held),
    )


def _picked(weights: Array | None, rows: Mask) -> Array | None:
    return None if weights is None else weights[rows]


def _of_part(part: Target, search: Search, max_complexity: int, keeps: Keeps | None) -> list[Formula]:
    if part.axes[0].categorical:
        return score_by_choice(part, search, max_complexity, keeps).whole
    return score(search(part), part, max_complexity, keeps)


# --- one level per choice -----------------------------------------------------------------------------------------


def _levels(s: int, parts: Sequence[Target]) -> list[Node]:
    """Returns one constant per choice: own ones, then with the two nearest made one, and so on to two levels."""
    means = np.array([_mean(part.y, part.weights) for part in parts])
    sizes = np.array([float(np.sum(part.weights)) if part.weights is not None else len(part.y) for part in parts])
    span = float(np.ptp(np.concatenate([part.y for part in parts])))
    groups = [[j] for j in np.argsort(means, kind="stable")]
    trees = []
    while len(groups) > 1:
        levels = np.array([np.average(means[g], weights=sizes[g]) for g in groups])
        shown = _rounded(levels, span)
        branches = [constant(0.0)] * len(parts)
        for group, value in zip(groups, shown, strict=True):
            for j in group:
                branches[j] = constant(value)
        trees.append(cases(s, branches))
        masses = np.array([sizes[g].sum() for g in groups])
        # Ward: the pair whose union adds least to the squared error.
        cost = np.diff(levels) ** 2 * masses[:-1] * masses[1:] / (masses[:-1] + masses[1:])
        i = int(np.argmin(cost))
        groups[i : i + 2] = [groups[i] + groups[i + 1]]
    return trees


def _mean(y: Array, weights: Array | None) -> float:
    return float(np.average(y, weights=weights))


def _rounded(values: Array, span: float) -> list[float]:
    """Returns levels rounded alike, to as many digits as their differences need; `span` is that of all targets."""
    step = max(_LEVEL_ERROR * float(np.ptp(values)), _OVERALL_ERROR * span)
    if not step > 0:
        return [round_significant(float(v), 4) for v in values]
    unit = math.floor(math.log10(step))
    return [_to_unit(float(v), unit) for v in values]


def _to_unit(value: float, unit: int) -> float:
    """Returns the value rounded to a multiple of 10^unit, and to 15 digits at most."""
    if value == 0.0:
        return value
    digits = math.floor(math.log10(abs(value))) - unit + 1
    return round_significant(value, min(15, digits)) if digits >= 1 else 0.0


# --- own expressions ----------------------------------------------------------------------------------------------


def _own(s: int, parts: Sequence[Target], fronts: Sequence[Sequence[Formula]]) -> list[Node]:
    """Returns formulas of own expressions, from constants to the best of every choice.

    Each step lengthens the expression of the choice that gains most squared error a node.
    """
    weights = [
        float(np.sum(p.held_out_weights)) if p.held_out_weights is not None else len(p.held_out_y) for p in parts
    ]
    # Relative to the largest, so that squares of huge and tiny costs stay numbers.
    scale = max((formula.rmse for front in fronts for formula in front), default=0.0) or 1.0
    errors = [
        [weight * (formula.rmse / scale) ** 2 for formula in front]
        for weight, front in zip(weights, fronts, strict=True)
    ]
    at = [0] * len(fronts)
    trees = [_joined(s, fronts, at)]
    while True:
        steps = [
            ((errors[j][at[j]] - errors[j][i]) / (front[i].complexity - front[at[j]].complexity), -i, j)
            for j, front in enumerate(fronts)
            for i in range(at[j] + 1, len(front))
        ]
        if not steps:
            return trees
        _, i, j = max(steps)
        at[j] = -i
        trees.append(_joined(s, fronts, at))


def _joined(s: int, fronts: Sequence[Sequence[Formula]], at: Sequence[int]) -> Node:
    other = {0: variable(1 - s)}
    return cases(s, [substitute(front[i].tree, other) for front, i in zip(fronts, at, strict=True)])


# --- one shape, shifted by the choice -----------------------------------------------------------------------------


def _shifted(s: int, parts: Sequence[Target], target: Target, of_part: Callable[[Target], list[Formula]]) -> list[Node]:
    """Returns formulas of one shape for all choices: with one level per choice, and without regard to the choice."""
    means = [_mean(part.y, part.weights) for part in parts]
    held = [_mean(part.held_out_y, part.held_out_weights) for part in parts]
    centred = replace(
        parts[0],
        x=np.vstack([part.x for part in parts]),
        y=np.concatenate([part.y - mean for part, mean in zip(parts, means, strict=True)]),
        weights=_all_of([part.weights for part in parts]),
        held_out_x=np.vstack([part.held_out_x for part in parts]),
        held_out_y=np.concatenate([part.held_out_y - mean for part, mean in zip(parts, held, strict=True)]),
        held_out_weights=_all_of([part.held_out_weights for part in parts]),
        trials_scored=False,
    )
    overall = _mean(target.y, target.weights)
    span = float(np.ptp(target.y))
    trees = []
    for formula in front_of(of_part(centred))[1:]:
        offset, terms = split_sum(substitute(formula.tree, {0: variable(1 - s)}))
        shape = join_sum(None, terms)
        own = substitute(shape, {1 - s: variable(0)})
        levels = np.array([_mean(part.y - evaluate(own, columns_of(part.x)), part.weights) for part in parts])
        if not np.all(np.isfinite(levels)):
            continue
        trees.append(Node("+", (shape, cases(s, [constant(v) for v in _rounded(levels, span)]))))
        level = (offset or 0.0) + overall
        trees.append(join_sum(_rounded(np.array([level]), span)[0], terms))
    return trees


def _all_of(weights: Sequence[Array | None]) -> Array | None:
    given = [w for w in weights if w is not None]
    return np.concatenate(given) if len(given) == len(weights) and given else None
