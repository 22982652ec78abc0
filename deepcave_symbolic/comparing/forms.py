"""Forms: formulas without their numbers, which are fitted anew to each run's projection.

Notation:
    k: number of explained hyperparameters; variables 0 to k - 1 of a template, the constants are those behind them.
    p: all constants of a form in reading order; θ: those inside terms. The offset and the coefficients are linear and
        follow from θ by least squares (variable projection, Golub & Pereyra 1973).
    w: weights of the n points, of sum 1.
    s²: variance of a mean over a run's trials, σ²/n of `trust.noise_of`.
    Cov(p) ≈ s²·(Σ_i w_i ∇f(x_i) ∇f(x_i)ᵀ)⁻¹: what p would vary by if the run's trials lay as the points do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from deepcave_symbolic.formulas.expression import Node, complexity, constant, evaluate, substitute, variable
from deepcave_symbolic.formulas.meaning.positions import Position, fitted
from deepcave_symbolic.formulas.tidy import join_sum, split_sum
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.numeric.weighted import weighted_least_squares, weighted_r2

__all__ = ["Data", "Fit", "Form", "form_of", "refit"]

OFFSET, FACTOR = "offset", "factor"
_MOST_EVALUATIONS = 200
#: Relative step of the derivatives by constants, and the condition beyond which two constants cannot be told apart.
_STEP, _SINGULAR = 1e-5, 1e12


@dataclass(frozen=True)
class Data:
    """What forms are fitted to: a run's projection on the domain that all runs share.

    Args:
        columns: One array of shape (n,) a hyperparameter, natural units.
        y: Means, objective units, shape (n,).
        weights: Shape (n,), of sum 1.
        error: s, objective units.
    """

    columns: tuple[Array, ...]
    y: Array
    weights: Array
    error: float


@dataclass(frozen=True)
class Form:
    """A formula without its numbers.

    Args:
        k: Number of hyperparameters.
        offset: Whether there is a constant offset.
        terms: Pairs of a coefficient (None where it is one of the constants) and a term whose constants are variables.
        inner_roles: What each constant of θ is, see `positions`: a "level" is that of a choice.
        scales: Whether each constant of θ keeps its sign: what something is divided by, and how steep a step is, which
            with the other sign falls instead of rising.
    """

    k: int
    offset: bool
    terms: tuple[tuple[float | None, Node], ...]
    inner_roles: tuple[str, ...]
    scales: tuple[bool, ...]

    @cached_property
    def template(self) -> Node:
        """The expression, with variables k, k + 1, … for the constants in reading order."""
        order: dict[int, Node] = {}
        pieces: list[tuple[float, Node]] = [(1.0, variable(self.k))] if self.offset else []
        count = self.k + (1 if self.offset else 0)
        for coefficient, term in self.terms:
            if coefficient is None:
                factor = variable(count)
                count += 1
            for index in _placeholders(term, self.k):
                order[index] = variable(count)
                count += 1
            core = substitute(term, order)
            pieces.append((1.0, _times(factor, core)) if coefficient is None else (coefficient, core))
        return join_sum(None, pieces)

    @property
    def complexity(self) -> int:
        """The nodes of the form with numbers."""
        return complexity(self.with_constants([1.5] * len(self.roles)))

    @property
    def roles(self) -> tuple[str, ...]:
        """What each constant is: offset, factor, or one of `inner_roles`."""
        roles = [OFFSET] if self.offset else []
        for coefficient, term in self.terms:
            roles += [FACTOR] if coefficient is None else []
            roles += [self.inner_roles[i - self.k] for i in _placeholders(term, self.k)]
        return tuple(roles)

    def with_constants(self, p: Sequence[float]) -> Node:
        """Returns the expression with numbers for its constants."""
        return substitute(self.template, {self.k + j: constant(v) for j, v in enumerate(p)})

    def values(self, columns: Sequence[Array], p: Sequence[float]) -> Array:
        """Returns the form's values, shape (n,)."""
        return evaluate(self.template, [*columns, *_scalars(p)])

    def merged(self, linear: Sequence[float], theta: Array) -> list[float]:
        """Returns p from the offset and coefficients, and from θ."""
        rest = list(linear)
        p = [rest.pop(0)] if self.offset else []
        for coefficient, term in self.terms:
            p += [rest.pop(0)] if coefficient is None else []
            p += [float(theta[i - self.k]) for i in _placeholders(term, self.k)]
        return p


@dataclass(frozen=True)
class Fit:
    """A form fitted to a run.

    Args:
        p: Its constants in reading order.
        errors: Their standard errors; infinite where the projection does not settle them.
        r2: Coefficient of determination on the fitted points.
    """

    p: tuple[float, ...]
    errors: tuple[float, ...]
    r2: float


def _times(factor: Node, core: Node) -> Node:
    if core.op == "/" and core.args[0] == constant(1.0):
        return Node("/", (factor, core.args[1]))
    if core.op == "/":
        return Node("/", (_times(factor, core.args[0]), core.args[1]))
    return Node("*", (factor, core))


def _scalars(values: Iterable[float]) -> list[Array]:
    return [np.asarray(value, dtype=np.float64) for value in values]


def _placeholders(node: Node, k: int) -> list[int]:
    """Returns the indices of a term's constants in reading order."""
    if node.is_variable:
        return [int(node.value)] if node.value >= k else []
    return [index for arg in node.args for index in _placeholders(arg, k)]


