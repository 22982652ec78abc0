"""The constants that a form gets: exactly those that made the points, wherever they can be told."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from deepcave_symbolic.exceptions import InvalidArgumentError, UnknownNameError
from deepcave_symbolic.formulas.expression import evaluate, variable
from deepcave_symbolic.formulas.front import Target
from deepcave_symbolic.formulas.own_form.constant_roles import is_linear, role_of
from deepcave_symbolic.formulas.own_form.free_constants import FittedForm, fit_constants
from deepcave_symbolic.formulas.own_form.parsing import parse_form
from deepcave_symbolic.formulas.printing import to_text
from deepcave_symbolic.numeric.arrays import columns_of
from deepcave_symbolic.numeric.grids import product_of
from deepcave_symbolic.numeric.weighted import weighted_r2
from deepcave_symbolic.space.axis import Axis
from small_formulas import GAMMA, LR, MOMENTUM, SIZE, UNITS, C
from strategies import NAMES

N = Axis("n", 1.0, 1000.0, integer=True)
LAYERS = Axis("n_layers", 1.0, 3.0, integer=True)


def target(text: str, axes: tuple[Axis, ...], *, noise: float = 0.0, **numbers: float) -> Target:
    """Points of a form with these numbers for its constants."""
    form = parse_form(text, [axis.name for axis in axes])
    x = product_of([axis.fit_grid(50 if len(axes) == 1 else 15) for axis in axes])
    y = evaluate(form.with_numbers(numbers), columns_of(x))
    y = y + noise * np.std(y) * np.random.default_rng(1).normal(size=len(y))
    return Target(axes, "cost", x, y, x, y)


def fit(text: str, points: Target, **fields: Any) -> FittedForm:
    return fit_constants(parse_form(text, [axis.name for axis in points.axes]), points, **fields)


@pytest.mark.parametrize(
    ("text", "axes", "numbers"),
    [
        ("a + b*log10(C/c)**2", (C,), {"a": 0.1, "b": 0.03, "c": 107.0}),
        ("a + b*(log10(C) - c)**2", (C,), {"a": 0.1, "b": 0.03, "c": 2.03}),
        ("a - b*n**p", (N,), {"a": 1.5, "b": 0.557, "p": 0.124}),
        ("a - b*n**p", (N,), {"a": 1.5, "b": -3.0, "p": -0.7}),
        ("a + b/(1 + (learning_rate/x0)**p)", (LR,), {"a": 0.05, "b": 0.3, "x0": 0.0044, "p": 1.34}),
        ("a + b/(learning_rate**p + c)", (LR,), {"a": 0.1, "b": 1.36e-6, "c": 4.66e-6, "p": 1.34}),
        ("a + b*exp(-n/t)", (N,), {"a": 0.05, "b": 0.3, "t": 14.0}),
        ("a + b*exp(k*n)", (N,), {"a": 0.05, "b": 0.3, "k": -0.003}),
        ("a + b*c**n", (N,), {"a": 0.05, "b": 0.3, "c": 0.98}),
        ("a + b*tanh((log10(learning_rate) - c)/w)", (LR,), {"a": 0.1, "b": 0.03, "c": -2.5, "w": 0.4}),
        ("a + b*exp(-((momentum - x0)/w)²)", (MOMENTUM,), {"a": 0.1, "b": 0.5, "x0": 0.3, "w": 0.1}),
        ("a + b*|momentum - c|", (MOMENTUM,), {"a": 0.1, "b": 0.2, "c": 0.37}),
        ("a + b*log10(C/x0)**2 + c*momentum", (C, MOMENTUM), {"a": 0.1, "b": 0.03, "x0": 33.0, "c": -0.4}),
        ("a + b*log10(C*gamma**q/x0)**2", (C, GAMMA), {"a": 0.1, "b": 0.03, "q": 0.5, "x0": 4.0}),
        ("a*C**p*gamma**q", (C, GAMMA), {"a": 0.1, "p": 0.3, "q": -0.2}),
        ("exp(a + b*n_units)", (UNITS,), {"a": -2.0, "b": -0.01}),
        ("level", (LR,), {"level": 0.25}),
        ("a + b*size", (SIZE,), {"a": 0.25, "b": 1e-9}),
        ("a + b*momentum", (MOMENTUM,), {"a": 1e9, "b": 1e5}),
    ],
)
def test_constants_are_recovered(text: str, axes: tuple[Axis, ...], numbers: dict[str, float]) -> None:
    points = target(text, axes, **numbers)
    fitted = fit(text, points)
    assert fitted.constants == pytest.approx(numbers, rel=1e-5)
    assert fitted.unsettled == ()
    assert weighted_r2(points.y, evaluate(fitted.tree, columns_of(points.x)), None) > 1 - 1e-10


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("a", "b", "x0")])
def test_any_name_of_a_hyperparameter_will_do(name: str) -> None:
    axis = replace(LR, name=name)
    text = f"a + b*log10({to_text(variable(0), [name])}/x0)²"
    fitted = fit(text, target(text, (axis,), a=0.1, b=0.03, x0=0.02))
    assert fitted.constants == pytest.approx({"a": 0.1, "b": 0.03, "x0": 0.02}, rel=1e-6)


def test_fixed_constants_stay() -> None:
    text = "a + b*log10(C/c)**2"
    fitted = fit(text, target(text, (C,), a=0.1, b=0.03, c=107.0), fixed={"c": 100})
    assert fitted.constants["c"] == 100.0
    assert to_text(fitted.tree, ["C"]).endswith("·log10(C/100)²")
    everything = fit("a + b*C", target("C", (C,)), fixed={"a": 1.5, "b": np.float32(2.0)})
    assert to_text(everything.tree, ["C"]) == "1.5 + 2·C"


def test_of_two_ways_to_write_a_curve_the_positive_one_is_taken() -> None:
    text = "a + b/(1 + (learning_rate/x0)**p)"
    points = target(text, (LR,), a=0.35, b=-0.3, x0=0.01, p=-2.0)
    for seed in range(5):
        assert fit(text, points, seed=seed).constants == pytest.approx({"a": 0.05, "b": 0.3, "x0": 0.01, "p": 2.0})


def test_noise_moves_the_constants_a_little_and_the_seed_nothing() -> None:
    text = "a + b*log10(C/c)**2"
    points = target(text, (C,), noise=0.05, a=0.1, b=0.03, c=107.0)
    fitted = fit(text, points, seed=1)
    assert fitted == fit(text, points, seed=1)
    assert fitted.constants == pytest.approx(fit(text, points, seed=2).constants, rel=1e-6)
    assert fitted.constants == pytest.approx({"a": 0.1, "b": 0.03, "c": 107.0}, rel=0.1)


def test_weights_count() -> None:
    points = target("a*momentum", (MOMENTUM,), a=1.0)
    bent = replace(points, y=np.where(points.x[:, 0] > 0.5, 5.0, points.y), weights=1.0 * (points.x[:, 0] <= 0.5))
    assert fit("a*momentum**p", bent).constants == pytest.approx({"a": 1.0, "p": 1.0})


def test_constants_that_make_up_for_each_other_are_named() -> None:
    text = "a + b*((momentum - x0)/w)**2"
    points = target(text, (MOMENTUM,), a=0.1, b=0.03, x0=0.3, w=0.2)
    assert fit(text, points).unsettled == ("b", "w")
    assert fit(text, points, fixed={"w": 0.2}).constants == pytest.approx({"a": 0.1, "b": 0.03, "x0": 0.3, "w": 0.2})
    assert fit("a + b*momentum + c", points).unsettled == ("a", "c")


def test_no_pole_between_two_points() -> None:
    points = target("a + b/(momentum + c)", (MOMENTUM,), a=0.0, b=1.0, c=0.2)
    jump = replace(points, y=np.where(points.x[:, 0] < 0.5, -1.0, 1.0))
    fitted = fit("a + b/(momentum - c)", jump)
    assert not 0.0 <= fitted.constants["c"] <= 1.0


def test_what_cannot_be_fitted_is_said() -> None:
    points = target("momentum", (MOMENTUM,))
    with pytest.raises(UnknownNameError, match=r"Unknown constant 'd'\. .*Known: 'a', 'c'"):
        fit("a*momentum**c", points, fixed={"d": 1.0})
    for bad in (math.nan, "3", True, None, 10**400):
        with pytest.raises(InvalidArgumentError, match=r"The constant c is .*; expected a finite number"):
            fit("a*momentum**c", points, fixed={"c": bad})
    with pytest.raises(InvalidArgumentError, match=r"not defined on the domain \(momentum in \[0, 1\]\)"):
        fit("a + b*log10(momentum/c)", points)
    with pytest.raises(InvalidArgumentError, match="not defined on the domain"):
        fit("1/momentum", points)
    with pytest.raises(InvalidArgumentError, match=r"4 free constants \(a, b, c, d\) for 3 points"):
        fit("a + b*n_layers + c*n_layers**d", target("n_layers", (LAYERS,)))
    with pytest.raises(
        InvalidArgumentError, match=r"no hyperparameter in it: a, b are constants\. Write 'momentum' where"
    ):
        fit("a*exp(b)", points)
    optimizer = Axis("optimizer", 0.0, 1.0, integer=True, values=(0.0, 1.0), labels=("sgd", "adam"), categorical=True)
    with pytest.raises(InvalidArgumentError, match="'optimizer' has choices without an order"):
        fit("a + b*optimizer", target("optimizer", (optimizer,)))


def test_roles_of_constants() -> None:
    form = parse_form("a + b*exp(-x/t) - c*x**(p + q)/d", ["x"])
    t, p = 3, 5
    assert is_linear(form.tree, frozenset({1, 2, 4}))
    assert not is_linear(form.tree, frozenset({1, 7}))
    assert not is_linear(parse_form("a*(b + x)", ["x"]).tree, frozenset({1, 2}))
    scale, exponent = role_of(form.tree, t, 1), role_of(form.tree, p, 1)
    assert scale is not None
    assert (scale.op, scale.is_scale) == ("/", True)
    assert exponent is not None
    assert (exponent.op, exponent.partner) == ("^", None)
    assert role_of(parse_form("x + exp(a)", ["x"]).tree, 1, 1) is not None
    assert role_of(parse_form("tanh(a)", ["x"]).tree, 1, 1) is None


# --- constants that can be read -------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["a + b*tanh((C - c)/w)", "a/(1 + exp(b*(C - c))) + d"])
def test_the_limit_of_a_form_is_not_written_with_huge_constants(text: str) -> None:
    """Of an exponential approach a step far below the domain is the better the farther it is, by next to nothing."""
    points = target("a + b*exp(-C/w)", (C,), a=58.0, b=17.0, w=5.7)
    found = fit(text, points)
    assert max(abs(value) for value in found.constants.values()) < 1000.0
    assert found.unsettled == ()
    assert weighted_r2(points.y, evaluate(found.tree, columns_of(points.x)), None) > 0.995


def test_a_place_inside_the_domain_is_preferred_to_a_far_one_that_fits_as_well() -> None:
    points = target("a + b*tanh((momentum - c)/w)", (MOMENTUM,), a=0.1, b=0.2, c=0.37, w=0.2, noise=0.02)
    found = fit("a + b*tanh((momentum - c)/w)", points)
    assert found.constants["c"] == pytest.approx(0.37, abs=0.02)
    # The same curve with both signs turned is written with a positive width.
    assert found.constants["w"] == pytest.approx(0.2, rel=0.1) and found.constants["b"] > 0.0
    falling = target("a + b*tanh((momentum - c)/w)", (MOMENTUM,), a=0.1, b=-0.2, c=0.37, w=0.2, noise=0.02)
    found = fit("a + b*tanh((momentum - c)/w)", falling)
    assert found.constants["w"] > 0.0 and found.constants["b"] < 0.0


def test_a_negative_width_stays_where_no_other_fits() -> None:
    points = target("a + b*exp(C/w)", (C,), a=58.0, b=17.0, w=-5.7)
    assert fit("a + b*exp(C/w)", points).constants["w"] == pytest.approx(-5.7, rel=1e-3)
