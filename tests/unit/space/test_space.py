"""Axes and their grids; activity and forbidden clauses against ConfigSpace's own check of one configuration."""

from __future__ import annotations

import numpy as np
import pytest
from ConfigSpace import (
    AndConjunction,
    Categorical,
    Configuration,
    ConfigurationSpace,
    Constant,
    EqualsCondition,
    Float,
    ForbiddenAndConjunction,
    ForbiddenEqualsClause,
    ForbiddenGreaterThanRelation,
    ForbiddenInClause,
    ForbiddenLessThanRelation,
    GreaterThanCondition,
    InCondition,
    Integer,
    LessThanCondition,
    NotEqualsCondition,
    OrConjunction,
    OrdinalHyperparameter,
)
from ConfigSpace.exceptions import ForbiddenValueError

from deepcave_symbolic.exceptions import HyperparameterNotExplainableError, UnknownNameError
from deepcave_symbolic.space.axis import Axis, axis_of
from deepcave_symbolic.space.configurations import activity_in_words, deactivate, forbidden, sample_all

LINEAR = Axis("momentum", -0.5, 0.99)
LOG = Axis("lr", 1e-6, 0.3, log=True)
INTEGER = Axis("units", 3.0, 1000.0, integer=True)
LOG_INTEGER = Axis("batch", 1.0, 4096.0, log=True, integer=True)
SMALL = Axis("layers", 1.0, 4.0, integer=True)
TWO = Axis("flag", 0.0, 1.0, integer=True)
NUMERIC = Axis("width", 16.0, 128.0, values=(16.0, 48.0, 128.0))
LABELLED = Axis("size", 0.0, 2.0, integer=True, values=(0.0, 1.0, 2.0), labels=("s", "m", "l"))
RANGES = [LINEAR, LOG, INTEGER, LOG_INTEGER, SMALL, TWO]
ALL = [*RANGES, NUMERIC, LABELLED]


def by_name(axis: Axis) -> str:
    return axis.name


@pytest.mark.parametrize("axis", ALL, ids=by_name)
@pytest.mark.parametrize("n", [2, 20, 40])
def test_grids_stay_in_the_domain_and_reach_its_bounds(axis: Axis, n: int) -> None:
    for grid in (axis.fit_grid(n), axis.check_grid(n)):
        assert grid[0] == axis.lower
        assert grid[-1] == axis.upper
        assert np.all(np.diff(grid) > 0)
        assert np.all(axis.contains(grid))
        assert len(grid) <= (n if axis.values is None and not axis.integer else 4 * n)
    held_out = axis.held_out_grid(n, axis.fit_grid(n))
    assert len(held_out) > 0
    assert np.all(np.diff(held_out) > 0)
    assert np.all(axis.contains(held_out))


@pytest.mark.parametrize("axis", RANGES, ids=by_name)
def test_fitting_points_are_even_in_the_search_coordinate(axis: Axis) -> None:
    grid = axis.fit_grid(40)
    if axis.integer:
        assert np.array_equal(grid, np.round(grid))
    else:
        assert len(grid) == 40
        steps = np.diff(axis.to_coordinate(grid))
        np.testing.assert_allclose(steps, steps[0], rtol=1e-9)
    if axis.log:
        np.testing.assert_allclose(axis.to_coordinate(grid), np.log10(grid), rtol=1e-15)
        assert np.median(grid) < 0.2 * axis.upper
    else:
        assert np.array_equal(axis.to_coordinate(grid), grid)


@pytest.mark.parametrize("axis", [LINEAR, LOG, INTEGER, LOG_INTEGER], ids=by_name)
@pytest.mark.parametrize(("fitted", "held_out"), [(40, 200), (20, 24)])
def test_held_out_points_were_not_fitted(axis: Axis, fitted: int, held_out: int) -> None:
    fit = axis.fit_grid(fitted)
    held = axis.held_out_grid(held_out, fit)
    again = held[np.isin(held, fit)]
    if not axis.integer:
        assert len(again) == 0
    # Integers that were fitted with a neighbour have no room between them.
    assert all(k - 1 in fit or k + 1 in fit for k in again)
    assert len(held) >= 20
    # They reach into the outermost tenths of the range.
    u = axis.to_coordinate(held)
    low, high = axis.to_coordinate(np.array([axis.lower, axis.upper]))
    assert u.min() < low + 0.2 * (high - low)
    assert u.max() > high - 0.1 * (high - low)


