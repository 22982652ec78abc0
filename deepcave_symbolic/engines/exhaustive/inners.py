"""The arguments of atoms: shifted coordinates, ridges, quadratics, powers and sums with one.

Notation: see `atoms`. phi is the angle of a ridge on the unit box, tau the logarithm of the distance by which a
one-sided argument stays positive beyond the box, kappa = k * span a rate. A power x^p is a constant times
exp(kappa * l), with the logarithm l of x on the unit interval.
"""

from __future__ import annotations

import math

import numpy as np

from deepcave_symbolic.engines.exhaustive.atoms import (
    Box,
    Derivatives,
    Inner,
    Parameters,
    Points,
    monic,
    multiple,
)
from deepcave_symbolic.formulas.expression import Node, constant, function, power, variable
from deepcave_symbolic.numeric.arrays import Array

__all__ = [
    "BLEND",
    "CONE",
    "CORNER",
    "ELLIPSE",
    "LEFT",
    "LEVELLED",
    "MONO",
    "POWERS",
    "QUAD",
    "RAW",
    "RIDGE",
    "RIGHT",
    "SHIFT",
    "UNIT",
]


def _raw(points: Points, var: int, theta: Parameters) -> tuple[Array, Derivatives]:
    return points.u[var][None, :], []


def _unit(points: Points, var: int, theta: Parameters) -> tuple[Array, Derivatives]:
    return points.t[var][None, :], []


def _build_raw(box: Box, var: int, theta: list[float]) -> tuple[Node, float]:
    return variable(var), 1.0


def _build_unit(box: Box, var: int, theta: list[float]) -> tuple[Node, float]:
    # Only under exp, where the shift by the box's edge is a factor: z = (u - low) / span.
    return monic(variable(var), float(box.low[var])), 1.0 / float(box.span[var])


def _shift(points: Points, var: int, theta: Parameters) -> tuple[Array, Derivatives]:
    z = points.t[var] - theta[0]
    return z, [np.full_like(z, -1.0)]


def _build_shift(box: Box, var: int, theta: list[float]) -> tuple[Node, float]:
    span = float(box.span[var])
    shift = float(box.low[var]) + span * theta[0]
    # A shift far below what the fit can tell from zero would only cost an operator.
    return monic(variable(var), shift if abs(shift) > 1e-7 * span else 0.0), 1.0 / span


def _left(points: Points, var: int, theta: Parameters) -> tuple[Array, Derivatives]:
    distance = np.exp(theta[0])
    z = points.t[var] + distance
    return z, [np.broadcast_to(distance, z.shape)]


def _build_left(box: Box, var: int, theta: list[float]) -> tuple[Node, float]:
    span = float(box.span[var])
    return monic(variable(var), float(box.low[var]) - span * math.exp(theta[0])), 1.0 / span


def _right(points: Points, var: int, theta: Parameters) -> tuple[Array, Derivatives]:
    distance = np.exp(theta[0])
    z = (1.0 - points.t[var]) + distance
    return z, [np.broadcast_to(distance, z.shape)]


def _build_right(box: Box, var: int, theta: list[float]) -> tuple[Node, float]:
    span = float(box.span[var])
    edge = float(box.low[var]) + span * (1.0 + math.exp(theta[0]))
    return Node("-", (constant(edge), variable(var))), 1.0 / span


def _quad(points: Points, var: int, theta: Parameters) -> tuple[Array, Derivatives]:
    centred, depth = points.t[var] - theta[0], np.exp(theta[1])
    z = centred * centred + depth
    return z, [-2.0 * centred, np.broadcast_to(depth, z.shape)]


def _build_quad(box: Box, var: int, theta: list[float]) -> tuple[Node, float]:
    base, scale = _build_shift(box, var, theta)
    return Node("+", (power(base, 2.0), constant(math.exp(theta[1]) / scale**2))), scale**2


