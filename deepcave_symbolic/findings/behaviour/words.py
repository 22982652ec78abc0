"""What is proven of a formula, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepcave_symbolic.findings.behaviour.line import pieces_of
from deepcave_symbolic.findings.behaviour.plane import Course, courses, is_additive
from deepcave_symbolic.findings.behaviour.terms import FALLS, FLAT, RISES, UNSETTLED, range_of
from deepcave_symbolic.findings.certainty import Stretch
from deepcave_symbolic.findings.evidence import Evidence
from deepcave_symbolic.formulas.expression import Node, constant, evaluate, substitute, variable, variables
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.numeric.grids import product_columns
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.space.values import natural_of, shown_value
from deepcave_symbolic.words.names import either, shown_name

#: Sentences on choices that move differently.
_MOST_SENTENCES = 12
#: Points along an axis at which choices are compared.
_POINTS = 33
_OPPOSITE = {RISES: FALLS, FALLS: RISES}


def in_words(formula: Formula, evidence: Evidence | None = None) -> list[str]:
    """Returns one sentence per hyperparameter, such as "cost falls until n_units ≈ 120, then is flat.".

    Numbers are rounded; `pieces` has the exact ones.

    Args:
        formula: The formula.
        evidence: The trials behind it, which say what is known of a hyperparameter that it leaves out, and where a turn
            lies between two trials that are far apart; None for a formula alone.
    """
    objective = shown_name(formula.objective)
    if evidence is not None and variables(formula.tree) and evidence.effect() == "untold":
        return [evidence.on_untold(objective)]
    selector = next((i for i, axis in enumerate(formula.axes) if axis.categorical), None)
    if selector is not None:
        return _choices_in_words(formula, selector, objective, evidence)
    if len(formula.axes) == 1:
        return [_line_in_words(formula.tree, formula.axes[0], objective, _About(0, evidence))]
    if len(variables(formula.tree)) < 2 or is_additive(formula.tree):
        return [_slice_in_words(formula, i, objective, evidence) for i in range(2)]
    found = courses(formula)
    with np.errstate(all="ignore"):
        return [
            _course_in_words(course, own, other, objective, (_About(i, evidence), _About(1 - i, evidence)))
            for i, (course, own, other) in enumerate(zip(found, formula.axes, formula.axes[::-1], strict=True))
        ]


@dataclass(frozen=True)
class _About:
    """The trials as one hyperparameter sees them.

    Args:
        i: Its number among the axes.
        evidence: The trials; None where they are not at hand.
    """

    i: int
    evidence: Evidence | None

    def left_out(self, name: str, objective: str) -> str:
        """Returns what is known of the hyperparameter where the formula leaves it out."""
        if self.evidence is None:
            return f"The formula leaves out {name}."
        return self.evidence.on_left_out(objective, self.i)

    def gap(self, x: float) -> str:
        """Returns between which trials a value lies, see `Evidence.gap`."""
        return "" if self.evidence is None else self.evidence.gap(self.i, x)

    def remark(self, x: float) -> str:
        """Returns the same in brackets, to stand behind the value."""
        return f" (no trial {gap})" if (gap := self.gap(x)) else ""

    def doubt(self, moves: Sequence[Stretch]) -> str:
        """Returns what of some moves the trials do not settle, to stand at the end of the sentence that says them."""
        open_ = [] if self.evidence is None else self.evidence.unsettled_of(self.i, moves)
        words = " and ".join(dict.fromkeys(word for word, _, _ in open_))
        if not words:
            return ""
        return f"; the trials do not settle {'this' if len(moves) == 1 else f'where it {words}'}"


def _choices_in_words(formula: Formula, selector: int, objective: str, evidence: Evidence | None) -> list[str]:
    """Describes every choice by itself: without an order there is no rising and falling between them."""
    axes, used, other = formula.axes, variables(formula.tree), 1 - selector
    name = shown_name(axes[selector].name)
    if selector not in used:
        same = _About(selector, evidence).left_out(name, objective)
        if len(axes) == 1:
            return [same]
        return [*_other_in_words(formula.at_choice(selector, 0), objective, _About(other, evidence)), same]
    ranked = _ranking(formula, selector, objective)
    if len(axes) == 1:
        return [ranked]
    other_name = shown_name(axes[other].name)
    if other not in used:
        return [ranked, _About(other, evidence).left_out(other_name, objective)]
    if not axes[other].categorical:
        depends = f"Which {name} has the lowest {objective} depends on {other_name}."
        return [*_for_every_choice(formula, selector, evidence), ranked or depends]
    # Of two categoricals each has something to say, the stronger one first.
    own = _ranking(formula, other, objective)
    both: list[tuple[int, list[str]]] = [
        (selector, [ranked] if ranked else _for_every_choice(formula, other, evidence)),
        (other, [own] if own else _for_every_choice(formula, selector, evidence)),
    ]
    both.sort(key=lambda each: -_effect(_table(formula, each[0])))
    return [sentence for _, sentences in both for sentence in sentences]


def _other_in_words(formula: Formula, objective: str, about: _About) -> list[str]:
    """Describes the only hyperparameter that a formula with a categorical uses."""
    (axis,) = formula.axes
    if axis.categorical:
        return _choices_in_words(formula, 0, objective, None)
    return [_line_in_words(formula.tree, axis, objective, about)]


def _for_every_choice(formula: Formula, selector: int, evidence: Evidence | None) -> list[str]:
    """Describes what the other hyperparameter does, choice by choice."""
    axis = formula.axes[selector]
    name, labels = shown_name(axis.name), [shown_name(label) for label in axis.labels or ()]
    labels_of: dict[str, list[str]] = {}
    for j, label in enumerate(labels):
        own = None if evidence is None else evidence.at_choice(selector, j)
        labels_of.setdefault(" ".join(in_words(formula.at_choice(selector, j), own)), []).append(label)
    if len(labels_of) == 1:
        return [f"Whatever {name} is: {next(iter(labels_of))}"]
    found = [f"For {name} = {either(given)}: {sentence}" for sentence, given in labels_of.items()]
    more = [f"And {len(found) - _MOST_SENTENCES} more."] if len(found) > _MOST_SENTENCES else []
    return [*found[:_MOST_SENTENCES], *more]


def _table(formula: Formula, i: int) -> Array:
    """Returns the formula at every choice of a categorical (rows) and all over the other axis, if any (columns)."""
    columns = [np.arange(len(a.labels or ())) if a.categorical else a.check_grid(_POINTS) for a in formula.axes]
    with np.errstate(all="ignore"):
        found = evaluate(formula.tree, product_columns([column.astype(np.float64) for column in columns]))
    table = found.reshape([len(column) for column in columns])
    return np.asarray(np.moveaxis(table, i, 0).reshape(len(columns[i]), -1))


def _effect(table: Array) -> float:
    """Returns how far the choices are apart, wherever that is most."""
    return float(np.ptp(table, axis=0).max())


def _ranking(formula: Formula, i: int, objective: str) -> str:
    """Returns for which choices of a categorical a formula is lowest and highest; nothing where that depends."""
    axis, table = formula.axes[i], _table(formula, i)
    name, labels = shown_name(axis.name), [shown_name(label) for label in axis.labels or ()]
    tolerance = 1e-9 * range_of(table)
    lowest, highest = table <= table.min(axis=0) + tolerance, table >= table.max(axis=0) - tolerance
    if not all((each == each[:, :1]).all() for each in (lowest, highest)):
        return ""
    low, high = ([labels[j] for j in np.flatnonzero(each[:, 0])] for each in (lowest, highest))
    whatever = f", whatever {shown_name(formula.axes[1 - i].name)} is" if len(formula.axes) > 1 else ""
    return f"{objective} is lowest for {name} = {either(low)}, highest for {either(high)}{whatever}."


def _line_in_words(tree: Node, axis: Axis, objective: str, about: _About, *, along: bool = False) -> str:
    name = shown_name(axis.name)
    found = pieces_of(tree, axis)
    if len(found) == 1 and found[0].direction == FLAT:
        return about.left_out(name, objective)
    # With two hyperparameters the sentence must say which one moves.
    with_name = f" with {name}" if along else ""
    doubt = about.doubt([(piece.direction, piece.start, piece.end) for piece in found if piece.direction in _OPPOSITE])
    if len(found) == 1:
        if found[0].direction == UNSETTLED:
            return f"How {objective} moves with {name} could not be settled."
        return f"{objective} {found[0].direction}{with_name} throughout{doubt}."
    clauses, gap = [], ""
    for i, piece in enumerate(found):
        until = shown_value(axis, piece.end)
        where = f" until {name} {until}" if i == 0 and not along else f" until {until.removeprefix('= ')}"
        before, gap = gap, about.remark(piece.end)
        unknown = " (no trial there either)" if gap and gap == before else gap
        last = i == len(found) - 1
        clauses.append(f"{piece.direction}{with_name if i == 0 else ''}{'' if last else where + unknown}")
    return f"{objective} {', then '.join(clauses)}{doubt}."


def _slice_in_words(formula: Formula, i: int, objective: str, evidence: Evidence | None) -> str:
    """Describes one hyperparameter of a sum: the other one shifts the formula and changes no direction."""
    about = _About(i, evidence)
    if i not in variables(formula.tree):
        return about.left_out(shown_name(formula.axes[i].name), objective)
    other = formula.axes[1 - i]
    middle = constant(float(natural_of(other)(0.5)))
    tree = substitute(formula.tree, {1 - i: middle, i: variable(0)})
    return _line_in_words(tree, formula.axes[i], objective, about, along=True)


def _course_in_words(course: Course, own: Axis, other: Axis, objective: str, about: tuple[_About, _About]) -> str:
    """Describes how a formula moves along one of two hyperparameters; `about` has its trials and the other's."""
    name, other_name = shown_name(own.name), shown_name(other.name)
    if course.kind == "negligible":
        return f"{objective} hardly depends on {name}."
    if course.kind == "throughout":
        doubt = about[0].doubt([(course.first, own.lower, own.upper)])
        return f"{objective} {course.first} with {name} throughout{doubt}."
    if course.kind == "switch":
        then = _OPPOSITE[course.first]
        return f"{objective} {course.first} with {name} where {_threshold(other, course.at, then, about[1])}."
    if course.kind == "turn":
        until, then = shown_value(own, course.at[0]) + about[0].remark(course.at[0]), _OPPOSITE[course.first]
        at = course.at[0]
        doubt = about[0].doubt([(course.first, own.lower, at), (then, at, own.upper)])
        return f"{objective} {course.first} with {name} until {until}, then {then}, whatever {other_name} is{doubt}."
    if course.kind == "depends":
        return f"Whether {objective} rises or falls with {name} depends on {other_name}."
    if course.kind == "both":
        return f"{objective} rises and falls with {name}."
    return f"How {objective} moves with {name} could not be settled."


def _threshold(axis: Axis, at: tuple[float, ...], then: str, about: _About) -> str:
    name = shown_name(axis.name)
    if axis.values is not None:
        return f"{name} is at most {shown_value(axis, at[0]).removeprefix('= ')} and {then} above"
    above = f" {shown_value(axis, at[1])}" if len(at) > 1 else ""
    return f"{name} is below {shown_value(axis, at[0])}{about.remark(at[0])} and {then} above{above}"