@pytest.mark.parametrize(
    ("axis", "every"),
    [
        (SMALL, [1, 2, 3, 4]),
        (TWO, [0, 1]),
        (NUMERIC, [16, 48, 128]),
        (LABELLED, [0, 1, 2]),
    ],
    ids=lambda value: value.name if isinstance(value, Axis) else None,
)
def test_a_small_domain_is_fitted_and_scored_on_all_its_values(axis: Axis, every: list[float]) -> None:
    fit = axis.fit_grid(40)
    assert fit.tolist() == every
    assert axis.held_out_grid(200, fit).tolist() == every
    assert axis.check_grid(801).tolist() == every


def test_the_smallest_integers_of_a_log_scale_are_scored() -> None:
    fit = LOG_INTEGER.fit_grid(20)
    held_out = LOG_INTEGER.held_out_grid(24, fit)
    assert LOG_INTEGER.lower in held_out
    assert np.mean(np.isin(held_out, fit)) < 0.5


def test_integers_weigh_as_much_as_the_unit_cube_gives_them() -> None:
    from ConfigSpace import Integer

    integer = Integer("depth", (1, 50), log=True)
    axis = Axis("depth", 1, 50, log=True, integer=True)
    every = np.arange(1.0, 51.0)
    cube = np.linspace(0, 1, 200_001)
    counted = np.bincount(np.asarray(integer.to_value(cube)).astype(int), minlength=51)[1:]
    np.testing.assert_allclose(axis.cell_widths(every) / 50, counted / counted.sum(), atol=2e-5)
    coarse = axis.fit_grid(12)
    assert axis.cell_widths(coarse).mean() == pytest.approx(1.0)
    linear = Axis("epochs", 1, 9, integer=True)
    assert set(linear.cell_widths(linear.fit_grid(20))) == {1.0}


@pytest.mark.parametrize("axis", [LINEAR, LOG, NUMERIC, LABELLED], ids=by_name)
def test_even_grids_weigh_evenly(axis: Axis) -> None:
    assert set(axis.cell_widths(axis.fit_grid(20))) == {1.0}


def test_every_integer_is_checked() -> None:
    assert INTEGER.check_grid(801).tolist() == list(range(3, 1001))


@pytest.mark.parametrize(
    ("axis", "inside", "outside"),
    [
        (LINEAR, [-0.5, 0.0, 0.99], [-0.51, 0.991, np.nan, np.inf]),
        (LOG, [1e-6, 0.3], [0.0, -1.0, 9e-7, 0.31]),
        (INTEGER, [3, 500, 1000], [2, 3.5, 1001]),
        (NUMERIC, [16, 48, 128], [17, 0]),
        (LABELLED, [0, 1, 2], [3, 0.5, -1]),
    ],
    ids=lambda value: value.name if isinstance(value, Axis) else None,
)
def test_contains(axis: Axis, inside: list[float], outside: list[float]) -> None:
    assert axis.contains(np.array(inside)).all()
    assert not axis.contains(np.array(outside)).any()


@pytest.mark.parametrize("axis", ALL, ids=by_name)
def test_axis_round_trip(axis: Axis) -> None:
    assert Axis.from_dict(axis.to_dict()) == axis


@pytest.mark.parametrize(
    ("axis", "words"),
    [
        (LOG, "lr in [1e-6, 0.3], log scale"),
        (LOG_INTEGER, "batch in [1, 4096], integer, log scale"),
        (NUMERIC, "width in {16, 48, 128}"),
        (LABELLED, "size: ranks 0 = s, 1 = m, 2 = l"),
    ],
    ids=lambda value: value.name if isinstance(value, Axis) else None,
)
def test_domain_in_words(axis: Axis, words: str) -> None:
    assert axis.describe() == words