def _logarithm(points: Points, var: int) -> Array:
    """Returns the logarithm of x, scaled to the unit interval; shape (n,)."""
    low, width = points.box.logarithms(var)
    scaled: Array = points.t[var] if points.box.log_scaled[var] else (np.log(points.u[var]) - low) / width
    return scaled


def _power_node(box: Box, var: int, kappa: float) -> tuple[Node, float]:
    """Returns x^p as a node, and the factor that makes it one at the box's lower edge."""
    low, width = box.logarithms(var)
    scale = math.exp(-kappa / width * low)
    if box.log_scaled[var]:
        return function("exp", multiple(kappa / float(box.span[var]), variable(var))), scale
    return power(variable(var), kappa / width), scale


def _mono(points: Points, var: int, theta: Parameters) -> tuple[Array, Derivatives]:
    kappa, centre = theta
    along = _logarithm(points, var)
    rising, level = np.exp(kappa * along), np.exp(kappa * centre)
    z = rising + level
    return z, [rising * along + level * centre, np.broadcast_to(level * kappa, z.shape)]


def _build_mono(box: Box, var: int, theta: list[float]) -> tuple[Node, float]:
    kappa, centre = theta
    node, scale = _power_node(box, var, kappa)
    return Node("+", (node, constant(math.exp(kappa * centre) / scale))), scale


def _powers(points: Points, var: int, theta: Parameters) -> tuple[Array, Derivatives]:
    first, second = _logarithm(points, 0), _logarithm(points, 1)
    z = np.exp(theta[0] * first + theta[1] * second)
    return z, [z * first, z * second]


def _build_powers(box: Box, var: int, theta: list[float]) -> tuple[Node, float]:
    (first, s), (second, r) = _power_node(box, 0, theta[0]), _power_node(box, 1, theta[1])
    return Node("*", (first, second)), s * r


def _levelled(points: Points, var: int, theta: Parameters) -> tuple[Array, Derivatives]:
    z, slopes = _powers(points, var, theta[:2])
    # The level is what x0^p * x1^q takes this share of its way from the lowest corner of the box to the highest.
    shares = [np.where(kappa > 0.0, theta[2], 1.0 - theta[2]) for kappa in theta[:2]]
    level = np.exp(theta[0] * shares[0] + theta[1] * shares[1])
    whole = np.abs(theta[0]) + np.abs(theta[1])
    return z + level, [
        slopes[0] + level * shares[0],
        slopes[1] + level * shares[1],
        np.broadcast_to(level * whole, z.shape),
    ]


def _build_levelled(box: Box, var: int, theta: list[float]) -> tuple[Node, float]:
    node, scale = _build_powers(box, var, theta)
    level = math.exp(sum(kappa * (theta[2] if kappa > 0.0 else 1.0 - theta[2]) for kappa in theta[:2]))
    return Node("+", (node, constant(level / scale))), scale


def _blend(points: Points, var: int, theta: Parameters) -> tuple[Array, Derivatives]:
    # Both powers are alike at the middle of the box where the weight is zero.
    first, second = _logarithm(points, 0), _logarithm(points, 1)
    one, other = np.exp(theta[0] * first), np.exp(theta[2] + 0.5 * (theta[0] - theta[1]) + theta[1] * second)
    return one + other, [one * first + 0.5 * other, other * (second - 0.5), other]


def _build_blend(box: Box, var: int, theta: list[float]) -> tuple[Node, float]:
    (first, s), (second, r) = _power_node(box, 0, theta[0]), _power_node(box, 1, theta[1])
    weight = math.exp(theta[2] + 0.5 * (theta[0] - theta[1])) * r / s
    return Node("+", (first, multiple(weight, second))), s


def _corner(points: Points, var: int, theta: Parameters) -> tuple[Array, Derivatives]:
    moved = [_logarithm(points, k) - theta[2 + k] for k in (0, 1)]
    one, other = np.exp(theta[0] * moved[0]), np.exp(theta[1] * moved[1])
    return one + other + 1.0, [one * moved[0], other * moved[1], -theta[0] * one, -theta[1] * other]


