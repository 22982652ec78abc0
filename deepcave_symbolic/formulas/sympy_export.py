"""Exports an expression tree to sympy without letting sympy change it.

sympy distributes and re-orders on construction (2.5·(x - 223) becomes 2.5·x - 557.5), so every node is built
unevaluated. Symbols are objects made from the names as they are; no text is parsed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy
from sympy.codegen.cfunctions import log10

from deepcave_symbolic.formulas.expression import CASES, Node

__all__ = ["to_sympy"]

_FUNCTIONS = {
    "exp": sympy.exp,
    "log": sympy.log,
    "log10": log10,
    "abs": sympy.Abs,
    "tanh": sympy.tanh,
    "sin": sympy.sin,
    "cos": sympy.cos,
}


def to_sympy(node: Node, names: Sequence[str], choices: Mapping[int, Sequence[str]] | None = None) -> sympy.Expr:
    """Returns the tree as an unevaluated sympy expression over real symbols with these names.

    Args:
        node: The tree.
        names: Name of every variable.
        choices: The choices of the categorical variables, by index; each choice is a symbol, too.
    """
    labels = {i: [sympy.Symbol(label) for label in given] for i, given in (choices or {}).items()}
    symbols = [sympy.Symbol(name) if i in labels else sympy.Symbol(name, real=True) for i, name in enumerate(names)]
    return _convert(node, symbols, labels)


def _convert(node: Node, symbols: Sequence[sympy.Symbol], labels: Mapping[int, Sequence[sympy.Symbol]]) -> sympy.Expr:
    if node.op == CASES:
        index = int(node.args[0].value)
        pairs = [
            (_convert(branch, symbols, labels), sympy.Eq(symbols[index], label, evaluate=False))
            for branch, label in zip(node.args[1:], labels[index], strict=True)
        ]
        return sympy.Piecewise(*pairs, evaluate=False)
    if node.is_constant:
        return _number(node.value)
    if node.is_variable:
        return symbols[int(node.value)]
    if node.op == "neg":
        return _negative(_convert(node.args[0], symbols, labels))
    arguments = [_convert(arg, symbols, labels) for arg in node.args]
    if node.op == "+":
        return sympy.Add(*arguments, evaluate=False)
    if node.op == "-":
        return sympy.Add(arguments[0], _negative(arguments[1]), evaluate=False)
    if node.op == "*":
        return sympy.Mul(*arguments, evaluate=False)
    if node.op == "/":
        return sympy.Mul(arguments[0], sympy.Pow(arguments[1], -1, evaluate=False), evaluate=False)
    if node.op == "^":
        return sympy.Pow(*arguments, evaluate=False)
    if node.op == "sqrt":
        return sympy.Pow(arguments[0], sympy.Rational(1, 2), evaluate=False)
    return _FUNCTIONS[node.op](arguments[0], evaluate=False)


def _number(value: float) -> sympy.Expr:
    if value == round(value) and abs(value) < 1e15:
        return sympy.Integer(int(value))
    return sympy.Float(repr(value), 17)


def _negative(expression: sympy.Expr) -> sympy.Expr:
    if expression.is_Number:
        return -expression
    return sympy.Mul(sympy.Integer(-1), expression, evaluate=False)
