"""The optimum of a formula is not beaten, and the incumbent is judged by what the surrogate knows."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace, ForbiddenGreaterThanRelation, Integer
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from deepcave_symbolic.exceptions import FormulaError
from deepcave_symbolic.findings.optimum import Expected, Optimum, compare_with_incumbent, find_optimum
from deepcave_symbolic.formulas.expression import Node, constant, evaluate, function, power
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.projection import Incumbent
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.words.names import shown_name
from small_formulas import GAMMA, LR, MOMENTUM, SIZE, UNITS, C, X, Y, formula, log10
from strategies import NAMES, formulas


def dense(f: Formula, n: int) -> list[Array]:
    return [m.ravel() for m in np.meshgrid(*(axis.check_grid(n) for axis in f.axes), indexing="ij")]


@pytest.mark.slow
@settings(max_examples=25)
@given(formulas(), st.booleans())
@pytest.mark.filterwarnings("error")
def test_no_point_of_a_dense_grid_is_better(f: Formula, maximize: bool) -> None:
    columns = dense(f, 1500 if len(f.axes) == 1 else 60)
    grid = evaluate(f.tree, columns)
    assume(np.all(np.isfinite(grid)))
    values, value, certified, *_ = found = find_optimum(f, maximize=maximize)
    assert find_optimum(f, maximize=maximize) == found
    assert all(axis.contains(np.array([v]))[0] for axis, v in zip(f.axes, values, strict=True))
    assert value == evaluate(f.tree, [np.array([v]) for v in values])[0]
    gain = (np.max(grid) - value) if maximize else (value - np.min(grid))
    slack = (1e-3 * np.ptp(grid) if certified else 0.02 * np.ptp(grid)) + 1e-9 * np.max(np.abs(grid))
    assert gain <= slack


@pytest.mark.parametrize(
    ("tree", "axes", "maximize", "values", "value"),
    [
        (power(log10(X) + 2.68, 2) + 0.13, (LR,), False, (10**-2.68,), 0.13),
        (power(log10(X) + 2.0, 2), (LR,), True, (1e-4,), 4.0),
        (1.0 - function("abs", X - 0.321), (MOMENTUM,), True, (0.321,), 1.0),
        (power(X - 63.4, 2), (UNITS,), False, (63.0,), 0.16),
        (power(X - 1.2, 2), (SIZE,), False, (1.0,), 0.04),
        (power(X - 4999.7, 2), (Axis("n", 1.0, 9999.0, integer=True),), False, (5000.0,), 0.09),
        (power(X - 63.4, 2) + power(log10(Y) + 1.0, 2), (UNITS, GAMMA), False, (63.0, 0.1), 0.16),
        (power(X - 63.4, 2) + Y, (UNITS, SIZE), False, (63.0, 0.0), 0.16),
        (power(log10(X) - 1.0, 2) + power(log10(X) + log10(Y), 2), (C, GAMMA), False, (10.0, 0.1), 0.0),
        (
            -0.00022 / (function("sqrt", X) * (power(log10(X) + 4.2, 2) + 0.66)),
            (Axis("a", 1e-6, 1.0, log=True),),
            False,
            (1e-6,),
            -0.0564102564,
        ),
        (X * Y, (C, GAMMA), True, (1000.0, 1.0), 1000.0),
    ],
)
def test_known_optima(
    tree: Node, axes: tuple[Axis, ...], maximize: bool, values: tuple[float, ...], value: float
) -> None:
    found, best, certified, *_ = find_optimum(formula(tree, *axes), maximize=maximize)
    assert certified
    np.testing.assert_allclose(found, values, rtol=1e-4)
    assert best == pytest.approx(value, abs=1e-6)


def test_a_needle_between_the_grid_points_is_found() -> None:
    needle = function("exp", -1e8 * power(X - 0.500123, 2))
    (x,), value, certified, *_ = find_optimum(formula(X + 5.0 * needle, MOMENTUM), maximize=True)
    assert certified
    assert x == pytest.approx(0.500123, abs=1e-5)
    assert value == pytest.approx(5.5, abs=1e-3)


def test_a_pole_is_not_certified() -> None:
    _, _, certified, *_ = find_optimum(formula(1.0 / (X - 0.3141), MOMENTUM), maximize=False)
    assert not certified


def test_a_formula_without_any_value_has_no_optimum() -> None:
    _, value, certified, *_ = find_optimum(formula(function("log", -1.0 - X), MOMENTUM), maximize=False)
    assert np.isnan(value)
    assert not certified


def test_a_plateau_prefers_the_point_nearest_to_the_incumbent() -> None:
    f = formula(function("tanh", 40.0 * (X - 0.3)), MOMENTUM)
    (x,), value, certified, *_ = find_optimum(f, maximize=True, near=(0.8,))
    assert (x, certified) == (0.8, True)
    assert value == pytest.approx(1.0)
    assert find_optimum(f, maximize=True, near=(0.1,))[0][0] == pytest.approx(0.43, abs=0.02)
    # It is a stretch up to the end, and of the falling side no part of it.
    ((start, end),) = find_optimum(f, maximize=True).plateau
    assert (start, end) == (pytest.approx(0.43, abs=0.02), 1.0)
    # A vertex is no plateau.
    vertex = formula(power(X - 0.3, 2), MOMENTUM)
    assert find_optimum(vertex, maximize=False, near=(0.305,))[0][0] == pytest.approx(0.3, abs=1e-4)
    assert find_optimum(vertex, maximize=False).plateau == ()
    # Nor are two places that are as good.
    two = formula(power(function("abs", X - 0.5) - 0.3, 2), MOMENTUM)
    assert find_optimum(two, maximize=False, near=(0.8,)).plateau == ()
    # An incumbent that is no value of the domain is never returned.
    units = formula(constant(1.0), UNITS)
    assert find_optimum(units, maximize=False, near=(9.4,))[0] == (9.0,)


def test_a_forbidden_optimum_gives_way_to_the_best_allowed_point() -> None:
    cs = ConfigurationSpace()
    a, b = Integer("a", (1, 10)), Integer("b", (1, 10))
    cs.add(a, b, ForbiddenGreaterThanRelation(b, a))
    axes = Axis("a", 1.0, 10.0, integer=True), Axis("b", 1.0, 10.0, integer=True)
    f = formula(X - 2.0 * Y, *axes)
    assert find_optimum(f, maximize=False)[0] == (1.0, 10.0)
    values, value, *_ = find_optimum(f.within(cs), maximize=False)
    assert (values, value) == ((10.0, 10.0), -10.0)
    assert find_optimum(f.within(cs), maximize=False, near=(2.0, 9.0))[0] == (10.0, 10.0)


def test_a_forbidden_optimum_of_a_continuous_space_is_not_certified() -> None:
    from ConfigSpace import Float

    cs = ConfigurationSpace()
    a, b = Float("a", (0.0, 1.0)), Float("b", (0.0, 1.0))
    cs.add(a, b, ForbiddenGreaterThanRelation(b, a))
    f = formula(X - 2.0 * Y, Axis("a", 0.0, 1.0), Axis("b", 0.0, 1.0)).within(cs)
    values, value, certified, *_ = find_optimum(f, maximize=False)
    assert (values, value, certified) == ((1.0, 1.0), -1.0, False)
    assert find_optimum(replace(f, tree=2.0 * Y - X), maximize=False)[2]


def test_the_search_is_quick(boxes: list[int]) -> None:
    tree = 52.0 + 46.0 / (power(X, 0.46) * (log10(Y) + 4.4)) + 19.0 * power(Y, 0.68)
    assert find_optimum(formula(tree, C, GAMMA), maximize=False)[2]
    assert 0 < sum(boxes) < 1000


# --- beside the incumbent -----------------------------------------------------------------------------------------

TREE = power(log10(X) + 2.68, 2) + 0.13


def compare(
    tree: Node = TREE,
    *axes: Axis,
    maximize: bool = False,
    incumbent: tuple[float, ...] | None = (0.0019,),
    mean: Callable[..., float] | None = None,
    std: Callable[..., float] = lambda *x: 0.02,
) -> Optimum:
    """Returns a formula's optimum beside an incumbent, under a surrogate with a given mean (the formula's) and std."""
    f = formula(tree, *axes)
    found = find_optimum(f, maximize=maximize, near=incumbent)

    def expected(point: tuple[float, ...]) -> Expected:
        value = float(evaluate(tree, [np.array([x]) for x in point])[0]) if mean is None else mean(*point)
        return Expected(value, std(*point))

    return compare_with_incumbent(
        f,
        found,
        None if incumbent is None else Incumbent(incumbent, 0.1),
        maximize=maximize,
        here=expected(found.values),
        there=None if incumbent is None else expected(incumbent),
    )


def test_an_incumbent_as_good_agrees() -> None:
    found = compare()
    assert found.disagrees is False
    assert found.certified
    assert found.incumbent_cost == 0.1
    assert found.value_at_incumbent == pytest.approx(0.1317, abs=1e-3)
    assert found.sentence == (
        "The formula is lowest at learning_rate ≈ 0.0021 (cost ≈ 0.13); the incumbent has 0.0019, as good within the "
        "surrogate's uncertainty."
    )


def test_an_incumbent_that_the_surrogate_finds_worse_disagrees() -> None:
    found = compare(incumbent=(0.01,))
    assert found.disagrees is True and found.is_elsewhere is True
    assert found.sentence == (
        "The formula is lowest at learning_rate ≈ 0.0021 (cost ≈ 0.13); the incumbent has 0.01, where the surrogate "
        "expects 0.59 ± 0.02, against 0.13 ± 0.02 at the formula's optimum: they disagree."
    )


def test_an_optimum_that_the_surrogate_does_not_see_disagrees() -> None:
    found = compare(mean=lambda x: 0.3)
    assert found.disagrees is True and found.is_elsewhere is False
    assert found.sentence == (
        "The formula is lowest at learning_rate ≈ 0.0021 (cost ≈ 0.13), where the surrogate expects 0.3 ± 0.02: "
        "formula and surrogate disagree; the incumbent has 0.0019."
    )


def test_the_threshold_is_the_root_mean_square_of_both_uncertainties() -> None:
    stds = {True: 0.1, False: 0.02}
    for gap, disagrees in ((0.071, False), (0.073, True)):
        found = compare(
            incumbent=(0.5,),
            mean=lambda x, gap=gap: 0.13 + gap if x > 0.1 else 0.13,
            std=lambda x: stds[x > 0.1],
        )
        assert found.disagrees is disagrees


@pytest.mark.parametrize("std", [0.0, 1e-9])
@pytest.mark.parametrize("place", [10**-2.68, 0.01], ids=["optimum", "incumbent"])
def test_a_certain_surrogate_may_be_off_by_what_rounding_costs(place: float, std: float) -> None:
    def compared(share: float) -> Optimum:
        """The surrogate is flat but for one place, where it is off by a share of the formula's range."""
        return compare(
            incumbent=(0.01,),
            mean=lambda x: 0.13 + share * 2.68**2 * (abs(np.log10(x / place)) < 0.01),
            std=lambda x: std,
        )

    assert [compared(share).disagrees for share in (-0.0099, 0.0, 0.0099)] == [False] * 3
    assert [compared(share).disagrees for share in (-0.0101, 0.0101)] == [True] * 2
    assert compared(0.005).sentence.endswith("the incumbent has 0.01, as good within 1 % of the formula's range.")
    assert compared(0.0).sentence.endswith("as good within the surrogate's uncertainty.")


