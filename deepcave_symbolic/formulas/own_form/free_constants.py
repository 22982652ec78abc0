"""Fits the free constants of a form to points by weighted least squares, from several starts.

The constants in which the form is linear follow from the others (variable projection, Golub & Pereyra 1973). The others
start at values that suit what they stand with: a place inside the domain, a scale of its size, an exponent of either
sign. Many starts are compared as they are, and the best of them are searched from. Where the best fit has constants
that no one can read (a place far from the domain, a negative width, parts that cancel), as a curve has that is the
limit of the form, places inside the domain and small parts are searched once more, and of what fits nearly as well the
most readable is taken.

Notation:
    k: number of hyperparameters; variables 0 to k - 1 of a tree, the m constants are those behind them.
    p: the values of the constants, shape (m,); those of fixed ones do not count.
    θ: the constants in which the form is not linear.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np

from deepcave_symbolic.exceptions import InvalidArgumentError, UnknownNameError
from deepcave_symbolic.formulas.expression import Node, constant, evaluate, substitute, variables
from deepcave_symbolic.formulas.front import Target, check_points, is_defined
from deepcave_symbolic.formulas.limits import FARTHEST_PLACE
from deepcave_symbolic.formulas.meaning.readable import has_readable_sizes, is_near
from deepcave_symbolic.formulas.own_form.constant_roles import Role, is_linear, role_of
from deepcave_symbolic.formulas.own_form.parsing import Form
from deepcave_symbolic.numeric.arrays import Array, columns_of
from deepcave_symbolic.numeric.weighted import weighted_least_squares, weighted_r2
from deepcave_symbolic.words.names import either
from deepcave_symbolic.words.numbers import counted

__all__ = ["FittedForm", "fit_constants"]

#: Starts that are compared for each constant of θ, at most so many of them; how many are searched from, and how many of
#: these with the same signs.
_STARTS, _MOST_STARTS, _SEARCHED, _ALIKE = 64, 256, 8, 3
_MOST_EVALUATIONS = 200
#: Fits whose R² differ by no more are the same curve, written with other signs.
_SAME_R2 = 1e-9
#: So much R² readable constants may cost, from how many starts they are searched, and the price in R² of a linear
#: constant that is as large as the targets. The best that readability can be.
_READABLE_R2, _READABLE_SEARCHED, _PRICE = 1e-3, 3, 1e-6
_READABLE = 2
#: The residuals where a form is not defined, in standard deviations of the targets.
_FAR = 1e3
#: Values of this size say nothing about where a constant lies.
_HUGE = 1e100
#: Relative step of the derivatives by constants, the strength of a direction in which the values do not move, relative
#: to the strongest, and the share of it from which a constant takes part.
_STEP, _SINGULAR, _INVOLVED = 1e-5, 1e-7, 0.1


@dataclass(frozen=True)
class FittedForm:
    """A form with numbers.

    Args:
        tree: The expression in natural units.
        constants: The value of every constant by its name, fixed ones as well.
        unsettled: Constants for which others can make up, as b for w in a + b*((x - c)/w)**2: the points fit as well
            with other values.
        linear: The free constants in which the form is linear at once.
    """

    tree: Node
    constants: Mapping[str, float]
    unsettled: tuple[str, ...]
    linear: tuple[str, ...]


def fit_constants(form: Form, target: Target, *, fixed: Mapping[str, float] | None = None, seed: int = 0) -> FittedForm:
    """Returns the form with the constants that fit the training points best.

    Where several curves fit as well, as one does with exponents of either sign, the one with the fewest negative
    constants is taken. A form that is defined on the whole domain comes before one with a pole between two points.

    Args:
        form: The form, whose hyperparameters are the target's axes.
        target: What to fit.
        fixed: Values of constants that are not fitted, by name.
        seed: Seed of the starts.

    Raises:
        UnknownNameError: If a fixed constant is none of the form's.
        InvalidArgumentError: If a fixed value is no finite number, a hyperparameter of the form is categorical, there
            are fewer points than free constants, or the form is not defined on the domain.
    """
    numbers = _checked(form, fixed or {})
    for i, axis in enumerate(target.axes):
        if axis.categorical and i in variables(form.tree):
            raise InvalidArgumentError(
                f"{axis.name!r} has choices without an order; a form needs hyperparameters that are numbers."
            )
    free = [name for name in form.constants if name not in numbers]
    used = sorted(i for i in variables(form.tree) if i < len(target.axes))
    n = len(np.unique(target.x[:, used], axis=0)) if used else 1
    if n < len(free) and not used:
        listed = either([repr(axis.name) for axis in target.axes], " or ")
        raise InvalidArgumentError(
            f"The form has no hyperparameter in it: {either(free, ', ')} {'is a' if len(free) == 1 else 'are'} "
            f"constant{'s' * (len(free) > 1)}. Write {listed} where its values belong."
        )
    if n < len(free):
        raise InvalidArgumentError(
            f"The form has {counted(len(free), 'free constant')} ({either(free, ', ')}) for {counted(n, 'point')}; "
            "expected at most as many. Fix some of them, or leave them out."
        )
    problem = _Problem(form.with_numbers(numbers), target, len(form.constants))
    starts = _starts(problem, seed)
    fits = [problem.mirrored(problem.searched(start)) for start in _best_of_each_sign(problem, starts)]
    found = _best(problem, fits)
    if found is not None and problem.readability(found) < _READABLE:
        # Inside the domain, and if nothing there fits as well, with parts that are small.
        tidy = [start for start in starts if problem.readability(start) == _READABLE][:_READABLE_SEARCHED]
        more = [problem.searched(start, inside=inside) for start in tidy for inside in (True, False)]
        more += [problem.searched(p, inside=False, price=_PRICE) for p in (*tidy, found)]
        found = _best(problem, [*fits, *map(problem.mirrored, more)])
    if found is None:
        domain = "; ".join(axis.describe() for axis in target.axes)
        raise InvalidArgumentError(
            f"The form is not defined on the domain ({domain}): whatever its constants, some point has no finite "
            "value. Check its logarithms, roots, powers and divisions."
        )
    values = {name: float(numbers.get(name, found[j])) for j, name in enumerate(form.constants)}
    unsettled, linear = (
        tuple(form.constants[j] for j in which) for which in (problem.unsettled(found), problem.linear)
    )
    return FittedForm(form.with_numbers(values), values, unsettled, linear)


def _checked(form: Form, fixed: Mapping[str, float]) -> dict[str, float]:
    numbers = {}
    for name, value in fixed.items():
        if name not in form.constants:
            raise UnknownNameError("constant", name, form.constants)
        try:
            number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise InvalidArgumentError(f"The constant {name} is {value!r:.40}; expected a finite number.")
        numbers[name] = number
    return numbers


class _Problem:
    """A form with m constants and the points that it is fitted to.

    Args:
        tree: The form; fixed constants are numbers.
        target: What to fit.
        m: Number of constants, the fixed ones as well.
    """

    def __init__(self, tree: Node, target: Target, m: int) -> None:
        self.tree, self.target, self.k = tree, target, len(target.axes)
        self.columns, self.m = columns_of(target.x), m
        self.free = sorted(i - self.k for i in variables(tree) if i >= self.k)
        self.linear: list[int] = []
        for j in self.free:
            if is_linear(tree, frozenset(self.k + other for other in [*self.linear, j])):
                self.linear.append(j)
        self.inner = [j for j in self.free if j not in self.linear]
        self.roles = [role_of(tree, self.k + j, self.k) or Role("", None) for j in self.inner]

    def values(self, p: Array, node: Node | None = None) -> Array:
        """Returns the values of the form, or of a part of it, for constants p of shape (m,); shape (n,)."""
        return evaluate(node or self.tree, [*self.columns, *(np.asarray(value) for value in p)])

    def loss(self, p: Array) -> float:
        """Returns 1 - R², infinite where a value is not finite."""
        return 1.0 - weighted_r2(self.target.y, self.values(p), self.target.weights)

    def terms(self, p: Array) -> tuple[Array, list[Array]]:
        """Returns the values without the linear constants, and what 1 of each of these adds; shape (n,) each."""
        inner = p.copy()
        inner[self.linear] = 0.0
        base, units = self.values(inner), np.eye(self.m)
        return base, [self.values(inner + units[j]) - base for j in self.linear]

    def solved(self, p: Array) -> Array | None:
        """Returns p with the linear constants that fit best for its θ; None where the form is not defined."""
        p = p.copy()
        base, terms = self.terms(p)
        if not all(np.all(np.isfinite(values)) for values in (base, *terms)):
            return None
        if terms:
            found = weighted_least_squares(np.column_stack(terms), self.target.y - base, self.target.weights)
            if found is None:
                return None
            p[self.linear] = found
        return p

    def readability(self, p: Array) -> int:
        """Returns 2 where places are near the domain, scales positive and sizes readable, 1 where only these are."""
        if not has_readable_sizes(self.numbered(p), self.target.y):
            return 0
        for j, role in zip(self.inner, self.roles, strict=True):
            if (role.is_scale and p[j] < 0.0) or (role.is_place and not self._is_near(role, p, j)):
                return 1
        return _READABLE

    def mirrored(self, p: Array) -> Array:
        """Returns p with positive scales where the form is the same with them, as a tanh is with its sign before it."""
        for j, role in zip(self.inner, self.roles, strict=True):
            if role.is_scale and p[j] < 0.0:
                other = p.copy()
                other[j] = -p[j]
                solved = self.solved(other)
                if solved is not None and self.loss(solved) <= self.loss(p) + _SAME_R2:
                    p = solved
        return p

    def searched(self, start: Array, *, inside: bool = False, price: float = 0.0) -> Array:
        """Returns p with the θ that fit best near a start, and the linear constants for them.

        Scales are searched on a log scale and keep their signs, the others in units of what they stand with.

        Args:
            start: The start.
            inside: Whether places stay within the values of what they stand with.
            price: What a linear constant as large as the targets costs, in R².
        """
        from scipy.optimize import least_squares

        if not self.inner:
            return start
        y, weights = self.target.y, self.target.weights
        root = (np.ones_like(y) if weights is None else np.sqrt(weights / np.mean(weights))) / (float(np.std(y)) or 1.0)
        first = start[self.inner]
        scales = np.array([role.is_scale for role in self.roles])
        reach = np.array([role.reach for role in self.roles])
        units = np.array([role.unit(self.partner_of(role, start)) for role in self.roles])
        ends = np.array([self._ends(role, start) if inside else (-np.inf, np.inf) for role in self.roles])

        dear = math.sqrt(price * len(y)) / (float(np.max(np.abs(y))) or 1.0)

        def at(moved: Array) -> Array | None:
            p, moved = start.copy(), np.clip(moved, -reach, reach)
            others = np.clip(first + moved * units, *ends.T)
            p[self.inner] = np.where(scales, first * np.exp(np.where(scales, moved, 0.0)), others)
            return self.solved(p)

        def residuals(moved: Array) -> Array:
            p = at(moved)
            found = None if p is None else np.append((self.values(p) - y) * root, dear * p[self.linear])
            if found is None or not np.all(np.isfinite(found)):
                return np.full(len(y) + len(self.linear), _FAR)
            return np.asarray(found)

        options = {"xtol": 1e-9, "ftol": 1e-10, "gtol": 1e-12, "max_nfev": _MOST_EVALUATIONS * (1 + len(first))}
        found = least_squares(residuals, np.zeros(len(first)), method="lm", **options)
        best = at(found.x)
        return start if best is None else best

    def partner_of(self, role: Role, p: Array) -> Array:
        """Returns the values of what a constant stands with, those that are finite and not huge."""
        values = np.ones(1) if role.partner is None else self.values(p, role.partner)
        return values[np.abs(values) < _HUGE]

    def _ends(self, role: Role, p: Array) -> tuple[float, float]:
        """Returns between which values a constant is a place within the values of its partner; any for no place."""
        values = self.partner_of(role, p)
        if not role.is_place or len(values) == 0:
            return -np.inf, np.inf
        ends = role.place(float(values.min())), role.place(float(values.max()))
        return min(ends), max(ends)

    def _is_near(self, role: Role, p: Array, j: int) -> bool:
        """Returns whether the place of a constant is within, or not far from, the values of its partner."""
        place, partner = role.place(float(p[j])), role.partner
        if partner is not None and partner.is_variable and int(partner.value) < self.k:
            return is_near(place, self.target.axes[int(partner.value)])
        values = self.partner_of(role, p)
        reach = FARTHEST_PLACE * float(np.ptp(values)) if len(values) else np.inf
        return len(values) == 0 or bool(values.min() - reach <= place <= values.max() + reach)

    def unsettled(self, p: Array) -> list[int]:
        """Returns the free constants that can move together without a change of the values."""
        if not self.free:
            return []
        steps = np.diag(_STEP * np.where(p == 0.0, 1.0, np.abs(p)))
        changes = np.column_stack(
            [
                # Of a linear constant that is next to nothing a share would be nothing.
                self.terms(p)[1][self.linear.index(j)]
                if j in self.linear
                else self.values(p + steps[j]) - self.values(p - steps[j])
                for j in self.free
            ]
        )
        sizes = np.linalg.norm(changes, axis=0)
        if not np.all(np.isfinite(sizes)):
            return []
        _, strengths, directions = np.linalg.svd(changes / np.where(sizes > 0.0, sizes, 1.0), full_matrices=False)
        silent = directions[strengths <= _SINGULAR * strengths[0]]
        return [j for i, j in enumerate(self.free) if np.any(np.abs(silent[:, i]) > _INVOLVED)]

    def numbered(self, p: Array) -> Node:
        """Returns the form with numbers."""
        return substitute(self.tree, {self.k + j: constant(float(value)) for j, value in enumerate(p)})


def _starts(problem: _Problem, seed: int) -> list[Array]:
    """Returns many p to search from, the best first; θ over all that suits them."""
    # A partner may contain constants whose own partners are smaller: these come first.
    inner = sorted(zip(problem.inner, problem.roles, strict=True), key=lambda item: item[1].size)
    n = min(_STARTS * len(inner), _MOST_STARTS) or 1
    rng = np.random.default_rng(seed)
    # Latin hypercube: each constant alone covers its range evenly.
    shares = np.array([(rng.permutation(n) + rng.random(n)) / n for _ in inner]).reshape(len(inner), n)
    signs = rng.choice([-1.0, 1.0], shares.shape)
    starts: list[tuple[float, Array]] = []
    for i in range(n):
        p = np.ones(problem.m)
        for (j, role), share, sign in zip(inner, shares[:, i], signs[:, i], strict=True):
            p[j] = role.start(problem.partner_of(role, p), share, sign)
        solved = problem.solved(p)
        if solved is not None and math.isfinite(loss := problem.loss(solved)):
            starts.append((loss, solved))
    return [start for _, start in sorted(starts, key=lambda item: item[0])]


def _best_of_each_sign(problem: _Problem, starts: Sequence[Array]) -> list[Array]:
    """Returns the first of the starts, of each pattern of signs not too many."""
    seen: Counter[tuple[float, ...]] = Counter()
    chosen: list[Array] = []
    for start in starts:
        pattern = tuple(np.sign(start[problem.inner]))
        seen[pattern] += 1
        if seen[pattern] <= _ALIKE:
            chosen.append(start)
    return chosen[:_SEARCHED]


def _best(problem: _Problem, fits: Sequence[Array]) -> Array | None:
    """Returns the best p; None where none has values on the whole domain."""
    check = check_points(problem.target.axes)
    finite = [p for p in fits if np.all(np.isfinite(evaluate(problem.numbered(p), check)))]
    usable = [p for p in finite if is_defined(problem.numbered(p), check, problem.target.y)] or finite
    if not usable:
        return None
    least = min(map(problem.loss, usable))
    near = [(problem.readability(p), p) for p in usable if problem.loss(p) <= least + _READABLE_R2]
    most = max(readability for readability, _ in near)
    usable = [p for readability, p in near if readability == most]
    least = min(map(problem.loss, usable))
    alike = [p for p in usable if problem.loss(p) <= least + _SAME_R2]
    return min(alike, key=lambda p: (np.sum(p[problem.inner] < 0.0), problem.loss(p)))
