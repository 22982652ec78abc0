"""What a user writes as a form, and what the parser makes of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepcave_symbolic.exceptions import DeepcaveSymbolicError, FormulaError, UnknownNameError
from deepcave_symbolic.formulas.expression import MAX_DEPTH, Node, constant, evaluate, function, power, variable
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.formulas.own_form.parsing import parse_form
from deepcave_symbolic.formulas.printing import to_text
from deepcave_symbolic.words.names import shown_name
from hostile import NAMES as HOSTILE
from strategies import NAMES, formulas, points, rounding_bound

X, Y = variable(0), variable(1)
A, B, C = (variable(i) for i in (1, 2, 3))


@settings(max_examples=40)
@given(formulas())
def test_what_is_printed_is_read_back(f: Formula) -> None:
    text = to_text(f.tree, f.hyperparameters)
    form = parse_form(text, f.hyperparameters)
    assert form.constants == ()
    assert to_text(form.tree, f.hyperparameters) == text
    columns = list(points(f).values())
    bound = rounding_bound(f.tree, columns)
    before, after = evaluate(f.tree, columns), evaluate(form.tree, columns)
    clear = np.isfinite(bound) & np.isfinite(before)
    off = np.abs(before[clear] - after[clear])
    assert np.all(off <= bound[clear] + 1e-12 * np.abs(before[clear]))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a + b*log10(x/c)**2", A + B * power(function("log10", X / C), 2)),
        ("1.06 - 0.26·log10(x)", 1.06 - 0.26 * function("log10", X)),
        ("4.9·(log10(x) + 1.76)²", 4.9 * power(function("log10", X) + 1.76, 2)),
        ("10^-4 × x⁻²³", power(constant(10.0), -4) * power(X, -23)),
        ("2.5e-05*x − .5", 2.5e-5 * X - 0.5),
        ("-x**2", -power(X, 2)),
        ("x**-a", Node("^", (X, -A))),
        ("x^2^3", Node("^", (X, power(constant(2.0), 3)))),
        ("x - a - b", (X - A) - B),
        ("x/a/b*2", ((X / A) / B) * 2.0),
        ("|x - |a||", function("abs", X - function("abs", A))),
        ("square(x) - ln(x)", power(X, 2) - function("log", X)),
        ("exp( x )+ exp", function("exp", X) + A),
    ],
)
def test_forms_are_read_as_written(text: str, tree: Node) -> None:
    # A hyperparameter may have the name of a function, which then has no bracket behind it.
    form = parse_form(text, ["x"] if " exp" not in text else ["x", "exp"])
    assert form.tree == tree


def test_every_other_name_is_a_constant_in_reading_order() -> None:
    form = parse_form("tau*x + a/(x + tau) + b₂", ["x"])
    assert form.constants == ("tau", "a", "b₂")
    assert form.tree == (variable(1) * X + variable(2) / (X + variable(1))) + variable(3)
    assert form.with_numbers({"a": 3.0, "b₂": 1.0}) == (variable(1) * X + 3.0 / (X + variable(1))) + 1.0


@pytest.mark.parametrize(
    "name", ["batch size", "learning-rate", "optimizer:lr", "lambda", "a.b", "α", "log10", "a b c"]
)
def test_names_of_hyperparameters_need_no_quotes(name: str) -> None:
    form = parse_form(f"offset + {name}**2 - {name}-1", [name])
    assert form.tree == variable(1) + power(X, 2) - X - 1.0


@pytest.mark.parametrize("name", [*NAMES, *HOSTILE.values()])
def test_any_name_can_be_written(name: str) -> None:
    quoted = to_text(X, [name])
    spellings = [quoted, f"`{name}`"] + ([f'"{name}"'] if quoted == name else [])
    for spelling in spellings:
        assert parse_form(f"offset + 2*{spelling}", ["x", name] if name != "x" else ["y", "x"]).tree == (
            variable(2) + 2.0 * Y
        )


def test_the_longest_name_is_taken() -> None:
    names = ["batch", "batch size", "batch size max"]
    assert parse_form("batch size max - batch + batch size", names).tree == (variable(2) - variable(0)) + variable(1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Found the end at character 1 of the form ''; expected a number, a name"),
        ("a +", "Found the end at character 4 of the form 'a +'; expected a number, a name"),
        ("a + b*)", "Found ')' at character 7 of the form 'a + b*)'; expected a number, a name"),
        ("2x", "Found 'x' at character 2 of the form '2x'; expected an operator (+, -, *, / or **) or the end."),
        (
            "a*(x + 1",
            "Found the end at character 9 of the form 'a*(x + 1'; expected an operator (+, -, *, / or **) or ')'.",
        ),
        ("|x", "expected an operator (+, -, *, / or **) or '|'."),
        ("a = 3", "Found '=' at character 3"),
        ("exp*x", "exp is one and needs brackets."),
        ("x + 1e999", "Found '1e999' at character 5 of the form 'x + 1e999'; expected a number below 1e308."),
        ("x[0]", "Found '[' at character 2"),
        ("x if x else 1", "Found 'if' at character 3"),
        ("lambda: x", "Unknown hyperparameter at character 1 of the form: 'lambda:'."),
        ("`x", "Found '`' at character 1"),
        ("x + \u202ex\n", "Found '\\u202e' at character 5 of the form 'x + \\u202ex\\u000a'"),
        ("__import__('os').system('x')", "Unknown function at character 1 of the form: '__import__'."),
        ("a + lg(x)", "Unknown function at character 5 of the form: 'lg'. Did you mean 'log'?"),
        ("a + `y`", "Unknown hyperparameter at character 5 of the form: 'y'. Known: 'x'."),
        ("x" + "+x" * 60 + "]" + "-x" * 60, "form '…+x+x+x+x+x+x+x+x+x+x+x+x+x+x+x]-x"),
    ],
)
def test_what_is_no_form_is_said_with_its_place(text: str, message: str) -> None:
    with pytest.raises((FormulaError, UnknownNameError)) as caught:
        parse_form(text, ["x"])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_misspelt_hyperparameter_is_no_constant() -> None:
    with pytest.raises(
        UnknownNameError, match=r"character 3 of the form: 'learning_rat'\. Did you mean 'learning_rate'"
    ):
        parse_form("a*learning_rat", ["learning_rate"])
    # Where the hyperparameter does occur, its like is meant.
    assert parse_form("a*gamma/gamma0", ["gamma"]).constants == ("a", "gamma0")
    # A constant c beside a hyperparameter C that is not asked for.
    assert parse_form("log10(gamma/c)", ["C", "gamma"]).constants == ("c",)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "x" + ")" * 5000,
        "-" * 10_000 + "x",
        "x" + "^x" * 4000,
        "x" + "+x" * 4000,
        "|" * 5000,
        "exp(" * 200 + "x" + ")" * 200,
        "+".join(["(" + "+".join(["x"] * 50) + ")"] * 50),
        "x" * 1_000_000,
    ],
    ids=lambda text: text[:8],
)
def test_huge_forms_are_refused(text: str) -> None:
    with pytest.raises(FormulaError):
        parse_form(text, ["x"])


def test_deep_forms_are_read() -> None:
    depth = MAX_DEPTH - 1
    assert parse_form("exp(" * depth + "x" + ")" * depth, ["x"]).tree.variables == {0}


def test_only_text_is_a_form() -> None:
    with pytest.raises(FormulaError, match=r"A form is a text such as 'a \+ b\*x'; found int"):
        parse_form(3, ["x"])  # type: ignore[arg-type]


_PIECES = [
    *'+-*/^()|²⁻·.`" \\:x',
    "**",
    "exp(",
    "log10",
    "a",
    "C",
    "1e-5",
    "12",
    "e",
    "batch size",
    "\n",
    "\u202e",
    "'",
    "{",
    "=",
]


@settings(max_examples=60)
@given(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join) | st.text(max_size=12))
def test_any_text_is_a_form_or_a_typed_error(text: str) -> None:
    names = ["x", "batch size"]
    try:
        form = parse_form(text, names)
    except DeepcaveSymbolicError as error:
        assert "\n" not in str(error)
        return
    shown = [*names, *form.constants]
    if all(shown_name(name) == name for name in form.constants):
        text = to_text(form.tree, shown)
        assert to_text(parse_form(text, shown).tree, shown) == text
