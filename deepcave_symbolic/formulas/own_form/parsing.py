"""Reads a form, such as a + b*log10(C/c)**2: an expression whose unknown names are constants to be fitted.

Precedence climbing over the operators of `expression`; no text is evaluated. Names of hyperparameters are free text and
may look like operators or functions, so they are looked for literally, the longest first. What `printing.to_text`
writes is read back, but for cases of a categorical.
"""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deepcave_symbolic.exceptions import FormulaError, UnknownNameError
from deepcave_symbolic.formulas.expression import (
    FUNCTIONS,
    MAX_DEPTH,
    MAX_NODES,
    Node,
    constant,
    function,
    power,
    substitute,
    variable,
)
from deepcave_symbolic.words.names import shown_name, visible

__all__ = ["Form", "parse_form"]

#: A longer text has too many nodes in any case, so the size of its tree is asked for only when it is read.
_MAX_CHARACTERS = 5 * MAX_NODES
#: Characters of the text that a message shows on either side of a place.
_SHOWN_AROUND = 30
#: A constant as long and as like a hyperparameter that does not occur is taken for its misspelt name.
_MISSPELT_LENGTH, _MISSPELT_LIKENESS = 3, 0.8

_SUM, _PRODUCT, _POWER = 1, 2, 3
_BINDING = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "^": _POWER}
#: Spellings of the operators, the longest first.
_OPERATORS = {"**": "^", "^": "^", "+": "+", "-": "-", "−": "-", "*": "*", "·": "*", "×": "*", "/": "/"}
_ALIASES = {"ln": "log"}
_SQUARE = "square"
_FUNCTIONS = (*FUNCTIONS, *_ALIASES, _SQUARE)

