"""A formula's optimum beside the run's incumbent."""

from __future__ import annotations

import math

import numpy as np

from deepcave_symbolic.findings.optimum.branch_and_bound import find_optimum, range_of
from deepcave_symbolic.findings.optimum.comparison import FLOOR, Comparison
from deepcave_symbolic.findings.optimum.optimum import Optimum
from deepcave_symbolic.findings.optimum.surrogate import At, Expected
from deepcave_symbolic.findings.optimum.words import sentence
from deepcave_symbolic.formulas.expression import evaluate, variables
from deepcave_symbolic.formulas.formula import Formula


def compare_with_incumbent(
    formula: Formula,
    *,
    maximize: bool,
    incumbent: tuple[float, ...] | None,
    incumbent_cost: float | None,
    mean_at: At,
    std_at: At,
) -> Optimum:
    """Returns the formula's optimum beside the incumbent.

    A constant formula has no optimum to compare; see `comparison` for when the two disagree.

    Args:
        formula: The formula.
        maximize: Whether more is better.
        incumbent: The incumbent's values in natural units, in the order of the axes.
        incumbent_cost: The objective of the incumbent's whole configuration; shown, not compared.
        mean_at: The projection's mean at points of shape (n, k), natural units.
        std_at: Its standard deviation there.
    """
    best = find_optimum(formula, maximize=maximize, near=incumbent)
    comparison = Comparison(
        best=best,
        incumbent=incumbent,
        here=Expected.at(best.values, mean_at, std_at),
        there=None if incumbent is None else Expected.at(incumbent, mean_at, std_at),
        floor=FLOOR * range_of(formula),
    )
    at_incumbent = None
    if incumbent is not None:
        at_incumbent = float(evaluate(formula.tree, [np.array([v]) for v in incumbent])[0])
    has_optimum = bool(variables(formula.tree)) and math.isfinite(best.value)
    is_known = has_optimum and (incumbent is not None or comparison.is_off)
    return Optimum(
        values=best.values,
        value=best.value,
        certified=best.certified,
        incumbent=incumbent,
        incumbent_cost=incumbent_cost,
        value_at_incumbent=at_incumbent,
        disagrees=comparison.is_off or comparison.are_apart if is_known else None,
        sentence=sentence(formula, comparison, maximize=maximize),
    )