def test_axis_of_reads_the_configuration_space() -> None:
    cs = ConfigurationSpace()
    cs.add(
        Float("lr", (1e-6, 0.3), log=True),
        Float("momentum", (-0.5, 0.99)),
        Integer("batch", (1, 4096), log=True),
        OrdinalHyperparameter("width", [16, 48, 128]),
        OrdinalHyperparameter("falling", [128, 16, 48]),
        OrdinalHyperparameter("size", ["s", "m", "l"]),
    )
    assert axis_of(cs, "lr") == LOG
    assert axis_of(cs, "momentum") == LINEAR
    assert axis_of(cs, "batch") == LOG_INTEGER
    assert axis_of(cs, "width") == NUMERIC
    # Numbers are in order of size, whatever their order in the space.
    assert axis_of(cs, "falling").fit_grid(40).tolist() == [16, 48, 128]
    assert axis_of(cs, "size") == LABELLED


def test_axis_of_says_why_not() -> None:
    cs = ConfigurationSpace()
    cs.add(
        Constant("version", 3),
        Categorical("kernel", ["rbf"]),
        OrdinalHyperparameter("only", ["one"]),
        Float("learning_rate", (0, 1)),
    )
    with pytest.raises(UnknownNameError, match=r"'learning_rat'\. Did you mean 'learning_rate'\?"):
        axis_of(cs, "learning_rat")
    for name, reason in (("version", "constant"), ("kernel", "single choice"), ("only", "single value")):
        with pytest.raises(HyperparameterNotExplainableError, match=reason) as caught:
            axis_of(cs, name)
        assert caught.value.hyperparameter == name


# --- configurations -----------------------------------------------------------------------------------------------


def nested() -> ConfigurationSpace:
    """Chains, conjunctions of conjunctions, order comparisons, and "not equal" below an inactive parent."""
    cs = ConfigurationSpace()
    model = Categorical("model", ["svm", "forest", "mlp"])
    kernel = Categorical("kernel", ["rbf", "poly", "linear"])
    gamma = Float("gamma", (1e-4, 10.0), log=True)
    degree = Integer("degree", (1, 5))
    coef = Float("coef0", (-1.0, 1.0))
    depth = Integer("depth", (1, 20), log=True)
    quality = OrdinalHyperparameter("quality", ["low", "mid", "high"])
    leaf = Integer("leaf", (1, 10))
    extra = Float("extra", (0.0, 1.0))
    cs.add(model, kernel, gamma, degree, coef, depth, quality, leaf, extra)
    cs.add(
        EqualsCondition(kernel, model, "svm"),
        NotEqualsCondition(gamma, kernel, "linear"),
        EqualsCondition(degree, kernel, "poly"),
        AndConjunction(InCondition(coef, kernel, ["poly", "rbf"]), GreaterThanCondition(coef, degree, 2)),
        NotEqualsCondition(depth, model, "svm"),
        AndConjunction(
            EqualsCondition(leaf, model, "forest"),
            OrConjunction(GreaterThanCondition(leaf, quality, "low"), LessThanCondition(leaf, depth, 4)),
        ),
        OrConjunction(EqualsCondition(extra, kernel, "rbf"), GreaterThanCondition(extra, leaf, 5)),
    )
    return cs


def clauses() -> ConfigurationSpace:
    cs = ConfigurationSpace()
    kind = Categorical("kind", ["p", "q", "r"])
    low, high, third = Integer("low", (1, 10)), Integer("high", (1, 10)), Integer("third", (1, 100), log=True)
    rate, other = Float("rate", (1e-3, 1.0), log=True), Float("other", (0.0, 1.0))
    size = OrdinalHyperparameter("size", ["s", "m", "l"])
    cs.add(kind, low, high, third, rate, other, size)
    cs.add(InCondition(other, kind, ["q", "r"]))
    cs.add(
        ForbiddenGreaterThanRelation(low, high),
        ForbiddenLessThanRelation(rate, other),
        ForbiddenAndConjunction(ForbiddenEqualsClause(kind, "r"), ForbiddenInClause(size, ["m", "l"])),
        ForbiddenEqualsClause(third, 3),
        ForbiddenAndConjunction(ForbiddenLessThanRelation(third, high), ForbiddenEqualsClause(kind, "q")),
    )
    return cs


