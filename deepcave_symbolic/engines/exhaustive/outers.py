"""The functions of atoms: what is applied to an argument z, with derivatives and the node it is written as.

Notation: see `atoms`. Every function here is homogeneous, or its scale is absorbed in a parameter, so that z = s * node
can be written with a monic node.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from deepcave_symbolic.engines.exhaustive.atoms import Built, Derivatives, Outer, Parameters, multiple
from deepcave_symbolic.formulas.expression import Node, function, power
from deepcave_symbolic.numeric.arrays import Array

__all__ = ["ABS", "COS", "EXP", "GAUSS", "IDENTITY", "LOG", "POW", "RECIPROCAL", "SIN", "SQRT", "SQUARE", "TANH"]

Evaluated = tuple[Array, Array, Derivatives]


def _identity(z: Array, unit: float, theta: Parameters) -> Evaluated:
    return z, np.ones_like(z), []


def _square(z: Array, unit: float, theta: Parameters) -> Evaluated:
    return z * z, 2.0 * z, []


def _abs(z: Array, unit: float, theta: Parameters) -> Evaluated:
    return np.abs(z), np.sign(z), []


def _tanh(z: Array, unit: float, theta: Parameters) -> Evaluated:
    value = np.tanh(theta[0] * z)
    slope = 1.0 - value * value
    return value, theta[0] * slope, [z * slope]


def _exp(z: Array, unit: float, theta: Parameters) -> Evaluated:
    value = np.exp(theta[0] * z)
    return value, theta[0] * value, [z * value]


def _gauss(z: Array, unit: float, theta: Parameters) -> Evaluated:
    squared = z * z
    rate = np.exp(theta[0])
    value = np.exp(-rate * squared)
    return value, -2.0 * rate * z * value, [-rate * squared * value]


def _sqrt(z: Array, unit: float, theta: Parameters) -> Evaluated:
    value = np.sqrt(z)
    return value, 0.5 / np.maximum(value, 1e-12), []


def _log(z: Array, unit: float, theta: Parameters) -> Evaluated:
    # In true units, because in a product with another atom a shift of the logarithm is not absorbed by the intercept.
    return np.log(z) + math.log(unit), 1.0 / z, []


def _reciprocal(z: Array, unit: float, theta: Parameters) -> Evaluated:
    value = 1.0 / z
    return value, -value * value, []


def _pow(z: Array, unit: float, theta: Parameters) -> Evaluated:
    logarithm = np.log(z)
    value = np.exp(theta[0] * logarithm)
    return value, theta[0] * value / z, [value * logarithm]


def _sin(z: Array, unit: float, theta: Parameters) -> Evaluated:
    value, slope = np.sin(theta[0] * z), np.cos(theta[0] * z)
    return value, theta[0] * slope, [z * slope]


def _cos(z: Array, unit: float, theta: Parameters) -> Evaluated:
    value, slope = np.cos(theta[0] * z), -np.sin(theta[0] * z)
    return value, theta[0] * slope, [z * slope]


def _build_identity(node: Node, s: float, unit: float, theta: list[float]) -> Built:
    return Built(node, s)


def _build_square(node: Node, s: float, unit: float, theta: list[float]) -> Built:
    return Built(power(node, 2.0), s * s)


def _build_abs(node: Node, s: float, unit: float, theta: list[float]) -> Built:
    return Built(function("abs", node), s)


def _build_exp(node: Node, s: float, unit: float, theta: list[float]) -> Built:
    # exp(k * (u - low)) = exp(-k * low) * exp(k * u): the shift becomes a factor.
    rate = theta[0] * s
    shift = node.args[1].value if node.op == "-" else 0.0
    free = node.args[0] if node.op == "-" else node
    return Built(function("exp", multiple(rate, free)), math.exp(-rate * shift))


def _build_gauss(node: Node, s: float, unit: float, theta: list[float]) -> Built:
    return Built(function("exp", multiple(-math.exp(theta[0]) * s * s, power(node, 2.0))), 1.0)


def _build_sqrt(node: Node, s: float, unit: float, theta: list[float]) -> Built:
    return Built(function("sqrt", node), math.sqrt(s))


def _build_log(node: Node, s: float, unit: float, theta: list[float]) -> Built:
    return Built(function("log", node), 1.0, offset=math.log(s * unit) if abs(s * unit - 1.0) > 1e-12 else 0.0)


def _build_reciprocal(node: Node, s: float, unit: float, theta: list[float]) -> Built:
    return Built(node, 1.0 / s, divides=True)


def _build_pow(node: Node, s: float, unit: float, theta: list[float]) -> Built:
    exponent = theta[0]
    if exponent in (-0.5, -1.0, -2.0):
        root = {-0.5: function("sqrt", node), -1.0: node, -2.0: power(node, 2.0)}[exponent]
        return Built(root, s**exponent, divides=True)
    return Built(function("sqrt", node) if exponent == 0.5 else power(node, exponent), s**exponent)


def _build_of_multiple(name: str, node: Node, s: float, unit: float, theta: list[float]) -> Built:
    return Built(function(name, multiple(theta[0] * s, node)), 1.0)


IDENTITY = Outer("identity", (), _identity, _build_identity)
SQUARE = Outer("square", ("square",), _square, _build_square)
ABS = Outer("abs", ("abs",), _abs, _build_abs)
TANH = Outer("tanh", ("tanh",), _tanh, partial(_build_of_multiple, "tanh"))
EXP = Outer("exp", ("exp",), _exp, _build_exp)
GAUSS = Outer("gauss", ("exp", "square"), _gauss, _build_gauss)
SQRT = Outer("sqrt", ("sqrt",), _sqrt, _build_sqrt)
LOG = Outer("log", ("log",), _log, _build_log)
RECIPROCAL = Outer("reciprocal", (), _reciprocal, _build_reciprocal, divides=True)
POW = Outer("pow", ("pow",), _pow, _build_pow)
SIN = Outer("sin", ("sin",), _sin, partial(_build_of_multiple, "sin"))
COS = Outer("cos", ("cos",), _cos, partial(_build_of_multiple, "cos"))
