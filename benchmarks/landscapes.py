"""Known landscapes that look like those of hyperparameter optimisation, each with its formula.

They were written for this benchmark, not taken from the search's tests; whoever writes the truths also wrote the
grammar, so "recovered" is evidence of what the pipeline keeps, not of what real landscapes are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ConfigSpace import ConfigurationSpace, Float, Integer

from deepcave_symbolic.formulas.expression import Node, complexity, constant, evaluate, function, power, variable
from deepcave_symbolic.formulas.normal_form import normal_form
from deepcave_symbolic.formulas.tidy import tidy
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.axis import Axis, axis_of

__all__ = ["LANDSCAPES", "Landscape"]

x0, x1 = variable(0), variable(1)
u0, u1 = function("log10", x0), function("log10", x1)


@dataclass(frozen=True)
class Landscape:
    """A cost as a known formula of one or two hyperparameters in natural units."""

    name: str
    truth: Node
    hyperparameters: tuple[Float | Integer, ...]

    @property
    def configspace(self) -> ConfigurationSpace:
        """The configuration space, new at each call because SMAC seeds it."""
        space = ConfigurationSpace()
        space.add(*self.hyperparameters)
        return space

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the hyperparameters in the order of the formula's variables."""
        return tuple(h.name for h in self.hyperparameters)

    @property
    def axes(self) -> list[Axis]:
        """The axes in the order of the formula's variables."""
        space = self.configspace
        return [axis_of(space, name) for name in self.names]

    @property
    def nodes(self) -> int:
        """Complexity of the truth in normal form."""
        columns = list(self.grid(21).T)
        return complexity(normal_form(tidy(self.truth, columns), self.axes, columns) or self.truth)

    def grid(self, n: int = 61) -> Array:
        """Returns a dense grid in natural units, shape (m, k)."""
        values = [axis.check_grid(n * n if len(self.hyperparameters) == 1 else n) for axis in self.axes]
        return np.column_stack([m.ravel() for m in np.meshgrid(*values, indexing="ij")])

    def cost(self, x: Array) -> Array:
        """Returns the true cost at points in natural units, shape (m, k) -> (m,)."""
        return evaluate(self.truth, [np.ascontiguousarray(c) for c in np.atleast_2d(x).T])

    @property
    def spread(self) -> float:
        """Standard deviation of the true cost over the domain."""
        return float(np.std(self.cost(self.grid())))


def _c(value: float) -> Node:
    return constant(value)


LANDSCAPES: tuple[Landscape, ...] = (
    Landscape(
        "valley in log(learning rate)",
        _c(0.12) + _c(0.04) * power(u0 + 2.5, 2),
        (Float("learning_rate", (1e-5, 1.0), log=True),),
    ),
    Landscape(
        "diminishing returns in trees",
        _c(0.08) + _c(0.9) * power(x0, -0.6),
        (Integer("n_estimators", (5, 500), log=True),),
    ),
    Landscape(
        "switch in log(C)",
        _c(0.35) - _c(0.2) * function("tanh", _c(1.8) * (u0 + 0.5)),
        (Float("C", (1e-3, 1e3), log=True),),
    ),
    Landscape(
        "V in log(weight decay)",
        _c(0.2) + _c(0.05) * function("abs", u0 + 3.2),
        (Float("weight_decay", (1e-6, 1e-1), log=True),),
    ),
    Landscape(
        "learning curve in epochs",
        _c(0.15) + _c(0.55) * function("exp", _c(-0.07) * x0),
        (Integer("epochs", (1, 81)),),
    ),
    Landscape(
        "optimum in dropout",
        _c(0.21) + _c(0.9) * power(x0 - 0.35, 2),
        (Float("dropout", (0.0, 0.9)),),
    ),
    Landscape(
        "bowl of C and gamma",
        _c(0.1) + _c(0.03) * power(u0 - 1, 2) + _c(0.05) * power(u1 + 2, 2),
        (Float("C", (1e-2, 1e3), log=True), Float("gamma", (1e-4, 1.0), log=True)),
    ),
    Landscape(
        "ridge of C·gamma",
        _c(0.15) + _c(0.04) * power(u0 + u1 + 1.3, 2),
        (Float("C", (1e-2, 1e3), log=True), Float("gamma", (1e-4, 1.0), log=True)),
    ),
    Landscape(
        "interaction of two rates",
        _c(0.5) - _c(0.4) * (x0 * x1),
        (Float("subsample", (0.0, 1.0)), Float("colsample", (0.0, 1.0))),
    ),
    Landscape(
        "saturation and slope",
        _c(0.3) + _c(0.03) * u1 - _c(0.06) / (x0 + 0.3),
        (Float("momentum", (0.0, 1.0)), Float("alpha", (1e-6, 1.0), log=True)),
    ),
    Landscape(
        "plane of log and linear",
        _c(0.4) - _c(0.06) * u0 + _c(0.25) * x1,
        (Float("tol", (1e-5, 1e-1), log=True), Float("dropout", (0.0, 0.8))),
    ),
    Landscape(
        "trees and a valley",
        _c(0.09) + _c(0.5) * power(x0, -0.5) + _c(0.03) * power(u1 + 1, 2),
        (Integer("n_estimators", (10, 500), log=True), Float("learning_rate", (1e-3, 1.0), log=True)),
    ),
    Landscape(
        "skewed valley: exponential beside a line",
        _c(0.1) + _c(0.3) * function("exp", _c(-6.0) * x0) + _c(0.2) * x0,
        (Float("max_features", (0.05, 1.0)),),
    ),
    Landscape(
        "ridge with unequal slopes",
        _c(0.18) + _c(0.12) * function("abs", (x0 - _c(0.6) * x1) - 0.1),
        (Float("min_split", (0.0, 1.0)), Float("min_leaf", (0.0, 1.0))),
    ),
)
