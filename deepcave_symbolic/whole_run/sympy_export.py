"""Exports the formula of a run to sympy, without letting sympy change it; see `formulas/sympy_export.py`."""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from deepcave_symbolic.formulas.expression import constant
from deepcave_symbolic.formulas.sympy_export import to_sympy
from deepcave_symbolic.whole_run.link import Link
from deepcave_symbolic.whole_run.part import Part
from deepcave_symbolic.whole_run.saturation import Saturation

__all__ = ["formula_expression"]


def formula_expression(level: float, parts: Sequence[Part], saturation: Saturation | None, link: Link) -> sympy.Expr:
    """Returns a level and parts as one unevaluated expression of the objective; see `RunFormula`."""
    total = _number(level)
    for part in parts:
        total = _sum(total, _where_it_counts(part))
    if saturation is not None:
        step = sympy.tanh(total, evaluate=False)
        total = _sum(_number(saturation.middle), sympy.Mul(_number(saturation.half), step, evaluate=False))
    return total if link == "identity" else sympy.Pow(sympy.Integer(10), total, evaluate=False)


def _where_it_counts(part: Part) -> sympy.Expr:
    """Returns a part, 0 where its conditions do not hold."""
    if not part.conditions:
        return part.expression
    counts = sympy.And(*map(sympy.Symbol, part.conditions))
    return sympy.Piecewise((part.expression, counts), (sympy.Integer(0), True), evaluate=False)


def _sum(a: sympy.Expr, b: sympy.Expr) -> sympy.Expr:
    return sympy.Add(a, b, evaluate=False)


def _number(value: float) -> sympy.Expr:
    return to_sympy(constant(value), ())
