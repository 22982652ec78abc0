"""The sympy expression of a run's formula: the same values as its own, with choices and conditions as cases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float

from deepcave_symbolic import RunFormula
from deepcave_symbolic.formulas.expression import CASES, Node, constant, function, power, variable
from deepcave_symbolic.space.axis import axis_of
from deepcave_symbolic.whole_run import Part
from deepcave_symbolic.whole_run.link import Link
from deepcave_symbolic.whole_run.saturation import Saturation


def space() -> ConfigurationSpace:
    made = ConfigurationSpace()
    made.add(Float("lr", (1e-4, 1.0), log=True), Float("momentum", (0.0, 1.0)), Categorical("solver", ["adam", "sgd"]))
    made.add(EqualsCondition(made["momentum"], made["solver"], "sgd"))
    return made


def formula(saturation: Saturation | None, link: Link) -> RunFormula:
    lr, momentum, solver = (axis_of(space(), name) for name in ("lr", "momentum", "solver"))
    ratio = Node("/", (variable(0), constant(0.01)))
    parts = (
        Part(Node("*", (constant(0.3), power(function("log10", ratio), 2.0))), (lr,), "cost", 0.5),
        Part(Node(CASES, (variable(0), constant(-0.2), constant(0.1))), (solver,), "cost", 0.2),
        Part(Node("-", (variable(0), constant(0.45))), (momentum,), "cost", 0.1, ("solver is sgd",)),
    )
    return RunFormula("cost", 0.25, parts, r2=0.9, rmse=0.1, link=link, saturation=saturation)


@pytest.mark.parametrize("link", ["identity", "log10"])
@pytest.mark.parametrize("saturation", [None, Saturation(0.5, 0.35)])
def test_same_values(saturation: Saturation | None, link: Link) -> None:
    made = formula(saturation, link)
    solver, lr, momentum = sympy.Symbol("solver"), *sympy.symbols("lr momentum", real=True)
    for row in ({"lr": 0.003, "solver": "adam"}, {"lr": 0.7, "solver": "sgd", "momentum": 0.9}):
        cases: dict[Any, Any] = {
            sympy.Eq(solver, sympy.Symbol(name), evaluate=False): sympy.S(name == row["solver"])
            for name in ("adam", "sgd")
        }
        cases[sympy.Symbol("solver is sgd")] = sympy.S(row["solver"] == "sgd")
        found = made.expression.xreplace(cases).subs({lr: row["lr"], momentum: row.get("momentum", sympy.nan)}).doit()
        assert float(found) == pytest.approx(made.predict([row])[0], rel=1e-12)


def test_digits_and_parts_stay() -> None:
    made = formula(None, "identity")
    terms = {part.expression for part in made.parts}
    assert sympy.Float("0.25", 17) in made.expression.atoms(sympy.Float)
    assert terms <= set(sympy.preorder_traversal(made.expression))
    assert np.isfinite(float(made.parts[0].expression.subs({sympy.Symbol("lr", real=True): 0.1})))