def test_beyond_the_floor_the_uncertainty_decides() -> None:
    for std, disagrees in ((0.1, True), (0.2, False)):
        found = compare(mean=lambda x: 0.28, std=lambda x, std=std: std)
        assert found.disagrees is disagrees


def test_the_floor_follows_the_allowed_part_of_the_domain() -> None:
    # Above the diagonal, where the formula is larger by far, nothing may be tried.
    cs = ConfigurationSpace()
    a, b = Integer("a", (1, 10)), Integer("b", (1, 10))
    cs.add(a, b, ForbiddenGreaterThanRelation(b, a))
    axes = Axis("a", 1.0, 10.0, integer=True), Axis("b", 1.0, 10.0, integer=True)
    f = formula(X + 1e6 * function("abs", Y - X) + 1e6 * (Y - X), *axes)
    assert find_optimum(f, maximize=True).range == pytest.approx(1.8e7, rel=1e-3)
    assert find_optimum(f.within(cs), maximize=True).range == pytest.approx(9.0)


def test_without_an_incumbent_nothing_is_compared() -> None:
    found = compare(incumbent=None)
    assert (found.disagrees, found.incumbent, found.value_at_incumbent) == (None, None, None)
    assert found.sentence == "The formula is lowest at learning_rate ≈ 0.0021 (cost ≈ 0.13)."


