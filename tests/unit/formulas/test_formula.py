"""What a user does with a formula: read it, compute it, export it, store it."""

from __future__ import annotations

import html
import json
import re
import warnings
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sympy
from ConfigSpace import (
    Categorical,
    ConfigurationSpace,
    EqualsCondition,
    Float,
    ForbiddenAndConjunction,
    ForbiddenEqualsClause,
    ForbiddenGreaterThanRelation,
    Integer,
    OrdinalHyperparameter,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from deepcave_symbolic.exceptions import (
    DomainWarning,
    FormulaError,
    InvalidArgumentError,
    MissingNameError,
    UnknownNameError,
)
from deepcave_symbolic.formulas.expression import Node, constant, constants, evaluate, function, power, variable
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.formulas.points import Points
from deepcave_symbolic.formulas.printing import to_mathml
from deepcave_symbolic.formulas.rounding import round_formula, snap_exponents
from deepcave_symbolic.formulas.tidy import split_sum
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.numeric.weighted import weighted_r2
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.words.names import identifiers
from deepcave_symbolic.words.numbers import number_text, round_significant
from small_formulas import LR, UNITS, X, Y, formula
from strategies import NAMES, formulas, points, rounding_bound
from text_parser import TextFormula


def neg(node: Node) -> Node:
    return -node


def predict(f: Formula, values: Any) -> Array:
    """Predicts where the domain does not matter."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DomainWarning)
        return f.predict(values)


def assert_equal_values(f: Formula, shown: Any, values: dict[str, Array]) -> None:
    """Compares with predict wherever rounding alone does not decide the value; NaN equals NaN."""
    expected = predict(f, values)
    bound = rounding_bound(f.tree, [values[n] for n in f.hyperparameters])
    shown = np.broadcast_to(np.asarray(shown, dtype=np.float64), expected.shape)
    clear = np.isfinite(bound)
    assert np.array_equal(np.isnan(shown[clear]), np.isnan(expected[clear])), (str(f), shown, expected)
    some = clear & ~np.isnan(expected)
    off = np.abs(shown[some] - expected[some]) > bound[some] + 1e-12 * np.abs(expected[some])
    assert not np.any(off), (str(f), shown, expected)


# --- text ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@settings(max_examples=60)
@given(formulas())
def test_what_is_shown_is_what_is_computed(f: Formula) -> None:
    values = points(f)
    shown = TextFormula(str(f))
    assert shown.objective == f.objective
    assert_equal_values(f, shown.compute(values), values)


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (0.12 + 0.081 * power(function("log10", X) + 2.1, 2), "0.12 + 0.081·(log10(learning_rate) + 2.1)²"),
        (-X - -2.5, "-learning_rate + 2.5"),
        (neg(neg(X)), "learning_rate"),
        (1.0 - neg(neg(X)), "1 - learning_rate"),
        (power(-X, 2), "(-learning_rate)²"),
        (-power(X, 2), "-learning_rate²"),
        (2.0 * power(X, -2), "2·learning_rate⁻²"),
        (power(X, -1.002), "learning_rate^(-1.002)"),
        (power(X, 0.5), "learning_rate^0.5"),
        (power(power(X, 2), 3), "(learning_rate²)³"),
        (function("abs", X - function("abs", X)), "abs(learning_rate - |learning_rate|)"),
        (X - (X - 1.0), "learning_rate - (learning_rate - 1)"),
        (X / (X / 2.0), "learning_rate/(learning_rate/2)"),
        (2.5e-7 * X, "2.5e-7·learning_rate"),
    ],
)
def test_text_reads_as_written_by_hand(tree: Node, text: str) -> None:
    assert str(formula(tree)) == f"cost ≈ {text}"


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=0.0))
def test_numbers_read_back_exactly(value: float) -> None:
    text = number_text(value)
    assert float(text) == value
    assert re.fullmatch(r"\d+(\.\d+)?(e-?\d+)?", text)


def test_two_names_never_look_alike() -> None:
    assert len({str(formula(X, replace(LR, name=name))) for name in NAMES}) == len(NAMES)


# --- dictionary ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
@settings(max_examples=40)
@given(formulas())
def test_round_trip_through_json_changes_nothing(f: Formula) -> None:
    back = Formula.from_dict(json.loads(json.dumps(f.to_dict(), allow_nan=False)))
    assert back == f
    values = points(f)
    assert np.array_equal(predict(back, values), predict(f, values), equal_nan=True)
    assert str(back) == str(f)


def test_scores_that_are_not_finite_survive_json() -> None:
    f = formula(X, r2=-np.inf, rmse=np.nan, trials_r2=-np.inf)
    back = Formula.from_dict(json.loads(json.dumps(f.to_dict(), allow_nan=False)))
    assert np.isnan(back.r2)
    assert np.isnan(back.rmse)


def _nested(depth: int, leaf: Any, wrap: Any) -> Any:
    for _ in range(depth):
        leaf = wrap(leaf)
    return leaf


DEEP = _nested(10_000, 1.0, lambda t: [t])

HOSTILE_TREES = {
    "deep": _nested(10_000, ["x", 0], lambda t: ["exp", t]),
    "deep lists": DEEP,
    "wide": _nested(12, ["x", 0], lambda t: ["+", t, t]),
    "long list": ["+"] + [1.0] * 1_000_000,
    "long operator": ["+" * 1_000_000, 1.0, 2.0],
    "string": "__import__('os').system('x')",
    "string argument": ["exp", "x"],
    "empty": [],
    "none": None,
    "dictionary": {"op": "+"},
    "nan": float("nan"),
    "infinity": ["*", float("inf"), ["x", 0]],
    "huge integer": 10**400,
    "bool": True,
    "bool argument": ["exp", True],
    "unknown operator": ["eval", ["x", 0]],
    "attribute": ["__class__", ["x", 0]],
    "internal node": ["var", 0],
    "too few": ["+", 1.0],
    "too many": ["exp", 1.0, 2.0],
    "variable beyond": ["x", 1],
    "variable negative": ["x", -1],
    "variable float": ["x", 0.0],
    "variable bool": ["x", False],
    "variable missing": ["x"],
    "variable deep": ["x", DEEP],
    "operator deep": [DEEP, 1.0],
}


@pytest.mark.parametrize("tree", HOSTILE_TREES.values(), ids=HOSTILE_TREES)
def test_from_dict_refuses_a_hostile_tree(tree: Any) -> None:
    with pytest.raises(FormulaError) as caught:
        Formula.from_dict({**formula(X).to_dict(), "tree": tree})
    assert len(str(caught.value)) < 300


AXIS = LR.to_dict()


@pytest.mark.parametrize(
    "change",
    [
        {"axes": None},
        {"axes": "learning_rate"},
        {"axes": [[]]},
        {"axes": [{**AXIS, "name": 3}]},
        {"axes": [{**AXIS, "name": DEEP}]},
        {"axes": [{**AXIS, "lower": "1e-4"}]},
        {"axes": [{**AXIS, "upper": float("nan")}]},
        {"axes": [{**AXIS, "upper": 10**400}]},
        {"axes": [{**AXIS, "lower": DEEP}]},
        {"axes": [{**AXIS, "values": "123"}]},
        {"axes": [{**AXIS, "values": [DEEP]}]},
        {"axes": [{**AXIS, "labels": [1, 2]}]},
        {"axes": [{**AXIS, "labels": "ab"}]},
        {"axes": [{**AXIS, "log": "no"}]},
        {"r2": "good"},
        {"r2": [1.0]},
        {"rmse": 10**400},
        {"objective": DEEP},
        {"objective": 3},
        {"engine": DEEP},
        {"trials_r2": {}},
    ],
    ids=lambda change: str(next(iter(change))),
)
def test_from_dict_refuses_hostile_fields(change: dict[str, Any]) -> None:
    with pytest.raises(FormulaError):
        Formula.from_dict({**formula(X).to_dict(), **change})


@pytest.mark.parametrize("data", [None, [], "cost", 3, {}])
def test_from_dict_refuses_what_is_no_dictionary(data: Any) -> None:
    with pytest.raises(FormulaError):
        Formula.from_dict(data)


# --- exports ------------------------------------------------------------------------------------------------------


def compiled(f: Formula) -> Any:
    """The function that the exported source defines; the only code run here is what `python()` wrote."""
    namespace: dict[str, Any] = {}
    exec(compile(f.python(), "formula", "exec"), namespace)
    (name,) = set(namespace) - {"np", "__builtins__"}
    return namespace[name]


@pytest.mark.slow
@pytest.mark.smoke
@settings(max_examples=50)
@given(formulas())
def test_python_computes_the_same(f: Formula) -> None:
    values = points(f)
    with np.errstate(all="ignore"):
        assert_equal_values(f, compiled(f)(*(values[n] for n in f.hyperparameters)), values)


def test_python_is_undefined_where_the_formula_is() -> None:
    f = formula(1.0 / (X - 0.5) + function("log", X - 0.25))
    x = np.array([0.1, 0.3, 0.5, 1.0])
    with np.errstate(all="ignore"):
        exported = compiled(f)(x)
    np.testing.assert_allclose(exported, f.predict({"learning_rate": x}), rtol=1e-12)
    assert np.isnan(exported[0])
    assert np.isinf(exported[2])


def test_python_takes_whole_numbers_to_negative_powers() -> None:
    f = formula(3.0 * power(X, -2) + power(2.0 - X, -1), UNITS)
    np.testing.assert_allclose(compiled(f)(np.array([8, 16])), f.predict({"n_units": [8, 16]}), rtol=1e-12)


@pytest.mark.slow
@given(st.lists(st.sampled_from(NAMES) | st.text(max_size=6), max_size=8))
def test_identifiers_are_distinct_and_valid(names: list[str]) -> None:
    result = identifiers(names)
    assert len(set(result)) == len(names)
    for name in result:
        # Keywords and letters that only look like identifiers would not compile.
        compile(f"def {name}({name}): pass", "names", "exec")
        assert name != "np"


def test_python_source_is_ascii_comments_and_one_function() -> None:
    axis = replace(LR, name="x\nimport os\n\u2028")
    source = formula(X, axis, objective="cost\nos.system('x')").python()
    assert [line for line in source.splitlines() if line and not line.lstrip().startswith(("#", "return"))] == [
        "import numpy as np",
        source.splitlines()[3],
    ]
    assert source.splitlines()[3].startswith("def ")


@pytest.mark.slow
@settings(max_examples=30)
@given(formulas(max_leaves=6))
def test_sympy_expression_computes_the_same(f: Formula) -> None:
    values = points(f)
    symbols = [sympy.Symbol(name, real=True) for name in f.hyperparameters]
    assert f.expression.free_symbols <= set(symbols)
    function_ = sympy.lambdify(symbols, f.expression, modules="numpy", dummify=True)
    with np.errstate(all="ignore"):
        assert_equal_values(f, function_(*(values[n] for n in f.hyperparameters)), values)


def test_sympy_expression_keeps_the_digits_shown() -> None:
    f = formula(2.5 * (X - 223.0) + 0.1 * power(X, -1.002), replace(LR, name="x"))
    text = str(f.expression)
    assert "2.5*(x - 223)" in text
    assert "557.5" not in text
    assert {float(abs(n)) for n in f.expression.atoms(sympy.Float)} == {2.5, 0.1, 1.002}


@pytest.mark.slow
@settings(max_examples=30)
@given(formulas())
def test_latex_is_balanced(f: Formula) -> None:
    latex = f.latex()
    assert latex.count("\\left") == latex.count("\\right")
    # Two escapes side by side (\\{) would be a line break and a brace.
    bare = re.sub(r"\\[{}$&#%_ ]", "", latex)
    depth = 0
    for c in bare:
        depth += (c == "{") - (c == "}")
        assert depth >= 0, latex
    assert depth == 0, latex
    assert not set(bare) & set("$#%&~\n\u200f"), latex
    assert latex.startswith("\\mathrm{")


def test_latex_escapes_names_and_groups_powers() -> None:
    f = formula(2.5e-7 * power(X, -2) / (X + 1.0), replace(LR, name="$\\alpha$_1"), objective="50%")
    assert f.latex() == (
        "\\mathrm{50\\%} \\approx \\frac{2.5 \\times 10^{-7} \\cdot \\mathrm{\\$\\backslash{}alpha\\$\\_1}^{-2}}"
        "{\\mathrm{\\$\\backslash{}alpha\\$\\_1} + 1}"
    )
    assert formula(power(X / (X + 1.0), 2)).latex().endswith("\\right)^{2}")
    assert formula(power(X - 1.0, 2)).latex().endswith("\\left(\\mathrm{learning\\_rate} - 1\\right)^{2}")


def _walk(element: ElementTree.Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        yield from _walk(child)


@pytest.mark.slow
@settings(max_examples=30)
@given(formulas())
def test_mathml_is_well_formed(f: Formula) -> None:
    root = ElementTree.fromstring(f.mathml())
    assert root.tag.endswith("}math")
    allowed = {"math", "mrow", "mi", "mn", "mo", "msup", "msub", "mfrac", "msqrt"}
    assert {element.tag.split("}")[1] for element in root.iter()} <= allowed
    for element in root.iter():
        if element.tag.split("}")[1] in ("msup", "msub", "mfrac"):
            assert len(element) == 2


@settings(max_examples=60)
@given(formulas(max_leaves=12))
def test_mathml_that_may_be_broken_says_the_same(f: Formula) -> None:
    pieces = ElementTree.fromstring(f"<p>{f.mathml(breakable=True)}</p>")
    said = ["".join(math.itertext()) for math in (pieces, ElementTree.fromstring(f.mathml()))]
    assert said[0] == said[1]
    assert len(pieces) == 1 or all(piece.find(".//{*}mo") is not None for piece in list(pieces)[1:])


def test_a_sum_that_is_multiplied_keeps_its_brackets_where_a_line_may_end() -> None:
    tree = 0.5 + 0.3 * (variable(0) + 2.0)
    assert "0.3·(x+2)" in "".join(ElementTree.fromstring(f"<p>{to_mathml(tree, ['x'], breakable=True)}</p>").itertext())


def test_a_line_of_mathml_may_end_between_the_terms_of_a_sum_and_of_a_long_one_in_a_function() -> None:
    terms = 2.0 * X + power(X, 2.0) - function("log10", X)
    pieces = ElementTree.fromstring(f"<p>{to_mathml(0.5 + 0.4 * function('tanh', terms), ['x'], breakable=True)}</p>")
    assert ["".join(piece.itertext()) for piece in pieces] == ["0.5", "+0.4·tanh\u2061(2·x", "+x2", "−log10\u2061(x))"]


@pytest.mark.parametrize("name", NAMES)
def test_mathml_and_html_show_every_name(name: str) -> None:
    f = formula(2.0 * X, replace(LR, name=name), objective=name)
    root = ElementTree.fromstring(f.mathml())
    (shown,) = [element.text or "" for element in root.iter() if element.tag.endswith("}mi")]
    assert shown == name.replace("\n", "\\u000a").replace("\u200f", "\\u200f")
    page = f._repr_html_()
    ElementTree.fromstring(page)
    assert "<b>" not in page
    assert not {"\n", "\u200f"} & set(html.unescape(page))


def test_notebooks_get_display_style_latex() -> None:
    assert formula(X)._repr_latex_() == "$\\displaystyle \\mathrm{cost} \\approx \\mathrm{learning\\_rate}$"


# --- complexity ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tree", "nodes", "operators"),
    [
        (constant(0.12), 1, 0),
        (constant(-0.12), 1, 0),
        (X, 1, 0),
        (-X, 1, 0),
        (0.1 + 2.0 * X, 5, 2),
        (0.1 - 2.0 * X, 5, 2),
        (1.0 / X, 3, 1),
        (power(X, -0.7), 3, 1),
        # A square is a function, a cube a power; a hyperparameter over its place has no division.
        (power(X, 2), 2, 1),
        (power(X, 3), 3, 1),
        (X / 0.0044, 2, 1),
        (function("sqrt", X), 2, 1),
        (function("log10", X), 2, 1),
        (function("exp", -2.0 * X), 4, 2),
        (57.0 + 4.2 * power(function("log10", X / 106.0), 2), 8, 5),
        (0.14 + 0.55 / (1.0 + power(X / 0.0038, 1.7)), 10, 5),
        (0.1 + 0.2 * function("tanh", (Y - 223.0) / 0.4), 10, 5),
        (function("abs", X - Y) * function("log", Y), 7, 4),
    ],
)
def test_complexity_counts_what_has_to_be_read(tree: Node, nodes: int, operators: int) -> None:
    f = formula(tree, LR, UNITS)
    assert (f.complexity, f.operators) == (nodes, operators)
    written = f.to_dict()
    assert (written["complexity"], written["operators"]) == (nodes, operators)


# --- rounding -----------------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(
    slope=st.floats(-50, 50).filter(lambda v: abs(v) > 1e-2),
    center=st.floats(-3.9, -0.1),
    offset=st.floats(-10, 10),
    noise=st.sampled_from([0.0, 0.05]),
    shape=st.sampled_from(["parabola", "tanh", "power"]),
)
def test_rounding_keeps_the_accuracy_in_four_digits(
    slope: float, center: float, offset: float, noise: float, shape: str
) -> None:
    x = 10.0 ** np.linspace(-4, 0, 40)
    inner = function("log10", X) - center
    core = {
        "parabola": power(inner, 2),
        "tanh": function("tanh", 1.2345678 * inner),
        "power": power(X, center),
    }[shape]
    tree = constant(offset) + slope * core
    exact = evaluate(tree, [x])
    y = exact + noise * np.std(exact) * np.random.default_rng(0).standard_normal(len(x))
    rounded = round_formula(tree, Points([x], y))
    before, after = weighted_r2(y, exact, None), weighted_r2(y, evaluate(rounded, [x]), None)
    shown_offset, terms = split_sum(rounded)
    digits = [_digits(c) for coefficient, term in terms for c in (coefficient, *constants(term))]
    assert max(digits) <= 4
    loss = before - after
    assert loss <= 2e-5 + 0.02 * (1.0 - before) or (max(digits) == 4 and loss < 1e-3)
    # Only an offset that is large beside the effect may need more.
    steps = (shown_offset or 0.0) / 10.0 ** (np.floor(np.log10(np.ptp(y))) - 3)
    assert _digits(shown_offset or 0.0) <= 4 or abs(steps - round(steps)) < 1e-6


def _digits(value: float) -> int:
    return len(Decimal(repr(value)).normalize().as_tuple().digits)


def test_rounding_uses_no_more_digits_than_needed() -> None:
    x = 10.0 ** np.linspace(-4, 0, 40)
    tree = 0.1234567 + 0.0812345 * power(function("log10", X) + 2.1234567, 2)
    y = evaluate(tree, [x]) + 0.02 * np.sin(50 * np.arange(40))
    rounded = round_formula(tree, Points([x], y))
    assert all(c == round_significant(c, 3) for c in constants(rounded))


def test_rounding_of_a_large_offset_keeps_a_small_effect() -> None:
    x = np.linspace(0.0, 1.0, 40)
    tree = 1000.123456 + 0.01234567 * X
    y = evaluate(tree, [x])
    rounded = round_formula(tree, Points([x], y))
    assert weighted_r2(y, evaluate(rounded, [x]), None) > 0.98


def test_exponents_close_to_nice_ones_snap_where_it_costs_nothing() -> None:
    x = np.linspace(1.0, 2.0, 40)
    y = 1.0 + 3.0 * x**2
    snapped = snap_exponents(1.0 + 3.0 * power(X, 2.02), Points([x], y))
    assert 2.0 in constants(snapped)
    np.testing.assert_allclose(evaluate(snapped, [x]), y, rtol=1e-9)
    wide = np.linspace(0.01, 100.0, 40)
    kept = 1.0 + 3.0 * power(X, 2.15)
    assert snap_exponents(kept, Points([wide], evaluate(kept, [wide]))) == kept


# --- predict ------------------------------------------------------------------------------------------------------

TWO = formula(0.1 * Y + power(function("log10", X) + 2.0, 2), LR, UNITS)


@pytest.fixture
def no_warning() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.usefixtures("no_warning")
def test_predict_takes_whatever_the_user_has() -> None:
    lr, units = np.array([1e-4, 0.01, 1.0]), np.array([8, 100, 256])
    expected = 0.1 * units + (np.log10(lr) + 2.0) ** 2
    for values in (
        {"learning_rate": lr, "n_units": units},
        {"n_units": units.tolist(), "learning_rate": lr.tolist(), "other": ["a", "b", "c"]},
        pd.DataFrame({"other": "a", "n_units": units, "learning_rate": lr}, index=[7, 8, 9]),
        [{"learning_rate": a, "n_units": b} for a, b in zip(lr, units, strict=True)],
    ):
        np.testing.assert_allclose(TWO.predict(values), expected, rtol=1e-14)
    np.testing.assert_allclose(TWO.predict({"learning_rate": 0.01, "n_units": units}), 0.1 * units, atol=1e-14)
    assert TWO.predict({"learning_rate": 0.01, "n_units": 100}).shape == (1,)
    assert TWO.predict([]).shape == (0,)


@pytest.mark.smoke
@pytest.mark.usefixtures("no_warning")
def test_predict_takes_configurations() -> None:
    cs = ConfigurationSpace(seed=1)
    cs.add(Float("learning_rate", (1e-4, 1.0), log=True), Integer("n_units", (8, 256)), Categorical("k", ["a", "b"]))
    configurations = cs.sample_configuration(20)
    expected = [0.1 * c["n_units"] + (np.log10(c["learning_rate"]) + 2.0) ** 2 for c in configurations]
    np.testing.assert_allclose(TWO.predict(configurations), expected, rtol=1e-12)
    np.testing.assert_allclose(TWO.predict(configurations[0]), expected[:1], rtol=1e-12)


def test_a_constant_formula_answers_for_every_row() -> None:
    f = formula(constant(0.5))
    np.testing.assert_array_equal(f.predict({"learning_rate": [0.1, 0.2]}), [0.5, 0.5])


@pytest.mark.parametrize(
    "values",
    [
        {"learning_rat": [0.1], "n_units": [8]},
        [{"learning_rat": 0.1, "n_units": 8}],
        pd.DataFrame({"learning_rat": [0.1], "n_units": [8]}),
    ],
)
def test_a_missing_hyperparameter_is_named_with_a_hint(values: Any) -> None:
    with pytest.raises(MissingNameError, match=r"'learning_rate' is missing\. .*mean it by 'learning_rat'\?") as caught:
        TWO.predict(values)
    assert caught.value.name == "learning_rate"
    assert isinstance(caught.value, KeyError)


@pytest.mark.parametrize(
    "values",
    [
        {"learning_rate": ["a"], "n_units": [8]},
        {"learning_rate": [0.1, 0.2], "n_units": [8, 9, 10]},
        "learning_rate",
        3,
        None,
    ],
)
def test_predict_says_what_it_needs(values: Any) -> None:
    with pytest.raises(InvalidArgumentError):
        TWO.predict(values)


@pytest.mark.parametrize(
    ("lr", "units", "count"),
    [
        ([2.0, 0.1], 8, "1 of 2"),
        ([1e-5, 0.1], 8, "1 of 2"),
        ([0.1, 0.1, 0.1], [8, 8.5, 300], "2 of 3"),
        ([np.nan], 8, "1 of 1"),
        ([-1.0], 8, "1 of 1"),
    ],
)
def test_points_outside_the_domain_are_counted_in_a_warning(lr: Any, units: Any, count: str) -> None:
    with pytest.warns(DomainWarning, match=f"{count} points lie outside .*learning_rate in \\[0.0001, 1\\]") as caught:
        TWO.predict({"learning_rate": lr, "n_units": units})
    assert caught[0].filename == __file__


def test_values_outside_the_domain_are_computed_all_the_same() -> None:
    with pytest.warns(DomainWarning):
        assert formula(2.0 * X).predict({"learning_rate": [3.0]}) == [6.0]


def forbidden_space() -> ConfigurationSpace:
    cs = ConfigurationSpace()
    a, b, c = Integer("a", (1, 10)), Integer("b", (1, 10)), Integer("c", (1, 10))
    kind, size = Categorical("kind", ["p", "q"]), OrdinalHyperparameter("size", ["small", "large"])
    cs.add(a, b, c, kind, size, Float("lr", (1e-4, 1.0), log=True))
    cs.add(EqualsCondition(c, kind, "p"))
    cs.add(
        ForbiddenGreaterThanRelation(b, a),
        ForbiddenGreaterThanRelation(a, c),
        ForbiddenAndConjunction(ForbiddenEqualsClause(a, 7), ForbiddenEqualsClause(size, "large")),
    )
    return cs


def with_axes(*axes: Axis) -> Formula:
    return formula(X + variable(len(axes) - 1), *axes).within(forbidden_space())


A, B = Axis("a", 1.0, 10.0, integer=True), Axis("b", 1.0, 10.0, integer=True)
SIZE = Axis("size", 0.0, 1.0, integer=True, values=(0.0, 1.0), labels=("small", "large"))


def test_a_forbidden_region_is_counted_in_a_warning() -> None:
    with pytest.warns(DomainWarning, match="2 of 4 points lie in a forbidden region"):
        values = with_axes(A, B).predict({"a": [3, 3, 3, 9], "b": [2, 4, 9, 9]})
    np.testing.assert_array_equal(values, [5, 7, 12, 18])
    with pytest.warns(DomainWarning, match="1 of 3 points lie in a forbidden region"):
        with_axes(A, SIZE).predict({"a": [7, 7, 6], "size": ["small", "large", "large"]})


@pytest.mark.usefixtures("no_warning")
def test_a_clause_about_other_hyperparameters_forbids_nothing() -> None:
    # What b is at a given a is open: the formula has averaged over it.
    np.testing.assert_array_equal(with_axes(A).predict({"a": np.arange(1, 11)}), 2 * np.arange(1, 11))
    np.testing.assert_array_equal(with_axes(A, SIZE).predict({"a": [7, 1], "size": ["small", "large"]}), [7, 2])
    lr = Axis("lr", 1e-4, 1.0, log=True)
    np.testing.assert_array_equal(with_axes(lr).predict({"lr": [1e-4, 1.0]}), [2e-4, 2.0])


@pytest.mark.usefixtures("no_warning")
def test_no_clause_no_warning() -> None:
    cs = ConfigurationSpace()
    cs.add(Float("learning_rate", (1e-4, 1.0), log=True))
    f = formula(X).within(cs)
    assert f.forbidden_space is None
    f.predict({"learning_rate": [1e-4, 1.0]})


def test_ordinal_labels_are_their_ranks() -> None:
    f = formula(2.0 * X, SIZE)
    np.testing.assert_array_equal(f.predict({"size": ["large", "small"]}), [2.0, 0.0])
    with pytest.raises(UnknownNameError, match="Did you mean 'large'"):
        f.predict({"size": ["larg"]})