def form_of(tree: Node, k: int) -> tuple[Form, Array]:
    """Returns the form of an expression, and its θ.

    Fitted constants are free; what was chosen, such as whole exponents and references, belongs to the form, and so does
    a coefficient of 1 that is not written.
    """
    offset, raw = split_sum(tree)
    bare = sorted(((c, _uniform(t)) for c, t in raw), key=lambda item: str(_blank(item[1]).encoded()))
    theta: list[float] = []
    roles: list[str] = []
    scales: list[bool] = []
    terms = []
    for coefficient, term in bare:
        # The 1 of 1/(...) stands for the coefficient.
        free = [position for position in fitted(term) if position.kind != "effect" or any(position.path)]
        opened = term
        for position in free:
            opened = _with(opened, position.path, variable(k + len(theta)))
            theta.append(position.value)
            roles.append(position.kind)
            scales.append(position.value > 0.0 and (position.in_step or _is_divisor(term, position)))
        terms.append((coefficient if abs(coefficient) == 1.0 else None, opened))
    return Form(k, offset is not None, tuple(terms), tuple(roles), tuple(scales)), np.array(theta)


def _uniform(node: Node) -> Node:
    """Returns the term with x + c written x - (-c), so that a place has its sign."""
    args = tuple(_uniform(arg) for arg in node.args)
    if node.op == "+" and args[0].is_variable and args[1].is_constant:
        return Node("-", (args[0], constant(-args[1].value)))
    return Node(node.op, args, node.value)


def _with(node: Node, path: Sequence[int], leaf: Node) -> Node:
    """Returns the tree with another leaf at a path."""
    if not path:
        return leaf
    args = tuple(_with(arg, path[1:], leaf) if i == path[0] else arg for i, arg in enumerate(node.args))
    return Node(node.op, args, node.value)


def _is_divisor(term: Node, position: Position) -> bool:
    for i in position.path[:-1]:
        term = term.args[i]
    return term.op == "/" and position.path[-1] == 1


def _blank(node: Node) -> Node:
    return constant(1.0) if node.is_constant else Node(node.op, tuple(map(_blank, node.args)), node.value)


def refit(form: Form, data: Data, starts: Iterable[Array], *, search: bool = True) -> Fit | None:
    """Returns the form with the constants that fit a run best; None where it has no value on the domain.

    Args:
        form: The form.
        data: The run's projection.
        starts: Values of θ to start from; the best result counts.
        search: Whether θ is searched; else only the linear constants are fitted.
    """
    best: tuple[float, list[float]] | None = None
    for start in starts:
        theta = _searched(form, data, start) if search and len(start) else start
        p = _linear(form, data, theta)
        if p is None:
            continue
        r2 = weighted_r2(data.y, form.values(data.columns, p), data.weights)
        if best is None or r2 > best[0]:
            best = r2, p
    if best is None or not np.isfinite(best[0]):
        return None
    errors = _errors(form, data, best[1]) if search else [np.inf] * len(best[1])
    return Fit(tuple(best[1]), tuple(errors), best[0])


def _linear(form: Form, data: Data, theta: Array) -> list[float] | None:
    """Returns p with the offset and coefficients that fit best for θ."""
    rest = data.y.copy()
    free = [np.ones_like(data.y)] if form.offset else []
    columns = [*data.columns, *_scalars(theta)]
    for coefficient, term in form.terms:
        values = evaluate(term, columns)
        if not np.all(np.isfinite(values)):
            return None
        if coefficient is None:
            free.append(values)
        else:
            rest -= coefficient * values
    if not free:
        return form.merged([], theta)
    linear = weighted_least_squares(np.column_stack(free), rest, data.weights)
    return None if linear is None else form.merged(linear.tolist(), theta)


def _searched(form: Form, data: Data, start: Array) -> Array:
    from scipy.optimize import least_squares

    root = np.sqrt(data.weights) / (float(np.std(data.y)) or 1.0)
    far = np.full(len(data.y), 1e3)

    scales = np.array(form.scales)

    def theta_of(z: Array) -> Array:
        """What keeps its sign is searched by its logarithm."""
        return np.where(scales, np.exp(np.where(scales, z, 0.0)), z)

    def residuals(z: Array) -> Array:
        p = _linear(form, data, theta_of(z))
        if p is None:
            return far
        values = form.values(data.columns, p)
        return (data.y - values) * root if np.all(np.isfinite(values)) else far

    first = np.where(scales, np.log(np.where(scales, start, 1.0)), start)
    scale = np.where(scales, 1.0, np.maximum(np.abs(start), 1e-6))
    found = least_squares(residuals, first, x_scale=scale, max_nfev=_MOST_EVALUATIONS, xtol=1e-10, ftol=1e-12)
    return theta_of(np.asarray(found.x, dtype=np.float64))


def _errors(form: Form, data: Data, p: Sequence[float]) -> list[float]:
    """Returns the standard errors of the constants."""
    slopes = []
    for j, value in enumerate(p):
        step = _STEP * (abs(value) or 1.0)
        up, down = ([*p[:j], value + sign * step, *p[j + 1 :]] for sign in (1.0, -1.0))
        slopes.append((form.values(data.columns, up) - form.values(data.columns, down)) / (2.0 * step))
    jacobian = np.array(slopes) * np.sqrt(data.weights)
    sizes = np.sqrt(np.sum(jacobian**2, axis=1))
    if not np.all(np.isfinite(jacobian)) or np.any(sizes == 0.0):
        return [np.inf] * len(p)
    scaled = jacobian / sizes[:, None]
    information = scaled @ scaled.T
    if np.linalg.cond(information) > _SINGULAR:
        return [np.inf] * len(p)
    variances = np.diag(np.linalg.inv(information)) / sizes**2
    return [float(v) for v in data.error * np.sqrt(variances)]