def test_a_rising_formula_that_starts_flat_is_lowest_on_a_stretch() -> None:
    found = compare(0.5 + 0.5 * function("tanh", 5.0 * (log10(X) + 1.0)), incumbent=(0.0019,))
    assert found.sentence == (
        "The formula is lowest, and flat, from learning_rate ≈ 0.0001 to ≈ 0.012 (cost ≈ 3.35e-8); the incumbent has "
        "0.0019, as good within the surrogate's uncertainty."
    )
    ((start, end),) = found.plateau
    assert start == 1e-4 and end == pytest.approx(0.012, rel=0.05)


def test_what_is_not_in_the_formula_has_no_optimum() -> None:
    found = compare(TREE, LR, SIZE, incumbent=(0.0019, 1.0))
    assert found.sentence == (
        "The formula is lowest at learning_rate ≈ 0.0021, whatever size is (cost ≈ 0.13); the incumbent has "
        "learning_rate 0.0019, as good within the surrogate's uncertainty."
    )


@pytest.mark.parametrize(
    ("mean", "std", "resolution", "text"),
    [
        (0.03314142013621331, 4e-18, 1e-4, "0.0331"),
        (0.03314142013621331, 4e-18, 0.0, "0.0331414"),
        (0.0, 0.0, 0.0, "0"),
        (74.3, 140.0, 4.0, "70 ± 140"),
        (0.2109, 0.03, 1e-3, "0.21 ± 0.03"),
        (1234.56, 0.2, 1.0, "1234.6 ± 0.2"),
        (1234.56, 1e-3, 1.0, "1235"),
        (math.nan, math.nan, 1.0, "nothing"),
    ],
)
def test_what_the_surrogate_expects_has_the_digits_that_count(
    mean: float, std: float, resolution: float, text: str
) -> None:
    assert Expected(mean, std).shown(resolution) == text