_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"
_RAISED = re.compile("⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INSIDE_WORD = re.compile(rf"[^\W{_SUPERSCRIPTS}]|[.:]")
_WORD = re.compile(rf"[^\W\d{_SUPERSCRIPTS}](?:{_INSIDE_WORD.pattern})*")
#: A name that needs no quotes: words with a blank or a hyphen in between. `x - 1` is a difference.
_BARE_NAME = re.compile(rf"{_WORD.pattern}(?:[ -](?:{_INSIDE_WORD.pattern})+)*")
_TOKEN = re.compile(rf"{_NUMBER.pattern}|{_WORD.pattern}|\*\*|.", re.DOTALL)

_AN_OPERAND = "a number, a name, a function or a bracket"
_AN_OPERATOR = "an operator (+, -, *, / or **)"


@dataclass(frozen=True)
class Form:
    """A formula whose constants have names instead of numbers.

    Args:
        tree: The expression; its variables 0 to k - 1 are the hyperparameters, those behind them the constants.
        hyperparameters: The k names of the hyperparameters.
        constants: The names of the constants, in the order in which they are first read.
    """

    tree: Node
    hyperparameters: tuple[str, ...]
    constants: tuple[str, ...]

    def with_numbers(self, numbers: Mapping[str, float]) -> Node:
        """Returns the tree with numbers for the constants that are named; the others stay variables."""
        k = len(self.hyperparameters)
        return substitute(self.tree, {k + self.constants.index(n): constant(v) for n, v in numbers.items()})


def parse_form(text: str, hyperparameters: Sequence[str]) -> Form:
    """Reads a form.

    Args:
        text: Numbers, names, + - * / ** ^, brackets, |x|, x² and functions (sqrt, exp, log or ln, log10, abs, tanh,
            sin, cos, square). A hyperparameter's name may stand in backquotes, or in double quotes as formulas show it,
            and must where it has other characters than letters, digits and . : _ with a blank or a hyphen in between.
            Any other name is a constant's.
        hyperparameters: The names of the hyperparameters.

    Raises:
        FormulaError: If the text is no form or too large; the message says what was found where and what was expected.
        UnknownNameError: If there is no such function or hyperparameter.
    """
    if not isinstance(text, str):
        raise FormulaError(f"A form is a text such as 'a + b*x'; found {type(text).__name__}.")
    if len(text) > _MAX_CHARACTERS:
        raise FormulaError(f"The form has {len(text)} characters; expected at most {_MAX_CHARACTERS}.")
    return _Parser(text, hyperparameters).form()


class _Parser:
    def __init__(self, text: str, hyperparameters: Sequence[str]) -> None:
        self.text, self.position, self.depth = text, 0, 0
        self.hyperparameters = tuple(hyperparameters)
        self.spellings = _spellings(hyperparameters)
        #: Where each constant was first read.
        self.constants: dict[str, int] = {}

    def form(self) -> Form:
        tree = self._expression(_SUM)
        if self.position < len(self.text):
            raise self._unexpected(f"{_AN_OPERATOR} or the end")
        _check_size(tree)
        self._check_spelling(tree)
        return Form(tree, self.hyperparameters, tuple(self.constants))

    def _expression(self, weakest: int) -> Node:
        """Reads operands and the operators between them that bind as tightly or more."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _too_large()
        left = self._operand()
        while (found := self._operator()) is not None and _BINDING[found[1]] >= weakest:
            spelling, op = found
            self.position += len(spelling)
            # x^y^z is x^(y^z), x - y - z is (x - y) - z.
            left = Node(op, (left, self._expression(_BINDING[op] + (op != "^"))))
        self.depth -= 1
        return left

    def _operator(self) -> tuple[str, str] | None:
        self._skip_blanks()
        return next((item for item in _OPERATORS.items() if self.text.startswith(item[0], self.position)), None)

    def _operand(self) -> Node:
        found = self._operator()
        if found is not None and found[1] == "-":
            self.position += len(found[0])
            argument = self._expression(_POWER)
            return constant(-argument.value) if argument.is_constant else -argument
        node = self._atom()
        self._skip_blanks()
        if raised := _RAISED.match(self.text, self.position):
            self.position = raised.end()
            node = power(node, float(unicodedata.normalize("NFKC", raised.group()).replace("−", "-")))
        return node

    def _atom(self) -> Node:
        if self._take("("):
            return self._up_to(")")
        if self._take("|"):
            return function("abs", self._up_to("|"))
        if number := _NUMBER.match(self.text, self.position):
            if not math.isfinite(value := float(number.group())):
                raise self._unexpected("a number below 1e308")
            self.position = number.end()
            return constant(value)
        word = _WORD.match(self.text, self.position)
        name = word.group() if word else ""
        # Before the hyperparameters, one of which may be called exp: its name has no bracket behind it.
        if name in _FUNCTIONS and self._take(name, "("):
            argument = self._up_to(")")
            return power(argument, 2.0) if name == _SQUARE else function(_ALIASES.get(name, name), argument)
        for spelling, index in self.spellings.items():
            if self._take(spelling):
                return variable(index)
        return self._constant(name)

    def _take(self, *tokens: str) -> bool:
        """Steps over the tokens where all of them come next; a word must end where its token does."""
        start = self.position
        for token in tokens:
            self._skip_blanks()
            end = self.position + len(token)
            cut = _INSIDE_WORD.match(token[-1]) and _INSIDE_WORD.match(self.text, end)
            if not self.text.startswith(token, self.position) or cut:
                self.position = start
                return False
            self.position = end
        return True

    def _skip_blanks(self) -> None:
        while self.position < len(self.text) and self.text[self.position].isspace():
            self.position += 1

    def _up_to(self, closing: str) -> Node:
        inner = self._expression(_SUM)
        if not self._take(closing):
            raise self._unexpected(f"{_AN_OPERATOR} or {closing!r}")
        return inner

    def _constant(self, name: str) -> Node:
        """Steps over the name of a constant; anything else is an error here."""
        quoted = re.compile(r'"(.*?)"|`(.*?)`', re.DOTALL).match(self.text, self.position)
        if quoted or "." in name or ":" in name:
            found = (quoted[1] or quoted[2] or "") if quoted else name
            raise self._unknown("hyperparameter", found, self.position, self.hyperparameters)
        if not name:
            raise self._unexpected(_AN_OPERAND)
        if name in _FUNCTIONS:
            raise self._unexpected(f"{_AN_OPERAND}; {name} is one and needs brackets")
        start = self.position
        if self._take(name, "("):
            raise self._unknown("function", name, start, _FUNCTIONS)
        self._take(name)
        self.constants.setdefault(name, start)
        return variable(len(self.hyperparameters) + list(self.constants).index(name))

    def _check_spelling(self, tree: Node) -> None:
        absent = [name.casefold() for i, name in enumerate(self.hyperparameters) if i not in tree.variables]
        for name, start in self.constants.items():
            if len(name) >= _MISSPELT_LENGTH and difflib.get_close_matches(
                name.casefold(), absent, n=1, cutoff=_MISSPELT_LIKENESS
            ):
                raise self._unknown("hyperparameter", name, start, self.hyperparameters)

    def _unknown(self, kind: str, name: str, start: int, valid: Sequence[str]) -> UnknownNameError:
        return UnknownNameError(f"{kind} at character {start + 1} of the form:", name, valid)

    def _unexpected(self, expected: str) -> FormulaError:
        self._skip_blanks()
        start, end = self.position - _SHOWN_AROUND, self.position + _SHOWN_AROUND
        part = self.text[max(0, start) : end]
        shown = f"{'…' if start > 0 else ''}{visible(part)}{'…' if end < len(self.text) else ''}"
        token = _TOKEN.match(self.text, self.position)
        found = f"'{visible(token.group()[:_SHOWN_AROUND])}'" if token else "the end"
        return FormulaError(
            f"Found {found} at character {self.position + 1} of the form '{shown}'; expected {expected}."
        )


def _spellings(hyperparameters: Sequence[str]) -> dict[str, int]:
    """Returns how hyperparameters may be written and which they are, the longest spellings first."""
    found = {shown_name(name): i for i, name in enumerate(hyperparameters)}
    for i, name in enumerate(hyperparameters):
        found.setdefault(f"`{name}`", i)
        if shown_name(name) == name:
            found.setdefault(f'"{name}"', i)
        elif _BARE_NAME.fullmatch(name):
            found.setdefault(name, i)
    return dict(sorted(found.items(), key=lambda item: -len(item[0])))


def _check_size(tree: Node) -> None:
    left, count = [(tree, 0)], 0
    while left:
        node, depth = left.pop()
        count += 1
        if depth > MAX_DEPTH or count > MAX_NODES:
            raise _too_large()
        left += [(arg, depth + 1) for arg in node.args]


def _too_large() -> FormulaError:
    return FormulaError(f"The form is larger than {MAX_NODES} nodes or nested deeper than {MAX_DEPTH}; refused.")
