"""A formula's optimum beside the run's incumbent."""

from __future__ import annotations

import math

import numpy as np

from deepcave_symbolic.findings.evidence import Evidence
from deepcave_symbolic.findings.optimum.branch_and_bound import Best
from deepcave_symbolic.findings.optimum.expectation import FLOOR, Expectation, Expected
from deepcave_symbolic.findings.optimum.optimum import Optimum
from deepcave_symbolic.findings.optimum.words import sentence
from deepcave_symbolic.formulas.expression import evaluate, variables
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.projection import Incumbent


def compare_with_incumbent(
    formula: Formula,
    best: Best,
    incumbent: Incumbent | None,
    *,
    maximize: bool,
    here: Expected | None = None,
    there: Expected | None = None,
    evidence: Evidence | None = None,
) -> Optimum:
    """Returns the formula's optimum beside the incumbent.

    A constant formula has no optimum to compare; see `expectation` for when the two disagree.

    Args:
        formula: The formula.
        best: Where it is best.
        incumbent: The run's incumbent; its cost is shown, not compared.
        maximize: Whether more is better.
        here: What the surrogate expects at the formula's optimum; None where it was not asked.
        there: What it expects at the incumbent.
        evidence: The trials, which say whether any lies near the optimum; None where they are not at hand.
    """
    values = None if incumbent is None else incumbent.values
    expectation = Expectation(best, values, here, there, floor=FLOOR * best.range)
    has_optimum = bool(variables(formula.tree)) and math.isfinite(best.value)
    is_told = evidence is None or evidence.effect() != "untold"
    is_known = has_optimum and is_told and here is not None and (values is not None or expectation.is_off)
    return Optimum(
        values=best.values,
        value=best.value,
        certified=best.certified,
        incumbent=values,
        incumbent_cost=None if incumbent is None else incumbent.cost,
        value_at_incumbent=None if values is None else _value_at(formula, values),
        disagrees=expectation.is_off or expectation.are_apart if is_known else None,
        sentence=sentence(formula, expectation, evidence, maximize=maximize),
        plateau=best.plateau,
        is_elsewhere=expectation.are_apart if is_known and values is not None else None,
    )


def _value_at(formula: Formula, point: tuple[float, ...]) -> float | None:
    """Returns the formula at a point in natural units; None where it has no value."""
    value = float(evaluate(formula.tree, [np.array([x]) for x in point])[0])
    return value if math.isfinite(value) else None
