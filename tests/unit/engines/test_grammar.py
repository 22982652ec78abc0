"""What the grammar says a formula costs is what has to be read once it is in normal form."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from deepcave_symbolic.engines.exhaustive.atoms import BOTH, Box, Factor
from deepcave_symbolic.engines.exhaustive.candidates import to_node
from deepcave_symbolic.engines.exhaustive.fitting import Fit
from deepcave_symbolic.engines.exhaustive.grammar import Grammar, Term, columns_of, grammar
from deepcave_symbolic.engines.exhaustive.problems import Problem
from deepcave_symbolic.engines.protocol import KNOWN_FUNCTIONS
from deepcave_symbolic.formulas.expression import Node, complexity, is_place
from deepcave_symbolic.formulas.front import to_natural
from deepcave_symbolic.formulas.meaning.positions import positions
from deepcave_symbolic.formulas.normal_form import normal_form
from deepcave_symbolic.formulas.tidy import tidy
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.numeric.grids import product_columns
from deepcave_symbolic.space.axis import Axis

LOG, POSITIVE = Axis("lr", 1e-4, 10.0, log=True), Axis("n", 0.5, 8.0)
FROM_ZERO, SIGNED = Axis("dropout", 0.0, 0.9), Axis("shift", -2.0, 3.0)
#: Longer formulas are not searched.
LONGEST = 22
POWERS_OF_ONE = ("identity.raw", "square.raw", "sqrt.raw", "reciprocal.raw", "pow.raw", "exp.unit")


def table_of(axes: tuple[Axis, ...]) -> tuple[Grammar, Box]:
    low, high = np.array([axis.coordinate_bounds for axis in axes]).T
    signs = tuple(int(np.sign(value)) if value >= 0 else -1 for value in low)
    box = Box(low, high - low, tuple(axis.log for axis in axes))
    return grammar(frozenset(KNOWN_FUNCTIONS), box.log_scaled, signs, (40,) * len(axes)), box


def parameters(factor: Factor) -> Array:
    """A start, moved off the values at which constants vanish or are one."""
    start = factor.starts[len(factor.starts) // 2]
    return np.clip(start + 0.0137 * np.arange(1, len(start) + 1), factor.low, factor.high)


def written(term: Term, table: Grammar, box: Box, axes: tuple[Axis, ...]) -> Node | None:
    theta = np.concatenate([parameters(table.factors[index]) for index in term.factors])
    coefficients = np.array([0.71, 0.33, 0.57][: len(columns_of(term))])
    node = to_node(Fit(Problem((term,), theta), 0.37, coefficients, 0.1), table, box, 0.0, 1.0)
    assert node is not None
    grids = [axis.held_out_grid(9, axis.fit_grid(10)) for axis in axes]
    columns = product_columns(grids)
    return normal_form(tidy(to_natural(node, axes), columns), axes, columns)


def nodes_of_references(tree: Node) -> int:
    """x/x0 has one node more than x; (x - x0)/w has three more than x/w."""
    total = 0
    for position in positions(tree):
        parent = tree
        for i in position.path[:-1]:
            parent = parent.args[i]
        if position.kind == "reference":
            total += 1 if is_place(parent) else 3
    return total


def single_terms(table: Grammar) -> Iterator[Term]:
    # The first power of a sum of two is over its reference whatever the domain; the grammar counts that.
    return (Term((i,)) for i, factor in enumerate(table.factors) if factor.inner.name != "blend")


def products(table: Grammar) -> Iterator[Term]:
    for i, first in enumerate(table.factors):
        for j, second in enumerate(table.factors):
            if BOTH not in (first.var, second.var) and first.var != second.var:
                yield from (Term((i, j), form) for form in ("half", "full"))
                if i < j:
                    yield Term((i, j))
            elif first.key == "identity.powers" and second.var != BOTH and second.key not in POWERS_OF_ONE:
                yield Term((i, j))


def check(terms: Iterator[Term], axes: tuple[Axis, ...]) -> int:
    table, box = table_of(axes)
    seen = 0
    for term in terms:
        cost = 1 + table.term_cost(term)
        if cost > LONGEST:
            continue
        tree = written(term, table, box, axes)
        named = term.form, [table.factors[index].key for index in term.factors]
        assert tree is not None, named
        assert complexity(tree) == cost + nodes_of_references(tree), named
        seen += 1
    return seen


@pytest.mark.parametrize(
    "axes",
    [(LOG,), (POSITIVE,), (FROM_ZERO,), (SIGNED,), (LOG, LOG), (LOG, POSITIVE), (POSITIVE, POSITIVE), (LOG, FROM_ZERO)],
    ids=lambda axes: "-".join(axis.name for axis in axes),
)
def test_a_term_costs_the_nodes_of_its_normal_form(axes: tuple[Axis, ...]) -> None:
    table, _ = table_of(axes)
    assert check(single_terms(table), axes) >= len(table.factors) - 1


@pytest.mark.parametrize("axes", [(LOG, POSITIVE), (POSITIVE, FROM_ZERO)], ids=["lr-n", "n-dropout"])
def test_a_product_costs_the_nodes_of_its_normal_form(axes: tuple[Axis, ...]) -> None:
    table, _ = table_of(axes)
    assert check(products(table), axes) > 300


def test_what_has_no_normal_form_is_beyond_every_limit() -> None:
    table, _ = table_of((LOG, POSITIVE))
    by_key = {(factor.key, factor.var): index for index, factor in enumerate(table.factors)}
    ramp, power, step = by_key["log.mono", 0], by_key["pow.raw", 1], by_key["reciprocal.mono", 0]
    assert table.term_cost(Term((ramp,))) < LONGEST
    assert table.term_cost(Term((ramp, power))) > LONGEST
    assert table.term_cost(Term((step, power))) < LONGEST
    # A number beside a saturation.
    assert table.term_cost(Term((step, power), "half")) > LONGEST
    assert table.term_cost(Term((power, step), "half")) < LONGEST
