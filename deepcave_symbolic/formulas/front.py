"""From candidate expressions to scored formulas and the Pareto front; shared by all engines.

Notation:
    u, x: search coordinates and natural units of the explained hyperparameters.
    training points: what the engine fitted; held-out points: between them, where a formula is scored.
    R²: 1 - Σ(y - f)²/Σ(y - ȳ)²; RMSE in objective units.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from deepcave_symbolic.formulas.expression import (
    Node,
    complexity,
    constant,
    evaluate,
    evaluate_every_node,
    function,
    substitute,
    variable,
    variables,
    walk,
)
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.formulas.limits import (
    FAR_BETTER,
    LARGEST_TERM,
    OVERSHOOT,
    SLACK,
    gains,
)
from deepcave_symbolic.formulas.meaning.positions import fitted
from deepcave_symbolic.formulas.meaning.readable import is_readable
from deepcave_symbolic.formulas.normal_form import normal_form
from deepcave_symbolic.formulas.points import Points
from deepcave_symbolic.formulas.rounding import round_formula, snap_exponents
from deepcave_symbolic.formulas.tidy import split_sum, tidy
from deepcave_symbolic.numeric.arrays import Array, columns_of
from deepcave_symbolic.numeric.grids import product_columns
from deepcave_symbolic.numeric.weighted import weighted_rms
from deepcave_symbolic.space.axis import Axis

__all__ = [
    "Keeps",
    "Target",
    "alternatives",
    "check_points",
    "front_of",
    "is_defined",
    "is_regular",
    "score",
    "score_one",
]

#: Whether an expression in natural units of some hyperparameters keeps a constraint.
Keeps = Callable[[Node, Sequence[Axis]], bool]

#: Candidates of equal complexity that are rounded, checked and scored, best training R² first.
_KEPT_PER_COMPLEXITY = 4
#: Fitted constants that formulas of few values may have.
_FEW_CONSTANTS = 4
_CHECK_POINTS = {1: 801, 2: 61}


@dataclass(frozen=True)
class Target:
    """What formulas are fitted to and scored on.

    Args:
        axes: The explained hyperparameters.
        objective: Name of the objective.
        x: Training points, natural units, shape (n, k).
        y: Training targets, shape (n,).
        held_out_x: Scoring points, natural units, shape (h, k).
        held_out_y: The projection there, shape (h,).
        trials_scored: Whether the training points are the trials, whose R² is then reported, too.
        weights: Weights of the training points, shape (n,); None for equal ones.
        held_out_weights: Weights of the scoring points, shape (h,); None likewise.
    """

    axes: tuple[Axis, ...]
    objective: str
    x: Array
    y: Array
    held_out_x: Array
    held_out_y: Array
    trials_scored: bool = False
    weights: Array | None = None
    held_out_weights: Array | None = None

    @cached_property
    def points(self) -> Points:
        """What formulas are fitted to."""
        return Points(columns_of(self.x), self.y, self.weights)

    @cached_property
    def held_out(self) -> Points:
        """What they are scored on."""
        return Points(columns_of(self.held_out_x), self.held_out_y, self.held_out_weights)


def score(
    candidates: Iterable[tuple[str, Node]], target: Target, max_complexity: int, keeps: Keeps | None = None
) -> list[Formula]:
    """Returns the best candidates of every length as formulas: tidied, rounded, checked and then scored.

    The first is always a constant: what any formula has to beat.

    Args:
        candidates: Pairs of engine name and expression in search coordinates.
        target: What to fit and score.
        max_complexity: Longest formula, in nodes of its normal form.
        keeps: What every formula but the constant must pass.
    """
    points = target.points
    check = check_points(target.axes)
    n = len(np.unique(target.x, axis=0))
    # An integer hyperparameter with eight values lets a formula of five constants through any eight points. Of a few
    # values the formula speaks of them alone: a valley, which a person would see in three of them, has three constants.
    # A plane is one of few, two values per hyperparameter are enough for it.
    most_constants = max(1 + len(target.axes), min(n, _FEW_CONSTANTS), n // 2)
    groups: dict[tuple[bool, int], list[tuple[float, str, Node]]] = {}
    seen: set[Node] = set()
    for engine, candidate in candidates:
        tidied = tidy(to_natural(candidate, target.axes), points.columns)
        if tidied in seen or not variables(tidied):
            continue
        seen.add(tidied)
        node = normal_form(tidied, target.axes, points.columns)
        shown = node or tidied
        if complexity(shown) > max_complexity or len(fitted(shown)) > most_constants:
            continue
        r2 = points.r2_of(shown)
        if math.isfinite(r2):
            groups.setdefault((node is None, complexity(shown)), []).append((r2, engine, tidied))

    mean = float(np.average(target.y, weights=target.weights))
    level = round_formula(constant(mean), points)
    scored = [score_one(level, "constant", target)]
    others: list[Formula] = []
    for _, group in sorted(groups.items()):
        group.sort(key=lambda item: -item[0])
        kept = 0
        for _, engine, node in group:
            if kept >= _KEPT_PER_COMPLEXITY:
                break
            rounded, normal = _round(node, points, target.axes)
            if complexity(rounded) > max_complexity or not is_regular(rounded, check, target.y):
                continue
            if keeps is not None and not keeps(rounded, target.axes):
                continue
            formula = score_one(rounded, engine, target)
            if normal and is_readable(rounded, target.axes, target.y):
                scored.append(formula)
            else:
                others.append(replace(formula, normal_form=False))
            kept += 1
    return [*scored, *(formula for formula in others if _is_far_better(formula, scored))]


def _is_far_better(formula: Formula, readable: Sequence[Formula]) -> bool:
    """Returns whether no formula in normal form that is as short comes near."""
    near = min(1.0 - other.r2 for other in readable if other.complexity <= formula.complexity)
    return FAR_BETTER * (1.0 - formula.r2 + SLACK) < near


def to_natural(node: Node, axes: Sequence[Axis]) -> Node:
    """Returns an expression in search coordinates in natural units: u becomes log10(x) on a log-scaled axis."""
    return substitute(node, {i: function("log10", variable(i)) for i, axis in enumerate(axes) if axis.log})


def _round(node: Node, points: Points, axes: Sequence[Axis]) -> tuple[Node, bool]:
    """Returns a tidy expression rounded, in normal form where it has one, and whether it has."""
    snapped = tidy(snap_exponents(node, points), points.columns)
    normal = normal_form(snapped, axes, points.columns)
    return round_formula(normal or snapped, points), normal is not None


def score_one(node: Node, engine: str, target: Target) -> Formula:
    """Returns a finished expression in natural units as a formula with its figures on the held-out points."""
    prediction = evaluate(node, target.held_out.columns)
    return Formula(
        tree=node,
        axes=target.axes,
        objective=target.objective,
        r2=target.held_out.r2(prediction),
        rmse=weighted_rms(target.held_out_y - prediction, target.held_out_weights),
        engine=engine,
        trials_r2=target.points.r2_of(node) if target.trials_scored else None,
    )


def front_of(formulas: Sequence[Formula]) -> list[Formula]:
    """Returns the formulas that no shorter one equals in R², simplest first; see `limits.gains`."""
    front: list[Formula] = []
    for formula in sorted(formulas, key=lambda f: (f.complexity, -f.r2, str(f))):
        if not front or gains(formula.r2, front[-1].r2):
            front.append(formula)
    return front


def alternatives(formulas: Sequence[Formula], front: Sequence[Formula], noise: float) -> list[Formula]:
    """Returns formulas that the data cannot tell from those of the front that are as long, the most accurate first.

    Args:
        formulas: All scored formulas.
        front: The front.
        noise: What the data cannot tell from zero, as an RMSE in objective units: a formula's squared RMSE may be
            larger by its square.
    """
    best = {formula.complexity: formula for formula in front}
    shapes = {_shape(formula.tree) for formula in front}
    found = []
    for formula in sorted(formulas, key=lambda f: (f.complexity, f.rmse, str(f))):
        rival = best.get(formula.complexity)
        shape = _shape(formula.tree)
        if rival is not None and shape not in shapes and formula.rmse <= math.hypot(rival.rmse, noise):
            shapes.add(shape)
            found.append(formula)
    return found


def _shape(node: Node) -> Node:
    """Returns the expression with all numbers alike: two formulas of one shape differ in constants only.

    Whole exponents stay: a square and a cube are two forms.
    """
    if node.is_constant:
        return constant(1.0)
    args = tuple(_shape(arg) for arg in node.args)
    if node.op == "^" and node.args[1].is_constant and node.args[1].value == round(node.args[1].value):
        args = (args[0], node.args[1])
    return Node(node.op, args, node.value)


# --- validity on the whole domain ---------------------------------------------------------------------------------


def check_points(axes: Sequence[Axis]) -> list[Array]:
    """Returns dense points over the domain, one array of shape (c,) a hyperparameter."""
    return product_columns([axis.check_grid(_CHECK_POINTS[len(axes)]) for axis in axes])


def is_regular(node: Node, columns: Sequence[Array], y: Array) -> bool:
    """Returns whether a formula is defined on the whole domain, and no large terms cancel each other.

    Args:
        node: The expression in natural units.
        columns: Dense points over the domain, one array of shape (c,) a variable.
        y: The targets, shape (n,).
    """
    return is_defined(node, columns, y) and not _cancels(node, columns, y)


def is_defined(node: Node, columns: Sequence[Array], y: Array) -> bool:
    """Returns whether a formula is finite, real and within reach of the targets on the whole domain.

    Beside the values on a dense grid (bounds and integers included) the sign of every argument that could vanish is
    checked, so that no pole hides between two points.

    Args:
        node: The expression in natural units.
        columns: Dense points over the domain, one array of shape (c,) a variable.
        y: The targets, shape (n,).
    """
    below = evaluate_every_node(node, columns)
    values = below[id(node)]
    reach = OVERSHOOT * (float(np.max(y)) - float(np.min(y)))
    if not np.all(np.isfinite(values)) or np.any(values > np.max(y) + reach) or np.any(values < np.min(y) - reach):
        return False
    return all(_argument_is_safe(n, below) for n in walk(node))


def _cancels(node: Node, columns: Sequence[Array], y: Array) -> bool:
    """Returns whether a term is far larger than the targets, so that another one has to make up for it."""
    height = max(float(np.ptp(y)), float(np.max(np.abs(y))))
    _, terms = split_sum(node)
    largest = (float(np.max(np.abs(coefficient * evaluate(term, columns)))) for coefficient, term in terms)
    return height > 0.0 and any(value > LARGEST_TERM * height for value in largest)


def _argument_is_safe(node: Node, values: Mapping[int, Array]) -> bool:
    if node.op == "/":
        return _never_zero(node.args[1], values)
    if node.op in ("log", "log10"):
        return bool(np.all(values[id(node.args[0])] > 0)) and _never_zero(node.args[0], values)
    if node.op == "sqrt":
        return bool(np.all(values[id(node.args[0])] >= 0))
    if node.op == "^" and node.args[1].is_constant:
        exponent = node.args[1].value
        if exponent == round(exponent):
            return exponent > 0 or _never_zero(node.args[0], values)
        return bool(np.all(values[id(node.args[0])] >= 0)) and (exponent > 0 or _never_zero(node.args[0], values))
    return True


def _never_zero(node: Node, values: Mapping[int, Array]) -> bool:
    """Returns whether an expression keeps its sign; of |f| and f², which never change it, whether f does."""
    if node.op in ("neg", "abs", "sqrt", "^", "/"):
        return _never_zero(node.args[0], values)
    if node.op == "*":
        return all(_never_zero(arg, values) for arg in node.args)
    return bool(np.all(values[id(node)] > 0) or np.all(values[id(node)] < 0))