def test_a_constant_formula_prefers_nothing() -> None:
    found = compare(constant(0.4))
    assert found.disagrees is None
    assert found.values == (0.0019,)
    assert found.sentence == "The formula is the same everywhere (cost ≈ 0.4) and prefers no value."


def test_two_hyperparameters_maximized_with_labels() -> None:
    tree = 3.0 - power(log10(X) - 1.0, 2) - power(Y - 1.0, 2)
    found = compare(tree, C, SIZE, maximize=True, incumbent=(10.0, 1.0))
    assert found.sentence == (
        "The formula is highest at C ≈ 10 and size = medium (cost ≈ 3), which is where the incumbent is."
    )
    other = compare(tree, C, SIZE, maximize=True, incumbent=(100.0, 2.0))
    assert other.disagrees is True
    assert 'the incumbent has C 100 and size "very large", where the surrogate expects 1 ± 0.02' in other.sentence


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_are_shown_as_in_the_formula(name: str) -> None:
    f = replace(formula(TREE), axes=(replace(LR, name=name),), objective=name)
    found = compare_with_incumbent(f, find_optimum(f, maximize=False), Incumbent((0.0019,), 0.1), maximize=False)
    assert f"at {shown_name(name)} ≈ 0.0021 ({shown_name(name)} ≈ 0.13)" in found.sentence


@pytest.mark.parametrize(
    "found",
    [compare(), compare(incumbent=None), compare(function("log", -1.0 - X))],
    ids=["full", "no incumbent", "undefined"],
)
def test_round_trip_through_json(found: Optimum) -> None:
    back = Optimum.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False)))
    assert back == found and hash(back) == hash(found)


@pytest.mark.parametrize(
    "change", [{"values": None}, {"values": ["a"]}, {"sentence": 3}, {"certified": 1}, {"disagrees": "no"}]
)
def test_from_dict_refuses_what_is_no_optimum(change: dict[str, Any]) -> None:
    with pytest.raises(FormulaError):
        Optimum.from_dict({**compare().to_dict(), **change})


def test_without_a_surrogate_nothing_is_said_of_what_it_expects() -> None:
    f = formula(TREE)
    found = compare_with_incumbent(f, find_optimum(f, maximize=False), Incumbent((0.01,), 0.1), maximize=False)
    assert found.disagrees is None
    assert found.sentence == "The formula is lowest at learning_rate ≈ 0.0021 (cost ≈ 0.13); the incumbent has 0.01."