@pytest.mark.parametrize("space", [nested, clauses])
def test_masks_are_what_configspace_says_of_each_configuration(space: object) -> None:
    cs: ConfigurationSpace = space()  # type: ignore[operator]
    drawn = sample_all(cs, 300, np.random.RandomState(0))
    assert not np.isnan(drawn).any()
    X = deactivate(cs, drawn)
    excluded = forbidden(cs, X)
    for row, is_excluded in zip(X, excluded, strict=True):
        configuration = Configuration(cs, vector=row)
        if is_excluded:
            with pytest.raises(ForbiddenValueError):
                configuration.check_valid_configuration()
        else:
            # Also raises where activity is wrong in either direction.
            configuration.check_valid_configuration()
        active = np.array([name in configuration for name in cs])
        assert np.array_equal(active, ~np.isnan(row))
        assert np.array_equal(configuration.get_array(), row, equal_nan=True)
    if space is nested:
        assert np.isnan(X).any(axis=0).sum() == 7
        assert not excluded.any()
    else:
        assert 0.2 < excluded.mean() < 0.95


@pytest.mark.parametrize("space", [nested, clauses])
def test_configspaces_own_samples_stay_as_they_are(space: object) -> None:
    cs: ConfigurationSpace = space()  # type: ignore[operator]
    cs.seed(1)
    X = np.array([c.get_array() for c in cs.sample_configuration(200)])
    assert np.array_equal(deactivate(cs, X), X, equal_nan=True)
    assert not forbidden(cs, X).any()


def test_deactivate_leaves_its_input_alone() -> None:
    cs = nested()
    X = sample_all(cs, 20, np.random.RandomState(0))
    before = X.copy()
    deactivate(cs, X)
    assert np.array_equal(X, before)


def test_draws_are_legal_and_repeatable() -> None:
    cs = clauses()
    X = sample_all(cs, 500, np.random.RandomState(7))
    assert X.shape == (500, 7)
    assert np.array_equal(X, sample_all(cs, 500, np.random.RandomState(7)))
    for i, hyperparameter in enumerate(cs.values()):
        assert all(hyperparameter.legal_vector(v) for v in X[:, i])
    assert len(np.unique(X[:, list(cs).index("kind")])) == 3


def test_clauses_about_other_hyperparameters_can_be_left_out() -> None:
    cs = clauses()
    X = np.full((1, 7), np.nan)
    X[0, list(cs).index("low")] = cs["low"].to_vector(9)
    assert not forbidden(cs, X, among=["low"]).any()
    X[0, list(cs).index("high")] = cs["high"].to_vector(2)
    assert forbidden(cs, X, among=["low", "high"]).all()
    X[0, list(cs).index("high")] = cs["high"].to_vector(9)
    assert not forbidden(cs, X, among=["low", "high"]).any()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("model", []),
        ("kernel", ["model is svm"]),
        ("gamma", ["kernel is not linear"]),
        ("degree", ["model is svm", "kernel is poly"]),
        ("coef0", ["model is svm", "kernel is poly", "(kernel is poly or rbf and degree > 2)"]),
        ("depth", ["model is not svm"]),
        ("leaf", ["(model is forest and (quality > low or depth < 4))"]),
        ("extra", ["(kernel is rbf or leaf > 5)"]),
    ],
)
def test_conditions_in_words(name: str, words: list[str]) -> None:
    assert activity_in_words(nested(), name) == words


def test_conditions_on_the_same_hyperparameter_are_one() -> None:
    space = ConfigurationSpace()
    solver = Categorical("solver", ["lbfgs", "sgd", "adam"])
    momentum, rate, memory = Float("momentum", (0.0, 1.0)), Float("rate", (0.0, 1.0)), Integer("memory", (1, 9))
    space.add(solver, momentum, rate, memory)
    space.add(EqualsCondition(momentum, solver, "sgd"), InCondition(rate, solver, ["sgd", "adam"]))
    space.add(EqualsCondition(memory, solver, "lbfgs"))
    assert activity_in_words(space, "rate") == ["solver is sgd or adam"]
    for names in (("momentum", "rate"), ("rate", "momentum")):
        assert activity_in_words(space, *names) == ["solver is sgd"]
    # Of what is never active together, nothing is left out.
    assert activity_in_words(space, "memory", "momentum") == ["solver is lbfgs", "solver is sgd"]