def _build_corner(box: Box, var: int, theta: list[float]) -> tuple[Node, float]:
    parts = []
    for k in (0, 1):
        node, scale = _power_node(box, k, theta[k])
        parts.append(multiple(math.exp(-theta[k] * theta[2 + k]) * scale, node))
    return Node("+", (Node("+", tuple(parts)), constant(1.0))), 1.0


def _slide(points: Points, phi: Array) -> tuple[Array, Array]:
    cosine, sine = np.cos(phi), np.sin(phi)
    t0, t1 = points.t
    return cosine * t0 + sine * t1, cosine * t1 - sine * t0


def _ridge(points: Points, var: int, theta: Parameters) -> tuple[Array, Derivatives]:
    along, turn = _slide(points, theta[0])
    return along - theta[1], [turn, np.full_like(along, -1.0)]


def _monic_ridge(box: Box, phi: float, shift: float) -> tuple[Node, float, float]:
    """Returns u0 + k*u1 without its shift, the shift, and the scale, for cos(phi)*t0 + sin(phi)*t1 - shift."""
    (low0, low1), (span0, span1) = box.low, box.span
    scale = math.cos(phi) / span0
    weight = math.tan(phi) * span0 / span1
    node = Node("+", (variable(0), multiple(float(weight), variable(1))))
    return node, float(shift / scale + low0 + weight * low1), float(scale)


def _build_ridge(box: Box, var: int, theta: list[float]) -> tuple[Node, float]:
    node, shift, scale = _monic_ridge(box, theta[0], theta[1])
    return monic(node, shift), scale


def _cone(points: Points, var: int, theta: Parameters) -> tuple[Array, Derivatives]:
    first, second, ratio = points.t[0] - theta[0], points.t[1] - theta[1], np.exp(theta[2])
    tail = ratio * second * second
    # The floor keeps the slope of a square root finite at the tip; it is far below what four digits show.
    return first * first + tail + 1e-12, [-2.0 * first + 0.0 * tail, -2.0 * ratio * second + 0.0 * first, tail]


def _ellipse(points: Points, var: int, theta: Parameters) -> tuple[Array, Derivatives]:
    z, slopes = _cone(points, var, theta[:3])
    depth = np.exp(theta[3])
    return z + depth, [*slopes, np.broadcast_to(depth, z.shape)]


def _build_cone(box: Box, var: int, theta: list[float]) -> tuple[Node, float]:
    base0, scale0 = _build_shift(box, 0, theta[:1])
    base1, scale1 = _build_shift(box, 1, theta[1:2])
    weight = math.exp(theta[2]) * (scale1 / scale0) ** 2
    return Node("+", (power(base0, 2.0), multiple(weight, power(base1, 2.0)))), scale0**2


def _build_ellipse(box: Box, var: int, theta: list[float]) -> tuple[Node, float]:
    node, scale = _build_cone(box, var, theta[:3])
    return Node("+", (node, constant(math.exp(theta[3]) / scale))), scale


RAW = Inner("raw", False, _raw, _build_raw)
UNIT = Inner("unit", False, _unit, _build_unit)
SHIFT = Inner("shift", False, _shift, _build_shift)
LEFT = Inner("left", True, _left, _build_left)
RIGHT = Inner("right", True, _right, _build_right)
QUAD = Inner("quad", True, _quad, _build_quad)
MONO = Inner("mono", True, _mono, _build_mono)
POWERS = Inner("powers", True, _powers, _build_powers, powers=2)
LEVELLED = Inner("levelled", True, _levelled, _build_levelled, powers=2)
BLEND = Inner("blend", True, _blend, _build_blend, powers=2)
CORNER = Inner("corner", True, _corner, _build_corner, powers=2)
RIDGE = Inner("ridge", False, _ridge, _build_ridge)
CONE = Inner("cone", True, _cone, _build_cone)
ELLIPSE = Inner("ellipse", True, _ellipse, _build_ellipse)
