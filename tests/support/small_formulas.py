"""Axes, and formulas over them, that tests write down."""

from __future__ import annotations

from typing import Any

from deepcave_symbolic.formulas.expression import Node, function, variable
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.space.axis import Axis

X, Y = variable(0), variable(1)
LR = Axis("learning_rate", 1e-4, 1.0, log=True)
UNITS = Axis("n_units", 8.0, 256.0, integer=True)
MOMENTUM = Axis("momentum", 0.0, 1.0)
SIZE = Axis("size", 0.0, 2.0, integer=True, values=(0.0, 1.0, 2.0), labels=("small", "medium", "very large"))
C, GAMMA = Axis("C", 1.0, 1000.0, log=True), Axis("gamma", 1e-3, 1.0, log=True)


def formula(tree: Node, *axes: Axis, objective: str = "cost", **fields: Any) -> Formula:
    values: dict[str, Any] = {"r2": 0.9, "rmse": 0.01, "engine": "exhaustive", **fields}
    return Formula(tree, axes or (LR,), objective, **values)


def log10(node: Node) -> Node:
    return function("log10", node)
