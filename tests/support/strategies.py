"""Hypothesis strategies for formulas, and how far two correct evaluations of the same formula may differ."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from deepcave_symbolic.formulas.expression import Node, constant, evaluate, variable, variables
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.axis import Axis

#: Names that are keywords, sympy objects, functions of the grammar, code, markup or invisible.
NAMES = [
    "learning_rate",
    "x",
    "lambda",
    "E",
    "S",
    "N",
    "I",
    "C",
    "gamma",
    "np",
    "exp",
    "log10",
    "match",
    "classifier:lr",
    "classifier:adaboost:learning_rate",
    "a:b",
    "x 1",
    "1",
    "x1",
    "x²",
    "α",
    "৴",
    "__import__('os').system('x')",
    "it's",
    'say "hi"',
    "back\\slash",
    'quote\\"d',
    "\\u0041",
    "two\nlines",
    "<b>",
    "&amp;",
    "]]>",
    "$\\alpha$",
    "{brace",
    "50%_#~^",
    "a|b",
    "a·b",
    "x - 1",
    "\u200fright-to-left",
    "",
]

names = st.sampled_from(NAMES)

_BINARY = ["+", "-", "*", "/"]
_UNARY = ["neg", "sqrt", "exp", "log", "log10", "abs", "tanh"]
_EXPONENTS = [-3.0, -2.0, -1.0, -0.5, 0.5, 2.0, 3.0, 12.0, 100.0, 1.5, -1.002, 0.37, 0.0]


def numbers() -> st.SearchStrategy[float]:
    """Constants of one to four significant digits, as formulas show them."""
    digits = st.integers(-9999, 9999).filter(bool)
    return st.tuples(digits, st.integers(-7, 3)).map(lambda parts: float(f"{parts[0]}e{parts[1]}"))


def trees(n_variables: int, max_leaves: int = 8) -> st.SearchStrategy[Node]:
    """Trees of the grammar; a function or operator of numbers alone does not occur in a formula."""

    def with_variable(op: str, *args: Node) -> Node:
        return Node(op, args if any(variables(a) for a in args) else (variable(0), *args[1:]))

    def extend(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
        return st.one_of(
            st.builds(with_variable, st.sampled_from(_BINARY), children, children),
            st.builds(with_variable, st.just("^"), children, st.sampled_from(_EXPONENTS).map(constant)),
            st.builds(with_variable, st.sampled_from(_UNARY), children),
        )

    leaves = st.one_of(
        st.builds(constant, numbers()), st.integers(0, n_variables - 1).map(variable), st.just(variable(0))
    )
    return st.recursive(leaves, extend, max_leaves=max_leaves)


def axes(name: str) -> st.SearchStrategy[Axis]:
    """Positive ranges: floats and integers, linear and logarithmic."""
    floats = [(low, low * factor, False) for low in (1e-6, 0.001, 0.5, 20.0) for factor in (1.5, 10.0, 1e4)]
    integers = [(1.0, 2.0, True), (1.0, 1000.0, True), (8.0, 256.0, True)]
    return st.builds(
        lambda bounds, log: Axis(name, bounds[0], bounds[1], log=log, integer=bounds[2]),
        st.sampled_from(floats + integers),
        st.booleans(),
    )


@st.composite
def formulas(draw: st.DrawFn, max_leaves: int = 8) -> Formula:
    """Formulas of one or two hyperparameters with any name."""
    chosen = draw(names.map(lambda name: [name]) | st.tuples(names, names).filter(lambda pair: pair[0] != pair[1]))
    return Formula(
        tree=draw(trees(len(chosen), max_leaves)),
        axes=tuple(draw(axes(name)) for name in chosen),
        objective=draw(names),
        r2=0.123456789,
        rmse=1e-12,
        engine="exhaustive",
        trials_r2=draw(st.sampled_from([None, 0.5])),
    )


def points(formula: Formula, n: int = 9) -> dict[str, Array]:
    """Points of the domain, without symmetry between the hyperparameters."""
    rng = np.random.default_rng(3)
    result = {}
    for axis in formula.axes:
        low, high = axis.to_coordinate(np.array([axis.lower, axis.upper]))
        u = rng.uniform(low, high, n)
        x = np.clip(10.0**u if axis.log else u, axis.lower, axis.upper)
        result[axis.name] = np.round(x) if axis.integer else x
    return result


def rounding_bound(node: Node, columns: list[Array], unit: float = 1e-13) -> Array:
    """How far two floating-point evaluations may differ, to first order; infinite where cancellation leaves it open.

    Another order of the same operations changes every result by a relative `unit`; derivatives carry that upwards.
    """
    with np.errstate(all="ignore"):
        bound = _bound(node, columns, unit)
    return np.where(np.isnan(bound), np.inf, bound)


def _bound(node: Node, columns: list[Array], unit: float) -> Array:
    value = evaluate(node, columns)
    if node.op in ("const", "var"):
        return np.zeros_like(value)
    args = [evaluate(a, columns) for a in node.args]
    errors = [_bound(a, columns, unit) for a in node.args]
    a, e = args[0], errors[0]
    if node.op in ("+", "-"):
        carried = e + errors[1]
    elif node.op == "*":
        carried = np.abs(a) * errors[1] + np.abs(args[1]) * e
    elif node.op == "/":
        carried = (e + np.abs(value) * errors[1]) / np.abs(args[1])
    elif node.op == "^":
        p = args[1]
        carried = np.abs(p * np.power(np.abs(a), p - 1.0)) * e
    elif node.op in ("neg", "abs", "tanh"):
        carried = e
    elif node.op == "exp":
        carried = value * e
    elif node.op == "sqrt":
        carried = e / np.abs(2.0 * value)
    else:
        carried = e / np.abs(a) / (np.log(10.0) if node.op == "log10" else 1.0)
    result = np.asarray(carried + unit * np.abs(value))
    # Undefined for certain (log of a number clearly below zero) agrees as NaN; near the border it may go either way.
    if node.op in ("sqrt", "log", "log10", "^"):
        result = np.where(np.isnan(value) & (a + 2 * e < 0), 0.0, result)
        result = np.where((e > 0) & (np.abs(a) <= 2 * e), np.inf, result)
    extreme = (np.abs(value) > 1e150) | ((value != 0) & (np.abs(value) < 1e-150))
    return np.where(extreme, np.inf, result)
