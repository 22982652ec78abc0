"""Expression trees: the one representation of a formula that is shown, plotted, scored and exported.

Notation:
    x_i: variable i, a column of numbers; its unit is the caller's (search coordinates inside an engine, natural units
        in a `Formula`).
    node: an immutable tree of constants, variables and the operators of `OPERATORS`.

sympy is not used here: it re-orders and distributes on construction, so that text and value would drift apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from deepcave_symbolic.exceptions import FormulaError
from deepcave_symbolic.numeric.arrays import Array

__all__ = [
    "CASES",
    "FUNCTIONS",
    "OPERATORS",
    "Node",
    "Operator",
    "agree",
    "cases",
    "check_variables",
    "complexity",
    "constant",
    "constants",
    "evaluate",
    "function",
    "is_inverse_place",
    "is_place",
    "is_square",
    "longest_case",
    "map_constants",
    "operators",
    "power",
    "resolve_cases",
    "substitute",
    "variable",
    "variables",
]


MAX_DEPTH = 100
MAX_NODES = 2000


@dataclass(frozen=True)
class Operator:
    """An operator of the grammar.

    Args:
        arity: Number of arguments.
        cost: Whether it counts as an operator: 1, of a sign 0.
        evaluate: The NumPy function that computes it.
    """

    arity: int
    cost: int
    evaluate: Callable[..., Any]


#: The operators of the project: every binary operator, function and power counts 1, a sign 0.
OPERATORS: dict[str, Operator] = {
    "+": Operator(2, 1, np.add),
    "-": Operator(2, 1, np.subtract),
    "*": Operator(2, 1, np.multiply),
    "/": Operator(2, 1, np.divide),
    "^": Operator(2, 1, np.power),
    "neg": Operator(1, 0, np.negative),
    "sqrt": Operator(1, 1, np.sqrt),
    "exp": Operator(1, 1, np.exp),
    "log": Operator(1, 1, np.log),
    "log10": Operator(1, 1, np.log10),
    "abs": Operator(1, 1, np.abs),
    "tanh": Operator(1, 1, np.tanh),
    "sin": Operator(1, 1, np.sin),
    "cos": Operator(1, 1, np.cos),
}

#: One expression per choice of a categorical hyperparameter: a variable that holds the number of the choice (from 0),
#: then an expression for each. Every expression that differs from those before it costs 1, the first nothing.
CASES = "cases"

#: The operators written as a function of one argument.
FUNCTIONS = ("sqrt", "exp", "log", "log10", "abs", "tanh", "sin", "cos")


@dataclass(frozen=True)
class Node:
    """A node of an expression tree: a constant, a variable or an operator with its arguments.

    Args:
        op: "const", "var", `CASES` or a key of `OPERATORS`.
        args: The arguments of an operator.
        value: The number of a constant or the index of a variable.
    """

    op: str
    args: tuple[Node, ...] = ()
    value: float = 0.0

    @property
    def is_constant(self) -> bool:
        """Whether this node is a number."""
        return self.op == "const"

    @property
    def is_variable(self) -> bool:
        """Whether this node is a variable."""
        return self.op == "var"

    @cached_property
    def n_operators(self) -> int:
        """See `complexity`, which is asked for again and again."""
        return _count_operators(self)

    @cached_property
    def n_nodes(self) -> int:
        """See `complexity`."""
        return _count_nodes(self)

    @cached_property
    def variables(self) -> frozenset[int]:
        """See `variables`, likewise."""
        return frozenset(int(node.value) for node in walk(self) if node.is_variable)

    def __add__(self, other: Node | float) -> Node:
        return Node("+", (self, _as_node(other)))

    def __radd__(self, other: float) -> Node:
        return Node("+", (_as_node(other), self))

    def __sub__(self, other: Node | float) -> Node:
        return Node("-", (self, _as_node(other)))

    def __rsub__(self, other: float) -> Node:
        return Node("-", (_as_node(other), self))

    def __mul__(self, other: Node | float) -> Node:
        return Node("*", (self, _as_node(other)))

    def __rmul__(self, other: float) -> Node:
        return Node("*", (_as_node(other), self))

    def __truediv__(self, other: Node | float) -> Node:
        return Node("/", (self, _as_node(other)))

    def __rtruediv__(self, other: float) -> Node:
        return Node("/", (_as_node(other), self))

    def __neg__(self) -> Node:
        return Node("neg", (self,))

    def encoded(self) -> Any:
        """Returns the tree as nested lists: a number, ["x", index] or [operator, argument, ...]."""
        if self.is_constant:
            return self.value
        if self.is_variable:
            return ["x", int(self.value)]
        return [self.op, *(arg.encoded() for arg in self.args)]

    @classmethod
    def decoded(cls, data: Any) -> Node:
        """Reads what `encoded` wrote.

        Args:
            data: Nested lists of numbers and strings; anything else is refused.

        Raises:
            FormulaError: If the data is not such a tree, too deep, too large or not finite.
        """
        return _decoded(data, 0, [MAX_NODES])


def constant(value: float) -> Node:
    """Returns a number as a node."""
    return Node("const", (), float(value))


def variable(index: int) -> Node:
    """Returns variable `index` as a node."""
    return Node("var", (), float(index))


def function(name: str, argument: Node) -> Node:
    """Returns `name(argument)`, where `name` is one of `FUNCTIONS`."""
    return Node(name, (argument,))


def is_place(node: Node) -> bool:
    """Returns whether a node is a hyperparameter over its place, x/x0."""
    return node.op == "/" and node.args[0].is_variable and node.args[1].is_constant


def is_inverse_place(node: Node) -> bool:
    """Returns whether a node is a place over its hyperparameter, x0/x."""
    return node.op == "/" and node.args[0].is_constant and node.args[1].is_variable


def is_square(node: Node) -> bool:
    """Returns whether a node is the square of its first argument."""
    return node.op == "^" and node.args[1].is_constant and node.args[1].value == 2.0


def cases(index: int, branches: Sequence[Node]) -> Node:
    """Returns the expression that is branch j where variable `index` is j."""
    return Node(CASES, (variable(index), *branches))


def power(base: Node, exponent: float) -> Node:
    """Returns the base raised to a constant exponent."""
    return Node("^", (base, constant(exponent)))


def _as_node(value: Node | float) -> Node:
    return value if isinstance(value, Node) else constant(value)


def evaluate(node: Node, columns: Sequence[Array]) -> Array:
    """Computes the expression row by row.

    Args:
        node: The expression.
        columns: One array of shape (n,) per variable.

    Returns:
        Values of shape (n,). NaN or infinity where the expression is undefined; nothing is protected.
    """
    with np.errstate(all="ignore"):
        result = _evaluate(node, columns)
    shape = np.shape(columns[0]) if len(columns) else ()
    if isinstance(result, np.ndarray) and result.shape == shape and not node.is_variable:
        return result
    return np.broadcast_to(np.asarray(result, dtype=np.float64), shape).copy()


def evaluate_every_node(node: Node, columns: Sequence[Array]) -> dict[int, Any]:
    """Computes an expression and everything below it at once.

    Args:
        node: The expression; it must live as long as what is returned.
        columns: As of `evaluate`.

    Returns:
        By `id` of every node its values, of shape (n,), of a constant its number.
    """
    values: dict[int, Any] = {}
    with np.errstate(all="ignore"):
        _evaluate(node, columns, values)
    return values


def agree(one: Node, other: Node, columns: Sequence[Array], tolerance: float) -> bool:
    """Returns whether two expressions have the same values at some points, undefined where the other one is.

    Args:
        one: An expression.
        other: Another one.
        columns: One array of shape (n,) per variable.
        tolerance: How far the values may be apart, relative to them and, a tenth of it, to the largest.
    """
    values, others = evaluate(one, columns), evaluate(other, columns)
    sizes = np.abs(values)
    scale = np.max(sizes, initial=0.0, where=np.isfinite(sizes))
    with np.errstate(invalid="ignore"):  # infinite minus infinite
        near = np.abs(values - others) <= tolerance * (np.minimum(sizes, scale) + 0.1 * max(scale, 1e-300))
    return bool(np.all(near | (values == others) | (np.isnan(values) & np.isnan(others))))


def _evaluate(node: Node, columns: Sequence[Array], kept: dict[int, Any] | None = None) -> Any:
    op, args = node.op, node.args
    if op == "const":
        result: Any = node.value
    elif op == "var":
        result = columns[int(node.value)]
    elif op == CASES:
        selector = columns[int(args[0].value)]
        result = np.select(
            [selector == j for j in range(len(args) - 1)],
            [np.broadcast_to(_evaluate(arg, columns, kept), selector.shape) for arg in args[1:]],
            np.nan,
        )
    elif len(args) == 1:
        result = OPERATORS[op].evaluate(_evaluate(args[0], columns, kept))
    else:
        result = OPERATORS[op].evaluate(_evaluate(args[0], columns, kept), _evaluate(args[1], columns, kept))
    if kept is not None:
        kept[id(node)] = result
    return result


def _count_operators(node: Node) -> int:
    if not node.args:
        return 0
    if node.op == CASES:
        distinct = list(dict.fromkeys(node.args[1:]))
        return len(distinct) - 1 + sum(map(_count_operators, distinct))
    return OPERATORS[node.op].cost + sum(map(_count_operators, node.args))


def _count_nodes(node: Node) -> int:
    if not node.args:
        return 1
    if node.op == CASES:
        distinct = list(dict.fromkeys(node.args[1:]))
        return len(distinct) - 1 + sum(map(_count_nodes, distinct))
    if is_place(node):
        return 2
    if is_square(node):
        return 1 + _count_nodes(node.args[0])
    return OPERATORS[node.op].cost + sum(map(_count_nodes, node.args))


def complexity(node: Node) -> int:
    """Returns the number of nodes: what has to be read.

    Operators, functions (a square is one), constants and hyperparameters count 1, signs 0, a hyperparameter over its
    place 2 (no division). Of cases each different expression counts once, and 1 for every one beyond the first.
    """
    return node.n_nodes


def operators(node: Node) -> int:
    """Returns the number of operators: binary operators, functions and powers count 1, signs and numbers 0.

    Cases count as in `complexity`.
    """
    return node.n_operators


def longest_case(node: Node) -> int:
    """Returns how many nodes a reader meets for one choice: the complexity without the other cases."""
    if node.op == CASES:
        return max(map(longest_case, node.args[1:]))
    # As in `complexity`, which holds for what has no cases in it.
    if not any(arg.op == CASES for arg in walk(node)):
        return node.n_nodes
    return OPERATORS[node.op].cost + sum(map(longest_case, node.args))


def resolve_cases(node: Node, index: int, choice: int) -> Node:
    """Returns the tree for one choice of the categorical variable `index`."""
    if node.op == CASES and int(node.args[0].value) == index:
        return resolve_cases(node.args[1 + choice], index, choice)
    return Node(node.op, tuple(resolve_cases(arg, index, choice) for arg in node.args), node.value)


def walk(node: Node) -> Iterator[Node]:
    """Yields the node and everything below it, depth first."""
    left = [node]
    while left:
        node = left.pop()
        yield node
        left += node.args[::-1]


def constants(node: Node) -> list[float]:
    """Returns the numbers in the expression, in reading order."""
    return [n.value for n in walk(node) if n.is_constant]


def variables(node: Node) -> frozenset[int]:
    """Returns the indices of the variables that occur."""
    return node.variables


def map_constants(node: Node, change: Callable[[float], float]) -> Node:
    """Returns the tree with every number changed."""
    if node.is_constant:
        return constant(change(node.value))
    return Node(node.op, tuple(map_constants(arg, change) for arg in node.args), node.value)


def substitute(node: Node, replacements: dict[int, Node]) -> Node:
    """Returns the tree with variables replaced by expressions."""
    if node.is_variable:
        return replacements.get(int(node.value), node)
    return Node(node.op, tuple(substitute(arg, replacements) for arg in node.args), node.value)


def check_variables(node: Node, n: int) -> None:
    """Raises FormulaError for a variable that is none of n."""
    if max(variables(node), default=0) >= n:
        raise FormulaError(f"A variable of the formula has no index below {n}.")


def _decoded(item: Any, depth: int, left: list[int]) -> Node:
    left[0] -= 1
    if depth > MAX_DEPTH or left[0] < 0:
        raise FormulaError(f"The formula's tree is larger than {MAX_NODES} nodes or deeper than {MAX_DEPTH}; refused.")
    if isinstance(item, (int, float)) and not isinstance(item, bool):
        try:
            value = float(item)
        except OverflowError:
            value = math.inf
        if not math.isfinite(value):
            raise FormulaError(f"A constant of the formula is {value}; expected a finite number.")
        return constant(value)
    if not isinstance(item, (list, tuple)) or not item or not isinstance(item[0], str):
        raise FormulaError(
            f"A formula's tree is a number or a list that starts with an operator; found {type(item).__name__}."
        )
    op, args = item[0], item[1:]
    if op == "x":
        if len(args) != 1 or type(args[0]) is not int or args[0] < 0:
            raise FormulaError("A variable of the formula has no whole number from 0 as its index.")
        return variable(args[0])
    read = tuple(_decoded(arg, depth + 1, left) for arg in args)
    if op == CASES:
        if len(read) < 3 or not read[0].is_variable:
            raise FormulaError("Cases in the formula's tree need a variable and an expression per choice.")
    elif op not in OPERATORS or len(args) != OPERATORS[op].arity:
        raise FormulaError(f"Unknown operator {op!r:.40} with {len(args)} arguments in the formula's tree.")
    return Node(op, read)
